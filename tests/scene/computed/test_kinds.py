"""Each kind of computed thing by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.scene.computed.workshop import SECOND, Workshop
from unisono.twin.command import State
from unisono.twin.twin import Twin


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * SECOND


@pytest.fixture
def shop() -> Workshop:
    shop = Workshop()
    shop.thing("probe", "sensor.temperature")
    shop.thing("plug", "plug")
    shop.thing("meter", "meter")
    shop.thing("door", "sensor.contact")
    shop.thing("button", "button")
    return shop


# template


def test_a_template_says_nothing_before_all_is_known_and_tells_its_faults_once(shop: Workshop) -> None:
    given = {
        "t": {"thing": "probe", "property": "temperature"},
        "p": {"thing": "plug", "property": "power"},
    }
    shop.compute("x", {"kind": "template", "cel": "p / t", "given": given})
    shop.report("plug", power=100)
    assert shop.value("x", "value") is None
    shop.report("probe", temperature=20)
    assert shop.value("x", "value") == 5
    shop.compute("text", {"kind": "template", "cel": "t > 20.0 ? 'warm' : 'cold'", "given": given, "type": "text"})
    assert shop.value("text", "value") == "cold"
    shop.compute("bad", {"kind": "template", "cel": "t", "given": given, "type": "boolean"})
    shop.report("probe", temperature=21)
    shop.report("probe", temperature=22)
    assert shop.value("text", "value") == "warm"
    letters = shop.fold.partition.dead_letters.newest("bad", 10)
    assert [letter.code for letter in letters] == ["bad_value"]
    shop.report("probe", temperature=0)  # a division by zero is infinite, which is no value
    assert shop.value("x", "value") == pytest.approx(100 / 22)


# counter


def test_a_counter_counts_changes_turns_and_events(shop: Workshop) -> None:
    shop.report("door", contact="closed")
    shop.compute("turns", {"kind": "counter", "thing": "door", "property": "contact"})
    shop.compute("opened", {"kind": "counter", "thing": "door", "property": "contact", "is": "open"})
    shop.compute("presses", {"kind": "counter", "thing": "button", "event": "pressed", "step": 2})
    shop.reports("door", {"contact": "open"}, {"contact": "open"}, {"contact": "closed"}, {"contact": "open"})
    shop.event("button", "pressed")
    assert [shop.value(id, "count") for id in ("turns", "opened", "presses")] == [3, 2, 2]
    assert [value for _at, _seq, value in shop.rows["turns", "count"]] == [0, 1, 2, 3]
    command = shop.ask("opened", call="reset")
    assert command.state is State.CONFIRMED
    assert shop.value("opened", "count") == 0
    shop.ask("turns", call="reset", value=7)
    assert shop.value("turns", "count") == 7
    # a new version of the same kind goes on counting
    shop.compute("turns", {"kind": "counter", "thing": "door", "property": "contact", "step": 10})
    shop.report("door", contact="closed")
    assert shop.value("turns", "count") == 17


# timer


def test_a_timer_runs_pauses_and_finishes_to_the_second(shop: Workshop) -> None:
    shop.compute("t", {"kind": "timer", "duration_s": 300})
    assert shop.state("t")["state"] == "idle"
    assert shop.ask("t", call="start").state is State.CONFIRMED
    shop.tick(0)
    assert shop.state("t")["state"] == "active"
    assert at(shop.state("t")["finishes"]) == shop.wall + 300 * SECOND
    shop.tick(100)
    shop.ask("t", call="pause")
    assert shop.state("t") == {"state": "paused", "duration_s": 300, "remaining_s": 200, "finishes": None}
    shop.tick(1000)
    shop.crash()
    shop.ask("t", call="start")
    shop.tick(199)
    assert shop.told("t") == []
    shop.crash()
    shop.tick(1)
    assert shop.told("t") == ["finished"]
    assert shop.state("t")["state"] == "idle"
    shop.ask("t", call="start", duration_s=5)
    shop.tick(1)
    shop.ask("t", call="cancel")
    shop.ask("t", call="cancel")
    shop.ask("t", call="pause")
    shop.tick(10)
    assert shop.told("t") == ["finished", "cancelled"]


def test_a_timer_begun_anew_forgets_its_first_end(shop: Workshop) -> None:
    shop.compute("t", {"kind": "timer", "duration_s": 10})
    shop.ask("t", call="start")
    shop.tick(6)
    shop.ask("t", call="start")
    shop.tick(9)
    assert shop.told("t") == []
    shop.ask("t", call="pause")
    shop.ask("t", call="start")
    shop.ask("t", call="pause")  # before any tick could say since when
    assert shop.state("t")["remaining_s"] == 1
    shop.ask("t", call="start")
    shop.tick(1)
    assert shop.told("t") == ["finished"]


# threshold


def test_a_threshold_has_hysteresis(shop: Workshop) -> None:
    document = {"kind": "threshold", "thing": "probe", "property": "temperature", "above": 25, "hysteresis": 2}
    shop.compute("hot", document)
    seen = []
    for value in (24, 25, 25.1, 24, 23.1, 23, 24, 26):
        shop.report("probe", temperature=value)
        seen.append(shop.value("hot", "active"))
    assert seen == [False, False, True, True, True, False, False, True]


def test_a_threshold_between_two_bounds_and_for_a_time(shop: Workshop) -> None:
    shop.report("probe", temperature=5)
    document = {"kind": "threshold", "thing": "probe", "property": "temperature", "above": 0, "below": 10, "for_s": 60}
    shop.compute("mild", document)
    assert shop.value("mild", "active") is False
    shop.tick(59)
    shop.crash()
    assert shop.value("mild", "active") is False
    shop.tick(1)
    assert shop.value("mild", "active") is True
    shop.report("probe", temperature=10)
    assert shop.value("mild", "active") is False
    shop.report("probe", temperature=9)
    shop.tick(30)
    shop.report("probe", temperature=11)
    shop.report("probe", temperature=9)
    shop.tick(59)
    assert shop.value("mild", "active") is False
    shop.tick(1)
    assert shop.value("mild", "active") is True


# integral


def test_power_becomes_energy_between_reports_too(shop: Workshop) -> None:
    shop.report("plug", power=3600)
    shop.compute("e", {"kind": "integral", "thing": "plug", "property": "power"})
    shop.tick(3600)
    assert shop.value("e", "energy") == pytest.approx(3.6)
    shop.report("plug", power=0)
    shop.tick(3600)
    assert shop.value("e", "energy") == pytest.approx(3.6)
    assert shop.look("e").properties["energy"].unit == "kWh"  # type: ignore[union-attr]
    shop.ask("e", call="reset")
    assert shop.value("e", "energy") == 0


def test_the_time_of_a_report_between_two_ticks_counts(shop: Workshop) -> None:
    shop.report("plug", power=1000)
    shop.compute("e", {"kind": "integral", "thing": "plug", "property": "power", "unit": "J"})
    shop.wall += 30 * SECOND
    shop.elapsed += 30 * SECOND
    shop.report("plug", power=0)
    shop.tick(60)
    assert shop.value("e", "total") == pytest.approx(30_000)


def test_a_clock_that_was_set_forward_is_no_consumption(shop: Workshop) -> None:
    shop.report("plug", power=1000)
    shop.compute("e", {"kind": "integral", "thing": "plug", "property": "power", "unit": "Wh", "into": "wh"})
    shop.wall += 3600 * SECOND
    shop.report("plug", power=1000)
    shop.tick(3600)
    assert shop.value("e", "wh") == pytest.approx(1000, rel=0.04)


def test_silence_is_a_gap(shop: Workshop) -> None:
    shop.report("plug", power=1000)
    document = {"kind": "integral", "thing": "plug", "property": "power", "max_gap_s": 600, "every_s": 60}
    shop.compute("e", document)
    shop.compute("t", {**document, "method": "trapezoid"})
    shop.tick(3000)
    assert shop.value("e", "energy") == pytest.approx(1 / 6)
    assert shop.value("e", "gap_s") == 2400
    shop.report("plug", power=2000)
    assert shop.state("t") == {"energy": 0, "gap_s": 3000}
    shop.tick(360)
    shop.report("plug", power=1000)
    assert shop.value("t", "energy") == pytest.approx(0.15)
    assert shop.value("e", "energy") == pytest.approx(1 / 6 + 0.2)


def test_hours_of_a_switch(shop: Workshop) -> None:
    shop.report("plug", on_off=True)
    document = {"kind": "integral", "thing": "plug", "property": "on_off", "max_gap_s": 86400}
    shop.compute("hours", document)
    shop.tick(5400)
    assert shop.value("hours", "total") == pytest.approx(1.5)
    assert shop.look("hours").properties["total"].unit == "h"  # type: ignore[union-attr]


# derivative, statistics


def test_how_fast_it_changes(shop: Workshop) -> None:
    shop.compute("d", {"kind": "derivative", "thing": "probe", "property": "temperature", "over_s": 600, "per": "min"})
    shop.report("probe", temperature=20)
    assert shop.value("d", "change") is None
    shop.tick(120)
    shop.report("probe", temperature=21)
    assert shop.value("d", "change") == pytest.approx(0.5)
    shop.crash()
    shop.tick(700)
    assert shop.value("d", "change") == 0


def test_figures_of_a_window(shop: Workshop) -> None:
    for how in ("mean", "min", "max", "sum", "count"):
        document = {"kind": "statistics", "thing": "probe", "property": "temperature", "how": how, "over_s": 60}
        shop.compute(how, document)
    for value in (10, 20, 60):
        shop.report("probe", temperature=value)
        shop.tick(20)
    key = {"count": "count"}
    figures = {how: shop.value(how, key.get(how, "temperature")) for how in ("mean", "min", "max", "sum", "count")}
    assert figures["max"] == 60
    shop.tick(1)
    assert shop.value("mean", "temperature") == 40
    assert shop.value("sum", "temperature") == 80
    shop.tick(100)
    assert (shop.value("count", "count"), shop.value("sum", "temperature")) == (0, 0)
    assert shop.value("mean", "temperature") == 60  # of the last step that had any


# meter


def test_a_meter_closes_its_cycle_at_local_midnight(shop: Workshop) -> None:
    shop.report("meter", energy=100)
    shop.compute("day", {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "day"})
    shop.report("meter", energy=103)
    assert shop.value("day", "energy") == 3
    shop.tick(at("2026-11-27T00:00:00+01:00") // SECOND - shop.wall // SECOND - 1)
    assert shop.value("day", "last_energy") == 0
    shop.crash()
    shop.tick(1)
    assert shop.state("day")["last_energy"] == 3
    assert shop.state("day")["energy"] == 0
    ended = [fields for thing, event, fields in shop.events if event == "cycle_ended"]
    assert ended == [{"total": 3.0, "from": "2026-11-26T11:00:00.000Z", "to": "2026-11-26T23:00:00.000Z"}]
    shop.report("meter", energy=104)
    shop.report("meter", energy=2)  # it was replaced
    assert shop.value("day", "energy") == 3
    shop.report("meter", energy=1.9)  # it was put right, which counts no whole meter anew
    assert shop.value("day", "energy") == pytest.approx(2.9)


def test_days_of_23_and_25_hours_are_days() -> None:
    shop = Workshop(wall=at("2027-03-27T12:00:00+01:00"))
    shop.thing("meter", "meter", energy=0)
    shop.compute("day", {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "day"})
    shop.tick(10 * 86400)
    ends = [fields["to"] for _thing, _event, fields in shop.events]
    assert [end[11:16] for end in ends] == ["23:00"] + ["22:00"] * 9
    shop = Workshop(wall=at("2027-10-30T12:00:00+02:00"))
    shop.thing("meter", "meter", energy=0)
    shop.compute("hour", {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "hour"})
    shop.tick(2 * 86400)
    assert len(shop.events) == 48


@pytest.mark.parametrize(
    ("cycle", "more", "wanted"),
    [
        ("week", {}, "2026-11-29T23:00:00.000Z"),
        ("month", {"day": 15}, "2026-12-14T23:00:00.000Z"),
        ("year", {"day": 28, "month": 2}, "2027-02-27T23:00:00.000Z"),
    ],
)
def test_billing_days(shop: Workshop, cycle: str, more: dict[str, int], wanted: str) -> None:
    shop.compute("m", {"kind": "meter", "thing": "meter", "property": "energy", "cycle": cycle, **more})
    shop.tick(100 * 86400)
    assert next(fields["to"] for _thing, _event, fields in shop.events) == wanted


def test_tariffs_by_schedule(shop: Workshop) -> None:
    rules = [
        {"at": "07:00", "tariff": "peak", "every": "weekday"},
        {"at": "22:00", "tariff": "low"},
    ]
    tariff = {"names": ["peak", "low"], "schedule": rules}
    shop.report("meter", energy=0)
    document = {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "month", "tariff": tariff}
    shop.compute("m", document)
    assert shop.value("m", "tariff") == "peak"  # Thursday noon
    shop.report("meter", energy=5)
    shop.tick(10 * 3600)
    assert shop.value("m", "tariff") == "low"
    shop.report("meter", energy=6)
    shop.crash()
    shop.tick(9 * 3600)
    shop.report("meter", energy=8)
    shop.tick(2 * 86400)  # Sunday
    shop.report("meter", energy=16)
    assert {key: shop.state("m")[f"energy_{key}"] for key in ("peak", "low")} == {"peak": 7, "low": 9}
    assert shop.value("m", "energy") == 16


def test_a_tariff_by_hand_and_by_an_input(shop: Workshop) -> None:
    shop.compute("which", {"kind": "input", "type": "choice", "options": ["peak", "low"], "initial": "low"})
    names = {"names": ["peak", "low"]}
    base = {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "day"}
    shop.report("meter", energy=0)
    shop.compute("told", {**base, "tariff": {**names, "input": {"thing": "which", "property": "value"}}})
    shop.compute("hand", {**base, "tariff": names})
    assert (shop.value("told", "tariff"), shop.value("hand", "tariff")) == ("low", "peak")
    assert shop.ask("hand", {"tariff": "low"}).state is State.CONFIRMED
    shop.ask("which", {"value": "peak"})
    shop.report("meter", energy=1)
    assert shop.state("told")["energy_peak"] == 1
    assert shop.state("hand")["energy_low"] == 1


def test_a_calendar_through_jumps_of_the_clock(shop: Workshop) -> None:
    shop.report("meter", energy=0)
    shop.compute("day", {"kind": "meter", "thing": "meter", "property": "energy", "cycle": "day"})
    shop.report("meter", energy=1)
    shop.tick(60, clock=10 * 365 * 86400)  # ten years ahead: one cycle ended
    assert len(shop.events) == 1
    shop.tick(60, clock=-10 * 365 * 86400)
    shop.tick(86400)
    assert len(shop.events) == 2
    assert len(shop.fold.partition._timers) < 12


# tracker


def test_a_person_is_where_the_first_fresh_source_says() -> None:
    shop = Workshop()
    for thing, kind in (("phone", "phone"), ("su7", "car"), ("router", "sensor.presence")):
        shop.thing(thing, kind)
    shop.place("office", "home", latitude=52.6, longitude=13.5)
    shop.offline("su7")
    sources: list[dict[str, Any]] = [
        {"thing": "phone", "property": "location", "max_age_s": 600},
        {"thing": "router", "property": "presence", "false": "unknown"},
        {"thing": "su7", "property": "location"},
    ]
    shop.compute("wei", {"kind": "tracker", "sources": sources, "home": "home", "places": ["office"]})
    assert shop.state("wei") == {"fresh": False}
    shop.report("su7", location={"lat": 52.6, "lon": 13.5})
    assert (shop.value("wei", "whereabouts"), shop.value("wei", "source")) == ("office", "su7")
    assert shop.value("wei", "presence") is False
    shop.report("router", presence=True)
    assert (shop.value("wei", "presence"), shop.value("wei", "whereabouts")) == (True, "home")
    assert shop.value("wei", "location") == {"lat": 52.5, "lon": 13.4}
    shop.report("phone", location={"lat": 48.1, "lon": 11.5})
    assert (shop.value("wei", "presence"), shop.value("wei", "whereabouts")) == (False, "away")
    shop.tick(599)
    shop.crash()
    assert shop.value("wei", "source") == "phone"
    shop.tick(1)
    assert (shop.value("wei", "source"), shop.value("wei", "presence")) == ("router", True)
    shop.report("router", presence=False)  # says nothing: the car's word counts
    assert shop.value("wei", "whereabouts") == "office"
    assert shop.told("wei") == ["arrived", "left", "arrived", "left"]
    assert shop.value("wei", "fresh") is True


def test_old_sources_are_better_than_none_and_say_so() -> None:
    shop = Workshop()
    shop.thing("phone", "sensor.presence")
    shop.compute("wei", {"kind": "tracker", "sources": [{"thing": "phone", "max_age_s": 60}], "home": "home"})
    for _ in range(30):
        shop.report("phone", presence=True)
        shop.tick(10)
    assert shop.state("wei")["fresh"] is True
    assert len(shop.fold.partition._timers) < 6
    shop.tick(60)
    assert (shop.value("wei", "presence"), shop.value("wei", "fresh")) == (True, False)


def test_a_thing_that_is_connected_is_at_home() -> None:
    shop = Workshop()
    shop.thing("tag", "button")
    shop.compute("cat", {"kind": "tracker", "sources": [{"thing": "tag"}], "home": "home"})
    assert shop.value("cat", "presence") is True
    shop.offline("tag")
    assert shop.value("cat", "presence") is False


# input


@pytest.mark.parametrize(
    ("document", "good", "bad"),
    [
        ({"type": "number", "min": 0, "max": 10, "step": 0.5}, 2.5, 2.3),
        ({"type": "boolean"}, True, 1),
        ({"type": "text", "max_length": 5}, "hello", "too long"),
        ({"type": "choice", "options": ["a", "b"]}, "b", "c"),
        ({"type": "datetime"}, "2026-11-26T12:00:00+01:00", "noon"),
    ],
)
def test_inputs_take_what_they_are_for(shop: Workshop, document: dict[str, Any], good: Any, bad: Any) -> None:
    from unisono.errors import CallerError

    shop.compute("i", {"kind": "input", **document})
    with pytest.raises(CallerError, match="value"):
        shop.ask("i", {"value": bad})
    command = shop.ask("i", {"value": good})
    assert (command.state, shop.value("i", "value")) == (State.CONFIRMED, good)
    again = shop.ask("i", {"value": good})
    assert again.state is State.CONFIRMED
    shop.crash()
    assert shop.value("i", "value") == good


def test_an_input_begins_with_its_initial_value_once(shop: Workshop) -> None:
    document = {"kind": "input", "type": "number", "initial": 3}
    shop.compute("i", document)
    assert shop.value("i", "value") == 3
    shop.ask("i", {"value": 4})
    shop.compute("i", {**document, "initial": 5})
    assert shop.value("i", "value") == 4


def test_a_button_is_pressed(shop: Workshop) -> None:
    shop.compute("b", {"kind": "input", "type": "button"})
    assert shop.ask("b", call="press").state is State.CONFIRMED
    assert shop.told("b") == ["pressed"]
    assert at(shop.value("b", "pressed")) == shop.wall


def test_listeners_hear_what_computed_things_tell(shop: Workshop) -> None:
    class Listener:
        heard: list[tuple[str, str]] = []  # noqa: RUF012 - one test's own

        def overheard(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None:
            self.heard.append((twin.id, event))

        def came_or_went(self, twin: Twin, at: int) -> None: ...

    listener = Listener()
    shop.fold.partition.listeners.append(listener)
    shop.compute("b", {"kind": "input", "type": "button"})
    shop.ask("b", call="press")
    assert listener.heard == [("b", "pressed")]
