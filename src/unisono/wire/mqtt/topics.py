"""Topic names and filters (MQTT 5.0 section 4.7) and the tree that finds who subscribed.

Knows the text of topics. Knows no packets and no subscribers: what is stored beside a filter is the caller's.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from unisono.wire.mqtt.reason import ReasonCode, ViolationError

__all__ = ["MAX_LEVELS", "SubscriptionTree", "check_filter", "check_topic", "is_wild", "matches", "split_shared"]

MAX_LEVELS = 201
"""Levels a topic or filter may have: bounds the walk of the tree; Mosquitto draws the line at the same number."""

MAX_CACHED_TOPICS = 4_096
"""Results that one tree remembers (about 1 MB at worst with ordinary topics); at the bound it forgets them all."""

T = TypeVar("T")


def check_topic(topic: str) -> str:
    """The topic name itself. Raises `ViolationError` (topic name invalid): empty, with wildcards or NUL, too deep."""
    if not topic:
        raise _bad_name("topic name is empty", "MQTT-4.7.3-1")
    if "+" in topic or "#" in topic:
        raise _bad_name("topic name contains a wildcard", "MQTT-3.3.2-2")
    if "\0" in topic:
        raise _bad_name("topic name contains U+0000", "MQTT-4.7.3-2")
    if topic.count("/") >= MAX_LEVELS:
        raise _bad_name(f"topic name has more than {MAX_LEVELS} levels", "MQTT5 4.7.3")
    return topic


def check_filter(filter: str) -> str:
    """The topic filter itself; ``$share/group/filter`` is checked as a shared one. Raises `ViolationError`."""
    if filter.startswith("$share/"):
        group, plain = split_shared(filter)
        if not group or "+" in group or "#" in group:
            raise _bad_filter("shared subscription needs a name without wildcards", "MQTT-4.8.2-2")
    else:
        plain = filter
    if not plain:
        raise _bad_filter("topic filter is empty", "MQTT-4.7.3-1")
    if "\0" in plain:
        raise _bad_filter("topic filter contains U+0000", "MQTT-4.7.3-2")
    if plain.count("/") >= MAX_LEVELS:
        raise _bad_filter(f"topic filter has more than {MAX_LEVELS} levels", "MQTT5 4.7.3")
    if "#" in plain and (plain.index("#") != len(plain) - 1 or (plain not in ("#",) and not plain.endswith("/#"))):
        raise _bad_filter("# must be the last level and alone in it", "MQTT-4.7.1-1")
    if "+" in plain and any("+" in level and level != "+" for level in plain.split("/")):
        raise _bad_filter("+ must be alone in its level", "MQTT-4.7.1-2")
    return filter


def _bad_name(detail: str, clause: str) -> ViolationError:
    return ViolationError(detail, clause, ReasonCode.TOPIC_NAME_INVALID)


def _bad_filter(detail: str, clause: str) -> ViolationError:
    return ViolationError(detail, clause, ReasonCode.TOPIC_FILTER_INVALID)


def split_shared(filter: str) -> tuple[str | None, str]:
    """``$share/group/a/b`` -> (group, ``a/b``); any other filter -> (None, filter)."""
    if not filter.startswith("$share/"):
        return None, filter
    group, _, plain = filter[7:].partition("/")
    return group, plain


def is_wild(filter: str) -> bool:
    """Whether a filter may match several topics."""
    return "+" in filter or "#" in filter


def matches(filter: str, topic: str) -> bool:
    """Whether a (not shared) filter matches a topic name; a leading wildcard never matches a leading ``$``."""
    if topic.startswith("$") and filter[:1] in ("+", "#"):
        return False
    wanted = filter.split("/")
    levels = topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index == len(levels) or level not in ("+", levels[index]):
            return False
        if index == len(levels) - 1 and wanted[index + 1 :] == ["#"]:
            return True  # "sport/#" includes "sport" itself (section 4.7.1.2)
    return len(wanted) == len(levels)


class _Node(Generic[T]):
    """One level of the wildcard filters; both dicts appear only when needed: most nodes have just one of them."""

    __slots__ = ("children", "values")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] | None = None
        self.values: dict[Hashable, T] | None = None


class SubscriptionTree(Generic[T]):
    """Filters and what stands beside each of them; `match` on a topic asked before is one dict look-up.

    Filters without wildcards (nearly all, in a fleet of devices) live in one flat dict, the others in a tree by level.
    """

    __slots__ = ("_cache", "_exact", "_root", "_size")

    def __init__(self) -> None:
        self._exact: dict[str, dict[Hashable, T]] = {}
        self._root: _Node[T] = _Node()
        self._cache: dict[str, tuple[T, ...]] = {}
        self._size = 0

    def add(self, filter: str, key: Hashable, value: T) -> bool:
        """Put ``value`` beside a filter under ``key`` (a client, say), replacing; True if the pair is new."""
        if "+" in filter or "#" in filter:
            node = self._root
            for level in filter.split("/"):
                if node.children is None:
                    node.children = {}
                child = node.children.get(level)
                if child is None:
                    child = node.children[level] = _Node()
                node = child
            if node.values is None:
                node.values = {}
            values = node.values
            self._cache.clear()
        else:
            values = self._exact.setdefault(filter, {})
            self._cache.pop(filter, None)
        new = key not in values
        values[key] = value
        self._size += new
        return new

    def remove(self, filter: str, key: Hashable) -> bool:
        """Take it away; False if it was not there."""
        removed = self._remove_wild(filter, key) if "+" in filter or "#" in filter else self._remove_exact(filter, key)
        self._size -= removed
        return removed

    def _remove_exact(self, filter: str, key: Hashable) -> bool:
        values = self._exact.get(filter)
        if values is None or key not in values:
            return False
        del values[key]
        if not values:
            del self._exact[filter]
        self._cache.pop(filter, None)
        return True

    def _remove_wild(self, filter: str, key: Hashable) -> bool:
        path: list[tuple[_Node[T], str]] = []
        node = self._root
        for level in filter.split("/"):
            child = None if node.children is None else node.children.get(level)
            if child is None:
                return False
            path.append((node, level))
            node = child
        if node.values is None or key not in node.values:
            return False
        del node.values[key]
        if not node.values:
            node.values = None
        for parent, level in reversed(path):  # prune what leads nowhere, so that the tree is bounded by its filters
            children = parent.children
            assert children is not None
            child = children[level]
            if child.values is not None or child.children is not None:
                break
            del children[level]
            if not children:
                parent.children = None
        self._cache.clear()
        return True

    def match(self, topic: str) -> tuple[T, ...]:
        """The values beside every filter that matches; one whose filters overlap appears once for each of them."""
        found = self._cache.get(topic)
        if found is None:
            exact = self._exact.get(topic)
            values = list(exact.values()) if exact else []
            if self._root.children is not None:
                values += self._walk(topic)
            found = tuple(values)
            if len(self._cache) >= MAX_CACHED_TOPICS:
                self._cache.clear()
            self._cache[topic] = found
        return found

    def _walk(self, topic: str) -> Iterator[T]:
        nodes = [self._root]
        for index, level in enumerate(topic.split("/")):
            reached: list[_Node[T]] = []
            hidden = index == 0 and level.startswith("$")  # MQTT-4.7.2-1
            for node in nodes:
                children = node.children
                if children is None:
                    continue
                if not hidden:
                    if "#" in children:
                        yield from _values(children["#"])
                    if "+" in children:
                        reached.append(children["+"])
                if level in children and level not in ("+", "#"):
                    reached.append(children[level])
            nodes = reached
        for node in nodes:
            yield from _values(node)
            if node.children is not None and "#" in node.children:
                yield from _values(node.children["#"])

    def __len__(self) -> int:
        return self._size


def _values(node: _Node[T]) -> Iterator[T]:
    if node.values is not None:
        yield from node.values.values()
