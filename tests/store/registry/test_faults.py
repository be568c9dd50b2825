"""When the database fails: a clear message, nothing half-written, and well again by itself."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest

import unisono.store.registry.database
from tests.parts import DEADLINE_S
from unisono.errors import HostError
from unisono.store.registry import Checkpoints, OutboxRow, PlaceRow, Registry, ThingRow
from unisono.store.registry.address import Address
from unisono.store.registry.faults import translate

from .conftest import Postgresql

WAIT_S = 0.3


@pytest.fixture
def file(empty_file: Path, tmp_path: Path) -> Path:
    """An empty SQLite registry."""
    return Path(shutil.copy(empty_file, tmp_path / "registry.db"))


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2M,mode=700", "tmpfs", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"a small file system needs the right to mount: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for locks less long, so that the tests do too."""
    pragma = (f"PRAGMA busy_timeout={int(WAIT_S * 1000)}",)
    monkeypatch.setattr(unisono.store.registry.database, "PRAGMAS", unisono.store.registry.database.PRAGMAS + pragma)
    monkeypatch.setattr(unisono.store.registry.database, "BUSY_TIMEOUT_S", WAIT_S)
    checkpoints = unisono.store.registry.checkpoints
    monkeypatch.setattr(checkpoints, "PRAGMAS", checkpoints.PRAGMAS + pragma)


class Holder:
    """Another process that holds the write lock of a file until told to let go."""

    def __init__(self, path: Path) -> None:
        code = f"""
import sqlite3, sys
connection = sqlite3.connect({str(path)!r}, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
connection.close()
print("let go", flush=True)
"""
        self.process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"held\n"

    def let_go(self) -> None:
        self.process.communicate(b"\n", timeout=10)


@pytest.mark.usefixtures("impatient")
async def test_a_locked_file_names_who_holds_it(file: Path) -> None:
    registry = await Registry.open(f"sqlite:///{file}")
    holder = Holder(file)
    try:
        with pytest.raises(HostError) as refused:
            await registry.put_place(PlaceRow("home", "Home"))
        assert refused.value.code == "registry_unavailable"
        if sys.platform == "linux":
            assert re.search(rf"locked by \S+ \(pid {holder.process.pid}\)", refused.value.detail)
        assert "by itself" in (refused.value.mend or "")
        with pytest.raises(HostError) as refused:
            await registry.save_checkpoint("0", "log", 1, 1, b"", [("a", b"1")])
        assert refused.value.code == "registry_unavailable"
        assert await registry.list_places() == []  # readers do not wait
    finally:
        holder.let_go()
    await registry.put_place(PlaceRow("home", "Home"))
    await registry.save_checkpoint("0", "log", 1, 1, b"", [("a", b"1")])
    await registry.close()


