"""The JSON shapes of the API: what people and programs send and get.

Knows fields and their bounds, and how registry rows and the owner's views become them. Knows no route and no storage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from unisono.api.times import iso, iso_or_none
from unisono.errors import CallerError
from unisono.store.registry import GrantRow, PersonRow, PlaceRow, ThingRow, TokenRow
from unisono.twin import talk

__all__ = [
    "MAX_BULK",
    "Access",
    "AccessNew",
    "Bucket",
    "BucketPage",
    "Bulk",
    "BulkError",
    "BulkRow",
    "Certificate",
    "CertificateNew",
    "Claim",
    "ClaimMade",
    "ClaimNew",
    "DeadLetter",
    "Login",
    "Mode",
    "ModelSummary",
    "Page",
    "Person",
    "PersonChange",
    "PersonNew",
    "Place",
    "PlaceChange",
    "PlaceNew",
    "Point",
    "PointPage",
    "Position",
    "Rule",
    "Secret",
    "Setup",
    "SignedIn",
    "Thing",
    "ThingAdded",
    "ThingChange",
    "ThingNew",
    "Token",
    "TokenMade",
    "TokenNew",
    "Value",
    "dead_letter",
    "names",
    "person",
    "place",
    "thing",
    "token",
]

# things in one POST: one registry transaction and a few log messages
MAX_BULK = 10_000

Item = TypeVar("Item")

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Id = Annotated[str, Meta(max_length=63)]
Kind = Annotated[str, Meta(max_length=40)]
# the longest IANA name has 32 characters
Zone = Annotated[str, Meta(max_length=64)]
# a BCP 47 tag, as far as anybody speaks to a lamp: zh, en-GB, zh-Hant-TW
Language = Annotated[str, Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
# a household calls a lamp three or four things; the bounds keep a thing's record in the log small
Names = Annotated[dict[Language, Name | Annotated[list[Name], Meta(min_length=1, max_length=20)]], Meta(max_length=20)]
SleepSeconds = Annotated[float, Meta(ge=0, le=31 * 86_400)]
# an ISO-8601 time, with a zone's offset
Ends = Annotated[str, Meta(max_length=40)]
Password = Annotated[str, Meta(min_length=8, max_length=256)]


class Page(msgspec.Struct, Generic[Item]):
    """Part of a list; ``next`` goes into ``?after=`` for the following part and is null at the end."""

    items: list[Item]
    next: str | None = None


class Value(msgspec.Struct):
    value: Any
    at: str


class Thing(msgspec.Struct):
    """A thing with its twin. ``availability``: online, offline, sleeping, or unknown (its owner does not answer).
    ``computed``: what it is computed from, if it is no device."""

    id: str
    name: str
    names: dict[str, list[str]]
    model: str
    model_version: int
    place: str
    parent: str | None
    online: bool
    availability: str
    seen: str | None
    state: dict[str, Value]
    desired: dict[str, Value]
    open_commands: list[str]
    simulated: bool
    sleep_s: float
    dead_letters: int
    created: str | None
    computed: dict[str, Any] | None = None


class Things(msgspec.Struct):
    """Part of a list of things; ``models`` are the documents of their models, where ``?models=true`` asks for them."""

    items: list[Thing]
    next: str | None = None
    models: list[Any] = []


class ThingNew(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A thing to add. ``id`` is made from the name when absent; ``model`` means its newest version unless told.

    ``names``: what else it is called, by language, one name or several: ``{"zh": ["沙发灯", "落地灯"]}``.
    ``computed``: what it is computed from, in place of a model and a secret. ``how``: the dialect that it speaks, and
    ``given`` what that has to know (`/api/v1/dialects`).
    ``waits``: what announces itself through it waits until it is let in (`/api/v1/newcomers`).
    """

    model: Annotated[str, Meta(max_length=200)] = ""
    place: Id
    id: Id | None = None
    name: Name | None = None
    names: Names = {}
    model_version: Annotated[int, Meta(ge=1)] | None = None
    parent: Id | None = None
    sleep_s: SleepSeconds = 0.0
    simulated: bool = False
    secret: Annotated[str, Meta(min_length=8, max_length=128)] | None = None
    computed: dict[str, Any] | None = None
    how: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    waits: bool = False
    given: Annotated[dict[str, Annotated[str, Meta(max_length=256)]], Meta(max_length=20)] = {}


