"""Whether a computed thing can be: what it names exists and fits, and nothing is computed from itself.

Knows definitions and the models of the things they name, which are passed in. Fills in what the definition leaves
open, so that whoever compiles it needs no model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.computed.document import (
    Counter,
    Definition,
    Derivative,
    Group,
    Input,
    Integral,
    Meter,
    Statistics,
    Template,
    Threshold,
    Tracker,
    bad,
    uses,
)
from unisono.scene.computed.model import model_of
from unisono.scene.computed.units import integral_unit, linear, per_second
from unisono.thing.model import Model, Property, find_event, find_property
from unisono.thing.soundness import require_sound
from unisono.thing.trait import traits
from unisono.thing.units import find_unit
from unisono.thing.value import check_value

__all__ = ["settle"]

#: Computed from computed from computed...: deeper, nobody can follow it.
MAX_DEPTH = 16
NUMERIC = ("int", "float", "duration", "bool")


def settle(
    thing: str, definition: Definition, look: Callable[[str], Model | None], others: Mapping[str, Definition]
) -> Definition:
    """The definition with every open field filled in. ``look``: the model of a thing of the same root place;
    ``others``: the other computed things there.

    Raises CallerError ``bad_computed`` with the field at fault.
    """
    properties = _check_uses(thing, definition, look)
    _check_rings(thing, definition, others)
    settled = _filled(definition, properties)
    _check_into(settled)
    try:
        require_sound(model_of(thing, 1, settled))
    except CallerError as error:
        raise bad("into", error.detail, error.expected or "a name that a model's property may have") from None
    return settled


def _check_uses(thing: str, definition: Definition, look: Callable[[str], Model | None]) -> list[Property]:
    """The properties that are read, of the things that are named."""
    found = []
    for use in uses(definition):
        read = "property" if use.path == "thing" else f"{use.path}.property"  # where it is named beside its thing
        if use.thing == thing:
            raise bad(use.path, "it would be computed from itself", "another thing")
        model = look(use.thing)
        if model is None:
            raise bad(use.path, f"there is no thing {use.thing!r} in its root place", "a thing that is there")
        try:
            if use.event is not None:
                find_event(model, use.event)
            elif use.property is not None:
                property = find_property(model, use.property)[1]
                _check_numeric(definition, use.path, property)
                found.append(property)
        except CallerError as error:
            if error.code == "bad_computed":
                raise
            raise bad(read if use.property else "event", error.detail, error.expected) from None
    return found


def _check_numeric(definition: Definition, path: str, property: Property) -> None:
    kind = property.schema.kind
    needed = isinstance(definition, Threshold | Integral | Derivative | Statistics | Meter)
    needed = needed and not path.startswith("tariff")
    if isinstance(definition, Group):
        needed = definition.how not in ("any", "all")
        if not needed and definition.is_ is UNSET and kind != "bool":
            raise bad("is", f"{property.key} of {path} is no switch", "the value that counts as true")
    if needed and kind not in NUMERIC:
        raise bad(path, f"{property.key} is no number but {kind}", "a number or a switch")


def _check_rings(thing: str, definition: Definition, others: Mapping[str, Definition]) -> None:
    """Raises when the thing would be computed from itself, through whichever others."""
    trail: list[str] = []
    seen: set[str] = set()

    def follow(id: str, of: Definition) -> None:
        seen.add(id)
        trail.append(id)
        if len(trail) > MAX_DEPTH:
            raise bad("", f"computed from computed things more than {MAX_DEPTH} deep", "fewer steps")
        for use in uses(of):
            if use.thing == thing:
                ring = " from ".join([*trail, thing])
                raise bad("", f"it would be computed from itself: {ring}", "no ring")
            if use.thing in others and use.thing not in seen:
                follow(use.thing, others[use.thing])
        trail.pop()

    follow(thing, definition)


def _filled(definition: Definition, properties: list[Property]) -> Definition:
    fill = _FILL.get(type(definition))
    return definition if fill is None else fill(definition, properties)


def _named(own: str) -> Callable[[Any, list[Property]], Any]:
    return lambda definition, properties: msgspec.structs.replace(definition, into=definition.into or own)


def _template(template: Template, properties: list[Property]) -> Template:
    settled = msgspec.structs.replace(template, into=template.into or "value")
    return msgspec.structs.replace(settled, unit=_unit(settled))


def _figure(figure: Statistics | Meter, properties: list[Property]) -> Statistics | Meter:
    counts = isinstance(figure, Statistics) and figure.how == "count"
    own = "count" if counts else _name(properties[0], figure.property)
    return msgspec.structs.replace(figure, into=figure.into or own)


def _input(given: Input, properties: list[Property]) -> Input:
    settled = msgspec.structs.replace(given, into=None if given.type == "button" else given.into or "value")
    settled = msgspec.structs.replace(settled, unit=_unit(settled))
    _check_initial(settled)
    return settled


def _name(property: Property | None, address: str) -> str:
    """The own property's key: the trait of what is read, or the last part of its address."""
    name = property.trait if property is not None and property.trait else address.rpartition(".")[2]
    key = re.sub(r"[^A-Za-z0-9_]", "_", name)[:40]
    return key if key[:1].isalpha() else f"v_{key}"


