"""A notifier over real parts: nats-server, SQLite, the courier's process, and a server that messages arrive at."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.notify.receiver import Receiver
from unisono import access
from unisono.notify import built_in_services
from unisono.notify.notifier import Notifier
from unisono.store.bus import Bus
from unisono.store.connection import Connection
from unisono.store.registry import ChannelRow, DeliveryRow, PersonRow, Registry
from unisono.twin import notices
from unisono.twin.notices import notify

SECOND = 1_000_000
PEPPER = bytes(range(32))
PRIORITIES = ["low", "normal", "high", "critical"]
#: Services whose address is theirs: their messages arrive at the receiver.
THEIRS = (
    "oapi.dingtalk.com",
    "open.feishu.cn",
    "qyapi.weixin.qq.com",
    "api.telegram.org",
    "discord.com",
    "push.example",
)


@dataclass
class House:
    """A registry with people, a bus, and a notifier whose clock is ours."""

    registry: Registry
    bus: Bus
    receiver: Receiver
    now: int = 1_795_000_000 * SECOND
    notifier: Notifier = field(init=False)
    count: int = 0

    async def begin(self, **options: Any) -> None:
        """Start a notifier, as after a restart."""
        reroute = dict.fromkeys(THEIRS, self.receiver.url)
        services = built_in_services()
        self.notifier = Notifier(
            self.registry, self.bus, ["0"], PEPPER, services, now=lambda: self.now, reroute=reroute, **options
        )
        await self.notifier.start()

    async def ask(self, subject: str, question: Any) -> bytes:
        return await self.bus.request(subject, msgspec.msgpack.encode(question), 30.0)

    async def allow(self, *hosts: str) -> None:
        await self.ask(notices.ALLOW, notices.Allow(list(hosts)))

    async def channel(self, person: str, url: str, priorities: list[str] | None = None) -> str:
        """Add a channel as the API does."""
        facts = msgspec.msgpack.decode(await self.ask(notices.CHECK, notices.Check(url)), type=notices.ChannelFacts)
        return await self.keep(person, facts, url, priorities)

    async def keep(
        self, person: str, facts: notices.ChannelFacts, address: str, priorities: list[str] | None = None
    ) -> str:
        self.count += 1
        id = f"channel{self.count}"
        row = ChannelRow(
            id,
            person,
            facts.service,
            facts.name,
            access.hash_secret(facts.identity, PEPPER).hex(),
            access.seal(address, id, PEPPER),
            facts.shown,
            priorities or PRIORITIES,
            facts.requests,
            facts.title_max,
            facts.text_max,
            self.count,
        )
        await self.registry.put_channel(row)
        return id

    async def tell(self, text: str, *, id: str = "", **body: Any) -> str:
        """Send a notification as an owner does; its id."""
        self.count += 1
        id = id or f"n{self.count:03}"
        notice = {"id": id, "run": "r", "body": {"to": ["wei"], "text": text, **body}, "at": self.now}
        await self.ask(notify("0"), notice)
        return id

    async def pass_time(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)
        self.notifier.wake()

    async def deliveries(self, id: str) -> list[DeliveryRow]:
        return await self.registry.deliveries_of([id])

    async def state(self, id: str) -> str:
        """The state of its only delivery."""
        [found] = await self.deliveries(id)
        return found.state

    async def until(self, id: str, state: str, attempts: int = 0) -> DeliveryRow:
        """Wait until its only delivery is in that state, after at least so many attempts."""
        deadline = time.monotonic() + 25
        while True:
            [found] = await self.deliveries(id)
            if found.state == state and found.attempts >= attempts:
                return found
            assert time.monotonic() < deadline, f"{id} is {found.state} ({found.answer}), not {state}"
            await asyncio.sleep(0.02)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry to copy, which is quicker than to migrate."""
    path = tmp_path_factory.mktemp("empty") / "registry.db"

    async def make() -> None:
        registry = await Registry.open(f"sqlite:///{path}")
        for person in ("wei", "anna"):
            await registry.put_person(PersonRow(person, person.title(), role="member"))
        await registry.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, make()).result()
    return path


@pytest.fixture
async def house(
    connection: Connection, receiver: Receiver, empty_registry: Path, tmp_path: Path
) -> AsyncIterator[House]:
    shutil.copy(empty_registry, tmp_path / "registry.db")
    registry = await Registry.open(f"sqlite:///{tmp_path / 'registry.db'}")
    bus = Bus(connection)
    made = House(registry, bus, receiver)
    await made.begin()
    await made.allow("127.0.0.1")
    yield made
    await made.notifier.stop()
    await bus.close()
    await registry.close()


def alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
