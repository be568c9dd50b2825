"""Scenes over HTTP: list, look at, save, switch, run, and see why one ran or did not.

Knows rows, texts and rights; saving is `unisono.api.scenes.saving`, running the owner's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Router, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, QueryParameter

from unisono.api.auth import Identity
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.scenes import shapes
from unisono.api.scenes.backtest import backtest_scene
from unisono.api.scenes.bulk import add_scenes_in_bulk
from unisono.api.scenes.running import run_scene, stop_scene, trace_scene
from unisono.api.scenes.saving import Draft, find_scene, read_draft, remove, save, switch
from unisono.api.scenes.text import MAX_BODY_BYTES, SceneOperation, scene_text
from unisono.api.shapes import Page
from unisono.api.things.models import merge
from unisono.api.things.things import visible_in
from unisono.errors import CallerError, HostError
from unisono.scene.document import scene_schema
from unisono.scene.talk import SceneView
from unisono.scene.text import read_document
from unisono.store.registry import SceneRow

__all__ = ["router", "saved_scene", "written"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000


@get("/")
async def list_scenes(
    context: Context,
    identity: Asker,
    place: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> Page[shapes.SceneLine]:
    """Scenes in the order of their ids; ``place`` includes all below it, ``q`` is a part of the id or of a name."""
    places = await visible_in(context, identity, place)
    if places == []:
        return Page([])
    rows = await context.registry.find_scenes(places=places, q=q, after=after, limit=limit + 1)
    views = await _views(context, rows[:limit])
    items = [shapes.line(row, views.get(row.id)) for row in rows[:limit]]
    return Page(items, rows[limit - 1].id if len(rows) > limit else None)


async def _views(context: ApiContext, rows: Sequence[SceneRow]) -> dict[str, SceneView]:
    """How the scenes stand; an owner that does not answer leaves its own out."""
    wanted: dict[str, list[str]] = {}
    for row in rows:
        wanted.setdefault(await context.partition_of(row.root), []).append(row.id)
    found: dict[str, SceneView] = {}
    for partition, ids in wanted.items():
        with contextlib.suppress(HostError):
            found.update(await context.owners.scenes(partition, ids))
    return found


@get("/schema", response_description="The JSON Schema of a scene", open_door=True, security=[])
async def get_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a scene, by which editors complete and check one. Needs no token."""
    return scene_schema()


@get("/{scene_id:str}")
async def get_scene(
    context: Context,
    identity: Asker,
    scene_id: FromPath[str],
) -> shapes.Scene:
    """One scene with what it says, as JSON and as the text that was written."""
    row = await find_scene(context, identity, scene_id)
    return await _shown(context, row)


async def _shown(context: ApiContext, row: SceneRow) -> shapes.Scene:
    version = await context.registry.get_scene_version(row.id)
    text = version.document if version is not None else ""
    views = await _views(context, [row])
    return shapes.scene(row, views.get(row.id), text, read_document(text) if text else {})


async def saved_scene(
    context: ApiContext, identity: Identity, draft: Draft, old: SceneRow | None, base: int | None = None
) -> shapes.Scene:
    """Save a scene, and show it as it then is."""
    row, findings = await save(context, identity, draft, old, base=base)
    views = await _views(context, [row])
    return shapes.scene(row, views.get(row.id), draft.text, draft.said, findings)


@post("/", status_code=201, operation_class=SceneOperation, request_max_body_size=MAX_BODY_BYTES)
async def add_scene(request: Request[Any, Any, Any], context: Context, identity: Asker) -> shapes.Scene:
    """Add a scene, written in JSON or YAML (``application/yaml``). What is odd about it comes as ``warnings``; what
    cannot be is refused, with the field's path in the document."""
    return await saved_scene(context, identity, read_draft(await scene_text(request)), None)


@post("/{scene_id:str}", status_code=201, operation_class=SceneOperation, request_max_body_size=MAX_BODY_BYTES)
async def add_scene_as(
    request: Request[Any, Any, Any], context: Context, identity: Asker, scene_id: FromPath[str]
) -> shapes.Scene:
    """Add a scene under the id in the path."""
    return await saved_scene(context, identity, _called(read_draft(await scene_text(request)), scene_id), None)


def _called(draft: Draft, scene_id: str) -> Draft:
    if draft.scene.id != scene_id:
        raise CallerError("The id differs from the one in the path", code="bad_value", field="id", expected=scene_id)
    return draft


