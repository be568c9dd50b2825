"""Blueprints: scenes with blanks, shipped as data, which become scenes once the blanks are filled in.

Knows the files ``blueprints/*.yaml`` beside it and how an input is checked and put in its place: ``$name`` alone is the
value itself (several things among others in a list are members of it), ``$name`` in a text is its words. Knows nothing
of how a scene is saved.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.checking.finding import near
from unisono.scene.document import load_scene
from unisono.scene.reading import read_document
from unisono.scene.world import World, find_index, is_kind
from unisono.thing import convert, find_unit
from unisono.thing.schema import show

__all__ = ["BLUEPRINTS", "Blueprint", "Input", "blueprint", "blueprints", "make_scene"]

BLUEPRINTS = Path(__file__).parent / "blueprints"
MAX_BYTES = 64 * 1024

Texts: TypeAlias = dict[str, str]

_BLANK = re.compile(r"\$([a-z][a-z0-9_]*)")
_QUANTITY = re.compile(r"\s*([-+]?[0-9]+(?:\.[0-9]+)?)\s*(\S.*?)\s*")


class Part(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The root of all parts of a blueprint."""


class Input(Part, kw_only=True):
    """One blank. ``thing``: an id, ``things``: a list of them, each of a ``kind`` or with a ``trait``; ``number``:
    within ``min`` and ``max``, in ``unit`` (another unit of the same quantity is converted); ``time``: ``HH:MM``;
    ``people``: a list of names; ``days``: as in a schedule; ``choice``: one of ``choices``.
    """

    type: Literal["thing", "things", "place", "number", "time", "people", "days", "text", "choice"]
    title: Texts
    kind: str | None = None
    trait: str | None = None
    unit: str | None = None
    min: float | None = None
    max: float | None = None
    choices: tuple[Any, ...] = ()
    default: Any = UNSET


class Rehearsed(Part, kw_only=True):
    """A test of a blueprint: inputs, a home of ``blueprints/homes``, and a script (`unisono.scene.trying.script`)."""

    home: str
    inputs: dict[str, Any] = {}
    devices: dict[str, Any] = {}
    day: list[dict[str, Any]]
    title: str = ""


class Blueprint(Part, kw_only=True):
    """``id`` is the name of its file. ``scene``: a scene without id, name and place."""

    id: str = ""
    title: Texts
    description: Texts
    area: Literal["home", "energy", "security", "care", "car", "cold_chain", "line"]
    inputs: dict[str, Input]
    scene: dict[str, Any]
    tests: list[Rehearsed] = []


@lru_cache(maxsize=1)
def blueprints() -> Mapping[str, Blueprint]:
    """All that ship, by id."""
    return {path.stem: _load(path) for path in sorted(BLUEPRINTS.glob("*.yaml"))}


def blueprint(id: str) -> Blueprint:
    """Raises CallerError ``not_found``."""
    found = blueprints().get(id)
    if found is None:
        expected = near(id, blueprints(), "one of those that are listed")
        raise CallerError(f"there is no blueprint {id!r}", code="not_found", field="blueprint", expected=expected)
    return found


def make_scene(
    of: Blueprint, given: Mapping[str, Any], *, id: str, place: str, name: str = "", world: World | None = None
) -> dict[str, Any]:
    """The document of a scene, as `load_scene` takes it. ``world``: what is there, where things are to be looked at.

    Raises CallerError ``bad_value`` with ``inputs.<name>`` as the field.
    """
    for key in given:
        if key not in of.inputs:
            raise _bad(key, f"there is no input {key!r}", near(key, of.inputs, f"one of {', '.join(of.inputs)}"))
    values = {key: _value(key, each, given.get(key, each.default), world) for key, each in of.inputs.items()}
    titles = {"name": name or of.title["en"], "names": {} if name else _others(of.title)}
    document = {"id": id, **titles, "place": place, "description": of.description["en"], **_fill(of.scene, values)}
    load_scene(document)
    return {key: value for key, value in document.items() if value != {}}


def _load(path: Path) -> Blueprint:
    read = read_document(path.read_bytes(), Blueprint, "bad_value", MAX_BYTES)
    return msgspec.structs.replace(read, id=path.stem)


def _others(title: Texts) -> Texts:
    return {language: text for language, text in title.items() if language != "en"}


def _fill(value: Any, values: Mapping[str, Any]) -> Any:
    """A part of the template with the blanks filled in."""
    if isinstance(value, str):
        whole = _BLANK.fullmatch(value)
        return values[whole[1]] if whole else _BLANK.sub(lambda found: _words(values[found[1]]), value)
    if isinstance(value, dict):
        return {key: _fill(each, values) for key, each in value.items()}
    if isinstance(value, list):
        filled: list[Any] = []
        for each in value:
            made = _fill(each, values)
            several = isinstance(each, str) and isinstance(made, list)
            filled += made if several else [made]
        return filled
    return value


