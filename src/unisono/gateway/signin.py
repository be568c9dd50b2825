"""Who is at the door: sign-ins are asked of the directory in batches, over the bus.

Knows the bus and `unisono.twin.talk`. Holds no secrets longer than a question takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

import msgspec

from unisono.errors import UnisonoError
from unisono.store.bus import Bus
from unisono.twin.talk import SIGN_IN, SignIn, SignInAnswer, SignInAsk

__all__ = ["Desk"]

logger = logging.getLogger(__name__)

#: Sign-ins in one question, and questions at a time: 10,000 clients that come back at once take 20 of them.
PER_ASK = 500
ASKS = 2
ASK_TIMEOUT_S = 10.0
#: Characters of an id or a secret: ours have 63 and 43; 500 pairs of this length fit a message of the bus.
LONGEST = 256

_answer_decoder = msgspec.msgpack.Decoder(SignInAnswer)


class Desk:
    """Asks the directory; one future per client, one question per batch."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: deque[tuple[str, str, asyncio.Future[SignIn]]] = deque()
        self._asking: set[asyncio.Task[None]] = set()

    def ask(self, id: str, secret: str) -> asyncio.Future[SignIn]:
        """The directory's word on one client; ``ok`` false with a code when it may not come in."""
        future: asyncio.Future[SignIn] = asyncio.get_running_loop().create_future()
        if len(id) > LONGEST or len(secret) > LONGEST or not (id.isascii() and id.isprintable()):
            # no thing is called so; and a question has to fit the bus, whatever strangers put into it
            future.set_result(SignIn(False, id[:LONGEST], "unknown_thing", "no id or secret looks like that"))
            return future
        self._waiting.append((id, secret, future))
        if len(self._asking) < ASKS:
            self._start()
        return future

    def _start(self) -> None:
        task = asyncio.create_task(self._ask_on())
        self._asking.add(task)

    async def _ask_on(self) -> None:
        try:
            await self._ask()
        finally:
            # here, not in a callback of a later turn: who asks meanwhile must see that nobody is asking
            task = asyncio.current_task()
            assert task is not None
            self._asking.discard(task)

    async def _ask(self) -> None:
        await asyncio.sleep(0)  # what else came in this turn of the loop shares the question
        while self._waiting:
            asked = [self._waiting.popleft() for _ in range(min(PER_ASK, len(self._waiting)))]
            question = msgspec.msgpack.encode(SignInAsk([(id, secret) for id, secret, _future in asked]))
            try:
                answers = _read_answers(await self._bus.request(SIGN_IN, question, ASK_TIMEOUT_S), len(asked))
            except (UnisonoError, msgspec.DecodeError) as error:
                logger.warning("the directory did not answer %d sign-ins: %s", len(asked), error)
                answers = [SignIn(False, id, "registry_unavailable", str(error)) for id, _secret, _future in asked]
            for (_id, _secret, future), answer in zip(asked, answers, strict=True):
                if not future.done():
                    future.set_result(answer)


def _read_answers(data: bytes, count: int) -> list[SignIn]:
    answers = _answer_decoder.decode(data).items
    if len(answers) != count:
        raise msgspec.ValidationError(f"{len(answers)} answers to {count} questions")
    return answers
