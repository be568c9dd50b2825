"""The shapes between the layers: tokens, times, pieces and clauses of one sentence.

The layers, each its own file, each a plain function:

    normaliser  text -> tokens: lower case, simplified characters, numbers with units, times, fillers gone
    tagger      tokens -> pieces: the longest known phrase at each point - a sense of the language's words, or a name
    scope       pieces -> clauses: which words are told to us, asked, conditions, times, and which must not be acted on
    frames      a clause -> intents: what is to happen, and the words for where
    gazetteer   those words -> things and places of this home, or why not
    resolver    intents and things -> steps that the things can take, in the traits' units
    dialogue    what was said before: "it", "them", "the other one", "undo that"

Knows nothing of any language: those are folders of data under ``languages/``.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

__all__ = ["Clause", "Mood", "Piece", "Time", "Token"]

#: ``word``; ``number``: value, and a UCUM unit where one was said; ``time``; ``mark``: punctuation that separates.
TokenKind: TypeAlias = Literal["word", "number", "time", "mark"]

Mood: TypeAlias = Literal["command", "question", "statement"]

#: Why a clause must not be acted on, the `unisono.assist.plan.Plan.why` of the refusal.
Bar: TypeAlias = Literal["negated", "hypothetical", "reported", "quoted", "past"]


class Time(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One expression of time, as far as its words alone say it; `unisono.assist.times` puts several together.

    ``role``: ``at`` a moment, ``until`` one, ``for`` a duration (``seconds``), ``after`` a delay (``seconds``),
    ``every``: recurring (``every``: day, weekday, weekend, ``mon,thu``), ``over``: a period of the past, by its name in
    the design (``over``; ``ago``: a point in it; ``before``: the one before the other that is said; ``than``: what is
    compared with) - a day alone has role ``at`` and whoever asks about the past reads it
    as a period. ``days``: from today; ``weekday``: mon...sun, the next one; ``date``: month and day.
    ``now``: what the time is said to be ("if it is after ten"), ``side`` of the clock, or on it; ``denied``: it is not.
    ``slowly``: it is how long something is to take, "over ten minutes", or has been so. ``due``: by then it is to be
    done.
    ``clock``: minutes after midnight as said, ``end``: until when; ``half``: am, pm, or None where it was
    not said. ``sun``: sunrise, sunset. ``part``: morning noon afternoon evening night midnight.
    """

    role: Literal["at", "until", "for", "after", "every", "over", "now"]
    days: int | None = None
    weekday: str | None = None
    date: tuple[int, int] | None = None
    clock: int | None = None
    end: int | None = None
    half: Literal["am", "pm"] | None = None
    part: str | None = None
    sun: Literal["sunrise", "sunset"] | None = None
    seconds: float | None = None
    every: str | None = None
    over: str | None = None
    than: bool = False
    side: Literal["after", "before"] | None = None
    denied: bool = False
    slowly: bool = False
    due: bool = False


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A word (one character of Chinese), a number, a time or a mark; ``start`` and ``end`` are offsets in the original.

    ``text`` is as phrases are looked up: lower case, simplified, with ASCII apostrophes. ``key`` is how names are
    looked up: without a plural's s, a number's value in digits. ``value``, ``unit``: of a number; ``relative`` of one
    said as a fraction ("half", "a third"), whose value is then of 100 %.
    """

    text: str
    key: str
    start: int
    end: int
    kind: TokenKind = "word"
    value: float | None = None
    unit: str | None = None
    relative: bool = False
    time: Time | None = None


class Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some tokens together: a phrase of the language (``senses``), a name (``things``, ``places``, ``scenes``), both
    ("heating" is a word and may be a name), or neither (a word that nobody knows).

    ``forms``: marks of the word's own form - past, ing, plural. ``fuzzy``: it was spelled otherwise.
    """

    tokens: tuple[Token, ...]
    senses: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    fuzzy: bool = False

    @property
    def text(self) -> str:
        return " ".join(token.text for token in self.tokens)

    @property
    def kind(self) -> TokenKind:
        return self.tokens[0].kind

    @property
    def named(self) -> bool:
        return bool(self.things or self.places or self.scenes)


class Clause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing said. ``pieces``: its words, without those that its marks stand for (negation, if, times, except).

    ``bar``: why it must not be acted on. ``trigger``: it is a condition, begun by if, when, whenever, while, until,
    unless, after, before. ``only``, ``excepted``: pieces of a set that the rest is limited to, or that are left out.
    ``link``: how it hangs on the one before: and, then, but, else, or a correction ("no, the other one").
    """

    pieces: tuple[Piece, ...]
    mood: Mood = "command"
    bar: Bar | None = None
    trigger: str | None = None
    times: tuple[Time, ...] = ()
    excepted: tuple[Piece, ...] = ()
    link: Literal["", "and", "or", "then", "but", "else", "correction"] = ""
