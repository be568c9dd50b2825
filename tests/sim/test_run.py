"""Whole worlds against a loopback hub: registered, connected, reporting, obeying, leaving politely."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.sim.hub import Door, until
from unisono.sim import client, run
from unisono.sim.car import build_car
from unisono.sim.home import build_home
from unisono.sim.kept import Keyring, Memory
from unisono.sim.line import build_line
from unisono.sim.options import SimOptions
from unisono.sim.run import run_car, run_demo, run_home, run_line

RUNS = {
    run_home: [build_home],
    run_car: [build_car],
    run_line: [build_line],
    run_demo: [build_home, build_car, build_line],
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TICK_S", 0.02)
    monkeypatch.setattr(run, "SPREAD_S", 0.05)
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(client, "LONGEST_PAUSE_S", 0.02)


@asynccontextmanager
async def simulated(which: object, options: SimOptions) -> AsyncIterator[None]:
    """Run with secrets that are there already, so that nothing asks the API."""
    builders = RUNS[which]  # type: ignore[index]
    things = {device.who.thing: "s" for build in builders for device in build().devices}
    Keyring(options.data).put(things)
    task = asyncio.create_task(which(options))  # type: ignore[operator]
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("which", RUNS, ids=lambda which: which.__name__)
async def test_every_thing_comes_reports_and_leaves_politely(which: object, tmp_path: Path) -> None:
    builders = RUNS[which]  # type: ignore[index]
    things = {device.who.thing: device for build in builders for device in build().devices}
    async with Door() as door:
        async with simulated(which, SimOptions(url=door.url, data=tmp_path, seed=1)):
            await until(lambda: all(door.said(thing, "things/me/state") for thing in things))
            for thing, device in things.items():
                assert door.said(thing, "things/me/state")[0].keys() == device.state.keys()
        await until(lambda: sorted(door.goodbyes) == sorted(things))
        assert door.faults == []


async def test_a_command_is_answered_and_confirmed_by_a_report(tmp_path: Path) -> None:
    async with Door() as door, simulated(run_home, SimOptions(url=door.url, data=tmp_path, seed=1)):
        await until(lambda: "living_light" in door.guests and door.said("living_light", "things/me/state"))
        door.say("living_light", "things/me/set", {"id": "c1", "state": {"brightness": 40}})
        await until(lambda: door.said("living_light", "things/me/reply/c1") == [{"ok": True}])
        await until(lambda: {"brightness": 40} in door.said("living_light", "things/me/state"))
        await until(lambda: any(said.get("on_off") for said in door.said("living_light", "things/me/state")))
        door.say("vacuum", "things/me/call/sing", {"id": "c2", "input": {}})
        await until(lambda: door.said("vacuum", "things/me/reply/c2"))
        assert door.said("vacuum", "things/me/reply/c2") == [{"ok": False, "error": "there is no action sing"}]


async def test_meters_go_on_where_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "sim").mkdir()
    Memory(tmp_path).put({"line_meter": {"energy": 60_000.0}, "press_1": {"good_count": 20_000}})

    async def told(door: Door, thing: str, key: str) -> float:
        await until(lambda: door.said(thing, "things/me/state"))
        return float(door.said(thing, "things/me/state")[0][key])

    async with Door() as door, simulated(run_line, SimOptions(url=door.url, data=tmp_path, seed=1)):
        assert 60_000 <= await told(door, "line_meter", "energy") < 60_001
        assert 20_000 <= await told(door, "press_1", "good_count") < 20_010
    ended = (Memory(tmp_path).get("line_meter") or {})["energy"]
    async with Door() as door, simulated(run_line, SimOptions(url=door.url, data=tmp_path, seed=1)):
        assert await told(door, "line_meter", "energy") >= ended
        # what is killed has lost a minute at most
        monkeypatch.setattr(run, "KEEP_S", 0.05)
        await until(lambda: (Memory(tmp_path).get("line_meter") or {})["energy"] > ended)
        Memory(tmp_path).path.unlink()
        Memory(tmp_path).path.mkdir()
        await until(lambda: "totals of meters are not kept" in caplog.text)


async def test_connections_break_on_request(tmp_path: Path) -> None:
    async with Door() as door:
        options = SimOptions(url=door.url, data=tmp_path, seed=1, drop=1.0)
        async with simulated(run_car, options):
            await until(lambda: door.sign_ins and not door.guests)
        assert door.goodbyes == []


async def test_a_refused_secret_is_asked_for_and_its_failure_is_survived(tmp_path: Path) -> None:
    async with Door({"car": "other"}) as door:
        options = SimOptions(url=door.url, data=tmp_path, http="http://127.0.0.1:1", seed=1)
        async with simulated(run_car, options):
            await until(lambda: door.refused)


async def test_one_device_that_fails_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = client.Client.run

    async def broken(self: client.Client) -> None:
        if self._thing == "press_1":
            raise RuntimeError("a bug in the press")
        await whole(self)

    monkeypatch.setattr(client.Client, "run", broken)
    async with Door() as door, simulated(run_line, SimOptions(url=door.url, data=tmp_path, seed=1)):
        others = len(build_line().devices) - 1
        await until(lambda: "press_1 stopped" in caplog.text and len(door.guests) == others)
