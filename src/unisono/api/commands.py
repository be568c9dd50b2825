"""Commands over HTTP: ask a thing for something, and see what became of it.

Knows paths and shapes; what is asked is checked by `unisono.api.asking`. The life of a command is the owner's.
"""

from __future__ import annotations

from typing import Annotated

from litestar import Response, Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from unisono.access import Action
from unisono.api import shapes
from unisono.api.asking import ask_for
from unisono.api.inject import Asker, Context
from unisono.errors import CallerError, UnisonoError
from unisono.twin import talk

__all__ = ["router"]

# longer waits are for the WebSocket
MAX_WAIT_S = 60.0

# states in which nothing more will happen (the design's table of a command's life)
ENDED = frozenset({"confirmed", "mismatch", "timeout", "rejected", "expired", "superseded", "failed"})

Wait = Annotated[float, QueryParameter(ge=0, le=MAX_WAIT_S)]


@post("/things/{thing_id:str}/commands", status_code=200)
async def ask_command(
    context: Context, identity: Asker, thing_id: FromPath[str], data: JSONBody[shapes.CommandNew], wait: Wait = 0.0
) -> Response[shapes.Command]:
    """Ask a thing to take on values or to do something; waits up to ``wait`` seconds for the command's end.

    Answers 200 when the command ended, 202 when it is still on its way: look at ``state``, only *confirmed* means done.
    """
    row, partition = await context.thing(thing_id, identity, Action.CONTROL)
    view = await ask_for(
        context,
        identity,
        row,
        partition,
        set=data.set,
        call=data.call,
        input=data.input or {},
        ttl_s=data.ttl_s,
        wait_s=wait,
    )
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
