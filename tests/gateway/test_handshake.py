"""TLS handshakes at a door: the client that comes through is served, the one that does not is remembered with why."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.gateway.client import connect_packet
from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.gateway import server
from unisono.wire.mqtt import ClientConnection


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and certificate for localhost in one file, vouched for by nobody but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "own.pem"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
async def port(rig: Rig, certificate: Path) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return await rig.gateway.listen("127.0.0.1", 0, context)


async def refused(rig: Rig) -> str:
    await until(lambda: rig.gateway.attempts.newest(1), "it is remembered")
    (found,) = rig.gateway.attempts.newest(9)
    assert (found.address, found.transport) == ("127.0.0.1", "tls")
    await until(lambda: not rig.gateway.doorman.registrar.strangers, "its seat is free again")
    return found.kind


async def test_a_client_comes_through_and_is_known_to_speak_tls(rig: Rig, port: int, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="localhost")
    writer.write(ClientConnection(connect_packet("lamp")).open())
    assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
    session = rig.gateway.session("lamp")
    assert session is not None and session.connection is not None
    assert session.connection.transport_name == "tls"
    assert rig.gateway.attempts.newest(9) == []
    writer.close()
    await until(lambda: not rig.gateway.connections, "it is gone")
    assert not rig.gateway.doorman.registrar._addresses


@pytest.mark.parametrize(
    ("said", "kind"),
    [(ClientConnection(connect_packet("lamp")).open(), "plain_on_tls"), (b"GET / HTTP/1.1\r\n\r\n", "http")],
)
async def test_who_does_not_speak_tls(rig: Rig, port: int, said: bytes, kind: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    await reader.read()
    assert await refused(rig) == kind
    writer.close()


async def test_who_does_not_trust_the_certificate(rig: Rig, port: int) -> None:
    def dial() -> None:  # the loop's own client says nothing before it hangs up; a real one does
        with socket.create_connection(("127.0.0.1", port), 10) as plain:
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")

    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.to_thread(dial)
    assert await refused(rig) == "unknown_ca"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of doors that are opened from now on."""
    monkeypatch.setattr(server, "HANDSHAKE_S", 0.5)


@pytest.mark.usefixtures("hurried")
async def test_who_never_ends_the_handshake(rig: Rig, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await until(lambda: rig.gateway.doorman.registrar.strangers == 1, "it takes a seat")
    assert await reader.read() == b""
    await until(lambda: not rig.gateway.doorman.registrar.strangers, "its seat is free again")
    writer.close()


async def test_seats_are_taken_before_the_handshake(rig: Rig, port: int) -> None:
    rig.limit(sign_in={"strangers": 1})
    _reader, first = await asyncio.open_connection("127.0.0.1", port)
    await until(lambda: rig.gateway.doorman.registrar.strangers == 1, "it takes the only seat")
    reader, second = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b""
    assert rig.gateway.tally.hits["sign_in.strangers"] == 1
    first.close()
    second.close()
