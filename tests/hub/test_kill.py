"""kill -9 of each process of a hub, and of all of them, under QoS 1 load: what was acknowledged is there, once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator

import psutil
import pytest

from tests.hub.hub import Hub, alive
from tests.hub.load import Load
from tests.parts import until


@pytest.fixture
async def load(shared: Hub, request: pytest.FixtureRequest) -> AsyncIterator[Load]:
    """A loaded thing in a place of its own; at the end everything acknowledged must be there."""
    thing = f"t{abs(hash(request.node.name)) % 10**8}"
    secrets = await shared.furnish(thing, place=f"p-{thing}")
    made = Load(shared, thing, secrets[thing])
    async with made:
        yield made
    await made.check()


async def gone_and_back(hub: Hub, word: str, pid: int) -> None:
    await until(lambda: pid not in [p.pid for p in hub.children() if alive(p)], "it is dead")
    await until(lambda: any(word in " ".join(p.cmdline()) for p in hub.children() if alive(p)), f"{word} is back")


async def well(hub: Hub) -> bool:
    status = await hub.status()
    return bool(status["ready"]) and not status["trouble"] and not status["troubles"]


async def test_nats_server_is_killed_and_back(shared: Hub, load: Load) -> None:
    for _ in range(3):
        await load.grow()
        process = shared.child("nats.conf")
        process.kill()
        await gone_and_back(shared, "nats.conf", process.pid)
    await load.grow()
    assert load.connections == 1, "no device noticed"
    await shared.eventually(lambda: well(shared), "all is well again")


async def test_nats_server_hangs_for_a_while(shared: Hub, load: Load) -> None:
    process = shared.child("nats.conf")
    process.suspend()
    try:
        held = len(load.acknowledged)
        await until(lambda: load.sent - len(load.acknowledged) >= 100, "the window is full")
        assert len(load.acknowledged) - held < 300, "nothing more is acknowledged"
    finally:
        process.resume()
    await load.grow()
    assert load.connections == 1


async def test_the_owner_is_killed_and_back(shared: Hub, load: Load) -> None:
    for _ in range(2):
        await load.grow()
        process = shared.child("unisono.owner.process")
        process.kill()
        await gone_and_back(shared, "unisono.owner.process", process.pid)
        await load.grow()
    assert load.connections == 1, "devices go on meanwhile"
    assert "the owner 0 ended with code -9; starting it again" in shared.output
    await shared.eventually(lambda: well(shared), "all is well again")


async def test_a_gateway_is_killed_and_back(shared: Hub, load: Load) -> None:
    await load.grow()
    secrets = await shared.furnish("quiet", place="quiet-place")
    client = await shared.device("quiet", secrets["quiet"])

    async def online() -> bool:
        return bool((await shared.thing("quiet"))["online"])

    await shared.eventually(online, "online")
    process = shared.child("unisono.gateway.process")
    process.kill()
    await until(client.closed.is_set, "its devices lose their connection")
    await gone_and_back(shared, "unisono.gateway.process", process.pid)

    async def offline() -> bool:
        return not await online()

    await shared.eventually(offline, "the quiet one is offline")
    await load.grow()
    assert load.connections == 2
    assert (await shared.thing(load.thing))["online"] is True
    await shared.device("quiet", secrets["quiet"])
    await shared.eventually(online, "online again")
    await shared.eventually(lambda: well(shared), "all is well again")


async def test_the_main_process_alone_is_killed(shared: Hub, load: Load) -> None:
    await load.grow()
    orphans = await shared.kill_main()
    began = time.monotonic()
    await shared.start()  # at once
    assert time.monotonic() - began < 15
    assert not any(alive(each) for each in orphans), "nothing of the old hub is left"
    assert "already" not in shared.output
    await load.grow()
    await shared.eventually(lambda: well(shared), "all is well")


async def test_all_processes_are_killed_at_once(shared: Hub, load: Load) -> None:
    for _ in range(3):
        await load.grow(1_000)
        await shared.kill_all()
        await shared.start()
    await load.grow()
    await shared.eventually(lambda: well(shared), "all is well")


async def test_a_hub_that_is_told_to_stop_leaves_nothing_behind(shared: Hub, load: Load) -> None:
    await load.grow()
    children = shared.children()
    assert await shared.stop() == 0
    assert not any(alive(each) for each in children)
    assert "Traceback" not in shared.output
    await shared.start()
    await load.grow()


async def test_ctrl_c_stops_it_too(shared: Hub) -> None:
    assert shared.process is not None
    children = shared.children()
    for each in [psutil.Process(shared.process.pid), *children]:  # as a terminal does: to the whole group
        os.kill(each.pid, signal.SIGINT)
    assert await shared.ending() == 0
    assert "Traceback" not in shared.output
    await shared.start()
