"""What every client library has to be able to do with the hub; each scene takes a `Stage` and fails by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.clients.peer import Message, Peer, RefusedError

__all__ = ["SCENES", "Cast", "Scene", "Stage", "settled"]

BAD_SECRET = {4, 5, 0x86, 0x87}
"""What CONNACK says to a wrong secret (3.1.1 table 3.1, 5.0 section 3.2.2.2); paho tells both in 5.0's numbers."""

LARGE = 1_500_000
"""More than NATS takes in one message unless told; Zigbee2MQTT says as much of a few hundred devices."""


class Cast:
    """A thing that may sign in: its id and secret."""

    def __init__(self, id: str, secret: str) -> None:
        self.id = id
        self.secret = secret


class Stage:
    """Two things of one home, and clients of one library, version and door; ``make`` makes one more client."""

    def __init__(self, first: Cast, second: Cast, version: int, make: Callable[[], Peer]) -> None:
        self.first = first
        self.second = second
        self.version = version
        self.make = make

    async def client(self, who: Cast, *, lasting: bool = False, will: Message | None = None) -> Peer:
        """A client that is signed in."""
        peer = self.make()
        await peer.open(who.id, who.secret, client_id=who.id, lasting=lasting, will=will)
        return peer

    def plain(self, message: Message) -> Message:
        """The message as this version can carry it."""
        if self.version == 5:
            return message
        return replace(message, content_type=None, response_topic=None, correlation=None, user=())


async def settled(peer: Peer) -> None:
    """Wait until all that the client sent has arrived at the hub: libraries do not all tell when it has."""
    mark = Message("mark", b"", 1)
    await peer.subscribe(mark.topic, 1)
    await peer.publish(mark)
    assert await peer.next() == mark


Scene = Callable[[Stage], Awaitable[None]]


async def a_wrong_secret_is_refused(stage: Stage) -> None:
    peer = stage.make()
    with pytest.raises(RefusedError) as refused:
        await peer.open(stage.first.id, "not the secret", client_id=stage.first.id)
    assert refused.value.reason in BAD_SECRET
    await peer.open(stage.first.id, stage.first.secret, client_id=stage.first.id)
    await peer.close()


async def messages_of_each_qos_go_both_ways(stage: Stage) -> None:
    one, other = await stage.client(stage.first), await stage.client(stage.second)
    assert await one.subscribe("room/one/#", 2) == 2
    assert await other.subscribe("room/other/+", 2) == 2
    for qos in (0, 1, 2):
        for number in range(5):
            for sender, hearer, topic in ((one, other, "room/other/a"), (other, one, "room/one/b/c")):
                message = Message(topic, b"%d of %d" % (number, qos), qos)
                await sender.publish(message)
                assert await hearer.next() == message
    await one.close()
    await other.close()


async def what_is_retained_is_shown_later_and_can_be_taken_away(stage: Stage) -> None:
    one = await stage.client(stage.first)
    kept = Message("room/kept", b"for later", 1, True)
    await one.publish(kept)
    await settled(one)
    other = await stage.client(stage.second)
    await other.subscribe("room/#", 1)
    assert await other.next() == kept
    await one.publish(replace(kept, payload=b""))
    assert await other.next() == Message("room/kept", b"", 1)
    await other.close()
    again = await stage.client(stage.second)
    await again.subscribe("room/#", 1)
    last = Message("room/last", b"only this", 1)
    await one.publish(last)
    assert await again.next() == last
    await again.close()
    await one.close()


async def the_will_of_a_lost_client_is_published_and_of_a_leaving_one_is_not(stage: Stage) -> None:
    other = await stage.client(stage.second)
    await other.subscribe("room/will", 1)
    will = Message("room/will", b"gone", 1)
    leaving = await stage.client(stage.first, will=replace(will, payload=b"left"))
    await leaving.close()
    lost = await stage.client(stage.first, will=will)
    await lost.drop()
    assert await other.next() == will
    await other.close()


async def properties_are_carried_through(stage: Stage) -> None:
    one, other = await stage.client(stage.first), await stage.client(stage.second)
    await other.subscribe("room/told", 1)
    message = Message(
        "room/told", b"{}", 1, False, "application/json", "room/answer", b"\x00\x01\xff", (("a", "1"), ("b", "zwei 二"))
    )
    await one.publish(message)
    assert await other.next() == stage.plain(message)
    await one.close()
    await other.close()


async def what_comes_while_away_waits(stage: Stage) -> None:
    one, other = await stage.client(stage.first), await stage.client(stage.second, lasting=True)
    await other.subscribe("room/away", 2)
    await other.close()
    missed = [Message("room/away", b"%d" % number, 1 + number % 2) for number in range(20)]
    for message in missed:
        await one.publish(message)
    await settled(one)
    await other.open(stage.second.id, stage.second.secret, client_id=stage.second.id, lasting=True)
    heard = [await other.next() for _ in missed]
    for qos in (1, 2):  # libraries hand over a QoS 2 message later, when it is released: the order is each QoS's own
        assert [message for message in heard if message.qos == qos] == [one for one in missed if one.qos == qos]
    await other.close()
    forgotten = await stage.client(stage.second)
    await forgotten.close()
    await one.close()


async def a_large_payload_arrives_whole(stage: Stage) -> None:
    one, other = await stage.client(stage.first), await stage.client(stage.second)
    await other.subscribe("room/large", 1)
    message = Message("room/large", bytes(range(256)) * (LARGE // 256), 1)
    await one.publish(message)
    assert await other.next() == message
    kept = replace(message, topic="room/kept", retain=True)
    await one.publish(kept)
    await settled(one)
    await other.subscribe(kept.topic, 1)
    assert await other.next() == kept
    await one.close()
    await other.close()


async def a_shared_subscription_hands_each_message_to_one(stage: Stage) -> None:
    if stage.version < 5:
        return  # a filter of version 5 (section 4.8.2)
    sender = await stage.client(stage.first)
    one = stage.make()
    await one.open(stage.second.id, stage.second.secret, client_id=f"{stage.second.id}-one")
    other = stage.make()
    await other.open(stage.second.id, stage.second.secret, client_id=f"{stage.second.id}-other")
    for peer in (one, other):
        assert await peer.subscribe("$share/crew/room/work", 1) == 1
    sent = [Message("room/work", b"%d" % number, 1) for number in range(20)]
    for message in sent:
        await sender.publish(message)
    heard: list[Message] = []
    async with asyncio.timeout(20):
        while len(heard) < len(sent):
            found = {asyncio.create_task(peer.heard.get()) for peer in (one, other)}
            done, waiting = await asyncio.wait(found, return_when=asyncio.FIRST_COMPLETED)
            heard += [task.result() for task in done]
            for task in waiting:
                task.cancel()
    assert sorted(message.payload for message in heard) == sorted(message.payload for message in sent)
    for peer in (one, other, sender):
        await peer.close()


SCENES: tuple[Scene, ...] = (
    a_wrong_secret_is_refused,
    messages_of_each_qos_go_both_ways,
    what_is_retained_is_shown_later_and_can_be_taken_away,
    the_will_of_a_lost_client_is_published_and_of_a_leaving_one_is_not,
    properties_are_carried_through,
    what_comes_while_away_waits,
    a_large_payload_arrives_whole,
    a_shared_subscription_hands_each_message_to_one,
)