@pytest.mark.usefixtures("impatient")
async def test_many_who_write_at_once_stand_in_line_and_not_for_ever(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = await Registry.open(f"sqlite:///{file}")
    with monkeypatch.context() as patient:  # a slow disk takes longer over fifty commits than is waited for below
        patient.setattr(unisono.store.registry.database, "BUSY_TIMEOUT_S", 60)
        await asyncio.gather(*(registry.put_meta(f"key{number}", "value") for number in range(50)))
    holder = Holder(file)
    try:
        waiting = [registry.put_meta(f"key{number}", "other") for number in range(50)]
        begun = asyncio.get_running_loop().time()
        refused = await asyncio.gather(*waiting, return_exceptions=True)
        assert asyncio.get_running_loop().time() - begun < len(waiting) * WAIT_S / 2, "not one after the other"
        assert {getattr(each, "code", None) for each in refused} == {"registry_unavailable"}
    finally:
        holder.let_go()
    await registry.put_meta("key0", "other")
    assert await registry.get_meta("key0") == "other"
    await registry.close()


async def test_a_short_lock_is_waited_for(file: Path) -> None:
    registry = await Registry.open(f"sqlite:///{file}")
    holder = Holder(file)
    put = asyncio.ensure_future(registry.put_place(PlaceRow("home", "Home")))
    done, _ = await asyncio.wait([put], timeout=0.1)
    assert not done
    await asyncio.to_thread(holder.let_go)
    assert (await put).id == "home"
    await registry.close()


async def test_a_full_disk(empty_file: Path, little_disk: Path) -> None:
    url = f"sqlite:///{shutil.copy(empty_file, little_disk / 'registry.db')}"
    registry = await Registry.open(url)
    await registry.put_place(PlaceRow("home", "Home"))
    things = [ThingRow(f"t{number}", "x" * 100, "light", 1, "home") for number in range(20_000)]
    with pytest.raises(HostError) as refused:
        await registry.put_things(things, outbox=[OutboxRow("0", b"x" * 100)] * 20_000)
    assert refused.value.code == "disk_full"
    assert str(little_disk) in (refused.value.mend or "")
    with pytest.raises(HostError) as refused:
        await registry.save_checkpoint("0", "log", 1, 1, b"", [(thing.id, b"x" * 300) for thing in things])
    assert refused.value.code == "disk_full"
    assert await registry.find_things() == []
    assert await registry.outbox_pending() == []
    assert await registry.load_checkpoint("0") is None
    assert await registry.load_checkpoint_twins("0") == []
    await registry.put_things(things[:10])  # what fits is taken at once
    await registry.close()
    registry = await Registry.open(url)
    assert await registry.count_things() == 10
    await registry.close()


def fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(b"x" * 4096)


async def test_a_disk_that_was_full_before(little_disk: Path) -> None:
    fill(little_disk)
    with pytest.raises(HostError) as refused:
        await Registry.open(f"sqlite:///{little_disk / 'registry.db'}")
    assert refused.value.code == "disk_full"
    (little_disk / "ballast").unlink()
    await (await Registry.open(f"sqlite:///{little_disk / 'registry.db'}")).close()


async def test_a_directory_that_cannot_be_written(empty_file: Path, little_disk: Path) -> None:
    path = shutil.copy(empty_file, little_disk / "registry.db")
    remount = ["mount", "-o", "remount,ro", str(little_disk)]
    assert (await (await asyncio.create_subprocess_exec(*remount)).wait()) == 0
    for url in (f"sqlite:///{path}", f"sqlite:///{little_disk / 'other.db'}"):
        with pytest.raises(HostError) as refused:
            await Registry.open(url)
        assert refused.value.code == "read_only"
        assert "--data" in (refused.value.mend or "")


async def test_a_directory_that_becomes_read_only(empty_file: Path, little_disk: Path) -> None:
    registry = await Registry.open(f"sqlite:///{shutil.copy(empty_file, little_disk / 'registry.db')}")
    async with registry._database.read() as connection:
        await connection.exec_driver_sql("PRAGMA query_only=ON")  # a mounted file cannot lose its writers while open
        await connection.exec_driver_sql("SELECT 1")
    with pytest.raises(HostError) as refused:
        await registry.put_place(PlaceRow("home", "Home"))
    assert refused.value.code == "read_only"
    await registry.close()


async def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"no database" * 1000)
    with pytest.raises(HostError, match="damaged") as refused:
        await Registry.open(f"sqlite:///{tmp_path / 'registry.db'}")
    assert "restore" in (refused.value.mend or "")


async def test_checkpoints_of_a_registry_that_is_not_there(tmp_path: Path) -> None:
    checkpoints = await Checkpoints.open(f"sqlite:///{tmp_path / 'registry.db'}")
    with pytest.raises(HostError, match="no registry"):
        await checkpoints.load_checkpoint("0")
    sqlite3.connect(tmp_path / "registry.db").close()
    with pytest.raises(HostError, match="not laid out"):
        await checkpoints.load_checkpoint("0")
    await checkpoints.close()


