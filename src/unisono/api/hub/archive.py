"""A backup as a file: a gzipped tar of a data directory, with a manifest of checksums as its last member.

Knows the format and how to check it. Knows no hub: what is consistent, the caller has to see to. The manifest comes
last so that files are read once; an archive without it was cut short and is refused.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import queue
import shutil
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

import msgspec

from unisono.errors import CallerError, HostError

__all__ = ["FORMAT", "MANIFEST", "Manifest", "files_below", "pack", "unpack"]

FORMAT = 1
MANIFEST = "manifest.json"

# gzip's fastest level: history is compressed already, the rest is small
LEVEL = 1

CHUNK = 256 * 1024

# pieces that wait for a slow reader: 16 x 256 KB
WAITING = 16

# A manifest names a few thousand files at most; an archive is untrusted until its checksums were compared
MAX_MANIFEST = 16 * 1024 * 1024
MAX_MEMBERS = 200_000


class Manifest(msgspec.Struct):
    """What is in a backup. ``files``: size and SHA-256 by path. ``logs``: whether the log's own files are in it."""

    version: str
    created: str
    hub: str
    files: dict[str, tuple[int, str]]
    logs: bool
    format: int = FORMAT


def files_below(root: Path, leave: Callable[[str], bool]) -> Iterator[tuple[str, Path]]:
    """Name in the archive and path of every regular file below ``root``, save those that ``leave`` names."""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not path.is_symlink() and not leave(name):
            yield name, path


def pack(files: Iterable[tuple[str, Path]], *, version: str, hub: str, logs: bool) -> Iterator[bytes]:
    """The archive of ``files``, piece by piece. Runs in a thread of its own; closing the generator ends it.

    Raises HostError ``read_only`` when a file cannot be read.
    """
    pieces: queue.Queue[bytes | BaseException | None] = queue.Queue(WAITING)
    gone = threading.Event()

    def give(piece: bytes | BaseException | None) -> None:
        while not gone.is_set():
            try:
                pieces.put(piece, timeout=0.2)
            except queue.Full:
                continue
            return
        raise _GoneError

    def work() -> None:
        try:
            _write(files, give, version, hub, logs)
            give(None)
        except _GoneError:
            pass
        except BaseException as error:  # noqa: BLE001  handed to whoever reads the pieces
            give(error)

    thread = threading.Thread(target=work, name="backup", daemon=True)
    thread.start()
    try:
        while (piece := pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        gone.set()
        thread.join()


class _GoneError(Exception):
    """Nobody reads the archive any more."""


class _Sink:
    """A file for `tarfile` that hands on what is written in pieces of a good size."""

    def __init__(self, give: Callable[[bytes], None]) -> None:
        self._give = give
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:
        self._held.append(bytes(data))
        self._size += len(data)
        if self._size >= CHUNK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        if self._held:
            self._give(b"".join(self._held))
            self._held, self._size = [], 0


class _Hashing:
    """Reads a file and keeps its checksum."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.sum.update(data)
        return data


def _write(
    files: Iterable[tuple[str, Path]], give: Callable[[bytes], None], version: str, hub: str, logs: bool
) -> None:
    sink = _Sink(give)
    found: dict[str, tuple[int, str]] = {}
    with (
        gzip.GzipFile("", "wb", LEVEL, sink, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in files:
            try:
                with path.open("rb") as file:
                    reading = _Hashing(file)
                    member = _member(name, os.fstat(file.fileno()).st_size)
                    tar.addfile(member, reading)
                    found[name] = (member.size, reading.sum.hexdigest())
            except OSError as error:
                raise HostError(f"{path} cannot be read: {error}", code="read_only") from error
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        manifest = msgspec.json.encode(Manifest(version, created, hub, found, logs))
        tar.addfile(_member(MANIFEST, len(manifest)), io.BytesIO(manifest))
    sink.flush()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    member.mtime = int(time.time())
    return member


def unpack(archive: Path, target: Path, advance: Callable[[int], Any] = lambda _: None) -> Manifest:
    """Check ``archive`` and make ``target`` of it: whole, or not at all. ``advance`` takes bytes of the archive read.

    Raises CallerError ``exists`` when ``target`` holds something, ``bad_request`` for a file that is no sound backup;
    HostError ``disk_full``, ``read_only``.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CallerError(f"{target} is not empty", code="exists", mend=f"Move it away first: mv {target} {target}.old")
    work = target.with_name(f".{target.name}.restoring")
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True, mode=0o700)
        try:
            manifest = _extract(archive, work, advance)
            if target.exists():
                target.rmdir()
            work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        full = error.errno == 28  # ENOSPC
        raise HostError(
            f"{target} cannot be written: {error.strerror or error}", code="disk_full" if full else "read_only"
        ) from error
    return manifest


def _extract(archive: Path, work: Path, advance: Callable[[int], Any]) -> Manifest:
    sums: dict[str, tuple[int, str]] = {}
    manifest: Manifest | None = None
    try:
        with archive.open("rb") as raw, tarfile.open(fileobj=_Watched(raw, advance), mode="r|gz") as tar:  # type: ignore[call-overload]
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or len(sums) > MAX_MEMBERS:
                    raise _unsound(archive, f"it holds {member.name!r}, which is no plain file")
                if member.name == MANIFEST:
                    if member.size > MAX_MANIFEST:
                        raise _unsound(archive, "its list of files is too long")
                    manifest = msgspec.json.decode(content.read(), type=Manifest)
                else:
                    sums[member.name] = _copy(content, _inside(archive, work, member.name))
    except FileNotFoundError:
        raise CallerError(f"There is no file {archive}", code="bad_usage", field="FILE") from None
    except (tarfile.TarError, EOFError, msgspec.DecodeError, ValueError) as error:
        raise _unsound(archive, str(error)) from error
    except OSError as error:
        if error.errno is None:  # gzip's own complaints carry no number
            raise _unsound(archive, str(error)) from error
        raise
    if manifest is None:
        raise _unsound(archive, "its end is missing")
    if manifest.format > FORMAT:
        raise _unsound(archive, f"it was made by a newer Unisono ({manifest.version})")
    if {name: tuple(each) for name, each in manifest.files.items()} != sums:
        wrong = next((name for name in {*sums, *manifest.files} if sums.get(name) != manifest.files.get(name)), "")
        raise _unsound(archive, f"{wrong} is not what it was when the backup was made")
    return manifest


def _unsound(archive: Path, why: str) -> CallerError:
    return CallerError(f"{archive} is no sound backup: {why}", code="bad_request", expected="a file of unisono backup")


def _inside(archive: Path, work: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\x00" in name:
        raise _unsound(archive, f"it names {name!r}, which lies outside")
    path = work.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _copy(content: IO[bytes], path: Path) -> tuple[int, str]:
    total, size = hashlib.sha256(), 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        while data := content.read(CHUNK):
            file.write(data)
            total.update(data)
            size += len(data)
        file.flush()
        os.fsync(file.fileno())
    return size, total.hexdigest()


class _Watched:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], advance: Callable[[int], Any]) -> None:
        self._file = file
        self._advance = advance

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._advance(len(data))
        return data
