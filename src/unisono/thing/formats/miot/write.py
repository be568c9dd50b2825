"""A model as a MIoT-Spec instance.

Knows formats, and which URN a trait has in Xiaomi's own list of names; members that were made elsewhere are numbered in
their order. Must not know how an instance is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unisono.thing.codec import Color
from unisono.thing.formats.fit import wire_bounds, wire_value
from unisono.thing.formats.naming import NUMBER_TYPES, pick_text
from unisono.thing.formats.residue import restore
from unisono.thing.formats.rules import read_rules
from unisono.thing.formats.units import spell_unit
from unisono.thing.model import Action, Arg, Event, Model, Module, Property, Service
from unisono.thing.schema import Schema

__all__ = [
    "ACCESS",
    "EXT",
    "FORMAT",
    "FORMATS",
    "write_action",
    "write_event",
    "write_instance",
    "write_module_head",
    "write_property",
    "write_service_head",
]

FORMAT = EXT = "miot"
REF = "miot:"
ACCESS = ("read", "write", "notify")
NAMESPACE = "urn:unisono-spec"

# Format: kind, bits, signed.
FORMATS: dict[str, tuple[Any, int | None, bool | None]] = {
    "bool": ("bool", None, None),
    **NUMBER_TYPES,
    "string": ("string", None, None),
    "hex": ("string", None, None),
}


def write_instance(model: Model) -> dict[str, Any]:
    """The instance of a model."""
    numbers = _numbers(model)
    made: dict[str, Any] = {"type": _urn_of_model(model)}
    described = pick_text(model.titles, "en")
    if described is not None or not model.types:
        made["description"] = described or model.id
    nested = {module.key: module for module in model.modules if _is_nested(module)}
    services: list[Any] = []
    modules: dict[str, dict[str, Any]] = {
        key: {**restore(write_module_head(module), module.ext.get(EXT)), "services": []}
        for key, module in nested.items()
    }
    for at, service in enumerate(model.services, 1):
        whole = _service(model, service, numbers, at)
        if service.module in modules:
            modules[service.module]["services"].append(whole)
        else:
            services.append(whole)
    if services or not modules:
        made["services"] = services
    if modules:
        made["modules"] = list(modules.values())
    return restore(made, model.ext.get(EXT))


def _is_nested(module: Module) -> bool:
    kept = module.ext.get(EXT)
    return isinstance(kept, dict) and kept.get("nested") is True


def write_module_head(module: Module) -> dict[str, Any]:
    """A module without its services."""
    made: dict[str, Any] = {"miid": int(module.ref) if module.ref is not None and _is_number(module.ref) else 0}
    if module.types:
        made["type"] = module.types[0]
    described = pick_text(module.titles, "en")
    return made if described is None else {**made, "description": described}


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _numbers(model: Model) -> dict[str, int]:
    """The number of each property by address: the maker's, else its place."""
    found: dict[str, int] = {}
    for service in model.services:
        for at, each in enumerate(service.properties, 1):
            address = f"{service.key}.{each.key}" if service.key else each.key
            number = _number(each.ref)
            found[address] = number if number is not None else at
    return found


def _number(ref: str | None) -> int | None:
    """The last number of an address."""
    if ref is None or not ref.startswith(REF):
        return None
    last = ref.rpartition(".")[2].removeprefix(REF)
    return int(last) if _is_number(last) else None


def _service(model: Model, service: Service, numbers: Mapping[str, int], at: int) -> dict[str, Any]:
    head = write_service_head(service, at)
    module = next((each for each in model.modules if each.key == service.module), None)
    if module is not None and module.ref is not None and not _is_nested(module):
        head = {"miid": int(module.ref) if _is_number(module.ref) else 0, **head}
    return {
        **restore(head, service.ext.get(EXT)),
        "properties": [
            restore(write_property(each, number), each.ext.get(EXT))
            for number, each in enumerate(service.properties, 1)
        ],
        "actions": [
            restore(write_action(each, number, numbers), each.ext.get(EXT))
            for number, each in enumerate(service.actions, 1)
        ],
        "events": [
            restore(write_event(each, number, numbers), each.ext.get(EXT))
            for number, each in enumerate(service.events, 1)
        ],
    }


def write_service_head(service: Service, at: int = 1) -> dict[str, Any]:
    """A service without its members."""
    number = _number(service.ref)
    made: dict[str, Any] = {
        "iid": number if number is not None else at,
        "type": service.type or _urn("service", service.key or "main", at),
    }
    described = pick_text(service.titles, "en")
    if described is not None or service.type is None:
        made["description"] = described or service.key or "Main"
    return made


