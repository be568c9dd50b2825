"""What of a Chinese clause nobody read: where a word of content is left over, it is asked about and nothing is done.

Knows which senses a wish, a thing and a value are made of. Decides nothing of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.sentence import has, is_kind, senses, unknown
from unisono.assist.languages.zh.verbs import VERBS_SET
from unisono.assist.languages.zh.wish import ENDS

if TYPE_CHECKING:
    from unisono.assist.languages.zh.wish import Wish
    from unisono.assist.plan import Step
    from unisono.assist.world import World

__all__ = [
    "is_about_somebody",
    "is_alternative",
    "is_doubtful",
    "is_dropped",
    "is_explained",
    "is_noun_phrase",
    "is_plan_of_theirs",
    "is_superlative",
    "is_to_and_fro",
    "is_unlocked_by_the_way",
    "left_over",
    "split_state",
]

_DENYING = frozenset({"不", "没", "没有", "未", "别", "勿", "莫", "甭", "非", "无"})
_ASKED = frozenset(
    {"what", "who", "which", "where", "why", "how_much", "how_many", "how_long", "how_often", "how_far", "when_did"}
)
#: Senses that a wish is read by, and little words.
_READ = VERBS_SET | {
    "particle", "preheat", "crack", "halve", "bit", "much", "more", "max", "min", "all", "both", "other", "rest", "except", "only",
    "everything", "devices", "here", "indoor", "outdoor", "it", "also", "again", "meant", "want", "keep", "cancel", "coffee",
    "clear", "scene_word", "run_scene", "question", "whether", "of_something",
}  # fmt: skip
_FAMILIES = ("kind:", "sort:", "trait:", "color:", "mode:", "level:", "arm:", "complaint:")
_ROOMS = frozenset({"的", "房间", "屋", "屋子", "地方"})
_COLORED = frozenset({"color", "color_temperature", "andon"})
_FOR = frozenset({"给", "帮", "替"})
_ARMED_AS = ("模式", "布防", "设防", "警戒")
#: 我换膜, 孩子睡了: who has a reason for what is wanted.
_WHO = (
    "我", "咱", "孩子", "宝宝", "家人", "客人", "有人", "有客", "他们", "她们", "他", "她", "老人", "老婆", "老公", "爸", "妈", "大家", "家里人", "学生", "邻居", "隔壁", "对面",
)  # fmt: skip
#: Characters nobody knows in a clause that asks for nothing: a reason, or a turn that changes everything.
_REASON_MOST = 2
#: And of one that says what came to be; and what turns it round.
_CAME_MOST = 6
_NO_REASON = "不没别怕烦恨才就会可骗逗玩笑假算说讲错疯完悔反"
#: 放假了, 起雾啦: what came to be.
_CAME = frozenset({"了", "啦", "咯", "喽"})


def is_doubtful(pieces: Sequence[Piece]) -> bool:
    """A word that denies or asks, left over where something is to be done: nobody read what it was for."""
    return any(
        not piece.named and (piece.text in _DENYING or piece.senses & _ASKED) and not piece.senses & VERBS_SET
        for piece in pieces
    )


def is_alternative(pieces: Sequence[Piece]) -> bool:
    """开射灯还是落地灯: one of two, and nobody says which."""
    for i, piece in enumerate(pieces):
        if piece.text in ("还是", "或", "或者", "要么") and 0 < i < len(pieces) - 1:
            before, after = pieces[i - 1], pieces[i + 1]
            if all(other.named or is_kind(other) for other in (before, after)):
                return True
    return False


def is_about_somebody(pieces: Sequence[Piece], world: World) -> bool:
    """妞妞睡了: nobody is named but people, and no kind of thing."""
    if any(p.text in _FOR and p is not pieces[-1] for p in pieces) and any(p.senses & VERBS_SET for p in pieces):
        return False  # 给阿杰开个门锁
    named = [thing for piece in pieces for thing in piece.things]
    people = bool(named) and all(world.things[thing].kind == "person" for thing in named)
    return people and not any(is_kind(piece) or has(piece, "trait:") for piece in pieces)


def left_over(pieces: Sequence[Piece]) -> list[Piece]:
    """The words of a wish's clause that say something which is no part of a wish."""
    found = []
    complained = any(has(piece, "complaint:") for piece in pieces)
    for i, piece in enumerate(pieces):
        if piece.mark or piece.named or piece.quantity is not None or piece.moment is not None:
            continue
        if (
            piece.senses & {"complaint:rain", "complaint:wind"}
            and (i + 1 == len(pieces) or pieces[i + 1].text != "了")
            and piece.text[-1] != "了"
        ):
            found.append(piece)  # 下雨时打开灯
            continue
        if "unable" in piece.senses and any(p.senses & ENDS for p in pieces[:i]):
            continue  # 停一号机检修: why
        if piece.senses & _READ or any(has(piece, family) for family in _FAMILIES):
            continue
        whole = has(piece, "place:") and "all" in senses(pieces)  # 整个屋子
        reason = complained and "too" in piece.senses  # 太吵了小声点
        first = i == 0 and (
            "never_mind" in piece.senses
            or (has(piece, "state:") and not any(has(piece, f"state:{so}") for so in ("vacant", "home", "away")))
        )  # 算了还是打开吧, 没锁锁上
        blown = has(piece, "state:on") or (
            has(piece, "state:vacant")
            and any(p.senses & VERBS_SET for p in pieces[:i])
            and not _is_where(pieces[i + 1 :])
        )  # 吹冷风; 灭掉吧没人在里头
        after, before = pieces[i + 1 : i + 2], pieces[max(i - 1, 0) : i]
        armed = any(p.text in _ARMED_AS for p in after) or any("set" in p.senses for p in before)
        armed = armed and (has(piece, "state:away") or has(piece, "state:home"))  # 外出模式, 切到外出
        if not (whole or reason or first or blown or armed):
            found.append(piece)
    return found


