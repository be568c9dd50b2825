"""Things over HTTP: list, look at, add, change, remove.

Knows rows, twins and the outbox. What is decided about a thing enters the log in the registry's transaction (as outbox
rows) and is answered once the owner has taken it in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Router, delete, get, patch, post
from litestar.config.compression import CompressionConfig
from litestar.connection import Request
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from unisono.access import Action
from unisono.api import shapes
from unisono.api.auth import Identity
from unisono.api.context import ApiContext, now_us
from unisono.api.dialects.dialects import guide_for, host_of
from unisono.api.dialects.spoken import model_for
from unisono.api.inject import Asker, Context
from unisono.api.relay import encode_entry
from unisono.api.things.adding import New, add, find_id, prepare, thing_put
from unisono.api.things.catalog import traits_of
from unisono.api.things.computing import PREFIX, compute, refuse_computed
from unisono.dialect import PlaceDialect, find_dialect
from unisono.errors import CallerError, HostError, UnisonoError
from unisono.scene.computed import definition_of
from unisono.store.registry import OutboxRow, PlaceRow, ThingRow
from unisono.thing import Model, dump_model
from unisono.twin import record, talk

__all__ = ["dead_letters", "router", "visible_in"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

# one bulk request: 10,000 things of some 300 bytes
MAX_BULK_BYTES = 8 * 1024 * 1024

# models told beside the things of one answer: the built-in ones of a home are 5 KB each
MAX_DOCUMENTS_BYTES = 512 * 1024

# a list of things shrinks to a tenth, which a phone on a slow link notices; nothing in it is a secret that its length
# could tell
packed = DefineMiddleware(CompressionMiddleware, config=CompressionConfig("gzip", gzip_compress_level=4))

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]


@get("/", middleware=[packed])
async def list_things(
    *,
    context: Context,
    identity: Asker,
    place: FromQuery[str | None] = None,
    model: FromQuery[str | None] = None,
    trait: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
    computed: FromQuery[bool | None] = None,
    models: FromQuery[bool] = False,
    after: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> shapes.Things:
    """Things with their twins, in the order of their ids; ``place`` includes all below it. ``computed``: only those
    that are computed, or only the others. ``models``: with the documents of their models, as far as they are not long;
    others are at ``/models/{id}``."""
    places = await visible_in(context, identity, place)
    bearing = None if trait is None else await models_with(context, trait)
    if places == [] or bearing == []:
        return shapes.Things([])
    rows = await context.registry.find_things(
        places=places,
        model=model,
        models=bearing,
        q=q,
        prefix=None if computed is None else (PREFIX, computed),
        after=after,
        limit=limit + 1,
    )
    page = rows[:limit]
    documents = await models_of(context, page) if models else []
    return shapes.Things(await with_twins(context, page), page[-1].id if len(rows) > limit else None, documents)


async def models_of(context: ApiContext, rows: Sequence[ThingRow]) -> list[msgspec.Raw]:
    """The documents of the rows' models, each once, until there are `MAX_DOCUMENTS_BYTES` of them."""
    found: list[msgspec.Raw] = []
    room = MAX_DOCUMENTS_BYTES
    for model, version in sorted({(row.model, row.model_version) for row in rows}):
        document = dump_model(await context.catalog.get(model, version))
        if len(document) <= room:
            room -= len(document)
            found.append(msgspec.Raw(document))
    return found


async def visible_in(context: ApiContext, identity: Identity, place: str | None) -> list[str] | None:
    """The places that are asked for (``place`` and below) as far as they may be seen: None for all."""
    visible = context.auth.visible_places(identity)
    if place is None:
        return None if visible is None else sorted(visible)
    path = await context.path_of(place)
    if not path:
        raise CallerError(f"There is no place {place[:80]!r}", code="not_found", field="place")
    if context.auth.allows(identity, Action.READ, path):
        return [place]
    # nothing of the place itself, maybe something below it
    inside = [each for each in visible or () if place in await context.path_of(each)]
    if not inside:
        raise CallerError(f"There is no place {place[:80]!r}", code="not_found", field="place")
    return inside


