"""What dialects ask of the hub, over the bus: models, sub-devices, registering, and things that announce themselves.

Knows rows, models and how things are added. Knows no topic and no payload. Gateways ask, on behalf of who signed in
there; what is asked of things that are not that client's, or of another root place, is refused.

| kind | facts | answer |
|---|---|---|
| ``models`` | ``things`` | ``models``: id > document |
| ``prove`` | ``callers``, ``proofs`` | ``proved``: for each ``name``, ``ok``, ``thing``, ``why`` |
| ``attach`` | the same | the same; they are the client's parts from now on |
| ``detach`` | ``names`` | ``{}`` |
| ``register`` | ``callers``, ``proofs``? | ``registered``: for each ``name``, ``ok``, ``thing``, ``secret``, ``why`` |
| ``adopt`` | ``name``, ``model`` | ``thing``: a part of the client, called so, added if it is new |
| ``learn`` | ``thing``, ``values`` | ``{}``: its model has a property for each |
| ``announce`` | ``key``, ``name``, ``model``, ``area``, ``parent``, ``known`` | ``thing``, ``partition``, ``waits`` |
| ``withdraw`` | ``key`` | ``{}`` |
| ``firmware`` | ``thing`` | ``title``, ``version``, ``size``, ``sha256``, ``url``; ``{}`` where it is offered none |
| ``configuration`` | ``thing`` | ``size``, ``sha256``, ``url``; ``{}`` where there is none for it |
| ``firmware_part`` | ``thing``, ``offset``, ``size`` | ``data``: bytes, fewer at the end |
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from unisono.access import hash_secret, new_secret, open_sealed, seal
from unisono.api.auth import now_us
from unisono.api.dialects.offered import tell_configuration, tell_firmware, tell_part
from unisono.api.ids import free_id, new_ulid, slug
from unisono.api.relay import encode_entry
from unisono.api.shapes import ThingNew
from unisono.api.things.adding import MADE_SECRET, New, add, thing_put, thing_row
from unisono.dialect import Caller, LineDialect, dialects
from unisono.dialect.learning import begin_model, grow_model, is_learned
from unisono.errors import CallerError, UnisonoError
from unisono.store.registry import (
    CredentialRow,
    ForeignRow,
    ModelRow,
    NewcomerRow,
    OutboxRow,
    PlaceRow,
    ProductRow,
    ThingRow,
)
from unisono.thing import Model, dump_model, load_model, require_sound
from unisono.twin import record, talk

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Accepted", "Speaking", "product_key"]

log = logging.getLogger(__name__)

#: Things that announced themselves in one root place: more is a bridge that counts upwards.
MOST_ANNOUNCED = 5_000
#: Versions of a model that are looked through for the one that is announced.
VERSIONS = 20
#: The longest name of a thing.
NAME = 200
#: Characters of a key that name a thing in the registry.
KEY = 400

Facts = Mapping[str, Any]


def product_key(dialect: str, product: str) -> str:
    """What the secret of a product is sealed for."""
    return f"{dialect}:{product}"


class Accepted(NamedTuple):
    """Something that waited, where it is to stand, and its name; "": the one that it gave itself."""

    newcomer: NewcomerRow
    place: PlaceRow
    name: str = ""


class Speaking:
    """Answers `talk.DIALECT_ASKS`."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._one_at_a_time = asyncio.Lock()
        self._kinds: dict[str, Callable[[talk.DialectAsk], Awaitable[dict[str, Any]]]] = {
            "models": self._models,
            "prove": self._prove,
            "attach": self._attach,
            "detach": self._detach,
            "register": self._register,
            "adopt": self._adopt,
            "learn": self._learn,
            "announce": self._announce,
            "withdraw": self._withdraw,
            "firmware": partial(tell_firmware, context),
            "configuration": partial(tell_configuration, context),
            "firmware_part": partial(tell_part, context),
        }

    async def answer(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=talk.DialectAsk)
        kind = self._kinds.get(asked.kind)
        if kind is None:
            raise CallerError(f"nobody knows how to {asked.kind[:40]!r}", code="bad_request")
        return msgspec.msgpack.encode(await kind(asked))

    async def _models(self, asked: talk.DialectAsk) -> dict[str, Any]:
        rows = await self._context.registry.get_things([str(each) for each in asked.facts["things"]])
        found = {}
        for row in rows:
            if row.root == asked.root:
                found[row.id] = dump_model(await self._context.catalog.get(row.model, row.model_version))
        return {"models": found}

    # sub-devices

    async def _prove(self, asked: talk.DialectAsk) -> dict[str, Any]:
        return {"proved": [result for result, _row in await self._proved(asked, parent=asked.by)]}

    async def _proved(self, asked: talk.DialectAsk, parent: str | None) -> list[tuple[dict[str, Any], ThingRow | None]]:
        """Each caller with what became of its proof; ``parent``: whose part it must be."""
        dialect = _line_dialect(asked.dialect)
        callers = [_caller(each) for each in asked.facts["callers"]]
        proofs = [str(each) for each in asked.facts["proofs"]]
        names = await self._context.registry.foreign_things([(dialect.name, caller.name) for caller in callers])
        rows = {row.id: row for row in await self._context.registry.get_things(list(names.values()))}
        results: list[tuple[dict[str, Any], ThingRow | None]] = []
        for caller, proof in zip(callers, proofs, strict=True):
            row = rows.get(names.get((dialect.name, caller.name), ""))
            why = ""
            if row is None or row.root != asked.root:
                why = "unknown"
            elif parent is not None and row.parent != parent:
                why = "topology"
            elif not dialect.proves(caller, proof, await self._secret(row.id) or ""):
                why = "sign"
            result = {"name": caller.name, "ok": not why, "why": why, "thing": row.id if row is not None else ""}
            results.append((result, row))
        return results

    async def _secret(self, thing: str) -> str | None:
        row = await self._context.registry.get_credential(thing)
        sealed = row.sealed if row is not None and row.revoked is None else None
        return open_sealed(sealed, thing, self._context.pepper) if sealed is not None else None

    async def _attach(self, asked: talk.DialectAsk) -> dict[str, Any]:
        results = await self._proved(asked, parent=None)
        await self._put_under(asked, [row for result, row in results if result["ok"] and row is not None], asked.by)
        return {"proved": [result for result, _row in results]}

    async def _detach(self, asked: talk.DialectAsk) -> dict[str, Any]:
        names = [(asked.dialect, str(each)) for each in asked.facts["names"]]
        things = await self._context.registry.foreign_things(names)
        rows = await self._context.registry.get_things(list(things.values()))
        await self._put_under(asked, [row for row in rows if row.parent == asked.by], None)
        return {}

    async def _put_under(self, asked: talk.DialectAsk, rows: list[ThingRow], parent: str | None) -> None:
        changed = [msgspec.structs.replace(row, parent=parent) for row in rows if row.parent != parent]
        if not changed:
            return
        context = self._context
        partition = await context.partition_of(asked.root)
        at = now_us()
        await context.registry.put_things(
            changed, (), [OutboxRow(partition, encode_entry(thing_put(row, at))) for row in changed]
        )
        context.directory.announce([asked.by, *(row.id for row in changed)])
        context.live.forget([row.id for row in changed])
        await context.in_force([partition])

    # registering

    async def _register(self, asked: talk.DialectAsk) -> dict[str, Any]:
        dialect = _line_dialect(asked.dialect)
        callers = [_caller(each) for each in asked.facts["callers"]]
        proofs = asked.facts.get("proofs")
        results = []
        for number, caller in enumerate(callers):
            try:
                proof = str(proofs[number]) if proofs is not None else None
                thing, secret = await self._registered(asked, dialect, caller, proof)
                results.append({"name": caller.name, "ok": True, "thing": thing, "secret": secret, "why": ""})
            except UnisonoError as error:
                log.info("%s may not be registered: %s", caller.name, error)
                results.append({"name": caller.name, "ok": False, "thing": "", "secret": "", "why": error.detail})
        return {"registered": results}

    async def _registered(
        self, asked: talk.DialectAsk, dialect: LineDialect, caller: Caller, proof: str | None
    ) -> tuple[str, str]:
        """The thing and its secret. ``proof``: made with the product's secret; None: a gateway vouches for it, or it
        was checked when it signed in."""
        context = self._context
        product = await context.registry.get_product(dialect.name, caller.product)
        if product is None:
            raise CallerError(f"there is no product {caller.product!r}", code="not_found")
        if proof is None and not asked.root:
            raise CallerError("nobody has checked that it knows the product's secret", code="bad_credentials")
        if proof is not None:
            key = product_key(dialect.name, caller.product)
            secret = open_sealed(product.sealed, key, context.pepper) if product.sealed is not None else None
            if secret is None or not dialect.proves(caller, proof, secret):
                raise CallerError("the signature is wrong", code="bad_credentials")
        place = await context.place(product.place)
        if asked.root and place.root != asked.root:
            raise CallerError("the product belongs to another root place", code="not_allowed")
        async with self._one_at_a_time:
            known = await context.registry.foreign_things([(dialect.name, caller.name)])
            thing = known.get((dialect.name, caller.name)) if asked.root else None  # else its name is its secret
            if thing is not None:
                return thing, await self._first_secret(thing, place)
            if not product.open:
                raise CallerError("the device was not named before, and the product is not open", code="not_allowed")
            return await self._add_device(asked, dialect, caller, product, place)

    async def _first_secret(self, thing: str, place: PlaceRow) -> str:
        """A device's secret, as long as nothing was ever heard of it: whoever knows the product's secret, which is in
        every device, must not get that of a device at work."""
        secret = await self._secret(thing)
        twins = await self._context.owners.twins(place.partition, [thing])
        if secret is None or (thing in twins and twins[thing].seen):
            raise CallerError(
                f"{thing!r} was here before; a new secret for it: unisono thing secret", code="not_allowed"
            )
        return secret

    async def _add_device(
        self, asked: talk.DialectAsk, dialect: LineDialect, caller: Caller, product: ProductRow, place: PlaceRow
    ) -> tuple[str, str]:
        context = self._context
        model = await context.catalog.get(product.model, None)
        device = caller.name.rpartition("&")[2]
        row = await self._new_row(device, model, place, None)
        secret = caller.proof.get("token") or new_secret()
        if len(secret) < MADE_SECRET:
            expected = f"at least {MADE_SECRET} characters"
            raise CallerError("such a short token can be guessed", code="bad_value", expected=expected)
        credential = CredentialRow(
            row.id,
            hash_secret(secret, context.pepper),
            created=row.created,
            sealed=seal(secret, row.id, context.pepper),
        )
        called = caller if asked.root else dialect.called({}, row.id, secret)
        name = context.directory.name_of(called)
        made = New(row, model, place.partition, secret, credential, ForeignRow(dialect.name, name, row.id))
        await add(context, [made], row.created)
        log.info("%s came as %s", caller.name, row.id)
        return row.id, secret

    async def _new_row(
        self, name: str, model: Model, place: PlaceRow, parent: str | None, taken: Collection[str] = ()
    ) -> ThingRow:
        wanted = slug(name) or slug(model.id)
        candidate, number = free_id(wanted, "thing", ()), 2
        while candidate in taken or await self._context.registry.get_thing(candidate) is not None:
            candidate, number = free_id(f"{wanted}_{number}", "thing", ()), number + 1
        new = ThingNew(model=model.id, place=place.id, name=name[:NAME] or candidate, parent=parent)
        return thing_row(candidate, new, model, place, now_us())

    async def _adopt(self, asked: talk.DialectAsk) -> dict[str, Any]:
        """A gateway connects a device that it names itself."""
        context = self._context
        name = f"{asked.by}/{str(asked.facts['name'])[:KEY]}"
        async with self._one_at_a_time:
            known = (await context.registry.foreign_things([(asked.dialect, name)])).get((asked.dialect, name))
            if known is not None:
                return {"thing": known}
            parent = await context.registry.get_thing(asked.by)
            if parent is None or parent.root != asked.root:
                raise CallerError("only a thing can be a gateway", code="not_allowed")
            place = await context.place(parent.place)
            row = await self._new_row(str(asked.facts["name"]), begin_model("device"), place, parent.id)
            model = await self._model_of(str(asked.facts["model"]), f"{asked.dialect}:{row.id}")
            row = msgspec.structs.replace(row, model=model.id, model_version=model.version)
            made = New(row, model, place.partition, None, None, ForeignRow(asked.dialect, name, row.id))
            await add(context, [made], row.created)
        return {"thing": row.id}

    async def _model_of(self, wanted: str, otherwise: str) -> Model:
        """The model of that id, or one that will be learned from what the device says."""
        try:
            return await self._context.catalog.get(wanted, None)
        except CallerError:
            return await self.begin_learning(otherwise)

    async def begin_learning(self, id: str) -> Model:
        """A model that is learned from what a device says."""
        return await self._model(begin_model(id))

    async def _learn(self, asked: talk.DialectAsk) -> dict[str, Any]:
        context = self._context
        async with self._one_at_a_time:
            row = await context.registry.get_thing(str(asked.facts["thing"]))
            if row is None or row.root != asked.root or asked.by not in (row.id, row.parent):
                raise CallerError("that is no thing of this client", code="not_allowed")
            model = await context.catalog.get(row.model, row.model_version)
            if not is_learned(model):
                return {}
            grown = grow_model(model, asked.facts["values"])
            if grown != model:
                await self._be_another(row, await self._model(grown), asked)
        return {}

    # things that announce themselves

    async def _announce(self, asked: talk.DialectAsk) -> dict[str, Any]:
        facts = asked.facts
        key = _key(asked, facts)
        async with self._one_at_a_time:
            known = await self._context.registry.get_foreign(asked.dialect, key)
            row = await self._context.registry.get_thing(known.thing) if known is not None else None
            if row is None and facts.get("known"):
                waits = await self._context.registry.find_newcomer(asked.dialect, key) is not None
                return {"thing": "", "partition": "", "waits": waits}  # said by nobody who is here: it was kept
            partition = await self._context.partition_of(asked.root)
            wanted = load_model(facts["model"])
            if row is not None and facts.get("known") and not await self._says_all(wanted, row):
                return {"thing": row.id, "partition": partition}
            if row is None and await self._context.registry.newcomers_wait(asked.by):
                await self._wait(asked, key)
                return {"thing": "", "partition": "", "waits": True}
            model = await self._model(wanted)
            if row is None or known is None:
                return {"thing": await self._appear(asked, key, model), "partition": partition}
            await self._be_another(row, model, asked, known, str(facts["name"])[:NAME])
            return {"thing": row.id, "partition": partition}

    async def _says_all(self, wanted: Model, row: ThingRow) -> bool:
        """Whether what was kept may be all that the thing says of itself: of announcements that are not kept services
        are missing, which are no less its own. A hub that understands more than the one that took it in says more."""
        present = await self._context.catalog.get(row.model, row.model_version)
        return {each.key for each in present.services} <= {each.key for each in wanted.services}

    async def _wait(self, asked: talk.DialectAsk, key: str) -> None:
        """Somebody has to let it in."""
        facts, at = asked.facts, now_us()
        model = facts["model"]
        document = model.decode() if isinstance(model, bytes) else str(model)
        called, area = str(facts["name"])[:NAME], str(facts.get("area") or "")[:NAME]
        parent = str(facts.get("parent") or "")
        row = NewcomerRow(
            dialect=asked.dialect,
            name=key,
            id=new_ulid(at).lower(),
            bridge=asked.by,
            root=asked.root,
            called=called,
            area=area,
            parent=f"{asked.root}/{parent[:KEY]}" if parent else "",
            model=document,
            at=at,
            seen=at,
        )
        await self._context.registry.put_newcomer(row)

    async def let_in(self, accepted: Sequence[Accepted]) -> list[ThingRow]:
        """Add what waited, all or none; those who may ask have been asked before. Raises CallerError bad_id, too_many,
        and what `add` raises."""
        context = self._context
        async with self._one_at_a_time:
            made: list[New] = []
            ids: dict[tuple[str, str], str] = {}
            for newcomer, place, name in sorted(accepted, key=lambda each: bool(each.newcomer.parent)):
                whole = (newcomer.dialect, newcomer.parent)
                parent = ids.get(whole) or (await context.registry.foreign_things([whole])).get(whole)
                model = await self._model(load_model(newcomer.model.encode()))
                row = await self._new_row(name or newcomer.called, model, place, parent, set(ids.values()))
                ids[newcomer.dialect, newcomer.name] = row.id
                foreign = ForeignRow(newcomer.dialect, newcomer.name, row.id, newcomer.called)
                made.append(New(row, model, place.partition, None, None, foreign))
            await add(context, made, now_us())
            for newcomer, _place, _name in accepted:
                await context.registry.remove_newcomer(newcomer.dialect, newcomer.name)
        by_root: dict[str, list[tuple[str, str]]] = {}
        for newcomer, _place, _name in accepted:
            key = newcomer.name.removeprefix(f"{newcomer.root}/")
            by_root.setdefault(newcomer.root, []).append((newcomer.dialect, key))
        for root, items in by_root.items():
            context.bus.publish(talk.LET_IN, msgspec.msgpack.encode(talk.LetIn(root, items)))
        return [new.row for new in made]

    async def place_of(self, newcomer: NewcomerRow) -> PlaceRow:
        """Where a newcomer would stand: the room that it names, else where its bridge stands."""
        asked = talk.DialectAsk(newcomer.dialect, "announce", newcomer.bridge, newcomer.root)
        return await self._place_for(asked, newcomer.area)

    async def _appear(self, asked: talk.DialectAsk, key: str, model: Model) -> str:
        context, facts = self._context, asked.facts
        if await context.registry.count_things(places=[asked.root]) >= MOST_ANNOUNCED:
            raise CallerError(f"more than {MOST_ANNOUNCED} things at {asked.root}", code="too_many")
        place = await self._place_for(asked, str(facts.get("area") or ""))
        parent = await self._announced_parent(asked, str(facts.get("parent") or ""))
        called = str(facts["name"])[:NAME]
        row = await self._new_row(called, model, place, parent)
        made = New(row, model, place.partition, None, None, ForeignRow(asked.dialect, key, row.id, called))
        await add(context, [made], row.created)
        log.info("%s announced itself through %s (%s)", row.id, asked.by, asked.dialect)
        return row.id

    async def _announced_parent(self, asked: talk.DialectAsk, key: str) -> str | None:
        """The thing that it is a part of, where that announced itself too."""
        if not key:
            return None
        name = (asked.dialect, f"{asked.root}/{key[:KEY]}")
        return (await self._context.registry.foreign_things([name])).get(name)

    async def _place_for(self, asked: talk.DialectAsk, area: str) -> PlaceRow:
        """The room that it names, else where who announces it stands, else the root place."""
        context = self._context
        if area:
            wanted = area.casefold()
            for each in await context.registry.list_places(within=[asked.root], limit=1_000):
                called = [each.id, each.name, *(name for names in each.names.values() for name in names)]
                if wanted in (name.casefold() for name in called) or slug(area) == each.id:
                    return each
        row = await context.registry.get_thing(asked.by)
        return await context.place(row.place if row is not None else asked.root)

    async def _model(self, wanted: Model) -> Model:
        """The version that says the same as ``wanted``, or a new one."""
        context = self._context
        require_sound(wanted)
        versions = await context.registry.list_model_versions(wanted.id)
        for version in reversed(versions[-VERSIONS:]):
            if await context.catalog.get(wanted.id, version) == msgspec.structs.replace(wanted, version=version):
                return msgspec.structs.replace(wanted, version=version)
        made = msgspec.structs.replace(wanted, version=versions[-1] + 1 if versions else 1)
        document = dump_model(made).decode()
        await context.registry.put_model(
            ModelRow(made.id, made.version, document, made.vendor or "", made.kind or "", created=now_us())
        )
        return made

    async def _be_another(
        self, row: ThingRow, model: Model, asked: talk.DialectAsk, known: ForeignRow | None = None, called: str = ""
    ) -> None:
        """A thing that was known says what it is once more. Where it is ``called`` otherwise than it called itself
        before, it has that name; a name that a person gave it stays."""
        context = self._context
        changed = msgspec.structs.replace(row, model=model.id, model_version=model.version)
        names = []
        if known is not None and called and called != known.called:
            names.append(msgspec.structs.replace(known, called=called))
            if row.name == known.called:
                changed = msgspec.structs.replace(changed, name=called)
        if changed == row and not names:
            return
        partition = await context.partition_of(asked.root)
        outbox = await context.model_entries(partition, model)
        outbox.append(OutboxRow(partition, encode_entry(thing_put(changed, now_us()))))
        await context.registry.put_things([changed], (), outbox, names=names)
        context.models_sent(partition, [model])
        context.live.renew([row.id])
        # what the place kept is heard while the hub begins, before anybody owns the partition
        await context.in_force([] if asked.facts.get("known") else [partition])

    async def _withdraw(self, asked: talk.DialectAsk) -> dict[str, Any]:
        key = _key(asked, asked.facts)
        context = self._context
        async with self._one_at_a_time:
            known = await context.registry.foreign_things([(asked.dialect, key)])
            row = await context.registry.get_thing(known.get((asked.dialect, key), ""))
            if row is None:
                await context.registry.remove_newcomer(asked.dialect, key)
                return {}
            partition = await context.partition_of(row.root)
            at = now_us()
            outbox = [OutboxRow(partition, encode_entry(record.ThingRemoved(row.id, at)))]
            await context.registry.remove_things([row.id], outbox, at=at)
        context.directory.announce([row.id], removed=[row.id])
        await context.in_force([partition])
        return {}


def _key(asked: talk.DialectAsk, facts: Facts) -> str:
    return f"{asked.root}/{str(facts['key'])[:KEY]}"


def _line_dialect(name: str) -> LineDialect:
    found = dialects().get(name)
    if not isinstance(found, LineDialect):
        raise CallerError(f"there is no dialect {name[:40]!r}", code="bad_request")
    return found


def _caller(given: Any) -> Caller:
    """A caller as it travels over the bus: a list in the order of its fields."""
    return Caller(*given)
