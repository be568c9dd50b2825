"""kill -9 of the notifier, again and again, while notifications leave: each arrives, hardly one twice, and no flood."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import msgspec

from tests.notify.conftest import PEPPER, House
from tests.notify.receiver import say
from tests.notify.worker import WorkerSettings
from tests.parts import until
from unisono.errors import HostError
from unisono.store.child import Child
from unisono.store.nats_server import NatsServer
from unisono.twin.notices import notify

KILLS = 4
TOLD = 30


async def tell(house: House, number: int) -> None:
    """As an owner does: again and again under the same id, until it is taken."""
    body = {"to": ["wei"], "text": f"<{number}>", "priority": "high" if number % 3 else "normal"}
    notice = {"id": f"n{number}", "run": "r", "body": body, "at": 1}
    deadline = time.monotonic() + 60
    while True:
        try:
            await house.bus.request(notify("0"), msgspec.msgpack.encode(notice), 1.0)
        except HostError:  # nobody is there, or died before it answered
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        else:
            return


async def test_each_arrives_hardly_one_twice_and_there_is_no_flood(
    house: House, server: NatsServer, tmp_path: Path
) -> None:
    await house.channel("wei", f"json://127.0.0.1:{house.receiver.port}/hook")
    await house.notifier.stop()
    house.receiver.always = slow
    registry = f"sqlite:///{tmp_path / 'registry.db'}"
    settings = WorkerSettings(server.url, server.token, registry, PEPPER.hex())
    worker = Child("tests.notify.worker", settings, "notifier")
    await worker.start()
    telling = asyncio.create_task(_tell_all(house))
    dice = random.Random(7)
    try:
        for kill in range(KILLS):
            # in the middle: something is on its way
            seen = len(house.receiver.came)
            await until(lambda seen=seen: len(house.receiver.came) > seen, f"before kill {kill}")  # type: ignore[misc]
            await asyncio.sleep(dice.random() * 0.3)
            os.kill(worker.pid, signal.SIGKILL)
            await worker.wait()
            await worker.start()
        await telling
        await until(lambda: _all_arrived(house), "all arrived", 60)
        await _all_ended(house)
    finally:
        telling.cancel()
        await worker.stop()
    came = [each.json["message"] for each in house.receiver.came]
    times = Counter(number for number in range(TOLD) for text in came if f"<{number}>" in text)
    assert set(times) == set(range(TOLD))
    # to one address one message is on its way at a time: a kill repeats that one, though several may be joined in it
    assert len(came) <= TOLD + KILLS
    assert max(times.values()) <= 1 + KILLS
    at = [each.at for each in house.receiver.came]
    for first in at:  # the limit of a webhook, over all restarts
        assert sum(first <= each < first + 20 for each in at) <= 40


def slow(handler: object) -> None:
    """A service that takes a while, so that kills meet messages on their way."""
    time.sleep(0.15)
    say(200)(handler)  # type: ignore[arg-type]


async def _tell_all(house: House) -> None:
    for number in range(TOLD):
        await tell(house, number)
        await asyncio.sleep(0.1)


def _all_arrived(house: House) -> bool:
    text = " ".join(each.json["message"] for each in house.receiver.came)
    return all(f"<{number}>" in text for number in range(TOLD))


async def _all_ended(house: House) -> None:
    deadline = time.monotonic() + 60
    while {row.state for row in await house.registry.deliveries_of([f"n{n}" for n in range(TOLD)])} != {"sent"}:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
