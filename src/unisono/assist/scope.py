"""The scope of words: a sentence becomes clauses, each with what holds of it - negated, asked, supposed, conditional.

Knows the senses that make a scope (`unisono.assist.senses`: how it is said) and where a clause ends. Decides before
anything is matched against things, so that a negation can never be lost behind a name. When in doubt it bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from unisono.assist.language import Language
from unisono.assist.nouns import nominal, unknown
from unisono.assist.recast import recast
from unisono.assist.text import Bar, Clause, Mood, Piece, Time

__all__ = ["ACTIONS", "ASKING", "LIGHT", "scope"]

#: Senses that say what is to be done.
# fmt: off
ACTIONS = frozenset((
    "on", "off", "open", "close", "lock", "unlock", "start", "stop", "pause", "resume", "play", "next", "previous",
    "mute", "unmute", "up", "down", "brighter", "dimmer", "warmer", "cooler", "louder", "quieter", "faster", "slower",
    "set", "change", "toggle", "clean", "water", "brew", "dock", "honk", "charge", "record", "arm", "disarm", "defrost",
    "swing", "mow", "do", "run_scene", "remind", "notify", "cancel", "undo", "keep",
))
# fmt: on
#: What is wished for with no verb: "a bit more heat", "have it cooler".
COMPARED = frozenset(
    {"more", "less", "brighter", "dimmer", "warmer", "cooler", "louder", "quieter", "faster", "slower"}
)
#: Verbs that say little by themselves.
LIGHT = frozenset({"do", "set", "change", "keep", "run_scene"})
TRIGGERS = ("if", "when", "whenever", "while", "until", "unless", "before", "after")
ASKING = frozenset(
    ("what", "which", "who", "where", "why", "how_much", "how_many", "how_long", "how_often", "how_far", "when_did")
)
ENDS = frozenset(".;?。；？…\n")
QUOTES = frozenset("\"“”„«»「」『』'")
PAUSES = frozenset(",，、-–—()!！:：")

#: Marks between somebody who is called and what is said to them.
CALLS = frozenset(",，!！-–—")

#: Before a reason, as well as at an end.
NOW = frozenset({"now", "right now"})

#: After these a verb goes on with its clause; it begins no order.
BINDING = frozenset(
    {"to", "not", "can", "i", "you", "he", "would", "det", "please", "already", "suppose", "said", "future", "should"}
)

#: Periods that are over.
GONE = frozenset({"yesterday", "last night", "last week", "last month", "day before yesterday"})

#: Acts that last: to stop one of them ends it.
GOING_ON = frozenset(
    {"play", "clean", "mow", "water", "brew", "charge", "record", "defrost", "swing", "warmer", "cooler", "honk"}
)

#: A quotation of fewer words is a name or a title.
SHORTEST_QUOTE = 2


def scope(pieces: Sequence[Piece], language: Language) -> list[Clause]:
    """The clauses of a sentence, in order."""
    del language
    clauses: list[Clause] = []
    for part in _parts(recast(pieces)):
        clauses.extend(_clauses(part, begun=bool(clauses)))
    return clauses


def _parts(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Sentences; each keeps the mark that ends it."""
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        parts[-1].append(piece)
        if piece.kind == "mark" and piece.text in ENDS:
            parts.append([])
    return [part for part in parts if any(piece.kind != "mark" for piece in part)]


class _Segment(msgspec.Struct):
    """Words up to a comma or a conjunction. ``intro``: the sense that began it."""

    pieces: list[Piece]
    intro: str = ""


