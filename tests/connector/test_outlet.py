"""Outlets over a real log, registry and stream of results: positions, gaps, back-off, and what is said of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.parts import DEADLINE_S, until
from unisono.connector.outlet import worker as worker_module
from unisono.connector.outlet.reading import LogWorker, ResultWorker
from unisono.connector.outlet.receiver import Secrets
from unisono.connector.outlet.worker import Worker
from unisono.errors import HostError
from unisono.scene.onward import Result, Results
from unisono.store.log import Log
from unisono.store.registry import (
    OutletRow,
    OutletState,
    PlaceRow,
    Registry,
    ThingRow,
    default_url,
)
from unisono.thing import builtin_model
from unisono.twin.outlet import RESULTS_BYTES, RESULTS_STREAM, Item, Outlet, load_outlet
from unisono.twin.record import Batch, Reports, encode_batch

TO = {"kind": "webhook", "url": "https://example.org/in"}
AT = 1_795_690_800_000_000


class Receiver:
    """Takes all, or refuses as often as it is told to."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.failures = 0
        self.calls = 0
        self.away = False

    async def send(self, items: Sequence[Item]) -> None:
        self.calls += 1
        if self.away or self.failures:
            self.failures = max(0, self.failures - 1)
            raise HostError("it is closed on Sundays", code="receiver_unreachable")
        self.items += items

    async def close(self) -> None: ...

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(item.body) for item in self.items]

    @property
    def values(self) -> list[Any]:
        return [body["changed"]["temperature"]["value"] for body in self.bodies if "changed" in body]

    @property
    def gaps(self) -> list[dict[str, Any]]:
        return [body["gap"] for body in self.bodies if "gap" in body]


class Bench:
    """An outlet over real parts; `start` may follow `stop`."""

    def __init__(self, log: Log, registry: Registry) -> None:
        self.log = log
        self.registry = registry
        self.receiver = Receiver()
        self._task: asyncio.Task[None] | None = None

    async def furnish(self, **more: Any) -> Outlet:
        outlet = load_outlet({"id": "out", "place": "home", "to": TO, **more})
        await self.registry.put_place(PlaceRow("home", "Home", kind="home"))
        model = builtin_model("sensor.temperature")
        thing = ThingRow("probe", "Probe", model=model.id, model_version=model.version, place="home", root="home")
        await self.registry.put_things([thing], new=True)
        row = OutletRow("out", "home", msgspec.json.encode(outlet).decode(), None, 1)
        await self.registry.put_outlet(row, new=True)
        self.outlet = outlet
        return outlet

    def start(self, made: Worker) -> None:
        self._task = asyncio.create_task(made.run())

    def start_log(self) -> None:
        self.start(LogWorker(self.outlet, self.receiver, self.log, self.registry, "0"))

    def start_results(self) -> None:
        self.start(ResultWorker(self.outlet, self.receiver, self.log, self.registry, "0", 1))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def say(self, *values: float, dup: bool = False) -> int:
        payloads = [msgspec.json.encode({"temperature": value}) for value in values]
        ids = b"".join((n + 1).to_bytes(2) for n in range(len(values)))
        dups = list(range(len(values))) if dup else []
        run = Reports("probe", "probe", "state", AT, payloads, ids, dups)
        return await self.log.append(encode_batch(Batch("g0", AT, [run])))

    async def state(self) -> OutletState:
        [state] = await self.registry.outlet_states("out")
        return state


