"""How people are told, over HTTP: their channels, their quiet hours, browsers that subscribe, and groups of people.

Knows rows and shapes. What an address is, the notifier says; addresses are kept sealed and never shown again.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import msgspec
from litestar import Router, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, UnsetType

from unisono import access
from unisono.access import Action
from unisono.api.auth import Identity, now_us
from unisono.api.context import ApiContext
from unisono.api.ids import check_id, new_ulid
from unisono.api.inject import Asker, Context
from unisono.api.shapes import Page
from unisono.api.times import iso
from unisono.errors import CallerError, UnisonoError
from unisono.store.registry import ChannelRow, GroupRow, ListenerRow
from unisono.twin import notices

__all__ = ["router"]

Priority = Literal["low", "normal", "high", "critical"]
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "critical")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Minute = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM")]

# the courier may have to start, and apprise to load, on a machine that is busy
CHECK_S = 30.0
# a service gets half a minute
TEST_S = 45.0

Name = Annotated[str, Meta(max_length=80)]


class Channel(msgspec.Struct):
    """A way to a person. ``address`` is shown without its secrets; ``priorities``: what goes there."""

    id: str
    service: str
    name: str
    address: str
    priorities: list[str]
    created: str


class ChannelNew(msgspec.Struct, forbid_unknown_fields=True):
    """``url``: as apprise writes addresses, such as ``dingtalk://token`` or ``ntfys://ntfy.sh/topic``."""

    url: Annotated[str, Meta(min_length=3, max_length=2000)]
    name: Name = ""
    priorities: list[Priority] = msgspec.field(default_factory=lambda: list(PRIORITIES))


class ChannelChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is given is changed."""

    name: Name | UnsetType = UNSET
    priorities: list[Priority] | UnsetType = UNSET


class PushKeys(msgspec.Struct):
    """As a browser's ``PushSubscription.toJSON()`` has them."""

    p256dh: str
    auth: str


class PushNew(msgspec.Struct):
    """A browser's subscription; whatever else it says is ignored."""

    endpoint: str
    keys: PushKeys
    name: Name = ""
    priorities: list[Priority] = msgspec.field(default_factory=lambda: list(PRIORITIES))


class PushKey(msgspec.Struct):
    """``key`` is the ``applicationServerKey`` to subscribe with."""

    key: str


class Tested(msgspec.Struct):
    """The service took it, and ``answer`` is what it said."""

    id: str
    answer: str


class Hours(msgspec.Struct, forbid_unknown_fields=True, rename={"begins": "from", "ends": "to"}):
    """From one time of the day to another, of the next day when it is not later; on the days it begins (none: all)."""

    begins: Minute
    ends: Minute
    days: list[Day] = []


class Quiet(msgspec.Struct, forbid_unknown_fields=True):
    """Quiet hours. ``zone``: such as Asia/Shanghai; ``passes``: this priority and above pass, critical always does."""

    zone: str = "UTC"
    hours: Annotated[list[Hours], Meta(max_length=21)] = []
    passes: Priority = "critical"
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"


class Group(msgspec.Struct):
    """People who are told together."""

    id: str
    name: str
    people: list[str]


class GroupPut(msgspec.Struct, forbid_unknown_fields=True):
    """A group's name and people; what was there is replaced."""

    people: Annotated[list[str], Meta(max_length=1000)]
    name: Name = ""


async def _whose(context: ApiContext, identity: Identity, user_id: str | None, *, changing: bool = True) -> str:
    """The person that is meant: oneself, or with the right to it another."""
    person = identity.id if user_id in (None, "me") else str(user_id)
    narrowed = changing and identity.facts.scopes is not None
    if person != identity.id or narrowed:
        context.auth.require(identity, Action.ADMINISTER, ())
    if await context.registry.get_person(person) is None:
        raise CallerError(f"There is no user {person[:80]!r}", code="not_found", mend="Run: unisono user list")
    return person


async def _own(context: ApiContext, person: str, channel_id: str) -> ChannelRow:
    row = await context.registry.get_channel(channel_id)
    if row is None or row.person != person:
        raise CallerError(
            f"{person} has no channel {channel_id[:80]!r}", code="not_found", mend="Run: unisono notify channel list"
        )
    return row


