"""Definitions of alarms over HTTP, in versions, as they were written.

Knows rows, texts and rights. Whether a definition can be is the owner's to say: it has the things.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post, put
from litestar.openapi.spec import Operation
from litestar.openapi.spec.enums import OpenAPIType
from litestar.openapi.spec.media_type import OpenAPIMediaType
from litestar.openapi.spec.request_body import RequestBody
from litestar.openapi.spec.schema import Schema
from litestar.params import FromPath, FromQuery, QueryParameter

from unisono.access import Action, Risk
from unisono.api.alarms import shapes
from unisono.api.auth import Identity
from unisono.api.context import ApiContext, now_us
from unisono.api.inject import Asker, Context
from unisono.api.relay import encode_entry
from unisono.api.shapes import Page
from unisono.api.things.things import visible_in
from unisono.errors import CallerError
from unisono.scene.alarm.document import MAX_BYTES, THIS, Definition, alarm_schema, load_alarm
from unisono.scene.checking.finding import Finding
from unisono.store.registry import AlarmRow, OutboxRow
from unisono.twin.record import AlarmPut, AlarmRemoved

__all__ = ["HANDLERS"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

YAML = "application/yaml"  # RFC 9512
#: What people and programs said before there was a registered name.
KINDS = frozenset({"application/json", YAML, "text/yaml", "application/x-yaml", "text/x-yaml"})


@dataclass
class AlarmOperation(Operation):
    """Says in the description what the body may be: Litestar sees only that it is read raw."""

    def __post_init__(self) -> None:
        where = "as /api/v1/alarms/schema describes it"
        content = {
            "application/json": OpenAPIMediaType(Schema(type=OpenAPIType.OBJECT, description=where)),
            YAML: OpenAPIMediaType(Schema(type=OpenAPIType.STRING, description=where)),
        }
        self.request_body = RequestBody(content=content, required=True)


@get("/schema", response_description="The JSON Schema of a definition")
async def get_schema(context: Context, identity: Asker) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a definition, by which editors complete and check one."""
    return alarm_schema()


