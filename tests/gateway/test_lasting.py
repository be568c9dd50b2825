"""Sessions outlive the gateway: what a crash leaves the next start takes up, once at QoS 2, at least once at QoS 1."""

from __future__ import annotations

from typing import Any

from tests.gateway.client import Client
from tests.gateway.conftest import Rig
from tests.parts import until
from unisono.gateway.server import Gateway
from unisono.wire.mqtt import Properties, Subscription, Version, Will

LASTING: dict[str, Any] = {"clean_start": False}
V5: dict[str, Any] = {
    "version": Version.V5,
    "clean_start": False,
    "properties": Properties(session_expiry_interval=1_000),
}


async def crash(gateway: Gateway) -> None:
    await getattr(gateway, "crash")()  # noqa: B009


async def again(rig: Rig) -> Gateway:
    """The gateway crashes and is started again."""
    await crash(rig.gateway)
    rig.gateway, _stop = await rig.start_gateway()
    rig.port = getattr(rig.gateway, "port")  # noqa: B009
    for client in rig.clients:
        client.port = rig.port
    return rig.gateway


async def test_subscriptions_and_what_waits_survive(rig: Rig) -> None:
    client = await rig.device("lamp", **V5)
    await client.subscribe(
        Subscription("x/#", 1),
        Subscription("y", 2, no_local=True),
        properties=Properties(subscription_identifiers=(7,)),
    )
    await client.leave()
    speaker = await rig.device("neighbour", version=Version.V5)
    for n in range(5):
        await speaker.say("x/1", b"%d" % n, 1, properties=Properties(content_type="n"))
    await speaker.say("y", b"two", 2)
    await again(rig)
    assert (await client.open()).session_present is True
    await until(lambda: len(client.messages) == 6, "all that waited")
    assert client.payloads == [b"0", b"1", b"2", b"3", b"4", b"two"], "in order"
    first = client.runs[0].properties
    assert first is not None and first.content_type == "n" and first.subscription_identifiers == (7,)
    await client.say("y", b"own", 1)
    await client.say("x/2", b"later", 1)
    await until(lambda: client.payloads[-1] == b"later", "the subscription lives on")
    assert b"own" not in client.payloads, "so do its options"


async def test_what_was_acknowledged_does_not_come_again(rig: Rig) -> None:
    client = await rig.device("lamp", **LASTING)
    await client.subscribe("x", qos=2)
    speaker = await rig.device("neighbour")
    for n in range(20):
        await speaker.say("x", b"%d" % n, 1 + n % 2)
    await until(lambda: len(client.messages) == 20, "all of them")
    await client.leave()
    keeper = rig.gateway.lasting
    assert keeper is not None
    await keeper.keeper.drain()
    await again(rig)
    await client.open()
    await client.say("x", b"marker", 1)
    await until(lambda: client.messages, "the marker")
    assert client.payloads == [b"marker"]
    assert not rig.gateway.by_key["lamp"].queue


async def test_qos_2_goes_on_where_it_was_on_its_way_out(rig: Rig) -> None:
    """The PUBLISH had left; PUBREC had come; PUBREL had left: each time the message is there exactly once."""
    client = await rig.device("lamp", **LASTING)
    await client.subscribe("x", qos=2)
    speaker = await rig.device("neighbour")
    got: list[bytes] = []
    for stage in range(3):
        client.deaf = stage == 0
        if stage == 2:
            original = client.send

            def drop_pubcomp(data: bytes, send: Any = original) -> None:
                if data[0] != 0x70:
                    send(data)

            client.send = drop_pubcomp  # type: ignore[method-assign]
        payload = b"stage %d" % stage
        await speaker.say("x", payload, 2)
        await until(lambda want=payload: want in client.last_bytes or want in client.payloads, "it was sent")  # type: ignore[misc]
        if stage == 2:
            client.send = original  # type: ignore[method-assign]
        got += client.payloads
        await again(rig)
        client.deaf = False
        await client.open()
        await until(lambda: not client.wire.session.held, "it is complete")
        got += client.payloads
        client.messages.clear()
        speaker = await rig.device("neighbour")
    await until(lambda: len(got) >= 3, "all three")
    assert got == [b"stage 0", b"stage 1", b"stage 2"]


async def test_qos_2_ids_of_a_publisher_survive(rig: Rig) -> None:
    """PUBREC came, the gateway crashed; the same PUBLISH again is answered and not published again."""
    watcher = await rig.device("neighbour", **LASTING)
    await watcher.subscribe("x", qos=2)
    client = await rig.device("lamp", **LASTING)
    message = b"\x34\x08\x00\x01x\x00\x07one"
    client.deaf = True
    client.send(message)
    await until(lambda: client.last_bytes == b"\x50\x02\x00\x07", "PUBREC")
    await until(lambda: watcher.payloads == [b"one"], "it is delivered")
    await again(rig)
    client.deaf = True
    await client.dial()
    client.send(client.wire.open())
    await until(lambda: client.last_bytes[:1] == b"\x20", "CONNACK")
    client.send(b"\x3c" + message[1:])
    await until(lambda: client.last_bytes == b"\x50\x02\x00\x07", "PUBREC again")
    client.send(b"\x62\x02\x00\x07")
    await until(lambda: client.last_bytes == b"\x70\x02\x00\x07", "PUBCOMP")
    await again(rig)
    await client.dial()
    client.send(client.wire.open())
    await until(lambda: client.last_bytes[:1] == b"\x20", "CONNACK")
    client.send(b"\x34" + message[1:5] + b"\x00\x07two")
    await until(lambda: client.last_bytes == b"\x50\x02\x00\x07", "the id is free again")
    await watcher.open()
    await until(lambda: b"two" in watcher.payloads, "a new message under the old id")
    assert watcher.payloads.count(b"one") <= 1 and watcher.payloads.count(b"two") == 1


