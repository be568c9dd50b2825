"""Any crash point and any split into batches, same values, rows and events; groups agree with a naive count."""

from __future__ import annotations

import math
import random
import statistics
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scene.computed.workshop import SECOND, Workshop
from unisono.twin.partition import Partition
from unisono.twin.record import Batch, Tick

GIVEN = {"a": {"thing": "mean", "property": "temperature"}, "b": {"thing": "plug", "property": "power"}}
COMPUTED: dict[str, dict[str, Any]] = {
    "mean": {"kind": "group", "of": {"kind": "sensor.temperature"}, "property": "temperature", "how": "mean"},
    "least": {"kind": "group", "of": {"things": ["p0", "p1"]}, "property": "temperature", "how": "min"},
    "lamps": {"kind": "group", "of": {"things": ["lamp", "mood"]}, "property": "on_off", "how": "any"},
    "formula": {"kind": "template", "cel": "a * 2.0 + b", "given": GIVEN},
    "changes": {"kind": "counter", "thing": "formula", "property": "value"},
    "hot": {"kind": "threshold", "thing": "mean", "property": "temperature", "above": 20, "hysteresis": 2, "for_s": 9},
    "energy": {"kind": "integral", "thing": "plug", "property": "power", "every_s": 7, "max_gap_s": 60},
    "trapeze": {"kind": "integral", "thing": "plug", "property": "power", "method": "trapezoid", "every_s": 20},
    "slope": {"kind": "derivative", "thing": "p0", "property": "temperature", "over_s": 90},
    "window": {"kind": "statistics", "thing": "mean", "property": "temperature", "how": "max", "over_s": 45},
    "timer": {"kind": "timer", "duration_s": 33},
    "meter": {
        "kind": "meter",
        "thing": "energy",
        "property": "energy",
        "cycle": "hour",
        "tariff": {"names": ["a", "b"], "schedule": [{"at": "12:00", "tariff": "a"}, {"at": "12:01", "tariff": "b"}]},
    },
    "who": {"kind": "tracker", "sources": [{"thing": "plug", "max_age_s": 25}, {"thing": "lamp"}], "home": "home"},
}

SCENE = """
id: cool
mode: queued
when: [{change: {things: [hot], property: active, is: true}}, {event: {things: [timer], event: finished}}]
then: [{set: {things: [mood], state: {on_off: {toggle: true}}}}, {call: {things: [timer], action: start}}]
"""


def begin() -> Workshop:
    shop = Workshop()
    for id, kind in (("p0", "sensor.temperature"), ("p1", "sensor.temperature"), ("plug", "plug"), ("lamp", "light")):
        shop.thing(id, kind)
    shop.compute("mood", {"kind": "input", "type": "boolean", "into": "on_off"})
    for id, document in COMPUTED.items():
        shop.compute(id, document)
    shop.scene(SCENE)
    return shop


def day(seed: int) -> list[tuple[str, Any]]:
    """Forty steps by chance."""
    chance = random.Random(seed)
    choices: dict[str, Any] = {
        "temperature": lambda: (chance.choice(["p0", "p1"]), [chance.choice([15.1, 19.9, 22.3, 30.7]) for _ in "ab"]),
        "power": lambda: chance.choice([0.3, 1000.1, 2500.7]),
        "tick": lambda: chance.choice([1, 5, 19, 45, 1800]),
        "late": lambda: chance.choice([1, 7]),
        "timer": lambda: chance.choice(["start", "pause", "cancel"]),
        "lamps": lambda: chance.choice([True, False]),
        "obey": lambda: None,
        "link": lambda: chance.choice(["lamp", "plug"]),
        "more": lambda: chance.choice(["p2", "p3"]),
    }
    kinds = [*choices, "temperature", "temperature", "power", "tick", "tick"]
    return [(kind, choices[kind]()) for kind in chance.choices(kinds, k=40)]


def perform(shop: Workshop, step: tuple[str, Any]) -> None:
    kind, value = step
    if kind == "temperature":
        shop.reports(value[0], *({"temperature": each} for each in value[1]))
    elif kind == "power":
        shop.report("plug", power=value)
    elif kind == "tick":
        shop.tick(value)
    elif kind == "late":  # time passes, and nobody has said so yet
        shop.wall += value * SECOND
        shop.elapsed += value * SECOND
    elif kind == "timer":
        shop.ask("timer", call=value)
    elif kind == "lamps":
        shop.ask("lamps", {"on_off": value})
    elif kind == "obey":
        shop.obey()
    elif kind == "link":
        (shop.offline if shop.fold.partition.things[value].connections else shop.online)(value)
    elif value in shop.fold.partition.things:
        shop.remove(value)
    else:
        shop.thing(value, "sensor.temperature", temperature=17.7)


