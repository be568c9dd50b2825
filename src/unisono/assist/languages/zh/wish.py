"""What a Chinese clause wants done, as far as its words say it.

Knows the words for doing, by their senses; what that is for a thing with its own traits is `change`'s matter.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import msgspec

from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.forms import measures
from unisono.assist.languages.zh.verbs import MOVES, VERBS
from unisono.assist.quantity import DEGREE, Quantity

__all__ = ["Wish", "counts", "measured", "relief_of", "traits_of", "wish_of"]

BEGINS = frozenset({"on", "open", "start", "resume"})
ENDS = frozenset({"off", "close", "stop", "pause"})
#: Which trait a relative word speaks of, the first that the thing takes.
LEVELS = {
    "brighter": ("brightness",), "dimmer": ("brightness",), "warmer": ("target_temperature", "seat_heating", "color_temperature"),
    "cooler": ("target_temperature", "seat_ventilation", "color_temperature"), "louder": ("volume",), "quieter": ("volume", "fan_speed"),
    "faster": ("fan_speed", "rate", "speed", "setpoint"), "slower": ("fan_speed", "rate", "speed", "setpoint"),
}  # fmt: skip
UNIT_TRAITS = {
    "K": ("color_temperature",), "A": ("charge_current",), "1/min": ("rate",), "km/h": ("speed",), "m/s": ("speed",),
    DEGREE: ("target_temperature",), "Cel": ("target_temperature",), "[degF]": ("target_temperature",),
}  # fmt: skip
#: A trait that is told, said of a wish, means the one that is set.
SET_FOR = {
    "temperature": "target_temperature", "humidity": "target_humidity", "illuminance": "brightness", "cabin_temperature": "target_temperature",
    "battery": "charge_limit", "pressure": "setpoint", "noise": "volume", "motion": "volume",
    "current": "charge_current",
}  # fmt: skip
WHITES = {"warm_white": 2700, "neutral_white": 4000, "cold_white": 6000}


#: 座椅加热
_OF_SEATS = (("加热", "seat_heating"), ("通风", "seat_ventilation"))

#: What it is to take back a state.
_ENDED = {"mute": "unmute", "arm": "disarm"}
#: 睡觉布防, 在家布防
ARMED_FOR = (("睡夜晚", "night"), (("在家", "留守", "居家"), "home"), (("出门", "离家", "外出", "出去"), "away"))
_ARMED_AS = frozenset({"在家", "居家", "离家", "外出"})
#: States that are ended by their own verb.
_STOPPED = frozenset({"swing", "charge", "record", "defrost"})


class Wish(msgspec.Struct, kw_only=True):
    """``verb``: a sense of VERBS. ``traits``: named outright. ``amount`` and whether it is what to change by."""

    verb: str | None = None
    verbs: frozenset[str] = frozenset()
    traits: tuple[str, ...] = ()
    amount: Quantity | None = None
    by: bool = False
    sign: int = 0
    extreme: str | None = None
    bit: bool = False
    halved: bool = False
    kinds: frozenset[str] = frozenset()
    preheats: bool = False
    lifts: bool = False
    much: bool = False
    #: whether it is to be higher or lower, and not stronger or weaker
    higher: bool = False
    color: str | None = None
    mode: str | None = None
    arm: str | None = None
    level: str | None = None
    text: str | None = None

    @property
    def empty(self) -> bool:
        return not (
            self.verb or self.halved or self.amount or self.color or self.mode or self.level or self.extreme or self.arm
        )

    @property
    def vague(self) -> bool:
        """Only that something is to change, not to what."""
        return self.verb in ("change", "set") and not (
            self.amount or self.color or self.mode or self.level or self.extreme or self.arm or self.text
        )


_UP_OR_DOWN = frozenset({"up", "down"})
#: 再热两度, 亮两成: by so much.
_GROWS, _SHRINKS = "旺热暖高亮大快多烫", "冷凉低暗小慢少"
#: How far 开条缝 is, in percent.
CRACK = 10.0
#: 再加热五度
_HEATED = {"加热": 1, "升温": 1, "烧": 1, "预热": 1, "降温": -1, "冷却": -1, "制冷": -1}
_BY_WORDS = frozenset("升降加减提涨")
#: 往上调十个点
_TURNED = re.compile(r"(?:[往向](?=.)|)([上下])调$|[往向]([高低大小])调?$")
_TO = tuple("到至成为在设定调要改换")


def wish_of(pieces: Sequence[Piece]) -> Wish:
    """What is wanted, as far as the words of the clause say."""
    spoken = {
        sense
        for piece in pieces
        if not piece.named or piece.senses
        for sense in piece.senses
        if not piece.things or not piece.senses
    }
    verbs = {
        sense
        for piece in pieces
        if not piece.things and not _is_tail(pieces, piece) and not _is_the_lock(pieces, piece)
        for sense in piece.senses
        if sense in VERBS
    }
    named = _named_traits(pieces)
    if "clear" in spoken and ("fault" in named or "state:fault" in spoken):
        verbs.add("reset")
    if any(
        any(sense.startswith("color:") for sense in piece.senses) and piece.text[0] in "亮打" and piece.text[-1] == "灯"
        for piece in pieces
    ):
        named = ("andon", "color")  # 亮黄灯 is for whoever shows by colours how things stand
    amount = next(
        (
            p.quantity
            for p in reversed(pieces)
            if p.quantity is not None and p.quantity.form != "ordinal" and not measured(pieces, p)
        ),
        None,
    )
    heats = any(sense in ("mode:cool", "mode:heat") for sense in spoken)
    if heats and not named and amount is not None and amount.unit is None and amount.form == "number":
        named = ("target_temperature",)  # 制冷二十六
    kinds = {sense.removeprefix("kind:") for piece in pieces for sense in piece.senses if sense.startswith("kind:")}
    if "seat" in kinds:
        named += tuple(trait for word, trait in _OF_SEATS for piece in pieces if piece.text == word)
    wish = Wish(verbs=frozenset(verbs), traits=named, amount=amount, kinds=frozenset(kinds))
    for sense in sorted(spoken):
        family, _, name = sense.partition(":")
        if family == "color":
            wish.color = name
        elif family == "mode":
            wish.mode = name
        elif family == "arm" and name:
            wish.arm = name
        elif family == "level":
            wish.level = name
    if "crack" in spoken and amount is None:
        amount = wish.amount = Quantity(0, 0, CRACK, "%", "quantity")
    wish.higher = any(p.senses & _UP_OR_DOWN and any(c in p.text for c in "高低") for p in pieces)
    wish.halved, wish.preheats = "halve" in spoken, "preheat" in spoken
    if not verbs and (worn := _worn_lock(pieces)) is not None:
        verbs.add(worn)
        wish.verbs = frozenset(verbs)
    wish.lifts = "lift" in spoken and amount is None
    wish.bit, wish.much = "bit" in spoken or _opened_a_bit(pieces), "much" in spoken
    extremes = [sense for piece in pieces for sense in ("max", "min") if sense in piece.senses]
    wish.extreme = extremes[-1] if extremes else None
    if "faster" in verbs and not named and _hurries(pieces):
        verbs -= {"faster", "up"}  # 快点把灯打开: it is we who are in a hurry
    wish.verb = _main_verb(pieces, verbs, wish)
    if wish.verb in ("pause", "stop") and (ended_by := verbs & {"clean", "brew", "charge", "record"}):
        wish.verb = min(ended_by)  # 暂停扫地
    if wish.verb == "arm" and wish.arm is None:
        wish.arm = next(
            (
                arm
                for words, arm in ARMED_FOR
                for piece in pieces
                if not piece.named and any(c in piece.text for c in words)
            ),
            None,
        )
    if wish.verb == "set" and (armed := [p.text for p in pieces if p.text in _ARMED_AS]):
        wish.arm = next(arm for words, arm in ARMED_FOR if armed[0] in words)  # 安防切到外出
    if "cancel" in spoken:
        _take_back(wish)
    if wish.verb == "lock" and any(p.text in ("锁", "门锁") for p in pieces) and verbs & {"on", "open", "off", "close"}:
        wish.verb = "unlock" if verbs & {"on", "open"} else "lock"  # 把锁打开: the lock as a thing
    wish.sign = MOVES.get(wish.verb or "", 0)
    if amount is not None:
        wish.by, wish.sign = _relative(pieces, amount, wish.sign)
    return wish


def _take_back(wish: Wish) -> None:
    """取消静音, 取消布防, 取消摇头: a state that is to end."""
    wish.verb = _ENDED.get(wish.verb or "", wish.verb)
    if wish.verb in _STOPPED:
        wish.verbs = (wish.verbs - BEGINS) | {"stop"}


def _named_traits(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Traits named outright, the longest word's first; of a word that is also a kind only where no kind is meant."""
    found: list[str] = []
    for piece in sorted(pieces, key=lambda p: -len(p.text)):
        if piece.things or piece.places or counts(pieces, piece):
            continue
        told = (
            piece.senses - {"trait:start_stop", "trait:running"} if "start" in piece.senses else piece.senses
        )  # 开始充
        found += [sense.removeprefix("trait:") for sense in sorted(told) if sense.startswith("trait:")]
    return tuple(dict.fromkeys(found))


