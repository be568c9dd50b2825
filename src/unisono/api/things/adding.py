"""How things come to be: from what somebody wants to rows, secrets and log entries, and these into force.

Knows rows, models and the outbox. Knows no route; whoever calls has decided who may ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from unisono.access import hash_device_password, hash_secret, new_secret, seal
from unisono.api import shapes
from unisono.api.dialects.spoken import foreign_row, seals
from unisono.api.ids import check_id, free_id
from unisono.api.relay import encode_entry
from unisono.api.things.computing import refuse_computed
from unisono.errors import CallerError
from unisono.store.registry import ClaimRow, CredentialRow, ForeignRow, OutboxRow, PlaceRow, ThingRow
from unisono.thing import Model
from unisono.twin import record

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["MADE_SECRET", "New", "add", "credential_for", "find_id", "thing_put", "thing_row"]

# a secret of this length or more was made by a machine (22 characters of base 64 are 128 bits); anything shorter was
# chosen, and is kept as passwords are
MADE_SECRET = 22


class New(msgspec.Struct, frozen=True):
    """A thing about to be added, with its model, its partition and its secret in plain text, if it has one.
    ``foreign``: what it is called in the language that it speaks."""

    row: ThingRow
    model: Model
    partition: str
    secret: str | None
    credential: CredentialRow | None
    foreign: ForeignRow | None = None


async def find_id(context: ApiContext, new: shapes.ThingNew, taken: Mapping[str, int]) -> str:
    """The id that is wanted, or a free one made from the name. Raises CallerError ``bad_id``."""
    if new.id is not None:
        return check_id(new.id)
    if new.name is None:
        raise CallerError("A thing needs an id or a name", code="bad_id", field="id", expected="an id or a name")
    candidate = free_id(new.name, new.model, taken)
    number = 2
    while await context.registry.get_thing(candidate) is not None:
        candidate = free_id(f"{new.name} {number}", f"{new.model} {number}", taken)
        number += 1
    return candidate


def thing_row(thing_id: str, new: shapes.ThingNew, model: Model, place: PlaceRow, at: int) -> ThingRow:
    """The registry's row for a new thing."""
    return ThingRow(
        id=thing_id,
        name=new.name or thing_id,
        model=model.id,
        model_version=model.version,
        place=place.id,
        root=place.root,
        parent=new.parent,
        sleep_s=new.sleep_s,
        created=at,
        simulated=new.simulated,
        names=shapes.names(new.names),
    )


async def credential_for(thing_id: str, secret: str, pepper: bytes, at: int) -> CredentialRow:
    """How a secret is kept: hashed with a key, and with Argon2 in a thread of its own when somebody chose it."""
    if len(secret) >= MADE_SECRET:
        return CredentialRow(thing_id, hash_secret(secret, pepper), created=at)
    return CredentialRow(thing_id, await asyncio.to_thread(hash_device_password, secret, pepper), created=at)


async def prepare(
    context: ApiContext, new: shapes.ThingNew, thing_id: str, model: Model, place: PlaceRow, at: int
) -> New:
    """Everything about one new thing that is decided before the transaction."""
    if new.computed is None:
        refuse_computed(model.id)
    row = thing_row(thing_id, new, model, place, at)
    if new.computed is not None:
        return New(row, model, place.partition, None, None)
    secret = new.secret or new_secret()
    foreign = foreign_row(context, new, thing_id, secret)
    credential = await credential_for(row.id, secret, context.pepper, at)
    if seals(new):
        credential = msgspec.structs.replace(credential, sealed=seal(secret, row.id, context.pepper))
    return New(row, model, place.partition, secret, credential, foreign)


async def add(context: ApiContext, things: Sequence[New], at: int, claim: ClaimRow | None = None) -> None:
    """Add them all, or none, and return once their owners have taken them in. ``claim``: the used code they cost.

    Raises what `Things.put_things` raises.
    """
    by_partition: dict[str, list[Model]] = {}
    outbox: list[OutboxRow] = []
    for new in things:
        sent = by_partition.setdefault(new.partition, [])
        if not _among(new.model, sent):
            outbox += await context.model_entries(new.partition, new.model)
            sent.append(new.model)
        outbox.append(OutboxRow(new.partition, encode_entry(thing_put(new.row, at))))
    rows = [new.row for new in things]
    credentials = [new.credential for new in things if new.credential is not None]
    names = [new.foreign for new in things if new.foreign is not None]
    await context.registry.put_things(rows, credentials, outbox, new=True, claim=claim, names=names)
    for partition, sent in by_partition.items():
        context.models_sent(partition, sent)
    context.directory.announce([row.id for row in rows] + sorted({row.parent for row in rows if row.parent}))
    await context.in_force(by_partition)


def _among(model: Model, sent: Sequence[Model]) -> bool:
    # by key: comparing models whole, ten thousand times, would take seconds
    return any((each.id, each.version) == (model.id, model.version) for each in sent)


def thing_put(row: ThingRow, at: int) -> record.ThingPut:
    """The log entry for a thing as it now is."""
    return record.ThingPut(
        row.id, row.name, row.model, row.model_version, row.place, row.root, row.parent, row.sleep_s, at, row.names
    )
