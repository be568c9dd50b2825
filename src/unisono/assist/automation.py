"""A plan that is to happen later, or again and again, as a scene: the same document that people write.

Knows plans, models and the form of scenes. Knows no rights and keeps nothing: whether the scene may be kept is decided
where scenes are saved, and it is shown before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from unisono.assist.abilities import TRAVELLERS
from unisono.assist.orders import AT_REST, MOVES, Order, fitted, taken_back
from unisono.assist.plan import Condition, Plan, Step, When
from unisono.errors import CallerError
from unisono.scene.schedule import SUN
from unisono.thing import Model, find_action, find_event, find_property, traits
from unisono.thing.schema import NUMERIC
from unisono.thing.units import convert

__all__ = ["Setting", "scene_of"]

WHEREABOUTS = frozenset({"presence", "location"})
#: Where somebody is who is not at home.
AWAY = frozenset({"away", "not_home", "out"})

TELLS = frozenset({"notify", "remind"})

#: What a scene's list of scenes shows; the sentence itself is in the description.
NAME_CHARACTERS = 80

_CLOCK = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")
CRON_FIELDS = 5
DAY_S = 86_400.0


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a scene is made within: its ``id`` and place, who asked, when, and in which words.

    ``models``: of every thing that the plan names. ``places``: ids, for who arrives where; ``home``: the root.
    """

    id: str
    place: str
    home: str
    speaker: str
    said: str
    now: datetime
    models: Mapping[str, Model]
    places: Collection[str] = ()


def scene_of(plan: Plan, setting: Setting, given: Sequence[Order] = ()) -> dict[str, Any]:
    """The scene of an ``automate``, of a ``later``, or of the end of an ``act`` whose orders were ``given``.

    A scene without ``when`` is to be run at once: its first step waits. One with ``when`` that is to happen once ends
    with the first run; that is the business of whoever keeps it. Raises CallerError ``bad_value`` for what cannot be a
    scene, and what `unisono.thing` raises for a property or action that is not there.
    """
    when = plan.when or When()
    name = " ".join(setting.said.split())[:NAME_CHARACTERS] or "Later"
    scene: dict[str, Any] = {"id": setting.id, "name": name, "place": setting.place}
    if setting.said:
        scene["description"] = setting.said
    conditions = list(plan.conditions)
    triggers = _times(when)
    if plan.outcome == "automate" and not triggers:
        if not conditions:
            raise _bad("when", "nothing says when", "a time, or something that happens")
        triggers = _happenings(conditions.pop(0), setting)
    tests = [_condition(each, setting) for each in conditions]
    then = _end(plan.steps, when, setting, given) if plan.outcome == "act" else _steps(plan.steps, when, setting)
    if triggers:
        if plan.outcome == "later" and all(step.op in TELLS for step in plan.steps):
            triggers[0]["time"]["missed"] = "once"  # late, but told; a door must not unlock hours after it was meant to
        scene["when"] = triggers
        if tests:
            scene["if"] = tests
    elif tests:  # they are to hold when the wait is over, not when it begins
        then = [{"choose": {"branches": [{"if": tests, "then": then}]}}]
    if when.after_s and when.at not in SUN:
        then.insert(0, {"wait": {"for_s": when.after_s}})
    scene["then"] = then
    return scene


# when


def _times(when: When) -> list[dict[str, Any]]:
    if when.at is None and when.every is None:
        return []
    every = when.every
    if every is not None and len(every.split()) == CRON_FIELDS:
        return [{"time": {"cron": every}}]
    if when.at is None:
        raise _bad("when.at", f"{every} has no time of day", "HH:MM, sunrise or sunset")
    at = when.at
    if every is not None and at not in SUN and _CLOCK.match(at) is None:
        at = _local(at, "when.at").strftime("%H:%M")  # each of these days, not that one
    time: dict[str, Any] = {"at": at}
    if every is not None:
        time["every"] = every
    if when.after_s and at in SUN:
        time["offset_s"] = round(when.after_s)
    return [{"time": time}]


