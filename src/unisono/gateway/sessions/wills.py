"""A lost client's will: published as the client itself would have (MQTT 5 section 3.1.2.5).

Knows sessions, routes and the committer. When a will is due is `unisono.gateway.server`'s to say.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from unisono.errors import UnisonoError
from unisono.gateway.clock import now_us
from unisono.gateway.routing import route
from unisono.gateway.sessions.session import SessionState, is_text
from unisono.twin.record import Published, Refused, Reports
from unisono.twin.talk import SignIn
from unisono.wire.mqtt import PublishRun, ReasonCode, Will

if TYPE_CHECKING:
    from unisono.gateway.server import Gateway

__all__ = ["delay_of", "fault_of", "publish_will"]

logger = logging.getLogger(__name__)


def delay_of(will: Will) -> int:
    """Seconds between the loss and the will."""
    return (will.properties.will_delay_interval or 0) if will.properties is not None else 0


def fault_of(will: Will) -> tuple[ReasonCode, str] | None:
    """Why no client may leave such a will, seen when it connects: what would be refused when nobody is there to hear
    it. Not UTF-8 where it says so (section 3.1.3.2.3); a topic of the broker's own [MQTT-4.7.2-1]."""
    if will.topic.startswith("$"):
        detail = f"a will may not go to {will.topic[:80]!r}: topics that begin with $ are the broker's own"
        return ReasonCode.NOT_AUTHORIZED, detail
    if will.properties is not None and will.properties.payload_format_indicator and not is_text(will.payload):
        return ReasonCode.PAYLOAD_FORMAT_INVALID, "the will is not UTF-8, as it says"
    return None


def publish_will(
    gateway: Gateway, session: SessionState, identity: SignIn, will: Will, then: Callable[[], None]
) -> None:
    """Into the log, then to who subscribed; then ``then``. A topic its client may not use is refused as in life."""
    committer = gateway.committer(identity.partition)
    at = now_us()
    found = route(identity, will.topic)
    if isinstance(found, str) or found.asks:
        why = found if isinstance(found, str) else "nobody waits for its answer"
        gateway.doorman.refused("topic_not_allowed")
        logger.info("the will of %s to %r is refused: %s", session.key, will.topic[:200], why)
        if session.ids:
            committer.add(Refused(identity.id, will.topic, at, "topic_not_allowed", f"its will: {why}"), len(why))
        then()
        return
    properties = will.properties
    if properties is not None:
        properties = msgspec.structs.replace(properties, will_delay_interval=None)
    run = PublishRun(found.topic, will.qos, [will.payload], [], [], will.retain, properties)

    def done(error: UnisonoError | None) -> None:
        if error is None:
            gateway.delivery.publish(session, found.topic, run)
            then()

    entry: Reports | Published
    if found.thing is not None:
        entry = Reports(found.thing, session.key, found.suffix, at, run.payloads)
    else:
        entry = Published(session.root, session.key, found.topic, at, will.payload, will.qos, will.retain)
        if identity.bridges or identity.rights.kind == "program":
            gateway.bridges.overheard(session.connection, session.root, identity, will.topic, will.payload)
    committer.add(entry, len(will.payload) + len(will.topic), done)
