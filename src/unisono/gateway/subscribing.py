"""SUBSCRIBE and UNSUBSCRIBE: what a client may hear, what it is shown at once, and what the owner learns of it.

Knows topic forms of the native dialect and sessions. ``things/me/...`` is kept in its canonical form and delivered in
the form subscribed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from unisono.access import canonical, may_subscribe
from unisono.gateway.clients import ORDER
from unisono.gateway.clock import now_us
from unisono.gateway.routing import Place, down_topics, hand_over, is_broker_filter, target_of
from unisono.gateway.sessions.lasting import Safe
from unisono.gateway.sessions.session import SessionState
from unisono.gateway.sessions.session import Subscribed as Kept
from unisono.gateway.showing import Showing
from unisono.twin.record import Listening
from unisono.wire.mqtt import ReasonCode, Subscribed, Subscription, Unsubscribed, split_shared
from unisono.wire.mqtt.packets import Subscribe, Unsubscribe

if TYPE_CHECKING:
    from unisono.errors import UnisonoError
    from unisono.gateway.connection import Connection
    from unisono.gateway.server import Gateway

__all__ = ["catch_up", "hears", "listens", "subscribe", "unsubscribe"]


def listens(connection: Connection, event: Subscribed | Unsubscribed) -> None:
    """SUBSCRIBE and UNSUBSCRIBE take effect behind what the client has published before them: what it retains just
    before is shown to it as retained, and what it says before it leaves a topic it still hears."""
    if connection.said == connection.settled and connection.later is None:
        _take_effect(connection, event)
        return
    if connection.later is None:
        connection.later = deque()
        connection.hold(ORDER)
    connection.later.append((connection.said, event))


def catch_up(connection: Connection, *, at_once: bool = False) -> None:
    """What had to wait for the client's own messages goes on, when they are on disk (or ``at_once``: it leaves)."""
    later = connection.later
    while later and (at_once or later[0][0] <= connection.settled):
        _take_effect(connection, later.popleft()[1])
    if not later:
        connection.later = None
        connection.read_on(ORDER)


def _take_effect(connection: Connection, event: Subscribed | Unsubscribed) -> None:
    if isinstance(event, Subscribed):
        subscribe(connection.gateway, connection, event.packet)
    else:
        unsubscribe(connection.gateway, connection, event.packet)


def subscribe(gateway: Gateway, connection: Connection, packet: Subscribe) -> None:
    """Grant or refuse each filter, answer, then send retained messages and tell the owner what the client hears."""
    session = connection.session
    assert session is not None
    place = gateway.place(session.root)
    reasons: list[int] = []
    details: list[str] = []
    fresh: list[tuple[str, Kept, bool, int]] = []
    identifiers = packet.properties.subscription_identifiers if packet.properties else ()
    identifier = identifiers[0] if identifiers else None
    for wanted in packet.subscriptions:
        filter = canonical(wanted.filter, session.thing)
        reason, detail = _refusal(connection, session, filter, wanted)
        if reason is not None:
            reasons.append(reason)
            details.append(detail)
            continue
        kept = _kept(connection, session, filter, wanted, identifier)
        fresh.append((filter, kept, place.subscribe(session, filter, kept), wanted.retain_handling))
        reasons.append(wanted.qos)
    answer = connection.wire.suback(packet.packet_id, reasons, detail="; ".join(dict.fromkeys(details)))

    def answered() -> None:
        connection.write(answer)
        _show(gateway, connection, place, fresh)
        hears(connection, session, [filter for filter, *_rest in fresh])
        if connection.line is not None:
            connection.line.subscribed([filter for filter, *_rest in fresh])
        elif connection.bridges:
            gateway.bridges.subscribed(connection, [filter for filter, *_rest in fresh])

    safe = _kept_subscriptions(gateway, session, {filter: kept for filter, kept, *_rest in fresh})
    _when_safe(connection, safe, answered)


