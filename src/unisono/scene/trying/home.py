"""A home file: places, things and what they report, at one moment - for tests, rehearsals and examples.

Knows the format of the design and makes records of it, as the log would hold them. A kind that is not built in has the
traits of its state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from unisono.errors import CallerError
from unisono.scene.checking.finding import near
from unisono.scene.computed import Definition, load_computed, model_of, settle, uses
from unisono.scene.reading import read_document
from unisono.thing import Model, Property, Schema, Service, builtin_model, builtin_models, dump_model, traits
from unisono.twin.record import Entry, ModelPut, PlacePut, ThingPut

__all__ = ["Home", "HomePlace", "HomeThing", "load_home", "records"]

MAX_HOME_BYTES = 4 << 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class HomePlace(msgspec.Struct, kw_only=True):
    """``zone`` of a root place: an IANA name; else the offset of the file's ``now`` counts."""

    id: str
    inside: str | None = msgspec.field(name="in", default=None)
    kind: str | None = None
    name: str = ""
    names: dict[str, str | list[str]] = {}
    zone: str = ""
    latitude: float | None = None
    longitude: float | None = None
    mode: str = "home"


class HomeThing(msgspec.Struct, kw_only=True):
    """``in``: the place it stands in, or the thing that it is a part of. ``computed``: what it computes, as
    `unisono.scene.computed` has it; then it has no kind, no model and no state of its own."""

    id: str
    kind: str | None = None
    model: str | None = None
    inside: str = msgspec.field(name="in")
    name: str = ""
    names: dict[str, str | list[str]] = {}
    state: dict[str, Any] = {}
    online: bool = True
    computed: dict[str, Any] | None = None


class Home(msgspec.Struct, kw_only=True):
    """``now``: ISO 8601 with its offset. ``speaker`` is for the assistant."""

    now: str = "2026-11-22T12:00:00Z"
    speaker: dict[str, Any] = {}
    places: list[HomePlace]
    things: list[HomeThing] = []

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.now)

    @property
    def root(self) -> str:
        """The place that lies in no other."""
        return next(place.id for place in self.places if place.inside is None)


def load_home(document: bytes | str | Mapping[str, Any]) -> Home:
    """Raises CallerError ``too_large``, ``bad_json`` or ``bad_value`` with ``field`` as the path in it."""
    home = read_document(document, Home, "bad_value", MAX_HOME_BYTES)
    try:
        zoned = home.moment.tzinfo is not None
    except ValueError:
        zoned = False
    if not zoned:
        raise _bad("now", f"{home.now!r} is no moment", "a time with its offset, such as 2026-11-22T18:30:00+08:00")
    if not any(place.inside is None for place in home.places):
        raise _bad("places", "no place is the root", 'a place without "in"')
    places = {place.id for place in home.places}
    for number, place in enumerate(home.places):
        if place.inside is not None and place.inside not in places:
            expected = near(place.inside, places, "the id of a place")
            raise _bad(f"places.{number}.in", f"there is no place {place.inside!r}", expected)
    things = {thing.id for thing in home.things}
    for number, thing in enumerate(home.things):
        if thing.inside not in places and thing.inside not in things:
            expected = near(thing.inside, (*places, *things), "a place or a thing")
            raise _bad(f"things.{number}.in", f"there is no place or thing {thing.inside!r}", expected)
        if thing.computed is not None:
            for name in ("kind", "model", "state"):
                if getattr(thing, name):
                    raise _bad(f"things.{number}.{name}", "it is computed", f"either computed or {name}")
        elif thing.kind is None and thing.model is None:
            raise _bad(f"things.{number}.kind", "it is missing", "a kind such as light")
    return home


