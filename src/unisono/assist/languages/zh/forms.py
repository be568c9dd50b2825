"""Spoken forms brought to the ones that the words are written in: 琴日 is 昨天, 断个电 is 断电, 关一关 is 关一下.

Knows ``spoken.yaml``. What is part of a name of the place is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import msgspec

from unisono.thing.files import yaml_loader

__all__ = ["Forms", "called", "rooms"]

_SPOKEN = Path(__file__).parent / "spoken.yaml"
#: 关一关, 开一开: a verb of one character said twice.
_TWICE = re.compile(r"([开关锁停调拉扫拖充听放擦亮热洗])一\1(?!起)")


#: 高不高, 正不正常: whether it is so.
_WHETHER = re.compile(r"([高低大小多快慢亮暗冷热湿干响吵满远重闷潮正])不\1(?=(.?))")


class _Table(msgspec.Struct):
    same: dict[str, str]
    separable: list[str]
    inside: list[str]
    rooms: list[list[str]]
    called: dict[str, list[str]]


@lru_cache(maxsize=1)
def _table() -> _Table:
    import yaml

    return msgspec.convert(yaml.load(_SPOKEN.read_bytes(), Loader=yaml_loader()), _Table)


def rooms() -> list[list[str]]:
    """Names of rooms that mean the same, in rows."""
    return _table().rooms


def called(word: str) -> tuple[str, ...]:
    """What is in the names of those that a word for a kind means; empty where it means all of the kind."""
    return tuple(_table().called.get(word, ()))


class Forms:
    """The forms that are read another way where these names are."""

    def __init__(self, names: Iterable[str]) -> None:
        table, all_names = _table(), "\n".join(names)
        self._same = {form: word for form, word in table.same.items() if form not in all_names}
        self._form = re.compile("|".join(sorted(map(re.escape, self._same), key=len, reverse=True)))
        within = "|".join(sorted(table.inside, key=len, reverse=True))
        pairs = (next(pairwise(verb)) for verb in table.separable)
        self._opened = re.compile("|".join(f"(?<={a})(?:{within})(?={b})" for a, b in pairs))

    def plain(self, text: str) -> str:
        """The text in the forms that are known."""
        text = self._form.sub(lambda found: self._same[found[0]], text)
        text = _TWICE.sub(r"\1一下", self._opened.sub("", text))
        asks = _WHETHER.search(text) is not None
        return _WHETHER.sub(r"\1", text) + "吗" if asks and text[-1:] not in "吗?？" else _WHETHER.sub(r"\1", text)
