"""What things report, as far as a sentence asks for it.

Most sentences are about a few things: asking owners for every twin took 26 of the 31 ms of one with a thousand things.
So a sentence is read with what is known, who else it looked at is asked for, and it is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unisono.api.assist.surroundings import Surroundings
    from unisono.twin import talk

__all__ = ["States"]

_NOTHING: Mapping[str, Any] = {}


class States(Mapping[str, Mapping[str, Any]]):
    """By thing and trait, as the world reads it; ``raw``: by property. ``wanted``: looked at, and not known yet."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._told: dict[str, Mapping[str, Any]] = {}
        self.raw: dict[str, dict[str, Any]] = {}
        self.wanted: set[str] = set()

    def unknown(self, things: Iterable[str]) -> list[str]:
        """Those of the things here that nobody was asked for yet."""
        return [thing for thing in dict.fromkeys(things) if thing in self._around.rows and thing not in self._told]

    def take(self, asked: Iterable[str], twins: Mapping[str, talk.TwinView]) -> None:
        """Take in what owners answered; of whom they did not, nothing is known, and it is not asked again."""
        self._told |= dict.fromkeys(asked, _NOTHING)
        self._told |= self._around.by_trait(twins)
        self.raw |= {id: {key: value for key, (value, _at) in twin.state.items()} for id, twin in twins.items()}
        self.wanted.difference_update(self._told)

    def __getitem__(self, thing: str) -> Mapping[str, Any]:
        """Of one that is not known: nothing, and it is wanted from now on."""
        found = self._told.get(thing)
        if found is None:
            if thing not in self._around.rows:
                raise KeyError(thing)
            self.wanted.add(thing)
            return _NOTHING
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)
