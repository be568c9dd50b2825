"""What whoever runs a gateway may ask of it: the table ``[mqtt]`` of ``limits.toml``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["Policy"]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``longest_keep_alive_s``: clients of version 5 that ask for a longer one, or none, are given this (0: any).

    ``longest_session_s``: how long an absent client's session is kept at most. ``server_reference``: clients are sent
    there instead of being served (MQTT 5 section 4.11; older ones hear "server unavailable"); ``moved``: for good.
    """

    longest_keep_alive_s: Annotated[int, Meta(ge=0, le=65_535)] = 0
    longest_session_s: Annotated[int, Meta(ge=0)] = 24 * 3600
    server_reference: str = ""
    moved: bool = False
