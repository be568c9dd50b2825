"""Claim codes: a new device brings one and gets its identity; guessing is bounded, alone and all together.

Knows claims as rows and how a thing is added. Knows no route and no socket: gateways ask over the bus.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from unisono.access import Rights, hash_secret, is_claim_code, read_code
from unisono.api import shapes
from unisono.api.auth import Throttle, now_us
from unisono.api.things.adding import add, find_id, prepare
from unisono.errors import CallerError
from unisono.store.registry import ClaimRow
from unisono.twin import talk

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Claiming", "is_open"]

log = logging.getLogger(__name__)

# Wrong codes in all, from wherever: 30 a minute are 1.3 million a month against 40 bits. A household errs less often.
WRONG_IN_ALL = 30
WRONG_WINDOW_S = 60.0

NO_CODE = "This claim code is unknown, was used or has run out"
NEW_CODE = "Make a new one: unisono thing claim --place PLACE"

RIGHTS = Rights("claim", frozenset(), frozenset(), (), frozenset())


def is_open(row: ClaimRow, at: int) -> bool:
    """Whether the code can still be used."""
    return row.used_at is None and row.revoked is None and row.expires >= at


class Claiming:
    """Checks and redeems claim codes."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._by_address = Throttle(longest_s=300.0)
        self._wrong: deque[float] = deque(maxlen=WRONG_IN_ALL)
        self.wrong = 0

    async def sign_in(self, shown: talk.Credentials) -> talk.SignIn:
        """Let a device with an open code into the door, where it may ask for its identity and nothing else."""
        try:
            row = await self._open_claim(shown.password, shown.address)
            return await self._admitted(row)
        except CallerError as error:
            return talk.SignIn(False, shown.user, error.code, str(error))

    async def recheck(self, shown: talk.Credentials) -> talk.SignIn:
        """Whether the code is still open."""
        row = await self._context.registry.get_claim(shown.stamp.partition(":")[2])
        if row is None or not is_open(row, now_us()):
            return talk.SignIn(False, shown.user, "bad_credentials", NO_CODE)
        return await self._admitted(row)

    async def _admitted(self, row: ClaimRow) -> talk.SignIn:
        place = await self._context.place(row.place)
        name = f"claim:{row.id}"
        return talk.SignIn(True, name, root=place.root, partition=place.partition, stamp=name, rights=RIGHTS)

    async def answer(self, payload: bytes) -> bytes:
        """`talk.CLAIM`."""
        ask = msgspec.msgpack.decode(payload, type=talk.ClaimAsk)
        return msgspec.msgpack.encode(await self.redeem(ask))

    async def redeem(self, ask: talk.ClaimAsk) -> talk.ClaimAnswer:
        """Add the thing that the claim and the device describe, and spend the code in the same transaction.

        What the claim says counts before what the device says. Raises CallerError bad_credentials, too_many, and what
        is wrong with the thing (the code then stays open).
        """
        context = self._context
        row = await self._open_claim(ask.code, ask.address)
        new = _wanted(row, ask)
        place = await context.place(row.place)
        model = await context.catalog.get(new.model, None)
        at = now_us()
        thing_id = await find_id(context, new, {})
        made = await prepare(context, new, thing_id, model, place, at)
        used = msgspec.structs.replace(row, used_at=at, used_by=thing_id, used_from=ask.address)
        await add(context, [made], at, used)
        log.info("%s claimed its place at %s from %s (code of %s)", thing_id, place.id, ask.address, row.made_by)
        ports = dict(context.hub_info().get("ports", {}))
        return talk.ClaimAnswer(thing_id, made.secret or "", model.id, place.id, ports)

    async def _open_claim(self, code: str, address: str) -> ClaimRow:
        now = time.monotonic()
        self._by_address.check(address, now)
        if len(self._wrong) == WRONG_IN_ALL and now - self._wrong[0] < WRONG_WINDOW_S:
            raise CallerError(
                f"{WRONG_IN_ALL} wrong claim codes within a minute: nobody's counts for the moment",
                code="too_many",
                mend="Try again in a minute",
            )
        row = None
        if is_claim_code(code):
            row = await self._context.registry.find_claim(hash_secret(read_code(code), self._context.pepper))
        if row is None or not is_open(row, now_us()):
            self._by_address.failed(address, now)
            self._wrong.append(now)
            self.wrong += 1
            log.warning("a wrong claim code from %s", address or "an unknown address")
            raise CallerError(NO_CODE, code="bad_credentials", mend=NEW_CODE)
        self._by_address.succeeded(address)
        return row


def _wanted(row: ClaimRow, ask: talk.ClaimAsk) -> shapes.ThingNew:
    model = row.model or ask.model
    if model is None:
        raise CallerError(
            "Neither the claim nor the device says what it is",
            code="bad_value",
            field="model",
            expected="a model, such as light or sensor.temperature",
        )
    wanted = {"model": model, "place": row.place, "id": row.thing or ask.id, "name": row.name or ask.name or model}
    try:
        return msgspec.convert(wanted, shapes.ThingNew)
    except msgspec.ValidationError as error:
        raise CallerError(str(error), code="bad_value", expected="id, name and model as for any thing") from error