def _kept_subscriptions(gateway: Gateway, session: SessionState, kept: dict[str, Kept]) -> Safe | None:
    """What the answer waits for: the disk, for a session that lasts, and the other gateways: that they know of it, and
    that what they retained before they knew is known here."""
    if session.lasting is None and gateway.peers is None:
        return None
    safe = Safe()
    if gateway.peers is not None:
        safe.expect_future(gateway.spawn(gateway.delivery.abreast(gateway.peers.known())))
    if session.lasting is not None and kept:
        session.lasting.hear(session, kept, safe)
    return safe


def _when_safe(connection: Connection, safe: Safe | None, then: Callable[[], None]) -> None:
    """Answer now, or when what it waits for is there. What cannot be kept is not answered: the connection ends."""
    if safe is None:
        then()
        return

    def settled(future: asyncio.Future[UnisonoError | None]) -> None:
        if connection.transport is None:
            return
        if future.result() is None:
            then()
        else:
            connection.leave(ReasonCode.UNSPECIFIED_ERROR, "lost")

    safe.close().add_done_callback(settled)


def _show(gateway: Gateway, connection: Connection, place: Place, fresh: list[tuple[str, Kept, bool, int]]) -> None:
    """Retained messages for new subscriptions."""
    showing = connection.showing or Showing(connection, place)
    for filter, kept, new, retain_handling in fresh:
        # a shared subscription is shown nothing (section 4.8.2)
        if not kept.share and (retain_handling == 0 or (retain_handling == 1 and new)):
            showing.add(filter)
            for message in gateway.broker.shown(filter):
                hand_over(target_of((kept,)), message, retain=True)
    if not showing.over:
        connection.showing = showing
        connection.send_waiting()


def _kept(
    connection: Connection, session: SessionState, filter: str, wanted: Subscription, identifier: int | None
) -> Kept:
    """A bridge's subscriptions behave as it needs: nothing comes back to it, and retained stays retained."""
    return Kept(
        session,
        wanted.qos,
        filter != wanted.filter,
        wanted.no_local or (connection.bridge and split_shared(filter)[0] is None),
        wanted.retain_as_published or connection.bridge,
        identifier,
        filter if split_shared(filter)[0] is not None else "",
    )


def _refusal(
    connection: Connection, session: SessionState, filter: str, wanted: Subscription
) -> tuple[ReasonCode | None, str]:
    most = connection.gateway.allowed.connection.subscriptions
    if filter not in session.subscriptions and len(session.subscriptions) >= most:
        detail = f"more than {most} subscriptions"
        connection.gateway.doorman.hit("connection.subscriptions")
        connection.refuse("too_many", wanted.filter, detail)
        return ReasonCode.QUOTA_EXCEEDED, detail
    identity = connection.identity
    assert identity is not None
    if is_broker_filter(filter) and identity.rights.kind != "claim":
        return None, ""
    allowed = may_subscribe(identity.id, identity.children, identity.rights, wanted.filter)
    if not allowed:
        connection.refuse("topic_not_allowed", wanted.filter, allowed.detail)
        return ReasonCode.NOT_AUTHORIZED, allowed.detail
    return None, ""


def unsubscribe(gateway: Gateway, connection: Connection, packet: Unsubscribe) -> None:
    session = connection.session
    assert session is not None
    place = gateway.place(session.root)
    reasons: list[int] = []
    for filter in packet.filters:
        known = place.unsubscribe(session, canonical(filter, session.thing))
        reasons.append(ReasonCode.SUCCESS if known else ReasonCode.NO_SUBSCRIPTION_EXISTED)
    safe: Safe | None = None
    if session.lasting is not None:
        safe = Safe()
        session.lasting.unhear(session, [canonical(filter, session.thing) for filter in packet.filters], safe)
    answer = connection.wire.unsuback(packet.packet_id, reasons)
    _when_safe(connection, safe, lambda: connection.write(answer))


def hears(connection: Connection, session: SessionState, filters: list[str]) -> None:
    """Tell the owner, through the log, what can be sent down from now on."""
    assert connection.committer is not None
    named = any(split_shared(filter)[1].startswith("things/") for filter in filters)
    for thing in session.ids:
        topics = down_topics(thing, filters)
        if topics:
            at = now_us()
            heard = Listening(thing, connection.gateway.id, connection.epoch, topics, at, named)
            connection.committer.add(heard, 0)
