"""QoS 1 load on a hub that is being mistreated: every value is sent once, and it is known which were acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType

from tests.gateway.client import Client
from tests.hub.hub import Hub
from tests.parts import until

__all__ = ["KEY", "Load"]

KEY = "pressure"
WINDOW = 100
STATE = "things/me/state"


class Load:
    """One thing that counts up. After a broken connection it goes on with the next number: nothing is sent twice."""

    def __init__(self, hub: Hub, thing: str, secret: str) -> None:
        self.hub = hub
        self.thing = thing
        self.secret = secret
        self.sent = 0
        self.acknowledged: list[int] = []
        self.connections = 0
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def __aenter__(self) -> Load:
        self._task = asyncio.create_task(self._run())
        await until(lambda: len(self.acknowledged) > 100, "the load has begun")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        assert self._task is not None
        if kind is not None:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            client = self.hub.client(self.thing, self.secret)
            with contextlib.suppress(OSError, AssertionError, TimeoutError):
                async with asyncio.timeout(10):
                    await client.open()
                if client.wire.connected:
                    self.connections += 1
                    await self._count(client)
            if client.transport is not None:
                client.transport.abort()
                await client.closed.wait()
            self.hub.clients.remove(client)
            await asyncio.sleep(0.02)

    async def _count(self, client: Client) -> None:
        numbers: dict[int, int] = {}
        taken = 0
        while not client.closed.is_set() and not (self._stopping and taken == len(numbers)):
            while not self._stopping and len(numbers) - taken < WINDOW:
                self.sent += 1
                numbers[len(numbers)] = self.sent
                client.publish(STATE, b'{"%s": %d}' % (KEY.encode(), self.sent), 1)
            await asyncio.sleep(0.002)
            # PUBACKs come in the order of the messages
            for _ in client.acknowledged[taken:]:
                self.acknowledged.append(numbers[taken])
                taken += 1

    async def grow(self, count: int = 300) -> None:
        """Wait until so many more are acknowledged."""
        goal = len(self.acknowledged) + count
        await until(lambda: len(self.acknowledged) >= goal, f"{count} more are acknowledged", 40)

    async def check(self) -> None:
        """Everything acknowledged is in history, once and in order; the twin shows the last."""
        values = [int(value) for value in await self.hub.history(self.thing, KEY)]
        missing = set(self.acknowledged) - set(values)
        assert not missing, f"{len(missing)} acknowledged values are lost: {sorted(missing)[:10]}"
        assert values == sorted(set(values)), "in order, once"
        assert await self.hub.value(self.thing, KEY) == values[-1]
