"""Sparkplug B's messages: metrics with their values as the wire has them, templates, data sets and properties.

Source: the field numbers in "Payloads" of the Sparkplug specification 3.0. Values keep the field that they came in
(`Raw`); what they mean is for `unisono.dialect.sparkplug.values`. Everything is bounded: one payload cannot be made to
cost more than its bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from unisono.dialect.sparkplug.protobuf import (
    FIXED32,
    FIXED64,
    LENGTH,
    VARINT,
    Wire,
    read_fields,
    read_varint,
    write_field,
)
from unisono.errors import CallerError

__all__ = [
    "BOOLEAN",
    "BYTES",
    "DATASET",
    "DOUBLE",
    "FLOAT",
    "INT",
    "LONG",
    "STRING",
    "TEMPLATE",
    "DataSet",
    "Metric",
    "Parameter",
    "Payload",
    "Raw",
    "Template",
    "decode_payload",
    "encode_payload",
]

#: Fields that a value may be in, counted from the first one of its message.
INT, LONG, FLOAT, DOUBLE, BOOLEAN, STRING, BYTES, DATASET, TEMPLATE = range(9)
#: The number of the first of them: in a metric, a cell of a data set, a property, a parameter.
IN_METRIC, IN_CELL, IN_PROPERTY, IN_PARAMETER = 10, 1, 3, 3
#: Where a property has properties of its own.
PROPERTY_SET = 9

#: Templates in templates; the specification's examples are two deep.
MAX_DEPTH = 6
#: Metrics of one payload, all templates included; cells of all its data sets.
MAX_METRICS, MAX_CELLS = 5_000, 50_000
#: How a payload says that it holds another one, packed (the reference implementations' way, DEFLATE or GZIP), how large
#: that may be, and what tells zlib to take either.
PACKED, MAX_UNPACKED, EITHER = b"SPBV1.0_COMPRESSED", 1 << 20, 32 + zlib.MAX_WBITS


class Raw(NamedTuple):
    """A value and the field that it was in."""

    kind: int
    value: Any


class DataSet(NamedTuple):
    """A table: names and types of its columns, and rows of cells, None where one is empty."""

    columns: tuple[str, ...]
    types: tuple[int, ...]
    rows: tuple[tuple[Raw | None, ...], ...]


class Parameter(NamedTuple):
    """What a template was made with."""

    name: str
    type: int
    value: Raw | None


class Template(NamedTuple):
    """A definition, or an instance of the one called ``ref``."""

    metrics: tuple[Metric, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    ref: str = ""
    version: str = ""
    is_definition: bool = False


class Metric(msgspec.Struct, frozen=True):
    """One value. ``timestamp``: milliseconds; ``properties``: what is said of it beside (a unit)."""

    name: str = ""
    alias: int | None = None
    timestamp: int | None = None
    datatype: int = 0
    is_historical: bool = False
    is_transient: bool = False
    is_null: bool = False
    properties: dict[str, Raw] = {}
    value: Raw | None = None


class Payload(NamedTuple):
    """A message's body. ``seq`` is None in commands and in the death of a node."""

    metrics: tuple[Metric, ...] = ()
    timestamp: int | None = None
    seq: int | None = None


class _Room:
    """What one payload may still hold."""

    def __init__(self) -> None:
        self.metrics, self.cells = MAX_METRICS, MAX_CELLS

    def take_metric(self) -> None:
        self.metrics -= 1
        if self.metrics < 0:
            raise CallerError(f"more than {MAX_METRICS} metrics in one payload", code="too_large", field="payload")

    def take_cell(self) -> None:
        self.cells -= 1
        if self.cells < 0:
            raise CallerError(f"more than {MAX_CELLS} cells in one payload", code="too_large", field="payload")


# --- reading ------------------------------------------------------------------------------------------------------


def decode_payload(data: bytes) -> Payload:
    """A payload, unpacked where it is packed. Raises CallerError ``bad_value`` or ``too_large``."""
    payload, uuid, body = _payload(data)
    if uuid != PACKED:
        return payload
    inner, _uuid, _body = _payload(_unpacked(body))
    return inner if inner.seq is not None else inner._replace(seq=payload.seq)


def _unpacked(body: bytes) -> bytes:
    unpacking = zlib.decompressobj(EITHER)
    try:
        found = unpacking.decompress(body, MAX_UNPACKED)
    except zlib.error:
        message = "what it holds is packed neither by DEFLATE nor by GZIP"
        raise CallerError(message, code="bad_value", field="payload") from None
    if unpacking.unconsumed_tail:
        message = f"it holds more than {MAX_UNPACKED} bytes, packed"
        raise CallerError(message, code="too_large", field="payload")
    if not unpacking.eof:
        raise CallerError("what it holds is cut off", code="bad_value", field="payload")
    return found


def _payload(data: bytes) -> tuple[Payload, bytes, bytes]:
    """A payload, its uuid and its body."""
    metrics: list[Metric] = []
    timestamp: int | None = None
    seq: int | None = None
    uuid = body = b""
    room = _Room()
    for number, kind, wire in read_fields(data):
        if number == 2:
            metrics.append(_metric(_bytes(kind, wire), room, 1))
        elif number == 1:
            timestamp = _whole(kind, wire)
        elif number == 3:
            seq = _whole(kind, wire)
        elif number == 4:
            uuid = _bytes(kind, wire)
        elif number == 5:
            body = _bytes(kind, wire)
    return Payload(tuple(metrics), timestamp, seq), uuid, body


def _metric(data: bytes, room: _Room, depth: int) -> Metric:
    room.take_metric()
    name = ""
    alias: int | None = None
    timestamp: int | None = None
    datatype = flags = 0
    properties: dict[str, Raw] = {}
    value: Raw | None = None
    for number, kind, wire in read_fields(data):
        if IN_METRIC <= number <= IN_METRIC + STRING:
            value = _raw(number - IN_METRIC, kind, wire)
        elif number == 2:
            alias = _whole(kind, wire)
        elif number == 3:
            timestamp = _whole(kind, wire)
        elif number == 4:
            datatype = _whole(kind, wire)
        elif number == 1:
            name = _text(kind, wire)
        elif 5 <= number <= 7:
            flags |= (1 << number) if _whole(kind, wire) else 0
        elif number == 9:
            properties = _properties(_bytes(kind, wire), room)
        elif number == IN_METRIC + BYTES:
            value = Raw(BYTES, _bytes(kind, wire))
        elif number == IN_METRIC + DATASET:
            value = Raw(DATASET, _data_set(_bytes(kind, wire), room))
        elif number == IN_METRIC + TEMPLATE:
            value = Raw(TEMPLATE, _template(_bytes(kind, wire), room, depth))
    return Metric(
        name, alias, timestamp, datatype, bool(flags & 32), bool(flags & 64), bool(flags & 128), properties, value
    )


def _template(data: bytes, room: _Room, depth: int) -> Template:
    if depth >= MAX_DEPTH:
        raise CallerError(f"templates nested deeper than {MAX_DEPTH} levels", code="too_large", field="payload")
    metrics: list[Metric] = []
    parameters: list[Parameter] = []
    ref = version = ""
    definition = False
    for number, kind, wire in read_fields(data):
        if number == 1:
            version = _text(kind, wire)
        elif number == 2:
            metrics.append(_metric(_bytes(kind, wire), room, depth + 1))
        elif number == 3:
            room.take_metric()
            parameters.append(_parameter(_bytes(kind, wire)))
        elif number == 4:
            ref = _text(kind, wire)
        elif number == 5:
            definition = bool(_whole(kind, wire))
    return Template(tuple(metrics), tuple(parameters), ref, version, definition)


def _parameter(data: bytes) -> Parameter:
    name, type = "", 0
    value: Raw | None = None
    for number, kind, wire in read_fields(data):
        if number == 1:
            name = _text(kind, wire)
        elif number == 2:
            type = _whole(kind, wire)
        elif IN_PARAMETER <= number <= IN_PARAMETER + STRING:
            value = _raw(number - IN_PARAMETER, kind, wire)
    return Parameter(name, type, value)


def _data_set(data: bytes, room: _Room) -> DataSet:
    columns: list[str] = []
    types: list[int] = []
    rows: list[tuple[Raw | None, ...]] = []
    for number, kind, wire in read_fields(data):
        if number == 2:
            room.take_cell()
            columns.append(_text(kind, wire))
        elif number == 3:
            types += _packed(wire) if isinstance(wire, bytes) else [wire]
        elif number == 4:
            room.take_cell()
            rows.append(tuple(_row(_bytes(kind, wire), room)))
    return DataSet(tuple(columns), tuple(types), tuple(rows))


def _row(data: bytes, room: _Room) -> Iterable[Raw | None]:
    for number, kind, wire in read_fields(data):
        if number == 1:
            room.take_cell()
            cell: Raw | None = None
            for inner, inner_kind, inner_wire in read_fields(_bytes(kind, wire)):
                if IN_CELL <= inner <= IN_CELL + STRING:
                    cell = _raw(inner - IN_CELL, inner_kind, inner_wire)
            yield cell


def _properties(data: bytes, room: _Room) -> dict[str, Raw]:
    """Plain properties by name; sets of properties in properties are passed over."""
    keys: list[str] = []
    values: list[Raw | None] = []
    for number, kind, wire in read_fields(data):
        if number == 1:
            room.take_cell()
            keys.append(_text(kind, wire))
        elif number == 2:
            room.take_cell()
            values.append(_property(_bytes(kind, wire)))
    return {key: value for key, value in zip(keys, values, strict=False) if value is not None}


