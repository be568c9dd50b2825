"""Outlets on a running hub: at least once, over receivers that fail and kill -9; nothing missing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import nats
import pytest

from tests.hub.hub import Hub
from tests.hub.test_computed import say
from tests.parts import free_port, until
from unisono.store.nats_server import NatsServer

KEY = "a signing key"
BROKER = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


class Target:
    """An HTTP receiver: fails as often as it is told to, remembers what it took."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.bad_signatures = 0
        self.failures = 0
        self.calls = 0
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                target.calls += 1
                wanted = "sha256=" + hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
                target.bad_signatures += self.headers["X-Unisono-Signature"] != wanted
                target.bad_signatures += self.headers["X-Tenant"] != "wei"
                if target.failures:
                    target.failures -= 1
                    self.send_response(500)
                else:
                    target.items += json.loads(body)["items"]
                    self.send_response(204)
                self.end_headers()

            def log_message(self, *_words: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self.server.server_address[1])
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def values(self) -> list[Any]:
        """The reported values, each item once."""
        once = {item["id"]: item for item in self.items}
        return [item["changed"]["temperature"]["value"] for item in once.values() if "changed" in item]


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    yield target
    target.server.shutdown()
    target.server.server_close()
    target.thread.join()


def allow(hub: Hub, *ports: int) -> None:
    """The administrator names receivers on this machine."""
    hub.data.mkdir(parents=True, exist_ok=True)
    hosts = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    (hub.data / "outside.toml").write_text(f"hosts = [{hosts}]\n")


def webhook(port: int, **more: Any) -> dict[str, Any]:
    to = {"kind": "webhook", "url": f"http://127.0.0.1:{port}/in"}
    return {"id": "out", "place": "home", "to": to, "secret": KEY, "headers": {"X-Tenant": "wei"}, **more}


async def begun(hub: Hub, id: str = "out") -> None:
    """The outlet knows from where on it sends."""

    async def has_position() -> bool:
        return bool((await hub.get(f"/api/v1/outlets/{id}"))["positions"])

    await hub.eventually(has_position, "the outlet has begun")


async def test_a_webhook_that_fails_misses_nothing_over_kill_9(hub: Hub, target: Target) -> None:
    allow(hub, target.port)
    await hub.start()
    secrets = await hub.furnish("p1")
    await hub.furnish("q1", place="elsewhere")
    added = await hub.ask("POST", "/api/v1/outlets", webhook(target.port, batch=3))
    assert (added["secret"], added["headers"]) == (True, ["X-Tenant"])
    await begun(hub)
    wanted = []
    for life in range(3):
        target.failures = 2
        for number in range(10):
            wanted.append(life * 100 + number)
            await say(hub, "p1", secrets["p1"], temperature=wanted[-1])
        await hub.kill_all()
        await hub.start()
    await until(lambda: len(target.values) >= len(wanted), "all has arrived", 60)
    assert target.values == wanted
    assert target.bad_signatures == 0
    assert KEY not in (hub.data / "registry.db").read_bytes().decode("latin-1")

    async def settled() -> bool:
        [position] = (await hub.get("/api/v1/outlets/out"))["positions"]
        return bool(position["error"] is None and position["lag"] == 0 and position["sent"] >= len(wanted))

    await hub.eventually(settled, "it is not behind")
    await hub.ask("DELETE", "/api/v1/outlets/out")
    before = target.calls
    await say(hub, "p1", secrets["p1"], temperature=-1)
    assert (await hub.get("/api/v1/outlets"))["items"] == []
    assert target.calls == before


async def test_an_outlet_is_changed_in_its_place(hub: Hub, target: Target) -> None:
    """Nothing is left out or sent anew, and what is sealed stays unless it is named."""
    allow(hub, target.port)
    await hub.start()
    secrets = await hub.furnish("p1")
    await hub.ask("POST", "/api/v1/outlets", webhook(target.port, what=["alarms"]))
    changed = await hub.ask("PATCH", "/api/v1/outlets/out", {"what": ["changes"], "headers": {"X-More": "yes"}})
    assert (changed["what"], changed["secret"], changed["headers"]) == (["changes"], True, ["X-More", "X-Tenant"])
    await say(hub, "p1", secrets["p1"], temperature=1)  # at once: it begins with what comes from now on
    await until(lambda: target.values == [1], "the first has arrived", 30)
    target.failures = 10_000
    await say(hub, "p1", secrets["p1"], temperature=2)
    changed = await hub.ask("PATCH", "/api/v1/outlets/out", {"batch": 1, "headers": {"X-More": None}})
    assert (changed["batch"], changed["secret"], changed["headers"]) == (1, True, ["X-Tenant"])
    target.failures = 0
    await say(hub, "p1", secrets["p1"], temperature=3)
    await until(lambda: target.values == [1, 2, 3], "all have arrived", 60)
    assert target.bad_signatures == 0
    without = await hub.ask("PATCH", "/api/v1/outlets/out", {"secret": None})
    assert (without["secret"], without["headers"]) == (False, ["X-Tenant"])


