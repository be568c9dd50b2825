"""The place that sentences are about, compiled: things, places, scenes, what they are called and can do, what they say.

Knows how a home file and the facts of a hub become one `World`. Names are compiled once; states are read through a
mapping that whoever made the world keeps up to date (``states[thing][trait]``), so a report costs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import msgspec

from unisono.access import Risk
from unisono.assist.abilities import OF_A_ROOM
from unisono.assist.names import Names, keys_of
from unisono.thing import Model, builtin_model, builtin_models, traits
from unisono.thing.schema import Number, Schema

if TYPE_CHECKING:
    from unisono.scene.trying.home import Home

__all__ = ["Anyone", "Place", "Rights", "Scene", "Speaker", "Thing", "World", "thing_of_model", "world_of_home"]

#: Traits that are called, not set.
CALLED = frozenset(name for name, trait in traits().items() if trait.role == "action")

#: Sensing traits that a machine may also be told; whether this one can is for its model to say when it is sent.
TUNABLE = frozenset({"rate", "speed", "running", "cycle_time"})

#: Kinds of home files without a model of their own, and the kind whose bounds are theirs: water boils at 100 degrees.
MODELLED_AS = {"water_heater": "kettle"}

Range: TypeAlias = tuple[Number | None, Number | None]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """``names``: every name in every language, its title first. ``inside``: the place that it lies in."""

    id: str
    names: tuple[str, ...]
    kind: str = "room"
    inside: str | None = None


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """``place``: where it stands; ``parent``: the thing that it is a part of. ``takes``: the traits and actions that it
    can be told; ``tells``: the traits that it has, with their ``ranges`` and ``choices``. ``risky``: by trait, the
    values that are harmless."""

    id: str
    names: tuple[str, ...]
    kind: str
    place: str
    parent: str | None = None
    tells: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    ranges: Mapping[str, Range] = {}
    choices: Mapping[str, tuple[Any, ...]] = {}
    risky: Mapping[str, tuple[Any, ...]] = {}


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A scene that can be run by its name."""

    id: str
    names: tuple[str, ...]


class Rights(Protocol):
    """What a speaker may do; passed in by whoever knows who speaks."""

    def may_see(self, thing: str) -> bool: ...

    def may_set(self, thing: str, trait: str, risk: Risk) -> bool: ...


class Anyone:
    """All rights: for home files and tests."""

    def may_see(self, thing: str) -> bool:
        del thing
        return True

    def may_set(self, thing: str, trait: str, risk: Risk) -> bool:
        del thing, trait, risk
        return True