@get("/definitions")
async def list_definitions(
    context: Context,
    identity: Asker,
    place: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> Page[shapes.AlarmDefinition]:
    """Definitions in the order of their ids; ``place`` includes all below it. Those that come with models
    (``fault-...``) are not among them."""
    places = await visible_in(context, identity, place)
    if places == []:
        return Page([])
    rows = await context.registry.find_alarms(places=places, after=after, limit=limit + 1)
    items = [shapes.definition(row) for row in rows[:limit]]
    return Page(items, rows[limit - 1].id if len(rows) > limit else None)


async def _row(context: ApiContext, identity: Identity, alarm_id: str, version: int | None = None) -> AlarmRow:
    row = await context.registry.get_alarm(alarm_id, version)
    if row is None or not context.auth.allows(identity, Action.READ, await context.path_of(row.place)):
        raise CallerError(
            f"There is no alarm definition {alarm_id[:80]!r}",
            code="not_found",
            field="id",
            mend="Run: unisono alarm definitions",
        )
    return row


@get("/definitions/{definition_id:str}")
async def get_definition(
    context: Context,
    identity: Asker,
    definition_id: FromPath[str],
    version: Annotated[int | None, QueryParameter(ge=1)] = None,
) -> shapes.AlarmDefinition:
    """One definition: its newest version, unless one is named."""
    return shapes.definition(await _row(context, identity, definition_id, version))


@post("/definitions", status_code=201, operation_class=AlarmOperation, request_max_body_size=2 * MAX_BYTES)
async def add_definition(request: Request[Any, Any, Any], context: Context, identity: Asker) -> shapes.AlarmDefinition:
    """Add a definition, written in JSON or YAML (``application/yaml``). What is odd about it comes as ``warnings``;
    what cannot be is refused, with the field's path in the document."""
    text = await _text(request)
    definition = load_alarm(text)
    if await context.registry.get_alarm(definition.id) is not None:
        raise CallerError(f"There is an alarm definition {definition.id!r} already", code="exists", field="id")
    return await _save(context, identity, definition, text, None)


@put("/definitions/{definition_id:str}", operation_class=AlarmOperation, request_max_body_size=2 * MAX_BYTES)
async def replace_definition(
    request: Request[Any, Any, Any], context: Context, identity: Asker, definition_id: FromPath[str]
) -> shapes.AlarmDefinition:
    """Save a new version; the same text again changes nothing. Where its alarms stand is kept."""
    old = await _row(context, identity, definition_id)
    text = await _text(request)
    definition = load_alarm(text)
    if definition.id != definition_id:
        raise CallerError(
            "The id differs from the one in the path", code="bad_value", field="id", expected=definition_id
        )
    if text == old.document:
        context.auth.require(identity, Action.AUTOMATE, await context.path_of(old.place), Risk.SENSITIVE)
        return shapes.definition(old)
    return await _save(context, identity, definition, text, old)


@delete("/definitions/{definition_id:str}", status_code=204)
async def remove_definition(context: Context, identity: Asker, definition_id: FromPath[str]) -> None:
    """Remove a definition with all its versions, and its alarms; what they did stays in the history."""
    row = await _row(context, identity, definition_id)
    path = await context.path_of(row.place)
    context.auth.require(identity, Action.AUTOMATE, path, Risk.SENSITIVE)
    partition = await context.partition_of(row.root)
    entry = AlarmRemoved(row.id, now_us(), identity.by())
    await context.registry.remove_alarm(row.id, [OutboxRow(partition, encode_entry(entry))])
    await context.in_force([partition])


async def _text(request: Request[Any, Any, Any]) -> str:
    """The body as the text that it is, YAML or JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in KINDS:
        expected = f"application/json or {YAML}"
        raise CallerError(
            f"{kind[:80]!r} is no definition", code="bad_request", field="Content-Type", expected=expected
        )
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise CallerError(f"byte {error.start} is no UTF-8", code="bad_json", expected="UTF-8") from None


async def _save(
    context: ApiContext, identity: Identity, definition: Definition, text: str, old: AlarmRow | None
) -> shapes.AlarmDefinition:
    root = await _may_define(context, identity, definition, old)
    partition = await context.partition_of(root)
    warnings = await context.owners.alarm_check(partition, text.encode())
    warnings += await _nobody(context, definition)
    version = old.version + 1 if old is not None else 1
    row = AlarmRow(definition.id, version, definition.name, definition.place, text, now_us(), identity.by())
    # as JSON, which a start reads a hundred times as fast
    entry = AlarmPut(row.id, version, msgspec.json.encode(definition), row.at, row.by)
    await context.registry.put_alarm(row, [OutboxRow(partition, encode_entry(entry))])
    await context.in_force([partition])
    return shapes.definition(row, warnings)


async def _may_define(context: ApiContext, identity: Identity, definition: Definition, old: AlarmRow | None) -> str:
    """The root place. Who defines an alarm must see all that it looks at: its texts tell of it.

    Raises CallerError ``not_found``, ``not_allowed``, ``bad_alarm``.
    """
    path = await context.path_of(definition.place)
    if not path or not context.auth.allows(identity, Action.READ, path):
        raise CallerError(f"There is no place {definition.place!r}", code="not_found", field="place")
    context.auth.require(identity, Action.AUTOMATE, path, Risk.SENSITIVE)
    if old is not None:
        context.auth.require(identity, Action.AUTOMATE, await context.path_of(old.place), Risk.SENSITIVE)
        if old.root != path[0]:
            raise CallerError(
                f"It belongs to {old.root!r}", code="bad_alarm", field="place", expected=f"a place in {old.root}"
            )
    for field, thing in _things(definition):
        row = await context.registry.get_thing(thing)
        own = row is not None and row.root == path[0]
        if row is None or not own or not context.auth.allows(identity, Action.READ, await context.path_of(row.place)):
            raise CallerError(
                f"there is no thing {thing!r} here", code="bad_alarm", field=field, expected=f"a thing of {path[0]}"
            )
    return path[0]


async def _nobody(context: ApiContext, definition: Definition) -> list[Finding]:
    """Those who are to be told and whom nobody knows."""
    named = {
        f"{field}.to.{number}": name
        for field, part in (("notify", definition.notify), ("escalate", definition.escalate))
        for number, name in enumerate(part.to if part is not None else ())
    }
    groups = {group.id for group in await context.registry.list_groups()} if named else set()
    return [
        Finding("warning", path, "unknown_person", f"there is nobody called {name!r}", "a person or a group of people")
        for path, name in named.items()
        if name not in groups and await context.registry.get_person(name) is None
    ]


def _things(definition: Definition) -> Iterator[tuple[str, str]]:
    """Every thing that a definition names, and where."""
    for number, thing in enumerate(definition.things):
        yield f"things.{number}", thing
    for name, raising in (("raise", definition.raise_), ("clear", definition.clear)):
        for key, given in raising.cel.given.items() if raising is not None and raising.cel is not None else ():
            if given.thing != THIS:
                yield f"{name}.cel.given.{key}.thing", given.thing
    if definition.suppress is not None:
        for number, value in enumerate(definition.suppress.values):
            if value.thing != THIS:
                yield f"suppress.while.{number}.thing", value.thing
        for number, each in enumerate(definition.suppress.alarms):
            if "." in each:
                yield f"suppress.alarms.{number}", each.partition(".")[2]


HANDLERS = [get_schema, list_definitions, get_definition, add_definition, replace_definition, remove_definition]
