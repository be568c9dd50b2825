"""From a published topic to what it is, and to who subscribed: per root place.

Knows the native dialect's topics and subscription trees. Knows no sockets; delivery is `SessionState`'s connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from unisono.access import CLAIM_REQUEST, canonical, may_publish
from unisono.gateway.sessions.session import Message, SessionState, Subscribed
from unisono.gateway.sharing import Group
from unisono.twin.talk import SignIn
from unisono.wire.mqtt import Properties, SubscriptionTree, matches, split_shared

if TYPE_CHECKING:
    from unisono.gateway.fleet.peers import Peers

__all__ = [
    "BROKER",
    "RETAINED",
    "Abroad",
    "Heard",
    "Place",
    "Route",
    "Target",
    "down_topics",
    "hand",
    "hand_over",
    "is_broker_filter",
    "route",
    "target_of",
]

#: Bytes of retained messages in one root place, and what each takes beside its payload and topic.
RETAINED = 16 * 1024 * 1024
RETAINED_EACH = 256

#: Topics whose receivers a place remembers: what `SubscriptionTree` remembers, seen from here.
PLANS = 4_096

#: How topics begin by which a broker tells of itself: `unisono.gateway.broker`.
BROKER = "$SYS/"

#: What is sent down to a thing, by the last part of its topic.
DOWN = {"set": "set", "call": "call/+", "desired": "desired"}


class Route(NamedTuple):
    """What a topic means for one client. ``thing`` None: ordinary publish/subscribe. ``suffix``: after
    ``things/<id>/``. ``asks``: more than publishing; a program wants a command, a new device redeems its claim, what
    is said is a dialect's (``line``), or may be of things that announce themselves (``bridge``).
    """

    topic: str
    thing: str | None
    suffix: str
    asks: Literal["", "command", "claim", "line", "bridge"] = ""


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


def is_broker_filter(filter: str) -> bool:
    """Whether a (perhaps shared) filter asks for ``$SYS/...``, which no wildcard matches [MQTT-4.7.2-1]."""
    return split_shared(filter)[1].startswith(BROKER)


def down_topics(thing: str, filters: list[str]) -> list[str]:
    """Which of ``set``, ``call``, ``desired`` of a thing some canonical filters (shared ones too) cover."""
    plain = [split_shared(filter)[1] for filter in filters]
    return [
        kind
        for kind, suffix in DOWN.items()
        if any(matches(filter, f"things/{thing}/{suffix.replace('+', 'x')}") for filter in plain)
    ]


class Heard(NamedTuple):
    """Who got a message: how many clients, and how many of these speak for the thing that it is about."""

    clients: int
    speakers: int


NOBODY = Heard(0, 0)


class Abroad(NamedTuple):
    """A filter that somebody at another gateway listens to; ``share`` names it when it is a shared one."""

    gateway: str
    share: str


class Target(NamedTuple):
    """One copy of a message for one client: its subscriptions that match, as one.

    Where filters of a client overlap it gets one copy, at the highest QoS granted and with every identifier
    [MQTT-3.3.4-2, -4]; retained as published if one of them wants that. Both forms of a native topic (``me`` and the
    id) are delivered, each as subscribed, and every shared subscription brings its own copy.
    """

    session: SessionState
    qos: int
    as_me: bool
    retain_as_published: bool
    identifiers: tuple[int, ...]
    share: str
    not_local: tuple[Subscribed, ...]
    """The subscriptions that remain when the client itself has published, if any of them is "no local"."""
    no_local: bool


def target_of(subscriptions: tuple[Subscribed, ...]) -> Target:
    """The subscriptions (at least one) of one client and form that match a topic, as one."""
    first = subscriptions[0]
    return Target(
        first.session,
        max(each.qos for each in subscriptions),
        first.as_me,
        any(each.retain_as_published for each in subscriptions),
        tuple(each.identifier for each in subscriptions if each.identifier is not None),
        first.share,
        tuple(each for each in subscriptions if not each.no_local),
        any(each.no_local for each in subscriptions),
    )


class _Plan(NamedTuple):
    """What becomes of a message on one topic; good for as long as the tree gives the same ``matched``."""

    matched: tuple[Subscribed | Group, ...]
    targets: list[Target]
    groups: list[Group]


def _plan(matched: tuple[Subscribed | Group, ...]) -> _Plan:
    by_client: dict[tuple[str, bool], list[Subscribed]] = {}
    groups: list[Group] = []
    for each in matched:
        if isinstance(each, Group):
            groups.append(each)
        else:
            by_client.setdefault((each.session.key, each.as_me), []).append(each)
    return _Plan(matched, [target_of(tuple(each)) for each in by_client.values()], groups)


class Place:
    """One root place's subscriptions and retained messages.

    ``abroad``: what is listened to at other gateways, None for nothing; ``peers`` are told what is here.
    """

    def __init__(self, root: str = "", peers: Peers | None = None) -> None:
        self.root = root
        self.peers = peers
        self.abroad: SubscriptionTree[Abroad] | None = None
        self.tree: SubscriptionTree[Subscribed | Group] = SubscriptionTree()
        self.retained: dict[str, Message] = {}
        """By topic; ``number`` says which of all that were ever retained here it is."""
        self.retained_last = 0
        self._groups: dict[str, Group] = {}
        self._plans: dict[str, _Plan] = {}
        self._retained_bytes = 0
        self.asks_for_broker = 0
        """Subscriptions to ``$SYS/...``."""

    @property
    def listened_to(self) -> bool:
        """Whether anybody anywhere listens to anything."""
        return len(self.tree) > 0 or self.abroad is not None

    def has_group(self, share: str) -> bool:
        """Whether a shared subscription has members here."""
        return share in self._groups

    def has_room(self, message: Message) -> bool:
        """Whether it can be retained in the place of what its topic has."""
        return self._retained_bytes - _weight(self.retained.get(message.topic)) + _weight(message) <= RETAINED

    def retain(self, topic: str, message: Message | None) -> None:
        """Replace a topic's retained message; None takes it away."""
        self._retained_bytes += _weight(message) - _weight(self.retained.pop(topic, None))
        if message is not None:
            self.retained_last += 1
            self.retained[topic] = message._replace(number=self.retained_last)

    def subscribe(self, session: SessionState, filter: str, subscribed: Subscribed) -> bool:
        """Add or replace; True when the filter is new to the session."""
        new = filter not in session.subscriptions
        session.subscriptions[filter] = subscribed
        self.asks_for_broker += new and is_broker_filter(filter)
        if new and self.peers is not None and not is_broker_filter(filter):
            self.peers.hear(self.root, filter)
        if not subscribed.share:
            self.tree.add(filter, session.key, subscribed)
            return new
        group = self._groups.get(filter)
        if group is None:
            group = self._groups[filter] = Group(filter)
            self.tree.add(split_shared(filter)[1], filter, group)
        group.put(subscribed)
        return new

    def unsubscribe(self, session: SessionState, filter: str) -> bool:
        known = session.subscriptions.pop(filter, None)
        if known is None:
            return False
        self.asks_for_broker -= is_broker_filter(filter)
        if self.peers is not None and not is_broker_filter(filter):
            self.peers.unhear(self.root, filter)
        if not known.share:
            self.tree.remove(filter, session.key)
            return True
        group = self._groups[filter]
        group.remove(session)
        if not len(group):
            del self._groups[filter]
            self.tree.remove(split_shared(filter)[1], filter)
        return True

    def forget(self, session: SessionState) -> None:
        """A session is over: what others of its groups may have goes to them."""
        given = session.give_back(over=True)
        for filter in list(session.subscriptions):
            self.unsubscribe(session, filter)
        for message in given:
            self._pass_on(session, message)

    def left(self, session: SessionState) -> None:
        """A client is away and its session lasts: who is there takes what was shared with it, else it keeps that."""
        groups = {each.share for each in session.subscriptions.values() if each.share}
        if any(self._groups[share].someone_is_there(session) for share in groups):
            given = session.give_back(over=False)
            for message in given:
                if not self._pass_on(session, message):
                    session.wait(message)
            if session.lasting is not None:
                session.lasting.sunder(session, [message.number for message in given])

    def _pass_on(self, session: SessionState, message: Message) -> bool:
        """Give another member of the group what ``session`` does not take any more."""
        topic = message.topic
        if topic.startswith("things/me/"):
            topic = f"things/{session.thing}/{topic.removeprefix('things/me/')}"
        group = self._groups.get(message.share)
        chosen = None if group is None else group.choose(topic, message.qos, leaving=session)
        if chosen is None:
            return False
        hand(target_of((chosen,)), message._replace(topic=topic))
        return True

    def deliver(
        self,
        message: Message,
        sender: str | None = None,
        *,
        plain: bool = True,
        here: Callable[[str], bool] | None = None,
        present: bool = False,
    ) -> Heard:
        """Hand one message to everyone who subscribed; ``sender``: its session key; ``present``: only to who is here.

        ``here(share)``: whether a shared subscription is served at this gateway (None: each that has members);
        ``plain`` false: only shared ones are.
        """
        topic = message.topic
        matched = self.tree.match(topic)
        if not matched:
            return NOBODY
        thing = topic.split("/", 2)[1] if topic.startswith("things/") else ""
        plan = self._plans.get(topic)
        if plan is None or plan.matched is not matched:
            if len(self._plans) >= PLANS:
                self._plans.clear()
            plan = self._plans[topic] = _plan(matched)
        count = spoken_for = 0
        for target in plan.targets if plain else ():
            if not target.session.sees(topic) or (present and target.session.connection is None):
                continue
            count += 1
            if target.no_local and target.session.key == sender:
                if not target.not_local:
                    continue  # its subscription matches all the same
                target = target_of(target.not_local)  # noqa: PLW2901  what remains of the same client's
            spoken_for += thing in target.session.ids
            hand(target, message)
        for group in plan.groups:
            if here is not None and not here(group.share):
                continue
            chosen = group.choose(topic, message.qos)
            if chosen is not None:
                count += 1
                spoken_for += thing in chosen.session.ids
                hand(target_of((chosen,)), message)
        return Heard(count, spoken_for)

    def expired(self, now: int) -> list[str]:
        """Topics whose retained message has expired by ``now``."""
        return [topic for topic, message in self.retained.items() if message.expires_at and message.expires_at <= now]


def _weight(message: Message | None) -> int:
    return len(message.payload) + len(message.topic) + RETAINED_EACH if message is not None else 0


def hand(target: Target, message: Message) -> None:
    """Give one client one message as published, in the form and at the QoS it subscribed to."""
    hand_over(target, message, message.retain and target.retain_as_published)


def hand_over(target: Target, message: Message, retain: bool) -> None:
    """As `hand`, with the RETAIN flag that the case calls for. Absent, it waits if it is worth it."""
    session = target.session
    topic = message.topic
    if target.as_me:
        topic = "things/me/" + topic.split("/", 2)[2]
    properties = message.properties
    if target.identifiers or (properties is not None and properties.subscription_identifiers):  # [MQTT-3.3.4-3]
        properties = msgspec.structs.replace(properties or Properties(), subscription_identifiers=target.identifiers)
    made = Message(
        topic, message.payload, min(message.qos, target.qos), retain, properties, message.expires_at, target.share
    )
    if session.lasting is not None and made.qos:
        session.wait(made)
    elif session.connection is not None:
        session.connection.deliver(made)
    elif made.qos:
        session.keep(made)
