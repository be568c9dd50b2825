"""What a thing may publish, subscribe and see: the native dialect's table, then what holds for any topic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.access import NativeTopic, as_subscribed, canonical, read_native, topic_allowed, visible

CHILDREN = frozenset({"child1", "child2"})

# topic, reason for a refusal to publish, reason for a refusal to subscribe ("" means allowed)
CASES = [
    ("things/me/state", "", ""),
    ("things/lamp/state", "", ""),
    ("things/child1/state", "", ""),
    ("things/me/event/pressed", "", ""),
    ("things/me/reply/01J", "", ""),
    ("things/me/set", "not_upward", ""),
    ("things/child2/set", "not_upward", ""),
    ("things/me/call/open", "not_upward", ""),
    ("things/me/desired", "not_upward", ""),
    ("things/me/status", "not_upward", "no_such_topic"),
    ("things/me/state/more", "not_upward", "no_such_topic"),
    ("things/me/state/", "not_upward", "no_such_topic"),
    ("things/me/event", "not_upward", "no_such_topic"),
    ("things/me/event/", "not_upward", "no_such_topic"),
    ("things/me/event/a/b", "not_upward", "no_such_topic"),
    ("things/me", "not_upward", "no_such_topic"),
    ("things/me/", "not_upward", "no_such_topic"),
    ("things/other/state", "other_thing", "other_thing"),
    ("things/other/set", "other_thing", "other_thing"),
    ("things/lamp2/state", "other_thing", "other_thing"),
    ("things//state", "other_thing", "other_thing"),
    ("things/other/#", "bad_topic", "other_thing"),
    ("things/me/#", "bad_topic", ""),
    ("things/me/+", "bad_topic", ""),
    ("things/me/state/#", "bad_topic", ""),
    ("things/me/call/+", "bad_topic", ""),
    ("things/me/+/+", "bad_topic", ""),
    ("things/me/#/set", "bad_topic", "no_such_topic"),
    ("things/me/status/#", "bad_topic", "no_such_topic"),
    ("things/+/set", "bad_topic", ""),
    ("things/+/status", "bad_topic", "no_such_topic"),
    ("things/#", "bad_topic", ""),
    ("#", "bad_topic", ""),
    ("+/other/set", "bad_topic", ""),
    ("+/+/state", "bad_topic", ""),
    ("$share/group/things/me/set", "reserved", ""),
    ("$share/group/things/other/set", "reserved", "other_thing"),
    ("$share/group/#", "bad_topic", ""),
    ("$share/group", "reserved", "reserved"),
    ("$share//a", "reserved", "reserved"),
    ("$share/group/$SYS/x", "reserved", "reserved"),
    ("$share/group/", "reserved", "bad_topic"),
    ("$SYS/broker/uptime", "reserved", "reserved"),
    ("$SYS/#", "bad_topic", "reserved"),
    ("zigbee2mqtt/lamp/set", "", ""),
    ("Things/other/set", "", ""),
    ("/things/other/set", "", ""),
    ("thingsother/x", "", ""),
    ("things", "other_thing", ""),
    ("", "bad_topic", "bad_topic"),
    ("a\0b", "bad_topic", "bad_topic"),
]

level = st.text("abme+#/$\0 é", max_size=3) | st.sampled_from(
    ["things", "me", "lamp", "child1", "other", "state", "set", "call", "event", "desired", "+", "#", "$share", ""]
)
topics = st.lists(level, max_size=5).map("/".join)


@pytest.mark.parametrize(("topic", "publish", "subscribe"), CASES)
def test_directions(topic: str, publish: str, subscribe: str) -> None:
    for access, reason in (("publish", publish), ("subscribe", subscribe)):
        decision = topic_allowed("lamp", CHILDREN, topic, access)  # type: ignore[arg-type]
        assert (decision.allowed, decision.reason) == (reason == "", reason)
        assert decision.allowed or decision.detail


@given(topic=topics)
def test_whatever_it_publishes_to_is_its_own_and_upward(topic: str) -> None:
    if topic_allowed("lamp", CHILDREN, topic, "publish"):
        full = canonical(topic, "lamp")
        assert visible("lamp", CHILDREN, full)
        native = read_native(full)
        if full.startswith("things/"):
            assert native is not None
            assert native.thing in {"lamp", *CHILDREN}
            assert native.kind in {"state", "event", "reply"}
        assert not full.startswith("$")
        assert not set(full) & {"+", "#", "\0"}


@given(topic=topics, children=st.sets(st.sampled_from(["child1", "other"])))
def test_more_children_never_allow_less(topic: str, children: set[str]) -> None:
    for access in ("publish", "subscribe"):
        if topic_allowed("lamp", set(), topic, access):
            assert topic_allowed("lamp", children, topic, access)


@given(topic=topics)
def test_canonical_is_settled_after_once_and_never_says_me(topic: str) -> None:
    full = canonical(topic, "lamp")
    assert canonical(full, "lamp") == full
    assert not full.startswith("things/me/")
    assert full != "things/me"


@given(rest=topics)
def test_delivered_in_the_form_subscribed(rest: str) -> None:
    assert as_subscribed("things/me/#", f"things/lamp/{rest}", "lamp") == f"things/me/{rest}"
    assert as_subscribed("$share/g/things/me/set", f"things/lamp/{rest}", "lamp") == f"things/me/{rest}"
    assert as_subscribed("things/lamp/#", f"things/lamp/{rest}", "lamp") == f"things/lamp/{rest}"
    assert as_subscribed("#", f"things/lamp/{rest}", "lamp") == f"things/lamp/{rest}"
    assert as_subscribed("things/me/#", f"things/child1/{rest}", "lamp") == f"things/child1/{rest}"


def test_a_wide_filter_delivers_only_ones_own_and_the_childrens() -> None:
    published = ["things/lamp/set", "things/child1/state", "things/other/set", "things/lamp2/set", "things/", "room/x"]
    seen = [topic for topic in published if visible("lamp", CHILDREN, topic)]
    assert seen == ["things/lamp/set", "things/child1/state", "room/x"]


@given(
    thing=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,62}", fullmatch=True),
    name=st.text(min_size=1).filter(lambda text: "/" not in text),
)
def test_native_topics_are_read_whole(thing: str, name: str) -> None:
    for kind, named in {"state": 0, "event": 1, "reply": 1, "set": 0, "call": 1, "desired": 0}.items():
        topic = f"things/{thing}/{kind}" + (f"/{name}" if named else "")
        assert read_native(topic) == NativeTopic(thing, kind, name if named else "")
        assert read_native(f"{topic}/more") is None
        assert read_native(f"x{topic}") is None


@pytest.mark.parametrize("topic", ["things", "things/lamp", "things//state", "things/lamp/event", "things/lamp/event/"])
def test_what_is_no_native_topic(topic: str) -> None:
    assert read_native(topic) is None
