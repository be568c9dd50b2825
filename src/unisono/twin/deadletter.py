"""The bounded, visible list of what could not be taken in, each with its reason.

Pure. At the bound the oldest go; per thing too, so that one talkative device does not push out its neighbours' letters.
"""

from __future__ import annotations

from collections import Counter, deque

from unisono.twin.talk import DeadLetter

__all__ = ["DeadLetters", "excerpt"]

#: Letters kept in a partition, and of one thing: enough to see a pattern, little enough to save with a checkpoint.
KEEP = 2_000
KEEP_PER_THING = 50
#: Bytes of the refused payload that are shown.
EXCERPT_BYTES = 200


def excerpt(payload: bytes) -> bytes:
    """The beginning of a payload, as kept with its letter."""
    return payload[:EXCERPT_BYTES]


class DeadLetters:
    __slots__ = ("_letters", "changed", "counts")

    def __init__(self, letters: list[DeadLetter] | None = None) -> None:
        self._letters: dict[str, deque[DeadLetter]] = {}
        self.counts: Counter[str] = Counter()
        self.changed = False
        for letter in letters or ():
            self.add(letter)
        self.changed = False

    def add(self, letter: DeadLetter) -> None:
        """Keep a letter; ``counts`` goes on counting those that the bound has pushed out."""
        mine = self._letters.pop(letter.thing, None)
        if mine is None:
            mine = deque(maxlen=KEEP_PER_THING)
        mine.append(letter)
        self._letters[letter.thing] = mine  # the order of insertion is the order of the latest letter
        self.counts[letter.thing] += 1
        self.changed = True
        while len(self._letters) > KEEP // KEEP_PER_THING:
            gone = next(iter(self._letters))
            del self._letters[gone], self.counts[gone]

    def newest(self, thing: str | None, limit: int) -> list[DeadLetter]:
        """Newest first; of one thing, or of all."""
        if thing is not None:
            return list(self._letters.get(thing, ()))[::-1][:limit]
        everything = [letter for letters in self._letters.values() for letter in letters]
        return sorted(everything, key=lambda letter: letter.at, reverse=True)[:limit]

    def saved(self) -> list[DeadLetter]:
        return [letter for letters in self._letters.values() for letter in letters]