def _show(row: ChannelRow) -> Channel:
    return Channel(row.id, row.service, row.name, row.shown, list(row.priorities), iso(row.created))


def _tell(context: ApiContext) -> None:
    context.bus.publish(notices.CHANGED, b"")


def _chosen(priorities: list[Priority]) -> list[str]:
    if not priorities:
        raise CallerError(
            "Nothing would go there", code="bad_value", field="priorities", expected=f"some of {', '.join(PRIORITIES)}"
        )
    return [each for each in PRIORITIES if each in priorities]


async def ask_notifier(context: ApiContext, subject: str, question: Any, timeout_s: float) -> bytes:
    """The notifier's answer. Raises what it answers with."""
    try:
        return await context.bus.request(subject, msgspec.msgpack.encode(question), timeout_s)
    except UnisonoError as error:
        if error.code == "owner_unavailable":
            error.detail = f"The notifier did not answer ({error.detail})"
        raise


@get(["/me/channels", "/users/{user_id:str}/channels"])
async def list_channels(context: Context, identity: Asker, user_id: FromPath[str | None] = None) -> Page[Channel]:
    """How a person is told. Addresses are shown without their secrets."""
    person = await _whose(context, identity, user_id, changing=False)
    return Page([_show(row) for row in await context.registry.list_channels(person)], None)


@post(["/me/channels", "/users/{user_id:str}/channels"])
async def add_channel(
    context: Context, identity: Asker, data: JSONBody[ChannelNew], user_id: FromPath[str | None] = None
) -> Channel:
    """Add a channel by its address, in apprise's forms. Adding the same address again replaces it."""
    person = await _whose(context, identity, user_id)
    priorities = _chosen(data.priorities)
    answer = await ask_notifier(context, notices.CHECK, notices.Check(data.url), CHECK_S)
    facts = msgspec.msgpack.decode(answer, type=notices.ChannelFacts)
    return await _keep(context, person, facts, data.url, data.name, priorities)


async def _keep(
    context: ApiContext, person: str, facts: notices.ChannelFacts, address: str, name: str, priorities: list[str]
) -> Channel:
    now = now_us()
    id = new_ulid(now)
    row = ChannelRow(
        id,
        person,
        facts.service,
        name or facts.name,
        access.hash_secret(facts.identity, context.pepper).hex(),
        access.seal(address, id, context.pepper),
        facts.shown,
        priorities,
        facts.requests,
        facts.title_max,
        facts.text_max,
        now,
    )
    await context.registry.put_channel(row)
    _tell(context)
    return _show(row)


@patch(["/me/channels/{channel_id:str}", "/users/{user_id:str}/channels/{channel_id:str}"])
async def change_channel(
    context: Context,
    identity: Asker,
    channel_id: FromPath[str],
    data: JSONBody[ChannelChange],
    user_id: FromPath[str | None] = None,
) -> Channel:
    """Name a channel anew, or say which priorities go there."""
    row = await _own(context, await _whose(context, identity, user_id), channel_id)
    name = row.name if data.name is UNSET else data.name
    priorities = row.priorities if data.priorities is UNSET else _chosen(data.priorities)
    await context.registry.change_channel(row.id, name=name, priorities=priorities)
    _tell(context)
    return _show(msgspec.structs.replace(row, name=name, priorities=priorities))


@delete(["/me/channels/{channel_id:str}", "/users/{user_id:str}/channels/{channel_id:str}"], status_code=204)
async def remove_channel(
    context: Context, identity: Asker, channel_id: FromPath[str], user_id: FromPath[str | None] = None
) -> None:
    """Remove a channel. What waits for it is not delivered there any more."""
    row = await _own(context, await _whose(context, identity, user_id), channel_id)
    await context.registry.remove_channel(row.id)
    _tell(context)


