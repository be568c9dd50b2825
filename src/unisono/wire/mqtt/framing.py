"""Cutting what a socket gives into packets, keeping the piece that is not whole yet.

Knows lengths and their bound. Knows no packet. Both ends of a connection are built on it.
"""

from __future__ import annotations

from unisono.wire.mqtt.fields import read_frame_length
from unisono.wire.mqtt.reason import ReasonCode, ViolationError

__all__ = ["Inlet", "find_packet"]


class Inlet:
    """What came and was not whole yet: never more than one packet of the size allowed and one chunk of the socket's."""

    __slots__ = ("_needed", "_rest")

    def __init__(self) -> None:
        self._rest: bytearray | None = None
        self._needed = 0

    def join(self, data: bytes) -> bytes | None:
        """What was kept and ``data`` in one piece, or None (all kept) while the first packet is known not to be whole.

        Growing in place and joining once keeps a packet that comes byte by byte linear.
        """
        rest = self._rest
        if rest is None:
            return data
        rest += data
        if len(rest) < self._needed:
            return None
        self._rest = None
        return bytes(rest)

    def keep(self, data: bytes, pos: int, needed: int) -> None:
        """Keep ``data`` from ``pos`` until it has grown to ``needed`` bytes."""
        if pos < len(data):
            self._rest = bytearray(memoryview(data)[pos:])
            self._needed = needed

    @property
    def kept(self) -> int:
        """Bytes that were kept."""
        return 0 if self._rest is None else len(self._rest)

    def drop(self) -> None:
        """Forget what was kept."""
        self._rest = None


def find_packet(data: bytes, pos: int, limit: int, *, minimal: bool) -> tuple[int, int]:
    """Where the body of the packet at ``pos`` starts and stops; a stop beyond the data: that much is needed first.

    Raises `ViolationError` at once when the announced packet is larger than ``limit`` bytes, whole.
    """
    where = read_frame_length(data, pos, minimal=minimal)
    if where is None:
        return pos, len(data) + 1
    if where[1] - pos > limit:
        raise ViolationError(
            f"packet of {where[1] - pos} bytes announced, {limit} allowed",
            "MQTT5 3.2.2.3.6",
            ReasonCode.PACKET_TOO_LARGE,
        )
    return where
