"""The last gate before a Chinese wish is carried out: words that were cut and known, and of which the wish made nothing.

Knows which words for doing go together, and which little words stand for nothing only beside what they belong to. Decides nothing of
the plan: whoever asks lets the speaker say it once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from unisono.assist.abilities import OF_A_LINE
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.numbers import is_rough
from unisono.assist.languages.zh.sentence import has, is_kind, is_verb
from unisono.assist.languages.zh.verbs import VERBS_SET
from unisono.assist.languages.zh.wish import BEGINS, ENDS, SET_FOR, Wish, counts, measured
from unisono.assist.plan import Step

if TYPE_CHECKING:
    from unisono.assist.world import World

__all__ = [
    "ROUGHLY",
    "after_told",
    "is_at_odds",
    "is_further",
    "is_half_named",
    "is_leaning",
    "is_like_another",
    "is_loose",
    "is_miscounted",
    "is_misplaced",
    "is_reported",
    "is_taken_back",
    "is_told",
    "is_turned",
    "is_undone",
    "is_unused",
    "says_more",
]

_UP = frozenset({"up", "brighter", "louder", "faster"})
_DOWN = frozenset({"down", "dimmer", "quieter", "slower"})
_BEGUN = BEGINS | {"play", "extend"}
_ENDED = ENDS | {"retract"}
_SKIPS = frozenset({"next", "previous"})
#: Pairs of doings that no one wish is made of, whichever comes first.
_AT_ODDS = (
    (_UP, _DOWN), (_UP | _DOWN, ENDS), (_SKIPS, _UP | _DOWN | ENDS), (frozenset({"next"}), frozenset({"previous"})),
    (frozenset({"raise"}), frozenset({"lower"})), (frozenset({"lock"}), frozenset({"unlock"})),
)  # fmt: skip
#: What may be cancelled by its own word.
_CANCELLED = frozenset({"unmute", "disarm", "swing", "charge", "record", "defrost"})
_ANDS = frozenset({"和", "跟", "与", "、", "还有"})
_PRESENT = frozenset({"现在", "目前", "当前", "此刻", "这会儿", "才", "显示", "已经"})
#: What makes a condition a guess, or somebody's habit.
_UNSURE = frozenset(
    {
        "能",
        "可",
        "应该",
        "因为",
        "所以",
        "为了",
        "一半",
        "下班",
        "上班",
        "下班了",
        "除了",
        "不含",
        "其他",
        "其它",
        "另外",
        "剩下",
    }
)
_ASKED = frozenset(
    {"what", "which", "who", "where", "why", "how_much", "how_many", "how_long", "how_often", "when_did", "clock"}
)
_COMPARING = frozenset({"above", "below", "set", "up", "down", "charge", "on", "start", "warmer", "cooler"})
_ROOM = frozenset({"state:occupied", "state:vacant", "state:home", "state:away"})
#: 大概调到五十: an amount or a time stands beside it, else it tells how likely something is.
ROUGHLY = frozenset({"大概", "大约", "差不多", "左右"})
#: What is seen, or why: a condition's words, that mean nothing in a wish.
_TELLING = frozenset({"发现", "看到", "检测到", "感应到", "因为", "所以", "情况下", "期间"})
#: 主灯会关掉, 主灯能关掉: what it does, where nobody is asked to make it so.
_MAY = frozenset({"会", "能"})
_MAKES = frozenset({"把", "将", "给", "帮", "帮我", "让", "请", "麻烦", "吗", "替我", "给我", "你", "您"})
#: 主灯关掉以后: something was to follow.
_UNENDED = frozenset({"以后", "之后", "后", "时", "时候", "的时候", "的话", "期间"})
_REST = frozenset({"其他", "其它", "其余", "剩下", "剩下的", "别的", "其他的", "其余的", "有些"})
#: What a word of a mode, a strength or an end of the scale may have become.
_MODES = frozenset({"hvac_mode", "mode", "fan_speed", "swing", "armed", "defrost"})
#: Traits that one word is said for.
_ALIKE = (
    _MODES,
    frozenset({"rate", "speed", "fan_speed", "setpoint", "cycle_time"}),
    frozenset({"volume", "mute", "playback"}),
)
#: 两个, 俩
_TWO = 2
#: Words of a clause that say where on a scale, or where in the house, and nothing of their own.
_LEANING = frozenset(
    {
        "above",
        "below",
        "too",
        "more",
        "much",
        "max",
        "min",
        "upstairs",
        "downstairs",
        "outdoor",
        "indoor",
        "there",
        "other",
        "rest",
        "only",
        "except",
        "question",
    }
)


def is_at_odds(pieces: Sequence[Piece]) -> bool:
    """打开停, 落拉开, 下一首关掉: two doings in one wish that are not one; 停止播放 is."""
    doing = [piece for piece in pieces if is_verb(piece) and not piece.named]
    return any(_odd(one, other) for one, other in combinations(doing, 2))


def _odd(one: Piece, other: Piece) -> bool:
    if one.senses & _BEGUN and other.senses & _ENDED and not (one.senses & _ENDED or other.senses & _BEGUN):
        return one.text[-1] not in "着了" and not one.senses & {"resume"}
    return any(
        (_only(one, left) and _only(other, right)) or (_only(one, right) and _only(other, left))
        for left, right in _AT_ODDS
    )


def _only(piece: Piece, doings: frozenset[str]) -> bool:
    """Whether all that a word may say to do is of these."""
    does = piece.senses & VERBS_SET
    return bool(does) and does <= doings


def is_taken_back(pieces: Sequence[Piece], wish: Wish) -> bool:
    """取消把灯调亮: what is cancelled is no state that ends by that, as 取消静音 is."""
    return any("cancel" in piece.senses and not piece.named for piece in pieces) and wish.verb not in _CANCELLED


def is_further(pieces: Sequence[Piece], wish: Wish) -> bool:
    """再烫两度: by so much more of what nobody knows, and no two degrees."""
    if wish.amount is None or wish.by or "set" in wish.verbs:
        return False
    amount = wish.amount
    return wish.amount.unit is not None and any(p.text[0] in "再更" and p.end <= amount.start for p in pieces)


def is_reported(pieces: Sequence[Piece]) -> bool:
    """空调调了二十六度: who comes first and what was done to it, and to which value: it is told; 把 and 帮 make it an order."""
    if not pieces or not (pieces[0].things or is_kind(pieces[0])) or any(piece.text in _MAKES for piece in pieces):
        return False
    for piece, after in pairwise(pieces):
        value = after.quantity is not None or any(has(after, f) for f in ("color:", "mode:", "level:"))
        if value and piece.text[-1] == "了" and not after.named:
            return True
    return False


def is_turned(pieces: Sequence[Piece]) -> bool:
    """草坪都晒黄了: the colour that something came to have by itself."""
    return any(
        has(piece, "color:") and not piece.named and len(piece.text) == 1 and after.text == "了"
        and not any(p.senses & {"set", "change", "on"} or p.text in _MAKES for p in pieces)
        for piece, after in pairwise(pieces)
    )  # fmt: skip


def is_loose(pieces: Sequence[Piece]) -> bool:
    """大概关掉, 主灯会关掉: a little word that stands beside nothing that it could belong to."""
    said = {piece.text for piece in pieces}
    if (said & _MAY and not said & _MAKES) or ("会" in said and "吗" not in said):
        return True
    if said & {"只有"} or (pieces and pieces[-1].text in _UNENDED):
        return True
    for i, piece in enumerate(pieces):
        if piece.text in _REST and i + 1 < len(pieces) and pieces[i + 1].things and not is_kind(pieces[i + 1]):
            return True  # 其他主灯
        if piece.named or piece.text not in ROUGHLY | _TELLING:
            continue
        near = pieces[max(i - 1, 0) : i + 3]  # 大概调到五十
        if piece.text in _TELLING or not any(p.quantity or p.moment for p in near):
            return True
    return False


#: What each word for doing may have become; of the others anything.
_BECOMES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("brighter", "dimmer"), frozenset({"brightness", "color_temperature", "color", "on_off", "position"})),
    **dict.fromkeys(("louder", "quieter"), frozenset({"volume", "mute", "playback", "fan_speed", "mode"})),
    **dict.fromkeys(("mute", "unmute"), frozenset({"mute", "volume"})),
    **dict.fromkeys(("next", "previous"), frozenset({"playback", "channel", "source"})),
    **dict.fromkeys(("lock", "unlock"), frozenset({"locked"})),
    **dict.fromkeys(("arm", "disarm"), frozenset({"armed"})),
    **dict.fromkeys(
        ("warmer", "cooler"),
        frozenset({
            "target_temperature", "color_temperature", "seat_heating", "seat_ventilation", "hvac_mode", "mode", "on_off", "setpoint",
            "fan_speed", "defrost", "start_stop",
        }),
    ),
    "honk": frozenset({"horn"}),
    "record": frozenset({"recording"}),
}  # fmt: skip


def is_undone(pieces: Sequence[Piece], steps: Sequence[Step]) -> bool:
    """亮度加二十再暖一点: two things to do, and of one of them nothing was made."""
    done = {step.trait or "" for step in steps}
    if not done:
        return False
    level = any(step.op == "add" or not isinstance(step.value, bool) for step in steps)
    for piece in pieces:
        doing = (
            piece.senses & VERBS_SET if is_verb(piece) and not piece.named and not has(piece, "trait:") else frozenset()
        )
        if (
            doing
            and doing <= _BECOMES.keys()
            and done.isdisjoint(frozenset().union(*(_BECOMES[verb] for verb in doing)))
        ):
            return True
        if doing and doing <= {"up", "down"} and not level:
            return True
    return False


def is_unused(pieces: Sequence[Piece], wish: Wish, steps: Sequence[Step]) -> bool:
    """主灯自动关掉, 电视温度关掉: a mode or a trait was said, and nothing that is to be done is of it."""
    done = {step.trait for step in steps}
    if not done:
        return False
    if wish.mode is not None and not done & _MODES:
        return True
    for i, piece in enumerate(pieces):
        lamp = has(piece, "color:") and piece.text[-1] == "灯" and piece.text[0] not in "打亮" and not piece.named
        if lamp and "color" in done and not (i and pieces[i - 1].senses & {"set", "change", "on"}):
            return True  # 绿灯调到三十: a lamp that is green, and none that shall be
        if piece.named or is_kind(piece) or is_verb(piece) or not has(piece, "trait:") or counts(pieces, piece):
            continue
        traits = {sense.partition(":")[2] for sense in piece.senses if sense.startswith("trait:")}
        traits |= {SET_FOR.get(trait, trait) for trait in traits}
        traits |= {"on_off"} if "fan_speed" in traits else set()  # 冷却盘风开起来
        traits |= {"defrost"} if "window_position" in traits else set()  # 车窗除霜
        traits |= {"reset_fault"} if "fault" in traits else set()
        traits |= {other for alike in _ALIKE if alike & traits for other in alike}
        if not traits & done:
            return True
    return False


def says_more(pieces: Sequence[Piece], *, compared: bool) -> bool:
    """Whether a condition's words hold a second condition, a doubt or a question: 没人温度超过二十度, 可能到家, 几个门没锁."""
    said = [piece for piece in pieces if not piece.named and not piece.mark]
    moving = any(piece.senses & {"state:home", "state:away"} for piece in said)  # 下班到家
    if any((piece.text in _UNSURE and not (moving and "班" in piece.text)) or piece.senses & _ASKED for piece in said):
        return True
    amounts = [p for p in said if p.quantity is not None and p.text != "一" and not measured(pieces, p)]
    if len(amounts) > 1 or any(is_rough(piece.text) for piece in amounts):
        return True
    if not compared:
        return False
    other = [piece for piece in said if has(piece, "state:") or has(piece, "complaint:")]
    return any(not (has(piece, "trait:") or piece.senses & _COMPARING) or piece.senses & _ROOM for piece in other)


