"""From a published topic to what it is, and to who subscribed: per root place.

Knows the native dialect's topics and subscription trees. Knows no sockets; delivery is `SessionState`'s connection.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from unisono.access import CLAIM_REQUEST, canonical, may_publish
from unisono.gateway.session import Message, SessionState, Subscribed
from unisono.twin.talk import SignIn
from unisono.wire.mqtt import Properties, SubscriptionTree, matches

__all__ = ["RETAINED", "Place", "Route", "down_topics", "hand", "route"]

#: Bytes of retained messages in one root place, and what each takes beside its payload and topic.
RETAINED = 16 * 1024 * 1024
RETAINED_EACH = 256

#: What is sent down to a thing, by the last part of its topic.
DOWN = {"set": "set", "call": "call/+", "desired": "desired"}


class Route(NamedTuple):
    """What a topic means for one client. ``thing`` None: ordinary publish/subscribe. ``suffix``: after
    ``things/<id>/``. ``asks``: nothing is published; a program wants a command, a new device redeems its claim.
    """

    topic: str
    thing: str | None
    suffix: str
    asks: Literal["", "command", "claim"] = ""


def route(identity: SignIn, topic: str) -> Route | str:
    """Where a client's publication goes, or why it may not go there."""
    allowed = may_publish(identity.id, identity.children, identity.rights, topic)
    if not allowed:
        return allowed.detail
    kind = identity.rights.kind
    if kind == "claim":
        return Route(CLAIM_REQUEST, None, "", "claim")
    full = canonical(topic, identity.id) if kind == "thing" else topic
    if full.startswith("things/"):
        _things, thing, suffix = full.split("/", 2)
        return Route(full, thing, suffix, "" if kind == "thing" else "command")
    return Route(full, None, "")


def down_topics(thing: str, filters: list[str]) -> list[str]:
    """Which of ``set``, ``call``, ``desired`` of a thing some canonical filters cover."""
    return [
        kind
        for kind, suffix in DOWN.items()
        if any(matches(filter, f"things/{thing}/{suffix.replace('+', 'x')}") for filter in filters)
    ]


class Place:
    """One root place's subscriptions and retained messages."""

    def __init__(self) -> None:
        self.tree: SubscriptionTree[Subscribed] = SubscriptionTree()
        self.retained: dict[str, Message] = {}
        self._retained_bytes = 0

    def has_room(self, message: Message) -> bool:
        """Whether it can be retained in the place of what its topic has."""
        return self._retained_bytes - _weight(self.retained.get(message.topic)) + _weight(message) <= RETAINED

    def retain(self, topic: str, message: Message | None) -> None:
        """Replace a topic's retained message; None takes it away."""
        self._retained_bytes += _weight(message) - _weight(self.retained.pop(topic, None))
        if message is not None:
            self.retained[topic] = message

    def subscribe(self, session: SessionState, filter: str, subscribed: Subscribed) -> bool:
        """Add or replace; True when the filter is new to the session."""
        new = filter not in session.subscriptions
        session.subscriptions[filter] = subscribed
        self.tree.add(filter, session.key, subscribed)
        return new

    def unsubscribe(self, session: SessionState, filter: str) -> bool:
        self.tree.remove(filter, session.key)
        return session.subscriptions.pop(filter, None) is not None

    def forget(self, session: SessionState) -> None:
        for filter in list(session.subscriptions):
            self.unsubscribe(session, filter)

    def deliver(
        self, topic: str, payload: bytes, qos: int, retain: bool, properties: Properties | None, sender: str | None
    ) -> int:
        """Hand one message to everyone who subscribed; returns how many of them speak for the thing it is about.

        ``sender``: its session key.
        """
        thing = topic.split("/", 2)[1] if topic.startswith("things/") else ""
        count = 0
        for subscribed in self.tree.match(topic):
            session = subscribed.session
            if not session.sees(topic) or (subscribed.no_local and session.key == sender):
                continue
            count += thing in session.ids
            hand(subscribed, topic, payload, qos, retain and subscribed.retain_as_published, properties)
        return count

    def retained_for(self, filter: str) -> list[tuple[str, Message]]:
        """Retained messages that a new subscription is shown."""
        if "+" not in filter and "#" not in filter:
            message = self.retained.get(filter)
            return [(filter, message)] if message is not None else []
        return [(topic, message) for topic, message in self.retained.items() if matches(filter, topic)]


def _weight(message: Message | None) -> int:
    return len(message.payload) + len(message.topic) + RETAINED_EACH if message is not None else 0


def hand(
    subscribed: Subscribed, topic: str, payload: bytes, qos: int, retain: bool, properties: Properties | None
) -> None:
    """Give one session one message, in the form and at the QoS it subscribed to; absent, it waits if it is worth it."""
    session = subscribed.session
    if subscribed.as_me:
        topic = "things/me/" + topic.split("/", 2)[2]
    if subscribed.identifier is not None:  # [MQTT-3.3.4-3]
        identifiers = (subscribed.identifier,)
        properties = msgspec.structs.replace(properties or Properties(), subscription_identifiers=identifiers)
    message = Message(topic, payload, min(qos, subscribed.qos), retain, properties)
    if session.connection is not None:
        session.connection.deliver(message)
    elif message.qos:
        session.keep(message)
