"""Who is connected and who was refused, as a gateway tells it on the bus; what is counted; sending away; flapping."""

from __future__ import annotations

import ssl
from typing import Any, TypeVar

import msgspec
import pytest

from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.gateway import server
from unisono.gateway.clients import RATE_S, Traffic
from unisono.gateway.door.attempts import (
    KEEP,
    KEEP_PER_ADDRESS,
    Attempts,
    describe_first,
    describe_no_http,
    describe_password,
    describe_tls,
)
from unisono.gateway.door.doorman import FLAPS, address_of
from unisono.twin.record import Presence, Refused
from unisono.twin.talk import GatewayStatus, ask_gateway
from unisono.twin.visitors import (
    Attempt,
    AttemptsAnswer,
    AttemptsAsk,
    ClientsAnswer,
    ClientsAsk,
    ClientView,
    Kick,
)
from unisono.wire.mqtt import ReasonCode, Version

STATE = "things/me/state"
T = TypeVar("T")


async def ask(rig: Rig, verb: str, question: Any, kind: type[T], gateway: str = "g0") -> T:
    answer = await rig.bus.request(ask_gateway(gateway, verb), msgspec.msgpack.encode(question), 5.0)
    return msgspec.msgpack.decode(answer, type=kind)


async def clients(rig: Rig, **fields: Any) -> list[ClientView]:
    return (await ask(rig, "clients", ClientsAsk(**fields), ClientsAnswer)).clients


async def attempts(rig: Rig, **fields: Any) -> list[Attempt]:
    return (await ask(rig, "attempts", AttemptsAsk(**fields), AttemptsAnswer)).attempts


# who is connected


async def test_a_client_is_told_with_all_that_it_is(rig: Rig) -> None:
    lamp = await rig.device("lamp", version=Version.V5, client_id="c1", keep_alive=30)
    await lamp.subscribe("news/#", "things/me/set")
    for _ in range(3):
        await lamp.say(STATE, b"{}")
    await lamp.say("homie/5/lamp/power", b"1", qos=2)
    speaker = await rig.device("probe", client_id="")
    await speaker.say("news/a", b"hello")
    await until(lambda: lamp.messages, "it heard")
    found = {each.id: each for each in await clients(rig)}
    assert len(found) == 2
    view = found["lamp/c1"]
    assert (view.client_id, view.thing, view.root, view.gateway) == ("c1", "lamp", "home", "g0")
    assert (view.protocol, view.transport, view.keep_alive_s, view.session_expiry_s) == ("5.0", "tcp", 30, 0)
    assert (view.subscriptions, view.messages_in, view.messages_out, view.queue, view.dropped) == (2, 4, 1, 0, 0)
    assert view.address.startswith("127.0.0.1:") and view.bytes_in > 60 and view.since
    assert view.ordinary == ["homie/5/lamp/power"] and view.filters == [], "filters only when asked for one"
    (one,) = await clients(rig, id="lamp/c1")
    assert one.filters == ["news/#", "things/lamp/set"]


async def test_clients_in_pages_and_by_what_is_looked_for(rig: Rig) -> None:
    for thing in ("lamp", "probe", "neighbour", "stranger"):
        await rig.device(thing)
    await rig.client("lamp").dial()  # no client yet
    assert [each.id for each in await clients(rig, limit=2)] == ["lamp", "neighbour"]
    assert [each.id for each in await clients(rig, limit=9, after="neighbour")] == ["probe", "stranger"]
    assert [each.id for each in await clients(rig, roots=["elsewhere"])] == ["stranger"]
    assert [each.id for each in await clients(rig, q="rob")] == ["probe"]
    assert await clients(rig, id="nobody") == []


def test_rates_are_over_the_last_seconds() -> None:
    traffic = Traffic(0.0)
    traffic.messages_in, traffic.bytes_in = 100, 1000
    assert traffic.rates(RATE_S)[:2] == (100 / RATE_S, 1000 / RATE_S)
    traffic.roll(RATE_S)
    traffic.roll(RATE_S + 0.1)  # too soon for a new span
    traffic.roll(2 * RATE_S)
    assert traffic.rates(3 * RATE_S) == (0, 0, 0, 0), "it has fallen silent"


