"""Commands over HTTP: ask one thing or many for something, see what became of it, take it back, search the audit.

Knows paths and shapes; what is asked is checked by `unisono.api.commands.asking`. The life of a command is the owner's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, TypeAlias

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Stream

from unisono.access import Action
from unisono.api import shapes
from unisono.api.auth import Identity
from unisono.api.commands import shapes as command_shapes
from unisono.api.commands.asking import Wish, address_of, ask_for
from unisono.api.commands.grouping import ask_all, chosen
from unisono.api.commands.searching import Search, csv_lines, read_search, search
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.errors import CallerError, UnisonoError
from unisono.twin import talk

__all__ = ["router"]

# longer waits are for the WebSocket
MAX_WAIT_S = 60.0

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

Wait = Annotated[float, QueryParameter(ge=0, le=MAX_WAIT_S)]
IDEMPOTENCY_KEY = "Idempotency-Key"
Key = Annotated[str | None, HeaderParameter(name=IDEMPOTENCY_KEY, max_length=200)]
Text = Annotated[str | None, QueryParameter(max_length=200)]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]


def _wish(request: Request[Any, Any, Any], data: command_shapes.CommandNew, key: str | None, wait_s: float) -> Wish:
    return Wish(
        data.set,
        data.call,
        data.input or {},
        data.ttl_s,
        wait_s,
        data.key if data.key is not None else key,
        data.confirmation,
        data.why,
        address_of(request),
        keyed="key" if data.key is not None else IDEMPOTENCY_KEY,
    )


@post(
    "/things/{thing_id:str}/commands",
    status_code=200,
    responses={202: ResponseSpec(command_shapes.Command, description="On its way", generate_examples=False)},
)
async def ask_command(
    *,
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    thing_id: FromPath[str],
    data: JSONBody[command_shapes.CommandNew],
    key: Key = None,
    wait: Wait = 0.0,
) -> Response[command_shapes.Command]:
    """Ask a thing to take on values or to do something; waits up to ``wait`` seconds for the command's end.

    Answers 200 when the command ended, 202 when it is still on its way: look at ``state``, only *confirmed* means done.
    The same ``Idempotency-Key`` again is the same command. 428 with a ``confirmation`` means: say it once more with it.
    """
    row, partition = await context.thing(thing_id, identity, Action.READ)
    view = await ask_for(context, identity, row, partition, _wish(request, data, key, wait))
    return Response(command_shapes.command(view), status_code=202 if view.ended is None else 200)


@post(
    "/commands",
    status_code=200,
    responses={202: ResponseSpec(command_shapes.GroupCommand, description="On its way", generate_examples=False)},
)
async def ask_many(
    *,
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    data: JSONBody[command_shapes.GroupCommandNew],
    key: Key = None,
    wait: Wait = 0.0,
) -> Response[command_shapes.GroupCommand]:
    """Ask many things at once: ``things`` by id, or those of a ``place``, ``kind`` or ``trait`` that can do it.

    One result per thing: its command, or the error that it was refused with. 200 when all ended, else 202; ``ok`` only
    when every one is *confirmed*.
    """
    things = await chosen(context, identity, data)
    items = await ask_all(context, identity, things, _wish(request, data, key, wait))
    answer = command_shapes.group_command(items)
    on_the_way = any(item.command is not None and item.command.ended is None for item in answer.items)
    return Response(answer, status_code=202 if on_the_way else 200)


@get("/things/{thing_id:str}/commands")
async def list_commands(
    context: Context, identity: Asker, thing_id: FromPath[str]
) -> shapes.Page[command_shapes.Command]:
    """The thing's commands, newest first."""
    await context.thing(thing_id, identity, Action.READ)
    views, _more = await search(context, identity, Search(things=[thing_id]), DEFAULT_LIMIT, None)
    return shapes.Page([command_shapes.command(view) for view in views])


def _read(
    *,
    thing: FromQuery[str | None] = None,
    by: Text = None,
    states: Annotated[str | None, QueryParameter(name="state", max_length=200)] = None,
    start: Annotated[str | None, QueryParameter(name="from", max_length=64)] = None,
    end: Annotated[str | None, QueryParameter(name="to", max_length=64)] = None,
) -> Search:
    """The query parameters that the list and the file have in common, read."""
    return read_search(thing=thing, by=by, state=states, start=start, end=end)


