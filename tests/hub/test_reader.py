"""The log's reader and silence: a machine that slept is no lost consumer, a lost consumer is found."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.parts import until
from unisono.store import reader as reader_module
from unisono.store.connection import Connection
from unisono.store.jetstream import call
from unisono.store.log import Log


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "HEARTBEAT_S", 0.2)
    monkeypatch.setattr(reader_module, "SILENCE_S", 0.6)


async def test_a_process_that_was_suspended_goes_on_with_its_consumer(log: Log) -> None:
    """Its timers run before what came meanwhile is read."""
    seen: list[bytes] = []
    reader = await log.read(1, lambda _seq, payload: seen.append(payload))
    await log.append(b"before")
    for _ in range(3):
        time.sleep(1.0)  # noqa: ASYNC251  that is the point: nothing runs meanwhile
        await asyncio.sleep(0.5)
    await log.append(b"after")
    await until(lambda: seen == [b"before", b"after"], "both")
    assert reader.recreated == 0
    await reader.stop()


async def test_a_consumer_that_is_gone_is_made_anew(log: Log, connection: Connection) -> None:
    seen: list[bytes] = []
    reader = await log.read(1, lambda _seq, payload: seen.append(payload))
    await log.append(b"before")
    await until(lambda: seen, "the first")
    await call(connection, f"CONSUMER.DELETE.{log.stream}.{reader._consumer}")
    await log.append(b"after")
    await until(lambda: seen == [b"before", b"after"], "both")
    assert reader.recreated == 1
    await reader.stop()
