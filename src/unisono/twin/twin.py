"""One thing's live state: what it reported, whether it is there, which commands are open.

Knows shapes and time that is passed in. Knows nothing of where it is kept or how its messages came.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from unisono.thing import OWN, PRESENCE
from unisono.thing.shape import NAN, Shape

if TYPE_CHECKING:
    from unisono.twin.observer import Hand, Watcher

__all__ = ["Saved", "Twin", "restore", "save"]

#: Silence of so many whole sleep intervals marks a sleeping thing as gone: a missed report is normal on battery radios.
SLEEP_GRACE = 2


class Twin:
    """The state of one thing; mutable, owned by the fold.

    ``values`` and ``ats`` follow ``shape.keys``; an absent value is ``NAN`` or ``msgspec.UNSET`` with ``at`` 0. A
    report of all values is kept as it is, its moment in ``stamps`` instead of one for each: of a thing that was not
    looked at for a while nothing else has to be fetched from memory. `put` changes one value.
    ``series`` is the number of the history series of the first key; the others follow. ``connections`` maps the epoch
    of each open connection to the gateway that holds it; ``listening`` the epoch of a connection, its own or its
    parent's, to what is heard there (of ``call``, ``desired`` and ``set``). Of a sleeping thing, ``heard`` says whether
    it spoke in this sleep interval, ``missed`` how many whole intervals it has been silent. ``watchers``:
    who looks at it, by name; its reports are then told one by one. ``hand``: who carries out its commands and makes
    its values, where that is no device. ``apart``: its parent's line said that it is gone, whatever its parent is.
    """

    __slots__ = (
        "apart",
        "connections",
        "hand",
        "heard",
        "id",
        "listening",
        "missed",
        "model",
        "name",
        "names",
        "open",
        "parent",
        "place",
        "root",
        "seen",
        "series",
        "shape",
        "sleep_s",
        "sleeping",
        "stamps",
        "values",
        "version",
        "watchers",
    )

    def __init__(self, id: str, shape: Shape, series: int) -> None:
        self.id = id
        self.name = id
        self.names: dict[str, list[str]] = {}
        self.model = shape.model.id
        self.version = shape.model.version
        self.place = ""
        self.root = ""
        self.parent: str | None = None
        self.apart = False
        self.sleep_s = 0.0
        self.shape = shape
        self.series = series
        self.values: list[Any] | tuple[Any, ...] = shape.absent
        self.stamps: list[int] | int = 0
        self.seen = 0
        self.connections: dict[int, str] = {}
        self.listening: dict[int, list[str]] = {}
        self.sleeping = False
        self.heard = False
        self.missed = 0
        self.open: tuple[str, ...] = ()
        self.watchers: tuple[Watcher, ...] = ()
        self.hand: Hand | None = None

    def watch(self, watcher: Watcher, wanted: bool) -> None:
        """Let an observer, or who stands here for it, be told of this thing, or no longer. The order is by name: a
        replay has the same."""
        others = [each for each in self.watchers if each is not watcher]
        if wanted:
            others.append(watcher)
        self.watchers = tuple(sorted(others, key=lambda each: each.name))

    @property
    def ats(self) -> list[int]:
        """When each value was reported, 0 for an absent one; to be looked at only."""
        ats = self.stamps
        return [ats] * self.shape.width if isinstance(ats, int) else ats

    def at(self, index: int) -> int:
        """When one value was reported, 0 where it was not."""
        ats = self.stamps
        return ats if isinstance(ats, int) else ats[index]

    def put(self, index: int, value: Any, at: int) -> None:
        """Let one value be another."""
        mine, ats = self._apart()
        mine[index], ats[index] = value, at

    def aside(self) -> Twin:
        """A copy that goes its own way: without commands, and nobody is told of it."""
        twin = copy(self)
        twin.values, twin.stamps = [*self.values], [*self.ats]
        twin.open, twin.watchers = (), ()
        return twin

    def _apart(self) -> tuple[list[Any], list[int]]:
        """The values and their moments, to be changed one by one."""
        mine, ats = self.values, self.stamps
        if isinstance(mine, tuple):
            mine = self.values = [*mine]
        if isinstance(ats, int):
            ats = self.stamps = [ats] * self.shape.width
        return mine, ats

    @property
    def online(self) -> bool:
        """Whether it can be expected to answer: connected, or asleep within its usual silence."""
        return bool(self.connections) or self.sleeping or self.hand is not None

    @property
    def carried(self) -> bool:
        """Whether its parent's connection is its own too. Who announces itself comes and goes by itself (`OWN`)."""
        return not self.apart and self.shape.model.ext.get(PRESENCE) != OWN

    @property
    def availability(self) -> str:
        if self.connections or self.hand is not None:
            return "online"
        return "sleeping" if self.sleeping else "offline"

    def state(self, mask: int = -1) -> dict[str, tuple[Any, int]]:
        """Reported values by property key as (value, at_us); ``mask`` picks properties by bit of their index."""
        values, ats = self.values, self.ats
        return {key: (values[i], ats[i]) for i, key in enumerate(self.shape.keys) if ats[i] and mask >> i & 1}

    def take(self, values: tuple[Any, ...], at: int, *, dated: bool = False) -> int:
        """Take one report in; returns the bits of the properties that it changed or renewed.

        A ``dated`` report (the device's own clock) leaves newer values alone; any other counts as now, whatever the
        hub's clock did in between.
        """
        shape = self.shape
        if not dated and NAN not in values and (shape.plain or UNSET not in values):
            self.values = values
            self.stamps = at
            return shape.full
        mine, ats = self.values, self.stamps
        if not isinstance(mine, list) or not isinstance(ats, list):
            mine, ats = self._apart()
        mask = i = 0
        for value in values:  # by itself, without enumerate or zip: a third of the time, once a message
            if value is not NAN and value is not UNSET and not (dated and at < ats[i]):
                mine[i] = value
                ats[i] = at
                mask |= 1 << i
            i += 1  # noqa: SIM113
        return mask

    def take_run(self, run: Sequence[tuple[Any, ...]], at: int) -> int:
        """Take a run of undated reports, oldest first; equal to `take` of each in turn, but mostly constant time."""
        last = run[-1]
        shape = self.shape
        if NAN not in last and (shape.plain or UNSET not in last):
            self.values = last
            self.stamps = at
            return shape.full
        full = shape.full
        mine, ats = self.values, self.stamps
        if not isinstance(mine, list) or not isinstance(ats, list):
            mine, ats = self._apart()
        mask = 0
        for values in reversed(run):
            i = 0
            for value in values:
                if value is not NAN and value is not UNSET and not mask >> i & 1:
                    mine[i] = value
                    ats[i] = at
                    mask |= 1 << i
                i += 1  # noqa: SIM113 - as in `take`
            if mask == full:
                break
        return mask

    def reshape(self, shape: Shape, series: int) -> None:
        """Move to another model version; values that still fit are kept, history goes on in new series."""
        old = self.state()
        self.shape = shape
        self.model = shape.model.id
        self.version = shape.model.version
        self.series = series
        self.values, self.stamps = shape.absent, 0
        for key, (value, at) in old.items():
            i = shape.index.get(key)
            if i is not None and shape.fits(i, value):
                self.put(i, value, at)


