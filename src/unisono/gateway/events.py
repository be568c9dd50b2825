"""What the wire tells of a connection, and what is done about it: one function an event.

Knows the wire's events. What an event sets going - sign-in, messages, subscriptions, sessions - is of the files that
know it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from unisono.gateway.publishing import published
from unisono.gateway.subscribing import listens
from unisono.wire.mqtt import (
    Acknowledged,
    AuthReceived,
    Connected,
    Disconnected,
    Pinged,
    ProtocolError,
    PublishRun,
    ReasonCode,
    Released,
    Reply,
    Subscribed,
    Unsubscribed,
)

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection

__all__ = ["HANDLERS"]

#: Faults of the protocol that are limits at work.
LIMITS = {
    ReasonCode.PACKET_TOO_LARGE: "connection.packet_bytes",
    ReasonCode.RECEIVE_MAXIMUM_EXCEEDED: "connection.receive_maximum",
}


def _connected(connection: Connection, event: Connected) -> None:
    connection.will = event.connect.will
    connection.bridge = event.connect.bridge
    connection.gateway.admission.sign_in(connection, event.connect)


def _acknowledged(connection: Connection, event: Acknowledged) -> None:
    session = connection.session
    if session is not None and session.lasting is not None:
        session.lasting.complete(session, event.packet_ids)
    connection.send_waiting()


def _answer(connection: Connection, event: Pinged) -> None:
    connection.write(event.answer)


def _replied(connection: Connection, event: Reply) -> None:
    session = connection.session
    if event.recorded and session is not None and session.lasting is not None:
        session.lasting.when_received(session, event.recorded, partial(connection.write, event.answer))
    else:
        connection.write(event.answer)


def _released(connection: Connection, event: Released) -> None:
    session = connection.session
    if session is not None and session.lasting is not None:
        session.lasting.when_freed(session, event.packet_ids, partial(connection.write, event.answer))
    else:
        connection.write(event.answer)


def _auth(connection: Connection, event: AuthReceived) -> None:
    assert connection.proving is not None  # the wire takes no AUTH from who named no method
    connection.proving.received(event.packet)


def _disconnected(connection: Connection, event: Disconnected) -> None:
    if not event.with_will:
        connection.will = None
    connection.gateway.closed(connection, "disconnected")
    connection.close()


def _broken(connection: Connection, event: ProtocolError) -> None:
    doorman = connection.gateway.doorman
    limit = LIMITS.get(event.reason_code)
    if limit is not None:
        doorman.hit(limit)
    if connection.identity is None:
        doorman.broken(connection, event.reason_code, event.code, event.detail, connection.first)
    connection.refuse(event.code, "", event.detail)
    connection.write(event.answer)
    connection.gateway.closed(connection, "protocol_error")
    connection.close()


HANDLERS: dict[type, Callable[[Connection, Any], None]] = {
    PublishRun: published,
    Connected: _connected,
    Subscribed: listens,
    Unsubscribed: listens,
    Acknowledged: _acknowledged,
    Pinged: _answer,
    Reply: _replied,
    Released: _released,
    AuthReceived: _auth,
    Disconnected: _disconnected,
    ProtocolError: _broken,
}
