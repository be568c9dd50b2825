"""The door: who gets in, who does not, and what is seen of it."""

from __future__ import annotations

import asyncio
import string
from typing import Any

import msgspec
import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import DEADLINE_S, until
from unisono.gateway.door import signin
from unisono.gateway.door.admission import CLIENT_ID
from unisono.gateway.door.signin import Desk
from unisono.store.bus import Bus, NobodyError
from unisono.store.connection import Connection
from unisono.twin.record import Presence, Refused, Reports
from unisono.twin.talk import SIGN_IN, SignIn, SignInAnswer, SignInAsk
from unisono.wire.mqtt import Connect, Publish, ReasonCode, Version
from unisono.wire.mqtt.codec import encode

VERSIONS = [Version.V311, Version.V5]
BAD = {Version.V311: 4, Version.V5: ReasonCode.BAD_USER_NAME_OR_PASSWORD}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_thing_with_its_secret_comes_in(rig: Rig, version: Version) -> None:
    client = await rig.device("lamp", version=version)
    await until(lambda: rig.journal.of(Presence), "presence in the log")
    entry = rig.journal.of(Presence)[0]
    assert (entry.thing, entry.gateway, entry.online, entry.reason, entry.client) == (
        "lamp",
        "g0",
        True,
        "connected",
        "lamp",
    )
    await client.leave()


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_wrong_secret_is_refused_and_shown_on_the_things_page(rig: Rig, version: Version) -> None:
    client = rig.client("lamp", "wrong", version=version)
    assert (await client.open()).reason == BAD[version]
    await until(client.closed.is_set, "the door closes")
    await until(lambda: rig.journal.of(Refused, "lamp"), "the refusal in the log")
    refused = rig.journal.of(Refused, "lamp")[0]
    assert refused.code == "bad_credentials"
    assert "127.0.0.1" in refused.detail
    assert not rig.journal.of(Presence)


async def test_a_device_that_tries_for_ever_does_not_fill_the_log(rig: Rig) -> None:
    for _ in range(5):
        client = rig.client("lamp", "wrong")
        await client.open()
        await client.drop()
    await rig.device("probe")
    await rig.settled()
    assert len(rig.journal.of(Refused, "lamp")) == 1
    assert rig.gateway.refusals == 5


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_unknown_thing_is_refused(rig: Rig, version: Version) -> None:
    assert (await rig.client("ghost", version=version).open()).reason == BAD[version]
    await rig.device("probe")
    await rig.settled()
    assert not rig.journal.of(Refused)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("name", "password"), [(None, None), ("lamp", None), ("lamp", b"\xff\xfe")])
async def test_no_name_or_no_readable_password_is_refused(
    rig: Rig, version: Version, name: str | None, password: bytes | None
) -> None:
    client = Client(rig.port, Connect("c", version=version, username=name, password=password))
    rig.clients.append(client)
    assert (await client.open()).reason == BAD[version]


@pytest.mark.parametrize("name", ["x" * 60_000, "n\u00e4me", "\u4e09"])
async def test_names_that_no_thing_has_are_not_even_asked_about(rig: Rig, name: str) -> None:
    connack = await rig.client(name, "secret", client_id="c").open()
    assert connack.reason == BAD[Version.V311]
    assert rig.directory.questions == 0


async def test_a_client_id_has_a_bound(rig: Rig) -> None:
    connack = await rig.client("lamp", client_id="c" * (CLIENT_ID + 1), version=Version.V5).open()
    assert connack.reason == ReasonCode.CLIENT_IDENTIFIER_NOT_VALID
    assert (await rig.client("lamp", client_id="c" * CLIENT_ID, version=Version.V5).open()).reason == 0
    every = string.digits + string.ascii_letters  # [MQTT-3.1.3-5]: these, 1 to 23 of them, are always allowed
    for id in ("x", every[:23], every[23:46], every[46:]):
        assert (await rig.client("lamp", client_id=id).open()).reason == 0


