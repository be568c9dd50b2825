"""What a simulation is told: where the hub is, how much to send, how badly to behave.

Knows only values; how they are read from a command line is the caller's affair.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from unisono.errors import CallerError

__all__ = ["DEFAULT_MQTT_PORT", "SimOptions"]

DEFAULT_MQTT_PORT = 1883  # IANA


class SimOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the hub and how the devices shall behave.

    ``url`` is the MQTT door (``mqtt://host[:port]``), ``http`` the API's address, ``token`` a person's bearer token
    that may create places and things. ``data`` is the folder of the secrets file. ``place`` is an existing place below
    which everything is put (none: the simulation's own root places). ``count`` and ``rate`` (messages/s in total) are
    for `run_things`. ``refuse``, ``drop`` and ``lie`` are probabilities 0..1 for each command (``drop`` also for each
    minute of a connection); ``delay_s`` is added before each answer. The same ``seed`` gives the same decisions.
    """

    url: str = "mqtt://127.0.0.1:1883"
    http: str = "http://127.0.0.1:8080"
    token: str = ""
    data: Path = Path("data")
    place: str | None = None
    count: int = 100
    rate: float = 10.0
    refuse: float = 0.0
    drop: float = 0.0
    lie: float = 0.0
    delay_s: float = 0.0
    seed: int | None = None

    def __post_init__(self) -> None:
        for field in ("refuse", "drop", "lie"):
            if not 0.0 <= getattr(self, field) <= 1.0:
                raise CallerError("not a probability", code="bad_usage", field=field, expected="a number from 0 to 1")
        for field in ("rate", "delay_s"):
            if not 0.0 <= getattr(self, field) < float("inf"):
                raise CallerError("out of range", code="bad_usage", field=field, expected="a number of 0 or more")
        if self.count < 1:
            raise CallerError("out of range", code="bad_usage", field="count", expected="1 or more")

    def address(self) -> tuple[str, int]:
        """Host and port of the MQTT door. Raises CallerError (bad_usage) when ``url`` is not ``mqtt://host[:port]``."""
        try:
            parts = urlsplit(self.url)
            host, port = parts.hostname, parts.port or DEFAULT_MQTT_PORT
        except ValueError:
            host, port = None, DEFAULT_MQTT_PORT
        if not host or parts.scheme != "mqtt":
            raise CallerError(
                f"cannot connect to {self.url!r}", code="bad_usage", field="url", expected="mqtt://host[:port]"
            )
        return host, port
