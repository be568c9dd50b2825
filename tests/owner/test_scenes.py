"""Scenes in the owner: commands leave, timers and schedules get their ticks, effects leave once or are told of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.owner.one import OneOwner
from tests.parts import until
from unisono.access import Outside
from unisono.errors import CallerError
from unisono.owner import clock as clock_module
from unisono.owner import effects as effects_module
from unisono.scene.running.run import Run
from unisono.scene.running.runner import Effect
from unisono.store.connection import Connection
from unisono.store.log import Log
from unisono.twin.notices import Notice, notify

ON = {"set": {"things": ["lamp"], "state": {"on_off": True}}}
WARM = {"change": {"things": ["probe"], "property": "temperature", "above": 25}}


SECOND = 1_000_000
NOON = 1_795_348_800 * SECOND


class Stopped:
    """The owner's clocks, which go on when a test says so; ``now`` in microseconds."""

    def __init__(self) -> None:
        self.now = NOON + 300_000

    def nanoseconds(self) -> int:
        return self.now * 1000


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Stopped:
    made = Stopped()
    both = SimpleNamespace(time_ns=made.nanoseconds, monotonic_ns=made.nanoseconds)
    monkeypatch.setattr(clock_module, "time", both)
    return made


@pytest.fixture
async def one(log: Log, connection: Connection, tmp_path: Path) -> AsyncIterator[OneOwner]:
    made = OneOwner(log, connection, tmp_path)
    await made.start()
    await made.place("home")
    await made.thing("lamp", "light")
    await made.thing("probe", "sensor.temperature")
    await made.report("probe", temperature=20.0)
    yield made
    await made.stop()


def past(one: OneOwner, id: str = "s") -> list[Run]:
    return list(one.owner.scenes.scenes[id].past)


def traced(one: OneOwner, did: str) -> list[Any]:
    """What the traces of ``s`` saw where a step did so."""
    return [step.seen for run in past(one) for step in run.trace if step.did == did]


async def test_a_report_becomes_a_command_at_another_device(one: OneOwner) -> None:
    await one.scene("s", when=[WARM], then=[ON])
    await one.report("probe", temperature=26.0)
    await until(lambda: one.sent, "the command leaves")
    [(thing, topic, payload)] = one.sent
    assert (thing, topic, payload["state"]) == ("lamp", "set", {"on_off": True})


async def test_for_so_long_needs_no_further_report(stopped: Stopped, one: OneOwner) -> None:
    await one.scene("s", when=[{"change": {**WARM["change"], "for_s": 0.4}}], then=[{"wait": {"for_s": 0.2}}, ON])
    await one.report("probe", temperature=26.0)
    for pause_us in (400_000, 200_000):
        await until(lambda: not one.ticker._is_wanted(), "all is known that can be")
        stopped.now += pause_us - 1
        assert not one.ticker._is_wanted() and not one.sent
        stopped.now += 1
        assert one.ticker._is_wanted()
    await until(lambda: one.sent, "the command leaves")


async def test_a_schedule_comes(stopped: Stopped, one: OneOwner) -> None:
    await one.scene("s", when=[{"time": {"every_s": 1}}], then=[ON])
    moments = [NOON + SECOND, NOON + 2 * SECOND]
    for runs, moment in enumerate(moments):
        await until(lambda: not one.ticker._is_wanted(), "all is known that can be")
        stopped.now = moment - 1
        assert not one.ticker._is_wanted() and len(past(one)) == runs
        stopped.now = moment
        await until(lambda runs=runs: len(past(one)) > runs, "it runs")  # type: ignore[misc]
    assert [run.cause.value for run in past(one)] == [run.started for run in past(one)] == moments


async def test_at_rest_nothing_is_written(one: OneOwner) -> None:
    """Scenes that wait for a moment an hour away cost the log nothing."""
    await one.scene("s", when=[{"time": {"every_s": 3600}}, WARM], then=[ON])
    await asyncio.sleep(0.2)
    before = (await one.log.bounds())[1]
    await asyncio.sleep(1.0)
    assert (await one.log.bounds())[1] == before


