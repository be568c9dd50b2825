"""Models that are learned from what a device says: for dialects that tell values by name and nothing about them.

Knows models and traits. A learned model only grows: what a device has said once stays, in the order in which it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from unisono.dialect.pieces import member_key, trait_property
from unisono.thing import Model, Property, Schema, Service, Source, traits

__all__ = ["LEARNED", "MOST", "begin_model", "grow_model", "is_learned"]

#: The format that a learned model says it came from.
LEARNED = "learned"
#: Properties of one learned model: more is a device that counts in its keys.
MOST = 300
#: Kinds of schema that a value can be seen to fit.
SCALAR = {"bool": (bool,), "float": (int, float), "int": (int,), "string": (str,)}


def begin_model(id: str) -> Model:
    """A model of nothing yet."""
    return Model(id=id, services=(Service(key=""),), source=Source(format=LEARNED))


def is_learned(model: Model) -> bool:
    return model.source is not None and model.source.format == LEARNED


def grow_model(model: Model, values: Mapping[str, Any]) -> Model:
    """The model with a property for each name that it has none for; the same where there is nothing new, or no room."""
    known = {(property.ref or "").partition(":")[2] for property in model.properties.values()}
    properties = list(model.services[0].properties)
    keys = {property.key for property in properties}
    for name, value in values.items():
        if name in known or len(properties) >= MOST:
            continue
        made = _property(name, value, keys)
        keys.add(made.key)
        properties.append(made)
    if len(properties) == len(model.services[0].properties):
        return model
    return Model(
        id=model.id,
        version=model.version,
        services=(Service(key="", properties=tuple(properties)),),
        source=model.source,
    )


def _property(name: str, value: Any, taken: Iterable[str]) -> Property:
    key = member_key(name)
    while key in taken:
        key = member_key(f"{key[:60]}_2")
    ref = f"key:{name}"
    trait = traits().get(_snake(name))
    if trait is not None and trait.schema is not None and key not in taken:
        kind = trait.schema.kind
        fits = isinstance(value, SCALAR.get(kind, ())) and (kind == "bool") is isinstance(value, bool)
        if fits and trait.name not in taken:
            return trait_property(trait.name, writable=trait.role == "actuator", key=key, ref=ref)
    return Property(
        key=key, ref=ref, schema=Schema(kind="any"), titles={"en": name}, access=("read", "write", "notify")
    )


def _snake(name: str) -> str:
    """``targetTemperature`` as ``target_temperature``."""
    spelled = "".join(f"_{c.lower()}" if c.isupper() and i and name[i - 1].islower() else c for i, c in enumerate(name))
    return spelled.lower().replace("-", "_").replace(" ", "_")
