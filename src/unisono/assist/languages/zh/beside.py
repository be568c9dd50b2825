"""What stands in a Chinese clause beside its wish: titles, values of their own words, for whom, exceptions, doubts.

Knows pieces and how they stand together. Decides nothing of the plan.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.numbers import is_rough, number
from unisono.assist.languages.zh.sentence import Sentence, about_us, has, is_kind, is_verb, unknown
from unisono.assist.languages.zh.told import states_in
from unisono.assist.languages.zh.wish import BEGINS, ENDS, Wish, measured
from unisono.assist.quantity import Quantity

if TYPE_CHECKING:
    from unisono.assist.world import World

__all__ = [
    "around_unknown",
    "each_pair",
    "each_trait",
    "is_bare",
    "is_compared",
    "is_list",
    "is_reason",
    "is_timed",
    "panes_of_a_car",
    "played",
    "split_except",
    "told_text",
    "turns",
    "two_values",
    "without_beneficiary",
    "without_by_itself",
    "without_its_work",
    "without_reason",
]

#: Verbs that are also what is to be switched: 除雾打开.
_NOUNS_TOO = frozenset({"defrost", "swing", "record"})
#: 快递员, 外卖小哥: for whom something is done.
_WHOM_MOST = 6
#: 关灯我讨厌: what is thought of it, and no reason.
_TURNS_ROUND = frozenset("不没别怕烦恨才来讨自已刚")
_WORKS = frozenset({"修", "换", "装", "搬", "擦", "检修", "维修", "清理"})
#: A car or lorry that comes is none of ours.
_CARS = frozenset({"kind:car", "kind:agv", "sort:agv"})
_REASON = re.compile(
    r"(?:[^要来到没在得想不别，]{1,4}(?:先生|师傅|阿姨|叔叔|老师|小姐)?)(?:(?:们|都|也|马上|快|就|已经|还|正)*)"
    r"(?:(?:要|得|想)(?![^，]*(?:吗|么)$)[^，]{1,6}|(?:[^，]{0,3}完|够|满|来|到|回来|到家|走|送到)(?:了|啦)|没(?:带|拿|有|法|办法)[^，]{1,4}|(?:在|正)[^，]{1,6})$"
)
#: 我放行李, 刚洗完澡, 三缺一的来了: what somebody is about, has done, or who has come.
_ABOUT = re.compile(
    r"(?:(?:我|我们|咱们?)(?:要|来|好|去|先)?(?:放|拿|取|装|搬|卸|进|出|过|用|找|看|抱|提)(?!(?:下|完|好)?[开关停])[^，]{0,6}"
    r"|刚刚?(?!才)[^，关开停锁调]{2,6}|[^，关开停锁调]{1,8}(?:来|到|回来)(?:了|啦))$"
)
_THEIR_CAR = re.compile(r"^[^，是不没]{1,8}的[车货](?:快|马上|已经)?(?:来|到|回来)(?:了|啦)$")
_DENIED = frozenset({"不", "没", "别", "不要", "不用"})
#: What is said of the order itself is no reason for it.
_SAYS_SO = re.compile(r"说|讲|叫|让|问|玩笑|逗|骗|如果|要是|的话|什么|谁|怎|吗|才|以后|之后|的时候|再|的$")
#: What is said about playing, and is part of no title.
_ABOUT_IT = re.compile(
    r"之前|以前|之后|需要|之类|与否|太(?!阳|子|空|极|平|古)|真好|好难|很重要|问我|告诉|内容|怎么|不行|三次|[几两]次"
)
#: What is let in, let out or put in.
_NOT_HEARD = ("水", "气", "料", "盐", "糖", "油", "菜", "电", "火", "烟花", "东西", "血", "肥", "药")
_MUSIC = frozenset({"音乐", "歌", "歌曲", "music"})
_TEXT_TRAITS = {
    "配方": "recipe", "方案": "recipe", "工艺": "recipe", "品种": "recipe", "工单": "order", "订单": "order", "频道": "channel", "台": "channel", "信号源": "source", "输入源": "source",
    "模式": "mode", "程序": "mode",
}  # fmt: skip
_NOUN = r"配方|方案|工艺|品种|工单|订单|频道|信号源|输入源|模式|程序"
_TEXT = re.compile(
    rf"(?:切换到|切换成|切到|切成|换到|换成|调到|转到|选|用) ?(?P<c>hdmi ?[0-9一二三四五]?|av ?[0-9]?|usb|vga|dp ?[0-9]?|type-?c|dvi)(?:口|接口|输入)?(?=$|[吧啊，。])|(?:换成|换到|换|切换到|切换成|切到|切成|改成|改为|改用|改跑|改做|跑|用|调到|调成|设为|设成|设置为|设置成|选|转到|转成)(?P<a>[^，,把将的]{{1,12}}?)的?(?P<n>{_NOUN}|台(?=$|[吧啊]))"
    rf"|(?P<m>{_NOUN})(?:换成|换到|切换到|切换成|切到|改成|改为|调到|调成|设为|设成|设置为|选)(?P<b>[^，,]{{1,12}}?)(?:吧|$)"
)


#: 八频道: a value that is a number is kept in digits.
_NUMERALS = re.compile(r"[零一二两三四五六七八九十百]+")


def is_timed(pieces: Sequence[Piece]) -> bool:
    """Whether a clause says itself when: at that time, or after so long."""
    return any(
        piece.moment is not None and piece.moment.role in ("at", "after") and piece.moment.exact for piece in pieces
    )


def panes_of_a_car(pieces: Sequence[Piece], world: World) -> list[Piece]:
    """枣子关窗: a car has no window of its own name."""
    named = [thing for piece in pieces for thing in piece.things]
    if not named or any("window_position" not in world.things[thing].takes for thing in named):
        return list(pieces)
    pane = frozenset({"trait:window_position"})
    return [
        msgspec.structs.replace(p, senses=pane) if "kind:window" in p.senses and not p.things else p for p in pieces
    ]


def turns(pieces: Sequence[Piece]) -> bool:
    """开玄关灯等两分钟再关: begun before the time that it says, and ended after."""
    at = next(i for i, piece in enumerate(pieces) if piece.moment is not None)
    before = any(is_verb(piece) and piece.senses & BEGINS for piece in pieces[:at])
    ended = any(is_verb(piece) and piece.senses & ENDS for piece in pieces[at:])
    if before and ended:
        return True
    stopped = any(is_verb(piece) and piece.senses & ENDS for piece in pieces[:at])  # 停十秒再开
    return stopped and any(is_verb(piece) and piece.senses & BEGINS for piece in pieces[at:])


def each_trait(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """车窗和后备箱都关上: one wish for each of two traits that are joined; none where there is but one."""
    named = [
        i
        for i, p in enumerate(pieces)
        if has(p, "trait:") and not p.named and not is_kind(p) and (not is_verb(p) or p.senses & _NOUNS_TOO)
    ]
    ands = [i for i, p in enumerate(pieces) if p.text in ("和", "跟", "与", "及", "以及", "、", "还有")]
    if len(named) < 2 or not any(named[0] < i < named[-1] for i in ands):
        return []
    return [[p for i, p in enumerate(pieces) if i == keep or (i not in named and i not in ands)] for keep in named]


def each_pair(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """湿度八十温度三十五: one wish for each trait with the amount behind it; none where there is but one."""
    pairs: list[list[Piece]] = []
    for trait, *after in zip(pieces, pieces[1:], [*pieces[2:], None], strict=False):
        amount = next((p for p in after if p is not None and p.quantity is not None), None)
        between = after[: after.index(amount)] if amount is not None else []
        joins = all(p is not None and ("set" in p.senses or p.text in ("到", "是", "为")) for p in between)
        if amount is not None and joins and has(trait, "trait:") and not trait.named:
            pairs.append([trait, *(p for p in between if p is not None), amount])
    if len(pairs) < 2:
        return []
    inside = [piece for pair in pairs for piece in pair]
    common = [piece for piece in pieces if piece not in inside and not piece.mark]
    return [[*common, *pair] for pair in pairs]


def around_unknown(pieces: Sequence[Piece]) -> list[Piece]:
    """What is not here, as it was said: the unknown words, and the noun that they belong to."""
    first = next(i for i, piece in enumerate(pieces) if not piece.known)
    last = max(i for i, piece in enumerate(pieces) if not piece.known)
    while last + 1 < len(pieces) and (
        pieces[last + 1].text == "的" or is_kind(pieces[last + 1]) or pieces[last + 1].named
    ):
        last += 1
    mode = next((i for i in range(last + 1, min(last + 3, len(pieces))) if pieces[i].text == "模式"), last)
    return list(pieces[first : mode + 1])  # 节能模式


def played(pieces: list[Piece]) -> tuple[str, list[Piece]] | None:
    """放一首茉莉花, 播放周杰伦的歌: what is to be heard, and the words before it; None where a house's own thing is among it."""
    at = next((i for i, piece in enumerate(pieces) if "play" in piece.senses), len(pieces) - 1)
    title = pieces[at + 1 :]
    if len(pieces[at].text) == 1 and not any(piece.text in _MUSIC for piece in title):
        return None  # 放狗
    words = "".join(piece.text for piece in title)
    if _ABOUT_IT.search(words) or words.endswith(_NOT_HEARD):
        return None  # 放点轻音乐之前先问我; 再放点水
    if (
        not unknown(title)
        or unknown(pieces[:at])
        or any(piece.named or is_kind(piece) for piece in title if piece.text not in _MUSIC)
    ):
        return None
    return "".join(piece.text for piece in title), pieces[: at + 1]


