"""What the tests of the fold share: models, a small world's log at random, and pictures of a state to compare.

A world is a list of entries, cut into batches; `Disk` keeps checkpoints and history as the owner's engines would, so
that a crash at any place can be played without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from unisono.thing import Action, Arg, Choice, Event, Field, Model, Property, Schema, Service, builtin_model, dump_model
from unisono.twin.fold import Fold
from unisono.twin.outcome import Outcome
from unisono.twin.partition import Partition
from unisono.twin.record import (
    Asked,
    Batch,
    Denied,
    Entry,
    GatewayStarted,
    Listening,
    ModelPut,
    ModeSet,
    PlacePut,
    PlaceRemoved,
    PolicyPut,
    PolicyRemoved,
    Presence,
    Published,
    Refused,
    Reports,
    Sending,
    Sent,
    Stopped,
    ThingPut,
    ThingRemoved,
    Tick,
    decode_batch,
    encode_batch,
)
from unisono.twin.twin import Twin, save

T0 = 1_795_341_600_000_000  # 2026-11-22T10:00:00Z
SECOND = 1_000_000
encode = msgspec.msgpack.encode


def property_(key: str, kind: str, **more: Any) -> Property:
    access = more.pop("access", ("read", "write", "notify"))
    timeout_s = more.pop("timeout_s", None)
    return Property(key=key, schema=Schema(kind=kind, **more), access=access, timeout_s=timeout_s)  # type: ignore[arg-type]


LIGHT = builtin_model("light")
SENSOR = builtin_model("sensor.temperature")
GAUGE = Model(
    id="gauge",
    timeout_s=5,
    services=(
        Service(
            properties=(
                property_("level", "float", min=0, max=100, precision=0.5, timeout_s=20),
                property_("note", "string", nullable=True, len_max=8),
                property_("mode", "enum", choices=(Choice(value="low"), Choice(value="high"))),
                property_("step", "enum", choices=(Choice(value=1), Choice(value=2))),
                property_("huge", "int", min=0, max=2**128),
                property_("free", "any"),
                property_("spot", "object", fields=(Field(key="x", schema=Schema(kind="int")),)),
                Property(key="arg", schema=Schema(kind="int"), access=(), parameter_only=True),
            ),
            actions=(Action(key="zero", timeout_s=2), Action(key="blink", inputs=(Arg(key="n", property="arg"),))),
            events=(Event(key="full", args=(Arg(key="by", schema=Schema(kind="int"), optional=True),)),),
        ),
    ),
)
#: The next version: ``note`` became a number, ``mode`` is gone, ``extra`` is new, the others stand elsewhere.
GAUGE_2 = msgspec.structs.replace(
    GAUGE,
    version=2,
    services=(
        Service(
            properties=(
                property_("extra", "bool"),
                property_("free", "any"),
                property_("level", "float", min=10, max=50, precision=0.5),
                property_("note", "float"),
                property_("step", "enum", choices=(Choice(value=1), Choice(value=2))),
            ),
            events=(Event(key="empty"),),
        ),
    ),
)


def model_put(model: Model) -> ModelPut:
    return ModelPut(model.id, model.version, dump_model(model))


def thing_put(id: str, model: Model = GAUGE, *, parent: str | None = None, sleep_s: float = 0.0) -> ThingPut:
    return ThingPut(id, id.title(), model.id, model.version, "home", "home", parent, sleep_s, T0)


def reports(
    thing: str,
    *payloads: bytes | dict[str, Any],
    topic: str = "state",
    at: int = T0,
    client: str | None = None,
    ids: Sequence[int] = (),
    dups: Sequence[int] = (),
) -> Reports:
    said = [each if isinstance(each, bytes) else msgspec.json.encode(each) for each in payloads]
    packet_ids = b"".join(id.to_bytes(2) for id in ids)
    return Reports(thing, thing if client is None else client, topic, at, said, packet_ids, list(dups))


def online(thing: str, epoch: int = 1, gateway: str = "g1", at: int = T0) -> Presence:
    return Presence(thing, gateway, epoch, True, "connected", at, thing)


def offline(thing: str, epoch: int = 1, gateway: str = "g1", at: int = T0) -> Presence:
    return Presence(thing, gateway, epoch, False, "lost", at, thing)


def written(batch: Batch) -> Batch:
    """The batch as it comes out of the log."""
    return decode_batch(encode_batch(batch))


class Home:
    """A fold and its next log sequence; `say` folds entries as one log message."""

    def __init__(self, *entries: Entry) -> None:
        self.fold = Fold()
        self.seq = 0
        if entries:
            self.say(*entries)

    def say(self, *entries: Entry, size: int = 100) -> Outcome:
        self.seq += 1
        self.fold.apply(self.seq, size, written(Batch("test", T0, list(entries))))
        return self.fold.take_outcome()

    def tick(self, elapsed_s: float, at: int | None = None) -> Outcome:
        elapsed = int(elapsed_s * SECOND)
        return self.say(Tick(T0 + elapsed if at is None else at, elapsed))

    def twin(self, id: str) -> Twin:
        return self.fold.partition.things[id]

    def values(self, id: str) -> dict[str, Any]:
        return {key: value for key, (value, _at) in self.twin(id).state().items()}

    def letters(self, thing: str | None = None) -> list[tuple[str, str]]:
        return [(letter.code, letter.detail) for letter in self.fold.partition.dead_letters.newest(thing, 10_000)][::-1]


# pictures of a state


def picture(partition: Partition) -> dict[str, Any]:
    """Everything that a replay must reproduce, as plain data and bytes. Positions are left out: they follow the cut."""
    resends = partition.resends.saved()
    return {
        "things": {id: encode(save(twin)) for id, twin in partition.things.items()},
        "models": sorted(partition.shapes),
        "commands": {id: encode(command) for id, command in sorted(partition.commands.items())},
        "ended": list(partition._ended),
        "letters": encode(partition.dead_letters.saved()),
        "timers": partition._live_timers(),
        "clock": (partition.wall, partition.elapsed),
        "places": encode(list(partition.places)),
        "series": partition.next_series,
        "safety": safety_picture(partition),
        "tails": encode(resends.tails),
    }


def safety_picture(partition: Partition) -> Any:
    safety = partition.safety
    enforced = {root: (each.version, each.document) for root, each in sorted(safety.enforced.items())}
    state = (sorted(safety._stale.items()), sorted(safety._away), encode(sorted(safety._stamps.items())))
    watched = [twin.id for twin in partition.things.values() if safety in twin.watchers]
    return enforced, state, sorted(watched), sorted(partition.held)


class History:
    """Rows per series by name, in the order in which they were handed over, each with its ``seq``."""

    def __init__(self) -> None:
        self.names: dict[int, tuple[str, str]] = {}
        self.rows: dict[tuple[str, str], list[tuple[int, int, str]]] = {}

    def take(self, outcome: Outcome) -> None:
        for first, thing, keys in outcome.new_series:
            self.names.update({first + i: (thing, key) for i, key in enumerate(keys)})
        for block in outcome.blocks.values():
            tuples = iter(block.tuples)
            for series, count, at, seq in zip(block.series, block.counts, block.ats, block.seqs, strict=True):
                for i in range(count):
                    for offset, value in enumerate(next(tuples)):
                        if value is not block.shape.absent[offset]:
                            self._row(series + offset, at, seq + i, repr(value))
            assert next(tuples, None) is None
        for series, at, seq, text in outcome.texts:
            self._row(series, at, seq, text)

    def _row(self, series: int, at: int, seq: int, value: str) -> None:
        self.rows.setdefault(self.names[series], []).append((at, seq, value))

    def said(self) -> dict[tuple[str, str], list[tuple[int, str]]]:
        """Rows without ``seq``, which follows the cut; the order is kept."""
        return {name: [(at, value) for at, _seq, value in rows] for name, rows in self.rows.items()}


class Disk:
    """What the owner's engines hold: a checkpoint as keyed rows, its position, and history with its own position."""

    def __init__(self) -> None:
        self.state: bytes | None = None
        self.rows: dict[str, bytes] = {}
        self.position = 0
        self.history = History()
        self.history_position = 0
        self.audit: list[bytes] = []
        self._told: list[bytes] = []
        self._twins: dict[Twin, None] = {}
        self._commands: dict[str, None] = {}

    def changed(self, outcome: Outcome) -> None:
        self._twins.update(dict.fromkeys(outcome.touched))
        self._commands.update(outcome.moved)
        self._told += map(encode, outcome.audit)

    @property
    def told(self) -> list[bytes]:
        """The audit, with what the next checkpoint will write of it."""
        return self.audit + self._told

    def save(self, partition: Partition, *, fails: bool = False) -> None:
        state, rows, removed = partition.saved(self._twins, self._commands)
        if fails:
            partition.not_saved(removed)
            return
        self._twins, self._commands = {}, {}
        self.audit, self._told = self.told, []
        for key in removed:
            self.rows.pop(key, None)
        self.rows.update(rows)
        self.state, self.position = state, partition.position

    def load(self) -> Partition:
        self._twins, self._commands, self._told = {}, {}, []
        partition = Partition()
        if self.state is not None:
            partition.restore_state(self.state)
            assert partition.restore_rows(sorted(self.rows.items())) == []
        return partition