#: What is searched for, as `_read` reads it.
Wanted: TypeAlias = NamedDependency[Search]
SEARCH = {"wanted": Provide(_read, sync_to_thread=False)}


@get("/commands", dependencies=SEARCH)
async def find_commands(
    context: Context, identity: Asker, wanted: Wanted, after: Text = None, limit: Limit = DEFAULT_LIMIT
) -> shapes.Page[command_shapes.Command]:
    """Who wanted what, why, and what became of it; newest first, also what was refused (``state=refused``).

    ``by``: a person's, program's or scene's id, or a kind (person, program, scene, assistant). ``state``: one or
    several, with commas; ``open`` stands for those that have not ended. Times as in history.
    """
    views, more = await search(context, identity, wanted, limit, after)
    return shapes.Page([command_shapes.command(view) for view in views], more)


@get("/commands.csv", media_type="text/csv", dependencies=SEARCH)
async def export_commands(context: Context, identity: Asker, wanted: Wanted) -> Stream:
    """The same as CSV, all of it."""
    views, more = await search(context, identity, wanted, MAX_LIMIT, None)

    async def lines() -> AsyncIterator[str]:
        page, cursor = views, more
        yield csv_lines(None)
        while True:
            yield csv_lines(page)
            if cursor is None:
                return
            page, cursor = await search(context, identity, wanted, MAX_LIMIT, cursor)

    headers = {"Content-Disposition": 'attachment; filename="commands.csv"'}
    return Stream(lines(), media_type="text/csv", headers=headers)


@get("/commands/{command_id:str}")
async def get_command(
    context: Context, identity: Asker, command_id: FromPath[str], wait: Wait = 0.0
) -> command_shapes.Command:
    """One command; with ``wait`` up to so many seconds for its end."""
    partition, view = await _find(context, identity, command_id)
    if wait and partition is not None and view.ended is None:
        view = await context.owners.command_get(partition, talk.CommandGet(command_id, wait)) or view
    return command_shapes.command(view)


@delete("/commands/{command_id:str}", status_code=200)
async def cancel_command(context: Context, identity: Asker, command_id: FromPath[str]) -> command_shapes.Command:
    """Take back a command that has not left yet; one that has is ``too_late``."""
    partition, view = await _find(context, identity, command_id)
    row, _ = await context.thing(view.thing, identity, Action.CONTROL)
    if view.by.get("id") != identity.id:  # of somebody else: who might have asked for it
        model = await context.catalog.get(row.model, row.model_version)
        context.auth.require_command(identity, model, view.set, view.call, await context.path_of(row.place))
    if partition is None:
        raise CallerError(f"The command is {view.state}", code="too_late", field="id", expected="one that waits")
    return command_shapes.command(await context.owners.cancel(partition, talk.CommandCancel(command_id, identity.by())))


async def _find(context: ApiContext, identity: Identity, id: str) -> tuple[str | None, talk.CommandView]:
    """A command and the partition whose owner still has it. Raises CallerError ``not_found``."""
    failure: UnisonoError | None = None
    found: tuple[str | None, talk.CommandView] | None = None
    for partition in context.partitions:
        try:
            view = await context.owners.command_get(partition, talk.CommandGet(id, 0.0))
        except UnisonoError as error:
            failure = error
            continue
        if view is not None:
            found = partition, view
            break
    if found is None and (row := await context.registry.get_audit(id)) is not None:
        found = None, msgspec.msgpack.decode(row.body, type=talk.CommandView)
    if found is None:
        raise failure or CallerError(f"There is no command {id[:80]!r}", code="not_found", field="id")
    await context.thing(found[1].thing, identity, Action.READ)
    return found


router = Router(
    "/",
    route_handlers=[
        ask_command,
        ask_many,
        list_commands,
        find_commands,
        export_commands,
        get_command,
        cancel_command,
    ],
    tags=["commands"],
)
