"""Messages on a condition: "tell me when the washing machine is done", "remind me to shut the hatch when it gets cold".

Knows who is told, of what, and what must be so before. Tells nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from unisono.assist.change import because
from unisono.assist.frames import Frame
from unisono.assist.joining import is_order
from unisono.assist.ordering import conditions_of
from unisono.assist.plan import Plan, Step
from unisono.assist.timing import timed
from unisono.assist.turn import Turn

__all__ = ["notice_of"]

TELLS = frozenset({"notify", "remind"})
#: Between "remind me" and what is to be thought of.
LINKS = frozenset({"to", "that", "about", "of"})


def notice_of(frames: Sequence[Frame], conditions: Sequence[Frame], turn: Turn) -> Plan | None:
    """The plan of a sentence that wants to be told when something is so; None where it wants nothing of the kind."""
    text = _thought_of(frames)
    told = next((frame for frame in frames if _is_told(frame) or (text and "remind" in frame.senses)), None)
    if told is None or not conditions:
        return None
    if any(frame is not told and frame.act not in (None, "keep") and is_order(frame, turn) for frame in frames):
        return None
    lost = next((group for group in told.groups if group.why is not None or group.strange), None)
    if lost is not None and not text:
        return because("refuse", "no_such_thing", lost.said, turn)  # "let Bo know": who is not here is not told
    people = [] if text else [thing for group in told.groups for thing in group.things]
    if not people and not told.senses & {"notify", "remind", "i"}:
        return Plan(outcome="ask", why="which_thing")  # "let her know"
    if any(turn.world.things[thing].kind != "person" for thing in people):
        return None
    found = conditions_of(conditions, turn, turn.memory.things)
    if isinstance(found, Plan) or not found:
        return Plan(outcome="ask", why="unsure:condition")
    words = text or " ".join(piece.text for frame in conditions for piece in frame.clause.pieces)
    step = Step(op="notify", text=words, to=people[0] if people else turn.speaker.person)
    times = tuple(time for frame in conditions for time in frame.times if time.role != "for")
    return timed((step,), times, found, conditions, turn)


def _is_told(frame: Frame) -> bool:
    return bool(frame.senses & (TELLS | {"know"})) and frame.act in TELLS


def _thought_of(frames: Sequence[Frame]) -> str:
    """What somebody wants to be reminded of: the words after "remind me to", where nothing stands before them."""
    if len(frames) != 1:
        return ""
    pieces = [piece for piece in frames[0].clause.pieces if "please" not in piece.senses or piece.named]
    if not pieces or "remind" not in pieces[0].senses or pieces[0].named or len(pieces[0].tokens) == 1:
        return ""
    words = [piece.text for piece in pieces[1:]]
    return " ".join(words[1:]) if words and words[0] in LINKS else ""
