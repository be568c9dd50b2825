"""What is said once about a hub, and the outbox."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from unisono.errors import CallerError, HostError
from unisono.store.registry import OutboxRow, Registry


async def test_meta(registry: Registry) -> None:
    assert await registry.get_meta("hub") is None
    assert await registry.set_meta_once("hub", "first") == "first"
    assert await registry.set_meta_once("hub", "second") == "first"
    await registry.put_meta("hub", "third")
    assert await registry.get_meta("hub") == "third"


async def test_the_outbox_keeps_order_until_done(registry: Registry) -> None:
    await registry.outbox_add([OutboxRow("0", b"a"), OutboxRow("1", b"b"), OutboxRow("0", b"c")])
    pending = await registry.outbox_pending()
    assert [(item.partition, item.entry) for item in pending] == [("0", b"a"), ("1", b"b"), ("0", b"c")]
    assert await registry.outbox_pending(limit=1) == pending[:1]
    await registry.outbox_done([pending[0].id, pending[2].id])
    assert await registry.outbox_pending() == pending[1:2]
    await registry.outbox_done([])


async def test_an_outbox_id_is_never_used_again(registry: Registry) -> None:
    """The log takes a known id for a repetition and drops it."""
    seen: set[int] = set()
    for _ in range(3):
        await registry.outbox_add([OutboxRow("0", b"a"), OutboxRow("0", b"b")])
        ids = [item.id for item in await registry.outbox_pending()]
        assert not seen & set(ids)
        seen.update(ids)
        await registry.outbox_done(ids)


async def test_ids_grow_in_the_order_of_commits_whoever_writes(registry: Registry) -> None:
    """Else a relay that has seen 7 and then finds 6 would turn the order of changes round."""
    done = 0

    async def write(name: bytes) -> None:
        nonlocal done
        for number in range(10):
            await registry.outbox_add([OutboxRow("0", name + bytes([number]))])
        done += 1

    async def watch() -> list[int]:
        seen: list[int] = []
        while True:
            finished = done == 4
            seen += [item.id for item in await registry.outbox_pending() if item.id not in seen]
            if finished:
                return seen

    *_, seen = await asyncio.gather(*(write(bytes([writer])) for writer in range(4)), watch())
    assert seen is not None
    assert len(seen) == 40
    assert seen == sorted(seen)


async def test_a_backup_is_a_registry(registry: Registry, tmp_path: Path) -> None:
    await registry.put_meta("hub", "mine")
    path = tmp_path / "backup.db"
    if not registry._database.sqlite:
        with pytest.raises(CallerError, match="pg_dump"):
            await registry.back_up(path)
        return
    await registry.back_up(path)
    await registry.put_meta("hub", "later")
    copy = await Registry.open(f"sqlite:///{path}")
    assert await copy.get_meta("hub") == "mine"
    await copy.close()
    with pytest.raises(CallerError) as refused:
        await registry.back_up(path)
    assert refused.value.code == "exists"


async def test_a_backup_that_fails_leaves_no_file(empty_file: Path, tmp_path: Path) -> None:
    registry = await Registry.open(f"sqlite:///{shutil.copy(empty_file, tmp_path / 'registry.db')}")
    (tmp_path / "file").touch()
    with pytest.raises(HostError):
        await registry.back_up(tmp_path / "file" / "backup.db")
    (tmp_path / "registry.db").write_bytes(b"no database" * 10_000)
    with pytest.raises(HostError, match="damaged"):
        await registry.back_up(tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()
    await registry.close()
