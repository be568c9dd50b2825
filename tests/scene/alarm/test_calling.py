"""Who is told, again when nobody comes, and when there is too much to tell; and what is held back by design."""

from __future__ import annotations

import msgspec
import pytest

from tests.scene.alarm.panel import Panel, warm
from unisono.twin.notices import Telling
from unisono.twin.record import EffectSending, EffectSent


def test_who_is_told_and_what() -> None:
    panel = warm(
        """
        severity: critical
        notify: {to: [wei]}
        text: "{name} is at {temperature}, {probe.temperature} or {value} {degrees}"
        action: Close the door
        """
    )
    panel.thing("probe", "sensor.temperature")
    panel.report("probe", temperature=26.5)
    (told,) = panel.told
    assert told == {
        "to": ["wei"],
        "title": "Too warm",
        "text": "probe is at 26.5, 26.5 or 26.5 {degrees}\nClose the door",
        "priority": "critical",
        "group": "a.probe",
        "place": "home",
        "since": panel.alarms.alarms["a.probe"].facts.raised,
        "over": 0,
    }
    (id,) = panel.engine.effects
    assert id == f"alarm-a.probe-{panel.engine.world.wall}-1"
    panel.put(EffectSending(id, panel.wall))
    panel.put(EffectSent(id, panel.wall))
    assert panel.told == []


def test_one_by_one_until_somebody_acknowledges() -> None:
    panel = warm("notify: {to: [wei], priority: low}\nescalate: {after_s: 60, to: [boss], times: 2, priority: high}")
    panel.report("probe", temperature=26.0)
    panel.tick(30)
    panel.report("probe", temperature=20.0)
    panel.tick(30)
    assert [(each["to"], each["priority"], each["title"]) for each in panel.told] == [
        (["wei"], "low", "Too warm"),
        (["boss"], "high", "(1/2) Too warm"),
    ]
    panel.tick(600)
    assert len(panel.told) == 3
    assert panel.acts() == ["raised", "cleared", "escalated", "escalated"]


def test_who_acknowledges_in_time_is_not_called() -> None:
    panel = warm("notify: {to: [wei]}\nescalate: {after_s: 60}")
    panel.report("probe", temperature=26.0)
    panel.tick(59)
    panel.act("acknowledge")
    panel.tick(100)
    assert len(panel.told) == 1
    panel.report("probe", temperature=20.0)
    panel.report("probe", temperature=26.0)
    panel.tick(59)
    assert len(panel.told) == 2
    panel.tick(1)
    assert panel.told[-1]["to"] == ["wei"]
    panel.act("shelve", for_s=3600)
    panel.tick(3000)
    assert len(panel.told) == 3


def test_an_escalation_without_a_notice() -> None:
    panel = warm("escalate: {after_s: 60, to: [boss]}")
    panel.report("probe", temperature=26.0)
    panel.tick(60)
    assert [each["to"] for each in panel.told] == [["boss"]]


@pytest.mark.parametrize(
    ("definition", "priorities"),
    [
        ("", ["normal", "high", "critical", "critical"]),
        ("severity: diagnostic", ["low", "normal", "high", "critical"]),
        ("severity: high", ["high", "critical", "critical", "critical"]),
    ],
)
def test_each_call_is_one_step_higher(definition: str, priorities: list[str]) -> None:
    panel = warm(f"notify: {{to: [wei]}}\nescalate: {{after_s: 60}}\n{definition}")
    panel.report("probe", temperature=26.0)
    for _ in range(3):
        panel.tick(60)
    assert [each["priority"] for each in panel.told] == priorities


def test_the_first_call_is_higher_than_what_it_was_told_at() -> None:
    panel = warm("notify: {to: [wei], priority: low}\nescalate: {after_s: 60}\nseverity: high")
    panel.report("probe", temperature=26.0)
    panel.tick(60)
    assert [each["priority"] for each in panel.told] == ["low", "normal"]