class ThingChange(msgspec.Struct, forbid_unknown_fields=True):
    """What to change in a thing; what is absent stays. ``names`` takes the place of all there were."""

    name: Name | UnsetType = UNSET
    names: Names | UnsetType = UNSET
    model: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    model_version: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    place: Id | UnsetType = UNSET
    parent: Id | UnsetType | None = UNSET
    sleep_s: SleepSeconds | UnsetType = UNSET
    simulated: bool | UnsetType = UNSET
    computed: dict[str, Any] | UnsetType = UNSET


class ThingAdded(msgspec.Struct):
    """A thing just added; ``secret`` is shown here and never again. A computed thing has none. ``guide``: what to set
    on the device, where it was said how that speaks."""

    id: str
    name: str
    model: str
    model_version: int
    place: str
    secret: str | None
    guide: dict[str, Any] | None = None


class Mistake(msgspec.Struct):
    """One of several in one line."""

    detail: str
    field: str | None
    expected: str | None
    rule: str | None = None


class BulkError(msgspec.Struct):
    """What is wrong with a line: as in a problem document. ``rule``: which one a scene offends. ``errors``: all that is
    wrong, this first, where it is more than one thing."""

    code: str
    detail: str
    field: str | None
    expected: str | None
    rule: str | None = None
    errors: list[Mistake] = []


class BulkRow(msgspec.Struct, omit_defaults=True):
    """What became of a line. ``result``: created, exists or error; ``secret`` is shown here and never again.

    ``differs``: what the line says otherwise than the thing that exists; nothing of it was changed.
    """

    row: int
    id: str | None
    result: str
    secret: str | None = None
    differs: list[str] = []
    error: BulkError | None = None


class Bulk(msgspec.Struct):
    """What became of a table, line by line in its order (CSV: lines from 1; JSON: indices from 0)."""

    dry_run: bool
    created: int
    exists: int
    errors: int
    rows: list[BulkRow]


class Secret(msgspec.Struct):
    """A thing's new secret, shown here and never again. ``grace_until``: so long the one before it counts too."""

    id: str
    secret: str
    grace_until: str | None = None


class CertificateNew(msgspec.Struct, forbid_unknown_fields=True):
    """A client certificate: its PEM text, or the SHA-256 fingerprint of its DER form in hex."""

    pem: Annotated[str, Meta(max_length=20_000)] | None = None
    fingerprint: Annotated[str, Meta(max_length=200)] | None = None


class Certificate(msgspec.Struct):
    fingerprint: str
    subject: str
    created: str
    not_after: str | None
    revoked: str | None


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """One rule about topics. ``filter``: a topic filter; one that begins with a wildcard does not reach ``things/``."""

    allow: bool
    access: Annotated[str, Meta(pattern="^(publish|subscribe)$")]
    filter: Annotated[str, Meta(min_length=1, max_length=256)]


class AccessNew(msgspec.Struct, forbid_unknown_fields=True):
    rules: Annotated[list[Rule], Meta(max_length=50)]


class Access(msgspec.Struct):
    id: str
    rules: list[Rule]


class ClaimNew(msgspec.Struct, forbid_unknown_fields=True):
    """A claim code to make. What is absent the device says itself; ``valid_s``: seconds until the code runs out."""

    place: Id
    model: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    name: Name | None = None
    id: Id | None = None
    valid_s: Annotated[float, Meta(ge=60, le=30 * 86_400)] = 3600.0


class ClaimMade(msgspec.Struct):
    """A claim just made. ``code``, ``url`` and ``qr`` (SVG of the link) are shown here and never again."""

    id: str
    code: str
    url: str
    qr: str
    place: str
    model: str | None
    name: str | None
    thing: str | None
    expires: str


class Claim(msgspec.Struct):
    """What became of a claim. ``state``: open, used, expired, revoked. ``thing``: which it is for, or who used it."""

    id: str
    state: str
    place: str
    model: str | None
    name: str | None
    thing: str | None
    by: str
    created: str
    expires: str
    used_at: str | None
    used_from: str | None


class Point(msgspec.Struct):
    at: str
    value: Any


class Bucket(msgspec.Struct):
    at: str
    min: Any
    mean: Any
    max: Any
    last: Any
    count: int
    gained: float | None = None


