"""``unisono client`` and ``unisono doctor`` against a whole hub with real connections."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Shell, start_hub
from unisono.wire.mqtt import ClientConnection, Connect, Version


@contextmanager
def device(shell: Shell, thing: str, secret: str, client_id: str = "") -> Iterator[socket.socket]:
    """A client on a plain socket; reading is up to the test."""
    wire = ClientConnection(
        Connect(
            client_id=client_id or thing, version=Version.V5, username=thing, password=secret.encode(), keep_alive=60
        ),
        max_packet_size=1 << 20,
    )
    with socket.create_connection(("127.0.0.1", shell.mqtt), 10) as sock:
        sock.sendall(wire.open())
        wire.receive(sock.recv(4096))
        published = wire.publish("homie/5/x", b"1", 0, False)
        assert published is not None
        sock.sendall(published[1])
        yield sock


def closed(sock: socket.socket) -> bool:
    sock.settimeout(10)
    while sock.recv(4096):
        pass
    return True


@pytest.fixture(scope="module")
def secret(hub: object, request: pytest.FixtureRequest) -> str:
    shell = request.getfixturevalue("hub").shell
    shell.run("place", "add", "Cabin")
    return str(shell.json("thing", "add", "stove1", "--model", "light", "--place", "cabin")["secret"])


def test_list_show_and_kick(shell: Shell, secret: str) -> None:
    with device(shell, "stove1", secret) as sock:
        (found,) = shell.json("client", "list", "--q", "stove1")
        assert (found["id"], found["protocol"], found["transport"], found["thing"]) == (
            "stove1",
            "5.0",
            "tcp",
            "stove1",
        )
        assert found["keep_alive_s"] == 60
        table = shell.run("client", "list", "--place", "cabin").stdout
        assert "stove1" in table and "MQTT 5.0 tcp" in table
        shown = shell.json("client", "show", "stove1")
        assert shown["gateway"] == "g0"
        assert "gateway" in shell.run("client", "show", "stove1").stdout
        assert "unisono thing revoke stove1" in shell.run("client", "kick", "stove1").stderr
        assert closed(sock)
    refused = shell.run("client", "show", "stove1", check=1).stderr
    assert "No client, thing or program 'stove1' is connected" in refused and "unisono doctor stove1" in refused


def test_a_client_is_meant_by_its_things_id_too(shell: Shell, secret: str) -> None:
    with device(shell, "stove1", secret, "one") as first:
        assert shell.json("client", "show", "stove1")["id"] == "stove1/one"
        with device(shell, "stove1", secret, "two") as second:
            assert [each["id"] for each in shell.json("client", "show", "stove1")] == ["stove1/one", "stove1/two"]
            assert "stove1/two" in shell.run("client", "show", "stove1").stdout
            assert shell.json("client", "show", "stove1/two")["client_id"] == "two"
            assert shell.json("client", "kick", "stove1")["sent"] == ["stove1/one", "stove1/two"]
            assert closed(first) and closed(second)


def test_a_program_is_called_by_its_name(shell: Shell, secret: str) -> None:
    shell.run("user", "add", "flows", "--program", "--grant", "operator@cabin")
    token = shell.json("user", "token", "flows")["token"]
    with device(shell, "flows", token) as sock:
        assert "program flows" in shell.run("client", "list").stdout
        shown = shell.json("client", "show", "flows")
        assert shown["person"] == "flows" and shown["thing"].startswith("token:")
        token = shown["thing"].removeprefix("token:")
        assert f"unisono user tokens flows --revoke {token}" in shell.run("client", "kick", "flows").stderr
        assert closed(sock)


def test_a_device_at_a_port_of_http_is_told_the_right_one(shell: Shell, secret: str) -> None:
    port = int(shell.url.rpartition(":")[2])
    for first in (b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04lamp", b"\x16\x03\x01\x02\x00\x01", b"\0hello"):
        with socket.create_connection(("127.0.0.1", port), 10) as sock:
            sock.sendall(first)
            assert closed(sock)
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    secure = shell.json("status")["doors"]["https"].rpartition(":")[2]
    with (
        socket.create_connection(("127.0.0.1", int(secure)), 10) as plain,
        tls.wrap_socket(plain) as sock,
    ):
        sock.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04lamp")
        assert closed(sock)
    for first in (b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04lamp", b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", int(secure)), 10) as sock:
            sock.sendall(first)
            assert closed(sock)
    found = {(each["kind"], each["transport"]) for each in shell.json("client", "attempts")}
    assert {("plain_on_https", "https"), ("http_on_https", "https")} <= found
    assert {("tls_on_http", "http"), ("not_http", "http"), ("mqtt_on_http", "https")} <= found
    mends = [row["mend"] for row in shell.json("doctor") if row["check"] == "device"]
    assert any(f"set its port to {shell.mqtt}, or with TLS" in mend for mend in mends)
    assert any(f"or set its port to {secure}; if it speaks MQTT" in mend for mend in mends)


def test_a_device_that_errs_is_told_what_to_change(shell: Shell, secret: str) -> None:
    with socket.create_connection(("127.0.0.1", shell.mqtt), 10) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(20))
        assert closed(sock)
    wire = ClientConnection(Connect(client_id="stove1", username="stove1", password=secret.encode() + b"\n"))
    with socket.create_connection(("127.0.0.1", shell.mqtt), 10) as sock:
        sock.sendall(wire.open())
        assert closed(sock)
    attempts = shell.json("client", "attempts")
    kinds = {each["kind"]: each for each in attempts}
    assert kinds["bad_password"]["password"] == f"{len(secret) + 1} characters, ends with a newline"
    assert "tls_on_plain" in kinds
    assert "ends with a newline" in shell.run("client", "attempts", "--user", "stove1").stdout
    rows = shell.json("doctor")
    devices = [row for row in rows if row["check"] == "device"]
    assert any("turn TLS (SSL) off" in row["mend"] for row in devices)
    told = shell.run("doctor", "stove1", check=1).stdout
    assert "newline at its end" in told and "turn TLS (SSL) off" in told


def test_the_doctor_of_a_device_that_is_well_and_of_one_that_is_not_there(shell: Shell, secret: str) -> None:
    with device(shell, "stove1", secret):
        deadline = time.monotonic() + 10
        while "homie/5/x" not in (told := shell.run("doctor", "stove1", check=None).stdout):
            assert time.monotonic() < deadline, told
        assert "things/stove1/state" in told
    assert shell.run("doctor", "ghost", check=1).stderr.startswith("unisono: id: There is no thing 'ghost'")


def test_clients_and_limits_of_several_gateways(tmp_path: Path) -> None:
    limits = tmp_path / "own.toml"
    limits.write_text("[sign_in]\nfree = 1\nfirst_s = 60\n")
    hub = start_hub(tmp_path / "data", tmp_path / "log", "--gateways", "3", "--limits", str(limits))
    try:
        shell = hub.shell
        shell.run("place", "add", "Cabin")
        names = [f"lamp{number}" for number in range(12)]
        secrets = {
            name: shell.json("thing", "add", name, "--model", "light", "--place", "cabin")["secret"] for name in names
        }
        with ExitStack() as stack:
            for name in names:
                stack.enter_context(device(shell, name, secrets[name]))
            found = shell.json("client", "list")
            assert [each["id"] for each in found] == sorted(names)
            assert len({each["gateway"] for each in found}) > 1
            shell.run("client", "kick", "lamp7")
        for _ in range(5):  # the second may be quicker at another gateway than the news of the first
            wire = ClientConnection(Connect(client_id="lamp1", username="lamp1", password=b"wrong"))
            with socket.create_connection(("127.0.0.1", shell.mqtt), 10) as sock:
                sock.sendall(wire.open())
                assert closed(sock)
        kinds = {each["kind"] for each in shell.json("client", "attempts")}
        assert kinds == {"bad_password", "too_soon"}, "whichever gateway it comes to"
    finally:
        hub.stop()


def test_commands_find_the_hub_by_its_data_directory(shell: Shell) -> None:
    """It does not listen where commands look by themselves, and nobody says where."""
    found = shell.run("doctor", "--json", check=None, UNISONO_URL="").stdout
    assert f"answers at {shell.url}" in found
    assert shell.run("place", "list", UNISONO_URL="http://127.0.0.1:9", check=3).stdout == "", "what is said counts"


def test_limits_that_err_keep_the_hub_from_starting(tmp_path: Path) -> None:
    limits = tmp_path / "own.toml"
    limits.write_text("[thing]\nconections = 3\n")
    command = ("up", "--data", str(tmp_path / "data"), "--limits", str(limits), "--http-port", "0", "--mqtt-port", "0")
    refused = Shell(tmp_path / "data", "http://127.0.0.1:9", 0).run(*command, check=None)
    assert refused.returncode == 1 and "conections" in refused.stderr and "docs/limits.md" in refused.stderr
    missing = Shell(tmp_path / "data", "http://127.0.0.1:9", 0).run("up", "--limits", "nowhere.toml", check=2)
    assert "there is no file nowhere.toml" in missing.stderr