Base = Annotated[int | None, QueryParameter(ge=1, description="the version that was changed; another since: refused")]


@put("/{scene_id:str}", operation_class=SceneOperation, request_max_body_size=MAX_BODY_BYTES)
async def replace_scene(
    request: Request[Any, Any, Any], context: Context, identity: Asker, scene_id: FromPath[str], version: Base = None
) -> shapes.Scene:
    """Save a new version of a scene. The same text again changes nothing. Open runs of the version before are stopped;
    whether it is enabled stays, unless the document says it."""
    old = await find_scene(context, identity, scene_id)
    return await saved_scene(context, identity, _called(read_draft(await scene_text(request)), scene_id), old, version)


@patch("/{scene_id:str}", operation_class=SceneOperation, request_max_body_size=MAX_BODY_BYTES)
async def change_scene(
    request: Request[Any, Any, Any], context: Context, identity: Asker, scene_id: FromPath[str], version: Base = None
) -> shapes.Scene:
    """Save a new version: the newest one with these members replaced (RFC 7396). Comments of its text are lost."""
    old = await find_scene(context, identity, scene_id)
    change = read_document(await scene_text(request))
    if not isinstance(change, dict):
        raise CallerError("A change is an object", code="bad_scene", expected='members, such as {"name": "Evening"}')
    newest = await context.registry.get_scene_version(scene_id)
    assert newest is not None  # every scene has one
    said = merge(read_document(newest.document), change)
    draft = _called(read_draft(written(said)), scene_id)
    return await saved_scene(context, identity, draft, old, version or newest.version)


def written(said: Any) -> str:
    """A document as YAML, in the order of its members."""
    import yaml

    from unisono.thing.files import yaml_dumper

    text: str = yaml.dump(said, Dumper=yaml_dumper(), allow_unicode=True, sort_keys=False, width=100)
    return text


@delete("/{scene_id:str}", status_code=204)
async def remove_scene(context: Context, identity: Asker, scene_id: FromPath[str]) -> None:
    """Remove a scene with all its versions; its open runs end."""
    await remove(context, identity, await find_scene(context, identity, scene_id))


@get("/{scene_id:str}/versions")
async def list_versions(context: Context, identity: Asker, scene_id: FromPath[str]) -> Page[shapes.SceneVersion]:
    """Who saved which version and when, newest first."""
    await find_scene(context, identity, scene_id)
    return Page([shapes.version(row) for row in await context.registry.list_scene_versions(scene_id)])


@get("/{scene_id:str}/versions/{number:int}")
async def get_version(
    context: Context, identity: Asker, scene_id: FromPath[str], number: FromPath[int]
) -> shapes.SceneDocument:
    """One version with what it says."""
    await find_scene(context, identity, scene_id)
    row = await context.registry.get_scene_version(scene_id, number)
    if row is None:
        raise CallerError(f"There is no version {number} of {scene_id!r}", code="not_found", field="version")
    return shapes.document(row, read_document(row.document))


@post("/{scene_id:str}/enable", status_code=200)
async def enable_scene(context: Context, identity: Asker, scene_id: FromPath[str]) -> shapes.Scene:
    """Let the scene be triggered."""
    return await _switch(context, identity, scene_id, enabled=True)


@post("/{scene_id:str}/disable", status_code=200)
async def disable_scene(context: Context, identity: Asker, scene_id: FromPath[str]) -> shapes.Scene:
    """Let nothing trigger the scene; what is running goes on, and by hand it can still be run."""
    return await _switch(context, identity, scene_id, enabled=False)


async def _switch(context: ApiContext, identity: Identity, scene_id: str, *, enabled: bool) -> shapes.Scene:
    await switch(context, identity, await find_scene(context, identity, scene_id), enabled)
    return await _shown(context, await find_scene(context, identity, scene_id))


router = Router(
    "/scenes",
    route_handlers=[
        list_scenes,
        get_schema,
        get_scene,
        add_scenes_in_bulk,
        backtest_scene,
        add_scene,
        add_scene_as,
        replace_scene,
        change_scene,
        remove_scene,
        list_versions,
        get_version,
        enable_scene,
        disable_scene,
        run_scene,
        stop_scene,
        trace_scene,
    ],
    tags=["scenes"],
)
