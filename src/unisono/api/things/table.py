"""A table of things as people keep it: CSV from a spreadsheet, or JSON, to rows with the line each came from.

Knows the dialects that spreadsheets write (comma, semicolon or tab, a byte order mark, ``sep=;``) and the columns.
Knows nothing of what is in the registry. Pure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec

from unisono.errors import CallerError

__all__ = ["COLUMNS", "Line", "read_csv", "read_json"]

COLUMNS = ("id", "name", "model", "model_version", "place", "parent", "secret", "sleep_s", "simulated")
# names.en, names.zh: further names by language, several in one cell divided by a bar
NAMES = "names."
BAR = "|"
DELIMITERS = ",;\t"
# a cell; a hostile one must not become one line of megabytes in an error
MAX_CELL = 1000

_EXPECTED = f"{', '.join(COLUMNS)}, names.LANGUAGE"


class Line(msgspec.Struct, frozen=True):
    """One thing as the table has it: ``number`` is its line (from 1) or, in JSON, its index (from 0).

    ``error``: why the line cannot be read; its fields are those that could.
    """

    number: int
    fields: dict[str, Any]
    error: CallerError | None = None


def read_json(data: bytes) -> list[Line]:
    """An array of objects. Raises CallerError bad_json."""
    try:
        found = msgspec.json.decode(data, type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CallerError(str(error), code="bad_json", expected="an array of things") from error
    return [Line(number, fields) for number, fields in enumerate(found)]


def read_csv(data: bytes) -> list[Line]:
    """A table whose first line names the columns; empty lines and cells count as absent.

    A line that is longer than the first is in error alone. Raises CallerError bad_value for bytes that are no text, or
    a column that is not known.
    """
    reader = _reader(_text(data))
    columns: list[str] = []
    lines: list[Line] = []
    number, ended = 0, reader.line_num
    try:
        for cells in reader:
            number, ended = ended + 1, reader.line_num  # a cell may hold several lines: the first of them counts
            trimmed = [cell.strip() for cell in cells]
            if not any(trimmed):
                continue
            if not columns:
                columns = [_column(cell, at) for at, cell in enumerate(trimmed)]
                continue
            lines.append(Line(number, _fields(columns, trimmed), _too_long(columns, trimmed)))
    except csv.Error as error:
        raise CallerError(f"line {reader.line_num}: {error}", code="bad_value", expected="a table in CSV") from error
    if not columns:
        raise CallerError("The table is empty", code="bad_value", expected=f"a first line with {_EXPECTED}")
    return lines


def _text(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CallerError(
            f"byte {error.start} is no UTF-8",
            code="bad_value",
            expected="UTF-8",
            mend='In the spreadsheet, save as "CSV UTF-8"',
        ) from error


class _Reader(Iterator[list[str]]):
    """`csv.reader` that counts a ``sep=;`` line before it."""

    def __init__(self, text: str, delimiter: str, skipped: int) -> None:
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        self._skipped = skipped

    @property
    def line_num(self) -> int:
        return self._reader.line_num + self._skipped

    def __next__(self) -> list[str]:
        return next(self._reader)


def _reader(text: str) -> _Reader:
    first, newline, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first.rstrip("\r")) == 5:
        return _Reader(rest, first[4], 1)
    return _Reader(first + newline + rest, max(DELIMITERS, key=first.count), 0)


def _column(cell: str, at: int) -> str:
    name = cell.lower() if not cell.lower().startswith(NAMES) else NAMES + cell[len(NAMES) :]
    if name in COLUMNS or (name.startswith(NAMES) and len(name) > len(NAMES)) or not name:
        return name
    raise CallerError(
        f"column {at + 1} is called {cell[:80]!r}", code="bad_value", field=cell[:80], expected=f"one of {_EXPECTED}"
    )


def _too_long(columns: list[str], cells: list[str]) -> CallerError | None:
    """A comma too many moves every cell behind it: nothing of such a line is believed, nothing is said of others."""
    if not any(cells[len(columns) :]):
        return None
    return CallerError(
        f"The line has {len(cells)} cells", code="bad_value", expected=f"at most {len(columns)}, as the first line"
    )


def _fields(columns: list[str], cells: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    names: dict[str, list[str]] = {}
    for column, cell in zip(columns, cells):  # noqa: B905  what a line leaves out at its end is absent; empty cells beyond are nothing
        if not column or not cell:
            continue
        if column.startswith(NAMES):
            names[column[len(NAMES) :]] = [each.strip() for each in cell[:MAX_CELL].split(BAR) if each.strip()]
        else:
            fields[column] = cell[:MAX_CELL]
    return {**fields, "names": names} if names else fields
