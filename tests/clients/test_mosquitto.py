"""Mosquitto's own clients and its bridge, against a running hub."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.clients.scenes import Cast
from tests.hub.hub import Hub
from tests.parts import free_port, until

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = pytest.mark.skipif(
    MOSQUITTO is None or shutil.which("mosquitto_sub") is None,
    reason="mosquitto is not installed: apt-get install mosquitto mosquitto-clients",
)
WITHIN_S = 20.0
VERSIONS = ("mqttv311", "mqttv5")
BRIDGE = {"mqttv311": "mqttv311", "mqttv5": "mqttv50"}
DOORS = ("tcp", "tls")
LINE_BY_LINE = ("stdbuf", "-oL")
"""What the tools say with -d is otherwise kept back until their output is full."""
_numbers = itertools.count()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub for the module; each test has a home of its own."""
    hub = Hub(tmp_path_factory.mktemp("mosquitto") / "data")
    asyncio.run(hub.start())
    yield hub
    hub.clients.clear()  # what a failed test left belongs to that test's loop, which is gone
    asyncio.run(hub.close())


async def home(hub: Hub) -> tuple[Cast, Cast]:
    number = next(_numbers)
    ids = (f"mosq{number}", f"quitto{number}")
    secrets = await hub.furnish(*ids, place=f"mosquitto{number}")
    first, second = (Cast(id, secrets[id]) for id in ids)
    return first, second


