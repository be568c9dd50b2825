"""A thing as a W3C Thing Description, and the addresses that it names: a property by its value, an action by its input.

Knows what the caller may do: what they may not change is read only in their description, what they may not call is not
there. Values are ours, behind the model's codec, whatever the thing speaks. Events have no address here: they are told
on the live view.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post, put
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody

from unisono import access
from unisono.access import Action, Risk
from unisono.api.auth import Identity
from unisono.api.commands import shapes as command_shapes
from unisono.api.commands.asking import Wish, address_of, ask_for
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.errors import CallerError
from unisono.store.registry import ThingRow
from unisono.thing import Model, Property, find_property
from unisono.thing.formats.wot.write import CONTEXT, write_action, write_property

__all__ = ["describe_thing", "router"]

TD = "application/td+json"  # registered for Thing Descriptions
WAIT_S = 30.0  # for the end of a command: a car has to wake up; a caller who gives up earlier finds it in the list
#: What is no failure: of what cannot answer more than *acknowledged* is never known.
DONE = frozenset({"confirmed", "acknowledged"})
LATER = {
    202: ResponseSpec(command_shapes.Command, description="On its way", generate_examples=False),
    409: ResponseSpec(command_shapes.Command, description="It ended otherwise", generate_examples=False),
}


@get("/{thing_id:str}/wot", media_type=TD)
async def describe(
    request: Request[Any, Any, Any], context: Context, identity: Asker, thing_id: FromPath[str]
) -> Response[bytes]:
    """The thing as a W3C Thing Description, with what you may do."""
    row, _ = await context.thing(thing_id, identity, Action.READ)
    model = await context.catalog.get(row.model, row.model_version)
    path = await context.path_of(row.place)
    base = f"{str(request.base_url).rstrip('/')}/api/v1/things/{row.id}"
    made = describe_thing(context, identity, row, model, path, base)
    return Response(msgspec.json.encode(made), media_type=TD)


def describe_thing(
    context: ApiContext, identity: Identity, row: ThingRow, model: Model, path: Any, base: str
) -> dict[str, Any]:
    """The description of one thing for one caller; ``base``: its own address."""

    def may(wanted: dict[str, Any], call: str | None) -> bool:
        return context.auth.allows(identity, Action.CONTROL, path, access.risk_of(model, wanted, call))

    properties: dict[str, Any] = {}
    for key, each in model.properties.items():
        if not each.parameter_only and not each.hidden:
            writable = each.writable and context.auth.allows(
                identity, Action.CONTROL, path, _least_risk(model, key, each)
            )
            properties[key] = _property(each, f"{base}/properties/{key}", writable=writable)
    actions = {
        key: {**write_action(each), "forms": [{"href": f"{base}/actions/{key}", "op": ["invokeaction"]}]}
        for key, each in model.actions.items()
        if not each.hidden and may({}, key)
    }
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "id": f"urn:unisono:thing:{row.id}",
        "title": row.name or row.id,
        "securityDefinitions": {"bearer": {"scheme": "bearer", "in": "header"}},
        "security": ["bearer"],
    }
    for name, found in (("properties", properties), ("actions", actions)):
        if found:
            made[name] = found
    return made


def _least_risk(model: Model, key: str, property: Property) -> Risk:
    """The risk of the most harmless value: whoever may lock but not unlock still writes the lock."""
    if property.harmless:
        return access.risk_of(model, {key: property.harmless[0]}, None)
    return access.risk_of(model, {key: object()}, None)


def _property(property: Property, href: str, *, writable: bool) -> dict[str, Any]:
    """A property with its form; values as they are kept, so without the wire's codec and spelling."""
    rights = tuple(right for right in ("read", "write" if writable else "") if right)
    plain = msgspec.structs.replace(property, codec=(), raw_unit=None, ref=None, access=rights)
    operations = ["readproperty", *(["writeproperty"] if writable else [])]
    return {**write_property(plain), "forms": [{"href": href, "op": operations}]}


@get("/{thing_id:str}/properties/{key:str}")
async def read_property(
    context: Context, identity: Asker, thing_id: FromPath[str], key: FromPath[str]
) -> Response[bytes]:
    """The value that a thing last reported for a property."""
    row, partition = await context.thing(thing_id, identity, Action.READ)
    model = await context.catalog.get(row.model, row.model_version)
    address, _ = find_property(model, key)
    twins = await context.owners.twins(partition, [row.id])
    told = twins[row.id].state.get(address) if row.id in twins else None
    if told is None:
        raise CallerError(f"{row.id} has not reported {address} yet", code="not_found", field=key)
    return Response(msgspec.json.encode(told[0]), media_type="application/json")


@put("/{thing_id:str}/properties/{key:str}", responses=LATER)
async def write_value(
    request: Request[Any, Any, Any], context: Context, identity: Asker, thing_id: FromPath[str], key: FromPath[str]
) -> Response[command_shapes.Command]:
    """Ask a thing for a value: the body is it. 200 only when the thing has reported it; 202 while it is on its way."""
    try:
        value = msgspec.json.decode(await request.body())
    except (msgspec.MsgspecError, RecursionError) as error:
        raise CallerError(str(error), code="bad_json", expected="the value as JSON") from None
    return await _asked(context, identity, thing_id, _wish(request, set={key: value}))


@post("/{thing_id:str}/actions/{key:str}", status_code=200, responses=LATER)
async def invoke(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    thing_id: FromPath[str],
    key: FromPath[str],
    data: JSONBody[dict[str, Any] | None],
) -> Response[command_shapes.Command]:
    """Ask a thing to do something: the body is the input. 200 only when it is done, or when it was told to a thing that
    has no way to say so (*acknowledged*, with ``ended``); 202 while it is on its way."""
    return await _asked(context, identity, thing_id, _wish(request, call=key, input=data or {}))


def _wish(request: Request[Any, Any, Any], **wanted: Any) -> Wish:
    return Wish(wait_s=WAIT_S, address=address_of(request), **wanted)


async def _asked(
    context: ApiContext, identity: Identity, thing_id: str, wish: Wish
) -> Response[command_shapes.Command]:
    row, partition = await context.thing(thing_id, identity, Action.READ)
    view = await ask_for(context, identity, row, partition, wish)
    status = 202 if view.ended is None else 200 if view.state in DONE else 409
    return Response(command_shapes.command(view), status_code=status)


router = Router("/things", route_handlers=[describe, read_property, write_value, invoke], tags=["things"])
