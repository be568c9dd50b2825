"""One input of the fuzzer: its first byte says which part of MQTT it tries."""

from __future__ import annotations

from tests.fuzz.client import check_client
from tests.fuzz.codec import check_codec
from tests.fuzz.server import check_server
from tests.fuzz.topics import check_topics

__all__ = ["check"]

_PARTS = (check_server, check_server, check_client, check_codec, check_topics)


def check(data: bytes) -> None:
    """Raises what is wrong; returns None where everything held."""
    _PARTS[data[0] % len(_PARTS) if data else 0](data[1:])
