"""What raises and clears an alarm, and how long either must last."""

from __future__ import annotations

from tests.scene.alarm.panel import Panel, warm


def test_a_dead_band() -> None:
    panel = warm("acknowledge: false\nclear: {change: {property: temperature, below: 22}}")
    for value, state in (
        (26, "acknowledged"),
        (24, "acknowledged"),
        (22, "acknowledged"),
        (21, "normal"),
        (24, "normal"),
    ):
        panel.report("probe", temperature=float(value))
        assert panel.state() == state, value


def test_delays() -> None:
    panel = warm("acknowledge: false\non_delay_s: 60\noff_delay_s: 30")
    panel.report("probe", temperature=26.0)
    panel.tick(59)
    assert panel.state() == "normal"
    panel.report("probe", temperature=24.0)
    panel.report("probe", temperature=26.0)
    panel.tick(59)
    assert panel.state() == "normal"
    panel.tick(1)
    assert panel.state() == "acknowledged"
    panel.report("probe", temperature=24.0)
    panel.tick(29)
    panel.report("probe", temperature=26.0)
    panel.tick(29)
    panel.report("probe", temperature=24.0)
    panel.tick(29)
    assert panel.state() == "acknowledged"
    panel.tick(1)
    assert panel.state() == "normal"
    assert panel.history[-1].at == panel.wall


def test_what_is_so_already_raises_it_when_it_is_saved() -> None:
    panel = Panel()
    panel.thing("probe", "sensor.temperature", temperature=30.0)
    panel.define("raise: {change: {property: temperature, above: 25}}\non_delay_s: 10")
    panel.tick(10)
    assert panel.state() == "unacknowledged"


def test_a_figure_over_a_window() -> None:
    panel = Panel()
    panel.thing("probe", "sensor.temperature", temperature=20.0)
    panel.define("raise: {window: {property: temperature, over_s: 60, agg: mean, above: 25}}\nacknowledge: false")
    panel.report("probe", temperature=24.0)
    panel.tick(1)
    panel.report("probe", temperature=28.0)
    assert panel.state() == "acknowledged"
    assert panel.history[0].value == 26.0
    panel.tick(61)
    assert panel.state() == "normal"


def test_silence() -> None:
    panel = Panel()
    panel.thing("probe", "sensor.temperature", temperature=20.0)
    panel.define("raise: {silence: {for_s: 60}}\nacknowledge: false")
    panel.tick(50)
    panel.report("probe", temperature=20.0)
    panel.tick(59)
    assert panel.state() == "normal"
    panel.tick(2)
    assert panel.state() == "acknowledged"
    panel.report("probe", temperature=20.0)
    assert panel.state() == "normal"
    panel.tick(120)
    assert panel.state() == "acknowledged"


def test_an_event_is_a_word_of_the_thing_too() -> None:
    panel = Panel()
    panel.thing("m", "machine", temperature=20.0)
    panel.define("raise: {silence: {for_s: 60}}\nacknowledge: false")
    panel.define("id: b\nraise: {silence: {property: temperature, for_s: 60}}\nacknowledge: false")
    panel.tick(50)
    panel.event("m", "order_done")
    panel.tick(20)
    assert (panel.state("a.m"), panel.state("b.m")) == ("normal", "acknowledged")


def test_coming_and_going() -> None:
    panel = Panel()
    panel.thing("probe", "sensor.temperature")
    panel.define("raise: {connection: {is: offline}}\nacknowledge: false\non_delay_s: 30")
    panel.offline("probe")
    panel.tick(29)
    panel.online("probe")
    panel.tick(29)
    assert panel.state() == "normal"
    panel.offline("probe")
    panel.tick(30)
    assert panel.state() == "acknowledged"
    assert not panel.fold.partition.things["probe"].watchers
    panel.online("probe")
    assert panel.state() == "normal"


def test_an_expression_over_several_things() -> None:
    panel = Panel()
    panel.thing("press", "press", running=True, guard="closed")
    panel.thing("probe", "sensor.temperature")
    panel.define(
        """
        kind: press
        acknowledge: false
        raise:
          cel:
            expression: guard == "open" && running && warm / 10.0 > 2.0
            given:
              guard: {thing: this, property: guard}
              running: {thing: this, property: running}
              warm: {thing: probe, property: temperature}
        """
    )
    panel.report("press", guard="open")
    assert panel.state("a.press") == "normal"
    panel.report("probe", temperature=30.0)
    assert panel.state("a.press") == "acknowledged"
    assert panel.history[0].value == {"guard": "open", "running": True, "warm": 30.0}
    panel.report("press", running=False)
    assert panel.state("a.press") == "normal"


