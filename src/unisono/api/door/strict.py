"""HTTPS and nothing else, for browsers, where that may be promised (RFC 6797): public names with a public certificate.

Knows one response header. Knows not where names come from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

__all__ = ["Strict"]

#: Half a year: long enough to count, short enough to be outlived by a change of mind.
HEADER = (b"strict-transport-security", b"max-age=15768000")


class Strict:
    """Around the application of the HTTPS door. ``names``: the lower-case host names that are always served so."""

    def __init__(self, application: Any, names: Callable[[], Collection[str]]) -> None:
        self._application = application
        self._names = names

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or _host(scope) not in self._names():
            await self._application(scope, receive, send)
            return

        async def send_strictly(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), HEADER]}
            await send(message)

        await self._application(scope, receive, send_strictly)


def _host(scope: Any) -> str:
    found: bytes = dict(scope["headers"]).get(b"host", b"")
    return found.decode("latin-1").rpartition(":")[0].lower() if b":" in found else found.decode("latin-1").lower()
