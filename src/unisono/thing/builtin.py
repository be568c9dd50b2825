"""Built-in models: one for each kind of the design, made from traits; and the kinds of place.

Knows the data files ``data/kinds/*.yaml`` (what a kind has beyond its traits' own definitions), ``data/sensors.yaml``
and ``data/places.yaml``. A model is read when it is asked for. Knows no makers and no things.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from unisono.errors import CallerError
from unisono.thing.files import list_data, read_data
from unisono.thing.model import DEFAULT_TIMEOUT_S, Action, Event, Model, Property, Service, Source
from unisono.thing.schema import Schema
from unisono.thing.trait import Trait, traits

__all__ = ["PlaceKind", "builtin_model", "builtin_models", "kind_by_telling", "kinds_of_place"]

SENSOR = "sensor."  # sensor.<trait>, one for every sensing trait
VERSION = 1  # of the built-in models; a change to the data files that alters what a thing may say raises it


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a kind differs from the trait: a narrower range, values of its own (``choices``, beside the trait's),
    another risk, another patience."""

    schema: dict[str, Any] = {}
    choices: tuple[dict[str, Any], ...] = ()
    risky: bool | None = None
    harmless: tuple[Any, ...] | None = None
    timeout_s: float | None = None


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of ``data/kinds``: the traits of a kind (``read_only``: those it tells but does not take), and the rest.

    ``like`` begins with another kind's recipe; ``also`` adds traits to it. Actions and events are keyed by their key.
    """

    names: dict[str, tuple[str, ...]]
    like: str | None = None
    also: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    change: dict[str, Change] = {}
    actions: dict[str, dict[str, Any]] = {}
    events: dict[str, dict[str, Any]] = {}
    timeout_s: float = DEFAULT_TIMEOUT_S


class PlaceKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"inside": "in"}):
    """One kind of place; ``inside``: the kinds it usually stands in (none: usually the root)."""

    inside: tuple[str, ...]
    names: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def builtin_models() -> Mapping[str, Model]:
    """All built-in models by id; each is read on first use."""
    return _Builtins()


def builtin_model(kind: str) -> Model:
    """The built-in model of a kind (``light``, ``sensor.temperature``). Raises `CallerError` ``not_found``."""
    try:
        return _model(kind)
    except KeyError:
        raise CallerError(f"there is no built-in model {kind!r}", code="not_found", field="model") from None


def kind_by_telling(services: Iterable[Service]) -> str | None:
    """The kind of a thing that only tells, by the first of what sensors are known for; None where it does something."""
    properties = [each for service in services for each in service.properties if each.trait is not None]
    if any(each.writable and each.role != "config" and each.trait not in _sensors()["beside"] for each in properties):
        return None
    told = {each.trait for each in properties if not each.writable and each.role != "diagnostic"}
    if not told.isdisjoint(_sensors()["measuring"]):
        return None
    return next((SENSOR + trait for trait in _sensors()["telling"] if trait in told), None)


@lru_cache(maxsize=1)
def kinds_of_place() -> Mapping[str, PlaceKind]:
    """The kinds of place by name."""
    return MappingProxyType(msgspec.convert(read_data("places.yaml"), dict[str, PlaceKind]))


@lru_cache(maxsize=1)
def _ids() -> Mapping[str, None]:
    sensing = [SENSOR + name for name, trait in traits().items() if trait.group == "sensing"]
    return dict.fromkeys([*list_data("kinds"), *sensing])


class _Builtins(Mapping[str, Model]):
    def __getitem__(self, kind: str) -> Model:
        return _model(kind)

    def __iter__(self) -> Iterator[str]:
        return iter(_ids())

    def __len__(self) -> int:
        return len(_ids())

    def __contains__(self, kind: object) -> bool:
        return kind in _ids()


@cache
def _model(kind: str) -> Model:
    if kind not in _ids():
        raise KeyError(kind)
    recipe = _sensor(kind.removeprefix(SENSOR)) if kind.startswith(SENSOR) else _recipe(kind)
    known = [traits()[name] for name in recipe.traits]
    service = Service(
        properties=tuple(_property(trait, recipe) for trait in known if trait.schema is not None),
        actions=(
            *(trait.as_action() for trait in known if trait.schema is None),
            *(msgspec.convert({"key": key, **body}, Action) for key, body in recipe.actions.items()),
        ),
        events=tuple(msgspec.convert({"key": key, **body}, Event) for key, body in recipe.events.items()),
    )
    return Model(
        id=kind,
        version=VERSION,
        kind=kind,
        titles={language: names[0] for language, names in recipe.names.items()},
        synonyms={language: names[1:] for language, names in recipe.names.items() if names[1:]},
        timeout_s=recipe.timeout_s,
        services=(service,),
        source=Source(format="builtin"),
    )


def _recipe(kind: str) -> Recipe:
    recipe = msgspec.convert(read_data(f"kinds/{kind}.yaml"), Recipe)
    if recipe.like is None:
        return recipe
    origin = _recipe(recipe.like)
    return msgspec.structs.replace(
        origin,
        names=recipe.names,
        traits=(*origin.traits, *recipe.also),
        change={**origin.change, **recipe.change},
    )


@lru_cache(maxsize=1)
def _sensors() -> Any:
    return read_data("sensors.yaml")


def _sensor(name: str) -> Recipe:
    sensors = _sensors()
    body = sensors["kinds"][name]
    told = dict.fromkeys([name, *body["with"], *sensors["all"]])
    return msgspec.convert({"names": body["names"], "traits": list(told)}, Recipe)


def _property(trait: Trait, recipe: Recipe) -> Property:
    change = recipe.change.get(trait.name, Change())
    assert trait.schema is not None, "actions are sorted out by the caller"
    schema = trait.schema
    if change.schema or change.choices:
        said = {**msgspec.to_builtins(schema), **change.schema}
        said["choices"] = [*said.get("choices", ()), *change.choices]
        schema = msgspec.convert(said, Schema)
    made = trait.as_property(
        writable=trait.role == "actuator" and trait.name not in recipe.read_only,
        schema=schema,
        risky=trait.risky if change.risky is None else change.risky,
        timeout_s=change.timeout_s or trait.timeout_s,
    )
    return made if change.harmless is None else msgspec.structs.replace(made, harmless=change.harmless)