def _clauses(part: Sequence[Piece], *, begun: bool = False) -> list[Clause]:
    """``begun``: other sentences stand before it."""
    asked = any(piece.kind == "mark" and piece.text in "?？" for piece in part)
    asked = asked and not _asked_to(part) and not _asked_along(part)
    bar = _bar(part)
    clauses: list[Clause] = []
    negated_before = soon = False
    for segment in _segments(part):
        words = [piece for piece in segment.pieces if piece.kind != "mark"]
        if not words and segment.intro == "correction" and (clauses or begun):
            clauses.append(Clause(pieces=(), link="correction"))
        if not words:
            continue
        mood = _mood(words, asked=asked)
        if clauses and clauses[-1].mood == "question" and segment.intro in ("and", "or") and not _ordering(words):
            mood = "question"  # "is the lamp on and the door shut"
        own: Bar | None = bar or _own_bar(words, mood)
        if own is None and mood != "question" and segment.intro not in TRIGGERS and _others_deed(words):
            own = "reported"
        if own is None and negated_before and segment.intro in ("and", "or"):
            own = "negated"
        soon = soon or any("soon" in piece.senses and not piece.named for piece in words)
        if own is None and soon:
            own = "hypothetical"  # "I'm going to shut the gate and lock it"
        negated_before = own == "negated"
        trigger = segment.intro if segment.intro in (*TRIGGERS, "because") else None
        if trigger is None and clauses and _goes_on(clauses[-1], segment, words):
            # "if it is dark and somebody is home": of "or" one cannot be told from the other
            trigger = clauses[-1].trigger if segment.intro == "and" else "while"
        link = segment.intro if segment.intro in ("and", "or", "then", "but", "else", "correction") else ""
        clauses.append(
            Clause(
                pieces=tuple(piece for piece in words if piece.kind != "time"),
                mood=mood,
                bar=own,
                trigger=trigger,
                times=_times(words, mood),
                link=link,  # type: ignore[arg-type]
            )
        )
    return clauses


def _asked_to(part: Sequence[Piece]) -> bool:
    """ "Lock the gate, would you?": an order, and a tail that asks for it."""
    said = [piece for piece in part if "filler" not in piece.senses or piece.named]
    while said and said[-1].kind == "mark":
        said.pop()
    pause = max((at for at, piece in enumerate(said) if piece.kind == "mark"), default=0)
    tail = said[pause + 1 :] if pause else said[-1:]
    first = said[0] if said else None
    ordered = first is not None and not first.named and "base" in first.forms and bool(set(first.senses) & ACTIONS)
    return ordered and len(said) > 2 and bool(tail) and all("please" in p.senses and not p.named for p in tail)


def _asked_along(part: Sequence[Piece]) -> bool:
    """ "Bit dim in here, isn't it?": it complains, and only its tail asks."""
    said = [piece for piece in part if piece.kind != "mark"]
    tail = len(said) > 2 and {"is", "was"} & set(said[-2].senses) and "it" in said[-1].senses
    complains = any(sense.startswith("complaint:") for piece in said[:-2] for sense in piece.senses)
    inverted = {"is", "was", "does", "can"} & set(said[0].senses) and len(said[0].tokens) == 1  # not "it's"
    return bool(tail) and complains and not inverted


def _times(words: Sequence[Piece], mood: Mood) -> tuple[Time, ...]:
    """The times of a clause. Of "for tomorrow's trip" it is the trip that is tomorrow; when to act, nobody said."""
    found = []
    for piece, after in zip(words, (*words[1:], None), strict=True):
        time = piece.tokens[0].time
        if time is None:
            continue
        owned = after is not None and after.text == "'s" and mood != "question"
        found.append(Time(role="over", over="stretch") if owned else time)
    return tuple(found)


def _goes_on(before: Clause, segment: _Segment, words: Sequence[Piece]) -> bool:
    """Does a segment go on with the condition before it?"""
    if before.trigger not in ("if", "when", "whenever", "unless") or segment.intro not in ("and", "or"):
        return False
    said = [piece for piece in words if not piece.named]
    tells = any(set(piece.senses) & {"is", "was"} or "third" in piece.forms for piece in said)
    first = next(
        (piece for piece in words if not set(piece.senses) & {"filler", "please", "then"} or piece.named), None
    )
    orders = first is not None and not first.named and "base" in first.forms and set(first.senses) & ACTIONS
    return tells and not orders


