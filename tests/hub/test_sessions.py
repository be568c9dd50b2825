"""Whole hubs: what waits for absent clients survives kill -9, and several gateways on one port are one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.gateway.client import Client
from tests.hub.hub import Hub
from tests.parts import until
from unisono.gateway.fleet.homes import home_of
from unisono.wire.mqtt import Version, Will

LASTING: dict[str, Any] = {"clean_start": False}
GATEWAYS = ["g0", "g1", "g2"]


async def test_what_waits_survives_a_power_cut(hub: Hub) -> None:
    await hub.start()
    secrets = await hub.furnish("away", "speaker", "mortal", "onlooker")
    away = await hub.device("away", secrets["away"], **LASTING)
    await away.subscribe("news/#", "gone/#", qos=2)
    await away.leave()
    speaker = await hub.device("speaker", secrets["speaker"])
    sent = [b"%d" % n for n in range(200)]
    for n, payload in enumerate(sent):
        await speaker.say("news/1", payload, 1 + n % 2)
    await speaker.say("kept", b"retained", 1, retain=True)
    await hub.device("mortal", secrets["mortal"], will=Will("gone/mortal", b"will", 1))
    await hub.kill_all()
    await hub.start()
    got: list[bytes] = []
    await away.open()
    await until(lambda: len(away.messages) == 201, "all that waited, and the will")
    got = [payload for topic, payload, _qos, _retain in away.messages if topic == "news/1"]
    assert [payload for n, payload in enumerate(got) if int(payload) % 2] == sent[1::2], "QoS 2: once, in order"
    assert [payload for payload in got if not int(payload) % 2] == sent[::2], "QoS 1: in order"
    assert ("gone/mortal", b"will", 1, False) in away.messages
    onlooker = await hub.device("onlooker", secrets["onlooker"])
    await onlooker.subscribe("kept")
    await until(lambda: onlooker.payloads == [b"retained"], "the retained message")


async def test_exactly_once_while_everything_is_killed(hub: Hub) -> None:
    """The subscriber stays, the publisher repeats what was not acknowledged, the hub dies again and again."""
    await hub.start()
    secrets = await hub.furnish("ear", "mouth")
    ear = await hub.device("ear", secrets["ear"], **LASTING)
    await ear.subscribe("x", qos=2)
    mouth = await hub.device("mouth", secrets["mouth"], **LASTING)
    heard: list[bytes] = []
    count = 0
    for _ in range(3):
        for _ in range(150):
            mouth.publish("x", b"%d" % count, 2)
            count += 1
        await until(lambda: len(ear.messages) > 20, "it is under way")
        await hub.kill_all()
        heard += ear.payloads
        await hub.start()
        await ear.open()
        await mouth.open()
    await until(lambda: not mouth.wire.session.in_flight, "the publisher is done")
    await mouth.say("x", b"last", 2)
    await until(lambda: ear.messages and ear.payloads[-1] == b"last", "the last")
    heard += ear.payloads
    assert heard == [*(b"%d" % n for n in range(count)), b"last"]


@pytest.fixture
async def three(tmp_path: Path) -> Any:
    made = Hub(tmp_path / "data", "--gateways", "3")
    await made.start()
    yield made
    await made.close()


def gateway(hub: Hub, home: str) -> psutil.Process:
    """The process of one gateway, by the local socket on which it takes its clients in."""
    for each in hub.children():
        if any("gateway.process" in part for part in each.cmdline()):
            paths = [one.laddr for one in each.net_connections("unix")]
            if any(str(path).endswith(f"{home}.sock") for path in paths):
                return each
    raise AssertionError(f"no process is {home}")


async def test_three_gateways_are_one(three: Hub) -> None:
    things = [f"t{n}" for n in range(12)]
    secrets = await three.furnish(*things, "speaker")
    clients: dict[str, Client] = {}
    for thing in things:
        clients[thing] = await three.device(thing, secrets[thing], version=Version.V5)
        await clients[thing].subscribe("x", "things/me/set")
    assert len({home_of(thing, GATEWAYS) for thing in things}) == 3
    speaker = await three.device("speaker", secrets["speaker"])
    for n in range(30):
        await speaker.say("x", b"%d" % n, n % 2 + 1)
    for thing, client in clients.items():
        await until(lambda c=client: len(c.messages) == 30, f"{thing} heard all")  # type: ignore[misc]
        assert client.payloads == [b"%d" % n for n in range(30)]
    status = await three.get("/api/v1/status")
    gateways = {each["gateway"]: each["connections"] for each in status["gateways"]}
    assert set(GATEWAYS) <= set(gateways) and sum(gateways[each] for each in GATEWAYS) == 13
    for thing in things:
        assert (await three.thing(thing))["online"] is True
    again = await three.device("t0", secrets["t0"], version=Version.V5)
    await until(clients["t0"].closed.is_set, "the first is taken over from")
    await again.leave()

    async def offline() -> bool:
        return (await three.thing("t0"))["online"] is False

    await three.eventually(offline, "it is offline")


async def test_one_gateway_of_three_is_killed(three: Hub) -> None:
    things = [f"t{n}" for n in range(9)]
    secrets = await three.furnish(*things, "speaker")
    clients = {thing: await three.device(thing, secrets[thing], **LASTING) for thing in things}
    for client in clients.values():
        await client.subscribe("x", qos=2)
    home = next(each for each in GATEWAYS if each != home_of("speaker", GATEWAYS))
    hit = [thing for thing in things if home_of(thing, GATEWAYS) == home]
    assert hit
    speaker = await three.device("speaker", secrets["speaker"])
    for n in range(20):
        await speaker.say("x", b"%d" % n, 2)
    for client in clients.values():
        await until(lambda c=client: len(c.messages) == 20, "all heard")  # type: ignore[misc]
        await until(lambda c=client: not c.wire.session.held, "and said so")  # type: ignore[misc]
    gateway(three, home).kill()
    for thing in hit:
        await until(clients[thing].closed.is_set, "its clients lose their connection")
    for n in range(20, 40):
        await speaker.say("x", b"%d" % n, 2)
    for thing in hit:
        before = clients[thing].payloads
        assert (await clients[thing].open()).session_present is True
        await until(lambda t=thing: len(clients[t].messages) >= 20, "what was said meanwhile")  # type: ignore[misc]
        assert before + clients[thing].payloads == [b"%d" % n for n in range(40)]
    for thing, client in clients.items():
        if thing not in hit:
            assert client.payloads == [b"%d" % n for n in range(40)], "the others heard it at once"


async def test_sessions_find_their_home_when_the_number_of_gateways_changes(hub: Hub) -> None:
    await hub.start()
    things = [f"t{n}" for n in range(6)]
    secrets = await hub.furnish(*things, "speaker")
    clients = {thing: await hub.device(thing, secrets[thing], **LASTING) for thing in things}
    for client in clients.values():
        await client.subscribe("x", qos=1)
        await client.leave()
    speaker = await hub.device("speaker", secrets["speaker"])
    said: list[bytes] = []
    for flags in (("--gateways", "2"), ("--gateways", "3"), ()):
        for _ in range(3):
            said.append(b"%d" % len(said))
            await speaker.say("x", said[-1], 1)
        await hub.kill_all()
        hub.flags = flags
        await hub.start()
        await speaker.open()
    for client in clients.values():
        assert (await client.open()).session_present is True
        await until(lambda c=client: len(c.messages) == 9, "all that waited")  # type: ignore[misc]
        assert client.payloads == said
