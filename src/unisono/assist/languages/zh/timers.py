"""Timers and reminders in Chinese: 计时十分钟, 停止披萨计时器, 十分钟后提醒我关火, 明早七点叫我起床."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from unisono.assist.languages.zh.clauses import split_condition
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.schedule import when_of
from unisono.assist.languages.zh.scope import bar_of, is_negated, is_question
from unisono.assist.plan import Plan, Query, Step, When

if TYPE_CHECKING:
    from unisono.assist.world import Speaker, World

__all__ = ["reminder", "timer"]

_TIMER = re.compile(r"计时器|定时器|倒计时|计时(?!数)|倒数(?=Ｔ|\d)")
_ALARM = re.compile(r"闹钟|闹铃|[叫喊]我起[床来]|[叫喊]醒我")
_CANCELLED = re.compile(r"(?:取消|删掉|删除|撤掉)(?:刚才|刚刚|之前|上个|那个|所有)?的?(?:提醒|定时|计时)$")
_STATUS = re.compile(r"状态|还剩|剩多|剩余|多久|多长|还有多|走到|剩下多")
_MORE = re.compile(r"增加|加(?!热)|延长|多加")
_LESS = re.compile(r"减少|减|缩短")
_STOP = re.compile(r"停止|取消|停掉|关掉|关闭|删除|删掉|结束|停了|移除|不要了")
_PAUSE = re.compile(r"暂停")
_RESUME = re.compile(r"继续|恢复")
_REMIND = re.compile(
    r"(?:记得|别忘了|到时候?|麻烦|请)?(?:(?:提醒(?:一下)?我?|通知(?:一下)?我)(?:一下|一声|下)?|(?<!有人)(?<!人)叫我(?:一声)?(?=[^，。]{1,12}$)|喊我(?=[^，。]{1,12}$)|(?<=Ｔ)[叫喊]我(?:一声|一下)?$)"
)


def _is_told(masked: str) -> bool:
    """Not past, not reported."""
    return not re.search(r"昨|已经|刚才|说过|说是|他|她|谁|Ｐ", masked)


def timer(
    text: str, pieces: Sequence[Piece], masked: str, world: World, speaker: Speaker, now: dt.datetime
) -> Plan | None:
    """What a timer's words want; None where no timer is spoken of."""
    del world
    if _CANCELLED.search(text) and not is_negated(masked) and not is_question(masked):
        return Plan(outcome="act", steps=(Step(op="cancel", text="timer"),))
    match = _TIMER.search(masked)
    alarm = _ALARM.search(text)
    if (match is None and alarm is None) or not _is_told(masked):
        return None
    if is_negated(masked):
        return Plan(outcome="refuse", why="negated")
    if match is None:
        return _alarm(text, pieces, masked, speaker, now)
    lengths = [
        p.moment for p in pieces if p.moment is not None and p.moment.role in ("for", "after") and p.moment.seconds
    ]
    name = _name(text, pieces, match)
    if _STATUS.search(masked) or is_question(masked):
        return Plan(outcome="answer", query=Query(ask="state", trait="timer"))
    if _MORE.search(masked) or _LESS.search(masked):
        if not lengths:
            return Plan(outcome="ask", why="what_value")
        seconds = (lengths[-1].seconds or 0) * (1 if _MORE.search(masked) else -1)
        return Plan(outcome="act", steps=(Step(op="add", trait="timer", value=seconds, unit="s", text=name),))
    if _PAUSE.search(masked):
        return Plan(outcome="act", steps=(Step(op="set", trait="timer", value="pause", text=name),))
    if _RESUME.search(masked):
        return Plan(outcome="act", steps=(Step(op="set", trait="timer", value="resume", text=name),))
    if _STOP.search(masked):
        return Plan(outcome="act", steps=(Step(op="cancel", text=name or "timer"),))
    if not lengths:
        when = when_of([p.moment for p in pieces if p.moment is not None], now)
        if isinstance(when, When):
            return Plan(
                outcome="later", steps=(Step(op="remind", text=name or "计时器", to=speaker.person),), when=when
            )
        return Plan(outcome="ask", why="what_value")
    return Plan(
        outcome="later", steps=(Step(op="remind", text=name or "计时器", to=speaker.person),), when=When(after_s=lengths[-1].seconds)
    )  # fmt: skip


