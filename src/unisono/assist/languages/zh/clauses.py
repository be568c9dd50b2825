"""The clauses of a Chinese sentence: where one wish ends and the next begins, and which of them is a condition.

Knows commas, 然后, 把, 就, 如果, 的话, 一...就, and that a verb with its thing is a whole clause. Knows no things.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.verbs import VERBS_SET

__all__ = ["Clause", "clauses", "is_value", "split_condition"]

_ENDS = frozenset("，,。.；;！!？?：:\n")
_JOINS = frozenset(
    {"然后", "接着", "并且", "同时", "随后", "顺便", "而且", "之后", "最后", "并", "还有", "另外", "且", "再", "又"}
)
_LITTLE = frozenset({"particle", "it", "all", "both"})
_BEFORE_VERBS = frozenset({
    "不", "别", "没", "没有", "未", "先", "也", "就", "再", "都", "只", "仅", "又", "还", "不要", "不用", "甭", "莫", "要", "想", "用", "能", "许", "准", "让",
})  # fmt: skip
#: 大灯关了沙发灯留着: what begins a wish that something stays as it is.
_LEFT_ALONE = frozenset({"不", "别", "不要", "不用", "甭", "莫", "留", "留着", "保持", "照旧", "别动"})
#: What is done by itself, and takes no level.
_STEPS = frozenset({"next", "previous", "play", "resume", "lock", "unlock"})
#: Work that is stopped before whoever does it goes home.
_ENDED = frozenset({"stop", "pause", "off"})
_OBJECT = frozenset({"把", "将", "给", "让"})
_IF = re.compile(
    r"如果说?|要是|假如|假使|假设|假定|倘使|若是|倘若|一旦|只要(?!Ｎ+$)|万一|每当|每次|每逢|但凡|若|当(?!前|心|天|地)|等到?(?!等|于|级|Ｔ)"
)
_THEN = re.compile(r"那就|那么就|立即|就|(?<![顺随方])便|则|那(?!个|盏|台|里|边|儿|扇|些)|马上|立刻|立马")
_ONCE = re.compile(
    r"(?<![下上换来放播第另同])一(?=[^，。一Ｔ]{1,6}(?:就|马上|立刻|，))(?!下|点|起|样|直|些|定|会|切|共|半|档|个|台|盏|刻|分|小|律|百|千|万|层|楼|号)"
)
#: 气泵一停塔灯变红: nothing between what is waited for and what is told.
_ONCE_BARE = re.compile(
    r"(?<=[Ｎ门灯机泵])[一Ｑ](?:停机?|启动|开|关|响|亮|报警|漏水?|到家|出门|进门)(?=[Ｎ把将给开关停打]|[^，。就]{1,6}[开关停变转亮拉锁升降])"
)
_AS_SOON = re.compile(r"就|马上|立刻|，")
_WHEN = re.compile(
    r"的话|的?(?<![么啥点])时候|(?<=[了着完好开关亮停锁暗黑到家绿红黄蓝白色满])之?后(?!备|座|门|院)|(?<=出门)之?后|(?<=离开)之?后|(?<=进门)之?后|(?<=回来)之?后|(?<=出去)之?后|以后|(?<![小定计按及准平同随临到届何几有当暂])时(?![间候钟常段代区速刻时装尚差期])"
)
#: 降到一百度以下再关: an amount is waited for.
_REACHED = re.compile(
    r"Ｑ以?[下上内]?[Ｗ以下上]{1,2}(?P<then>再|才)(?=[开关停锁启打放把])|(?<=Ｎ到)Ｑ+(?:以上|以下|了)?(?P<reached>)(?=把|将)"
    r"|(?:超过|超出|满)Ｔ+(?P<long>自动)(?=[关开锁停打启熄灭]|[上反落]锁|布防|播放|拉[上开])"
)
#: 漏水了马上关总阀: as soon as it is so.
_AT_ONCE = frozenset({"就", "便", "则", "那就", "马上", "立刻", "立即", "立马"})
#: 等水烧到八十度关炉子: an amount that is waited for, and then what is told.
_WAITED = re.compile(r"Ｑ(?:以[上下]|左右|了|的?时候)?(?=[关开停打启锁拉放调把将Ｎ])")
_AGAIN = re.compile(r"就|再|才|[，,]")
_TELL = re.compile(
    r"(?:记得|马上|请|再)*(?:告诉我|通知我|提醒我|叫我|喊我|跟我说|吱一声|说一声|讲一声|跟我讲|知会我|叫一声|喊一声|给我发|话我知|推送|打个?招呼|招呼[我一]|言语[一声]|吭一?声)"
)
_ORDERED = re.compile(r"把|将|帮我|给我|请")
_UNTIL = re.compile(r"直到|除非")


class Clause(msgspec.Struct):
    """Some pieces that belong together."""

    pieces: list[Piece]
    #: whether no mark and no word parts it from the one before
    runs_on: bool = False

    @property
    def start(self) -> int:
        return min(piece.start for piece in self.pieces)

    @property
    def end(self) -> int:
        return max(piece.end for piece in self.pieces)


def _is_verb(piece: Piece) -> bool:
    return bool(piece.senses & VERBS_SET) and not piece.things


def _is_noun(piece: Piece) -> bool:
    return piece.named or any(sense.startswith(("kind:", "sort:")) or sense == "everything" for sense in piece.senses)


def is_value(piece: Piece) -> bool:
    return any(sense.startswith(("color:", "mode:", "level:", "arm:")) for sense in piece.senses)


def _is_tail(clause: Clause, before: Clause) -> bool:
    """关了吧, 那个浴霸: only who, after a clause that says only what."""
    if any(_is_noun(p) or p.quantity or p.moment or is_value(p) or not p.known for p in before.pieces):
        return False
    if not any(_is_verb(p) for p in before.pieces) or not any(_is_noun(p) for p in clause.pieces):
        return False
    return all(p.known and (_is_noun(p) or p.senses & _LITTLE) and not p.moment for p in clause.pieces) and not any(
        _is_verb(p) or p.quantity or is_value(p) for p in clause.pieces
    )


def clauses(pieces: Sequence[Piece]) -> list[Clause]:
    """The clauses in order, without marks."""
    parts: list[Clause] = []
    current: list[Piece] = []
    goes_on = False
    for i, piece in enumerate(pieces):
        joins = (
            piece.text in _JOINS
            and bool(current)
            and any(_is_verb(p) or p.quantity or is_value(p) for p in current)
            and _goes_on(pieces, i)
        )
        listed = piece.text == "、" and _is_whole(current) and i + 1 < len(pieces)
        listed = listed and (
            _is_verb(pieces[i + 1])
            or (_is_verb(current[-1]) and _is_noun(pieces[i + 1]))
            or (_is_noun(pieces[i + 1]) and any(_is_verb(p) and not _is_noun(p) for p in pieces[i + 2 : i + 3]))
        )
        if (piece.mark and piece.text in _ENDS) or joins or listed:
            if current:
                parts.append(Clause(current, runs_on=goes_on))
            goes_on = joins
            current = [] if piece.mark or piece.text not in ("再", "又", "还有") else [piece]
        elif not piece.mark or piece.text in "、":
            current.append(piece)
    if current:
        parts.append(Clause(current, runs_on=goes_on))
    found = [clause for part in parts for clause in _separate(part)]
    joined: list[Clause] = []
    for clause in found:
        if joined and _is_tail(clause, joined[-1]):
            joined[-1] = Clause([*clause.pieces, *joined[-1].pieces])
        else:
            joined.append(clause)
    return joined


def _is_whole(pieces: Sequence[Piece]) -> bool:
    """关马灯、关窗板, 关通风: what is done and to what."""
    return any(_is_verb(p) for p in pieces) and any(_is_noun(p) or is_value(p) for p in pieces)


def _goes_on(pieces: Sequence[Piece], at: int) -> bool:
    """Whether another wish follows: 再把窗关上, but not 再亮一点."""
    rest = []
    for piece in pieces[at + 1 :]:
        if piece.mark and piece.text in _ENDS:
            break
        rest.append(piece)
    if pieces[at].text not in ("再", "又", "还有", "另外", "并", "且"):
        return any(_is_verb(p) or p.quantity for p in rest)
    if pieces[at].text == "再" and rest and _is_next_step(pieces[:at], rest):
        return True
    return any(_is_verb(p) for p in rest) and (rest[0].text in _OBJECT or any(_is_noun(p) for p in rest))


def _is_next_step(before: Sequence[Piece], rest: Sequence[Piece]) -> bool:
    """切下一首再调到四十, 换成全麦配方再启动, 先停再开: what is done after it, to the same."""
    if "set" in rest[0].senses and any(p.senses & _STEPS for p in before):
        return True
    other = any(p.senses & {"set", "next", "previous"} or _is_opposite(p, rest[0]) for p in before)
    return other and _is_only_switched(rest) and not any(p.moment for p in before)


def _is_opposite(one: Piece, other: Piece) -> bool:
    """先停再开: one ends what the other begins."""
    begins, ends = {"on", "open", "start"}, {"off", "close", "stop"}
    return bool(one.senses & begins and other.senses & ends) or bool(one.senses & ends and other.senses & begins)


def _is_only_switched(pieces: Sequence[Piece]) -> bool:
    """启动, 关掉吧: begun or ended, and to no level."""
    switched = bool(pieces[0].senses & {"on", "off", "start", "stop", "open", "close"}) and not pieces[0].senses & {
        "set",
        "up",
        "down",
    }
    return switched and not any(piece.quantity is not None or is_value(piece) for piece in pieces)


def _separate(clause: Clause) -> list[Clause]:
    """把灯打开把窗关上, 打开灯关上窗, 灯打开窗关上: wishes without a mark between them."""
    groups: list[list[Piece]] = [[]]
    verb = noun = False
    order = ""
    pieces = clause.pieces
    # 方灯七十轨道灯三十
    levels = not any(map(_is_verb, pieces)) and bool(pieces) and pieces[-1].quantity is not None
    for i, piece in enumerate(pieces):
        starts = False
        if (
            (verb and noun and piece.text in ("把", "将") and groups[-1])
            or (
                verb
                and noun
                and _is_verb(piece)
                and order.startswith("VN")
                and (_is_noun(piece) or any(_is_noun(p) for p in _until_verb(pieces, i)))
            )
            or (verb and noun and order == "NV" and _is_verb(piece) and _begins_anew(pieces, i))
            or ("lock" in piece.senses and _is_shut(groups[-1]))  # 后备箱关上锁好
            or ("dock" in piece.senses and any(p.senses & _ENDED for p in groups[-1]))  # 停下来回去充电
            or (
                verb
                and noun
                and _is_noun(piece)
                and order.endswith("V")
                and order.startswith("N")
                and any(_is_verb(p) or is_value(p) or p.text in _LEFT_ALONE for p in pieces[i + 1 :])
            )
            or (levels and i and _is_noun(piece) and pieces[i - 1].quantity is not None)
        ):
            starts = True
        if starts and not _glued(groups[-1]):
            groups.append(_taken_along(groups[-1]))
            verb, noun, order = False, False, ""
        groups[-1].append(piece)
        if _is_verb(piece) or is_value(piece):
            verb = True
            order += "V" if not order.endswith("V") else ""
            if _is_noun(piece):  # 锁门, 熄灯: what is done and to what
                noun = True
                order += "N"
        elif _is_noun(piece):
            noun = True
            order += "N" if not order.endswith("N") else ""
    return [Clause(group, runs_on=at > 0 or clause.runs_on) for at, group in enumerate(groups) if group]


_PARTS = frozenset({"trait:trunk", "trait:window_position", "trait:sunroof_position"})


def _is_shut(group: Sequence[Piece]) -> bool:
    """A car's part that is shut: what is locked then is the car."""
    return any(piece.senses & _PARTS for piece in group) and any(_is_verb(piece) for piece in group)


