"""Many models at once: each becomes a version of its own, unless nothing in it is new.

Knows versions. What a sound model is, `unisono.thing` says; what a file says, `unisono.thing.formats`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from unisono.api import shapes
from unisono.api.context import ApiContext, now_us
from unisono.api.things.computing import refuse_computed
from unisono.errors import CallerError, UnisonoError
from unisono.store.registry import ModelRow
from unisono.thing import Model, dump_model, load_model, require_sound

__all__ = ["import_models"]

# checked in one go beside the event loop: a twentieth of a second
TOGETHER = 100


async def import_models(context: ApiContext, documents: Sequence[bytes]) -> list[shapes.ModelAdded]:
    """Add what is sound and new. A model whose version is taken by another document gets the next version."""
    sound: list[Model | str] = []
    for start in range(0, len(documents), TOGETHER):
        sound += await asyncio.to_thread(_checked, context, documents[start : start + TOGETHER])
    newest = await context.registry.newest_models([each.id for each in sound if isinstance(each, Model)])
    rows: list[ModelRow] = []
    results: list[shapes.ModelAdded] = []
    for document, each in zip(documents, sound, strict=True):
        if isinstance(each, str):
            results.append(shapes.ModelAdded(_id(document), None, "refused", each))
            continue
        version, known = _next(each, newest.get(each.id))
        results.append(shapes.ModelAdded(each.id, version, "unchanged" if known else "added"))
        if not known:
            text = dump_model(msgspec.structs.replace(each, version=version)).decode()
            newest[each.id] = ModelRow(each.id, version, text, each.vendor or "", each.kind or "", created=now_us())
            rows.append(newest[each.id])
    await context.registry.add_models(rows)
    return results


def _id(document: bytes) -> str | None:
    """The id of a document that is refused, where it has one."""
    try:
        found: Any = msgspec.json.decode(document).get("id")
    except (msgspec.MsgspecError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _checked(context: ApiContext, documents: Sequence[bytes]) -> list[Model | str]:
    """The models, or why one cannot be."""
    found: list[Model | str] = []
    for document in documents:
        try:
            model = require_sound(load_model(bytes(document)))
            refuse_computed(model.id)
            if context.catalog.built_in(model.id) is not None:
                raise CallerError(f"{model.id!r} is a built-in model", code="exists", field="id")
            found.append(model)
        except UnisonoError as error:
            found.append(f"{error.field}: {error.detail}" if error.field else error.detail)
    return found


def _next(model: Model, newest: ModelRow | None) -> tuple[int, bool]:
    """The version that a model gets, and whether it is that one already."""
    if newest is None:
        return model.version, False
    same = msgspec.structs.replace(model, version=newest.version)
    if dump_model(same).decode() == newest.document:
        return newest.version, True
    return max(model.version, newest.version + 1), False