class Speaker(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks and where: ``person`` is a thing's id, ``place`` that of the room they or their microphone are in."""

    person: str | None = None
    place: str | None = None
    lang: str | None = None
    rights: Rights = Anyone()


class World:
    """Things, places and scenes by id, their names compiled. ``states`` may change under it; nothing else does."""

    def __init__(
        self,
        places: Iterable[Place],
        things: Iterable[Thing],
        states: Mapping[str, Mapping[str, Any]],
        scenes: Iterable[Scene] = (),
    ) -> None:
        self.places = {place.id: place for place in places}
        self.things = {thing.id: thing for thing in things}
        self.scenes = {scene.id: scene for scene in scenes}
        self.states = states
        self.root = next((place.id for place in self.places.values() if place.inside is None), "")
        self._above = {place: self._path(place) for place in self.places}
        self._held: dict[str, list[str]] = {}
        for thing in self.things.values():
            for place in self._above.get(thing.place, ()):
                self._held.setdefault(place, []).append(thing.id)
        self._words: dict[str, frozenset[str]] = {}
        self.names = Names(self)

    def path(self, place: str) -> tuple[str, ...]:
        """The place and those it lies in, innermost first."""
        return self._above.get(place, ())

    def within(self, place: str) -> list[str]:
        """The things anywhere in a place, in their order."""
        return self._held.get(place, [])

    def at_home(self, things: Iterable[str], here: str | None) -> tuple[str, ...]:
        """Those of some things that share the root place with ``here`` (of nowhere: the first root); all of them where
        none does. What is said of no place is said of one's own home, and of no plant that one sees too."""
        some = tuple(things)
        root = self.path(here)[-1] if here in self.places else self.root
        return tuple(thing for thing in some if root in self.path(self.things[thing].place)) or some

    def of_a_room(self, things: Sequence[str], traits: Sequence[str]) -> list[str]:
        """Those whose trait it is where a room is said and nothing in it (`OF_A_ROOM`); all, where it is nobody's."""
        owner = next((OF_A_ROOM[trait] for trait in traits if trait in OF_A_ROOM), None)
        return [thing for thing in things if self.things[thing].kind == owner] or list(things)

    def kin(self, id: str) -> tuple[str, ...]:
        """Things that are called after this one: the "front door lock" of a "front door"; not after its other names."""
        name = f"{self.things[id].names[0].casefold()} " if self.things[id].names else id
        return tuple(
            other.id
            for other in self.things.values()
            if other.id != id and any(each.casefold().startswith(name) for each in other.names)
        )

    def state(self, thing: str) -> Mapping[str, Any]:
        """What a thing says of itself, by trait."""
        return self.states.get(thing, {})

    def can_tell(self, thing: str, trait: str) -> bool:
        """Whether its model has it tell that."""
        return trait in self.things[thing].tells

    def has_told(self, thing: str, trait: str) -> bool:
        """Whether it tells that, as far as is known: a model may have more than a device of it ever says, so who told
        others and never this one does not."""
        state = self.state(thing) if self.can_tell(thing, trait) else None
        return state is not None and (not state or trait in state)

    def words_of(self, thing: str) -> frozenset[str]:
        """All words of a thing's names, as names compare them."""
        found = self._words.get(thing)
        if found is None:
            found = frozenset(key for name in self.things[thing].names for key in keys_of(name))
            self._words[thing] = found
        return found

    def risk(self, thing: str, trait: str, value: Any) -> Risk:
        """What may come of setting it so."""
        about = self.things[thing]
        harmless = about.risky.get(trait)
        if harmless is None or any(value is good or (value == good and type(value) is type(good)) for good in harmless):
            return Risk.NONE
        return Risk.SENSITIVE

    def _path(self, place: str) -> tuple[str, ...]:
        path: list[str] = []
        at: str | None = place
        while at is not None and at not in path and at in self.places:
            path.append(at)
            at = self.places[at].inside
        return tuple(path)


def world_of_home(home: Home) -> World:
    """A home file's. What a thing has: the traits of its state, and the actions of its kind; all of its kind where the
    file gives no state."""
    places = [
        Place(
            id=place.id, names=_names(place.id, place.name, place.names), kind=place.kind or "room", inside=place.inside
        )
        for place in home.places
    ]
    known = {place.id for place in places}
    inside = {thing.id: thing.inside for thing in home.things}
    things = []
    for thing in home.things:
        place, parent = thing.inside, None
        for _ in home.things:
            if place in known:
                break
            parent = parent or place
            place = inside[place]
        kind = thing.kind or thing.model or ""
        bounds = MODELLED_AS.get(kind, kind)
        model = builtin_model(bounds) if bounds in builtin_models() else None
        names = _names(thing.id, thing.name, thing.names)
        things.append(thing_of_model(thing.id, names, kind, place, model, parent=parent, state=thing.state))
    return World(places, things, {thing.id: thing.state for thing in home.things})


def thing_of_model(
    id: str,
    names: tuple[str, ...],
    kind: str,
    place: str,
    model: Model | None,
    *,
    parent: str | None = None,
    state: Mapping[str, Any] | None = None,
) -> Thing:
    """A thing as its model has it. ``state`` limits the properties to those it has (a home file's), where not empty."""
    abilities = _Abilities()
    if model is not None:
        for key, prop in model.properties.items():
            trait = prop.trait or key
            if not state or trait in state:
                writable = prop.writable or (trait in TUNABLE and bool(state))
                abilities.add(trait, prop.schema, takes=writable, risky=prop.harmless if prop.risky else None)
        for key, action in model.actions.items():
            abilities.add(action.trait or key, None, takes=True, risky=() if action.risky else None)
    for trait in state or ():
        about = traits().get(trait)
        if trait not in abilities.tells:
            sensing = kind.split(".", maxsplit=1)[0] == "sensor"
            writable = not sensing and (about is None or about.role in ("actuator", "action") or trait in TUNABLE)
            risky = about.harmless if about is not None and about.risky else None
            abilities.add(trait, about.schema if about is not None else None, takes=writable, risky=risky)
    for trait, value in (state or {}).items():
        least, most = abilities.ranges.get(trait, (None, None))
        if least is not None and most is not None and isinstance(value, int | float) and not least <= value <= most:
            abilities.ranges[trait] = (None, None)  # a kiln's 45 degrees: it is not bounded as a room's climate is
    return Thing(
        id=id,
        names=names,
        kind=kind,
        place=place,
        parent=parent,
        tells=frozenset(abilities.tells),
        takes=frozenset(abilities.takes),
        ranges=abilities.ranges,
        choices=abilities.choices,
        risky=abilities.risky,
    )


class _Abilities:
    """What a thing can, collected trait by trait."""

    def __init__(self) -> None:
        self.tells: set[str] = set()
        self.takes: set[str] = set()
        self.ranges: dict[str, Range] = {}
        self.choices: dict[str, tuple[Any, ...]] = {}
        self.risky: dict[str, tuple[Any, ...]] = {}

    def add(self, trait: str, schema: Schema | None, *, takes: bool, risky: tuple[Any, ...] | None) -> None:
        if schema is not None or trait not in CALLED:
            self.tells.add(trait)
        if takes:
            self.takes.add(trait)
        if risky is not None:
            self.risky[trait] = risky
        if schema is not None:
            self.ranges[trait] = (schema.min, schema.max)
            if schema.choices:
                self.choices[trait] = tuple(choice.value for choice in schema.choices)


def _names(ident: str, name: str, names: Mapping[str, str | list[str]]) -> tuple[str, ...]:
    """The title, then the others of every language, each once."""
    found = [name] if name else [ident.replace("_", " ")]
    for several in names.values():
        found.extend([several] if isinstance(several, str) else several)
    return tuple(dict.fromkeys(found))
