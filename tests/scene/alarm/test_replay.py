"""Any crash point and any split into batches: the same alarms, the same history, the same notices."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scene.alarm.panel import WEI, Panel
from unisono.twin.record import AlarmAct, Batch, Reports, Tick

ALARMS = (
    """
    id: hot
    raise: {change: {property: temperature, above: 25}}
    clear: {change: {property: temperature, below: 22}}
    on_delay_s: 20
    off_delay_s: 7
    notify: {to: [wei]}
    escalate: {after_s: 40, times: 2}
    suppress: {alarms: [still, gone.m], modes: [away]}
    """,
    "id: mean\nlatching: true\nraise: {window: {property: temperature, over_s: 60, agg: mean, above: 23}}",
    "id: still\nacknowledge: false\nraise: {silence: {for_s: 50}}",
    "id: gone\nthings: [m]\nraise: {connection: {is: offline}}\non_delay_s: 3",
    "id: low\nraise: {event: {event: material_low}}\noff_delay_s: 15",
    """
    id: both
    things: [m]
    raise:
      cel:
        expression: t > 26.0 && r
        given: {t: {thing: probe, property: temperature}, r: {thing: this, property: running}}
    suppress: {while: [{thing: probe, property: temperature, above: 29}]}
    """,
)
IDS = ("hot.probe", "mean.probe", "still.probe", "gone.m", "low.m", "both.m", "fault-fault.m")

CHOICES: dict[str, list[Any]] = {
    "report": [20, 24, 27, 30],
    "run": [True, False],
    "event": ["material_low", "fault", "cleared"],
    "tick": [1, 5, 19, 45],
    "link": [True, False],
    "mode": ["home", "away"],
    "act": [
        (act, id)
        for act in ("acknowledge", "reset", "shelve", "unshelve", "take_out", "return_to_service")
        for id in IDS
    ],
    "model": ["sensor.temperature", "fridge"],
    "define": [0, 1, 2, 3, 4, 5],
    "undefine": ["hot", "still"],
}
WEIGHTS = {"report": 6, "tick": 6, "act": 6, "event": 2, "define": 0.3, "undefine": 0.2, "model": 0.3}


def day(seed: int) -> list[tuple[str, Any]]:
    """Forty steps by chance; drawn one by one from lists, hypothesis makes them too much alike to find anything."""
    chance = random.Random(seed)
    kinds = chance.choices(list(CHOICES), [WEIGHTS.get(kind, 1) for kind in CHOICES], k=40)
    return [(kind, chance.choice(CHOICES[kind])) for kind in kinds]


def perform(panel: Panel, step: tuple[str, Any]) -> None:
    kind, value = step
    if kind == "report":
        panel.report("probe", temperature=float(value))
    elif kind == "run":
        panel.report("m", running=value)
    elif kind == "event":
        panel.event("m", value)
    elif kind == "tick":
        panel.tick(value)
    elif kind == "link":
        (panel.online if value else panel.offline)("m")
    elif kind == "mode":
        panel.mode("home", value)
    elif kind == "act":
        panel.act(value[0], value[1], for_s=30 if value[0] == "shelve" else 0)
    elif kind == "model":
        panel.thing("probe", value)
    elif kind == "define":
        panel.define(ALARMS[value], version=2)
    else:
        panel.undefine(value)


def begun() -> Panel:
    panel = Panel()
    panel.thing("probe", "sensor.temperature", temperature=20.0)
    panel.thing("m", "machine", running=True)
    for alarm in ALARMS:
        panel.define(alarm)
    return panel


def result(panel: Panel) -> tuple[Any, ...]:
    facts = {
        id: msgspec.structs.asdict(alarm.facts) | {"source": None, "clearing": None, "armed": None}
        for id, alarm in sorted(panel.alarms.alarms.items())
    }
    return (
        [msgspec.structs.astuple(line) for line in panel.history],
        [(effect.id, effect.body, effect.at) for effect in panel.engine.effects.values()],
        facts,
        {id: (each.version, each.definition) for id, each in panel.alarms.defined.items() if each.version},
        msgspec.to_builtins(panel.alarms.rates),
    )


def told(steps: list[tuple[str, Any]], crashes: set[int]) -> tuple[Any, ...]:
    panel = begun()
    for number, step in enumerate(steps):
        if number in crashes:
            panel.crash()
        perform(panel, step)
    return result(panel)


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32), st.sets(st.integers(0, 39), min_size=1, max_size=3))
def test_a_crash_changes_nothing(seed: int, crashes: set[int]) -> None:
    steps = day(seed)
    assert told(steps, crashes) == told(steps, set())


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_it_does_not_matter_how_the_log_was_cut(seed: int) -> None:
    panel = begun()
    for step in day(seed):
        perform(panel, step)
    entries = [entry for batch in panel.log for entry in batch.entries]
    chance = random.Random(seed)
    again = Panel.__new__(Panel)
    again.history = []
    again._new(type(panel.fold.partition)())
    seq = 0
    while entries:
        seq += 1
        size = chance.randint(1, 9)
        again.fold.apply(seq, 100, Batch("test", 0, entries[:size]))
        again.keep()
        del entries[:size]
    assert result(again) == result(panel)


def test_what_was_not_saved_is_saved_again() -> None:
    panel = begun()
    panel.report("probe", temperature=30.0)
    panel.tick(30)
    panel.fold.partition.saved([], [])
    panel.fold.partition.not_saved([])
    before = result(panel)
    panel.crash()
    assert result(panel) == before


def test_a_checkpoint_writes_what_changed() -> None:
    panel = begun()
    panel.tick(1)
    panel.fold.partition.saved([], [])
    panel.event("m", "fault")
    _state, rows, _removed = panel.fold.partition.saved([], [])
    keys = {key for key, _row in rows if key.startswith("alarm:")}
    assert keys == {"alarm:", "alarm:fault-fault.m", "alarm:still.m"}


def test_damaged_rows_are_left_out() -> None:
    panel = begun()
    panel.report("probe", temperature=30.0)
    panel.event("m", "fault")
    state, rows, _removed = panel.fold.partition.saved(panel.fold.partition.things.values(), [])
    kept = [(key, row) for key, row in rows if key not in ("m", "alarm:=hot")]
    panel._new(type(panel.fold.partition)())
    panel.fold.partition.restore_state(state)
    assert panel.fold.partition.restore_rows(kept) == []
    assert "hot.probe" not in panel.alarms.alarms
    assert "fault-fault.m" not in panel.alarms.alarms
    _state, _rows, removed = panel.fold.partition.saved([], [])
    assert {"alarm:hot.probe", "alarm:fault-fault.m"} <= set(removed)


def test_a_poisoned_definition_is_told() -> None:
    panel = begun()
    panel.alarms.defined["hot"].document = b"id: hot"
    state, rows, _removed = panel.fold.partition.saved(panel.fold.partition.things.values(), [])
    panel._new(type(panel.fold.partition)())
    panel.fold.partition.restore_state(state)
    panel.fold.partition.restore_rows(rows)
    assert "hot" in panel.alarms.troubles[0]


def test_the_acts_of_a_flood_of_reports_do_not_depend_on_their_batches() -> None:
    """Many reports in one run, with an act between: what is in the log decides, not how it was gathered."""
    panel = begun()
    run = Reports(
        "probe", "probe", "state", panel.wall, [msgspec.json.encode({"temperature": t}) for t in (30.0, 20.0, 30.0)]
    )
    panel.put(run, Tick(panel.wall, panel.elapsed), AlarmAct("mean.probe", "acknowledge", panel.wall, WEI), run)
    assert panel.acts("mean.probe") == ["raised", "acknowledged"]