def test_what_is_over_is_called_back_once_and_told_as_over() -> None:
    panel = warm("notify: {to: [wei]}\nescalate: {after_s: 60, to: [boss]}")
    panel.report("probe", temperature=26.0)
    facts = panel.alarms.alarms["a.probe"].facts
    raised = facts.raised
    panel.tick(30)
    assert panel.recalled == []
    panel.crash()
    panel.report("probe", temperature=20.0)
    facts = panel.alarms.alarms["a.probe"].facts
    [body] = panel.recalled
    assert body == {"group": "a.probe", "since": raised, "over": facts.cleared, "recall": True}
    assert msgspec.convert(body, Telling, strict=True).to == []
    panel.tick(30)  # nobody has seen it, but it does not go on
    assert (panel.told[-1]["title"], panel.told[-1]["over"]) == ("(1/3) Too warm", facts.cleared)
    panel.undefine()
    assert len(panel.recalled) == 1


def test_what_goes_with_its_definition_is_called_back() -> None:
    panel = warm("notify: {to: [wei]}")
    panel.report("probe", temperature=26.0)
    panel.tick(5)
    panel.undefine()
    assert [each["over"] for each in panel.recalled] == [panel.wall]


def test_what_nobody_was_told_of_is_not_called_back() -> None:
    panel = warm()
    panel.report("probe", temperature=26.0)
    panel.report("probe", temperature=20.0)
    assert panel.recalled == []


def test_an_event_is_called_back_only_where_something_clears_it() -> None:
    panel = Panel()
    panel.thing("lock", "lock")
    panel.define("things: [lock]\nraise: {event: {event: jammed}}\nnotify: {to: [wei]}")
    panel.event("lock", "jammed")
    assert (len(panel.told), panel.recalled) == (1, [])
    assert "over" not in panel.told[0]
    panel.define(
        "id: b\nthings: [lock]\nraise: {event: {event: jammed}}\nnotify: {to: [wei]}\n"
        "clear: {change: {property: locked, is: true}}"
    )
    panel.event("lock", "jammed")
    assert panel.recalled == []
    panel.report("lock", locked=True)
    assert [each["group"] for each in panel.recalled] == ["b.lock"]


def test_suppressed_by_another_alarm() -> None:
    panel = warm("suppress: {alarms: [dead, gone.other]}\nnotify: {}")
    panel.thing("other", "sensor.temperature")
    panel.define("id: dead\nraise: {change: {property: temperature, above: 50}}")
    panel.define("id: gone\nthings: [other]\nraise: {connection: {is: offline}}")
    panel.offline("other")
    panel.report("probe", temperature=26.0)
    assert panel.state() == "suppressed"
    assert panel.alarms.alarms["a.probe"].facts.why == "gone.other is active"
    panel.online("other")
    assert panel.state() == "unacknowledged"
    panel.report("probe", temperature=60.0)
    panel.offline("other")
    panel.online("other")
    assert panel.state() == "suppressed"
    panel.act("take_out", "dead.probe")
    panel.report("probe", temperature=20.0)
    assert panel.state() == "normal"
    panel.report("probe", temperature=60.0)
    assert panel.state() == "unacknowledged"
    assert panel.acts() == ["suppressed", "unsuppressed", "suppressed", "cleared", "raised"]
    assert len(panel.told) == 2