def _segments(part: Sequence[Piece]) -> list[_Segment]:
    """At commas, conjunctions and triggers. A condition at the front without a comma ends before the order."""
    segments = [_Segment([])]
    condition = False
    for at, piece in enumerate(part):
        senses = piece.senses
        current = segments[-1]
        if piece.kind == "mark":
            if piece.text in PAUSES and _hyphen(part, at):
                continue
            if piece.text in PAUSES and _excepted(current.pieces, part, at):
                continue
            if piece.text in PAUSES and (current.pieces or not current.intro):
                segments.append(_Segment([]))
                condition = False
            continue
        if _two_sided(current.pieces, part, at):
            segments.append(_Segment([]))
            current = segments[-1]
        if piece.named and piece.kind != "time":
            segments[-1].pieces.append(piece)
            continue
        trigger = next((sense for sense in TRIGGERS if sense in senses), None)
        if "should" in senses and not current.pieces:
            trigger = "if"
        if trigger == "until" and at + 1 < len(part) and part[at + 1].kind == "number":
            trigger = None  # "until 90 percent" is how far
        if trigger is not None and not _is_question(part, at) and piece.kind != "time":
            segments.append(_Segment([], trigger))
            condition = True
            continue
        if "because" in senses and any(not set(said.senses) & {"filler", "please"} for said in current.pieces):
            segments.append(_Segment([], "because"))
            continue
        after = part[at + 1] if at + 1 < len(part) else None
        value = "no" in senses and _renumbers(segments, part, at)
        stopped = bool(current.pieces) and after is not None and bool({"stop", "not"} & set(after.senses))
        if (
            "no" in senses
            and after is not None
            and ("det" in after.senses or value or stopped or ("correction" in after.senses and not after.named))
        ):
            # "the front door, er, no the back door", "no stop"
            if len(segments) > 1 and all("filler" in p.senses and not p.named for p in current.pieces):
                segments.pop()  # "hmm, no"
            segments.append(_Segment([], "correction"))
            condition = False
            continue
        if current.pieces and _withdraws(part, at):
            segments.append(_Segment([piece]))
            continue
        if (
            "no" in senses
            and at + 1 < len(part)
            and part[at + 1].kind == "word"
            and not set(part[at + 1].senses) & {"filler", "please"}
        ):
            current.pieces.append(piece)
            continue
        if "correction" in senses and (not current.pieces or _corrects(part, at)):
            segments.append(_Segment([], "correction"))
            condition = False
            continue
        joint = next((sense for sense in ("then", "but", "else", "and", "or") if sense in senses), None)
        if joint in ("and", "or") and _excepted(current.pieces, part, at):
            current.pieces.append(piece)
            continue
        if joint == "but" and _excepts(current.pieces, part, at):
            current.pieces.append(msgspec.structs.replace(piece, senses=("except",)))
            continue
        if "not" in senses and _not_that(current.pieces, part, at):
            current.pieces.append(msgspec.structs.replace(piece, senses=("except",)))
            continue
        if joint is not None and "idle" not in senses and not (joint == "but" and "except" in senses):
            if not current.pieces and not current.intro:
                current.intro = joint
            else:
                segments.append(_Segment([], joint))
            condition = condition and joint in ("and", "or")
            continue
        if _run_on(current.pieces, part, at) or _told_after(current.pieces, part, at):
            segments.append(_Segment([]))
            condition = False
        if condition and sum(len(said.text.split()) for said in current.pieces) > 1 and _begins_order(part, at):
            segments.append(_Segment([]))
            condition = False
        segments[-1].pieces.append(piece)
    taken_back = segments[-1].intro == "correction"
    return [segment for segment in segments if segment.pieces or (taken_back and segment is segments[-1])]


