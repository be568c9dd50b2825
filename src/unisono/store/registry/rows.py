"""What the registry keeps, row by row.

Knows the fields of each row. Knows nothing of SQL, and nothing of what model documents, outbox entries, twins and
secrets mean. Times are microseconds since the Unix epoch (UTC); a partition is an integer as text.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "AccessRow",
    "AddressRow",
    "AlarmLineRow",
    "AlarmRow",
    "AuditRow",
    "CertificateRow",
    "ChannelRow",
    "Checkpoint",
    "ClaimRow",
    "ConfigurationRow",
    "CredentialRow",
    "DashboardRow",
    "DeliveryRow",
    "FirmwareRow",
    "ForeignRow",
    "GrantRow",
    "GroupRow",
    "InvitationRow",
    "ListenerRow",
    "ModelRow",
    "NewcomerRow",
    "NotificationRow",
    "OutboxItem",
    "OutboxRow",
    "OutletRow",
    "OutletState",
    "PasskeyRow",
    "PersonRow",
    "PlaceRow",
    "PolicyRow",
    "ProductRow",
    "SceneRow",
    "SceneText",
    "SceneVersionRow",
    "SecondFactorRow",
    "SignInFacts",
    "ThingRow",
    "TokenRow",
    "TopicRuleRow",
]


class PlaceRow(msgspec.Struct, frozen=True):
    """A place in its tree. ``root`` and ``partition`` are the registry's to fill: what a caller puts there is ignored.

    ``names`` holds further names by language tag, one or several each. ``zone`` is an IANA name, empty: as its parent;
    ``latitude`` and ``longitude`` are degrees, north and east positive.
    """

    id: str
    name: str
    names: dict[str, list[str]] = {}
    kind: str = "room"
    parent: str | None = None
    root: str = ""
    partition: str = ""
    zone: str = ""
    latitude: float | None = None
    longitude: float | None = None


class ModelRow(msgspec.Struct, frozen=True):
    """One immutable version of a model; ``document`` is its JSON text."""

    id: str
    version: int
    document: str
    vendor: str = ""
    kind: str = ""
    created: int = 0


class ThingRow(msgspec.Struct, frozen=True, gc=False):
    """A thing. ``root`` may be left empty: the registry fills it from ``place``; a wrong one is refused.

    ``names`` holds further names by language tag, one or several each.
    """

    id: str
    name: str
    model: str
    model_version: int
    place: str
    root: str = ""
    parent: str | None = None
    sleep_s: float = 0.0
    created: int = 0
    simulated: bool = False
    names: dict[str, list[str]] = {}


class SceneRow(msgspec.Struct, frozen=True):
    """A scene as it is in force. ``root`` may be left empty: the registry fills it; a wrong one is refused.

    ``at`` and ``by`` (``kind`` and ``id``): who saved this version, and when; ``switched_*``: who let it be triggered,
    or not, since it was there.
    """

    id: str
    name: str
    place: str
    version: int
    enabled: bool = True
    root: str = ""
    at: int = 0
    by: dict[str, str] = {}
    switched_at: int | None = None
    switched_by: dict[str, str] | None = None


class SceneText(msgspec.Struct, frozen=True):
    """A version about to be saved: its row, what it says, and what else it is found by."""

    row: SceneRow
    document: str
    names: list[str] = []


class SceneVersionRow(msgspec.Struct, frozen=True):
    """One immutable version of a scene; ``document`` is its text as it was written."""

    scene: str
    version: int
    document: str
    at: int = 0
    by: dict[str, str] = {}


class CredentialRow(msgspec.Struct, frozen=True, gc=False):
    """How a thing proves itself. The registry fills ``version``: it only grows, even when an id is used again.

    ``kind``: ``secret``; ``previous``, the one before it, in its time of grace until ``expires``; ``subject``, whose
    ``revoked`` closes the door to certificates of our CA made before. ``sealed``: the secret, encrypted, where a scheme
    needs its plain text.
    """

    thing: str
    hash: bytes
    kind: str = "secret"
    version: int = 0
    created: int = 0
    revoked: int | None = None
    expires: int | None = None
    sealed: bytes | None = None


class CertificateRow(msgspec.Struct, frozen=True, gc=False):
    """A client certificate that signs a thing in. ``fingerprint``: SHA-256 of its DER form, in lower-case hex."""

    fingerprint: str
    thing: str
    subject: str = ""
    not_after: int | None = None
    created: int = 0
    revoked: int | None = None


class ClaimRow(msgspec.Struct, frozen=True):
    """A one-time code that lets a new device in at ``place``. ``thing``, ``model``, ``name`` None: the device says."""

    id: str
    code_hash: bytes
    place: str
    thing: str | None
    model: str | None
    name: str | None
    created: int
    expires: int
    made_by: str
    used_at: int | None = None
    used_by: str | None = None
    used_from: str | None = None
    revoked: int | None = None


class TopicRuleRow(msgspec.Struct, frozen=True, gc=False):
    """A rule about topics; a thing's are kept in their order."""

    allow: bool
    access: str
    filter: str


