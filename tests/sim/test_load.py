"""Load: frames are what MQTT says, the rate is kept, windows bound what is in flight, lost clients come back."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sim.hub import Door, until
from unisono.errors import CallerError
from unisono.sim import client, load
from unisono.sim.kept import Keyring
from unisono.sim.load import MODEL, WINDOW, Progress, allow_files, encode_frame, run_things
from unisono.sim.options import SimOptions
from unisono.thing import builtin_model
from unisono.wire.mqtt import Connect, Limits, PublishRun, ServerConnection
from unisono.wire.mqtt.codec import encode

TOPIC = "things/me/state"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(client, "LONGEST_PAUSE_S", 0.02)
    monkeypatch.setattr(load, "PROGRESS_S", 0.05)


@given(st.integers(0, 20_000).map(bytes), st.integers(1, 65_535))
@example(bytes(106), 1)
@example(bytes(107), 1)
@example(bytes(16_362), 1)
@example(bytes(16_363), 1)
def test_a_frame_is_a_publish(payload: bytes, packet_id: int) -> None:
    frame, offset = encode_frame(TOPIC, payload)
    frame[offset : offset + 2] = packet_id.to_bytes(2, "big")
    server = ServerConnection(Limits())
    server.receive(encode(Connect(client_id="c"), server.version))
    server.accept()
    (event,) = server.receive(bytes(frame))
    assert isinstance(event, PublishRun)
    assert (event.topic, event.qos, event.payloads) == (TOPIC, 1, [payload])
    assert event.packet_ids == [packet_id.to_bytes(2, "big")]


@asynccontextmanager
async def loaded(door: Door, data: Path, count: int, rate: float) -> AsyncIterator[list[Progress]]:
    Keyring(data).put({f"sim-{number:05d}": "s" for number in range(count)})
    seen: list[Progress] = []
    options = SimOptions(url=door.url, data=data, count=count, rate=rate, seed=1)
    task = asyncio.create_task(run_things(options, seen.append))
    try:
        yield seen
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_all_publish_in_turn_at_the_rate_and_leave_politely(tmp_path: Path) -> None:
    async with Door() as door:
        async with loaded(door, tmp_path, 20, 400.0) as seen:
            await until(lambda: seen and seen[-1].connected == 20)
            await until(lambda: len({name for name, _, _ in door.heard}) == 20)
            await until(lambda: seen[-1].acknowledged > 200)
        await until(lambda: len(door.goodbyes) == 20)
        assert {topic for _, topic, _ in door.heard} == {TOPIC}
        assert len({str(payload) for _, _, payload in door.heard}) > 50
        assert door.faults == []
        known = builtin_model(MODEL).properties
        assert all(payload.keys() <= known.keys() for _, _, payload in door.heard)


async def test_the_rate_is_kept_whatever_the_machine_does_meanwhile() -> None:
    """Over any stretch; of a stall at most one second is made up for."""
    turns: list[tuple[int, float]] = []
    fleet: Any = SimpleNamespace(send=lambda count, now_s: turns.append((count, now_s)), progress=Progress())
    task = asyncio.create_task(load._pace(fleet, 400.0, lambda _progress: None))
    await until(lambda: sum(count for count, _now in turns) >= 200)
    task.cancel()
    due = sum(min(later - now, 1.0) * 400.0 for (_, now), (_, later) in pairwise(turns))
    assert abs(sum(count for count, _now in turns[1:]) - due) <= 2, "one is on its way at each end"


async def test_unacknowledged_messages_are_bounded_and_counted(tmp_path: Path) -> None:
    async with Door() as door:
        door.silent = True
        async with loaded(door, tmp_path, 1, 5_000.0) as seen:
            await until(lambda: seen and seen[-1].held > 100)
            assert (seen[-1].sent, seen[-1].acknowledged) == (WINDOW, 0)


async def test_lost_clients_come_back(tmp_path: Path) -> None:
    async with Door() as door, loaded(door, tmp_path, 3, 50.0) as seen:
        await until(lambda: seen and seen[-1].connected == 3)
        for guest in list(door.guests.values()):
            guest.cut()
        await until(lambda: seen[-1].lost == 3 and seen[-1].connected == 3)
        assert door.sign_ins == 6


async def test_quiet_clients_ping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "PING_EVERY_S", 0.05)
    async with Door() as door, loaded(door, tmp_path, 2, 0.0) as seen:
        await until(lambda: door.pings >= 4)
        assert seen[-1].sent == 0
        assert seen[-1].connected == 2


async def test_refused_clients_keep_trying(tmp_path: Path) -> None:
    async with Door({"sim-00000": "other"}) as door, loaded(door, tmp_path, 1, 10.0) as seen:
        await until(lambda: door.refused >= 3 and seen)
        assert (seen[-1].connected, seen[-1].sent) == (0, 0)


async def test_a_hub_that_never_answers_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "SIGN_IN_S", 0.05)
    async with Door() as door:
        door.mute = True
        async with loaded(door, tmp_path, 1, 0.0) as seen:
            await until(lambda: door.sign_ins >= 3 and seen)
            assert seen[-1].connected == 0


async def test_a_hub_that_cuts_while_signing_in_is_asked_again(tmp_path: Path) -> None:
    async with Door() as door:
        door.rude = True
        async with loaded(door, tmp_path, 1, 0.0):
            await until(lambda: door.sign_ins >= 3)


async def test_a_hub_that_talks_rubbish_is_left(tmp_path: Path) -> None:
    async with Door() as door, loaded(door, tmp_path, 1, 0.0) as seen:
        await until(lambda: seen and seen[-1].connected == 1)
        door.guests["sim-00000"].write(b"\xff\xff")
        await until(lambda: seen[-1].lost == 1)


async def test_acknowledgements_may_come_in_pieces(tmp_path: Path) -> None:
    async with Door() as door, loaded(door, tmp_path, 1, 0.0) as seen:
        await until(lambda: seen and seen[-1].connected == 1)
        guest = door.guests["sim-00000"]
        guest.write(b"\x40\x02\x00")
        before = len(seen)
        await until(lambda: len(seen) > before + 1)
        guest.write(b"\x01\x40\x02\x00\x02\xd0\x00")
        await until(lambda: seen[-1].acknowledged == 2)
        assert seen[-1].lost == 0


async def test_progress_is_logged_when_nobody_asks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with Door() as door:
        Keyring(tmp_path).put({"sim-00000": "s"})
        task = asyncio.create_task(run_things(SimOptions(url=door.url, data=tmp_path, count=1, rate=10.0)))
        await until(lambda: "1 connected" in caplog.text)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_more_files_than_the_system_allows_are_refused_with_the_mending_command() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allow_files(soft)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this system allows any number of files")
    with pytest.raises(CallerError, match="ulimit"):
        allow_files(hard + 1)
    allow_files(min(hard, soft + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