async def test_kill_9_leaves_whole_transactions(file: Path) -> None:
    """A writer that is killed at any moment: every answered put is there, and none is there by half."""
    code = f"""
import asyncio
import contextlib
from unisono.store.registry import CredentialRow, OutboxRow, PlaceRow, Registry, ThingRow
async def main():
    registry = await Registry.open({f"sqlite:///{file}"!r})
    await registry.put_place(PlaceRow("home", "Home"))
    number = 0
    while True:
        things = [ThingRow(f"t{{number}}-{{part}}", "Thing", "light", 1, "home") for part in range(5)]
        await registry.put_things(things, [CredentialRow(row.id, b"h") for row in things], [OutboxRow("0", b"e")] * 5)
        print(number, flush=True)
        number += 1
asyncio.run(main())
"""
    for _ in range(3):
        writer = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
        assert writer.stdout is not None
        answered = -1
        while answered < 20:
            answered = int(await writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = (await writer.stdout.read()).split()
        answered = int(rest[-1]) if rest else answered
        await writer.wait()
        registry = await Registry.open(f"sqlite:///{file}")
        ids = [row.id for row in await registry.find_things(limit=10_000)]
        numbers = {int(id[1:].split("-")[0]) for id in ids}
        assert set(range(answered + 1)) <= numbers
        assert len(ids) == 5 * len(numbers)
        assert all(facts.hash for facts in await registry.sign_in_facts(ids))
        assert len(await registry.outbox_pending(10_000)) >= len(ids)
        await registry.remove_things(ids)
        await registry.close()


async def test_two_processes_lose_no_update(file: Path) -> None:
    """The API and the owner write the same file."""
    code = f"""
import asyncio
import contextlib
from unisono.store.registry import Checkpoints
async def main():
    checkpoints = await Checkpoints.open({f"sqlite:///{file}"!r})
    for seq in range(200):
        await checkpoints.save_checkpoint("0", "log", seq, 1, b"", [(f"t{{seq}}", b"x" * 300)])
    await checkpoints.close()
asyncio.run(main())
"""
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    registry = await Registry.open(f"sqlite:///{file}")
    places = 0
    while owner.returncode is None or not places:
        await registry.put_place(PlaceRow(f"p{places}", "Place"))
        places += 1
        await asyncio.sleep(0)
    assert await owner.wait() == 0
    assert len(await registry.list_places(limit=10_000)) == places
    assert len(await registry.load_checkpoint_twins("0")) == 200
    await registry.close()


async def ended(work: Awaitable[Any]) -> Any:
    """What it comes to; where it comes to nothing, where it stands."""
    task = asyncio.ensure_future(work)
    await asyncio.wait({task}, timeout=2 * DEADLINE_S)
    if not task.done():
        for each in asyncio.all_tasks():
            each.print_stack()
    assert task.done(), "see the stacks"
    return await task


async def test_a_cancelled_change_is_undone_and_blocks_nobody(registry: Registry) -> None:
    await registry.put_place(PlaceRow("home", "Home"))
    things = [ThingRow(f"t{number}", "Thing", "light", 1, "home") for number in range(3_000)]
    for turns in (1, 2, 5, 20, 50):
        task = asyncio.ensure_future(registry.put_things(things))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ended(task)
        assert await ended(registry.count_things()) == 0
    await ended(registry.put_things(things))
    assert await registry.count_things() == 3_000


async def test_a_server_that_is_gone_and_back(postgresql: Postgresql) -> None:
    url = postgresql.url(postgresql.create_database())
    registry = await Registry.open(url)
    await registry.put_place(PlaceRow("home", "Home"))
    await registry.save_checkpoint("0", "log", 1, 1, b"", [])
    await asyncio.to_thread(postgresql.stop)
    try:
        for attempt in (registry.get_place("home"), registry.load_checkpoint("0"), Registry.open(url)):
            with pytest.raises(HostError, match="does not answer") as refused:
                await attempt
            assert refused.value.code == "registry_unavailable"
    finally:
        await asyncio.to_thread(postgresql.start)
    assert await registry.get_place("home") is not None
    assert await registry.load_checkpoint("0") is not None
    await registry.close()


async def test_a_server_without_the_database_or_the_user(postgresql: Postgresql) -> None:
    with pytest.raises(HostError, match="no such database"):
        await Registry.open(postgresql.url("nowhere"))
    with pytest.raises(HostError, match="refused to let the hub in"):
        await Registry.open(postgresql.url("postgres").replace("unisono@", "nobody@"))


async def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    for host in (str(tmp_path), "127.0.0.1:1"):
        url = f"postgresql://u:s3cret@/db?host={host}" if host[0] == "/" else f"postgresql://u:s3cret@{host}/db"
        with pytest.raises(HostError, match="does not answer") as refused:
            await Registry.open(url)
        assert "s3cret" not in str(refused.value)


async def test_text_that_postgresql_cannot_keep(registry: Registry) -> None:
    """NUL is fine for SQLite; PostgreSQL refuses, and that is the caller's fault and no outage."""
    try:
        await registry.put_place(PlaceRow("home", "a\0b"))
    except Exception as error:  # noqa: BLE001 - which one is the question
        assert getattr(error, "code", None) == "bad_value"
    else:
        place = await registry.get_place("home")
        assert place is not None
        assert place.name == "a\0b"


def test_what_comes_from_elsewhere_is_not_taken_for_the_database() -> None:
    address = Address(Path("registry.db"))
    assert translate(ValueError("mine"), address) is None
    assert translate(KeyError("mine"), Address(dsn="postgresql://host/db")) is None


async def test_errors_of_the_program_pass_unchanged(registry: Registry) -> None:
    with pytest.raises(ZeroDivisionError):
        async with registry._database.write():
            _ = 1 / 0


def sqlite_error(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = name
    return error


def test_an_io_error_on_a_full_disk_is_a_full_disk(little_disk: Path, tmp_path: Path) -> None:
    """SQLite calls it so when its -shm file cannot grow."""
    error = sqlite_error("SQLITE_IOERR_SHMSIZE")
    fill(little_disk)
    for folder, code in ((little_disk, "disk_full"), (tmp_path, "registry_unavailable"), (tmp_path / "no", None)):
        told = translate(error, Address(folder / "registry.db"))
        assert told is not None
        assert told.code == (code or "registry_unavailable")


def test_keys_that_would_be_broken_are_the_callers_fault() -> None:
    address = Address(Path("registry.db"))
    for name, code in (("SQLITE_CONSTRAINT_FOREIGNKEY", "in_use"), ("SQLITE_CONSTRAINT_UNIQUE", "exists")):
        told = translate(sqlite_error(name), address)
        assert told is not None
        assert told.code == code
