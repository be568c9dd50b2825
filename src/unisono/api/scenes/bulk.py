"""Scenes in bulk: many documents in, what became of each out; may be sent again.

Knows how one scene is looked at and saved. Every document stands for itself: it is saved whole or not at all, and one
that is wrong holds nobody up. Each is held against those before it too; one that runs another comes behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from litestar import Request, post
from litestar.openapi.spec import Operation
from litestar.openapi.spec.enums import OpenAPIType
from litestar.openapi.spec.media_type import OpenAPIMediaType
from litestar.openapi.spec.request_body import RequestBody
from litestar.openapi.spec.schema import Schema
from litestar.params import FromQuery

from unisono.api.auth import Identity
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.scenes.facts import Surroundings
from unisono.api.scenes.parts import named_scenes
from unisono.api.scenes.saving import Draft, Ready, find_place, make_ready, read_draft, save
from unisono.api.scenes.shapes import Finding, SceneBulk, SceneBulkRow
from unisono.api.scenes.text import JSON, YAML, body_kind, body_text
from unisono.api.shapes import MAX_BULK, BulkError, Mistake
from unisono.errors import CallerError
from unisono.scene.document import Scene
from unisono.scene.text import split_documents
from unisono.store.registry import PlaceRow, SceneRow

__all__ = ["add_scenes_in_bulk"]

#: Ten thousand scenes of 800 bytes; larger ones in more requests.
MAX_BULK_BYTES = 8 * 1024 * 1024
#: Scenes of one transaction: some tenths of a second, in which nobody else saves in that root place.
AT_ONCE = 500
#: Documents that are read before others are answered in between.
READ_AT_ONCE = 50


@dataclass
class BulkOperation(Operation):
    """Says in the description what the body may be: Litestar sees only that it is read raw."""

    def __post_init__(self) -> None:
        each = "a scene as an object, or its text (YAML or JSON) as a string"
        array = Schema(type=OpenAPIType.ARRAY, items=Schema(), description=each)
        stream = Schema(type=OpenAPIType.STRING, description="documents, with a line of --- between them")
        content = {JSON: OpenAPIMediaType(array), YAML: OpenAPIMediaType(stream)}
        self.request_body = RequestBody(content=content, required=True)


@post("/bulk", status_code=200, request_max_body_size=MAX_BULK_BYTES, operation_class=BulkOperation)
async def add_scenes_in_bulk(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    replace: FromQuery[bool] = False,
    dry_run: FromQuery[bool] = False,
) -> SceneBulk:
    """Add many scenes: a JSON array (of scenes, or of texts), or a YAML stream of documents.

    The answer has a row for each: *created*, *replaced* (with ``replace``: a new version of one that is there),
    *unchanged* (it is there and says the same, letter by letter) or *error* (with what would have been right); what is
    odd comes as ``warnings``. With ``dry_run`` nothing is saved.
    """
    texts = _texts(body_kind(request), await body_text(request))
    if not 0 < len(texts) <= MAX_BULK:
        raise CallerError(f"{len(texts)} scenes in one request", code="too_many", expected=f"1 to {MAX_BULK}")
    return await Bulk(context, identity, replace=replace, dry_run=dry_run).take(texts)


def _texts(kind: str, text: str) -> list[str]:
    if kind == YAML:
        return [document for _line, document in split_documents(text)]
    try:
        each = map(bytes, msgspec.json.decode(text, type=list[msgspec.Raw]))
        return [msgspec.json.decode(raw, type=str) if raw[:1] == b'"' else raw.decode() for raw in each]
    except (msgspec.DecodeError, RecursionError) as error:
        detail = str(error) or "it is nested too deep"
        raise CallerError(detail, code="bad_json", expected="a JSON array of scenes") from None


class Candidate(NamedTuple):
    """A document that may become a scene."""

    number: int
    draft: Draft
    place: PlaceRow


class Bulk:
    """One request's work."""

    def __init__(self, context: ApiContext, identity: Identity, *, replace: bool, dry_run: bool) -> None:
        self._context = context
        self._identity = identity
        self._replace = replace
        self._dry_run = dry_run
        self._rows: dict[int, SceneBulkRow] = {}
        self._places: dict[str, PlaceRow | CallerError] = {}

    async def take(self, texts: Sequence[str]) -> SceneBulk:
        """Save what can be saved, and say what became of each."""
        by_root: dict[str, dict[str, Candidate]] = {}
        taken: dict[str, int] = {}
        for number, text in enumerate(texts):
            if number % READ_AT_ONCE == 0:
                await asyncio.sleep(0)
            candidate = await self._candidate(number, text, taken)
            if candidate is not None:
                by_root.setdefault(candidate.place.root, {})[candidate.draft.scene.id] = candidate
        for root, candidates in by_root.items():
            ordered = _in_order(candidates)
            for start in range(0, len(ordered), AT_ONCE):
                await self._save(root, ordered[start : start + AT_ONCE])
        rows = [self._rows[number] for number in range(len(texts))]
        count = {result: sum(row.result == result for row in rows) for result in ("created", "replaced", "unchanged")}
        return SceneBulk(self._dry_run, **count, errors=len(rows) - sum(count.values()), rows=rows)

    async def _candidate(self, number: int, text: str, taken: dict[str, int]) -> Candidate | None:
        id: str | None = None
        try:
            draft = read_draft(text)
            id = draft.scene.id
            _refuse_twice(taken, id, number)
            place = await self._place(draft.scene)
        except CallerError as error:
            self._fail(number, id, error)
            return None
        return Candidate(number, draft, place)

    async def _place(self, scene: Scene) -> PlaceRow:
        """Looked up once for each place."""
        found = self._places.get(scene.place)
        if found is None:
            try:
                found = await find_place(self._context, self._identity, scene)
            except CallerError as error:
                found = error
            self._places[scene.place] = found
        if isinstance(found, CallerError):
            raise found
        return found

    async def _save(self, root: str, some: Sequence[Candidate]) -> None:
        """Look at some and save those that can be, in one transaction."""
        context = self._context
        ready: list[tuple[Candidate, Ready]] = []
        changes: dict[str, int] | None = {}
        async with context.scenes.writing(self._identity, root) as around:
            known = {row.id: row for row in await context.registry.get_scenes([each.draft.scene.id for each in some])}
            await self._bring(around, [each.draft.scene for each in some])
            for each in some:
                made = await self._look(around, each, known.get(each.draft.scene.id))
                if made is not None and made.text is not None:
                    ready.append((each, made))
                    around.book.put(each.draft.scene, made.row)
            texts = [made.text for _each, made in ready if made.text is not None]
            if self._dry_run or not texts:
                around.book.doubt()
            else:
                outbox = [row for _each, made in ready for row in made.outbox]
                try:
                    changes = await context.registry.put_scenes(texts, outbox)
                except CallerError:
                    around.book.doubt()  # another process was quicker with one of the ids: then one by one
                    changes = None
                else:
                    around.book.saved(changes.get(root))
        if changes is None:
            await self._save_singly(ready, known)
            return
        for each, made in ready:
            self._done(each, made.row, made.findings)
        if changes:
            context.live_scenes.forget()
            context.words_changed()
            await context.in_force(sorted({row.partition for _each, made in ready for row in made.outbox}))

    async def _bring(self, around: Surroundings, scenes: Sequence[Scene]) -> None:
        """What all of them are about at once, where nothing is wrong with any."""
        with contextlib.suppress(CallerError):
            await around.look_at(*scenes)

    async def _look(self, around: Surroundings, each: Candidate, old: SceneRow | None) -> Ready | None:
        id = each.draft.scene.id
        try:
            made = await make_ready(self._context, around, each.place, each.draft, old)
        except CallerError as error:
            self._fail(each.number, id, error)
            return None
        if made.text is None:
            self._rows[each.number] = SceneBulkRow(
                each.number, id, "unchanged", made.row.version, warnings=made.findings
            )
        elif old is not None and not self._replace:
            detail = f"there is a scene {id!r} already, which says something else"
            expected = "another id, or replace=true for a new version of it"
            self._fail(each.number, id, CallerError(detail, code="exists", field="id", expected=expected))
            return None
        return made

    async def _save_singly(self, ready: Sequence[tuple[Candidate, Ready]], known: dict[str, SceneRow]) -> None:
        for each, _made in ready:
            try:
                row, findings = await save(self._context, self._identity, each.draft, known.get(each.draft.scene.id))
            except CallerError as error:
                self._fail(each.number, each.draft.scene.id, error)
            else:
                self._done(each, row, findings)

    def _done(self, each: Candidate, row: SceneRow, findings: list[Finding]) -> None:
        result = "created" if row.version == 1 else "replaced"
        self._rows[each.number] = SceneBulkRow(each.number, row.id, result, row.version, warnings=findings)

    def _fail(self, number: int, id: str | None, error: CallerError) -> None:
        problem = BulkError(error.code, error.detail, error.field, error.expected, error.rule)
        if error.others:
            problem.errors = [
                Mistake(each.detail, each.field, each.expected, each.rule) for each in (error, *error.others)
            ]
        self._rows[number] = SceneBulkRow(number, id, "error", error=problem)


def _refuse_twice(taken: dict[str, int], id: str, number: int) -> None:
    if id in taken:
        raise CallerError(f"{id!r} stands in row {taken[id]} too", code="exists", field="id")
    taken[id] = number


def _in_order(candidates: dict[str, Candidate]) -> list[Candidate]:
    """As they came, but each behind those that it runs or waits for; what runs in a ring stays as it is."""
    names = {id: named_scenes(each.draft.scene) & candidates.keys() for id, each in candidates.items()}
    ordered: dict[str, Candidate] = {}
    entered: set[str] = set()
    for first in candidates:
        way = [first]
        while way:
            id = way[-1]
            before = sorted(names[id] - entered, reverse=True) if id not in entered else []
            entered.add(id)
            way += before
            if not before:
                way.pop()
                ordered.setdefault(id, candidates[id])
    return list(ordered.values())