def test_an_expression_that_cannot_be_evaluated_is_neither_so_nor_otherwise() -> None:
    panel = Panel()
    panel.thing("probe", "sensor.temperature", temperature=1.0)
    panel.define(
        """
        acknowledge: false
        raise: {cel: {expression: "1 / int(t) > 0", given: {t: {thing: this, property: temperature}}}}
        """
    )
    assert panel.state() == "acknowledged"
    panel.report("probe", temperature=0.0)
    assert panel.state() == "acknowledged"
    panel.report("probe", temperature=2.0)
    assert panel.state() == "normal"


def test_an_event_raises_for_a_moment() -> None:
    panel = Panel()
    panel.thing("m", "machine")
    panel.define("raise: {event: {event: material_low}}\nclear: {event: {event: order_done, fields: {order: x}}}")
    panel.define("id: b\nraise: {event: {event: order_done, fields: {order: x}}}\noff_delay_s: 60")
    panel.event("m", "material_low")
    assert panel.state("a.m") == "unacknowledged"
    panel.event("m", "order_done", order="y")
    assert panel.state("a.m") == "unacknowledged"
    assert panel.state("b.m") == "gone"
    panel.event("m", "order_done", order="x")
    assert panel.state("a.m") == "returned"
    assert panel.state("b.m") == "unacknowledged"
    assert panel.history[-1].value == {"order": "x"}
    panel.tick(50)
    panel.event("m", "order_done", order="x")
    panel.tick(50)
    assert panel.state("b.m") == "unacknowledged"
    panel.tick(10)
    assert panel.state("b.m") == "returned"
    panel.event("m", "order_done", order="x")
    assert panel.alarms.alarms["b.m"].facts.count == 3


def test_an_event_that_a_value_clears() -> None:
    panel = Panel()
    panel.thing("m", "machine", running=False)
    panel.define(
        "raise: {event: {event: material_low}}\nclear: {change: {property: running, is: true}}\nacknowledge: false"
    )
    panel.event("m", "material_low")
    assert panel.state("a.m") == "acknowledged"
    panel.report("m", running=True)
    assert panel.state("a.m") == "normal"


def test_all_things_of_a_place_that_can_tell() -> None:
    panel = Panel()
    panel.place("kitchen", "home")
    panel.place("shed")
    panel.thing("a1", "sensor.smoke", place="kitchen", smoke=False)
    panel.thing("a2", "sensor.smoke", place="shed", smoke=True)
    panel.thing("a3", "sensor.temperature", place="kitchen")
    panel.define("raise: {change: {property: smoke, is: true}}")
    assert list(panel.alarms.alarms) == ["a.a1"]
    panel.thing("a4", "sensor.smoke", place="kitchen", smoke=True)
    assert panel.state("a.a4") == "unacknowledged"
    panel.place("shed", "home")
    assert panel.state("a.a2") == "unacknowledged"
    panel.place("shed")
    assert panel.state("a.a2") == "gone"
    assert panel.acts("a.a2") == ["raised", "removed"]
    panel.remove("a4")
    assert panel.acts("a.a4") == ["raised", "removed"]
    panel.remove("a1")
    assert panel.acts("a.a1") == []
    assert not panel.alarms.alarms


def test_a_new_version_keeps_where_it_stands() -> None:
    panel = warm()
    panel.thing("cold", "sensor.temperature", temperature=21.0)
    panel.report("probe", temperature=26.0)
    panel.act("acknowledge")
    panel.define("raise: {change: {property: temperature, above: 20}}", version=2)
    assert (panel.state(), panel.state("a.cold")) == ("acknowledged", "unacknowledged")
    panel.define("things: [probe]\nraise: {change: {property: temperature, above: 27}}", version=3)
    assert (panel.state(), panel.state("a.cold")) == ("normal", "gone")
    panel.define("enabled: false\nraise: {change: {property: temperature, above: 2}}", version=4)
    assert panel.state() == "gone"
    panel.undefine()
    panel.undefine()
    assert panel.acts("a.cold") == ["raised", "removed"]


def test_a_definition_that_goes_takes_its_alarms() -> None:
    panel = warm()
    panel.report("probe", temperature=26.0)
    panel.undefine()
    assert panel.acts() == ["raised", "removed"]
    assert panel.history[-1].by == {"kind": "person", "id": "wei"}
    assert not panel.fold.partition.things["probe"].watchers


