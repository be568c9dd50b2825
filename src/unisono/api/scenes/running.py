"""Running scenes over HTTP, and seeing why: their runs step by step, and what said no.

Knows rights and how the owner's views become JSON. What runs, and what it saw, is the owner's.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from unisono.access import Action
from unisono.api.auth import Identity
from unisono.api.commands.asking import address_of, asker
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.scenes.saving import find_scene
from unisono.api.scenes.shapes import Ran, Run, TraceOf, Would, refusal_of, run_of, trigger_of, would
from unisono.api.shapes import Page
from unisono.scene.document import load_scene
from unisono.scene.talk import DryRunAsk, RefusalsAsk, RunAsk, RunsAsk, StopAsk
from unisono.store.registry import SceneRow

__all__ = ["controlled", "run_scene", "stop_scene", "trace_scene"]

#: The owner keeps so many runs and refusals of a scene.
MAX_KEPT = 20


async def controlled(context: ApiContext, identity: Identity, scene_id: str) -> tuple[SceneRow, str]:
    """A scene that the identity may run: everything it does, it may do by hand. And its partition."""
    row = await find_scene(context, identity, scene_id)
    context.auth.require(identity, Action.CONTROL, await context.path_of(row.place))
    version = await context.registry.get_scene_version(row.id)
    if version is not None:
        await context.scenes.require(identity, load_scene(version.document), Action.CONTROL)
    return row, await context.partition_of(row.root)


@post("/{scene_id:str}/run", status_code=200)
async def run_scene(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    scene_id: FromPath[str],
    even_if: FromQuery[bool] = False,
    dry_run: FromQuery[bool] = False,
) -> Ran | Would:
    """Run a scene now, enabled or not; its conditions must hold unless ``even_if``. With ``dry_run`` nothing is done:
    the answer says what would be, if every thing obeyed at once. What it asks of things is asked by whoever runs it."""
    row, partition = await controlled(context, identity, scene_id)
    if dry_run:
        view = await context.owners.scene_dry_run(partition, DryRunAsk(row.id, even_if=even_if))
        return would(view)
    by = asker(identity, await context.path_of(row.place), address_of(request))
    answer = await context.owners.scene_run(partition, RunAsk(row.id, by, even_if))
    return Ran(
        run_of(answer.run) if answer.run is not None else None,
        refusal_of(answer.refusal) if answer.refusal is not None else None,
        queued=answer.run is None and answer.refusal is None,
    )


@post("/{scene_id:str}/stop", status_code=200)
async def stop_scene(context: Context, identity: Asker, scene_id: FromPath[str]) -> Page[Run]:
    """End all open runs of a scene, and what is queued; answers which were ended."""
    row, partition = await controlled(context, identity, scene_id)
    stopped = await context.owners.scene_stop(partition, StopAsk(row.id, identity.by()))
    return Page([run_of(view) for view in stopped])


@get("/{scene_id:str}/trace")
async def trace_scene(
    context: Context,
    identity: Asker,
    scene_id: FromPath[str],
    run: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_KEPT)] = MAX_KEPT,
) -> TraceOf:
    """What the last runs of a scene did, step by step with the values they saw (``run``: only that one), and why it did
    not run: which condition said no, and what it saw; and how its triggers stand now."""
    row = await find_scene(context, identity, scene_id)
    partition = await context.partition_of(row.root)
    runs = await context.owners.scene_runs(partition, RunsAsk(row.id, run, limit))
    refusals = [] if run is not None else await context.owners.scene_refusals(partition, RefusalsAsk(row.id, limit))
    triggers = [] if run is not None else await context.owners.scene_triggers(partition, row.id)
    return TraceOf(
        row.id,
        [run_of(view) for view in runs],
        [refusal_of(view) for view in refusals],
        [trigger_of(view) for view in triggers],
    )