def _words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _value(name: str, of: Input, value: Any, world: World | None) -> Any:
    """An input as it goes into the scene."""
    if value is UNSET:
        raise _bad(name, "it is missing", _wanted(of))
    return _CHECKS[of.type](name, of, value, world)


def _number(name: str, of: Input, value: Any, world: World | None) -> Any:
    number = value
    quantity = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if quantity is not None and of.unit is not None and find_unit(quantity[2]) is not None:
        try:
            number = round(convert(float(quantity[1]), quantity[2], of.unit), 6)
        except CallerError as error:
            raise _bad(name, error.detail, _wanted(of)) from None
    if type(number) not in (int, float):
        raise _bad(name, f"{show(value)} is no number", _wanted(of))
    low, high = -math.inf if of.min is None else of.min, math.inf if of.max is None else of.max
    if not low <= number <= high:  # NaN is nowhere
        raise _bad(name, f"{show(value)} is out of range", _wanted(of))
    return number


def _thing(name: str, of: Input, value: Any, world: World | None) -> Any:
    if not isinstance(value, str):
        raise _bad(name, f"{show(value)} is no id", _wanted(of))
    if world is None:
        return value
    twin = world.things.get(value)
    if twin is None:
        fitting = [id for id, each in world.things.items() if _fits(of, each)]
        raise _bad(name, f"there is no thing {value!r}", near(value, fitting, _wanted(of)))
    if not _fits(of, twin):
        raise _bad(name, f"{value} is a {twin.shape.model.kind or twin.model}", _wanted(of))
    return value


def _fits(of: Input, twin: Any) -> bool:
    return (of.kind is None or is_kind(twin, of.kind)) and (of.trait is None or find_index(twin, of.trait) is not None)


def _things(name: str, of: Input, value: Any, world: World | None) -> Any:
    if not isinstance(value, list) or not value:
        raise _bad(name, f"{show(value)} is no list of things", _wanted(of))
    return [_thing(name, of, each, world) for each in value]


def _place(name: str, of: Input, value: Any, world: World | None) -> Any:
    _text(name, of, value, world)
    if world is not None and world.places.get(value) is None:
        places = [place.id for place in world.places]
        raise _bad(name, f"there is no place {value!r}", near(value, places, _wanted(of)))
    return value


def _time(name: str, of: Input, value: Any, world: World | None) -> Any:
    try:
        time.fromisoformat(value if isinstance(value, str) and ":" in value else "")
    except ValueError:
        raise _bad(name, f"{show(value)} is no time of day", _wanted(of)) from None
    return value


def _people(name: str, of: Input, value: Any, world: World | None) -> Any:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _bad(name, f"{show(value)} is no list of names", _wanted(of))
    return value


def _text(name: str, of: Input, value: Any, world: World | None) -> Any:
    if not isinstance(value, str):
        raise _bad(name, f"{show(value)} is no text", _wanted(of))
    return value


def _choice(name: str, of: Input, value: Any, world: World | None) -> Any:
    if value not in of.choices:
        raise _bad(name, f"{show(value)} is none of them", _wanted(of))
    return value


def _wanted(of: Input) -> str:
    """What would be right, in words."""
    if of.type in ("thing", "things"):
        what = f"of the kind {of.kind}" if of.kind is not None else f"with {of.trait}" if of.trait is not None else ""
        return f"{'the id of a thing' if of.type == 'thing' else 'ids of things'} {what}".strip()
    if of.type == "number":
        limits = [f"{word} {bound:g}" for word, bound in (("from", of.min), ("to", of.max)) if bound is not None]
        return " ".join(["a number", *limits, *([of.unit] if of.unit else [])])
    if of.type == "choice":
        return f"one of {', '.join(map(show, of.choices))}"
    return _WANTED[of.type]


_WANTED = {
    "place": "the id of a place",
    "time": '"HH:MM"',
    "people": "a list of names",
    "days": "day, weekday, weekend or days such as mon,thu",
    "text": "text",
}

_CHECKS: dict[str, Callable[[str, Input, Any, World | None], Any]] = {
    "thing": _thing,
    "things": _things,
    "place": _place,
    "number": _number,
    "time": _time,
    "people": _people,
    "days": _text,
    "text": _text,
    "choice": _choice,
}


def _bad(name: str, detail: str, expected: str) -> CallerError:
    return CallerError(detail, code="bad_value", field=f"inputs.{name}", expected=expected)
