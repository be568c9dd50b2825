"""What gateways tell of who is connected and who was refused: the shapes on the bus, beside `unisono.twin.talk`.

Knows msgpack shapes (msgspec arrays; new fields are appended with a default). Times are microseconds since the Unix
epoch (UTC).
"""

from __future__ import annotations

import msgspec

__all__ = [
    "Attempt",
    "AttemptsAnswer",
    "AttemptsAsk",
    "ClientView",
    "ClientsAnswer",
    "ClientsAsk",
    "Failed",
    "Kick",
    "Series",
    "failed",
]


def failed() -> str:
    """Subject on which every door tells the others of a `Failed` sign-in."""
    return "gateway.failed"


class Failed(msgspec.Struct, array_like=True):
    """A sign-in failed at ``door``: it counts at every door, else a guesser had one try more for each."""

    door: str
    address: str
    user: str


class Series(msgspec.Struct, array_like=True):
    """One figure of a gateway or an owner for ``/metrics``: ``name`` is a key of the API's table, ``labels`` beside the
    gateway or partition."""

    name: str
    labels: dict[str, str]
    value: float


class ClientsAsk(msgspec.Struct, array_like=True):
    """Connected clients in the order of their ids, after ``after``, at most ``limit``.

    ``roots``: only of these root places, None for all. ``id``: only this one, with its filters and topics. ``q``: only
    with this in the id, the client id, the address or the thing.
    """

    limit: int = 100
    after: str = ""
    roots: list[str] | None = None
    id: str = ""
    q: str = ""


class ClientView(msgspec.Struct, array_like=True):
    """One connected client. ``id``: the key of its session, ``<thing>`` or ``<thing>/<client id>``.

    ``protocol``: 3.1, 3.1.1 or 5.0; ``transport``: tcp, tls, ws or wss. ``session_expiry_s``: 0xFFFFFFFF stands for
    ever. ``in_flight``: sent to it and not acknowledged; ``unanswered``: from it and not yet on disk. ``held``: why it
    is not read just now. ``ordinary``: a few topics that it published to and that are no thing's
    and no dialect's.
    """

    id: str
    client_id: str
    thing: str
    root: str
    gateway: str
    address: str
    protocol: str
    transport: str
    since: int
    keep_alive_s: int
    session_expiry_s: int
    subscriptions: int
    queue: int
    queue_bytes: int
    in_flight: int
    unanswered: int
    dropped: int
    messages_in: int
    bytes_in: int
    messages_out: int
    bytes_out: int
    messages_in_per_s: float
    bytes_in_per_s: float
    messages_out_per_s: float
    bytes_out_per_s: float
    held: list[str] = []
    filters: list[str] = []
    ordinary: list[str] = []


class ClientsAnswer(msgspec.Struct, array_like=True):
    clients: list[ClientView]


class Kick(msgspec.Struct, array_like=True):
    """Send the client with this session key away; answered with 1 when it was there."""

    id: str


class AttemptsAsk(msgspec.Struct, array_like=True):
    """Refused attempts, newest first. ``user``: only with this user name or thing; ``address``: only from there."""

    limit: int = 100
    user: str = ""
    address: str = ""


class Attempt(msgspec.Struct, array_like=True):
    """A connection that was not let in, or was ended for what it did. Alike ones are counted as one.

    ``kind`` says what it looks like (`unisono.gateway.door.attempts`), ``code`` is one of ``unisono.errors.CODES``.
    ``password`` tells the shape of what was given, never the password.
    """

    at: int
    gateway: str
    address: str
    kind: str
    code: str
    detail: str
    user: str = ""
    client_id: str = ""
    protocol: str = ""
    transport: str = ""
    password: str = ""
    first: int = 0
    count: int = 1


class AttemptsAnswer(msgspec.Struct, array_like=True):
    attempts: list[Attempt]
