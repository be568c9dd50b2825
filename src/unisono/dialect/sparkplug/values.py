"""Sparkplug B's data types: what a value of each is here, and how it is written.

Source: "Sparkplug Data Types" of the specification 3.0. Knows values and schemas; knows no metric and no topic.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from unisono.dialect.sparkplug.payload import BOOLEAN, BYTES, DATASET, DOUBLE, FLOAT, INT, LONG, STRING, DataSet, Raw
from unisono.errors import CallerError
from unisono.thing import Schema

__all__ = ["BOOL", "DATA_SET", "TEMPLATE_TYPE", "raw_of", "schema_of", "value_of"]

#: Numbers of the types that are spoken of by name.
FLOAT_TYPE, DOUBLE_TYPE, BOOL, TEXT, DATETIME = 9, 10, 11, 12, 13
DATA_SET, BYTES_TYPE, FILE, TEMPLATE_TYPE = 16, 17, 18, 19
BOOLEAN_ARRAY, STRING_ARRAY, DATETIME_ARRAY = 32, 33, 34

#: Bits, and whether there are negative ones.
WHOLE = {
    1: (8, True),
    2: (16, True),
    3: (32, True),
    4: (64, True),
    5: (8, False),
    6: (16, False),
    7: (32, False),
    8: (64, False),
}
TEXTS = frozenset({12, 14, 15})
#: How `struct` calls the items of an array.
ITEMS = {22: "b", 23: "h", 24: "i", 25: "q", 26: "B", 27: "H", 28: "I", 29: "Q", 30: "f", 31: "d"}

#: Characters of a text; bytes of a file or an array. More is no value to be kept with every change.
MAX_TEXT, MAX_BYTES = 16_384, 65_536
#: A data set as a value: rows of it.
MAX_ROWS = 1_000
#: Floats of 32 bits have some seven digits: what is wanted comes back as near as that.
NEAR = 1e-6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999  # the end of the year 9999


def schema_of(datatype: int) -> Schema | None:
    """What a value of the type may be; None where it is not one value (a template), or of no known type."""
    if datatype in WHOLE:
        bits, signed = WHOLE[datatype]
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        return Schema(kind="int", bits=bits, signed=signed, min=low, max=high)
    if datatype in ITEMS:
        item = Schema(kind="float", nullable=True) if datatype >= 30 else Schema(kind="int")
        return Schema(kind="array", items=item, count_max=MAX_BYTES)
    return _SCHEMAS.get(datatype)


_SCHEMAS: dict[int, Schema] = {
    FLOAT_TYPE: Schema(kind="float", precision=NEAR),
    DOUBLE_TYPE: Schema(kind="float"),
    BOOL: Schema(kind="bool"),
    TEXT: Schema(kind="string", len_max=MAX_TEXT),
    14: Schema(kind="string", len_max=MAX_TEXT),
    15: Schema(kind="string", len_max=64, format="uuid"),
    DATETIME: Schema(kind="datetime"),
    DATA_SET: Schema(kind="array", items=Schema(kind="object", open=True), count_max=MAX_ROWS),
    BYTES_TYPE: Schema(kind="bytes", len_max=MAX_BYTES),
    FILE: Schema(kind="bytes", len_max=MAX_BYTES, format="file"),
    BOOLEAN_ARRAY: Schema(kind="array", items=Schema(kind="bool"), count_max=MAX_BYTES),
    STRING_ARRAY: Schema(kind="array", items=Schema(kind="string"), count_max=MAX_BYTES),
    DATETIME_ARRAY: Schema(kind="array", items=Schema(kind="datetime"), count_max=MAX_BYTES),
}


# --- reading ------------------------------------------------------------------------------------------------------


def value_of(datatype: int, raw: Raw) -> Any:
    """The value; None where a number says that there is none (NaN). Raises CallerError ``bad_value``."""
    kind, value = raw
    kinds, read = _READERS.get(datatype, ((), None))
    if read is None or kind not in kinds:
        raise _bad(f"its value is not one of its data type {datatype}")
    return read(datatype, kind, value)


def _signed(value: int, bits: int, signed: bool) -> int:
    """Negative numbers are written in as many bits as they have, or in 32, or in 64."""
    if not signed:
        if value >> bits:
            raise _bad(f"{value} has more than {bits} bits")
        return value
    half = 1 << bits - 1
    for width in (bits, 32, 64):
        if not value >> width:
            found = value - (1 << width) if value >> width - 1 else value
            if -half <= found < half:
                return found
    raise _bad(f"{value} has more than {bits} bits")


def _real(kind: int, value: float) -> float | None:
    if not math.isfinite(value):
        return None
    return _shortest(value) if kind == FLOAT else float(value)


def _shortest(value: float) -> float:
    """The shortest number that 32 bits make this one of: 21.3, not 21.299999237060547."""
    wanted = struct.pack("<f", value)
    for digits in (6, 7, 8):
        found = float(f"{value:.{digits}g}")
        if struct.pack("<f", found) == wanted:
            return found
    return value


def _moment(milliseconds: int) -> str:
    if milliseconds > _LAST_MS:
        raise _bad(f"{milliseconds} ms is after the year 9999")
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")


def _short_text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise _bad(f"a text of {len(text)} characters; at most {MAX_TEXT} are kept")
    return text


def _bounded(value: bytes) -> bytes:
    if len(value) > MAX_BYTES:
        raise _bad(f"{len(value)} bytes; at most {MAX_BYTES} are kept")
    return value


def _rows(table: DataSet) -> list[dict[str, Any]]:
    if len(table.rows) > MAX_ROWS:
        raise _bad(f"a data set of {len(table.rows)} rows; at most {MAX_ROWS} are kept")
    if len(table.columns) != len(table.types):
        raise _bad("a data set has not one type for each of its columns")
    found = []
    for row in table.rows:
        if len(row) != len(table.columns):
            raise _bad("a row of a data set has not one cell for each of its columns")
        cells = zip(table.columns, table.types, row, strict=True)
        found.append({name: None if cell is None else value_of(type, cell) for name, type, cell in cells})
    return found


def _array(datatype: int, value: bytes) -> list[Any]:
    if datatype in ITEMS:
        size = struct.calcsize(ITEMS[datatype])
        found = list(struct.unpack(f"<{len(value) // size}{ITEMS[datatype]}", value[: len(value) // size * size]))
        return [_real(FLOAT if datatype == 30 else DOUBLE, each) for each in found] if datatype >= 30 else found
    if datatype == BOOLEAN_ARRAY:
        count = struct.unpack("<I", value[:4])[0] if len(value) >= 4 else 0
        if count > 8 * len(value[4:]):
            raise _bad("a boolean array has fewer bits than it says")
        return [bool(value[4 + number // 8] >> 7 - number % 8 & 1) for number in range(count)]
    if datatype == STRING_ARRAY:
        return [each.decode("utf-8", "replace") for each in value.removesuffix(b"\0").split(b"\0")] if value else []
    return [_moment(each) for each in struct.unpack(f"<{len(value) // 8}Q", value[: len(value) // 8 * 8])]


_NUMBERS = (INT, LONG, FLOAT, DOUBLE)
_READERS: dict[int, tuple[tuple[int, ...], Callable[[int, int, Any], Any]]] = {
    **dict.fromkeys(WHOLE, ((INT, LONG), lambda type, _kind, value: _signed(value, *WHOLE[type]))),
    **dict.fromkeys((FLOAT_TYPE, DOUBLE_TYPE), (_NUMBERS, lambda _type, kind, value: _real(kind, value))),
    BOOL: ((BOOLEAN, INT, LONG), lambda _type, _kind, value: bool(value)),
    **dict.fromkeys(TEXTS, ((STRING,), lambda _type, _kind, value: _short_text(value))),
    DATETIME: ((INT, LONG), lambda _type, _kind, value: _moment(value)),
    DATA_SET: ((DATASET,), lambda _type, _kind, value: _rows(value)),
    **dict.fromkeys(
        (BYTES_TYPE, FILE), ((BYTES,), lambda _type, _kind, value: base64.b64encode(_bounded(value)).decode())
    ),
    **dict.fromkeys(
        (*ITEMS, BOOLEAN_ARRAY, STRING_ARRAY, DATETIME_ARRAY),
        ((BYTES,), lambda type, _kind, value: _array(type, _bounded(value))),
    ),
}


# --- writing ------------------------------------------------------------------------------------------------------


def raw_of(datatype: int, value: Any) -> Raw:
    """How a value of the type is written. Raises CallerError ``bad_value`` where it cannot be."""
    write = _WRITERS.get(datatype)
    if write is None:
        raise _bad(f"values of the data type {datatype} cannot be written")
    try:
        return write(datatype, value)
    except (TypeError, ValueError, OverflowError, struct.error, AttributeError, binascii.Error):
        raise _bad(f"{str(value)[:60]!r} cannot be written as the data type {datatype}") from None


def _whole(datatype: int, value: Any) -> Raw:
    bits, _signed = WHOLE[datatype]
    number = int(value)
    if number != value:
        raise ValueError
    return Raw(LONG if bits == 64 else INT, number & (1 << max(bits, 32)) - 1)


def _written_float(datatype: int, value: Any) -> Raw:
    struct.pack("<f", value)  # what has no room in 32 bits is told here
    return Raw(FLOAT, float(value))


def _written_moment(datatype: int, value: Any) -> Raw:
    return Raw(LONG, _milliseconds(value))


def _milliseconds(value: Any) -> int:
    return (datetime.fromisoformat(value) - _EPOCH) // timedelta(milliseconds=1)


def _items(datatype: int, value: Any) -> Raw:
    return Raw(BYTES, struct.pack(f"<{len(value)}{ITEMS[datatype]}", *value))


def _bits(datatype: int, value: Any) -> Raw:
    found = bytearray((len(value) + 7) // 8)
    for number, each in enumerate(value):
        found[number // 8] |= bool(each) << 7 - number % 8
    return Raw(BYTES, struct.pack("<I", len(value)) + found)


def _written_table(datatype: int, value: Any) -> Raw:
    """Columns and their types are what the first row shows."""
    columns = tuple(value[0]) if value else ()
    types = tuple(_type_of(value[0][each]) for each in columns)
    rows = tuple(
        tuple(None if row[name] is None else raw_of(type, row[name]) for name, type in zip(columns, types, strict=True))
        for row in value
    )
    return Raw(DATASET, DataSet(columns, types, rows))


def _type_of(value: Any) -> int:
    if isinstance(value, bool):
        return BOOL
    return 4 if isinstance(value, int) else DOUBLE_TYPE if isinstance(value, float) else TEXT


_WRITERS: dict[int, Callable[[int, Any], Raw]] = {
    **dict.fromkeys(WHOLE, _whole),
    **dict.fromkeys(TEXTS, lambda _type, value: Raw(STRING, str(value))),
    **dict.fromkeys(ITEMS, _items),
    **dict.fromkeys((BYTES_TYPE, FILE), lambda _type, value: Raw(BYTES, base64.b64decode(value, validate=True))),
    FLOAT_TYPE: _written_float,
    DOUBLE_TYPE: lambda _type, value: Raw(DOUBLE, float(value)),
    BOOL: lambda _type, value: Raw(BOOLEAN, bool(value)),
    DATETIME: _written_moment,
    DATA_SET: _written_table,
    BOOLEAN_ARRAY: _bits,
    STRING_ARRAY: lambda _type, value: Raw(BYTES, b"".join(each.encode() + b"\0" for each in value)),
    DATETIME_ARRAY: lambda _type, value: Raw(
        BYTES, struct.pack(f"<{len(value)}Q", *(_milliseconds(each) for each in value))
    ),
}


def _bad(detail: str) -> CallerError:
    return CallerError(detail, code="bad_value", field="value")
