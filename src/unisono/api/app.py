"""The API put together: routes, errors, limits, description.

Knows Litestar. Requests for mounted applications (device endpoints) and the live WebSocket are handed over before it:
they carry most of the traffic.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from litestar import Litestar, MediaType, Request, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from unisono.api import places
from unisono.api.alarms import alarms
from unisono.api.assist import hearing, model_routes, suggestions
from unisono.api.assist import routes as assist
from unisono.api.assist.agents import MCP_PATH
from unisono.api.auth import Identity
from unisono.api.commands import commands, describing, policies
from unisono.api.context import ApiContext
from unisono.api.dialects import configuration, dialects, firmware
from unisono.api.door import console, pages
from unisono.api.door.description import Description
from unisono.api.hub import backup, dashboards, outlets, status
from unisono.api.hub.version import VERSION
from unisono.api.identity import claims, clients, credentials, issuing
from unisono.api.live.socket import LiveSocket
from unisono.api.people import channels, factors, invitations, members, notifications, oidc, people, signing, tokens
from unisono.api.problems import EXCEPTION_HANDLERS
from unisono.api.scenes import blueprints, scenes
from unisono.api.things import bulk, discovered, history, messages, models, newcomers, things
from unisono.errors import CallerError

__all__ = ["create_app", "create_routes"]

# bodies are small JSON documents; routes that take more say so
MAX_BODY_BYTES = 1024 * 1024

API = "/api/v1/"
LIVE = f"{API}live"

# names or tokens must not stay in a shared cache, and no browser may guess another type
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Front:
    """The ASGI application: live WebSocket and mounts first, all else to Litestar."""

    def __init__(self, context: ApiContext, litestar: Litestar) -> None:
        self.litestar = litestar
        self._live = LiveSocket(context)
        self._mounts: Mapping[str, Any] = {**context.mounts, MCP_PATH: context.agents}
        self._foreign = context.foreign
        self._own = {route.path.removeprefix(API).split("/")[0] for route in litestar.routes if API in route.path}

    def _is_free(self, method: str, path: str) -> bool:
        """Whether a path is nothing of the API's own: ``/api/v1/TOKEN/telemetry``, and what is posted elsewhere."""
        if path.startswith(API):
            return path.removeprefix(API).partition("/")[0] not in self._own
        return method == "POST" and not path.startswith("/api/")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if scope["type"] == "websocket" and path == LIVE:
            await self._live(scope, receive, send)
            return
        for prefix, application in self._mounts.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                await application(scope, receive, send)
                return
        foreign = self._foreign
        if (
            foreign is not None
            and scope["type"] == "http"
            and self._is_free(scope["method"], path)
            and foreign.takes(scope)
        ):
            await foreign(scope, receive, send)
            return
        await self.litestar(scope, receive, send)


async def _sign_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    if handler.opt.get("open_door"):
        _from_our_pages(connection)
        return
    header = connection.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise CallerError(
            "This needs a token",
            code="not_signed_in",
            expected="Authorization: Bearer <token>",
            mend="Sign in, or make a token: unisono user token",
        )
    context: ApiContext = connection.app.state.context
    address = connection.client.host if connection.client else None
    connection.scope["state"]["identity"] = await context.auth.by_token(token.strip(), address)


def _from_our_pages(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Where no token is wanted, a page of somebody else could still try passwords and codes through who looks at it: a
    browser says whose page it is. Programs say nothing, and gain nothing by lying."""
    origin = connection.headers.get("origin")
    if origin is None or connection.scope.get("method") in {"GET", "HEAD", "OPTIONS"}:
        return
    if connection.headers.get("sec-fetch-site") == "same-origin":
        return
    # a page cannot set the second one elsewhere without asking first, which is refused
    ours = {connection.headers.get(name, "").lower() for name in ("host", "x-forwarded-host")}
    if origin.partition("://")[2].lower() not in ours - {""}:
        raise CallerError(
            "A page of somebody else asks", code="not_allowed", field="Origin", expected="a page of this hub"
        )


def _identity(request: Request[Any, Any, Any]) -> Identity:
    found = request.scope["state"]["identity"]
    assert isinstance(found, Identity)  # the guard ran before
    return found


def create_app(context: ApiContext) -> Front:
    """The ASGI application over ``context``."""
    return Front(context, create_routes(context))


def create_routes(context: ApiContext) -> Litestar:
    """What the API takes, and describes as OpenAPI; over the context that its state names."""
    signed_in = Router(
        "/api/v1",
        route_handlers=[
            bulk.add_in_bulk,
            things.router,
            credentials.router,
            issuing.issue_certificate,
            dialects.router,
            discovered.router,
            newcomers.router,
            firmware.router,
            configuration.router,
            claims.router,
            things.dead_letters,
            history.router,
            messages.router,
            commands.router,
            describing.router,
            assist.router,
            model_routes.router,
            hearing.router,
            suggestions.router,
            alarms.router,
            models.router,
            places.router,
            policies.router,
            scenes.router,
            blueprints.router,
            people.router,
            signing.router,
            oidc.router,
            tokens.router,
            factors.router,
            members.router,
            invitations.router,
            channels.router,
            outlets.router,
            dashboards.router,
            notifications.router,
            clients.router,
            clients.attempts,
            status.status,
            backup.make_backup,
        ],
        guards=[_sign_in],
        dependencies={"identity": Provide(_identity, sync_to_thread=False)},
        response_headers=HEADERS,
    )
    with _without("pydantic", "attrs", "attr"):
        return _litestar(context, signed_in)


@contextlib.contextmanager
def _without(*names: str) -> Iterator[None]:
    """Litestar takes in these libraries where they are installed; no shape of ours is theirs, and one of them is 8 MB.
    Whoever needs them later imports them as ever."""
    hidden: dict[str, Any] = {name: None for name in names if name not in sys.modules}
    sys.modules.update(hidden)
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _litestar(context: ApiContext, signed_in: Router) -> Litestar:
    made = Litestar(
        route_handlers=[
            signed_in,
            status.healthz,
            status.metrics,
            pages.index_page,
            console.asset,
            console.app_icon,
            console.icon,
            console.manifest,
            pages.setup_page,
            pages.claim_page,
            pages.docs_page,
            pages.push_page,
            pages.push_worker,
        ],
        dependencies={"context": Provide(lambda: made.state.context, sync_to_thread=False)},
        exception_handlers=EXCEPTION_HANDLERS,
        response_headers={"X-Content-Type-Options": "nosniff"},
        openapi_config=_description(),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
        state=State({"context": context}),
        signature_types=[ApiContext, Identity],
    )
    return made


def _description() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Unisono",
        version=VERSION,
        description="Things, places, scenes, models, commands and history of one hub. "
        "Live changes: WebSocket /api/v1/live, see docs/api.md. "
        "Errors are RFC 9457 problem documents with a stable `code`.",
        path="/api",
        render_plugins=[Description(path="/openapi.json", media_type=MediaType.JSON)],
        components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"token": []}],
        use_handler_docstrings=True,
    )
