"""What announces itself on the LAN, offered to who may add things.

Knows requests. Who listens there is handed in as `ApiContext.discovery`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Router, get, patch
from litestar.params import FromPath, FromQuery, JSONBody

from unisono.access import Action
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.times import iso
from unisono.errors import CallerError

__all__ = ["router"]


class Ignore(msgspec.Struct, forbid_unknown_fields=True):
    """Whether it is to be shown no more."""

    ignored: bool


def _shown(found: Any) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(found)
    return {**shown, "first_seen": iso(found.first_seen), "last_seen": iso(found.last_seen)}


def _discovery(context: ApiContext) -> Any:
    if context.discovery is None:
        raise CallerError(
            "this hub does not look at the LAN",
            code="not_found",
            mend="It does with --host 0.0.0.0, or on loopback with: unisono up --lan",
        )
    return context.discovery


@get("/")
async def list_discovered(context: Context, identity: Asker, ignored: FromQuery[bool] = False) -> dict[str, Any]:
    """What announces itself on the LAN (mDNS), what it is and how it could be connected. ``ignored``: all of it."""
    context.auth.require(identity, Action.CONFIGURE, ())
    return {"items": [_shown(each) for each in _discovery(context).found(ignored=ignored)], "next": None}


@patch("/{id:str}")
async def change_discovered(
    context: Context, identity: Asker, id: FromPath[str], data: JSONBody[Ignore]
) -> dict[str, Any]:
    """Show it no more, or again."""
    context.auth.require(identity, Action.CONFIGURE, ())
    return _shown(_discovery(context).ignore(id, data.ignored))


router = Router("/discovered", route_handlers=[list_discovered, change_discovered], tags=["things"])
