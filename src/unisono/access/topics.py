"""What a thing may publish, subscribe and see.

Knows the native dialect's topics (design: "Devices: the native dialect") and MQTT's wildcards (MQTT 5 section 4.7).
Knows not which thing is signed in (passed in) and nothing of root places: whoever delivers keeps those apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

import msgspec

from unisono.access.decision import ALLOWED, Decision

__all__ = [
    "ME",
    "NAMESPACE",
    "NativeTopic",
    "as_subscribed",
    "canonical",
    "check_filter",
    "check_topic",
    "plain_filter",
    "read_native",
    "topic_allowed",
    "visible",
]

NAMESPACE = "things"
ME = "me"
SHARE = "$share"  # MQTT 5 section 4.8.2: $share/<group>/<filter>

# What follows things/<id>/, its direction, and whether a name follows.
UP = {"state": False, "event": True, "reply": True}
DOWN = {"set": False, "call": True, "desired": False}
_TOPICS = UP | DOWN
_EXPECTED_UP = "things/me/state, things/me/event/EVENT or things/me/reply/COMMAND"
_EXPECTED_ANY = f"{_EXPECTED_UP}; things/me/set, things/me/call/ACTION or things/me/desired"


class NativeTopic(msgspec.Struct, frozen=True):
    """``things/<thing>/<kind>[/<name>]``."""

    thing: str
    kind: str
    name: str = ""


def canonical(topic: str, thing_id: str) -> str:
    """``topic`` (or filter) with ``things/me`` replaced by ``things/<thing_id>``; shared filters too."""
    prefix, topic = _share(topic)
    if topic == f"{NAMESPACE}/{ME}" or topic.startswith(f"{NAMESPACE}/{ME}/"):
        topic = f"{NAMESPACE}/{thing_id}{topic[len(NAMESPACE) + 1 + len(ME) :]}"
    return prefix + topic


def as_subscribed(filter: str, topic: str, thing_id: str) -> str:
    """Canonical ``topic`` in the form in which the thing subscribed it: ``me`` when ``filter`` says ``me``."""
    own = f"{NAMESPACE}/{thing_id}/"
    if topic.startswith(own) and canonical(filter, thing_id) != filter:
        return f"{NAMESPACE}/{ME}/{topic[len(own) :]}"
    return topic


def read_native(topic: str) -> NativeTopic | None:
    """The parts of a canonical native topic, or None when it is none (whoever's it is)."""
    namespace, _, rest = topic.partition("/")
    thing, _, rest = rest.partition("/")
    kind, slash, name = rest.partition("/")
    if namespace != NAMESPACE or not thing or kind not in _TOPICS:
        return None
    named = bool(slash) and bool(name) and "/" not in name
    if named != _TOPICS[kind] or (slash and not named):
        return None
    return NativeTopic(thing, kind, name)


def topic_allowed(
    thing_id: str, children: Collection[str], topic: str, access: Literal["publish", "subscribe"]
) -> Decision:
    """Whether a thing may use ``topic`` (a filter, for ``subscribe``); ``children`` are the ids it parents.

    Anything outside ``things/`` and ``$...`` is free: it stays within the root place. A filter that is wider than the
    thing's own topics is allowed; `visible` says what it delivers.
    """
    return _RULES[access](thing_id, children, canonical(topic, thing_id))


def visible(thing_id: str, children: Collection[str], topic: str) -> bool:
    """Whether a publication to canonical ``topic`` may be delivered to the thing, whatever filter it matched."""
    namespace, _, rest = topic.partition("/")
    if namespace != NAMESPACE:
        return True
    owner = rest.partition("/")[0]
    return owner == thing_id or owner in children


def check_topic(topic: str) -> Decision:
    """Whether anybody may publish to ``topic``."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic:
        return Decision(False, "bad_topic", "a topic to publish to has no wildcards and is not empty")
    if topic.startswith("$"):
        return Decision(False, "reserved", "topics that begin with $ are the hub's own")
    return ALLOWED


def check_filter(filter: str) -> Decision:
    """Whether anybody may subscribe with ``filter``."""
    filter = plain_filter(filter)
    if not filter or "\0" in filter:
        return Decision(False, "bad_topic", "a topic filter is not empty")
    if filter.startswith("$"):
        return Decision(False, "reserved", "topics that begin with $ are the hub's own")
    return ALLOWED


def plain_filter(filter: str) -> str:
    """What a shared filter shares; any other filter as it is."""
    return _share(filter)[1]


def _publish(thing_id: str, children: Collection[str], topic: str) -> Decision:
    decision = check_topic(topic)
    if not decision:
        return decision
    if topic.partition("/")[0] != NAMESPACE:
        return ALLOWED
    if not visible(thing_id, children, topic):
        return Decision(False, "other_thing", f"{topic[:200]!r} is not this thing's, nor a child's")
    native = read_native(topic)
    if native is None or native.kind not in UP:
        return Decision(False, "not_upward", f"a thing cannot publish {topic[:200]!r}, only {_EXPECTED_UP}")
    return ALLOWED


def _subscribe(thing_id: str, children: Collection[str], filter: str) -> Decision:
    decision = check_filter(filter)
    if not decision:
        return decision
    filter = plain_filter(filter)
    levels = filter.split("/")
    if levels[0] != NAMESPACE or levels[1:2] in ([], ["#"]):
        return ALLOWED
    if levels[1] != "+" and not visible(thing_id, children, filter):
        return Decision(False, "other_thing", f"{filter[:200]!r} is not this thing's, nor a child's")
    if not any(_meets(levels[2:], kind, named) for kind, named in _TOPICS.items()):
        return Decision(False, "no_such_topic", f"{filter[:200]!r} matches none of {_EXPECTED_ANY}")
    return ALLOWED


def _meets(levels: list[str], kind: str, named: bool) -> bool:
    """Whether a filter's ``levels`` after things/<id>/ match any topic of ``kind``."""
    topic = [kind, None] if named else [kind]  # None: any one name
    for at, level in enumerate(levels):
        if level == "#":
            return at == len(levels) - 1
        if at == len(topic) or (level != "+" and topic[at] is not None and level != topic[at]) or not level:
            return False
    return len(levels) == len(topic)


def _share(filter: str) -> tuple[str, str]:
    """``$share/<group>/`` and the filter behind it; "" and the whole for any other."""
    parts = filter.split("/", 2)
    if parts[0] != SHARE or len(parts) < 3 or not parts[1]:
        return "", filter
    return f"{SHARE}/{parts[1]}/", parts[2]


_RULES: dict[str, Callable[[str, Collection[str], str], Decision]] = {"publish": _publish, "subscribe": _subscribe}
