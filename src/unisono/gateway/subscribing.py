"""SUBSCRIBE and UNSUBSCRIBE: what a client may hear, what it is shown at once, and what the owner learns of it.

Knows topic forms of the native dialect and sessions. ``things/me/...`` is kept in its canonical form and delivered in
the form subscribed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from unisono.access import canonical, may_subscribe
from unisono.gateway.routing import down_topics, hand
from unisono.gateway.session import SessionState
from unisono.gateway.session import Subscribed as Kept
from unisono.twin.record import Listening
from unisono.wire.mqtt import ReasonCode, Subscription, split_shared
from unisono.wire.mqtt.packets import Subscribe, Unsubscribe

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection
    from unisono.gateway.server import Gateway

__all__ = ["hears", "subscribe", "unsubscribe"]


def subscribe(gateway: Gateway, connection: Connection, packet: Subscribe) -> None:
    """Grant or refuse each filter, answer, then send retained messages and tell the owner what the client hears."""
    session = connection.session
    assert session is not None
    place = gateway.place(session.root)
    reasons: list[int] = []
    fresh: list[tuple[str, Kept, Subscription, bool]] = []
    identifiers = packet.properties.subscription_identifiers if packet.properties else ()
    for wanted in packet.subscriptions:
        reason = _refusal(connection, session, wanted.filter)
        if reason is not None:
            reasons.append(reason)
            continue
        filter = canonical(wanted.filter, session.thing)
        kept = Kept(
            session,
            wanted.qos,
            filter != wanted.filter,
            wanted.no_local,
            wanted.retain_as_published,
            identifiers[0] if identifiers else None,
        )
        new = place.subscribe(session, filter, kept)
        fresh.append((filter, kept, wanted, new))
        reasons.append(wanted.qos)
    connection.write(connection.wire.suback(packet.packet_id, reasons))
    for filter, kept, wanted, new in fresh:
        if wanted.retain_handling == 0 or (wanted.retain_handling == 1 and new):
            for topic, message in place.retained_for(filter):
                if session.sees(topic):
                    hand(kept, topic, message.payload, message.qos, True, message.properties)
    hears(connection, session, [filter for filter, *_rest in fresh])


def _refusal(connection: Connection, session: SessionState, filter: str) -> ReasonCode | None:
    if split_shared(filter)[0] is not None:
        return ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
    most = connection.gateway.allowed.connection.subscriptions
    if len(session.subscriptions) >= most:
        connection.gateway.doorman.hit("connection.subscriptions")
        connection.refuse("too_many", filter, f"more than {most} subscriptions")
        return ReasonCode.QUOTA_EXCEEDED
    identity = connection.identity
    assert identity is not None
    allowed = may_subscribe(identity.id, identity.children, identity.rights, filter)
    if not allowed:
        connection.refuse("topic_not_allowed", filter, allowed.detail)
        return ReasonCode.NOT_AUTHORIZED
    return None


def unsubscribe(gateway: Gateway, connection: Connection, packet: Unsubscribe) -> None:
    session = connection.session
    assert session is not None
    place = gateway.place(session.root)
    reasons: list[int] = []
    for filter in packet.filters:
        known = place.unsubscribe(session, canonical(filter, session.thing))
        reasons.append(ReasonCode.SUCCESS if known else ReasonCode.NO_SUBSCRIPTION_EXISTED)
    connection.write(connection.wire.unsuback(packet.packet_id, reasons))


def hears(connection: Connection, session: SessionState, filters: list[str]) -> None:
    """Tell the owner, through the log, what can be sent down from now on."""
    assert connection.committer is not None
    for thing in session.ids:
        topics = down_topics(thing, filters)
        if topics:
            at = time.time_ns() // 1000
            connection.committer.add(Listening(thing, connection.gateway.id, connection.epoch, topics, at), 0)