def _renumbers(segments: Sequence[_Segment], part: Sequence[Piece], at: int) -> bool:
    """ "Forty, hmm no, sixty", "two hundred no make it one ninety": does a "no" stand between two numbers?"""
    said = [p for segment in segments for p in segment.pieces if "filler" not in p.senses or p.named]
    rest = [p for p in part[at + 1 :] if p.kind != "mark" and ("filler" not in p.senses or p.named)]
    while rest and not rest[0].named and set(rest[0].senses) & {"set", "it", "meant", "correction"}:
        rest = rest[1:]
    return bool(said and rest) and said[-1].kind == rest[0].kind == "number"


def _hyphen(part: Sequence[Piece], at: int) -> bool:
    """ "hi-fi" has no pause within."""
    mark, after = part[at].tokens[0], part[at + 1] if at + 1 < len(part) else None
    if mark.text != "-" or not at or after is None:
        return False
    return part[at - 1].tokens[-1].end == mark.start and mark.end == after.tokens[0].start


def _run_on(current: Sequence[Piece], part: Sequence[Piece], at: int) -> bool:
    """A new order without a comma: "company is coming turn on the vacuum", "it's bright can you dim the lights"."""
    said = [piece for piece in current if not set(piece.senses) & {"filler", "please"} or piece.named]
    if _second(said, part, at):
        return True
    told = next((i for i, piece in enumerate(said) if "is" in piece.senses and not piece.named), len(said))
    ordered = any(
        set(piece.senses) & (ACTIONS | {"want", "not", "i"}) and (i < told or not ACTIONS & set(piece.senses))
        for i, piece in enumerate(said)
        if not piece.named
    )  # "the hatch is open so stop the press": what is told orders nothing
    if (len(said) < 2 or ordered) and not (len(said) >= 3 and "please" in part[at].senses):
        return False
    piece, after = part[at], part[at + 1] if at + 1 < len(part) else None
    if after is None or set(part[at - 1].senses) & BINDING:
        return False
    opening = next((other for other in part if "filler" not in other.senses or other.named), piece)
    if set(opening.senses) & (ASKING | {"is", "was", "does", "can"}) and not {"det", "function", "please"} & set(
        opening.senses
    ):
        return False
    if "please" in piece.senses:
        return len(piece.tokens) > 1 and bool(set(after.senses) & ACTIONS)
    strong = set(piece.senses) & (ACTIONS - LIGHT)
    object_ = bool(after.named or set(after.senses) & {"det", "it", "them", "all"})
    if not any(nominal(piece) or "is" in piece.senses for piece in said):
        return False
    return bool(strong) and "base" in piece.forms and object_ and len(said) >= 2


def _told_after(current: Sequence[Piece], part: Sequence[Piece], at: int) -> bool:
    """Why, right after an order: "telly down i'm on the phone", "skip this song it's bad", "all off we're away"."""
    piece, after = part[at], part[at + 1] if at + 1 < len(part) else None
    if current and current[-1].text in NOW and not current[-1].named:
        current = current[:-1]  # "shut it now it's raining"
    before = current[-1] if current else None
    whole = len(current) == 1 and bool(set(current[0].senses) & ACTIONS) and len(current[0].tokens) > 1  # "skip this"
    ordered = len(current) > 1 and any(_verb([p], 0) or _sides(p) for p in current)
    if before is None or piece.named or not (whole or ordered):
        return False
    gone = "away" in piece.senses and "p_off" in before.senses  # "all off we 're away"
    says = len(piece.tokens) > 1 and (gone or bool({"is", "i"} & set(piece.senses)))  # "it 's", "i 'm"
    says = says or (after is not None and bool({"it", "i", "he"} & set(piece.senses)) and "is" in after.senses)
    it = "it" in piece.text.split()
    if "please" in before.senses and "det" in piece.senses:  # "please the sun is killing me"
        return after is not None and nominal(after) and at + 2 < len(part) and "is" in part[at + 2].senses
    ended = _sides(before) or before.kind in ("number", "time") or "please" in before.senses
    return says and "det" not in piece.senses and (ended or (it and (whole or nominal(before))))