async def test_what_a_place_brings_about_goes_onward_over_kill_9(hub: Hub, target: Target) -> None:
    allow(hub, target.port)
    await hub.start()
    secrets = await hub.furnish("p1")
    await hub.ask("POST", "/api/v1/things", {"id": "lamp", "place": "home", "model": "light"})
    mean = {"kind": "group", "of": {"things": ["p1"]}, "property": "temperature", "how": "mean"}
    await hub.ask("POST", "/api/v1/things", {"id": "mean1", "place": "home", "computed": mean})
    warm = {"change": {"property": "temperature", "above": 25}}
    alarm = {"id": "hot", "name": "Too warm", "place": "home", "things": ["p1"], "raise": warm}
    await hub.ask("POST", "/api/v1/alarms/definitions", alarm)
    when = [{"change": {"things": ["p1"], "property": "temperature", "above": 25}}]
    then = [{"set": {"things": ["lamp"], "state": {"on_off": True}}}]
    await hub.ask("POST", "/api/v1/scenes", {"id": "s", "name": "S", "place": "home", "when": when, "then": then})
    what = ["computed", "commands", "alarms", "scenes"]
    added = await hub.ask("POST", "/api/v1/outlets", webhook(target.port, what=what, batch=3))
    assert added["what"] == what
    for _life in range(3):
        target.failures = 1
        for value in (30, 20):
            await say(hub, "p1", secrets["p1"], temperature=value)
        await hub.kill_all()
        await hub.start()
    cancelled = {"set": {"on_off": True}, "why": "the last"}
    last = await hub.ask("POST", "/api/v1/things/lamp/commands", cancelled)
    await hub.ask("DELETE", f"/api/v1/commands/{last['id']}")

    def once() -> dict[str, dict[str, Any]]:
        return {item["id"]: item for item in target.items}

    def over() -> bool:
        ends = [each["command"] for each in once().values() if "command" in each]
        return any(each["id"] == last["id"] and "ended" in each for each in ends)

    await until(over, "the last has arrived", 60)
    items = list(once().values())
    assert sorted(item["number"] for item in items) == list(range(1, len(items) + 1))
    assert [each["changed"]["temperature"]["value"] for each in items if "changed" in each] == [30, 20] * 3
    assert [each["alarm"]["act"] for each in items if "alarm" in each].count("raised") == 3
    runs = [each["run"]["state"] for each in items if "run" in each]
    assert (runs.count("running"), runs.count("done")) == (3, 3)
    # each run of the scene asks for the lamp, the later request supersedes the earlier one
    begun = [each["command"]["id"] for each in items if "command" in each and each["command"]["state"] == "queued"]
    assert len(begun) == len(set(begun)) == 4
    reasons = {each["command"]["because"] for each in items if each.get("command", {}).get("id") == last["id"]}
    assert reasons == {"the last"}

    async def settled() -> bool:
        [position] = (await hub.get("/api/v1/outlets/out"))["positions"]
        return bool(position["source"] == "results" and position["lag"] == 0 and position["skipped"] == 0)

    await hub.eventually(settled, "it is not behind")


async def test_internal_addresses_only_where_they_are_named(shared: Hub, target: Target) -> None:
    secrets = await shared.furnish("r1", place="five")
    await shared.ask("POST", "/api/v1/outlets", {**webhook(target.port), "id": "no", "place": "five"})
    await begun(shared, "no")
    await say(shared, "r1", secrets["r1"], temperature=1)

    async def told() -> bool:
        [position] = (await shared.get("/api/v1/outlets/no"))["positions"]
        return "outside.toml" in (position["error"] or "")

    await shared.eventually(told, "it says why")
    assert target.calls == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": {"kind": "pigeon"}}, "to.kind"),
        ({"to": {"kind": "webhook", "url": "ftp://x"}}, "to.url"),
        ({"what": []}, "what"),
        ({"what": ["gossip"]}, "what.0"),
        ({"to": {"kind": "kafka", "url": "kafka://x", "topic": "a b"}}, "to.topic"),
        ({"batch": 0}, "batch"),
        ({"things": ["nobody"]}, "things.0"),
        ({"place": "nowhere"}, "place"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"more": 1}, "more"),
    ],
)
async def test_what_cannot_be_is_refused_by_field(shared: Hub, change: dict[str, Any], field: str | None) -> None:
    await shared.ask("POST", "/api/v1/places", {"id": "home", "name": "Home", "kind": "home"}, ok=False)
    answer = await shared.ask("POST", "/api/v1/outlets", {**webhook(1), "id": "bad", **change}, ok=False)
    assert 400 <= answer["status"] < 500
    assert answer.get("field") == field
    assert all(each["id"] != "bad" for each in (await shared.get("/api/v1/outlets"))["items"])


