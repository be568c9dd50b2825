"""What must outlive a gateway of its clients' sessions: entries, and the fold that turns them into sessions again.

Knows the shapes (msgpack arrays; new fields are appended with a default) and what each entry changes. Pure: no disk, no
sockets, no clock. The same fold runs while the gateway works and when it reads its journal at start, so a crash is a
replay. Times are wall time in microseconds since the Unix epoch; sessions are named by ``no``, a number that stands for
one key in one journal: a message for a thousand clients names a thousand of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from unisono.wire.mqtt import Properties, Will

__all__ = [
    "Began",
    "Completed",
    "Ended",
    "Entry",
    "Freed",
    "Heard",
    "Kept",
    "KeptMessage",
    "KeptWill",
    "Ledger",
    "Left",
    "Passed",
    "Received",
    "Record",
    "Sent",
    "Subscription",
    "Sundered",
    "Unheard",
    "Whole",
    "decode_entries",
    "encode_entries",
]

#: What a message that waits weighs beside its payload and topic: its fields, its place in each queue.
MESSAGE_BYTES = 128


class KeptWill(msgspec.Struct, array_like=True, gc=False):
    """A will as the client left it. ``delay_s``: how long after the loss it is due."""

    will: Will
    delay_s: int = 0


class Subscription(msgspec.Struct, array_like=True, gc=False):
    """One subscription of a session; fields as in `unisono.gateway.sessions.session.Subscribed`."""

    filter: str
    qos: int
    as_me: bool = False
    no_local: bool = False
    retain_as_published: bool = False
    identifier: int | None = None
    share: str = ""


class KeptMessage(msgspec.Struct, array_like=True, gc=False):
    """A message in the form in which it goes to the sessions ``to``. ``number`` grows with every message."""

    number: int
    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties | None
    expires_at: int
    share: str
    to: list[int]


class Began(msgspec.Struct, array_like=True, tag=1, gc=False):
    """A connection of session ``no`` began. ``fresh``: whatever was kept under its key is forgotten. ``identity``: who
    it signed in as (the caller's bytes)."""

    no: int
    key: str
    root: str
    identity: bytes
    fresh: bool
    epoch: int
    expiry_s: float
    at: int
    will: KeptWill | None = None


class Left(msgspec.Struct, array_like=True, tag=2, gc=False):
    """Its connection ended. ``will_due_at`` 0: there is no will (any more)."""

    no: int
    at: int
    expires_at: int
    will_due_at: int = 0


class Ended(msgspec.Struct, array_like=True, tag=3, gc=False):
    """The session is over."""

    no: int


class Heard(msgspec.Struct, array_like=True, tag=4, gc=False):
    """It subscribed; a filter that it had is replaced."""

    no: int
    subscriptions: list[Subscription]


class Unheard(msgspec.Struct, array_like=True, tag=5, gc=False):
    no: int
    filters: list[str]


class Kept(msgspec.Struct, array_like=True, tag=6, gc=False):
    """One publication's messages for sessions, and the QoS 2 ids (two bytes each) it came with from session
    ``held_by``: all of it is on disk, or nothing.

    ``origin`` and ``passed``: it came from another gateway, where it was number ``passed``; a repeat is known by that.
    ``onward``: gateways that are to have it too, and ``publication``, what they are to have.
    """

    messages: list[KeptMessage]
    held_by: int = 0
    held: bytes = b""
    origin: str = ""
    passed: int = 0
    onward: list[str] = []
    publication: bytes = b""


class Sent(msgspec.Struct, array_like=True, tag=7, gc=False):
    """Messages left for the client: (packet id, number)."""

    no: int
    pairs: list[tuple[int, int]]


class Received(msgspec.Struct, array_like=True, tag=8, gc=False):
    """PUBREC came for these packet ids: the client has the messages, PUBREL is what is owed."""

    no: int
    packet_ids: list[int]


class Completed(msgspec.Struct, array_like=True, tag=9, gc=False):
    """These packet ids are done."""

    no: int
    packet_ids: list[int]


class Sundered(msgspec.Struct, array_like=True, tag=10, gc=False):
    """These messages do not wait for this session any more: they expired, gave way at a bound, or went to another."""

    no: int
    numbers: list[int]


class Freed(msgspec.Struct, array_like=True, tag=11, gc=False):
    """PUBREL came for these ids (two bytes each) of the client's own QoS 2 messages."""

    no: int
    held: bytes


class Passed(msgspec.Struct, array_like=True, tag=12, gc=False):
    """What other gateways pass on was taken up to this sequence; publication ``onward`` of ours is with them."""

    seq: int
    onward: int = 0


class Record(msgspec.Struct, array_like=True):
    """One session. ``waiting``: numbers of messages not sent yet; ``sent``: packet id > number; ``received``: packet
    ids that owe PUBREL; ``held``: ids of the client's QoS 2 messages. ``left_at`` 0: it is connected."""

    no: int
    key: str
    root: str
    identity: bytes
    epoch: int
    expiry_s: float
    will: KeptWill | None = None
    left_at: int = 0
    expires_at: int = 0
    will_due_at: int = 0
    subscriptions: dict[str, Subscription] = {}
    waiting: dict[int, None] = {}
    sent: dict[int, int] = {}
    received: dict[int, None] = {}
    held: dict[bytes, None] = {}


class Whole(msgspec.Struct, array_like=True, tag=13, gc=False):
    """All of a session: takes the place of whatever entries before said of it. Its messages stand before it."""

    no: int
    key: str
    root: str
    identity: bytes
    epoch: int
    expiry_s: float
    will: KeptWill | None
    left_at: int
    expires_at: int
    will_due_at: int
    subscriptions: list[Subscription]
    waiting: list[int]
    sent: list[tuple[int, int]]
    received: list[int]
    held: bytes


class Known(msgspec.Struct, array_like=True, tag=14, gc=False):
    """The last number taken from each origin, and messages still to be passed on: the rest of what a ledger knows."""

    origins: dict[str, int]


Entry = (
    Began
    | Left
    | Ended
    | Heard
    | Unheard
    | Kept
    | Sent
    | Received
    | Completed
    | Sundered
    | Freed
    | Passed
    | Whole
    | Known
)


class Ledger:
    """The sessions that the entries so far make. ``numbers`` are never given twice: `last_number`, `last_no`."""

    def __init__(self) -> None:
        self.records: dict[int, Record] = {}
        self.by_key: dict[str, Record] = {}
        self.messages: dict[int, KeptMessage] = {}
        self.onward: dict[int, Kept] = {}
        self.origins: dict[str, int] = {}
        self.last_number = 0
        self.last_no = 0
        self.last_seq = 0
        self.bytes = 0
        self._users: dict[int, int] = {}

    def apply(self, entry: Any) -> None:
        """Take one entry. What it says of a session that is not (or no more) there changes nothing."""
        _FOLDS[type(entry)](self, entry)

    def entries(self, record: Record, told: set[int]) -> Iterator[Entry]:
        """What makes this record anew: its messages that are not in ``told`` yet (they are added), then itself."""
        for number in (*record.waiting, *record.sent.values()):
            if number not in told:
                told.add(number)
                yield Kept([msgspec.structs.replace(self.messages[number], to=[])])
        yield Whole(
            record.no,
            record.key,
            record.root,
            record.identity,
            record.epoch,
            record.expiry_s,
            record.will,
            record.left_at,
            record.expires_at,
            record.will_due_at,
            list(record.subscriptions.values()),
            list(record.waiting),
            list(record.sent.items()),
            list(record.received),
            b"".join(record.held),
        )

    def rest(self) -> Iterator[Entry]:
        """What makes everything anew that belongs to no session."""
        yield Known(self.origins)
        yield Passed(self.last_seq)
        for kept in self.onward.values():
            yield msgspec.structs.replace(kept, messages=[], held_by=0, held=b"")

    def weight(self, record: Record) -> int:
        """Bytes of messages that are kept for a session."""
        return sum(_weight(self.messages[number]) for number in (*record.waiting, *record.sent.values()))

    # the fold

    def _began(self, entry: Began) -> None:
        self.last_no = max(self.last_no, entry.no)
        record = self.by_key.get(entry.key)
        if record is not None and (entry.fresh or record.no != entry.no):
            self._ended(Ended(record.no))
            record = None
        if record is None:
            record = Record(entry.no, entry.key, entry.root, entry.identity, entry.epoch, entry.expiry_s)
            self.records[entry.no] = self.by_key[entry.key] = record
        record.identity = entry.identity
        record.epoch = entry.epoch
        record.expiry_s = entry.expiry_s
        record.will = entry.will
        record.left_at = record.expires_at = record.will_due_at = 0

    def _left(self, entry: Left) -> None:
        record = self.records.get(entry.no)
        if record is not None:
            record.left_at = entry.at
            record.expires_at = entry.expires_at
            record.will_due_at = entry.will_due_at
            if not entry.will_due_at:
                record.will = None

    def _ended(self, entry: Ended) -> None:
        record = self.records.pop(entry.no, None)
        if record is not None:
            del self.by_key[record.key]
            for number in (*record.waiting, *record.sent.values()):
                self._release(number)

    def _heard(self, entry: Heard) -> None:
        record = self.records.get(entry.no)
        if record is not None:
            record.subscriptions.update({each.filter: each for each in entry.subscriptions})

    def _unheard(self, entry: Unheard) -> None:
        record = self.records.get(entry.no)
        if record is not None:
            for filter in entry.filters:
                record.subscriptions.pop(filter, None)

    def _kept(self, entry: Kept) -> None:
        for message in entry.messages:
            self.last_number = max(self.last_number, message.number)
            count = 0
            for no in message.to:
                record = self.records.get(no)
                if record is not None and message.number not in record.waiting:
                    record.waiting[message.number] = None
                    count += 1
            if count or not message.to:  # a message that no `to` names is there for the records that follow
                self._users[message.number] = self._users.get(message.number, 0) + count
                if message.number not in self.messages:
                    self.messages[message.number] = message
                    self.bytes += _weight(message)
        if entry.held:
            record = self.records.get(entry.held_by)
            if record is not None:
                record.held.update(dict.fromkeys(_ids(entry.held)))
        if entry.origin:
            self.origins[entry.origin] = max(entry.passed, self.origins.get(entry.origin, 0))
        if entry.onward:
            self.onward[entry.passed] = entry
            self.last_number = max(self.last_number, entry.passed)

    def _sent(self, entry: Sent) -> None:
        record = self.records.get(entry.no)
        if record is None:
            return
        for packet_id, number in entry.pairs:
            if number in record.waiting:
                del record.waiting[number]
                self._complete(record, packet_id)  # an id that is given again was free: its end was written lazily
                record.sent[packet_id] = number

    def _received(self, entry: Received) -> None:
        record = self.records.get(entry.no)
        if record is None:
            return
        for packet_id in entry.packet_ids:
            number = record.sent.pop(packet_id, None)
            if number is not None:
                self._release(number)
                record.received[packet_id] = None

    def _completed(self, entry: Completed) -> None:
        record = self.records.get(entry.no)
        if record is not None:
            for packet_id in entry.packet_ids:
                self._complete(record, packet_id)

    def _complete(self, record: Record, packet_id: int) -> None:
        record.received.pop(packet_id, None)
        number = record.sent.pop(packet_id, None)
        if number is not None:
            self._release(number)

    def _sundered(self, entry: Sundered) -> None:
        record = self.records.get(entry.no)
        if record is None:
            return
        gone = set(entry.numbers)
        for packet_id in [packet_id for packet_id, number in record.sent.items() if number in gone]:
            self._complete(record, packet_id)
        for number in entry.numbers:
            if number in record.waiting:
                del record.waiting[number]
                self._release(number)

    def _freed(self, entry: Freed) -> None:
        record = self.records.get(entry.no)
        if record is not None:
            for packet_id in _ids(entry.held):
                record.held.pop(packet_id, None)

    def _passed(self, entry: Passed) -> None:
        self.last_seq = max(self.last_seq, entry.seq)
        self.onward.pop(entry.onward, None)

    def _whole(self, entry: Whole) -> None:
        self.last_no = max(self.last_no, entry.no)
        before = self.by_key.get(entry.key)
        for message in entry.waiting:
            self._users[message] = self._users.get(message, 0) + 1
        for _packet_id, message in entry.sent:
            self._users[message] = self._users.get(message, 0) + 1
        if before is not None:
            self._ended(Ended(before.no))
        record = Record(
            entry.no,
            entry.key,
            entry.root,
            entry.identity,
            entry.epoch,
            entry.expiry_s,
            entry.will,
            entry.left_at,
            entry.expires_at,
            entry.will_due_at,
            {each.filter: each for each in entry.subscriptions},
            dict.fromkeys(number for number in entry.waiting if number in self.messages),
            {packet_id: number for packet_id, number in entry.sent if number in self.messages},
            dict.fromkeys(entry.received),
            dict.fromkeys(_ids(entry.held)),
        )
        self.records[entry.no] = self.by_key[entry.key] = record

    def _known(self, entry: Known) -> None:
        for origin, number in entry.origins.items():
            self.origins[origin] = max(number, self.origins.get(origin, 0))

    def _release(self, number: int) -> None:
        left = self._users.get(number, 0) - 1
        self._users[number] = left
        if left <= 0:
            self._users.pop(number)
            message = self.messages.pop(number, None)
            if message is not None:
                self.bytes -= _weight(message)

    def tidy(self) -> None:
        """Forget messages that nobody waits for: once, when the journal has been read to its end."""
        for number in [number for number in self.messages if self._users.get(number, 0) <= 0]:
            self.bytes -= _weight(self.messages.pop(number))
            self._users.pop(number, None)


def _weight(message: KeptMessage) -> int:
    return len(message.payload) + len(message.topic) + MESSAGE_BYTES


def _ids(held: bytes) -> list[bytes]:
    return [held[i : i + 2] for i in range(0, len(held), 2)]


_FOLDS: dict[type, Callable[[Ledger, Any], None]] = {
    Began: Ledger._began,
    Left: Ledger._left,
    Ended: Ledger._ended,
    Heard: Ledger._heard,
    Unheard: Ledger._unheard,
    Kept: Ledger._kept,
    Sent: Ledger._sent,
    Received: Ledger._received,
    Completed: Ledger._completed,
    Sundered: Ledger._sundered,
    Freed: Ledger._freed,
    Passed: Ledger._passed,
    Whole: Ledger._whole,
    Known: Ledger._known,
}

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Entry])


def encode_entries(_source: str, _at: int, entries: list[Any]) -> bytes:
    """One message of the journal."""
    return _encoder.encode(entries)


def decode_entries(data: bytes) -> list[Entry]:
    """Raises ``msgspec.DecodeError`` for bytes that are no entries."""
    return _decoder.decode(data)