def without_reason(pieces: list[Piece]) -> list[Piece]:
    """皮带停一下我清个料: what is to be done, without why somebody wants it."""
    at = next((i for i, p in enumerate(pieces) if i > 1 and p.text in ("我", "我们", "咱", "咱们")), None)
    if at is None or unknown(pieces[:at]) or not unknown(pieces[at:]):
        return pieces
    wanted, why = pieces[:at], pieces[at + 1 :]
    whole = any(is_verb(piece) for piece in wanted) and about_us(wanted)
    plain = not any(is_verb(p) or p.named or is_kind(p) or p.text in _TURNS_ROUND for p in why)
    return wanted if whole and plain else pieces


def without_its_work(pieces: list[Piece]) -> list[Piece]:
    """消毒锅开始消毒: what it is called after is what it does."""
    strange = "".join(piece.text for piece in pieces if not piece.known)
    begun = any(piece.senses & (BEGINS | ENDS) for piece in pieces)
    called = any(strange in piece.text for piece in pieces if piece.things)
    return [piece for piece in pieces if piece.known] if len(strange) > 1 and begun and called else pieces


def without_by_itself(pieces: list[Piece]) -> tuple[list[Piece], bool]:
    """自动开路灯: what is to be done by itself, and no mode; whether it was said so."""
    for at, (piece, after) in enumerate(pairwise(pieces)):
        if piece.text == "自动" and is_verb(after) and not has(after, "mode:"):
            return [*pieces[:at], *pieces[at + 1 :]], True
    return pieces, False


