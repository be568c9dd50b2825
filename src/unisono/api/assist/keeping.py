"""Scenes that the assistant makes: kept like anybody's, and those for one time taken away when they have run.

Knows saving, running and removing of scenes. A scene for one time has an id that begins with ``later-``.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.api.auth import Identity, now_us
from unisono.api.commands.asking import asker
from unisono.api.ids import free_id, new_ulid
from unisono.api.relay import encode_entry
from unisono.api.scenes.saving import read_draft, remove, save
from unisono.api.times import SECOND
from unisono.errors import CallerError, UnisonoError
from unisono.scene.talk import RunAnswer, RunAsk, SceneView
from unisono.store.registry import OutboxRow, SceneRow
from unisono.twin import record

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["LATER", "Keeper"]

logger = logging.getLogger("unisono.assist")

#: Scenes that are made for one time have ids that begin so.
LATER = "later-"
#: How often scenes for one time are looked at, while there are any: they only take up room in a list.
SWEEP_S = 30.0
#: One that was saved so lately may be about to be run.
SETTLE_US = 60 * SECOND
#: Scenes for one time of one person; "remind me" in a loop must not fill the registry.
MAX_LATER = 200
PAGE = 1_000


class Keeper:
    """Keeps and takes away. ``start`` looks once for what an earlier life left; a hub without any does nothing."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._task: asyncio.Task[None] | None = None
        self._heard = False

    async def start(self) -> None:
        if await self._all():
            self._wake()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def new_id(self, said: str, *, later: bool) -> str:
        """An id for a scene: of the sentence, or one that says that it is for one time."""
        if later:
            return LATER + new_ulid(now_us()).lower()
        taken = [row.id for row in await self._context.registry.find_scenes(q="", limit=PAGE)]
        return free_id(said, "said", taken)

    async def keep(self, identity: Identity, document: dict[str, Any]) -> SceneRow:
        """Save a scene; one that has no trigger is run at once: it waits by itself.

        Raises CallerError as saving does, and ``too_many``.
        """
        draft = read_draft(msgspec.json.encode(document).decode())
        later = draft.scene.id.startswith(LATER)
        if later and len(await self.later(identity)) >= MAX_LATER:
            raise _too_many()
        row, _findings = await save(self._context, identity.by_assistant(), draft, None)
        if later:
            self._wake()
            if not draft.scene.when:
                await self.run(identity, row)
        return row

    async def run(self, identity: Identity, row: SceneRow, address: str = "") -> RunAnswer:
        """Run a scene that the identity may run; what it asks of things is asked by them."""
        partition = await self._context.partition_of(row.root)
        by = asker(identity.by_assistant(), await self._context.path_of(row.place), address)
        return await self._context.owners.scene_run(partition, RunAsk(row.id, by))

    async def later(self, identity: Identity) -> list[SceneRow]:
        """What a person asked for later and is still to come, the newest first."""
        return [row for row in reversed(await self._all()) if row.by.get("id") == identity.id]

    async def cancel(self, identity: Identity, row: SceneRow) -> None:
        await remove(self._context, identity, row)

    async def _all(self) -> list[SceneRow]:
        rows = await self._context.registry.find_scenes(q=LATER, limit=PAGE)
        return [row for row in rows if row.id.startswith(LATER) and row.by.get("kind") == "assistant"]

    # what has happened

    def _wake(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._sweep(), name="assistant: what was for one time")

    async def _sweep(self) -> None:
        while rows := await self._all():
            await self.attempt(rows)
            await asyncio.sleep(SWEEP_S)

    async def attempt(self, rows: list[SceneRow]) -> None:
        """`sweep`; what stands against it is told, and it is tried again later."""
        try:
            await self.sweep(rows)
            self._heard = True
        except UnisonoError as error:
            # owners start beside the doors and may have a log to catch up with: until then nothing is amiss
            if self._heard or error.code != "owner_unavailable":
                logger.warning("scenes for one time are not taken away: %s", error)

    async def sweep(self, rows: list[SceneRow] | None = None, *, settle_us: int = SETTLE_US) -> list[str]:
        """Take away what has run, or whose time went by; answers which."""
        gone = []
        for row in await self._all() if rows is None else rows:
            partition = await self._context.partition_of(row.root)
            view = (await self._context.owners.scenes(partition, [row.id])).get(row.id)
            if view is None or not _is_over(view) or (view.last is None and now_us() - row.at < settle_us):
                continue
            outbox = [OutboxRow(partition, encode_entry(record.SceneRemoved(row.id)))]
            changes = await self._context.registry.remove_scene(row.id, outbox)
            self._context.scenes.books.note(changes, row.root, [row.id])
            await self._context.in_force([partition])
            gone.append(row.id)
        return gone


def _is_over(view: SceneView) -> bool:
    """It ran, or there is no moment left at which it could; and nothing of it goes on. A time of day comes again."""
    return not view.runs and not view.queued and (view.last is not None or view.next is None)


def _too_many() -> CallerError:
    return CallerError(
        f"{MAX_LATER} things are to be done later already", code="too_many", mend="Cancel some: unisono scene list"
    )
