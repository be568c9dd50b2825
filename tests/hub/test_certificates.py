"""A thing signs in by a certificate: one that the hub made for it, or one of its maker's that was registered."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.hub.hub import Hub
from tests.hub.test_doors import authority_of, run
from unisono.access.authority import Pair, issue_client, make_authority, read_certificate

STATE = "things/me/state"


def keep(folder: Path, name: str, pair: Pair | dict[str, Any]) -> list[str]:
    """A certificate and its key in files, as mosquitto_pub's options."""
    files = folder / f"{name}.crt", folder / f"{name}.key"
    if isinstance(pair, Pair):
        pair = {"certificate": pair.certificate.decode(), "key": pair.key.decode()}
    files[0].write_text(pair["certificate"])
    files[1].write_text(pair["key"])
    return ["--cert", str(files[0]), "--key", str(files[1])]


async def publish(hub: Hub, value: float, *options: str) -> bool:
    """Whether a device without a password could say this."""
    command = ["mosquitto_pub", "-h", "localhost", "-p", str(hub.mqtts_port), "--cafile", str(authority_of(hub))]
    code, _output = await run(*command, "-t", STATE, "-q", "1", "-m", json.dumps({"temperature": value}), *options)
    return code == 0


async def seen(hub: Hub, thing: str, value: float) -> None:
    async def there() -> bool:
        return bool(await hub.value(thing) == value)

    await hub.eventually(there, f"{thing} says {value}")


async def test_a_certificate_of_the_hubs_own_until_it_is_revoked(shared: Hub, tmp_path: Path) -> None:
    await shared.furnish("press1", place="plant1")
    made = await shared.ask("POST", "/api/v1/things/press1/certificate")
    options = keep(tmp_path, "press1", made)
    assert read_certificate(made["certificate"].encode()).subject == "press1"
    assert await publish(shared, 1.5, *options)
    await seen(shared, "press1", 1.5)
    [listed] = (await shared.get("/api/v1/things/press1/certificates"))["items"]
    assert listed["fingerprint"] == made["fingerprint"]
    assert not await publish(shared, 2.5)  # without it, and without a password
    assert not await publish(shared, 2.5, *options, "-u", "another", "-P", "guess")
    await shared.ask("DELETE", f"/api/v1/things/press1/certificates/{made['fingerprint']}")
    assert not await publish(shared, 2.5, *options)
    assert await shared.value("press1") == 1.5


async def test_a_makers_certificate_once_it_is_registered(shared: Hub, tmp_path: Path) -> None:
    await shared.furnish("pump1", place="plant2")
    now = datetime.now(UTC)
    maker = make_authority("maker", now, secrets.token_bytes)
    pair = issue_client(maker, "serial-0815", now, secrets.token_bytes)
    options = keep(tmp_path, "pump1", pair)
    assert not await publish(shared, 1.5, *options)
    await shared.ask("POST", "/api/v1/things/pump1/certificates", {"pem": pair.certificate.decode()})

    async def lets_in() -> bool:
        return await publish(shared, 1.5, *options)

    await shared.eventually(lets_in, "the doors have read the new certificate")
    await seen(shared, "pump1", 1.5)
    sibling = issue_client(maker, "serial-0816", now, secrets.token_bytes)
    assert not await publish(shared, 9.5, *keep(tmp_path, "sibling", sibling))


async def test_one_that_could_pass_for_the_hubs_own_is_not_registered(shared: Hub) -> None:
    await shared.furnish("trick1", place="plant3")
    authority = authority_of(shared).read_bytes()
    name = read_certificate(authority).subject
    now = datetime.now(UTC)
    host, _, digits = name.removeprefix("Unisono ").rpartition(" ")

    def dice(count: int) -> bytes:  # two bytes make the name
        return bytes.fromhex(digits) if count == 2 else secrets.token_bytes(count)

    twin = make_authority(host, now, dice)
    assert read_certificate(twin.certificate).subject == name
    answer = await shared.ask(
        "POST", "/api/v1/things/trick1/certificates", {"pem": twin.certificate.decode()}, ok=False
    )
    assert answer["code"] == "bad_certificate"
    forged = issue_client(twin, "trick1", now, secrets.token_bytes)
    answer = await shared.ask(
        "POST", "/api/v1/things/trick1/certificates", {"pem": forged.certificate.decode()}, ok=False
    )
    assert answer["code"] == "bad_certificate"


@pytest.mark.parametrize("forged", ["name", "self"])
async def test_a_certificate_that_only_says_so_is_refused(shared: Hub, tmp_path: Path, forged: str) -> None:
    thing = f"lock{forged}"
    await shared.furnish(thing, place=f"plant{forged}")
    now = datetime.now(UTC)
    twin = make_authority("x", now, secrets.token_bytes)
    pair = issue_client(twin, thing, now, secrets.token_bytes) if forged == "name" else twin
    assert not await publish(shared, 1.5, *keep(tmp_path, thing, pair))


async def test_the_trust_page_of_a_running_hub(shared: Hub) -> None:
    answer = await asyncio.to_thread(shared.http.get, "/ca.crt")
    assert answer.content == ssl.PEM_cert_to_DER_cert(authority_of(shared).read_text())
    page = await asyncio.to_thread(shared.http.get, "/trust")
    told = (await shared.status())["certificate"]["ca"]["fingerprint"].upper()
    assert told in page.text.replace(":", "")