def _is_where(pieces: Sequence[Piece]) -> bool:
    """没人房间的灯: which of them, and no reason."""
    return bool(pieces) and (bool(pieces[0].places) or is_kind(pieces[0]) or pieces[0].text in _ROOMS)


def is_to_and_fro(pieces: Sequence[Piece]) -> bool:
    """打开关掉: begun and ended in one breath."""
    return any(
        {"on", "open"} & one.senses
        and {"off", "close"} & other.senses
        and not one.named
        and one.text in ("打开", "开启", "开一下")
        for one, other in pairwise(pieces)
    )


def is_superlative(pieces: Sequence[Piece]) -> bool:
    """最亮的灯: which of them, and no level."""
    return any(
        piece.senses & {"max", "min"} and of.text == "的" and (is_kind(noun) or noun.named)
        for piece, of, noun in zip(pieces, pieces[1:], pieces[2:], strict=False)
    )


def is_dropped(wish: Wish, steps: Sequence[Step]) -> bool:
    """风扇开三档摇头: an amount or a colour was said, and nothing that is to be done has it."""
    if not steps:
        return False
    amount = wish.amount is not None and all(step.value is None or isinstance(step.value, bool) for step in steps)
    return amount or (wish.color is not None and not any(step.trait in _COLORED for step in steps))


def is_unlocked_by_the_way(pieces: Sequence[Piece], wish: Wish) -> bool:
    """锁车开窗: to lock, and to open something else."""
    if wish.verb not in ("lock", "unlock"):
        return False
    return any(
        piece.senses & {"on", "open"} and not piece.senses & {"lock", "unlock"} and _is_window(after)
        for piece, after in pairwise(pieces)
    )


def _is_window(piece: Piece) -> bool:
    return bool(piece.senses & {"kind:window", "kind:cover", "kind:light", "trait:window_position", "trait:trunk"})


def is_explained(pieces: Sequence[Piece]) -> bool:
    """Whether a clause that asks for nothing is but somebody's reason: 我换膜, 放假了; 见鬼去吧 may be anything."""
    said = "".join(piece.text for piece in pieces)
    if not unknown(pieces) or (said.startswith(_WHO) and said not in _WHO):
        return True
    asleep = unknown(pieces) <= _CAME_MOST and not any(c in said for c in _NO_REASON) and pieces[-1].text[-1] in _CAME
    if asleep and not any(p.named or is_kind(p) or p.quantity or p.senses & VERBS_SET for p in pieces):
        return True  # 汤圆睡着了
    return unknown(pieces) <= _REASON_MOST and pieces[-1].text[-1] in _CAME


#: What puts off or takes back what was said before.
_PUTS_OFF = frozenset("再说不没别吧就才")


def is_plan_of_theirs(pieces: Sequence[Piece]) -> bool:
    """明天赶集, 晚上洗澡: what somebody will do, and when; no clock, and nothing of this place."""
    told = [piece for piece in pieces if piece.moment is not None]
    rest = [piece for piece in pieces if piece.moment is None]
    if not told or any(p.moment.hour is not None or p.moment.role != "at" or p.moment.every for p in told if p.moment):
        return False
    said = "".join(piece.text for piece in rest)
    ours = any(p.named or is_kind(p) or p.quantity or p.senses & VERBS_SET - {"clean"} for p in rest)
    return unknown(rest) > 0 and not ours and _PUTS_OFF.isdisjoint(said)


def is_noun_phrase(pieces: Sequence[Piece]) -> bool:
    """三成的歌, 打开的那个: what is done or how much, 的, and a noun that ends it: spoken about, not told."""
    said = [piece for piece in pieces if not piece.mark]
    if len(said) < 3 or said[-2].text != "的":
        return False
    noun = is_kind(said[-1]) or has(said[-1], "trait:") or said[-1].named
    before = said[-3]
    if len(said) > 3 and "set" in said[-4].senses and before.quantity is not None:
        return False  # 降到三分之一的亮度
    done = before.quantity is not None or (bool(before.senses & VERBS_SET) and not before.named)
    return noun and done and not has(before, "color:")


def split_state(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """亮着的灯, 没锁的门: the words of the state that those are in who are meant, and the rest."""
    for i, piece in enumerate(pieces[:-2]):
        if (
            has(piece, "state:")
            and not piece.named
            and (piece.text[-1] in "着了" or piece.text[0] in "没未不")
            and pieces[i + 1].text == "的"
            and (is_kind(pieces[i + 2]) or pieces[i + 2].senses & {"devices"})
        ):
            return [piece], [*pieces[:i], *pieces[i + 2 :]]
    return [], list(pieces)
