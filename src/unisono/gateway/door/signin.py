"""Who is at the door: sign-ins are asked of the directory in batches, over the bus.

Knows the bus and `unisono.twin.talk`. Holds no secrets longer than a question takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

import msgspec

from unisono.access import Rights
from unisono.errors import UnisonoError
from unisono.store.bus import Bus, NobodyError
from unisono.twin.talk import (
    SIGN_IN,
    SIGN_IN_SLOWLY,
    Certificate,
    Credentials,
    SignIn,
    SignInAnswer,
    SignInAsk,
)

__all__ = ["Desk"]

logger = logging.getLogger(__name__)

#: Sign-ins in one question, and questions at a time: 10,000 clients that come back at once take 20 of them. One at a
#: time gathers more into each than two did: a seventh less processor in all processes, a fifth more sign-ins a second.
PER_ASK = 500
ASKS = 1
ASK_TIMEOUT_S = 10.0
#: After nats-server was started again, this process and the directory's come back to it one by one: who signs in
#: between is kept waiting so long, asked for at this distance, instead of being sent away to its own, longer pause.
PATIENCE_S = 2.0
AGAIN_S = 0.05
#: Characters of an id or a secret: ours have 63 and 43; 500 pairs of this length fit a message of the bus.
LONGEST = 256
#: Passwords that take long to check wait in a lane of their own, so many at a time, so many in all.
SLOW_ASKS = 4
SLOW_WAITING = 1000
#: Almost every thing has these: kept once.
PLAIN_RIGHTS = Rights()

_answer_decoder = msgspec.msgpack.Decoder(SignInAnswer)


class Desk:
    """Asks the directory; one future per client, one question per batch."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: deque[tuple[Credentials, asyncio.Future[SignIn]]] = deque()
        self._asking: set[asyncio.Task[None]] = set()
        self._slow: deque[tuple[Credentials, asyncio.Future[SignIn]]] = deque()
        self._asking_slowly: set[asyncio.Task[None]] = set()

    def ask(
        self,
        user: str,
        password: str,
        *,
        address: str = "",
        certificate: Certificate | None = None,
        stamp: str = "",
        client: str = "",
        speaks: str = "",
    ) -> asyncio.Future[SignIn]:
        """The directory's word on one client; ``ok`` false with a code when it may not come in.

        ``stamp``: whether what signed in as ``user`` under it still holds. ``client``: its client id.
        """
        future: asyncio.Future[SignIn] = asyncio.get_running_loop().create_future()
        if len(user) > LONGEST or len(password) > LONGEST or not (user.isascii() and user.isprintable()):
            # no thing is called so; and a question has to fit the bus, whatever strangers put into it
            future.set_result(SignIn(False, user[:LONGEST], "unknown_thing", "no id or secret looks like that"))
            return future
        self._waiting.append((Credentials(user, password, address, certificate, stamp, client, speaks), future))
        if len(self._asking) < ASKS:
            self._start()
        return future

    def recheck(self, identity: SignIn) -> asyncio.Future[SignIn]:
        """Whether what signed in as ``identity`` still holds, and what it may do today."""
        # who was let in by an authentication method of others may have none: then its secret's version speaks for it
        stamp = identity.stamp or f"secret:{identity.version}"
        return self.ask(identity.id, "", stamp=stamp, speaks=identity.speaks)

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
            answers = await self._question(SIGN_IN, [shown for shown, _future in asked])
            for (shown, future), answer in zip(asked, answers, strict=True):
                if answer.code == "later":
                    self._wait_longer(shown, future)
                else:
                    _settle(future, answer)

    async def _question(self, subject: str, asked: list[Credentials]) -> list[SignIn]:
        try:
            return _read_answers(await self._answer(subject, msgspec.msgpack.encode(SignInAsk(asked))), len(asked))
        except (UnisonoError, msgspec.DecodeError) as error:
            logger.warning("the directory did not answer %d sign-ins: %s", len(asked), error)
            return [SignIn(False, shown.user, "registry_unavailable", str(error)) for shown in asked]

    async def _answer(self, subject: str, question: bytes) -> bytes:
        give_up = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            try:
                return await self._bus.request(subject, question, ASK_TIMEOUT_S)
            except NobodyError:
                if asyncio.get_running_loop().time() >= give_up:
                    raise
            await asyncio.sleep(AGAIN_S)

    # passwords that a device chose itself: each check costs Argon2, and nobody else is to wait for it

    def _wait_longer(self, shown: Credentials, future: asyncio.Future[SignIn]) -> None:
        if len(self._slow) >= SLOW_WAITING:
            _settle(future, SignIn(False, shown.user, "too_many", "too many passwords wait to be checked"))
            return
        self._slow.append((shown, future))
        if len(self._asking_slowly) < SLOW_ASKS:
            self._asking_slowly.add(asyncio.create_task(self._ask_slowly()))

    async def _ask_slowly(self) -> None:
        try:
            while self._slow:
                shown, future = self._slow.popleft()
                _settle(future, (await self._question(SIGN_IN_SLOWLY, [shown]))[0])
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._asking_slowly.discard(task)  # here, as above


def _settle(future: asyncio.Future[SignIn], answer: SignIn) -> None:
    if answer.rights == PLAIN_RIGHTS:
        answer.rights = PLAIN_RIGHTS
    if not future.done():
        future.set_result(answer)


def _read_answers(data: bytes, count: int) -> list[SignIn]:
    answers = _answer_decoder.decode(data).items
    if len(answers) != count:
        raise msgspec.ValidationError(f"{len(answers)} answers to {count} questions")
    return answers
