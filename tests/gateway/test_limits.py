"""At each limit something defined and visible happens: on the wire, in the counts, on the thing's page, in the list of
attempts. ``docs/limits.md`` is the table."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import msgspec
import pytest

from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.errors import CallerError
from unisono.gateway.clients import FLIGHT, RATE
from unisono.gateway.connection import Connection
from unisono.gateway.door.limits import HubLimits
from unisono.gateway.door.meter import BURST_S, Meter, Registrar, Seat
from unisono.gateway.door.patience import FORGET_S, REMEMBERED, THING_LONGEST_S, Patience
from unisono.twin.record import Presence, Refused, Reports
from unisono.wire.mqtt import Publish, ReasonCode, Subscription, Version
from unisono.wire.mqtt.codec import encode

STATE = "things/me/state"
DOCS = Path(__file__).parents[2] / "docs" / "limits.md"


def connection_of(rig: Rig, key: str) -> Connection:
    session = rig.gateway.session(key)
    assert session is not None and session.connection is not None
    return session.connection


def hits(rig: Rig, limit: str) -> int:
    return rig.gateway.tally.hits[limit]


# the settings


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert HubLimits.read(tmp_path / "limits.toml") == HubLimits()


def test_a_file_may_change_one_key(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text("[thing]\nconnections = 3\n")
    found = HubLimits.read(path)
    assert found.thing.connections == 3 and found.address == HubLimits().address


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[thing]\nconections = 3\n", 2, "thing.conections: HERE: there is no such field here; expected connections."),
        (
            "[thing]\nconnections = 0\n",
            2,
            "thing.connections: HERE: 0 does not fit; expected a whole number of at least 1.",
        ),
        ("[thing]\nconnections = 1.5\n", 2, "thing.connections: HERE: 1.5 does not fit; expected a whole number."),
        ("[thing]\nconnections = '5'\n", 2, "thing.connections: HERE: '5' does not fit; expected a whole number."),
        (
            "# ours\n\n[ connection ]\nslow = 'perhaps'\n",
            4,
            "connection.slow: HERE: 'perhaps' does not fit; expected one of disconnect, drop.",
        ),
        (
            "[connection]\npacket_bytes = 100000000\n",
            2,
            "connection.packet_bytes: HERE: 100000000 does not fit; expected a whole number of at most 2097152.",
        ),
        (
            "[address]\nmessages_per_s = inf\n",
            2,
            "address.messages_per_s: HERE: inf does not fit; expected a number of at most 1000000000.",
        ),
        ("sign_in.first_s = 0\n", 1, "sign_in.first_s: HERE: 0 does not fit; expected a number above 0."),
        ("[mqtt]\nmoved = 1\n", 2, "mqtt.moved: HERE: 1 does not fit; expected true or false."),
        ("\n[things]\nconnections = 3\n", 2, "things: HERE: there is no such field here; expected thing."),
        (
            "connections = 3\n",
            1,
            "connections: HERE: there is no such field here; expected it below [thing] or [place] or [address].",
        ),
        (
            "[thing]\nsubscriptions = 3\n",
            2,
            "thing.subscriptions: HERE: there is no such field here; expected it below [connection].",
        ),
        (
            "place = 3\n",
            1,
            "place: HERE: place is no table; expected [place], and lines below it such as messages_per_s = 0.",
        ),
        ("thing = {conections = 1}", 1, "thing.conections: HERE: there is no such field here; expected connections."),
        ("[connection\n", 0, "HERE is no TOML: Expected ']'"),
        ("[thing]\nconnections = 1\nconnections = 2\n", 0, "HERE is no TOML: Cannot overwrite a value (at line 3"),
    ],
)
def test_a_file_that_errs_is_refused_with_line_key_and_what_would_be_right(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(CallerError) as refused:
        HubLimits.read(path)
    assert refused.value.code == "bad_value"
    told = str(refused.value)
    assert told.startswith(says.replace("HERE", f"{path}, line {line}" if line else str(path)))
    assert told.endswith("docs/limits.md has the table of what may stand there")


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"there is no file .*other\.toml"):
        HubLimits.read(tmp_path / "other.toml", wanted=True)
    (tmp_path / "other.toml").write_bytes(b"\xff")
    with pytest.raises(CallerError, match="cannot be read"):
        HubLimits.read(tmp_path / "other.toml")


def test_every_limit_stands_in_the_table_with_its_default() -> None:
    text = DOCS.read_text()
    rows = dict(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| ([^|]+) \|", text, re.MULTILINE))
    tables = msgspec.to_builtins(HubLimits())
    known = {f"{table}.{key}": value for table, keys in tables.items() for key, value in keys.items()}
    assert {name: cell.strip().replace(",", "") for name, cell in rows.items()} == {
        name: shown(value) for name, value in known.items()
    }


def shown(value: str | float) -> str:
    """As in ``limits.toml``."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}" if value != int(value) else str(int(value))


