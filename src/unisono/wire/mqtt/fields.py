"""The data types that MQTT packets are made of (MQTT 5.0 section 1.5), both ways.

Knows bytes, integers and text. Knows no packets.
"""

from __future__ import annotations

from unisono.errors import CallerError
from unisono.wire.mqtt.reason import ViolationError

__all__ = [
    "MAX_REMAINING_LENGTH",
    "Reader",
    "encode_binary",
    "encode_text",
    "encode_u16",
    "encode_varint",
    "frame",
    "read_frame_length",
]

MAX_REMAINING_LENGTH = 268_435_455
"""What four bytes of seven bits hold (section 1.5.5)."""


def encode_u16(number: int) -> bytes:
    """Two Byte Integer. Raises `CallerError` outside 0..65535."""
    if not 0 <= number <= 0xFFFF:
        raise CallerError(f"{number} does not fit two bytes", code="bad_value", expected="0..65535")
    return number.to_bytes(2, "big")


def encode_varint(number: int) -> bytes:
    """Variable Byte Integer in its shortest form. Raises `CallerError` beyond `MAX_REMAINING_LENGTH`."""
    if not 0 <= number <= MAX_REMAINING_LENGTH:
        raise CallerError(f"{number} does not fit a variable byte integer", code="too_large", expected="0..268435455")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode_binary(data: bytes) -> bytes:
    """Binary Data: two bytes of length, then the bytes. Raises `CallerError` beyond 65,535 bytes."""
    if len(data) > 0xFFFF:
        raise CallerError(f"{len(data)} bytes do not fit a field", code="too_large", expected="at most 65535 bytes")
    return len(data).to_bytes(2, "big") + data


def encode_text(text: str) -> bytes:
    """UTF-8 Encoded String. Raises `CallerError` for what MQTT cannot carry (NUL, lone surrogates, too long)."""
    if "\0" in text:
        raise CallerError("U+0000 cannot be sent in a string", code="bad_value")
    try:
        return encode_binary(text.encode())
    except UnicodeEncodeError as error:
        raise CallerError("a lone surrogate cannot be sent in a string", code="bad_value") from error


def frame(first: int, body: bytes) -> bytes:
    """A whole packet: first byte, remaining length, body."""
    if len(body) < 0x80:
        return bytes((first, len(body))) + body
    return bytes((first,)) + encode_varint(len(body)) + body


def read_frame_length(data: bytes, pos: int, *, minimal: bool) -> tuple[int, int] | None:
    """The remaining length of the packet that begins at ``pos``: (where its body starts, where it stops).

    None when the length itself is not there yet; ``minimal``: version 5 forbids padded ones. Raises `ViolationError`.
    """
    length = 0
    for index in range(4):
        at = pos + 1 + index
        if at >= len(data):
            return None
        byte = data[at]
        length |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if minimal and index and not byte:
                raise ViolationError("remaining length is not in its shortest form", "MQTT-1.5.5-1")
            return at + 1, at + 1 + length
    raise ViolationError("remaining length has more than four bytes", "MQTT5 1.5.5")


class Reader:
    """Reads one packet's body field by field; every method raises `ViolationError` when the field is not there."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, pos: int = 0, end: int | None = None) -> None:
        self.data = data
        self.pos = pos
        self.end = len(data) if end is None else end

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        start = self.pos
        stop = start + count
        if stop > self.end:
            raise ViolationError(f"packet ends {stop - self.end} bytes early", "MQTT5 4.13.1")
        self.pos = stop
        return self.data[start:stop]

    def rest(self) -> bytes:
        """Everything to the end of the packet."""
        return self.take(self.end - self.pos)

    def more(self) -> bool:
        """Whether anything is left."""
        return self.pos < self.end

    def finish(self) -> None:
        """Raises `ViolationError` when something is left."""
        if self.pos != self.end:
            raise ViolationError(f"{self.end - self.pos} bytes too many at the end of the packet", "MQTT5 4.13.1")

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """Two Byte Integer."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """Four Byte Integer."""
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        """Variable Byte Integer; only its shortest form is allowed (version 5 alone has them inside packets)."""
        number = 0
        for shift in (0, 7, 14, 21):
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                if shift and not byte:
                    raise ViolationError("variable byte integer is not in its shortest form", "MQTT-1.5.5-1")
                return number
        raise ViolationError("variable byte integer has more than four bytes", "MQTT5 1.5.5")

    def binary(self) -> bytes:
        """Binary Data."""
        return self.take(self.u16())

    def text(self) -> str:
        """UTF-8 Encoded String; a BOM is kept, U+0000 and ill-formed UTF-8 are refused."""
        return decode_text(self.binary())

    def packet_id(self) -> int:
        """Packet Identifier; never 0."""
        number = self.u16()
        if not number:
            raise ViolationError("packet id is 0", "MQTT-2.2.1-3")
        return number


def decode_text(data: bytes) -> str:
    """The text of a UTF-8 Encoded String's bytes. Raises `ViolationError` (MQTT-1.5.4-1, -2)."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ViolationError(f"string is not valid UTF-8 at byte {error.start}", "MQTT-1.5.4-1") from None
    if "\0" in text:
        raise ViolationError("string contains U+0000", "MQTT-1.5.4-2")
    return text