async def models_with(context: ApiContext, trait: str) -> list[str]:
    """Ids of the models of which some version has a property or action with that trait."""
    found = [
        each.id
        for each in context.catalog.built_ins().values()
        if trait in traits_of(each).values() or any(action.trait == trait for action in each.actions.values())
    ]
    after: str | None = None
    while rows := await context.registry.list_models(after=after, limit=500):
        for row in rows:
            model = await context.catalog.get(row.id, row.version)
            if trait in traits_of(model).values() or any(a.trait == trait for a in model.actions.values()):
                found.append(row.id)
        after = rows[-1].id
    return found


async def with_twins(context: ApiContext, rows: Sequence[ThingRow]) -> list[shapes.Thing]:
    """The rows with what their owners know of them; when an owner does not answer, that is said of each."""
    wanted: dict[str, list[str]] = {}
    for row in rows:
        wanted.setdefault(await context.partition_of(row.root), []).append(row.id)
    twins: dict[str, talk.TwinView] = {}
    silent: set[str] = set()
    for partition, ids in wanted.items():
        try:
            twins.update(await context.owners.twins(partition, ids))
        except HostError:
            silent.update(ids)
    return [
        msgspec.structs.replace(
            shapes.thing(row, twins.get(row.id), known=row.id not in silent), computed=await _definition(context, row)
        )
        for row in rows
    ]


async def _definition(context: ApiContext, row: ThingRow) -> dict[str, Any] | None:
    if not row.model.startswith(PREFIX):
        return None
    definition = definition_of(await context.catalog.get(row.model, row.model_version))
    return None if definition is None else msgspec.to_builtins(definition)


@get("/{thing_id:str}")
async def get_thing(context: Context, identity: Asker, thing_id: FromPath[str]) -> shapes.Thing:
    """One thing with its twin."""
    row, _ = await context.thing(thing_id, identity, Action.READ)
    return (await with_twins(context, [row]))[0]


@post("/", request_max_body_size=MAX_BULK_BYTES)
async def add_things(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    data: JSONBody[shapes.ThingNew | list[shapes.ThingNew]],
) -> shapes.ThingAdded | shapes.Page[shapes.ThingAdded]:
    """Add one thing, or an array of up to 10,000: all or none. The secrets are in the answer and never shown again."""
    if isinstance(data, list):
        return shapes.Page(await _add(context, identity, data, host_of(request), bulk=True))
    return (await _add(context, identity, [data], host_of(request), bulk=False))[0]


@post("/{thing_id:str}")
async def add_thing(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    thing_id: FromPath[str],
    data: JSONBody[shapes.ThingNew],
) -> shapes.ThingAdded:
    """Add a thing under the id in the path."""
    if data.id not in (None, thing_id):
        raise CallerError("The id differs from the one in the path", code="bad_value", field="id", expected=thing_id)
    new = msgspec.structs.replace(data, id=thing_id)
    return (await _add(context, identity, [new], host_of(request), bulk=False))[0]