def is_like_another(pieces: Sequence[Piece]) -> bool:
    """亮度设成灯带的一半: a value that is another's, and nobody is told to change that one."""
    return any(
        bool(verb.senses & {"set"})
        and (bool(thing.things) or is_kind(thing))
        and of.text == "的"
        and amount.quantity is not None
        for verb, thing, of, amount in zip(pieces, pieces[1:], pieces[2:], pieces[3:], strict=False)
    )


#: 放一半 is said of a blind.
_ALL_THE_WAY = 100
_BEGUN_BY = frozenset({"on_off", "start_stop", "position", "window_position"})
#: Kinds that neither cook nor sound, spray nor sweep, whatever they can be switched on for.
_MADE_OTHERWISE = OF_A_LINE - {"machine"} | {
    "light", "cover", "window", "door", "lock", "garage_door", "fan", "camera", "alarm", "valve", "andon", "car",
}  # fmt: skip


def is_misplaced(pieces: Sequence[Piece], steps: Sequence[Step], world: World) -> bool:
    """烧皮带, 听吊灯: begun by a word that is of others alone."""
    if not any("made_for" in piece.senses and not piece.named for piece in pieces):
        return False
    if any(is_verb(piece) and piece.senses & BEGINS and "made_for" not in piece.senses for piece in pieces):
        return False
    if any(step.trait == "locked" for step in steps):
        return True  # 院门插上: bolted, and not begun
    begun = [step for step in steps if step.trait in _BEGUN_BY and step.value in (True, _ALL_THE_WAY)]
    return any(world.things[thing].kind in _MADE_OTHERWISE for step in begun for thing in step.things)