class Saved(msgspec.Struct, array_like=True):
    """A twin as a checkpoint keeps it; ``values`` and ``ats`` in the order of its model version's keys."""

    id: str
    name: str
    model: str
    version: int
    place: str
    root: str
    parent: str | None
    sleep_s: float
    series: int
    values: Sequence[Any]
    ats: Sequence[int]
    seen: int
    connections: dict[int, str]
    listening: dict[int, list[str]] | list[str]  # a list: of all connections alike, as the first builds kept it
    sleeping: bool
    heard: bool
    open: tuple[str, ...]
    missed: int = 0
    names: dict[str, list[str]] = {}
    apart: bool = False


def save(twin: Twin) -> Saved:
    """The twin as plain data; `restore` makes an equal twin of it."""
    return Saved(
        twin.id,
        twin.name,
        twin.model,
        twin.version,
        twin.place,
        twin.root,
        twin.parent,
        twin.sleep_s,
        twin.series,
        twin.values if twin.shape.plain else [None if value is UNSET else value for value in twin.values],
        twin.ats,
        twin.seen,
        twin.connections,
        twin.listening,
        twin.sleeping,
        twin.heard,
        twin.open,
        twin.missed,
        twin.names,
        twin.apart,
    )


def restore(saved: Saved, shape: Shape) -> Twin:
    """The twin that was saved; ``shape`` is the one of its model version. Raises ValueError when they do not fit.

    A hundred thousand are made at a start: attributes are set once, not first by ``__init__``.
    """
    if not shape.width == len(saved.values) == len(saved.ats):
        raise ValueError(f"it has {len(saved.values)} values, its model {shape.width}")
    twin = Twin.__new__(Twin)
    twin.id, twin.name, twin.names = saved.id, saved.name, saved.names
    twin.model, twin.version, twin.shape, twin.series = saved.model, saved.version, shape, saved.series
    twin.place, twin.root, twin.parent, twin.apart = saved.place, saved.root, saved.parent, saved.apart
    twin.sleep_s, twin.seen, twin.sleeping, twin.heard = saved.sleep_s, saved.seen, saved.sleeping, saved.heard
    twin.connections, twin.open, twin.missed = saved.connections, saved.open, saved.missed
    twin.hand = None
    twin.watchers = ()  # who watches says so once all things are there
    twin.listening = saved.listening if type(saved.listening) is dict else {}
    values, ats = saved.values, saved.ats
    if 0 in ats:
        # absent values are told by identity: what was read is made the same object again
        values = [value if at else absent for value, at, absent in zip(values, ats, shape.absent, strict=True)]
    twin.values, twin.stamps = [*values], [*ats]
    return twin
