"""What would help somebody who complains in Chinese: 太暗了, 有点冷, 吵死了.

Done where it is plain, near and harmless; asked about where it is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from unisono.assist.languages.zh.change import NotPossibleError, steps_of
from unisono.assist.languages.zh.clauses import split_condition
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.sentence import Sentence, about_us, has, is_kind, senses, unknown
from unisono.assist.languages.zh.target import find_target
from unisono.assist.languages.zh.verbs import VERBS_SET
from unisono.assist.languages.zh.whole import ONE
from unisono.assist.languages.zh.wish import relief_of, traits_of
from unisono.assist.plan import Plan, Step

__all__ = ["complains", "relieve", "suffers"]

#: Characters nobody knows, in a complaint that may still be one about this place.
_UNKNOWN_MOST = 2
#: What helps where the thing that would is off.
_SWITCHES_ON = frozenset({"brighter", "warmer", "cooler", "faster"})
#: Levels that are moved without asking; a machine's speed is none.
_HARMLESS = frozenset({"brightness", "volume", "target_temperature", "fan_speed", "target_humidity"})
#: Temperatures of something else than a room.
_OF_ONE = frozenset({"炉温", "水温", "油温"})
#: 我冷: who, and what of.
_SHORT = 2
_ENDINGS = frozenset({"了", "啊", "呀", "死了", "的"})


def complains(pieces: Sequence[Piece]) -> bool:
    """A state that somebody suffers from, and nothing that is to be done."""
    felt = [piece for piece in pieces if has(piece, "complaint:")]
    if not felt or any(piece.senses & VERBS_SET and piece not in felt for piece in pieces):
        return False
    if any(piece.quantity is not None or any(has(piece, f) for f in ("color:", "mode:", "level:")) for piece in pieces):
        return False
    plainly = any(not piece.senses & VERBS_SET and len(piece.text) > 1 for piece in felt)
    # 门铃响: what it does
    does = has(pieces[-1], "state:") and any(piece.things or is_kind(piece) for piece in pieces)
    short = pieces[-1] in felt and len(pieces) <= _SHORT and not does
    return plainly or short or "too" in senses(pieces) or pieces[-1].text in _ENDINGS


#: Why a sentence came to nothing though somebody may suffer: what else was said in it is not known here.
_NOT_HEARD = (None, "unsure", "past", "not_possible", "no_such_thing")
_FELT_BY = frozenset({"死", "得", "了", "啊", "呀", "死了"})


def suffers(sentence: Sentence, plan: Plan) -> bool:
    """堂屋跟冰窖一样, 画室冷得笔都拿不住: that something is wrong is plain, whatever else was said."""
    if plan.outcome not in ("ignore", "refuse") or (plan.why or "").partition(":")[0] not in (*_NOT_HEARD, ""):
        return False
    pieces = sentence.pieces
    if split_condition(sentence.masked) is not None:
        return False  # 下雨就关窗: it is not so yet
    if any(
        piece.moment is not None and piece.moment.role == "over" and piece.moment.over != "today" for piece in pieces
    ):
        return False
    for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
        felt = has(piece, "complaint:") or "state:low" in piece.senses
        plainly = len(piece.text) > 1 or (after is not None and after.text in _FELT_BY)
        if felt and not piece.named and (plainly or "too" in senses(pieces)):
            return True
    return False


def relieve(sentence: Sentence, pieces: Sequence[Piece]) -> Plan:
    """The plan against a complaint."""
    wish = relief_of(pieces)
    offer = Plan(outcome="ask", why="complaint")
    if any(has(piece, "trait:playback") and not has(piece, "kind:") for piece in pieces):
        return offer  # 这歌真热
    strange = unknown(sentence.pieces)
    if any(piece.text in _OF_ONE for piece in pieces) and not any(piece.things for piece in pieces):
        return offer  # 油温过高: no room's
    if strange or wish.verb is None:
        return offer if about_us(sentence.pieces) or strange <= _UNKNOWN_MOST else Plan(outcome="ignore")
    if wish.verb in ("up", "down") and not set(traits_of(wish)) & _HARMLESS:
        return offer
    traits = ("fan_speed",) if wish.verb == "faster" else traits_of(wish)
    here = [piece for piece in pieces if not has(piece, "complaint:") and not has(piece, "trait:")]
    target = find_target(here, sentence.world, sentence.speaker, traits)
    before = [t for t in sentence.memory.things if sentence.world.things[t].takes & set(traits)]
    if before and not (target.named or target.places or target.kinds):
        target.things, target.why = tuple(before), None  # 吊灯再亮点, 太亮了
    several = len(target.things) > 1 and not before and any(piece.text in ONE for piece in pieces)
    if several:
        return Plan(outcome="ask", why="which_thing")  # 它太亮了, after nothing
    near = sentence.speaker.place is not None or target.named or target.places
    if not target.things or target.why or not near:
        return offer
    off = any(sentence.world.state(thing).get("on_off") is False for thing in target.things)
    if off and wish.verb in ("warmer", "cooler") and (target.named or target.kinds):
        return offer  # 空调太冷, which is off
    steps: list[Step] = []
    for thing in target.things:
        try:
            helping = steps_of(wish, [thing], sentence.world)
        except NotPossibleError:
            return offer  # 电视太热了: switched on it would not help either
        if sentence.world.state(thing).get("on_off") is not False:
            steps += helping
        elif wish.verb in _SWITCHES_ON:
            steps.append(Step(things=(thing,), trait="on_off", op="set", value=True))
    return Plan(outcome="act", steps=tuple(steps)) if steps else offer