class Log(list[tuple[int, Batch]]):
    """Batches with the size that each is said to have; the first has sequence 1."""


def play(
    log: Log, disk: Disk, *, stop: int | None = None, saves: Iterable[int] = (), fails: Iterable[int] = ()
) -> Fold:
    """Fold the log from where the disk stands, saving after the sequences of ``saves``; as `unisono.owner` does."""
    saves, fails = frozenset(saves), frozenset(fails)
    fold = Fold(disk.load())
    start = fold.partition.position
    again = fold.partition.resends.first or start + 1
    for seq in range(min(again, start + 1), (len(log) if stop is None else stop) + 1):
        size, batch = log[seq - 1]
        copy = written(batch)
        if seq <= start:
            fold.partition.resends.keep(seq, size, copy)
            continue
        fold.apply(seq, size, copy)
        outcome = fold.take_outcome()
        if seq > disk.history_position:
            disk.history.take(outcome)
            disk.history_position = seq
        disk.changed(outcome)
        if seq in saves:
            disk.save(fold.partition, fails=seq in fails)
    return fold


# random worlds

THINGS = ("lamp", "probe", "gauge", "part", "nap")
NOBODY = "ghost"

START: list[Entry] = [
    model_put(LIGHT),
    model_put(SENSOR),
    model_put(GAUGE),
    thing_put("lamp", LIGHT),
    thing_put("probe", SENSOR),
    thing_put("gauge", GAUGE),
    thing_put("part", GAUGE, parent="gauge"),
    thing_put("nap", SENSOR, sleep_s=30.0),
]

