"""Topic names and filters; the tree agrees with the plain definition of a match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from unisono.wire.mqtt import topics
from unisono.wire.mqtt.reason import ReasonCode, ViolationError
from unisono.wire.mqtt.topics import MAX_LEVELS, SubscriptionTree, check_filter, check_topic, matches, split_shared

# the examples of sections 4.7.1 and 4.7.2
MATCHES = [
    ("sport/tennis/player1/#", "sport/tennis/player1"),
    ("sport/tennis/player1/#", "sport/tennis/player1/ranking"),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"),
    ("sport/#", "sport"),
    ("#", "sport/tennis"),
    ("#", "/"),
    ("sport/tennis/+", "sport/tennis/player1"),
    ("sport/+", "sport/"),
    ("+/+", "/finance"),
    ("/+", "/finance"),
    ("+/tennis/#", "sport/tennis"),
    ("$SYS/#", "$SYS/"),
    ("$SYS/monitor/+", "$SYS/monitor/Clients"),
    ("a/$b/+", "a/$b/c"),
    ("+/#", "a"),
    ("a//b", "a//b"),
]
DIFFERS = [
    ("sport/tennis/+", "sport/tennis/player1/ranking"),
    ("sport/+", "sport"),
    ("+", "/finance"),
    ("#", "$SYS/monitor"),
    ("+/monitor/Clients", "$SYS/monitor/Clients"),
    ("ACCOUNTS", "Accounts"),
    ("/finance", "finance"),
    ("a/b", "a"),
    ("a", "a/b"),
    ("a/b/#", "a"),
]


@pytest.mark.parametrize(("filter", "topic"), MATCHES)
def test_filter_matches(filter: str, topic: str) -> None:
    tree = SubscriptionTree[int]()
    tree.add(filter, "client", 1)
    assert matches(filter, topic)
    assert tree.match(topic) == (1,)


@pytest.mark.parametrize(("filter", "topic"), DIFFERS)
def test_filter_differs(filter: str, topic: str) -> None:
    tree = SubscriptionTree[int]()
    tree.add(filter, "client", 1)
    assert not matches(filter, topic)
    assert tree.match(topic) == ()


@pytest.mark.parametrize("topic", ["a", "/", "a b", "$SYS/x", "ü" * 100, "/".join(["a"] * MAX_LEVELS)])
def test_topic_is_allowed(topic: str) -> None:
    assert check_topic(topic) == topic


@pytest.mark.parametrize(
    ("topic", "clause"),
    [
        ("", "MQTT-4.7.3-1"),
        ("a/+", "MQTT-3.3.2-2"),
        ("a#", "MQTT-3.3.2-2"),
        ("a\0", "MQTT-4.7.3-2"),
        ("/" * MAX_LEVELS, "MQTT5 4.7.3"),
    ],
)
def test_topic_is_refused(topic: str, clause: str) -> None:
    with pytest.raises(ViolationError) as caught:
        check_topic(topic)
    assert (caught.value.clause, caught.value.reason) == (clause, ReasonCode.TOPIC_NAME_INVALID)


@pytest.mark.parametrize(
    "filter", ["#", "+", "/", "a/#", "+/+/#", "+//a", "$share/g/#", "$share/g//", "$shared/a", "a b"]
)
def test_filter_is_allowed(filter: str) -> None:
    assert check_filter(filter) == filter


@pytest.mark.parametrize(
    ("filter", "clause"),
    [
        ("", "MQTT-4.7.3-1"),
        ("a\0", "MQTT-4.7.3-2"),
        ("/" * MAX_LEVELS, "MQTT5 4.7.3"),
        ("a#", "MQTT-4.7.1-1"),
        ("#/a", "MQTT-4.7.1-1"),
        ("a/#/b", "MQTT-4.7.1-1"),
        ("a/b#", "MQTT-4.7.1-1"),
        ("##", "MQTT-4.7.1-1"),
        ("a+", "MQTT-4.7.1-2"),
        ("a/+b/c", "MQTT-4.7.1-2"),
        ("$share//a", "MQTT-4.8.2-2"),
        ("$share/+/a", "MQTT-4.8.2-2"),
        ("$share/#", "MQTT-4.8.2-2"),
        ("$share/g", "MQTT-4.7.3-1"),
        ("$share/g/", "MQTT-4.7.3-1"),
        ("$share/g/a#", "MQTT-4.7.1-1"),
    ],
)
def test_filter_is_refused(filter: str, clause: str) -> None:
    with pytest.raises(ViolationError) as caught:
        check_filter(filter)
    assert (caught.value.clause, caught.value.reason) == (clause, ReasonCode.TOPIC_FILTER_INVALID)


def test_shared_filters_are_split() -> None:
    assert split_shared("$share/g/a/b") == ("g", "a/b")
    assert split_shared("$share/g") == ("g", "")
    assert split_shared("a/b") == (None, "a/b")


def by_definition(filter: str, topic: str) -> bool:
    """Section 4.7 as a regular expression."""
    if topic.startswith("$") and filter[0] in "+#":
        return False
    if filter == "#":
        return True
    pattern = re.escape(filter.removesuffix("/#")).replace(r"\+", "[^/]*")
    return re.fullmatch(pattern + ("(/.*)?" if filter.endswith("/#") else ""), topic) is not None


names = st.lists(st.sampled_from(["", "a", "b", "$x"]), min_size=1, max_size=4).map("/".join).filter(bool)
wild = st.lists(st.sampled_from(["", "a", "b", "+", "$x"]), min_size=1, max_size=4)
patterns = st.builds(lambda parts, end: "/".join([*parts, *end]), wild, st.sampled_from([[], ["#"]])).filter(bool)


@settings(max_examples=1_000)
@given(patterns, names)
def test_matches_as_defined(filter: str, topic: str) -> None:
    assert matches(filter, topic) == by_definition(filter, topic)


class Tree(RuleBasedStateMachine):
    """The tree against a plain list of subscriptions."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = SubscriptionTree[tuple[str, int, int]]()
        self.model: dict[tuple[str, int], tuple[str, int, int]] = {}

    @rule(filter=patterns, client=st.integers(0, 2), value=st.integers(0, 3))
    def add(self, filter: str, client: int, value: int) -> None:
        assert self.tree.add(filter, client, (filter, client, value)) == ((filter, client) not in self.model)
        self.model[filter, client] = (filter, client, value)

    @rule(filter=patterns, client=st.integers(0, 2))
    def remove(self, filter: str, client: int) -> None:
        assert self.tree.remove(filter, client) == (self.model.pop((filter, client), None) is not None)

    @rule(data=st.data())
    def remove_known(self, data: st.DataObject) -> None:
        if self.model:
            filter, client = data.draw(st.sampled_from(sorted(self.model)))
            self.remove(filter, client)

    @rule(topic=names)
    def match(self, topic: str) -> None:
        wanted = [value for (filter, _), value in self.model.items() if matches(filter, topic)]
        assert sorted(self.tree.match(topic)) == sorted(wanted)

    @invariant()
    def counts(self) -> None:
        assert len(self.tree) == len(self.model)

    def teardown(self) -> None:
        for filter, client in self.model:
            assert self.tree.remove(filter, client)
        assert len(self.tree) == 0
        assert self.tree.match("a") == ()
        assert self.tree._root.children is None  # nothing is left behind


