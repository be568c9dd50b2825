"""The command line. Commands are in one file per noun; nothing heavy is imported until a command runs.

The commands load with `main`, not with this package: a hub that runs needs none of them (`unisono.cli.running`).
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is returned or raised as SystemExit."""
    from unisono.cli.root import main as run

    return run(arguments)
