"""Results for outlets in their stream: each once and in order over crashes; when it is full the oldest go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.owner.one import OneOwner
from tests.parts import until
from unisono.errors import HostError
from unisono.owner import owner as owner_module
from unisono.owner.onward import last_number
from unisono.scene.onward import Result, Results
from unisono.store.connection import Connection
from unisono.store.log import Log
from unisono.twin.outlet import RESULTS_BYTES, RESULTS_STREAM
from unisono.twin.record import OutletPut, SceneRun

TO = {"kind": "webhook", "url": "https://example.org/in"}
WEI = {"kind": "person", "id": "wei"}


@pytest.fixture
async def one(log: Log, connection: Connection, tmp_path: Path) -> AsyncIterator[OneOwner]:
    made = OneOwner(log, connection, tmp_path)
    await made.start()
    await made.place("home")
    await made.scene("s", mode="parallel", max=20, then=[{"notify": {"text": "x"}}])
    yield made
    await made.stop()


async def outlet(one: OneOwner, *what: str) -> None:
    document = {"id": "out", "place": "home", "to": TO, "what": what}
    await one.say(OutletPut("out", 1, msgspec.json.encode(document)))


async def run(one: OneOwner, times: int = 1) -> None:
    """Each run of the scene is two results."""
    await one.say(*(SceneRun("s", one.owner.clock.wall, WEI) for _ in range(times)))
    one.owner.hand_on()


async def kept(log: Log, max_bytes: int = RESULTS_BYTES) -> list[Result]:
    """All results in the stream."""
    stream = await log.beside(RESULTS_STREAM, max_bytes=max_bytes)
    found: list[Result] = []

    def take(_seq: int, payload: bytes) -> None:
        found.extend(msgspec.msgpack.decode(payload, type=Results).results)

    first, last, _size = await stream.bounds()
    reader = await stream.read(first, take)
    await reader.wait_until(last)
    await reader.stop()
    await stream.close()
    return found


async def test_each_once_and_in_order_over_crashes(one: OneOwner, log: Log) -> None:
    await outlet(one, "scenes")
    for _life in range(3):
        await run(one, 3)
        await one.owner.results.flush()
        await run(one)
        await one.crash()
        await one.start()
    await run(one)
    await one.owner.results.flush()
    results = await kept(log)
    assert [each.number for each in results] == list(range(1, len(results) + 1))
    bodies = [msgspec.json.decode(each.body) for each in results]
    ended = [body["run"]["id"] for body in bodies if body["run"]["state"] == "done"]
    assert len(ended) == len(set(ended)) == 13


async def test_a_checkpoint_stands_for_what_is_in_the_stream(
    one: OneOwner, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    await outlet(one, "scenes")
    refuse = True
    append = Log.append

    async def broken(self: Log, payload: bytes, *rest: Any, **more: Any) -> int:
        if refuse and self.stream.startswith("ONWARD"):
            raise HostError("the disk is full", code="disk_full")
        return await append(self, payload, *rest, **more)

    monkeypatch.setattr(Log, "append", broken)
    await run(one)
    await until(lambda: one.owner.results.trouble, "it says that results wait")
    position = one.checkpointer.position
    refuse = False
    await one.save()
    assert one.checkpointer.position > position
    assert len(await kept(log)) == 2
    assert one.owner.results.trouble is None


async def test_when_the_stream_is_full_the_oldest_go(one: OneOwner, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    small = 16 * 1024
    monkeypatch.setattr(owner_module, "RESULTS_BYTES", small)
    await outlet(one, "scenes")
    for _ in range(60):
        await run(one)
        await one.owner.results.flush()
    results = await kept(log, small)
    assert results[-1].number == 120
    assert results[0].number > 1
    assert [each.number for each in results] == list(range(results[0].number, 121))


async def test_where_the_checkpoint_was_damaged_numbers_go_on_behind_those_that_are_there(
    one: OneOwner, log: Log
) -> None:
    await outlet(one, "scenes")
    await run(one, 2)
    await one.owner.results.flush()
    fresh = one.owner.onward
    fresh.number = 0
    await one.owner.results.go_on_behind(fresh)
    assert fresh.number == 4


async def test_an_empty_stream_and_one_of_another_log(one: OneOwner, log: Log) -> None:
    stream = await log.beside(RESULTS_STREAM, max_bytes=RESULTS_BYTES)
    assert await last_number(stream, log.log_id) == 0
    await outlet(one, "scenes")
    await run(one)
    await one.owner.results.flush()
    assert await last_number(stream, log.log_id) == 2
    assert await last_number(stream, "another") == 0
    assert await last_number(stream, None) == 2
    await stream.close()
