"""What scenes were to do and what was seen of it at the receiving end: nothing missing, nothing twice, nothing late.

Knows keys and times that are passed in (monotonic seconds). Knows no hub.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

__all__ = ["Books", "Errand", "Key", "Verdict"]

EXAMPLES = 8
LATE_S = 1.0
#: What a command or call may end in without having reached its device: told, not done.
TOLD = frozenset({"failed", "timeout", "expired", "rejected", "superseded"})


class Key(NamedTuple):
    """One effect: of which lane, by which kind of scene, the how manieth."""

    lane: int
    kind: str
    number: int


class Errand(NamedTuple):
    """An effect that is due. ``earliest`` and ``latest``: the event was taken in between these times, plus the scene's
    waiting; ``again``: repeating it is harmless."""

    earliest: float
    latest: float
    again: bool = False


class Verdict(msgspec.Struct, kw_only=True):
    """``missing``: neither seen nor told of; ``doubled``: seen more than once though that is not harmless; ``unasked``:
    seen without any event; ``early``: seen before it was due. ``told``: not seen, and the hub says that it failed or
    does not know. ``late``: of the timed ones, those that came more than a second behind the time from which their
    receiver and the hub were there; ``late_*_s``: how far behind. What came while this side did not look counts from
    when it last did: ``late_seen_max_s`` is with its own delay."""

    due: int = 0
    done: int = 0
    told: int = 0
    missing: int = 0
    doubled: int = 0
    repeated_harmlessly: int = 0
    unasked: int = 0
    early: int = 0
    timed: int = 0
    late: int = 0
    late_median_s: float = 0.0
    late_max_s: float = 0.0
    late_seen_max_s: float = 0.0
    examples: list[str] = []


class Books:
    """Kept while effects come in."""

    def __init__(self) -> None:
        self.due: dict[Key, Errand] = {}
        self.allowed: set[Key] = set()
        self.seen: dict[Key, list[tuple[float, float]]] = {}
        self.told: dict[Key, str] = {}
        self.why: dict[Key, str] = {}
        self._away: list[tuple[float, float]] = []

    def expect(self, key: Key, errand: Errand) -> None:
        self.due[key] = errand

    def allow(self, key: Key) -> None:
        """It may come, or not: nobody can say whether its cause was complete."""
        self.allowed.add(key)

    def see(self, key: Key, at: float, since: float) -> None:
        """The effect came; ``since``: from when on its receiver was there."""
        self.seen.setdefault(key, []).append((at, since))

    def look_away(self, since: float, until: float) -> None:
        """Between these times this side looked at nothing: what came then was seen at the end only."""
        self._away.append((since, until))

    def _came(self, at: float) -> float:
        """When what was seen at that time came at the earliest."""
        return min((since for since, until in self._away if since <= at <= until), default=at)

    def tell(self, key: Key, state: str, why: str | None = None) -> None:
        """What the hub says became of it."""
        self.told[key] = state
        self.why[key] = why or ""

    def settled(self, key: Key) -> bool:
        """Whether nothing more is to be expected of it."""
        return key in self.seen or self.told.get(key) in TOLD

    def verdict(self, timed: frozenset[str], back: list[float]) -> Verdict:
        """``timed``: kinds whose time counts; ``back``: when the hub was there again after each kill."""
        found = Verdict()
        late: list[float] = []
        for key, errand in self.due.items():
            found.due += 1
            seen = self.seen.get(key, [])
            if not seen:
                if self.told.get(key) in TOLD:
                    found.told += 1
                    self._example(found, f"{key} {self.told[key]}: {self.why[key]}")
                else:
                    found.missing += 1
                    self._example(found, f"{key} missing, the hub says {self.told.get(key)}")
                continue
            found.done += 1
            if len(seen) > 1:
                if errand.again:
                    found.repeated_harmlessly += len(seen) - 1
                else:
                    found.doubled += 1
                    self._example(found, f"{key} seen {len(seen)} times")
            at, since = seen[0]
            if at < errand.earliest:
                found.early += 1
                self._example(found, f"{key} seen {errand.earliest - at:.3f} s before it was due")
            if key.kind in timed:
                ready = max((time for time in back if time <= at), default=0.0)
                begun = max(errand.latest, since, ready)
                late.append(self._came(at) - begun)
                found.late_seen_max_s = max(found.late_seen_max_s, round(at - begun, 3))
                if late[-1] > LATE_S:
                    found.late += 1
                    what = f"{key} {late[-1]:.3f} s late, {at - errand.latest:.3f} s after it was due"
                    self._example(
                        found, f"{what}, {at - since:.3f} s after its receiver came, {at - ready:.3f} s after the hub"
                    )
        for key in self.seen.keys() - self.due.keys() - self.allowed:
            found.unasked += 1
            self._example(found, f"{key} seen, nothing asked for it")
        found.timed = len(late)
        if late:
            found.late_median_s = round(sorted(late)[len(late) // 2], 3)
            found.late_max_s = round(max(late), 3)
        return found

    def _example(self, found: Verdict, text: str) -> None:
        if len(found.examples) < EXAMPLES:
            found.examples = [*found.examples, text]
