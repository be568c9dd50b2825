"""The machine's clock is set back an hour: nothing is lost, nothing waits an hour, timers go by elapsed time."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.hub.hub import Hub
from tests.parts import until
from unisono.owner import clock as clock_module
from unisono.owner.actor import Actor
from unisono.owner.checkpoint import Checkpointer
from unisono.owner.clock import MAX_OFF_US, Clock
from unisono.owner.owner import Owner
from unisono.owner.ticker import Ticker
from unisono.store.bus import Bus, connect
from unisono.store.connection import Connection
from unisono.store.history import History
from unisono.store.log import Log
from unisono.store.registry import Registry, default_url
from unisono.store.registry.checkpoints import Checkpoints
from unisono.thing import builtin_model, dump_model
from unisono.twin.command import State
from unisono.twin.record import Asked, Batch, Entry, Listening, ModelPut, Presence, Reports, ThingPut, encode_batch

HOUR_US = 3600 * 1_000_000


class Times:
    """A machine's two clocks; the wall clock can be set."""

    def __init__(self) -> None:
        self.off_us = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.off_us * 1000

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    @property
    def wall(self) -> int:
        return self.time_ns() // 1000


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    made = Times()
    monkeypatch.setattr(clock_module, "time", SimpleNamespace(time_ns=made.time_ns, monotonic_ns=made.monotonic_ns))
    return made


# --- the clock


def test_elapsed_time_does_not_follow_the_wall_clock(times: Times) -> None:
    clock = Clock(0, 0)
    first = clock.tick()
    times.off_us = -HOUR_US
    second = clock.tick()
    times.off_us = HOUR_US
    third = clock.tick()
    assert second.at < first.at < third.at
    assert first.elapsed <= second.elapsed <= third.elapsed < first.elapsed + 1_000_000


@pytest.mark.parametrize(
    ("off_us", "passed_us"),
    [(0, 0), (5_000_000, 5_000_000), (-HOUR_US, 0), (365 * 24 * HOUR_US, MAX_OFF_US)],
    ids=["at once", "after five seconds", "set back while off", "a year later"],
)
def test_time_goes_on_while_the_hub_is_off_but_never_back(times: Times, off_us: int, passed_us: int) -> None:
    before = Clock(0, 1_000_000).tick()
    times.off_us = off_us
    after = Clock(before.at, before.elapsed).tick()
    assert 0 <= after.elapsed - before.elapsed - passed_us < 1_000_000


# --- an owner


class OneOwner:
    """An owner over real parts, in this process."""

    def __init__(self, log: Log, connection: Connection, folder: Path) -> None:
        self.log = log
        self._connection = connection
        self._folder = folder

    async def start(self) -> None:
        url = default_url(self._folder)
        await (await Registry.open(url)).close()
        history = History(self._folder / "history")
        checkpointer = Checkpointer(await Checkpoints.open(url), url, "0", 1, log_bytes=256 << 20)
        self.owner = Owner(self.log, self.log, history, checkpointer)
        self.bus = Bus(self._connection)
        self.actor = Actor(self.owner, self.bus)
        self.ticker = Ticker(self.owner, self.actor.append)
        await self.owner.start()

    async def stop(self) -> None:
        await self.ticker.stop()
        await self.actor.stop()
        await self.owner.stop()
        await self.bus.close()

    async def say(self, *entries: Entry) -> None:
        await self.owner.reached(await self.log.append(encode_batch(Batch("test", 0, list(entries)))))


@pytest.fixture
async def one(log: Log, connection: Connection, tmp_path: Path, times: Times) -> AsyncIterator[OneOwner]:
    made = OneOwner(log, connection, tmp_path)
    await made.start()
    model = builtin_model("light")
    at = times.wall
    await made.say(
        ModelPut("light", model.version, dump_model(model)),
        ThingPut("lamp", "Lamp", "light", model.version, "home", "home", at=at),
        ThingPut("leaf", "Leaf", "light", model.version, "home", "home", sleep_s=0.5, at=at),
    )
    yield made
    await made.stop()


def report(thing: str, value: int, at: int) -> Reports:
    return Reports(thing, thing, "state", at, [b'{"brightness": %d}' % value])


async def test_what_is_said_after_the_clock_was_set_back_is_the_newest(one: OneOwner, times: Times) -> None:
    twin = one.owner.partition.things["lamp"]
    before = times.wall
    await one.say(Presence("lamp", "g0", 1, True, "connected", before), report("lamp", 10, before))
    times.off_us = -HOUR_US
    await one.say(report("lamp", 20, times.wall))
    assert twin.state()["brightness"][0] == 20
    await one.owner.sink.flush(one.owner.position)
    points = one.owner.history.points("lamp", "brightness", 0, before + 1, limit=10)
    assert [point.value for point in points] == [20, 10], "history has both, each with the time of its day"
    assert twin.online


