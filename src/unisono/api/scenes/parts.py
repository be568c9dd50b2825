"""What a scene is made of, part by part with their paths, and the other scenes that it names.

Knows documents only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from unisono.errors import CallerError
from unisono.scene.document import Cel, Notify, RunScene, Scene, SceneEnd, Selector

__all__ = ["named_scenes", "parts", "parts_at", "refuse_wide", "told"]

_PLACEHOLDER = re.compile(r"\{([a-z0-9][a-z0-9_-]*)\.[^{}]+\}")


def refuse_wide(scene: Scene) -> None:
    """Raise CallerError ``bad_scene`` for a selection by kind alone: it would reach other people's homes."""
    for path, part in parts_at(scene):
        if isinstance(part, Selector) and part.kind is not None and part.place is None:
            raise CallerError(
                f"every {part.kind} of which place?",
                code="bad_scene",
                field=f"{path}.kind",
                expected=f'"place" beside it, such as "place: {scene.place}"',
            )


def parts(scene: Scene) -> Iterator[msgspec.Struct]:
    """Everything a scene is made of."""
    for _path, part in parts_at(scene):
        yield part


def named_scenes(scene: Scene) -> set[str]:
    """The other scenes that it runs, or whose end it waits for."""
    return {part.id for part in parts(scene) if isinstance(part, RunScene | SceneEnd)} - {scene.id}


def told(part: Notify) -> Iterator[tuple[str, str]]:
    """The fields of a notification that speak of a thing, and which."""
    for field in ("title", "text"):
        for thing in _PLACEHOLDER.findall(getattr(part, field)):
            yield field, thing


def parts_at(value: Any, path: str = "") -> Iterator[tuple[str, msgspec.Struct]]:
    """As `parts`, each with where in the document it stands."""
    if isinstance(value, msgspec.Struct):
        yield path, value
        # by the names alone: `msgspec.structs.fields` evaluates every annotation anew, for milliseconds a scene
        for name, said in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            inner = getattr(value, name)
            if isinstance(inner, msgspec.Struct | tuple | dict):
                yield from parts_at(inner, f"{path}.{said}" if path else said)
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            if isinstance(each, msgspec.Struct | tuple | dict):
                yield from parts_at(each, f"{path}.{number}")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from parts_at(each, f"{path}.{key}")
        if "cel" in value:  # a value that a run computes: plain in the document, as any other value
            with suppress(msgspec.ValidationError):
                yield from parts_at(msgspec.convert(value["cel"], Cel), f"{path}.cel")