def test_suppressed_in_a_mode_and_while_a_machine_stands() -> None:
    panel = Panel()
    panel.place("hall", "home")
    panel.thing("m", "machine", place="hall", running=True, temperature=20.0)
    panel.define(
        """
        kind: machine
        raise: {change: {property: temperature, above: 25}}
        suppress: {modes: [night], while: [{property: running, is: false}, {thing: x, property: temperature, above: 1}]}
        """
    )
    panel.report("m", temperature=30.0)
    assert panel.state("a.m") == "unacknowledged"
    panel.mode("home", "night")
    assert panel.state("a.m") == "suppressed"
    panel.report("m", running=False)
    panel.mode("home", "home")
    assert panel.state("a.m") == "suppressed"
    panel.report("m", running=True)
    assert panel.state("a.m") == "unacknowledged"
    panel.report("m", running=False, temperature=20.0)
    assert panel.state("a.m") == "returned"
    panel.thing("x", "sensor.temperature", temperature=3.0)
    panel.report("m", running=True, temperature=30.0)
    assert panel.state("a.m") == "suppressed"
    panel.act("shelve", "a.m", for_s=60)
    assert panel.state("a.m") == "suppressed"
    panel.report("x", temperature=0.0)
    assert panel.state("a.m") == "shelved"
    panel.report("x", temperature=2.0)
    assert panel.state("a.m") == "suppressed"
    panel.report("m", temperature=20.0)
    assert panel.state("a.m") == "shelved"
    panel.report("m", temperature=30.0)
    assert panel.state("a.m") == "suppressed"
    panel.define("kind: machine\nraise: {change: {property: temperature, above: 25}}", version=2)
    assert panel.state("a.m") == "shelved"


def test_one_that_chatters() -> None:
    panel = warm("acknowledge: false")
    facts = panel.alarms.alarms["a.probe"].facts
    for _ in range(2):
        panel.report("probe", temperature=26.0)
        panel.report("probe", temperature=20.0)
        panel.tick(25)
    assert not facts.chattering
    panel.report("probe", temperature=26.0)
    assert facts.chattering
    panel.tick(300)
    panel.report("probe", temperature=20.0)
    panel.report("probe", temperature=26.0)
    panel.tick(599)
    assert facts.chattering
    panel.tick(2)
    assert not facts.chattering


def test_a_flood() -> None:
    panel = Panel()
    for number in range(12):
        panel.thing(f"p{number}", "sensor.temperature", temperature=20.0)
    panel.define("raise: {change: {property: temperature, above: 25}}\nnotify: {to: [wei]}")
    panel.define("id: bad\nraise: {change: {property: temperature, above: 30}}\nnotify: {}\nseverity: high")
    for number in range(11):
        panel.report(f"p{number}", temperature=26.0)
        panel.tick(10)
    assert [each["title"] for each in panel.told[-2:]] == ["Too warm", "Alarm flood"]
    count = len(panel.told)
    panel.report("p11", temperature=26.0)
    assert len(panel.told) == count
    panel.report("p11", temperature=31.0)
    assert len(panel.told) == count + 1
    rate = panel.alarms.rates["home"]
    assert (rate.flood, rate.held) == (True, 1)
    began = rate.since
    panel.tick(480)
    assert rate.flood
    panel.tick(240)
    assert not rate.flood
    line = panel.history[-1]
    assert (line.act, line.place, line.value) == ("flood_ended", "home", 1)
    assert panel.recalled == [{"group": "flood.home", "since": began, "over": line.at, "recall": True}]


def test_a_flood_of_what_nobody_is_told_of() -> None:
    panel = Panel()
    panel.thing("probe", "sensor.temperature", temperature=20.0)
    panel.define("raise: {change: {property: temperature, above: 25}}")
    for _ in range(12):
        panel.report("probe", temperature=26.0)
        panel.report("probe", temperature=20.0)
    assert [line.act for line in panel.history if line.alarm == ""] == ["flood_began"]
    assert panel.told == []


def test_the_notify_room_takes_what_is_told() -> None:
    panel = warm("notify: {to: [wei]}\nescalate: {after_s: 60}")
    panel.report("probe", temperature=26.0)
    panel.tick(60)
    for _ in range(11):
        panel.report("probe", temperature=20.0)
        panel.report("probe", temperature=26.0)
    bodies = [msgspec.convert(body, Telling, strict=True) for body in panel.told]
    assert [body.title for body in bodies[:2]] == ["Too warm", "(1/3) Too warm"]
    assert bodies[-1].title == "Alarm flood"
    assert {body.place for body in bodies} == {"home"}
