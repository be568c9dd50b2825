"""What a plan's steps ask of each thing, in the thing's own words: orders that a hub can give it.

Knows models, units and reported values. Knows no rights (they were checked when the plan was made, and are again where
an order is given) and nothing of how an order travels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from unisono.assist.plan import Condition, Step
from unisono.errors import CallerError
from unisono.thing import Model, Property, find_action, find_property, traits
from unisono.thing.schema import NUMERIC, Schema
from unisono.thing.units import convert

__all__ = ["MOVES", "Order", "fitted", "holds", "missing", "orders", "taken_back"]

#: What a step does to things, as apart from those that run, tell or take back something.
MOVES = frozenset({"set", "add", "toggle", "call"})

#: Values that, beside false, are what a thing is at rest. Of several things a test for one of them means all ("if the
#: windows are closed"), a test for any other means any ("if a window is open").
AT_REST = ("closed", "off", "idle")

States = Mapping[str, Mapping[str, Any]]


class Order(msgspec.Struct, frozen=True):
    """One command to one thing: ``set`` by property key, or ``call`` with its input. ``before``: what was reported of
    the properties that are set, where anything was."""

    thing: str
    set: dict[str, Any] | None = None
    call: str | None = None
    input: dict[str, Any] = {}
    before: dict[str, Any] = {}


def orders(steps: Iterable[Step], models: Mapping[str, Model], states: States) -> list[Order]:
    """One order for each thing and step that moves something; steps of one thing in a row become one.

    ``states``: reported values by thing and property key. Raises CallerError ``unknown_property``, ``unknown_action``,
    ``bad_value``: for a value that does not fit, or one relative to what is not known.
    """
    found: list[Order] = []
    for step in steps:
        if step.op not in MOVES:
            continue
        for thing in step.things:
            order = _order(step, thing, _model(models, thing), states.get(thing, {}))
            last = next((each for each in reversed(found) if each.thing == thing), None)
            if last is None or last.set is None or order.set is None or last.set.keys() & order.set.keys():
                found.append(order)
            else:
                last.set.update(order.set)
                last.before.update(order.before)
    return found


def _order(step: Step, thing: str, model: Model, state: Mapping[str, Any]) -> Order:
    if step.op == "call":
        return Order(thing, call=find_action(model, step.trait or "")[0], input=_input(step.value))
    key, value = fitted(model, step)
    if step.op != "set":
        value = _from_now(find_property(model, key)[1].schema, key, step.op, value, state)
    before = {key: state[key]} if key in state else {}
    return Order(thing, {key: value}, before=before)


def _input(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    raise CallerError("an action takes its input by name", code="bad_value", field="value", expected="an object")


def fitted(model: Model, step: Step) -> tuple[str, Any]:
    """The key of the property that a step means, and its value (or how much is added) in the property's own unit."""
    key, found = find_property(model, step.trait or "")
    return key, _in_unit(found, step.value, step.unit, relative=step.op == "add")


def _in_unit(found: Property, value: Any, unit: str | None, *, relative: bool = False) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    trait = traits().get(found.trait or "")
    source = unit or (trait.unit if trait is not None else None)
    if source and found.unit and source != found.unit:
        value = convert(value, source, found.unit) - (convert(0, source, found.unit) if relative else 0)
    if found.schema.kind == "int" and value == int(value):
        return int(value)
    return value


def _from_now(schema: Schema, key: str, op: str, value: Any, state: Mapping[str, Any]) -> Any:
    now = state.get(key)
    if op == "toggle":
        if not isinstance(now, bool):
            raise _unknown(key)
        return not now
    if isinstance(now, bool) or not isinstance(now, int | float) or not isinstance(value, int | float):
        raise _unknown(key)
    return _within(schema, now + value)


def _within(schema: Schema, value: float) -> int | float:
    """As near as the property can come: within its range, on its steps."""
    low, high = (None if bound is None else float(bound) for bound in (schema.min, schema.max))
    if schema.step:
        step, start = float(schema.step), low or 0.0
        value = start + round((value - start) / step) * step
    if low is not None:
        value = max(value, low)
    if high is not None:
        value = min(value, high)
    value = round(value, 6)  # 20.1 + 0.2 is no 20.300000000000001
    return round(value) if schema.kind == "int" else value


def _unknown(key: str) -> CallerError:
    return CallerError("what it is now is not known", code="bad_value", field=key, expected="a value to set it to")


def missing(condition: Condition, models: Mapping[str, Model], states: States) -> bool:
    """Whether nothing is known of what a condition is about."""
    return all(value is None for value in _values(condition, models, states))


def holds(condition: Condition, models: Mapping[str, Model], states: States) -> bool:
    """Whether a condition is met by what was reported; what is not known meets none."""
    tests = [_meets(condition, value) for value in _values(condition, models, states)]
    return all(tests) if _means_all(condition) else any(tests)


def _means_all(condition: Condition) -> bool:
    return condition.equals is False or condition.equals in AT_REST


def _values(condition: Condition, models: Mapping[str, Model], states: States) -> list[Any]:
    found = []
    for thing in condition.things:
        key, described = find_property(_model(models, thing), condition.trait)
        value = states.get(thing, {}).get(key)
        if described.schema.kind in NUMERIC and described.unit and value is not None:
            trait = traits().get(described.trait or "")
            if trait is not None and trait.unit and trait.unit != described.unit:
                value = convert(value, described.unit, trait.unit)
        found.append(value)
    return found


def _meets(condition: Condition, value: Any) -> bool:
    if value is None:
        return False
    if condition.equals is not None and not _equal(value, condition.equals):
        return False
    if condition.above is None and condition.below is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    over = condition.above is None or value > condition.above
    return over and (condition.below is None or value < condition.below)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list | tuple):
        return any(_equal(value, each) for each in wanted)
    if wanted in ("open", "closed") and isinstance(value, int | float) and not isinstance(value, bool):
        return (value > 0) is (wanted == "open")
    return isinstance(value, bool) is isinstance(wanted, bool) and bool(value == wanted)


def taken_back(given: Iterable[Order]) -> list[Order]:
    """The orders that put things back to what they were, the last first; what was not known stays as it is."""
    return [
        Order(order.thing, dict(order.before))
        for order in reversed(list(given))
        if order.set is not None and order.before
    ]


def _model(models: Mapping[str, Model], thing: str) -> Model:
    model = models.get(thing)
    if model is None:
        raise CallerError(f"There is no thing {thing[:80]!r}", code="not_found", field="things")
    return model