class SignInFacts(msgspec.Struct, frozen=True):
    """All a gateway needs to let a thing in; ``hash`` is None when it has no credential or a revoked one.

    ``previous``: hash, version and expiry of the secret before it, in its time of grace. ``closed``: certificates of
    our CA made before this time are worth nothing. ``certificates``: registered ones by fingerprint, and whether each
    still counts. ``sealed``: the secret, encrypted, where a scheme signs with it.
    """

    id: str
    root: str
    partition: str
    model: str
    model_version: int
    parent: str | None
    children: list[str]
    hash: bytes | None
    version: int
    created: int = 0
    previous: tuple[bytes, int, int] | None = None
    closed: int | None = None
    certificates: dict[str, bool] = {}
    rules: list[TopicRuleRow] = []
    sealed: bytes | None = None


class ForeignRow(msgspec.Struct, frozen=True, gc=False):
    """What a thing is called in a dialect. ``called``: the name for people that it last gave itself; "": none."""

    dialect: str
    name: str
    thing: str
    called: str = ""


class NewcomerRow(msgspec.Struct, frozen=True):
    """Something that announced itself through the thing ``bridge`` as ``name`` of a dialect, and waits to be let in.
    ``parent``: the name of what it is a part of, or ""; ``model``: a model's document; ``at``: since when; ``seen``:
    when it last said what it is."""

    dialect: str
    name: str
    id: str
    bridge: str
    root: str
    called: str
    area: str
    parent: str
    model: str
    at: int
    seen: int
    ignored: bool = False


class ProductRow(msgspec.Struct, frozen=True):
    """A product whose devices get their secrets here. ``sealed``: the secret that they share; ``open``: also devices
    that nobody has named come in, as things of ``model`` at ``place``."""

    dialect: str
    product: str
    place: str
    model: str
    sealed: bytes | None = None
    open: bool = False
    created: int = 0


class PersonRow(msgspec.Struct, frozen=True):
    """A person or service account. ``role`` holds on the whole hub ("" where only grants count)."""

    id: str
    name: str
    password_hash: str | None = None
    role: str = ""
    created: int = 0
    disabled: bool = False


class GrantRow(msgspec.Struct, frozen=True):
    """A person's role at a place and everything below it. ``expires`` None: until taken back."""

    person: str
    place: str
    role: str
    expires: int | None = None


class TokenRow(msgspec.Struct, frozen=True):
    """A bearer token; only its hash is kept. ``expires`` None: until revoked. ``scopes`` None: all its person may.

    ``session``: of a person who signed in, with the program (``agent``) and ``address`` that they used; ``seen``: last
    used, to some minutes.
    """

    id: str
    person: str
    hash: bytes
    name: str = ""
    expires: int | None = None
    scopes: list[str] | None = None
    created: int = 0
    session: bool = False
    agent: str = ""
    address: str = ""
    seen: int | None = None


class InvitationRow(msgspec.Struct, frozen=True):
    """An invitation: who takes it gets ``role`` on the hub ("" for none) and ``grants``: by place, a role and its end
    (microseconds, or None)."""

    id: str
    code_hash: bytes
    name: str
    role: str
    grants: dict[str, tuple[str, int | None]]
    made_by: str
    created: int
    expires: int
    used_at: int | None = None
    used_by: str | None = None
    revoked: int | None = None


class SecondFactorRow(msgspec.Struct, frozen=True):
    """An authenticator app's secret, sealed. It counts once ``confirmed``; codes up to ``last_step`` were used."""

    person: str
    sealed: bytes
    created: int
    confirmed: int | None = None
    last_step: int = 0


class PasskeyRow(msgspec.Struct, frozen=True):
    """A passkey (WebAuthn credential): its id in base64url, the ``host`` it is for, the public key (COSE)."""

    id: str
    person: str
    name: str
    host: str
    public_key: bytes
    sign_count: int = 0
    created: int = 0
    used: int | None = None


class AccessRow(msgspec.Struct, frozen=True):
    """One line of the audit of access: who (``by``) did what (``act``) ``about`` whom. ``number`` is the registry's."""

    number: int
    at: int
    act: str
    by: str
    about: str
    address: str = ""
    detail: dict[str, Any] = {}


class AlarmRow(msgspec.Struct, frozen=True):
    """One version of an alarm's definition; ``document`` is its text as it was written. ``root`` is the registry's to
    fill. ``by``: who saved it."""

    id: str
    version: int
    name: str
    place: str
    document: str
    at: int = 0
    by: dict[str, str] = {}
    root: str = ""


class AlarmLineRow(msgspec.Struct, frozen=True, gc=False):
    """Something that happened to an alarm. ``number`` counts them in a partition; ``value`` is JSON, ``by`` is
    ``KIND:ID`` or empty."""

    at: int
    partition: str
    number: int
    definition: str
    thing: str
    place: str
    root: str
    severity: str
    act: str
    before: str
    after: str
    value: str
    text: str
    by: str
    comment: str


