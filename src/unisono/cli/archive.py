"""``unisono backup`` and ``unisono restore``: everything of a hub as one file, and back."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, progress
from unisono.errors import CallerError, HostError, UnisonoError

__all__ = ["register"]

CHUNK = 256 * 1024

# a hub pauses its owners before the first byte comes
BACKUP_S = 180.0


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    hub_command(app, "backup")(_backup)
    app.command("restore")(_restore)


def _backup(hub: Hub, screen: Screen, file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Write a backup of the hub to FILE: of the running one, or of the data directory of one that does not run."""
    if file.exists():
        raise CallerError(f"{file} exists", code="bad_usage", field="FILE", expected="a new file")
    part = file.with_name(f"{file.name}.part")
    try:
        size = _write(part, _pieces(hub))
        part.rename(file)
    except OSError as error:
        raise HostError(f"{file} cannot be written: {error.strerror}", code="read_only") from error
    finally:
        part.unlink(missing_ok=True)
    screen.done(f"{file}: {size / 2**20:.1f} MB", {"file": str(file), "bytes": size})


def _write(part: Path, pieces: Iterator[bytes]) -> int:
    size = 0
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds every secret of the hub
    with os.fdopen(handle, "wb") as out, progress("Backing up") as advance:
        for piece in pieces:
            out.write(piece)
            size += len(piece)
            advance(len(piece))
        out.flush()
        os.fsync(out.fileno())
    return size


def _pieces(hub: Hub) -> Iterator[bytes]:
    try:
        answer = hub.open("POST", "/api/v1/backup", data=b"", timeout_s=BACKUP_S)
    except UnisonoError as error:
        if error.code != "hub_unreachable":
            raise
        yield from _of_a_directory(hub.data, error)
        return
    with answer:
        try:
            while data := answer.read(CHUNK):
                yield data
        except (http.client.HTTPException, OSError) as error:
            raise HostError("The hub broke the backup off", code="hub_unreachable", mend="unisono doctor") from error


def _of_a_directory(data: Path, why: UnisonoError) -> Iterator[bytes]:
    if not (data / "registry.db").exists() and not (data / "nats").exists():
        raise why
    from unisono.api.hub.backup import open_backup
    from unisono.store.lock import DataLock

    print(f"The hub does not run; backing up {data}", file=sys.stderr)
    lock = DataLock(data.absolute())
    lock.take()  # nobody starts it meanwhile
    try:
        yield from open_backup(data.absolute(), hub="", running=False)
    finally:
        lock.release()


def _restore(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    data: Annotated[Path, typer.Option("--data", envvar="UNISONO_DATA", help="Where to; must be empty.")] = Path(
        "data"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a data directory of a backup. Every file is checked first; an existing directory is never touched."""
    from unisono.api.hub.archive import unpack

    total = file.stat().st_size if file.exists() else None
    with progress("Restoring", total) as advance:
        manifest = unpack(file, data.absolute(), advance)
    Screen(as_json=as_json).done(
        f"{data} is the hub of {manifest.created} again. Start it: unisono up --data {data}",
        {"data": str(data), "created": manifest.created, "version": manifest.version, "files": len(manifest.files)},
    )
