"""``$SYS/broker/...``: what brokers tell about themselves, so that tools made for others find it here too.

Knows a gateway's counters. Published in every root place alike, about this gateway process only; nothing in it tells of
a place, a thing or a person. Any client that has signed in may subscribe; none can publish there.
"""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from unisono.gateway.routing import BROKER
from unisono.gateway.sessions.session import Message
from unisono.wire.mqtt import matches

if TYPE_CHECKING:
    from unisono.gateway.server import Gateway

__all__ = ["EVERY_S", "BrokerTopics"]

#: What has changed is published so often, and only where somebody subscribed: Mosquitto's interval.
EVERY_S = 10.0


class BrokerTopics:
    """The topics of one gateway; the names are Mosquitto's where it has the same."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._began = time.monotonic()
        self._told: dict[str, bytes] = {}

    def values(self) -> dict[str, bytes]:
        """Topic > payload, as of now."""
        gateway = self._gateway
        tally = gateway.tally
        sessions = list(gateway.sessions)
        connected = sum(session.connection is not None for session in sessions)
        told = {
            "version": f"unisono {version('unisono')}",
            "uptime": f"{time.monotonic() - self._began:.0f} seconds",
            "clients/connected": connected,
            "clients/disconnected": len(sessions) - connected,
            "clients/total": len(sessions),
            "messages/received": sum(tally.received),
            "messages/sent": sum(tally.sent),
            "publish/bytes/received": sum(tally.received_bytes),
            "publish/bytes/sent": sum(tally.sent_bytes),
            "publish/messages/dropped": tally.dropped,
            "subscriptions/count": sum(len(place.tree) for place in gateway.places),
            "retained messages/count": sum(len(place.retained) for place in gateway.places),
        }
        return {f"{BROKER}broker/{name}": str(value).encode() for name, value in told.items()}

    def shown(self, filter: str) -> list[Message]:
        """What a new subscription is shown, as if it were retained."""
        if not filter.startswith(BROKER):
            return []
        return [_message(topic, value, True) for topic, value in self.values().items() if matches(filter, topic)]

    def publish(self) -> None:
        """Tell every place's subscribers what has changed since the last time."""
        places = [place for place in self._gateway.places if place.asks_for_broker]
        values = self.values() if places else {}
        changed = {topic: value for topic, value in values.items() if self._told.get(topic) != value}
        self._told = values
        for place in places:
            for topic, value in changed.items():
                place.deliver(_message(topic, value, False))


def _message(topic: str, value: bytes, retain: bool) -> Message:
    return Message(topic, value, 1, retain, None)