class OutletRow(msgspec.Struct, frozen=True):
    """An outlet: its document (JSON), and its secrets, sealed."""

    id: str
    place: str
    document: str
    sealed: bytes | None
    created: int


class DashboardRow(msgspec.Struct, frozen=True):
    """A dashboard: what is on it (JSON), whose it is, and the place it is shared at; None: nobody else sees it.

    ``by`` saved this version."""

    id: str
    name: str
    owner: str
    place: str | None
    document: str
    version: int = 1
    at: int = 0
    by: str = ""


class OutletState(msgspec.Struct, frozen=True):
    """How far an outlet has come in one of what it reads in a partition: ``source`` is ``log`` or ``results``, ``log``
    the id of that stream.

    ``again``: a reader of the log looks back to there; ``count``: of the results for it, the last that has left.
    ``sent``: items; ``skipped``: messages (of results: items) that were purged.
    """

    outlet: str
    partition: str
    source: str
    log: str = ""
    seq: int = 0
    again: int = 0
    count: int = 0
    sent: int = 0
    skipped: int = 0
    error: str | None = None
    at: int = 0


class PolicyRow(msgspec.Struct, frozen=True):
    """One version of a root place's safety document (JSON); None: from then on there was none."""

    root: str
    version: int
    document: str | None
    at: int
    by: str


class AuditRow(msgspec.Struct, frozen=True, gc=False):
    """What became of a command. ``kind`` and ``who``: who asked; ``scene``: the scene that somebody ran by hand for it;
    ``body`` is the owner's view of it, as bytes."""

    id: str
    partition: str
    thing: str
    root: str
    at: int
    ended: int
    state: str
    kind: str
    who: str
    body: bytes
    scene: str | None = None


class OutboxRow(msgspec.Struct, frozen=True, gc=False):
    """An entry that must reach the log of ``partition``, as encoded bytes."""

    partition: str
    entry: bytes


class OutboxItem(msgspec.Struct, frozen=True, gc=False):
    """An `OutboxRow` that waits; ``id`` grows in the order of the commits and is never used again."""

    id: int
    partition: str
    entry: bytes


class Checkpoint(msgspec.Struct, frozen=True):
    """Where the fold of a partition stands: everything up to ``seq`` of log ``log_id`` is in the twins beside it."""

    partition: str
    log_id: str
    seq: int
    epoch: int
    state: bytes


class ChannelRow(msgspec.Struct, frozen=True):
    """A way to tell a person. ``sealed``: its address with secrets, encrypted; ``shown``: the same without them.

    ``address`` is a hash that is the same for channels that end at the same place.
    """

    id: str
    person: str
    service: str
    name: str
    address: str
    sealed: bytes
    shown: str
    priorities: list[str]
    requests: int = 1
    title_max: int = 250
    text_max: int = 2000
    created: int = 0


class ListenerRow(msgspec.Struct, frozen=True):
    """How a person wants to be told. ``spans`` are quiet hours, as whoever reads them wrote them."""

    person: str
    zone: str = "UTC"
    spans: list[dict[str, Any]] = []
    passes: str = "critical"
    language: str = "en"


class GroupRow(msgspec.Struct, frozen=True):
    """People who are told together, in the order of their ids."""

    id: str
    name: str
    people: list[str] = []


class NotificationRow(msgspec.Struct, frozen=True):
    """What was to be told. ``to``: as it was asked; ``missed``: who was reached by no channel, and why. ``since``,
    ``over``: when what it tells of began and ended; 0: of no matter, or not yet."""

    id: str
    partition: str
    run: str
    to: list[str]
    title: str
    text: str
    priority: str
    group: str | None
    by: dict[str, str]
    at: int
    accepted: int
    expires: int
    missed: dict[str, str] = {}
    since: int = 0
    over: int = 0


class DeliveryRow(msgspec.Struct, frozen=True):
    """A notification on its way to a channel; both may be gone by now."""

    notification: str
    channel: str
    person: str
    address: str
    service: str
    priority: str
    group: str | None
    at: int
    due: int
    expires: int
    state: str
    attempts: int
    answer: str
    changed: int
    alone: bool


class AddressRow(msgspec.Struct, frozen=True):
    """What became of an address so far, in the words of whoever keeps it."""

    address: str
    service: str
    pace: dict[str, object]


class ConfigurationRow(msgspec.Struct, frozen=True):
    """What a thing may fetch to be set otherwise. ``sha256`` in hex."""

    thing: str
    sha256: str
    created: int
    body: bytes


class FirmwareRow(msgspec.Struct, frozen=True):
    """Firmware for a thing, but for its bytes. ``sha256`` in hex, ``size`` in bytes."""

    thing: str
    title: str
    version: str
    sha256: str
    size: int
    created: int