def _happenings(condition: Condition, setting: Setting) -> list[dict[str, Any]]:
    """The triggers of what begins to be so: of each thing, or of all of them that come and go."""
    models = [_model(setting, thing) for thing in condition.things]
    things = list(condition.things)
    if not things:
        raise _bad("if", "it is about no thing", "things")
    held = {"for_s": condition.for_s} if condition.for_s else {}
    way = _way(condition, models, setting)
    if way is not None:
        return [{"travel": {"things": things, **way, **held}}]
    if all(_has_event(model, condition.trait) for model in models):
        return [{"event": {"things": things, "event": condition.trait}}]
    return [{"change": {"things": things, **_test(condition, models), **held}}]


def _way(condition: Condition, models: list[Model], setting: Setting) -> dict[str, str] | None:
    """Who arrives where or leaves it, where the condition is that."""
    if condition.trait not in WHEREABOUTS or any((model.kind or model.id) not in TRAVELLERS for model in models):
        return None
    wanted = condition.equals
    if wanted is True or wanted == "home":
        return {"arrives": setting.home}
    if wanted is False or (isinstance(wanted, str) and wanted in AWAY):
        return {"leaves": setting.home}
    return {"arrives": wanted} if isinstance(wanted, str) and wanted in setting.places else None


def _has_event(model: Model, name: str) -> bool:
    try:
        find_event(model, name)
    except CallerError:
        return False
    try:  # what it also reports is a value that begins to be so
        find_property(model, name)
    except CallerError:
        return True
    return False


# if


def _condition(condition: Condition, setting: Setting) -> dict[str, Any]:
    models = [_model(setting, thing) for thing in condition.things]
    way = _way(condition, models, setting)
    if way is not None:
        at = {"whereabouts": {"things": list(condition.things), "at": way.get("arrives") or way["leaves"], "of": "any"}}
        return at if "arrives" in way else {"not": at}
    state: dict[str, Any] = {"things": list(condition.things), **_test(condition, models)}
    if condition.for_s:
        state["for_s"] = condition.for_s
    if len(condition.things) > 1 and not (condition.equals is False or condition.equals in AT_REST):
        state["of"] = "any"  # "if a window is open", but "if the windows are closed"
    return {"state": state}


def _test(condition: Condition, models: list[Model]) -> dict[str, Any]:
    found: dict[str, Any] = {"property": condition.trait}
    for model in models:
        key, described = find_property(model, condition.trait)
        trait = traits().get(described.trait or "")
        for name, bound in (("above", condition.above), ("below", condition.below)):
            if bound is None:
                continue
            foreign = trait is not None and trait.unit and described.unit and trait.unit != described.unit
            own = convert(bound, trait.unit or "", described.unit or "") if foreign and trait is not None else bound
            if found.setdefault(name, own) != own:
                detail = f"{key} is measured in different units"
                raise _bad("if", detail, "one condition for things that measure alike")
        if condition.equals in ("open", "closed") and described.schema.kind in NUMERIC:
            found.update({"above": 0} if condition.equals == "open" else {"is": 0})
        elif condition.equals is not None:
            found["is"] = condition.equals
    return found


# then


def _steps(steps: Sequence[Step], when: When, setting: Setting) -> list[dict[str, Any]]:
    then: list[dict[str, Any]] = []
    for step in steps:
        then += _moves(step, setting) if step.op in MOVES else [_other(step, setting)]
    if not then:
        raise _bad("steps", "nothing is to be done", "a step")
    if when.until is None:
        return then
    things = list(dict.fromkeys(thing for step in steps if step.op in MOVES for thing in step.things))
    back = [each for step in reversed(steps) for each in _back(step)]
    if not things:
        raise _bad("when.until", "nothing of it ends", "a step that sets something")
    ahead: list[dict[str, Any]] = []
    if any(not _is_switch(step) for step in steps if step.op in MOVES):
        ahead = [{"snapshot": {"things": things, "name": "before"}}]
        back = [{"restore": {"name": "before"}}]
    return [*ahead, *then, {"wait": _until(when, setting)}, *back]


def _end(steps: Sequence[Step], when: When, setting: Setting, given: Sequence[Order]) -> list[dict[str, Any]]:
    """Wait, and put back: switches to their other side, all else to what was reported before."""
    back = [each for step in reversed(steps) for each in _back(step)]
    switches = {(thing, step.trait) for step in steps if _is_switch(step) for thing in step.things}
    for order in taken_back(given):
        assert order.set is not None
        properties = _model(setting, order.thing).properties
        state = {
            key: value
            for key, value in order.set.items()
            if not switches & {(order.thing, key), (order.thing, properties[key].trait)}
        }
        if state:
            back.append({"set": {"things": [order.thing], "state": state}})
    if not back:
        raise _bad("when.until", "nothing of it ends", "a step that sets something")
    return [{"wait": _until(when, setting)}, *back]


