"""Where messages may not go, by whatever way, and what the courier may not do."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notify.conftest import House
from tests.notify.receiver import say
from unisono.errors import CallerError
from unisono.twin import notices


@pytest.fixture
async def closed(house: House) -> House:
    """Nothing internal is allowed."""
    await house.allow()
    return house


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f.1"]
)
async def test_this_machine_is_not_reached_however_it_is_written(closed: House, host: str) -> None:
    try:
        await closed.channel("wei", f"json://{host}:{closed.receiver.port}/x")
    except CallerError:
        return  # apprise takes it for no address at all
    found = await closed.until(await closed.tell("x"), "failed")
    assert "is an internal address" in found.answer
    assert "unisono notify allow" in found.answer
    assert closed.receiver.came == []


async def test_a_name_of_this_machine_is_not_reached_unless_it_is_named(closed: House) -> None:
    port = closed.receiver.port
    await closed.channel("wei", f"json://localhost:{port}/x")
    await closed.until(await closed.tell("x"), "failed")
    await closed.allow("localhost")
    await closed.pass_time(10)
    await closed.until(await closed.tell("y"), "sent")
    await closed.channel("anna", f"json://127.0.0.1:{port}/x")
    await closed.until(await closed.tell("z", to=["anna"]), "failed")
    assert len(closed.receiver.came) == 1


async def test_a_redirection_leads_nowhere_inside(closed: House) -> None:
    port = closed.receiver.port
    await closed.allow("localhost")
    closed.receiver.script.append(say(307, Location=f"http://127.0.0.1:{port}/inside"))
    await closed.channel("wei", f"json://localhost:{port}/x?redirect=yes")
    found = await closed.until(await closed.tell("x"), "failed")
    assert "127.0.0.1 is an internal address" in found.answer
    assert [each.path for each in closed.receiver.came] == ["/x"]


async def test_mail_and_other_protocols_are_held_to_the_same(closed: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        port = listener.getsockname()[1]
        await closed.channel("wei", f"mailto://user:password@example.com:{port}?smtp=127.0.0.1&to=a@example.com")
        found = await closed.until(await closed.tell("x"), "failed")
        assert "127.0.0.1 is an internal address" in found.answer
        with pytest.raises(TimeoutError):
            listener.accept()


ATTEMPTS = """
import os, socket, subprocess, sys, threading, tempfile
from unisono.notify.guard import Guard
from unisono.notify.reach import Reach
guard = Guard(Reach())
listener = socket.create_server(("127.0.0.1", 0))
guard.install()
attempts = {
    "read": lambda: open(sys.argv[1]).read(),
    "write": lambda: open(sys.argv[1] + ".new", "w"),
    "os.open": lambda: os.open(sys.argv[1], os.O_RDONLY),
    "unlink": lambda: os.unlink(sys.argv[1]),
    "run": lambda: subprocess.run(["true"]),
    "shell": lambda: os.system("true"),
    "bind": lambda: socket.socket().bind(("127.0.0.1", 0)),
    "tcp": lambda: socket.create_connection(("127.0.0.1", listener.getsockname()[1])),
    "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
    "udp6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, ("::1", 9)),
    "unix": lambda: socket.socket(socket.AF_UNIX).connect("/run/x"),
    "package": lambda: open(os.__file__).read(),
    "null": lambda: open("/dev/null", "w").write("x"),
}
def work():
    for name, attempt in attempts.items():
        guard.begin()
        try:
            attempt()
        except PermissionError as error:
            print(name, "refused", bool(guard.refusal))
        else:
            print(name, "done", bool(guard.refusal))
thread = threading.Thread(target=work)
thread.start()
thread.join()
print("first thread", "done" if open(sys.argv[1]).read() else "", False)
"""


def test_code_of_many_hands_does_nothing_but_what_messages_need(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOPSECRET")
    done = subprocess.run(
        [sys.executable, "-c", ATTEMPTS, str(secret)], capture_output=True, text=True, check=True, timeout=60
    )
    said = {line.rsplit(" ", 2)[0]: tuple(line.rsplit(" ", 2)[1:]) for line in done.stdout.splitlines()}
    assert said == {
        **dict.fromkeys(("read", "write", "os.open"), ("refused", "False")),  # optional files explain no failure
        **dict.fromkeys(("unlink", "run", "shell", "bind", "tcp", "udp", "udp6", "unix"), ("refused", "True")),
        **dict.fromkeys(("package", "null", "first thread"), ("done", "False")),
    }
    assert secret.read_text() == "TOPSECRET"
    assert not (tmp_path / "secret.new").exists()


async def test_what_is_no_host_is_refused_and_changes_nothing(house: House) -> None:
    with pytest.raises(CallerError) as error:
        await house.allow("127.0.0.1", "http://x")
    assert (error.value.code, error.value.field) == ("bad_value", "hosts")
    assert await house.registry.get_meta(notices.META_ALLOWED) == "127.0.0.1"
