"""What one connection, thing, root place or address may ask of the hub, as settings: ``DIR/limits.toml``.

Knows numbers and their defaults. Knows no sockets; what happens at each limit is in ``docs/limits.md``. A rate of 0 is
no limit of its own: then the disk's pace, shared out fairly, is.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from unisono.errors import CallerError, UnisonoError, together
from unisono.gateway.door.policy import Policy
from unisono.thing.explain import explained

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
MEND = "docs/limits.md has the table of what may stand there"

_HEADER = re.compile(r"""\s*\[\s*["']?([^\]"']+?)["']?\s*\]""")

#: Zigbee2MQTT retains more than 1 MB about a few hundred devices, cameras send pictures. It must fit one message of the
#: bus twice: what waits for a client and goes to another gateway too is one entry of the journal.
LARGEST_PACKET = 2 * 1024 * 1024

#: More than any machine takes: what is written above it (or as ``inf``) is a slip, and 0 is what was meant.
MOST = 1_000_000_000
#: A month: nobody waits any longer.
LONGEST_S = 31 * 86_400

Rate = Annotated[float, Meta(ge=0, le=MOST)]
Count = Annotated[int, Meta(ge=1, le=MOST)]
Seconds = Annotated[float, Meta(gt=0, le=LONGEST_S)]


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
    first_s: Seconds = 1.0
    longest_s: Seconds = 60.0
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
    def read(cls, path: Path, *, wanted: bool = False) -> HubLimits:
        """The limits in a file; the defaults when there is none, unless it is ``wanted``. Raises CallerError
        ``bad_value`` that says which key in which line, and what would be right."""
        try:
            text = path.read_text()
        except FileNotFoundError as error:
            if wanted:
                raise CallerError(
                    f"there is no file {path}", code="bad_value", field="limits", mend="Write it, or leave --limits out"
                ) from error
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise CallerError(f"{path} cannot be read: {error}", code="bad_value", field=LIMITS_FILE) from error
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise CallerError(
                f"{path} is no TOML: {error}",
                code="bad_value",
                expected="tables such as [thing] with lines such as connections = 5, each once",
                mend=MEND,
            ) from error
        try:
            return msgspec.convert(document, cls)
        except msgspec.ValidationError as error:
            raise _explain(str(error), document, path, text) from error


def _explain(message: str, document: dict[str, Any], path: Path, text: str) -> CallerError:
    """What is wrong with a file that is TOML."""
    found = explained(message, HubLimits, "bad_value", document)
    return together([_in_file(each, document, path, text) for each in (found, *found.others)])


def _in_file(found: UnisonoError, document: dict[str, Any], path: Path, text: str) -> CallerError:
    field, detail, expected = found.field or "", found.detail, found.expected
    table, _, key = field.partition(".")
    known = msgspec.to_builtins(HubLimits())
    elsewhere = [f"[{name}]" for name, keys in known.items() if (key or table) in keys]
    if key not in known.get(table, {}) and elsewhere:
        expected = f"it below {' or '.join(elsewhere)}"
    elif table in known and not key:
        detail, expected = f"{table} is no table", f"[{table}], and lines below it such as {_example(known[table])}"
    elif key in known.get(table, {}):
        detail = f"{document[table][key]!r} does not fit"
    line = _line_of(text, table, key)
    where = f"{path}, line {line}" if line else str(path)
    return CallerError(f"{where}: {detail}", code="bad_value", field=field, expected=expected, mend=MEND)


def _example(keys: dict[str, Any]) -> str:
    return " = ".join(str(part) for part in next(iter(keys.items())))


def _line_of(text: str, table: str, key: str) -> int:
    """Where a key of a table is set, or the table begins; 0 where that is written in another way."""
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            inside = header[1]
            if inside == table and not key:
                return number
            continue
        name = line.partition("=")[0].strip().strip("\"'")
        if (inside, name) == (table, key) or (not inside and name in (table, f"{table}.{key}")):
            return number
    return 0