def _name(text: str, pieces: Sequence[Piece], match: re.Match[str]) -> str | None:
    """披萨 in 披萨计时器."""
    before = text[: match.start()]
    for piece in pieces:
        if piece.moment is not None and piece.end <= match.start():
            before = before.replace(piece.text, "，")
    before = re.sub(
        r"把|将|设置|设定|设个|设|开始|停止|取消|暂停|继续|恢复|我的|一个|个|请|帮我|给我|的|定|启动|打开|关闭|关掉|来|为",
        "，",
        before,
    )
    return next((part for part in reversed(before.split("，")) if part.strip()), None)


def _alarm(text: str, pieces: Sequence[Piece], masked: str, speaker: Speaker, now: dt.datetime) -> Plan:
    if is_question(masked):
        return Plan(outcome="answer", query=Query(ask="state", trait="timer"))
    if _STOP.search(masked):
        return Plan(outcome="act", steps=(Step(op="cancel", text="闹钟"),))
    lengths = [p.moment.seconds for p in pieces if p.moment is not None and p.moment.role == "for" and p.moment.seconds]
    if lengths:
        ring = Step(op="remind", text="闹钟", to=speaker.person)
        return Plan(outcome="later", steps=(ring,), when=When(after_s=lengths[0]))
    return _later(text, pieces, "起床" if "起床" in text else "闹钟", speaker, now)


def has_state(piece: Piece) -> bool:
    return piece.known and any(sense.startswith("state:") for sense in piece.senses)


def reminder(
    text: str, pieces: Sequence[Piece], masked: str, world: World, speaker: Speaker, now: dt.datetime
) -> Plan | None:
    """十分钟后提醒我关火; None for what waits for a thing (洗衣机好了提醒我) or is no reminder."""
    del world
    match = _REMIND.search(masked)
    if (
        match is None
        or bar_of(masked[: match.end()]) == "reported"
        or "提醒事项" in text
        or is_question(masked)
        or not _is_told(masked)
    ):
        return None
    if is_negated(masked):
        return Plan(outcome="refuse", why="negated")
    timed = [p.moment for p in pieces if p.moment is not None]
    if not timed:
        waits = match.end() >= len(masked.rstrip("吧啊呀。")) or split_condition(masked) is not None
        return None if waits or match.start() > 1 else Plan(outcome="ask", why="what_time")
    states = [p for p in pieces if p.end <= match.start() and (p.senses & {"above", "below"} or has_state(p))]
    if states:
        return None
    before = [p for p in pieces if p.moment is not None and p.end <= match.start()]
    used = before or [p for p in pieces if p.moment is not None]
    told = [p for p in pieces if p not in used and not match.start() <= p.start < match.end()]
    if told and told[0].text[0] in "每隔逢":
        return Plan(outcome="ask", why="what_time")  # 每年三月提醒我
    body = "".join(text[p.start : p.end] for p in told)
    body = body.strip("，,。 的去要我")
    if not body or all(p.senses & {"particle"} for p in pieces if p not in used and p.text in body):
        return Plan(outcome="ask", why="what_to_do")
    return _later(text, used, body, speaker, now)


def _later(text: str, pieces: Sequence[Piece], body: str, speaker: Speaker, now: dt.datetime) -> Plan:
    del text
    when = when_of([p.moment for p in pieces if p.moment is not None], now)
    if not isinstance(when, When) or (when.at is None and when.after_s is None and when.every is None):
        return Plan(outcome="ask", why="what_time")
    outcome: str = "automate" if when.every is not None else "later"
    return Plan(outcome=outcome, steps=(Step(op="remind", text=body, to=speaker.person),), when=when)  # type: ignore[arg-type]
