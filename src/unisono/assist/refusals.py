"""Refusing well: what is missing, in words, and the nearest that there is.

Knows the sentences of a language's ``speech.yaml``. A language without them is answered by whoever speaks for the hub.
Offers only what the speaker may see.
"""

from __future__ import annotations

from collections.abc import Sequence

from unisono.assist.gazetteer import nearest
from unisono.assist.language import Trie
from unisono.assist.letters import words_of
from unisono.assist.plan import Speech
from unisono.assist.turn import Turn

__all__ = ["told_why"]

#: More names than these are a list, not a question.
MAX_OFFERED = 4
#: Reasons for which the nearest name is offered.
MISSING = frozenset({"no_such_thing", "no_such_place"})
POINTING = frozenset({"it", "them"})


def told_why(why: str, said: str, choices: Sequence[str], turn: Turn) -> Speech | None:
    """The sentence for a reason. ``said``: the words that were not understood; ``choices``: ids that they may mean."""
    sentences = turn.spoken.speech
    sentence = sentences.get(why)
    if sentence is None:
        return None
    seen = turn.speaker.rights.may_see
    world = turn.world
    names = [world.things[thing].names[0] for thing in choices if thing in world.things and seen(thing)]
    if not names and why in MISSING and said:
        names = list(nearest(said, world, seen))
    spoken = said and (why in MISSING or (why == "ambiguous" and not _points(said, turn)) or why == "no_such_value")
    text = sentence.format(said=said) if spoken else sentences.get(f"{why}_unsaid", "")
    if names and len(names) <= MAX_OFFERED:
        *first, last = names
        offered = sentences["or"].join((", ".join(first), last)) if first else last
        text = f"{text} {sentences['offered'].format(names=offered)}"
    return Speech(turn.spoken.code, text.strip()) if text.strip() else None


def _points(said: str, turn: Turn) -> bool:
    """Whether it is "it", "those": nobody asks "which it"."""
    node: Trie | None = turn.spoken.phrases
    for word in words_of(said):
        node = node.step(word) if node is not None else None
    return node is not None and node.found is not None and not POINTING.isdisjoint(node.found.senses)