def _begins_anew(pieces: Sequence[Piece], at: int) -> bool:
    """车库门放下来锁好入户门: a verb with its thing behind it, and no verb behind that."""
    after = pieces[at + 1 :]
    return bool(after) and after[0].named and not any(_is_verb(p) or p.quantity or is_value(p) for p in after[1:])


def _taken_along(group: list[Piece]) -> list[Piece]:
    """开吊灯不开沙发灯: the little words before a verb are its own, and leave the group that they were in."""
    at = len(group)
    while at > 1 and group[at - 1].text in _BEFORE_VERBS:
        at -= 1
    taken = group[at:]
    del group[at:]
    return taken


def _until_verb(pieces: Sequence[Piece], at: int) -> list[Piece]:
    """The pieces after a verb up to the next one."""
    found = []
    for piece in pieces[at + 1 :]:
        if _is_verb(piece):
            break
        found.append(piece)
    return found


def _glued(group: Sequence[Piece]) -> bool:
    """Whether a group ends in what joins nouns (和, 跟, 的) and so goes on."""
    return bool(group) and group[-1].text in ("和", "跟", "与", "及", "以及", "、", "的")


def split_condition(masked: str) -> tuple[tuple[int, int], tuple[int, int], str] | None:
    """Where the condition and what hangs on it stand, and how it was begun; None without a condition's marks."""
    body = masked
    if _UNTIL.search(body):
        return (0, len(body)), (len(body), len(body)), "until"
    once = _ONCE.search(body)
    if once is not None and once.start() > 0 and (led := _IF.match(body)) is not None:
        body = "，" * led.end() + body[led.end() :]  # 只要门一打开就
    if once is not None:
        then = _AS_SOON.search(body, once.end())
        assert then is not None, "the pattern looks ahead for it"
        return (0, then.start()), (then.end(), len(body)), "once"
    if (bare := _ONCE_BARE.search(body)) is not None:
        return (0, bare.end()), (bare.end(), len(body)), "once"
    begun = _IF.search(body)
    if begun is not None and begun.start() > 0 and _verb_before(body[: begun.start()]):
        return (begun.end(), len(body)), (0, begun.start()), "if"  # 打开灯, 如果天黑了
    comma = re.compile(r"[，,]").search(body, begun.end() if begun else 0)
    reached = _REACHED.search(body) if begun is None else None
    if reached is not None:
        at = str(reached.lastgroup)
        return (0, reached.start(at)), (reached.end(at), len(body)), "if"
    waits = begun is not None and begun[0].startswith("等")
    then = (_AGAIN if waits else _THEN).search(body, begun.end() if begun else 1)
    when = _WHEN.search(body)
    if begun is not None:
        cut = min((m for m in (comma, then) if m is not None), key=lambda m: m.start(), default=None)
        if cut is not None:
            return (0, cut.start()), (cut.end(), len(body)), "if"
        if when is not None:
            return (0, when.end()), (when.end(), len(body)), "if"
        waited = _WAITED.search(body, begun.end() + 1) if waits else None
        if waited is not None:
            return (0, waited.end()), (waited.end(), len(body)), "if"
        told = _TELL.search(body, begun.end() + 1)
        if told is not None:
            return (0, told.start()), (told.start(), len(body)), "if"  # 门要是开了超过两分钟提醒我
        ordered = _ORDERED.search(body, begun.end() + 1)
        if ordered is not None:
            return (0, ordered.start()), (ordered.start(), len(body)), "if"  # 如果马灯亮着把看书灯打开
        return (0, len(body)), (len(body), len(body)), "if"
    if when is not None and when.end() < len(body):
        return (0, when.end()), (when.end(), len(body)), "if" if when[0] == "的话" else "when"
    if then is not None and then[0] in _AT_ONCE and 0 < then.start() < len(body) - 1:
        return (0, then.start()), (then.end(), len(body)), "then"
    told = _TELL.search(body)
    if told is not None and told.start() > 1:
        return (0, told.start()), (told.start(), len(body)), "tell"
    return None


def _verb_before(text: str) -> bool:
    return bool(re.search(r"(?<!空)调|[开关停设放启锁亮升降拉录充知诉醒]", text)) and len(text.strip("，,")) >= 2
