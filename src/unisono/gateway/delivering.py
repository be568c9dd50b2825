"""What a gateway does with a message: to who listens here, to other gateways, to disk - and what is retained.

Knows places, peers and sessions that last. A message comes here once the log holds it, or from another gateway that has
taken it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from unisono.errors import HostError, UnisonoError
from unisono.gateway.clock import now_us
from unisono.gateway.fleet.peers import Onward, Publication
from unisono.gateway.routing import RETAINED, Place
from unisono.gateway.sessions.lasting import Safe
from unisono.gateway.sessions.retained import Retained
from unisono.gateway.sessions.session import Message, SessionState, expiry_of
from unisono.twin.talk import Down
from unisono.wire.mqtt import PublishRun

if TYPE_CHECKING:
    from unisono.gateway.server import Gateway

__all__ = ["Delivery"]


class Delivery:
    """The messages of one gateway."""

    def __init__(self, gateway: Gateway, retained: Retained) -> None:
        self._gateway = gateway
        self._retained = retained

    def publish(
        self, session: SessionState | None, topic: str, run: PublishRun
    ) -> tuple[int, asyncio.Future[UnisonoError | None] | None]:
        """What the log now holds goes to who subscribed: to how many. The future tells when all of it is on disk that
        has to be before the publisher is answered: a retained message, messages for sessions that last, for other
        gateways, and the ids of QoS 2."""
        if session is None:
            return 0, None
        place = self._gateway.place(session.root)
        expires_at = expiry_of(run.properties, now_us())
        safe: Safe | None = None
        if run.retain:
            safe = Safe()
            safe.expect_future(self._retain(place, session, topic, run, expires_at))
        heard = 0
        onward = (
            self._gateway.peers.onward(place, topic)
            if place.abroad is not None and self._gateway.peers is not None
            else None
        )
        if len(place.tree):
            here = None if onward is None else lambda share: share not in onward.shares
            for payload in run.payloads:
                message = Message(topic, payload, run.qos, run.retain, run.properties, expires_at)
                heard = place.deliver(message, session.key, here=here).clients
        if onward is not None:
            heard += len(onward.gateways)
        if self._gateway.lasting is not None and (run.qos or onward is not None):
            safe = self._keep(session, topic, run, expires_at, onward, safe)
        return heard, safe.close() if safe is not None else None

    def _keep(
        self,
        session: SessionState,
        topic: str,
        run: PublishRun,
        expires_at: int,
        onward: Onward | None,
        safe: Safe | None,
    ) -> Safe | None:
        """What was just delivered to sessions that last, and goes to other gateways: as one, on disk."""
        assert self._gateway.lasting is not None
        keeper = self._gateway.lasting.keeper
        held = b"".join(run.packet_ids) if run.qos == 2 and session.lasting is not None else b""
        if onward is None and not held and not keeper.offered:
            return safe
        if onward is None or self._gateway.peers is None:
            safe = safe or Safe()
            keeper.flush(held_by=session.no, held=held, done=safe.expect())
            return safe
        number = keeper.next_number()
        publication = self._gateway.peers.encode(
            Publication(
                self._gateway.peers.origin,
                number,
                session.root,
                topic,
                run.payloads,
                run.qos,
                run.retain,
                run.properties,
                expires_at,
                session.key,
                onward.plain,
                onward.shares,
            )
        )
        if not run.qos:
            self._gateway.peers.say(onward.gateways, publication)
            return safe
        safe = safe or Safe()
        if not held:
            if keeper.offered:
                keeper.flush(done=safe.expect())
            self._gateway.peers.send(onward.gateways, publication, safe.expect())
            return safe
        # exactly once across gateways: what is to be passed on is on disk together with the id it came with
        peers, done = self._gateway.peers, safe.expect()

        def passed(error: UnisonoError | None) -> None:
            if error is None:
                keeper.is_on(number)
            done(error)

        def kept(error: UnisonoError | None) -> None:
            if error is None:
                peers.send(onward.gateways, publication, passed)
            else:
                done(error)

        keeper.flush(
            held_by=session.no,
            held=held,
            passed=number,
            onward=onward.gateways,
            publication=publication,
            done=kept,
        )
        return safe

    def say(self, root: str, message: Message) -> int:
        """Something of the hub's own, at most once, to who listens now, on whichever gateway: to how many."""
        place = self._gateway.place(root)
        heard = place.deliver(message, present=True).clients
        peers = self._gateway.peers
        onward = peers.onward(place, message.topic) if place.abroad is not None and peers is not None else None
        if onward is None or peers is None or self._gateway.lasting is None:
            return heard
        number = self._gateway.lasting.keeper.next_number()
        payloads, plain, shares = [message.payload], onward.plain, onward.shares
        said = Publication(peers.origin, number, root, message.topic, payloads, 0, False, None, 0, "", plain, shares)
        peers.say(onward.gateways, peers.encode(said))
        return heard + len(onward.gateways)

    def from_another(self, said: Publication) -> None:
        """A message that another gateway took; it goes to who listens here, and no further."""
        place = self._gateway.place(said.root)
        own = self._gateway.id
        plain = own in said.plain
        for payload in said.payloads:
            message = Message(said.topic, payload, said.qos, said.retain, said.properties, said.expires_at)
            place.deliver(
                message, said.sender, plain=plain, here=lambda share: said.shares.get(share) == self._gateway.id
            )
        if said.qos and self._gateway.lasting is not None:
            self._gateway.lasting.keeper.take(said.origin, said.number)

    async def abreast(self, told: asyncio.Future[None]) -> None:
        """Return when what any gateway had retained before ``told`` is known here."""
        await told
        await self._retained.abreast()

    def retained_elsewhere(self, root: str, topic: str, message: Message | None) -> None:
        """The stream of retained messages says what is in force, in its order."""
        place = self._gateway.place(root)
        known = place.retained.get(topic)
        if message is None or known is None or known._replace(number=0) != message:
            place.retain(topic, message)
            # what announced itself at another gateway may be spoken for by a client of this one
            self._gateway.bridges.recall(root, {topic: message or Message(topic, b"", 0, True, None)})

    def _retain(
        self, place: Place, session: SessionState, topic: str, run: PublishRun, expires_at: int
    ) -> asyncio.Future[None]:
        payload = run.payloads[-1]
        message = Message(topic, payload, run.qos, True, run.properties, expires_at) if payload else None
        if message is not None and not place.has_room(message):
            if session.connection is not None:
                session.connection.refuse("too_many", topic, f"{session.root} retains no more than {RETAINED} bytes")
            message = None  # what was retained before is out of date now
        place.retain(topic, message)
        return self._retained.keep(session.root, topic, message)

    def forget_expired(self) -> None:
        """Retained messages that expired are never shown; here they also give their room back."""
        now = now_us()
        for place in self._gateway.places:
            for topic in place.expired(now):
                place.retain(topic, None)
                self._retained.keep(place.root, topic, None)

    async def down(self, payload: bytes) -> bytes:
        """Tell a thing what its owner wants of it, now or not at all: a session must not keep a command and hand it out
        when its time is over or an interlock holds. So it goes at QoS 0; the owner looks after what gets lost."""
        asked = msgspec.msgpack.decode(payload, type=Down)
        speaker = self._gateway.speakers.get(asked.thing)
        if speaker is not None:
            return await speaker.down(asked)
        topic = f"things/{asked.thing}/{asked.topic}"
        message = Message(topic, asked.payload, 0, False, None)
        count = sum(place.deliver(message, present=True).speakers for place in list(self._gateway.places))
        if not count:
            raise HostError(f"{asked.thing} does not listen to {asked.topic}", code="no_answer")
        return b""
