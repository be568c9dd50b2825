"""Receivers against real servers, with TLS and credentials: Mosquitto, nats-server, an HTTPS server."""

from __future__ import annotations

import asyncio
import gc
import json
import secrets
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import aiomqtt
import nats
import pytest

from tests.parts import DEADLINE_S, free_port
from unisono.access import Outside
from unisono.access.authority import issue_server, make_authority
from unisono.connector.outlet.receiver import Receiver, Secrets, receiver
from unisono.errors import HostError
from unisono.store.server_binary import find_binary
from unisono.twin.outlet import Item, load_outlet

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
PASSWD = shutil.which("mosquitto_passwd")
SECRET = "a long password"


class Certificates(NamedTuple):
    """Of a server on localhost, and of an authority that has nothing to do with it."""

    ca: str
    other: str
    cert: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    now = datetime.now(UTC)
    authority = make_authority("test", now, secrets.token_bytes)
    pair = issue_server(authority, ["localhost", "127.0.0.1"], now, secrets.token_bytes)
    (folder / "cert.pem").write_bytes(pair.certificate)
    (folder / "key.pem").write_bytes(pair.key)
    other = make_authority("other", now, secrets.token_bytes)
    return Certificates(
        authority.certificate.decode(), other.certificate.decode(), folder / "cert.pem", folder / "key.pem"
    )


def to(document: dict[str, Any], secret: str = SECRET, outside: Outside | None = None) -> Receiver:
    outlet = load_outlet({"id": "out", "place": "home", "to": document})
    named = outside or Outside(hosts=("localhost",), internal=("127.0.0.0/8", "::1/128"))
    return receiver(outlet, Secrets(secret), named, "0-log")


def item(number: int, thing: str = "probe", what: str = "change") -> Item:
    id = f"0-abc-{number}-0"
    return Item(number, id, thing, what, json.dumps({"id": id, "number": number}).encode())


@pytest.mark.parametrize("kind", ["webhook", "nats"])
async def test_where_nobody_listens_it_says_what_that_was(kind: str) -> None:
    scheme = "http" if kind == "webhook" else "nats"
    document = {"kind": kind, "url": f"{scheme}://localhost:{free_port()}"}
    where, _colon, what = (await refused(to(document | ({"subject": "a"} if kind == "nats" else {})))).partition(": ")
    assert (where, bool(what)) == ("localhost", True)


async def refused(made: Receiver) -> str:
    """Why it does not arrive."""
    with pytest.raises(HostError) as caught:
        await made.send([item(1)])
    await made.close()
    assert caught.value.code == "receiver_unreachable"
    return caught.value.detail


