"""What must hold of topics, filters and the tree of subscriptions, beside a matcher too simple to be wrong."""

from __future__ import annotations

import re

from tests.fuzz.program import Cursor
from unisono.wire.mqtt import SubscriptionTree, ViolationError, check_filter, check_topic, matches, split_shared

__all__ = ["check_topics", "naive_match", "naive_valid"]

LEVELS = ("a", "b", "+", "#", "", "$a", "a+", "#b", "$share", "é", "\0", "++")


def naive_valid(filter: str) -> bool:
    """Sections 4.7 and 4.8.2, as one pattern; depth aside."""
    plain = filter
    if filter.startswith("$share/"):
        shared = re.fullmatch(r"\$share/[^/+#]+/(.*)", filter, re.DOTALL)
        if shared is None:
            return False
        plain = shared[1]
    level = r"(\+|[^/+#\0]*)"
    return plain != "" and re.fullmatch(rf"(#|{level}(/{level})*(/#)?)", plain) is not None


def naive_match(filter: str, topic: str) -> bool:
    """A filter as a regular expression over the topic (section 4.7)."""
    if topic.startswith("$") and filter[:1] in ("+", "#"):
        return False
    pattern = "/".join("[^/]*" if level == "+" else re.escape(level) for level in filter.split("/"))
    if filter == "#":
        pattern = ".*"
    elif filter.endswith("/#"):
        pattern = pattern.removesuffix(re.escape("/#")) + "(/.*)?"
    return re.fullmatch(pattern, topic, re.DOTALL) is not None


def _text(cursor: Cursor) -> str:
    if cursor.among(8) == 0:
        return cursor.take(cursor.among(12)).decode("utf-8", "replace")
    count = cursor.byte()
    return "/".join(LEVELS[cursor.among(len(LEVELS))] for _ in range(1 + (count % 4 if count < 0xFE else count)))


def _valid(filter: str) -> bool:
    try:
        return check_filter(filter) == filter
    except ViolationError:
        return False


def _topic(text: str) -> bool:
    try:
        return check_topic(text) == text
    except ViolationError:
        return False


def check_topics(data: bytes) -> None:
    """Run one input: filters come and go, topics are looked up; raises AssertionError where the two disagree."""
    cursor = Cursor(data)
    tree: SubscriptionTree[tuple[str, int]] = SubscriptionTree()
    naive: dict[tuple[str, int], None] = {}
    while cursor.more():
        what, key, text = cursor.among(4), cursor.among(3), _text(cursor)
        if what <= 1:
            deep = split_shared(text)[1].count("/") >= 200
            assert _valid(text) == (naive_valid(text) and not deep), f"validity of {text!r}"
            if not _valid(text):
                continue
            plain = split_shared(text)[1]
            if what == 0:
                assert tree.add(plain, key, (plain, key)) == ((plain, key) not in naive)
                naive[(plain, key)] = None
            else:
                assert tree.remove(plain, key) == ((plain, key) in naive)
                naive.pop((plain, key), None)
            assert len(tree) == len(naive)
        else:
            good = text != "" and not set(text) & set("+#\0") and text.count("/") < 200
            assert _topic(text) == good, f"validity of topic {text!r}"
            if good:
                found = sorted(tree.match(text))
                assert found == sorted(one for one in naive if naive_match(one[0], text)), f"match of {text!r}"
                for filter, _ in naive:
                    assert matches(filter, text) == naive_match(filter, text), f"{filter!r} and {text!r}"
    for filter, key in naive:
        assert tree.remove(filter, key)
    assert len(tree) == 0
    assert tree._root.children is None, "an empty tree keeps nothing"