# rates


def test_a_bucket_lets_a_burst_through_and_then_keeps_to_the_rate() -> None:
    registrar = Registrar(msgspec.convert({"connection": {"messages_per_s": 10, "bytes_per_s": 1000}}, HubLimits))
    seat = registrar.enter("a", 0.0)
    assert isinstance(seat, Seat) and registrar.sign_in(seat, "lamp", "home", 0.0, instead=False) is None
    meter = registrar.meter(seat, 0.0)
    assert isinstance(meter, Meter)
    assert meter.spend(int(10 * BURST_S), 0, 0.0) is None
    wait = meter.spend(5, 0, 0.0)
    assert wait is not None and wait == (0.5, "connection.messages_per_s")
    assert meter.spend(0, 0, 0.5) is None, "what was owed is paid by waiting"
    wait = meter.spend(0, 3000, 0.5)
    assert wait is not None and wait.limit == "connection.bytes_per_s"


def test_where_no_rate_is_set_nothing_is_counted() -> None:
    registrar = Registrar(HubLimits())
    seat = registrar.enter("a", 0.0)
    assert isinstance(seat, Seat) and registrar.sign_in(seat, "lamp", "home", 0.0, instead=False) is None
    assert registrar.meter(seat, 0.0) is None


def test_coming_back_does_not_clear_a_debt() -> None:
    registrar = Registrar(msgspec.convert({"thing": {"messages_per_s": 10}}, HubLimits))
    seat = registrar.enter("a", 0.0)
    assert isinstance(seat, Seat)
    registrar.sign_in(seat, "lamp", "home", 0.0, instead=False)
    meter = registrar.meter(seat, 0.0)
    assert meter is not None and meter.spend(50, 0, 0.0) is not None
    registrar.leave(seat, 0.0)
    registrar.sweep(1.0)
    again = registrar.enter("b", 1.0)
    assert isinstance(again, Seat)
    registrar.sign_in(again, "lamp", "home", 1.0, instead=False)
    meter = registrar.meter(again, 1.0)
    assert meter is not None and meter.spend(1, 0, 1.0) is not None
    registrar.leave(again, 1.0)
    registrar.sweep(100.0)
    assert not registrar._things and not registrar._places and not registrar._addresses and not registrar.strangers


@pytest.mark.parametrize("table", ["connection", "thing", "place", "address"])
async def test_above_a_rate_it_is_read_more_slowly_and_nothing_is_lost(rig: Rig, table: str) -> None:
    rig.limit(**{table: {"messages_per_s": 200}})
    client = await rig.device("lamp")
    began = asyncio.get_running_loop().time()
    for n in range(700):  # of which 400 are the burst
        client.publish(STATE, b'{"n":%d}' % n)
    await until(lambda: connection_of(rig, "lamp").holds & RATE, "it is held")
    await client.say(STATE, b"{}")  # may come in the same read as the last of them
    await client.say(STATE, b"{}")
    assert asyncio.get_running_loop().time() - began > 1.0
    assert hits(rig, f"{table}.messages_per_s") >= 1
    await rig.settled()
    assert sum(len(run.payloads) for run in rig.journal.of(Reports, "lamp")) == 702
    refused = rig.journal.of(Refused, "lamp")
    assert [(entry.code, f"{table}.messages_per_s" in entry.detail) for entry in refused] == [("too_many", True)]


async def test_a_place_s_rate_is_shared_by_its_things_only(rig: Rig) -> None:
    rig.limit(place={"bytes_per_s": 1_000})
    lamp, probe = await rig.device("lamp"), await rig.device("probe")
    stranger = await rig.device("stranger")
    lamp.publish(STATE, b"x" * 10_000)
    await until(lambda: connection_of(rig, "lamp").holds & RATE, "held")
    probe.publish(STATE, b"x")
    await until(lambda: connection_of(rig, "probe").holds & RATE, "of the same place, so it waits too")
    assert await stranger.say(STATE, b"{}") == 0
    assert not connection_of(rig, "stranger").holds


# in flight, size


@pytest.mark.parametrize("version", [Version.V31, Version.V311])
async def test_an_older_client_with_too_much_unanswered_is_not_read(rig: Rig, version: Version) -> None:
    rig.limit(connection={"in_flight": 10})
    client = await rig.device("lamp", version=version)
    frames = [encode(Publish(STATE, b"{}", 1, packet_id=n + 1), version) for n in range(200)]
    client.send(b"".join(frames[:100]))
    await until(lambda: hits(rig, "connection.in_flight") or len(client.reasons) == 100, "held or done")
    client.send(b"".join(frames[100:]))
    await until(lambda: len(client.reasons) == 200, "all are acknowledged in the end")
    await until(lambda: not connection_of(rig, "lamp").holds & FLIGHT, "read again")
    assert hits(rig, "connection.in_flight") >= 1