def is_told(pieces: Sequence[Piece]) -> bool:
    """现在外面三十五度: how it is; an amount, nothing to be done with it, and a word of the present."""
    amounts = [i for i, piece in enumerate(pieces) if piece.quantity is not None]
    if not amounts or any(is_verb(piece) and not has(piece, "complaint:") for piece in pieces):
        return False
    if any("too" in p.senses or has(p, "complaint:") or has(p, "state:low") for p in pieces[amounts[-1] + 1 :]):
        return True  # 二十六度太低了
    return any(piece.text in _PRESENT or "outdoor" in piece.senses for piece in pieces if not piece.named)


def after_told(pieces: list[Piece]) -> list[Piece]:
    """卧室湿度三十太干了加湿器打开: how it is and what is thought of it left off, where an order of somebody else follows."""
    for i, amount in enumerate(pieces[:-2]):
        felt = pieces[i + 1] if "too" not in pieces[i + 1].senses else pieces[i + 2]
        rest = pieces[pieces.index(felt) + 1 :]
        felt_so = amount.quantity is not None and has(felt, "complaint:")
        of_another = any(piece.named or is_kind(piece) for piece in rest) and any(is_verb(piece) for piece in rest)
        if felt_so and of_another and not any(is_verb(piece) for piece in pieces[:i]):
            return rest
    return pieces


