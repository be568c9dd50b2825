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
from unisono.store.registry import OutboxRow, PlaceRow, SceneRow, SceneText
from unisono.twin import record

if TYPE_CHECKING:
    from unisono.api.context import ApiContext
    from unisono.api.scenes.facts import Surroundings

__all__ = ["Draft", "Ready", "find_place", "find_scene", "make_ready", "read_draft", "remove", "save", "switch"]


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
    place = await find_place(context, identity, draft.scene)
    async with context.scenes.writing(identity, place.root) as around:
        ready = await make_ready(context, around, place, draft, old, base=base)
        if ready.text is None:
            return ready.row, ready.findings
        changes = await context.registry.put_scenes([ready.text], ready.outbox)
        around.book.put(draft.scene, ready.row)
        around.book.saved(changes.get(place.root))
    context.live_scenes.forget()
    context.words_changed()
    await context.in_force(sorted({row.partition for row in ready.outbox}))
    return ready.row, ready.findings


async def find_place(context: ApiContext, identity: Identity, scene: Scene) -> PlaceRow:
    """The place of a scene, where the identity may make scenes. Raises CallerError ``not_found``, ``not_allowed``."""
    path = await context.path_of(scene.place)
    if not path or not context.auth.allows(identity, Action.READ, path):
        raise CallerError(
            f"There is no place {scene.place!r}", code="not_found", field="place", mend="Run: unisono place list"
        )
    context.auth.require(identity, Action.AUTOMATE, path)
    return await context.place(scene.place)


class Ready(msgspec.Struct, frozen=True):
    """A scene that was looked at. ``text`` None: it is what it was, letter by letter, and nothing is to be saved."""

    row: SceneRow
    findings: list[Finding]
    text: SceneText | None = None
    outbox: list[OutboxRow] = []


async def make_ready(
    context: ApiContext,
    around: Surroundings,
    place: PlaceRow,
    draft: Draft,
    old: SceneRow | None,
    *,
    base: int | None = None,
) -> Ready:
    """Look at everything that can be wrong about a scene, and at who wants it. Raises CallerError."""
    scene = draft.scene
    before: str | None = None
    if old is not None:
        before = await require_change(context, around.identity, old)
        if base not in (None, old.version):
            raise CallerError(
                f"Version {old.version} was saved since",
                code="exists",
                field="version",
                expected=f"a change of version {old.version}",
                mend="Look at it and save yours again",
            )
    findings = await around.check(scene)
    await around.require(scene, Action.AUTOMATE)
    if old is not None and before == draft.text:
        return Ready(old, findings)
    row = SceneRow(
        scene.id,
        scene.name,
        scene.place,
        1 if old is None else old.version + 1,
        _enabled(draft, old),
        place.root,
        now_us(),
        around.identity.by(),
        None if old is None else old.switched_at,
        None if old is None else old.switched_by,
    )
    outbox = _put(row, scene, place.partition)
    if old is not None and old.root != place.root:
        partition = await context.partition_of(old.root)
        if partition != place.partition:
            outbox.insert(0, OutboxRow(partition, encode_entry(record.SceneRemoved(old.id))))
    return Ready(row, findings, SceneText(row, draft.text, draft.names), outbox)


def _enabled(draft: Draft, old: SceneRow | None) -> bool:
    """A document that says nothing of it leaves the switch where it is."""
    return draft.scene.enabled if old is None or "enabled" in draft.said else old.enabled


def _put(row: SceneRow, scene: Scene, partition: str) -> list[OutboxRow]:
    """What the log hears of a version: the scene, and the switch where the document does not say it."""
    entries: list[record.Entry] = [record.ScenePut(row.id, row.version, msgspec.json.encode(scene))]
    if row.enabled != scene.enabled:
        entries.append(record.SceneEnabled(row.id, row.enabled))
    return [OutboxRow(partition, encode_entry(entry)) for entry in entries]


async def require_change(context: ApiContext, identity: Identity, row: SceneRow) -> str | None:
    """Who may not make a scene may not change or remove it either; what it says. Raises CallerError ``not_allowed``."""
    context.auth.require(identity, Action.AUTOMATE, await context.path_of(row.place))
    version = await context.registry.get_scene_version(row.id)
    if version is None:
        return None
    await context.scenes.require(identity, load_scene(version.document), Action.AUTOMATE)
    return version.document


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
    outbox = [OutboxRow(partition, encode_entry(record.SceneRemoved(row.id)))]
    changes = await context.registry.remove_scene(row.id, outbox)
    context.scenes.books.note(changes, row.root, [row.id])
    context.words_changed()
    await context.in_force([partition])
