"""Reads what one end of a connection wrote: whole, valid packets and nothing else."""

from __future__ import annotations

from unisono.wire.mqtt.codec import decode
from unisono.wire.mqtt.fields import read_frame_length
from unisono.wire.mqtt.packets import Packet, Version

__all__ = ["packets_of"]


def packets_of(data: bytes, version: Version) -> list[Packet]:
    """The packets; raises `ViolationError` where a peer would have to hang up, AssertionError if one is cut."""
    found: list[Packet] = []
    pos = 0
    while pos < len(data):
        where = read_frame_length(data, pos, minimal=version == Version.V5)
        assert where is not None, "a written packet is not whole"
        assert where[1] <= len(data), "a written packet is not whole"
        found.append(decode(data[pos : where[1]], version))
        pos = where[1]
    return found
