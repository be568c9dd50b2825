"""Topic names and filters (MQTT 5.0 section 4.7) and the tree that finds who subscribed.

Knows the text of topics. Knows no packets and no subscribers: what is stored beside a filter is the caller's.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["MAX_LEVELS", "SubscriptionTree", "check_filter", "check_topic", "matches", "split_shared"]

MAX_LEVELS = 200
"""Levels a topic or filter may have: bounds the walk of the tree; Mosquitto draws the line at the same number."""

T = TypeVar("T")


def check_topic(topic: str) -> str:
    """The topic name itself. Raises `Violation` (topic name invalid) when empty, with wildcards or NUL, or too deep."""
    raise NotImplementedError


def check_filter(filter: str) -> str:
    """The topic filter itself; ``$share/group/filter`` is checked as a shared one. Raises `Violation`."""
    raise NotImplementedError


def split_shared(filter: str) -> tuple[str | None, str]:
    """``$share/group/a/b`` -> (group, ``a/b``); any other filter -> (None, filter)."""
    raise NotImplementedError


def matches(filter: str, topic: str) -> bool:
    """Whether a (not shared) filter matches a topic name; a leading wildcard never matches a leading ``$``."""
    raise NotImplementedError


class SubscriptionTree(Generic[T]):
    """Filters and what stands beside each of them; `match` on a topic asked before is one dict look-up."""

    def add(self, filter: str, key: Hashable, value: T) -> bool:
        """Put ``value`` beside a filter under ``key`` (a client, say), replacing; True if the pair is new."""
        raise NotImplementedError

    def remove(self, filter: str, key: Hashable) -> bool:
        """Take it away; False if it was not there."""
        raise NotImplementedError

    def match(self, topic: str) -> tuple[T, ...]:
        """The values beside every filter that matches; one whose filters overlap appears once for each of them."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError
