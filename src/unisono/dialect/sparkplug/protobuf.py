"""The wire format of Protocol Buffers: fields by number, as bytes have them.

Source: "Encoding" of the Protocol Buffers documentation. Knows no message. What is cut, too long or of a kind that
Sparkplug does not use raises CallerError ``bad_value``; a field that nobody knows is passed over by whoever reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from unisono.errors import CallerError

__all__ = ["FIXED32", "FIXED64", "LENGTH", "VARINT", "Wire", "read_fields", "read_varint", "write_field"]

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
#: Bytes of the longest number: 64 bits in groups of seven.
LONGEST = 10
MASK64 = (1 << 64) - 1

Wire: TypeAlias = int | bytes


def read_fields(data: bytes) -> Iterator[tuple[int, int, Wire]]:
    """Number, wire type and what is there, of each field: a number, or the bytes of all other kinds."""
    at, end = 0, len(data)
    while at < end:
        tag, at = read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise _bad("a field has the number 0")
        if kind == VARINT:
            value, at = read_varint(data, at)
            yield number, kind, value
            continue
        if kind == LENGTH:
            length, at = read_varint(data, at)
        elif kind == FIXED32:
            length = 4
        elif kind == FIXED64:
            length = 8
        else:
            raise _bad(f"field {number} is of wire type {kind}, which is no longer used")
        if length > end - at:
            raise _bad(f"field {number} ends behind the message")
        yield number, kind, data[at : at + length]
        at += length


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends; of more than 64 bits, the lower ones."""
    value = shift = 0
    for place in range(at, min(at + LONGEST, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & MASK64, place + 1
        shift += 7
    raise _bad("a number does not end")


def write_field(number: int, kind: int, value: Wire) -> bytes:
    """A field; ``value`` is a number for `VARINT`, else the bytes."""
    if isinstance(value, int):
        return _varint(number << 3 | kind) + _varint(value & MASK64)
    length = _varint(len(value)) if kind == LENGTH else b""
    return _varint(number << 3 | kind) + length + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _bad(detail: str) -> CallerError:
    return CallerError(detail, code="bad_value", field="payload", expected="a Sparkplug B payload")
