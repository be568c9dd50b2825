"""Sentences that must not be acted on, or only so: made of frames and of what a home could be told, and by hand.

A frame has the holes ``{do}`` (打开圆球灯), ``{verb}`` and ``{thing}``; each is filled with several wishes. What is
expected is part of the probe: the outcomes that are allowed, and for a set whom no step may touch.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
QUIET = frozenset({"refuse", "ignore", "ask", "answer"})
NOT_NOW = QUIET | {"later", "automate"}


class Probe(NamedTuple):
    """``spared``: things that no step may touch. ``timed``: a plan that acts must say when, or on what."""

    lang: str
    category: str
    text: str
    allowed: frozenset[str]
    spared: frozenset[str] = frozenset()
    timed: bool = False


class Wish(NamedTuple):
    """A verb and its thing, as words that go into frames; ``done`` is the verb's past or passive."""

    verb: str
    thing: str
    done: str


def fill(
    lang: str,
    category: str,
    frames: str,
    wishes: tuple[Wish, ...],
    *,
    each: int,
    allowed: frozenset[str] = QUIET,
    timed: bool = False,
) -> Iterator[Probe]:
    """Every frame with ``each`` wishes, a different selection for each frame."""
    for number, frame in enumerate(line.strip() for line in frames.strip().splitlines()):
        for k in range(each):
            wish = wishes[(number * each + k) % len(wishes)]
            text = frame.format(verb=wish.verb, thing=wish.thing, done=wish.done)
            yield Probe(lang, category, text, allowed, timed=timed)


def lines(lang: str, category: str, texts: str, allowed: frozenset[str] = QUIET) -> Iterator[Probe]:
    """Sentences by hand, one a line."""
    for line in texts.strip().splitlines():
        yield Probe(lang, category, line.strip(), allowed)
