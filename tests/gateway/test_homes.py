"""Connections are brought to the gateway of their session: handed over as they are, or carried."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from pathlib import Path

import pytest
import uvloop

from tests.parts import DEADLINE_S, until
from unisono.gateway.fleet import homes as homes_module
from unisono.gateway.fleet.homes import Arrival, Homes, home_of


def test_everybody_has_one_home_and_few_move_when_a_gateway_is_added() -> None:
    keys = [f"thing{n}" for n in range(3_000)]
    before = {key: home_of(key, ["g0", "g1"]) for key in keys}
    after = {key: home_of(key, ["g0", "g1", "g2"]) for key in keys}
    assert min(Counter(after.values()).values()) > 900
    assert {after[key] for key in keys if after[key] != before[key]} == {"g2"}


class Front(asyncio.Protocol):
    """A door that brings whoever has said something to ``b``."""

    def __init__(self, homes: Homes, log: list[str]) -> None:
        self.homes = homes
        self.log = log

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        transport = self.transport
        transport.pause_reading()
        self.log.append("asked")
        task = asyncio.ensure_future(self.homes.bring("b", transport, Arrival("there:1", b"who", data)))
        task.add_done_callback(self.brought)

    def brought(self, done: asyncio.Future[bool]) -> None:
        self.log.append(f"brought {done.result()}")
        if not done.result():
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.log.append("lost here")


class Echo(asyncio.Protocol):
    """The home: repeats what it hears, with what it was told of the connection first."""

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(self.arrival.address.encode() + b" " + self.arrival.identity + b" " + self.arrival.data)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def exchange(folder: Path, kind: type[Homes] = Homes, late: bool = False) -> None:
    loop = asyncio.get_running_loop()
    log: list[str] = []
    near, far = kind("a", ["a", "b"], folder), Homes("b", ["a", "b"], folder)

    taken: list[asyncio.Task[object]] = []

    def take(arrival: Arrival, made: socket.socket) -> None:
        taken.append(loop.create_task(loop.connect_accepted_socket(lambda: Echo(arrival), made)))

    if not late:
        far.open(take)
    server = await loop.create_server(lambda: Front(near, log), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"x" * 100_000)
    if late:
        await until(lambda: "asked" in log, "it waits")
        far.open(take)
    head = await asyncio.wait_for(reader.readexactly(len(b"there:1 who ") + 100_000), DEADLINE_S)
    assert head.startswith(b"there:1 who xxx") and head.endswith(b"x")
    for n in range(20):
        writer.write(b"%05d" % n * 10_000)
        assert await asyncio.wait_for(reader.readexactly(50_000), DEADLINE_S) == b"%05d" % n * 10_000
    await until(lambda: "brought True" in log, "it is there")
    writer.close()
    await writer.wait_closed()
    server.close()
    near.close()
    far.close()


async def test_a_plain_connection_is_handed_over(tmp_path: Path) -> None:
    await exchange(tmp_path)


class Carrying(Homes):
    """Takes every connection for one whose bytes only this process can read."""

    async def _hand_over(self, home: str, transport: asyncio.Transport, arrival: Arrival) -> None:
        await self._carry(home, transport, arrival)


async def test_one_that_is_decrypted_here_is_carried(tmp_path: Path) -> None:
    await exchange(tmp_path, Carrying)


@pytest.mark.parametrize("kind", [Homes, Carrying])
def test_and_with_uvloop(tmp_path: Path, kind: type[Homes]) -> None:
    uvloop.run(exchange(tmp_path, kind))


async def test_a_long_path_is_named_shortly(tmp_path: Path) -> None:
    await exchange(tmp_path / ("long" * 30))


async def test_it_waits_for_a_home_that_is_being_started(tmp_path: Path) -> None:
    await exchange(tmp_path, late=True)


async def test_nobody_comes_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes_module, "WAIT_S", 0.2)
    loop = asyncio.get_running_loop()
    log: list[str] = []
    homes = Homes("a", ["a", "b"], tmp_path)
    server = await loop.create_server(lambda: Front(homes, log), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello")
    await until(lambda: "brought False" in log, "it is told")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    server.close()
    homes.close()


async def test_half_an_arrival_is_none(tmp_path: Path) -> None:
    homes = Homes("b", ["a", "b"], tmp_path)
    came: list[Arrival] = []
    homes.open(lambda arrival, _made: came.append(arrival))
    for data in (b"", b"\0\0", b"\0\0\1\0only a part", b"\xff" * 3_000_000):
        with socket.socket(socket.AF_UNIX) as near:
            near.connect(str(tmp_path / "b.sock"))
            near.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                near.send(data)
        await until(lambda: not homes._readers, "it is let go")
    assert not came
    homes.close()
