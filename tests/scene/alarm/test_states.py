"""The states of ISA-18.2, and what leads from one to the next."""

from __future__ import annotations

import pytest

from tests.scene.alarm.panel import WEI, warm
from unisono.scene.alarm.state import HELD, STANDING, TRANSITIONS, UNACKNOWLEDGED, Sign, State, step
from unisono.twin.record import AlarmAct

#: ANSI/ISA-18.2-2016, figure 4: the arrows between the lettered states that a process, a person or the design makes.
FIGURE_4 = {
    ("normal", "unacknowledged"),
    ("normal", "acknowledged"),
    ("unacknowledged", "acknowledged"),
    ("unacknowledged", "returned"),
    ("unacknowledged", "latched_unacknowledged"),
    ("acknowledged", "normal"),
    ("acknowledged", "latched"),
    ("returned", "normal"),
    ("returned", "unacknowledged"),
    ("latched_unacknowledged", "latched"),
    ("latched_unacknowledged", "unacknowledged"),
    ("latched", "normal"),
    ("latched", "unacknowledged"),
    ("latched", "acknowledged"),
}


def test_the_table_has_the_arrows_of_the_standard_and_no_others() -> None:
    arrows = {(before.value, after.value) for (before, _sign), after in TRANSITIONS.items()}
    held = {state.value for state in HELD}
    assert {(a, b) for a, b in arrows if a not in held and b not in held} - {
        ("unacknowledged", "unacknowledged")
    } == FIGURE_4
    assert {(a, b) for a, b in arrows if a in held and b not in held} == {(a, "normal") for a in held}
    for state in State:
        for each in HELD:
            assert (state is each) or (state.value, each.value) in arrows
    assert STANDING >= UNACKNOWLEDGED
    assert step(State.NORMAL, Sign.ACKNOWLEDGED) is None


def test_raised_acknowledged_cleared() -> None:
    panel = warm()
    assert panel.state() == "normal"
    panel.report("probe", temperature=26.0)
    assert panel.state() == "unacknowledged"
    panel.act("acknowledge", comment="on my way")
    assert panel.state() == "acknowledged"
    panel.report("probe", temperature=27.0)
    panel.report("probe", temperature=24.0)
    assert panel.state() == "normal"
    assert panel.acts() == ["raised", "acknowledged", "cleared"]
    raised, acknowledged, _cleared = panel.history
    assert (raised.value, raised.thing, raised.place, raised.root, raised.severity) == (
        26.0, "probe", "home", "home", "medium",
    )  # fmt: skip
    assert (raised.text, raised.by) == ("probe: Too warm", {})
    assert (acknowledged.by, acknowledged.comment, acknowledged.before) == (WEI, "on my way", "unacknowledged")
    assert [line.number for line in panel.history] == [1, 2, 3]


def test_back_to_normal_it_stays_until_somebody_has_seen_it() -> None:
    panel = warm()
    panel.report("probe", temperature=26.0)
    panel.report("probe", temperature=24.0)
    assert panel.state() == "returned"
    panel.report("probe", temperature=26.0)
    assert panel.state() == "unacknowledged"
    panel.report("probe", temperature=24.0)
    panel.act("acknowledge")
    assert panel.state() == "normal"


def test_one_that_asks_for_no_acknowledgement() -> None:
    panel = warm("acknowledge: false")
    panel.report("probe", temperature=26.0)
    assert panel.state() == "acknowledged"
    panel.report("probe", temperature=24.0)
    assert panel.state() == "normal"


def test_a_latching_one_stays_until_it_is_reset() -> None:
    panel = warm("latching: true")
    panel.report("probe", temperature=26.0)
    panel.report("probe", temperature=24.0)
    assert panel.state() == "latched_unacknowledged"
    panel.act("reset")
    assert panel.state() == "latched_unacknowledged"
    panel.act("acknowledge")
    assert panel.state() == "latched"
    panel.report("probe", temperature=26.0)
    assert panel.state() == "unacknowledged"
    panel.act("acknowledge")
    panel.report("probe", temperature=24.0)
    panel.act("reset")
    assert panel.state() == "normal"


def test_a_latching_one_that_asks_for_no_acknowledgement() -> None:
    panel = warm("latching: true\nacknowledge: false")
    panel.report("probe", temperature=26.0)
    panel.report("probe", temperature=24.0)
    assert panel.state() == "latched"
    panel.report("probe", temperature=26.0)
    assert panel.state() == "acknowledged"


def test_on_a_shelf() -> None:
    panel = warm("shelve_h: 2")
    panel.report("probe", temperature=26.0)
    panel.act("shelve", for_s=3600, comment="being mended")
    assert panel.state() == "shelved"
    panel.report("probe", temperature=24.0)
    panel.report("probe", temperature=26.0)
    assert panel.state() == "shelved"
    panel.act("acknowledge")
    assert panel.state() == "shelved"
    panel.tick(3599)
    assert panel.state() == "shelved"
    panel.tick(1)
    assert panel.state() == "unacknowledged"
    assert panel.acts() == ["raised", "shelved", "shelf_ended"]


def test_taken_off_the_shelf() -> None:
    panel = warm("shelve_h: 2")
    panel.act("shelve", for_s=60)
    panel.act("unshelve")
    assert panel.state() == "normal"
    panel.act("shelve", for_s=600)
    panel.tick(300)
    assert panel.state() == "shelved"
    panel.tick(300)
    assert panel.acts() == ["shelved", "unshelved", "shelved", "shelf_ended"]


def test_out_of_service_comes_before_the_shelf() -> None:
    panel = warm()
    panel.act("shelve", for_s=60)
    panel.act("take_out", comment="sensor broken")
    assert panel.state() == "out_of_service"
    panel.tick(61)
    assert panel.state() == "out_of_service"
    panel.report("probe", temperature=26.0)
    panel.act("return_to_service")
    assert panel.state() == "unacknowledged"
    panel.act("take_out")
    panel.report("probe", temperature=20.0)
    panel.act("return_to_service")
    assert panel.state() == "normal"


@pytest.mark.parametrize(
    ("act", "for_s", "code"),
    [
        ("acknowledge", 0, "wrong_state"),
        ("reset", 0, "wrong_state"),
        ("unshelve", 0, "wrong_state"),
        ("return_to_service", 0, "wrong_state"),
        ("shelve", 0, "bad_value"),
        ("shelve", 8 * 3600 + 1, "bad_value"),
        ("burn", 0, "bad_request"),
    ],
)
def test_what_cannot_be_is_said_before_it_enters_the_log(act: str, for_s: float, code: str) -> None:
    panel = warm()
    alarm = panel.alarms.find("a.probe")
    with pytest.raises(Exception) as caught:
        alarm.check(act, for_s)
    assert caught.value.code == code  # type: ignore[attr-defined]
    with pytest.raises(Exception) as again:
        panel.alarms.check(AlarmAct("a.probe", act, 0, WEI, "", for_s))
    assert again.value.code == code  # type: ignore[attr-defined]
    panel.act(act, for_s=for_s)
    assert panel.state() == "normal"
    assert len(panel.fold.partition.dead_letters.saved().letters) == (code != "wrong_state")


def test_one_that_must_not_be_shelved() -> None:
    panel = warm("shelve_h: 0")
    panel.act("shelve", for_s=60)
    assert panel.state() == "normal"


def test_there_is_no_such_alarm() -> None:
    panel = warm()
    panel.act("acknowledge", "b.probe")
    (letter,) = panel.fold.partition.dead_letters.saved().letters
    assert letter.code == "not_found"
