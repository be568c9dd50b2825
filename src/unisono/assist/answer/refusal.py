"""Refusing well: what is missing, by the word it was called, and the nearest that there is.

Knows the reasons of a plan and names that are passed in: those that the speaker may hear.
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz, process, utils

from unisono.assist.answer.voice import Voice

__all__ = ["refusal"]

#: Names less alike than this are no help: "sauna" is not "study".
ALIKE = 70.0
MOST_OFFERED = 3
#: A word of the sentence that is said back: names are short, and a screen may be narrow.
LONGEST = 60
WHICH = frozenset({"ambiguous", "which_thing"})
#: Words that stand for a thing that was not named: saying them back explains nothing.
POINTING = frozenset({"that", "it", "this", "them", "one", "那个", "这个", "它", "das", "es"})


def refusal(voice: Voice, why: str, things: Sequence[str], places: Sequence[str]) -> str:
    """The sentence for a plan's ``why`` (``<reason>`` or ``<reason>:<what>``)."""
    reason, _, what = why.partition(":")
    what = what.strip()[:LONGEST]
    if not what or what in POINTING or not what.isprintable():
        return voice.reason(reason)
    if reason in WHICH:
        meant = [name for name in things if what.lower() in name.lower()]
        return voice.say("which", what=what, names=voice.join(meant)) if len(meant) > 1 else voice.reason(reason)
    if not voice.has("refusals", reason):
        return voice.reason(reason)
    told = [voice.of("refusals", reason, what=what)]
    near = _nearest(what, places if reason == "no_such_place" else things if reason == "no_such_thing" else ())
    if near:
        told.append(voice.say("nearest", names=voice.join(near)))
    text = voice.together(told)
    return text[:1].upper() + text[1:]


def _nearest(what: str, names: Sequence[str]) -> list[str]:
    found = process.extract(
        what, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=MOST_OFFERED, score_cutoff=ALIKE
    )
    return list(dict.fromkeys(name for name, _score, _at in found))
