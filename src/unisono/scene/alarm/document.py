"""An alarm's definition as people write it, in YAML or JSON.

Knows the shapes and where in a document something is wrong. Knows no things: whether they exist and can tell what the
alarm looks at is `unisono.scene.alarm.soundness`. One definition makes one alarm for each of its things. The members of
``raise`` are named as the triggers of a scene. Fields ending in ``_s`` are seconds, in ``_h`` hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta

from unisono.errors import CallerError, together
from unisono.scene.document import (
    LONGEST_S,
    Connection,
    Expression,
    Given,
    Id,
    Matching,
    Names,
    Number,
    Part,
    Seconds,
    Selector,
    Silence,
    Text,
    Window,
)
from unisono.scene.reading import read_document
from unisono.scene.watching.expression import compile_expression

__all__ = [
    "THIS",
    "Definition",
    "Escalation",
    "Raising",
    "Suppression",
    "Value",
    "alarm_schema",
    "load_alarm",
]

#: In an expression or a suppression, the thing that the alarm is of.
THIS = "this"
#: A definition is a page; what is larger is something else.
MAX_BYTES = 64 * 1024
#: Nobody should put an alarm aside for longer than a week: ISA-18.2 asks for a bound, plants use a shift or a day.
LONGEST_SHELF_H = 168.0
#: Calls for one alarm that nobody answers; more are noise to those who did not come.
MOST_ESCALATIONS = 20

SEVERITIES = ("critical", "high", "medium", "low", "diagnostic")
Priority = Literal["low", "normal", "high", "critical"]


class Value(Part, kw_only=True):
    """A property (address or trait) of the alarm's thing, and what its value is then; several tests must all hold.

    ``is`` takes one value or a list of which one must fit; ``above`` and ``below`` are exclusive.
    """

    property: str
    is_: Any = msgspec.field(name="is", default=UNSET)
    is_not: Any = UNSET
    above: Number | None = None
    below: Number | None = None

    def matching(self) -> Matching:
        """As scenes test it."""
        return Matching(property=self.property, is_=self.is_, is_not=self.is_not, above=self.above, below=self.below)


class Figure(Part, kw_only=True):
    """A figure of a property over the last ``over_s`` seconds, as `Window` of scenes."""

    property: str
    over_s: Annotated[float, Meta(gt=0, le=LONGEST_S)]
    agg: Literal["mean", "min", "max", "sum", "count", "rate"]
    above: Number | None = None
    below: Number | None = None

    def window(self) -> Window:
        return Window(property=self.property, over_s=self.over_s, agg=self.agg, above=self.above, below=self.below)


class Quiet(Part, kw_only=True):
    """The thing reports nothing (of one property, where given) for so long."""

    property: str | None = None
    for_s: Annotated[float, Meta(gt=0, le=LONGEST_S)]

    def silence(self) -> Silence:
        return Silence(property=self.property, for_s=self.for_s)


class Reach(Part, kw_only=True):
    """The thing is there, or gone."""

    is_: Literal["online", "offline"] = msgspec.field(name="is")

    def connection(self) -> Connection:
        return Connection(is_=self.is_)


class Told(Part, kw_only=True):
    """The thing tells an event; ``fields`` must be among its own."""

    event: str
    fields: dict[str, Any] = msgspec.field(default_factory=dict)


class Says(Part, kw_only=True):
    """An expression of the Common Expression Language is true; ``thing: this`` is the alarm's own."""

    expression: Expression
    given: dict[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,40}$")], Given] = msgspec.field(default_factory=dict)


class Raising(Part, kw_only=True):
    """When something is the case: exactly one member."""

    change: Value | None = None
    window: Figure | None = None
    silence: Quiet | None = None
    connection: Reach | None = None
    event: Told | None = None
    cel: Says | None = None


class Escalation(Part, kw_only=True):
    """Who is told when nobody has acknowledged after ``after_s``; again after each further ``after_s``, ``times`` in
    all. ``priority`` is one step higher at each call than the alarm was told at, unless it is given."""

    after_s: Annotated[float, Meta(gt=0, le=LONGEST_S)]
    to: tuple[str, ...] = ()
    priority: Priority | None = None
    times: Annotated[int, Meta(ge=1, le=MOST_ESCALATIONS)] = 3


class While(Value, kw_only=True):
    """A value of a thing, the alarm's own unless another is named."""

    thing: Id = THIS


class Suppression(Part, kw_only=True):
    """By design no alarm: while another alarm is active (``ID`` of the same thing, or ``ID.THING``), in a mode of the
    thing's place or one around it, or while a value fits (the machine stands still). Any of them is enough.
    """

    alarms: tuple[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}(\.[a-z0-9][a-z0-9_-]{0,62})?$")], ...] = ()
    modes: tuple[str, ...] = ()
    values: tuple[While, ...] = msgspec.field(name="while", default=())


class Notice(Part, kw_only=True):
    """Who is told when the alarm is raised. ``priority`` follows the severity unless it is given."""

    to: tuple[str, ...] = ()
    priority: Priority | None = None


