"""What seldom happens to computed things: sources that go or change, rings, damage, values that are none."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.scene.computed.workshop import SECOND, Workshop
from unisono.errors import CallerError
from unisono.scene.computed import definition_of, load_computed, model_id, model_of, settle
from unisono.scene.computed.document import MAX_MEMBERS
from unisono.scene.computed.worker import Worker, iso, number, read_iso
from unisono.thing import Model, Property, Schema, Service, builtin_model, dump_model
from unisono.twin.partition import Partition
from unisono.twin.record import Asked, ModelPut, ThingPut

INPUT = {"kind": "input", "type": "number", "initial": 1}
WEI = {"kind": "person", "id": "wei"}


GUIDE = (Path(__file__).parents[3] / "docs" / "computed.md").read_text()


def test_the_guide_shows_every_kind_as_it_is() -> None:
    examples = [each for text in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL) for each in yaml.safe_load(text)]
    shown = {type(load_computed(each.get("computed", each))).__name__.lower() for each in examples}
    assert shown == set(re.findall(r"^\| `(\w+)`", GUIDE, re.MULTILINE))


def shop(**facts: Any) -> Workshop:
    made = Workshop(**facts)
    made.thing("probe", "sensor.temperature", temperature=20.0)
    return made


def odd(made: Workshop, id: str, *properties: Property) -> None:
    """A thing of a model of its own, or that model in place of the one it had."""
    version = made.versions[id] = made.versions.get(id, 0) + 1
    model = Model(id=f"odd.{id}", version=version, services=(Service(properties=properties),))
    made.put(ModelPut(model.id, version, dump_model(model)))
    made.put(ThingPut(id, id, model.id, version, "home", "home", at=made.wall))
    made.online(id)


def loose(key: str = "temperature") -> Property:
    """A property that says anything."""
    return Property(key=key, schema=Schema(kind="any"), access=("read", "notify"))


def measured(key: str, unit: str) -> Property:
    return Property(key=key, schema=Schema(kind="float"), unit=unit, access=("read", "notify"))


def restart(made: Workshop, *, without: str) -> None:
    """From a checkpoint of which a row was damaged."""
    partition = made.fold.partition
    partition.not_saved(())
    state, rows, _gone = partition.saved(partition.things.values(), partition.commands)
    made._new(Partition())
    made.fold.partition.restore_state(state)
    made.fold.partition.restore_rows([row for row in rows if row[0] != without])


# things that go, come back and become others


def test_a_source_that_goes_and_one_that_comes_back_as_another() -> None:
    made = shop()
    made.compute("hot", {"kind": "threshold", "thing": "probe", "property": "temperature", "above": 25})
    made.remove("probe")
    assert made.state("hot") == {"exceeded": False} or "exceeded" not in made.state("hot")
    odd(made, "probe", loose("other"))
    made.report("probe", other=99)
    odd(made, "probe", loose())
    made.report("probe", temperature=30)
    assert True in made.state("hot").values()
    made.report("probe", temperature="warm")  # no number: nothing is known of it
    assert True in made.state("hot").values()


def test_a_computed_thing_that_is_removed_takes_its_timers_and_events_along() -> None:
    made = shop()
    made.thing("bell", "doorbell")
    made.compute("timer", {"kind": "timer", "duration_s": 30})
    made.compute("rings", {"kind": "counter", "thing": "bell", "event": "ring"})
    made.ask("timer", call="start")
    made.remove("timer")
    made.tick(60)
    assert made.told("timer") == []
    made.event("bell", "ring")
    made.compute("rings", {"kind": "counter", "thing": "bell", "event": "ring", "step": 2})
    made.event("bell", "ring")
    assert made.value("rings", "count") == 3
    made.compute("others", {"kind": "counter", "thing": "bell", "event": "ring"})
    made.remove("rings")
    made.event("bell", "ring")
    assert made.value("others", "count") == 1
    made.remove("others")
    made.event("bell", "ring")
    assert made.computer.computed == {}
    _rows, gone = made.computer.saved()
    assert set(gone) == {"computed:timer", "computed:rings", "computed:others"}


def test_a_group_that_is_removed_leaves_what_its_members_were_asked() -> None:
    made = shop()
    made.thing("lamp", "light", on_off=False)
    made.compute("lamps", {"kind": "group", "of": {"things": ["lamp"]}, "property": "on_off", "how": "any"})
    made.ask("lamps", {"on_off": True})
    made.remove("lamps")
    made.obey()
    assert made.value("lamp", "on_off") is True


def test_a_group_that_is_no_group_any_more_leaves_them_too() -> None:
    made = shop()
    made.thing("lamp", "light", on_off=False)
    made.compute("lamps", {"kind": "group", "of": {"things": ["lamp"]}, "property": "on_off", "how": "any"})
    made.ask("lamps", {"on_off": True})
    odd(made, "lamps", loose("on_off"))
    made.obey()
    assert made.value("lamp", "on_off") is True


def test_a_group_asks_its_members_in_their_own_units() -> None:
    made = shop()
    writable = msgspec.structs.replace(measured("aim", "Cel"), access=("read", "write", "notify"))
    odd(made, "heater", writable)
    made.report("heater", aim=20.0)
    group = {"kind": "group", "of": {"things": ["heater"]}, "property": "aim", "how": "mean", "unit": "[degF]"}
    made.compute("all", {**group, "writable": True})
    assert made.value("all", "aim") == pytest.approx(68)
    made.ask("all", {"aim": 77.0})
    [asked] = [command.asked.set for command in made.commands if command.asked.thing == "heater"]
    assert asked == {"aim": pytest.approx(25)}


def test_a_thing_that_is_no_longer_computed() -> None:
    made = shop()
    made.compute("x", INPUT)
    odd(made, "x", loose("value"))
    assert "x" not in made.computer.computed
    assert made.fold.partition.things["x"].hand is None


def test_a_name_that_changed_changes_nothing_else() -> None:
    made = shop()
    made.compute("x", INPUT)
    made.ask("x", {"value": 7})
    made.put(ThingPut("x", "Another name", model_id("x"), 1, "home", "home", at=made.wall))
    assert made.value("x", "value") == 7


def test_two_values_of_one_report_are_told_together() -> None:
    made = shop()
    odd(made, "pair", measured("a", "W"), measured("b", "W"))
    given = {"a": {"thing": "pair", "property": "a"}, "b": {"thing": "pair", "property": "b"}}
    made.compute("sum", {"kind": "template", "cel": "a + b", "given": given})
    made.report("pair", a=1.0, b=2.0)
    assert [value for _at, _seq, value in made.rows["sum", "value"]] == [3]


@pytest.mark.parametrize(
    ("document", "other"),
    [
        ({"kind": "integral", "thing": "odd", "property": "power", "unit": "kWh"}, "m3/h"),
        ({"kind": "group", "of": {"things": ["odd"]}, "property": "power", "how": "sum", "unit": "W"}, "Cel"),
    ],
)
def test_a_source_whose_unit_cannot_be_added_any_more_waits(document: dict[str, Any], other: str) -> None:
    made = shop()
    odd(made, "odd", measured("power", "W"))
    made.report("odd", power=1000.0)
    made.compute("x", document)
    odd(made, "odd", measured("power", other))
    made.report("odd", power=5.0)
    made.tick(60)
    odd(made, "odd", measured("power", "W"))
    made.report("odd", power=2000.0)
    made.tick(60)
    assert max(value for value in made.state("x").values() if isinstance(value, float | int)) > 0
    made.remove("odd")
    made.tick(120)


def test_places_are_no_matter_to_most() -> None:
    made = shop()
    made.compute("x", INPUT)
    made.ask("x", {"value": 7})
    made.place("attic", "home")
    assert made.value("x", "value") == 7


def test_a_crash_in_the_moment_in_which_a_delay_begins() -> None:
    made = shop()
    hot = {"kind": "threshold", "thing": "probe", "property": "temperature", "above": 25, "for_s": 10}
    made.compute("hot", hot)
    made.report("probe", temperature=30.0)
    made.crash()
    made.tick(9)
    assert True not in made.state("hot").values()
    made.tick(2)
    assert True in made.state("hot").values()


def test_a_cycle_waits_for_the_wall_clock_that_was_set_back() -> None:
    made = shop()
    made.thing("meter", "meter", energy=100.0)
    made.compute("x", {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "hour"})
    made.report("meter", energy=103.0)
    made.tick(0, clock=-600)
    made.tick(3600)
    assert made.value("x", "energy") == 3
    made.tick(601)
    assert (made.value("x", "energy"), made.value("x", "last_energy")) == (0, 3)


# what no door lets in


def broken(made: Workshop, id: str) -> None:
    """A computed thing whose definition cannot be read."""
    settled = settle(id, load_computed(INPUT), made.look, {})
    model = msgspec.structs.replace(model_of(id, 1, settled), ext={"computed": {"kind": "pigeon"}})
    made.put(ModelPut(model.id, 1, dump_model(model)), ThingPut(id, id, model.id, 1, "home", "home", at=made.wall))


def test_a_definition_that_cannot_be_read_is_a_dead_letter_and_takes_no_commands() -> None:
    made = shop()
    broken(made, "x")
    assert "x" not in made.computer.computed
    command = made.ask("x", {"value": 3})
    assert (command.state.value, command.why) == ("failed", "nothing says what it is computed from")
    before = made.fold.partition.dead_letters.counts["x"]
    made.crash()
    assert made.fold.partition.dead_letters.counts["x"] == before + 1


def test_a_ring_is_held() -> None:
    made = shop()
    made.compute("a", INPUT)
    for id, other in (("b", "a"), ("a", "b")):
        given = {"o": {"thing": other, "property": "value"}}
        document = load_computed({"kind": "template", "cel": "o + 1.0", "given": given})
        version = made.versions[id] = made.versions.get(id, 0) + 1
        model = model_of(id, version, settle(id, document, made.look, {}))
        put = ThingPut(id, id, model.id, version, "home", "home", at=made.wall)
        made.put(ModelPut(model.id, version, dump_model(model)), put)
    letters = [letter.code for letter in made.fold.partition.dead_letters.newest(None, 10)]
    assert "too_many" in letters


# what was kept and is lost


def test_a_row_that_is_lost_begins_anew() -> None:
    made = shop()
    made.compute("x", INPUT)
    made.ask("x", {"value": 7})
    restart(made, without="computed:x")
    made.tick(1)
    assert made.value("x", "value") == 7  # the twin keeps it


def test_what_they_told_last_is_gone_on_from() -> None:
    made = shop()
    made.thing("bell", "doorbell")
    made.thing("plug", "plug", power=0.0)
    made.thing("meter", "meter", energy=100.0)
    made.compute("rings", {"kind": "counter", "thing": "bell", "event": "ring"})
    made.compute("used", {"kind": "integral", "thing": "plug", "property": "power"})
    tariffs = {"names": ["day", "night"]}
    source = {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "day"}
    made.compute("month", {**source, "tariff": tariffs})
    made.compute("today", source)
    made.compute("hot", {"kind": "threshold", "thing": "probe", "property": "temperature", "above": 25})
    since = iso(made.wall - 3600 * SECOND)
    month = made.state("month")
    told: dict[str, dict[str, Any]] = {
        "rings": {"count": 41},
        "used": {**made.state("used"), "gap_s": 12.0},
        "month": {**dict.fromkeys(month, 3.0), "tariff": "night", "since": since},
        "today": {"energy": 5.0, "last_energy": 9.0, "since": "when?"},
        "hot": {},
        "nobody": {"value": 1},
    }
    told["used"] |= {key: 2.5 for key in told["used"] if key not in ("gap_s",)}
    made.computer.recall(told)
    made.event("bell", "ring")
    assert made.value("rings", "count") == 42
    assert made.value("used", "gap_s") == 12
    assert 2.5 in made.state("used").values()
    assert (made.value("month", "tariff"), made.value("month", "since")) == ("night", since)
    assert (made.value("today", "energy"), made.value("today", "last_energy")) == (5, 9)
    made.computer.recall({"rings": {}, "used": {}, "month": {}, "today": {}})
    assert made.value("rings", "count") == 42


# values that are none, timers of an earlier life


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "integral", "unit": "kWh"},
        {"kind": "statistics", "how": "mean", "over_s": 60},
        {"kind": "meter", "cycle": "day"},
    ],
)
def test_a_value_that_is_no_number_is_passed_over(document: dict[str, Any]) -> None:
    made = shop()
    odd(made, "odd", measured("power", "kW" if document["kind"] != "meter" else "kWh"))
    made.compute("x", {**document, "thing": "odd", "property": "power"})
    made.report("odd", power=2.0)
    made.tick(30)
    before = made.state("x")
    odd(made, "odd", loose("power"))
    made.report("odd", power="much")
    assert made.state("x").keys() == before.keys()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"kind": "statistics", "how": "mean", "over_s": 60}, {"over_s": 600}),
        ({"kind": "integral", "unit": "Wh", "every_s": 60}, {"every_s": 3600}),
        ({"kind": "meter", "cycle": "hour"}, {"cycle": "year"}),
    ],
)
def test_a_reminder_of_an_earlier_definition_finds_that_its_time_is_not_yet(
    first: dict[str, Any], then: dict[str, Any]
) -> None:
    made = shop()
    odd(made, "odd", measured("power", "W" if first["kind"] != "meter" else "kWh"))
    where = {"thing": "odd", "property": "power"}
    made.report("odd", power=1.0)
    made.compute("x", {**first, **where})
    made.report("odd", power=2.0)
    made.remove("x")
    made.compute("x", {**first, **where, **then})
    made.report("odd", power=3.0)
    made.tick(4000)
    assert made.state("x")


def test_a_source_grows_old_for_an_earlier_tracker_only() -> None:
    made = shop()
    odd(made, "tag", loose("near"))
    tracker(made, {"thing": "tag", "property": "near", "max_age_s": 60})
    made.report("tag", near=True)
    made.remove("wei")
    odd(made, "new", loose("near"))
    tracker(made, {"thing": "new", "property": "near"})
    made.tick(100)
    assert made.value("wei", "fresh") is False
    # and one whose source is gone, and whose row is lost, begins with nothing
    made.remove("new")
    restart(made, without="computed:wei")
    assert "wei" in made.computer.computed


def test_a_threshold_of_what_was_never_said() -> None:
    made = shop()
    odd(made, "odd", measured("power", "W"))
    made.compute("x", {"kind": "threshold", "thing": "odd", "property": "power", "above": 3})
    assert True not in made.state("x").values()


def test_a_timer_that_is_paused_in_the_moment_in_which_it_was_started() -> None:
    made = shop()
    made.compute("t", {"kind": "timer", "duration_s": 30})
    ids = [Asked(f"q{n}", "t", made.wall, WEI, None, call, {}) for n, call in enumerate(("start", "pause"))]
    made.put(*ids)
    made.tick(60)
    assert (made.value("t", "state"), made.value("t", "remaining_s")) == ("paused", 30)


def test_a_meter_at_the_end_of_the_calendar() -> None:
    made = shop(wall=int(datetime(9999, 12, 31, 10, tzinfo=UTC).timestamp()) * SECOND)
    made.thing("meter", "meter", energy=100.0)
    schedule = [{"at": "06:00", "tariff": "day"}, {"at": "22:00", "tariff": "night"}]
    tariff = {"names": ["day", "night"], "schedule": schedule}
    source = {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "year", "tariff": tariff}
    made.compute("x", source)
    made.report("meter", energy=103.0)
    assert 3 in made.state("x").values()
    assert iso(2**62) == "9999-12-31T23:59:59.999Z"


def test_a_tariff_that_nobody_knows_leaves_it_as_it_is() -> None:
    made = shop()
    made.thing("meter", "meter", energy=100.0)
    odd(made, "rate", loose("now"))
    tariff = {"names": ["day", "night"], "input": {"thing": "rate", "property": "now"}}
    made.compute("x", {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "day", "tariff": tariff})
    made.report("rate", now="night")
    made.report("rate", now="weekend")
    assert made.value("x", "tariff") == "night"


# trackers


def tracker(made: Workshop, *sources: dict[str, Any]) -> None:
    made.compute("wei", {"kind": "tracker", "sources": list(sources), "home": "home"})


def test_a_tracker_believes_who_says_something() -> None:
    made = shop()
    odd(made, "phone", loose("location"), loose("near"))
    odd(made, "tag", loose("near"))
    unknown = {"thing": "tag", "property": "near", "max_age_s": 60, "false": "unknown"}
    tracker(made, unknown, {"thing": "phone", "property": "location", "max_age_s": 30})
    assert made.value("wei", "fresh") is False
    made.report("tag", near=False)
    assert made.value("wei", "fresh") is False
    made.report("phone", location="somewhere")
    assert made.value("wei", "fresh") is False
    made.report("phone", location={"lat": "north", "lon": 3})
    assert made.value("wei", "fresh") is False
    made.report("tag", near=True)
    assert (made.value("wei", "presence"), made.value("wei", "source")) == (True, "tag")
    made.report("phone", location={"lat": 1.0, "lon": 2.0})
    made.tick(61)
    assert made.value("wei", "fresh") is False
    tracker(made, {"thing": "phone", "property": "location"})
    made.tick(200)
    made.remove("phone")
    made.compute("wei", {"kind": "tracker", "sources": [{"thing": "tag", "property": "near"}], "home": "home"})
    assert made.value("wei", "presence") is True


# forms


def test_definitions_that_cannot_be() -> None:
    many = {"kind": "group", "of": {"things": [f"t{n}" for n in range(MAX_MEMBERS + 1)]}, "property": "p", "how": "any"}
    with pytest.raises(CallerError) as refused:
        load_computed(many)
    assert refused.value.field == "of.things"
    made = shop()
    clash = {"kind": "group", "of": {"things": ["probe"]}, "property": "temperature", "how": "max", "into": "members"}
    with pytest.raises(CallerError) as refused:
        settle("x", load_computed(clash), made.look, {})
    assert refused.value.field == "into"


def test_what_a_model_computes() -> None:
    made = shop()
    made.compute("x", INPUT)
    found = made.look("x")
    assert found is not None
    assert definition_of(found) == made.computer.computed["x"].definition
    assert definition_of(builtin_model("light")) is None


def test_a_worker_that_says_nothing() -> None:
    made = shop()
    made.compute("x", INPUT)
    silent = Worker(made.computer.computed["x"])
    assert (silent.values(), silent.moment, silent.feeds) == ({}, None, [])


def test_numbers_and_moments() -> None:
    assert [number(each) for each in (True, 3, 2.5, "3", None, float("inf"), float("nan"))] == [1, 3, 2.5, *[None] * 4]
    assert read_iso(iso(5 * SECOND)) == 5 * SECOND
    assert (read_iso("when?"), read_iso(7)) == (None, None)
