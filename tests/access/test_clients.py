"""What clients may publish, subscribe and hear: things with rules, programs, devices with a claim code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.access import (
    Rights,
    TopicRule,
    may_hear,
    may_publish,
    may_subscribe,
    read_rule,
    read_scopes,
    topic_allowed,
    visible,
    write_rule,
)
from unisono.access.roles import Action, Scope
from unisono.errors import CallerError

CHILDREN = frozenset({"child"})
PLAIN = Rights()
CLAIM = Rights("claim", frozenset(), frozenset(), (), frozenset())


def rules(*texts: str) -> tuple[TopicRule, ...]:
    """``+publish:a/#`` allows, ``-publish:a/#`` denies."""
    return tuple(read_rule(text[1:], text[0] == "+") for text in texts)


def program(
    reads: set[str] | None = None,
    controls: set[str] | None = None,
    *texts: str,
    free: tuple[str, ...] = ("publish", "subscribe"),
) -> Rights:
    heard, asked = (None if ids is None else frozenset(ids) for ids in (reads, controls))
    return Rights("program", heard, asked, rules(*texts), frozenset(free))  # type: ignore[arg-type]


level = st.sampled_from(["things", "me", "lamp", "child", "other", "state", "set", "+", "#", "$share", "g", "garden"])
topics = st.lists(level, min_size=1, max_size=5).map("/".join)


@given(topic=topics)
def test_a_thing_without_rules_may_what_the_dialect_says(topic: str) -> None:
    assert may_publish("lamp", CHILDREN, PLAIN, topic) == topic_allowed("lamp", CHILDREN, topic, "publish")
    assert may_subscribe("lamp", CHILDREN, PLAIN, topic) == topic_allowed("lamp", CHILDREN, topic, "subscribe")
    assert may_hear("lamp", CHILDREN, PLAIN, topic) == visible("lamp", CHILDREN, topic)


# rules, topic or filter, reason to publish, reason to subscribe, whether it is heard
RULED = [
    (("-publish:garden/#",), "garden/x", "rule", "", True),
    (("-publish:garden/#",), "house/x", "", "", True),
    (("-subscribe:garden/#",), "garden/x", "", "rule", False),
    (("+publish:garden/mine", "-publish:garden/#"), "garden/mine", "", "", True),
    (("+publish:garden/mine", "-publish:garden/#"), "garden/other", "rule", "", True),
    (("-publish:garden/#", "+publish:garden/mine"), "garden/mine", "rule", "", True),
    (("-publish:#",), "garden/x", "rule", "", True),
    (("-publish:#",), "things/me/state", "", "", False),
    (("-publish:things/lamp/event/#",), "things/me/event/x", "rule", "", False),
    (("-publish:things/lamp/event/#",), "things/lamp/event/x", "rule", "", True),
    (("-subscribe:#", "-subscribe:things/#"), "things/lamp/set", "not_upward", "rule", False),
    (("-subscribe:things/+/set",), "things/other/set", "other_thing", "other_thing", False),
    (("+subscribe:things/other/state",), "things/other/state", "other_thing", "", True),
    (("+subscribe:things/other/state",), "things/other/set", "other_thing", "other_thing", False),
    (("+subscribe:things/other/state",), "$share/g/things/other/state", "reserved", "", True),
    (("+subscribe:#",), "things/other/state", "other_thing", "other_thing", False),
    (("+subscribe:things/#",), "things/other/nothing", "other_thing", "", True),
    (("+subscribe:things/#",), "things/lamp/nothing", "not_upward", "no_such_topic", True),
    (("+subscribe:garden/#",), "$SYS/x", "reserved", "reserved", True),
]


@pytest.mark.parametrize(("texts", "topic", "publish", "subscribe", "heard"), RULED)
def test_rules_of_a_thing(texts: tuple[str, ...], topic: str, publish: str, subscribe: str, heard: bool) -> None:
    rights = Rights(rules=rules(*texts))
    told = may_publish("lamp", CHILDREN, rights, topic), may_subscribe("lamp", CHILDREN, rights, topic)
    assert [decision.reason for decision in told] == [publish, subscribe]
    assert all(decision.allowed or decision.detail for decision in told)
    assert may_hear("lamp", CHILDREN, rights, topic) is heard


def test_a_filter_that_is_wider_than_a_denial_is_granted_and_brings_the_rest() -> None:
    rights = Rights(rules=rules("-subscribe:garden/secret/#"))
    assert may_subscribe("lamp", (), rights, "garden/#")
    assert [may_hear("lamp", (), rights, topic) for topic in ("garden/open", "garden/secret/x")] == [True, False]


