"""The bus over a real server: order, answers, errors that cross it, and restarts."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.parts import DEADLINE_S, kill, until
from unisono.errors import CallerError, DeviceError, HostError, UnisonoError
from unisono.store.bus import MAX_SERVED, Bus, connect, decode_problem, encode_problem
from unisono.store.connection import PENDING_LIMIT, Connection
from unisono.store.nats_server import NatsServer


async def test_messages_arrive_whole_and_in_order(connection: Connection) -> None:
    bus = Bus(connection)
    got: list[bytes] = []
    end = await bus.subscribe("live.*", got.append)
    sizes = [0, 1, 60, 32_767, 32_768, 70_000, 1_000_000, 5] * 4
    sent = [i.to_bytes(2, "big") + bytes(size) for i, size in enumerate(sizes)]
    for payload in sent:
        bus.publish("live.0", payload)
    bus.publish("other.0", b"not for us")
    await until(lambda: len(got) >= len(sent), "arrival")
    assert got == sent
    end()
    end()
    bus.publish("live.0", b"nobody listens")
    await connection.flush()
    assert got == sent


async def test_a_queue_shares_and_a_failing_handler_harms_nobody(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    bus = Bus(connection)
    counts = [0, 0]

    def one(_payload: bytes) -> None:
        counts[0] += 1

    def other(_payload: bytes) -> None:
        counts[1] += 1
        raise ZeroDivisionError

    await bus.subscribe("work", one, "q")
    await bus.subscribe("work", other, "q")
    for _ in range(200):
        bus.publish("work", b"")
    await until(lambda: sum(counts) == 200, "all work")
    assert min(counts) > 0
    assert "ZeroDivisionError" in caplog.text
    await bus.close()


async def test_requests_are_answered_and_errors_come_back_as_they_were(connection: Connection) -> None:
    bus = Bus(connection)

    async def handler(payload: bytes) -> bytes:
        if payload == b"caller":
            raise CallerError("too hot", code="bad_value", field="state.t", expected="at most 30", mend="Send less")
        if payload == b"device":
            raise DeviceError("no", code="rejected")
        if payload == b"bug":
            raise ZeroDivisionError
        if payload == b"slow":
            await asyncio.sleep(60)
        if payload == b"huge":
            return bytes(connection.max_payload)
        return payload * 2

    await bus.serve("ask.owner.0.twins", handler)
    assert await bus.request("ask.owner.0.twins", b"ab") == b"abab"
    with pytest.raises(CallerError) as caught:
        await bus.request("ask.owner.0.twins", b"caller")
    wrong = caught.value
    assert (wrong.code, wrong.field, wrong.expected, wrong.mend) == ("bad_value", "state.t", "at most 30", "Send less")
    for word, kind, code in (
        ("device", DeviceError, "rejected"),
        ("bug", HostError, "internal"),
        ("huge", CallerError, "too_large"),
    ):
        with pytest.raises(kind) as again:
            await bus.request("ask.owner.0.twins", word.encode())
        assert again.value.code == code
    with pytest.raises(HostError, match=r"within 0\.2 s") as late:
        await bus.request("ask.owner.0.twins", b"slow", 0.2)
    assert late.value.code == "owner_unavailable"
    await bus.close()


async def test_nobody_there_is_said_at_once(connection: Connection) -> None:
    with pytest.raises(HostError, match="nobody") as caught:
        await asyncio.wait_for(Bus(connection).request("ask.owner.7.twins", b"", 30), DEADLINE_S)
    assert caught.value.code == "owner_unavailable"


async def test_too_many_questions_are_refused_not_queued(connection: Connection) -> None:
    bus = Bus(connection)
    release = asyncio.Event()

    async def wait(_payload: bytes) -> bytes:
        await release.wait()
        return b""

    await bus.serve("slow", wait)
    asked = [asyncio.ensure_future(bus.request("slow", b"", 20)) for _ in range(MAX_SERVED + 1)]
    done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    (refused,) = done
    assert isinstance(refused.exception(), CallerError)
    release.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert answers.count(b"") == MAX_SERVED
    await bus.close()


async def test_it_goes_on_after_the_server_was_killed(server: NatsServer, connection: Connection) -> None:
    bus = Bus(connection)
    got: list[bytes] = []
    stuck = asyncio.Event()

    async def handler(payload: bytes) -> bytes:
        if payload == b"stuck":
            stuck.set()
            await asyncio.sleep(60)
        return payload

    await bus.subscribe("live.0", got.append)
    await bus.serve("echo", handler)
    pending = asyncio.ensure_future(bus.request("echo", b"stuck", 60))
    await stuck.wait()
    for times in (1, 2):
        kill(server)
        await until(lambda times=times: server.restarts == times and bus.connected, "reconnect")  # type: ignore[misc]
        answer = b""
        while answer != b"hi":
            with contextlib.suppress(HostError):
                answer = await bus.request("echo", b"hi", 1)
    with pytest.raises(HostError) as caught:
        await pending
    assert caught.value.code == "owner_unavailable"
    bus.publish("live.0", b"x")
    await until(lambda: got[-1:] == [b"x"], "delivery")
    await bus.close()


async def test_a_graceful_stop_of_the_server_is_survived_too(server: NatsServer, connection: Connection) -> None:
    bus = Bus(connection)
    await server.stop()
    await until(lambda: not bus.connected, "disconnect")
    await server.start()
    await until(lambda: bus.connected, "reconnect")


async def test_what_cannot_be_sent_is_refused_not_hoarded(server: NatsServer, connection: Connection) -> None:
    bus = Bus(connection)
    await server.stop()
    await until(lambda: not bus.connected, "disconnect")
    with pytest.raises(HostError) as caught:
        for _ in range(PENDING_LIMIT // 1_000_000 + 2):
            bus.publish("live.0", bytes(1_000_000))
    assert caught.value.code == "hub_unreachable"
    await connection.close()
    with pytest.raises(HostError):
        bus.publish("live.0", b"")


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB x 0\r\n", "a..b", ".a", "a."])
async def test_subjects_cannot_smuggle_protocol(connection: Connection, subject: str) -> None:
    bus = Bus(connection)
    with pytest.raises(CallerError):
        bus.publish(subject, b"")
    with pytest.raises(CallerError):
        await bus.request(subject, b"")
    with pytest.raises(CallerError):
        await bus.subscribe(subject, lambda _payload: None)


async def test_no_server_is_said_with_its_address() -> None:
    with pytest.raises(HostError, match=r"127\.0\.0\.1:9") as caught:
        await connect("nats://user:secret@127.0.0.1:9", None, "test", timeout_s=0.3)
    assert "secret" not in str(caught.value)


async def test_token_and_several_servers_in_the_url(server: NatsServer) -> None:
    address = server.url.removeprefix("nats://")
    connection = await connect(f"nats://127.0.0.1:9,nats://{server.token}@{address}", None, "test")
    assert connection.is_connected
    assert connection.disk == server.folder
    await connection.close()


@pytest.mark.parametrize("kind", [CallerError, DeviceError, HostError])
def test_problems_round_trip(kind: type[UnisonoError]) -> None:
    error = kind("何か", code="too_large", field="a.b")
    frame = encode_problem(error)
    assert frame[:1] == b"\x01"
    again = decode_problem(frame[1:])
    assert type(again) is kind
    assert (again.detail, again.code, again.field, again.mend) == ("何か", "too_large", "a.b", None)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"fault": "moon"}', b"\xff"])
def test_nonsense_is_an_internal_error(document: bytes) -> None:
    assert decode_problem(document).code == "internal"


async def test_a_flush_that_was_given_up_does_not_cost_the_connection(connection: Connection) -> None:
    bus = Bus(connection)
    for _ in range(3):
        task = asyncio.ensure_future(bus.subscribe("live.0", lambda _payload: None))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    reconnects = connection.stats["reconnects"]

    async def echo(payload: bytes) -> bytes:
        return payload

    await bus.serve("echo", echo)
    assert await bus.request("echo", b"still here") == b"still here"
    assert connection.stats["reconnects"] == reconnects


async def test_nonsense_from_the_server_means_a_new_connection() -> None:
    """A server that talks nonsense or refuses with -ERR is left and reached again; +OK and INFO change nothing."""
    info = b'INFO {"server_name":"x","version":"2.11.0","headers":true,"max_payload":1000}\r\n'
    answers = [b"WHAT IS THIS\r\n", b"MSG a b c\r\n", b"-ERR 'Some Trouble'\r\n", b"PING\r\n+OK\r\n" + info]
    served = 0
    open_now = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served, open_now
        open_now += 1
        writer.write(info)
        said = False
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                if not line.startswith(b"PING"):
                    continue
                writer.write(b"PONG\r\n")
                if not said and served < len(answers):
                    said = True
                    served += 1
                    await writer.drain()
                    await asyncio.sleep(0.05)
                    writer.write(answers[served - 1])
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        open_now -= 1

    fake = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = fake.sockets[0].getsockname()[1]
    connection = await connect(f"127.0.0.1:{port}", None, "test")
    await until(lambda: served == len(answers) and bool(connection.is_connected), "four connections")
    await until(lambda: connection.stats["reconnects"] == 3, "three reconnects")
    await connection.close()
    await until(lambda: open_now == 0, "closed connections")
    fake.close()
    await fake.wait_closed()


async def test_our_parser_serves_the_clients_own_subscriptions_too(connection: Connection) -> None:
    own = await connection.subscribe("mixed.>")
    bus = Bus(connection)
    got: list[bytes] = []
    await bus.subscribe("mixed.a", got.append)
    for i in range(50):
        bus.publish("mixed.a", b"%d" % i)
        await connection.publish("mixed.b", b"%d" % i, headers={"A": "b"})
    seen = [await own.next_msg(5) for _ in range(100)]
    await until(lambda: len(got) == 50, "ours")
    assert [m.data for m in seen if m.subject == "mixed.a"] == got
    assert [m.headers for m in seen if m.subject == "mixed.b"] == [{"A": "b"}] * 50
    await own.unsubscribe()
