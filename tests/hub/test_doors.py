"""A hub's doors: what is open to whom, TLS with the hub's own certificate or one of one's own, real clients."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import socket
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.authority import AcmeAuthority
from tests.hub.hub import Hub
from tests.parts import until
from unisono.access.authority import issue_server, make_authority, read_certificate
from unisono.certificates import local_names

STATE = "things/me/state"


def authority_of(hub: Hub) -> Path:
    return hub.data / "tls" / "ca.pem"


async def run(*command: str, given: bytes = b"") -> tuple[int, str]:
    """A command's exit code and everything it prints; skips where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate(given)
    assert process.returncode is not None
    return process.returncode, output.decode("utf-8", "replace")


def shown(port: int, host: str = "127.0.0.1") -> bytes:
    """The certificate that a door shows, DER."""
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host, port), 10) as plain, blind.wrap_socket(plain) as secured:
        der = secured.getpeercert(binary_form=True)
    assert der is not None
    return der


def refuses(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 5).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("version", ["311", "5"])
async def test_mosquitto_pub_over_tls(shared: Hub, version: str) -> None:
    thing = f"probe{version}"
    [(_, secret)] = (await shared.furnish(thing, place=f"home{version}")).items()
    command = ["mosquitto_pub", "-h", "localhost", "-p", str(shared.mqtts_port), "-V", version]
    command += ["--cafile", str(authority_of(shared)), "-u", thing, "-P", secret]
    command += ["-t", STATE, "-q", "1", "-m", json.dumps({"temperature": 21.5})]
    assert await run(*command) == (0, "")

    async def taken_in() -> bool:
        return bool(await shared.value(thing) == 21.5)

    await shared.eventually(taken_in, "the value")


async def test_paho_over_tls_trusts_the_authority_and_nobody_else(shared: Hub) -> None:
    [(thing, secret)] = (await shared.furnish("lamp", model="light", place="paho")).items()
    reasons: list[Any] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=thing)
    client.username_pw_set(thing, secret)
    client.tls_set(str(authority_of(shared)))
    client.on_connect = lambda *given: reasons.append(given[3])
    await asyncio.to_thread(client.connect, "127.0.0.1", shared.mqtts_port)
    client.loop_start()
    try:
        await until(lambda: reasons, "CONNACK")
        assert not reasons[0].is_failure
    finally:
        client.disconnect()
        client.loop_stop()
    with (  # paho itself would leave its socket open
        socket.create_connection(("127.0.0.1", shared.mqtts_port), 10) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("secured", [False, True])
async def test_paho_over_websocket_is_seen_and_commanded(shared: Hub, secured: bool) -> None:
    thing = f"page{secured:d}"
    [(_, secret)] = (await shared.furnish(thing, model="light", place=f"browser{secured:d}")).items()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=thing, transport="websockets")
    client.ws_set_options("/mqtt")
    client.username_pw_set(thing, secret)
    if secured:
        client.tls_set(str(authority_of(shared)))
    ready: list[Any] = []

    def heard(client: paho.Client, _data: Any, message: Any) -> None:
        if message.topic == "things/me/set":
            client.publish(STATE, json.dumps(json.loads(message.payload)["state"]), 1)

    def connected(client: paho.Client, *_: Any) -> None:
        client.subscribe("things/me/#", 1)

    client.on_connect = connected
    client.on_message = heard
    client.on_subscribe = lambda *_: ready.append(True)
    port = shared.https_port if secured else shared.http_port
    await asyncio.to_thread(client.connect, "localhost" if secured else "127.0.0.1", port)
    client.loop_start()
    try:
        await until(lambda: ready, "SUBACK")
        command = await shared.ask("POST", f"/api/v1/things/{thing}/commands?wait=10", {"set": {"brightness": 40}})
        assert command["state"] == "confirmed", command
        assert (await shared.thing(thing))["online"] is True
    finally:
        client.disconnect()
        client.loop_stop()

    async def offline() -> bool:
        return not (await shared.thing(thing))["online"]

    await shared.eventually(offline, "it is seen to be gone")


async def test_a_device_speaks_https(shared: Hub) -> None:
    [(thing, secret)] = (await shared.furnish("meter", place="https")).items()
    trust = ssl.create_default_context(cafile=str(authority_of(shared)))
    async with httpx.AsyncClient(base_url=f"https://localhost:{shared.https_port}", verify=trust) as device:
        headers = {"Authorization": f"Bearer {thing}:{secret}"}
        answer = await device.post("/api/v1/device/state", json={"temperature": 7.5}, headers=headers)
        assert answer.status_code == 202
        assert "strict-transport-security" not in answer.headers  # a browser would hold localhost to it, everywhere


