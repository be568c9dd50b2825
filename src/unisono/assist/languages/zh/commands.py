"""Chinese commands: what a condition, a time or an occasion makes of what is wanted.

Knows 就, 再, 如果, 还是, 一会儿 around the wishes; the wishes themselves are `wanted`'s. A sentence is carried out whole or
not at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from unisono.assist.languages.zh.clauses import Clause, clauses, split_condition
from unisono.assist.languages.zh.conditions import condition, denied
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.schedule import is_part_of_day
from unisono.assist.languages.zh.scope import is_negated, is_occasion, is_question, is_vague_time
from unisono.assist.languages.zh.sentence import Sentence, about_us, has, is_kind, is_verb, senses
from unisono.assist.languages.zh.target import find_target
from unisono.assist.languages.zh.told import states_in
from unisono.assist.languages.zh.unread import is_alternative
from unisono.assist.languages.zh.wanted import Wanted
from unisono.assist.languages.zh.wish import BEGINS, ENDS, wish_of
from unisono.assist.plan import Condition, Plan

__all__ = ["command"]

#: 其中一个, 要么 ... 要么: one of several, and nobody says which.
_ANY_OF = re.compile(r"其中|中的?[一哪]|之一|随便|任意|任选|要么|[关开锁停]掉?一[个盏台扇](?!Ｎ|[^，。吧啊呀嘛就了])")
_NOW = re.compile(r"着|没|还|现在|未|是[开关锁]")
_TO_COME = re.compile(r"没人|持续|超过|Ｑ|一直")
_DENIALS = frozenset({"没", "没有", "不", "未"})
_JOINTS = frozenset({"并且", "而且", "同时", "且", "又", "，", ","})
_SMALL = frozenset({"particle"})
#: 水泵转半小时就停
_RUNS = frozenset({"转", "跑", "吹", "烧"})
#: What makes somebody do it.
_TOLD = frozenset({"把", "将", "给", "帮", "请", "让"})


def command(sentence: Sentence) -> Plan:
    """The plan for a sentence that tells to do something."""
    if any(piece.moment is not None and piece.moment.over not in (None, "today") for piece in sentence.pieces):
        return Plan(outcome="refuse", why="unsure")  # of the past, and nothing asked
    if _ANY_OF.search(sentence.masked) or is_alternative(sentence.pieces):
        return Plan(outcome="ask", why="ambiguous")
    if is_vague_time(sentence.masked):
        return Plan(outcome="ask", why="what_time")
    split = split_condition(sentence.masked)
    if split is None and (long := _so_for(sentence.pieces)) is not None:
        lasting = _conditions(sentence, long[0], ())
        if not lasting:
            return Plan(outcome="ask", why="what_time")
        return Wanted(sentence, lasting).plan(clauses(long[1]))
    if split is None and (came := _comes_or_goes(sentence)) is not None:
        found = _conditions(sentence, came[0], ())
        return Wanted(sentence, found).plan(clauses(came[1])) if found else Plan(outcome="ask", why="unsure")
    if split is None and is_occasion(sentence.pieces):
        return Plan(outcome="ask", why="what_time")  # 下班后, 睡觉前
    compared = _compared_then(sentence.pieces) if split is None or split[2] == "tell" else None
    if compared is not None and (found := _conditions(sentence, compared[0], ())):
        return Wanted(sentence, found).plan(clauses(compared[1]))
    if split is None:
        parts = clauses(sentence.pieces)
        implied = _implied(sentence, parts)
        return Wanted(sentence, implied).plan(parts[1:] if implied else parts)
    (low, high), (start, end), how = split
    if is_negated(sentence.masked[low:high].lstrip("，")):
        return sentence.barred("negated")  # 不要门开着的话关灯
    before = [piece for piece in sentence.pieces if low <= piece.start and piece.end <= high]
    tail = [piece for piece in sentence.pieces if start <= piece.start and piece.end <= end]
    if how in ("once", "if", "then"):
        before, tail = _with_topic(before, tail)
    if any(is_part_of_day(piece.moment) for piece in before if piece.moment is not None):
        return Plan(outcome="ask", why="what_time")  # 要是半夜还开着
    if how == "once":
        before = [piece for piece in before if piece.text != "一"]
    if how == "when" and _is_done_first(before):
        return Wanted(sentence, ()).plan([*clauses(before[:-1]), *clauses(tail)])
    if how == "then" and _runs_so_long(before, tail):
        return Wanted(sentence, ()).plan(clauses(before))
    wanted = find_target(tail, sentence.world, sentence.speaker).things
    waters = any(piece.text == "水温" for piece in before)  # 等水烧到八十度关热水壶: the kettle's
    conditions = _conditions(sentence, before, wanted if waters else sentence.memory.things)
    if not conditions:  # 没停就停掉车床: what the condition leaves unsaid stands in the wish
        conditions = _conditions(sentence, before, wanted)
    if not conditions:
        if how != "until" and _only_times(before):
            tail = [*(piece for piece in before if piece.moment is not None), *tail]
        elif how == "then" and _no_condition(before):
            tail = sentence.pieces
        elif is_occasion(sentence.pieces):
            return Plan(outcome="ask", why="what_time")  # 打烊以后关灯
        else:
            return Plan(outcome="refuse" if about_us(sentence.pieces) else "ignore", why="unsure")
    if not tail or (wish_of(tail).empty and not senses(tail) & {"notify", "remind", "tell"}):
        return Plan(outcome="refuse", why="what_to_do")
    held = any(piece.moment is not None and piece.moment.role == "for" for piece in before)
    now_true = (
        how in ("if", "then")
        and not held
        and _NOW.search(sentence.masked[low:high])
        and not _TO_COME.search(sentence.masked[low:high])
    )
    asked = sentence.memory.plan.query if sentence.memory.plan is not None else None
    if how == "if" and asked is not None and any(set(one.things) & set(asked.things) for one in conditions):
        now_true = True  # 主卧冷气开了没 | 开的话帮我关掉
    told = bool(senses(tail) & {"notify", "remind"})
    if conditions and any(p.moment is not None and p.moment.role in ("at", "after") for p in before):
        # 半小时后如果灯还开着就关掉
        tail = [*(piece for piece in before if piece.moment is not None and piece.moment.role != "for"), *tail]
    return Wanted(sentence, conditions, act_if=bool(now_true) and not told).plan(clauses(tail))


def _with_topic(before: list[Piece], tail: list[Piece]) -> tuple[list[Piece], list[Piece]]:
    """门一开灯就亮: who is told stands before the 就, behind a condition that is whole without it."""
    if len(before) < 3 or not (before[-1].things or is_kind(before[-1])) or any(p.things or is_kind(p) for p in tail):
        return before, tail
    rest = before[:-1]
    marks = [piece for piece in rest if piece.mark]
    if len(marks) == 1 and rest[-1] is marks[0] and senses(rest) & {"above", "below"}:
        rest = rest[:-1]  # 外面掉到五度以下，地暖就开到二十三
    if any(piece.mark or piece.text in _TOLD for piece in rest):
        return before, tail  # 把圆球灯关了，串灯就开着吧
    so = any(has(piece, "state:") or piece.quantity is not None for piece in rest[-2:])
    named = any(piece.named or is_kind(piece) or has(piece, "trait:") for piece in rest[:-1])
    return (rest, [before[-1], *tail]) if so and named and rest[-1].text != "的" else (before, tail)


def _is_done_first(pieces: Sequence[Piece]) -> bool:
    """关了水晶灯以后: an order that comes first; 水晶灯关了以后 is what is waited for."""
    said = [piece for piece in pieces if piece.senses != {"particle"}]
    after = bool(pieces) and pieces[-1].text in ("以后", "之后", "后")
    return after and bool(said) and is_verb(said[0]) and any(piece.named or is_kind(piece) for piece in said[1:])


def _runs_so_long(pieces: Sequence[Piece], tail: Sequence[Piece]) -> bool:
    """井泵开二十分钟就停: for how long it is to run, and nothing else; 开了二十分钟 is what is waited for."""
    begun = any(is_verb(piece) and piece.senses & BEGINS and piece.text[-1] not in "了着" for piece in pieces)
    begun = begun or any(piece.text in _RUNS for piece in pieces)
    lasts = bool(pieces) and any(p.moment is not None and p.moment.role == "for" for p in pieces[-2:])
    ends = any(piece.senses & ENDS for piece in tail) and all(is_verb(p) or p.senses & _SMALL for p in tail)
    return begun and lasts and ends


def _only_times(pieces: Sequence[Piece]) -> bool:
    """天黑了就, 八点的时候: a time and nothing that a thing would tell."""
    return any(piece.moment is not None for piece in pieces) and not any(
        piece.named or piece.quantity is not None or has(piece, "kind:") or has(piece, "state:") or has(piece, "trait:")
        for piece in pieces
    )


def _no_condition(pieces: Sequence[Piece]) -> bool:
    """这就, 那就, 灯就: nothing is compared, nothing is a state, nothing is felt or unknown; or the 就 stands behind a verb."""
    if any(has(piece, "complaint:") or not piece.known or piece.text in _DENIALS for piece in pieces):
        return False
    if _comes_about(pieces):
        return False
    return any(is_verb(piece) for piece in pieces) or not any(
        piece.senses & {"above", "below"} or has(piece, "state:") for piece in pieces
    )


def _comes_about(pieces: Sequence[Piece]) -> bool:
    """塔灯变绿了, 空调制热了: how somebody comes to be, and nobody is told to make it so."""
    told = any(piece.text in _TOLD for piece in pieces)
    turned = any(piece.text.startswith("变") for piece in pieces) or (bool(pieces) and pieces[-1].text[-1] == "了")
    turned = turned or not any(is_verb(piece) for piece in pieces)  # 塔灯又绿就
    value = any(has(piece, f) for piece in pieces for f in ("color:", "mode:", "level:") if not piece.named)
    return value and turned and not told and any(piece.named or is_kind(piece) for piece in pieces[:1])


def _conditions(sentence: Sentence, pieces: Sequence[Piece], last: Sequence[str]) -> tuple[Condition, ...]:
    """Each part of a condition; all must be understood, else none is."""
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.text in _JOINTS:
            parts.append([])
        else:
            parts[-1].append(piece)
    found: list[Condition] = []
    asked: Condition | None = None
    for part in parts:
        if all(piece.mark for piece in part):
            continue
        one = condition(part, sentence, last)
        if one is None and asked is not None and all(p.text in _DENIALS or p.senses <= _SMALL for p in part):
            one = denied(asked)  # 车门锁上没有，没有就锁上
        if one is None:
            return ()
        if part is parts[-1] or not is_question(sentence.masked[part[0].start : part[-1].end]):
            found.append(one)  # 车锁了吗, 没锁就锁: the first is only asked
        else:
            asked = one
        last = one.things
    return tuple(found)


def _comes_or_goes(sentence: Sentence) -> tuple[list[Piece], list[Piece]] | None:
    """小宝出门了关空调, 烟感响了打开水阀: somebody comes or goes, a sensor tells, then a wish, and nothing between them."""
    pieces = sentence.pieces
    who = pieces[0].things if pieces else ()
    kinds = {sentence.world.things[thing].kind.partition(".")[0] for thing in who}
    if len(pieces) < 4 or len(kinds) != 1 or any(piece.text in _DENIALS for piece in pieces):
        return None
    comes = kinds == {"person"} and pieces[1].senses & {"state:home", "state:away"}
    # 阳台门开着关空调 may be why, and no rule
    tells = (
        kinds == {"sensor"} and has(pieces[1], "state:") and pieces[1].text[-1] != "着" and pieces[1].text[0] != "没"
    ) or "state:done" in pieces[1].senses  # 洗衣机洗完开烘干机
    rule = comes and pieces[2].text in ("，", ",")  # 老陈到家，打开车库门; 老陈到家了 is why
    marks = [piece for piece in pieces[3 if rule else 0 :] if piece.mark and piece.text != "、"]
    if not (comes or tells) or marks:
        return None
    at = 3 if rule or pieces[2].text in ("了", "时", "后", "自动") else 2
    wish = pieces[at:]
    told = any(is_verb(piece) for piece in wish) and any(piece.named or is_kind(piece) for piece in wish)
    return (pieces[:2], wish) if told else None


def _is_reached(pieces: Sequence[Piece], at: int) -> bool:
    """超过三十五度; 温度到三十五度把: what is compared before the amount, or reached."""
    if pieces[at - 1].senses & {"above", "below"}:
        return True
    ordered = at + 1 < len(pieces) and pieces[at + 1].text in ("把", "将")
    return ordered and pieces[at - 1].text == "到" and any(has(piece, "trait:") for piece in pieces[: at - 1])


def _compared_then(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]] | None:
    """二氧化碳超过一千净化器打开: a comparison, then a wish, and nothing between them."""
    at = next(
        (i for i, p in enumerate(pieces) if p.quantity is not None and i and _is_reached(pieces, i)),
        None,
    )
    if at is None:
        return None
    before, after = list(pieces[: at + 1]), list(pieces[at + 1 :])
    after = after[1:] if after and after[0].text in ("以上", "以下", "之上", "之下") else after
    by_itself = bool(after) and after[0].text == "自动"
    after = after[1:] if after and after[0].text in ("自动", "个") else after  # 低于十八度自动开空调
    colored = bool(after) and has(after[0], "color:") and after[0].text[-1] == "灯"  # 亮红灯
    begins = bool(after) and (
        colored or after[0].named or is_kind(after[0]) or after[0].text in ("把", "将") or is_verb(after[0])
    )
    goes_on = (
        begins
        and any(is_verb(piece) for piece in after)
        and (colored or by_itself or any(p.named or is_kind(p) for p in after))
    )  # 老黄牛电量不到两成自动回去充电
    return (before, after) if goes_on and "set" not in pieces[at - 1].senses else None


def _so_for(pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]] | None:
    """洗衣机停了三分钟以后开烘干机: a state for so long, then a wish."""
    for i, piece in enumerate(pieces):
        if piece.moment is None or piece.moment.role not in ("after", "for") or i < 1 or i + 1 == len(pieces):
            continue
        so, rest = pieces[i + 1], list(pieces[i + 2 :])  # 后门十分钟没锁自动锁上
        if (
            has(so, "state:")
            and so.text[0] in "没无"
            and (pieces[i - 1].named or is_kind(pieces[i - 1]))
            and any(map(is_verb, rest))
        ):
            return [
                *pieces[:i],
                so,
                msgspec.structs.replace(piece, moment=msgspec.structs.replace(piece.moment, role="for")),
            ], rest
        if i < 2:
            continue
        before, after = list(pieces[:i]), list(pieces[i + 1 :])
        if piece.moment.role == "for":  # 客厅没人半小时关灯
            told = has(before[-1], "state:") and not is_verb(before[-1])
            if told and any(p.named or is_kind(p) for p in before) and any(is_verb(p) for p in after):
                return [*before, piece], after
            continue
        ends = before[-1].text == "了" or before[-1].text[-1:] in "了着"
        if ends and any(p.named or is_kind(p) for p in before) and states_in(before) and any(is_verb(p) for p in after):
            moment = msgspec.structs.replace(piece.moment, role="for")
            return [*before, msgspec.structs.replace(piece, moment=moment)], after
    return None


def _implied(sentence: Sentence, parts: Sequence[Clause]) -> tuple[Condition, ...]:
    """冷藏间超过六度, 安灯转红: a comparison, then a wish, without any mark of a condition."""
    if len(parts) < 2:
        return ()
    first = parts[0].pieces
    compared = senses(first) & {"above", "below"} and any(piece.quantity is not None for piece in first)
    set_to = any("set" in piece.senses and not piece.senses & {"above", "below"} for piece in first)
    if not compared or set_to or any(piece.text in ("到", "降到", "升到") for piece in first):
        return ()
    one = condition(first, sentence, sentence.memory.things)
    return () if one is None else (one,)
