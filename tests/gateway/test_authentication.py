"""Enhanced authentication over real sockets, with SCRAM-SHA-256 as the method (MQTT 5 section 4.12)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.gateway.door import authentication
from unisono.gateway.door.authentication import Method, Step, find_methods
from unisono.gateway.door.scram import Scram, ScramKeys, make_keys
from unisono.store.bus import Bus
from unisono.twin.talk import SignIn
from unisono.wire.mqtt import Connect, Properties, ReasonCode, Version
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Auth

METHOD = "SCRAM-SHA-256"


@pytest.fixture
def proves(rig: Rig) -> Rig:
    """A hub that keeps SCRAM keys of the lamp and the probe."""
    keys = {thing: make_keys(f"s-{thing}") for thing in ("lamp", "probe")}

    async def find(user: str) -> tuple[ScramKeys, SignIn] | None:
        return (keys[user], rig.directory.things[user]) if user in keys else None

    rig.gateway.methods = {METHOD: Scram(find)}
    return rig


class Prover:
    """The client's side of RFC 5802."""

    def __init__(self, user: str, secret: str) -> None:
        self.bare = f"n={user},r=clientnonce"
        self.secret = secret
        self.expected = b""

    @property
    def first(self) -> bytes:
        return b"n,," + self.bare.encode()

    def answer(self, challenge: bytes) -> bytes:
        said = dict(part.split("=", 1) for part in challenge.decode().split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.secret.encode(), base64.b64decode(said["s"]), int(said["i"]))
        without = f"c=biws,r={said['r']}"
        text = f"{self.bare},{challenge.decode()},{without}".encode()
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), text, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self.expected = b"v=" + base64.b64encode(hmac.digest(server_key, text, "sha256"))
        return f"{without},p={base64.b64encode(proof).decode()}".encode()


def client_of(rig: Rig, data: bytes | None, method: str = METHOD) -> Client:
    properties = Properties(authentication_method=method, authentication_data=data)
    made = Client(rig.port, Connect("lamp", Version.V5, properties=properties))
    rig.clients.append(made)
    return made


def auth(data: bytes | None, reason: int = ReasonCode.CONTINUE_AUTHENTICATION, method: str = METHOD) -> bytes:
    return encode(Auth(reason, Properties(authentication_method=method, authentication_data=data)), Version.V5)


def auths(client: Client) -> list[Auth]:
    return [packet for packet in client.packets if isinstance(packet, Auth)]


async def challenged(client: Client) -> bytes:
    await client.dial()
    client.send(client.wire.open())
    await until(lambda: auths(client) or client.connack, "a challenge")
    assert auths(client), client.connack
    packet = auths(client)[0]
    assert packet.reason == ReasonCode.CONTINUE_AUTHENTICATION and packet.properties is not None
    data = packet.properties.authentication_data or b""
    # [MQTT-3.15.2-2], [MQTT-3.15.2-3]: nothing besides, so nothing that could be too large
    assert packet.properties == Properties(authentication_method=METHOD, authentication_data=data)
    return data


async def test_a_proof_lets_in_and_is_answered_by_one(proves: Rig) -> None:
    """[MQTT-4.12.0-2], [MQTT-4.12.0-5]."""
    prover = Prover("lamp", "s-lamp")
    client = client_of(proves, prover.first)
    client.send(auth(prover.answer(await challenged(client))))
    await until(lambda: client.connack, "CONNACK")
    assert client.connack is not None and client.connack.reason == 0 and client.connack.properties is not None
    assert client.connack.properties.authentication_method == METHOD
    assert client.connack.properties.authentication_data == prover.expected
    await client.say("things/me/state", b"{}")
    await proves.settled()


@pytest.mark.parametrize(("user", "secret"), [("lamp", "wrong"), ("nobody", "s-lamp")])
async def test_who_cannot_prove_is_turned_away(proves: Rig, user: str, secret: str) -> None:
    """[MQTT-4.12.0-4]; a name that does not exist is challenged like any other."""
    prover = Prover(user, secret)
    client = client_of(proves, prover.first)
    client.send(auth(prover.answer(await challenged(client))))
    await until(client.closed.is_set, "the end")
    assert client.connack is not None and client.connack.reason == ReasonCode.NOT_AUTHORIZED


@pytest.mark.parametrize(
    "answer", [b"", b"\xff", b"c=biws,r=other,p=AAAA", b"c=xxxx,r=clientnonce,p=AAAA", b"c=biws,r=clientnonce,p=!"]
)
async def test_nonsense_is_turned_away(proves: Rig, answer: bytes) -> None:
    client = client_of(proves, Prover("lamp", "s-lamp").first)
    await challenged(client)
    client.send(auth(answer))
    await until(client.closed.is_set, "the end")
    assert client.connack is not None and client.connack.reason == ReasonCode.NOT_AUTHORIZED


async def test_a_short_proof_proves_nothing(proves: Rig) -> None:
    prover = Prover("lamp", "s-lamp")
    client = client_of(proves, prover.first)
    whole = prover.answer(await challenged(client))
    client.send(auth(whole.rpartition(b",p=")[0] + b",p="))
    await until(client.closed.is_set, "the end")
    assert client.connack is not None and client.connack.reason == ReasonCode.NOT_AUTHORIZED