@pytest.fixture
async def bench(log: Log, tmp_path: Path) -> AsyncIterator[Bench]:
    registry = await Registry.open(default_url(tmp_path))
    made = Bench(log, registry)
    yield made
    await made.stop()
    await registry.close()


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as they are, but a hundredth."""
    monkeypatch.setattr(worker_module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(worker_module, "IDLE_SAVE_S", 0.05)


async def begun(bench: Bench) -> None:
    await stands(bench, bool, "it has begun")


async def reached(bench: Bench, seq: int) -> None:
    await stands(bench, lambda states: bool(states) and states[0].seq >= seq, f"it has come to {seq}")


async def stands(bench: Bench, condition: Callable[[list[OutletState]], bool], what: str) -> None:
    """Wait until what is kept of the outlet is so."""
    end = asyncio.get_running_loop().time() + DEADLINE_S
    while not condition(await bench.registry.outlet_states("out")):
        assert asyncio.get_running_loop().time() < end, what
        await asyncio.sleep(0.01)


async def test_what_comes_after_it_began_goes_out_in_order_over_restarts(bench: Bench) -> None:
    await bench.furnish(batch=2)
    await bench.say(0)
    bench.start_log()
    await begun(bench)
    for life in range(3):
        await bench.say(*(life * 10 + n for n in range(1, 6)))
        await bench.stop()
        bench.start_log()
    await until(lambda: len(set(bench.receiver.values)) == 15, "all has arrived")
    once = {item.id: body for item, body in zip(bench.receiver.items, bench.receiver.bodies, strict=True)}
    values = [body["changed"]["temperature"]["value"] for body in once.values()]
    assert values == [life * 10 + n for life in range(3) for n in range(1, 6)]
    assert bench.log.log_id[:8] in bench.receiver.items[0].id


async def test_a_receiver_that_fails_is_asked_again_and_it_is_said(bench: Bench) -> None:
    await bench.furnish()
    bench.start_log()
    await begun(bench)
    bench.receiver.away = True
    seq = await bench.say(1, 2)
    await until(lambda: bench.receiver.calls > 2, "it tries again")
    state = await bench.state()
    assert (state.error, state.sent) == ("it is closed on Sundays", 0)
    bench.receiver.away = False
    await reached(bench, seq)
    state = await bench.state()
    assert (state.error, state.sent, bench.receiver.values) == (None, 2, [1, 2])


async def test_what_a_device_says_again_goes_out_once_over_a_restart(bench: Bench) -> None:
    await bench.furnish()
    bench.start_log()
    await begun(bench)
    seq = await bench.say(1, 2, 3)
    await reached(bench, seq)
    await bench.stop()
    bench.start_log()
    await bench.say(1, 2, 3, dup=True)
    await bench.say(4)
    await until(lambda: 4 in bench.receiver.values, "all is there")
    assert bench.receiver.values == [1, 2, 3, 4]


async def test_away_longer_than_the_log_keeps_is_counted_and_told(bench: Bench) -> None:
    await bench.furnish()
    bench.start_log()
    await begun(bench)
    await reached(bench, await bench.say(1))
    await bench.stop()
    for value in (2, 3, 4):
        await bench.say(value)
    last = await bench.say(5)
    await bench.log.purge(last)
    bench.start_log()
    await reached(bench, last)
    state = await bench.state()
    assert (state.skipped, state.error) == (3, None)
    assert bench.receiver.values == [1, 5]
    assert bench.receiver.gaps == [{"missed": 3, "unit": "messages of the log"}]
    # it comes where the lost ones would have been, once
    assert [item.what for item in bench.receiver.items] == ["change", "gap", "change"]


async def test_the_gap_is_seen_while_the_receiver_is_away(bench: Bench) -> None:
    await bench.furnish()
    bench.start_log()
    await begun(bench)
    await reached(bench, await bench.say(1))
    await bench.stop()
    last = await bench.say(2)
    await bench.say(3)
    await bench.log.purge(last + 1)
    bench.receiver.away = True
    bench.start_log()
    await until(lambda: bench.receiver.calls, "it tries")
    await stands(bench, lambda states: bool(states) and states[0].skipped == 1, "the gap is seen")


async def test_another_log_is_begun_from_its_beginning_and_said(bench: Bench) -> None:
    await bench.furnish()
    await bench.registry.put_outlet_state(OutletState("out", "0", "log", log="another", seq=10_000, sent=7))
    await bench.say(1)
    bench.start_log()
    await until(lambda: bench.receiver.values == [1], "what the new log holds")
    state = await bench.state()
    assert (state.log, state.skipped) == (bench.log.log_id, 0)


async def test_a_log_whose_end_is_lost_is_gone_on_from_there(bench: Bench) -> None:
    await bench.furnish()
    seq = await bench.say(1)
    await bench.registry.put_outlet_state(OutletState("out", "0", "log", log=bench.log.log_id, seq=seq + 5))
    bench.start_log()
    await stands(
        bench, lambda states: bool(states) and "end of the log is lost" in (states[0].error or ""), "it says so"
    )
    await bench.say(2)
    await until(lambda: bench.receiver.values == [2], "what comes now")


# results


def results(log: Log, *counts: int, outlet: str = "out", created: int = 1) -> bytes:
    """A message of the stream with these numbers."""
    found = [Result(n, outlet, created, n, "lamp", "command", b'{"outlet":"out","number":%d}' % n) for n in counts]
    return msgspec.msgpack.encode(Results(log.log_id, found))


@pytest.fixture
async def stream(log: Log) -> AsyncIterator[Log]:
    made = await log.beside(RESULTS_STREAM, max_bytes=RESULTS_BYTES)
    yield made
    await made.close()


def numbers(bench: Bench) -> list[int]:
    return [body["number"] for body in bench.receiver.bodies if "number" in body]


async def test_results_for_it_and_for_no_other_go_out_over_restarts(bench: Bench, stream: Log) -> None:
    await bench.furnish(what=["commands"], batch=2)
    await stream.append(results(bench.log, 1, 2, 3))
    await stream.append(results(bench.log, 1, 2, outlet="other"))
    await stream.append(results(bench.log, 1, 2, created=0))
    bench.start_results()
    await until(lambda: numbers(bench) == [1, 2, 3], "all that is there for it")
    await bench.stop()
    last = await stream.append(results(bench.log, 4, 5))
    bench.start_results()
    await reached(bench, last)
    once = {item.id for item in bench.receiver.items}
    assert len(once) == 5
    assert sorted(set(numbers(bench))) == [1, 2, 3, 4, 5]
    assert bench.receiver.gaps == []
    assert (await bench.state()).count == 5
    assert bench.receiver.bodies[0]["id"] == f"0-{bench.log.log_id[:8]}-r1"


async def test_results_that_were_purged_are_counted_to_the_item(bench: Bench, stream: Log) -> None:
    await bench.furnish(what=["commands"])
    first = await stream.append(results(bench.log, 1, 2))
    bench.start_results()
    await reached(bench, first)
    await bench.stop()
    await stream.append(results(bench.log, *range(3, 10)))
    await stream.append(results(bench.log, *range(10, 15)))
    last = await stream.append(results(bench.log, 15, 16))
    await stream.purge(last)
    bench.start_results()
    await reached(bench, last)
    assert bench.receiver.gaps == [{"missed": 12, "unit": "items"}]
    assert numbers(bench) == [1, 2, 15, 16]
    state = await bench.state()
    assert (state.skipped, state.count, state.sent) == (12, 16, 5)


async def test_it_goes_on_after_what_nobody_foresaw(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.furnish()
    bench.start_log()
    await begun(bench)
    send = bench.receiver.send

    async def stumbling(items: Sequence[Item]) -> None:
        monkeypatch.setattr(bench.receiver, "send", send)
        raise RuntimeError("odd")

    monkeypatch.setattr(bench.receiver, "send", stumbling)
    await bench.say(1)
    await until(lambda: bench.receiver.values == [1], "it goes on")


def test_secrets_have_defaults() -> None:
    assert Secrets() == Secrets("", {})
