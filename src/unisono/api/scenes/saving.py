"""From what somebody wrote to a scene in force: read, checked against what there is and who may, saved, and in the log.

Knows documents, rights and the outbox. Knows no route. Everything that can be wrong is found before the registry's
transaction, so a scene is saved whole or not at all; the log carries its JSON, the registry the text as it was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from unisono.access import Action
from unisono.api.auth import Identity, now_us
from unisono.api.ids import check_id
from unisono.api.relay import encode_entry
from unisono.api.scenes.shapes import Finding
from unisono.errors import CallerError
from unisono.scene.document import Scene, load_scene
from unisono.scene.text import read_document
from unisono.store.registry import OutboxRow, SceneRow
from unisono.twin import record

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Draft", "find_scene", "read_draft", "remove", "save", "switch"]


class Draft(msgspec.Struct, frozen=True):
    """A scene about to be saved: ``text`` as it was written, ``said`` what it holds as plain values."""

    scene: Scene
    text: str
    said: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """What else it is called."""
        given = self.scene.names.values()
        return [name for some in given for name in ([some] if isinstance(some, str) else some)]


def read_draft(text: str) -> Draft:
    """Raises CallerError ``too_large``, ``bad_json``, ``bad_scene``, ``bad_id``."""
    said = read_document(text)
    scene = load_scene(said)
    check_id(scene.id)
    return Draft(scene, text, said)


async def find_scene(context: ApiContext, identity: Identity, scene_id: str) -> SceneRow:
    """A scene that the identity may see. Raises CallerError ``not_found``."""
    row = await context.registry.get_scene(scene_id)
    if row is None or not context.auth.allows(identity, Action.READ, await context.path_of(row.place)):
        raise CallerError(
            f"There is no scene {scene_id[:80]!r}", code="not_found", field="id", mend="Run: unisono scene list"
        )
    return row


async def save(
    context: ApiContext, identity: Identity, draft: Draft, old: SceneRow | None, *, base: int | None = None
) -> tuple[SceneRow, list[Finding]]:
    """Save a new scene, or the next version of ``old``; answered once it is in force. ``base``: the version that the
    change was made from, where that is known.

    A version that says the same, letter by letter, is none. Raises CallerError.
    """
    scene = draft.scene
    path = await context.path_of(scene.place)
    if not path or not context.auth.allows(identity, Action.READ, path):
        raise CallerError(
            f"There is no place {scene.place!r}", code="not_found", field="place", mend="Run: unisono place list"
        )
    context.auth.require(identity, Action.AUTOMATE, path)
    place = await context.place(scene.place)
    if old is not None:
        await require_change(context, identity, old)
        if base not in (None, old.version):
            raise CallerError(
                f"Version {old.version} was saved since",
                code="exists",
                field="version",
                expected=f"a change of version {old.version}",
                mend="Look at it and save yours again",
            )
    findings = await context.scenes.check(identity, scene, place.root)
    await context.scenes.require(identity, scene, Action.AUTOMATE)
    if old is not None:
        before = await context.registry.get_scene_version(old.id)
        if before is not None and before.document == draft.text:
            return old, findings
    at = now_us()
    row = SceneRow(
        scene.id,
        scene.name,
        scene.place,
        1 if old is None else old.version + 1,
        _enabled(draft, old),
        place.root,
        at,
        identity.by(),
        None if old is None else old.switched_at,
        None if old is None else old.switched_by,
    )
    outbox = _put(row, scene, place.partition)
    partitions = {place.partition}
    if old is not None and old.root != place.root:
        partition = await context.partition_of(old.root)
        if partition != place.partition:
            outbox.insert(0, OutboxRow(partition, encode_entry(record.SceneRemoved(old.id))))
            partitions.add(partition)
    await context.registry.put_scene(row, draft.text, draft.names, outbox)
    context.live_scenes.forget()
    await context.in_force(sorted(partitions))
    return row, findings


def _enabled(draft: Draft, old: SceneRow | None) -> bool:
    """A document that says nothing of it leaves the switch where it is."""
    return draft.scene.enabled if old is None or "enabled" in draft.said else old.enabled


def _put(row: SceneRow, scene: Scene, partition: str) -> list[OutboxRow]:
    """What the log hears of a version: the scene, and the switch where the document does not say it."""
    entries: list[record.Entry] = [record.ScenePut(row.id, row.version, msgspec.json.encode(scene))]
    if row.enabled != scene.enabled:
        entries.append(record.SceneEnabled(row.id, row.enabled))
    return [OutboxRow(partition, encode_entry(entry)) for entry in entries]


async def require_change(context: ApiContext, identity: Identity, row: SceneRow) -> None:
    """Who may not make a scene may not change or remove it either. Raises CallerError ``not_allowed``."""
    context.auth.require(identity, Action.AUTOMATE, await context.path_of(row.place))
    version = await context.registry.get_scene_version(row.id)
    if version is not None:
        await context.scenes.require(identity, load_scene(version.document), Action.AUTOMATE)


async def switch(context: ApiContext, identity: Identity, row: SceneRow, enabled: bool) -> None:
    """Let a scene be triggered, or not; answered once it is in force."""
    await require_change(context, identity, row)
    partition = await context.partition_of(row.root)
    outbox = [OutboxRow(partition, encode_entry(record.SceneEnabled(row.id, enabled)))]
    if await context.registry.switch_scene(row.id, enabled, outbox, at=now_us(), by=identity.by()):
        await context.in_force([partition])


async def remove(context: ApiContext, identity: Identity, row: SceneRow) -> None:
    """Remove a scene with its versions; its open runs end. Answered once that is so."""
    await require_change(context, identity, row)
    partition = await context.partition_of(row.root)
    await context.registry.remove_scene(row.id, [OutboxRow(partition, encode_entry(record.SceneRemoved(row.id)))])
    await context.in_force([partition])