async def test_a_client_is_sent_away(rig: Rig) -> None:
    lamp = await rig.device("lamp", version=Version.V5)
    assert await ask(rig, "kick", Kick("lamp"), int) == 1
    await until(lamp.closed.is_set, "it is gone")
    assert lamp.goodbye is not None and lamp.goodbye.reason == ReasonCode.ADMINISTRATIVE_ACTION
    assert await ask(rig, "kick", Kick("lamp"), int) == 0
    await rig.settled()
    assert rig.journal.of(Presence, "lamp")[-1].reason == "kicked"


async def test_what_is_counted(rig: Rig) -> None:
    lamp = await rig.device("lamp", version=Version.V5)
    await lamp.subscribe("news")
    await lamp.say(STATE, b"12345")
    await lamp.say("news", b"123", qos=2)
    await until(lambda: lamp.messages, "heard")
    await rig.client("lamp", "wrong").open()
    status = await ask(rig, "status", None, GatewayStatus)
    told = {(each.name, *each.labels.values()): each.value for each in status.series}
    assert told["clients", "5.0", "tcp"] == 1 and told["sign_ins",] == 1
    assert told["received", "1"] == 1 and told["received_bytes", "1"] == 5
    assert told["received", "2"] == 1 and told["sent", "1"] == 1 and told["sent_bytes", "1"] > 3
    assert told["refusals", "bad_credentials"] == 1
    assert told["commit_seconds", "+Inf"] == status.batches > 0
    assert told["sessions",] == 1 and told["dropped",] == 0
    assert (status.messages_in, status.messages_out, status.refused) == (2, 1, 1)


# who was refused


FIRST = {
    "tls_on_plain": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "http": b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n",
    "websocket_on_plain": b"GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
    "proxy": b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n",
    "not_mqtt": b"SSH-2.0-OpenSSH_9\r\n",
    "not_connect": b"\x30\x05\x00\x01abc",
    "protocol_version": b"\x10\x10\x00\x04MQTT\x09\x02\x00\x3c\x00\x04lamp",
    "protocol_error": b"\x10\x10\x00\x04MQTT\x04\x03\x00\x3c\x00\x04lamp",
    "client_id": b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x3c\x00\x00",
}


@pytest.mark.parametrize(("kind", "first"), FIRST.items(), ids=list(FIRST))
async def test_what_a_stranger_s_first_bytes_look_like(rig: Rig, kind: str, first: bytes) -> None:
    client = rig.client("lamp")
    await client.dial()
    client.send(first)
    await until(client.closed.is_set, "turned away")
    (found,) = await attempts(rig)
    assert (found.kind, found.address, found.user) == (kind, "127.0.0.1", "")
    assert found.detail


async def test_refused_sign_ins_are_remembered_with_their_shape(rig: Rig) -> None:
    await rig.client("lamp", "s-lamp\n", client_id="c7").open()
    await rig.client("Lamp", "s-lamp", version=Version.V5).open()
    await rig.client("lamp", "s-lamp\n", client_id="c7").open()
    lamp, other = await attempts(rig)
    assert (lamp.kind, lamp.user, lamp.client_id, lamp.protocol, lamp.count) == (
        "bad_password",
        "lamp",
        "c7",
        "3.1.1",
        2,
    )
    assert lamp.password == "7 characters, ends with a newline" and lamp.first < lamp.at
    assert (other.kind, other.user, other.protocol) == ("unknown_user", "Lamp", "5.0")
    assert [each.user for each in await attempts(rig, user="Lamp")] == ["Lamp"]
    assert await attempts(rig, address="10.0.0.1") == []


async def test_who_says_nothing_is_remembered_too(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig.gateway, "limits", msgspec.structs.replace(rig.gateway.limits, connect_timeout_s=0.1))
    monkeypatch.setattr(server, "SWEEP_S", 0.05)
    silent, half = rig.client("lamp"), rig.client("probe")
    await silent.dial()
    await half.dial()
    half.send(b"\x10\x20\x00")
    await until(lambda: silent.closed.is_set() and half.closed.is_set(), "turned away")
    assert {each.kind for each in await attempts(rig)} == {"silent", "unfinished"}