@pytest.mark.parametrize("first", [None, b"", b"\xff", b"p=tls-unique,,n=lamp,r=1", b"n,,r=1", b"n,,n=lamp"])
async def test_a_beginning_that_is_none_is_turned_away(proves: Rig, first: bytes | None) -> None:
    connack = await client_of(proves, first).open()
    assert connack.reason == ReasonCode.NOT_AUTHORIZED


async def test_a_method_that_is_not_known_is_said_to_be(proves: Rig) -> None:
    """[MQTT-4.12.0-1]"""
    connack = await client_of(proves, None, "GSS-SPNEGO").open()
    assert connack.reason == ReasonCode.BAD_AUTHENTICATION_METHOD
    assert connack.properties is not None and "SCRAM-SHA-256" in (connack.properties.reason_string or "")


async def test_where_no_method_is_registered_that_is_said(rig: Rig) -> None:
    """Of the attempts it is one of its own kind, not a missing password: another mend."""
    connack = await client_of(rig, b"x").open()
    assert connack.reason == ReasonCode.BAD_AUTHENTICATION_METHOD and connack.properties is not None
    assert "expected none: there are none" in (connack.properties.reason_string or "")
    found = rig.gateway.attempts.newest(1)[0]
    assert (found.kind, found.password) == ("method", "")


async def signed_in(rig: Rig) -> Client:
    prover = Prover("lamp", "s-lamp")
    client = client_of(rig, prover.first)
    client.send(auth(prover.answer(await challenged(client))))
    await until(lambda: client.connack, "CONNACK")
    return client


async def test_one_may_prove_it_again(proves: Rig) -> None:
    """[MQTT-4.12.1-1]: other messages go on meanwhile."""
    client = await signed_in(proves)
    prover = Prover("lamp", "s-lamp")
    client.send(auth(prover.first, ReasonCode.RE_AUTHENTICATE))
    await until(lambda: len(auths(client)) == 2, "a challenge")
    await client.say("x", b"meanwhile")
    told = auths(client)[1].properties
    assert told is not None
    client.send(auth(prover.answer(told.authentication_data or b"")))
    await until(lambda: len(auths(client)) == 3, "the answer")
    last = auths(client)[2]
    assert last.reason == ReasonCode.SUCCESS and last.properties is not None
    assert last.properties.authentication_data == prover.expected
    await client.say("x", b"1")


@pytest.mark.parametrize(("user", "secret"), [("lamp", "wrong"), ("probe", "s-probe")])
async def test_who_fails_to_prove_it_again_is_cut_off(proves: Rig, user: str, secret: str) -> None:
    """[MQTT-4.12.1-2]; neither may it become another."""
    client = await signed_in(proves)
    prover = Prover(user, secret)
    client.send(auth(prover.first, ReasonCode.RE_AUTHENTICATE))
    await until(lambda: len(auths(client)) == 2, "a challenge")
    told = auths(client)[1].properties
    assert told is not None
    client.send(auth(prover.answer(told.authentication_data or b"")))
    await until(client.closed.is_set, "the end")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.NOT_AUTHORIZED


async def test_a_method_that_fails_turns_its_client_away(rig: Rig) -> None:
    """A method is others' code: what it does wrong must leave nobody waiting."""

    class Broken:
        def begin(self, user: str | None) -> Broken:
            return self

        async def step(self, data: bytes | None) -> Step:
            raise ZeroDivisionError

    rig.gateway.methods = {METHOD: Broken()}
    connack = await client_of(rig, b"x").open()
    assert connack.reason == ReasonCode.NOT_AUTHORIZED
    assert rig.gateway.attempts.newest(1)[0].kind == "proof"


async def test_failures_count_by_client_id_where_no_name_is_told(proves: Rig) -> None:
    proves.limit(sign_in={"free": 1, "first_s": 30})
    prover = Prover("lamp", "wrong")
    client = client_of(proves, prover.first)
    client.send(auth(prover.answer(await challenged(client))))
    await until(client.closed.is_set, "the end")
    again = await client_of(proves, prover.first).open()
    assert again.reason == ReasonCode.CONNECTION_RATE_EXCEEDED
    other = Client(proves.port, Connect("probe", Version.V5, properties=client.wire.connect.properties))
    proves.clients.append(other)
    await challenged(other)


async def test_auth_out_of_turn_is_an_error(proves: Rig) -> None:
    client = await signed_in(proves)
    client.send(auth(b"x"))
    await until(client.closed.is_set, "the end")
    assert client.goodbye is not None and client.goodbye.reason == ReasonCode.PROTOCOL_ERROR


async def test_who_leaves_in_the_middle_is_let_go(proves: Rig) -> None:
    prover = Prover("lamp", "s-lamp")
    client = client_of(proves, prover.first)
    answer = prover.answer(await challenged(client))
    client.send(auth(answer))
    await client.drop()
    assert (await proves.device("lamp")).connack is not None


async def test_methods_are_entry_points(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("SCRAM-SHA-256", f"{__name__}:make_method", authentication.GROUP),
        EntryPoint("BROKEN", f"{__name__}:nothing", authentication.GROUP),
    ]

    def found(**asked: Any) -> list[EntryPoint]:
        assert asked == {"group": "unisono.authentication"}
        return points

    monkeypatch.setattr(authentication, "entry_points", found)
    assert list(find_methods(rig.bus)) == ["SCRAM-SHA-256"]


def make_method(bus: Bus) -> Method:
    async def find(user: str) -> None:
        return None

    return Scram(find)