@pytest.mark.parametrize("door", ["https", "mqtts"])
@pytest.mark.parametrize(
    ("version", "spoken"), [("tls1", False), ("tls1_1", False), ("tls1_2", True), ("tls1_3", True)]
)
async def test_only_tls_1_2_and_newer_are_spoken(shared: Hub, door: str, version: str, spoken: bool) -> None:
    port = shared.https_port if door == "https" else shared.mqtts_port
    command = [
        "openssl",
        "s_client",
        "-connect",
        f"localhost:{port}",
        f"-{version}",
        "-CAfile",
        str(authority_of(shared)),
    ]
    if not spoken:
        command += ["-cipher", "ALL:@SECLEVEL=0"]  # else the client itself would refuse
    code, output = await run(*command, "-verify_return_error")
    assert (code == 0) is spoken, output
    assert ("Cipher is (NONE)" not in output) is spoken, output


async def test_the_command_line_over_https(shared: Hub, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "unisono.cli", "status", "--url", f"https://127.0.0.1:{shared.https_port}"]
    code, output = await run(*command, "--data", str(shared.data))
    assert code == 0, output
    code, output = await run(*command, "--token", "x", "--data", str(tmp_path))
    assert code == 3
    assert "not trusted" in output and "/trust" in " ".join(output.split()), output


async def test_status_tells_doors_and_fingerprint(shared: Hub) -> None:
    found = await shared.status()
    assert found["doors"]["mqtts"] == f"127.0.0.1:{shared.mqtts_port}"
    fingerprint = read_certificate(authority_of(shared).read_bytes()).fingerprint
    assert found["certificate"]["ca"]["fingerprint"] == fingerprint
    told = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    assert told in shared.output
    code, output = await run(
        sys.executable, "-m", "unisono.cli", "status", "--url", str(shared.http.base_url), "--data", str(shared.data)
    )
    assert code == 0, output
    assert told in output.replace("\n", ""), output


def outside() -> str:
    """An address of this machine that the network sees."""
    for name in local_names("0.0.0.0"):
        if name.count(".") == 3 and not name.startswith("127."):
            return name
    pytest.skip("this machine has no address beyond loopback")


async def test_beyond_loopback_only_tls_is_open(hub: Hub) -> None:
    address = outside()
    hub.flags = ("--host", "0.0.0.0", "--no-lan")
    await hub.start()
    for port in (hub.http_port, hub.mqtt_port):
        assert refuses(address, port)
        assert not refuses("127.0.0.1", port)
    for port in (hub.https_port, hub.mqtts_port):
        assert shown(port, address) == shown(port)
    assert (await hub.status())["ready"]


async def test_insecure_opens_the_rest(hub: Hub) -> None:
    address = outside()
    hub.flags = ("--host", address, "--insecure", "--no-lan")
    await hub.start()
    for port in (hub.http_port, hub.mqtt_port, hub.https_port, hub.mqtts_port):
        assert not refuses(address, port)


async def test_ones_own_certificate_is_shown_and_read_again_without_a_restart(hub: Hub, tmp_path: Path) -> None:
    files = tmp_path / "own.pem", tmp_path / "own.key"

    def bring(name: str) -> bytes:
        now = datetime.now(UTC)
        pair = issue_server(make_authority("x", now, secrets.token_bytes), [name], now, secrets.token_bytes)
        files[0].write_bytes(pair.certificate)
        files[1].write_bytes(pair.key)
        return ssl.PEM_cert_to_DER_cert(pair.certificate.decode())

    first = bring("hub.example.org")
    hub.flags = ("--cert", str(files[0]), "--key", str(files[1]))
    await hub.start()
    assert shown(hub.https_port) == shown(hub.mqtts_port) == first
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    async with httpx.AsyncClient(base_url=f"https://127.0.0.1:{hub.https_port}", verify=blind) as browser:
        for host, told in (
            ("hub.example.org", True),
            (f"hub.example.org:{hub.https_port}", True),
            ("localhost", False),
        ):
            answer = await browser.get("/trust", headers={"Host": host})
            assert ("strict-transport-security" in answer.headers) is told, host
    second = bring("hub.example.net")
    for port in (hub.https_port, hub.mqtts_port):

        async def changed(port: int = port) -> bool:
            return await asyncio.to_thread(shown, port) == second

        await hub.eventually(changed, "the new certificate is shown")
    files[1].write_bytes(b"no key")

    async def complained() -> bool:
        return "there is no readable key in it" in await hub.troubles()

    await hub.eventually(complained, "the trouble is told")
    assert shown(hub.mqtts_port) == second


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--cert", "own.pem"), "a certificate and its key come together"),
        (("--cert", "own.pem", "--key", "own.key"), "own.pem cannot be read: No such file"),
    ],
)
async def test_a_certificate_that_is_not_whole(hub: Hub, flags: tuple[str, ...], told: str) -> None:
    hub.flags = flags
    await hub.start(wait=False)
    assert await hub.ending() in {1, 2}
    assert told in " ".join(hub.output.split())
    assert not (hub.data / "registry.db").exists()