def counts(pieces: Sequence[Piece], piece: Piece) -> bool:
    """两台: a measure word is no channel."""
    return len(piece.text) == 1 and any(
        p.end == piece.start and (p.quantity is not None or p.text in "这那每哪几") for p in pieces
    )


def _hurries(pieces: Sequence[Piece]) -> bool:
    """Whether "faster" stands before what is to be done."""
    at = next(i for i, piece in enumerate(pieces) if "faster" in piece.senses)
    doing = {"on", "off", "open", "close", "start", "stop", "set", "lock"}
    return any(piece.senses & doing for piece in pieces[at + 1 :])


def _worn_lock(pieces: Sequence[Piece]) -> str | None:
    """把门锁了, 门锁上: a verb that was cut as a noun."""
    for piece, after in itertools.pairwise(pieces):
        if piece.text in ("门锁", "锁") and after.text in ("了", "上", "好", "吧", "掉", "住", "一下"):
            return "lock"
    return None


def _is_the_lock(pieces: Sequence[Piece], piece: Piece) -> bool:
    """大门的锁该换了: the thing, not what is done."""
    return piece.text == "锁" and any(other.end == piece.start and other.text == "的" for other in pieces)


def _is_tail(pieces: Sequence[Piece], piece: Piece) -> bool:
    """点 lights what stands behind it (点炉子); elsewhere it is a little word."""
    if piece.text != "点":
        return False
    after = next((p for p in pieces if p.start == piece.end), None)
    return after is None or not (after.named or any(sense.startswith(("kind:", "sort:")) for sense in after.senses))


