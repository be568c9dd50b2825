"""Traits by rules kept as data: which of a maker's properties means what.

Knows the files ``data/formats/*.yaml``, one per format, and how a rule is found: in the order of the file, the first
that fits. Whether a property can take the trait's form at all, `unisono.thing.formats.fit` says. Knows no format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import msgspec

from unisono.thing.files import read_data
from unisono.thing.formats.naming import fold

__all__ = ["Rule", "Rules", "Subject", "read_rules"]


class Subject(NamedTuple):
    """What a rule looks at: folded names of the member and of what holds it, what kind of value, may it be written."""

    name: str
    within: str = ""
    kind: str = ""
    writable: bool = False
    unit: str | None = None
    device: str = ""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a rules file. What is not given, fits. A name between slashes is a regular expression, of the whole.

    - ``name``, ``within``, ``device``: names of the member, of what holds it, of the kind of device; ``outside``: of
      what may not hold it.
    - ``kind``: kinds of schema. ``writable``: whether it must, or must not, be. ``unit``: UCUM, or "" for none.
    - ``trait``: what it means; null where it looks like a trait and is none.
    - ``values``: the trait's value for a maker's (by label, text, "true" and "false"), beside the trait's own words.
    - ``invert``: true means false, 100 % means 0 %. ``percent``: the range, whatever it is, is 0 to 100 %.
    - ``assume``: the unit of a number that has none; ``scale``: of how many of it the number counts (0.01).
    - ``role``: where it is not the thing's own (the switch of a purifier's indicator light is a setting of it).
    """

    name: tuple[str, ...] | str
    trait: str | None
    within: tuple[str, ...] | str = ()
    outside: tuple[str, ...] | str = ()
    device: tuple[str, ...] | str = ()
    kind: tuple[str, ...] | str = ()
    writable: bool | None = None
    unit: tuple[str, ...] | str | None = None
    values: dict[str, Any] = {}
    invert: bool = False
    percent: bool = False
    assume: str | None = None
    scale: int | float | None = None
    role: Literal["config", "diagnostic"] | None = None


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rules file: ``traits`` for properties, ``actions`` for actions, ``kinds``: built-in kind by maker's names."""

    traits: tuple[Rule, ...] = ()
    actions: tuple[Rule, ...] = ()
    kinds: dict[str, tuple[str, ...]] = {}
    words: dict[str, Any] = {}


class _Pattern:
    """Exact names in a set, regular expressions beside it."""

    __slots__ = ("exact", "pattern")

    def __init__(self, names: tuple[str, ...] | str) -> None:
        listed = (names,) if isinstance(names, str) else names
        self.exact = {name for name in listed if not name.startswith("/")}
        patterns = [f"(?:{name.strip('/')})" for name in listed if name.startswith("/")]
        self.pattern = re.compile("|".join(patterns)) if patterns else None

    def fits(self, name: str) -> bool:
        return name in self.exact or (self.pattern is not None and self.pattern.fullmatch(name) is not None)

    @property
    def empty(self) -> bool:
        return not self.exact and self.pattern is None


class _Compiled(NamedTuple):
    rule: Rule
    name: _Pattern
    within: _Pattern
    outside: _Pattern
    device: _Pattern
    kind: frozenset[str]
    unit: frozenset[str] | None

    def fits(self, subject: Subject) -> bool:
        rule = self.rule
        return (
            (not self.kind or subject.kind in self.kind)
            and (rule.writable is None or rule.writable == subject.writable)
            and (self.unit is None or (subject.unit or "") in self.unit)
            and (self.within.empty or self.within.fits(subject.within))
            and (self.device.empty or self.device.fits(subject.device))
            and not self.outside.fits(subject.within)
        )


class Rules:
    """A rules file, ready to be asked."""

    def __init__(self, file: _File) -> None:
        self.words = file.words
        self._kinds = [(kind, _Pattern(names)) for kind, names in file.kinds.items()]
        self._traits = [_compile(rule) for rule in file.traits]
        self._actions = [_compile(rule) for rule in file.actions]
        self._of = lru_cache(maxsize=16384)(self._named)

    def traits(self, subject: Subject) -> Iterator[Rule]:
        """The rules for a property, the first one first; none behind one that says that it has no trait."""
        return _until_none(each for each in self._of(subject.name, False) if each.fits(subject))

    def all(self) -> list[Rule]:
        """Every rule, in the order of the file."""
        return [each.rule for each in (*self._traits, *self._actions)]

    def action(self, subject: Subject) -> str | None:
        """The trait of an action."""
        return next((each.rule.trait for each in self._of(subject.name, True) if each.fits(subject)), None)

    def kind(self, *names: str) -> str | None:
        """The built-in kind for the first of the maker's names that one is known for."""
        for name in map(fold, names):
            for kind, pattern in self._kinds:
                if pattern.fits(name):
                    return kind
        return None

    def kind_of_members(self, names: Iterable[str]) -> str | None:
        """The first kind of the file that a thing's members speak for, in whatever order it lists them: a lamp has a
        brightness, and is switched as other things are."""
        listed = list(map(fold, names))
        return next((kind for kind, pattern in self._kinds if any(map(pattern.fits, listed))), None)

    def _named(self, name: str, actions: bool) -> tuple[_Compiled, ...]:
        return tuple(each for each in (self._actions if actions else self._traits) if each.name.fits(name))


def _until_none(found: Iterable[_Compiled]) -> Iterator[Rule]:
    for each in found:
        if each.rule.trait is None:
            return
        yield each.rule


def _compile(rule: Rule) -> _Compiled:
    kinds = (rule.kind,) if isinstance(rule.kind, str) else rule.kind
    units = (rule.unit,) if isinstance(rule.unit, str) else rule.unit
    return _Compiled(
        rule,
        _Pattern(rule.name),
        _Pattern(rule.within),
        _Pattern(rule.outside),
        _Pattern(rule.device),
        frozenset(kinds) - {""},
        None if units is None else frozenset(units),
    )


@lru_cache(maxsize=16)
def read_rules(name: str) -> Rules:
    """The rules of a format by the name of its file under ``data/formats``."""
    return Rules(msgspec.convert(read_data(f"formats/{name}.yaml"), _File))