def is_reason(pieces: Sequence[Piece], world: World) -> bool:
    """货车要进来, 小刘要领料, 他没带钥匙, 王阿姨来了: who wants what or has come, and nothing that is to be done here."""
    said = [piece for piece in pieces if not piece.mark]
    text = "".join(piece.text for piece in said)
    if _THEIR_CAR.search(text) and not any(is_verb(piece) for piece in said):
        return True  # 小邓的车到了
    if _ABOUT.match(text) and not _SAYS_SO.search(text) and not any(p.named or p.moment is not None for p in said):
        return not any(is_kind(piece) or piece.text in _DENIED for piece in said)
    if _SAYS_SO.search(text) or any(is_verb(p) and not p.senses & {"set", "clean", "brew"} for p in said):
        return False
    if any(p.quantity is not None or p.moment is not None or has(p, "trait:") for p in said):
        return False
    works = any(p.text in _WORKS for p in said)  # 师傅要修灶
    if not works and any(is_kind(p) and not p.senses & _CARS for p in said):
        return False
    if any(world.things[thing].kind != "person" for piece in said for thing in piece.things):
        return False
    return _REASON.match(text) is not None


def without_beneficiary(pieces: list[Piece]) -> list[Piece]:
    """给快递开门: for whom it is done may be anybody."""
    at = next((i for i, p in enumerate(pieces) if p.text in ("给", "替", "帮", "为")), None)
    if at is None:
        return pieces
    end = next((i for i, p in enumerate(pieces) if i > at and (is_verb(p) or p.named)), len(pieces))
    whom = pieces[at + 1 : end]
    short = unknown(whom) and sum(p.end - p.start for p in whom) <= _WHOM_MOST
    return [*pieces[: at + 1], *pieces[end:]] if short and end < len(pieces) and is_verb(pieces[end]) else pieces


