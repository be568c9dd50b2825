"""A backup of a running hub: owners stand still for the moment in which their files are copied, then all goes on.

Knows which files make a hub and in which order they are consistent. The log is left out: what it held is in twins and
history by then. Devices keep sending meanwhile; what they send is in the log and belongs to the next backup.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from pathlib import Path

from litestar import post
from litestar.response import Stream

from unisono.access import Action
from unisono.api.context import ApiContext
from unisono.api.hub.archive import files_below, pack
from unisono.api.hub.version import VERSION
from unisono.api.inject import Asker, Context
from unisono.errors import CallerError, HostError

__all__ = ["leave_out", "make_backup", "open_backup", "stage_files"]

log = logging.getLogger(__name__)

REGISTRY = "registry.db"

# the owner folds thousands of messages a second; a backlog longer than this is a reason to look, not to wait
CAUGHT_UP_S = 60.0

# parts of a data directory that are made anew: locks, pids, spill files, other backups under way
_LEFT_OUT = ("lock", "nats/nats.pid", "nats/nats.log", "nats/stderr.log", "nats/port", "nats/nats.conf")
STAGE_PREFIX = ".backup-"


def leave_out(name: str) -> bool:
    """Whether a file of a data directory has no place in a backup."""
    parts = name.split("/")
    return (
        name in _LEFT_OUT
        or parts[0].startswith((STAGE_PREFIX, ".writable"))
        or (parts[0] == "history" and "tmp" in parts[1:-1])
        or name in {f"{REGISTRY}-wal", f"{REGISTRY}-shm", REGISTRY}
    )


def _of_the_log(name: str) -> bool:
    """The log's own files; retained messages of ordinary topics stay (their index is made anew from the blocks)."""
    parts = name.split("/")
    if parts[0] != "nats":
        return False
    return "RETAINED" not in parts or parts[-1] == "index.db"


def copy_registry(data: Path, target: Path) -> None:
    """A consistent copy of the SQLite registry, whoever writes to it meanwhile. Raises HostError."""
    source = data / REGISTRY
    if not source.exists():
        raise CallerError(
            f"There is no {source}: the registry is in PostgreSQL",
            code="bad_usage",
            mend="Back it up with pg_dump; the rest of the data directory with the hub stopped",
        )
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=10)) as here,
            contextlib.closing(sqlite3.connect(target)) as there,
        ):
            here.backup(there)
            there.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise HostError(f"{source} cannot be copied: {error}", code="registry_unavailable") from error
    target.chmod(0o600)


def stage_files(data: Path, stage: Path) -> None:
    """Put a copy of all but the log into ``stage``, in which nothing moves: sealed files are linked, others copied."""
    copy_registry(data, stage / REGISTRY)
    for name, path in files_below(data, leave_out):
        if _of_the_log(name):
            continue
        target = stage / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            if path.suffix == ".parquet":
                os.link(path, target)
            else:
                shutil.copyfile(path, target)
        except FileNotFoundError:
            continue  # a temporary file that its writer took away meanwhile


def open_backup(data: Path, *, hub: str, running: bool) -> Iterator[bytes]:
    """The archive, piece by piece. Of a ``running`` hub a copy is staged now, and goes when the iterator ends.

    While this stages, nothing may write to ``data`` save the registry and the log; of a hub that does not run (the
    caller holds its lock) everything is taken as it lies there, the log too.
    """
    stage = data / f"{STAGE_PREFIX}{secrets.token_hex(6)}"
    try:
        stage.mkdir(mode=0o700)
        if running:
            stage_files(data, stage)
        else:
            copy_registry(data, stage / REGISTRY)
    except OSError as error:
        shutil.rmtree(stage, ignore_errors=True)
        code = "disk_full" if error.errno == errno.ENOSPC else "read_only"
        raise HostError(f"The backup cannot be put together: {error}", code=code, mend="unisono doctor") from error
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return _stream(data, stage, hub, running)


def _stream(data: Path, stage: Path, hub: str, running: bool) -> Iterator[bytes]:
    files = files_below(stage, lambda _: False)
    if not running:
        files = chain(files, files_below(data, leave_out))
    try:
        yield from pack(files, version=VERSION, hub=hub, logs=not running)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextlib.asynccontextmanager
async def _standing_still(context: ApiContext) -> AsyncIterator[None]:
    """Nothing enters the log through us, everything in it is folded, and the owners have closed their files."""
    assert context.pause is not None and context.resume is not None
    await context.relay.drain()
    async with context.relay.held():
        for partition in context.partitions:
            status = await context.owners.status(partition)
            async with asyncio.timeout(CAUGHT_UP_S):
                await context.owners.reached(partition, status.last_seq)
        await context.pause()
        try:
            yield
        finally:
            await context.resume()


_one_at_a_time = asyncio.Lock()


@post("/backup", status_code=200, tags=["hub"])
async def make_backup(context: Context, identity: Asker) -> Stream:
    """A backup of the whole hub as one file (gzipped tar). Devices keep sending; owners pause for a moment."""
    context.auth.require(identity, Action.OPERATE_HUB, ())
    if context.pause is None or context.resume is None:
        raise HostError(
            "This hub cannot pause its owners", code="owner_unavailable", mend="Stop the hub, then: unisono backup FILE"
        )
    if _one_at_a_time.locked():
        raise CallerError("A backup is being made", code="too_many", mend="Try again in a moment")
    async with _one_at_a_time, _standing_still(context):
        pieces = await asyncio.to_thread(open_backup, context.data, hub=context.hub_id, running=True)
    return Stream(pieces, media_type="application/gzip")
