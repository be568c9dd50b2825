"""What is written to one address: several messages as one, cut to what the service takes; what is over, said as such.

Pure. The few words of our own are data by language.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

__all__ = ["OVER", "WORDS", "Matter", "Message", "compose", "fit", "told"]

#: By language: the title over several messages, and the last line when not all had room.
WORDS = {
    "en": ("{count} messages", "... and {count} more"),
    "zh": ("{count} 条通知", "…… 还有 {count} 条"),
}

#: By language: title and first line of what is told when it is over.
OVER = {
    "en": ("Over: {title}", "Raised at {since}, over at {over}."),
    "zh": ("已解除：{title}", "{since} 发生，{over} 解除。"),
}

#: A service that takes no title gets it as the first line.
CUT = "…"


class Message(msgspec.Struct, frozen=True):
    """What a person reads."""

    title: str
    text: str


class Matter(msgspec.Struct, frozen=True):
    """What a notification says, and when what it tells of began and was over (microseconds, UTC; ``over`` 0: it is
    not, as far as anybody knows). ``page``: the console's that shows it, "" the first."""

    message: Message
    since: int = 0
    over: int = 0
    page: str = ""


def told(matter: Matter, language: str, zone: str, now: int) -> Message:
    """What a person reads of ``matter`` at ``now``, where they are: what is over never as if it went on."""
    message = matter.message
    if not matter.over:
        return message
    title, line = OVER.get(language.partition("-")[0], OVER["en"])
    since, over = (_clock(each, zone, now) for each in (matter.since, matter.over))
    first = line.format(since=since, over=over)
    return Message(title.format(title=message.title), f"{first}\n{message.text}")


def _clock(at: int, zone: str, now: int) -> str:
    """Wall time, with the date unless it is today's. Who named no zone is told which it is."""
    there = ZoneInfo(zone)
    moment, today = (datetime.fromtimestamp(each / 1_000_000, there) for each in (at, now))
    shown = f"{moment:%H:%M}" if moment.date() == today.date() else f"{moment:%Y-%m-%d %H:%M}"
    return f"{shown} UTC" if zone == "UTC" else shown


def compose(messages: Sequence[Message], language: str, title_max: int, text_max: int) -> Message:
    """One message that says all of ``messages`` (at least one), as far as there is room. ``title_max`` 0: no title.

    A language without words of ours is spoken to in English.
    """
    if len(messages) == 1:
        return fit(messages[0], title_max, text_max)
    heading, more = WORDS.get(language.partition("-")[0], WORDS["en"])
    title = heading.format(count=len(messages))
    room = text_max if title_max else text_max - len(title) - 1
    lines: list[str] = []
    used = 0
    for number, message in enumerate(messages):
        line = _line(message)
        left = len(messages) - number - 1
        reserve = len(more.format(count=left)) + 1 if left else 0
        if lines and used + len(line) + 1 + reserve > room:
            lines.append(more.format(count=left + 1))
            break
        lines.append(line)
        used += len(line) + 1
    return fit(Message(title, "\n".join(lines)), title_max, text_max)


def _line(message: Message) -> str:
    return f"{message.title}: {message.text}" if message.title else message.text


def fit(message: Message, title_max: int, text_max: int) -> Message:
    """``message`` cut to the lengths, in characters; a cut is seen."""
    if title_max:
        return Message(_cut(message.title, title_max), _cut(message.text, text_max))
    text = f"{message.title}\n{message.text}" if message.title else message.text
    return Message("", _cut(text, text_max))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(CUT)] + CUT
