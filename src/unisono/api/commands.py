"""Commands over HTTP: ask a thing for something, and see what became of it.

Knows how a request is checked against the thing's model before it enters the log. The life of a command is the owner's.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from unisono.access import Action
from unisono.api import shapes
from unisono.api.context import now_us
from unisono.api.ids import new_ulid
from unisono.api.inject import Asker, Context
from unisono.errors import CallerError, UnisonoError
from unisono.thing import Model, check_input, check_value, find_action, find_property
from unisono.twin import record, talk

__all__ = ["router"]

# longer waits are for the WebSocket
MAX_WAIT_S = 60.0

# states in which nothing more will happen (the design's table of a command's life)
ENDED = frozenset({"confirmed", "mismatch", "timeout", "rejected", "expired", "superseded", "failed"})

Wait = Annotated[float, QueryParameter(ge=0, le=MAX_WAIT_S)]


def check_command(model: Model, new: shapes.CommandNew) -> tuple[dict[str, Any] | None, str | None, dict[str, Any]]:
    """``set`` by property key, or the action's key and its input, checked against the model.

    Raises CallerError: bad_request, unknown_property, unknown_action, not_writable, bad_value.
    """
    if (new.set is None) == (new.call is None):
        raise CallerError("Say what is wanted", code="bad_request", expected='either {"set": {...}} or {"call": "..."}')
    if new.set is not None:
        if not new.set:
            raise CallerError("Nothing is wanted", code="bad_request", field="set", expected="at least one property")
        return dict(_wanted(model, *item) for item in new.set.items()), None, {}
    assert new.call is not None
    key, action = find_action(model, new.call)
    return None, key, check_input(model, action.inputs, new.input or {})


def _wanted(model: Model, name: str, value: Any) -> tuple[str, Any]:
    key, found = find_property(model, name)
    if not found.writable:
        writable = ", ".join(each for each, p in model.properties.items() if p.writable) or "none of this model"
        raise CallerError(
            f"{key} can only be read",
            code="not_writable",
            field=f"set.{name}",
            expected=f"a writable property: {writable}",
        )
    return key, check_value(found.schema, value, f"set.{name}", writing=True)


@post("/things/{thing_id:str}/commands", status_code=200)
async def ask_command(
    context: Context, identity: Asker, thing_id: FromPath[str], data: JSONBody[shapes.CommandNew], wait: Wait = 0.0
) -> Response[shapes.Command]:
    """Ask a thing to take on values or to do something; waits up to ``wait`` seconds for the command's end.

    Answers 200 when the command ended, 202 when it is still on its way: look at ``state``, only *confirmed* means done.
    """
    row, partition = await context.thing(thing_id, identity, Action.CONTROL)
    model = await context.catalog.get(row.model, row.model_version)
    wanted, call, given = check_command(model, data)
    context.auth.require_command(identity, model, wanted, call, await context.path_of(row.place))
    at = now_us()
    asked = record.Asked(
        id=new_ulid(at),
        thing=row.id,
        at=at,
        by=identity.by(),
        set=wanted,
        call=call,
        input=given if call is not None else None,
        ttl_s=data.ttl_s,
    )
    view = await context.owners.command(partition, talk.CommandAsk(asked, wait))
    return Response(shapes.command(view), status_code=200 if view.state in ENDED else 202)


@get("/things/{thing_id:str}/commands")
async def list_commands(context: Context, identity: Asker, thing_id: FromPath[str]) -> shapes.Page[shapes.Command]:
    """The thing's commands, newest first, as far back as the owner keeps them."""
    _, partition = await context.thing(thing_id, identity, Action.READ)
    return shapes.Page([shapes.command(view) for view in await context.owners.commands(partition, thing_id)])


@get("/commands/{command_id:str}")
async def get_command(context: Context, identity: Asker, command_id: FromPath[str], wait: Wait = 0.0) -> shapes.Command:
    """One command; with ``wait`` up to so many seconds for its end."""
    view: talk.CommandView | None = None
    failure: UnisonoError | None = None
    for partition in context.partitions:
        try:
            view = await context.owners.command_get(partition, talk.CommandGet(command_id, 0.0))
            if view is not None:
                if wait and view.state not in ENDED:
                    view = await context.owners.command_get(partition, talk.CommandGet(command_id, wait))
                break
        except UnisonoError as error:
            if error.code != "not_found":
                failure = error
    if view is None:
        raise failure or CallerError(f"There is no command {command_id[:80]!r}", code="not_found", field="id")
    await context.thing(view.thing, identity, Action.READ)
    return shapes.command(view)


router = Router("/", route_handlers=[ask_command, list_commands, get_command], tags=["commands"])
