"""A scene as people write it, in YAML or JSON: when, if, then.

Knows the shapes and where in a document something is wrong. Knows no things: whether they exist and can do what the
scene asks is `unisono.scene.checking.soundness`. Lists of one kind of step are written as objects of one member, as in
``- set: {things: [hall_lamp], state: {on_off: true}}``; the member names the kind. Fields ending in ``_s`` are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from unisono.errors import CallerError, together
from unisono.scene.schedule import Timing
from unisono.scene.text import read_document
from unisono.thing.explain import explained

__all__ = [
    "Action",
    "Condition",
    "Given",
    "Matching",
    "Scene",
    "Selector",
    "Trigger",
    "Window",
    "kind_of",
    "load_kept",
    "load_scene",
    "quick_document",
    "scene_schema",
]

#: Steps inside steps; deeper ones nobody can read.
MAX_DEPTH = 12
#: Triggers, conditions and steps of one scene in all: what one person can still oversee, many times over.
MAX_STEPS = 500
#: The longest wait or "for": a year.
LONGEST_S = 366 * 86_400.0
#: Runs of one scene that wait or go on at a time, where it may have several.
DEFAULT_MAX = 10

Id: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=LONGEST_S)]
Number: TypeAlias = int | float
Names: TypeAlias = dict[Annotated[str, Meta(max_length=16)], str | list[str]]
Text: TypeAlias = Annotated[str, Meta(max_length=4000)]
Expression: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2000)]


class Part(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """The root of all parts of a scene."""


class Selector(Part, kw_only=True):
    """Which things: those named, or those of a kind in a place (and in the places inside it). Both add up."""

    things: tuple[Id, ...] = ()
    place: Id | None = None
    kind: str | None = None


class Matching(Selector, kw_only=True):
    """A property (address or trait) of things, and what its value must be; several tests must all hold.

    ``is`` takes one value or a list of which one must fit.
    """

    property: str
    is_: Any = msgspec.field(name="is", default=UNSET)
    is_not: Any = UNSET
    above: Number | None = None
    below: Number | None = None
    for_s: Seconds = 0.0


class Given(Part, kw_only=True):
    """A value that an expression may use under the name it is given."""

    thing: Id
    property: str


class Window(Selector, kw_only=True):
    """A figure of a property over the last ``over_s`` seconds, kept in sixty steps: a sixtieth is its resolution.

    ``rate`` is the change per hour between the oldest and the newest value; ``count`` the number of reports.
    """

    property: str
    over_s: Annotated[float, Meta(gt=0, le=LONGEST_S)]
    agg: Literal["mean", "min", "max", "sum", "count", "rate"]
    above: Number | None = None
    below: Number | None = None
    for_s: Seconds = 0.0


# triggers


class Change(Matching, kw_only=True):
    """A value begins to fit (and stays so for ``for_s``). Without a test: it changes; ``by``: at least so much since
    the last time; ``was``: it had this value before.
    """

    by: Annotated[float, Meta(gt=0)] | None = None
    was: Any = UNSET


class Happening(Selector, kw_only=True):
    """A thing tells an event; ``fields`` must be among its own."""

    event: str
    fields: dict[str, Any] = {}


class Travel(Selector, kw_only=True):
    """A person, phone or car comes to a place or leaves it: by trait ``presence``, or by ``location`` within
    ``within_m`` metres of the place's position.
    """

    arrives: Id | None = None
    leaves: Id | None = None
    within_m: Annotated[float, Meta(gt=0, le=1_000_000)] = 150.0
    for_s: Seconds = 0.0


class Connection(Selector, kw_only=True):
    """A thing comes or goes."""

    is_: Literal["online", "offline"] = msgspec.field(name="is")
    for_s: Seconds = 0.0


class Silence(Selector, kw_only=True):
    """A thing reports nothing (of one property, where given) for so long."""

    property: str | None = None
    for_s: Annotated[float, Meta(gt=0, le=LONGEST_S)]


class Time(Timing, kw_only=True):
    """A moment. ``missed``: what becomes of moments at which the hub was off: nothing, one run, or a run each."""

    missed: Literal["skip", "once", "all"] = "skip"


class ModeChange(Part, kw_only=True):
    """A place takes on a mode (home, away, night, holiday, ...)."""

    place: Id
    is_: str | tuple[str, ...] = msgspec.field(name="is")
    for_s: Seconds = 0.0


class SceneEnd(Part, kw_only=True):
    """Another scene ran to its end (``done``), was ended early (``stopped``), or either."""

    id: Id
    ended: Literal["done", "stopped", "any"] = "done"


class Trigger(Part, kw_only=True):
    """One reason to run: exactly one member."""

    change: Change | None = None
    event: Happening | None = None
    travel: Travel | None = None
    connection: Connection | None = None
    silence: Silence | None = None
    time: Time | None = None
    window: Window | None = None
    mode: ModeChange | None = None
    scene: SceneEnd | None = None


# conditions


class State(Matching, kw_only=True):
    """What a property is. ``of``: how many of the things it must hold for."""

    of: Literal["all", "any", "none"] = "all"


class Clock(Part, kw_only=True):
    """A time of day, local: from ``after`` up to but not including ``before``, over midnight too; on some days."""

    after: str | None = None
    before: str | None = None
    days: str = "day"


class Daylight(Part, kw_only=True):
    """Whether the sun is above the horizon at the place."""

    is_: Literal["up", "down"] = msgspec.field(name="is")


class Whereabouts(Selector, kw_only=True):
    """Whether persons, phones or cars are at a place, as `Travel` tells it."""

    at: Id
    within_m: Annotated[float, Meta(gt=0, le=1_000_000)] = 150.0
    of: Literal["all", "any", "none"] = "all"


class Reachable(Selector, kw_only=True):
    """Whether things are there."""

    is_: Literal["online", "offline"] = msgspec.field(name="is")
    of: Literal["all", "any", "none"] = "all"


class Mode(Part, kw_only=True):
    """Which mode a place is in."""

    place: Id
    is_: str | tuple[str, ...] = msgspec.field(name="is")


class Cel(Part, kw_only=True):
    """An expression of the Common Expression Language over the given values. A value that is not known: it is false."""

    expression: Expression
    given: dict[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,40}$")], Given] = {}


class Condition(Part, kw_only=True):
    """One condition: exactly one member."""

    state: State | None = None
    time: Clock | None = None
    sun: Daylight | None = None
    whereabouts: Whereabouts | None = None
    connection: Reachable | None = None
    mode: Mode | None = None
    window: Window | None = None
    cel: Cel | None = None
    all: tuple[Condition, ...] | None = None
    any: tuple[Condition, ...] | None = None
    not_: Condition | None = msgspec.field(name="not", default=None)


# actions


class Set(Selector, kw_only=True):
    """Ask things to take on values. A value is plain, ``{"add": n}``, ``{"toggle": true}`` or ``{"cel": {...}}``.
    ``wait``: go on only when every thing confirmed (or failed to); ``or_stop``: a thing that did not ends the run.
    """

    state: Annotated[dict[str, Any], Meta(min_length=1)]
    wait: bool = False
    or_stop: bool = False


class Call(Selector, kw_only=True):
    """Call an action of things."""

    action: str
    input: dict[str, Any] = {}
    wait: bool = False
    or_stop: bool = False


class Notify(Part, kw_only=True):
    """Tell people. ``text`` may hold ``{thing.property}`` in braces; ``group``: a later one replaces an earlier."""

    to: tuple[str, ...] = ()
    text: Text
    title: Text = ""
    priority: Literal["low", "normal", "high", "critical"] = "normal"
    group: str | None = None


class Wait(Part, kw_only=True):
    """Wait for a time, or until conditions hold, at most ``timeout_s``; then ``otherwise``: stop the run, or go on."""

    for_s: Seconds | None = None
    until: tuple[Condition, ...] = ()
    timeout_s: Annotated[float, Meta(gt=0, le=LONGEST_S)] = 3600.0
    otherwise: Literal["stop", "go_on"] = "go_on"


class Branch(Part, kw_only=True):
    """Steps for when conditions hold."""

    if_: tuple[Condition, ...] = msgspec.field(name="if")
    then: tuple[Action, ...]


class Choose(Part, kw_only=True):
    """The first branch whose conditions hold, else ``otherwise``."""

    branches: Annotated[tuple[Branch, ...], Meta(min_length=1)]
    otherwise: tuple[Action, ...] = ()


class Repeat(Part, kw_only=True):
    """Steps again: so many times, or while or until conditions hold - never more than ``at_most`` times."""

    then: Annotated[tuple[Action, ...], Meta(min_length=1)]
    times: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    while_: tuple[Condition, ...] = msgspec.field(name="while", default=())
    until: tuple[Condition, ...] = ()
    at_most: Annotated[int, Meta(ge=1, le=10_000)] = 100


class Snapshot(Selector, kw_only=True):
    """Remember what things are set to, to be restored by name later in the same run."""

    name: Id


class Restore(Part, kw_only=True):
    """Ask things to take on what the snapshot of that name remembers."""

    name: Id


class RunScene(Part, kw_only=True):
    """Run another scene; ``wait``: until it ended."""

    id: Id
    wait: bool = False


class SetMode(Part, kw_only=True):
    """Put a place into a mode."""

    place: Id
    to: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


class Http(Part, kw_only=True):
    """Call an address on the list of allowed hosts. GET, HEAD, PUT and DELETE may be repeated after a crash."""

    url: Annotated[str, Meta(pattern=r"^https?://", max_length=2000)]
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[str, str] = {}
    body: Any = UNSET
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0


class Stop(Part, kw_only=True):
    """End the run here."""

    why: Text = ""


class Action(Part, kw_only=True):
    """One step: exactly one member. ``title`` is for people."""

    title: Text = ""
    set: Set | None = None
    call: Call | None = None
    notify: Notify | None = None
    wait: Wait | None = None
    choose: Choose | None = None
    repeat: Repeat | None = None
    snapshot: Snapshot | None = None
    restore: Restore | None = None
    scene: RunScene | None = None
    mode: SetMode | None = None
    http: Http | None = None
    stop: Stop | None = None


class Scene(Part, kw_only=True):
    """One automation. ``mode``: what a trigger does while a run is open: nothing, begin anew, wait (at most ``max``),
    or run beside it (at most ``max``). ``if`` must hold when it is triggered. ``place`` is where it belongs: time zone,
    sun and rights come from there.
    """

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    place: Id
    names: Names = {}
    description: Text = ""
    enabled: bool = True
    mode: Literal["single", "restart", "queued", "parallel"] = "single"
    max: Annotated[int, Meta(ge=2, le=100, extra_json_schema={"default": DEFAULT_MAX})] | UnsetType = UNSET
    when: tuple[Trigger, ...] = ()
    if_: tuple[Condition, ...] = msgspec.field(name="if", default=())
    then: Annotated[tuple[Action, ...], Meta(min_length=1)]

    @property
    def most(self) -> int:
        """How many runs wait or go on at a time, at most, where there may be several."""
        return DEFAULT_MAX if self.max is UNSET else self.max


_quick_decoder = msgspec.json.Decoder(Scene)

#: The members of which a part has one: their names in the document, and here.
_MEMBERS = {
    each: tuple((field.encode_name, field.name) for field in msgspec.structs.fields(each) if field.name != "title")
    for each in (Trigger, Condition, Action)
}


def kind_of(part: Trigger | Condition | Action) -> tuple[str, Any]:
    """The one member that is there, by its name in the document. For a part that `load_scene` took."""
    for kind, name in _MEMBERS[type(part)]:
        value = getattr(part, name)
        if value is not None:
            return kind, value
    raise AssertionError("load_scene lets no empty part through")


def load_scene(document: bytes | str | Mapping[str, Any]) -> Scene:
    """The scene that a YAML or JSON document or a plain mapping says; types and bounds are checked.

    Raises what `read_document` raises, and CallerError ``bad_scene`` with ``field`` as the path in it.
    """
    document = read_document(document)
    try:
        scene = msgspec.convert(document, Scene)
    except msgspec.ValidationError as error:
        raise explained(str(error), Scene, document=document) from None
    _check_parts(scene)
    return scene


def quick_document(scene: Scene, document: bytes) -> bytes:
    """The same scene as `load_kept` reads it fastest; as it was where JSON cannot say it."""
    quick = msgspec.json.encode(scene)
    try:
        return quick if _quick_decoder.decode(quick) == scene else document
    except msgspec.DecodeError:
        return document


def load_kept(document: bytes) -> Scene:
    """A scene that `load_scene` took before, from its `quick_document`: a start reads ten thousand of them."""
    try:
        return _quick_decoder.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return load_scene(document)


def scene_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a scene, for editors."""
    schema = msgspec.json.schema(Scene)
    for name, part in schema["$defs"].items():
        if name in ("Trigger", "Condition", "Action"):
            part["oneOf"] = [{"required": [kind]} for kind, _name in _MEMBERS[globals()[name]]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _deep(path: str) -> CallerError:
    return CallerError("it is nested too deep", code="bad_scene", field=path or None, expected=f"{MAX_DEPTH} levels")


def _check_parts(scene: Scene) -> None:
    """Every trigger, condition and step has one member; depth and number are bounded."""
    left = MAX_STEPS
    wrong: list[CallerError] = []
    parts: list[tuple[str, int, Trigger | Condition | Action]] = []

    def add(path: str, depth: int, more: tuple[Any, ...]) -> None:
        nonlocal left
        left -= len(more)
        if left < 0:
            raise CallerError("too many parts", code="bad_scene", field=path, expected=f"at most {MAX_STEPS} in all")
        if depth > MAX_DEPTH:
            raise _deep(path)
        parts.extend((f"{path}.{number}", depth, part) for number, part in enumerate(more))

    add("when", 1, scene.when)
    add("if", 1, scene.if_)
    add("then", 1, scene.then)
    while parts:
        path, depth, part = parts.pop()
        members = _MEMBERS[type(part)]
        given = [kind for kind, name in members if getattr(part, name) is not None]
        if len(given) != 1:
            detail = f"{' and '.join(given) or 'nothing'} given"
            expected = f"exactly one of {', '.join(kind for kind, _name in members)}"
            wrong.append(CallerError(detail, code="bad_scene", field=path, expected=expected))
            continue
        for name, more in _inside(part):
            add(f"{path}.{name}", depth + 1, more)
    if wrong:
        raise together(wrong[::-1])  # the last part was looked at first


def _inside(part: Trigger | Condition | Action) -> list[tuple[str, tuple[Any, ...]]]:
    """The lists of parts inside a part, by their path from it."""
    kind, body = kind_of(part)
    if isinstance(body, tuple):
        return [(kind, body)]
    if isinstance(body, Condition):
        return [(kind, (body,))]
    if isinstance(body, Wait):
        return [("wait.until", body.until)]
    if isinstance(body, Repeat):
        return [("repeat.while", body.while_), ("repeat.until", body.until), ("repeat.then", body.then)]
    if isinstance(body, Choose):
        found: list[tuple[str, tuple[Any, ...]]] = [("choose.otherwise", body.otherwise)]
        for number, branch in enumerate(body.branches):
            found += [(f"choose.branches.{number}.if", branch.if_), (f"choose.branches.{number}.then", branch.then)]
        return found
    return []