async def _add(
    context: ApiContext, identity: Identity, news: list[shapes.ThingNew], host: str, *, bulk: bool
) -> list[shapes.ThingAdded]:
    if not 0 < len(news) <= shapes.MAX_BULK:
        raise CallerError(f"{len(news)} things in one request", code="too_many", expected=f"1 to {shapes.MAX_BULK}")
    at = now_us()
    places: dict[str, PlaceRow] = {}
    models: dict[tuple[str, int | None], Model] = {}
    made: list[New] = []
    taken: dict[str, int] = {}
    for number, new in enumerate(news):
        try:
            place = places.get(new.place)
            if place is None:
                place = places[new.place] = await context.place(new.place)
                context.auth.require(identity, Action.CONFIGURE, await context.path_of(place.id))
            new = msgspec.structs.replace(new, model=model_for(new))  # noqa: PLW2901  as its dialect completes it
            if new.how is not None and not new.model and find_dialect(new.how).learns:
                new = await _learning(context, new, taken)  # noqa: PLW2901  the same
            _check_kind(new)
            model = models.get((new.model, new.model_version))
            if model is None and new.computed is None:
                model = models[new.model, new.model_version] = await context.catalog.get(new.model, new.model_version)
            thing_id = await find_id(context, new, taken)
            if thing_id in taken:
                raise CallerError(f"{thing_id!r} is also in row {taken[thing_id]}", code="exists", field="id")
            taken[thing_id] = number
            if new.computed is not None:
                earlier = {each.row.id: each.model for each in made if each.row.root == place.root}
                model = await compute(context, identity, thing_id, place, new.computed, earlier)
            assert model is not None
            made.append(await prepare(context, new, thing_id, model, place, at))
        except UnisonoError as error:
            raise _in_row(error, number if bulk else None) from error
    await add(context, made, at)
    for each, added in zip(news, made, strict=True):
        if each.waits:
            await context.registry.let_newcomers_wait(added.row.id, True)
    return [_added(context, wanted, new, host) for wanted, new in zip(news, made, strict=True)]


def _added(context: ApiContext, wanted: shapes.ThingNew, new: New, host: str) -> shapes.ThingAdded:
    row, guide = new.row, None
    if wanted.how is not None:
        shown = guide_for(context, find_dialect(wanted.how), host, row.id, new.secret or "", wanted.given)
        guide = msgspec.to_builtins(shown)
    return shapes.ThingAdded(row.id, row.name, row.model, row.model_version, row.place, new.secret, guide)


async def _learning(context: ApiContext, new: shapes.ThingNew, taken: dict[str, int]) -> shapes.ThingNew:
    """What the thing can say is learned from what it says."""
    thing_id = await find_id(context, msgspec.structs.replace(new, model="device"), taken)
    model = await context.speaking.begin_learning(f"{new.how}:{thing_id}")
    return msgspec.structs.replace(new, id=thing_id, model=model.id, model_version=model.version)


def _check_kind(new: shapes.ThingNew) -> None:
    """A device has a model, a computed thing a definition; neither has what is the other's."""
    if new.waits and not (new.how and isinstance(find_dialect(new.how), PlaceDialect)):
        detail = "Nothing announces itself through it"
        raise CallerError(detail, code="bad_value", field="waits", expected="how: a dialect of the kind place")
    if new.computed is None:
        if not new.model:
            raise CallerError("It is missing", code="bad_value", field="model", expected='a model, or "computed"')
        return
    for name in ("model", "model_version", "secret", "parent", "sleep_s", "how"):
        if getattr(new, name):
            raise CallerError("A computed thing has none", code="bad_value", field=name, expected="nothing")


def _in_row(error: UnisonoError, number: int | None) -> UnisonoError:
    """The error, saying which row of a bulk request it is about."""
    if number is not None:
        error.field = f"[{number}].{error.field}" if error.field else f"[{number}]"
    return error


