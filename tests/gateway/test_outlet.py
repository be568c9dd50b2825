"""What goes out in one turn of the loop leaves together, behind all that happens in that turn."""

from __future__ import annotations

import asyncio

from unisono.gateway.outlet import Outlet


class Sender:
    """Flushes by noting how much had gathered."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self.gathered = 0
        self.flushed: list[int] = []

    def gather(self) -> None:
        self.gathered += 1
        if self.gathered == 1:
            self._outlet.soon(self)

    def flush(self) -> None:
        self.flushed.append(self.gathered)
        self.gathered = 0


async def test_one_flush_a_turn() -> None:
    outlet = Outlet(asyncio.get_running_loop())
    first, second = Sender(outlet), Sender(outlet)
    for _ in range(3):
        first.gather()
    second.gather()
    assert first.flushed == []
    await asyncio.sleep(0)
    assert (first.flushed, second.flushed) == ([3], [1])
    await asyncio.sleep(0)
    assert (first.flushed, second.flushed) == ([3], [1]), "nothing gathered, nothing flushed"
    second.gather()
    await asyncio.sleep(0)
    assert (first.flushed, second.flushed) == ([3], [1, 1])