class PointPage(msgspec.Struct):
    property: str
    unit: str | None
    points: list[Point]
    next: str | None = None


class BucketPage(msgspec.Struct):
    property: str
    unit: str | None
    points: list[Bucket]


class DeadLetter(msgspec.Struct):
    at: str
    thing: str
    topic: str
    code: str
    detail: str
    excerpt: str


class Position(msgspec.Struct, forbid_unknown_fields=True):
    """Degrees, north and east positive."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]


class Place(msgspec.Struct):
    """``zone``: IANA name of the time zone, empty: as the place it lies in. ``mode`` (home, away, night...) is null
    when its owner does not answer."""

    id: str
    name: str
    names: dict[str, list[str]]
    kind: str
    parent: str | None
    root: str
    zone: str = ""
    position: Position | None = None
    mode: str | None = None


class PlaceNew(msgspec.Struct, forbid_unknown_fields=True):
    """A place to add. ``id`` is made from the name when absent; without ``parent`` it is a root place."""

    name: Name
    id: Id | None = None
    names: Names = {}
    kind: Kind | None = None
    parent: Id | None = None
    zone: Zone = ""
    position: Position | None = None


class PlaceChange(msgspec.Struct, forbid_unknown_fields=True):
    """What to change in a place; what is absent stays. ``zone`` empty: as the place it lies in."""

    name: Name | UnsetType = UNSET
    names: Names | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    parent: Id | UnsetType = UNSET
    zone: Zone | UnsetType = UNSET
    position: Position | UnsetType | None = UNSET


class Mode(msgspec.Struct, forbid_unknown_fields=True):
    """A mode of a place: home, away, night, holiday, or a word of your own."""

    mode: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,30}$")]


class ModelSummary(msgspec.Struct):
    """One model in a list: its newest version."""

    id: str
    version: int
    titles: dict[str, str]
    kind: str | None
    vendor: str | None
    built_in: bool
    traits: list[str]


class ModelAdded(msgspec.Struct):
    """What became of one model: ``added``, ``unchanged`` (its newest version says the same), ``refused``, ``read``."""

    id: str | None
    version: int | None
    state: Literal["added", "unchanged", "refused", "read"]
    error: str | None = None


class ModelsAdded(msgspec.Struct):
    items: list[ModelAdded]


class ModelFinding(msgspec.Struct):
    """What was odd in a file of models: where, by which rule, and what was done about it."""

    severity: str
    path: str
    rule: str
    message: str


class ModelsImported(msgspec.Struct):
    """What was in a file: the format that it is in, what became of its models, what was odd."""

    format: str | None
    items: list[ModelAdded]
    findings: list[ModelFinding]


class Login(msgspec.Struct, forbid_unknown_fields=True):
    """``code``: of the authenticator app, or a recovery code, for who has one."""

    user: Annotated[str, Meta(max_length=200)]
    password: Annotated[str, Meta(max_length=256)]
    code: Annotated[str, Meta(max_length=64)] | None = None


class SignedIn(msgspec.Struct):
    token: str
    user: str
    expires: str | None


class Setup(msgspec.Struct, forbid_unknown_fields=True):
    """The first administrator: the one-time code of the setup link, and who they will be."""

    code: Annotated[str, Meta(max_length=200)]
    user: Id
    password: Password
    name: Name | None = None


class Person(msgspec.Struct):
    """``grants``: role by place; ``ends``: until when, for those that end. ``program``: signs in with tokens only."""

    id: str
    name: str
    role: str
    disabled: bool
    created: str | None
    grants: dict[str, str] = {}
    ends: dict[str, str] = {}
    program: bool = False


class Me(Person):
    """``may``: by place what the token may there and below, as far as no place further down says else; "" stands for
    all other places and the hub itself. Actions, each with the highest risk of what it may be about: 0 none,
    1 sensitive, 2 dangerous. ``dangerous``: the kinds of things of which what is risky is 2, of all others it is 1."""

    may: dict[str, dict[str, int]] = {}
    dangerous: list[str] = []


class PersonNew(msgspec.Struct, forbid_unknown_fields=True):
    """A person, or a program (without password: it signs in with tokens only). ``grants``: role by place, ``ends``:
    its last moment, where it has one."""

    id: Id
    name: Name | None = None
    password: Password | None = None
    role: Kind = ""
    grants: Annotated[dict[str, str], Meta(max_length=100)] = {}
    ends: Annotated[dict[str, Ends], Meta(max_length=100)] = {}


class PersonChange(msgspec.Struct, forbid_unknown_fields=True):
    """``old_password``: wanted beside ``password`` from who changes their own. ``ends`` goes with ``grants``."""

    name: Name | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    old_password: Annotated[str, Meta(max_length=1024)] | UnsetType = UNSET
    role: Kind | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    grants: Annotated[dict[str, str], Meta(max_length=100)] | UnsetType = UNSET
    ends: Annotated[dict[str, Ends], Meta(max_length=100)] | UnsetType = UNSET


class Token(msgspec.Struct):
    """A token of a program. ``seen``, ``address``: last used, to some minutes, and from where."""

    id: str
    user: str
    name: str
    created: str | None
    expires: str | None
    scopes: list[str] | None
    seen: str | None = None
    address: str = ""


class TokenNew(msgspec.Struct, forbid_unknown_fields=True):
    """A token for a program. ``expires_s``: seconds until it ends, absent for never."""

    name: Annotated[str, Meta(max_length=200)] = ""
    expires_s: Annotated[float, Meta(gt=0, le=10 * 366 * 86_400)] | None = None
    scopes: Annotated[list[str], Meta(max_length=50)] | None = None


class TokenMade(msgspec.Struct):
    """A token just made; it is shown here and never again."""

    id: str
    token: str
    user: str
    name: str
    expires: str | None


def names(given: Mapping[str, str | list[str]]) -> dict[str, list[str]]:
    """Names by language as the registry keeps them: always lists, without blanks around a name, each once.

    Raises CallerError ``bad_value`` for a name of blanks alone.
    """
    found: dict[str, list[str]] = {}
    for language, some in given.items():
        stripped = [each.strip() for each in ([some] if isinstance(some, str) else some)]
        if not all(stripped):
            raise CallerError("A name of blanks says nothing", code="bad_value", field=f"names.{language}")
        found[language] = list(dict.fromkeys(stripped))
    return found


def thing(row: ThingRow, twin: talk.TwinView | None, *, known: bool = True) -> Thing:
    """A registry row and its twin as one. ``known`` false: the owner did not answer, so nothing is claimed of it."""
    view = twin or talk.TwinView(row.id, False, 0, {}, {}, [])
    return Thing(
        id=row.id,
        name=row.name,
        names=row.names,
        model=row.model,
        model_version=row.model_version,
        place=row.place,
        parent=row.parent,
        online=view.online,
        availability=view.availability if known else "unknown",
        seen=iso_or_none(view.seen),
        state={key: Value(value, iso(at)) for key, (value, at) in view.state.items()},
        desired={key: Value(value, iso(at)) for key, (value, at) in view.desired.items()},
        open_commands=view.open_commands,
        simulated=row.simulated,
        sleep_s=row.sleep_s,
        dead_letters=view.dead_letters,
        created=iso_or_none(row.created),
    )


def dead_letter(letter: talk.DeadLetter) -> DeadLetter:
    """A dead letter; bytes that are no UTF-8 are shown escaped."""
    excerpt = letter.excerpt.decode("utf-8", "backslashreplace")
    return DeadLetter(iso(letter.at), letter.thing, letter.topic, letter.code, letter.detail, excerpt)


def place(row: PlaceRow, mode: str | None = None) -> Place:
    position = None
    if row.latitude is not None and row.longitude is not None:
        position = Position(row.latitude, row.longitude)
    return Place(row.id, row.name, row.names, row.kind, row.parent, row.root, row.zone, position, mode)


def person(row: PersonRow, grants: Sequence[GrantRow] = ()) -> Person:
    return Person(
        row.id,
        row.name,
        row.role,
        row.disabled,
        iso_or_none(row.created),
        {each.place: each.role for each in grants},
        {each.place: iso(each.expires) for each in grants if each.expires is not None},
        row.password_hash is None,
    )


def token(row: TokenRow) -> Token:
    return Token(
        row.id,
        row.person,
        row.name,
        iso_or_none(row.created),
        iso_or_none(row.expires),
        row.scopes,
        iso_or_none(row.seen),
        row.address,
    )
