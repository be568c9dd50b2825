"""Pieces of Chinese text that are no orders, though each of their words is known: titles, states, the values of a list.

Knows what lacks something that it would be said of. Decides nothing of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from unisono.assist.languages.zh.clauses import is_value
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.sentence import has, is_verb

__all__ = ["is_alone", "is_going_on", "is_left_open", "is_title"]

#: 按一下, 返回, 解除, 恢复: many things are pressed, gone back to and lifted.
_OF_SOMETHING = "of_something"
_ONGOING = frozenset({"正在", "正"})
#: 塔灯变绿就, 把灯关上并: something was to follow.
_OPEN_ENDS = frozenset(
    {"就", "便", "并", "并且", "且", "而且", "和", "跟", "与", "及", "以及", "把", "将", "如果", "以便"}
)
_GOES_ON = frozenset({"并", "且"})
#: 充到, 设为: a value was to follow.
_TO_A_VALUE = tuple("到至为成")
#: 该通风了
_DUE = frozenset({"该", "了"})
_LONG = 2


def _said(pieces: Sequence[Piece]) -> list[Piece]:
    return [piece for piece in pieces if not piece.mark]


def is_going_on(pieces: Sequence[Piece]) -> bool:
    """清扫中, 正在听: what somebody is about; 播放了: what was done, and to nobody."""
    said = _said(pieces)
    for piece, after in pairwise(said):
        if piece.text in _ONGOING and is_verb(after):
            return True
    if len(said) < _LONG or not is_verb(said[-2]) or len(said[-2].text) < _LONG or "set" in said[-2].senses:
        return False
    return said[-1].text == "中" or (len(said) == _LONG and said[-1].text == "了" and "play" in said[-2].senses)


def is_left_open(pieces: Sequence[Piece]) -> bool:
    """充到, 塔灯变绿就, 并关灯: it begins or ends in a word to whose other side something stands."""
    last = _said(pieces)[-1]
    to_a_value = is_verb(last) and len(last.text) == _LONG and last.text.endswith(_TO_A_VALUE) and not is_value(last)
    return (
        last.text in _OPEN_ENDS
        or pieces[0].text in _GOES_ON
        or (to_a_value and last.senses.isdisjoint({"above", "below", "brighter", "dimmer"}))
    )


def is_alone(pieces: Sequence[Piece]) -> bool:
    """红色, 自动, 按一下: a value, or a doing that is somebody's, and not a word of whose; 离家模式 is the whole home's."""
    said = [piece for piece in _said(pieces) if piece.text not in _DUE]
    if len(said) != 1 or said[0].named:
        return False
    if said[0].quantity is not None:
        return said[0].text.endswith("°")  # "0°": an angle, a mark, a warmth?
    valued = is_value(said[0]) and not is_verb(said[0]) and not has(said[0], "arm:")
    return valued or _OF_SOMETHING in said[0].senses


def is_title(pieces: Sequence[Piece]) -> bool:
    """入户门锁: a door, and the noun for its lock."""
    said = _said(pieces)
    return len(said) == _LONG and said[0].things != () and said[0].text[-1] == "门" and said[1].text == "锁"
