"""What gateways, owners and the API say to each other on the bus: subjects and shapes.

Knows msgpack shapes (msgspec arrays; new fields are appended with a default). Knows nothing of how they travel.
Times are microseconds since the Unix epoch (UTC).
"""

from __future__ import annotations

from typing import Any

import msgspec

from unisono.access import Rights
from unisono.twin.command import REFUSED
from unisono.twin.record import Asked
from unisono.twin.visitors import Series

__all__ = [
    "ACCESS_CHANGED",
    "CLAIM",
    "DIALECT_ASKS",
    "LET_IN",
    "OUTLETS_CHANGED",
    "PROGRAM_ASKS",
    "PROVED",
    "SIGN_IN",
    "SIGN_IN_SLOWLY",
    "AccessChanged",
    "Certificate",
    "ClaimAnswer",
    "ClaimAsk",
    "CommandAsk",
    "CommandCancel",
    "CommandGet",
    "CommandView",
    "CommandsFind",
    "Credentials",
    "DeadLetter",
    "DeadLettersAsk",
    "DialectAsk",
    "Down",
    "GatewayStatus",
    "HistoryAnswer",
    "HistoryAsk",
    "Live",
    "LiveChange",
    "OwnerStatus",
    "Pressure",
    "ProgramAsk",
    "Reached",
    "SignIn",
    "SignInAnswer",
    "SignInAsk",
    "Taken",
    "TwinView",
    "TwinsAnswer",
    "TwinsAsk",
    "Watch",
    "ask_gateway",
    "ask_owner",
    "audit_id",
    "down",
    "live",
    "pressure",
    "taken",
]

SIGN_IN = "ask.signin"  # SignInAsk > SignInAnswer
SIGN_IN_SLOWLY = "ask.signin.slowly"  # the same, for those that were answered ``later``
ACCESS_CHANGED = "access.changed"  # AccessChanged, to everybody
OUTLETS_CHANGED = "outlets.changed"  # nothing, to whoever lets them run
CLAIM = "ask.claim"  # ClaimAsk > ClaimAnswer, or an error
DIALECT_ASKS = "ask.dialect"  # DialectAsk > a dict, or an error
LET_IN = "dialect.let-in"  # LetIn, to every gateway
PROGRAM_ASKS = "ask.program"  # ProgramAsk > CommandView, or an error

PROVED = "proved"
"""Stamp of a thing that an authentication method of the gateway has seen the proof of; the answer bears its own."""


def ask_owner(partition: str, verb: str) -> str:
    """Subject of a question to an owner.

    Verbs: ``twins`` (TwinsAsk > TwinsAnswer), ``history`` (HistoryAsk > HistoryAnswer), ``command`` (CommandAsk >
    CommandView), ``desired`` (TwinsAsk of one id > the JSON of its ``things/me/desired``), ``command-get`` (CommandGet
    > CommandView), ``commands`` (TwinsAsk > list[CommandView], newest first), ``commands-find`` (CommandsFind >
    list[CommandView]), ``cancel`` (CommandCancel > CommandView), ``denied`` (`unisono.twin.record.Denied` > b""),
    ``dead-letters`` (DeadLettersAsk > list[DeadLetter]), ``reached`` (Reached > b""), ``watch`` (Watch > b""),
    ``status`` (b"" > OwnerStatus).
    Those about scenes are in `unisono.scene.talk`.
    """
    return f"ask.owner.{partition}.{verb}"


def ask_gateway(gateway: str, verb: str) -> str:
    """Subject of a question to a gateway.

    Verbs: ``status`` (b"" > GatewayStatus); of `unisono.twin.visitors`: ``clients`` (ClientsAsk > ClientsAnswer),
    ``kick`` (Kick > 1 or 0), ``attempts`` (AttemptsAsk > AttemptsAnswer).
    """
    return f"ask.gateway.{gateway}.{verb}"


def live(partition: str) -> str:
    """Subject on which an owner publishes `Live` while somebody watches."""
    return f"live.{partition}"


def down(gateway: str) -> str:
    """Subject on which an owner hands a `Down` to the gateway of the thing's connection (answered when it was sent)."""
    return f"down.{gateway}"


def taken() -> str:
    """Subject on which gateways tell each other `Taken`."""
    return "gateway.taken"


def pressure(partition: str) -> str:
    """Subject on which an owner tells gateways its `Pressure`."""
    return f"pressure.{partition}"


class Pressure(msgspec.Struct, array_like=True):
    """How far the owner is behind. ``high``: read no more from devices until it is not; repeated while it lasts."""

    high: bool
    behind_bytes: int


class Taken(msgspec.Struct, array_like=True):
    """Clients connected to ``gateway``: whoever else holds their sessions lets them go (MQTT-3.1.4-3)."""

    clients: list[str]
    gateway: str