async def test_a_second_hub_finds_another_tls_port_by_itself(hub: Hub) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 8883))
            other.listen()
        except OSError:
            pass  # somebody has it: just what is wanted
        hub.flags = ()
        hub.tls_flags = False
        await hub.start()
        found = (await hub.status())["doors"]["mqtts"]
        assert found != "127.0.0.1:8883"
        assert len(shown(int(found.rpartition(":")[2]))) > 100


async def test_a_hub_on_the_lan_offers_what_it_finds(hub: Hub) -> None:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    assert (await refused_discovery(hub)) == "not_found"
    hub.flags = ("--host", "0.0.0.0", "--lan")
    await hub.start()
    device = AsyncZeroconf(interfaces=["127.0.0.1"])
    name = f"lamp-{secrets.token_hex(4)}"
    info = AsyncServiceInfo(
        "_esphomelib._tcp.local.",
        f"{name}._esphomelib._tcp.local.",
        port=6053,
        server=f"{name}.local.",
        parsed_addresses=["127.0.0.1"],
    )
    await (await device.async_register_service(info))
    try:

        async def found() -> bool:
            return name in {each["name"] for each in (await hub.get("/api/v1/discovered"))["items"]}

        await hub.eventually(found, "the lamp is offered")
        id = f"{name}._esphomelib._tcp"
        command = [sys.executable, "-m", "unisono.cli", "thing", "discovered", "--url", str(hub.http.base_url)]
        command += ["--data", str(hub.data)]
        code, output = await run(*command, "--ignore", id)
        assert code == 0, output
        assert not await found()
        code, output = await run(*command, "--all", "--json")
        [listed] = [each for each in json.loads(output) if each["id"] == id]
        assert listed["ignored"] and listed["what"] == "ESPHome node"
        called = f"Unisono on {socket.gethostname().partition('.')[0].lower()}"
        names = [called, *(f"{called}-{number}" for number in range(2, 9))]  # other tests may run hubs here
        ports = set()
        for each in names:
            told = AsyncServiceInfo("_secure-mqtt._tcp.local.", f"{each}._secure-mqtt._tcp.local.")
            if await told.async_request(device.zeroconf, 5000):
                ports.add((told.port, told.decoded_properties["ws"]))
            if (hub.mqtts_port, f"{hub.https_port}/mqtt") in ports:
                break
        assert (hub.mqtts_port, f"{hub.https_port}/mqtt") in ports
    finally:
        await device.async_unregister_all_services()
        await device.async_close()


async def refused_discovery(hub: Hub) -> str:
    """What a hub on loopback says when it is asked."""
    await hub.start()
    answer = await hub.get("/api/v1/discovered", ok=False)
    await hub.stop()
    return str(answer["code"])


async def test_a_certificate_is_ordered_and_shown(hub: Hub) -> None:
    """A real order at a small authority of the tests, over http-01 on the hub's plain port."""
    address = outside()
    authority = AcmeAuthority(hub.http_port)
    try:
        hub.flags = ("--host", "0.0.0.0", "--no-lan", "--acme", "hub.example.org", "--acme-email", "me@example.org")
        hub.flags += ("--acme-directory", f"{authority.url}/directory")
        await hub.start()

        async def ordered() -> bool:
            return bool((await hub.status())["certificate"]["source"] == "acme")

        await hub.eventually(ordered, "the certificate is there", 60)
        assert authority.orders[0]["is"] == "valid" and authority.issued == 1
        first, end, _chain = authority.orders[0]["certificate"].decode().partition("-----END CERTIFICATE-----")
        leaf = ssl.PEM_cert_to_DER_cert(first + end)
        for port in (hub.https_port, hub.mqtts_port):

            async def changed(port: int = port) -> bool:
                return await asyncio.to_thread(shown, port) == leaf

            await hub.eventually(changed, "it is shown")
        async with httpx.AsyncClient(base_url=f"http://{address}:{hub.http_port}") as stranger:
            answer = await stranger.get("/api/v1/things?limit=1")
            assert answer.status_code == 308  # no token travels in the clear
            assert answer.headers["location"] == f"https://hub.example.org:{hub.https_port}/api/v1/things?limit=1"
            assert (await stranger.get("/.well-known/acme-challenge/none")).status_code == 404
        await hub.stop()
        await hub.start()
        assert (await hub.status())["certificate"]["source"] == "acme"
        assert authority.issued == 1
    finally:
        authority.close()


async def test_an_order_that_fails_is_told_and_the_hubs_own_is_shown(hub: Hub) -> None:
    authority = AcmeAuthority(1)  # nobody answers there
    try:
        hub.flags = ("--acme", "hub.example.org", "--acme-directory", f"{authority.url}/directory")
        await hub.start()

        async def told() -> bool:
            return "gave no certificate for hub.example.org: " in await hub.troubles()

        await hub.eventually(told, "the trouble is told", 60)
        assert "the wrong answer came back" in await hub.troubles()
        assert (await hub.status())["certificate"]["source"] == "hub"
    finally:
        authority.close()
