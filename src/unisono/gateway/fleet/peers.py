"""What the gateways of one hub tell each other: which filters somebody at each of them listens to, and the messages.

Knows the bus, the stream of messages for each gateway (``PASSED_<id>``) and subscription trees. Knows no sockets.

A gateway that is away (killed, being started) is remembered with what it listened to, since sessions there go on; what
is published meanwhile waits in its stream. One that begins reads what the absent ones listen to from their journals. A
message that came from another gateway is delivered here and never passed on, so there are no loops.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, Protocol

import msgspec

from unisono.errors import HostError, UnisonoError
from unisono.gateway.commit import Committer
from unisono.gateway.routing import Abroad, Place
from unisono.gateway.sessions.keeper import Keeper
from unisono.store.bus import Bus, NobodyError
from unisono.wire.mqtt import Properties, SubscriptionTree, split_shared

__all__ = ["PASSED_BYTES", "Onward", "Peers", "Publication", "Stream", "decode_passed"]

logger = logging.getLogger(__name__)

#: What waits for one gateway that is away: past it, messages for it are dropped and counted.
PASSED_BYTES = 64 * 1024 * 1024
#: Filters in one request: far below what the bus takes at a time.
PAGE = 2_000
#: Nobody answers for so long: a gateway is away, not its connection to the bus being made again.
GONE_S = 1.0
RETRY_S = 0.1
#: How often it is written down how far the messages of others were taken.
SETTLE_S = 1.0

Pair = tuple[str, str]
"""(root place, filter)."""


class Stream(Protocol):
    """The part of `unisono.store.log.Log` that is needed."""

    async def append(self, payload: bytes, message_id: str) -> int: ...
    async def bounds(self) -> tuple[int, int, int]: ...
    async def purge(self, below_seq: int) -> None: ...
    async def read(
        self, from_seq: int, handler: Callable[[int, bytes], None], *, ready: Callable[[], Awaitable[None]] | None
    ) -> object: ...


class Reach(Protocol):
    """What is kept of other gateways."""

    async def stream_of(self, gateway: str) -> Stream:
        """The stream of messages for a gateway."""

    async def left_by(self, gateway: str) -> Iterable[Pair]:
        """What the sessions in a gateway's journal listen to."""


class Publication(msgspec.Struct, array_like=True):
    """One client's messages to one topic, for the gateways in ``plain``; a message through shared subscription ``s`` is
    for ``shares[s]`` alone. ``origin`` and ``number`` name it: a repeat is known by them."""

    origin: str
    number: int
    root: str
    topic: str
    payloads: list[bytes]
    qos: int
    retain: bool
    properties: Properties | None
    expires_at: int
    sender: str
    plain: list[str]
    shares: dict[str, str]


class Interest(msgspec.Struct, array_like=True):
    """``fresh``: whatever was known of the gateway before is out of date."""

    gateway: str
    fresh: bool
    added: list[Pair]
    removed: list[Pair]


class Onward(NamedTuple):
    """Who is to have a message: see `Publication`."""

    plain: list[str]
    shares: dict[str, str]

    @property
    def gateways(self) -> list[str]:
        return list(dict.fromkeys([*self.plain, *self.shares.values()]))


