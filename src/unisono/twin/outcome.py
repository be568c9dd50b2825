"""What folding one stretch of the log brought: rows for history, changes for who watches, effects to carry out.

Knows shapes of plain data only; who writes, sends or shows them is not its business.
"""

from __future__ import annotations

from typing import Any

from unisono.thing.shape import Shape
from unisono.twin.command import Audit
from unisono.twin.twin import Twin

__all__ = ["DERIVED", "SEQ_BITS", "Block", "Outcome"]

#: A row's ``seq`` is the log sequence shifted left by this, plus the message's index in its batch: a batch holds at
#: most 256 KB of payloads, and an empty payload costs one byte of msgpack, so 24 bits cannot overflow.
SEQ_BITS = 24

#: Rows of computed things count from here on, behind the log entry that caused them: the numbers of messages do not
#: depend on what is computed, and a row of a series has its number to itself.
DERIVED = 1 << (SEQ_BITS - 1)


class Block:
    """History rows of things of one shape, column by column, as runs of consecutive messages.

    ``tuples`` holds one tuple of values a message. Per run: ``series`` (the thing's first series), ``counts``
    (messages), ``ats`` (microseconds) and ``seqs`` (``seq`` of its first message; the others follow by one).
    """

    __slots__ = ("ats", "counts", "seqs", "series", "shape", "tuples")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.tuples: list[tuple[Any, ...]] = []
        self.series: list[int] = []
        self.counts: list[int] = []
        self.ats: list[int] = []
        self.seqs: list[int] = []


class Outcome:
    """Collected while folding; the owner takes it and leaves a fresh one.

    ``blocks`` by shape; ``texts``: history rows that are not properties, as (series, at, seq, text); ``new_series``:
    (first series, thing id, keys) allocated; ``touched``: twins with the bits of renewed properties; ``presence``:
    twins that came or went, with the parts that a connection carries; ``effects``: ids of commands to send,
    ``again:<id>`` once more, or ``desired:<thing>``; ``audit``: commands that ended and wishes that were refused;
    ``moved``: ids of commands that changed; ``messages``/``values``/``dead``: counts.
    """

    __slots__ = (
        "audit",
        "blocks",
        "dead",
        "effects",
        "messages",
        "moved",
        "new_series",
        "presence",
        "texts",
        "touched",
        "values",
    )

    def __init__(self) -> None:
        self.blocks: dict[int, Block] = {}
        self.new_series: list[tuple[int, str, tuple[str, ...]]] = []
        self.texts: list[tuple[int, int, int, str]] = []
        self.touched: dict[Twin, int] = {}
        self.presence: dict[Twin, None] = {}
        self.effects: list[str] = []
        self.audit: list[Audit] = []
        self.moved: dict[str, None] = {}
        self.messages = 0
        self.values = 0
        self.dead = 0

    def drop_rows(self) -> None:
        """Forget the rows: history has them already."""
        self.blocks = {}
        self.texts = []
        self.new_series = []

    def block(self, shape: Shape) -> Block:
        key = id(shape)
        found = self.blocks.get(key)
        if found is None:
            found = self.blocks[key] = Block(shape)
        return found
