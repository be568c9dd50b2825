"""The names of a place's things, places and scenes, compiled: the longest name at a point, and similar ones.

Knows names as sequences of keys (`unisono.assist.normaliser.key_of`), so that a plural, a capital or a digit for a
number makes no difference. A name is data of strangers: it is only ever compared, never read as language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from unisono.assist.language import languages, numbers_of
from unisono.assist.letters import words_of
from unisono.assist.normaliser import key_of
from unisono.assist.text import Token

if TYPE_CHECKING:
    from unisono.assist.world import World

__all__ = ["SHORTEST_REPAIRED", "Bearers", "Match", "Names", "by_letter", "keys_of"]

#: A longer name is no name anybody says.
MAX_WORDS = 12

HUNG = frozenset({"'s", "s"})


#: Shorter words have too many neighbours to be read as one of them.
SHORTEST_REPAIRED = 5


def by_letter(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Words that are long enough to be recognised when they are misspelled, by their first letter."""
    found: dict[str, list[str]] = {}
    for word in sorted(words):
        if len(word) >= SHORTEST_REPAIRED:
            found.setdefault(word[0], []).append(word)
    return {letter: tuple(several) for letter, several in found.items()}


class Bearers(NamedTuple):
    """Who bears a name."""

    things: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()


class Match(NamedTuple):
    """A name found at a point: so many tokens of it, borne by these."""

    tokens: int
    bearers: Bearers
    exact: bool


@lru_cache(maxsize=1)
def _values() -> dict[str, str]:
    """Number words of all languages as digits: "bedroom two" and "bedroom 2" are one name."""
    return {
        word: f"{value:g}"
        for code in languages()
        for word, value in numbers_of(code).get("values", {}).items()
        if len(word) > 1
    }


def keys_of(name: str) -> tuple[str, ...]:
    """A name as it is compared."""
    values = _values()
    return tuple(values.get(word) or key_of(word) for word in words_of(name) if word not in HUNG)


class Names:
    """Of one world."""

    def __init__(self, world: World) -> None:
        self._by_keys: dict[tuple[str, ...], Bearers] = {}
        self._first: dict[str, int] = {}
        self.words: set[str] = set()
        self._numbered: dict[tuple[str, ...], list[str]] = {}
        for thing in world.things.values():
            self._add(thing.names, Bearers(things=(thing.id,)))
        for place in world.places.values():
            self._add(place.names, Bearers(places=(place.id,)))
        for scene in world.scenes.values():
            self._add(scene.names, Bearers(scenes=(scene.id,)))
        for keys, things in self._numbered.items():  # "both dock doors", of dock door 1 and dock door 2
            if len(keys) > 1 and len(set(things)) > 1 and keys not in self._by_keys:
                self._by_keys[keys] = Bearers(things=tuple(dict.fromkeys(things)))
                self._first[keys[0]] = max(self._first.get(keys[0], 0), len(keys))

    @cached_property
    def by_letter(self) -> Mapping[str, tuple[str, ...]]:
        """The words of names by their first letter, for whoever looks for similar ones."""
        return by_letter(self.words)

    def _add(self, names: Iterable[str], bearer: Bearers) -> None:
        for name in names:
            keys = keys_of(name)
            if not keys or len(keys) > MAX_WORDS:
                continue
            old = self._by_keys.get(keys, Bearers())
            self._by_keys[keys] = Bearers(*(tuple(dict.fromkeys(a + b)) for a, b in zip(old, bearer, strict=True)))
            self._first[keys[0]] = max(self._first.get(keys[0], 0), len(keys))
            self.words.update(keys)
            if len(keys) > 1 and keys[-1].isdigit():
                self._numbered.setdefault(keys[:-1], []).extend(bearer.things)
            self._join(keys, bearer)

    def _join(self, keys: tuple[str, ...], bearer: Bearers) -> None:
        """Also written together: "deckoven"."""
        joined = "".join(keys)
        if len(keys) > 1 and joined.isascii() and (joined,) not in self._by_keys:
            self._by_keys[(joined,)] = self._by_keys[keys]
            self._first[joined] = max(self._first.get(joined, 0), 1)
            self.words.add(joined)
        del bearer

    def numbered(self, keys: Sequence[str]) -> bool:
        """Are there names of these words and a number: with a lamp 3 and a lamp 4, is "lamp" one of several?"""
        return tuple(keys) in self._numbered

    def find(self, keys: Sequence[str]) -> Bearers | None:
        """Who bears exactly this name."""
        return self._by_keys.get(tuple(keys))

    def all(self) -> Iterable[tuple[tuple[str, ...], Bearers]]:
        """Every name and who bears it."""
        return self._by_keys.items()

    def longest(self, tokens: Sequence[Token], at: int) -> Match | None:
        """The longest name that begins at a token. A possessive 's between its words does not count."""
        most = self._first.get(tokens[at].key, 0)
        best: Match | None = None
        keys: list[str] = []
        for end in range(at, len(tokens)):
            token = tokens[end]
            if token.text in HUNG and keys:
                continue
            if token.kind in ("mark", "time") or len(keys) >= most:
                break
            keys.append(token.key)
            bearers = self._by_keys.get(tuple(keys))
            if bearers is not None:
                best = Match(end + 1 - at, bearers, exact=True)
        return best