async def test_a_real_broker_gets_what_is_asked_for(hub: Hub, tmp_path: Path) -> None:
    if BROKER is None:
        pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
    port = free_port()
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    allow(hub, port)
    await hub.start()
    secrets = await hub.furnish("p1", "p2")
    to = {"kind": "mqtt", "url": f"mqtt://127.0.0.1:{port}", "topic": "home/{thing}"}
    await hub.ask("POST", "/api/v1/outlets", {"id": "out", "place": "home", "to": to, "things": ["p1"]})
    await begun(hub)
    await say(hub, "p1", secrets["p1"], temperature=1)  # while the broker is away
    broker = _broker(settings)
    try:
        got: list[tuple[str, Any]] = []
        async with asyncio.timeout(60):
            async with await _connected(port) as client:
                await client.subscribe("home/#", qos=1)
                await say(hub, "p2", secrets["p2"], temperature=9)
                await say(hub, "p1", secrets["p1"], temperature=2)
                async for message in client.messages:
                    assert isinstance(message.payload, bytes)
                    item = json.loads(message.payload)
                    got.append((str(message.topic), item["changed"]["temperature"]["value"]))
                    if item["changed"]["temperature"]["value"] == 2:
                        break
        assert got[-1] == ("home/p1", 2)
        assert {topic for topic, _value in got} == {"home/p1"}
    finally:
        broker.terminate()
        broker.wait()


def _broker(settings: Path) -> subprocess.Popen[bytes]:
    assert BROKER is not None
    return subprocess.Popen([BROKER, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def _connected(port: int) -> aiomqtt.Client:
    """A client of a broker that is starting."""
    while True:
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return aiomqtt.Client("127.0.0.1", port)


async def test_a_real_nats_server_gets_each_item_once(hub: Hub, tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "other")
    await server.start()
    client = await nats.connect(server.url, token=server.token)
    try:
        stream = client.jetstream()
        await stream.add_stream(name="OUT", subjects=["out.>"])
        port = urlsplit(server.url).port
        assert port is not None
        allow(hub, port)
        await hub.start()
        secrets = await hub.furnish("p1")
        to = {"kind": "nats", "url": f"nats://127.0.0.1:{port}", "subject": "out.{thing}"}
        body = {"id": "out", "place": "home", "to": to, "secret": server.token}
        await hub.ask("POST", "/api/v1/outlets", body)
        await begun(hub)
        for number in range(5):
            await say(hub, "p1", secrets["p1"], temperature=number)
        await hub.kill_all()
        await hub.start()
        await say(hub, "p1", secrets["p1"], temperature=5)
        subscription = await stream.subscribe("out.p1", ordered_consumer=True)
        values = [
            json.loads((await subscription.next_msg(30)).data)["changed"]["temperature"]["value"] for _ in range(6)
        ]
        assert values == [0, 1, 2, 3, 4, 5]
        assert (await stream.stream_info("OUT")).state.messages == 6
    finally:
        await client.close()
        await server.stop()


async def test_from_the_command_line_and_in_the_metrics(shared: Hub, target: Target, tmp_path: Path) -> None:
    await shared.ask("POST", "/api/v1/places", {"id": "six", "name": "Six", "kind": "home"})
    key = tmp_path / "key"
    key.write_text("something secret\n")
    file = tmp_path / "outlet.yaml"
    to = f"{{kind: webhook, url: 'http://127.0.0.1:{target.port}/'}}"
    file.write_text(f"id: six\nplace: six\nkind: sensor\nto: {to}\n")

    async def run(*words: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{shared.http_port}"
        environment = {"UNISONO_URL": url, "UNISONO_DATA": str(shared.data), "PATH": ""}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "unisono.cli", "outlet", *words, stdout=asyncio.subprocess.PIPE, env=environment
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    code, out = await run("add", str(file), "--secret-file", str(key), "--json")
    assert code == 0
    assert "something secret" not in out
    assert json.loads(out)[0]["secret"] is True
    await begun(shared, "six")
    code, out = await run("list", "--json")
    assert "six" in [each["id"] for each in json.loads(out)]
    code, out = await run("show", "six")
    assert "BEHIND" in out
    text = shared.http.get("/metrics", headers={"Authorization": f"Bearer {shared.token}"}).text
    assert 'unisono_outlet_sent_total{outlet="six",partition="0",source="log"} 0.0' in text
    assert (await run("remove", "six"))[0] == 0
    assert (await run("show", "six"))[0] == 1
