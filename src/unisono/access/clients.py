"""What a signed-in client may publish, subscribe and hear: a thing, a person's program, or a device with a claim code.

Knows the native dialect's topics (`topics`), a client's rights and the rules kept for it. Knows not how it signed in
(see `docs/access.md` for the tables). A pure decision over passed-in facts; what is not allowed is denied.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec

from unisono.access.decision import ALLOWED, Decision
from unisono.access.filters import covers, overlaps, sound_filter
from unisono.access.topics import (
    ME,
    NAMESPACE,
    canonical,
    check_filter,
    check_topic,
    plain_filter,
    read_native,
    topic_allowed,
    visible,
)
from unisono.errors import CallerError

__all__ = [
    "CLAIM_REQUEST",
    "CLAIM_RESPONSE",
    "Access",
    "Rights",
    "TopicRule",
    "may_hear",
    "may_publish",
    "may_subscribe",
    "read_rule",
    "write_rule",
]

Access = Literal["publish", "subscribe"]

# all that a device with a claim code may say and hear
CLAIM_REQUEST = "claim/request"
CLAIM_RESPONSE = "claim/response"

# what a program may say to a thing: both are commands
ASKED = ("set", "call")


class TopicRule(msgspec.Struct, frozen=True, array_like=True):
    """One rule about topics. Rules are read in their order and the first that meets the topic decides.

    A filter whose first level is a wildcard does not reach into ``things/``: there a rule has to say so.
    """

    allow: bool
    access: Access
    filter: str


class Rights(msgspec.Struct, frozen=True, array_like=True):
    """What a client is, and what it may beyond a thing's own topics.

    ``reads``, ``controls``: ids of things that a program may listen to and send commands to; None for every one of the
    root place. ``free``: what it may do with ordinary topics that no rule meets.
    """

    kind: Literal["thing", "program", "claim"] = "thing"
    reads: frozenset[str] | None = frozenset()
    controls: frozenset[str] | None = frozenset()
    rules: tuple[TopicRule, ...] = ()
    free: frozenset[Access] = frozenset(("publish", "subscribe"))


def read_rule(text: str, allow: bool) -> TopicRule:
    """Read ``publish:FILTER`` or ``subscribe:FILTER``. Raises CallerError bad_value."""
    access, colon, filter = text.partition(":")
    if not colon or access not in ("publish", "subscribe") or not sound_filter(filter):
        raise CallerError(
            f"{text[:80]!r} is no rule about topics",
            code="bad_value",
            field="rules",
            expected="publish:FILTER or subscribe:FILTER, such as publish:garden/# (at most 256 characters)",
        )
    if filter.startswith("$"):
        raise CallerError("topics that begin with $ are the hub's own", code="bad_value", field="rules")
    if allow and access == "publish" and filter.partition("/")[0] == NAMESPACE:
        raise CallerError(
            f"{text[:80]!r} would let it speak for another thing",
            code="bad_value",
            field="rules",
            expected="a topic outside things/; who speaks for other things is their parent",
        )
    return TopicRule(allow, "publish" if access == "publish" else "subscribe", filter)


def write_rule(rule: TopicRule) -> str:
    """The text that `read_rule` reads."""
    return f"{rule.access}:{rule.filter}"


def may_publish(id: str, children: Collection[str], rights: Rights, topic: str) -> Decision:
    """Whether client ``id`` may publish to ``topic``. To ``things/<id>/set`` and ``call`` a program sends a command."""
    if rights.kind == "claim":
        return ALLOWED if topic == CLAIM_REQUEST else _only_claims(topic)
    if rights.kind == "program":
        return _program_publishes(rights, topic)
    decision = topic_allowed(id, children, topic, "publish")
    rule = _rule_for(rights, "publish", canonical(topic, id)) if decision else None
    if rule is not None and not rule.allow:
        return _ruled_out("publish", topic, rule)
    return decision


def may_subscribe(id: str, children: Collection[str], rights: Rights, filter: str) -> Decision:
    """Whether client ``id`` may subscribe with ``filter``; of a filter that is wider `may_hear` says what it brings."""
    if rights.kind == "claim":
        return ALLOWED if overlaps(plain_filter(filter), CLAIM_RESPONSE) else _only_claims(filter)
    if rights.kind == "program":
        return _program_subscribes(rights, filter)
    decision = topic_allowed(id, children, filter, "subscribe")
    plain = plain_filter(canonical(filter, id))
    for rule in rights.rules:
        if rule.access == "subscribe" and _applies(rule, plain):
            if rule.allow and overlaps(rule.filter, plain) and (decision or decision.reason == "other_thing"):
                return ALLOWED
            if not rule.allow and covers(rule.filter, plain):
                return _ruled_out("subscribe", filter, rule) if decision else decision
    return decision


def may_hear(id: str, children: Collection[str], rights: Rights, topic: str) -> bool:
    """Whether a publication to canonical ``topic`` may be delivered to the client, whatever filter it matched."""
    if rights.kind == "claim":
        return False  # its answer is handed to it, not published: nobody can overhear or fake it
    rule = _rule_for(rights, "subscribe", topic)
    if rights.kind == "program":
        if topic.startswith(f"{NAMESPACE}/"):
            return rights.reads is None or topic.split("/", 2)[1] in rights.reads
        return rule.allow if rule is not None else "subscribe" in rights.free
    return rule.allow if rule is not None else visible(id, children, topic)


def _program_publishes(rights: Rights, topic: str) -> Decision:
    decision = check_topic(topic)
    if not decision:
        return decision
    if topic.partition("/")[0] != NAMESPACE:
        return _ordinary(rights, "publish", topic)
    native = read_native(topic)
    if native is None or native.kind not in ASKED or native.thing == ME:
        return Decision(
            False,
            "not_a_command",
            f"a program cannot publish {topic[:200]!r}: only a thing says what it is; "
            "expected things/ID/set or things/ID/call/ACTION",
        )
    if rights.controls is not None and native.thing not in rights.controls:
        return Decision(False, "scope", f"the token does not control {native.thing!r}")
    return ALLOWED


def _program_subscribes(rights: Rights, filter: str) -> Decision:
    decision = check_filter(filter)
    if not decision:
        return decision
    levels = plain_filter(filter).split("/")
    if levels[0] != NAMESPACE:
        wild = levels[0] in ("+", "#") and rights.reads != frozenset()
        return ALLOWED if wild else _ordinary(rights, "subscribe", plain_filter(filter))
    named = levels[1] if len(levels) > 1 and levels[1] not in ("+", "#") else None
    if named == ME:
        return Decision(False, "not_a_thing", f"a program is no thing: {filter[:200]!r}; expected things/ID/...")
    if rights.reads == frozenset() or (named is not None and rights.reads is not None and named not in rights.reads):
        return Decision(False, "scope", f"the token does not read {named!r}" if named else "the token reads no thing")
    return ALLOWED


def _ordinary(rights: Rights, access: Access, filter: str) -> Decision:
    """About an ordinary topic, or a filter for them of which some part may be heard."""
    if any(rule.access == access and rule.allow and overlaps(rule.filter, filter) for rule in rights.rules):
        return ALLOWED
    if access in rights.free:
        return ALLOWED
    return Decision(False, "scope", f"the token does not {access} {filter[:200]!r}")


def _rule_for(rights: Rights, access: Access, topic: str) -> TopicRule | None:
    rules = (rule for rule in rights.rules if rule.access == access and _applies(rule, topic))
    return next((rule for rule in rules if covers(rule.filter, topic)), None)


def _applies(rule: TopicRule, topic: str) -> bool:
    return not topic.startswith(f"{NAMESPACE}/") or rule.filter.startswith(f"{NAMESPACE}/")


def _ruled_out(access: Access, topic: str, rule: TopicRule) -> Decision:
    return Decision(False, "rule", f"a rule of this thing denies to {access} {topic[:200]!r}: {write_rule(rule)}")


def _only_claims(topic: str) -> Decision:
    return Decision(
        False,
        "claim",
        f"with a claim code {topic[:200]!r} is closed; expected {CLAIM_REQUEST} to publish, {CLAIM_RESPONSE} to hear",
    )
