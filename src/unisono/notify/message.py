"""What is written to one address: several messages as one, cut to what the service takes.

Pure. The few words of our own are data by language.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

__all__ = ["WORDS", "Message", "compose", "fit"]

#: By language: the title over several messages, and the last line when not all had room.
WORDS = {
    "en": ("{count} messages", "... and {count} more"),
    "zh": ("{count} 条通知", "…… 还有 {count} 条"),
}

#: A service that takes no title gets it as the first line.
CUT = "…"


class Message(msgspec.Struct, frozen=True):
    """What a person reads."""

    title: str
    text: str


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
