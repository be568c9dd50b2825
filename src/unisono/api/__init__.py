"""The door for people and programs: HTTP, the live WebSocket, the directory of sign-ins, and the outbox relay.

Litestar and uvicorn load when `create_app` or `serve` is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unisono.api.app import create_app
    from unisono.api.context import ApiContext
    from unisono.api.door.server import HttpServer, serve
    from unisono.api.hub.first_run import ensure_first_token, ensure_hub_id, ensure_pepper, new_setup_code

__all__ = [
    "ApiContext",
    "HttpServer",
    "create_app",
    "ensure_first_token",
    "ensure_hub_id",
    "ensure_pepper",
    "new_setup_code",
    "serve",
]

_ROOMS = {
    "ApiContext": "context",
    "HttpServer": "door.server",
    "create_app": "app",
    "ensure_first_token": "hub.first_run",
    "ensure_hub_id": "hub.first_run",
    "ensure_pepper": "hub.first_run",
    "new_setup_code": "hub.first_run",
    "serve": "door.server",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"unisono.api.{_ROOMS[name]}"), name)
