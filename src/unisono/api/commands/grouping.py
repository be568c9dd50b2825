"""One wish to many things: which are meant, and one result for each.

Knows rows, models and `unisono.api.commands.asking`. Knows no route.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from unisono.access import Action
from unisono.api.auth import Identity
from unisono.api.commands import shapes as command_shapes
from unisono.api.commands.asking import Wish, ask_for
from unisono.api.things.catalog import traits_of
from unisono.errors import CallerError, UnisonoError
from unisono.store.registry import ThingRow
from unisono.thing import Model, find_action, find_property
from unisono.twin import talk

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Item", "ask_all", "chosen"]

# a street of lamps; more is a scene's work, or several requests
MAX_THINGS = 1_000
# asked at a time: an owner appends what comes together in few batches
AT_ONCE = 64

Item = tuple[str, talk.CommandView | UnisonoError]


async def chosen(context: ApiContext, identity: Identity, data: command_shapes.GroupCommandNew) -> list[str]:
    """The ids that are meant: those named, and of a place, kind or trait those that can do what is wanted.

    Raises CallerError: bad_request (nothing chosen), not_found (no such place), too_many.
    """
    ids = dict.fromkeys(data.things or ())
    if data.place is None and data.kind is None and data.trait is None:
        if not ids:
            raise CallerError(
                "No thing is meant", code="bad_request", expected='"things", or one of "place", "kind" and "trait"'
            )
        return list(ids)
    places = await _places(context, identity, data.place)
    after: str | None = None
    while rows := await context.registry.find_things(places=places, after=after, limit=MAX_THINGS):
        for row in rows:
            model = await context.catalog.get(row.model, row.model_version)
            if _is_meant(model, data) and _can(model, data):
                ids[row.id] = None
        after = rows[-1].id
        if len(ids) > MAX_THINGS:
            raise CallerError(
                f"More than {MAX_THINGS} things are meant",
                code="too_many",
                expected="a smaller place, or several requests",
            )
    return list(ids)


async def _places(context: ApiContext, identity: Identity, place: str | None) -> list[str] | None:
    visible = context.auth.visible_places(identity)
    if place is None:
        return None if visible is None else sorted(visible)
    path = await context.path_of(place)
    if not path or not context.auth.allows(identity, Action.READ, path):
        raise CallerError(f"There is no place {place[:80]!r}", code="not_found", field="place")
    return [place]


def _is_meant(model: Model, data: command_shapes.GroupCommandNew) -> bool:
    kind = model.kind or model.id
    if data.kind is not None and kind != data.kind and not kind.startswith(data.kind + "."):
        return False
    if data.trait is None:
        return True
    return data.trait in traits_of(model).values() or any(a.trait == data.trait for a in model.actions.values())


def _can(model: Model, data: command_shapes.GroupCommandNew) -> bool:
    """Whether it has what is to be set, writable, or called."""
    try:
        if data.call is not None:
            find_action(model, data.call)
        return all(find_property(model, name)[1].writable for name in data.set or ())
    except CallerError:
        return False


async def ask_all(context: ApiContext, identity: Identity, things: Sequence[str], wish: Wish) -> list[Item]:
    """Ask each of them; one that is refused, or not there, stops none of the others. A second word that is asked for
    is one for all of them."""
    wish = msgspec.structs.replace(wish, among=things)
    slots = asyncio.Semaphore(AT_ONCE)

    async def ask(id: str) -> Item:
        async with slots:
            try:
                row, partition = await context.thing(id, identity, Action.READ)
                view = await ask_for(context, identity, row, partition, msgspec.structs.replace(own(id), wait_s=0.0))
            except UnisonoError as error:
                return id, error
        return await wait(id, row, partition, view)

    def own(id: str) -> Wish:
        key = wish.key
        return (
            wish
            if key is None
            else msgspec.structs.replace(wish, key=hashlib.sha256(f"{key}\0{id}".encode()).hexdigest())
        )

    async def wait(id: str, row: ThingRow, partition: str, view: talk.CommandView) -> Item:
        if not wish.wait_s or view.ended is not None:
            return id, view
        later = await context.owners.command_get(partition, talk.CommandGet(view.id, wish.wait_s))
        return id, later or view

    return list(await asyncio.gather(*(ask(id) for id in things)))
