"""A scene against the past over HTTP: what it would have done last week.

Knows rights and pages of history. What would have come of it is `unisono.scene.trying.backtest`'s.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.params import QueryParameter

from unisono.api.auth import Identity, now_us
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.scenes.facts import Ground
from unisono.api.scenes.parts import named_scenes, refuse_wide
from unisono.api.scenes.saving import find_place, find_scene, read_draft
from unisono.api.scenes.shapes import Refusal, Run, refusal_of, run_of
from unisono.api.scenes.text import MAX_BODY_BYTES, SceneOperation, scene_text
from unisono.api.times import SECOND, iso, read_time
from unisono.errors import CallerError
from unisono.scene.document import Scene, load_scene
from unisono.scene.trying.backtest import Past, backtest, unseen, wanted
from unisono.twin import talk

__all__ = ["backtest_scene"]

WEEK_US = 7 * 86_400 * SECOND
#: A year of a house's history would be read for minutes.
MAX_SPAN_US = 92 * 86_400 * SECOND
#: What one scene may look at: every value of a floor's lamps, and no more than seconds of reading.
MAX_SERIES = 300
#: Values that are played as they were; of more, the last of every bucket counts. 40,000 are played in some seconds.
MAX_VALUES = 40_000
PAGE = 10_000

#: Playing is work of the processor: one at a time, beside all else that the hub does.
_playing = asyncio.Semaphore(1)


class Unseen(msgspec.Struct):
    """Something in a scene that history says nothing of. ``path``: where in the document."""

    path: str
    reason: str


class BacktestAnswer(msgspec.Struct):
    """What a scene would have done from ``since`` to ``until``: ``count`` runs, the first of them in ``runs`` with
    their steps; ``refusals``: the last times that something wanted it to run and a condition said no.

    ``values``: so many values of the past were played, of ``series``. ``resolution_s``: where there were too many, only
    the last one of every so many seconds. ``unseen``: what of the scene could not be tried.
    """

    scene: str
    since: str
    until: str
    count: int
    runs: list[Run]
    refusals: list[Refusal]
    values: int
    series: int
    resolution_s: float | None
    unseen: list[Unseen]


@post("/backtest", status_code=200, operation_class=SceneOperation, request_max_body_size=MAX_BODY_BYTES)
async def backtest_scene(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    start: Annotated[str | None, QueryParameter(name="from", max_length=64)] = None,
    end: Annotated[str | None, QueryParameter(name="to", max_length=64)] = None,
) -> BacktestAnswer:
    """What a scene (its text in JSON or YAML; saved or not) would have done between ``from`` (default: a week ago) and
    ``to`` (now), by what history holds. Nothing is done, nothing is saved. Every thing is taken to obey at once."""
    draft = read_draft(await scene_text(request))
    now = now_us()
    until = read_time(end, now, field="to", default_us=now)
    since = read_time(start, now, field="from", default_us=until - WEEK_US)
    if not 0 < until - since <= MAX_SPAN_US:
        raise CallerError("That span cannot be tried", code="bad_value", field="from", expected="at most 92 days")
    place = await find_place(context, identity, draft.scene)
    refuse_wide(draft.scene)
    scenes = [draft.scene, *await _others(context, identity, draft.scene)]
    async with context.scenes.writing(identity, place.root) as around:
        await around.check(draft.scene)
    world = await _world(context, identity, scenes, place.root)
    partition = await context.partition_of(place.root)
    series = [(thing, key) for thing, keys in sorted(wanted(scenes, world).items()) for key in sorted(keys)]
    if len(series) > MAX_SERIES:
        detail = f"It looks at {len(series)} properties"
        raise CallerError(
            detail, code="too_many", field="when", expected=f"at most {MAX_SERIES} for a test in the past"
        )
    past, before, coarse = await _Reader(context, partition, since, until).read(series)
    async with _playing:
        found = await asyncio.to_thread(backtest, scenes, world, place.root, before, past, since, until)
    return BacktestAnswer(
        draft.scene.id,
        iso(since),
        iso(found.until),
        found.count,
        [run_of(view) for view in found.runs],
        [refusal_of(view) for view in found.refusals],
        len(past),
        len(series),
        coarse,
        [Unseen(*each) for each in unseen(draft.scene)],
    )


async def _others(context: ApiContext, identity: Identity, scene: Scene) -> list[Scene]:
    """The scenes that it runs, those that may be seen."""
    found = []
    for id in sorted(named_scenes(scene)):
        try:
            row = await find_scene(context, identity, id)
        except CallerError:
            continue
        version = await context.registry.get_scene_version(row.id)
        if version is not None:
            found.append(load_scene(version.document))
    return found


async def _world(context: ApiContext, identity: Identity, scenes: list[Scene], root: str) -> Ground:
    """What all of them are about, in the modes of now."""
    world = await context.scenes.world(identity, scenes[0], root)
    for scene in scenes[1:]:
        for twin in (await context.scenes.world(identity, scene, root)).things.values():
            if twin.id not in world.things:
                world.put(twin)
    for id, mode in (await context.owners.modes(await context.partition_of(root))).items():
        place = world.places.get(id)
        if place is not None:
            place.mode = mode
    return world


class _Reader:
    """Reads what the past holds of many series."""

    def __init__(self, context: ApiContext, partition: str, since: int, until: int) -> None:
        self._context = context
        self._partition = partition
        self._since = since
        self._until = until

    async def read(self, series: list[tuple[str, str]]) -> tuple[list[Past], dict[str, dict[str, Any]], float | None]:
        """Values in the order of their time, what was the case before, and the seconds of a bucket where only the last
        value of each was read."""
        before: dict[str, dict[str, Any]] = {}
        past: list[Past] = []
        most = max(MAX_VALUES // max(1, len(series)), 50)
        coarse: float | None = None
        for thing, key in series:
            if not key.startswith("event/"):
                latest = await self._ask(thing, key, latest=True, limit=1)
                if latest.raw and latest.raw[-1][2] is not None:
                    before.setdefault(thing, {})[key] = latest.raw[-1][2]
            values = await self._raw(thing, key, most)
            if values is None:
                coarse = max(1.0, (self._until - self._since) / SECOND / most)
                answer = await self._ask(thing, key, points=most)
                values = [(at, last) for at, _min, _mean, _max, last, _count in answer.buckets]
            past += [Past(at, thing, key, value) for at, value in values]
        past.sort(key=lambda each: each.at)
        return past, before, coarse

    async def _raw(self, thing: str, key: str, most: int) -> list[tuple[int, Any]] | None:
        """All values as they were; None for more than ``most``."""
        found: list[tuple[int, Any]] = []
        after: tuple[int, int] | None = None
        while True:
            answer = await self._ask(thing, key, limit=min(PAGE, most + 1), after=after)
            found += [(at, value) for at, _seq, value in answer.raw]
            if len(found) > most:
                return found if key.startswith("event/") and len(found) <= PAGE else None
            if answer.more is None:
                return found
            after = answer.more

    async def _ask(self, thing: str, key: str, **how: Any) -> talk.HistoryAnswer:
        ask = talk.HistoryAsk(thing, key, self._since, self._until, **how)
        return await self._context.owners.history(self._partition, ask)
