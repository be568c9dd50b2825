"""The MQTT client against a real socket: it signs in, hears, speaks, pings, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from random import Random

import pytest

from tests.sim.hub import Door, until
from unisono.errors import HostError
from unisono.sim import client as client_file
from unisono.sim.client import FIRST_PAUSE_S, IN_FLIGHT, LONGEST_PAUSE_S, Backoff, Client
from unisono.wire.mqtt import ReasonCode, Version

RUBBISH = b"\x00\x00"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(client_file, "LONGEST_PAUSE_S", 0.02)


class Device:
    """A client with what it heard."""

    def __init__(
        self,
        door: Door,
        secret: str = "s",
        *,
        renew: Callable[[], Awaitable[str]] | None = None,
        keep_alive_s: int = 60,
        version: Version = Version.V311,
    ) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.came = 0
        self.client = Client(
            door.address,
            "lamp",
            secret,
            take=lambda topic, payload: self.heard.append((topic, payload)),
            came=self._came,
            renew=renew,
            rng=Random(1),
            keep_alive_s=keep_alive_s,
            version=version,
        )

    def _came(self) -> None:
        self.came += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Client]:
        task = asyncio.create_task(self.client.run())
        try:
            yield self.client
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("version", [Version.V311, Version.V5])
async def test_it_signs_in_subscribes_speaks_and_hears(version: Version) -> None:
    async with Door({"lamp": "s"}) as door:
        device = Device(door, version=version)
        async with device.running() as client:
            assert not client.publish("things/me/state", b"{}")
            await until(lambda: client.ready)
            assert door.subscribed["lamp"] == ["things/me/set", "things/me/call/+", "things/me/desired"]
            assert client.publish("things/me/state", b'{"on_off":true}')
            await until(lambda: door.said("lamp", "things/me/state") == [{"on_off": True}])
            door.say("lamp", "things/me/set", {"id": "c"})
            await until(lambda: device.heard)
            assert device.heard == [("things/me/set", b'{"id": "c"}')]
        await until(lambda: door.goodbyes == ["lamp"])
        assert door.faults == []


async def test_it_comes_back_after_a_loss() -> None:
    async with Door() as door:
        device = Device(door)
        async with device.running() as client:
            for times in (1, 2, 3):
                await until(partial(lambda times: device.came == times and client.ready, times))
                door.guests["lamp"].cut()
        assert door.goodbyes == []


async def test_it_comes_when_the_hub_does() -> None:
    door = Door()
    async with door:
        port = door.address[1]
    device = Device(door)
    async with device.running() as client:
        await until(lambda: device.client.failures >= 2)
        async with Door(port=port):
            await until(lambda: client.ready)


async def test_a_refused_secret_is_renewed() -> None:
    async with Door({"lamp": "new"}) as door:

        async def renew() -> str:
            return "new"

        device = Device(door, "old", renew=renew)
        async with device.running() as client:
            await until(lambda: client.ready)
        assert door.refused == 1


@pytest.mark.parametrize("fails", [True, False])
async def test_without_a_new_secret_it_keeps_trying(fails: bool) -> None:
    async with Door({"lamp": "new"}) as door:

        async def renew() -> str:
            raise HostError("no API", code="hub_unreachable")

        device = Device(door, "old", renew=renew if fails else None)
        async with device.running() as client:
            await until(lambda: door.refused >= 3)
            assert not client.ready


async def test_a_refused_subscription_is_no_connection() -> None:
    async with Door() as door:
        door.deaf = True
        device = Device(door)
        async with device.running() as client:
            await until(lambda: door.sign_ins >= 2)
            assert not client.ready
            assert device.came == 0


@pytest.mark.parametrize("manner", ["mute", "rude"])
async def test_a_hub_that_does_not_answer_is_asked_again(manner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "SIGN_IN_S", 0.05)
    async with Door() as door:
        setattr(door, manner, True)
        async with Device(door).running() as client:
            await until(lambda: door.sign_ins >= 3)
            assert not client.ready


async def test_it_breaks_off_without_a_word_and_stays_away() -> None:
    async with Door() as door:
        device = Device(door)
        client = device.client
        client.break_off(1.0)  # nothing to break yet
        async with device.running():
            await until(lambda: client.ready)
            client.break_off(0.2)
            began = asyncio.get_running_loop().time()
            await until(lambda: device.came == 2)
            assert asyncio.get_running_loop().time() - began >= 0.19
        assert len(door.goodbyes) == 1


async def test_unacknowledged_reports_are_bounded() -> None:
    async with Door() as door:
        door.silent = True
        async with Device(door).running() as client:
            await until(lambda: client.ready)
            sent = [client.publish("things/me/state", b"{}") for _ in range(IN_FLIGHT + 5)]
            assert sent == [True] * IN_FLIGHT + [False] * 5


async def test_it_pings_and_gives_up_on_a_silent_hub() -> None:
    async with Door() as door:
        device = Device(door, keep_alive_s=1)
        async with device.running() as client:
            await until(lambda: door.pings >= 1)
            assert client.ready
            door.silent = True
            await until(lambda: device.came == 2)


@pytest.mark.parametrize("say", ["disconnect", "rubbish"])
async def test_a_hub_that_ends_it_is_asked_again(say: str) -> None:
    async with Door() as door:
        device = Device(door, version=Version.V5)
        async with device.running() as client:
            await until(lambda: client.ready)
            guest = door.guests["lamp"]
            guest.write(
                guest.connection.disconnect(ReasonCode.SERVER_SHUTTING_DOWN) if say == "disconnect" else b"\x00\x00"
            )
            await until(lambda: device.came == 2)


def test_pauses_grow_to_a_bound_and_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "FIRST_PAUSE_S", FIRST_PAUSE_S)
    monkeypatch.setattr(client_file, "LONGEST_PAUSE_S", LONGEST_PAUSE_S)
    backoff = Backoff(Random(1))
    pauses = [backoff.next_s() for _ in range(20)]
    assert pauses[0] <= FIRST_PAUSE_S
    assert max(pauses) <= LONGEST_PAUSE_S
    assert max(pauses[8:]) > 10
    backoff.reset()
    assert backoff.next_s() <= FIRST_PAUSE_S
