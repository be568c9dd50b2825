"""Alarms over HTTP: what stands, and what people do about it.

Knows paths, rights and cursors. How alarms stand is the owner's to say, and whether an act makes sense.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from unisono.access import Action, Risk
from unisono.api.alarms import definitions as alarm_definitions
from unisono.api.alarms import history as alarm_history
from unisono.api.alarms import shapes
from unisono.api.auth import Identity
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.shapes import Page
from unisono.api.things.things import visible_in
from unisono.errors import CallerError
from unisono.scene.alarm.document import SEVERITIES
from unisono.scene.alarm.state import STANDING, State
from unisono.scene.alarm.talk import ActAsk, AlarmsAsk, AlarmView

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

#: Acts by which nobody will be called any more, for a time: of the worst alarms only who runs the place may.
SILENCING = ("shelve", "take_out")
WORST = ("critical", "high")

#: All but ``normal``: an alarm of each thing that has one would be a list of things.
EVERY = tuple(state.value for state in State if state is not State.NORMAL)


@get("/")
async def list_alarms(
    context: Context,
    identity: Asker,
    place: FromQuery[str | None] = None,
    thing: FromQuery[str | None] = None,
    severity: Annotated[str | None, QueryParameter(max_length=200)] = None,
    states: Annotated[str | None, QueryParameter(name="state", max_length=300)] = None,
    after: Annotated[str | None, QueryParameter(max_length=200)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> Page[shapes.Alarm]:
    """What stands, the worst and of one severity the newest first; ``place`` includes all below it.

    ``severity`` and ``state`` take one or several, with commas. Without ``state``: what an operator has on the list,
    not what is shelved, suppressed or out of service (``all`` has those too).
    """
    places = await visible_in(context, identity, place)
    if thing is not None:
        await context.thing(thing, identity, Action.READ)
    severities = _several(severity, SEVERITIES, "severity")
    wanted: list[str] = [*sorted(STANDING)] if states is None else [*EVERY]
    if states not in (None, "all"):
        wanted = _several(states, tuple(State), "state") or []
    ask = AlarmsAsk(places, wanted, severities, None if thing is None else [thing], None, _cursor(after), limit + 1)
    answers = await asyncio.gather(*(context.owners.alarms(partition, ask) for partition in context.partitions))
    found = sorted((key, n, i) for n, answer in enumerate(answers) for i, key in enumerate(answer.keys))
    items = [shapes.alarm(answers[n].alarms[i]) for _key, n, i in found[:limit]]
    return Page(items, _text(found[limit - 1][0]) if len(found) > limit else None)


def _several(text: str | None, known: tuple[str, ...], field: str) -> list[str] | None:
    if text is None:
        return None
    found = [each.strip() for each in text.split(",") if each.strip()]
    for each in found:
        if each not in known:
            raise CallerError(f"{each[:80]!r} is none", code="bad_value", field=field, expected=", ".join(known))
    return found


def _text(key: tuple[int, int, str]) -> str:
    severity, at, id = key
    return f"{severity}.{-at}.{id}"


def _cursor(after: str | None) -> tuple[int, int, str] | None:
    if after is None:
        return None
    severity, _dot, rest = after.partition(".")
    at, _dot, id = rest.partition(".")
    if not severity.isdigit() or not at.isdigit() or not id:
        raise CallerError("That is no cursor", code="bad_value", field="after", expected="next of the last page")
    return int(severity), -int(at), id


async def _find(context: ApiContext, identity: Identity, alarm_id: str) -> tuple[str, AlarmView | None]:
    """The partition of an alarm that the identity may see, and how it stands: None where it never was raised.

    Raises CallerError ``not_found``.
    """
    _definition, _dot, thing = alarm_id.partition(".")
    try:
        _row, partition = await context.thing(thing, identity, Action.READ)
    except CallerError as error:
        if error.code != "not_found":
            raise
        raise _no_alarm(alarm_id) from None
    found = (await context.owners.alarms(partition, AlarmsAsk(ids=[alarm_id]))).alarms
    return partition, found[0] if found else None


def _no_alarm(alarm_id: str) -> CallerError:
    return CallerError(
        f"There is no alarm {alarm_id[:200]!r}", code="not_found", field="id", mend="Run: unisono alarm list"
    )


@get("/{alarm_id:str}")
async def get_alarm(context: Context, identity: Asker, alarm_id: FromPath[str]) -> shapes.Alarm:
    """One alarm, whatever its state."""
    _partition, view = await _find(context, identity, alarm_id)
    if view is None:
        raise _no_alarm(alarm_id)
    return shapes.alarm(view)


async def _act(
    context: ApiContext, identity: Identity, alarm_id: str, act: str, comment: str, for_s: float = 0.0
) -> shapes.Alarm:
    partition, view = await _find(context, identity, alarm_id)
    row, _partition = await context.thing(alarm_id.partition(".")[2], identity, Action.READ)
    worst = view is not None and view.severity in WORST
    risk = Risk.DANGEROUS if act in SILENCING and worst else Risk.SENSITIVE
    context.auth.require(identity, Action.CONTROL, await context.path_of(row.place), risk)
    ask = ActAsk(alarm_id, act, identity.by(), comment, for_s)
    return shapes.alarm(await context.owners.alarm_act(partition, ask))


@post("/{alarm_id:str}/acknowledge", status_code=200)
async def acknowledge(
    context: Context, identity: Asker, alarm_id: FromPath[str], data: JSONBody[shapes.Act]
) -> shapes.Alarm:
    """Say that you have seen it and that somebody sees to it. Nobody else is called."""
    return await _act(context, identity, alarm_id, "acknowledge", data.comment)


@post("/{alarm_id:str}/reset", status_code=200)
async def reset(context: Context, identity: Asker, alarm_id: FromPath[str], data: JSONBody[shapes.Act]) -> shapes.Alarm:
    """Clear a latched alarm that is over and acknowledged."""
    return await _act(context, identity, alarm_id, "reset", data.comment)


@post("/{alarm_id:str}/shelve", status_code=200)
async def shelve(
    context: Context, identity: Asker, alarm_id: FromPath[str], data: JSONBody[shapes.Shelving]
) -> shapes.Alarm:
    """Put it aside for a time: it is followed, but nobody is called. How long at most, its definition says."""
    return await _act(context, identity, alarm_id, "shelve", data.comment, data.for_s)


@post("/{alarm_id:str}/unshelve", status_code=200)
async def unshelve(
    context: Context, identity: Asker, alarm_id: FromPath[str], data: JSONBody[shapes.Act]
) -> shapes.Alarm:
    """Take it off the shelf before its time; if its condition is given, it is raised anew."""
    return await _act(context, identity, alarm_id, "unshelve", data.comment)


@post("/{alarm_id:str}/out-of-service", status_code=200)
async def take_out(
    context: Context, identity: Asker, alarm_id: FromPath[str], data: JSONBody[shapes.Act]
) -> shapes.Alarm:
    """Take it out of service until it is returned, as while its sensor is broken."""
    return await _act(context, identity, alarm_id, "take_out", data.comment)


@post("/{alarm_id:str}/return-to-service", status_code=200)
async def return_to_service(
    context: Context, identity: Asker, alarm_id: FromPath[str], data: JSONBody[shapes.Act]
) -> shapes.Alarm:
    """Bring it back into service."""
    return await _act(context, identity, alarm_id, "return_to_service", data.comment)


router = Router(
    "/alarms",
    route_handlers=[
        list_alarms,
        *alarm_definitions.HANDLERS,
        *alarm_history.HANDLERS,
        get_alarm,
        acknowledge,
        reset,
        shelve,
        unshelve,
        take_out,
        return_to_service,
    ],
    tags=["alarms"],
)
