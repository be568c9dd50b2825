"""The directory: tells gateways who a client is, over the bus, in batches.

Knows credentials' hashes and the facts behind a sign-in. Knows no socket of a device and no route. Ten thousand devices
that reconnect at once are answered in about a second: asks are batched, facts come from the registry in one query per
batch, a hash is a keyed BLAKE2, and facts are kept for a while.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec

from unisono.access import check_secret
from unisono.store.bus import Bus
from unisono.store.registry import Registry, SignInFacts
from unisono.twin import talk

__all__ = ["Directory"]

log = logging.getLogger(__name__)

# facts of one thing are some 600 bytes; enough for a place's reconnect storm, and a large fleet stays bounded
MAX_KEPT = 20_000

# Changes are told at once; this bounds what a lost announcement could leave standing
KEEP_S = 60.0

# ids in one ask; a gateway splits larger ones
MAX_ITEMS = 5000

# the queue group: with several API processes one of them answers
QUEUE = "directory"

UNKNOWN = "Nothing is registered under that id"
NO_SECRET = "The thing has no secret; make one: unisono thing secret ID"
WRONG = "The secret is wrong"


class Directory:
    """Answers `talk.SIGN_IN` and announces changes of access."""

    def __init__(self, registry: Registry, bus: Bus, pepper: bytes) -> None:
        self._registry = registry
        self._bus = bus
        self._pepper = pepper
        self._kept: dict[str, tuple[SignInFacts, float]] = {}
        self._ends: list[Callable[[], None]] = []
        self._decoder = msgspec.msgpack.Decoder(talk.SignInAsk)
        self._encoder = msgspec.msgpack.Encoder()

    async def start(self) -> None:
        """Begin to answer."""
        self._ends = [
            await self._bus.serve(talk.SIGN_IN, self._answer, queue=QUEUE),
            await self._bus.subscribe(talk.ACCESS_CHANGED, self._forget),
        ]

    def stop(self) -> None:
        """Answer no more."""
        for end in self._ends:
            end()
        self._ends = []

    def announce(self, things: Sequence[str]) -> None:
        """Tell every gateway that the credentials or the existence of ``things`` changed."""
        self.forget(things)
        for start in range(0, len(things), MAX_ITEMS):
            changed = talk.AccessChanged(list(things[start : start + MAX_ITEMS]))
            self._bus.publish(talk.ACCESS_CHANGED, self._encoder.encode(changed))

    def forget(self, things: Iterable[str]) -> None:
        """Drop kept facts."""
        for thing in things:
            self._kept.pop(thing, None)

    def _forget(self, payload: bytes) -> None:
        try:
            self.forget(msgspec.msgpack.decode(payload, type=talk.AccessChanged).things)
        except msgspec.DecodeError as error:
            log.warning("an announcement of changed access could not be read: %s", error)
            self._kept.clear()

    async def _answer(self, payload: bytes) -> bytes:
        return self._encoder.encode(await self.sign_in(self._decoder.decode(payload)))

    async def sign_in(self, ask: talk.SignInAsk) -> talk.SignInAnswer:
        """Check every pair of id and secret; answers in the same order."""
        facts = await self._facts([thing for thing, _ in ask.items])
        return talk.SignInAnswer([self._check(thing, secret, facts.get(thing)) for thing, secret in ask.items])

    async def _facts(self, ids: Sequence[str]) -> dict[str, SignInFacts]:
        now = time.monotonic()
        found: dict[str, SignInFacts] = {}
        missing: list[str] = []
        for thing in dict.fromkeys(ids):
            kept = self._kept.get(thing)
            if kept is not None and kept[1] > now:
                found[thing] = kept[0]
            else:
                missing.append(thing)
        for start in range(0, len(missing), MAX_ITEMS):
            read = await self._registry.sign_in_facts(missing[start : start + MAX_ITEMS])
            if len(self._kept) + len(read) > MAX_KEPT:
                self._kept.clear()
            for each in read[:MAX_KEPT]:
                self._kept[each.id] = (each, now + KEEP_S)
            found.update((each.id, each) for each in read)
        return found

    def _check(self, thing: str, secret: str, facts: SignInFacts | None) -> talk.SignIn:
        if facts is None:
            return talk.SignIn(False, thing, code="unknown_thing", detail=UNKNOWN)
        if facts.hash is None:
            return talk.SignIn(False, thing, code="bad_credentials", detail=NO_SECRET)
        if not check_secret(secret, facts.hash, self._pepper):
            # to a gateway, which shows the refusal on the thing's page and rechecks who is connected already
            return talk.SignIn(
                False,
                thing,
                code="bad_credentials",
                detail=WRONG,
                root=facts.root,
                partition=facts.partition,
                children=facts.children,
                version=facts.version,
            )
        return talk.SignIn(
            True,
            thing,
            root=facts.root,
            partition=facts.partition,
            children=facts.children,
            version=facts.version,
        )
