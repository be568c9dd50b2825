"""MQTT 3.1.1 and 5.0 without sockets: packets, their bytes, and both ends of a connection."""

from __future__ import annotations

from unisono.wire.mqtt.client import ClientConnection
from unisono.wire.mqtt.delivery import Session
from unisono.wire.mqtt.events import (
    Acknowledged,
    AuthReceived,
    ClientEvent,
    Connected,
    Disconnected,
    Event,
    Pinged,
    ProtocolError,
    PublishRun,
    Released,
    Reply,
    Subscribed,
    Unsubscribed,
)
from unisono.wire.mqtt.limits import Limits
from unisono.wire.mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Properties,
    Publish,
    Suback,
    Subscription,
    Unsuback,
    Version,
    Will,
)
from unisono.wire.mqtt.reason import ReasonCode, ViolationError
from unisono.wire.mqtt.server import ServerConnection, State
from unisono.wire.mqtt.topics import SubscriptionTree, check_filter, check_topic, is_wild, matches, split_shared

__all__ = [
    "Acknowledged",
    "AuthReceived",
    "ClientConnection",
    "ClientEvent",
    "Connack",
    "Connect",
    "Connected",
    "Disconnect",
    "Disconnected",
    "Event",
    "Limits",
    "Pinged",
    "Properties",
    "ProtocolError",
    "Publish",
    "PublishRun",
    "ReasonCode",
    "Released",
    "Reply",
    "ServerConnection",
    "Session",
    "State",
    "Suback",
    "Subscribed",
    "Subscription",
    "SubscriptionTree",
    "Unsuback",
    "Unsubscribed",
    "Version",
    "ViolationError",
    "Will",
    "check_filter",
    "check_topic",
    "is_wild",
    "matches",
    "split_shared",
]