def test_a_thing_of_another_model_is_followed_anew() -> None:
    panel = warm("acknowledge: false")
    panel.define(
        """
        id: both
        things: [probe]
        acknowledge: false
        raise: {cel: {expression: t > 25.0, given: {t: {thing: other, property: temperature}}}}
        """
    )
    panel.define(
        "id: mean\nraise: {window: {property: temperature, over_s: 60, agg: max, above: 25}}\nacknowledge: false"
    )
    assert panel.state("both.probe") == "normal"
    panel.thing("other", "sensor.temperature", temperature=26.0)
    assert panel.state("both.probe") == "acknowledged"
    panel.report("probe", temperature=26.0)
    panel.thing("probe", "fridge", temperature=27.0)
    assert panel.state() == "acknowledged"
    panel.report("probe", temperature=5.0)
    assert panel.state() == "normal"
    assert panel.state("mean.probe") == "acknowledged"
    panel.thing("probe", "light")
    assert panel.state() == "gone"


def test_what_a_model_calls_a_fault() -> None:
    panel = Panel()
    panel.thing("m", "machine")
    panel.thing("l", "lock", place="home")
    panel.event("m", "fault", fault="part jammed")
    assert panel.state("fault-fault.m") == "unacknowledged"
    panel.event("m", "cleared")
    assert panel.state("fault-fault.m") == "returned"
    panel.event("l", "tampered")
    panel.event("m", "order_done")
    assert {line.alarm: line.severity for line in panel.history} == {
        "fault-fault.m": "high",
        "fault-tampered.l": "critical",
    }
    assert panel.history[0].value == {"fault": "part jammed"}
    assert panel.told == []


def test_a_definition_of_ones_own_stands_in_for_it() -> None:
    panel = Panel()
    panel.thing("m", "machine")
    panel.define("id: fault-fault\nenabled: false\nraise: {event: {event: fault}}")
    panel.event("m", "fault")
    assert not panel.alarms.alarms
    panel.undefine("fault-fault")
    panel.event("m", "fault")
    assert panel.state("fault-fault.m") == "unacknowledged"
    panel.define("id: fault-fault\nseverity: low\nraise: {event: {event: fault}}")
    assert panel.alarms.alarms["fault-fault.m"].facts.severity == "low"


def test_reminders_of_what_was_find_nothing_to_do() -> None:
    panel = Panel()
    panel.thing("probe", "sensor.temperature", temperature=20.0)
    panel.define("raise: {silence: {for_s: 60}}")
    panel.define("raise: {change: {property: temperature, above: 25}}\nacknowledge: false", version=2)
    panel.tick(61)
    assert panel.state() == "normal"
    for _ in range(3):
        panel.report("probe", temperature=26.0)
        panel.report("probe", temperature=20.0)
    panel.undefine()
    panel.define("raise: {change: {property: temperature, above: 25}}", version=3)
    panel.tick(700)
    assert panel.state() == "normal"


def test_silence_of_one_property() -> None:
    panel = Panel()
    panel.thing("f", "fridge", temperature=5.0)
    panel.define("raise: {silence: {property: temperature, for_s: 60}}")
    panel.tick(40)
    panel.report("f", humidity=50.0)
    panel.tick(21)
    assert panel.state("a.f") == "unacknowledged"


def test_things_and_places_that_come_later() -> None:
    panel = Panel()
    panel.define("raise: {event: {event: fault}}")
    panel.define("id: b\nraise: {change: {property: running, is: false}}\nsuppress: {modes: [night]}")
    panel.thing("m", "machine", place="hall", running=False)
    assert list(panel.alarms.alarms) == []
    panel.place("hall", "home")
    assert panel.state("b.m") == "unacknowledged"
    panel.mode("home", "night")
    assert panel.state("b.m") == "suppressed"
    panel.place("hall", "upstairs")
    assert panel.state("b.m") == "gone"
    panel.place("upstairs", "home")
    assert panel.state("b.m") == "suppressed"
    panel.undefine("b")
    panel.thing("m", "machine", place="hall")
    panel.report("m", running=True)
    panel.event("m", "fault")
    assert list(panel.alarms.alarms) == ["a.m"]


def test_what_clears_it_may_be_something_that_the_thing_does_not_have() -> None:
    panel = warm("clear: {change: {property: door, is: closed}}")
    panel.report("probe", temperature=26.0)
    panel.report("probe", temperature=20.0)
    assert panel.state() == "unacknowledged"