async def test_trouble_of_scenes_is_told(one: OneOwner) -> None:
    one.owner.scenes.troubles.append("scenes set each other off")
    from unisono.twin.talk import OwnerStatus, ask_owner

    status = msgspec.msgpack.decode(await one.bus.request(ask_owner("0", "status"), b""), type=OwnerStatus)
    assert "scenes set each other off" in status.trouble


class TestNotices:
    TELL = ({"notify": {"to": ["wei"], "text": "it is {probe.temperature}"}},)

    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(effects_module, "FIRST_RETRY_S", 0.05)

    async def listen(self, one: OneOwner, error: CallerError | None = None) -> list[Notice]:
        heard: list[Notice] = []

        async def take(payload: bytes) -> bytes:
            heard.append(msgspec.msgpack.decode(payload, type=Notice))
            if error is not None:
                raise error
            return b""

        await one.bus.serve(notify("0"), take)
        return heard

    async def test_it_waits_for_whoever_tells_people_over_a_crash_too(self, one: OneOwner) -> None:
        await one.scene("s", when=[WARM], then=list(self.TELL))
        await one.report("probe", temperature=26.0)
        await until(lambda: one.effects.trouble, "nobody takes it")
        [effect] = one.owner.scenes.effects.values()
        await one.crash()
        await one.start()
        heard = await self.listen(one)
        await until(lambda: heard and not one.owner.scenes.effects, "it is taken")
        assert [(notice.id, notice.run) for notice in heard] == [(effect.id, past(one)[0].id)]
        assert (heard[0].body.to, heard[0].body.text) == (["wei"], "it is 26")
        assert one.effects.trouble is None
        assert traced(one, "left") == [None]

    async def test_what_will_never_be_taken_is_given_up(self, one: OneOwner) -> None:
        heard = await self.listen(one, CallerError("there is no wei", code="not_found"))
        await one.scene("s", when=[WARM], then=list(self.TELL))
        await one.report("probe", temperature=26.0)
        await until(lambda: heard and not one.owner.scenes.effects, "it is refused")
        assert traced(one, "failed") == ["there is no wei"]

    async def test_what_is_no_notice_is_given_up_before_it_leaves(self, one: OneOwner) -> None:
        heard = await self.listen(one)
        one.owner.scenes.post(Effect("x-1.1", "x-1", "notify", {"to": "all", "text": "x"}, 0))
        await one.report("probe", temperature=21.0)
        one.owner.hand_on()
        await until(lambda: not one.owner.scenes.effects, "it is given up")
        assert heard == []


