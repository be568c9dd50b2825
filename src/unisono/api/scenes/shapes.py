"""The JSON shapes of scenes: what people and programs send and get.

Knows fields, and how registry rows and the owner's views become them. Knows no route and no storage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from unisono.api.shapes import BulkError
from unisono.api.times import iso, iso_or_none
from unisono.scene.cause import Cause as CauseView
from unisono.scene.checking.finding import Finding as Checked
from unisono.scene.running.compiled import Refusal as RefusalView
from unisono.scene.running.standing import TriggerView
from unisono.scene.talk import RunView, SceneView
from unisono.scene.trying.dryrun import DryRun
from unisono.store.registry import SceneRow, SceneVersionRow

__all__ = [
    "Cause",
    "Finding",
    "Now",
    "Ran",
    "Refusal",
    "Run",
    "Scene",
    "SceneBulk",
    "SceneBulkRow",
    "SceneDocument",
    "SceneLine",
    "SceneVersion",
    "Step",
    "TraceOf",
    "Would",
    "document",
    "finding",
    "line",
    "refusal_of",
    "run_of",
    "scene",
    "version",
    "would",
]


class Finding(msgspec.Struct, omit_defaults=True):
    """Something odd about a scene that is saved all the same. ``path`` is where in its document, ``rule`` a stable
    name of what it offends."""

    severity: str
    path: str
    reason: str
    expected: str | None = None
    scenes: list[str] = []
    rule: str = ""


class Cause(msgspec.Struct):
    """What set a run off. ``trigger``: its path in the document, null when a person or another scene ran it."""

    trigger: str | None
    what: str
    thing: str | None
    name: str | None
    value: Any
    at: str


class Step(msgspec.Struct):
    """One step as it was taken: where in the document, what it did, and what it saw or wanted."""

    path: str
    did: str
    seen: Any
    at: str


class Run(msgspec.Struct):
    """One run. ``state``: running, done, stopped or failed; ``why``: why it did not come to its end.

    ``step``: the path of the step at which it is or was last; ``waits``: what an open run waits for (time, conditions,
    commands or scene). ``left_out``: so many steps in the middle of a long run are not kept.
    """

    id: str
    scene: str
    state: str
    cause: Cause
    started: str
    ended: str | None
    why: str | None
    step: str | None
    waits: str | None
    steps: list[Step] = []
    left_out: int = 0


class Refusal(msgspec.Struct):
    """Why a scene did not run although something wanted it to; equal reasons one after the other are counted."""

    why: str
    path: str
    seen: Any
    cause: Cause
    at: str
    count: int


class WouldStep(msgspec.Struct):
    """A step that would be taken, so many seconds after the beginning; of this scene or one that it runs."""

    after_s: float
    scene: str
    path: str
    did: str
    seen: Any


class WouldCommand(msgspec.Struct):
    """A thing that would be asked for something."""

    after_s: float
    thing: str
    set: dict[str, Any] | None
    call: str | None
    input: dict[str, Any] | None


class WouldEffect(msgspec.Struct):
    """Something that would leave the place: ``notify`` or ``http``."""

    kind: str
    body: dict[str, Any]


class Ran(msgspec.Struct):
    """What came of running a scene by hand: the run that began, or why none did; neither: it is queued."""

    run: Run | None
    refusal: Refusal | None
    queued: bool


class Would(msgspec.Struct):
    """What a scene would do if it ran now and every thing obeyed at once: nothing was done.

    ``runs``: whether it would, else ``why``, ``path`` and ``seen`` say what stands against it. ``state``: how it would
    end (``running``: it goes on for longer than is looked ahead).
    """

    runs: bool
    state: str | None
    why: str | None
    path: str | None
    seen: Any
    steps: list[WouldStep]
    commands: list[WouldCommand]
    effects: list[WouldEffect]
    modes: dict[str, str]


class TriggerNow(msgspec.Struct):
    """How a trigger stands, of those that follow things for each of them. ``fits``: whether what it waits for is so
    now; null where it waits for a moment or something that happens, or nothing is known. ``seen``: the value, figure,
    mode or link that it sees. ``held_s``: for how long it has fitted, where it has to for ``for_s``. ``next``: its next
    moment."""

    path: str
    thing: str | None
    fits: bool | None
    seen: Any
    held_s: float | None
    for_s: float
    next: str | None


class TraceOf(msgspec.Struct):
    """The runs of a scene, newest first, the last times that it did not run, and how its triggers stand now."""

    scene: str
    runs: list[Run]
    refusals: list[Refusal]
    triggers: list[TriggerNow] = []


class Now(msgspec.Struct):
    """How a scene stands at its owner. ``next``: its next moment, where it has one; ``last``: the run that ended last;
    ``began``: when one began last, open or ended; ``refusal``: why it last did not run; ``findings``: what it says that
    cannot be any more, since a thing, its model or a scene it names is another."""

    running: int
    queued: int
    next: str | None
    last: Run | None
    refusal: Refusal | None
    findings: list[Finding] = []
    began: str | None = None


class SceneLine(msgspec.Struct):
    """A scene in a list. ``saved_*`` is about this version, ``switched_*`` about who enabled or disabled it last.

    ``now`` is null, and ``names`` (per language) are empty, when its owner does not answer.
    """

    id: str
    name: str
    place: str
    enabled: bool
    version: int
    saved_at: str
    saved_by: dict[str, str]
    switched_at: str | None
    switched_by: dict[str, str] | None
    now: Now | None
    names: dict[str, list[str]] = {}


class Scene(SceneLine, kw_only=True):
    """A scene with what it says: ``document`` as JSON, ``text`` as it was written. ``warnings`` come with saving."""

    document: dict[str, Any]
    text: str
    warnings: list[Finding] = []


class SceneBulkRow(msgspec.Struct, omit_defaults=True):
    """What became of a document. ``row``: which, from 0; ``result``: created, replaced, unchanged or error."""

    row: int
    id: str | None
    result: str
    version: int | None = None
    warnings: list[Finding] = []
    error: BulkError | None = None


class SceneBulk(msgspec.Struct):
    """What became of many scenes, in the order in which they came."""

    dry_run: bool
    created: int
    replaced: int
    unchanged: int
    errors: int
    rows: list[SceneBulkRow]


class SceneVersion(msgspec.Struct):
    """One version in the list of a scene's versions."""

    version: int
    saved_at: str
    saved_by: dict[str, str]


