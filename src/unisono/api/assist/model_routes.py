"""The large model's address over HTTP: shown without its key, set, taken away.

Knows shapes and rights. Asking it is `unisono.api.assist.large`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from litestar import Router, delete, get, put
from litestar.params import JSONBody
from msgspec import Meta

from unisono.access import Action
from unisono.api.inject import Asker, Context
from unisono.errors import CallerError

if TYPE_CHECKING:
    from unisono.api.assist.large import ModelSettings

__all__ = ["router"]


class ModelAddress(msgspec.Struct, forbid_unknown_fields=True):
    """An OpenAI-compatible endpoint: ``url`` up to ``/v1`` (Ollama: http://127.0.0.1:11434/v1). ``key`` is never shown
    again; ``has_key`` says that there is one. What a speaker says, and the names of what they may see, go there."""

    url: Annotated[str, Meta(pattern=r"^https?://", max_length=500)]
    model: Annotated[str, Meta(min_length=1, max_length=200)]
    key: Annotated[str, Meta(max_length=2000)] | None = None
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 20.0
    asks_an_hour: Annotated[int, Meta(ge=0, le=100_000)] = 60
    tokens: Annotated[int, Meta(ge=50, le=100_000)] = 1000
    has_key: bool = False


@get("/assist/model")
async def get_model(context: Context, identity: Asker) -> ModelAddress:
    """Which large model is asked after a refusal."""
    from unisono.api.assist.large import LargeModel

    context.auth.require(identity, Action.OPERATE_HUB, ())
    return _shown(await LargeModel(context).settings())


def _shown(kept: ModelSettings | None) -> ModelAddress:
    if kept is None:
        raise CallerError("No large model is set up", code="not_found", mend="Run: unisono assist model --help")
    return ModelAddress(
        kept.url, kept.model, None, kept.timeout_s, kept.asks_an_hour, kept.tokens, has_key=bool(kept.key)
    )


@put("/assist/model")
async def put_model(context: Context, identity: Asker, data: JSONBody[ModelAddress]) -> ModelAddress:
    """Set up a large model, or another. Without ``key`` the one that is there stays, for the same ``url``."""
    from unisono.api.assist.large import META_MODEL, LargeModel, ModelSettings

    context.auth.require(identity, Action.OPERATE_HUB, ())
    old = await LargeModel(context).settings()
    kept = ModelSettings(
        url=data.url,
        model=data.model,
        key=old.key if old is not None and old.url == data.url else "",
        timeout_s=data.timeout_s,
        asks_an_hour=data.asks_an_hour,
        tokens=data.tokens,
    )
    if data.key is not None:
        kept = kept.with_key(data.key, context.pepper)
    await context.registry.put_meta(META_MODEL, msgspec.json.encode(kept).decode())
    return _shown(kept)


@delete("/assist/model", status_code=204)
async def remove_model(context: Context, identity: Asker) -> None:
    """Ask no large model any more."""
    from unisono.api.assist.large import META_MODEL

    context.auth.require(identity, Action.OPERATE_HUB, ())
    await context.registry.put_meta(META_MODEL, "")


router = Router("/", route_handlers=[get_model, put_model, remove_model], tags=["assistant"])
