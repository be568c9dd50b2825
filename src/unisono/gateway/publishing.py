"""What a client publishes: to disk, to its dialect or to who asks - and the answer, which follows what became of it.

Knows routes, entries of the log and reason codes. Nothing said at QoS 1 or 2 is answered before it is on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from unisono.errors import UnisonoError
from unisono.gateway.asking import Asking
from unisono.gateway.clock import now_us
from unisono.gateway.routing import Route, route
from unisono.gateway.sessions.session import is_text
from unisono.gateway.subscribing import catch_up
from unisono.twin.record import Published, Reports
from unisono.wire.mqtt import PublishRun, ReasonCode

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection

__all__ = ["LARGEST_REPORT", "published"]

#: Topics that one connection's cache of routes remembers; a device has a handful.
ROUTES = 64
#: What a payload weighs in the log beside its bytes: its own length and its packet id.
PAYLOAD_BYTES = 4
#: A report has no more; a model's values are small, and what a thing says is parsed, kept and shown. Ordinary topics
#: carry what a packet may hold.
LARGEST_REPORT = 512 * 1024


def published(connection: Connection, run: PublishRun) -> None:
    routes = connection.routes
    found = routes.get(run.topic) if routes is not None else None
    if found is None:
        asked = _route(connection, run.topic)
        if isinstance(asked, str):
            _not_allowed(connection, run, asked)
            return
        found = asked
    assert connection.identity is not None and connection.committer is not None
    if run.properties is not None and run.properties.payload_format_indicator and not is_text(run.payloads[0]):
        _not_text(connection, run)
        return
    connection.gateway.messages_in += len(run.payloads)
    connection.gateway.tally.received[run.qos] += len(run.payloads)
    if found.asks:
        _asks(connection, found, run)
    elif found.thing is not None:
        _report(connection, found, run)
    else:
        _publish(connection, found, run)


def _asks(connection: Connection, found: Route, run: PublishRun) -> None:
    """More than a report or an ordinary publication."""
    if found.asks == "line" and connection.line is not None:
        connection.gateway.tally.received_bytes[run.qos] += sum(map(len, run.payloads))
        connection.line.heard(run)
    elif found.asks == "bridge":
        connection.gateway.bridges.heard(connection, found.topic, run.payloads, run.packet_ids, run.dups)
        _publish(connection, found, run)
    else:
        connection.asking = connection.asking or Asking(connection)
        connection.asking.add(found, run)


def _report(connection: Connection, found: Route, run: PublishRun) -> None:
    assert connection.session is not None and connection.committer is not None and found.thing is not None
    size = sum(map(len, run.payloads))
    if size > LARGEST_REPORT and max(map(len, run.payloads)) > LARGEST_REPORT:
        _in_part(connection, found, run)
        return
    entry = Reports(
        found.thing, connection.session.key, found.suffix, now_us(), run.payloads, b"".join(run.packet_ids), run.dups
    )
    # what frames a payload weighs too: a socket's chunk can hold fifty thousand empty ones
    connection.gateway.tally.received_bytes[run.qos] += size
    size += PAYLOAD_BYTES * len(run.payloads)
    place = connection.gateway.place(connection.session.root)
    if run.qos or run.retain or place.listened_to:
        connection.committer.add(entry, size, _done(connection, found, run))
    else:
        connection.committer.add(entry, size)


def _in_part(connection: Connection, found: Route, run: PublishRun) -> None:
    """Refuse the reports of a run that are too large; take the others."""
    for index, payload in enumerate(run.payloads):
        one = slice(index, index + 1)
        dups = [0] if index in run.dups else []
        alone = PublishRun(run.topic, run.qos, [payload], run.packet_ids[one], dups, run.retain, run.properties)
        if len(payload) <= LARGEST_REPORT:
            _report(connection, found, alone)
            continue
        detail = f"a report of {len(payload)} bytes; at most {LARGEST_REPORT} are read"
        connection.refuse("too_large", run.topic, detail)
        if run.qos:
            connection.answer_each(alone, ReasonCode.QUOTA_EXCEEDED, detail)


def _publish(connection: Connection, found: Route, run: PublishRun) -> None:
    assert connection.session is not None and connection.committer is not None
    session, at = connection.session, now_us()
    last = len(run.payloads) - 1
    connection.gateway.tally.received_bytes[run.qos] += sum(map(len, run.payloads))
    for i, payload in enumerate(run.payloads):
        entry = Published(session.root, session.key, found.topic, at, payload, run.qos, run.retain)
        size = len(payload) + len(found.topic)
        connection.committer.add(entry, size, _done(connection, found, run) if i == last else None)


def _done(connection: Connection, found: Route, run: PublishRun) -> Callable[[UnisonoError | None], None]:
    connection.said += 1

    def done(error: UnisonoError | None) -> None:
        if error is None:
            _on_disk(connection, found, run)
        else:
            connection.not_taken(run, error)
        connection.settled += 1
        if connection.later is not None:
            catch_up(connection)

    return done


def _on_disk(connection: Connection, found: Route, run: PublishRun) -> None:
    """The log has it: it goes to who subscribed, and is answered when all that has to be kept of that is."""
    heard, kept = connection.gateway.delivery.publish(connection.session, found.topic, run)
    # what is a report is the hub's own to hear; brokers that tell this at all tell it at QoS 1 only
    unheard = not heard and found.thing is None and run.qos == 1
    reason = ReasonCode.NO_MATCHING_SUBSCRIBERS if unheard else ReasonCode.SUCCESS
    if kept is None:
        connection.acknowledge(run, reason)
        return

    def safe(future: asyncio.Future[UnisonoError | None]) -> None:
        error = future.result()
        if error is None:
            connection.acknowledge(run, reason)
        else:
            connection.not_taken(run, error)

    kept.add_done_callback(safe)


def _route(connection: Connection, topic: str) -> Route | str:
    """Where it goes, or why it may not."""
    assert connection.identity is not None
    found = route(connection.identity, topic)
    if connection.line is not None and connection.identity.rights.kind == "claim" and connection.line.speaks(topic):
        found = Route(topic, None, "")  # all that a newcomer may say, it says to its dialect
    if isinstance(found, str):
        connection.refuse("topic_not_allowed", topic, found)
        return found
    if found.thing is None and not found.asks:
        if connection.line is not None and connection.line.speaks(topic):
            found = found._replace(asks="line")
        elif connection.bridges:
            found = found._replace(asks="bridge")
    if connection.routes is None or len(connection.routes) >= ROUTES:
        connection.routes = {}
    connection.routes[topic] = found
    return found


def _not_allowed(connection: Connection, run: PublishRun, why: str) -> None:
    """[MQTT-3.3.5-2]: before version 5 there is no way to say no, so it is acknowledged and dropped - visibly."""
    connection.gateway.doorman.refused("topic_not_allowed", len(run.payloads))
    if run.qos:
        connection.answer_each(run, ReasonCode.NOT_AUTHORIZED, why)


def _not_text(connection: Connection, run: PublishRun) -> None:
    """Section 3.3.2.3.2: who says that its payload is text is taken at its word."""
    detail = "the payload format indicator says UTF-8, the payload is not"
    connection.refuse("bad_value", run.topic, detail)
    if run.qos:
        connection.answer_each(run, ReasonCode.PAYLOAD_FORMAT_INVALID, detail)
