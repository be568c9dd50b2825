"""A method of enhanced authentication that somebody installs beside the hub: a package with an entry point, no line of
the hub's changed (MQTT 5 section 4.12, docs/access.md)."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.gateway.client import Client
from tests.hub.hub import Hub
from tests.parts import until
from unisono.wire.mqtt import Connect, Properties, ReasonCode, Version
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Auth

METHOD = "ECHO"
SOURCE = '''
"""A challenge that is to be said backwards, by whoever is named first."""

from unisono.errors import CallerError
from unisono.gateway.door.authentication import Step, vouch
from unisono.twin.talk import SignIn


class Echo:
    def __init__(self, bus):
        self.bus = bus

    def begin(self, user):
        return Exchange(self.bus)


class Exchange:
    def __init__(self, bus):
        self.bus = bus
        self.thing = ""

    async def step(self, data):
        if not self.thing:
            if not data:
                raise CallerError("nobody is named", code="bad_request", expected="a thing's id")
            self.thing = data.decode()
            return Step(b"challenge")
        if data == b"crash":
            raise ZeroDivisionError
        if data != b"egnellahc":
            return Step(None, SignIn(False, self.thing, "bad_credentials", "that is not it backwards"))
        return Step(b"welcome", await vouch(self.bus, self.thing))
'''


def install(folder: Path) -> None:
    """As ``pip install`` leaves it."""
    about = folder / "echo_method-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / "echo_method.py").write_text(SOURCE)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: echo-method\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        dedent("""\
            [unisono.authentication]
            ECHO = echo_method:Echo
            """)
    )


class Prover:
    """A client of the method."""

    def __init__(self, hub: Hub, thing: str, client_id: str, method: str = METHOD, expiry_s: int = 0) -> None:
        properties = Properties(
            authentication_method=method, authentication_data=thing.encode(), session_expiry_interval=expiry_s or None
        )
        connect = Connect(client_id, Version.V5, properties=properties, clean_start=not expiry_s)
        self.client = Client(hub.mqtt_port, connect)
        hub.clients.append(self.client)

    @property
    def told(self) -> list[Auth]:
        return [packet for packet in self.client.packets if isinstance(packet, Auth)]

    def say(self, data: bytes, reason: int = ReasonCode.CONTINUE_AUTHENTICATION) -> None:
        properties = Properties(authentication_method=METHOD, authentication_data=data)
        self.client.send(encode(Auth(reason, properties), Version.V5))

    async def challenged(self, times: int = 1) -> None:
        await until(lambda: len(self.told) >= times or self.client.closed.is_set(), "a challenge")
        assert len(self.told) >= times, self.client.connack
        properties = self.told[times - 1].properties
        assert properties is not None and properties.authentication_data == b"challenge"

    async def prove(self, answer: bytes = b"egnellahc") -> int:
        """Connect, and answer the challenge; returns CONNACK's reason."""
        await self.client.dial()
        self.client.send(self.client.wire.open())
        await self.challenged()
        self.say(answer)
        await until(lambda: self.client.connack is not None, "CONNACK")
        assert self.client.connack is not None
        return self.client.connack.reason


async def test_a_method_that_is_installed_beside_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two gateways: whoever proved it at one is at home at either, with its session."""
    install(tmp_path / "installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    hub = Hub(tmp_path / "data", "--gateways", "2")
    try:
        await hub.start()
        await hub.furnish("lamp", "probe")
        await _comes_in(hub)
        await _keeps_its_session(hub)
        await _proves_it_again(hub)
        await _is_turned_away(hub)
        await _is_shut_out(hub)
    finally:
        await hub.close()


async def _comes_in(hub: Hub) -> None:
    for n in range(8):  # wherever the port puts it, and wherever its home is
        prover = Prover(hub, "lamp", f"c{n}")
        assert await prover.prove() == 0
        connack = prover.client.connack
        assert connack is not None and connack.properties is not None
        assert connack.properties.authentication_method == METHOD
        assert connack.properties.authentication_data == b"welcome"
        assert await prover.client.say("things/me/state", b'{"temperature": %d}' % n) == 0
        await prover.client.leave()
    await hub.eventually(lambda: hub.value("lamp"), "its report")


async def _keeps_its_session(hub: Hub) -> None:
    for n in range(6):
        prover = Prover(hub, "lamp", "lasting", expiry_s=600)
        assert await prover.prove() == 0
        connack = prover.client.connack
        assert connack is not None and connack.session_present is (n > 0), n
        await prover.client.drop()


async def _proves_it_again(hub: Hub) -> None:
    for n in range(4):
        prover = Prover(hub, "lamp", f"again{n}")
        assert await prover.prove() == 0
        prover.say(b"lamp", ReasonCode.RE_AUTHENTICATE)
        await prover.challenged(2)
        prover.say(b"egnellahc")
        await until(lambda: len(prover.told) == 3, "the answer")  # noqa: B023
        assert prover.told[2].reason == ReasonCode.SUCCESS
        assert await prover.client.say("x", b"1") in (0, ReasonCode.NO_MATCHING_SUBSCRIBERS)
        prover.say(b"probe", ReasonCode.RE_AUTHENTICATE)  # another, who can prove it too
        await prover.challenged(4)
        prover.say(b"egnellahc")
        await until(prover.client.closed.is_set, "the end")
        assert prover.client.goodbye is not None
        assert prover.client.goodbye.reason == ReasonCode.NOT_AUTHORIZED


async def _is_turned_away(hub: Hub) -> None:
    assert await Prover(hub, "lamp", "wrong").prove(b"challenge") == ReasonCode.NOT_AUTHORIZED
    assert await Prover(hub, "lamp", "crash").prove(b"crash") == ReasonCode.NOT_AUTHORIZED
    assert await Prover(hub, "nobody", "nobody").prove() == ReasonCode.NOT_AUTHORIZED
    unknown = Prover(hub, "lamp", "unknown", method="GSSAPI").client
    connack = await unknown.open()
    assert connack.reason == ReasonCode.BAD_AUTHENTICATION_METHOD and connack.properties is not None
    assert "expected one of ['ECHO'], or none" in (connack.properties.reason_string or "")
    empty = await Prover(hub, "", "empty").client.open()
    assert empty.reason == ReasonCode.NOT_AUTHORIZED
    expected = {
        ("method", "", "bad_credentials"),
        ("proof", "lamp", "bad_credentials"),
        ("proof", "", "internal"),
        ("proof", "nobody", "unknown_thing"),
        ("proof", "", "bad_request"),
    }

    async def told() -> dict[tuple[str, str, str], str]:
        """What both gateways have told of, once it is all of it."""
        found = (await hub.get("/api/v1/attempts?limit=100"))["items"]
        details = {(each["kind"], each["user"], each["code"]): each["detail"] for each in found}
        return details if expected <= details.keys() else {}

    details = await hub.eventually(told, "every attempt is told of")
    assert "GSSAPI" in details["method", "", "bad_credentials"]
    assert details["proof", "lamp", "bad_credentials"] == "that is not it backwards"


async def _is_shut_out(hub: Hub) -> None:
    prover = Prover(hub, "lamp", "there")
    assert await prover.prove() == 0
    await hub.ask("POST", "/api/v1/things/lamp/secret", {})
    await until(prover.client.closed.is_set, "sent away: its secret is another")
    back = Prover(hub, "lamp", "there")
    assert await back.prove() == 0
    await hub.ask("POST", "/api/v1/things/lamp/revoke", {})
    await until(back.client.closed.is_set, "sent away: it is revoked")
    assert await Prover(hub, "lamp", "there").prove() == ReasonCode.NOT_AUTHORIZED