class Tools:
    """``mosquitto_pub``, ``_sub`` and ``_rr`` as one thing, through one door."""

    def __init__(self, hub: Hub, door: str, version: str, who: Cast) -> None:
        port = hub.mqtt_port if door == "tcp" else hub.mqtts_port
        self.rest = ["-h", "127.0.0.1", "-p", str(port), "-V", version, "-u", who.id, "-P", who.secret]
        if door == "tls":
            self.rest += ["--cafile", str(hub.data / "tls" / "ca.pem")]

    async def run(self, tool: str, *words: str) -> tuple[int, str]:
        """Exit code and everything that was printed."""
        process = await self.begin(tool, *words)
        async with asyncio.timeout(WITHIN_S):
            output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    async def begin(self, tool: str, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *LINE_BY_LINE, tool, *self.rest, *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    async def publish(self, topic: str, payload: str, *words: str) -> None:
        code, output = await self.run("mosquitto_pub", "-t", topic, "-m", payload, *words)
        assert code == 0, output

    @contextlib.asynccontextmanager
    async def listen(self, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """``mosquitto_sub``, once it has subscribed (it says so with -d)."""
        process = await self.begin("mosquitto_sub", "-d", *words)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(WITHIN_S):
                while not (line := await process.stdout.readline()).startswith(b"Subscribed"):
                    assert line, "mosquitto_sub ended before it had subscribed"
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def heard(process: asyncio.subprocess.Process, count: int) -> list[str]:
    """What it printed of messages (lines without the debug output of -d)."""
    assert process.stdout is not None
    found: list[str] = []
    async with asyncio.timeout(WITHIN_S):
        while len(found) < count:
            line = (await process.stdout.readline()).decode().rstrip("\n")
            if line.startswith("> "):
                found.append(line[2:])
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("door", DOORS)
async def test_publishing_and_subscribing(running: Hub, door: str, version: str) -> None:
    first, second = await home(running)
    one, other = Tools(running, door, version, first), Tools(running, door, version, second)
    async with other.listen("-t", "room/#", "-q", "2", "-F", "> %t %q %r %p") as process:
        for qos in "012":
            await one.publish("room/a", f"at {qos}", "-q", qos)
            assert await heard(process, 1) == [f"room/a {qos} 0 at {qos}"]
        await one.publish("room/kept", "later", "-q", "1", "-r")
        assert await heard(process, 1) == ["room/kept 1 0 later"]
    async with other.listen("-t", "room/+", "-q", "1", "-F", "> %t %q %r %p") as process:
        assert await heard(process, 1) == ["room/kept 1 1 later"]
    code, output = await one.run("mosquitto_pub", "-t", "room/kept", "-r", "-n", "-q", "1")
    assert code == 0, output
    code, output = await other.run("mosquitto_sub", "-t", "room/+", "-W", "1", "-F", "> %t")
    assert "> " not in output, (code, output)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_wrong_secret(running: Hub, version: str) -> None:
    first, _ = await home(running)
    code, output = await Tools(running, "tcp", version, Cast(first.id, "wrong")).run(
        "mosquitto_pub", "-t", "room/a", "-m", "x"
    )
    assert code != 0
    assert "user name or password" in output.lower() or "not authori" in output.lower(), output


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_will(running: Hub, version: str) -> None:
    first, second = await home(running)
    one, other = Tools(running, "tcp", version, first), Tools(running, "tcp", version, second)
    async with other.listen("-t", "room/will", "-q", "1", "-F", "> %p") as watching:
        will = ("--will-topic", "room/will", "--will-payload", "gone", "--will-qos", "1")
        async with one.listen("-t", "room/nothing", *will) as lost:
            lost.send_signal(signal.SIGKILL)
            assert await heard(watching, 1) == ["gone"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_comes_while_away_waits(running: Hub, version: str) -> None:
    first, second = await home(running)
    one, other = Tools(running, "tcp", version, first), Tools(running, "tcp", version, second)
    lasting = ["-i", second.id, "-c", "-q", "1", "-t", "room/away"]
    code, output = await other.run("mosquitto_sub", *lasting, "-E")
    assert code == 0, output
    for number in range(3):
        await one.publish("room/away", str(number), "-q", "1")
    code, output = await other.run("mosquitto_sub", *lasting, "-C", "3", "-W", "15")
    assert (code, output.split()) == (0, ["0", "1", "2"])


async def test_asking_and_answering(running: Hub) -> None:
    """``mosquitto_rr``: response topic and correlation data, on both sides."""
    first, second = await home(running)
    one, other = Tools(running, "tcp", "mqttv5", first), Tools(running, "tcp", "mqttv5", second)
    async with other.listen("-t", "room/ask", "-F", "> %R %D %p") as listening:
        asking = await one.begin(
            "mosquitto_rr", "-t", "room/ask", "-e", "room/answer", "-m", "how warm?",
            "-D", "publish", "correlation-data", "c1", "-W", "15",
        )  # fmt: skip
        [line] = await heard(listening, 1)
        assert line.startswith("room/answer ")
        assert line.endswith("how warm?")
        await other.publish("room/answer", "21", "-D", "publish", "correlation-data", "c1")
        async with asyncio.timeout(WITHIN_S):
            output, _ = await asking.communicate()
    assert (asking.returncode, output.decode().strip()) == (0, "21")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_bridge(running: Hub, version: str, tmp_path: Path) -> None:
    """A Mosquitto that passes on what its own clients say, and is told what the hub's say."""
    assert MOSQUITTO is not None
    first, second = await home(running)
    port, config = free_port(), tmp_path / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        f"connection hub\naddress 127.0.0.1:{running.mqtt_port}\nbridge_protocol_version {BRIDGE[version]}\n"
        f"remote_username {first.id}\nremote_password {first.secret}\nremote_clientid {first.id}\n"
        "cleansession true\ntry_private true\nnotifications false\nbridge_attempt_unsubscribe false\n"
        "restart_timeout 1\ntopic up/# out 1\ntopic down/# in 1\n"
    )
    log = (tmp_path / "log").open("wb")
    bridge = await asyncio.create_subprocess_exec(MOSQUITTO, "-v", "-c", str(config), stdout=log, stderr=log)
    try:
        said = tmp_path / "log"
        await until(
            lambda: b"Received SUBACK from local." in said.read_bytes() or bridge.returncode, "the bridge is up"
        )
        hub_side = await running.device(second.id, second.secret)
        assert await hub_side.subscribe("up/#") == [1]
        local = ["-h", "127.0.0.1", "-p", str(port)]
        hearing = await asyncio.create_subprocess_exec(
            *LINE_BY_LINE, "mosquitto_sub", *local, "-d", "-t", "down/#", "-q", "1", "-F", "> %t %p",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert hearing.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            while not (await hearing.stdout.readline()).startswith(b"Subscribed"):
                pass
        pub = await asyncio.create_subprocess_exec("mosquitto_pub", *local, "-t", "up/room", "-m", "hello", "-q", "1")
        assert await pub.wait() == 0
        await until(lambda: hub_side.payloads, "the hub's client heard it")
        assert hub_side.payloads == [b"hello"]
        await hub_side.say("down/room", b"hello bridge")
        assert await heard(hearing, 1) == ["down/room hello bridge"]
        hearing.kill()
        await hearing.wait()
        await hub_side.drop()
        running.clients.clear()
    finally:
        if bridge.returncode is None:
            bridge.terminate()
        await bridge.wait()
        assert not bridge.returncode, (tmp_path / "log").read_text()
        log.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_cleaning_up_what_is_retained(running: Hub, version: str) -> None:
    first, second = await home(running)
    one, other = Tools(running, "tcp", version, first), Tools(running, "tcp", version, second)
    for number in range(3):
        await one.publish(f"kept/{number}", str(number), "-r", "-q", "1")
    every = ["-t", "kept/#", "-q", "1", "-F", "> %t %r"]
    code, output = await other.run("mosquitto_sub", *every, "--retained-only", "-C", "3", "-W", "15")
    assert (code, sorted(output.split("\n"))[1:]) == (0, [f"> kept/{number} 1" for number in range(3)])
    # to its end in time: with -C it does not end, beside Mosquitto neither
    _code, output = await other.run("mosquitto_sub", *every, "-T", "kept/1", "--remove-retained", "-W", "2")
    assert sorted(line for line in output.split("\n") if line.endswith(" 1")) == ["> kept/0 1", "> kept/2 1"]
    code, output = await other.run("mosquitto_sub", *every, "-C", "1", "-W", "15")
    assert (code, output) == (0, "> kept/1 1\n")  # -T left it out, so it was left


async def test_subscriptions_and_messages_with_properties(running: Hub) -> None:
    first, second = await home(running)
    one, other = Tools(running, "tcp", "mqttv5", first), Tools(running, "tcp", "mqttv5", second)
    own = ["-D", "subscribe", "subscription-identifier", "9", "-D", "connect", "receive-maximum", "1"]
    own += ["-D", "connect", "maximum-packet-size", "200"]
    async with other.listen("-t", "room/#", "-q", "2", "-x", "60", *own, "-F", "> %t %S %C %E %P %p") as listening:
        await one.publish("room/large", "x" * 300, "-q", "1")  # larger than it takes: counts as sent
        said = ["-D", "publish", "content-type", "text/plain", "-D", "publish", "message-expiry-interval", "90"]
        said += ["-D", "publish", "user-property", "a", "1", "-D", "publish", "topic-alias", "4"]
        await one.publish("room/told", "hello", "-q", "2", "--repeat", "3", *said)
        lines = await heard(listening, 3)
    assert {line.replace(" 89 ", " 90 ") for line in lines} == {"room/told 9 text/plain 90 a:1 hello"}


@pytest.mark.parametrize("door", DOORS)
async def test_a_file_and_lines(running: Hub, door: str, tmp_path: Path) -> None:
    first, second = await home(running)
    one, other = Tools(running, door, "mqttv5", first), Tools(running, door, "mqttv5", second)
    file = tmp_path / "large"
    file.write_bytes(bytes(range(256)) * 6_000)
    whole_one = ["-t", "room/file", "-q", "2", "-C", "1", "-W", "15", "-N", "-c", "-i", "f"]
    process = await other.begin("mosquitto_sub", *whole_one)
    code, output = await one.run("mosquitto_pub", "-t", "room/file", "-f", str(file), "-q", "2", "-r")
    assert code == 0, output
    async with asyncio.timeout(WITHIN_S):
        whole, _ = await process.communicate()
    assert whole == file.read_bytes()
    async with other.listen("-t", "room/lines", "-q", "1", "-F", "> %p") as listening:
        lines = await asyncio.create_subprocess_exec(
            "mosquitto_pub", *one.rest, "-t", "room/lines", "-l", "-q", "1", stdin=subprocess.PIPE
        )
        await lines.communicate(b"".join(b"%d\n" % number for number in range(200)))
        assert lines.returncode == 0
        assert await heard(listening, 200) == [str(number) for number in range(200)]


async def test_unsubscribing_at_the_start(running: Hub) -> None:
    """``-U``: a session that lasts hears no more of what it was told to leave."""
    first, second = await home(running)
    one, other = Tools(running, "tcp", "mqttv5", first), Tools(running, "tcp", "mqttv5", second)
    own = ["-c", "-i", second.id, "-q", "1"]
    code, output = await other.run("mosquitto_sub", *own, "-t", "room/a", "-t", "room/b", "-E")
    assert code == 0, output
    code, output = await other.run("mosquitto_sub", *own, "-t", "room/b", "-U", "room/a", "-E")
    assert code == 0, output
    for topic in ("room/a", "room/b"):
        await one.publish(topic, topic, "-q", "1")
    code, output = await other.run("mosquitto_sub", *own, "-t", "room/b", "-C", "1", "-W", "15")
    assert (code, output) == (0, "room/b\n")
