"""What the notifier and its courier say to each other: one line of JSON each way.

Knows shapes. Knows nothing of how they are carried out.
"""

from __future__ import annotations

import msgspec

from unisono.notify.reach import Reach
from unisono.notify.verdict import Answer

__all__ = ["Check", "CourierSettings", "Errand", "Facts", "Push", "Report", "Send"]


class CourierSettings(msgspec.Struct):
    """``reroute``: another place for a host's HTTP requests, ``{"api.telegram.org": "http://127.0.0.1:8081"}``: a relay
    where a service cannot be reached, or a test's server.
    """

    reach: Reach
    reroute: dict[str, str] = {}


class Send(msgspec.Struct, tag="send"):
    """One message to one of apprise's addresses. ``weight``: info, warning or failure."""

    number: int
    url: str
    title: str
    text: str
    weight: str
    parameters: dict[str, str] = {}


class Push(msgspec.Struct, tag="push"):
    """One message to a browser. ``key``: the hub's (PEM). ``urgency``: RFC 8030 section 5.3; ``topic``: section 5.4."""

    number: int
    endpoint: str
    p256dh: str
    auth: str
    key: str
    contact: str
    content: str
    urgency: str
    ttl_s: int
    topic: str = ""


class Check(msgspec.Struct, tag="check"):
    """What is that address?"""

    number: int
    url: str


Errand = Send | Push | Check


class Facts(msgspec.Struct):
    """What an address of apprise is; ``service`` is its scheme."""

    service: str
    name: str
    shown: str
    identity: str
    requests: int
    title_max: int
    text_max: int


#: The number of what a courier reports first: it can be sent.
READY = 0


class Report(msgspec.Struct):
    """How an errand went. ``facts``: of a check; None when that is no address."""

    number: int
    answer: Answer
    facts: Facts | None = None
