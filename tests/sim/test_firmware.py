"""The device's programme: it answers, then reports; it does nothing twice; it misbehaves only when asked to."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from unisono.sim.device import Label
from unisono.sim.firmware import REMEMBERED, Firmware
from unisono.sim.home.air import Room, Weather
from unisono.sim.home.doors import Cover
from unisono.sim.home.vacuum import Vacuum
from unisono.sim.mischief import Mischief
from unisono.sim.options import SimOptions


class Bench:
    """A firmware on the bench: its words in a list, its patience in another."""

    def __init__(self, device: Cover | Vacuum, **mischief: float) -> None:
        self.said: list[tuple[str, Any]] = []
        self.waiting: list[tuple[float, Callable[[], None]]] = []
        self.online = True
        options = SimOptions(**mischief)  # type: ignore[arg-type]
        self.firmware = Firmware(device, Mischief(options), Random(1), send=self.send, later=self.later)

    def send(self, topic: str, payload: bytes) -> bool:
        if self.online:
            self.said.append((topic.removeprefix("things/me/"), json.loads(payload)))
        return self.online

    def later(self, delay_s: float, do: Callable[[], None]) -> None:
        self.waiting.append((delay_s, do))

    def hear(self, topic: str, document: object) -> None:
        self.firmware.receive(f"things/me/{topic}", json.dumps(document).encode())

    def wait(self) -> float:
        """Let everything that waits happen; return how long it took."""
        took_s = 0.0
        while self.waiting:
            delay_s, do = self.waiting.pop(0)
            took_s += delay_s
            do()
        return took_s


@pytest.fixture
def cover() -> Cover:
    return Cover(Label("blinds", "room", "Blinds", "窗帘"), Room(Weather()))


@pytest.fixture
def vacuum() -> Vacuum:
    return Vacuum(Label("vacuum", "room", "Vacuum", "扫地机器人"))


def test_it_reports_everything_once_and_again_after_a_loss(cover: Cover) -> None:
    bench = Bench(cover)
    bench.firmware.tick(0.0)
    bench.firmware.tick(1.0)
    assert bench.said == [("state", {"position": 100})]
    bench.firmware.came()
    bench.firmware.tick(2.0)
    assert len(bench.said) == 2


def test_a_report_that_did_not_leave_is_repeated(cover: Cover) -> None:
    bench = Bench(cover)
    bench.online = False
    bench.firmware.tick(0.0)
    bench.online = True
    bench.firmware.tick(1.0)
    assert bench.said == [("state", {"position": 100})]


def test_events_wait_for_the_network(vacuum: Vacuum) -> None:
    bench = Bench(vacuum)
    vacuum.say("stuck")
    bench.online = False
    bench.firmware.tick(0.0)
    assert vacuum.events
    bench.online = True
    bench.firmware.tick(1.0)
    assert bench.said[0] == ("event/stuck", {})
    assert not vacuum.events


def test_a_set_is_done_then_answered_then_reported(cover: Cover) -> None:
    bench = Bench(cover)
    bench.hear("set", {"id": "c1", "state": {"position": 50}})
    assert bench.said == []
    delay_s, do = bench.waiting.pop(0)
    do()
    assert delay_s == 0.0
    assert cover.target == 50
    cover.step(10.0, Random(1))
    assert bench.wait() == pytest.approx(4.2)
    assert bench.said == [("reply/c1", {"ok": True}), ("state", {"position": 50})]


def test_a_refusal_says_why_and_reports_nothing(cover: Cover) -> None:
    bench = Bench(cover)
    bench.hear("set", {"id": "c1", "state": {"position": 500}})
    bench.wait()
    assert bench.said == [("reply/c1", {"ok": False, "error": "position wants a number from 0 to 100"})]


def test_a_call_is_answered_with_its_output(cover: Cover) -> None:
    bench = Bench(cover)
    bench.hear("call/stop", {"id": "c1"})
    bench.wait()
    assert bench.said == [("reply/c1", {"ok": True, "output": {"position": 100}})]


def test_desired_values_without_a_command_are_taken_up_without_a_reply(cover: Cover) -> None:
    bench = Bench(cover)
    bench.hear("desired", {"state": {"position": 0}, "commands": {}})
    bench.wait()
    assert cover.target == 0
    assert [topic for topic, _ in bench.said] == ["state"]


def test_a_command_that_comes_twice_is_done_once_and_answered_twice(vacuum: Vacuum) -> None:
    bench = Bench(vacuum)
    bench.hear("set", {"id": "c1", "state": {"start_stop": True}})
    bench.hear("desired", {"state": {"start_stop": True}, "commands": {"start_stop": "c1"}})
    assert len(bench.waiting) == 1
    bench.wait()
    vacuum.on_call("pause", {}, Random(1))
    bench.hear("set", {"id": "c1", "state": {"start_stop": True}})
    bench.wait()
    assert vacuum.state["state"] == "paused"
    assert [topic for topic, _ in bench.said] == ["reply/c1", "state", "reply/c1"]


def test_what_it_remembers_is_bounded(cover: Cover) -> None:
    bench = Bench(cover)
    for number in range(REMEMBERED + 1):
        bench.hear("call/stop", {"id": f"c{number}"})
    bench.wait()
    bench.said.clear()
    bench.hear("call/stop", {"id": "c1"})
    assert (len(bench.said), len(bench.waiting)) == (1, 0)
    bench.hear("call/stop", {"id": "c0"})
    assert len(bench.waiting) == 1


@pytest.mark.parametrize("payload", [b"{", b"[]", b'{"id":"c1"}', b"\xff"])
def test_what_cannot_be_read_changes_nothing(cover: Cover, payload: bytes) -> None:
    bench = Bench(cover)
    bench.firmware.receive("things/me/set", payload)
    assert (bench.said, bench.waiting) == ([], [])


def test_refuse_drop_lie_and_delay(cover: Cover) -> None:
    order = {"id": "c1", "state": {"position": 0}}
    refusing = Bench(cover, refuse=1.0)
    refusing.hear("set", order)
    refusing.wait()
    assert [(topic, said["ok"]) for topic, said in refusing.said] == [("reply/c1", False)]
    dropping = Bench(cover, drop=1.0)
    dropping.hear("set", order)
    assert (dropping.wait(), dropping.said) == (0.0, [])
    lying = Bench(cover, lie=1.0)
    lying.hear("set", order)
    lying.wait()
    assert lying.said == [("reply/c1", {"ok": True}), ("state", {"position": 100})]
    assert cover.target == 100
    late = Bench(cover, delay_s=7.0)
    late.hear("set", order)
    assert late.waiting[0][0] == 7.0
