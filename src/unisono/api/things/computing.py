"""Computed things at the door: from a definition to a sound one, its model and its version.

Knows rows, models and who may see what. What can be computed is `unisono.scene.computed`'s to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from unisono.access import Action
from unisono.api.auth import now_us
from unisono.errors import CallerError
from unisono.scene.computed import Definition, Group, definition_of, load_computed, model_id, model_of, settle, uses
from unisono.store.registry import ModelRow, PlaceRow
from unisono.thing import Model, dump_model

if TYPE_CHECKING:
    from unisono.api.auth import Identity
    from unisono.api.context import ApiContext

__all__ = ["PREFIX", "compute", "refuse_computed"]

#: What the models of computed things are called; nobody else's may be.
PREFIX = model_id("")


async def compute(
    context: ApiContext,
    identity: Identity,
    thing_id: str,
    place: PlaceRow,
    document: Mapping[str, Any],
    earlier: Mapping[str, Model],
) -> Model:
    """The model of a computed thing; a new version is put into the registry where it differs from the newest.

    ``earlier``: models of computed things that the same request adds. Raises CallerError ``bad_computed`` with the
    field under ``computed``.
    """
    try:
        definition = load_computed(document)
        models, others = await _seen(context, identity, place, definition, earlier)
        settled = settle(thing_id, definition, models.get, others)
        await _check_place(context, identity, place, settled)
    except CallerError as error:
        error.field = f"computed.{error.field}" if error.field else "computed"
        raise
    newest = await context.registry.get_model(model_id(thing_id))
    version = 1 if newest is None else newest.version
    model = model_of(thing_id, version, settled)
    text = dump_model(model).decode()
    if newest is not None and newest.document != text:
        model = model_of(thing_id, version + 1, settled)
        text = dump_model(model).decode()
    if newest is None or newest.version != model.version:
        row = ModelRow(model.id, model.version, text, "", model.kind or "", created=now_us())
        await context.registry.put_model(row)
    return model


async def _seen(
    context: ApiContext, identity: Identity, place: PlaceRow, definition: Definition, earlier: Mapping[str, Model]
) -> tuple[dict[str, Model], dict[str, Definition]]:
    """The models of the things that a definition names, and the definitions of those that are computed, all the way.

    A thing that the asker may not see is not there; one that a group passes commands on to must be his to ask.
    """
    models = dict(earlier)
    others: dict[str, Definition] = {}
    wanted = {use.thing for use in uses(definition)}
    first = True
    looked: set[str] = set()
    while wanted:
        looked |= wanted
        for row in await context.registry.get_things(sorted(wanted - models.keys())):
            path = await context.path_of(row.place)
            seen = context.auth.allows(identity, Action.READ, path)
            if row.root != place.root or (first and not seen):
                continue
            models[row.id] = model = await context.catalog.get(row.model, row.model_version)
            if first and _passes_on(definition, model):
                context.auth.require(identity, Action.CONTROL, path)
        further: set[str] = set()
        for id in wanted & models.keys():
            found = definition_of(models[id])
            if found is not None:
                others[id] = found
                further |= {use.thing for use in uses(found)}
        wanted, first = further - looked, False
    return models, others


def _passes_on(definition: Definition, model: Model) -> bool:
    """Whether commands to it become commands to a thing of the model."""
    if not isinstance(definition, Group) or definition.writable is False or definition.is_ is not UNSET:
        return False
    members = model.properties
    return any(p.writable for key, p in members.items() if definition.property in (key, p.trait))


async def _check_place(context: ApiContext, identity: Identity, place: PlaceRow, definition: Definition) -> None:
    """Things that are picked are picked where the asker may look (and ask)."""
    if not isinstance(definition, Group) or (definition.of.place is None and definition.of.kind is None):
        return
    where = definition.of.place or place.root
    path = await context.path_of(where)
    if not path or path[0] != place.root or not context.auth.allows(identity, Action.READ, path):
        detail = f"there is no place {where!r} in its root place"
        raise CallerError(detail, code="bad_computed", field="of.place", expected=f"a place within {place.root!r}")
    if definition.writable:
        context.auth.require(identity, Action.CONTROL, path)


def refuse_computed(id: str) -> None:
    """Models of computed things come and go with their things."""
    if id.startswith(PREFIX):
        detail = f"{id!r} belongs to the computed thing {id.removeprefix(PREFIX)!r}"
        raise CallerError(detail, code="in_use", field="id", expected="change the thing: unisono computed add FILE")