def _sides(piece: Piece) -> bool:
    return bool({"p_on", "p_off", "p_up", "p_down"} & set(piece.senses)) and not piece.named


def _second(said: Sequence[Piece], part: Sequence[Piece], at: int) -> bool:
    """A second order right after the first: "turn off the lamp turn on the fan"."""
    piece, before = part[at], part[at - 1] if at else None
    after = part[at + 1] if at + 1 < len(part) else None
    if before is None or after is None or piece.named or not nominal(before) or len(piece.tokens) < 2:
        return False
    strong = set(piece.senses) & (ACTIONS - LIGHT)
    first = any(set(other.senses) & (ACTIONS - LIGHT) and "base" in other.forms for other in said if not other.named)
    return bool(strong) and first and "base" in piece.forms and bool(after.named or "det" in after.senses)


def _two_sided(said: Sequence[Piece], part: Sequence[Piece], at: int) -> bool:
    """ "lamp on heater off", "lights down tv up": a noun and a particle, and again both."""
    if len(said) != 2 or at + 1 >= len(part) or not (_thing(said[0]) and _thing(part[at])):
        return False
    colored = any(sense.startswith("color:") for sense in said[1].senses)  # "pool light purple pump off"
    return (_sides(said[1]) or colored) and _sides(part[at + 1])


def _thing(piece: Piece) -> bool:
    return bool(piece.things) or (
        any(sense.startswith("kind:") for sense in piece.senses) and not {"base"} & set(piece.forms)
    )


def _excepted(current: Sequence[Piece], part: Sequence[Piece], at: int) -> bool:
    """ "except the kitchen and the hall": what is left out goes on until an order or the end."""
    if not any("except" in piece.senses and not piece.named for piece in current):
        return False
    for piece in part[at + 1 :]:
        if piece.named:
            return True
        if set(piece.senses) & (ACTIONS | {"not", "then", "if", "when", "p_on", "p_off"}) and "det" not in piece.senses:
            return False
        if nominal(piece):
            return True
    return False


def _excepts(current: Sequence[Piece], part: Sequence[Piece], at: int) -> bool:
    """ "everything but the lamp off": of a set, and no order of its own after it."""
    sets = {"all", "everything", "any", "both", "everywhere"}
    if not any(sets & set(piece.senses) for piece in current):
        return False
    for piece in part[at + 1 :]:
        if piece.kind == "mark":
            break
        if not piece.named and "base" in piece.forms and set(piece.senses) & (ACTIONS | {"not"}):
            return False
    return True


def _not_that(current: Sequence[Piece], part: Sequence[Piece], at: int) -> bool:
    """ "Stop the press not the conveyor": an order with its noun, and only one more noun after it."""
    rest = [piece for piece in part[at + 1 :] if piece.kind != "mark"]
    if not current or not nominal(current[-1]) or not rest or not ({"det"} & set(rest[0].senses) or rest[0].named):
        return False
    ordered = any("base" in piece.forms and set(piece.senses) & ACTIONS for piece in current if not piece.named)
    return ordered and all(nominal(piece) or {"det", "please"} & set(piece.senses) for piece in rest)


def _withdraws(part: Sequence[Piece], at: int) -> bool:
    """Does "never mind" stand here, or a "no", and nothing follows but politeness?"""
    aside = {"filler", "please", "it", "correction", "never_mind", "no"}
    ends = all(piece.kind == "mark" or aside & set(piece.senses) for piece in part[at + 1 :])
    return bool({"never_mind", "no"} & set(part[at].senses)) and ends


def _corrects(part: Sequence[Piece], at: int) -> bool:
    """Does it take back what was said before: a word that does nothing else, after a pause, or "I mean the other"?"""
    senses, after = part[at].senses, part[at + 1] if at + 1 < len(part) else None
    if len(senses) == 1 or _pause_before(part, at):
        return True
    return set(senses) <= {"meant", "correction"} and after is not None and (after.named or "det" in after.senses)


