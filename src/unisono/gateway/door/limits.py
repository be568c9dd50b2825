"""What one connection, thing, root place or address may ask of the hub, as settings: ``DIR/limits.toml``.

Knows numbers and their defaults. Knows no sockets; what happens at each limit is in ``docs/limits.md``. A rate of 0 is
no limit of its own: then the disk's pace, shared out fairly, is.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from unisono.errors import CallerError
from unisono.gateway.door.policy import Policy

__all__ = [
    "LIMITS_FILE",
    "AddressLimits",
    "ConnectionLimits",
    "HubLimits",
    "PlaceLimits",
    "SignInLimits",
    "ThingLimits",
]

LIMITS_FILE = "limits.toml"

#: Zigbee2MQTT retains more than 1 MB about a few hundred devices, cameras send pictures. It must fit one message of the
#: bus twice: what waits for a client and goes to another gateway too is one entry of the journal.
LARGEST_PACKET = 2 * 1024 * 1024

Rate = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]


class ConnectionLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One connection. ``slow``: what becomes of a client that does not read and whose queue is full."""

    packet_bytes: Annotated[int, Meta(ge=1024, le=LARGEST_PACKET)] = LARGEST_PACKET
    messages_per_s: Rate = 0
    bytes_per_s: Rate = 0
    in_flight: Annotated[int, Meta(ge=1, le=65_535)] = 65_535
    receive_maximum: Annotated[int, Meta(ge=1, le=65_535)] = 1_024
    subscriptions: Count = 1_000
    queue_messages: Count = 1_000
    queue_bytes: Count = 1024 * 1024
    slow: Literal["drop", "disconnect"] = "drop"


class ThingLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All connections of one thing (or program). A bridge has one, a fleet program a few dozen."""

    messages_per_s: Rate = 0
    bytes_per_s: Rate = 0
    connections: Count = 100


class PlaceLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All connections of one root place."""

    messages_per_s: Rate = 0
    bytes_per_s: Rate = 0
    connections: Count = 50_000


class AddressLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All connections from one IP address. A whole site may stand behind one: its mass reconnect must fit.

    ``strangers``: connections that have not signed in yet.
    """

    messages_per_s: Rate = 0
    bytes_per_s: Rate = 0
    connections: Count = 20_000
    strangers: Count = 15_000


class SignInLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Failed sign-ins: after ``free`` of a thing from one address each next one waits, twice as long each time.

    ``address_free``: the same for all things together that fail from one address; successes pay failures back.
    ``strangers``: connections of the whole gateway that have not signed in; past it new ones are closed at once.
    """

    free: Count = 3
    first_s: Annotated[float, Meta(gt=0)] = 1.0
    longest_s: Annotated[float, Meta(gt=0)] = 60.0
    address_free: Count = 100
    strangers: Count = 20_000


class HubLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; every table and every key may be left out."""

    connection: ConnectionLimits = ConnectionLimits()
    thing: ThingLimits = ThingLimits()
    place: PlaceLimits = PlaceLimits()
    address: AddressLimits = AddressLimits()
    sign_in: SignInLimits = SignInLimits()
    mqtt: Policy = Policy()

    def within(self, bus_bytes: int) -> HubLimits:
        """The same where the bus takes ``bus_bytes`` in one message: a NATS of one's own may take fewer than ours."""
        most = min(self.connection.packet_bytes, bus_bytes // 2)
        return msgspec.structs.replace(self, connection=msgspec.structs.replace(self.connection, packet_bytes=most))

    @classmethod
    def read(cls, path: Path) -> HubLimits:
        """The limits in a file; the defaults when there is none. Raises CallerError ``bad_value`` naming the key."""
        try:
            text = path.read_text()
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise CallerError(f"{path} cannot be read: {error}", code="bad_value", field=LIMITS_FILE) from error
        try:
            return msgspec.convert(tomllib.loads(text), cls)
        except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
            raise CallerError(
                f"{path}: {error}",
                code="bad_value",
                field=LIMITS_FILE,
                mend="See docs/limits.md for what may stand there",
            ) from error
