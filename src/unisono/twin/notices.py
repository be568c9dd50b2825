"""What the owner, the API and the notifier say to each other about telling people: subjects and shapes.

Knows msgpack shapes (`Notice` as a map, the rest as arrays; new fields are appended with a default). Knows nothing of
how they travel. Times are microseconds since the Unix epoch (UTC).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from unisono.twin.visitors import Series

__all__ = [
    "ALLOW",
    "CHANGED",
    "CHECK",
    "META_ALLOWED",
    "META_PUSH_KEY",
    "STATUS",
    "TRIAL",
    "Allow",
    "ChannelFacts",
    "Check",
    "Kept",
    "Notice",
    "NotifierStatus",
    "PushKey",
    "Telling",
    "Trial",
    "Tried",
    "notify",
]

CHECK = "ask.notify.check"  # Check > ChannelFacts, or an error that says what is wrong with the address
ALLOW = "ask.notify.allow"  # Allow > b"", or an error that says which is none
TRIAL = "ask.notify.trial"  # Trial > Tried, or an error
STATUS = "ask.notify.status"  # b"" > NotifierStatus
CHANGED = "notify.changed"  # b"": channels, quiet hours or allowed addresses are others now

# What both keep in the registry, by its key there: a `PushKey`; words for `unisono.notify.reach`, separated by blanks.
META_PUSH_KEY = "notify.push_key"
META_ALLOWED = "notify.allowed"

Priority = Literal["low", "normal", "high", "critical"]


class Telling(msgspec.Struct, kw_only=True):
    """What to tell whom. ``to``: people and groups; none: everybody who has to do with ``place`` (None: with anything
    in the partition). ``group``: a later one replaces an earlier that has not left yet. ``ttl_s`` 0: by priority.

    ``since``, ``over``: when what it tells of began and ended; 0: of no matter, or not yet. ``recall``: nothing new is
    told, but what of ``group`` has not left yet is over.
    """

    to: list[str] = []
    title: str = ""
    text: str = ""
    priority: Priority = "normal"
    group: str | None = None
    ttl_s: float = 0.0
    place: str | None = None
    since: int = 0
    over: int = 0
    recall: bool = False


def notify(partition: str) -> str:
    """Subject on which a `Notice` is handed to the notify room.

    Any answer but an error says that the room has it on disk; until then it is handed over again and again, under the
    same id, over restarts too. An error of the caller's fault says that it will never be taken.
    """
    return f"notify.{partition}"


class Notice(msgspec.Struct, kw_only=True):
    """A notification to take in, on the subject of `notify`; answered (`Kept`) once it is on disk.

    ``id`` makes a repetition harmless; ``run``: of the scene; ``by``: who asked. Read strictly: an error of the
    caller's fault says that it will never be taken.
    """

    id: str
    run: str = ""
    body: Telling
    at: int = 0
    by: dict[str, str] = {}


class Kept(msgspec.Struct, array_like=True):
    """It is on disk. ``new`` False: it was already; ``deliveries``: to how many channels it goes."""

    new: bool
    deliveries: int = 0


class Check(msgspec.Struct, array_like=True):
    """Is this the address of a channel? With keys ``url`` is where a browser's subscription ends."""

    url: str
    p256dh: str = ""
    auth: str = ""


class Allow(msgspec.Struct, array_like=True):
    """Hosts and networks inside the house that messages may go to from now on; all of them."""

    hosts: list[str]


class ChannelFacts(msgspec.Struct, array_like=True):
    """What an address is. ``shown``: without its secrets; ``identity``: the same for all that end at the same place."""

    service: str
    name: str
    shown: str
    identity: str
    requests: int
    title_max: int
    text_max: int


class Trial(msgspec.Struct, array_like=True):
    """Send a message over a channel now."""

    channel: str


class Tried(msgspec.Struct, array_like=True):
    """The service took it. ``answer``: in its words."""

    answer: str


class NotifierStatus(msgspec.Struct, array_like=True):
    """How it is with telling people."""

    waiting: int
    held: int
    series: list[Series] = []
    trouble: list[str] = []


class PushKey(msgspec.Struct):
    """The key pair by which browsers know the hub: ``public`` for them, ``sealed`` (PEM, encrypted, hex) for us."""

    public: str
    sealed: str