@post(
    ["/me/channels/{channel_id:str}/test", "/users/{user_id:str}/channels/{channel_id:str}/test"],
    status_code=200,
)
async def test_channel(
    context: Context, identity: Asker, channel_id: FromPath[str], user_id: FromPath[str | None] = None
) -> Tested:
    """Send a test over a channel, now; answered when the service took it, or with why it did not."""
    row = await _own(context, await _whose(context, identity, user_id), channel_id)
    answer = await ask_notifier(context, notices.TRIAL, notices.Trial(row.id), TEST_S)
    return Tested(row.id, msgspec.msgpack.decode(answer, type=notices.Tried).answer)


@get("/push/key")
async def push_key(context: Context, identity: Asker) -> PushKey:
    """The hub's public key, for browsers to subscribe with."""
    kept = await context.registry.get_meta(notices.META_PUSH_KEY)
    if kept is None:
        raise CallerError("The hub has not made its key yet", code="not_found", mend="Try again in a moment")
    return PushKey(msgspec.json.decode(kept, type=notices.PushKey).public)


@post("/me/push")
async def subscribe(context: Context, identity: Asker, data: JSONBody[PushNew]) -> Channel:
    """Tell one's own browser: its subscription becomes a channel, removed when the browser has given it up."""
    person = await _whose(context, identity, None)
    priorities = _chosen(data.priorities)
    question = notices.Check(data.endpoint, data.keys.p256dh, data.keys.auth)
    answer = await ask_notifier(context, notices.CHECK, question, CHECK_S)
    facts = msgspec.msgpack.decode(answer, type=notices.ChannelFacts)
    kept = {"endpoint": data.endpoint, "p256dh": data.keys.p256dh, "auth": data.keys.auth}
    return await _keep(context, person, facts, msgspec.json.encode(kept).decode(), data.name, priorities)


@get(["/me/quiet", "/users/{user_id:str}/quiet"])
async def get_quiet(context: Context, identity: Asker, user_id: FromPath[str | None] = None) -> Quiet:
    """When a person is not to be disturbed, and in which language they are spoken to."""
    row = await context.registry.get_listener(await _whose(context, identity, user_id, changing=False))
    shown = [Hours(_clock(each["begins"]), _clock(each["ends"]), each["days"]) for each in row.spans]
    return Quiet(row.zone, shown, row.passes, row.language)  # type: ignore[arg-type]  # what `put_quiet` wrote


@put(["/me/quiet", "/users/{user_id:str}/quiet"])
async def put_quiet(
    context: Context, identity: Asker, data: JSONBody[Quiet], user_id: FromPath[str | None] = None
) -> Quiet:
    """Say when a person is not to be disturbed. What is held already is decided anew."""
    person = await _whose(context, identity, user_id)
    if data.zone not in available_timezones():
        raise CallerError(
            f"{data.zone[:80]!r} is no time zone", code="bad_value", field="zone", expected="such as Europe/Berlin"
        )
    spans = [{"begins": _minutes(each.begins), "ends": _minutes(each.ends), "days": each.days} for each in data.hours]
    await context.registry.put_listener(ListenerRow(person, data.zone, spans, data.passes, data.language))
    _tell(context)
    return data


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@get("/groups")
async def list_groups(context: Context, identity: Asker) -> Page[Group]:
    """Groups of people that a notification may name."""
    return Page([Group(row.id, row.name, row.people) for row in await context.registry.list_groups()], None)


@put("/groups/{group_id:str}")
async def put_group(context: Context, identity: Asker, group_id: FromPath[str], data: JSONBody[GroupPut]) -> Group:
    """Add a group, or replace its name and people."""
    context.auth.require(identity, Action.ADMINISTER, ())
    people = sorted(set(data.people))
    row = GroupRow(check_id(group_id), data.name or group_id, people)
    await context.registry.put_group(row)
    return Group(row.id, row.name, people)


@delete("/groups/{group_id:str}", status_code=204)
async def remove_group(context: Context, identity: Asker, group_id: FromPath[str]) -> None:
    """Forget a group; its people stay."""
    context.auth.require(identity, Action.ADMINISTER, ())
    await context.registry.remove_group(group_id)


router = Router(
    "/",
    route_handlers=[
        list_channels,
        add_channel,
        change_channel,
        remove_channel,
        test_channel,
        push_key,
        subscribe,
        get_quiet,
        put_quiet,
        list_groups,
        put_group,
        remove_group,
    ],
    tags=["notifications"],
)
