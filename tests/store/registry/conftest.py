"""A registry on each engine: an SQLite file, and a database of a real PostgreSQL server that lives for the session."""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from unisono.store.registry import Registry
from unisono.store.registry.tables import metadata

START_DEADLINE_S = 30
_names = (f"registry{number}" for number in itertools.count(1))


class Postgresql:
    """A server on a unix socket in a folder of its own, run by a user who is not root (initdb refuses root)."""

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self.folder = folder
        self._programs = programs
        self._as = ["setpriv", f"--reuid={user}", f"--regid={_group(user)}", "--clear-groups"] if user else []
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            self._run("initdb", "-D", str(data), "-U", "unisono", "-A", "trust", "--no-sync", "-E", "UTF8")
        log = (self.folder / "log").open("ab")
        # fsync off: the tests ask whether our code is right, not whether this server's disk is.
        settings = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off"]
        command = [*self._as, str(self._programs / "postgres"), "-D", str(data), *settings]
        self._server = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=_plain_environment())
        log.close()
        deadline = time.monotonic() + START_DEADLINE_S
        ready = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder)]
        while subprocess.run(ready, check=False).returncode:
            if time.monotonic() > deadline or self._server.poll() is not None:
                pytest.fail((self.folder / "log").read_text())
            time.sleep(0.05)

    def stop(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)  # "fast": clients are cut off
            self._server.wait(START_DEADLINE_S)

    def create_database(self) -> str:
        """The name of a new database."""
        name = next(_names)
        self._run("createdb", "-h", str(self.folder), "-U", "unisono", name)
        return name

    def url(self, database: str) -> str:
        return f"postgresql://unisono@/{database}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self._programs / program), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, cwd=self.folder, env=_plain_environment())
        assert done.returncode == 0, done.stderr.decode()


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _plain_environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}


def _find_programs() -> Path | None:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4].split(".")[0]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _install() -> None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        pytest.skip("no PostgreSQL here, and it cannot be installed: that takes root and apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-qy", "--no-install-recommends", "postgresql"]):
        done = subprocess.run([apt, *arguments], check=False, capture_output=True, env=environment)
    if done.returncode:
        pytest.skip(f"PostgreSQL could not be installed: {done.stderr.decode()[-300:]}")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """The server; skipped with the reason where there is none."""
    if _find_programs() is None:
        _install()
    programs = _find_programs()
    assert programs is not None
    user = "postgres" if os.geteuid() == 0 else None
    # Not pytest's temporary folder: its path may be too long for a unix socket (107 bytes), and is closed to postgres.
    folder = Path(tempfile.mkdtemp(prefix="unisono-pg-"))
    if user:
        shutil.chown(folder, user, user)
    server = Postgresql(programs, folder, user)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty registry, once on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.db'}"
    server: Postgresql = request.getfixturevalue("postgresql")
    return server.url(server.create_database())


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty registry to copy, which is quicker than to migrate."""
    path = tmp_path_factory.mktemp("empty") / "registry.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def shared_database(postgresql: Postgresql) -> str:
    """The URL of a registry that tests empty for each other: creating a database takes too long."""
    url = postgresql.url(postgresql.create_database())
    _migrate(url)
    return url


def _migrate(url: str) -> None:
    async def migrate() -> None:
        await (await Registry.open(url)).close()

    # In a thread, so that the event loop of the test that happens to come first is left alone.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, migrate()).result()


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a registry that was opened before, once on each engine."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_file"), tmp_path / "registry.db")
        return f"sqlite:///{tmp_path / 'registry.db'}"
    shared: str = request.getfixturevalue("shared_database")
    return shared


@pytest.fixture
async def registry(ready_url: str) -> AsyncIterator[Registry]:
    """An open, empty registry, once on each engine."""
    registry = await Registry.open(ready_url)
    if ready_url.startswith("postgresql"):
        async with registry._database.write() as connection:
            await connection.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY")
    yield registry
    await registry.close()
