"""A plan: what the assistant makes of a sentence. The design's contract, and the checks that every plan passes.

Knows the shapes that cross the wall (``/api/v1/assist``, ``unisono understand``, scenes made of sentences). Knows no
language, and nothing of how a plan came about: a plan of a large model passes the same `check_plan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec

__all__ = [
    "ACTING",
    "Aggregate",
    "Ask",
    "Condition",
    "Op",
    "Outcome",
    "Plan",
    "Query",
    "Speech",
    "Step",
    "When",
    "encode_plan",
]

Outcome: TypeAlias = Literal["act", "later", "automate", "answer", "ask", "refuse", "ignore"]
Op: TypeAlias = Literal["set", "add", "toggle", "call", "run", "notify", "remind", "cancel", "undo"]
Ask: TypeAlias = Literal["state", "history", "cause", "help"]
Aggregate: TypeAlias = Literal["last", "min", "max", "mean", "sum", "count", "duration"]

ACTING: frozenset[str] = frozenset({"act", "later", "automate"})


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change of one trait of some things (``set``, ``add``, ``toggle``, ``call``), or one of the others.

    ``run``: a ``scene``; ``notify``, ``remind``: ``text`` to ``to``; ``cancel``: what was asked for later (``text``
    says which, as far as it was said); ``undo``: the last thing done in this conversation.
    """

    things: tuple[str, ...] = ()
    trait: str | None = None
    op: Op
    value: Any = None
    unit: str | None = None
    scene: str | None = None
    text: str | None = None
    to: str | None = None


class When(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``at``: local ISO time; with ``every``: HH:MM, sunrise or sunset. ``until``: local ISO time, when it ends."""

    at: str | None = None
    every: str | None = None
    after_s: float | None = None
    until: str | None = None


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What must be so of each of ``things``; ``is`` is spelled ``equals`` here. ``for_s``: how long already."""

    things: tuple[str, ...]
    trait: str
    equals: Any = msgspec.field(name="is", default=None)
    above: float | None = None
    below: float | None = None
    for_s: float | None = None


class Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``over``: a period of the design by name, ``{from, to}``, or None for now. ``equals`` (``is``): which value a
    question is about ("is it open", "how long was it on"). ``against``: the period that it is compared with."""

    ask: Ask
    things: tuple[str, ...] = ()
    trait: str | None = None
    over: str | dict[str, str] | None = None
    agg: Aggregate | None = None
    equals: Any = msgspec.field(name="is", default=None)
    against: str | dict[str, str] | None = None


class Speech(msgspec.Struct, frozen=True):
    lang: str
    text: str


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``beside``: what else the sentence asks ("is it locked and charged").

    ``why``, of a refusal or question: ``<reason>`` or ``<reason>:<what>``, for programs; ``speech`` is for people.

    Reasons: negated hypothetical reported quoted past to_come no_such_thing no_such_place no_such_value not_possible
    not_permitted ambiguous which_thing what_value what_time what_to_do not_now unsure too_long.
    """

    outcome: Outcome
    steps: tuple[Step, ...] = ()
    when: When | None = None
    conditions: tuple[Condition, ...] = msgspec.field(name="if", default=())
    query: Query | None = None
    beside: tuple[Query, ...] = ()
    speech: Speech | None = None
    why: str | None = None
    ms: float | None = None


def encode_plan(plan: Plan) -> dict[str, Any]:
    """As the contract writes it: built-in types, empty fields left out."""
    encoded: dict[str, Any] = msgspec.to_builtins(plan)
    return encoded


def things_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """Every thing that a step names, each once, in the order of the steps."""
    return tuple(dict.fromkeys(thing for step in steps for thing in step.things))
