"""The safety document of a root place: rules, interlocks and limits, as people write it.

Knows the document and how what is wrong in it is said. Knows not how it is enforced (see `unisono.twin.safety`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta

from unisono.access.policy import Part, Rule, What
from unisono.errors import CallerError
from unisono.thing.explain import explained

__all__ = [
    "MAX_POLICY_BYTES",
    "Forbidden",
    "Interlock",
    "Limit",
    "Match",
    "Policy",
    "Seen",
    "load_policy",
    "read_match",
]

#: A plant of a thousand machines with an interlock each takes 300 KB.
MAX_POLICY_BYTES = 1 << 20
#: Rules are asked in order, once a command: a thousand take a millisecond.
MAX_PARTS = 1_000

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Seconds = Annotated[float, Meta(gt=0, le=86_400.0)]
Number = int | float


class Match(Part, frozen=True, kw_only=True):
    """Tests of one value that must all hold. ``is`` and ``is_not`` take one value, or a list of which one must fit."""

    is_: Any = msgspec.field(name="is", default=UNSET)
    is_not: Any = UNSET
    above: Number | None = None
    below: Number | None = None


class Seen(Match, frozen=True, kw_only=True):
    """A property (address or trait) of a thing and what it is. A value older than ``fresh_s`` is not known."""

    thing: str
    property: str
    fresh_s: Seconds | None = None


class Forbidden(What, frozen=True, kw_only=True):
    """Which commands: those that set one of these (to what fits; null: to anything) or call one of these, of the
    things that are meant. Without ``set`` and ``call``: every command."""

    set: dict[str, Any] = msgspec.field(default_factory=dict)
    call: tuple[str, ...] = ()


class Interlock(Part, frozen=True, kw_only=True, rename={"while_": "while"}):
    """What must never be begun while one of the conditions holds. ``unknown``: what counts while nobody can say: it is
    forbidden, allowed, or judged by what was last reported."""

    name: Name
    never: Forbidden
    while_: Annotated[tuple[Seen, ...], Meta(min_length=1, max_length=100)]
    unknown: Literal["forbid", "allow", "last"] = "forbid"


class Limit(Part, frozen=True, kw_only=True):
    """At most ``changes`` commands in ``in_s`` seconds, and ``min_interval_s`` between two, per thing and property.

    ``unless``: what is always let through, as in ``set`` of an interlock: switching off, say.
    """

    name: Name
    what: What = What()
    changes: Annotated[int, Meta(ge=1, le=1_000)] | None = None
    in_s: Seconds = 60.0
    min_interval_s: Seconds | None = None
    unless: dict[str, Any] = msgspec.field(default_factory=dict)


class Policy(Part, frozen=True, kw_only=True):
    """``confirm_within_s``: how long a second word is waited for."""

    rules: Annotated[tuple[Rule, ...], Meta(max_length=MAX_PARTS)] = ()
    interlocks: Annotated[tuple[Interlock, ...], Meta(max_length=MAX_PARTS)] = ()
    limits: Annotated[tuple[Limit, ...], Meta(max_length=MAX_PARTS)] = ()
    confirm_within_s: Annotated[float, Meta(ge=5, le=600)] = 60.0


_MATCHES = {"is", "is_not", "above", "below"}


def load_policy(document: bytes | Mapping[str, Any]) -> Policy:
    """The policy that a JSON document or a plain mapping says.

    Raises CallerError ``too_large``, ``bad_json`` or ``bad_policy`` with ``field`` as the path in it.
    """
    try:
        if isinstance(document, bytes):
            if len(document) > MAX_POLICY_BYTES:
                detail = f"a policy of {len(document)} bytes"
                raise CallerError(detail, code="too_large", expected=f"at most {MAX_POLICY_BYTES}")
            document = msgspec.json.decode(document)
        policy = msgspec.convert(document, Policy)
    except msgspec.ValidationError as error:
        raise explained(str(error), Policy, "bad_policy", document) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CallerError(str(error), code="bad_json", expected="a JSON object") from None
    for path, detail, expected in _unsound(policy):
        raise CallerError(detail, code="bad_policy", field=path, expected=expected)
    return policy


def read_match(value: Any) -> Match:
    """What the value of ``set`` or ``unless`` means: null anything, a list one of it, an object with tests those."""
    if value is None:
        return Match()
    if isinstance(value, dict) and value and value.keys() <= _MATCHES:
        return msgspec.convert(value, Match)
    return Match(is_=value)


def _unsound(policy: Policy) -> Iterator[tuple[str, str, str]]:
    for group in ("rules", "interlocks", "limits"):
        names = [part.name for part in getattr(policy, group)]
        for number, name in enumerate(names):
            if name in names[:number]:
                yield f"{group}.{number}.name", f"there is another {name!r}", "a name of its own"
    for number, interlock in enumerate(policy.interlocks):
        for key, value in interlock.never.set.items():
            yield from _unsound_match(value, f"interlocks.{number}.never.set.{key}")
        for place, seen in enumerate(interlock.while_):
            if seen.is_ is UNSET and seen.is_not is UNSET and seen.above is None and seen.below is None:
                path = f"interlocks.{number}.while.{place}"
                yield path, "nothing is asked of the property", 'one of "is", "is_not", "above" and "below"'
    for number, limit in enumerate(policy.limits):
        for key, value in limit.unless.items():
            yield from _unsound_match(value, f"limits.{number}.unless.{key}")
        if limit.changes is None and limit.min_interval_s is None:
            yield f"limits.{number}", "it limits nothing", '"changes" with "in_s", or "min_interval_s"'


def _unsound_match(value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    try:
        read_match(value)
    except msgspec.ValidationError as error:
        yield path, str(error), 'a value, a list of values, or {"above": ..., "below": ...}'
