"""The JSON shapes of scenes: what people and programs send and get.

Knows fields, and how registry rows become them. Knows no route and no storage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from unisono.api.times import iso, iso_or_none
from unisono.store.registry import SceneRow, SceneVersionRow

__all__ = ["Finding", "Scene", "SceneDocument", "SceneLine", "SceneVersion", "document", "line", "scene", "version"]


class Finding(msgspec.Struct, omit_defaults=True):
    """Something odd about a scene that is saved all the same. ``path`` is where in its document."""

    severity: str
    path: str
    reason: str
    expected: str | None = None
    scenes: list[str] = []


class SceneLine(msgspec.Struct):
    """A scene in a list. ``saved_*`` is about this version, ``switched_*`` about who enabled or disabled it last."""

    id: str
    name: str
    place: str
    enabled: bool
    version: int
    saved_at: str
    saved_by: dict[str, str]
    switched_at: str | None
    switched_by: dict[str, str] | None


class Scene(SceneLine):
    """A scene with what it says: ``document`` as JSON, ``text`` as it was written. ``warnings`` come with saving."""

    document: dict[str, Any]
    text: str
    warnings: list[Finding] = []


class SceneVersion(msgspec.Struct):
    """One version in the list of a scene's versions."""

    version: int
    saved_at: str
    saved_by: dict[str, str]


class SceneDocument(msgspec.Struct):
    """One version with what it says."""

    id: str
    version: int
    saved_at: str
    saved_by: dict[str, str]
    document: dict[str, Any]
    text: str


def line(row: SceneRow) -> SceneLine:
    return SceneLine(
        id=row.id,
        name=row.name,
        place=row.place,
        enabled=row.enabled,
        version=row.version,
        saved_at=iso(row.at),
        saved_by=row.by,
        switched_at=iso_or_none(row.switched_at),
        switched_by=row.switched_by,
    )


def scene(row: SceneRow, text: str, said: dict[str, Any], warnings: Sequence[Finding] = ()) -> Scene:
    shown = msgspec.structs.asdict(line(row))
    return Scene(**shown, document=said, text=text, warnings=list(warnings))


def version(row: SceneVersionRow) -> SceneVersion:
    return SceneVersion(row.version, iso(row.at), row.by)


def document(row: SceneVersionRow, said: dict[str, Any]) -> SceneDocument:
    return SceneDocument(row.scene, row.version, iso(row.at), row.by, said, row.document)