async def listening(port: int) -> None:
    """The server takes connections."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return


# MQTT


@pytest.fixture
def mosquitto(tmp_path: Path, certificates: Certificates) -> Iterator[int]:
    if MOSQUITTO is None or PASSWD is None:
        pytest.skip("mosquitto is not installed (Debian: apt-get install mosquitto mosquitto-clients)")
    port = free_port()
    people = tmp_path / "people"
    subprocess.run([PASSWD, "-b", "-c", str(people), "hub", SECRET], check=True)
    people.chmod(0o644)
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {people}\n"
        f"certfile {certificates.cert}\nkeyfile {certificates.key}\nuser root\n"
    )
    process = subprocess.Popen([MOSQUITTO, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield port
    process.terminate()
    process.wait()


@pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_with_tls_and_a_password(mosquitto: int, certificates: Certificates) -> None:
    document = {
        "kind": "mqtt", "url": f"mqtts://localhost:{mosquitto}", "topic": "site/{what}/{thing}", "user": "hub",
        "ca": certificates.ca,
    }  # fmt: skip
    trusted = ssl.create_default_context(cadata=certificates.ca)
    made = to(document)
    await listening(mosquitto)
    async with aiomqtt.Client("localhost", mosquitto, username="hub", password=SECRET, tls_context=trusted) as client:
        await client.subscribe("site/#", qos=1)
        await made.send([item(1), item(2, "lamp", "command")])
        got = []
        async with asyncio.timeout(DEADLINE_S):
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                got.append((str(message.topic), json.loads(message.payload)["number"]))
                if len(got) == 2:
                    break
    assert got == [("site/change/probe", 1), ("site/command/lamp", 2)]
    await made.close()
    assert "ot authori" in await refused(to(document, "wrong"))
    assert "certificate" in await refused(to({**document, "ca": certificates.other}))
    assert "certificate" in await refused(to({**document, "ca": ""}))
    gc.collect()  # paho leaves the socket of a failed handshake to be collected, which warns


# NATS


@pytest.fixture
def nats_server(tmp_path: Path, certificates: Certificates) -> Iterator[int]:
    port = free_port()
    settings = tmp_path / "nats.conf"
    settings.write_text(
        f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{tmp_path / "js"}" }}\n'
        f'tls {{ cert_file: "{certificates.cert}", key_file: "{certificates.key}" }}\n'
        f'authorization {{ user: hub, password: "{SECRET}" }}\n'
    )
    program = str(find_binary().path)
    process = subprocess.Popen([program, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield port
    process.terminate()
    process.wait()


async def test_a_nats_server_with_tls_and_a_password(nats_server: int, certificates: Certificates) -> None:
    document = {
        "kind": "nats", "url": f"tls://localhost:{nats_server}", "subject": "site.{what}.{thing}", "user": "hub",
        "ca": certificates.ca,
    }  # fmt: skip
    await listening(nats_server)
    assert "no response" in (await refused(to(document))).lower()
    trusted = ssl.create_default_context(cadata=certificates.ca)
    client = await nats.connect(f"tls://localhost:{nats_server}", user="hub", password=SECRET, tls=trusted)
    stream = client.jetstream()
    await stream.add_stream(name="SITE", subjects=["site.>"])
    made = to(document)
    await made.send([item(1), item(2)])
    await made.send([item(2), item(3)])  # a repetition is known by its id
    await made.close()
    subscription = await stream.subscribe("site.change.probe", ordered_consumer=True)
    got = [json.loads((await subscription.next_msg(20)).data)["number"] for _ in range(3)]
    assert got == [1, 2, 3]
    await client.close()
    assert "uthorization" in await refused(to(document, "wrong"))
    assert "certificate" in await refused(to({**document, "ca": certificates.other}))


# HTTPS


@pytest.fixture
def https(certificates: Certificates) -> Iterator[tuple[int, list[Any]]]:
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.headers["Host"], json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = certificates.server().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield int(server.server_address[1]), got
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_webhook_of_an_authority_of_its_own(https: tuple[int, list[Any]], certificates: Certificates) -> None:
    port, got = https
    document = {"kind": "webhook", "url": f"https://localhost:{port}/in", "ca": certificates.ca}
    made = to(document)
    await made.send([item(1), item(2)])
    await made.close()
    await made.send([item(3)])  # a worker that begins anew uses it again
    await made.close()
    assert [(host, [each["number"] for each in body["items"]]) for host, body in got] == [
        (f"localhost:{port}", [1, 2]),
        (f"localhost:{port}", [3]),
    ]
    assert "CERTIFICATE" in (await refused(to({**document, "ca": certificates.other}))).upper()


async def test_a_certificate_that_is_none(https: tuple[int, list[Any]]) -> None:
    port, _got = https
    ca = "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n"
    assert "ca" in await refused(to({"kind": "webhook", "url": f"https://localhost:{port}/in", "ca": ca}))


async def test_internal_addresses_only_where_they_are_named(https: tuple[int, list[Any]]) -> None:
    port, got = https
    document = {"kind": "webhook", "url": f"https://localhost:{port}/in"}
    assert "outside.toml" in await refused(to(document, outside=Outside()))
    assert "internal" in await refused(to(document, outside=Outside(hosts=("localhost",))))
    assert "no address" in await refused(
        to({**document, "url": "https://nobody.invalid/"}, outside=Outside(hosts=("nobody.invalid",)))
    )
    assert got == []