Tree.TestCase.settings = settings(max_examples=60, deadline=None)
TestTree = Tree.TestCase


def test_adding_and_removing() -> None:
    """Every way in and out: exact and wild, unknown filter, unknown key, a branch that others still need."""
    tree = SubscriptionTree[str]()
    for filter in ("a/b", "a/+", "a/+/c", "#"):
        assert tree.add(filter, 1, filter)
        assert not tree.add(filter, 1, filter)
        assert tree.add(filter, 2, filter + "!")
    assert sorted(tree.match("a/b")) == ["#", "#!", "a/+", "a/+!", "a/b", "a/b!"]
    for filter in ("x", "x/+", "+/+/+"):
        assert not tree.remove(filter, 1)
    for filter in ("a/b", "a/+"):
        assert not tree.remove(filter, 3)
        assert tree.remove(filter, 1)
        assert tree.remove(filter, 2)
        assert not tree.remove(filter, 2)
    assert sorted(tree.match("a/b")) == ["#", "#!"]
    assert sorted(tree.match("a/b/c")) == ["#", "#!", "a/+/c", "a/+/c!"]
    for filter in ("a/+/c", "#"):
        assert tree.remove(filter, 1)
        assert tree.remove(filter, 2)
    assert (len(tree), tree.match("a/b"), tree._root.children) == (0, (), None)
    assert not tree.remove("#", 1)


def test_results_are_remembered_up_to_a_bound() -> None:
    tree = SubscriptionTree[str]()
    tree.add("+", 1, "x")
    first = tree.match("a")
    assert tree.match("a") is first
    for number in range(topics.MAX_CACHED_TOPICS + 5):
        assert tree.match(str(number)) == ("x",)
    assert len(tree._cache) <= topics.MAX_CACHED_TOPICS