def measured(pieces: Sequence[Piece], piece: Piece) -> bool:
    """三盏: a number that counts things is no value."""
    after = next((p for p in pieces if p.start == piece.end), None)
    before = next((p for p in pieces if p.end == piece.start), None)
    if after is pieces[-1] and before is not None and before.senses & _UP_OR_DOWN:
        return False  # 速度加五个
    return (
        piece.quantity is not None
        and piece.quantity.unit is None
        and after is not None
        and after.text[:1] in measures() + "楼号"
    )


def _main_verb(pieces: Sequence[Piece], verbs: set[str], wish: Wish) -> str | None:
    """Of the verbs in a clause the one that is meant: the more particular one, and of two of a kind the later."""
    if not verbs:
        return None
    doing = [piece for piece in pieces if not piece.things and piece.senses & verbs]
    order = [[v for v in VERBS if v in piece.senses and v in verbs] for piece in doing]
    if wish.amount is not None and any("set" in verbs_here for verbs_here in order):
        moving = [v for here in order for v in here if v in MOVES]
        return next((v for v in moving if v not in ("up", "down")), moving[0] if moving else "set")
    ranked = [
        v
        for v in VERBS
        if v in verbs
        and v not in ("set", "change", "up", "down", "on", "open", "off", "close", "start", "stop", "play", "toggle")
    ]
    if ranked:
        return ranked[0]
    for here, after in itertools.pairwise(order):
        if set(here) <= {"stop", "pause", "off", "close"} and "play" in after:
            return "pause"  # 停止播放
        if set(here) <= {"stop", "pause"} and set(after) & {"start", "on"} and not set(after) & ENDS:
            return here[0]  # 停止运行
    for one, other in itertools.pairwise(doing):
        if one.senses & ENDS and not one.senses & BEGINS and other.text in _WORK:
            return "off"
    turned = [p for p in pieces if not p.things and p.senses & set(MOVES) and not p.senses & (BEGINS | ENDS)]
    if turned and any(p.end == turned[-1].start and _is_to_a_degree(p) for p in pieces):
        return next(v for v in VERBS if v in turned[-1].senses and v in MOVES)
    last = order[-1]
    for here in reversed(order):
        if any(v in here for v in ("on", "open", "off", "close", "start", "stop", "play")):
            last = here
            break
    moved = [v for here in order for v in here if v in MOVES]
    if moved and not any(v in ("on", "off", "start") for v in last if v not in MOVES):
        return moved[-1]
    return next((v for v in last if v not in ("set", "change")), last[0])


def _opened_a_bit(pieces: Sequence[Piece]) -> bool:
    """开点车窗"""
    return any(one.senses & {"open", "close"} and two.text == "点" for one, two in itertools.pairwise(pieces))


def _is_to_a_degree(piece: Piece) -> bool:
    """烧高点, 抽大点: hotter and stronger, and not only begun."""
    return len(piece.text) == 1 and bool(piece.senses & BEGINS) and not piece.named


