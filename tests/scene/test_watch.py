"""What scenes watch of a thing: thresholds as stretches of numbers say what the tests say, in an order that stays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.scene.stage import SECOND, Stage
from unisono.scene.document import Action, Matching, Scene, Set, load_kept, load_scene, quick_document
from unisono.scene.running.compiled import PAST
from unisono.scene.watching.matching import compile_span, compile_test
from unisono.twin.partition import KEEP_ENDED
from unisono.twin.record import Reports

THEN = "then: [{set: {things: [lamp], state: {on_off: true}}}]"

bounds = st.none() | st.integers(-60, 60) | st.floats(-60, 60) | st.sampled_from([2**53, -(2**60), 1e300, float("inf")])
numbers = st.integers(-(2**54), 2**54) | st.integers(-61, 61) | st.floats(allow_nan=False, allow_infinity=False)


@given(bounds, bounds, numbers)
@example(25, None, 25)
@example(25, None, 25.000000000000004)
@example(0, 0, 0.0)
@example(2**52, None, 2**52 + 1)
def test_a_span_says_what_the_test_says(above: float | None, below: float | None, value: float) -> None:
    matching = Matching(property="x", above=above, below=below)
    span, test = compile_span(matching, "float"), compile_test(matching)
    if span is None:
        return
    assert test is not None
    assert (span.low <= value <= span.high) is test(value)
    if value <= span.under or value >= span.over:
        assert not test(value)


def test_a_span_is_made_where_it_can_be() -> None:
    def spans(kind: str, **fields: Any) -> bool:
        return compile_span(Matching(property="x", **fields), kind) is not None

    assert spans("int", above=1, below=5)
    assert spans("bool", is_=True)
    assert not spans("bool", is_=True, above=0)
    assert not spans("bool", is_=[True])
    assert not spans("float", is_=1.0)
    assert not spans("float", is_not=1.0, above=0)
    assert not spans("string", above=1)
    assert not spans("float")
    assert not spans("float", above=2**53)
    assert not spans("float", above=5, below=5)


@given(st.lists(st.floats(15, 35) | st.integers(15, 35), min_size=1, max_size=20), st.booleans())
def test_scenes_at_one_number_turn_as_each_would_alone(values: list[float], crash: bool) -> None:
    wanted: dict[str, tuple[str, Callable[[float], bool]]] = {
        "high": ("above: 25", lambda value: value > 25),
        "low": ("below: 20.5", lambda value: value < 20.5),
        "middle": ("above: 22, below: 28", lambda value: 22 < value < 28),
        "same": ("above: 25", lambda value: value > 25),
    }
    stage = Stage()
    stage.thing("lamp", "light")
    stage.thing("probe", "sensor.temperature", temperature=21.0)
    for id, (test, _fits) in wanted.items():
        stage.scene(f"id: {id}\nwhen: [{{change: {{things: [probe], property: temperature, {test}}}}}]\n{THEN}")
    for number, value in enumerate(values):
        if crash and number == len(values) // 2:
            stage.crash()
        stage.report("probe", temperature=value)
    for id, (_test, fits) in wanted.items():
        rises = sum(fits(now) and not fits(before) for before, now in zip([21.0, *values], values, strict=False))
        assert len(stage.engine.scenes[id].past) == min(rises, PAST), id


#: Two of twelve properties are watched, and two of four: a kind, the number at which there are two thresholds, and a
#: test of another property.
FEW = ("light", "brightness", "on_off, is: true")
MANY = ("button", "battery", "signal, above: 0")


def told(kind: tuple[str, str, str], runs: list[list[dict[str, float]]], *, single: bool) -> list[Any]:
    """What scenes make of runs of reports, each in one entry or one by one."""
    stage = Stage()
    model, number, other = kind
    stage.thing("lamp", "light", on_off=False, brightness=50)
    stage.thing("probe", model)
    stage.report("probe", **{number: 50})
    stage.scene(f"id: high\nwhen: [{{change: {{things: [probe], property: {number}, above: 60}}}}]\n{THEN}")
    stage.scene(f"id: low\nwhen: [{{change: {{things: [probe], property: {number}, below: 20}}}}]\n{THEN}")
    stage.scene(f"id: on\nwhen: [{{change: {{things: [probe], property: {other}}}}}]\nthen: [{{stop: {{}}}}]")
    names = {"number": number, "other": other.partition(",")[0]}
    for run in runs:
        named = [{names[name]: value for name, value in report.items()} for report in run]
        payloads = [msgspec.json.encode(report) for report in named]
        for some in [[each] for each in payloads] if single else [payloads]:
            stage.put(Reports("probe", "probe", "state", stage.wall, some))
    twin = stage.fold.partition.things["probe"]
    causes = {id: [(run.id, run.cause.value) for run in each.past] for id, each in stage.engine.scenes.items()}
    return [causes, stage.asked, twin.state(), stage.fold.take_outcome().values]


reports = st.fixed_dictionaries(
    {}, optional={"number": st.sampled_from([10, 20, 50, 60, 61, 90]), "other": st.booleans()}
)
quiet = st.just({"number": 50})


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(reports | quiet | quiet, min_size=1, max_size=90), min_size=1, max_size=4))
@example([[{"number": 50}] * 200 + [{"number": 90}] + [{"other": True}] * 100])
@example([[{"number": 90}, {"number": 10}] * 40, [{"number": 50}] * 70, [{"number": 90}] * 9])
def test_a_run_of_reports_is_what_each_of_them_would_be(runs: list[list[dict[str, float]]]) -> None:
    assert told(FEW, runs, single=False) == told(FEW, runs, single=True)
    numbers = [[{name: float(value) for name, value in each.items()} for each in run] for run in runs]
    assert told(MANY, numbers, single=False) == told(MANY, numbers, single=True)


class TestOrder:
    def test_runs_begin_by_id_whatever_came_first(self) -> None:
        stage = Stage()
        stage.thing("lamp", "light")
        stage.thing("probe", "sensor.temperature", temperature=20.0)
        for id in ("b", "c", "a"):
            stage.scene(f"id: {id}\nwhen: [{{change: {{things: [probe], property: temperature, above: 25}}}}]\n{THEN}")
        stage.report("probe", temperature=26.0)
        assert [run.id for id in "abc" for run in stage.engine.scenes[id].past] == ["a-1", "b-2", "c-3"]

    def test_a_new_model_version_moves_the_numbers(self) -> None:
        """A scene that selects by kind follows the thing to another version of its model."""
        stage = Stage()
        stage.thing("lamp", "light", on_off=False, brightness=50)
        stage.scene(f"when: [{{change: {{kind: light, property: brightness, above: 60}}}}]\n{THEN}")
        stage.thing("lamp", "light", "attic")
        stage.report("lamp", brightness=70)
        assert stage.runs == 1

    def test_nobody_is_told_of_a_thing_that_no_scene_watches(self) -> None:
        stage = Stage()
        stage.thing("lamp", "light")
        twin = stage.fold.partition.things["lamp"]
        stage.scene(f"when: [{{change: {{things: [lamp], property: brightness, above: 60}}}}]\n{THEN}")
        assert twin.watchers
        stage.scene("when: []\n" + THEN, version=2)
        assert not twin.watchers


class TestTimers:
    def test_a_scene_that_switches_all_day_leaves_no_timers_behind(self) -> None:
        stage = Stage()
        stage.thing("lamp", "light")
        stage.thing("probe", "sensor.temperature", temperature=20.0)
        stage.scene(f"when: [{{change: {{things: [probe], property: temperature, above: 25}}}}]\n{THEN}")
        for _ in range(12_000):
            stage.report("probe", temperature=26.0)
            stage.report("probe", temperature=20.0)
        assert len(stage.commands) == KEEP_ENDED + 1
        assert len(stage.fold.partition._timers) < 10_010
        stage.tick(60)
        assert not stage.fold.partition._timers
        assert stage.commands[-1].state == "expired"


class TestKept:
    def test_a_document_is_kept_as_it_is_read_fastest(self) -> None:
        stage = Stage()
        stage.thing("lamp", "light")
        stage.scene("when: [{change: {things: [lamp], property: on_off, is: true, for_s: 5}}]\n" + THEN)
        document = stage.engine.scenes["s"].document
        assert document.startswith(b"{")
        assert load_scene(document) == stage.engine.scenes["s"].scene

    def test_what_json_cannot_say_stays_as_it_was(self) -> None:
        asked = Set(things=("lamp",), state={"brightness": math.inf})
        scene = Scene(id="s", name="s", place="home", then=(Action(set=asked),))
        assert quick_document(scene, b"as it was") == b"as it was"

    def test_yaml_is_read_too(self) -> None:
        assert load_kept(b"{id: s, name: s, place: home, then: [{stop: {}}]}").id == "s"


class TestPlaces:
    """A scene is compiled again when what is compiled into it has changed, and only then."""

    def test_where_it_belongs(self) -> None:
        stage = Stage()
        stage.thing("lamp", "light")
        stage.scene('when: [{time: {at: "07:00"}}]\n' + THEN)
        before = stage.engine.scenes["s"]
        stage.place("shed", "home")
        assert stage.engine.scenes["s"] is before
        stage.place("home", zone="Asia/Shanghai")
        assert stage.engine.scenes["s"] is not before
        stage.tick(86_400)
        assert (stage.past[0].started // SECOND) % 86_400 == 23 * 3600

    def test_what_lies_in_what(self) -> None:
        stage = Stage()
        stage.place("attic", "home")
        stage.thing("lamp", "light", "attic", brightness=10)
        stage.scene("when: [{change: {place: home, property: brightness, above: 60}}]\nthen: [{stop: {}}]")
        stage.place("attic", None)
        stage.report("lamp", brightness=70)
        assert stage.runs == 0
        stage.place("attic", "home")
        stage.report("lamp", brightness=10)
        stage.report("lamp", brightness=70)
        assert stage.runs == 1

    def test_a_thing_that_is_no_concern_of_it(self) -> None:
        stage = Stage()
        stage.thing("lamp", "light")
        stage.scene("when: [{change: {kind: light, property: on_off, is: true}}]\nthen: [{stop: {}}]")
        before = stage.engine.scenes["s"]
        stage.thing("probe", "sensor.temperature")
        assert stage.engine.scenes["s"] is before
        stage.thing("other", "light", on_off=False)
        stage.report("other", on_off=True)
        assert stage.runs == 1
        stage.remove("other")
        assert list(stage.engine.scenes["s"].things) == ["lamp"]


def test_a_run_that_its_own_step_ended_goes_no_further() -> None:
    """It runs a scene that runs it anew: the first run is over, and is over once."""
    stage = Stage()
    stage.thing("lamp", "light")
    stage.scene("id: ping\nwhen: []\nthen: [{scene: {id: s}}]")
    once = "{state: {things: [lamp], property: on_off, is: true}}"
    stage.scene(f"mode: restart\nif: [{{not: {once}}}]\nthen: [{{scene: {{id: ping}}}}, {{stop: {{why: through}}}}]")
    stage.run()
    ids = [run.id for run in stage.past]
    assert len(ids) == len(set(ids))
