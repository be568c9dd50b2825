"""The hub, in place of the process that read its flags.

``python -m unisono.cli.running OPTIONS``: those of ``unisono up`` as JSON. Knows how to begin and how to say an error;
knows no flags, so that what reads them (Typer, Rich, Pydantic, all other commands) is not loaded: some 15 MB of a hub.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from unisono.app import UpOptions, run_up
from unisono.cli.codes import EXIT_INTERRUPTED, exit_code
from unisono.cli.screen import complain
from unisono.errors import UnisonoError

__all__ = ["run"]


def run(words: str) -> int:
    """Run a hub until it is told to stop; returns the exit code."""
    try:
        run_up(msgspec.json.decode(words, type=UpOptions, dec_hook=_path))
    except UnisonoError as error:
        complain(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def _path(kind: type, value: Any) -> Any:
    return Path(value) if kind is Path else value


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1]))
