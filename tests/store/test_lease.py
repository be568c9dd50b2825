"""One owner at a time, with growing epochs, through deaths, cuts and stolen leases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.parts import DEADLINE_S, kill, until
from unisono.errors import HostError
from unisono.store.bus import connect
from unisono.store.connection import Connection
from unisono.store.lease import RENEWALS, Lease
from unisono.store.nats_server import NatsServer

TTL_S = 2.0
#: Nobody waits for its end in these tests.
LONG_S = 600.0


@pytest.fixture
async def other(server: NatsServer) -> AsyncIterator[Connection]:
    made = await connect(server.url, server.token, "other")
    yield made
    await made.close()


async def test_the_second_waits_for_the_release(connection: Connection, other: Connection) -> None:
    first = await Lease.acquire(connection, "0", "a", ttl_s=LONG_S)
    assert (first.held, first.epoch) == (True, 1)
    with pytest.raises(HostError, match="held by a") as caught:
        await Lease.acquire(other, "0", "b", ttl_s=TTL_S, wait_s=0.3)
    assert caught.value.code == "owner_unavailable"
    waiting = asyncio.ensure_future(Lease.acquire(other, "0", "b", ttl_s=TTL_S))
    elsewhere = await Lease.acquire(other, "1", "b", ttl_s=TTL_S)
    assert elsewhere.epoch == 1
    await first.release()
    await first.release()
    second = await asyncio.wait_for(waiting, DEADLINE_S)  # given back: it had long to go
    assert (first.held, second.held, second.epoch) == (False, True, 2)
    await second.release()
    await elsewhere.release()


async def test_it_is_kept_while_the_holder_lives(connection: Connection, other: Connection) -> None:
    first = await Lease.acquire(connection, "0", "a", ttl_s=TTL_S)
    waiting = asyncio.ensure_future(Lease.acquire(other, "0", "b", ttl_s=TTL_S))
    revision = first._revision
    await until(lambda: first._revision > revision + RENEWALS, "it is renewed for longer than its ttl")
    assert first.held and not waiting.done()
    await first.release()
    await (await waiting).release()


async def test_a_dead_holder_is_replaced_after_its_ttl(connection: Connection, other: Connection) -> None:
    first = await Lease.acquire(connection, "0", "a", ttl_s=TTL_S)
    assert first._task is not None
    first._task.cancel()  # as if the process had died: no more renewals, no release
    began = time.monotonic()
    second = await Lease.acquire(other, "0", "b", ttl_s=TTL_S)
    assert time.monotonic() - began >= TTL_S
    assert not first.held, "by its own clock it had given up before"
    assert second.epoch == 2
    await second.release()


async def test_only_one_of_many_contenders_wins(connection: Connection, other: Connection) -> None:
    leases = await asyncio.gather(
        *(Lease.acquire(one, "0", f"h{i}", ttl_s=LONG_S, wait_s=0.5) for i, one in enumerate([connection, other] * 5)),
        return_exceptions=True,
    )
    winners = [lease for lease in leases if isinstance(lease, Lease)]
    assert len(winners) == 1
    assert winners[0].held
    await winners[0].release()


async def test_a_stolen_lease_is_noticed(connection: Connection, other: Connection) -> None:
    lost: list[float] = []
    first = await Lease.acquire(connection, "0", "a", ttl_s=TTL_S, on_lost=lambda: lost.append(first._valid_until))
    second = await Lease.acquire(other, "0", "b", ttl_s=LONG_S, steal=True)
    stolen = time.monotonic()
    await until(lambda: bool(lost), "notice")
    assert lost[0] <= stolen + TTL_S, "nothing was renewed after it"
    assert (first.held, second.held, second.epoch) == (False, True, 2)
    await first.release()
    with pytest.raises(HostError):
        await Lease.acquire(connection, "0", "c", ttl_s=TTL_S, wait_s=0.2)
    await second.release()


async def test_a_holder_cut_off_gives_up_within_its_ttl(server: NatsServer, connection: Connection) -> None:
    lost: list[bool] = []
    lease = await Lease.acquire(connection, "0", "a", ttl_s=TTL_S, on_lost=lambda: lost.append(lease.held))
    await server.stop()
    assert lease._valid_until <= time.monotonic() + TTL_S, "what it has is over within its ttl, whoever notices"
    await until(lambda: bool(lost), "notice")
    assert lost == [False]
    await server.start()
    await until(lambda: bool(connection.is_connected), "reconnect")
    again = await Lease.acquire(connection, "0", "a", ttl_s=TTL_S)
    assert again.epoch == 2
    await again.release()


async def test_a_restart_of_the_server_does_not_cost_the_lease(server: NatsServer, connection: Connection) -> None:
    lost: list[int] = []
    lease = await Lease.acquire(connection, "0", "a", ttl_s=3.0, on_lost=lambda: lost.append(1))
    revision = lease._revision
    kill(server)
    await until(lambda: lease._revision > revision + 1, "renewals after the restart")
    assert lease.held
    assert not lost
    await lease.release()


async def test_a_server_that_is_away_is_waited_for(
    server: NatsServer, connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("unisono.store.lease.ANSWER_S", 0.3)
    first = await Lease.acquire(connection, "0", "a", ttl_s=TTL_S)
    await first.release()
    await server.stop()
    with pytest.raises(HostError) as caught:
        await Lease.acquire(connection, "0", "b", ttl_s=TTL_S, wait_s=0.1)
    assert caught.value.code == "log_unavailable"
    caplog.clear()
    waiting = asyncio.ensure_future(Lease.acquire(connection, "0", "b", ttl_s=TTL_S))
    await until(lambda: "waiting for a lease" in caplog.text, "it asked while nobody was there")
    await server.start()
    second = await asyncio.wait_for(waiting, DEADLINE_S)
    assert second.epoch == 2
    await second.release()


async def test_a_server_that_will_have_no_leases_is_not_asked_for_ever(connection: Connection) -> None:
    with pytest.raises(HostError, match="cannot be reached"):  # three copies, on one server
        await asyncio.wait_for(Lease.acquire(connection, "0", "a", replicas=3), DEADLINE_S)


async def test_a_release_is_not_lost_while_a_renewal_is_answered(
    connection: Connection, other: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A renewal that swallows its cancellation, as asyncio.wait_for may, ends all the same."""
    lease = await Lease.acquire(connection, "0", "a", ttl_s=TTL_S)
    renew = lease._renew
    renewing = asyncio.Event()

    async def stubborn() -> None:
        renewing.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await renew()

    monkeypatch.setattr(lease, "_renew", stubborn)
    await renewing.wait()
    await asyncio.wait_for(lease.release(), DEADLINE_S)
    record, _revision = await lease._look()
    assert record is not None and record.holder == "", "given back, not left to run out"
    second = await asyncio.wait_for(Lease.acquire(other, "0", "b", ttl_s=TTL_S), DEADLINE_S)
    assert second.epoch == 2
    await second.release()


async def test_a_renewal_whose_answer_was_lost_is_recognised(connection: Connection) -> None:
    lost: list[int] = []
    lease = await Lease.acquire(connection, "0", "a", ttl_s=TTL_S, on_lost=lambda: lost.append(1))
    # Our own record was written again, but the revision of that write never reached us.
    real = lease._revision
    await lease._renew()
    lease._revision = real
    before = lease._valid_until
    await until(lambda: lease._valid_until > before, "next renewal")
    assert not lost
    assert lease.held
    await lease.release()
