"""Texts for people with values in them: ``{lamp.on_off}`` becomes "on" in an English text and "开" in a Chinese one.

Knows values as they are now and what the thing's model calls them. Knows nothing of who reads the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from unisono.scene.watching.condition import known
from unisono.scene.world import World
from unisono.thing import Choice, Property

__all__ = ["fill"]

NO_WORDS: Mapping[str, Any] = {}
#: A text is in one language; one with a single Chinese character is Chinese.
CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
#: What a model names by no word of its own.
PLAIN = {"en": {True: "yes", False: "no"}, "zh": {True: "是", False: "否"}}


def fill(text: str, world: World, this: str = "", words: Mapping[str, Any] = NO_WORDS) -> str:
    """A text with ``{thing.property}`` replaced by values, ``{property}`` by those of ``this``, and ``words`` by what
    they stand for; braces around anything else stay."""
    if "{" not in text:
        return text
    language = "zh" if CHINESE.search(text) else "en"
    parts: list[str] = []
    for piece in text.split("{"):
        inside, brace, rest = piece.partition("}")
        thing, dot, property = inside.partition(".")
        value, about = _found(world, thing, property) if brace and dot and parts else (None, None)
        if value is None and brace and parts:
            value = words.get(inside)
            if value is None and this:
                value, about = _found(world, this, inside)
        if value is None:
            parts.append(("{" if parts else "") + piece)
        else:
            parts.append(_told(value, about, language) + rest)
    return "".join(parts)


def _found(world: World, thing: str, property: str) -> tuple[Any, Property | None]:
    value = known(world.value(thing, property))
    return value, None if value is None else world.things[thing].shape.find(property)[1]


def _told(value: Any, about: Property | None, language: str) -> str:
    choices = about.schema.choices if about is not None else ()
    title = next((choice.titles.get(language) for choice in choices if _is(choice, value)), None)
    if title is not None:
        # "On" is a title; within a sentence it is "on", and "PIN" stays what it is
        return title[0].lower() + title[1:] if title[1:] == title[1:].lower() else title
    if isinstance(value, bool):
        return PLAIN[language][value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is(choice: Choice, value: Any) -> bool:
    return isinstance(choice.value, bool) is isinstance(value, bool) and bool(choice.value == value)
