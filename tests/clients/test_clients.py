"""Clients that nobody here wrote, against a running hub: every scene with every library, version and door."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import pytest

from tests.clients.peer import Door, Message, Peer
from tests.clients.scenes import SCENES, Cast, Scene, Stage, settled
from tests.clients.with_aiomqtt import Aiomqtt
from tests.clients.with_gmqtt import Gmqtt
from tests.clients.with_js import Js, Node, Page
from tests.clients.with_paho import Paho
from tests.hub.hub import Hub

DOORS = ("tcp", "tls", "ws", "wss")
PYTHON: dict[str, Callable[[Door, int], Peer]] = {"paho": Paho, "aiomqtt": Aiomqtt, "gmqtt": Gmqtt}
WEBLESS = ("gmqtt",)
"""Libraries that do not speak WebSocket."""
VERSIONS = (4, 5)
_numbers = itertools.count()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub with all its doors for the module; each test has a home of its own."""
    hub = Hub(tmp_path_factory.mktemp("clients") / "data")
    asyncio.run(hub.start())
    yield hub
    hub.clients.clear()  # what a failed test left belongs to that test's loop, which is gone
    asyncio.run(hub.close())


def door(hub: Hub, kind: str) -> Door:
    port = {"tcp": hub.mqtt_port, "tls": hub.mqtts_port, "ws": hub.http_port, "wss": hub.https_port}[kind]
    return Door(kind, port, hub.data / "tls" / "ca.pem" if kind in ("tls", "wss") else None)


@contextlib.asynccontextmanager
async def staged(hub: Hub, version: int, make: Callable[[], Peer]) -> AsyncIterator[Stage]:
    """A home with two things; every client that was made is ended afterwards."""
    number = next(_numbers)
    ids = (f"one{number}", f"other{number}")
    secrets = await hub.furnish(*ids, place=f"clients{number}")
    peers: list[Peer] = []

    def one_more() -> Peer:
        peers.append(make())
        return peers[-1]

    try:
        first, second = (Cast(id, secrets[id]) for id in ids)
        yield Stage(first, second, version, one_more)
    finally:
        for peer in peers:
            await peer.end()


def named(scene: Scene) -> str:
    return scene.__name__


@pytest.mark.parametrize("scene", SCENES, ids=named)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("library", "kind"),
    [(library, kind) for library in PYTHON for kind in DOORS if "w" not in kind or library not in WEBLESS],
)
async def test_python(running: Hub, library: str, kind: str, version: int, scene: Scene) -> None:
    async with staged(running, version, lambda: PYTHON[library](door(running, kind), version)) as stage:
        await scene(stage)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", DOORS)
async def test_node(running: Hub, kind: str, version: int) -> None:
    async with Node() as node:
        for scene in SCENES:
            async with staged(running, version, lambda: Js(door(running, kind), version, node)) as stage:
                await play(scene, stage)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_browser(running: Hub, version: int) -> None:
    async with Page() as page:
        for kind in ("ws", "wss"):
            for scene in SCENES:
                async with staged(running, version, lambda: Js(door(running, kind), version, page)) as stage:  # noqa: B023
                    await play(scene, stage)


async def play(scene: Scene, stage: Stage) -> None:
    try:
        await scene(stage)
    except (Exception, asyncio.CancelledError) as error:
        error.add_note(f"in the scene {named(scene)}")
        raise


async def test_sessions_and_what_waits_outlive_a_restart_of_the_hub(running: Hub) -> None:
    """All libraries at once: a restart takes seconds."""
    async with contextlib.AsyncExitStack() as stack:
        node = await stack.enter_async_context(Node())
        makers: list[tuple[int, Callable[[], Peer]]] = []
        for version in VERSIONS:
            for library in PYTHON.values():
                makers.append((version, partial(library, door(running, "tcp"), version)))
            makers.append((version, partial(Js, door(running, "tcp"), version, node)))
        stages = [await stack.enter_async_context(staged(running, version, make)) for version, make in makers]
        away = [await stage.client(stage.second, lasting=True) for stage in stages]
        missed = [Message("room/away", b"%d" % number, 1) for number in range(5)]
        kept = Message("room/kept", b"for long", 1, True)
        for stage, other in zip(stages, away, strict=True):
            assert await other.subscribe("room/away", 1) == 1
            await other.close()
            one = await stage.client(stage.first)
            for message in [*missed, kept]:
                await one.publish(message)
            await settled(one)
            await one.close()
        await running.stop()
        await running.start()
        for stage, other in zip(stages, away, strict=True):
            who = stage.second
            await other.open(who.id, who.secret, client_id=who.id, lasting=True)
            assert [await other.next() for _ in missed] == missed
            await other.subscribe("room/kept", 1)
            assert await other.next() == kept
            live = Message("room/away", b"live again", 1)
            await other.publish(live)
            assert await other.next() == live
            await other.close()
