"""Entities that open and close: covers with their slats, valves, locks."""

from __future__ import annotations

from typing import Any, NamedTuple

from unisono.dialect.homeassistant.entity import ABSENT, Entity, number, on_off
from unisono.dialect.pieces import json_of, trait_property
from unisono.dialect.said import Say
from unisono.errors import CallerError
from unisono.thing import Action, Property, Schema

__all__ = ["cover", "lock", "valve"]


class Span(NamedTuple):
    """A position as the device counts it: where it is closed, and where it is open."""

    closed: float
    opened: float

    def percent(self, value: Any) -> Any:
        """In percent open."""
        found = number(value)
        if found is ABSENT:
            return ABSENT
        return round(min(100.0, max(0.0, (found - self.closed) * 100 / (self.opened - self.closed))), 1)

    def count(self, percent: float) -> int:
        """As the device counts it."""
        return round(self.closed + percent * (self.opened - self.closed) / 100)


def _span(entity: Entity, closed: str, opened: str) -> Span:
    low, high = entity.number(closed, 0.0), entity.number(opened, 100.0)
    assert low is not None and high is not None
    return Span(low, high if high != low else low + 100.0)


def _member(name: str, value: Any) -> Any:
    """A member of what may be a JSON object; of what is none, the value itself."""
    found = json_of(value.encode()) if isinstance(value, str) and value.lstrip().startswith("{") else value
    return found.get(name, ABSENT) if isinstance(found, dict) else value


def cover(entity: Entity) -> None:
    """Position in percent open; a cover that only knows open and closed is at 100 or 0."""
    settable = entity.has("set_position_topic") or entity.has("command_topic")
    address = entity.add(trait_property("position", writable=settable))
    span, slats = _span(entity, "position_closed", "position_open"), _span(entity, "tilt_min", "tilt_max")
    known = {
        "position_open": span.opened,
        "position_closed": span.closed,
        "tilt_min": slats.closed,
        "tilt_max": slats.opened,
    }
    states = {entity.text("state_open", "open"): 100.0, entity.text("state_closed", "closed"): 0.0}
    if entity.has("position_topic"):
        entity.read("position_topic", "position_template", address, lambda v: span.percent(_member("position", v)))
    else:
        entity.read("state_topic", "value_template", address, lambda value: states.get(str(value), ABSENT))
    position = entity.command("set_position_topic", "set_position_template")
    command = entity.command("command_topic", "command_template")
    payloads = entity.text("payload_open", "OPEN"), entity.text("payload_close", "CLOSE")

    def writer(values: dict[str, Any]) -> list[Say]:
        wanted = values[address]
        if position is not None:
            return position(span.count(wanted), {**known, "position": round(wanted)})
        assert command is not None
        if wanted not in (0, 100):
            raise CallerError("it only opens and closes", code="bad_value", field="position", expected="0 or 100")
        return command(payloads[0] if wanted else payloads[1])

    if settable:
        entity.piece.writers[address] = writer
    stop = entity.config.get("payload_stop", "STOP")
    if command is not None and stop is not None:
        entity.call(Action(key="stop", idempotent=True, titles={"en": "Stop"}), lambda _input: command(str(stop)))
    if entity.has("tilt_command_topic") or entity.has("tilt_status_topic"):
        _tilt(entity, slats, known)


def _tilt(entity: Entity, slats: Span, known: dict[str, float]) -> None:
    tilt = entity.add(trait_property("tilt", writable=entity.has("tilt_command_topic")))
    entity.read("tilt_status_topic", "tilt_status_template", tilt, slats.percent)

    def with_position(value: Any) -> Any:
        found = _member("tilt_position", value)
        return ABSENT if found is value else slats.percent(found)

    entity.read("position_topic", "position_template", tilt, with_position)
    told = entity.command("tilt_command_topic", "tilt_command_template")
    if told is not None:
        entity.piece.writers[tilt] = lambda values: told(
            slats.count(values[tilt]), {**known, "tilt_position": round(values[tilt])}
        )


def valve(entity: Entity) -> None:
    writable = entity.has("command_topic")
    command = entity.command("command_topic", "command_template")
    if entity.flag("reports_position"):
        address = entity.add(trait_property("position", writable=writable))
        span = _span(entity, "position_closed", "position_open")
        entity.read("state_topic", "value_template", address, lambda v: span.percent(_member("position", v)))
        entity.write("command_topic", "command_template", address, span.count)
    else:
        address = entity.add(trait_property("on_off", writable=writable))
        is_open = on_off(entity.text("state_open", "open"), entity.text("state_closed", "closed"))
        entity.read("state_topic", "value_template", address, lambda v: is_open(_member("state", v)))
        opens, closes = entity.text("payload_open", "OPEN"), entity.text("payload_close", "CLOSE")
        entity.write("command_topic", "command_template", address, lambda wanted: opens if wanted else closes)
    if command is not None and entity.has("payload_stop"):
        stop = entity.text("payload_stop")
        entity.call(Action(key="stop", idempotent=True, titles={"en": "Stop"}), lambda _input: command(stop))


def lock(entity: Entity) -> None:
    address = entity.add(trait_property("locked", writable=entity.has("command_topic")))
    locked, unlocked = entity.text("state_locked", "LOCKED"), entity.text("state_unlocked", "UNLOCKED")
    jammed_word = entity.text("state_jammed", "JAMMED")
    told = on_off(locked, unlocked)
    # what stuck on its way has not locked
    entity.read("state_topic", "value_template", address, lambda value: value != jammed_word and told(value))
    payloads = entity.text("payload_lock", "LOCK"), entity.text("payload_unlock", "UNLOCK")
    entity.write("command_topic", "command_template", address, lambda wanted: payloads[0] if wanted else payloads[1])
    if entity.has("state_jammed"):
        jams = {jammed_word: True, locked: False, unlocked: False}
        jammed = entity.add(Property(key="jammed", schema=Schema(kind="bool"), titles={"en": "Jammed"}))
        entity.read("state_topic", "value_template", jammed, lambda value: jams.get(str(value), ABSENT))
    command = entity.command("command_topic", "command_template")
    if command is not None and entity.has("payload_open"):
        unlatch = entity.text("payload_open")
        entity.call(Action(key="open", titles={"en": "Open"}, risky=True), lambda _input: command(unlatch))