async def test_a_client_of_version_5_is_told_its_receive_maximum_and_held_to_it(rig: Rig) -> None:
    rig.limit(connection={"in_flight": 10})
    client = await rig.device("lamp", version=Version.V5)
    assert client.connack is not None and client.connack.properties is not None
    assert client.connack.properties.receive_maximum == 10
    client.send(b"".join(encode(Publish(STATE, b"{}", 1, packet_id=n + 1), Version.V5) for n in range(100)))
    await until(client.closed.is_set, "sent away")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED
    assert hits(rig, "connection.receive_maximum") == 1
    await rig.settled()
    assert rig.journal.of(Refused, "lamp")[0].code == "too_many"


async def test_packets_larger_than_allowed(rig: Rig) -> None:
    rig.limit(connection={"packet_bytes": 2_000})
    client = await rig.device("lamp", version=Version.V5)
    assert client.connack is not None and client.connack.properties is not None
    assert client.connack.properties.maximum_packet_size == 2_000
    client.send(encode(Publish(STATE, b"x" * 2_000, 1, packet_id=1), Version.V5))
    await until(client.closed.is_set, "sent away")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.PACKET_TOO_LARGE
    assert hits(rig, "connection.packet_bytes") == 1


# connections


async def test_connections_of_a_thing(rig: Rig) -> None:
    rig.limit(thing={"connections": 2})
    one = await rig.device("lamp", client_id="one")
    await rig.device("lamp", client_id="two")
    three = rig.client("lamp", client_id="three", version=Version.V5)
    connack = await three.open()
    assert connack.reason == ReasonCode.QUOTA_EXCEEDED
    assert connack.properties is not None and "thing.connections" in (connack.properties.reason_string or "")
    older = rig.client("lamp", client_id="older")
    assert (await older.open()).reason == 3  # server unavailable: the nearest that 3.1.1 has
    again = await rig.device("lamp", client_id="one")  # a take-over opens no further one
    await until(one.closed.is_set, "the first of that name is gone")
    await again.leave()
    await rig.device("lamp", client_id="three")
    assert hits(rig, "thing.connections") == 2
    await rig.settled()
    assert [entry.code for entry in rig.journal.of(Refused, "lamp")] == ["too_many"], "once, not each time"
    assert rig.gateway.attempts.newest(1)[0].kind == "limit"


async def test_connections_of_a_place(rig: Rig) -> None:
    rig.limit(place={"connections": 1})
    await rig.device("lamp")
    assert (await rig.client("probe", version=Version.V5).open()).reason == ReasonCode.QUOTA_EXCEEDED
    await rig.device("stranger")
    assert hits(rig, "place.connections") == 1


async def test_connections_of_an_address(rig: Rig) -> None:
    rig.limit(address={"connections": 1})
    lamp = await rig.device("lamp")
    probe = rig.client("probe")
    await probe.dial()
    await until(probe.closed.is_set, "closed without a word")
    assert hits(rig, "address.connections") == 1
    assert rig.gateway.attempts.newest(1)[0].detail == "address.connections is reached (1)"
    await lamp.leave()
    await rig.device("probe")


@pytest.mark.parametrize("table", ["address", "sign_in"])
async def test_connections_that_have_not_signed_in(rig: Rig, table: str) -> None:
    rig.limit(**{table: {"strangers": 2}})
    await rig.device("lamp")  # does not count any more
    strangers = [rig.client("probe") for _ in range(3)]
    for stranger in strangers[:2]:
        await stranger.dial()
    await until(lambda: rig.gateway.doorman.registrar.strangers == 2, "two have come")
    await strangers[2].dial()
    await until(strangers[2].closed.is_set, "the third is turned away")
    assert hits(rig, f"{table}.strangers") == 1
    await strangers[0].drop()
    await until(lambda: rig.gateway.doorman.registrar.strangers == 1, "one has gone")
    await rig.device("neighbour")


# attempts


def test_each_failure_makes_the_next_wait_twice_as_long() -> None:
    patience = Patience(HubLimits().sign_in)
    waits = []
    now = 0.0
    for _ in range(10):
        assert not patience.wait_s("a", "lamp", now)
        patience.failed("a", "lamp", now)
        waits.append(patience.wait_s("a", "lamp", now))
        now += waits[-1]
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert not patience.wait_s("a", "probe", now), "its neighbour is not meant"
    patience.succeeded("a", "lamp")
    assert not patience.wait_s("a", "lamp", now)
    patience.failed("a", "lamp", now)
    assert not patience.wait_s("a", "lamp", now), "a success clears what was"