def _moves(step: Step, setting: Setting) -> list[dict[str, Any]]:
    if step.op == "call":
        for thing in step.things:
            find_action(_model(setting, thing), step.trait or "")
        given = {"input": dict(step.value)} if isinstance(step.value, Mapping) else {}
        return [{"call": {"things": list(step.things), "action": step.trait, **given}}]
    # things that measure in another unit are asked by themselves
    together: dict[Any, tuple[Any, list[str]]] = {}
    for thing in step.things:
        _key, value = fitted(_model(setting, thing), step)
        together.setdefault(repr(value), (value, []))[1].append(thing)
    return [
        {"set": {"things": things, "state": {step.trait: _wanted(step.op, value)}}}
        for value, things in together.values()
    ]


def _wanted(op: str, value: Any) -> Any:
    return {"toggle": True} if op == "toggle" else {"add": value} if op == "add" else value


def _other(step: Step, setting: Setting) -> dict[str, Any]:
    if step.op == "run":
        return {"scene": {"id": step.scene}}
    if step.op in TELLS:
        to = setting.speaker if step.to in (None, "", "me") else step.to
        text = step.text or setting.said
        # braces would be read as the value of a thing, which nobody said
        return {"notify": {"to": [to], "text": text.replace("{", "(").replace("}", ")")}}
    raise _bad("steps", f"{step.op} is for now, not for later", "set, add, toggle, call, run, notify or remind")


def _is_switch(step: Step) -> bool:
    return step.op == "toggle" or (step.op == "set" and (isinstance(step.value, bool) or _opens(step.value)))


def _opens(value: Any) -> bool:
    return isinstance(value, str) and value in _OTHER


_OTHER = {"open": "closed", "closed": "open"}


def _back(step: Step) -> list[dict[str, Any]]:
    """What ends a switch: off after on, though it was on before - "run it until eight" says that it is off then."""
    if not _is_switch(step):
        return []
    value: Any = (
        {"toggle": True} if step.op == "toggle" else _OTHER[step.value] if _opens(step.value) else not step.value
    )
    return [{"set": {"things": list(step.things), "state": {step.trait: value}}}]


def _until(when: When, setting: Setting) -> dict[str, Any]:
    """The wait for the end: as long as the stretch from the beginning, so that no change of the clock moves it."""
    until = when.until or ""
    if until in SUN:
        return {
            "until": [{"sun": {"is": "up" if until in ("dawn", "sunrise", "noon") else "down"}}],
            "timeout_s": DAY_S,
        }
    if _CLOCK.match(until) is None:
        if when.every is not None:
            raise _bad("when.until", f"{until} ends it once, and it comes again", "HH:MM, sunrise or sunset")
        return {"for_s": _seconds(_local(until, "when.until") - _begin(when, setting), until)}
    if when.at is not None and _CLOCK.match(when.at) is not None:
        minutes = _minutes(until) - _minutes(when.at)
        return {"for_s": (minutes * 60.0) % DAY_S or DAY_S}
    later = f"{(int(until[:2]) + 1) % 24:02d}:{until[3:]}"
    return {"until": [{"time": {"after": until, "before": later}}], "timeout_s": DAY_S}


def _begin(when: When, setting: Setting) -> datetime:
    if when.at is not None and when.at not in SUN:
        return _local(when.at, "when.at")
    return setting.now.replace(tzinfo=None) + timedelta(seconds=when.after_s or 0)


def _seconds(length: timedelta, until: str) -> float:
    if length <= timedelta():
        raise _bad("when.until", f"{until} is before it begins", "a later time")
    return length.total_seconds()


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _local(text: str, field: str) -> datetime:
    """A local time without its zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise _bad(field, f"{text[:40]!r} is no time", "a local ISO time") from None


def _model(setting: Setting, thing: str) -> Model:
    model = setting.models.get(thing)
    if model is None:
        raise CallerError(f"There is no thing {thing[:80]!r}", code="not_found", field="things")
    return model


def _bad(field: str, detail: str, expected: str) -> CallerError:
    return CallerError(detail, code="bad_value", field=field, expected=expected)