def split_except(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """除了 A 以外 B 都关; B 都关, 除了 A: A, and the rest."""
    ends: tuple[str, ...] = ("以外", "之外", "除外")
    begin = next((i for i, p in enumerate(pieces) if "except" in p.senses and p.text not in ends), -1)
    ends = (*ends, "外")
    stops = (*ends, "把", "将", "都", "其他", "其它", "其余", "别的", "全部", "所有")
    end = next((i for i, p in enumerate(pieces) if i > begin and (p.text in stops or is_verb(p))), len(pieces))
    for i in range(begin + 2, end):  # 除了醒发箱面团间都停: what is left out, and where the rest is
        if pieces[i].places and not pieces[i].things and pieces[i - 1].things:
            end = i
            break
    return list(pieces[begin + 1 : end]), [*pieces[: max(begin, 0)], *(p for p in pieces[end:] if p.text != "外")]


def told_text(sentence: Sentence, pieces: Sequence[Piece]) -> tuple[str, list[Piece], str] | None:
    """换成吐司配方: a value that is a word of theirs, the clause without it, and its trait. None where there is none."""
    match = _TEXT.search(sentence.text[pieces[0].start : pieces[-1].end]) if pieces else None
    if match is None:
        return None
    group = "c" if match["c"] else "a" if match["a"] else "b"
    trait = "source" if match["c"] else _TEXT_TRAITS[match["n"] or match["m"]]
    takes = {able for piece in pieces for thing in piece.things for able in sentence.world.things[thing].takes}
    if trait == "mode" and match[0].endswith("的模式") and "mode" not in takes and "recipe" in takes:
        trait = "recipe"  # 选果机换黄瓜的模式
    start, end = (pieces[0].start + at for at in match.span(group))
    inner = [piece for piece in pieces if start <= piece.start < end]
    taken = any(trait in sentence.world.things[thing].takes for piece in pieces for thing in piece.things)
    if any(piece.named or has(piece, "mode:") for piece in inner) or (trait == "mode" and not taken):
        return None
    value = str(int(number(match[group]))) if _NUMERALS.fullmatch(match[group]) else match[group]
    if trait == "source":
        value = _NUMERALS.sub(lambda found: str(int(number(found[0]))), value)  # hdmi二
    return value, [piece for piece in pieces if piece not in inner], trait


def two_values(pieces: Sequence[Piece]) -> bool:
    """红色右床头灯蓝色, 二十六度三档, 十五把空调降两度: two values in what was taken for one wish."""
    bare = [p for p in pieces if p.quantity is not None and p.quantity.unit is None and p.quantity.form == "number"]
    if any(p.quantity is not None and is_rough(p.text) for p in pieces):
        return True
    loose = [p for p in bare if not measured(pieces, p)]
    if len(loose) > 1 or (loose and any(p.quantity is not None and p.quantity.unit for p in pieces)):
        return True
    colors = [piece for piece in pieces if not piece.things and has(piece, "color:")]
    amounts = [
        p for p in pieces if p.quantity is not None and p.quantity.form != "ordinal" and p.quantity.unit is not None
    ]
    return (
        len({sense for piece in colors for sense in piece.senses if sense.startswith("color:")}) > 1 or len(amounts) > 1
    )


def is_compared(pieces: Sequence[Piece], amount: Quantity) -> bool:
    """低于百分之四十: a level that is waited for, not one that is wanted."""
    before = [piece for piece in pieces if piece.end <= amount.start]
    return (
        bool(before) and bool(before[-1].senses & {"above", "below"}) and not before[-1].senses & {"set", "up", "down"}
    )


def is_bare(wish: Wish) -> bool:
    """音乐一: a number, and nothing that says what it is of."""
    return (
        wish.verb is None and not wish.traits and wish.amount is not None and wish.amount.unit is None and not wish.text
    )


def is_list(pieces: Sequence[Piece]) -> bool:
    """马灯、看书灯, before what is to become of them."""
    return (
        about_us(pieces)
        and not unknown(pieces)
        and not states_in(pieces)
        and not any(has(p, "complaint:") for p in pieces)
    )
