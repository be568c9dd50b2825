"""What whoever runs a gateway may ask of it: the table ``[mqtt]`` of ``limits.toml``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from unisono.wire.mqtt import Connect, Properties, ServerConnection

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

    def terms(self, wire: ServerConnection, connect: Connect, key: str, told: Properties) -> int | None:
        """Put into ``told`` what is in force and differs from what the client asked for, and return the server's keep
        alive, if it has a say. ``key``: of its session."""
        if wire.session_expiry > self.longest_session_s:
            wire.session_expiry = told.session_expiry_interval = self.longest_session_s
        asked = connect.properties
        if asked is not None and asked.request_response_information:
            told.response_information = f"responses/{key}"
        longest = self.longest_keep_alive_s
        return longest if longest and (not connect.keep_alive or connect.keep_alive > longest) else None
