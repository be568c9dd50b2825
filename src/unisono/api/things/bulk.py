"""Things in bulk: a table in, what became of each of its lines out; may be sent again.

Knows how one thing is added and what a table says of many. Every line stands for itself: it is taken whole or not at
all, and one that is wrong holds nobody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from litestar import Request, post
from litestar.openapi.spec import Operation
from litestar.openapi.spec.enums import OpenAPIType
from litestar.openapi.spec.media_type import OpenAPIMediaType
from litestar.openapi.spec.request_body import RequestBody
from litestar.openapi.spec.schema import Schema
from litestar.params import FromQuery

from unisono.access import Action
from unisono.api import shapes
from unisono.api.auth import Identity
from unisono.api.context import ApiContext, now_us
from unisono.api.inject import Asker, Context
from unisono.api.problems import as_problem
from unisono.api.things.adding import New, add, find_id, prepare
from unisono.api.things.table import Line, read_csv, read_json
from unisono.errors import CallerError, UnisonoError
from unisono.store.registry import PlaceRow, ThingRow
from unisono.thing import Model

__all__ = ["add_in_bulk"]

K = TypeVar("K")
T = TypeVar("T")

# ten thousand lines of some 300 bytes
MAX_BULK_BYTES = 8 * 1024 * 1024

# Argon2 for secrets that somebody chose runs in threads, so many at once
HASHERS = 2


@dataclass
class TableOperation(Operation):
    """Says in the description what the body may be: Litestar sees only that it is read raw."""

    def __post_init__(self) -> None:
        array = Schema(type=OpenAPIType.ARRAY, items=Schema(type=OpenAPIType.OBJECT), description="as for POST /things")
        table = Schema(type=OpenAPIType.STRING, description="the first line names the columns")
        content = {"text/csv": OpenAPIMediaType(table), "application/json": OpenAPIMediaType(array)}
        self.request_body = RequestBody(content=content, required=True)


@post(
    "/things/bulk",
    status_code=200,
    request_max_body_size=MAX_BULK_BYTES,
    operation_class=TableOperation,
    tags=["things"],
)
async def add_in_bulk(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    dry_run: FromQuery[bool] = False,
    place: FromQuery[str | None] = None,
    model: FromQuery[str | None] = None,
) -> shapes.Bulk:
    """Add many things from a table: CSV (``text/csv``) with the columns id, name, model, place, parent, secret,
    names.LANGUAGE..., or a JSON array. ``place`` and ``model`` count where a line says none.

    The answer has a row for each: *created* (with its secret, shown only here), *exists* (nothing was changed) or
    *error* (with what would have been right). With ``dry_run`` nothing is added.
    """
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("text/csv", "application/json"):
        raise CallerError(f"{kind[:80]!r} is no table", code="bad_request", expected="text/csv or application/json")
    lines = read_csv(body) if kind == "text/csv" else read_json(body)
    if not 0 < len(lines) <= shapes.MAX_BULK:
        raise CallerError(f"{len(lines)} things in one request", code="too_many", expected=f"1 to {shapes.MAX_BULK}")
    defaults = {key: value for key, value in (("place", place), ("model", model)) if value is not None}
    return await Bulk(context, identity, defaults, dry_run=dry_run).take(lines)


class Candidate(msgspec.Struct):
    """A line that may become a thing."""

    line: Line
    new: shapes.ThingNew
    id: str
    model: Model
    place: PlaceRow


class Bulk:
    """One request's work: places, models and ids are looked up once."""

    def __init__(self, context: ApiContext, identity: Identity, defaults: dict[str, str], *, dry_run: bool) -> None:
        self._context = context
        self._identity = identity
        self._defaults = defaults
        self._dry_run = dry_run
        self._places: dict[str, PlaceRow | CallerError] = {}
        self._models: dict[tuple[str, int | None], Model | CallerError] = {}
        self._taken: dict[str, int] = {}
        self._rows: dict[int, shapes.BulkRow] = {}

    async def take(self, lines: Sequence[Line]) -> shapes.Bulk:
        """Add what can be added, and say what became of each line."""
        candidates = [each for each in [await self._candidate(line) for line in lines] if each is not None]
        known = await self._known(candidates)
        fresh = self._settle_parents([each for each in candidates if not self._is_there(each, known)], known)
        if self._dry_run:
            for each in fresh:
                self._rows[each.line.number] = shapes.BulkRow(each.line.number, each.id, "created")
        else:
            await self._add(fresh)
        rows = [self._rows[line.number] for line in lines]
        count = {result: sum(row.result == result for row in rows) for result in ("created", "exists", "error")}
        return shapes.Bulk(self._dry_run, count["created"], count["exists"], count["error"], rows)

    def _fail(self, line: Line, id: str | None, error: UnisonoError) -> None:
        problem = shapes.BulkError(error.code, error.detail, error.field, error.expected)
        self._rows[line.number] = shapes.BulkRow(line.number, id, "error", error=problem)

    async def _candidate(self, line: Line) -> Candidate | None:
        fields = {**self._defaults, **line.fields}
        id = fields.get("id")
        try:
            if line.error is not None:
                raise line.error
            new = msgspec.convert(fields, shapes.ThingNew, strict=False)
            shapes.names(new.names)
            place = await self._place(new.place)
            model = await self._model(new.model, new.model_version)
            id = self._once_only(await find_id(self._context, new, self._taken))
        except (CallerError, msgspec.ValidationError) as error:
            self._fail(line, id if isinstance(id, str) else None, as_problem(error))
            return None
        self._taken[id] = line.number
        return Candidate(line, new, id, model, place)

    def _once_only(self, id: str) -> str:
        if id in self._taken:
            raise CallerError(f"{id!r} stands in line {self._taken[id]} too", code="exists", field="id")
        return id

    async def _place(self, place_id: str) -> PlaceRow:
        async def find() -> PlaceRow:
            place = await self._context.place(place_id)
            self._context.auth.require(self._identity, Action.CONFIGURE, await self._context.path_of(place.id))
            return place

        return await _once(self._places, place_id, find)

    async def _model(self, model_id: str, version: int | None) -> Model:
        async def find() -> Model:
            return await self._context.catalog.get(model_id, version)

        return await _once(self._models, (model_id, version), find)

    async def _known(self, candidates: Sequence[Candidate]) -> dict[str, ThingRow]:
        """Those that are there already: of the lines' own ids, and of their parents'."""
        ids = {each.id for each in candidates} | {each.new.parent for each in candidates if each.new.parent}
        return {row.id: row for row in await self._context.registry.get_things(sorted(ids))}

    def _is_there(self, each: Candidate, known: dict[str, ThingRow]) -> bool:
        row = known.get(each.id)
        if row is None:
            return False
        wanted = {"model": each.model.id, "place": each.place.id, "parent": each.new.parent}
        differs = [field for field, value in wanted.items() if getattr(row, field) != value]
        self._rows[each.line.number] = shapes.BulkRow(each.line.number, each.id, "exists", differs=differs)
        return True

    def _settle_parents(self, fresh: list[Candidate], known: dict[str, ThingRow]) -> list[Candidate]:
        """Parents before their parts; a line whose parent is nowhere, or elsewhere, is an error, and its parts too."""
        roots = {id: row.root for id, row in known.items()}
        settled: list[Candidate] = []
        waiting = fresh
        while waiting:
            later = []
            for each in waiting:
                parent = each.new.parent
                if parent is None or roots.get(parent) == each.place.root:
                    roots[each.id] = each.place.root
                    settled.append(each)
                else:
                    later.append(each)
            if len(later) == len(waiting):
                for each in later:
                    self._fail(each.line, each.id, _no_parent(each, roots))
                break
            waiting = later
        return settled

    async def _add(self, fresh: Sequence[Candidate]) -> None:
        if not fresh:
            return
        at = now_us()
        hashers = asyncio.Semaphore(HASHERS)

        async def made(each: Candidate) -> New:
            async with hashers:
                return await prepare(self._context, each.new, each.id, each.model, each.place, at)

        news = [await made(each) for each in fresh if each.new.secret is None]
        by_id = {new.row.id: new for new in news}
        chosen = await asyncio.gather(*(made(each) for each in fresh if each.new.secret is not None))
        by_id.update((new.row.id, new) for new in chosen)
        ordered = [by_id[each.id] for each in fresh]
        try:
            await add(self._context, ordered, at)
        except CallerError:
            # somebody was quicker with one of the ids, or a chain of parents is too long: then line by line
            await self._add_singly(fresh, ordered, at)
        else:
            for each, new in zip(fresh, ordered, strict=True):
                self._created(each, new)

    async def _add_singly(self, fresh: Sequence[Candidate], ordered: Sequence[New], at: int) -> None:
        for each, new in zip(fresh, ordered, strict=True):
            try:
                await add(self._context, [new], at)
            except CallerError as error:
                self._fail(each.line, each.id, error)
            else:
                self._created(each, new)

    def _created(self, each: Candidate, new: New) -> None:
        self._rows[each.line.number] = shapes.BulkRow(each.line.number, each.id, "created", new.secret)


async def _once(kept: dict[K, T | CallerError], key: K, find: Callable[[], Awaitable[T]]) -> T:
    """What was found for ``key``, or why nothing was, without looking twice."""
    if key not in kept:
        try:
            kept[key] = await find()
        except CallerError as error:
            kept[key] = error
    found = kept[key]
    if isinstance(found, CallerError):
        raise found
    return found


def _no_parent(each: Candidate, roots: dict[str, str]) -> CallerError:
    parent = each.new.parent
    if parent in roots:
        return CallerError(
            f"its parent {parent!r} stands in {roots[parent]!r}, it would stand in {each.place.root!r}",
            code="bad_value",
            field="parent",
            expected="a thing of the same root place",
        )
    return CallerError(
        f"there is no thing {parent!r}", code="not_found", field="parent", expected="a thing, or a line without errors"
    )