def _property(data: bytes) -> Raw | None:
    value: Raw | None = None
    for number, kind, wire in read_fields(data):
        if IN_PROPERTY <= number <= IN_PROPERTY + STRING:
            value = _raw(number - IN_PROPERTY, kind, wire)
    return value


def _raw(field: int, kind: int, wire: Wire) -> Raw:
    return Raw(field, _READ[field](kind, wire))


def _whole(kind: int, wire: Wire) -> int:
    if isinstance(wire, int):
        return wire
    raise _wrong(VARINT, kind)


def _bytes(kind: int, wire: Wire) -> bytes:
    if kind == LENGTH:
        assert isinstance(wire, bytes)
        return wire
    raise _wrong(LENGTH, kind)


def _text(kind: int, wire: Wire) -> str:
    try:
        return _bytes(kind, wire).decode()
    except UnicodeDecodeError as error:
        raise CallerError(f"a text is not UTF-8: {error.reason}", code="bad_value", field="payload") from None


def _float(kind: int, wire: Wire) -> float:
    if kind != FIXED32:
        raise _wrong(FIXED32, kind)
    return float(struct.unpack("<f", wire)[0])  # type: ignore[arg-type]


def _double(kind: int, wire: Wire) -> float:
    if kind != FIXED64:
        raise _wrong(FIXED64, kind)
    return float(struct.unpack("<d", wire)[0])  # type: ignore[arg-type]


def _boolean(kind: int, wire: Wire) -> bool:
    return bool(_whole(kind, wire))


_READ: tuple[Callable[[int, Wire], Any], ...] = (_whole, _whole, _float, _double, _boolean, _text)


def _packed(wire: bytes) -> list[int]:
    found, at = [], 0
    while at < len(wire):
        value, at = read_varint(wire, at)
        found.append(value)
    return found


def _wrong(wanted: int, kind: int) -> CallerError:
    return CallerError(f"a field is of wire type {kind} in place of {wanted}", code="bad_value", field="payload")


# --- writing ------------------------------------------------------------------------------------------------------


def encode_payload(payload: Payload) -> bytes:
    """The bytes of a payload."""
    found = _number(1, payload.timestamp)
    found += b"".join(write_field(2, LENGTH, _written_metric(each)) for each in payload.metrics)
    return found + _number(3, payload.seq)


def _written_metric(metric: Metric) -> bytes:
    parts = [write_field(1, LENGTH, metric.name.encode())] if metric.name else []
    parts += [_number(2, metric.alias), _number(3, metric.timestamp), _number(4, metric.datatype or None)]
    flags = (metric.is_historical, metric.is_transient, metric.is_null)
    parts += [write_field(number, VARINT, 1) for number, flag in enumerate(flags, 5) if flag]
    if metric.properties:
        names = b"".join(write_field(1, LENGTH, name.encode()) for name in metric.properties)
        values = b"".join(write_field(2, LENGTH, _written(IN_PROPERTY, value)) for value in metric.properties.values())
        parts.append(write_field(9, LENGTH, names + values))
    if metric.value is not None:
        parts.append(_written(IN_METRIC, metric.value))
    return b"".join(parts)


def _written(first: int, raw: Raw) -> bytes:
    kind, value = raw
    number = first + kind
    if kind in (INT, LONG, BOOLEAN):
        return write_field(number, VARINT, int(value))
    if kind == FLOAT:
        return write_field(number, FIXED32, struct.pack("<f", value))
    if kind == DOUBLE:
        return write_field(number, FIXED64, struct.pack("<d", value))
    if kind == STRING:
        return write_field(number, LENGTH, value.encode())
    if kind == BYTES:
        return write_field(number, LENGTH, value)
    return write_field(number, LENGTH, _written_set(value) if kind == DATASET else _written_template(value))


def _written_set(table: DataSet) -> bytes:
    found = _number(1, len(table.columns))
    found += b"".join(write_field(2, LENGTH, each.encode()) for each in table.columns)
    found += b"".join(write_field(3, VARINT, each) for each in table.types)
    for row in table.rows:
        cells = (b"" if cell is None else _written(IN_CELL, cell) for cell in row)
        found += write_field(4, LENGTH, b"".join(write_field(1, LENGTH, cell) for cell in cells))
    return found


def _written_template(template: Template) -> bytes:
    found = write_field(1, LENGTH, template.version.encode()) if template.version else b""
    found += b"".join(write_field(2, LENGTH, _written_metric(each)) for each in template.metrics)
    for each in template.parameters:
        value = _written(IN_PARAMETER, each.value) if each.value is not None else b""
        body = write_field(1, LENGTH, each.name.encode()) + _number(2, each.type or None) + value
        found += write_field(3, LENGTH, body)
    found += write_field(4, LENGTH, template.ref.encode()) if template.ref else b""
    return found + (write_field(5, VARINT, 1) if template.is_definition else b"")


def _number(number: int, value: int | None) -> bytes:
    return b"" if value is None else write_field(number, VARINT, value)
