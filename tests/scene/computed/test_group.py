"""Groups: their figures, who belongs to them, and commands to all members with one result."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from tests.scene.computed.workshop import Workshop
from unisono.errors import CallerError
from unisono.twin.command import State
from unisono.twin.record import Reports, Sent


@pytest.fixture
def shop() -> Workshop:
    shop = Workshop()
    shop.place("kitchen", "home")
    for number in range(4):
        shop.thing(f"probe{number}", "sensor.temperature", place="kitchen")
        shop.thing(f"lamp{number}", "light", place="kitchen")
    return shop


PROBES = {"things": [f"probe{n}" for n in range(4)]}


@pytest.mark.parametrize(
    ("how", "wanted"), [("min", 10.0), ("max", 40.0), ("mean", 22.5), ("sum", 90.0), ("median", 20.0)]
)
def test_a_figure_follows_its_members(shop: Workshop, how: str, wanted: float) -> None:
    shop.compute("g", {"kind": "group", "of": PROBES, "property": "temperature", "how": how})
    assert shop.value("g", "temperature") is None
    for number, value in enumerate((40, 10, 30, 10)):
        shop.report(f"probe{number}", temperature=value)
    assert shop.value("g", "members") == 4
    shop.report("probe3", temperature=10.0)
    assert shop.value("g", "temperature") == {"median": 20.0}.get(how, wanted)
    shop.remove("probe0")
    left = {"min": 10.0, "max": 30.0, "mean": 50 / 3, "sum": 50.0, "median": 10.0}
    assert shop.value("g", "temperature") == left[how]
    assert shop.value("g", "members") == 3


def test_any_and_all_of_switches_and_of_what_counts_as_true(shop: Workshop) -> None:
    lamps = {"things": ["lamp0", "lamp1"]}
    shop.compute("some", {"kind": "group", "of": lamps, "property": "on_off", "how": "any"})
    shop.compute("every", {"kind": "group", "of": lamps, "property": "on_off", "how": "all"})
    shop.thing("door", "sensor.contact")
    doors = {"kind": "group", "of": {"things": ["door"]}, "property": "contact", "how": "any", "is": "open"}
    shop.compute("doors", doors)
    shop.report("door", contact="open")
    assert shop.value("doors", "active") is True
    shop.report("lamp0", on_off=True)
    assert (shop.value("some", "on_off"), shop.value("every", "on_off")) == (True, True)
    shop.report("lamp1", on_off=False)
    assert (shop.value("some", "on_off"), shop.value("every", "on_off")) == (True, False)
    shop.report("lamp0", on_off=False)
    assert shop.value("some", "on_off") is False
    shop.report("door", contact="closed")
    assert shop.value("doors", "active") is False


def test_members_by_kind_and_place_come_and_go(shop: Workshop) -> None:
    of = {"kind": "light", "place": "home"}
    shop.compute("g", {"kind": "group", "of": of, "property": "brightness", "how": "max"})
    shop.report("lamp0", brightness=30)
    shop.thing("more", "light", brightness=80)
    assert shop.state("g") == {"brightness": 80, "members": 2}
    shop.place("garden")
    shop.put(_moved(shop, "more", "garden"))
    assert shop.state("g") == {"brightness": 30, "members": 1}
    shop.place("garden", "home")
    assert shop.state("g") == {"brightness": 80, "members": 2}
    # a group is no member of one that picks
    shop.compute("again", {"kind": "group", "of": {"place": "home"}, "property": "brightness", "how": "sum"})
    assert shop.state("again") == {"brightness": 110, "members": 2}


def _moved(shop: Workshop, id: str, place: str) -> Any:
    from unisono.twin.record import ThingPut

    twin = shop.fold.partition.things[id]
    return ThingPut(id, id, twin.model, twin.version, place, "home", at=shop.wall)


def test_units_are_converted(shop: Workshop) -> None:
    shop.compute("f", {"kind": "template", "cel": "t * 1.8 + 32.0", "given": {"t": given("probe0")}, "unit": "[degF]"})
    of = {"things": ["f", "probe1"]}
    with pytest.raises(CallerError, match="no property"):
        shop.compute("g", {"kind": "group", "of": of, "property": "temperature", "how": "mean"})
    shop.compute("v", {"kind": "group", "of": {"things": ["f"]}, "property": "value", "how": "mean", "unit": "Cel"})
    shop.report("probe0", temperature=20)
    assert shop.value("f", "value") == 68
    assert shop.value("v", "value") == pytest.approx(20)


def given(thing: str, property: str = "temperature") -> dict[str, str]:
    return {"thing": thing, "property": property}


def test_a_command_reaches_all_members_and_has_one_result(shop: Workshop) -> None:
    of = {"things": ["lamp0", "lamp1", "lamp2"]}
    shop.compute("g", {"kind": "group", "of": of, "property": "on_off", "how": "any"})
    command = shop.ask("g", {"on_off": True})
    assert command.state == "sent"
    shop.obey()
    assert command.state is State.CONFIRMED
    assert command.output == {"lamp0": "confirmed", "lamp1": "confirmed", "lamp2": "confirmed"}


def test_one_member_that_is_on_does_not_confirm_the_group(shop: Workshop) -> None:
    of = {"things": ["lamp0", "lamp1"]}
    shop.compute("g", {"kind": "group", "of": of, "property": "on_off", "how": "any"})
    command = shop.ask("g", {"on_off": True})
    shop.sent()
    shop.report("lamp0", on_off=True)
    assert shop.value("g", "on_off") is True
    assert command.state == "sent"
    shop.tick(100)
    assert command.state is State.TIMEOUT
    assert command.output == {"lamp0": "confirmed", "lamp1": "timeout"}
    assert command.why is not None and command.why.startswith("1 of 2 did not: lamp1 timeout")


def test_partial_failure_is_told(shop: Workshop) -> None:
    of = {"things": ["lamp0", "lamp1", "probe0", "lamp2"]}
    with pytest.raises(CallerError, match=r"of\.things\.2\.property"):
        shop.compute("g", {"kind": "group", "of": of, "property": "brightness", "how": "mean"})
    of["things"].remove("probe0")
    shop.compute("g", {"kind": "group", "of": of, "property": "brightness", "how": "mean"})
    shop.remove("lamp2")
    command = shop.ask("g", {"brightness": 40})
    shop.refuse("lamp0")
    shop.obey()
    assert command.state is State.FAILED
    assert command.output == {"lamp0": "rejected", "lamp1": "confirmed", "lamp2": "refused"}
    assert "lamp0 rejected (jammed)" in (command.why or "")


def test_a_member_that_is_not_there_is_named_while_the_others_have_done_it(shop: Workshop) -> None:
    of = {"things": ["lamp0", "lamp1", "lamp2"]}
    shop.compute("g", {"kind": "group", "of": of, "property": "on_off", "how": "any"})
    shop.offline("lamp1")
    command = shop.ask("g", {"on_off": True})
    assert (command.state, command.why) == (
        State.SENT,
        "1 of 3 waits for a member that is not there: lamp1",
    )
    for each in shop.commands:
        if each.asked.thing in ("lamp0", "lamp2"):
            shop.put(Sent(each.asked.id, shop.wall))
    refused = next(each.asked.id for each in shop.commands if each.asked.thing == "lamp0")
    shop.put(Reports("lamp0", "lamp0", f"reply/{refused}", shop.wall, [b'{"ok": false, "error": "jammed"}']))
    assert (command.state, command.why) == (
        State.SENT,
        "1 of 3 did not: lamp0 rejected (jammed); 1 of 3 waits for a member that is not there: lamp1",
    )
    shop.tick(200)  # past the time to live of what waits
    assert command.state is State.FAILED
    assert command.output == {"lamp0": "rejected", "lamp1": "expired", "lamp2": "timeout"}


def test_a_member_that_cannot_answer_leaves_the_group_told_and_not_confirmed(shop: Workshop) -> None:
    shop.compute("g", {"kind": "group", "of": {"things": ["lamp0", "lamp1"]}, "property": "on_off", "how": "any"})
    command = shop.ask("g", {"on_off": True})
    silent, other = (each.asked.id for each in shop.commands if each.asked.thing.startswith("lamp"))
    shop.put(Sent(silent, shop.wall, silent=True), Sent(other, shop.wall))
    shop.put(Reports("lamp1", "lamp1", "state", shop.wall, [b'{"on_off": true}']))
    assert (command.state, command.unanswered) == (State.ACKNOWLEDGED, True)
    assert command.output == {"lamp0": "acknowledged", "lamp1": "confirmed"}


def test_what_was_said_of_a_member_that_was_away_is_gone_when_it_came(shop: Workshop) -> None:
    shop.compute("g", {"kind": "group", "of": {"things": ["lamp0", "lamp1"]}, "property": "on_off", "how": "any"})
    shop.offline("lamp0")
    shop.offline("lamp1")
    command = shop.ask("g", {"on_off": True})
    assert command.why == "2 of 2 wait for members that are not there: lamp0, lamp1"
    shop.online("lamp0")
    shop.online("lamp1")
    shop.obey()
    ended = next(each for each in shop.commands if each.asked.id == command.asked.id)
    assert (ended.state, ended.why) == (State.CONFIRMED, None)


def test_all_members_refuse(shop: Workshop) -> None:
    shop.compute("g", {"kind": "group", "of": {"things": ["lamp0"]}, "property": "on_off", "how": "any"})
    command = shop.ask("g", {"on_off": True})
    shop.refuse("lamp0")
    assert command.state is State.REJECTED


def test_a_later_command_supersedes_the_earlier_and_its_parts(shop: Workshop) -> None:
    of = {"things": ["lamp0", "lamp1"]}
    shop.compute("g", {"kind": "group", "of": of, "property": "on_off", "how": "any"})
    first = shop.ask("g", {"on_off": True})
    second = shop.ask("g", {"on_off": False})
    assert first.state is State.SUPERSEDED
    shop.obey()
    assert second.state is State.CONFIRMED
    assert [c.state.value for c in shop.commands if c.asked.thing == "lamp0"] == ["superseded", "confirmed"]


def test_a_group_of_groups_and_of_inputs(shop: Workshop) -> None:
    shop.compute("mood", {"kind": "input", "type": "boolean", "into": "on_off"})
    shop.compute("inner", {"kind": "group", "of": {"things": ["lamp0", "mood"]}, "property": "on_off", "how": "all"})
    shop.compute("outer", {"kind": "group", "of": {"things": ["inner", "lamp1"]}, "property": "on_off", "how": "all"})
    command = shop.ask("outer", {"on_off": True})
    assert shop.value("mood", "on_off") is True
    shop.obey()
    assert command.state is State.CONFIRMED
    assert shop.value("outer", "on_off") is True


def test_a_group_without_members_says_so(shop: Workshop) -> None:
    of = {"kind": "fan"}
    shop.compute("g", {"kind": "group", "of": of, "property": "on_off", "how": "any"})
    command = shop.ask("g", {"on_off": True})
    assert (command.state, command.why) == (State.FAILED, "the group has no members")


def test_exact_whatever_came_and_went(shop: Workshop) -> None:
    shop.compute("g", {"kind": "group", "of": PROBES, "property": "temperature", "how": "mean"})
    values = [0.1, 1000.7, -0.3, 0.2]
    for turn in range(50):
        for number, value in enumerate(values):
            shop.report(f"probe{number}", temperature=value * (turn % 7 + 1) / 3)
    last = [value * (49 % 7 + 1) / 3 for value in values]
    assert shop.value("g", "temperature") == statistics.fmean(last)
