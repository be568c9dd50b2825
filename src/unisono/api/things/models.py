"""Models over HTTP: immutable versions, built-in ones included.

Knows documents and versions. What a sound model is, `unisono.thing` says.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.openapi.spec import Operation
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.openapi.spec.media_type import OpenAPIMediaType
from litestar.openapi.spec.request_body import RequestBody
from litestar.openapi.spec.schema import Schema
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from unisono.access import Action
from unisono.api import shapes
from unisono.api.context import ApiContext, now_us
from unisono.api.inject import Asker, Context
from unisono.api.things.catalog import traits_of
from unisono.api.things.computing import refuse_computed
from unisono.api.things.importing import import_models
from unisono.errors import CallerError
from unisono.store.registry import ModelRow
from unisono.thing import Model, dump_model, load_model, require_sound
from unisono.thing.formats import find_format
from unisono.thing.formats.files import read_models

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

# the largest real specification we know of is 400 KB
MAX_MODEL_BYTES = 4 * 1024 * 1024

# many models at once, as the command line sends them: a few hundred each time
MAX_BULK_BYTES = 16 * 1024 * 1024
MAX_BULK_MODELS = 5000

# a maker's file sent whole: read in the hub, so not as large as the command line may read for it
MAX_IMPORT_BYTES = 8 * 1024 * 1024
MAX_FINDINGS = 1000


def summary(model: Model, *, built_in: bool) -> shapes.ModelSummary:
    """A model as a line in a list."""
    return shapes.ModelSummary(
        id=model.id,
        version=model.version,
        titles=dict(model.titles),
        kind=model.kind,
        vendor=model.vendor,
        built_in=built_in,
        traits=sorted(set(traits_of(model).values())),
    )


@get("/")
async def list_models(
    context: Context,
    identity: Asker,
    q: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> shapes.Page[shapes.ModelSummary]:
    """The newest version of each model, in the order of their ids; built-in ones among them."""
    rows = await context.registry.list_models(q=q, after=after, limit=limit + 1)
    found = {row.id: row for row in rows}
    needle = (q or "").casefold()
    built_in = {
        each.id: each
        for each in context.catalog.built_ins().values()
        if (after is None or each.id > after) and needle in each.id.casefold()
    }
    ids = sorted({*found, *built_in})[: limit + 1]
    items = [
        summary(built_in[each], built_in=True)
        if each in built_in
        else summary(await context.catalog.get(each, found[each].version), built_in=False)
        for each in ids[:limit]
    ]
    return shapes.Page(items, ids[limit - 1] if len(ids) > limit else None)


def _document(model: Model) -> Response[bytes]:
    return Response(dump_model(model), media_type="application/json")


@get("/{model_id:path}", response_description="The model's document")
async def get_model(
    context: Context,
    identity: Asker,
    model_id: FromPath[str],
    version: Annotated[int | None, QueryParameter(ge=1)] = None,
    format: FromQuery[str | None] = None,
) -> Response[bytes]:
    """A model's document: its newest version, unless one is named; in a maker's format, where one is named."""
    model = await context.catalog.get(model_id.lstrip("/"), version, field="id")
    if format is None:
        return _document(model)
    written = find_format(format).write(model)
    kind = "application/yaml" if format == "unisono" else "application/json"
    return Response(written, media_type=kind)


@dataclass
class BulkBody(Operation):
    """Says in the description what the body is: it is read raw, because each model is decoded once, as what it is."""

    def __post_init__(self) -> None:
        models = Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.OBJECT), max_items=MAX_BULK_MODELS)
        whole = Schema(type=OpenAPIType.OBJECT, properties={"models": models}, required=["models"])
        self.request_body = RequestBody(content={"application/json": OpenAPIMediaType(whole)}, required=True)


@dataclass
class FileBody(Operation):
    """Says in the description what the body is: a file, packed or not."""

    def __post_init__(self) -> None:
        file = OpenAPIMediaType(Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))
        self.request_body = RequestBody(content={"application/octet-stream": file}, required=True)


class _Bulk(msgspec.Struct, forbid_unknown_fields=True):
    models: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_BULK_MODELS)]


@post("/bulk", request_max_body_size=MAX_BULK_BYTES, status_code=200, operation_class=BulkBody)
async def add_models(context: Context, identity: Asker, request: Request[Any, Any, Any]) -> shapes.ModelsAdded:
    """Add many models at once: each that is sound becomes a version, unless it says what its newest one says."""
    context.auth.require(identity, Action.CONFIGURE, ())
    try:
        found = msgspec.json.decode(await request.body(), type=_Bulk)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise CallerError(str(error), code="bad_json", field="models", expected='{"models": [...]}') from None
    return shapes.ModelsAdded(await import_models(context, [bytes(each) for each in found.models]))


@post(
    "/import",
    request_max_body_size=MAX_IMPORT_BYTES,
    status_code=200,
    media_type="application/json",
    operation_class=FileBody,
)
async def import_file(
    context: Context,
    identity: Asker,
    request: Request[Any, Any, Any],
    format: FromQuery[str] = "auto",
    dry_run: FromQuery[bool] = False,
) -> shapes.ModelsImported:
    """Add the models in a maker's file, which is the body; what was odd in it is told. See docs/models.md."""
    context.auth.require(identity, Action.CONFIGURE, ())
    read = await asyncio.to_thread(read_models, await request.body(), format)
    documents = [] if dry_run else [dump_model(model) for model in read.models]
    items = await import_models(context, documents)
    if dry_run:
        items = [shapes.ModelAdded(model.id, model.version, "read") for model in read.models]
    findings = [shapes.ModelFinding(each.severity, each.path, each.rule, each.message) for each in read.findings]
    return shapes.ModelsImported(read.format, items, findings[:MAX_FINDINGS])