GOOD: list[dict[str, Any]] = [
    {},
    {"on_off": True},
    {"on_off": False, "brightness": 40},
    {"brightness": 41.5},
    {"temperature": 21.5},
    {"temperature": -3, "battery": 80},
    {"level": 7},
    {"level": 20.25, "note": "full"},
    {"level": 20, "note": None, "mode": "low", "step": 1, "huge": 2**70, "free": [1, {"a": 2**80}], "spot": {"x": 1}},
    {"mode": "high", "step": 2.0},
    {"huge": 3, "free": "text"},
    {"note": 4.5, "extra": True},
    {"state": {"level": 9}},
    {"at": T0 // 1000 - 5_000, "state": {"level": 11, "temperature": 20}},
    {"at": T0 // 1000 + 2_000, "state": {"level": 12}},
    {"at": "2026-11-22T10:00:01Z", "state": {"on_off": True, "brightness": 40}},
    {"at": T0 // 1000 + 3_600_000, "state": {"level": 13}},
    {"at": 17, "state": {"level": 14}},
]
BAD: list[bytes] = [
    b"",
    b"nonsense",
    b"[1]",
    b"{",
    b'{"level": NaN}',
    b'{"level": 1e999}',
    b'{"level": true, "mode": "low"}',
    b'{"level": 101}',
    b'{"level": 1, "level": 2}',
    b'{"huge": 1' + b"0" * 400 + b"}",
    b'{"huge": 1' + b"0" * 5000 + b"}",
    b'{"free": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b'{"free": ' + b"[" * 500 + b"]" * 500 + b"}",
    b'{"note": "\xff"}',
    b'{"note": "\\ud800"}',
    b'{"state": 5}',
    b'{"at": true, "state": {"level": 3}}',
    b'{"nope": 1, "arg": 2, "level": 3}',
    b"{" + b",".join(b'"u%d":%d' % (i, i) for i in range(50)) + b"}",
    b'{"step": 3, "spot": {"y": 1}}',
]

states = st.sampled_from([*map(msgspec.json.encode, GOOD), *BAD])
instants = st.integers(-20, 20).map(lambda s: T0 + s * SECOND) | st.sampled_from([T0 - 3600 * SECOND, T0])
things = st.sampled_from([*THINGS, "gauge", "gauge", "gauge", NOBODY])
command_ids = st.sampled_from(["c1", "c2", "c3", "c4"])
gateways = st.sampled_from(["g1", "g2"])


@st.composite
def reported(draw: st.DrawFn) -> Reports:
    thing = draw(things)
    topic, payloads = draw(
        st.one_of(
            st.tuples(st.just("state"), st.lists(states, min_size=0, max_size=4)),
            st.tuples(st.just("state"), st.lists(states, min_size=1, max_size=4)),
            st.tuples(
                st.sampled_from(["event/full", "event/empty", "event/nope", "event/", "odd", ""]),
                st.lists(
                    st.sampled_from([b"", b"{}", b'{"by":3}', b'{"by":"x"}', b"[]", b"{"]), min_size=1, max_size=2
                ),
            ),
            st.tuples(command_ids.map("reply/{}".format), st.lists(st.sampled_from(REPLIES), min_size=1, max_size=2)),
        )
    )
    client = draw(st.sampled_from([thing, f"{thing}/x", "gauge"]))
    ids: list[int] = []
    dups: list[int] = []
    if draw(st.booleans()):
        ids = draw(st.lists(st.integers(1, 3), min_size=len(payloads), max_size=len(payloads)))
        dups = [i for i in range(len(payloads)) if draw(st.booleans())]
    return reports(thing, *payloads, topic=topic, at=draw(instants), client=client, ids=ids, dups=dups)


REPLIES = [
    b'{"ok": true}',
    b'{"ok": true, "output": {"n": 1' + b"0" * 40 + b"}}",
    b'{"ok": true, "output": ' + b"[" * 100 + b"]" * 100 + b"}",
    b'{"ok": false}',
    b'{"ok": false, "error": "too hot"}',
    b'{"ok": 1}',
    b"nonsense",
]
wanted: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"level": 20},
        {"level": 7.2, "mode": "low"},
        {"note": "full"},
        {"on_off": True},
        {"brightness": 40},
        {"nope": 1},
        {},
    ]
)


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    call = draw(st.sampled_from([None, None, "zero", "nope"]))
    return Asked(
        draw(command_ids),
        draw(things),
        draw(instants),
        {"kind": "person", "id": "wei"},
        None if call else draw(wanted),
        call,
        ttl_s=draw(st.sampled_from([0.0, 5.0, 100.0, float("inf"), float("nan"), -1.0])),
    )


def presence(entry: tuple[str, str, int, bool, int, str, bool]) -> Presence:
    thing, gateway, epoch, here, at, suffix, carried = entry
    return Presence(thing, gateway, epoch, here, "connected" if here else "lost", at, thing + suffix, carried)


POLICIES: list[dict[str, Any]] = [
    {
        "interlocks": [
            {
                "name": "full",
                "never": {"set": {"level": {"above": 10}, "note": None}, "call": ["zero"]},
                "while": [{"thing": "part", "property": "mode", "is": "high"}],
            },
            {
                "name": "dark",
                "never": {"things": ["lamp"]},
                "while": [{"thing": "probe", "property": "temperature", "below": 0, "fresh_s": 60}],
                "unknown": "allow",
            },
        ],
        "limits": [{"name": "calm", "changes": 1, "in_s": 20, "unless": {"on_off": False}}],
    },
    {
        "interlocks": [
            {
                "name": "last",
                "never": {"things": ["gauge"]},
                "while": [{"thing": "probe", "property": "temperature", "above": 20}],
                "unknown": "last",
            }
        ],
        "rules": [{"name": "away", "then": "deny", "when": {"modes": ["away"]}}],
    },
    {"rules": [{"name": "twice", "then": "confirm", "what": {"things": ["lamp", "gauge"]}}], "confirm_within_s": 1},
]
policies: st.SearchStrategy[Entry] = st.sampled_from(
    [
        *(PolicyPut("home", n, msgspec.json.encode(each)) for n, each in enumerate(POLICIES)),
        PolicyRemoved("home"),
        PlacePut("home", zone="Europe/Berlin"),
        PlaceRemoved("home"),
        ModeSet("home", "away", {}),
        ModeSet("home", "home", {}),
        Denied(Asked("c9", "lamp", T0, {}), "not_allowed", "no"),
    ]
)
puts = st.sampled_from(
    [
        *START,
        model_put(GAUGE_2),
        thing_put("gauge", GAUGE_2),
        thing_put("part", GAUGE_2, parent="probe"),
        thing_put("probe", GAUGE_2),
        thing_put("nap", SENSOR, sleep_s=0.0),
        thing_put("nap", SENSOR, sleep_s=10.0),
        thing_put("lamp", msgspec.structs.replace(LIGHT, version=9)),
        ModelPut("gauge", 3, b"nonsense"),
        ModelPut("other", 1, dump_model(GAUGE)),
    ]
)
entries: st.SearchStrategy[Entry] = st.one_of(
    reported(),
    reported(),
    reported(),
    asked(),
    policies,
    st.tuples(command_ids, st.sampled_from([None, "interlocked"])).map(
        lambda each: Stopped(each[0], T0, {"id": "wei"}, "stopped", each[1])
    ),
    st.tuples(
        things, gateways, st.integers(1, 4), st.booleans(), instants, st.sampled_from(["", "/x"]), st.booleans()
    ).map(presence),
    st.builds(
        Listening, things, gateways, st.integers(1, 4), st.just(["set", "call"]) | st.just(["desired"]), instants
    ),
    st.builds(GatewayStarted, gateways, instants),
    st.builds(Sending, command_ids, instants),
    st.builds(Sent, command_ids, instants, st.booleans(), st.sampled_from([None, "no"])),
    st.builds(lambda at, s: Tick(at, s * SECOND), instants, st.integers(0, 200)),
    puts,
    st.builds(ThingRemoved, things, instants),
    st.builds(Refused, things, st.just("things/me/x"), instants, st.just("topic_not_allowed"), st.just("no")),
    st.builds(Published, st.just("home"), things, st.just("a/b"), instants, st.just(b"x")),
)
worlds = st.lists(entries, min_size=20, max_size=80).map(lambda said: [*START, *said])


def cut(entries: list[Entry], ends: Iterable[int], sizes: Sequence[int] = (100,)) -> Log:
    """Batches that end behind the entries numbered in ``ends``; sizes are taken in turn."""
    log = Log()
    begin = 0
    for end in [*sorted(set(ends)), len(entries)]:
        log.append((sizes[len(log) % len(sizes)], Batch("test", T0, entries[begin:end])))
        begin = end
    return log


@st.composite
def logs(draw: st.DrawFn, sizes: Sequence[int] = (100,)) -> Log:
    said = draw(worlds)
    return cut(said, draw(st.sets(st.integers(0, len(said)), max_size=20)), sizes)
