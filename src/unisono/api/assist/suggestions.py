"""Suggestions: routines of the house found in its history, each a scene that nobody has asked for yet.

Knows history, the audit and saving. Nothing is applied unasked; what was refused is not suggested again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from unisono.access import Action
from unisono.api.auth import Identity
from unisono.api.inject import Asker, Context
from unisono.api.shapes import Page
from unisono.errors import CallerError
from unisono.twin import talk

if TYPE_CHECKING:
    from unisono.api.assist.surroundings import Surroundings
    from unisono.api.context import ApiContext
    from unisono.assist.answer.voice import Voice
    from unisono.assist.routine import Deed, Routine

__all__ = ["router"]

#: What is learned: switches that people set, and nothing that moves by itself or could endanger.
LEARNED = frozenset({"on_off", "locked", "mute", "start_stop", "charging", "swing", "hvac_mode"})
#: Things looked at, and values of each: a minute of reading at most.
MAX_THINGS = 200
MAX_VALUES = 20_000
PAGE = 10_000
#: What a scene did within so long before is the scene's deed, not a person's.
SCENE_US = 60_000_000
SECOND = 1_000_000
#: Refused suggestions that are kept, by their marks; one takes twenty bytes.
META_REFUSED = "assist.refused"
MAX_REFUSED = 10_000
#: Scenes that were suggestions have ids that begin so.
ROUTINE = "routine-"


class Suggestion(msgspec.Struct):
    """``text``: what it would do, in words. ``hits``: past days on which you did it yourself about then; ``misses``:
    days on which it would have done it alone. ``evidence``: when you did."""

    id: str
    text: str
    scene: dict[str, Any]
    hits: int
    misses: int
    evidence: list[str]


class Taken(msgspec.Struct):
    """The scene that the suggestion became."""

    id: str
    scene: str


Lang = Annotated[str, QueryParameter(max_length=35)]


@get("/assist/suggestions")
async def list_suggestions(
    context: Context, identity: Asker, place: FromQuery[str | None] = None, lang: Lang = "en"
) -> Page[Suggestion]:
    """Routines of the past four weeks, the surest first: each a scene with its evidence. Nothing is applied."""
    return Page([suggestion for _routine, suggestion in await find(context, identity, place, lang)])


@post("/assist/suggestions/{suggestion_id:str}/accept", status_code=201)
async def accept(
    context: Context,
    identity: Asker,
    suggestion_id: FromPath[str],
    place: FromQuery[str | None] = None,
    lang: Lang = "en",
) -> Taken:
    """Make a scene of a suggestion; it is one like any other from then on."""
    _routine, found = await _one(context, identity, suggestion_id, place, lang)
    row = await context.keeper.keep(identity, found.scene)
    return Taken(found.id, row.id)


@post("/assist/suggestions/{suggestion_id:str}/refuse", status_code=204)
async def refuse(
    context: Context, identity: Asker, suggestion_id: FromPath[str], place: FromQuery[str | None] = None
) -> None:
    """Forget a suggestion for good."""
    routine, found = await _one(context, identity, suggestion_id, place, "en")
    context.auth.require(identity, Action.AUTOMATE, await context.path_of(found.scene["place"]))
    refused = [*(await _refused(context)), routine.mark][-MAX_REFUSED:]
    await context.registry.put_meta(META_REFUSED, " ".join(dict.fromkeys(refused)))


async def _one(
    context: ApiContext, identity: Identity, id: str, place: str | None, lang: str
) -> tuple[Routine, Suggestion]:
    for routine, each in await find(context, identity, place, lang):
        if each.id == id:
            return routine, each
    raise CallerError(
        f"There is no suggestion {id[:40]!r}", code="not_found", field="id", mend="Run: unisono assist suggestions"
    )


async def _refused(context: ApiContext) -> list[str]:
    return (await context.registry.get_meta(META_REFUSED) or "").split()


async def find(
    context: ApiContext, identity: Identity, place: str | None, lang: str
) -> list[tuple[Routine, Suggestion]]:
    """What may be suggested to somebody: of things that they may automate, not refused and not there already."""
    from unisono.assist.answer.voice import Voice
    from unisono.assist.routine import find_routines

    around = await context.assist.surroundings.of(identity, place)
    voice = Voice(lang, around.now(place))
    deeds: list[Deed] = []
    for id, thing in list(around.world.things.items())[:MAX_THINGS]:
        path = around.paths[around.rows[id].place]
        if thing.takes & LEARNED and context.auth.allows(identity, Action.AUTOMATE, path):
            deeds += await _deeds(context, around, id, voice.now)
    settled = set(await _refused(context))
    settled |= {mark_of(scene) for scene in around.world.scenes if scene.startswith(ROUTINE)}
    return [
        (routine, _suggestion(around, voice, routine))
        for routine in find_routines(deeds, voice.now.date())
        if not routine.is_marked(settled)
    ]


def mark_of(scene: str) -> str:
    """The habit that became a scene, by the scene's id: one that has moved since is not suggested beside it."""
    return scene.removeprefix(ROUTINE).replace("-", "@")