class Certificate(msgspec.Struct, array_like=True):
    """A client certificate whose private key the client has shown to hold.

    ``fingerprint``: SHA-256 of its DER form, in lower-case hex. ``subject``: its common name. ``ours``: this hub's CA
    issued it, and that was checked.
    """

    fingerprint: str
    subject: str = ""
    ours: bool = False
    not_before: int = 0
    not_after: int = 0


class Credentials(msgspec.Struct, array_like=True):
    """What a client shows at a door: a user name and a password (a thing's id and secret, ``claim`` and a code, any
    name and a token), a certificate, or both.

    With ``stamp`` (of an earlier `SignIn` of ``user``) it asks whether what signed in then still holds: ``ok`` says
    so, and the facts are today's. ``client``: the MQTT client id, in which some dialects say who they are; ``speaks``:
    the dialect of the earlier sign-in.
    """

    user: str
    password: str
    address: str = ""
    certificate: Certificate | None = None
    stamp: str = ""
    client: str = ""
    speaks: str = ""


class SignInAsk(msgspec.Struct, array_like=True):
    items: list[Credentials]


class SignIn(msgspec.Struct, array_like=True):
    """Who a client is; ``ok`` false with ``code`` when it may not enter: bad_credentials, unknown_thing, not_allowed,
    too_many, or ``later``: checking takes long, ask `SIGN_IN_SLOWLY`.

    ``id``: a thing's id, ``token:<id>`` of a program, ``claim:<id>`` of a device with a claim code. ``children``: ids
    of the things it speaks for. ``stamp``: with what it signed in, for a later recheck. ``version``: of a thing's
    secret. ``speaks``: the dialect, "" for our own; ``names``: what it and its children are called there.
    ``bridges``: things may announce themselves through it.
    """

    ok: bool
    id: str
    code: str = ""
    detail: str = ""
    root: str = ""
    partition: str = "0"
    children: list[str] = []
    version: int = 0
    stamp: str = ""
    rights: Rights = Rights()
    speaks: str = ""
    names: dict[str, str] = {}
    bridges: bool = False


class SignInAnswer(msgspec.Struct, array_like=True):
    items: list[SignIn]


class AccessChanged(msgspec.Struct, array_like=True):
    """A credential, a right or the existence of things changed: whoever keeps facts drops them, gateways recheck who
    is connected. ``tokens``: ids of tokens; None for any. ``removed``: those of ``things`` that are no more: what was
    kept for them must not reach whoever is called so later. ``again``: their lines are told of them anew in any case.
    """

    things: list[str]
    tokens: list[str] | None = []
    removed: list[str] = []
    again: bool = False


class ClaimAsk(msgspec.Struct, array_like=True):
    """A device redeems its claim code. What the claim does not say of the thing, the device may."""

    code: str
    address: str
    id: str | None = None
    model: str | None = None
    name: str | None = None


class ClaimAnswer(msgspec.Struct, array_like=True):
    """The device's identity from now on; ``ports`` by scheme (mqtt, mqtts, http...)."""

    id: str
    secret: str
    model: str
    place: str
    ports: dict[str, int] = {}


class ProgramAsk(msgspec.Struct, array_like=True):
    """The program that signed in with ``stamp`` wants something of a thing: as `CommandAsk`, rights still unchecked.

    ``address``: where its connection comes from; ``confirmation``: the second word.
    """

    stamp: str
    thing: str
    set: dict[str, Any] | None = None
    call: str | None = None
    input: dict[str, Any] | None = None
    address: str = ""
    confirmation: str | None = None


class DialectAsk(msgspec.Struct, array_like=True):
    """Something that a dialect must know or have done, asked by client ``by`` (a `SignIn.id`) of ``root``. The kinds
    and their facts are in `unisono.api.dialects.asks`."""

    dialect: str
    kind: str
    by: str
    root: str
    facts: dict[str, Any] = {}


class LetIn(msgspec.Struct, array_like=True):
    """Things that had announced themselves at ``root`` and waited are let in: by dialect and key."""

    root: str
    items: list[tuple[str, str]]


class TwinsAsk(msgspec.Struct, array_like=True):
    ids: list[str]


class TwinView(msgspec.Struct, array_like=True):
    """One twin as the owner holds it. ``state`` and ``desired``: property key > (value, at_us). ``seen`` 0: never."""

    id: str
    online: bool
    seen: int
    state: dict[str, tuple[Any, int]]
    desired: dict[str, tuple[Any, int]]
    open_commands: list[str]
    availability: str = "offline"  # online, offline, sleeping
    dead_letters: int = 0


class TwinsAnswer(msgspec.Struct, array_like=True):
    """``twins`` in the order asked, without those the owner does not know."""

    twins: list[TwinView]


