"""What must hold of single packets: whatever can be read can be written again, and means the same."""

from __future__ import annotations

from tests.fuzz.program import VERSIONS, Cursor, stream
from unisono.wire.mqtt.codec import decode, encode
from unisono.wire.mqtt.packets import Connect, Publish, Version
from unisono.wire.mqtt.reason import ViolationError

__all__ = ["check_codec"]


def check_codec(data: bytes) -> None:
    """Run one input; raises AssertionError, or whatever `decode` and `encode` should not have raised."""
    cursor = Cursor(data)
    version = VERSIONS[cursor.among(3)]
    received = stream(cursor, version)
    try:
        packet = decode(received, version)
    except ViolationError as error:
        assert error.clause, "a refusal names its clause"
        return
    if isinstance(packet, Connect):
        version = packet.version
    written = encode(packet, version)
    assert decode(written, version) == packet
    if version == Version.V5 and not isinstance(packet, Publish):
        assert len(written) <= len(received), "what is written is the shortest form"
