"""What devices say, run by run: into their twins, to whoever watches them, and as rows for history.

The listening half of a fold: deterministic, no clocks. Nearly all that comes is sound, of known things, and of no
matter to anybody but history; each step here is taken a million times a second, and is as short as can be.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from unisono.errors import UnisonoError
from unisono.thing.shape import NAN, TOO_DEEP, Shape
from unisono.twin.control import Control
from unisono.twin.deadletter import excerpt
from unisono.twin.outcome import Outcome
from unisono.twin.partition import Partition
from unisono.twin.record import Entry, Reports
from unisono.twin.talk import DeadLetter
from unisono.twin.twin import Twin

__all__ = ["Hearing"]

T = TypeVar("T")

#: What decoding a device's payload may raise: malformed or mistyped JSON, bad UTF-8, nesting beyond the stack.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnisonoError)

#: A device clock this far ahead of ours is wrong: its values are dated by us instead, or nothing later would count.
FUTURE_US = 5 * 60 * 1_000_000

#: So many reports of a run are looked through together for whether they matter to anybody; and after one that does, so
#: many are told singly, because it is seldom alone.
STRETCH = 64
SINGLY = 8
#: So many reports of one message each are read together at most: one that cannot be read makes all be read once more.
SINGLES = 256


class Hearing(ABC):
    """``outcome`` collects what the log brings until somebody takes it."""

    control: Control

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.outcome = Outcome()
        self._things = partition.things
        self._seq = 0

    @abstractmethod
    def _awake(self, twin: Twin) -> None:
        """A sleeping thing spoke."""

    def _poisoned(self, entry: Any, error: Exception) -> None:
        """A fault of ours: the record is left out, and whoever looks at the thing sees that it was."""
        thing = getattr(entry, "thing", "") or getattr(entry, "id", "")
        detail = f"{type(entry).__name__} could not be folded: {type(error).__name__}: {error}"
        self.letter(DeadLetter(getattr(entry, "at", 0), thing, "", "internal", detail))

    def _dead(self, run: Reports, payload: bytes, code: str, detail: str) -> None:
        self.letter(DeadLetter(run.at, run.thing, run.topic, code, detail, excerpt(payload)))

    def letter(self, letter: DeadLetter) -> None:
        """Keep what could not be taken, with its reason."""
        self.partition.dead_letters.add(letter)
        self.outcome.dead += 1

    # reports

    def _reports(self, run: Reports) -> None:
        payloads = run.payloads
        count = len(payloads)
        if not count:
            return
        first = self._seq
        self._seq = first + count
        twin = self._things.get(run.thing)
        if twin is None:
            for payload in payloads:
                self._dead(run, payload, "unknown_thing", f"nothing is registered as {run.thing!r}")
            return
        at = run.at
        if at > twin.seen:  # noqa: PLR1730 - max() is a call, and this is once a message
            twin.seen = at
        twin.heard = True
        if twin.sleep_s and not twin.sleeping:
            self._awake(twin)
        if run.topic != "state" or run.dups:
            self._carefully(twin, run, first)
            return
        shape = twin.shape
        try:
            tuples = shape.read(payloads)
        except UNREADABLE:
            self._carefully(twin, run, first)
            return
        mask = self._answers(twin, tuples, at) if twin.open or twin.watchers else twin.take_run(tuples, at)
        outcome = self.outcome
        outcome.values += count * shape.width
        touched = outcome.touched
        touched[twin] = touched.get(twin, 0) | mask
        block = outcome.blocks.get(id(shape)) or outcome.block(shape)
        block.tuples += tuples
        block.series.append(twin.series)
        block.counts.append(count)
        block.ats.append(at)
        block.seqs.append(first)

    def _singles(self, entries: list[Entry], first: int) -> list[Twin]:
        """Whose the entries from ``first`` on are, as far as each is one new report of a known thing."""
        find = self._things.get
        twins: list[Twin] = []
        add = twins.append
        for entry in entries[first : first + SINGLES]:
            if type(entry) is not Reports or entry.topic != "state" or entry.dups or len(entry.payloads) != 1:
                break
            twin = find(entry.thing)
            if twin is None:
                break
            add(twin)
        return twins

    def _take_singles(self, runs: list[Reports], twins: list[Twin]) -> bool:
        """As `_reports` of each in turn, but read together, and with their rows added together: half the time. False,
        and nothing is done, where one cannot be read."""
        groups = _by_shape(twins)
        try:
            tuples = _read(groups, [run.payloads[0] for run in runs])
        except UNREADABLE:
            return False
        first = self._seq
        self._seq = first + len(runs)
        touched = self.outcome.touched
        poisoned: set[int] = set()
        for run, twin, values in zip(runs, twins, tuples):  # noqa: B905 - strict takes time
            at = run.at
            if at > twin.seen:  # noqa: PLR1730
                twin.seen = at
            twin.heard = True
            try:
                if twin.sleep_s and not twin.sleeping:
                    self._awake(twin)
                shape = twin.shape
                if NAN not in values and (shape.plain or UNSET not in values):
                    twin.values, twin.stamps = values, at  # as `Twin.take`
                    touched[twin] = shape.full
                else:
                    touched[twin] = touched.get(twin, 0) | twin.take(values, at)
                if twin.open:
                    self.control.reported(twin, shape.given(values), at)
                for watcher in twin.watchers:
                    watcher.reported(twin, values, at)
            except Exception as error:  # noqa: BLE001 - as in `apply`
                self._poisoned(run, error)
                poisoned.add(id(run))
        seqs = range(first, first + len(runs))
        for shape, places in groups:
            if len(places) == len(runs) and not poisoned:
                self._add_rows(shape, runs, twins, tuples, seqs)
            else:
                sound = [place for place in places if id(runs[place]) not in poisoned]
                self._add_rows(shape, _pick(runs, sound), _pick(twins, sound), _pick(tuples, sound), _pick(seqs, sound))
        return True

    def _add_rows(
        self, shape: Shape, runs: list[Reports], twins: list[Twin], tuples: list[tuple[Any, ...]], seqs: Iterable[int]
    ) -> None:
        """Rows for history of reports of one message each."""
        self.outcome.values += len(runs) * shape.width
        block = self.outcome.blocks.get(id(shape)) or self.outcome.block(shape)
        block.tuples += tuples
        block.series += [twin.series for twin in twins]
        block.counts += [1] * len(runs)
        block.ats += [run.at for run in runs]
        block.seqs += seqs

    def _answers(self, twin: Twin, tuples: list[tuple[Any, ...]], at: int) -> int:
        """Take reports one by one, while commands or observers wait to see what each of them says; but those that
        change nothing for anybody together."""
        mask = done = singly = 0
        count = len(tuples)
        while done < count:
            if done >= singly and count - done > 1 and not twin.open:
                stretch = tuples[done : done + STRETCH]
                quiet = len(stretch)
                for watcher in twin.watchers:
                    quiet = min(quiet, watcher.quiet(twin, stretch))
                if quiet == len(stretch):
                    mask |= twin.take_run(stretch, at)
                    done += quiet
                    continue
                if quiet:
                    mask |= twin.take_run(stretch[:quiet], at)
                    done += quiet
                singly = done + SINGLY
            values = tuples[done]
            done += 1
            mask |= twin.take(values, at)
            if twin.open:
                self.control.reported(twin, twin.shape.given(values), at)
            for observer in twin.watchers:
                observer.reported(twin, values, at)
        return mask

    def _carefully(self, twin: Twin, run: Reports, first: int) -> None:
        """The same, message by message: other topics, resends, dated reports, and whatever is wrong in some."""
        self.outcome.touched.setdefault(twin, 0)
        known = self.partition.resends.known(run) if run.dups else ()
        for i, payload in enumerate(run.payloads):
            if i in known:
                continue
            try:
                if run.topic == "state":
                    self._state(twin, run, payload, first + i)
                elif run.topic.startswith("event/"):
                    self._event(twin, run, payload, first + i)
                elif run.topic.startswith("reply/"):
                    self.control.replied(twin, run.topic[6:], payload, run.at)
                else:
                    self._dead(run, payload, "topic_not_allowed", f"nothing is reported on {run.topic!r}")
            except UNREADABLE as error:
                self._dead(run, payload, *_reason(error))

    def _state(self, twin: Twin, run: Reports, payload: bytes, seq: int) -> None:
        examined = twin.shape.examine(payload)
        for problem in examined.problems:
            self._dead(run, payload, problem.code, str(problem))
        at, dated = run.at, False
        if examined.at is not None:
            if examined.at <= run.at + FUTURE_US:
                at, dated = examined.at, True
            else:
                self._dead(run, payload, "bad_value", "at: the device's clock is ahead of ours; our own time was used")
        if not examined.given:
            return
        mask = twin.take(examined.values, at, dated=dated)
        self.outcome.touched[twin] = self.outcome.touched.get(twin, 0) | mask
        self.outcome.values += len(examined.given)
        block = self.outcome.block(twin.shape)
        block.tuples.append(examined.values)
        block.series.append(twin.series)
        block.counts.append(1)
        block.ats.append(at)
        block.seqs.append(seq)
        if twin.open:
            index = twin.shape.index
            fresh = {key: value for key, value in examined.given.items() if mask >> index[key] & 1}
            self.control.reported(twin, fresh, run.at)
        if twin.watchers and mask:
            # a device's late word is history, no news: observers see what the twin took
            kept = tuple(
                value if mask >> i & 1 else none
                for i, (value, none) in enumerate(zip(examined.values, twin.shape.absent, strict=True))
            )
            for observer in twin.watchers:
                observer.reported(twin, kept, run.at)

    def _event(self, twin: Twin, run: Reports, payload: bytes, seq: int) -> None:
        offset, text = twin.shape.event(run.topic[6:], payload)
        self.outcome.texts.append((twin.series + offset, run.at, seq, text))
        self.outcome.touched.setdefault(twin, 0)
        if twin.watchers or self.partition.listeners:
            fields = msgspec.json.decode(text)
            for observer in twin.watchers:
                observer.told(twin, run.topic[6:], fields, run.at)
            for listener in self.partition.listeners:
                listener.overheard(twin, run.topic[6:], fields, run.at)


def _pick(of: Sequence[T], places: Iterable[int]) -> list[T]:
    return [of[place] for place in places]


def _by_shape(twins: list[Twin]) -> list[tuple[Shape, Sequence[int]]]:
    """The places of twins of each shape among all."""
    shapes = [twin.shape for twin in twins]
    if shapes.count(shapes[0]) == len(shapes):
        return [(shapes[0], range(len(shapes)))]
    groups: dict[Shape, list[int]] = {}
    for place, shape in enumerate(shapes):
        groups.setdefault(shape, []).append(place)
    return [*groups.items()]


def _read(groups: list[tuple[Shape, Sequence[int]]], payloads: list[bytes]) -> list[tuple[Any, ...]]:
    """Read payloads by the shapes of their things. Raises as `Shape.read`."""
    if len(groups) == 1:
        return groups[0][0].read(payloads)
    tuples: list[tuple[Any, ...]] = [()] * len(payloads)
    for shape, places in groups:
        for place, values in zip(places, shape.read([payloads[place] for place in places]), strict=True):
            tuples[place] = values
    return tuples


def _reason(error: BaseException) -> tuple[str, str]:
    if isinstance(error, UnisonoError):
        return error.code, str(error)
    if isinstance(error, RecursionError):
        return "bad_json", TOO_DEEP
    return "bad_json", f"not valid JSON: {error}"
