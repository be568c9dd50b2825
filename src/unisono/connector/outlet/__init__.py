"""Outlets: changes and events of a place onward to a webhook, an MQTT broker or NATS, at least once, from the log."""

from __future__ import annotations

from unisono.connector.outlet.outlets import Outlets

__all__ = ["Outlets"]