def _relative(pieces: Sequence[Piece], amount: Quantity, sign: int) -> tuple[bool, int]:
    """Whether an amount is what to change by: 加十五, 往下降二十五度, 再开大两成; and the direction."""
    before = [p for p in pieces if p.end <= amount.start]
    text = "".join(p.text for p in before)[-4:]
    turned = _TURNED.search(text)
    if turned is not None:
        return True, -1 if turned[0][-2:].strip("调")[-1] in "下低小" else 1
    if text.endswith(_TO):
        return False, sign
    grown = text.rstrip("了个它")[-1:]
    if len(before) > 1 and before[-2].text == "再" and before[-1].text in _HEATED and amount.unit not in (None, "%"):
        return True, _HEATED[before[-1].text]
    if _goes_further(before) and amount.unit in (None, "%"):
        return True, -1 if before[-1].senses & _SHUTS else 1
    noun = bool(before) and any(sense.startswith(("trait:", "kind:", "sort:")) for sense in before[-1].senses)
    if grown == "亮" and amount.form == "fraction" and not any(p.text[0] in "再更" for p in before):
        return False, sign  # 亮一半就够
    if grown and grown in _GROWS + _SHRINKS and not noun and not _is_heating(before):
        return True, 1 if grown in _GROWS else -1
    near = before[-1] if before else None
    if near is not None and near.text in ("了", "个", "它"):
        near = before[-2] if len(before) > 1 else near
    if (
        (near is not None and near.text[-1:] in _BY_WORDS)
        or (near is not None and near.senses & {"up", "down"})
        or sign
    ):
        down = any("down" in p.senses or p.text[-1:] in "降减低小" for p in before if p.senses & set(MOVES)) or sign < 0
        return True, -1 if down else 1
    return False, sign


#: 关加热: what is ended, and no other doing.
_WORK = frozenset({"加热", "供电", "通电", "预热", "保温", "运行", "运转", "点火", "浇水", "喷水", "抽水", "洒水"})
_SHUTS = frozenset({"close", "lower", "off"})


def _goes_further(before: Sequence[Piece]) -> bool:
    """再拉开两成: by so much more."""
    again, does = (before[-2], before[-1]) if len(before) > 1 else (None, None)
    moves = {"open", "close", "raise", "lower"}
    return again is not None and does is not None and again.text == "再" and bool(does.senses & moves)


def _is_heating(before: Sequence[Piece]) -> bool:
    """预热两百度: what is done, not by how much."""
    last = before[-1]
    return (
        len(last.text) > 1
        and bool(last.senses & {"on", "preheat"} or any(sense.startswith("mode:") for sense in last.senses))
        and not last.senses & set(MOVES)
    )


def traits_of(wish: Wish) -> tuple[str, ...]:
    """The traits that whoever is meant must take, where the clause names nobody: 音量调到二十, 充电电流十安."""
    if wish.verb in ("mute", "unmute"):
        return ("mute", "volume")
    if wish.traits:
        wanted = [SET_FOR.get(trait, trait) for trait in wish.traits]
        return tuple(dict.fromkeys(wanted))
    if wish.color or (wish.level is None and wish.verb in ("brighter", "dimmer")):
        return (
            ("color",)
            if wish.color and wish.color not in WHITES
            else ("brightness", "color_temperature")
            if not wish.color
            else ("color_temperature",)
        )
    if wish.arm or wish.verb in ("arm", "disarm"):
        return ("armed",)
    if "charge" in wish.verbs and wish.amount is not None and wish.amount.unit == "%":
        return ("charge_limit",)
    if wish.verb in LEVELS:
        return LEVELS[wish.verb]
    if wish.verb in ("next", "previous", "play", "resume", "pause"):
        return ("playback",)
    if wish.verb in ("clean", "dock"):
        return ("dock",)
    if wish.verb == "honk":
        return ("horn",)
    if wish.verb in ("charge", "defrost", "record", "swing"):
        return ({"charge": "charging", "record": "recording"}.get(wish.verb, wish.verb),)
    if wish.verb in ("lock", "unlock"):
        return ("locked",)
    if wish.mode:
        return ("hvac_mode",)
    if wish.level:
        return ("fan_speed",)
    if wish.amount is not None and wish.amount.unit in UNIT_TRAITS:
        return UNIT_TRAITS[wish.amount.unit or ""]
    return ()


#: What somebody who complains would have.
RELIEF = {
    "cold": "warmer", "hot": "cooler", "dark": "brighter", "bright": "dimmer", "loud": "quieter", "quiet": "louder", "stuffy": "faster",
    "high": "down", "low": "up",
}  # fmt: skip


def relief_of(pieces: Sequence[Piece]) -> Wish:
    """What would help against what is complained of; an empty wish where nobody knows."""
    found = [
        sense.removeprefix("complaint:")
        for piece in pieces
        for sense in sorted(piece.senses)
        if sense.startswith("complaint:")
    ]
    verb = RELIEF.get(found[0])
    if verb in ("up", "down"):  # 声音太高: of the level that is named
        return Wish(verb=verb, verbs=frozenset({verb}), sign=MOVES[verb], traits=_named_traits(pieces))
    return Wish(verb=verb, verbs=frozenset({verb} if verb else ()), sign=MOVES.get(verb or "", 0), bit=True)