class SceneDocument(msgspec.Struct):
    """One version with what it says."""

    id: str
    version: int
    saved_at: str
    saved_by: dict[str, str]
    document: dict[str, Any]
    text: str


def line(row: SceneRow, view: SceneView | None) -> SceneLine:
    return SceneLine(
        id=row.id,
        name=row.name,
        place=row.place,
        enabled=row.enabled,
        version=row.version,
        saved_at=iso(row.at),
        saved_by=row.by,
        switched_at=iso_or_none(row.switched_at),
        switched_by=row.switched_by,
        now=_now(view) if view is not None else None,
        names=view.names if view is not None else {},
    )


def scene(
    row: SceneRow, view: SceneView | None, text: str, said: dict[str, Any], warnings: Sequence[Finding] = ()
) -> Scene:
    shown = msgspec.structs.asdict(line(row, view))
    return Scene(**shown, document=said, text=text, warnings=list(warnings))


def version(row: SceneVersionRow) -> SceneVersion:
    return SceneVersion(row.version, iso(row.at), row.by)


def document(row: SceneVersionRow, said: dict[str, Any]) -> SceneDocument:
    return SceneDocument(row.scene, row.version, iso(row.at), row.by, said, row.document)


def finding(found: Checked) -> Finding:
    """What was found about a scene as the API shows it."""
    return Finding(found.severity, found.path, found.reason, found.expected, list(found.scenes), found.rule)


def _now(view: SceneView) -> Now:
    newest = view.runs[-1] if view.runs else view.last
    return Now(
        running=len(view.runs),
        queued=view.queued,
        next=iso_or_none(view.next),
        last=run_of(view.last) if view.last is not None else None,
        refusal=refusal_of(view.refusal) if view.refusal is not None else None,
        findings=[finding(each) for each in view.findings],
        began=iso(newest.started) if newest is not None else None,
    )


def run_of(view: RunView) -> Run:
    """An owner's view as the API shows it."""
    return Run(
        id=view.id,
        scene=view.scene,
        state=view.state,
        cause=_cause(view.cause),
        started=iso(view.started),
        ended=iso_or_none(view.ended or None),
        why=view.why or None,
        step=view.step or None,
        waits=view.waits or None,
        steps=[Step(each.path, each.did, each.seen, iso(each.at)) for each in view.steps],
        left_out=view.left_out,
    )


def refusal_of(view: RefusalView) -> Refusal:
    """As `run_of`."""
    return Refusal(view.why, view.path, view.seen, _cause(view.cause), iso(view.at), view.count)


def trigger_of(view: TriggerView) -> TriggerNow:
    """As `run_of`."""
    held_s = None if view.held_s is None else round(view.held_s, 1)
    return TriggerNow(view.path, view.thing or None, view.fits, view.seen, held_s, view.for_s, iso_or_none(view.next))


def would(view: DryRun) -> Would:
    """As `run_of`."""
    return Would(
        runs=view.runs,
        state=view.state or None,
        why=view.why or None,
        path=view.path or None,
        seen=view.seen,
        steps=[WouldStep(each.after_s, each.scene, each.path, each.did, each.seen) for each in view.steps],
        commands=[WouldCommand(*each) for each in view.commands],
        effects=[WouldEffect(*each) for each in view.effects],
        modes=dict(view.modes),
    )


def _cause(cause: CauseView) -> Cause:
    value = cause.value
    if cause.what == "time" and isinstance(value, int):
        value = iso(value)  # the moment that was meant, which may be long before ``at``
    elif cause.what == "hand" and isinstance(value, dict):
        value = {key: each for key, each in value.items() if key in ("kind", "id")}
    trigger = f"when.{cause.trigger}.{cause.what}" if cause.trigger >= 0 else None
    return Cause(trigger, cause.what, cause.thing or None, cause.name or None, value, iso(cause.at))