class HistoryAsk(msgspec.Struct, array_like=True):
    """Raw values from ``start`` (inclusive) to ``end`` (exclusive) when ``points`` is 0, else at most so many buckets.

    ``after`` (ts, seq) continues a page of raw values. ``latest``: only the last value before ``start``, in ``raw``.
    """

    thing: str
    property: str
    start: int
    end: int
    points: int = 0
    limit: int = 1000
    after: tuple[int, int] | None = None
    latest: bool = False


class HistoryAnswer(msgspec.Struct, array_like=True):
    """``raw``: (ts, seq, value); ``buckets``: (ts, min, mean, max, last, count); ``more``: position to go on from."""

    raw: list[tuple[int, int, Any]] = []
    buckets: list[tuple[int, Any, Any, Any, Any, int]] = []
    more: tuple[int, int] | None = None


class CommandAsk(msgspec.Struct, array_like=True):
    """Ask for a command and wait up to ``wait_s`` for its end; answered after it is in the log."""

    asked: Asked
    wait_s: float = 0.0


class CommandGet(msgspec.Struct, array_like=True):
    id: str
    wait_s: float = 0.0


class CommandView(msgspec.Struct, array_like=True):
    """A command and where in its life it is (states as in the design; in the audit also ``refused``). ``why`` and
    ``code`` say how it ended, ``because`` what it was asked for."""

    id: str
    thing: str
    state: str
    by: dict[str, str]
    at: int
    ended: int | None = None
    set: dict[str, Any] | None = None
    call: str | None = None
    input: dict[str, Any] | None = None
    output: Any = None
    why: str | None = None
    code: str | None = None
    ttl_s: float = 0.0
    because: str | None = None


def audit_id(id: str, state: str, ended: int | None) -> str:
    """Under which id a command stands in the audit. What was refused may be asked for again under its key: each time is
    a line of its own."""
    return f"{id}!{ended}" if state == REFUSED else id


class CommandCancel(msgspec.Struct, array_like=True):
    """End a command that has not left yet."""

    id: str
    by: dict[str, str]


class CommandsFind(msgspec.Struct, array_like=True):
    """Commands that the owner holds, newest first: of ``things`` (None: of all), asked by ``who`` (an id, a kind, or
    the scene that somebody ran by hand), in ``states`` (``open``: not ended), from ``start`` on, before ``end`` (wall
    microseconds), older than ``before`` (at, id)."""

    things: list[str] | None = None
    who: str | None = None
    states: list[str] = []
    start: int | None = None
    end: int | None = None
    before: tuple[int, str] | None = None
    limit: int = 100


class DeadLettersAsk(msgspec.Struct, array_like=True):
    thing: str | None = None
    limit: int = 100


class DeadLetter(msgspec.Struct, array_like=True):
    """Something that was said but could not be taken in, with the reason."""

    at: int
    thing: str
    topic: str
    code: str
    detail: str
    excerpt: bytes = b""


class Reached(msgspec.Struct, array_like=True):
    """Answered as soon as the fold has passed log sequence ``seq``."""

    seq: int


class Watch(msgspec.Struct, array_like=True):
    """Somebody looks: publish `Live` for the next ``seconds``."""

    seconds: float


class LiveChange(msgspec.Struct, array_like=True):
    """What changed in one thing since the last `Live`. ``online`` None: unchanged."""

    thing: str
    changed: dict[str, tuple[Any, int]]
    at: int
    online: bool | None = None


class Live(msgspec.Struct, array_like=True):
    changes: list[LiveChange]
    commands: list[CommandView] = []


#: What a gateway answers to `Down` when it told the thing, which has no way to say that it did; else nothing.
SILENT = b"silent"


class Down(msgspec.Struct, array_like=True):
    """Deliver to the thing's client: ``topic`` is what follows ``things/<id>/``. The answer may be `SILENT`."""

    thing: str
    client: str
    topic: str
    payload: bytes


class OwnerStatus(msgspec.Struct, array_like=True):
    """Counters since the owner started, and positions in log sequences. ``results``: by outlet, how many results there
    have been for it."""

    partition: str
    log_id: str
    first_seq: int
    last_seq: int
    log_bytes: int
    twin_position: int
    checkpoint_position: int
    history_position: int
    history_rows: int
    messages: int
    values: int
    dead_letters: int
    things: int
    online: int
    ready: bool
    trouble: list[str] = []
    series: list[Series] = []
    results: dict[str, int] = {}


class GatewayStatus(msgspec.Struct, array_like=True):
    gateway: str
    connections: int
    messages_in: int
    messages_out: int
    refused: int
    batches: int
    pending: int
    trouble: list[str] = []
    series: list[Series] = []