def _pause_before(part: Sequence[Piece], at: int) -> bool:
    return at > 0 and part[at - 1].kind == "mark"


def _is_question(part: Sequence[Piece], at: int) -> bool:
    """ "if" after "tell me" asks."""
    asked = at > 0 and "tell" in part[at - 1].senses and "if" in part[at].senses
    notice = asked and "notify" in part[at - 1].senses
    return asked and not (notice and (_happens(part[at + 1 :]) or _lasts(part[at + 1 :])))


def _lasts(pieces: Sequence[Piece]) -> bool:
    """ "If it is open for more than two minutes": so long it is to be so from now on."""
    lasting = any(p.tokens[0].time is not None and p.tokens[0].time.role == "for" for p in pieces)
    return lasting and not any("was" in p.senses and not p.named for p in pieces)


def _happens(pieces: Sequence[Piece]) -> bool:
    """Is it something that happens ("if she comes back"), not something that is so ("if it is open")?"""
    for piece in pieces:
        if piece.named or not piece.senses:
            continue
        if set(piece.senses) & {"is", "was", "can"}:
            return False
        if "third" in piece.forms:
            return True
    return False


def _begins_order(part: Sequence[Piece], at: int) -> bool:
    """Does an order begin here, after a condition without a comma?"""
    piece, before = part[at], part[at - 1]
    if "please" in piece.senses:
        return True
    if "notify" in piece.senses and len(piece.tokens) > 1:
        return True
    if "base" not in piece.forms or not set(piece.senses) & ACTIONS:
        return False
    after = part[at + 1] if at + 1 < len(part) else None
    if after is None or not (
        after.named or nominal(after) or set(after.senses) & {"det", "it", "them", "all", "both", "everything"}
    ):
        return False
    held = {"i", "you", "he", "det", "not", "can", "would", "does", "to"} & set(before.senses)
    return not held or bool(before.named)


def _mood(words: Sequence[Piece], *, asked: bool) -> Mood:
    words = [piece for piece in words if piece.kind != "time"]
    head = next((piece for piece in words if not set(piece.senses) & {"filler"} or piece.named), None)
    if head is None:
        return "command"
    senses = set(head.senses)
    polite = "please" in senses
    first = next((piece for piece in words if not set(piece.senses) & {"filler", "please"} or piece.named), head)
    if senses & ASKING and not head.named:
        return "question"
    if (
        "whether_any" in first.senses
        and not first.named
        and any(_state(word) or "trait:leak" in word.senses for word in words[1:])
    ):
        return "question"  # "any lights on", "any leaks"
    after = words[words.index(first) + 1] if words.index(first) + 1 < len(words) else None
    made = "does" in senses and after is not None and "indefinite" in after.senses
    if senses & {"is", "was", "does"} and not head.named and not {"det", "function", "please"} & senses and not made:
        return "question"
    following = words[words.index(first) + 1 :]
    told = "tell" in first.senses and "want" not in first.senses
    asked_by = following and set(following[0].senses) & (ASKING | {"tell", "if"})
    if told and ("notify" not in first.senses or asked_by):
        return "question"
    if polite and set(first.senses) & (ACTIONS | {"want"}):
        return "command"
    felt = any(sense.startswith("complaint:") or sense in COMPARED for word in words for sense in word.senses)
    wished = "want" in senses and felt
    if wished:
        return "command"  # "give me more light", "can we have it cooler?"
    if asked:
        return "command" if polite and _order(words) else "question"
    if "tell" in senses and not _order(words[1:]) and not any(word.kind == "number" for word in words):
        return "question"
    return "command"


def _state(piece: Piece) -> bool:
    """May it say how something is: on, open, running, unlocked?"""
    if piece.named or (nominal(piece) and "ing" not in piece.forms):
        return False
    return bool(set(piece.senses) & {"p_on", "p_off", "open", "close"}) or (
        bool(set(piece.senses) & ACTIONS) and bool({"ing", "past"} & set(piece.forms))
    )


