"""A WebSocket that carries a stream of bytes, seen from the server (RFC 6455 section 5): frames in, payload out.

Knows frames. Where they begin and end means nothing to who reads the stream (MQTT 5 section 6), so what is there of a
frame is handed on at once, and nothing is kept but an incomplete header or control frame. Bytes in, bytes out: no
sockets, and no handshake.
"""

from __future__ import annotations

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C where the wheel has it

__all__ = [
    "BINARY",
    "CLOSE",
    "NORMAL",
    "PONG",
    "PROTOCOL_ERROR",
    "TEXT",
    "UNSUPPORTED_DATA",
    "Stream",
    "encode_frame",
]

# opcodes (section 5.2)
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

# close codes (section 7.4.1)
NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED_DATA = 1000, 1001, 1002, 1003
#: What a close frame of a client may say beside these: 1007 to 1011, and what is registered or private.
CLOSE_CODES = frozenset({NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED_DATA, *range(1007, 1015), *range(3000, 5000)})

KINDS = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
FIN, RESERVED, MASKED = 0x80, 0x70, 0x80
#: Bytes of the length that follow where the seven bits say so.
_LONGER = {126: 2, 127: 8}
#: The most that a control frame may carry (section 5.5).
CONTROL_BYTES = 125


def encode_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """One unmasked, final frame."""
    size = len(payload)
    if size < 126:
        return bytes((FIN | opcode, size)) + payload
    if size < 65536:
        return bytes((FIN | opcode, 126)) + size.to_bytes(2) + payload
    return bytes((FIN | opcode, 127)) + size.to_bytes(8) + payload


class Stream:
    """What one client sends. ``closed``: (code, reason) once it said goodbye or broke the rules; nothing is read then.

    ``replies`` is what must be sent back, frames already; whoever sends it empties it.
    """

    def __init__(self) -> None:
        self.closed: tuple[int, str] | None = None
        self.replies = b""
        self._kept = b""  # of a header, or of a control frame
        self._left = 0  # bytes to come of the frame that is being read
        self._mask = b""  # turned to where the next byte of it stands
        self._open = False  # a message whose last fragment has not come

    def receive(self, data: bytes) -> bytes:
        """The payload in a chunk of what came, in order; what follows a goodbye or a fault is not looked at."""
        if self.closed is not None:
            return b""
        found: list[bytes] = []
        at = 0
        if self._left:
            at = self._go_on(data, found)
        elif self._kept:
            data, self._kept = self._kept + data, b""
        end = len(data)
        while at < end:
            if not self._open:
                at = _small_frames(data, at, end, found)
            ahead = self._frame(data, at, end, found)
            if ahead < 0:
                if self.closed is None:
                    self._kept = data[at:]
                break
            at = ahead
        return found[0] if len(found) == 1 else b"".join(found)

    def _go_on(self, data: bytes, found: list[bytes]) -> int:
        """More of the frame that is being read."""
        piece = data[: self._left]
        found.append(apply_mask(piece, self._mask))
        self._left -= len(piece)
        turn = len(piece) % 4
        self._mask = self._mask[turn:] + self._mask[:turn]
        return len(piece)

    def _frame(self, data: bytes, at: int, end: int, found: list[bytes]) -> int:
        """Read one frame that begins at ``at``; where the next begins, or -1 when more has to come or all is over."""
        if end - at < 2:
            return at if at == end else -1
        first, size = data[at], data[at + 1] & 0x7F
        opcode = first & 0x0F
        code, why = self._wrong(first, opcode, data[at + 1])
        if code:
            return self._end(code, why)
        longer = _LONGER.get(size, 0)
        body = at + 6 + longer
        if end < body:
            return -1
        if longer:
            size = int.from_bytes(data[at + 2 : at + 2 + longer])
        mask = data[body - 4 : body]
        if opcode >= CLOSE:
            after = body + size
            return -1 if after > end or self._over(opcode, apply_mask(data[body:after], mask)) else after
        self._open = not first & FIN
        self._left, self._mask = size, mask
        return body + self._go_on(data[body : body + size], found)

    def _wrong(self, first: int, opcode: int, second: int) -> tuple[int, str]:
        """What is wrong with a header (section 5.2): the code to close with and why, or 0."""
        why = ""
        if first & RESERVED:
            why = "no extension was agreed on"
        elif not second & MASKED:
            why = "a client's frames are masked"
        elif opcode not in KINDS:
            why = f"there are no frames of kind {opcode}"
        elif opcode >= CLOSE:
            if not first & FIN or second & 0x7F > CONTROL_BYTES:
                why = "a control frame is whole and small"
        elif (opcode == CONTINUATION) != self._open:
            why = "a message begins within another" if self._open else "nothing is there to be continued"
        elif opcode == TEXT:
            return UNSUPPORTED_DATA, "MQTT comes in binary frames, this is a text frame"
        return (PROTOCOL_ERROR, why) if why else (0, "")

    def _over(self, opcode: int, payload: bytes) -> bool:
        """Take a control frame; whether all is over with it."""
        if opcode == PING:
            self.replies += encode_frame(payload, PONG)
        elif opcode == CLOSE:
            code = int.from_bytes(payload[:2]) if payload else NORMAL
            if code in CLOSE_CODES:
                self._end(code, payload[2:].decode("utf-8", "replace"))
            else:
                self._end(PROTOCOL_ERROR, "a close frame without a code that may be sent")
        return self.closed is not None

    def _end(self, code: int, why: str) -> int:
        self.closed = (code, why)
        self.replies += encode_frame(code.to_bytes(2), CLOSE)
        return -1


def _small_frames(data: bytes, at: int, end: int, found: list[bytes]) -> int:
    """Whole messages of up to 125 bytes, one after the other, as devices send them; where something else begins."""
    while end - at > 6 and data[at] == FIN | BINARY and data[at + 1] & MASKED:
        body = at + 6
        after = body + (data[at + 1] & 0x7F)
        if after > end or after > body + CONTROL_BYTES:
            break
        found.append(apply_mask(data[body:after], data[at + 2 : body]))
        at = after
    return at