class Definition(Part, kw_only=True):
    """One kind of alarm at a place. Without ``things`` and ``kind`` it is of all things of the place that can tell what
    it looks at.

    ``clear``: when it is over, where that is more than ``raise`` no longer being so (a dead band). ``on_delay_s``,
    ``off_delay_s``: how long either must last. ``latching``: it stays until a person resets it. ``acknowledge``: a
    person has to see it. ``shelve_h``: for how long it may be put aside at most (0: not at all). ``text``,
    ``consequence`` and ``action`` may hold ``{property}`` of the alarm's thing, ``{thing.property}`` of any, ``{name}``
    and ``{value}``: what was seen.
    """

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    place: Id
    names: Names = msgspec.field(default_factory=dict)
    description: Text = ""
    enabled: bool = True
    things: tuple[Id, ...] = ()
    kind: str | None = None
    raise_: Raising = msgspec.field(name="raise")
    clear: Raising | None = None
    on_delay_s: Seconds = 0.0
    off_delay_s: Seconds = 0.0
    severity: Literal["critical", "high", "medium", "low", "diagnostic"] = "medium"
    latching: bool = False
    acknowledge: bool = True
    shelve_h: Annotated[float, Meta(ge=0, le=LONGEST_SHELF_H)] = 8.0
    suppress: Suppression | None = None
    escalate: Escalation | None = None
    notify: Notice | None = None
    text: Text = ""
    consequence: Text = ""
    action: Text = ""

    @property
    def selector(self) -> Selector:
        """The things that may have it."""
        if self.things and self.kind is None:
            return Selector(things=self.things)
        return Selector(things=self.things, place=self.place, kind=self.kind)


def kind_of(raising: Raising) -> tuple[str, Any]:
    """The one member that is there, by its name. For a part that `load_alarm` took."""
    return next((name, value) for name in _KINDS if (value := getattr(raising, name)) is not None)


_KINDS = tuple(field.name for field in msgspec.structs.fields(Raising))


def load_alarm(document: bytes | str | Mapping[str, Any]) -> Definition:
    """The definition that a YAML or JSON document or a plain mapping says; types and bounds are checked.

    Raises CallerError ``too_large``, ``bad_json`` (no YAML) or ``bad_alarm`` with ``field`` as the path in it.
    """
    if isinstance(document, bytes) and document[:1] == b"{" and len(document) <= MAX_BYTES:
        # most are JSON of ours; reading them as YAML takes a hundred times as long
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            document = msgspec.json.decode(document, type=dict[str, Any])
    definition = read_document(document, Definition, "bad_alarm", MAX_BYTES)
    _check(definition)
    return definition


def alarm_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a definition, for editors."""
    schema = msgspec.json.schema(Definition)
    schema["$defs"]["Raising"]["oneOf"] = [{"required": [kind]} for kind in _KINDS]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _bad(detail: str, field: str | None, expected: str | None = None) -> CallerError:
    return CallerError(detail, code="bad_alarm", field=field, expected=expected)


def _check(definition: Definition) -> None:
    """What types cannot say."""
    if wrong := list(_wrong(definition)):
        raise together(wrong)


def _wrong(definition: Definition) -> Iterator[CallerError]:
    for name, raising in (("raise", definition.raise_), ("clear", definition.clear)):
        if raising is not None:
            yield from _wrong_raising(raising, name)
    if definition.raise_.event is not None and definition.on_delay_s:
        yield _bad("an event lasts no time", "on_delay_s", "0")
    if definition.clear is not None and definition.clear.silence is not None:
        expected = "what the thing reports when it is over"
        yield _bad("silence clears nothing: it tells that nothing is known", "clear", expected)
    if definition.escalate is not None and not definition.acknowledge:
        yield _bad("nobody has to acknowledge it, so nobody can be late", "escalate", '"acknowledge": true')
    suppress = definition.suppress or Suppression()
    for number, each in enumerate(suppress.values):
        if _tests_nothing(each):
            yield _bad("nothing is asked of the value", f"suppress.while.{number}", ASKING)
    if definition.id in suppress.alarms:
        yield _bad("an alarm cannot suppress itself", "suppress.alarms", "other alarms")


def _wrong_raising(raising: Raising, name: str) -> Iterator[CallerError]:
    members = [kind for kind in _KINDS if getattr(raising, kind) is not None]
    if len(members) != 1:
        detail = f"it has {', '.join(members)}" if members else "it is empty"
        yield _bad(detail, name, f"one of {', '.join(_KINDS)}")
        return
    kind, body = kind_of(raising)
    if isinstance(body, Value) and _tests_nothing(body):
        yield _bad("nothing is asked of the value", f"{name}.{kind}", ASKING)
    if isinstance(body, Figure) and body.above is None and body.below is None:
        yield _bad("nothing is asked of the figure", f"{name}.{kind}", '"above" or "below"')
    if isinstance(body, Says):
        try:
            compile_expression(body.expression, body.given)
        except CallerError as error:
            yield _bad(error.detail, f"{name}.{kind}.expression", error.expected)


ASKING = '"is", "is_not", "above" or "below"'


def _tests_nothing(value: Value) -> bool:
    return value.is_ is UNSET and value.is_not is UNSET and value.above is None and value.below is None