def _ordering(words: Sequence[Piece]) -> bool:
    """Does it begin as an order does?"""
    first = next((piece for piece in words if "filler" not in piece.senses or piece.named), words[0])
    return bool({"please", "want", "can"} & set(first.senses)) or _order([first])


def _order(words: Sequence[Piece]) -> bool:
    return any("base" in piece.forms and set(piece.senses) & ACTIONS for piece in words)


def _bar(part: Sequence[Piece]) -> Bar | None:
    """What holds of a whole sentence."""
    quotes = [at for at, piece in enumerate(part) if piece.kind == "mark" and piece.text in QUOTES]
    if len(quotes) >= 2 and quotes[-1] - quotes[0] > SHORTEST_QUOTE:
        return "quoted"
    words = [piece for piece in part if piece.kind != "mark" and not piece.named]
    if any("suppose" in piece.senses and "soon" not in piece.senses for piece in words):
        return "hypothetical"
    if _addressed(part):
        return "reported"  # somebody else is told to do it
    if len(words) > 1 and "dare" in words[-1].senses:
        return "hypothetical"  # "turn everything on, why don't you"
    if any("spell" in piece.senses and ("idle" not in piece.senses or not at) for at, piece in enumerate(words[:6])):
        return "quoted"
    for at, piece in enumerate(part):
        if "said" in piece.senses and not piece.named and not (at == 0 and "notify" in piece.senses):
            return "reported"
    return None


def _addressed(part: Sequence[Piece]) -> bool:
    """ "Bo, can you open it", "open it, Bo": is a person of this home called, and not the house?"""
    said = [piece for piece in part if not set(piece.senses) & {"filler", "please"} or piece.named]
    if said and said[-1].kind == "mark" and said[-1].text in ENDS | {"!"}:
        said.pop()
    if len(said) <= 2:
        return False
    ends = ((said[0], said[1]), (said[-1], said[-2]))
    return any("somebody" in who.senses and mark.kind == "mark" and mark.text in CALLS for who, mark in ends)


def _own_bar(words: Sequence[Piece], mood: Mood) -> Bar | None:
    for at, piece in enumerate(words):
        senses = piece.senses
        if piece.named:
            continue
        if (
            "not" in senses
            and mood != "question"
            and "except" not in senses
            and not ("only" in words[at - 1].senses and at)
        ):
            return "negated"
        if "would" in senses and "please" not in senses:
            return "hypothetical"
    if mood != "question" and any(
        "future" in piece.senses and not piece.named and not {"please"} & set(piece.senses) and nominal(subject)
        for subject, piece in pairwise(words)
    ):
        return "reported"  # "Bo will open it in a minute" tells what he does
    first = next((piece for piece in words if "filler" not in piece.senses or piece.named), words[0])
    passive = "can" in first.senses and "please" not in first.senses and not first.named
    if passive and any("for" in piece.senses and "in" not in piece.senses for piece in words):
        return "hypothetical"  # "can the oven be turned off from the phone" asks whether that is so
    if passive and any(
        nominal(subject) and "do" in piece.senses and {"to", "above"} & set(after.senses)
        for subject, piece, after in zip(words, words[1:], words[2:], strict=False)
    ):
        return "hypothetical"  # "can the oven go to 300" asks how far it goes
    if len(words) > 1 and "to" in first.senses and "base" in words[1].forms and set(words[1].senses) & ACTIONS:
        return "hypothetical"  # "to open it, press the button"
    if _stops(words):
        return "negated"
    if mood == "question":
        return None
    asked = [piece for piece in words if not set(piece.senses) & {"filler", "please"} or piece.named]
    urged = _order(asked[:1]) and len(asked) > 2 and "impatient" in words[-1].senses  # "shut the door already"
    if any(
        ("already" in piece.senses and not (urged and piece is words[-1]))
        or ((time := piece.tokens[0].time) is not None and time.over == "ago")
        for piece in words
    ):
        return "past"
    if _order(words) and any((time := piece.tokens[0].time) is not None and time.over in GONE for piece in words):
        return "past"  # nothing is done yesterday
    return "past" if _past(words) else None