def _unit(definition: Group | Template | Integral | Input) -> str | None:
    """The unit of the result: a trait's own where it bears the trait's name."""
    trait = traits().get(definition.into or "")
    unit = find_unit(definition.unit) if definition.unit is not None else None
    if definition.unit is not None and unit is None:
        raise bad("unit", f"the unit {definition.unit!r} is not known", "a UCUM code such as kWh or Cel")
    if trait is None or trait.unit is None:
        return unit.code if unit is not None else None
    if unit is not None and unit.code != trait.unit:
        raise bad("unit", f"{definition.into} is told in {trait.unit}", f'{trait.unit}, or another name under "into"')
    return trait.unit


def _group(group: Group, properties: list[Property]) -> Group:
    first = properties[0] if properties else None
    switch = group.how in ("any", "all")
    into = group.into or ("active" if group.is_ is not UNSET else _name(first, group.property))
    settled = msgspec.structs.replace(group, into=into)
    unit = _unit(settled)
    if unit is None and not switch:
        unit = next((property.unit for property in properties if property.unit), None)
    if switch and group.unit is not None:
        raise bad("unit", "a switch has none", "nothing")
    for number, property in enumerate(properties):
        try:
            linear(property.unit, unit)
        except CallerError as error:
            raise bad(f"of.things.{number}", error.detail, error.expected) from None
    trait = traits().get(group.property)
    can = any(property.writable for property in properties) or (
        not properties and trait is not None and trait.role == "actuator"
    )
    fits = group.is_ is UNSET and into == _name(first, group.property)
    if group.writable and not (can and fits):
        raise bad("writable", "what its members have cannot be set, or is another value than its own", "false")
    writable = can and fits if group.writable is None else group.writable
    return msgspec.structs.replace(settled, unit=None if switch else unit, writable=writable)


def _integral(integral: Integral, properties: list[Property]) -> Integral:
    source = properties[0]
    usual = integral_unit(source.unit)
    unit = integral.unit or usual
    into = integral.into
    if into is None:
        known = find_unit(unit) if unit is not None else None
        into = "energy" if known is not None and known.dimension == "energy" and unit in (None, "kWh") else "total"
    settled = msgspec.structs.replace(integral, into=into, unit=unit)
    settled = msgspec.structs.replace(settled, unit=_unit(settled))
    try:
        per_second(source.unit, settled.unit)
    except CallerError as error:
        raise bad("unit", error.detail, error.expected) from None
    return settled


def _check_initial(given: Input) -> None:
    if given.initial is UNSET:
        return
    schema = model_of("input", 1, given).services[0].properties[0].schema
    try:
        check_value(schema, given.initial, "initial", writing=True)
    except CallerError as error:
        raise bad("initial", error.detail, error.expected) from None


def _check_into(definition: Definition) -> None:
    """A name that means something must mean what the result is."""
    into = getattr(definition, "into", None)
    trait = traits().get(into or "")
    if trait is None or trait.schema is None or isinstance(definition, Tracker):
        return
    own = model_of("own", 1, definition).services[0].properties[0].schema.kind
    numbers = ("int", "float", "duration")
    if own != trait.schema.kind and not (own in numbers and trait.schema.kind in numbers):
        raise bad("into", f"{into} is {trait.schema.kind}, the result is {own}", "another name")


_FILL: dict[type, Callable[[Any, list[Property]], Any]] = {
    Group: _group,
    Template: _template,
    Counter: _named("count"),
    Threshold: _named("active"),
    Integral: _integral,
    Derivative: _named("change"),
    Statistics: _figure,
    Meter: _figure,
    Input: _input,
}
