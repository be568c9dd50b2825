"""What a token is narrowed to, as text: actions, at places or everywhere, and ordinary topics.

Knows how scopes are written. Knows not what they open (see `decide` and `clients`).
"""

from __future__ import annotations

from collections.abc import Iterable

from unisono.access.clients import TopicRule, read_rule
from unisono.access.roles import Scope, read_scope
from unisono.access.topics import NAMESPACE
from unisono.errors import CallerError

__all__ = ["read_scopes"]


def read_scopes(texts: Iterable[str]) -> tuple[tuple[Scope, ...], tuple[TopicRule, ...]]:
    """Read ``ACTION``, ``ACTION@PLACE``, ``publish:FILTER`` and ``subscribe:FILTER``. Raises CallerError bad_value."""
    scopes: list[Scope] = []
    topics: list[TopicRule] = []
    for text in texts:
        if not text.startswith(("publish:", "subscribe:")):
            scopes.append(read_scope(text))
            continue
        rule = read_rule(text, allow=True)
        if rule.filter.partition("/")[0] == NAMESPACE:
            raise CallerError(
                f"{text[:80]!r} is about things, not about ordinary topics",
                code="bad_value",
                field="scopes",
                expected="read or control, with or without @PLACE, for things",
            )
        topics.append(rule)
    return tuple(scopes), tuple(topics)
