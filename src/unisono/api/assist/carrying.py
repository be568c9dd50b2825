"""Orders of a plan, given to things by the way that every command goes: rights, second word, interlocks, audit.

Knows `unisono.api.commands.asking` and how long to wait for a thing. Knows no sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.access import Action
from unisono.api.assist.shapes import Result
from unisono.api.auth import Identity
from unisono.api.commands import shapes as command_shapes
from unisono.api.commands.asking import Wish, ask_for
from unisono.api.commands.confirming import ConfirmationError
from unisono.assist.orders import Order
from unisono.errors import UnisonoError
from unisono.twin import talk

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Given", "carry_out"]

#: A thing that does not answer is told of as such: most models' patience (10 s), and a moment for the owner to say so.
WAIT_S = 10.5
#: Asked at a time, as `unisono.api.commands.grouping` does.
AT_ONCE = 64
MAX_WHY = 500


class Given(msgspec.Struct, frozen=True):
    """What became of one order: its ``command``, or the ``error`` it was refused with. ``confirmation``: the second
    word that it waits for, with ``within_s``."""

    thing: str
    command: command_shapes.Command | None = None
    error: dict[str, Any] | None = None
    confirmation: str | None = None
    within_s: float | None = None

    @property
    def state(self) -> str:
        if self.command is not None:
            return self.command.state
        return "confirmation_required" if self.confirmation is not None else "refused"

    @property
    def how(self) -> str:
        """The state, and of what ended as acknowledged, since the thing cannot say more, that."""
        over = self.command is not None and self.command.ended is not None
        return "unanswered" if over and self.state == "acknowledged" else self.state

    def result(self) -> Result:
        return Result(self.thing, self.state, self.command, self.error)

    @property
    def why(self) -> str:
        if self.command is not None:
            return self.command.why or ""
        return str((self.error or {}).get("detail", ""))


async def carry_out(
    context: ApiContext,
    identity: Identity,
    orders: Sequence[Order],
    *,
    why: str,
    address: str = "",
    codes: Mapping[int, str] = {},
    wait_s: float = WAIT_S,
) -> list[Given]:
    """Give orders and wait a while for what becomes of them; one that is refused stops none of the others.

    ``codes``: the second word of those that need one, by their place in the list. Orders to one thing keep their order.
    """
    slots = asyncio.Semaphore(AT_ONCE)
    identity = identity.by_assistant()
    turns: dict[str, asyncio.Lock] = {order.thing: asyncio.Lock() for order in orders}

    async def give(number: int, order: Order) -> tuple[Given, str, talk.CommandView | None]:
        wish = Wish(
            order.set, order.call, order.input, confirmation=codes.get(number), why=why[:MAX_WHY], address=address
        )
        async with turns[order.thing], slots:
            try:
                row, partition = await context.thing(order.thing, identity, Action.READ)
                view = await ask_for(context, identity, row, partition, wish)
            except ConfirmationError as error:
                return Given(order.thing, None, error.problem(), error.confirmation, error.within_s), "", None
            except UnisonoError as error:
                return Given(order.thing, None, error.problem()), "", None
        return Given(order.thing), partition, view

    async def wait(became: Given, partition: str, view: talk.CommandView | None) -> Given:
        if view is None:
            return became
        if wait_s and view.ended is None:
            view = await context.owners.command_get(partition, talk.CommandGet(view.id, wait_s)) or view
        return msgspec.structs.replace(became, command=command_shapes.command(view))

    given = await asyncio.gather(*(give(number, order) for number, order in enumerate(orders)))
    return list(await asyncio.gather(*(wait(*each) for each in given)))