@post("/", request_max_body_size=MAX_MODEL_BYTES, status_code=201)
async def add_model(context: Context, identity: Asker, data: JSONBody[dict[str, Any]]) -> Response[bytes]:
    """Add a model, or a further version of one. Versions are immutable: the same again changes nothing."""
    context.auth.require(identity, Action.CONFIGURE, ())
    model = load_model(data)
    refuse_computed(model.id)
    await _put(context, model)
    return Response(dump_model(model), media_type="application/json", status_code=201)


async def _put(context: ApiContext, model: Model) -> None:
    if context.catalog.built_in(model.id) is not None:
        raise CallerError(
            f"{model.id!r} is a built-in model",
            code="exists",
            field="id",
            expected="an id of your own, such as vendor.product",
        )
    require_sound(model)
    row = ModelRow(
        model.id, model.version, dump_model(model).decode(), model.vendor or "", model.kind or "", created=now_us()
    )
    # no log entry yet: a partition learns of a version when the first thing of it is put there
    await context.registry.put_model(row)


@patch("/{model_id:path}", request_max_body_size=MAX_MODEL_BYTES)
async def change_model(
    context: Context, identity: Asker, model_id: FromPath[str], data: JSONBody[dict[str, Any]]
) -> Response[bytes]:
    """A new version: the newest one with these members replaced (RFC 7396). Things keep theirs until changed."""
    context.auth.require(identity, Action.CONFIGURE, ())
    newest = await context.catalog.get(model_id.lstrip("/"), None, field="id")
    refuse_computed(newest.id)
    if data.get("id", newest.id) != newest.id:
        raise CallerError("A version has the id of its model", code="bad_value", field="id", expected=newest.id)
    document = merge(msgspec.json.decode(dump_model(newest)), data)
    document["version"] = newest.version + 1
    model = load_model(document)
    await _put(context, model)
    return _document(model)


def merge(target: Any, change: Any) -> Any:
    """RFC 7396 merge: null removes a member, objects are merged, anything else replaces."""
    if not isinstance(change, dict):
        return change
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


@delete("/{model_id:path}", status_code=204)
async def remove_model(
    context: Context,
    identity: Asker,
    model_id: FromPath[str],
    version: Annotated[int | None, QueryParameter(ge=1)] = None,
) -> None:
    """Remove a model, or one version of it, that no thing uses."""
    context.auth.require(identity, Action.CONFIGURE, ())
    wanted = model_id.lstrip("/")
    refuse_computed(wanted)
    if context.catalog.built_in(wanted) is not None:
        raise CallerError(f"{wanted!r} is a built-in model", code="in_use", field="id", expected="a model of your own")
    await context.registry.remove_model(wanted, version)
    context.catalog.forget(wanted)


router = Router(
    "/models",
    route_handlers=[list_models, get_model, add_models, import_file, add_model, change_model, remove_model],
    tags=["models"],
)
