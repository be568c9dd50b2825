"""A place's own rules of who may do what, from where and when: a pure decision over facts that are passed in.

Knows rules and facts. Rules only narrow what roles allow (see `decide`); what no rule speaks of stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from unisono.access.roles import Risk, Role

__all__ = ["Asking", "Moment", "Rule", "Ruling", "What", "When", "Who", "Wish", "always_denied", "covers", "rule_on"]

Address = Literal["hub", "lan", "remote"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ClockTime = Annotated[str, Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One part of a policy document: a field that does not exist is an error with a name."""


class Who(Part, frozen=True, kw_only=True):
    """All that are given must fit; of each list one. ``kinds``: person, program, scene, assistant."""

    kinds: tuple[Literal["person", "program", "scene", "assistant"], ...] = ()
    roles: tuple[Role, ...] = ()
    ids: tuple[str, ...] = ()


class What(Part, frozen=True, kw_only=True):
    """All that are given must fit; of each list one. ``risk``: at least so much. ``sensor`` is every ``sensor.*``."""

    things: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    risk: Literal["sensitive", "dangerous"] | None = None


class Where(Part, frozen=True, kw_only=True):
    """``address``: the class of the address that the request came from; ``home``: whether who asks is at home."""

    address: tuple[Address, ...] = ()
    home: bool | None = None


class Span(Part, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """Hours of a day by the place's clock; an end before the start is on the next day, whose night it belongs to."""

    start: ClockTime = "00:00"
    end: ClockTime = "24:00"
    days: tuple[Day, ...] = ()


class When(Part, frozen=True, kw_only=True):
    """Within one of ``times`` and while the place, or one around it, is in one of ``modes``."""

    times: tuple[Span, ...] = ()
    modes: tuple[str, ...] = ()


class Rule(Part, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The first rule that fits decides. ``confirm``: only with a second word; ``scenes`` named here need none."""

    name: str
    then: Literal["deny", "allow", "confirm"]
    who: Who = Who()
    what: What = What()
    from_: Where = Where()
    when: When = When()
    scenes: tuple[str, ...] = ()


class Asking(msgspec.Struct, frozen=True):
    """Who asks: ``role`` at the thing's place, ``address`` class and ``home`` where they are known; ``scene``: the one
    that they run by hand, or that asks."""

    kind: str
    id: str
    role: str = ""
    address: str = ""
    home: bool = False
    scene: str = ""


class Wish(msgspec.Struct, frozen=True):
    """What is wanted of a thing. ``path``: places from the root down; ``names``: keys and traits that it is about."""

    thing: str
    kind: str
    path: Sequence[str]
    names: frozenset[str]
    risk: Risk


class Moment(msgspec.Struct, frozen=True):
    """When, by the place's own clock: ``weekday`` 0 is Monday. ``modes``: of the place and those around it."""

    minute: int
    weekday: int
    modes: frozenset[str]


class Ruling(msgspec.Struct, frozen=True):
    """What the first rule that fits says; ``rule`` is None where none does. ``unnamed``: it denies a scene that it does
    not name, for want of a second word."""

    then: Literal["deny", "allow", "confirm"]
    rule: str | None = None
    unnamed: bool = False


def rule_on(rules: Sequence[Rule], asking: Asking, wish: Wish, moment: Moment) -> Ruling:
    """Whether it may be done, must not, or needs a second word."""
    for rule in rules:
        if _speaks(rule, asking, wish) and _is_when(rule.when, moment):
            return _says(rule, asking)
    return Ruling("allow")


def always_denied(rules: Sequence[Rule], asking: Asking, wish: Wish) -> Ruling | None:
    """The ruling that denies it at every time and in every mode; None where it may be done at some moment."""
    first: Ruling | None = None
    for rule in rules:
        if _speaks(rule, asking, wish):
            ruling = _says(rule, asking)
            if ruling.then != "deny":
                return None
            first = first or ruling
            if not rule.when.times and not rule.when.modes:
                return first
    return None


def _speaks(rule: Rule, asking: Asking, wish: Wish) -> bool:
    """Whether it is about this, at whatever moment."""
    return _is_who(rule.who, asking) and covers(rule.what, wish) and _is_from(rule.from_, asking)


def _says(rule: Rule, asking: Asking) -> Ruling:
    """What a rule that fits says."""
    if rule.then == "confirm" and asking.scene:
        # no step of a scene is said again, whoever runs it: the scenes that may are named
        allowed = asking.scene in rule.scenes
        return Ruling("allow" if allowed else "deny", rule.name, not allowed)
    return Ruling(rule.then, rule.name)


def covers(what: What, wish: Wish) -> bool:
    """Whether a wish is among what is meant."""
    if what.things and wish.thing not in what.things:
        return False
    if what.kinds and not any(wish.kind == kind or wish.kind.startswith(kind + ".") for kind in what.kinds):
        return False
    if what.traits and wish.names.isdisjoint(what.traits):
        return False
    if what.places and not any(place in what.places for place in wish.path):
        return False
    return what.risk is None or wish.risk >= Risk[what.risk.upper()]


def _is_who(who: Who, asking: Asking) -> bool:
    if who.kinds and asking.kind not in who.kinds:
        return False
    if who.roles and asking.role not in who.roles:
        return False
    return not who.ids or asking.id in who.ids


def _is_from(where: Where, asking: Asking) -> bool:
    # an address that nobody knows is the worst one
    if where.address and (asking.address or "remote") not in where.address:
        return False
    return where.home is None or where.home == asking.home


def _is_when(when: When, moment: Moment) -> bool:
    if when.modes and moment.modes.isdisjoint(when.modes):
        return False
    return not when.times or any(_within(span, moment) for span in when.times)


def _within(span: Span, moment: Moment) -> bool:
    start, end = _minutes(span.start), _minutes(span.end)
    if start <= end:
        return start <= moment.minute < end and _on(span.days, moment.weekday)
    if moment.minute >= start:
        return _on(span.days, moment.weekday)
    return moment.minute < end and _on(span.days, (moment.weekday - 1) % 7)


def _on(days: Sequence[Day], weekday: int) -> bool:
    return not days or DAYS[weekday] in days


def _minutes(text: str) -> int:
    hours, _colon, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
