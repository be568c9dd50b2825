"""Backups: made of files, checked when restored."""

from __future__ import annotations

import gzip
import io
import sqlite3
import tarfile
from pathlib import Path

import msgspec
import pytest

from unisono.api.hub.archive import MANIFEST, Manifest, files_below, pack, unpack
from unisono.api.hub.backup import leave_out, open_backup
from unisono.errors import CallerError, HostError


def data_directory(root: Path) -> Path:
    data = root / "data"
    for name, content in {
        "token": b"uni_x",
        "lock": b"",
        "keys/pepper": b"p" * 32,
        "history/0/hot.duckdb": b"hot",
        "history/0/sealed/2026-11-22.parquet": b"sealed" * 1000,
        "history/0/tmp/spill": b"spill",
        "nats/token": b"t",
        "nats/nats.pid": b"1",
        "nats/jetstream/$G/streams/LOG_0/msgs/1.blk": b"log",
        "nats/jetstream/$G/streams/RETAINED/msgs/1.blk": b"kept",
        "nats/jetstream/$G/streams/RETAINED/msgs/index.db": b"index",
    }.items():
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with sqlite3.connect(data / "registry.db") as registry:
        registry.execute("PRAGMA journal_mode=WAL")
        registry.execute("CREATE TABLE t (x)")
        registry.execute("INSERT INTO t VALUES (42)")
    registry.close()
    return data


def names(data: Path) -> set[str]:
    return {name for name, _ in files_below(data, lambda _: False)}


def backup(data: Path, file: Path, *, running: bool) -> None:
    file.write_bytes(b"".join(open_backup(data, hub="h", running=running)))


def test_a_stopped_hub_comes_back_whole(tmp_path: Path) -> None:
    data, file = data_directory(tmp_path), tmp_path / "b"
    backup(data, file, running=False)
    manifest = unpack(file, tmp_path / "restored")
    assert manifest.logs is True
    assert names(tmp_path / "restored") == {
        "token",
        "keys/pepper",
        "history/0/hot.duckdb",
        "history/0/sealed/2026-11-22.parquet",
        "nats/token",
        "nats/jetstream/$G/streams/LOG_0/msgs/1.blk",
        "nats/jetstream/$G/streams/RETAINED/msgs/1.blk",
        "nats/jetstream/$G/streams/RETAINED/msgs/index.db",
        "registry.db",
    }
    with sqlite3.connect(tmp_path / "restored" / "registry.db") as registry:
        assert registry.execute("SELECT x FROM t").fetchall() == [(42,)]
    registry.close()
    assert (tmp_path / "restored" / "keys" / "pepper").stat().st_mode & 0o777 == 0o600
    assert not [each for each in data.iterdir() if each.name.startswith(".backup")], "the stage is gone"


def test_of_a_running_hub_the_log_is_left_out(tmp_path: Path) -> None:
    data, file = data_directory(tmp_path), tmp_path / "b"
    backup(data, file, running=True)
    unpack(file, tmp_path / "restored")
    found = names(tmp_path / "restored")
    assert "nats/jetstream/$G/streams/RETAINED/msgs/1.blk" in found
    assert not [name for name in found if "LOG_0" in name or name.endswith("index.db") or name == "nats/token"]
    assert not [each for each in data.iterdir() if each.name.startswith(".backup")]


def test_an_abandoned_backup_leaves_nothing_behind(tmp_path: Path) -> None:
    data = data_directory(tmp_path)
    (data / "history/0/sealed/big.parquet").write_bytes(bytes(range(256)) * 40_000)
    pieces = open_backup(data, hub="h", running=True)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert not [each for each in data.iterdir() if each.name.startswith(".backup")]


def test_without_a_registry_file_nothing_is_pretended(tmp_path: Path) -> None:
    data = data_directory(tmp_path)
    (data / "registry.db").unlink()
    with pytest.raises(CallerError, match="PostgreSQL"):
        open_backup(data, hub="h", running=True)


def test_a_directory_that_holds_something_is_never_touched(tmp_path: Path) -> None:
    data, file = data_directory(tmp_path), tmp_path / "b"
    backup(data, file, running=False)
    before = names(data)
    with pytest.raises(CallerError) as caught:
        unpack(file, data)
    assert (caught.value.code, names(data)) == ("exists", before)
    (tmp_path / "empty").mkdir()
    unpack(file, tmp_path / "empty")


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused_and_makes_nothing(tmp_path: Path, cut: float) -> None:
    data, file = data_directory(tmp_path), tmp_path / "b"
    backup(data, file, running=False)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * cut)])
    with pytest.raises(CallerError, match="no sound backup"):
        unpack(file, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
    assert not (tmp_path / ".restored.restoring").exists()


def _rewritten(file: Path, change: dict[str, bytes | None], add: tarfile.TarInfo | None = None) -> None:
    out = io.BytesIO()
    with tarfile.open(file) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        if add is not None:
            new.addfile(add, io.BytesIO(b"x" * add.size))
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            data = change.get(member.name, content.read())
            if data is not None:
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
    file.write_bytes(out.getvalue())


@pytest.mark.parametrize("change", [{"token": b"uni_y"}, {"token": None}, {MANIFEST: None}, {MANIFEST: b"{}"}])
def test_whatever_was_changed_is_noticed(tmp_path: Path, change: dict[str, bytes | None]) -> None:
    data, file = data_directory(tmp_path), tmp_path / "b"
    backup(data, file, running=False)
    _rewritten(file, change)
    with pytest.raises(CallerError, match="no sound backup"):
        unpack(file, tmp_path / "restored")


def _link() -> tarfile.TarInfo:
    member = tarfile.TarInfo("link")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return member


@pytest.mark.parametrize("member", [tarfile.TarInfo("../evil"), tarfile.TarInfo("/evil"), _link()])
def test_an_archive_cannot_reach_outside(tmp_path: Path, member: tarfile.TarInfo) -> None:
    data, file = data_directory(tmp_path), tmp_path / "b"
    backup(data, file, running=False)
    _rewritten(file, {}, add=member)
    with pytest.raises(CallerError, match="no sound backup"):
        unpack(file, tmp_path / "restored")
    assert not (tmp_path / "evil").exists()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "b"
    for content in (b"", b"hello", gzip.compress(b"hello"), b"\x1f\x8b"):
        file.write_bytes(content)
        with pytest.raises(CallerError, match="no sound backup"):
            unpack(file, tmp_path / "restored")
    with pytest.raises(CallerError, match="no file"):
        unpack(tmp_path / "none", tmp_path / "restored")


def test_a_newer_format_is_refused_by_its_version(tmp_path: Path) -> None:
    file = tmp_path / "b"
    manifest = msgspec.json.encode(Manifest("99.0", "", "h", {}, False, format=99))
    with tarfile.open(file, "w:gz") as tar:
        member = tarfile.TarInfo(MANIFEST)
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    with pytest.raises(CallerError, match=r"newer Unisono \(99.0\)"):
        unpack(file, tmp_path / "restored")


def test_a_file_that_cannot_be_read_breaks_the_archive_off(tmp_path: Path) -> None:
    missing = [("a", tmp_path / "gone")]
    with pytest.raises(HostError, match="gone"):
        list(pack(missing, version="1", hub="h", logs=False))


def test_locks_spill_files_and_other_stages_are_left_out() -> None:
    for name in ("lock", "nats/nats.pid", "history/0/tmp/x", ".backup-1/x", "registry.db-wal", "registry.db"):
        assert leave_out(name), name
    for name in ("token", "history/0/hot.duckdb", "nats/jetstream/tmp", "keys/pepper"):
        assert not leave_out(name), name
