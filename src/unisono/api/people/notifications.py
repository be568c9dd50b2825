"""Notifications over HTTP: what became of each, one sent by hand, and where messages may go inside the house.

Knows rows and shapes. Delivering is the notifier's.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from unisono.access import Action, Risk
from unisono.api.auth import Identity, now_us
from unisono.api.context import ApiContext
from unisono.api.ids import new_ulid
from unisono.api.inject import Asker, Context
from unisono.api.people.channels import Name, Priority, ask_notifier
from unisono.api.shapes import Page
from unisono.api.times import iso
from unisono.errors import CallerError
from unisono.store.registry import DeliveryRow, NotificationRow
from unisono.twin import notices
from unisono.twin.notices import notify

__all__ = ["router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]

State = Literal["waiting", "held", "sending", "sent", "failed", "given_up", "replaced", "withdrawn"]

# the notifier answers when it is on disk
TAKE_S = 10.0

# what may be allowed: names, addresses, networks; each is looked through for every connection
MAX_ALLOWED = 100


class Delivery(msgspec.Struct):
    """A notification on its way to one channel. ``next``: when it is tried (again); ``answer``: the last one."""

    person: str
    channel: str
    service: str
    state: str
    attempts: int
    answer: str
    changed: str
    next: str | None


class Notification(msgspec.Struct):
    """What was to be told, and what became of it. ``missed``: who has no channel for it, or is nobody, and why.
    ``over``: since when what it tells of is over, as known before it left."""

    id: str
    at: str
    to: list[str]
    title: str
    text: str
    priority: str
    group: str | None
    by: dict[str, str]
    run: str
    expires: str
    missed: dict[str, str]
    deliveries: list[Delivery]
    over: str | None = None


class NotificationNew(msgspec.Struct, forbid_unknown_fields=True):
    """``to``: people and groups; nobody: everybody at ``place``, or on the hub. ``id``: makes a repetition harmless."""

    text: Annotated[str, Meta(min_length=1, max_length=4000)]
    title: Annotated[str, Meta(max_length=200)] = ""
    to: Annotated[list[str], Meta(max_length=100)] = []
    priority: Priority = "normal"
    group: Name | None = None
    ttl_s: Annotated[float, Meta(ge=0, le=30 * 86_400)] = 0.0
    place: str | None = None
    id: Annotated[str, Meta(max_length=80)] | None = None


class Allowed(msgspec.Struct, forbid_unknown_fields=True):
    """Where inside the house messages may go: names of hosts, addresses, networks such as 192.168.1.0/24."""

    hosts: Annotated[list[str], Meta(max_length=MAX_ALLOWED)]


def _everything(context: ApiContext, identity: Identity) -> bool:
    return context.auth.allows(identity, Action.ADMINISTER, ())


def _show(row: NotificationRow, deliveries: list[DeliveryRow]) -> Notification:
    shown = [
        Delivery(
            each.person,
            each.channel,
            each.service,
            each.state,
            each.attempts,
            each.answer,
            iso(each.changed),
            iso(each.due) if each.state in ("waiting", "held") else None,
        )
        for each in deliveries
    ]
    return Notification(
        row.id,
        iso(row.at),
        row.to,
        row.title,
        row.text,
        row.priority,
        row.group,
        row.by,
        row.run,
        iso(row.expires),
        row.missed,
        shown,
        iso(row.over) if row.over else None,
    )


@get("/notifications")
async def list_notifications(
    context: Context,
    identity: Asker,
    person: FromQuery[str | None] = None,
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    after: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[Notification]:
    """Newest first. Who does not administer the hub sees those to themselves."""
    everything = _everything(context, identity)
    if person not in (None, identity.id) and not everything:
        context.auth.require(identity, Action.ADMINISTER, ())
    only = person if everything else identity.id
    rows = await context.registry.list_notifications(
        person=only, states=[in_state] if in_state else [], after=after, limit=limit + 1
    )
    page = rows[:limit]
    deliveries: dict[str, list[DeliveryRow]] = defaultdict(list)
    for each in await context.registry.deliveries_of([row.id for row in page]):
        if everything or each.person == identity.id:
            deliveries[each.notification].append(each)
    return Page([_show(row, deliveries[row.id]) for row in page], page[-1].id if len(rows) > limit else None)


@get("/notifications/{notification_id:str}")
async def get_notification(context: Context, identity: Asker, notification_id: FromPath[str]) -> Notification:
    """One notification. It is seen by who sent it, who it went to, and who administers the hub."""
    rows = await context.registry.get_notifications([notification_id])
    deliveries = await context.registry.deliveries_of([notification_id])
    if not _everything(context, identity) and (not rows or rows[0].by.get("id") != identity.id):
        deliveries = [each for each in deliveries if each.person == identity.id]
        rows = rows if deliveries else []
    if not rows:
        raise CallerError(
            f"There is no notification {notification_id[:80]!r}", code="not_found", mend="Run: unisono notify list"
        )
    return _show(rows[0], deliveries)


@post("/notifications")
async def send_notification(context: Context, identity: Asker, data: JSONBody[NotificationNew]) -> Notification:
    """Tell people something. Answered once it is on disk; look it up to see what became of it."""
    path = await context.path_of(data.place) if data.place is not None else ()
    if data.place is not None and not path:
        await context.place(data.place)  # which says that there is none
    context.auth.require(identity, Action.CONTROL, path, Risk.SENSITIVE)
    partition = await context.partition_of(path[0]) if path else context.partitions[0]
    now = now_us()
    id = f"{identity.id}.{data.id}" if data.id is not None else new_ulid(now)
    body = notices.Telling(
        to=data.to,
        title=data.title,
        text=data.text,
        priority=data.priority,
        group=data.group,
        ttl_s=data.ttl_s,
        place=data.place,
    )
    notice = notices.Notice(id=id, body=body, at=now, by=identity.by())
    await ask_notifier(context, notify(partition), notice, TAKE_S)
    rows = await context.registry.get_notifications([id])
    return _show(rows[0], await context.registry.deliveries_of([id]))


@get("/notifications/allowed")
async def get_allowed(context: Context, identity: Asker) -> Allowed:
    """Where inside the house messages may go."""
    context.auth.require(identity, Action.OPERATE_HUB, ())
    return Allowed((await context.registry.get_meta(notices.META_ALLOWED) or "").split())


@put("/notifications/allowed")
async def put_allowed(context: Context, identity: Asker, data: JSONBody[Allowed]) -> Allowed:
    """Allow messages to internal addresses: an ntfy or webhook on the own LAN. What was allowed before is replaced."""
    context.auth.require(identity, Action.OPERATE_HUB, ())
    question = notices.Allow(list(dict.fromkeys(data.hosts)))
    await ask_notifier(context, notices.ALLOW, question, TAKE_S)
    return Allowed(question.hosts)


router = Router(
    "/",
    route_handlers=[
        list_notifications,
        get_allowed,
        put_allowed,
        get_notification,
        send_notification,
    ],
    tags=["notifications"],
)
