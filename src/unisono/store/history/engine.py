"""One DuckDB instance, tuned to be small, and its errors in the house's words.

Knows DuckDB's settings and traps; must not know what the tables mean.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from unisono.errors import HostError

__all__ = ["CHECKPOINT_BYTES", "Cursor", "Engine", "quoted", "roll_back"]

T = TypeVar("T")
Cursor: TypeAlias = Any  # duckdb.DuckDBPyConnection: the library ships no usable types

CHECKPOINT_BYTES = 16 << 20
"""Write-ahead bytes that trigger a checkpoint: small, so that memory and the room a checkpoint needs stay small."""
SPARE_MB = 64
"""What a reader or the writer gets beyond the limit when sealing has all of it: a sort takes what there is (120 of 128
MB, seen)."""
WAIT_S = 10.0
"""How long a reader or the writer without memory waits for what the sealer is at: a slice takes a second or two, and
who asked is still there."""
SPILL_BYTES = 4 << 30
"""Most that sorting may put into the temporary folder: a slice is far below, one endless series may need it."""


def quoted(path: Path | str) -> str:
    """The path as an SQL literal (COPY and ATTACH take no parameters)."""
    return "'" + str(path).replace("'", "''") + "'"


def roll_back(con: Cursor) -> None:
    """Leave no transaction open; the engine may have ended it already, and then says so."""
    import duckdb

    try:
        con.rollback()
    except duckdb.Error:
        return


class Engine:
    """The open instance. ``main`` is the writer's connection; every other user asks for a `cursor` of their own.

    DuckDB runs a query in the thread that calls it when it is told to use one thread, so a reader, the sealer and the
    writer use one core each and no more.
    """

    def __init__(self, file: Path, spill: Path, memory_mb: int) -> None:
        import duckdb

        self._duckdb = duckdb
        self._file = file
        self.memory_mb = memory_mb
        self._lock = threading.Lock()
        self._pressed = 0
        self._turn = threading.Condition()
        self._heavy = False
        self._hungry = 0
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 1,
            "memory_limit": f"{memory_mb}MiB",
            "checkpoint_threshold": f"{CHECKPOINT_BYTES}B",
            "temp_directory": str(spill),
            "max_temp_directory_size": f"{SPILL_BYTES}B",
            "autoinstall_known_extensions": "false",  # history never reaches for the network
            "autoload_known_extensions": "false",
        }
        with self.faults(file, opening=True):
            self.main: Cursor = duckdb.connect(str(file), config=config)

    def cursor(self) -> Cursor:
        """A connection of its own to the same instance; close it after use."""
        return self.main.cursor()

    def read(self, cursor: Cursor, query: str, parameters: Sequence[object] = ()) -> list[Any]:
        """All rows of a reader's query."""

        def rows() -> list[Any]:
            found: list[Any] = cursor.execute(query, list(parameters)).fetchall()
            return found

        return self.insist(rows)

    def insist(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, which may be begun three times. Where the limit leaves no memory it gets some of its
        own; where that is not enough, it waits until the sealer has ended what it is at."""
        try:
            return work()
        except self._duckdb.Error as error:
            if not _starved(error):
                raise
        try:
            with self._spare():
                return work()
        except self._duckdb.Error as error:
            if not _starved(error):
                raise
        with self._first(), self._spare():
            return work()

    @contextmanager
    def heavy(self) -> Iterator[None]:
        """Around a statement that takes all the memory there is: begun when no reader waits for some."""
        with self._turn:
            self._turn.wait_for(lambda: not self._hungry)
            self._heavy = True
        try:
            yield
        finally:
            with self._turn:
                self._heavy = False
                self._turn.notify_all()

    @contextmanager
    def _first(self) -> Iterator[None]:
        """Before the sealer's next statement."""
        with self._turn:
            self._hungry += 1
            self._turn.wait_for(lambda: not self._heavy, WAIT_S)
        try:
            yield
        finally:
            with self._turn:
                self._hungry -= 1
                self._turn.notify_all()

    @contextmanager
    def _spare(self) -> Iterator[None]:
        with self._lock:
            self._pressed += 1
            self._limit(self.memory_mb + SPARE_MB)
        try:
            yield
        finally:
            with self._lock:
                self._pressed -= 1
                if not self._pressed:
                    # refused while more than that is in use: it stays higher until the next time, or until `trim`
                    with suppress(self._duckdb.OutOfMemoryException):
                        self._limit(self.memory_mb)

    def _limit(self, memory_mb: int) -> None:
        with self.cursor() as cursor:  # the main connection may be at work in another thread
            cursor.execute(f"SET memory_limit = '{memory_mb}MiB'")

    def trim(self) -> None:
        """Give cached blocks back to the system: at rest memory counts more than a millisecond of a cold read."""
        self.main.execute("SET memory_limit = '8MiB'")
        self.main.execute(f"SET memory_limit = '{self.memory_mb}MiB'")

    def close(self) -> None:
        """Close the instance; attached files are checkpointed by the engine as they close."""
        self.main.close()

    @contextmanager
    def faults(self, file: Path | None = None, *, opening: bool = False) -> Iterator[None]:
        """Translate the engine's errors to `HostError`; ``file`` is what was being worked on, perhaps just opened."""
        try:
            yield
        except self._duckdb.Error as error:
            raise _translated(error, file or self._file, opening) from error


_STARVED = ("out of memory", "failed to pin block")
"""What the engine says, in lower case, where it found no memory: the second at a commit, with no error of its kind."""
_NEEDLES: tuple[tuple[str, str, str], ...] = (
    ("could not set lock", "already_running", "Stop the other hub or tool that has it open"),
    ("conflicting lock", "already_running", "Stop the other hub or tool that has it open"),
    ("no space left", "disk_full", "Free disk space"),
    ("disk quota", "disk_full", "Free disk space"),
    ("read-only file system", "read_only", "Make the data directory writable for the user that runs the hub"),
    ("permission denied", "read_only", "Make the data directory writable for the user that runs the hub"),
    *((needle, "history_unavailable", "Give history more memory") for needle in _STARVED),
)
"""What the engine says, in lower case, against the code and the mend: it has no error numbers of its own."""


def _starved(error: Exception) -> bool:
    lowered = str(error).lower()
    return any(needle in lowered for needle in _STARVED)


def _translated(error: Exception, file: Path, opening: bool) -> HostError:
    text = str(error)
    lowered = text.lower()
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    for needle, code, mend in _NEEDLES:
        if needle in lowered:
            return HostError(f"{file}: {first}", code=code, mend=mend)
    mend = "Start the hub again; if it comes back, look at the disk's health"
    if opening:
        mend = f"Move it aside (mv {file} {file}.damaged) and start again: what the log still holds is recorded anew"
    return HostError(f"{file}: {first}", code="history_unavailable", mend=mend)