async def test_clients_without_an_id_do_not_take_each_other_over(rig: Rig) -> None:
    """MQTT-3.1.3-6: each gets an id of its own, in 3.1.1 too."""
    first = await rig.device("lamp", client_id="")
    second = await rig.device("lamp", client_id="")
    third = await rig.device("lamp", client_id="", version=Version.V5)
    assert third.connack is not None and third.connack.properties is not None
    assert third.connack.properties.assigned_client_identifier
    await third.say("things/me/state", b"{}")
    assert not first.closed.is_set() and not second.closed.is_set()


async def test_connect_and_publish_in_one_segment(rig: Rig) -> None:
    """A client need not wait for CONNACK; what it says early is taken after it was let in."""
    client = rig.client("lamp")
    await client.open(encode(Publish("things/me/state", b'{"a": 1}', 1, packet_id=7), Version.V311))
    await until(lambda: client.reasons, "PUBACK")
    assert client.reasons == {7: 0}
    assert [run.payloads for run in rig.journal.of(Reports)] == [(b'{"a": 1}',)]


async def test_what_a_refused_client_said_early_is_not_taken(rig: Rig) -> None:
    client = rig.client("lamp", "wrong")
    await client.open(encode(Publish("things/me/state", b"{}"), Version.V311))
    await until(client.closed.is_set, "the door closes")
    await rig.device("probe")
    await rig.settled()
    assert not rig.journal.of(Reports)


async def test_without_a_directory_clients_are_told_to_come_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    await rig.bus.close()  # the directory goes
    client = rig.client("lamp", version=Version.V5)
    assert (await client.open()).reason == ReasonCode.SERVER_UNAVAILABLE
    assert (await rig.client("lamp").open()).reason == 3


async def test_who_comes_before_the_directory_is_back_is_kept_waiting(rig: Rig, connection: Connection) -> None:
    """As after a restart of nats-server: its clients come back to it one by one."""
    asked = asyncio.Event()

    class Watched(Bus):
        async def request(self, *asking: Any) -> bytes:
            try:
                return await super().request(*asking)
            except NobodyError:
                asked.set()
                raise

    await rig.bus.close()
    desk = Desk(Watched(connection))
    waits = desk.ask("lamp", "s-lamp")
    await asyncio.wait_for(asked.wait(), DEADLINE_S)
    back = Bus(connection)
    await back.serve(SIGN_IN, rig.directory.answer)
    assert (await asyncio.wait_for(waits, DEADLINE_S)).ok
    await back.close()


async def test_three_hundred_clients_at_once_share_questions(rig: Rig) -> None:
    for number in range(300):
        rig.directory.add(f"t{number}")
    await asyncio.gather(*(rig.device(f"t{number}") for number in range(300)))
    assert rig.directory.questions < 150


@pytest.mark.parametrize("asks", [1, 2])
async def test_a_desk_never_leaves_anyone_waiting(rig: Rig, monkeypatch: pytest.MonkeyPatch, asks: int) -> None:
    """What is asked in the very turn in which the last question has ended is asked too."""
    monkeypatch.setattr(signin, "ASKS", asks)
    desk = Desk(rig.bus)
    for _ in range(20):
        later: asyncio.Future[SignIn] = asyncio.get_running_loop().create_future()

        def again(_done: object, later: asyncio.Future[SignIn] = later) -> None:
            desk.ask("probe", "s-probe").add_done_callback(lambda done: later.set_result(done.result()))

        desk.ask("lamp", "s-lamp").add_done_callback(again)
        assert (await asyncio.wait_for(later, DEADLINE_S)).ok


async def test_answers_that_do_not_fit_the_questions_let_nobody_in(connection: Connection) -> None:
    bus = Bus(connection)

    async def nonsense(payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=SignInAsk)
        return msgspec.msgpack.encode(SignInAnswer([SignIn(True, "lamp")] * (len(asked.items) + 1)))

    await bus.serve(SIGN_IN, nonsense)
    answer = await asyncio.wait_for(Desk(bus).ask("lamp", "s-lamp"), DEADLINE_S)
    assert not answer.ok and answer.code == "registry_unavailable"
    await bus.close()


async def test_who_never_says_who_it_is_is_sent_away(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.gateway.limits = msgspec.structs.replace(rig.gateway.limits, connect_timeout_s=0.3)
    client = rig.client("lamp")
    await client.dial()
    await until(client.closed.is_set, "the silent stranger is sent away")