async def test_timers_run_on_when_the_clock_is_set_back(one: OneOwner, times: Times) -> None:
    """A command's time to live and a sleeping thing's silence are not an hour longer."""
    await one.say(report("leaf", 1, times.wall))
    assert one.owner.partition.things["leaf"].sleeping
    asked = Asked("c1", "lamp", 0, {"kind": "test"}, set={"brightness": 40}, ttl_s=0.5)
    await one.actor.ask(asked)
    times.off_us = -HOUR_US
    command = one.owner.partition.commands["c1"]
    await until(lambda: command.state is State.EXPIRED, "the command expires")
    await until(lambda: not one.owner.partition.things["leaf"].sleeping, "the sleeper is missed")


async def test_timers_do_not_run_out_when_the_clock_jumps_ahead(one: OneOwner, times: Times) -> None:
    asked = Asked("c1", "lamp", 0, {"kind": "test"}, set={"brightness": 40}, ttl_s=60)
    await one.actor.ask(asked)
    times.off_us = HOUR_US
    await one.say(report("lamp", 1, times.wall))
    await one.actor.append()
    assert one.owner.partition.commands["c1"].state is State.QUEUED


async def test_an_owner_that_starts_with_its_clock_set_back_goes_on(one: OneOwner, times: Times) -> None:
    await one.say(report("lamp", 10, times.wall))
    await one.actor.ask(Asked("c1", "lamp", 0, {"kind": "test"}, set={"brightness": 40}, ttl_s=0.3))
    elapsed = one.owner.partition.elapsed
    await one.stop()
    times.off_us = -HOUR_US
    await one.start()
    twin = one.owner.partition.things["lamp"]
    assert twin.state()["brightness"][0] == 10
    assert one.owner.clock.elapsed >= elapsed
    await until(lambda: one.owner.partition.commands["c1"].state is State.EXPIRED, "the command expires")
    await one.say(report("lamp", 20, times.wall))
    assert twin.state()["brightness"][0] == 20


# --- a whole hub, whose log was written by a clock that was an hour ahead


async def test_a_hub_goes_on_behind_a_log_from_the_future(hub: Hub) -> None:
    await hub.start()
    secrets = await hub.furnish("lamp", model="light")
    ahead = time.time_ns() // 1000 + HOUR_US
    port = (hub.data / "nats" / "port").read_text().strip()
    connection = await connect(f"nats://127.0.0.1:{port}", (hub.data / "nats" / "token").read_text().strip())
    try:
        log = await Log.open(connection, "0", max_bytes=1 << 30)
        await log.append(
            encode_batch(
                Batch(
                    "g9",
                    ahead,
                    [
                        Presence("lamp", "g9", ahead, True, "connected", ahead),
                        Listening("lamp", "g9", ahead, ["set", "call", "desired"], ahead),
                        report("lamp", 10, ahead),
                        Presence("lamp", "g9", ahead, False, "lost", ahead + 1),
                    ],
                )
            )
        )
        await log.close()
    finally:
        await connection.close()

    async def ten() -> bool:
        return bool(await hub.value("lamp", "brightness") == 10)

    await hub.eventually(ten, "what the future said")
    for value in (20, 30):  # in this life and, after a kill, in the next
        client = await hub.device("lamp", secrets["lamp"])
        await client.subscribe("things/me/set")
        await client.say("things/me/state", b'{"brightness": %d}' % value)
        assert await hub.value("lamp", "brightness") == value
        wanted = {"set": {"brightness": value + 1}}
        asking = asyncio.create_task(hub.ask("POST", "/api/v1/things/lamp/commands?wait=8", wanted))
        await until(lambda: client.messages, "the command")  # noqa: B023
        await client.say("things/me/state", b'{"brightness": %d}' % (value + 1))
        assert (await asking)["state"] == "confirmed"
        assert await hub.value("lamp", "brightness") == value + 1
        await client.leave()

        async def offline() -> bool:
            return not (await hub.thing("lamp"))["online"]

        await hub.eventually(offline, "it is seen to be gone")
        await hub.kill_all()
        await hub.start()
    assert sorted(await hub.history("lamp", "brightness")) == [10, 20, 21, 30, 31]


async def test_that_the_log_is_another_one_is_said_until_it_is_over(
    one: OneOwner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after restoring a backup, which leaves the log out: nothing is lost, and nobody has to restart anything."""
    await one.stop()
    with closing(sqlite3.connect(tmp_path / "registry.db")) as registry, registry:
        registry.execute("UPDATE checkpoint SET log_id = 'of the machine before'")
    await one.start()
    (said,) = one.owner.told()
    assert "the log is another one" in said
    await one.owner.checkpointer.save(one.owner)
    assert one.owner.told() == [said], "whoever started the hub may still be on the way"
    monkeypatch.setattr("unisono.owner.owner.PASSING_S", -1.0)
    assert one.owner.told() == []
