"""What the reader sees: tables or JSON on stdout, complaints and progress on stderr.

Rich loads when a table is drawn.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from unisono.errors import CallerError, UnisonoError

if TYPE_CHECKING:
    from rich.progress import Progress

# columns of a table that goes into a pipe
WIDE = 240

__all__ = ["Screen", "age", "complain", "note", "private_file", "progress", "show_value"]


def complain(error: UnisonoError) -> None:
    """Say an error on stderr, with the others in the same input: what, where, what would be right, and the mending
    command on a line of its own."""
    for each in (error, *error.others):
        where = f"{each.field}: " if each.field else ""
        print(f"unisono: {where}{each.detail}", file=sys.stderr)
        if each.expected:
            print(f"  expected: {each.expected}", file=sys.stderr)
    if error.total > len(error.others) + 1:
        print(f"  and {error.total - len(error.others) - 1} more errors", file=sys.stderr)
    if error.mend:
        print(f"  {error.mend}", file=sys.stderr)


def note(text: str) -> None:
    """A remark on stderr, so that stdout stays what was asked for."""
    print(text, file=sys.stderr)


def private_file(path: Path, option: str) -> IO[str]:
    """A new file that only this user can read, for secrets. Raises CallerError ``bad_usage``; never overwrites."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="")
    except OSError as error:
        why = f"{path} cannot be written: {error.strerror}"
        raise CallerError(why, code="bad_usage", field=option, expected="a new file") from error


class Screen:
    """Where a command shows its result: as JSON when asked, else as a table."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def json(self, value: Any) -> None:
        """Print ``value`` as JSON, indented for people when stdout is a terminal."""
        data = msgspec.json.encode(value)
        print((msgspec.json.format(data, indent=2) if sys.stdout.isatty() else data).decode())

    def rows(self, items: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str) -> None:
        """Print a list. ``columns``: heading by member; ``empty``: what to say when there is nothing."""
        if self.as_json:
            self.json(list(items))
            return
        if not items:
            note(empty)
            return
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, heading in enumerate(columns.values()):
            table.add_column(heading, overflow="fold", no_wrap=number == 0)
        for item in items:
            table.add_row(*(show_value(item.get(key)) for key in columns))
        # into a file or pipe nothing is folded: whoever reads it there cuts lines as they like
        Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDE).print(table)

    def fields(self, item: Mapping[str, Any]) -> None:
        """Print one object, a line for each member that says something."""
        if self.as_json:
            self.json(item)
            return
        shown = {key: show_value(value) for key, value in item.items() if value not in (None, "", [], {})}
        width = max((len(key) for key in shown), default=0)
        for key, value in shown.items():
            print(f"{key:<{width}}  {value}")

    def done(self, text: str, item: Mapping[str, Any] | None = None) -> None:
        """Say that it is done; with ``--json`` print ``item`` instead."""
        if self.as_json:
            self.json(item or {})
        else:
            print(text)


def show_value(value: Any) -> str:
    """A value as a cell of a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        value = [f"{key}={each}" for key, each in value.items()]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if isinstance(value, (dict, list)):
        return msgspec.json.encode(value).decode()
    return str(value)


def age(seconds: float) -> str:
    """How long ago, in the largest unit that says something."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


@contextmanager
def progress(text: str, total: float | None = None, *, unit: str = "bytes") -> Iterator[Any]:
    """Show progress on stderr while the block runs; yields a function that takes how much was done more.

    Nothing is drawn when stderr is no terminal.
    """
    if not sys.stderr.isatty():
        yield lambda _amount: None
        return
    from rich.console import Console

    drawn = _progress(Console(stderr=True), unit)
    with drawn:
        task = drawn.add_task(text, total=total)
        yield lambda amount: drawn.update(task, advance=amount)


def _progress(console: Any, unit: str) -> Progress:
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    amount = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    return Progress(
        TextColumn("{task.description}"), BarColumn(), amount, TimeElapsedColumn(), console=console, transient=True
    )
