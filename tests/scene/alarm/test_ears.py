"""What all alarms want to know of one thing: a run of reports and its reports one by one are the same."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scene.alarm.panel import Panel
from unisono.twin.record import Reports

ALARMS = (
    "id: hot\nraise: {change: {property: temperature, above: 25}}\nclear: {change: {property: temperature, below: 20}}",
    "id: odd\nraise: {change: {property: temperature, is: 21.0}}",
    "id: damp\nraise: {change: {property: humidity, above: 60}}\nacknowledge: false",
    "id: open\nraise: {change: {property: door, is: open}}\nlatching: true",
    "id: on\nraise: {change: {property: on_off, is: false}}",
)
SHADED = ALARMS[0] + "\nsuppress: {while: [{property: humidity, below: 50}]}"

REPORT = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([19.0, 20.0, 21.0, 25.0, 26.0]),
        "humidity": st.sampled_from([40.0, 60.0, 61.0]),
        "door": st.sampled_from(["open", "closed"]),
        "on_off": st.booleans(),
    },
)


def told(alarms: tuple[str, ...], reports: list[dict[str, Any]], *, together: bool) -> list[tuple[Any, ...]]:
    panel = Panel()
    panel.thing("f", "fridge")
    for alarm in alarms:
        panel.define(alarm)
    payloads = [msgspec.json.encode(report) for report in reports]
    for run in [payloads] if together else [[payload] for payload in payloads]:
        panel.put(Reports("f", "f", "state", panel.wall, run))
    # floods are counted when a tick dates what rang, so that they stand elsewhere among the others
    return [(line.alarm, line.act, line.value, line.after) for line in panel.history if line.alarm]


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 5), st.lists(REPORT, min_size=1, max_size=80))
def test_together_or_one_by_one(which: int, reports: list[dict[str, Any]]) -> None:
    alarms = (SHADED,) if which == 5 else ALARMS[: which + 1]
    assert told(alarms, reports, together=True) == told(alarms, reports, together=False)


def test_a_quiet_run_is_taken_at_once() -> None:
    panel = Panel()
    panel.thing("f", "fridge", temperature=5.0)
    panel.define(ALARMS[0])
    panel.report("f", temperature=5.0)
    twin = panel.fold.partition.things["f"]
    (ears,) = twin.watchers
    index = twin.shape.index["temperature"]

    def run(*temperatures: float) -> list[tuple[Any, ...]]:
        reports = []
        for temperature in temperatures:
            values = list(twin.shape.absent)
            values[index] = temperature
            reports.append(tuple(values))
        return reports

    assert ears.quiet(twin, run(5.0, 6.0, 19.0)) == 3
    assert ears.quiet(twin, run(5.0, 26.0, 19.0)) == 1
    assert ears.quiet(twin, [twin.shape.absent, *run(5.0)]) == 2
    panel.define("id: s\nraise: {silence: {for_s: 5}}")
    assert twin.watchers[0].quiet(twin, run(5.0)) == 0