@given(texts=st.lists(st.sampled_from(["+publish:garden/#", "-publish:things/#", "+subscribe:things/#"])), topic=topics)
def test_no_rule_lets_a_thing_speak_for_another(texts: list[str], topic: str) -> None:
    if may_publish("lamp", CHILDREN, Rights(rules=rules(*texts)), topic):
        assert topic_allowed("lamp", CHILDREN, topic, "publish")


# rights, topic, reason to publish, reason to subscribe, whether it is heard
PROGRAMS = [
    (program(), "things/lamp/state", "not_a_command", "", True),
    (program(), "things/lamp/set", "", "", True),
    (program(), "things/lamp/call/open", "", "", True),
    (program(), "things/lamp/call", "not_a_command", "", True),
    (program(), "things/lamp/desired", "not_a_command", "", True),
    (program(), "things/me/set", "not_a_command", "not_a_thing", True),
    (program(), "things", "not_a_command", "", True),
    (program(), "garden/x", "", "", True),
    (program(), "$SYS/x", "reserved", "reserved", True),
    (program(), "", "bad_topic", "bad_topic", True),
    (program(), "+/x", "bad_topic", "", True),
    (program({"lamp"}, set()), "things/lamp/set", "scope", "", True),
    (program({"lamp"}, {"lamp"}), "things/lamp/set", "", "", True),
    (program({"lamp"}, {"lamp"}), "things/other/set", "scope", "scope", False),
    (program({"lamp"}), "things/+/set", "bad_topic", "", False),
    (program(set()), "things/+/state", "bad_topic", "scope", False),
    (program(set(), free=()), "#", "bad_topic", "scope", False),
    (program({"lamp"}, free=()), "#", "bad_topic", "", False),
    (program(free=()), "garden/x", "scope", "scope", False),
    (program(None, None, "+subscribe:garden/#", free=()), "garden/x", "scope", "", True),
    (program(None, None, "+publish:garden/#", free=()), "garden/x", "", "scope", False),
    (program(set(), set(), "+subscribe:garden/#", free=()), "#", "bad_topic", "", False),
    (program(None, None, "+subscribe:garden/#", free=()), "$share/g/garden/x", "reserved", "", False),
    (CLAIM, "claim/request", "", "claim", False),
    (CLAIM, "claim/response", "claim", "", False),
    (CLAIM, "#", "claim", "", False),
    (CLAIM, "garden/x", "claim", "claim", False),
    (CLAIM, "things/lamp/state", "claim", "claim", False),
]


@pytest.mark.parametrize(("rights", "topic", "publish", "subscribe", "heard"), PROGRAMS)
def test_programs_and_claims(rights: Rights, topic: str, publish: str, subscribe: str, heard: bool) -> None:
    told = may_publish("token:1", (), rights, topic), may_subscribe("token:1", (), rights, topic)
    assert [decision.reason for decision in told] == [publish, subscribe]
    assert all(decision.allowed or decision.detail for decision in told)
    assert may_hear("token:1", (), rights, topic) is heard


@given(topic=topics, ids=st.sets(st.sampled_from(["lamp", "other"])))
def test_a_program_says_nothing_as_a_thing(topic: str, ids: set[str]) -> None:
    if may_publish("token:1", (), program(ids, ids), topic) and topic.startswith("things/"):
        _things, thing, kind, *_ = topic.split("/")
        assert thing in ids
        assert kind in {"set", "call"}


def test_rules_as_text() -> None:
    for text in ("publish:garden/#", "subscribe:things/+/state", "subscribe:a:b"):
        for allow in (True, False):
            rule = read_rule(text, allow)
            assert write_rule(rule) == text
            assert rule.allow is allow
    assert read_rule("publish:things/x/state", allow=False).filter == "things/x/state"


@pytest.mark.parametrize(
    "text", ["", "publish", "publish:", "hear:x", "publish:a/#/b", "subscribe:$SYS/#", "publish:things/x/state"]
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(CallerError) as refused:
        read_rule(text, allow=True)
    assert refused.value.code == "bad_value"


def test_scopes_are_actions_and_topics() -> None:
    scopes, topics = read_scopes(["read", "control@home", "publish:garden/#"])
    assert scopes == (Scope(Action.READ), Scope(Action.CONTROL, "home"))
    assert topics == rules("+publish:garden/#")
    for wrong in ("subscribe:things/#", "publish:things", "fly", "publish:"):
        with pytest.raises(CallerError):
            read_scopes([wrong])
