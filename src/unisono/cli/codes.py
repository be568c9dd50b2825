"""Exit codes: what a shell is told of how a command ended."""

from __future__ import annotations

from unisono.errors import UnisonoError

__all__ = ["EXIT_FAILED", "EXIT_INTERRUPTED", "EXIT_UNREACHABLE", "EXIT_UNREAD", "EXIT_USAGE", "exit_code"]

EXIT_FAILED, EXIT_USAGE, EXIT_UNREACHABLE = 1, 2, 3

# what a shell reports for a program ended by Ctrl-C: 128 + SIGINT
EXIT_INTERRUPTED = 130

# and of one whose reader went first (`| head`): 128 + SIGPIPE
EXIT_UNREAD = 141


def exit_code(error: UnisonoError) -> int:
    """The exit code that an error has."""
    return {"hub_unreachable": EXIT_UNREACHABLE, "bad_usage": EXIT_USAGE}.get(error.code, EXIT_FAILED)