async def test_a_will_is_published_after_a_crash_when_its_client_does_not_come_back(rig: Rig) -> None:
    watcher = await rig.device("neighbour", **LASTING)
    await watcher.subscribe("gone/#")
    await rig.device("lamp", will=Will("gone/lamp", b"w", 1))
    await rig.device("probe", will=Will("gone/probe", b"w", 1))
    keeper = rig.gateway.lasting
    assert keeper is not None
    await keeper.keeper.drain()
    await again(rig)
    await rig.device("probe", clean_start=False)  # its session is over all the same, and its will comes
    await watcher.open()
    await until(lambda: len(watcher.messages) == 2, "both wills")
    assert sorted(topic for topic, *_rest in watcher.messages) == ["gone/lamp", "gone/probe"]
    await keeper_is_settled(rig)
    await again(rig)
    await watcher.open()
    await watcher.say("gone/marker", b"m")
    await until(lambda: watcher.messages, "the marker")
    assert watcher.payloads == [b"m"], "no will comes twice"


async def keeper_is_settled(rig: Rig) -> None:
    lasting = rig.gateway.lasting
    assert lasting is not None
    await rig.settled()
    await lasting.keeper.drain()


async def test_a_delayed_will_waits_over_a_crash_for_its_client(rig: Rig) -> None:
    watcher = await rig.device("neighbour", **LASTING)
    await watcher.subscribe("gone/#")
    delayed = Will("gone/lamp", b"w", 1, properties=Properties(will_delay_interval=600))
    soon = Will("gone/probe", b"w", 1, properties=Properties(will_delay_interval=1))
    client = await rig.device("lamp", **V5, will=delayed)
    other = await rig.device("probe", **V5, will=soon)
    await client.drop()
    await other.drop()
    await keeper_is_settled(rig)
    await again(rig)
    await watcher.open()
    await until(lambda: watcher.messages, "the one that is due")
    await client.open()
    await client.leave()
    await watcher.say("gone/marker", b"m")
    await until(lambda: len(watcher.messages) == 2, "the marker")
    assert [topic for topic, *_rest in watcher.messages] == ["gone/probe", "gone/marker"]


async def test_a_clean_start_forgets_what_was_on_disk(rig: Rig) -> None:
    client = await rig.device("lamp", **LASTING)
    await client.subscribe("x")
    await client.leave()
    speaker = await rig.device("neighbour")
    await speaker.say("x", b"1")
    clean = await rig.device("lamp")
    await clean.leave()
    await keeper_is_settled(rig)
    await again(rig)
    assert (await client.open()).session_present is False
    assert client.messages == []


async def test_an_expired_session_is_gone_after_a_crash(rig: Rig) -> None:
    short: dict[str, Any] = {**V5, "properties": Properties(session_expiry_interval=1)}
    client = await rig.device("lamp", **short)
    await client.subscribe("x")
    await client.leave()
    await keeper_is_settled(rig)
    await again(rig)
    await until(lambda: "lamp" not in rig.gateway.by_key, "it is over")
    assert (await client.open()).session_present is False


async def test_a_full_queue_survives_as_it_was(rig: Rig) -> None:
    rig.limit(connection={"queue_messages": 10})
    client = await rig.device("lamp", **LASTING)
    await client.subscribe("x")
    await client.leave()
    speaker = await rig.device("neighbour")
    for n in range(25):
        await speaker.say("x", b"%d" % n)
    await keeper_is_settled(rig)
    await again(rig)
    await client.open()
    await until(lambda: len(client.messages) == 10, "the newest ten")
    assert client.payloads == [b"%d" % n for n in range(15, 25)]


async def test_sessions_that_end_with_their_connection_leave_nothing(rig: Rig) -> None:
    client = await rig.device("lamp")
    await client.subscribe("x", qos=2)
    for n in range(10):
        await client.say("x", b"%d" % n, n % 3 or 1)
    lasting = rig.gateway.lasting
    assert lasting is not None
    assert not lasting.keeper.ledger.records and not lasting.keeper._bytes


async def test_the_journal_is_written_anew_and_still_says_all(rig: Rig, monkeypatch: Any) -> None:
    from unisono.gateway.sessions import keeper as keeper_module

    monkeypatch.setattr(keeper_module, "ANEW_BYTES", 100_000)
    client = await rig.device("lamp", **LASTING)
    await client.subscribe("x", "y")
    away = await rig.device("probe", **LASTING)
    await away.subscribe("x")
    await away.leave()
    speaker: Client = await rig.device("neighbour")
    for n in range(60):
        await speaker.say("x" if n % 20 == 0 else "y", b"%02d" % n + b"." * 5_000)
    await until(lambda: len(client.messages) == 60, "all came")
    lasting = rig.gateway.lasting
    assert lasting is not None
    await until(lambda: lasting.keeper._rewriting is None, "it is written anew")
    assert lasting.keeper._bytes < 300_000
    await again(rig)
    await away.open()
    await until(lambda: len(away.messages) == 3, "what waited")
    assert [payload[:2] for payload in away.payloads] == [b"00", b"20", b"40"]