def records(home: Home) -> Iterator[Entry]:
    """What puts the places, models and things of the file into an empty partition; what they report is not in it."""
    now = (home.moment - EPOCH) // timedelta(microseconds=1)
    for place in home.places:
        zone = place.zone or (_zone(home.moment) if place.inside is None else "")
        yield PlacePut(place.id, place.inside, zone, place.latitude, place.longitude)
    models = _models(home)
    for model in models.values():
        yield ModelPut(model.id, model.version, dump_model(model))
    things = {thing.id: thing for thing in home.things}
    places = {place.id for place in home.places}
    computed = _computed(home, models)
    for model in computed.values():
        yield ModelPut(model.id, model.version, dump_model(model))
    order = [*(thing for thing in home.things if thing.computed is None), *(things[id] for id in computed)]
    for thing in order:
        model = computed.get(thing.id) or models[thing.model or thing.kind or ""]
        parent = thing.inside if thing.inside not in places else None
        stands = _place(thing, things, places)
        yield ThingPut(thing.id, thing.name or thing.id, model.id, model.version, stands, home.root, parent, at=now)


def _place(thing: HomeThing, things: Mapping[str, HomeThing], places: set[str]) -> str:
    """Where a thing stands: that of the one it is a part of."""
    for _ in things:
        if thing.inside in places:
            return thing.inside
        thing = things[thing.inside]
    raise _bad("things", f"{thing.id} is a part of itself", "a place at the end")


def _computed(home: Home, models: Mapping[str, Model]) -> dict[str, Model]:
    """The models of computed things by id, each behind those that it is computed from."""
    made: dict[str, Model] = {}
    of = {thing.id: models[thing.model or thing.kind or ""] for thing in home.things if thing.computed is None}
    waiting = {n: thing for n, thing in enumerate(home.things) if thing.computed is not None}
    definitions: dict[str, Definition] = {}
    for number, thing in waiting.items():
        with _within(number):
            definitions[thing.id] = load_computed(thing.computed or {})
    while waiting:
        names = {thing.id for thing in waiting.values()}
        ready = [
            n for n, thing in waiting.items() if names.isdisjoint(use.thing for use in uses(definitions[thing.id]))
        ]
        for number in ready or list(waiting)[:1]:  # of a ring the first says that it is one
            thing = waiting.pop(number)
            others = {id: each for id, each in definitions.items() if id != thing.id}
            with _within(number):
                settled = settle(thing.id, definitions[thing.id], {**of, **made}.get, others)
            made[thing.id] = model_of(thing.id, 1, settled)
    return made


@contextmanager
def _within(number: int) -> Iterator[None]:
    """What is wrong with a definition is wrong at its place in the file."""
    try:
        yield
    except CallerError as error:
        field = f"things.{number}.computed" + (f".{error.field}" if error.field else "")
        raise CallerError(error.detail, code=error.code, field=field, expected=error.expected) from None


def _models(home: Home) -> dict[str, Model]:
    """By what the things call them."""
    found: dict[str, Model] = {}
    for name in dict.fromkeys(thing.model or thing.kind or "" for thing in home.things if thing.computed is None):
        if name in builtin_models():
            found[name] = builtin_model(name)
            continue
        states: dict[str, Any] = {}
        for thing in home.things:
            if (thing.model or thing.kind) == name:
                states |= thing.state
        kind = name if all(thing.model != name for thing in home.things) else None
        found[name] = Model(id=name, kind=kind, services=(Service(properties=tuple(map(_property, states))),))
    return found


def _property(name: str) -> Property:
    trait = traits().get(name)
    if trait is None or trait.schema is None:
        return Property(key=name, schema=Schema(kind="any"), access=("read", "write", "notify"))
    return trait.as_property(writable=trait.role == "actuator", schema=trait.schema, risky=False, timeout_s=None)


def _zone(moment: datetime) -> str:
    """A zone with the moment's offset, where there is one: those of the IANA data are whole hours."""
    offset = moment.utcoffset() or timedelta()
    if offset % HOUR:
        raise _bad("now", f"no zone lies {offset} ahead for good", '"zone" on the root place, such as Asia/Kolkata')
    hours = offset // HOUR
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"  # POSIX counts westward


def _bad(field: str, detail: str, expected: str) -> CallerError:
    return CallerError(detail, code="bad_value", field=field, expected=expected)
