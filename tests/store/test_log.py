"""The log over a real server, through kills, full disks and changes behind its back: once, in order, or refused."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.parts import DEADLINE_S, MAX_BYTES, kill, until
from unisono.errors import CallerError, HostError
from unisono.store import append as append_module
from unisono.store.append import QUEUE_BYTES
from unisono.store.bus import connect
from unisono.store.connection import Connection
from unisono.store.disk import DiskGuard
from unisono.store.jetstream import parse_delivery
from unisono.store.log import Log
from unisono.store.nats_server import NatsServer
from unisono.store.reader import Reader

KILLS = 20


class Collector:
    """A reader's handler that remembers."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.payloads: list[bytes] = []

    def __call__(self, seq: int, payload: bytes) -> None:
        self.seqs.append(seq)
        self.payloads.append(payload)


async def read_all(log: Log) -> Collector:
    got = Collector()
    _, last, _ = await log.bounds()
    reader = await log.read(1, got)
    await reader.wait_until(last)
    await reader.stop()
    return got


async def api(connection: Connection, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    _, answer = await connection.ask(f"$JS.API.{verb}", json.dumps(body).encode() if body else b"", 5)
    found: dict[str, Any] = json.loads(answer)
    assert "error" not in found
    return found


async def test_appended_is_stored_in_order_and_read_back(log: Log) -> None:
    assert await log.bounds() == (1, 0, 0)
    payloads = [b"%d:" % i + bytes(i * 37 % 5000) for i in range(500)]
    seqs = await asyncio.gather(*(log.append(payload) for payload in payloads))
    assert seqs == list(range(1, 501))
    got = await read_all(log)
    assert got.payloads == payloads
    assert got.seqs == seqs
    first, last, size = await log.bounds()
    assert (first, last) == (1, 500)
    assert size > sum(map(len, payloads))


async def test_a_message_id_counts_once(log: Log) -> None:
    assert await log.append(b"a", "w:1") == 1
    assert await log.append(b"b", "w:2") == 2
    assert await log.append(b"a", "w:1") == 1
    assert await log.bounds() == (1, 2, (await log.bounds())[2])
    assert len({log.next_message_id() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("message_id", ["", "a\r\nNats-Expected-Stream: X"])
async def test_message_ids_cannot_smuggle_headers(log: Log, message_id: str) -> None:
    with pytest.raises(CallerError):
        await log.append(b"a", message_id)


async def test_too_large_is_refused_before_it_is_sent(log: Log, connection: Connection) -> None:
    with pytest.raises(CallerError) as caught:
        await log.append(bytes(connection.max_payload))
    assert caught.value.code == "too_large"
    assert await log.append(bytes(connection.max_payload - 1024)) == 1


async def test_the_queue_is_bounded(log: Log) -> None:
    size = 1_000_000
    tasks = [asyncio.ensure_future(log.append(bytes(size))) for _ in range(QUEUE_BYTES // size + 3)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    refused = [r for r in results if isinstance(r, HostError)]
    assert {error.code for error in refused} == {"log_unavailable"}
    assert [r for r in results if isinstance(r, int)] == list(range(1, len(results) - len(refused) + 1))
    assert refused
    assert log.waiting == 0


async def test_the_same_log_is_found_again(log: Log, connection: Connection) -> None:
    await log.append(b"a")
    again = await Log.open(connection, "0", max_bytes=MAX_BYTES)
    other = await Log.open(connection, "1", max_bytes=MAX_BYTES)
    assert again.log_id == log.log_id != other.log_id
    assert await again.append(b"b") == 2
    assert await other.append(b"c") == 1
    await again.close()
    await other.close()


async def test_a_full_log_refuses_at_once_and_takes_again_after_a_purge(connection: Connection) -> None:
    log = await Log.open(connection, "0", max_bytes=3_000_000)
    results = await asyncio.gather(*(log.append(bytes(200_000)) for _ in range(20)), return_exceptions=True)
    stored = [r for r in results if isinstance(r, int)]
    with pytest.raises(HostError) as caught:  # long before its time is over
        await asyncio.wait_for(log.append(bytes(200_000), timeout_s=600), DEADLINE_S)
    assert caught.value.code == "log_full"
    assert {r.code for r in results if isinstance(r, HostError)} == {"log_full"}
    assert stored == list(range(1, 15))
    await log.purge(stored[10])
    assert (await log.bounds())[:2] == (11, 14)
    assert await log.append(bytes(200_000)) == 15
    # Opening with a wider bound widens it.
    wide = await Log.open(connection, "0", max_bytes=30_000_000)
    await asyncio.gather(*(wide.append(bytes(200_000)) for _ in range(30)))
    assert wide.log_id == log.log_id
    await log.close()
    await wide.close()


async def test_a_bound_beyond_the_server_is_refused_at_once(connection: Connection) -> None:
    with pytest.raises(HostError, match="insufficient storage"):
        await asyncio.wait_for(Log.open(connection, "9", max_bytes=1 << 50), DEADLINE_S)


async def test_a_stream_that_is_not_ours_is_left_alone(connection: Connection) -> None:
    await api(connection, "STREAM.CREATE.LOG_8", {"name": "LOG_8", "subjects": ["log.8"], "storage": "memory"})
    with pytest.raises(HostError, match="not made by"):
        await asyncio.wait_for(Log.open(connection, "8", max_bytes=1 << 20), DEADLINE_S)


async def test_purged_to_the_end_keeps_counting(log: Log) -> None:
    for _ in range(3):
        await log.append(b"a")
    await log.purge(4)
    assert (await log.bounds())[:2] == (4, 3)
    got = Collector()
    reader = await log.read(4, got)
    assert await log.append(b"b") == 4
    await reader.wait_until(4)
    assert got.payloads == [b"b"]
    await reader.stop()


async def test_a_reader_goes_on_with_what_comes(log: Log) -> None:
    got = Collector()
    for i in range(2):
        await log.append(b"%d" % i)
    reader = await log.read(3, got)
    for i in range(2, 10):
        await log.append(b"%d" % i)
    await asyncio.wait_for(reader.wait_until(10), DEADLINE_S)
    assert got.seqs == list(range(3, 11))
    assert (reader.last_seq, reader.next_seq, reader.pending) == (10, 11, 0)
    await reader.wait_until(10)
    waiting = asyncio.ensure_future(reader.wait_until(11))
    ended = asyncio.ensure_future(reader.wait_ended())
    await asyncio.sleep(0)
    await reader.stop()
    await reader.stop()
    await ended
    for late in (waiting, reader.wait_until(11)):
        with pytest.raises(HostError, match="stopped"):
            await late
    await log.append(b"after")
    assert got.seqs[-1] == 10


async def test_a_failing_handler_ends_its_reader_loudly(log: Log) -> None:
    def handler(seq: int, _payload: bytes) -> None:
        if seq == 2:
            raise ZeroDivisionError

    for _ in range(3):
        await log.append(b"a")
    reader = await log.read(1, handler)
    with pytest.raises(ZeroDivisionError):
        await reader.wait_ended()
    with pytest.raises(ZeroDivisionError):
        await reader.wait_until(3)
    assert reader.last_seq == 1
    await reader.stop()


async def test_a_slow_reader_holds_the_server_back(log: Log) -> None:
    """While `ready` does not return, only what the server sends ahead of flow control arrives: memory stays flat."""
    await asyncio.gather(*(log.append(bytes(100_000)) for _ in range(600)))
    got = Collector()
    gate = asyncio.Event()
    asked = asyncio.Event()

    async def ready() -> None:
        asked.set()
        await gate.wait()

    reader = await log.read(1, got, ready=ready)
    await asyncio.wait_for(asked.wait(), DEADLINE_S)
    # Quiet: until the server has nothing more that it may send.
    count = -1
    while count != len(got.seqs):
        count = len(got.seqs)
        await asyncio.sleep(0.1)
    held = count
    assert 0 < held < 400
    gate.set()
    await asyncio.wait_for(reader.wait_until(600), DEADLINE_S)
    assert got.seqs == list(range(1, 601))
    await reader.stop()


async def test_every_acknowledged_message_survives_kills_under_load(
    server: NatsServer, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill -9 the server 20 times while 50 messages are on their way all the time: once, in the order of the calls."""
    monkeypatch.setattr("unisono.store.nats_server.BACKOFF_S", (0.0,))
    stop = asyncio.Event()
    acknowledged: dict[int, int] = {}
    number = 0
    got = Collector()
    reader = await log.read(1, got)

    async def writer() -> None:
        nonlocal number
        while not stop.is_set():
            number += 1
            mine = number
            acknowledged[mine] = await log.append(b"%d" % mine + bytes(mine * 977 % 20_000))

    tasks = [asyncio.ensure_future(writer()) for _ in range(50)]
    for times in range(1, KILLS + 1):
        target = len(acknowledged) + 60
        await until(lambda target=target: len(acknowledged) >= target, "progress")  # type: ignore[misc]
        kill(server)
        await until(lambda times=times: server.restarts == times, "restart")  # type: ignore[misc]
    stop.set()
    await asyncio.wait_for(asyncio.gather(*tasks), DEADLINE_S)
    assert sorted(acknowledged) == list(range(1, number + 1))
    stored = await read_all(log)
    numbers = [int(payload.split(b"\0")[0]) for payload in stored.payloads]
    assert numbers == list(range(1, number + 1)), "each once, in the order of the calls"
    assert {n: seq for seq, n in zip(stored.seqs, numbers, strict=True)} == acknowledged
    await asyncio.wait_for(reader.wait_until(max(acknowledged.values())), DEADLINE_S)
    assert got.seqs == stored.seqs, "the reader that lived through it saw the same, without gap or repetition"
    assert got.payloads == stored.payloads
    await reader.stop()


async def test_reading_goes_on_where_the_kill_cut_it(server: NatsServer, log: Log) -> None:
    await asyncio.gather(*(log.append(b"%d" % i + bytes(50_000)) for i in range(600)))
    got = Collector()
    halfway = asyncio.Event()

    def handler(seq: int, payload: bytes) -> None:
        got(seq, payload)
        if seq == 100:
            kill(server)
            halfway.set()

    reader = await log.read(1, handler)
    await asyncio.wait_for(reader.wait_until(600), DEADLINE_S)
    assert halfway.is_set()
    assert reader.recreated >= 1
    assert got.seqs == list(range(1, 601))
    await reader.stop()


async def test_a_gap_and_a_lost_consumer_are_mended(
    log: Log, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unisono.store.reader.HEARTBEAT_S", 0.2)
    got = Collector()
    reader = await log.read(1, got)
    for i in range(5):
        await log.append(b"%d" % i)
    await reader.wait_until(5)
    # What a lost message looks like from here: the consumer's numbers jump.
    reader._consumer_seq -= 1
    await log.append(b"5")
    await asyncio.wait_for(reader.wait_until(6), DEADLINE_S)
    assert reader.recreated == 1
    # A message lost at the end shows in the heartbeat.
    reader._consumer_seq -= 1
    reader.next_seq -= 1
    await asyncio.wait_for(reader.wait_until(6), DEADLINE_S)
    assert reader.recreated == 2
    assert got.seqs == [1, 2, 3, 4, 5, 6, 6]
    # The server forgot the consumer: no heartbeats.
    monkeypatch.setattr("unisono.store.reader.SILENCE_S", 0.6)
    await until(lambda: bool(reader._consumer) and reader._making is not None and reader._making.done(), "consumer")
    await api(connection, f"CONSUMER.DELETE.{log.stream}.{reader._consumer}")
    await log.append(b"6")
    await asyncio.wait_for(reader.wait_until(7), DEADLINE_S)
    assert reader.recreated == 3
    await reader.stop()


async def test_a_log_made_anew_is_noticed(log: Log, connection: Connection) -> None:
    got = Collector()
    for _ in range(5):
        await log.append(b"a")
    reader = await log.read(1, got)
    await reader.wait_until(5)
    await api(connection, f"STREAM.DELETE.{log.stream}")
    anew = await Log.open(connection, "0", max_bytes=MAX_BYTES)
    assert anew.log_id != log.log_id
    for _ in range(2):
        with pytest.raises(HostError) as caught:
            await log.append(b"b")
        assert caught.value.code == "log_changed"
    with pytest.raises(HostError) as gone:
        await log.bounds()
    assert gone.value.code == "log_changed"
    reader._renew()
    with pytest.raises(HostError) as lost:
        await asyncio.wait_for(reader.wait_ended(), DEADLINE_S)
    assert lost.value.code == "log_changed"
    await reader.stop()
    with pytest.raises(HostError) as ahead:
        await anew.read(7, got)
    assert ahead.value.code == "log_changed"
    await anew.close()


async def test_a_log_replaced_while_the_server_was_down_is_noticed(
    server: NatsServer, log: Log, tmp_path: Path
) -> None:
    got = Collector()
    await log.append(b"kept")
    kept = tmp_path / "kept"
    await server.stop()
    shutil.copytree(server.folder / "jetstream", kept)
    await server.start()
    reader = await log.read(1, got)
    assert await log.append(b"later") == 2
    await reader.wait_until(2)
    await server.stop()
    waiting = asyncio.ensure_future(log.append(b"while it is down"))
    shutil.rmtree(server.folder / "jetstream")
    shutil.copytree(kept, server.folder / "jetstream")
    await server.start()
    with pytest.raises(HostError, match="ends at 1") as caught:
        await asyncio.wait_for(waiting, DEADLINE_S)
    assert caught.value.code == "log_changed"
    with pytest.raises(HostError) as lost:
        await asyncio.wait_for(reader.wait_ended(), DEADLINE_S)
    assert lost.value.code == "log_changed"
    await reader.stop()


async def test_an_outage_longer_than_the_server_remembers(
    server: NatsServer, log: Log, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are looked up in the log then: what was stored is not stored again, what was not is."""
    monkeypatch.setattr(append_module, "TRUST_WINDOW_S", -1.0)
    assert await log.append(b"before") == 1
    # Stored, but the acknowledgement never reaches the appender; the id is forgotten as after two minutes.
    appender = log._appender
    handler = connection.handlers[str(appender._sid).encode()]
    connection.handlers[str(appender._sid).encode()] = lambda *_: None
    first = asyncio.ensure_future(log.append(b"stored", "long:1"))
    await asyncio.sleep(0)
    for _ in range(1000):
        if (await log.bounds())[1] == 2:
            break
    connection.handlers[str(appender._sid).encode()] = handler
    second_server_memory = {"name": log.stream, "duplicate_window": 100_000_000}
    info = await api(connection, f"STREAM.INFO.{log.stream}")
    await api(connection, f"STREAM.UPDATE.{log.stream}", {**info["config"], **second_server_memory})
    await asyncio.sleep(0.3)
    await server.stop()
    second = asyncio.ensure_future(log.append(b"not stored", "long:2"))
    await server.start()
    assert await asyncio.wait_for(first, DEADLINE_S) == 2
    assert await asyncio.wait_for(second, DEADLINE_S) == 3
    assert (await read_all(log)).payloads == [b"before", b"stored", b"not stored"]


async def test_no_server_is_an_error_in_time_and_a_close_is_too(server: NatsServer, log: Log) -> None:
    await server.stop()
    with pytest.raises(HostError, match="not sent") as caught:
        await log.append(b"a", timeout_s=0.3)
    assert caught.value.code == "log_unavailable"
    waiting = asyncio.ensure_future(log.append(b"b"))
    await asyncio.sleep(0)
    await log.close()
    with pytest.raises(HostError, match="closed"):
        await waiting
    with pytest.raises(HostError, match="closed"):
        await log.append(b"c")
    await server.start()


async def test_a_cancelled_append_is_not_sent_again(server: NatsServer, log: Log) -> None:
    await server.stop()
    task = asyncio.ensure_future(log.append(b"cancelled"))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert log.waiting == 0
    await server.start()
    assert await asyncio.wait_for(log.append(b"next"), DEADLINE_S) == 1


async def test_refused_for_the_moment_keeps_the_order(log: Log, connection: Connection) -> None:
    """Without the stream nobody takes what is appended; back again, the same log takes it in order."""
    config = (await api(connection, f"STREAM.INFO.{log.stream}"))["config"]
    await api(connection, f"STREAM.DELETE.{log.stream}")
    tasks = [asyncio.ensure_future(log.append(b"%d" % i)) for i in range(20)]
    await until(lambda: log._appender._paused, "refusal")
    await api(connection, f"STREAM.CREATE.{log.stream}", config)
    assert await asyncio.wait_for(asyncio.gather(*tasks), DEADLINE_S) == list(range(1, 21))
    assert (await read_all(log)).payloads == [b"%d" % i for i in range(20)]


async def test_a_window_of_one_keeps_one_on_its_way(connection: Connection, log: Log) -> None:
    log._appender._window = 1
    most = 0
    send = connection.send

    def watched(*args: Any, **kwargs: Any) -> None:
        nonlocal most
        send(*args, **kwargs)
        most = max(most, log._appender._out + 1)

    connection.send = watched  # type: ignore[method-assign]
    seqs = await asyncio.gather(*(log.append(b"%d" % i) for i in range(50)))
    assert seqs == list(range(1, 51))
    assert most == 1


async def fill_disk(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return ballast
    raise AssertionError


async def test_a_full_disk_refuses_keeps_and_recovers(small_disk: Path) -> None:
    server = NatsServer(small_disk / "data")
    await server.start()
    connection = await connect(server.url, server.token, "test")
    log = await Log.open(connection, "0", max_bytes=MAX_BYTES)
    results = await asyncio.gather(
        *(log.append(b"%d" % i + bytes(100_000)) for i in range(220)), return_exceptions=True
    )
    stored = [r for r in results if isinstance(r, int)]
    assert {r.code for r in results if isinstance(r, HostError)} == {"disk_full"}
    assert server.restarts == 0, "the guard refused before the server hit the end"
    # Others fill the rest: the server's own write fails, without an answer.
    ballast = await fill_disk(small_disk)
    log._appender._guard = None
    unanswered = asyncio.ensure_future(log.append(bytes(100_000), timeout_s=600))
    await until(lambda: log._appender._out > 0, "sending")
    log._appender._guard = DiskGuard(small_disk)
    with pytest.raises(HostError) as caught:  # long before its time is over
        await asyncio.wait_for(unanswered, DEADLINE_S)
    assert caught.value.code == "disk_full"
    # Room again: the server is started anew without help, and everything accepted is there.
    assert server.restarts == 0, "without room it is not started anew again and again"
    ballast.unlink()
    await until(lambda: server.restarts >= 1 and bool(connection.is_connected), "healing")
    await log.purge(stored[40])
    last = await asyncio.wait_for(log.append(b"after"), DEADLINE_S)
    got = await read_all(log)
    assert got.seqs[: len(stored) - 40] == stored[40:]
    assert got.seqs[-1] == last
    assert got.payloads[0].split(b"\0")[0] == b"40"
    await log.close()
    await connection.close()
    await server.stop()


def test_the_guard_does_not_judge_a_disk_that_is_gone(tmp_path: Path) -> None:
    assert DiskGuard(tmp_path / "no such folder").has_room(1 << 40)
    assert not DiskGuard(tmp_path).has_room(1 << 60)


@pytest.mark.parametrize(
    "reply",
    [
        b"$JS.ACK.LOG_0.r-1.1.7.5.1795320076287407085.4",
        b"$JS.ACK.hub.ACCHASH.LOG_0.r-1.1.7.5.1795320076287407085.4.random",
        b"$JS.ACK._.ACCHASH.LOG_0.r-1.1.7.5.1795320076287407085.4",
    ],
)
def test_delivery_subjects_of_both_kinds(reply: bytes) -> None:
    assert parse_delivery(reply) == (7, 5, 4)


async def test_reading_is_fast(log: Log) -> None:
    """A floor well below the 900 MB/s measured: a slow path shows, a busy machine passes."""
    await asyncio.gather(*(log.append(bytes(200_000)) for _ in range(250)))
    count = 0

    def handler(_seq: int, _payload: bytes) -> None:
        nonlocal count
        count += 1

    began = time.process_time()
    reader: Reader = await log.read(1, handler)
    await reader.wait_until(250)
    assert 250 * 200_000 / (time.process_time() - began) > 150e6
    await reader.stop()


async def test_who_opens_a_new_stream_at_the_same_moment_finds_the_same(connection: Connection) -> None:
    opened = await asyncio.gather(*(Log.open(connection, "7", max_bytes=1 << 20, kind="other") for _ in range(5)))
    assert len({each.log_id for each in opened}) == 1
    for each in opened:
        await each.close()
