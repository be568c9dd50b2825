"""The bounded, visible list of what could not be taken in, each with its reason.

Pure. At the bound the oldest letters of whoever has been silent longest go; per thing too, so that one talkative device
does not push out its neighbours' letters.
"""

from __future__ import annotations

from collections import Counter, deque

import msgspec

from unisono.twin.talk import DeadLetter

__all__ = ["DeadLetters", "DeadLettersSaved", "excerpt"]

#: Letters kept in a partition, and of one thing: enough to see a pattern, little enough to save with a checkpoint.
KEEP = 2_000
KEEP_PER_THING = 50
#: Bytes of the refused payload that are shown.
EXCERPT_BYTES = 200
#: Characters of the reason: it may quote what the device said.
DETAIL_CHARACTERS = 500
#: Characters of an id or topic: a door refuses longer ones, and tells us of them.
NAME_CHARACTERS = 256


def excerpt(payload: bytes) -> bytes:
    """The beginning of a payload, as kept with its letter."""
    return payload[:EXCERPT_BYTES]


class DeadLettersSaved(msgspec.Struct, array_like=True):
    """What a checkpoint keeps."""

    letters: list[DeadLetter]
    counts: dict[str, int]


class DeadLetters:
    """``counts`` by thing includes letters that its bound has pushed out; ``changed``: since the last checkpoint."""

    __slots__ = ("_letters", "_total", "changed", "counts")

    def __init__(self, saved: DeadLettersSaved | None = None) -> None:
        self._letters: dict[str, deque[DeadLetter]] = {}
        self._total = 0
        self.counts: Counter[str] = Counter()
        if saved is not None:
            for letter in saved.letters:
                self.add(letter)
            self.counts = Counter(saved.counts)
        self.changed = False

    def add(self, letter: DeadLetter) -> None:
        """Keep a letter, its texts shortened."""
        thing = letter.thing[:NAME_CHARACTERS]
        if len(thing) < len(letter.thing) or len(letter.topic) > NAME_CHARACTERS:
            letter = msgspec.structs.replace(letter, thing=thing, topic=letter.topic[:NAME_CHARACTERS])
        if len(letter.detail) > DETAIL_CHARACTERS:
            letter = msgspec.structs.replace(letter, detail=letter.detail[: DETAIL_CHARACTERS - 3] + "...")
        mine = self._letters.pop(thing, None)
        if mine is None:
            mine = deque()
        mine.append(letter)
        self._letters[thing] = mine  # the order of insertion is the order of the latest letter
        self.counts[thing] += 1
        self._total += 1
        self.changed = True
        if len(mine) > KEEP_PER_THING:
            mine.popleft()
            self._total -= 1
        if self._total > KEEP:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        silent, letters = next(iter(self._letters.items()))
        letters.popleft()
        self._total -= 1
        if not letters:
            del self._letters[silent], self.counts[silent]

    def newest(self, thing: str | None, limit: int) -> list[DeadLetter]:
        """Newest first; of one thing, or of all."""
        if thing is not None:
            return list(self._letters.get(thing, ()))[::-1][:limit]
        everything = [letter for letters in reversed(self._letters.values()) for letter in reversed(letters)]
        return sorted(everything, key=lambda letter: letter.at, reverse=True)[:limit]

    def saved(self) -> DeadLettersSaved:
        letters = [letter for letters in self._letters.values() for letter in letters]
        return DeadLettersSaved(letters, dict(self.counts))