@patch("/{thing_id:str}")
async def change_thing(
    context: Context, identity: Asker, thing_id: FromPath[str], data: JSONBody[shapes.ThingChange]
) -> shapes.Thing:
    """Change what is given; the rest stays. A thing stays within its root place."""
    old, partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    place = await context.place(old.place if data.place is UNSET else data.place)
    context.auth.require(identity, Action.CONFIGURE, await context.path_of(place.id))
    if place.root != old.root:
        raise CallerError(
            f"{place.id!r} lies in another root place ({place.root!r})",
            code="bad_value",
            field="place",
            expected=f"a place within {old.root!r}; to move it to another root, remove the thing and add it there",
        )
    computed = old.model.startswith(PREFIX)
    if computed or data.computed is not UNSET:
        _check_computed(old, data)
    if data.computed is not UNSET:
        model = await compute(context, identity, old.id, place, data.computed, {})
        model_id, version = model.id, model.version
    elif data.model is UNSET and data.model_version is UNSET:
        model_id, version = old.model, old.model_version
    else:
        wanted_id = old.model if data.model is UNSET else data.model
        wanted = await context.catalog.get(wanted_id, None if data.model_version is UNSET else data.model_version)
        refuse_computed(wanted.id)
        model_id, version = wanted.id, wanted.version
    row = msgspec.structs.replace(
        old,
        name=old.name if data.name is UNSET else data.name,
        names=old.names if data.names is UNSET else shapes.names(data.names),
        model=model_id,
        model_version=version,
        place=place.id,
        parent=old.parent if data.parent is UNSET else data.parent,
        sleep_s=old.sleep_s if data.sleep_s is UNSET else data.sleep_s,
        simulated=old.simulated if data.simulated is UNSET else data.simulated,
    )
    if row != old:
        model = await context.catalog.get(model_id, version)
        outbox = await context.model_entries(partition, model)
        outbox.append(OutboxRow(partition, encode_entry(thing_put(row, now_us()))))
        await context.registry.put_things([row], (), outbox)
        context.models_sent(partition, [model])
        context.directory.announce([row.id, *(each for each in {old.parent, row.parent} if each)])
        context.live.forget([row.id])
        await context.in_force([partition])
    return (await with_twins(context, [row]))[0]


def _check_computed(old: ThingRow, data: shapes.ThingChange) -> None:
    """A device stays a device, and what is computed is no part of one."""
    if not old.model.startswith(PREFIX):
        detail = f"{old.id} is a device, of the model {old.model}"
        raise CallerError(detail, code="bad_value", field="computed", expected="a computed thing, or a new one")
    for name in ("model", "model_version", "parent", "sleep_s"):
        if getattr(data, name) not in (UNSET, None):
            raise CallerError(f"{old.id} is computed", code="bad_value", field=name, expected='nothing, or "computed"')


@delete("/{thing_id:str}", status_code=204)
async def remove_thing(context: Context, identity: Asker, thing_id: FromPath[str]) -> None:
    """Remove a thing: its connection is closed, its twin goes, its history stays until retention."""
    row, partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    at = now_us()
    outbox = [OutboxRow(partition, encode_entry(record.ThingRemoved(row.id, at)))]
    await context.registry.remove_things([row.id], outbox, at=at)
    context.directory.announce([row.id, *([row.parent] if row.parent else [])], removed=[row.id])
    await context.in_force([partition])


@get("/{thing_id:str}/dead-letters")
async def thing_dead_letters(
    context: Context, identity: Asker, thing_id: FromPath[str], limit: Limit = DEFAULT_LIMIT
) -> shapes.Page[shapes.DeadLetter]:
    """What the thing said that could not be taken in, newest first, with the reason."""
    _, partition = await context.thing(thing_id, identity, Action.READ)
    letters = await context.owners.dead_letters(partition, thing_id, limit)
    return shapes.Page([shapes.dead_letter(letter) for letter in letters])


@get("/dead-letters", tags=["things"])
async def dead_letters(
    context: Context, identity: Asker, limit: Limit = DEFAULT_LIMIT
) -> shapes.Page[shapes.DeadLetter]:
    """What any thing said that could not be taken in, newest first; also of senders that are no things."""
    context.auth.require(identity, Action.READ, ())
    found = [
        each for partition in context.partitions for each in await context.owners.dead_letters(partition, None, limit)
    ]
    found.sort(key=lambda letter: -letter.at)
    return shapes.Page([shapes.dead_letter(letter) for letter in found[:limit]])


router = Router(
    "/things",
    route_handlers=[
        list_things,
        get_thing,
        add_things,
        add_thing,
        change_thing,
        remove_thing,
        thing_dead_letters,
    ],
    tags=["things"],
)