class Peers:
    """This gateway among the others. ``deliver(publication)`` hands over here. ``boot`` makes our numbers unique.
    ``settled()`` returns when what was retained here so far is on disk."""

    def __init__(
        self,
        id: str,
        others: list[str],
        bus: Bus,
        keeper: Keeper,
        *,
        boot: str,
        place: Callable[[str], Place],
        reach: Reach,
        deliver: Callable[[Publication], None],
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        self.id = id
        self.origin = f"{id}-{boot}"
        self.dropped = 0
        self._others = others
        self._bus = bus
        self._keeper = keeper
        self._place = place
        self._reach = reach
        self._deliver = deliver
        self._settled = settled
        self._loop = asyncio.get_running_loop()
        self._own: dict[Pair, int] = {}
        self._theirs: dict[str, set[Pair]] = {other: set() for other in others}
        self._gone: set[str] = set()
        self._said_hello: set[str] = set()
        self._added: dict[Pair, None] = {}
        self._removed: dict[Pair, None] = {}
        self._told: list[asyncio.Future[None]] = []
        self._changed = asyncio.Event()
        self._writers: dict[str, Committer] = {}
        self._turn = 0
        self._stream: Stream
        self._reader: object = None
        self._seq = 0
        self._settled_seq = 0
        self._tasks: set[asyncio.Task[None]] = set()

    # joining

    async def join(self) -> None:
        """Returns when we know what the others listen to and they know what is listened to here."""
        await self._bus.serve(_subject(self.id, "interest"), self._interest)
        await self._bus.serve(_subject(self.id, "filters"), self._filters)
        await self._bus.subscribe(_subject(self.id, "message"), self._message)
        for other in self._others:
            stream = await self._reach.stream_of(other)
            self._writers[other] = Committer(stream, self.origin, encode=_encode_passed)
        await asyncio.gather(*(self._meet(other) for other in self._others))
        self._spawn(self._tell_on())
        await self._pass_on_again()
        self._stream = await self._reach.stream_of(self.id)
        first, last, _size = await self._stream.bounds()
        start = max(first, min(self._keeper.ledger.last_seq, last) + 1)
        self._seq = self._settled_seq = start - 1
        self._reader = await self._stream.read(start, self._passed, ready=self._ready)
        self._spawn(self._settle_on())

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._reader is not None:
            await self._reader.stop()  # type: ignore[attr-defined]  # unisono.store.reader.Reader
        for writer in self._writers.values():
            await writer.drain()

    def meet_again(self) -> None:
        """The connection to the bus was made again: what was said meanwhile is lost."""
        for other in self._others:
            self._spawn(self._meet(other))

    async def _meet(self, other: str) -> None:
        """Tell everything, hear everything."""
        while True:
            try:
                own = list(self._own)
                for at in range(0, max(len(own), 1), PAGE):
                    await self._ask(other, "interest", Interest(self.id, at == 0, own[at : at + PAGE], []))
                theirs = await self._all_filters(other)
            except NobodyError:
                self._gone.add(other)
                if other not in self._said_hello:
                    left = list(await self._reach.left_by(other))
                    if other not in self._said_hello:
                        self._learn(other, left, [])
                return
            except HostError as error:
                logger.warning("gateway %s does not answer yet: %s", other, error)
                await asyncio.sleep(RETRY_S)
            else:
                self._gone.discard(other)
                self._learn(other, theirs, [])
                return

    async def _all_filters(self, other: str) -> list[Pair]:
        found: list[Pair] = []
        while True:
            after = found[-1] if found else ("", "")
            answer = await self._bus.request(_subject(other, "filters"), _encoder.encode(after))
            page = msgspec.msgpack.decode(answer, type=list[Pair])
            found += page
            if len(page) < PAGE:
                return found

    async def _ask(self, other: str, verb: str, what: Interest) -> None:
        await self._bus.request(_subject(other, verb), _encoder.encode(what))

    # what is listened to

    def hear(self, root: str, filter: str) -> None:
        """Somebody here listens from now on; `known` says when the others know."""
        pair = (root, filter)
        self._own[pair] = self._own.get(pair, 0) + 1
        if self._own[pair] == 1:
            self._removed.pop(pair, None)
            self._added[pair] = None
            self._changed.set()

    def unhear(self, root: str, filter: str) -> None:
        pair = (root, filter)
        left = self._own.get(pair, 0) - 1
        if left > 0:
            self._own[pair] = left
        elif left == 0:
            del self._own[pair]
            self._added.pop(pair, None)
            self._removed[pair] = None
            self._changed.set()

    def known(self) -> asyncio.Future[None]:
        """Done when the others know of everything heard so far, and have on disk what they retained before that."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._told.append(future)
        self._changed.set()
        return future

    async def _tell_on(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            added, self._added = list(self._added), {}
            removed, self._removed = list(self._removed), {}
            told, self._told = self._told, []
            steps = [
                Interest(self.id, False, added[at : at + PAGE], removed[at : at + PAGE])
                for at in range(0, max(len(added), len(removed), 1), PAGE)
            ]
            await asyncio.gather(*(self._tell(other, steps) for other in self._others))
            for future in told:
                if not future.done():
                    future.set_result(None)

    async def _tell(self, other: str, steps: list[Interest]) -> None:
        deadline = self._loop.time() + GONE_S
        for step in steps:
            while other not in self._gone:  # it hears everything when it is back
                try:
                    await self._ask(other, "interest", step)
                    break
                except NobodyError:
                    if self._loop.time() > deadline:
                        logger.warning("gateway %s is away", other)
                        self._gone.add(other)
                except HostError as error:
                    logger.warning("gateway %s does not answer: %s", other, error)
                await asyncio.sleep(RETRY_S)

    async def _interest(self, payload: bytes) -> bytes:
        said = msgspec.msgpack.decode(payload, type=Interest)
        if said.gateway in self._theirs:
            self._said_hello.add(said.gateway)
            self._gone.discard(said.gateway)
            if said.fresh:
                self._learn(said.gateway, [], list(self._theirs[said.gateway] - set(said.added)))
            self._learn(said.gateway, said.added, said.removed)
            # what is retained from now on goes there; what was before is read from the disk, so it has to be there
            await self._settled()
        return b""

    async def _filters(self, payload: bytes) -> bytes:
        after = msgspec.msgpack.decode(payload, type=Pair)
        page = sorted(pair for pair in self._own if pair > after)[:PAGE]
        return _encoder.encode(page)

    def _learn(self, other: str, added: Iterable[Pair], removed: Iterable[Pair]) -> None:
        known = self._theirs[other]
        for pair in removed:
            if pair in known:
                known.discard(pair)
                self._forget(other, *pair)
        for pair in added:
            if pair not in known:
                known.add(pair)
                root, filter = pair
                place = self._place(root)
                if place.abroad is None:
                    place.abroad = SubscriptionTree()
                group, plain = split_shared(filter)
                share = "" if group is None else filter
                place.abroad.add(plain, (other, share), Abroad(other, share))

    def _forget(self, other: str, root: str, filter: str) -> None:
        place = self._place(root)
        if place.abroad is not None:
            group, plain = split_shared(filter)
            place.abroad.remove(plain, (other, "" if group is None else filter))
            if not len(place.abroad):
                place.abroad = None

    # messages that leave

    def onward(self, place: Place, topic: str) -> Onward | None:
        """Which other gateways are to have a message on this topic; one gateway for each shared subscription."""
        found = place.abroad.match(topic) if place.abroad is not None else ()
        if not found:
            return None
        plain: dict[str, None] = {}
        groups: dict[str, list[str]] = {}
        for gateway, share in found:
            if share:
                groups.setdefault(share, []).append(gateway)
            else:
                plain[gateway] = None
        shares: dict[str, str] = {}
        for share, gateways in groups.items():
            able = [*gateways, self.id] if place.has_group(share) else gateways
            self._turn += 1
            chosen = able[self._turn % len(able)]
            if chosen != self.id:
                shares[share] = chosen
        return Onward(list(plain), shares) if plain or shares else None

    def encode(self, publication: Publication) -> bytes:
        return _encoder.encode(publication)

    def say(self, gateways: list[str], publication: bytes) -> None:
        """A message of QoS 0: at most once."""
        for gateway in gateways:
            if gateway not in self._gone:
                self._bus.publish(_subject(gateway, "message"), publication)

    def send(self, gateways: list[str], publication: bytes, done: Callable[[UnisonoError | None], None]) -> None:
        """A message of QoS 1 or 2: ``done`` once it is in the stream of each, on disk."""
        left = len(gateways)
        failed: UnisonoError | None = None

        def one(error: UnisonoError | None) -> None:
            nonlocal left, failed
            left -= 1
            if error is not None and error.code == "log_full":
                self.dropped += 1  # it is away for long: its clients are to hold up nobody else's
            elif error is not None:
                failed = error
            if not left:
                done(failed)

        for gateway in gateways:
            self._writers[gateway].add(publication, len(publication), one)  # type: ignore[arg-type]

    async def _pass_on_again(self) -> None:
        """What an earlier life had promised to pass on and may not have: a repeat is known by its number."""
        for number, kept in list(self._keeper.ledger.onward.items()):
            self.send(kept.onward, kept.publication, lambda error, n=number: self._is_on(n, error))  # type: ignore[misc]

    def _is_on(self, number: int, error: UnisonoError | None) -> None:
        if error is None:
            self._keeper.is_on(number)

    # messages that come

    def _message(self, payload: bytes) -> None:
        self._deliver(msgspec.msgpack.decode(payload, type=Publication))

    def _passed(self, seq: int, payload: bytes) -> None:
        for publication in decode_passed(payload):
            if publication.number > self._keeper.ledger.origins.get(publication.origin, 0):
                self._deliver(publication)
        self._seq = seq

    async def _ready(self) -> None:
        if self._keeper.crowded:
            await self._keeper.drain()

    async def _settle_on(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_S)
            if self._seq > self._settled_seq:
                seq = self._seq
                settled: asyncio.Future[UnisonoError | None] = self._loop.create_future()
                self._keeper.passed(seq, settled.set_result)
                if await settled is None:
                    try:
                        await self._stream.purge(seq + 1)
                    except HostError as error:
                        logger.warning("messages of other gateways stay for now: %s", error)
                    else:
                        self._settled_seq = seq

    def _spawn(self, work: object) -> None:
        task: asyncio.Task[None] = self._loop.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a task between gateways failed", exc_info=task.exception())


def _subject(gateway: str, verb: str) -> str:
    return f"gateway.{gateway}.{verb}"


def _encode_passed(_source: str, _at: int, publications: list[bytes]) -> bytes:
    return _encoder.encode(publications)


def decode_passed(payload: bytes) -> list[Publication]:
    """One message of the stream for a gateway."""
    return [_read(each) for each in msgspec.msgpack.decode(payload, type=list[bytes])]


_encoder = msgspec.msgpack.Encoder()
_read = msgspec.msgpack.Decoder(Publication).decode