def is_half_named(pieces: Sequence[Piece]) -> bool:
    """203和大门都没锁: a place and a thing, and nobody says what of the place."""
    for i, (one, joint, other) in enumerate(zip(pieces, pieces[1:], pieces[2:], strict=False)):
        if joint.text not in _ANDS:
            continue
        owner = any(is_kind(piece) or piece.things for piece in pieces[i + 3 : i + 5])  # 大门和书房的灯
        place = one if one.places and not one.things else other if other.places and not owner else None
        if place is not None and not (place.things or is_kind(place)):
            thing = other if place is one else one
            if thing.things and not thing.places:
                return True
    return False


def is_leaning(pieces: Sequence[Piece]) -> bool:
    """最多, 外面, 大概: a clause of words that lean on something else, and there is nothing else."""
    said = [piece for piece in pieces if "particle" not in piece.senses and not piece.mark]
    if not said:
        return bool(pieces) and all(piece.text in ROUGHLY | _TELLING | _MAY for piece in pieces)
    return all(piece.senses and not piece.named and all(_leans(sense) for sense in piece.senses) for piece in said)


def _leans(sense: str) -> bool:
    return sense in _LEANING or sense.startswith("agg:")


def is_miscounted(pieces: Sequence[Piece], steps: Sequence[Step]) -> bool:
    """三个主灯关掉, where there is but one: so many things were said, and others would be touched."""
    touched = {thing for step in steps for thing in step.things}
    for piece, after in zip(pieces, [*pieces[1:], None], strict=False):
        if after is not None and (after.places or has(after, "place:")):
            continue  # 两个卧室的灯
        if "both" in piece.senses and piece.text[0] in "两俩":
            return len(touched) != _TWO
        if after is None or piece.quantity is None or piece.quantity.form != "number" or not measured(pieces, piece):
            continue
        noun = next((p for p in pieces if p.start == after.end), None)
        where = noun is not None and (bool(noun.places) or has(noun, "place:"))
        if piece.quantity.value > 1 and after.text[:1] not in "楼号" and not where:
            return len(touched) != piece.quantity.value
    return False
