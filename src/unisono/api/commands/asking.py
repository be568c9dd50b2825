"""From what somebody wants of a thing to a command at its owner: checked against the model and the asker's rights.

Knows models and rights. Knows no route; HTTP and programs at the MQTT door ask alike. A command's life is the owner's.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from litestar.connection import ASGIConnection

from unisono.access import Action, role_at
from unisono.api.auth import Identity, now_us
from unisono.api.commands.confirming import ConfirmationError
from unisono.api.ids import new_ulid
from unisono.errors import CallerError, HostError
from unisono.store.registry import ThingRow
from unisono.thing import Model, check_input, check_value, find_action, find_property
from unisono.twin import record, talk
from unisono.twin.policy import load_policy

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Refusals", "Wish", "address_class", "address_of", "ask_for", "asker", "check_command", "tell_owner"]

# refusals of one asker in a minute that go into the log; who hammers at the door must not fill it
REFUSALS_A_MINUTE = 30
MINUTE_US = 60_000_000

# headers of proxies (RFC 7239 and its forerunners)
FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})


class Wish(msgspec.Struct, frozen=True):
    """What somebody wants of a thing, and how they ask: ``key`` makes asking again the same command, ``confirmation``
    is the second word, ``why`` is kept with it, ``address`` is its class; ``among``: of a wish to many all its things,
    for it is said twice as one. ``keyed``: where they wrote the key."""

    set: Mapping[str, Any] | None = None
    call: str | None = None
    input: Mapping[str, Any] = {}
    ttl_s: float = 0.0
    wait_s: float = 0.0
    key: str | None = None
    confirmation: str | None = None
    why: str | None = None
    address: str = ""
    among: Sequence[str] = ()
    keyed: str = "key"


def address_class(host: str | None) -> str:
    """``hub`` (this machine), ``lan`` (private and link-local addresses) or ``remote``; "" when nobody knows."""
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return "hub"
    return "lan" if address.is_private or address.is_link_local else "remote"


def address_of(request: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The `address_class` of who asks over HTTP."""
    host = request.client.host if request.client is not None else None
    # a proxy's own address says nothing of who asks; of one that is trusted the server has put the asker's, with port 0
    if request.client is not None and request.client.port and not FORWARDED.isdisjoint(request.headers):
        host = None
    return address_class(host)


def asker(identity: Identity, path: Sequence[str], address: str) -> dict[str, str]:
    """Who asks for something at a place, as it is kept: with their role there and the class of their address."""
    role = role_at(identity.facts, path)
    by = {**identity.by(), "role": role.value if role is not None else "", "from": address}
    return {key: value for key, value in by.items() if value}


def check_command(
    model: Model, wanted: Mapping[str, Any] | None, call: str | None, given: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, str | None, dict[str, Any]]:
    """``set`` by property key, or the action's key and its input, checked against the model.

    Raises CallerError: bad_request, unknown_property, unknown_action, not_writable, bad_value.
    """
    if (wanted is None) == (call is None):
        raise CallerError("Say what is wanted", code="bad_request", expected='either {"set": {...}} or {"call": "..."}')
    if wanted is not None:
        if not wanted:
            raise CallerError("Nothing is wanted", code="bad_request", field="set", expected="at least one property")
        return dict(_wanted(model, *item) for item in wanted.items()), None, {}
    assert call is not None
    key, action = find_action(model, call)
    return None, key, check_input(model, action.inputs, dict(given))


def _wanted(model: Model, name: str, value: Any) -> tuple[str, Any]:
    key, found = find_property(model, name)
    if not found.writable:
        writable = ", ".join(each for each, p in model.properties.items() if p.writable) or "none of this model"
        raise CallerError(
            f"{key} can only be read",
            code="not_writable",
            field=f"set.{name}",
            expected=f"a writable property: {writable}",
        )
    return key, check_value(found.schema, value, f"set.{name}", writing=True)