def _others_deed(words: Sequence[Piece]) -> bool:
    """ "Bo turns it off at nine", "Bo may open it", "ask Bo to": what somebody else does, may or is to do."""
    between = {"can", "does", "should", "to", "future", "would", "filler"}
    for at, piece in enumerate(words):
        if "somebody" not in piece.senses or not piece.things:
            continue
        verb = next((other for other in words[at + 1 :] if not set(other.senses) & between or other.named), None)
        if verb is not None and not verb.named and set(verb.senses) & ACTIONS and {"base", "third"} & set(verb.forms):
            return "det" not in verb.senses
    return False


def _past(words: Sequence[Piece]) -> bool:
    """Somebody did or does it: a subject before the verb, and nothing that makes it a wish."""
    wishes = {"want", "please", "is", "can"}
    for at, piece in enumerate(words):
        if piece.named or not set(piece.senses) & ACTIONS:
            continue
        before = words[:at]
        wished = any(set(other.senses) & wishes for other in before) or any(_verb(before, i) for i in range(at))
        aside = {"idle", "filler", "also", "perfect"}
        subject = next((o for o in reversed(before) if not set(o.senses) & aside or o.named), None)
        told = subject is not None and {"i", "he"} & set(subject.senses) and not subject.named
        does = (
            {"third"} <= set(piece.forms) <= {"third", "plural"}
            and not nominal(piece)
            and subject is not None
            and unknown(subject)
        )
        if does and not wished and "was" not in piece.senses:
            return True  # "the neighbour leaves it open"
        going = subject is not None and len(subject.tokens) > 1 and "ing" in piece.forms  # "we're getting cold"
        if told and not wished and not going and piece.forms:
            return True  # "I shut off the fan", "somebody always starts the pump"
        if "past" not in piece.forms:
            continue
        if any("was" in other.senses for other in before if not other.named) and not wished:
            return True
        if "base" in piece.forms or wished:
            continue
        if any(set(other.senses) & {"i", "he", "you"} for other in before):
            return True
        if before and (before[-1].named or not before[-1].senses) and len(words) > at + 1:
            return True
    return False


def _verb(words: Sequence[Piece], at: int) -> bool:
    """Is it a verb in its plain form? Not "the film" or "the lock"."""
    piece = words[at]
    return "base" in piece.forms and not piece.named and not (at and "det" in words[at - 1].senses)


def _unwanted(piece: Piece) -> bool:
    """Is the word in -ing an act that is done each time anew, not one that goes on and can be stopped?"""
    senses = set(piece.senses)
    goes_on = senses & GOING_ON or "p_on" in senses  # "stop running the pump" ends it
    return "ing" in piece.forms and bool(senses & ACTIONS) and not goes_on and not piece.named


def _coming_on(piece: Piece) -> bool:
    return _sides(piece) and piece.text.startswith(("coming ", "going "))


def _stops(words: Sequence[Piece]) -> bool:
    """ "stop opening the door", "no more opening it", "no more light": what is stopped is an act that is not wanted."""
    if any("no" in no.senses and "more" in more.senses and not no.named for no, more in pairwise(words)):
        return True
    if any(
        "stop" in piece.senses and "base" in piece.forms and "he" in after.senses for piece, after in pairwise(words)
    ):
        return True
    stop = next((at for at, p in enumerate(words) if "stop" in p.senses and "base" in p.forms and not p.named), None)
    if stop is not None and any(_unwanted(piece) or _coming_on(piece) for piece in words[stop + 1 :]):
        return True  # "stop the gate from opening", "stop the heating coming on"
    return any(
        "stop" in piece.senses and "base" in piece.forms and _unwanted(after)
        for piece, after in pairwise(words)
        if not piece.named
    )