def _suggestion(around: Surroundings, voice: Voice, routine: Routine) -> Suggestion:
    from unisono.assist import Plan, Step, When
    from unisono.assist.answer.described import Describer

    plan = Plan(
        outcome="automate",
        steps=(Step(things=(routine.thing,), trait=routine.trait, op="set", value=routine.value),),
        when=When(at=routine.at, every=routine.every),
    )
    text = Describer(voice, lambda id: around.name(id, voice.lang), around.models).plan(plan)
    scene = {
        "id": ROUTINE + routine.mark.replace("@", "-"),
        "name": text.rstrip(".。"),
        "place": around.rows[routine.thing].root,
        "when": [{"time": {"at": routine.at, "every": routine.every}}],
        "then": [{"set": {"things": [routine.thing], "state": {routine.trait: routine.value}}}],
    }
    evidence = [at.isoformat(timespec="minutes") for at in routine.when]
    return Suggestion(routine.id, text, scene, routine.hits, routine.misses, evidence)


async def _deeds(context: ApiContext, around: Surroundings, id: str, now: datetime) -> list[Deed]:
    """What was done to a thing in the past weeks by somebody: by hand, at the switch, or through the hub - not by a
    scene."""
    from unisono.assist.routine import DAYS_BACK, Deed

    row, model = around.rows[id], around.models[id]
    partition = around.partitions[row.root]
    end = now.astimezone(UTC)
    start = round((end - timedelta(days=DAYS_BACK + 1)).timestamp()) * SECOND
    scenes = await _scenes_deeds(context, id, start)
    found: list[Deed] = []
    for key, about in model.properties.items():
        trait = about.trait or key
        if trait not in LEARNED or not about.writable:
            continue
        values = await _values(context, partition, id, key, start, round(end.timestamp()) * SECOND)
        was: Any = None
        for at, value in values:
            if value != was and was is not None and not _by_scene(scenes, key, at):
                local = datetime.fromtimestamp(at / SECOND, UTC).astimezone(now.tzinfo)
                if not (about.risky and value not in about.harmless):  # no door is opened by habit
                    found.append(Deed(local, id, trait, value))
            was = value
    return found


async def _values(
    context: ApiContext, partition: str, id: str, key: str, start: int, end: int
) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    after: tuple[int, int] | None = None
    while len(found) < MAX_VALUES:
        page = await context.owners.history(partition, talk.HistoryAsk(id, key, start, end, 0, PAGE, after))
        found += [(at, value) for at, _seq, value in page.raw]
        after = page.more
        if after is None:
            break
    return found


async def _scenes_deeds(context: ApiContext, id: str, start: int) -> list[tuple[int, Mapping[str, Any]]]:
    rows = await context.registry.find_audit(things=[id], who="scene", start=start, limit=1000)
    views = [msgspec.msgpack.decode(row.body, type=talk.CommandView) for row in rows]
    return [(view.at, view.set or {}) for view in views]


def _by_scene(scenes: list[tuple[int, Mapping[str, Any]]], key: str, at: int) -> bool:
    return any(key in wanted and asked <= at <= asked + SCENE_US for asked, wanted in scenes)


router = Router("/", route_handlers=[list_suggestions, accept, refuse], tags=["assistant"])
