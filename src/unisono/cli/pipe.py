"""Output whose reader may go: ``unisono thing watch | head`` ends without a word once head has seen enough.

Python raises BrokenPipeError there, which is an OSError like that of a lost hub: whoever catches those would blame the
hub. So a pipe without a reader ends the command past every ``except``, as the signal SIGPIPE ends other programs, which
stays ignored here: it would also end us where a socket of the hub closes.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

from unisono.cli.codes import EXIT_UNREAD

__all__ = ["end_when_unread"]


class _Pipe(io.FileIO):
    def write(self, data: object, /) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            # what is still in buffers goes nowhere, also at the interpreter's own end
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            raise SystemExit(EXIT_UNREAD) from None


def end_when_unread() -> None:
    """From now on this process ends when nobody reads its output or its complaints any more."""
    sys.stdout = _watched(sys.stdout, sys.__stdout__, 1)
    sys.stderr = _watched(sys.stderr, sys.__stderr__, 2)


def _watched(stream: TextIO, own: TextIO | None, number: int) -> TextIO:
    if stream is not own or stream is None:
        return stream  # somebody has taken it over, or there is none
    stream.flush()
    raw = io.BufferedWriter(_Pipe(number, "wb", closefd=False))
    by_line = stream.isatty() or number == 2
    return io.TextIOWrapper(raw, stream.encoding, stream.errors, line_buffering=by_line, write_through=number == 2)