def write_property(property: Property, at: int = 1) -> dict[str, Any]:
    """A property as a model says it."""
    number = _number(property.ref)
    name = (property.trait or property.key) if property.ref is None else property.key
    made: dict[str, Any] = {
        "iid": number if number is not None else at,
        "type": property.type or _urn("property", name, at),
        "description": pick_text(property.titles, "en") or ("" if property.type is not None else property.key),
        **_value(property),
        "access": _access(property),
    }
    unit = spell_unit(property.unit, property.raw_unit, property.codec, _spellings())
    if unit is not None:
        made["unit"] = unit
    return made


def _access(property: Property) -> list[str]:
    # written through another one, it is not written itself
    return [each for each in property.access if each != "write" or property.write_ref is None]


def _spellings() -> dict[str, str]:
    found: dict[str, str] = read_rules(FORMAT).words.get("units", {})
    return found


def _value(property: Property) -> dict[str, Any]:
    schema, codec = property.schema, property.codec
    made: dict[str, Any] = {"format": _format(property)}
    if schema.choices and (schema.kind in ("enum", "string", "bool") or codec):
        choices = [
            {"value": _wire(codec, choice.value, at), "description": pick_text(choice.titles, "en") or choice.key or ""}
            for at, choice in enumerate(schema.choices)
        ]
        if schema.kind != "bool" or made["format"] != "bool" or property.ref is not None:
            made["value-list"] = choices
    elif made["format"] in ("float", "double") or "int" in made["format"]:
        low, high = wire_bounds(schema, codec)
        if any(isinstance(step, Color) for step in codec):
            low, high = 0, 0xFFFFFF
        if low is not None and high is not None:
            step = schema.step if schema.step is not None and not codec else None
            made["value-range"] = [low, high, step if step is not None else _least(made["format"])]
    return made


def _least(named: str) -> int | float:
    return 1 if "int" in named else 0.1


def _wire(codec: Any, value: Any, at: int) -> Any:
    wire = wire_value(codec, value)
    # MIoT counts its lists; words of another make get their place
    return wire if type(wire) in (int, float) or codec else at


def _format(property: Property) -> str:
    schema = property.schema
    if schema.format in FORMATS:
        return str(schema.format)
    if any(isinstance(step, Color) for step in property.codec):
        return "uint32"
    plain = {"bool": "bool", "float": "float", "duration": "float", "decimal": "float", "enum": "uint8"}
    if schema.kind in ("int", "bitmap"):
        return _whole(schema)
    return plain.get(schema.kind, "string")


def _whole(schema: Schema) -> str:
    """The narrowest format that holds the range."""
    low = int(schema.min) if schema.min is not None else 0
    high = int(schema.max) if schema.max is not None else 2**31 - 1
    for bits in (8, 16, 32):
        if low >= 0 and high < 2**bits:
            return f"uint{bits}"
        if -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1):
            return f"int{bits}"
    return "int64"


def write_action(action: Action, at: int = 1, numbers: Mapping[str, int] | None = None) -> dict[str, Any]:
    """An action as a model says it."""
    return {
        **_callable("action", action, at),
        "in": _places(action.inputs, numbers),
        "out": _places(action.outputs, numbers),
    }


def write_event(event: Event, at: int = 1, numbers: Mapping[str, int] | None = None) -> dict[str, Any]:
    """An event as a model says it."""
    return {**_callable("event", event, at), "arguments": _places(event.args, numbers)}


def _callable(noun: str, member: Action | Event, at: int) -> dict[str, Any]:
    number = _number(member.ref)
    return {
        "iid": number if number is not None else at,
        "type": member.type or _urn(noun, member.key, at),
        "description": pick_text(member.titles, "en") or ("" if member.type is not None else member.key),
    }


def _places(args: tuple[Arg, ...], numbers: Mapping[str, int] | None) -> list[int]:
    """The numbers of the properties that are the arguments; an argument with a schema of its own has none."""
    found: list[int] = []
    for each in args:
        number = _number(each.ref)
        if number is None and each.property is not None and numbers is not None:
            number = numbers.get(each.property)
        if number is not None:
            found.append(number)
    return found


def _urn_of_model(model: Model) -> str:
    if model.types and model.types[0].startswith("urn:"):
        return model.types[0]
    maker = f"{(model.vendor or 'unisono').lower()}-{(model.product or model.id).lower()}".replace(":", "-")
    return f"{NAMESPACE}:device:{(model.kind or 'thing').replace('_', '-')}:00000000:{maker}:{model.version}"


def _urn(noun: str, name: str, at: int) -> str:
    """A URN of our own namespace; Xiaomi's are for what it has standardised."""
    plain = read_rules(FORMAT).words.get("names", {}).get(name, name)
    return f"{NAMESPACE}:{noun}:{plain.replace('_', '-').replace('.', '-')}:{at:08X}:unisono:1"