class Receiver:
    """An HTTP server on loopback that answers what it is told to; ``heard``: (method, path, body)."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        self.hold = asyncio.Event()
        self.hold.set()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.hold.set()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _colon, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _version = first.split(" ")
        self.heard.append((method, path, body))
        self.headers.append(headers)
        await self.hold.wait()
        writer.write(self.answer)
        writer.close()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def calling(
    log: Log, connection: Connection, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OneOwner]:
    monkeypatch.setattr(effects_module, "FIRST_RETRY_S", 0.05)
    made = OneOwner(log, connection, tmp_path, Outside(("127.0.0.1", "localhost")))
    await made.start()
    await made.place("home")
    await made.thing("probe", "sensor.temperature")
    await made.report("probe", temperature=20.0)
    yield made
    await made.stop()


async def call(one: OneOwner, **step: Any) -> None:
    await one.scene("s", when=[WARM], then=[{"http": step}])
    await one.report("probe", temperature=26.0)


class TestCalls:
    async def test_a_call_leaves_once_and_is_told(self, calling: OneOwner, receiver: Receiver) -> None:
        await call(calling, url=receiver.url("/hook"), body={"a": 1}, headers={"X-Key": "k"})
        await until(lambda: traced(calling, "left"), "it left")
        assert receiver.heard == [("POST", "/hook", b'{"a":1}')]
        assert receiver.headers[0]["x-key"] == "k"
        assert receiver.headers[0]["content-type"] == "application/json"
        assert receiver.headers[0]["host"] == f"127.0.0.1:{receiver.port}"

    async def test_a_host_that_is_not_named_is_not_called(self, calling: OneOwner, receiver: Receiver) -> None:
        await call(calling, url=receiver.url(host="127.0.0.2"))
        await until(lambda: traced(calling, "failed"), "it is refused")
        assert "127.0.0.2" in traced(calling, "failed")[0]
        assert "is not on the list of hosts" in traced(calling, "failed")[0]
        assert not receiver.heard

    async def test_a_name_that_leads_inside_is_not_called(self, calling: OneOwner, receiver: Receiver) -> None:
        await call(calling, url=receiver.url(host="localhost"))
        await until(lambda: traced(calling, "failed"), "it is refused")
        assert "which is inside" in traced(calling, "failed")[0]
        assert not receiver.heard

    async def test_a_redirect_to_where_nobody_may_go_is_not_followed(
        self, calling: OneOwner, receiver: Receiver
    ) -> None:
        where = receiver.url("/admin", host="127.0.0.2")
        receiver.answer = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()
        await call(calling, url=receiver.url("/hook"))
        await until(lambda: traced(calling, "failed"), "it is refused")
        assert [path for _method, path, _body in receiver.heard] == ["/hook"]

    async def test_redirects_end(self, calling: OneOwner, receiver: Receiver) -> None:
        receiver.answer = b"HTTP/1.1 303 See Other\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
        await call(calling, url=receiver.url("/hook"), body="x")
        await until(lambda: traced(calling, "failed"), "it is given up")
        assert traced(calling, "failed") == ["it was sent on more than 5 times"]
        assert receiver.heard[0] == ("POST", "/hook", b"x")
        assert receiver.heard[1:] == [("GET", "/again", b"")] * 5

    async def test_a_call_that_failed_is_tried_again_where_that_is_harmless(
        self, calling: OneOwner, receiver: Receiver
    ) -> None:
        receiver.answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
        await call(calling, url=receiver.url("/put"), method="PUT")
        await until(lambda: len(receiver.heard) >= 2, "it is tried again")
        receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        await until(lambda: traced(calling, "left"), "it left")

    async def test_one_that_may_have_been_taken_is_not(self, calling: OneOwner, receiver: Receiver) -> None:
        receiver.answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
        await call(calling, url=receiver.url("/post"))
        await until(lambda: traced(calling, "failed"), "it is given up")
        assert traced(calling, "failed") == ["it answered 503"]
        assert len(receiver.heard) == 1

    async def test_one_that_could_not_even_be_sent_is_tried_again(
        self, calling: OneOwner, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(effects_module, "TTL_US", 600_000)
        await receiver.stop()
        await call(calling, url=receiver.url("/post"))
        await until(lambda: traced(calling, "failed"), "it is given up")
        assert traced(calling, "failed") == ["it could not be done in time and was given up"]

    @pytest.mark.parametrize(("method", "again"), [("POST", False), ("PUT", True)])
    async def test_a_crash_in_the_middle(self, calling: OneOwner, receiver: Receiver, method: str, again: bool) -> None:
        receiver.hold.clear()
        await call(calling, url=receiver.url("/x"), method=method)
        await until(lambda: receiver.heard, "it is on its way")
        await calling.crash()
        receiver.hold.set()
        await calling.start()
        await until(lambda: past(calling) and not calling.owner.scenes.effects, "it is over")
        assert len(receiver.heard) == (2 if again else 1)
        if not again:
            assert traced(calling, "failed") == ["the hub stopped while sending; outcome unknown"]

    async def test_no_answer_in_time(self, calling: OneOwner, receiver: Receiver) -> None:
        receiver.hold.clear()
        await call(calling, url=receiver.url("/x"), timeout_s=0.3)
        await until(lambda: traced(calling, "failed"), "it is given up")
        assert traced(calling, "failed") == ["no answer within 0.3 s"]

    async def test_what_cannot_be_called_is_said(self, calling: OneOwner, receiver: Receiver) -> None:
        await call(calling, url=receiver.url("/x"), headers={"X-A": "a\r\nb"})
        await until(lambda: traced(calling, "failed"), "it is given up")
        assert "it cannot be called" in traced(calling, "failed")[0]
        assert not receiver.heard
