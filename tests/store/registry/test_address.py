"""Where a registry is: URLs, files and their modes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from unisono.errors import CallerError, HostError
from unisono.store.registry import Registry, default_url
from unisono.store.registry.address import Address, lock_holder, prepare_file


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("sqlite:///data/registry.db", Address(Path("data/registry.db"))),
        ("sqlite:////var/lib/registry.db", Address(Path("/var/lib/registry.db"))),
        ("sqlite+aiosqlite:////x.db", Address(Path("/x.db"))),
        ("postgresql://u:p@host:5432/db", Address(dsn="postgresql://u:p@host:5432/db")),
        ("postgres://host/db", Address(dsn="postgresql://host/db")),
        ("postgresql+asyncpg://u@/db?host=/run", Address(dsn="postgresql://u@/db?host=/run")),
    ],
)
def test_urls(url: str, address: Address) -> None:
    assert Address.parse(url) == address


@pytest.mark.parametrize(
    "url", ["", "registry.db", "mysql://host/db", "sqlite://", "sqlite:///", "sqlite://host/x", "://"]
)
def test_what_is_no_registry(url: str) -> None:
    with pytest.raises(CallerError) as refused:
        Address.parse(url)
    assert (refused.value.code, refused.value.field) == ("bad_usage", "--db")


@pytest.mark.parametrize("url", ["postgresql://wei:s3cret@host/db", "mysql://wei:s3cret@host/db"])
def test_a_password_is_never_told(url: str) -> None:
    try:
        told = str(Address.parse(url))
    except CallerError as error:
        told = str(error)
    assert "s3cret" not in told
    assert "wei" in told


def test_the_registry_of_a_data_directory(tmp_path: Path) -> None:
    assert Address.parse(default_url(tmp_path)).path == tmp_path / "registry.db"


async def test_every_file_is_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "registry.db"
    registry = await Registry.open(f"sqlite:///{path}")
    await registry.put_meta("key", "value")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    await registry.close()
    assert modes == {"registry.db": 0o600, "registry.db-wal": 0o600, "registry.db-shm": 0o600}


def test_a_file_that_is_open_to_others_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    path.touch()
    path.chmod(0o644)
    prepare_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match="cannot be written") as refused:
        prepare_file(tmp_path / "file" / "registry.db")
    assert refused.value.code == "registry_unavailable"


def test_nobody_holds_a_lock_on_what_is_not_there(tmp_path: Path) -> None:
    assert lock_holder(tmp_path / "registry.db") is None
