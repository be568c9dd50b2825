"""History over HTTP: raw values page by page, or at most so many buckets of a span of time.

Knows query parameters and the owner's answers.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from unisono.access import Action
from unisono.api import shapes
from unisono.api.context import now_us
from unisono.api.inject import Asker, Context
from unisono.api.things.gains import gains
from unisono.api.times import SECOND, iso, read_time
from unisono.errors import CallerError
from unisono.thing import find_property
from unisono.twin import talk

__all__ = ["router"]

# the answer is one bus message: 10,000 raw values are some 250 KB
DEFAULT_LIMIT, MAX_LIMIT = 1000, 10_000

# a chart is rarely wider than 4,000 pixels
MAX_POINTS = 10_000

DEFAULT_SPAN_US = 24 * 3600 * SECOND

# a value whose device clock runs ahead is still within "until now"
AHEAD_US = 60 * SECOND


@get("/things/{thing_id:str}/history")
async def history(
    *,
    context: Context,
    identity: Asker,
    thing_id: FromPath[str],
    name: Annotated[str, QueryParameter(name="property", max_length=200)],
    start: Annotated[str | None, QueryParameter(name="from", max_length=64)] = None,
    end: Annotated[str | None, QueryParameter(name="to", max_length=64)] = None,
    points: Annotated[int, QueryParameter(ge=0, le=MAX_POINTS)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    after: Annotated[str | None, QueryParameter(max_length=64)] = None,
    gained: FromQuery[bool] = False,
) -> shapes.PointPage | shapes.BucketPage:
    """Values of one property from ``from`` (default: 24 hours ago) up to ``to``; oldest first.

    Both take ISO-8601 or a relative time such as ``-24h``. With ``points``: that many buckets at most, each with min,
    mean, max, last and count; without: raw values, ``next`` goes into ``after``. Also takes ``event/<name>``. With
    ``gained`` each bucket says what a rising total (a meter) gained in it: one that began anew, what it shows.
    """
    row, partition = await context.thing(thing_id, identity, Action.READ)
    model = await context.catalog.get(row.model, row.model_version)
    key, unit = _series(model, name)
    now = now_us()
    until = read_time(end, now, field="to", default_us=now + AHEAD_US)
    since = read_time(start, now, field="from", default_us=until - DEFAULT_SPAN_US)
    if until < since:
        raise CallerError("The span ends before it begins", code="bad_value", field="to", expected="a time after from")
    ask = talk.HistoryAsk(thing_id, key, since, until, points, limit, _cursor(after))
    if points and gained:
        found, grown, _known = await gains(context.owners, partition, ask)
        rising = [
            shapes.Bucket(iso(at), low, mean, high, last, count, gain)
            for (at, low, mean, high, last, count), gain in zip(found, grown, strict=True)
        ]
        return shapes.BucketPage(key, unit, rising)
    answer = await context.owners.history(partition, ask)
    if points:
        buckets = [shapes.Bucket(iso(at), *rest) for at, *rest in answer.buckets]
        return shapes.BucketPage(key, unit, buckets)
    raw = [shapes.Point(iso(at), value) for at, _, value in answer.raw]
    return shapes.PointPage(key, unit, raw, f"{answer.more[0]}.{answer.more[1]}" if answer.more else None)


def _series(model: Any, name: str) -> tuple[str, str | None]:
    if name.startswith("event/"):
        if name.removeprefix("event/") not in model.events:
            raise CallerError(f"{model.id} has no such event", code="unknown_event", field="property")
        return name, None
    try:
        key, found = find_property(model, name)
    except CallerError as error:
        error.field = "property"
        raise
    return key, found.unit


def _cursor(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    try:
        at, seq = text.split(".")
        return int(at), int(seq)
    except ValueError:
        raise CallerError(
            "That is no cursor", code="bad_value", field="after", expected="next of the last page"
        ) from None


router = Router("/", route_handlers=[history], tags=["things"])
