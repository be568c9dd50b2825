"""What outlets get of computed values, commands, alarms and scenes: which, in which shape, each once over any crash."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scene.alarm.panel import WEI, Panel
from tests.scene.computed.workshop import Workshop
from tests.scene.stage import Stage
from unisono.errors import CallerError
from unisono.scene.onward import Onward, Result
from unisono.twin.partition import Partition
from unisono.twin.record import Asked, Denied, OutletPut, OutletRemoved, SceneRun

WARMEST = {"kind": "group", "of": {"things": ["probe"]}, "property": "temperature", "how": "max", "into": "value"}
TO = {"kind": "webhook", "url": "https://example.org/in"}


class Post(Panel, Workshop):  # type: ignore[misc]  # both say who was told, each in its way
    """``results``: all that outlets got, over crashes."""

    def _new(self, partition: Partition) -> None:
        super()._new(partition)
        self.onward = Onward(partition, self.engine, self.alarms)
        partition.observe(self.onward)
        self.results: list[Result] = getattr(self, "results", [])

    def keep(self) -> None:
        super().keep()
        self.results += self.onward.take()

    def crash(self) -> None:
        Stage.crash(self)

    def outlet(self, *what: str, id: str = "out", created: int = 1, place: str = "home", **more: Any) -> None:
        document = {"id": id, "place": place, "to": TO, "what": what, **more}
        self.put(OutletPut(id, created, msgspec.json.encode(document)))

    def bodies(self, id: str = "out") -> list[dict[str, Any]]:
        return [msgspec.json.decode(each.body) for each in self.results if each.outlet == id]


def post() -> Post:
    """A room with a probe, a lamp, a group over both and a scene."""
    made = Post()
    made.place("room", "home")
    made.place("shed")
    made.thing("probe", "sensor.temperature", "room", temperature=20.0)
    made.thing("lamp", "light", "room", on_off=False)
    made.compute("warmest", WARMEST, "room")
    hot = "{things: [probe], property: temperature, above: 25}"
    made.scene(f"id: hot\nplace: room\nwhen: [{{change: {hot}}}]\nthen: [{{notify: {{text: x}}}}]")
    made.define("place: room\nraise: {change: {property: temperature, above: 25}}")
    return made


def test_nothing_is_followed_while_no_outlet_wants_it() -> None:
    made = post()
    made.outlet("changes", "events")
    assert not made.onward.wants
    made.report("probe", temperature=30.0)
    assert made.results == []
    partition = made.fold.partition
    assert (partition.follower, made.alarms.on_line, made.engine.on_run) == (None, None, None)


def test_values_of_computed_things_and_of_no_others() -> None:
    made = post()
    made.outlet("computed")
    made.report("probe", temperature=21.5)
    [body] = made.bodies()
    assert body["changed"].keys() >= {"value"}
    assert body["changed"]["value"] == {"value": 21.5, "at": body["at"]}
    assert (body["outlet"], body["number"], body["thing"]) == ("out", 1, "warmest")
    [result] = made.results
    assert (result.number, result.count, result.about, result.what) == (1, 1, "warmest", "change")


def test_events_of_computed_things() -> None:
    made = post()
    made.compute("kitchen", {"kind": "timer", "duration_s": 5})
    made.outlet("computed")
    made.outlet("computed", id="narrow", traits=["temperature"])
    made.ask("kitchen", call="start")
    made.tick(6)
    assert "finished" in [body["event"] for body in made.bodies() if "event" in body]
    assert made.bodies("narrow") == []


def test_every_step_in_the_life_of_a_command() -> None:
    made = post()
    made.outlet("commands")
    made.ask("lamp", {"on_off": True})
    made.obey()
    bodies = made.bodies()
    assert [body["command"]["state"] for body in bodies] == ["queued", "sent", "confirmed"]
    last = bodies[-1]["command"]
    assert (last["id"], last["thing"], last["set"]) == ("c1", "lamp", {"on_off": True})
    assert last["by"] == WEI
    assert last["ended"] == bodies[-1]["at"]
    assert "ended" not in bodies[0]["command"]
    assert [body["number"] for body in bodies] == [1, 2, 3]


def test_a_refused_command_is_told_and_says_why() -> None:
    made = post()
    made.outlet("commands")
    asked = Asked("c9", "lamp", made.wall, {**WEI, "role": "admin", "from": "lan"}, {"on_off": True}, why="bedtime")
    made.put(Denied(asked, "interlocked", "the guard is open"))
    [body] = made.bodies()
    command = body["command"]
    assert (command["state"], command["code"], command["why"]) == ("refused", "interlocked", "the guard is open")
    assert (command["by"], command["because"]) == (WEI, "bedtime")


@pytest.mark.parametrize("crash", [False, True])
def test_the_end_of_a_command_whose_thing_is_removed(crash: bool) -> None:
    made = post()
    made.ask("lamp", {"on_off": True})
    made.outlet("commands")
    if crash:
        made.crash()
    made.remove("lamp")
    assert [body["command"]["state"] for body in made.bodies()] == ["failed"]
    # what nobody knows any more goes nowhere
    made.put(Denied(Asked("c9", "lamp", made.wall, WEI, {"on_off": True}), "not_found", "gone"))
    assert len(made.results) == 1


def test_what_happens_to_alarms() -> None:
    made = post()
    made.outlet("alarms")
    made.report("probe", temperature=30.0)
    made.act("acknowledge", comment="seen")
    made.report("probe", temperature=20.0)
    bodies = made.bodies()
    assert [body["alarm"]["act"] for body in bodies] == ["raised", "acknowledged", "cleared"]
    first = bodies[0]
    assert (first["thing"], first["alarm"]["id"], first["alarm"]["severity"]) == ("probe", "a.probe", "medium")
    assert (first["alarm"]["before"], first["alarm"]["after"]) == ("normal", "unacknowledged")
    assert (bodies[1]["alarm"]["by"], bodies[1]["alarm"]["comment"]) == (WEI, "seen")


def test_a_flood_of_alarms_is_its_root_places() -> None:
    made = post()
    made.outlet("alarms")
    made.outlet("alarms", id="probes", kind="sensor")
    for number in range(12):
        made.thing(f"p{number}", "sensor.temperature", "room", temperature=30.0)
    [flood] = [body for body in made.bodies() if body["alarm"]["act"] == "flood_began"]
    assert "thing" not in flood
    assert "flood_began" not in [body["alarm"]["act"] for body in made.bodies("probes")]
    assert len(made.bodies("probes")) == 12


def test_runs_of_scenes_when_they_begin_and_when_they_are_over() -> None:
    made = post()
    made.scene("id: slow\nplace: room\nthen: [{wait: {for_s: 10}}]")
    made.outlet("scenes")
    made.report("probe", temperature=30.0)
    made.put(SceneRun("slow", made.wall, WEI))
    made.tick(11)
    told = [(body["run"]["scene"], body["run"]["state"]) for body in made.bodies()]
    assert told == [("hot", "running"), ("hot", "done"), ("slow", "running"), ("slow", "done")]
    hot = made.bodies()[1]["run"]
    assert (hot["cause"]["what"], hot["cause"]["thing"], hot["cause"]["value"]) == ("change", "probe", 30.0)
    assert (hot["version"], "ended" in hot, "why" in hot) == (1, True, False)


@pytest.mark.parametrize(
    ("narrowed", "wanted"),
    [
        ({}, {"change", "command", "alarm", "run"}),
        ({"place": "room"}, {"change", "command", "alarm", "run"}),
        ({"place": "shed"}, set()),
        ({"things": ["lamp"]}, {"command", "run"}),
        ({"things": ["probe"]}, {"alarm", "run"}),
        ({"kind": "light"}, {"command", "run"}),
        ({"traits": ["on_off"]}, {"command", "alarm", "run"}),
        ({"traits": ["brightness"]}, {"alarm", "run"}),
        ({"traits": ["value"]}, {"change", "alarm", "run"}),
    ],
)
def test_what_is_asked_for_goes_onward(narrowed: dict[str, Any], wanted: set[str]) -> None:
    made = post()
    made.outlet("computed", "commands", "alarms", "scenes", **narrowed)
    made.ask("lamp", {"on_off": True})
    made.report("probe", temperature=30.0)
    assert {result.what for result in made.results} == wanted


def test_calls_are_named_by_the_trait_of_their_action() -> None:
    made = post()
    made.thing("robot", "vacuum", "room")
    made.outlet("commands", traits=["dock"])
    made.outlet("commands", id="lamps", traits=["on_off"])
    made.ask("robot", call="dock")
    assert len(made.bodies()) == 1
    assert made.bodies("lamps") == []
    made.remove("robot")
    assert made.bodies("lamps") == []


def test_outlets_and_places_move_on() -> None:
    made = post()
    made.outlet("computed", place="shed")
    made.report("probe", temperature=21.0)
    assert made.bodies() == []
    made.place("room", "shed")
    made.report("probe", temperature=22.0)
    assert len(made.bodies()) == 1
    # a change keeps the count, another outlet of the same name begins anew
    made.outlet("computed", place="room")
    made.report("probe", temperature=23.0)
    made.outlet("computed", place="room", created=2)
    made.report("probe", temperature=24.0)
    assert [(each.created, each.count) for each in made.results] == [(1, 1), (1, 2), (2, 1)]
    made.put(OutletRemoved("out"))
    made.put(OutletRemoved("out"))
    made.report("probe", temperature=24.5)
    assert len(made.results) == 3
    made.crash()
    assert made.onward.outlets == {}


def test_a_thing_that_changed_is_looked_at_again() -> None:
    made = post()
    made.outlet("computed")
    made.report("probe", temperature=21.0)
    made.compute("warmest", {**WARMEST, "how": "min"}, "shed")
    before = len(made.results)
    made.report("probe", temperature=22.0)
    assert len(made.results) == before


def test_an_outlet_that_cannot_be_is_a_dead_letter() -> None:
    made = post()
    with pytest.raises(CallerError):
        made.onward.steer(OutletPut("out", 1, b'{"id": "out"}'))
    made.put(OutletPut("out", 1, b'{"id": "out"}'))
    assert made.onward.outlets == {}


def test_what_was_not_saved_is_saved_again() -> None:
    made = post()
    made.outlet("computed")
    rows, _gone = made.onward.saved()
    assert [key for key, _row in rows] == ["outlet:=out", "outlet:"]
    assert made.onward.saved() == ([], [])
    made.onward.not_saved()
    assert made.onward.saved()[0] == rows
    assert made.onward.steered_by == (OutletPut, OutletRemoved)


def told(seed: int, crash_at: int | None) -> list[Result]:
    chance = random.Random(seed)
    made = post()
    made.outlet("computed", "commands", "alarms", "scenes")
    made.outlet("commands", "alarms", id="other", kind="light")
    for number in range(20):
        if number == crash_at:
            made.crash()
        step = chance.choice(["report", "report", "ask", "obey", "tick", "act", "outlet"])
        value = chance.randint(15, 35)
        if step == "report":
            made.report("probe", temperature=float(value))
        elif step == "ask":
            made.ask("lamp", {"brightness": value})
        elif step == "obey":
            made.obey()
        elif step == "tick":
            made.tick(value)
        elif step == "outlet":
            made.outlet("scenes", "commands", id="late", created=1 + value % 2)
        elif made.state() == "unacknowledged":
            made.act("acknowledge")
    return made.results


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(0, 19))
def test_a_crash_changes_no_result_and_no_number(seed: int, crash_at: int) -> None:
    assert told(seed, crash_at) == told(seed, None)
