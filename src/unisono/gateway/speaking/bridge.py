"""Things that announce themselves on a root place's ordinary topics, through a bridge or a program.

Knows translators, the committer and the bus. One `Bridge` per root place that has such clients; nothing else pays for
it. A thing is there as long as its announcement says so and somebody is connected who could be it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.dialect import (
    Announced,
    Happened,
    Listens,
    Odd,
    PlaceDialect,
    Promised,
    Replied,
    Reported,
    Said,
    Say,
    There,
    Translator,
    Withdrawn,
    dialects,
    is_silent,
)
from unisono.errors import CallerError, HostError
from unisono.gateway.clock import now_us
from unisono.gateway.sessions.session import Message
from unisono.gateway.speaking.entries import Origin, body_of, entry_of, replied
from unisono.gateway.speaking.line import DOWN, ask_hub
from unisono.thing import dump_model
from unisono.twin.record import Entry, Listening, Presence, Reports
from unisono.twin.talk import SILENT, Down, LetIn, SignIn
from unisono.wire.mqtt.topics import is_wild, matches

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection
    from unisono.gateway.server import Gateway

__all__ = ["Bridges"]

logger = logging.getLogger(__name__)

#: What waits until the hub has taken an announcement in; the oldest give way.
WAITING = 200
#: The same of a thing that a person has to let in first, which may take days: its last words are enough.
HELD = 20
#: Things announced in one root place.
MOST = 5_000


#: What was kept, and is no thing, may just be becoming one at another gateway: it is asked about again after so long.
KEPT_AGAIN_S = (2.0, 8.0)


#: Who says what nobody says who is here.
NOBODY: tuple[Connection | None, SignIn | None] = (None, None)


class Known:
    """One thing that was announced: ``thing`` is its id here, "" until the hub has said it. ``epoch``: of the presence
    that the log was told, 0 when it is away. ``held``: it waits until somebody lets it in."""

    __slots__ = ("announced", "asking", "client", "dialect", "epoch", "held", "ready", "taken", "thing", "waiting")

    def __init__(self, dialect: str, announced: Announced) -> None:
        self.dialect = dialect
        self.announced = announced
        self.thing = ""
        self.ready = True
        self.client: Connection | None = None
        self.epoch = 0
        self.waiting: list[tuple[Said, Origin]] = []
        self.asking = False
        self.taken = asyncio.Event()  # the hub has taken it in, or has not
        self.held = False


class Bridge:
    """The translators of one root place."""

    def __init__(self, bridges: Bridges, root: str) -> None:
        self._bridges = bridges
        self._gateway = bridges.gateway
        self.root = root
        self.translators: dict[str, Translator] = {
            each.name: each.bridge() for each in dialects().values() if isinstance(each, PlaceDialect)
        }
        self.known: dict[tuple[str, str], Known] = {}
        self._things: dict[str, Known] = {}
        self._same: dict[str, tuple[str, str]] = {}
        self._promised: dict[tuple[str, str], tuple[Connection | None, SignIn | None]] = {}  # who told of it first
        self._partition = ""
        self.clients: set[Connection] = set()

    # up

    def heard(
        self, topic: str, payload: bytes, origin: Origin, client: Connection | None, identity: SignIn | None
    ) -> list[tuple[Entry, int]]:
        """What a publication means, as entries. ``client`` None: a message that the place kept, said by nobody now."""
        entries: list[tuple[Entry, int]] = []
        now_ms = origin.at // 1000
        for dialect, translator in self.translators.items():
            if translator.mine(topic):
                said = translator.heard(topic, payload, now_ms) or []
                entries += self._take(dialect, said, origin, client, identity)
        return entries

    def _take(
        self, dialect: str, said: Iterable[Said], origin: Origin, client: Connection | None, identity: SignIn | None
    ) -> list[tuple[Entry, int]]:
        entries: list[tuple[Entry, int]] = []
        for each in said:
            if isinstance(each, Announced):
                self._announced(dialect, each, client, identity)
            elif isinstance(each, Promised):
                self._promise((dialect, each.thing), client, identity)
            elif isinstance(each, Withdrawn):
                entries += self._withdrawn(dialect, each.key, identity if client is not None else None)
            elif isinstance(each, Say):
                self._say(each)
            elif isinstance(each, Listens):
                entries += self._kept(dialect, each, client, identity)
            elif isinstance(each, There):
                known = self.known.get((dialect, each.thing))
                if known is not None:
                    known.ready = each.online
                    if client is not None:
                        known.client = client
                    entries += self._settle(known)
            elif isinstance(each, Reported | Happened | Replied | Odd):
                entries += self._of_thing(dialect, each, origin, client)
        return entries

    def _promise(self, key: tuple[str, str], client: Connection | None, identity: SignIn | None) -> None:
        """Who told of it first has told of it; what the place kept was told by nobody who is here."""
        if self._promised.get(key, NOBODY) is NOBODY and (key in self._promised or len(self._promised) < MOST):
            self._promised[key] = (client, identity) if identity is not None else NOBODY

    def _kept(
        self, dialect: str, listens: Listens, client: Connection | None, identity: SignIn | None
    ) -> list[tuple[Entry, int]]:
        """What the place keeps of topics that mean something now. An event that was kept happened long ago."""
        entries: list[tuple[Entry, int]] = []
        retained = self._gateway.place(self.root).retained
        for topic in [name for each in listens.topics for name in _named(each, retained)]:
            message = retained[topic]
            origin = Origin(dialect, topic, now_us(), payload=message.payload)
            said = self.translators[dialect].heard(topic, message.payload, origin.at // 1000) or []
            said = [each for each in said if not isinstance(each, Happened)]
            entries += self._take(dialect, said, origin, client, identity)
        return entries

    def _of_thing(
        self, dialect: str, said: Reported | Happened | Replied | Odd, origin: Origin, client: Connection | None
    ) -> list[tuple[Entry, int]]:
        if client is None:
            return []  # what was kept is no news
        known = self.known.get((dialect, said.thing))
        if known is None:
            if isinstance(said, Odd):
                self._gateway.doorman.refused(said.code)
                logger.info("%s: %s: %s", self.root, origin.topic[:200], said.detail)
            return []
        known.client = client
        if not known.thing or known.asking:
            known.waiting.append((said, origin))
            del known.waiting[: -HELD if known.held else -WAITING]
            return []
        found = entry_of(said, known.thing, origin)
        return [*self._settle(known), *([found] if found is not None else [])]

    # announcements

    def _announced(
        self, dialect: str, announced: Announced, client: Connection | None, identity: SignIn | None
    ) -> None:
        key = (dialect, announced.key)
        for name in announced.same_as:
            other = self._same.get(name)
            if other is None or other == key or other not in self.known:
                continue
            if self.known[other].announced.rank >= announced.rank:
                return  # the dialect that knows it better has it
            self._bridges.add_all(self._partition, self._withdrawn(*other, identity if client is not None else None))
        known = self.known.get(key)
        again = known is not None and known.announced == announced and (known.thing or known.asking)
        if known is None:
            if len(self.known) >= MOST:
                logger.warning("%s: more than %d things announced themselves", self.root, MOST)
                return
            known = self.known[key] = Known(dialect, announced)
        known.announced = announced
        for name in announced.same_as:
            self._same[name] = key
        if client is not None:
            known.client = client
        if not again:
            known.asking = True
            known.taken.clear()
            self._gateway.spawn(self._ask(known, client is None, identity))
        elif known.thing:
            self._bridges.add_all(self._partition, self._settle(known))

    async def _ask(self, known: Known, kept: bool, identity: SignIn | None) -> None:
        """Have the thing taken in; then what waited for it."""
        announced = known.announced
        parent = self.known.get((known.dialect, announced.parent))
        if parent is not None:
            await parent.taken.wait()
        facts = {
            "key": announced.key,
            "name": announced.name,
            "model": dump_model(announced.model),
            "area": announced.area,
            "parent": announced.parent,
            "known": kept,
        }
        by = identity or SignIn(True, "", root=self.root)
        answer = await ask_hub(self._gateway.bus, known.dialect, "announce", by, facts)
        for pause_s in KEPT_AGAIN_S if kept else ():
            if known.announced is not announced or (answer or {}).get("thing") or known.client is not None:
                break
            await asyncio.sleep(pause_s)
            answer = await ask_hub(self._gateway.bus, known.dialect, "announce", by, facts)
        if known.announced is not announced:
            return  # it has said something else meanwhile, which is on its way too
        known.asking = False
        known.taken.set()
        if self.known.get((known.dialect, announced.key)) is not known:
            return
        thing = (answer or {}).get("thing") or ""
        known.held = not thing and bool((answer or {}).get("waits"))
        if not thing:
            if kept and not known.held:
                del self.known[known.dialect, announced.key]
            return
        self._partition = answer["partition"] if answer is not None else ""
        known.thing = thing
        self._things[thing] = known
        self._gateway.speakers[thing] = self
        entries = self._settle(known)
        waiting, known.waiting = known.waiting, []
        for said, origin in waiting:
            found = entry_of(said, thing, origin)
            if found is not None:
                entries.append(found)
        self._bridges.add_all(self._partition, entries)

    def let_in(self, dialect: str, key: str) -> None:
        """Somebody let it in that waited: ask who it is now, and let go what it said meanwhile."""
        known = self.known.get((dialect, key))
        if known is not None and not known.thing and not known.asking:
            known.asking = True
            self._gateway.spawn(self._ask(known, True, None))

    def _withdrawn(self, dialect: str, key: str, identity: SignIn | None) -> list[tuple[Entry, int]]:
        self._promised.pop((dialect, key), None)
        known = self.known.pop((dialect, key), None)
        if known is None:
            return []
        known.taken.set()
        for name in known.announced.same_as:
            if self._same.get(name) == (dialect, key):
                del self._same[name]
        known.ready = False
        entries = self._settle(known)
        if self._gateway.speakers.get(known.thing) is self:
            del self._gateway.speakers[known.thing]
        self._things.pop(known.thing, None)
        if identity is not None:
            facts = {"key": key}
            self._gateway.spawn(_quietly(ask_hub(self._gateway.bus, dialect, "withdraw", identity, facts)))
        return entries

    # presence

    def _settle(self, known: Known) -> list[tuple[Entry, int]]:
        """Tell the log whether it is there, when that changed."""
        here = known.client in self.clients or (known.client is not None and bool(self.clients))
        wanted = bool(known.thing) and known.ready and here
        if wanted == bool(known.epoch):
            return []
        at = now_us()
        gateway = self._gateway.id
        client = f"{known.thing}/{known.dialect}"
        if wanted:
            known.epoch = self._bridges.new_epoch()
            return [
                (Presence(known.thing, gateway, known.epoch, True, "connected", at, client), 0),
                (Listening(known.thing, gateway, known.epoch, DOWN, at), 0),
            ]
        epoch, known.epoch = known.epoch, 0
        return [(Presence(known.thing, gateway, epoch, False, "disconnected", at, client), 0)]

    def left(self, client: Connection) -> None:
        """A bridge or program is gone; what nobody else could be is gone with it."""
        self.clients.discard(client)
        entries: list[tuple[Entry, int]] = []
        for known in self.known.values():
            entries += self._settle(known)
        self._bridges.add_all(self._partition, entries)

    def due(self) -> None:
        """A second has passed."""
        at = now_us()
        entries: list[tuple[Entry, int]] = []
        for dialect, translator in self.translators.items():
            by = NOBODY
            for said in translator.due(at // 1000):
                if isinstance(said, Announced):  # what the place keeps of its topics follows
                    by = self._promised.pop((dialect, said.key), NOBODY)
                client, identity = by
                if isinstance(said, Reported | Replied | There | Odd):
                    known = self.known.get((dialect, said.thing))
                    client = known.client if known is not None else next(iter(self.clients), None)
                entries += self._take(dialect, [said], Origin(dialect, "", at), client, identity)
        self._bridges.add_all(self._partition, entries)

    # down

    async def down(self, asked: Down) -> bytes:
        """Publish what tells the thing, to whoever listens."""
        known = self._things.get(asked.thing)
        if known is None:
            raise HostError(f"{asked.thing} is not known here any more", code="no_answer")
        body = body_of(asked.payload)
        translator = self.translators[known.dialect]
        try:
            said = translator.wanted(known.announced.key, asked.topic, body, now_us() // 1000)
        except CallerError as error:
            refusal = replied(False, error=str(error))
            entry = Reports(asked.thing, f"{asked.thing}/{known.dialect}", f"reply/{body['id']}", now_us(), [refusal])
            self._bridges.add_all(self._partition, [(entry, len(refusal))])
            return b""
        if said and not sum(self._say(each) for each in said):
            raise HostError(f"nobody listens to {said[0].topic}", code="no_answer")
        return SILENT if is_silent(said) else b""

    def _say(self, said: Say) -> int:
        message = Message(said.topic, said.payload, 0, False, None)
        return self._gateway.delivery.say(self.root, message)

    def subscribed(self, client: Connection, filters: list[str]) -> None:
        """A bridge listens to these from now on."""
        entries: list[tuple[Entry, int]] = []
        for dialect, translator in self.translators.items():
            said = translator.subscribed(filters)
            entries += self._take(dialect, said, Origin(dialect, "", now_us()), client, client.identity)
        self._bridges.add_all(self._partition, entries)


class Bridges:
    """All root places' bridges of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._by_root: dict[str, Bridge] = {}
        self._epoch = 0
        self._announcing: list[PlaceDialect] | None = None

    def heard(self, client: Connection, topic: str, payloads: list[bytes], ids: list[bytes], dups: list[int]) -> None:
        """A bridge or a program published; what it means goes into the log before the publication itself."""
        identity, session, committer = client.identity, client.session, client.committer
        assert identity is not None and session is not None and committer is not None
        bridge = self._of(session.root)
        bridge.clients.add(client)
        at = now_us()
        for number, payload in enumerate(payloads):
            origin = Origin(session.key, topic, at, ids[number] if ids else b"", number in dups, payload)
            for entry, size in bridge.heard(topic, payload, origin, client, identity):
                committer.add(entry, size)

    def overheard(self, client: Connection | None, root: str, identity: SignIn, topic: str, payload: bytes) -> None:
        """The will of a bridge was published."""
        bridge = self._by_root.get(root)
        if bridge is not None:
            origin = Origin(identity.id, topic, now_us(), payload=payload)
            other = client or next(iter(bridge.clients), None)
            self.add_all(identity.partition, bridge.heard(topic, payload, origin, other, identity))

    def reads(self, root: str, topic: str) -> bool:
        """Whether a topic means something to a dialect of things that announce themselves."""
        bridge = self._by_root.get(root)
        return bridge is not None and any(each.mine(topic) for each in bridge.translators.values())

    def recall(self, root: str, retained: dict[str, Message]) -> None:
        """What a root place kept: announcements of things that are known are in force again."""
        for topic, message in retained.items():
            if self._announces(topic):
                origin = Origin("", topic, now_us(), payload=message.payload)
                self._of(root).heard(topic, message.payload, origin, None, None)

    def subscribed(self, client: Connection, filters: list[str]) -> None:
        assert client.session is not None
        bridge = self._of(client.session.root)
        bridge.clients.add(client)
        bridge.subscribed(client, filters)

    def left(self, client: Connection) -> None:
        for bridge in self._by_root.values():
            if client in bridge.clients:
                bridge.left(client)

    def let_in(self, payload: bytes) -> None:
        """`LET_IN`."""
        told = msgspec.msgpack.decode(payload, type=LetIn)
        bridge = self._by_root.get(told.root)
        if bridge is not None:
            for dialect, key in told.items:
                bridge.let_in(dialect, key)

    def due(self) -> None:
        for bridge in self._by_root.values():
            bridge.due()

    def new_epoch(self) -> int:
        self._epoch = max(self._epoch + 1, now_us())
        return self._epoch

    def add_all(self, partition: str, entries: list[tuple[Entry, int]]) -> None:
        if entries:
            committer = self.gateway.committer(partition)
            for entry, size in entries:
                committer.add(entry, size)

    def _of(self, root: str) -> Bridge:
        found = self._by_root.get(root)
        if found is None:
            found = self._by_root[root] = Bridge(self, root)
        return found

    def _announces(self, topic: str) -> bool:
        if self._announcing is None:
            self._announcing = [each for each in dialects().values() if isinstance(each, PlaceDialect)]
        return any(each.announces(topic) for each in self._announcing)


def _named(listened: str, retained: Mapping[str, Message]) -> list[str]:
    """The topics that are kept, of one that is listened to, or of a filter."""
    if is_wild(listened):
        return [topic for topic in retained if matches(listened, topic)]
    return [listened] if listened in retained else []


async def _quietly(work: Any) -> None:
    await work