def outcome(shop: Workshop) -> tuple[Any, ...]:
    partition = shop.fold.partition
    return (
        {id: twin.state() for id, twin in partition.things.items()},
        shop.rows,
        shop.events,
        {id: (c.asked.thing, c.state, c.output, c.ended) for id, c in partition.commands.items()},
        {id: msgspec.to_builtins(each.worker.saved()) for id, each in shop.computer.computed.items()},
        partition._live_timers(),
    )


def replayed(batches: list[Batch], crashes: set[int] = frozenset()) -> Workshop:  # type: ignore[assignment]
    """What the log gives, with a checkpoint and another life before each of these messages."""
    shop = Workshop.__new__(Workshop)
    shop.seq, shop.rows, shop.events, shop.series = 0, {}, [], {}
    shop._new(Partition())
    for number, batch in enumerate(batches):
        if number in crashes:
            shop.crash()
        shop.seq += 1
        shop.fold.apply(shop.seq, 100, batch)
        shop._collect(shop.fold.take_outcome())
    return shop


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.data())
def test_a_crash_changes_nothing(seed: int, data: st.DataObject) -> None:
    whole = begin()
    for step in day(seed):
        perform(whole, step)
    crashes = data.draw(st.sets(st.integers(0, len(whole.log)), min_size=1, max_size=4))
    assert outcome(replayed(whole.log, crashes)) == outcome(whole)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32))
def test_the_split_into_messages_changes_no_value(seed: int) -> None:
    """The numbers of rows aside, which stand for the messages."""
    shop = begin()
    for step in day(seed):
        perform(shop, step)
    entries = [entry for batch in shop.log for entry in batch.entries]
    chance = random.Random(seed)
    batches = []
    while entries:
        size = chance.randint(1, 9)
        batches.append(Batch("test", 0, entries[:size]))
        entries = entries[size:]
    other = replayed(batches)
    assert unnumbered(outcome(other)) == unnumbered(outcome(shop))


def unnumbered(told: tuple[Any, ...]) -> tuple[Any, ...]:
    states, rows, *rest = told
    return states, {key: [(at, value) for at, _seq, value in each] for key, each in rows.items()}, *rest


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from(["min", "max", "mean", "sum", "median"]))
def test_a_group_agrees_with_a_naive_count(seed: int, how: str) -> None:
    chance = random.Random(seed)
    shop = Workshop()
    shop.compute("g", {"kind": "group", "of": {"kind": "sensor.temperature"}, "property": "temperature", "how": how})
    naive: dict[str, float | None] = {}
    figures = {
        "min": min,
        "max": max,
        "mean": lambda values: math.fsum(values) / len(values),
        "sum": math.fsum,
        "median": statistics.median,
    }
    for _ in range(60):
        id = f"p{chance.randrange(6)}"
        if id not in naive:
            shop.thing(id, "sensor.temperature")
            naive[id] = None
        elif chance.random() < 0.15:
            shop.remove(id)
            del naive[id]
        else:
            values = [chance.choice([-1e-9, 0.1, 21.7, 1234.567, -200.0]) for _ in range(chance.randint(1, 3))]
            shop.reports(id, *({"temperature": value} for value in values))
            naive[id] = values[-1]
        known = [value for value in naive.values() if value is not None]
        assert shop.value("g", "members") == len(known)
        if known:
            assert shop.value("g", "temperature") == figures[how](known)  # type: ignore[operator]


def test_every_row_has_its_number(seed: int = 7) -> None:
    """Rows of one series are told apart by their numbers, which grow; they belong to the message that caused them."""
    shop = begin()
    for step in day(seed):
        perform(shop, step)
    for rows in shop.rows.values():
        numbers = [seq for _at, seq, _value in rows]
        assert numbers == sorted(set(numbers))
        assert all(1 <= seq >> 24 <= shop.seq for seq in numbers)


def test_a_scene_sees_what_is_computed_and_sets_inputs() -> None:
    shop = begin()
    shop.report("p0", temperature=30)
    shop.report("p1", temperature=30)
    shop.tick(9)
    assert shop.value("hot", "active") is True
    assert shop.value("mood", "on_off") is True
    assert shop.value("lamps", "on_off") is True
    assert shop.value("timer", "state") == "active"
    shop.tick(40)
    assert shop.value("mood", "on_off") is False


def test_a_tick_that_comes_early_has_rows_of_its_own_numbers() -> None:
    """It is folded under the number of the message before, behind what that one brought."""
    shop = begin()
    shop.report("plug", power=1000)
    shop.report("p0", temperature=20)
    shop.wall += 7 * SECOND
    shop.elapsed += 7 * SECOND
    shop.fold.apply(shop.seq, 0, Batch("owner", shop.wall, [Tick(shop.wall, shop.elapsed)]))
    shop._collect(shop.fold.take_outcome())
    numbers = [seq for rows in shop.rows.values() for _at, seq, _value in rows if seq >> 24 == shop.seq]
    derived = [seq for seq in numbers if seq & 1 << 23]
    assert shop.value("energy", "energy") > 0
    for rows in shop.rows.values():
        assert len({seq for _at, seq, _value in rows}) == len(rows)
    assert derived