def test_attempts_are_bounded() -> None:
    known = Attempts("g0")
    for n in range(KEEP + 50):
        known.note(f"10.0.{n // 256}.{n % 256}:99", "http", "protocol_error", "x")
    assert len(known.newest(10 * KEEP)) == KEEP
    known = Attempts("g0")
    for n in range(2 * KEEP_PER_ADDRESS):
        known.note("10.0.0.1:99", "unknown_user", "unknown_thing", "x", user=f"name{n}")
    found = known.newest(KEEP)
    assert len(found) == KEEP_PER_ADDRESS + 1
    assert (found[0].user, found[0].count) == ("", KEEP_PER_ADDRESS), "who tries names fills one line"


@pytest.mark.parametrize(
    ("password", "says"),
    [
        (None, "none was given"),
        (b"x", "1 character"),
        (b"secret\n", "7 characters, ends with a newline"),
        (b"secret\r\n", "ends with CR and newline"),
        (b"secret ", "ends with a space"),
        (b" secret", "begins with a space"),
        (b"secret\0", "ends with a zero byte"),
        (b'"secret"', "stands in quotation marks"),
        ("gehörig".encode(), "has characters beyond ASCII"),
        (b"lamp:secret", "has a colon in it"),
        (b"\xff\xfe", "2 bytes that are no UTF-8"),
    ],
)
def test_the_shape_of_a_password(password: bytes | None, says: str) -> None:
    shape = describe_password(password)
    assert says in shape and "secret" not in shape


def test_what_a_failed_handshake_means() -> None:
    error = ssl.SSLError(1, "x")
    for reason, kind in (
        ("WRONG_VERSION_NUMBER", "plain_on_tls"),
        ("TLSV1_ALERT_UNKNOWN_CA", "unknown_ca"),
        ("Z", "tls"),
    ):
        error.reason = reason
        assert describe_tls(error)[0] == kind
    error.reason = "WRONG_VERSION_NUMBER"
    assert describe_tls(error, https=True)[0] == "plain_on_https"
    error.reason = "HTTP_REQUEST"
    assert describe_tls(error, https=True)[0] == "http_on_https"
    error.reason = "UNSUPPORTED_PROTOCOL"
    assert describe_tls(error, https=True)[0] == "old_tls"
    assert describe_tls(None) == ("tls", "the TLS handshake failed: it ended early")
    assert describe_first(b"")[0] == "not_mqtt"


def test_what_came_to_a_port_of_http() -> None:
    told = [
        describe_no_http(first, tls=tls)
        for first, tls in ((b"\x10\x0c", True), (b"\x16\x03\x01", False), (b"\0", False))
    ]
    assert [kind for kind, _words in told] == ["mqtt_on_http", "tls_on_http", "not_http"]
    assert "speaks HTTPS" in told[0][1] and "HTTP without TLS" in told[1][1]


def test_what_counts_as_one_address() -> None:
    assert address_of("10.0.0.7") == "10.0.0.7"
    assert address_of("2001:db8:1:2:3:4:5:6") == address_of("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert address_of("fe80::1%eth0") == "fe80::/64"
    assert address_of("::ffff:10.0.0.7") == "10.0.0.7"


# two devices, one identity


async def test_a_session_taken_over_again_and_again_is_told(rig: Rig) -> None:
    for _ in range(FLAPS):
        await rig.device("lamp")
    assert await attempts(rig) == []
    await rig.device("lamp")
    (found,) = await attempts(rig)
    assert (found.kind, found.user) == ("taken_over", "lamp")
    await rig.settled()
    (told,) = rig.journal.of(Refused, "lamp")
    assert told.code == "exists" and "again and again" in told.detail
    assert rig.gateway.tally.take_overs == FLAPS


async def test_it_is_told_across_gateways_too(rig: Rig) -> None:
    second, _stop = await rig.start_gateway("g1")
    other = getattr(second, "port")  # noqa: B009
    for n in range(2 * FLAPS + 1):
        before = len(rig.clients)
        await rig.device("lamp", port=other if n % 2 else 0)
        if before:
            await until(rig.clients[before - 1].closed.is_set, "the other is sent away")
    found = [*rig.gateway.attempts.newest(9), *second.attempts.newest(9)]
    assert {each.kind for each in found} == {"taken_over"}