async def ask_for(
    context: ApiContext, identity: Identity, row: ThingRow, partition: str, wish: Wish
) -> talk.CommandView:
    """Ask a thing that ``identity`` may see; answered once it is in the log and ended, or ``wait_s`` is over.

    Raises what `check_command` raises, CallerError ``not_allowed`` when it is too risky for the identity, and what the
    place's policy says: not_allowed, interlocked, too_many, confirmation_required.
    """
    model = await context.catalog.get(row.model, row.model_version)
    wanted, call, given = check_command(model, wish.set, wish.call, wish.input)
    path = await context.path_of(row.place)
    at = now_us()
    said: list[Any] = [identity.id, identity.token, row.id, wanted, call, given]
    if wish.among:
        said = [identity.id, identity.token, sorted(wish.among), wish.set, wish.call, wish.input]
    if wish.confirmation is not None:
        context.confirmations.check(wish.confirmation, said, at)
    asked = record.Asked(
        id=_id(identity, wish.key) if wish.key is not None else new_ulid(at),
        thing=row.id,
        at=at,
        by=asker(identity, path, wish.address),
        set=wanted,
        call=call,
        input=given if call is not None else None,
        ttl_s=wish.ttl_s,
        why=wish.why,
        confirmed=wish.confirmation is not None,
    )
    if wish.key is not None:
        kept = await _kept(context, asked, wish.keyed)
        if kept is not None:
            return kept
    try:
        context.auth.require(identity, Action.CONTROL, path)
        context.auth.require_command(identity, model, wanted, call, path)
    except CallerError as error:
        await _note(context, partition, asked, error)
        raise
    try:
        return await tell_owner(context, partition, talk.CommandAsk(asked, wish.wait_s))
    except CallerError as error:
        if error.code == "key_reused":
            error.field = wish.keyed  # its owner knows of no request
        if error.code != "confirmation_required":
            raise
        within_s = await _within_s(context, row.root)
        code = context.confirmations.give_out(said, now_us(), within_s)
        raise ConfirmationError(error.detail, code, within_s) from None


async def tell_owner(context: ApiContext, partition: str, ask: talk.CommandAsk) -> talk.CommandView:
    """What the owner says of a command. A thing that is in the registry may be so new that its owner has not read of it
    yet: then once more, when it has."""
    try:
        return await context.owners.command(partition, ask)
    except CallerError as error:
        if error.code != "not_found":
            raise
    await context.in_force([partition])
    return await context.owners.command(partition, ask)


def _id(identity: Identity, key: str) -> str:
    """A command's id that follows from who asks and the key: the same once more is the same command."""
    return "K" + hashlib.blake2b(f"{identity.id}\0{key}".encode(), digest_size=16).hexdigest().upper()


async def _kept(context: ApiContext, asked: record.Asked, keyed: str) -> talk.CommandView | None:
    """The command of that id, when it ended so long ago that its owner has forgotten it."""
    row = await context.registry.get_audit(asked.id)
    if row is None:
        return None
    view = msgspec.msgpack.decode(row.body, type=talk.CommandView)
    if (view.thing, view.set, view.call, view.input) != (asked.thing, asked.set, asked.call, asked.input):
        raise CallerError(
            "Another command was asked for under this key",
            code="key_reused",
            field=keyed,
            expected="a new key for what is wanted now",
        )
    return view


async def _within_s(context: ApiContext, root: str) -> float:
    row = await context.registry.get_policy(root)
    document = row.document if row is not None else None
    return load_policy((document or "{}").encode()).confirm_within_s


async def _note(context: ApiContext, partition: str, asked: record.Asked, error: CallerError) -> None:
    """Keep a refusal for the audit, within bounds."""
    if context.refusals.allows(asked.by.get("id", ""), asked.at):
        with contextlib.suppress(HostError):  # it is refused all the same, and for its own reason
            await context.owners.denied(partition, record.Denied(asked, error.code, error.detail))


class Refusals:
    """Counts refusals by asker, minute by minute; forgets everybody with each new minute."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[str, int] = {}

    def allows(self, who: str, at_us: int) -> bool:
        """Whether one more of this asker is to be kept."""
        minute = at_us // MINUTE_US
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        self._counts[who] = self._counts.get(who, 0) + 1
        return self._counts[who] <= REFUSALS_A_MINUTE