def test_old_failures_are_forgotten_and_memory_is_bounded() -> None:
    patience = Patience(HubLimits().sign_in)
    for _ in range(3):
        patience.failed("a", "lamp", 0.0)
    patience.failed("a", "lamp", FORGET_S + 1)
    assert not patience.wait_s("a", "lamp", FORGET_S + 1)
    for n in range(REMEMBERED + 10):
        patience.failed(f"{n}", "x", 0.0)
    assert len(patience._pairs._known) == REMEMBERED


def test_a_stranger_cannot_lock_a_device_out() -> None:
    patience = Patience(HubLimits().sign_in)
    patience.succeeded("home", "lamp")
    for n in range(100):
        patience.failed(f"a{n}", "lamp", 0.0)
    assert not patience.wait_s("home", "lamp", 0.0), "it came in from there before"
    assert patience.wait_s("elsewhere", "lamp", 0.0) == THING_LONGEST_S


def test_many_names_from_one_address_wait_together_unless_as_many_come_in() -> None:
    patience = Patience(HubLimits().sign_in)
    for n in range(99):
        patience.failed("a", f"name{n}", 0.0)
    assert not patience.wait_s("a", "lamp", 0.0)
    patience.succeeded("a", "probe")
    patience.failed("a", "name99", 0.0)
    assert not patience.wait_s("a", "lamp", 0.0)
    patience.failed("a", "name100", 0.0)
    assert patience.wait_s("a", "lamp", 0.0) == 1.0
    assert not patience.wait_s("a", "probe", 0.0), "who came in before is judged by its own failures"


async def test_a_wrong_secret_again_and_again_is_not_even_looked_at(rig: Rig) -> None:
    rig.limit(sign_in={"free": 2, "first_s": 30})
    for _ in range(2):
        assert (await rig.client("lamp", "wrong", version=Version.V5).open()).reason == 0x86
    asked = rig.directory.questions
    connack = await rig.client("lamp", version=Version.V5).open()
    assert connack.reason == ReasonCode.CONNECTION_RATE_EXCEEDED
    assert connack.properties is not None and "30 s" in (connack.properties.reason_string or "")
    assert (await rig.client("lamp").open()).reason == 3
    assert rig.directory.questions == asked
    assert (hits(rig, "sign_in.delay"), rig.gateway.tally.refused["too_fast"]) == (2, 2)
    await rig.device("probe")
    kinds = {attempt.kind: attempt.count for attempt in rig.gateway.attempts.newest(10)}
    assert kinds == {"bad_password": 2, "too_soon": 2}


async def test_failures_count_at_every_gateway(rig: Rig) -> None:
    rig.limit(sign_in={"free": 1, "first_s": 30})
    second, _stop = await rig.start_gateway("g1")
    await rig.client("lamp", "wrong", port=getattr(second, "port")).open()  # noqa: B009
    patience = rig.gateway.doorman.patience
    now = asyncio.get_running_loop().time()
    await until(lambda: patience.wait_s("127.0.0.1", "lamp", now), "the first has heard of it")
    assert (await rig.client("lamp", version=Version.V5).open()).reason == ReasonCode.CONNECTION_RATE_EXCEEDED


# slow readers


@pytest.mark.parametrize("slow", ["drop", "disconnect"])
async def test_a_slow_reader_is_told_of_once_and_sent_away_where_that_is_wanted(rig: Rig, slow: str) -> None:
    rig.limit(connection={"queue_messages": 10, "slow": slow})
    reader = await rig.device("lamp", version=Version.V5, client_id="reader")
    witness = await rig.device("probe")
    await reader.subscribe(Subscription("news/#", 1))
    await witness.subscribe("news/#")
    assert reader.transport is not None
    reader.transport.pause_reading()
    speaker = await rig.device("neighbour")
    sent = 0
    while not hits(rig, "connection.queue"):
        await speaker.say("news/a", b"x" * 100_000)
        sent += 1
        assert sent < 500
    await until(lambda: len(witness.messages) == sent, "its neighbour got all")
    await rig.settled()
    told = rig.journal.of(Refused, "lamp")
    assert [entry.code for entry in told] == ["too_many"] and "too slowly" in told[0].detail
    if slow == "disconnect":
        await until(lambda: rig.journal.of(Presence, "lamp")[-1].reason == "slow", "it is sent away")
    else:
        assert rig.journal.of(Presence, "lamp")[-1].reason == "connected"
    reader.transport.abort()
