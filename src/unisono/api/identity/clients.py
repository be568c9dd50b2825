"""Who is connected, with what and at what rate; who was refused and why; and sending a client away.

Knows gateways' answers on the bus and which things an asker may see. Asks each time: nothing here is remembered.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Router, delete, get
from litestar.params import FromPath, FromQuery, QueryParameter

from unisono.access import Action
from unisono.api import shapes
from unisono.api.auth import Identity
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.times import iso
from unisono.errors import CallerError, HostError, UnisonoError
from unisono.twin import talk, visitors

__all__ = ["attempts", "router"]

DEFAULT_LIMIT, MAX_LIMIT = 100, 500

#: A gateway answers in milliseconds.
ANSWER_S = 3.0

#: The door that is no gateway, but refuses too.
HTTP_DOOR = "http"

#: What a program signs in as, before the id of its token.
PROGRAM = "token:"

#: MQTT's session expiry interval that stands for ever.
NEVER = 0xFFFF_FFFF

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]

T = TypeVar("T")


class Client(msgspec.Struct):
    """One connected client. ``id``: ``<thing>`` or ``<thing>/<client id>``. ``session_expiry_s``: null for never.

    ``held``: why it is not read just now (above a rate, too much unanswered, the disk is behind). ``last_refused``:
    the newest attempt under its name that was not let in. ``person``: whose token a program came with, "" for things.
    """

    id: str
    client_id: str
    thing: str
    root: str
    gateway: str
    address: str
    protocol: str
    transport: str
    since: str
    keep_alive_s: int
    session_expiry_s: int | None
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
    held: list[str]
    filters: list[str]
    ordinary_topics: list[str]
    last_refused: Attempt | None = None
    person: str = ""


class Attempt(msgspec.Struct):
    """Attempts that were refused, alike ones as one. ``kind`` says what it looks like, ``password`` only its shape."""

    at: str
    first: str
    count: int
    gateway: str
    address: str
    user: str
    kind: str
    code: str
    detail: str
    client_id: str
    protocol: str
    transport: str
    password: str


def _client(view: visitors.ClientView) -> Client:
    expiry = None if view.session_expiry_s == NEVER else view.session_expiry_s
    given = {name: getattr(view, name) for name in view.__struct_fields__ if name not in ("since", "ordinary")}
    return Client(**{**given, "session_expiry_s": expiry}, since=iso(view.since), ordinary_topics=view.ordinary)


def _attempt(found: visitors.Attempt) -> Attempt:
    given = {name: getattr(found, name) for name in found.__struct_fields__ if name not in ("at", "first")}
    return Attempt(**given, at=iso(found.at), first=iso(found.first))


async def _ask(context: ApiContext, gateways: list[str], verb: str, question: Any, kind: type[T]) -> list[T]:
    """The answers of those that answer. Raises HostError ``hub_unreachable`` when none does."""
    payload = msgspec.msgpack.encode(question)
    asked = [context.bus.request(talk.ask_gateway(each, verb), payload, ANSWER_S) for each in gateways]
    results = await asyncio.gather(*asked, return_exceptions=True)
    found: list[T] = []
    for result in results:
        if isinstance(result, UnisonoError):
            continue
        if isinstance(result, BaseException):
            raise result
        found.append(msgspec.msgpack.decode(result, type=kind))
    if not found and gateways:
        raise HostError("No gateway answers", code="hub_unreachable", mend="Run: unisono doctor")
    return found


class _Sight:
    """Which clients an asker may be shown: those of things that it may read; programs only to who sees everything."""

    def __init__(self, context: ApiContext, identity: Identity, place: str | None) -> None:
        self._context = context
        self._identity = identity
        self._place = place

    async def roots(self) -> list[str] | None:
        """The root places that come into question; None for all."""
        visible = self._context.auth.visible_places(self._identity)
        places = [self._place] if self._place is not None else None if visible is None else sorted(visible)
        if places is None:
            return None
        paths = [await self._context.path_of(each) for each in places]
        return sorted({path[0] for path in paths if path})

    async def of(self, found: list[visitors.ClientView]) -> list[visitors.ClientView]:
        """Those of ``found`` that may be shown."""
        everything = self._context.auth.visible_places(self._identity) is None
        if everything and self._place is None:
            return found
        rows = {row.id: row for row in await self._context.registry.get_things([each.thing for each in found])}
        shown = []
        for each in found:
            row = rows.get(each.thing)
            path = await self._context.path_of(row.place) if row is not None else ()
            here = self._place is None or self._place in path or (row is None and each.root == self._place)
            readable = everything if row is None else self._context.auth.allows(self._identity, Action.READ, path)
            if here and readable:
                shown.append(each)
        return shown


@get("/")
async def list_clients(
    *,
    context: Context,
    identity: Asker,
    place: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
    after: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> shapes.Page[Client]:
    """Connected clients of all gateways, in the order of their ids; ``place`` includes all below it, ``q`` looks into
    id, thing and address."""
    sight = _Sight(context, identity, place)
    if place is not None and not await context.path_of(place):
        raise CallerError(f"There is no place {place[:80]!r}", code="not_found", field="place")
    roots = await sight.roots()
    shown: list[visitors.ClientView] = []
    at = after or ""
    while len(shown) <= limit:
        ask = visitors.ClientsAsk(MAX_LIMIT, at, roots, "", q or "")
        answers = await _ask(context, list(context.gateways), "clients", ask, visitors.ClientsAnswer)
        # each gateway told its first ones, so the first ones of all are among them
        page = sorted((each for answer in answers for each in answer.clients), key=lambda each: each.id)[:MAX_LIMIT]
        shown += await sight.of(page)
        if len(page) < MAX_LIMIT:
            break
        at = page[-1].id
    more = shown[limit - 1].id if len(shown) > limit else None
    return shapes.Page(await _name(context, [_client(each) for each in shown[:limit]]), more)


async def _name(context: Context, clients: list[Client]) -> list[Client]:
    """Say of each program whose it is: ``token:<id>`` tells a person nothing."""
    people: dict[str, str] = {}
    for each in clients:
        if each.thing.startswith(PROGRAM):
            if each.thing not in people:
                found = await context.registry.get_token(each.thing.removeprefix(PROGRAM))
                people[each.thing] = found[1].id if found is not None else ""
            each.person = people[each.thing]
    return clients


async def _find(context: ApiContext, identity: Identity, client_id: str, action: Action) -> visitors.ClientView:
    ask = visitors.ClientsAsk(1, "", None, client_id)
    answers = await _ask(context, list(context.gateways), "clients", ask, visitors.ClientsAnswer)
    found = [each for answer in answers for each in answer.clients]
    if not await _Sight(context, identity, None).of(found):
        raise CallerError(
            f"No client {client_id[:80]!r} is connected", code="not_found", field="id", mend="Run: unisono client list"
        )
    row = await context.registry.get_thing(found[0].thing)
    if row is not None:
        context.auth.require(identity, action, await context.path_of(row.place))
    return found[0]


@get("/{client_id:path}")
async def show_client(context: Context, identity: Asker, client_id: FromPath[str]) -> Client:
    """One connected client, with its filters, and the last attempt under its name that was refused."""
    view = await _find(context, identity, client_id.removeprefix("/"), Action.READ)
    (client,) = await _name(context, [_client(view)])
    refused = await _attempts(context, visitors.AttemptsAsk(1, view.thing))
    client.last_refused = _attempt(refused[0]) if refused else None
    return client


@delete("/{client_id:path}", status_code=204)
async def kick_client(context: Context, identity: Asker, client_id: FromPath[str]) -> None:
    """Send a client away. It may come back at once: to keep it out, revoke its secret or remove the thing."""
    view = await _find(context, identity, client_id.removeprefix("/"), Action.CONFIGURE)
    await _ask(context, [view.gateway], "kick", visitors.Kick(view.id), int)


async def _attempts(context: ApiContext, ask: visitors.AttemptsAsk) -> list[visitors.Attempt]:
    doors = [*context.gateways, HTTP_DOOR]
    answers = await _ask(context, doors, "attempts", ask, visitors.AttemptsAnswer)
    return sorted((each for answer in answers for each in answer.attempts), key=lambda each: -each.at)[: ask.limit]


@get("/attempts", tags=["clients"])
async def attempts(
    *,
    context: Context,
    identity: Asker,
    user: FromQuery[str | None] = None,
    address: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> shapes.Page[Attempt]:
    """Connections and sign-ins that were refused, newest first. Who may not see everything is shown those of things
    that they see."""
    ask = visitors.AttemptsAsk(MAX_LIMIT, user or "", address or "")
    found = await _attempts(context, ask)
    if context.auth.visible_places(identity) is not None:
        rows = {row.id: row for row in await context.registry.get_things(sorted({each.user for each in found}))}
        paths = {id: await context.path_of(row.place) for id, row in rows.items()}
        found = [
            each
            for each in found
            if each.user in paths and context.auth.allows(identity, Action.READ, paths[each.user])
        ]
    return shapes.Page([_attempt(each) for each in found[:limit]])


router = Router("/clients", route_handlers=[list_clients, show_client, kick_client], tags=["clients"])
