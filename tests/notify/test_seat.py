"""Several hubs on one registry: one of them tells people, and when it goes the next does; nobody is told twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.notify.conftest import PEPPER, SECOND, House
from tests.parts import until
from unisono.notify import built_in_services
from unisono.notify.notifier import Notifier
from unisono.notify.seat import Seat
from unisono.store.bus import Bus
from unisono.store.connection import Connection

TTL_S = 2.0


class Hub:
    """A hub's part in it."""

    def __init__(self, house: House, connection: Connection, name: str, *, alone: bool = False) -> None:
        self.bus = Bus(connection)

        def make(may: Callable[[], bool]) -> Notifier:
            services = built_in_services()
            return Notifier(house.registry, self.bus, ["0"], PEPPER, services, now=lambda: house.now, may=may)

        self.seat = Seat(connection, make, name, alone=alone, ttl_s=TTL_S)

    async def stop(self) -> None:
        await self.seat.stop()
        await self.bus.close()


@pytest.fixture
async def hubs(house: House, connection: Connection) -> AsyncIterator[tuple[Hub, Hub]]:
    await house.notifier.stop()
    made = Hub(house, connection, "one"), Hub(house, connection, "two")
    yield made
    for hub in made:
        await hub.stop()


async def test_one_sits_and_the_other_follows_when_it_stops(house: House, hubs: tuple[Hub, Hub]) -> None:
    one, two = hubs
    await one.seat.start()
    await until(lambda: one.seat.notifier, "one sits")
    await two.seat.start()
    await house.channel("wei", f"json://127.0.0.1:{house.receiver.port}/")
    await house.until(await house.tell("first"), "sent")
    assert two.seat.notifier is None
    await one.seat.stop()
    await until(lambda: two.seat.notifier, "two sits")
    house.now += 60 * SECOND
    await house.until(await house.tell("second"), "sent")
    assert len(house.receiver.came) == 2


async def test_whoever_lost_the_seat_sends_nothing(house: House, hubs: tuple[Hub, Hub]) -> None:
    one, two = hubs
    await one.seat.start()
    await until(lambda: one.seat.notifier, "one sits")
    notifier = one.seat.notifier
    assert notifier is not None
    lease = one.seat._lease
    assert lease is not None
    # as when it was cut off: it renews no more
    assert lease._task is not None
    lease._task.cancel()
    await asyncio.gather(lease._task, return_exceptions=True)
    await two.seat.start()
    await until(lambda: two.seat.notifier, "two sits when the lease is over")
    assert not lease.held
    assert not notifier._may()
    await one.seat.stop()


async def test_a_hub_of_its_own_sits_at_once_and_needs_no_lease(house: House, connection: Connection) -> None:
    await house.notifier.stop()
    hub = Hub(house, connection, "alone", alone=True)
    await hub.seat.start()
    assert hub.seat.notifier is not None
    assert hub.seat._lease is None
    await house.channel("wei", f"json://127.0.0.1:{house.receiver.port}/")
    await house.until(await house.tell("first"), "sent")
    await hub.stop()
    assert hub.seat.notifier is None
