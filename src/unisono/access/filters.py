"""Topic filters against topics and against each other (MQTT 5 section 4.7).

Knows wildcards and the rule that a leading one never meets a leading ``$``. Knows not what any topic means, and takes
filters to be well-formed (`sound_filter` says whether one is).
"""

from __future__ import annotations

__all__ = ["covers", "overlaps", "sound_filter"]

# As long as a rule or a scope may be: with a thousand of them a sign-in still fits one message of the bus.
MAX_FILTER = 256


def sound_filter(filter: str) -> bool:
    """Whether ``filter`` is a topic filter that a rule may hold: wildcards alone in their levels, ``#`` last."""
    levels = filter.split("/")
    return (
        0 < len(filter) <= MAX_FILTER
        and "\0" not in filter
        and all(level in ("+", "#") or not ("+" in level or "#" in level) for level in levels)
        and "#" not in levels[:-1]
    )


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic that ``narrow`` matches is matched by ``wide``; a doubtful case (``+/#`` over ``#``) is no.

    A topic name is the filter that matches itself only.
    """
    if _hidden(wide, narrow):
        return False
    outer, inner = wide.split("/"), narrow.split("/")
    for at, level in enumerate(outer):
        if level == "#":
            return True
        if at == len(inner) or inner[at] == "#" or level not in ("+", inner[at]):
            return False
        if at == len(inner) - 1 and outer[at + 1 :] == ["#"]:
            return True  # "sport/#" includes "sport" itself (section 4.7.1.2)
    return len(outer) == len(inner)


def overlaps(one: str, other: str) -> bool:
    """Whether some topic is matched by both."""
    if _hidden(one, other) or _hidden(other, one):
        return False
    these, those = one.split("/"), other.split("/")
    for at in range(max(len(these), len(those))):
        if at >= len(these):
            return those[at:] == ["#"]
        if at >= len(those):
            return these[at:] == ["#"]
        if "#" in (these[at], those[at]):
            return True
        if these[at] != those[at] and "+" not in (these[at], those[at]):
            return False
    return True


def _hidden(wild: str, plain: str) -> bool:
    """[MQTT-4.7.2-1]"""
    return plain.startswith("$") and wild[:1] in ("+", "#")
