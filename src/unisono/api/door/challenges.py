"""What an ACME authority asks for over HTTP (RFC 8555 section 8.3), and the plain port when only that is open to all.

Knows ASGI. Knows nothing of orders: the answers are handed in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

__all__ = ["CHALLENGES", "Challenges", "OnlyFromHere"]

CHALLENGES = "/.well-known/acme-challenge"


class Challenges:
    """Mounted at `CHALLENGES`; ``answers`` by token."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        found = self._answers.get(scope["path"].removeprefix(f"{CHALLENGES}/"))
        body = (found or "").encode()
        headers = [(b"content-type", b"application/octet-stream"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 404 if found is None else 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class OnlyFromHere:
    """Around the application of a plain port that an ACME authority has to reach.

    This machine gets all of it; others get the challenges and are sent to HTTPS for the rest, so that no secret of
    theirs goes over the wire in the clear.
    """

    def __init__(self, application: Any, https: str) -> None:
        self._application = application
        self._https = https

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if _is_here(scope) or (scope["type"] == "http" and scope["path"].startswith(f"{CHALLENGES}/")):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            query = scope.get("query_string", b"")
            place = self._https.encode() + scope.get("raw_path", b"/") + (b"?" + query if query else b"")
            headers = [(b"location", place), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 308, "headers": headers})
            await send({"type": "http.response.body", "body": b""})


def _is_here(scope: Any) -> bool:
    try:
        return ipaddress.ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False
