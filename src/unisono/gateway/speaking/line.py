"""A device that speaks a dialect on a connection of its own: what it says becomes entries, commands its messages.

Knows the connection, the committer and the bus. What is answered to a device leaves when what it said is on disk.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.dialect import (
    Asks,
    Caller,
    Hears,
    Line,
    LineDialect,
    Odd,
    Part,
    Said,
    Say,
    There,
    dialects,
    is_silent,
    read_caller,
)
from unisono.errors import CallerError, HostError, UnisonoError
from unisono.gateway.clock import now_us
from unisono.gateway.commit import Done
from unisono.gateway.sessions.session import Message
from unisono.gateway.speaking.entries import Origin, body_of, entry_of, replied
from unisono.thing import load_model
from unisono.twin.record import Entry, Listening, Presence, Reports
from unisono.twin.talk import DIALECT_ASKS, SILENT, DialectAsk, Down, SignIn, TwinsAnswer, TwinsAsk, ask_owner
from unisono.wire.mqtt import Connect, PublishRun

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection

__all__ = ["LineHost", "ask_hub", "open_line"]

logger = logging.getLogger(__name__)

ASK_TIMEOUT_S = 10.0
#: Questions of one device that are under way.
ASKING = 20
#: What reaches a thing that speaks a dialect.
DOWN = ["call", "set"]


async def open_line(connection: Connection, connect: Connect, identity: SignIn) -> LineHost | None:
    """The translator for a client that signed in speaking a dialect; None when there is no such dialect here."""
    password = (connect.password or b"").decode("utf-8", "replace")
    caller = read_caller(connect.username or "", connect.client_id, password)
    dialect = dialects().get(identity.speaks)
    if not isinstance(dialect, LineDialect):
        return None
    name = identity.names.get(identity.id)
    if caller is None or caller.dialect != identity.speaks:  # a certificate said who it is
        caller = Caller(identity.speaks, name or "")
    host = LineHost(connection, dialect.line(caller._replace(name=name) if name else caller), identity.speaks)
    await host.learn(identity)
    return host


class LineHost:
    """The translator of one connection, and the hub's side of it."""

    def __init__(self, connection: Connection, line: Line, dialect: str) -> None:
        self._connection = connection
        self._line = line
        self._dialect = dialect
        self._begun = False
        self._parts: list[Part] = []
        self._asking = 0

    async def learn(self, identity: SignIn) -> None:
        """What the things are that it speaks for: at first, and when that may have changed."""
        ids = [id for id in (identity.id, *identity.children) if id in identity.names]
        models: dict[str, bytes] = {}
        if ids:
            answer = await self._ask("models", identity, {"things": ids})
            models = answer["models"] if answer is not None else {}
        self._parts = [Part(id, identity.names[id], load_model(models[id])) for id in ids if id in models]
        if self._begun:
            self._say(self._line.know(self._parts), self._origin("", b""))

    def refresh(self, identity: SignIn) -> None:
        self._connection.gateway.spawn(self.learn(identity))

    def begin(self) -> None:
        """It was let in."""
        self._begun = True
        said = self._line.know(self._parts)
        self._say([*said, *self._line.begin(now_us() // 1000)], self._origin("", b""))

    def subscribed(self, filters: list[str]) -> None:
        self._say(self._line.subscribed(filters), self._origin("", b""))

    def speaks(self, topic: str) -> bool:
        """Whether a topic is the dialect's, whatever is said there."""
        return self._line.mine(topic)

    # up

    def heard(self, run: PublishRun) -> None:
        """Take what the device said; it is acknowledged, and answered, when it is on disk."""
        connection = self._connection
        at = now_us()
        later: list[Said] = []
        entries: list[tuple[Entry, int]] = []
        for number, payload in enumerate(run.payloads):
            packet_id = run.packet_ids[number] if run.packet_ids else b""
            origin = Origin(self._client, run.topic, at, packet_id, number in run.dups, payload)
            for said in self._line.heard(run.topic, payload, at // 1000) or ():
                found = self._entry(said, origin)
                if found is not None:
                    entries.append(found)
                else:
                    later.append(said)

        def done(error: UnisonoError | None) -> None:
            if error is not None:
                connection.not_taken(run, error)
                return
            connection.acknowledge(run)
            self._do(later)

        self._commit(entries, done)

    def _entry(self, said: Said, origin: Origin) -> tuple[Entry, int] | None:
        """What is logged of it, with its size."""
        if isinstance(said, Odd):
            self._connection.gateway.doorman.refused(said.code)
            identity = self._connection.identity
            thing = said.thing or (identity.id if identity is not None and identity.rights.kind == "thing" else "")
            return entry_of(said, thing, origin) if thing else None
        return entry_of(said, getattr(said, "thing", ""), origin)

    def _commit(self, entries: list[tuple[Entry, int]], done: Done | None = None) -> None:
        committer = self._connection.committer
        assert committer is not None
        for entry, size in entries[:-1]:
            committer.add(entry, size)
        if entries:
            entry, size = entries[-1]
            committer.add(entry, size, done)
        elif done is not None:
            done(None)

    def _say(self, said: list[Said], origin: Origin) -> None:
        """What a translator says without having been told something by the device."""
        entries: list[tuple[Entry, int]] = []
        later: list[Said] = []
        for each in said:
            found = self._entry(each, origin)
            if found is not None:
                entries.append(found)
            else:
                later.append(each)
        self._commit(entries)
        self._do(later)

    def _do(self, said: list[Said]) -> None:
        connection = self._connection
        if connection.transport is None or connection.session is None or connection.committer is None:
            return
        for each in said:
            if isinstance(each, Say):
                connection.deliver(Message(each.topic, each.payload, 0, False, None))
            elif isinstance(each, Hears):
                self._hears(each.thing)
            elif isinstance(each, There):
                self._there(each)
            elif isinstance(each, Asks):
                self._asks(each)

    def _hears(self, thing: str) -> None:
        connection = self._connection
        assert connection.committer is not None
        connection.gateway.speakers[thing] = self
        connection.committer.add(Listening(thing, connection.gateway.id, connection.epoch, DOWN, now_us()), 0)

    def _there(self, there: There) -> None:
        """A part that comes and goes by itself, over a connection that stays."""
        connection = self._connection
        assert connection.committer is not None
        reason = "connected" if there.online else "disconnected"
        gateway, at = connection.gateway.id, now_us()
        entry = Presence(there.thing, gateway, connection.epoch, there.online, reason, at, self._client, carried=True)
        connection.committer.add(entry, 0)

    # down

    async def down(self, asked: Down) -> bytes:
        """Say a command to the device. What its dialect cannot say is refused, as by the device."""
        connection = self._connection
        body = body_of(asked.payload)
        try:
            said = self._line.wanted(asked.thing, asked.topic, body, now_us() // 1000)
        except CallerError as error:
            at = now_us()
            refusal = replied(False, error=str(error))
            entry = Reports(asked.thing, self._client, f"reply/{body['id']}", at, [refusal])
            self._commit([(entry, len(refusal))])
            return b""
        if connection.transport is None or connection.session is None:
            raise HostError(f"{asked.thing} is not connected any more", code="no_answer")
        for each in said:
            connection.deliver(Message(each.topic, each.payload, 0, False, None))
        return SILENT if is_silent(said) else b""

    # questions

    def _asks(self, asks: Asks) -> None:
        if self._asking >= ASKING:
            self._say(self._line.answered(asks.token, None, now_us() // 1000), self._origin("", b""))
            return
        self._asking += 1
        self._connection.gateway.spawn(self._answer(asks))

    async def _answer(self, asks: Asks) -> None:
        identity = self._connection.identity
        assert identity is not None
        try:
            if asks.kind == "twin":
                answer = await self._twin(identity, asks.facts["thing"])
            else:
                answer = await self._ask(asks.kind, identity, asks.facts)
                if asks.kind == "learn":
                    await self.learn(identity)
        finally:
            self._asking -= 1
        if self._connection.transport is not None:
            self._say(self._line.answered(asks.token, answer, now_us() // 1000), self._origin("", b""))

    async def _twin(self, identity: SignIn, thing: str) -> dict[str, Any] | None:
        question = msgspec.msgpack.encode(TwinsAsk([thing]))
        try:
            reply = await self._connection.gateway.bus.request(
                ask_owner(identity.partition, "twins"), question, ASK_TIMEOUT_S
            )
        except UnisonoError as error:
            logger.warning("the owner did not say what %s is: %s", thing, error)
            return None
        twins = msgspec.msgpack.decode(reply, type=TwinsAnswer).twins
        return {"state": twins[0].state, "desired": twins[0].desired} if twins else None

    async def _ask(self, kind: str, identity: SignIn, facts: dict[str, Any]) -> dict[str, Any] | None:
        return await ask_hub(self._connection.gateway.bus, self._dialect, kind, identity, facts)

    # its end

    def end(self) -> None:
        """The connection is over."""
        speakers = self._connection.gateway.speakers
        for thing in [thing for thing, speaker in speakers.items() if speaker is self]:
            del speakers[thing]

    @property
    def _client(self) -> str:
        session = self._connection.session
        return session.key if session is not None else ""

    def _origin(self, topic: str, payload: bytes) -> Origin:
        return Origin(self._client, topic, now_us(), payload=payload)


async def ask_hub(bus: Any, dialect: str, kind: str, identity: SignIn, facts: dict[str, Any]) -> dict[str, Any] | None:
    """The hub's answer; None when it has none. Failures are logged: the translator knows how to say so."""
    plain = {key: [list(each) for each in value] if key == "callers" else value for key, value in facts.items()}
    question = msgspec.msgpack.encode(DialectAsk(dialect, kind, identity.id, identity.root, plain), enc_hook=dict)
    try:
        answer: dict[str, Any] = msgspec.msgpack.decode(await bus.request(DIALECT_ASKS, question, ASK_TIMEOUT_S))
    except (UnisonoError, msgspec.DecodeError, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError):
            raise
        logger.info("%s asked of the hub by %s: %s", kind, identity.id, error)
        return None
    return answer
