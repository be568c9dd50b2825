"""Values that a scene compares with or expects: of the property's type and range, and neither always nor never so.

Knows declarations of properties, figures over windows, fields of events, and who can be told to be where.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.checking.extent import passes
from unisono.scene.checking.finding import near
from unisono.scene.checking.names import Names
from unisono.scene.document import Matching, Window
from unisono.scene.world import find_index
from unisono.thing import check_value, convert, find_event, find_unit
from unisono.thing.model import Arg, Property
from unisono.thing.schema import NUMERIC, Schema, describe
from unisono.twin.twin import Twin

__all__ = ["Values"]

#: What stands before a unit in a text such as "21 °C".
_QUANTITY = re.compile(r"\s*([-+]?[0-9]+(?:\.[0-9]+)?)\s*(\S.*?)\s*")


class Values(Names):
    """Whether what is compared can be, and can be otherwise."""

    def _matching(self, body: Matching, things: Sequence[Twin], path: str, *, begins: bool = False) -> None:
        """``begins``: a trigger, which fires when it begins to hold."""
        for _twin, _key, declared in self._property(things, body.property, body, path):
            if not self._tests(body, declared, path):
                continue
            passed = passes([body], declared.schema)
            what = f"{body.property} is {describe(declared.schema)}"
            if passed == "none":
                self._error(path, "never", f"it can never hold: {what}", "a test that some value passes")
            elif passed == "every" and begins and _asks(body):
                reason = f"it holds whatever the value, so that it never begins to: {what}"
                self._error(path, "always", reason, "a test that some value fails")
            elif passed == "every" and not begins and not body.for_s:
                self._warn(path, "always", f"it always holds: {what}", "a test that some value fails")

    def _tests(self, body: Matching, declared: Property, path: str) -> bool:
        """Whether each value that is compared with can be one of the property; what is wrong is told."""
        before = len(self.findings)
        for name, given in (("is", body.is_), ("is_not", body.is_not)):
            if isinstance(given, list):
                for number, value in enumerate(given):
                    self._value(declared, value, f"{path}.{name}.{number}")
            elif given is not UNSET:
                self._value(declared, given, f"{path}.{name}")
        was = getattr(body, "was", UNSET)
        if was is not UNSET:
            self._value(declared, was, f"{path}.was")
        for name in ("above", "below", "by"):
            if getattr(body, name, None) is not None and declared.schema.kind not in (*NUMERIC, "any"):
                reason = f"{body.property} is no number"
                self._error(f"{path}.{name}", "bad_value", reason, f'"is": {describe(declared.schema)}')
        return len(self.findings) == before

    def _value(self, declared: Property, value: Any, path: str, *, writing: bool = False) -> None:
        try:
            check_value(declared.schema, value, path, writing=writing)
        except CallerError as error:
            meant = _meant(declared, value)
            expected = f"{meant} ({declared.unit})" if meant is not None else error.expected
            if meant is None and declared.unit:
                expected = f"{expected} ({declared.unit})"
            self._error(error.field or path, "bad_value", error.detail, expected)

    def _window(self, body: Window, things: Sequence[Twin], path: str) -> None:
        for _twin, _key, declared in self._property(things, body.property, body, path):
            if body.agg != "count" and declared.schema.kind not in (*NUMERIC, "bool", "any"):
                reason = f"{body.property} is no number, so that it has no {body.agg}"
                self._error(f"{path}.property", "bad_value", reason, "a property whose values are numbers")
                continue
            passed = passes(
                [Matching(property=body.property, above=body.above, below=body.below)], _figure(body, declared)
            )
            if passed == "none":
                reason = f"the {body.agg} of {body.property}, {describe(declared.schema)}, is never there"
                self._error(path, "never", reason, "bounds that it can come between")

    def _event(self, body: Any, things: Sequence[Twin], path: str) -> None:
        seen: set[int] = set()
        for twin in things:
            if id(twin.shape) in seen:
                continue
            seen.add(id(twin.shape))
            try:
                _key, event = find_event(twin.shape.model, body.event)
            except CallerError as error:
                if twin.id in body.things:
                    self._error(f"{path}.event", error.code, error.detail, error.expected)
                continue
            self._fields(twin, event.args, body.fields, f"{path}.fields")

    def _fields(self, twin: Twin, args: Sequence[Arg], given: Mapping[str, Any], path: str) -> None:
        known = {arg.key: arg for arg in args}
        for name, value in given.items():
            arg = known.get(name)
            if arg is None:
                expected = near(name, known, f"one of {', '.join(known)}" if known else "none: it has no fields")
                self._error(f"{path}.{name}", "unknown_field", f"there is no field {name!r}", expected)
            else:
                self._value(_declared(twin, arg), value, f"{path}.{name}")

    def _travel(self, place: str | None, things: Sequence[Twin], path: str) -> None:
        if place is None or not self._place(place, path):
            return
        where = self._world.where(place)
        for twin in things:
            located, present = (find_index(twin, trait) is not None for trait in ("location", "presence"))
            if not (located and where is not None) and not (present and twin.root == place):
                reason = f"nobody can tell whether {twin.id} is at {place}"
                need = f"{place} with latitude and longitude" if located else f"a location or presence of {twin.id}"
                self._warn(path, "never", reason, need)


def _asks(body: Matching) -> bool:
    return body.is_ is not UNSET or body.is_not is not UNSET or body.above is not None or body.below is not None


def _declared(twin: Twin, arg: Arg) -> Property:
    """An argument as a property would declare it."""
    schema = arg.schema
    if schema is None:
        of = twin.shape.model.properties.get(arg.property or "")
        schema = of.schema if of is not None else Schema(kind="any")
    return Property(key=arg.key, schema=schema, unit=arg.unit)


def _figure(body: Window, declared: Property) -> Schema | None:
    """What a figure over a window can be; None: any number."""
    if body.agg == "count":
        return Schema(kind="float", min=0)
    if body.agg in ("mean", "min", "max"):
        if declared.schema.kind == "bool":
            return Schema(kind="float", min=0, max=1)
        return msgspec.structs.replace(declared.schema, kind="float", nullable=False)
    return None


def _meant(declared: Property, value: Any) -> int | float | None:
    """The number somebody meant who wrote it with a unit: 21 for "21 °C", or for "69.8 °F"."""
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) and declared.unit else None
    if found is None or declared.schema.kind not in NUMERIC or find_unit(found[2]) is None:
        return None
    number = float(found[1])
    try:
        return round(convert(number, found[2], declared.unit or ""), 2)
    except CallerError:
        return None
