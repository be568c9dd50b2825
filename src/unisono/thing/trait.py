"""Traits: the shared meanings of properties and actions, whatever their makers call them.

Knows the data files ``data/traits/*.yaml`` (one per group of the design's table) and the property or action that a
trait becomes in a built-in model. Knows no kinds and no foreign names.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import msgspec

from unisono.thing.files import read_data
from unisono.thing.model import Action, Property
from unisono.thing.schema import Schema, Texts

__all__ = ["GROUPS", "Trait", "traits"]

GROUPS = ("acting", "car", "sensing", "line")

Group: TypeAlias = Literal["acting", "car", "sensing", "line"]


class Trait(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shared meaning. ``names``: per language, the title first, then what people say.

    ``schema`` is None for what is called, not set (role ``action``: dock, horn). ``risky``: changing it can open, move
    or endanger something; ``harmless``: the values that cannot. ``timeout_s``: how long it normally takes, where that
    is more than the model's ten seconds; ``settle_s``: how long another value must stand to be its end, not its way.
    """

    name: str
    group: Group
    names: dict[str, tuple[str, ...]]
    role: Literal["sensor", "actuator", "diagnostic", "action"] = "sensor"
    schema: Schema | None = None
    unit: str | None = None
    risky: bool = False
    harmless: tuple[Any, ...] = ()
    idempotent: bool = True
    timeout_s: float | None = None
    settle_s: float | None = None

    @property
    def titles(self) -> Texts:
        return {language: names[0] for language, names in self.names.items()}

    def as_property(self, *, writable: bool, schema: Schema, risky: bool, timeout_s: float | None) -> Property:
        """The property of a built-in model that bears this trait; its key is the trait's name."""
        return Property(
            key=self.name,
            trait=self.name,
            schema=schema,
            titles=self.titles,
            access=("read", "write", "notify") if writable else ("read", "notify"),
            role="diagnostic" if self.role == "diagnostic" else "actuator" if writable else "sensor",
            unit=self.unit,
            risky=risky and writable,
            harmless=self.harmless if risky and writable else (),
            timeout_s=timeout_s if writable else None,
            settle_s=self.settle_s if writable else None,
        )

    def as_action(self) -> Action:
        """The action of a built-in model that bears this trait."""
        return Action(
            key=self.name,
            trait=self.name,
            titles=self.titles,
            synonyms={language: names[1:] for language, names in self.names.items()},
            idempotent=self.idempotent,
            risky=self.risky,
            timeout_s=self.timeout_s,
        )


@lru_cache(maxsize=1)
def traits() -> Mapping[str, Trait]:
    """All traits by name, in the order of the files."""
    found: dict[str, Trait] = {}
    for group in GROUPS:
        for name, body in read_data(f"traits/{group}.yaml").items():
            found[name] = msgspec.convert({"name": name, "group": group, **body}, Trait)
    return MappingProxyType(found)
