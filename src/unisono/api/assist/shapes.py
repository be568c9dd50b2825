"""The JSON shapes of the assistant: a sentence, and the plan with what became of it.

Knows fields and bounds. Knows no route and no sentence.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from unisono.api.commands.shapes import Command

__all__ = ["Answer", "Became", "Confirm", "Kept", "Reply", "Result", "Sentence"]

#: Longer is no sentence; the assistant refuses far below.
MAX_TEXT = 1_048_576

#: ``underway``: something has neither been done nor failed yet; ``waiting``: for a yes; ``would``: a dry run;
#: ``nothing``: a refusal, a question back, or not about this place.
Became: TypeAlias = Literal[
    "done", "partly", "underway", "failed", "waiting", "later", "kept", "answered", "nothing", "would"
]


class Sentence(msgspec.Struct, forbid_unknown_fields=True):
    """``place``: where it is spoken. ``conversation``: a name; sentences under it follow each other for five minutes.
    ``confirm``: the answer to what the last reply asked in ``confirm`` (``text`` may be empty then). ``model``: ask the
    large model first, where one is set up; null: only after a refusal; false: never.
    """

    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    lang: Annotated[str, Meta(max_length=35)] | None = None
    place: Annotated[str, Meta(max_length=63)] | None = None
    dry_run: bool = False
    conversation: Annotated[str, Meta(max_length=100)] | None = None
    confirm: bool | None = None
    model: bool | None = None


class Result(msgspec.Struct, omit_defaults=True):
    """One thing's ``command``, or the ``error`` that it was refused with. ``state``: of the command; ``refused``,
    ``confirmation_required``, or ``would`` in a dry run, with what it ``set`` or ``call`` would be."""

    thing: str
    state: str
    command: Command | None = None
    error: dict[str, Any] | None = None
    set: dict[str, Any] | None = None
    call: str | None = None


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was found: ``items`` one for each thing, exact; the reply's speech is for the ear. ``start`` and ``end`` of
    the stretch of time."""

    items: list[dict[str, Any]] = []
    start: str | None = None
    end: str | None = None


class Kept(msgspec.Struct, omit_defaults=True):
    """A scene that the sentence became, ran, or took away. ``kept``: it is saved; else it waits for a yes."""

    id: str
    document: dict[str, Any] | None = None
    kept: bool = False
    warnings: list[dict[str, Any]] = []


class Confirm(msgspec.Struct):
    """What waits for a yes: the next sentence, or ``confirm``, in the same conversation within ``within_s``."""

    what: Literal["command", "scene"]
    within_s: float


class Reply(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The plan's own fields (docs/assistant.md), and what became of it. ``model``: a large model made the plan, which
    passed the same checks; ``model_error``: one was asked in vain. ``error``: a problem document of
    what could not be done at all."""

    outcome: str
    steps: list[dict[str, Any]] = []
    when: dict[str, Any] | None = None
    conditions: list[dict[str, Any]] = msgspec.field(name="if", default_factory=list)
    query: dict[str, Any] | None = None
    beside: list[dict[str, Any]] = []
    speech: dict[str, str] | None = None
    why: str | None = None
    ms: float | None = None
    became: Became
    conversation: str = ""
    results: list[Result] = []
    answer: Answer | None = None
    scene: Kept | None = None
    confirm: Confirm | None = None
    error: dict[str, Any] | None = None
    model: str | None = None
    model_error: str | None = None
