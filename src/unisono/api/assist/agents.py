"""The door for other people's agents: the Model Context Protocol at ``/mcp``, with the rights of the token they show.

Knows the `mcp` library (streamable HTTP, no sessions) and what may be told to a program. What an agent does goes the
way of everything the assistant does. The library is loaded when the first agent comes: it takes some 30 MB.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.api.auth import Identity
from unisono.errors import CallerError, UnisonoError

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["MCP_PATH", "AgentDoor"]

MCP_PATH = "/mcp"

#: A request is a small JSON document.
MAX_BODY_BYTES = 1024 * 1024
START_S = 20.0


class AgentDoor:
    """The ASGI application of ``/mcp``."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._application: Any = None
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._ending = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Whoever shows no token gets no further, and learns nothing of what is here."""
        if scope["type"] != "http":
            return
        try:
            await identity_of(self._context, _header(scope, b"authorization"))
        except UnisonoError as error:
            await _refuse(send, error)
            return
        if self._application is None:
            await self._start()
        await self._application(scope, receive, send)

    async def _start(self) -> None:
        async with self._starting:
            if self._application is not None:
                return
            from mcp.server.transport_security import TransportSecuritySettings

            from unisono.api.assist.tools import make_server

            server = await asyncio.to_thread(make_server, self._context)
            # every request bears a token that no web page has, so that a rebound name gets it nowhere
            security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
            application = server.streamable_http_app(
                streamable_http_path=MCP_PATH,
                json_response=True,
                stateless_http=True,
                max_request_body_size=MAX_BODY_BYTES,
                transport_security=security,
            )
            started = asyncio.Event()

            async def run() -> None:
                async with server.session_manager.run():
                    started.set()
                    await self._ending.wait()

            self._task = asyncio.create_task(run(), name="mcp")
            async with asyncio.timeout(START_S):
                await started.wait()
            self._application = application

    async def stop(self) -> None:
        """End what is open."""
        self._ending.set()
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


async def identity_of(context: ApiContext, header: str | None) -> Identity:
    """Who shows this Authorization header. Raises CallerError ``not_signed_in``."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise CallerError("No token was shown", code="not_signed_in", expected="Authorization: Bearer <token>")
    return await context.auth.by_token(token.strip(), None)


def _header(scope: Any, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


async def _refuse(send: Any, error: UnisonoError) -> None:
    body = msgspec.json.encode(error.problem())
    headers = [(b"content-type", b"application/problem+json"), (b"www-authenticate", b'Bearer realm="unisono"')]
    status = int(str(error.problem()["status"]))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
