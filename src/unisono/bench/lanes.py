"""``bench recovery``, scenes: a hub full of timers, windows, waiting runs and open commands, killed again and again.

Knows the scenes of a lane (a device that says things, one that acts, an HTTP receiver) and what each must bring about.
Effects are counted where they arrive, not by what the hub says of itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Callable
from typing import Any

import msgspec

from unisono.bench.books import Books, Errand, Key
from unisono.bench.device import Device
from unisono.bench.drive import Load
from unisono.bench.hub import PLACE, Hub
from unisono.bench.load import Job

__all__ = ["ACTOR", "SAYER", "measure_scenes"]

HOLD_S = 5.0
WAIT_S = 3.0
TIMER_S = 4.0
WINDOW_S = 15.0
#: The shortest window of a computed thing.
SUM_S = 30.0
PULSES = 10
PULSE_EVERY_S = 0.1
EVENT_EVERY_S = 0.5
#: Pulses that took longer than this, since the hub was away, may not be in one window: nothing is expected of them.
WINDOW_MARGIN_S = 2.0
#: A cycle that has brought nothing for so long is given up, and what it was to bring counts as missing.
PATIENCE_S = 30.0
HARVEST_EVERY_S = 2.0
LOOK_EVERY_S = 0.02
ANSWER_DEADLINE_S = 60.0
#: After the last kill, until everything has come: longer than a device's answer and a command's time-out.
SETTLE_S = 12.0
TIMED = frozenset({"hold", "wait", "window", "timer", "sum"})
#: Background load: clients with so many unacknowledged messages each.
LOAD_CLIENTS = 4
LOAD_WINDOW = 4

NUMBER = {"kind": "int", "min": 0}
SAYER: dict[str, Any] = {
    "id": "bench.sayer",
    "titles": {"en": "Bench device that says things"},
    "services": [
        {
            "properties": [
                {"key": "count", "schema": NUMBER},
                {"key": "round", "schema": NUMBER},
                {"key": "pulse", "schema": NUMBER},
                {"key": "hot", "schema": {"kind": "bool"}},
                {"key": "turn", "schema": NUMBER},
                {"key": "beat", "schema": NUMBER},
            ]
        }
    ],
}
ACTOR: dict[str, Any] = {
    "id": "bench.actor",
    "titles": {"en": "Bench device that acts"},
    "services": [
        {
            "properties": [{"key": "level", "schema": NUMBER, "access": ["read", "write", "notify"], "timeout_s": 5}],
            "actions": [
                {
                    "key": "feed",
                    "inputs": [{"key": "kind", "schema": {"kind": "string"}}, {"key": "number", "schema": NUMBER}],
                    "timeout_s": 5,
                }
            ],
        }
    ],
}


def scenes_of(lane: int, http_port: int) -> list[dict[str, Any]]:
    """The scenes of one lane."""
    sayer, actor = f"sayer{lane}", f"actor{lane}"

    def on(property: str, **test: Any) -> dict[str, Any]:
        return {"change": {"things": [sayer], "property": property, **test}}

    def now(property: str) -> dict[str, Any]:
        return {"cel": {"expression": "it", "given": {"it": {"thing": sayer, "property": property}}}}

    def feed(kind: str, property: str) -> dict[str, Any]:
        return {"call": {"things": [actor], "action": "feed", "input": {"kind": kind, "number": now(property)}}}

    def http(method: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{http_port}/{lane}/{method.lower()}"
        return {"http": {"url": url, "method": method}}

    def above(thing: str, property: str) -> dict[str, Any]:
        return {"change": {"things": [thing], "property": property, "above": PULSES - 0.5}}

    start = {"call": {"things": [f"timer{lane}"], "action": "start"}}
    finished = {"event": {"things": [f"timer{lane}"], "event": "finished"}}
    window = {"things": [sayer], "property": "pulse", "over_s": WINDOW_S, "agg": "sum", "above": PULSES - 0.5}
    parts: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
        "set": (on("count"), [{"set": {"things": [actor], "state": {"level": now("count")}}}]),
        "call": (on("count"), [feed("call", "count")]),
        "hold": (on("hot", **{"is": True, "for_s": HOLD_S}), [feed("hold", "round")]),
        "wait": (on("round"), [{"wait": {"for_s": WAIT_S}}, feed("wait", "round")]),
        "window": ({"window": window}, [feed("window", "round")]),
        "post": (on("round"), [http("POST")]),
        "put": (on("round"), [http("PUT")]),
        "start": (on("round"), [start]),
        "timer": (finished, [feed("timer", "round")]),
        "sum": (above(f"sum{lane}", "beat"), [feed("sum", "turn")]),
    }
    return [
        {"id": f"{kind}{lane}", "name": f"{kind} {lane}", "place": PLACE, "when": [when], "then": then}
        for kind, (when, then) in parts.items()
    ]


def computed_of(lane: int) -> dict[str, dict[str, Any]]:
    """The computed things of one lane, by id."""
    window = {"thing": f"sayer{lane}", "property": "beat", "how": "sum", "over_s": SUM_S}
    return {
        f"timer{lane}": {"kind": "timer", "duration_s": TIMER_S},
        f"sum{lane}": {"kind": "statistics", **window},
    }


def alarm_of(lane: int) -> dict[str, Any]:
    """The alarm of one lane. A critical one waits for no others and is told in a flood too."""
    return {
        "id": f"hot{lane}",
        "name": f"Hot {lane}",
        "place": PLACE,
        "things": [f"sayer{lane}"],
        "raise": {"change": {"property": "hot", "is": True}},
        "severity": "critical",
        "acknowledge": False,
        "text": "in round {round}",
        "notify": {"to": [f"lane{lane}"]},
    }


class Receiver:
    """An HTTP server on loopback; ``hear(lane, kind, body)`` is told of each call."""

    def __init__(self, hear: Callable[[int, str, bytes], None]) -> None:
        self._hear = hear
        self.port = 0

    async def __aenter__(self) -> Receiver:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            _method, path, _rest = head.split(b" ", 2)
            _empty, lane, kind = path.decode().split("/")
            size = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            self._hear(int(lane), kind, await reader.readexactly(int(size[1])) if size else b"")
            await asyncio.sleep(random.random() * 0.2)  # it thinks; a kill may come meanwhile
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()


class Lane:
    """One device that says things, one that acts, and what is due between them."""

    def __init__(self, number: int, hub: Hub, books: Books, sayer: tuple[str, str], actor: tuple[str, str]) -> None:
        self.number = number
        self.books = books
        self.round = 0
        self.turn = 0
        self.count = 0
        self.level: int | None = None
        self.sayer = Device(hub.port, sayer, lasting=True)
        self.actor = Device(hub.port, actor, self._hear)
        self.ending = False
        self._answers: set[asyncio.Task[Any]] = set()

    # what acts

    def _hear(self, topic: str, message: dict[str, Any]) -> None:
        if topic == "things/me/call/feed":
            given = message["input"]
            key = Key(self.number, given["kind"], given["number"])
            self.books.see(key, time.monotonic(), self.actor.since)
            self._answer(f"things/me/reply/{message['id']}", {"ok": True})
        elif "level" in message["state"]:
            self.level = message["state"]["level"]
            self._answer("things/me/state", None)

    def _answer(self, topic: str, message: Any) -> None:
        task = asyncio.create_task(self._say_later(topic, message))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _say_later(self, topic: str, message: Any) -> None:
        await asyncio.sleep(random.random())
        # what it reports is what it is by then, whatever it was asked meanwhile
        await self.actor.say(topic, {"level": self.level} if message is None else message)

    def called(self, kind: str, body: bytes) -> None:
        """The HTTP receiver was called. What is told of an alarm says the round itself: it may come later. What is told
        of so many alarms at once (a flood) is no lane's."""
        told = re.search(rb"in round (\d+)", body)
        if told or kind != "alarm":
            self.books.see(Key(self.number, kind, int(told[1]) if told else self.round), time.monotonic(), 0.0)

    # what says

    async def run(self) -> None:
        """Say things until `ending`; what was begun is brought to its end."""
        await self.sayer.report(count=0, round=0, pulse=0, hot=False, turn=0, beat=0)
        await asyncio.gather(self._count(), self._cycle(), self._turn(), self._roam())
        await self._until_settled([key for key in self.books.due if key[:2] == (self.number, "alarm")])

    async def _count(self) -> None:
        while not self.ending:
            self.count += 1
            at, done = await self.sayer.report(count=self.count)
            self.books.expect(Key(self.number, "call", self.count), Errand(at, done))
            await asyncio.sleep(EVENT_EVERY_S)

    async def _roam(self) -> None:
        """Every other actor loses its connection now and then: commands wait for it."""
        while not self.ending:
            await asyncio.sleep(random.uniform(4, 8))
            if self.number % 2:
                self.actor.leave(random.uniform(0.5, 2))

    async def _cycle(self) -> None:
        await asyncio.sleep(random.random() * WINDOW_S / 2)
        while not self.ending:
            self.round += 1
            number = self.round
            at, done = await self.sayer.report(round=number, hot=True)
            kinds = ("hold", "wait", "window", "timer", "post", "put")
            expect, keys = self.books.expect, {kind: Key(self.number, kind, number) for kind in kinds}
            expect(keys["hold"], Errand(at + HOLD_S, done + HOLD_S))
            expect(keys["wait"], Errand(at + WAIT_S, done + WAIT_S))
            expect(keys["post"], Errand(at, done))
            expect(keys["put"], Errand(at, done, again=True))
            expect(keys["timer"], Errand(at + TIMER_S, done + TIMER_S))
            # at least once where it arrives; that it was raised once its history tells
            expect(Key(self.number, "alarm", number), Errand(at, done, again=True))
            began = time.monotonic()
            for _ in range(PULSES):
                at, done = await self.sayer.report(pulse=1)
                await asyncio.sleep(PULSE_EVERY_S)
            if done - began < WINDOW_S - WINDOW_MARGIN_S:
                expect(keys["window"], Errand(at, done))
            else:
                self.books.allow(keys["window"])
            await self._until_settled([key for key in keys.values() if key in self.books.due])
            await self.sayer.report(hot=False)
            await asyncio.sleep(max(0.0, done + WINDOW_S + WINDOW_MARGIN_S - time.monotonic()))

    async def _turn(self) -> None:
        """As `_cycle`, for a window that is a computed thing's."""
        await asyncio.sleep(random.random() * SUM_S / 2)
        while not self.ending:
            self.turn += 1
            key = Key(self.number, "sum", self.turn)
            await self.sayer.report(turn=self.turn)
            began = time.monotonic()
            for _ in range(PULSES):
                at, done = await self.sayer.report(beat=1)
                await asyncio.sleep(PULSE_EVERY_S)
            if done - began < SUM_S - WINDOW_MARGIN_S:
                self.books.expect(key, Errand(at, done))
            else:
                self.books.allow(key)
            await self._until_settled([key] if key in self.books.due else [])
            await asyncio.sleep(max(0.0, done + SUM_S + WINDOW_MARGIN_S - time.monotonic()))

    async def _until_settled(self, keys: list[Key]) -> None:
        end = time.monotonic() + PATIENCE_S
        # what the hub tells is asked for in another thread
        while not all(self.books.settled(key) for key in keys) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


class Lanes:
    """All of them beside one hub."""

    def __init__(self, hub: Hub, count: int) -> None:
        self.hub = hub
        self.books = Books()
        self.back: list[float] = []
        self.own_lag_s = 0.0
        """The longest that this side itself was late to look."""
        self._count = count
        self._lanes: list[Lane] = []

    def hear(self, lane: int, kind: str, body: bytes) -> None:
        """The HTTP receiver was called."""
        self._lanes[lane].called(kind, body)

    def furnish(self, http_port: int) -> None:
        """Models, things, scenes and alarms, and whom to tell of them."""
        hub = self.hub
        hub.add_model(SAYER)
        hub.add_model(ACTOR)
        hub.ask("PUT", "/api/v1/notifications/allowed", json={"hosts": ["127.0.0.1"]})
        sayers = hub.add_things(self._count, "sayer", model="bench.sayer")
        actors = hub.add_things(self._count, "actor", model="bench.actor")
        for number, (sayer, actor) in enumerate(zip(sayers, actors, strict=True)):
            self._lanes.append(Lane(number, hub, self.books, sayer, actor))
            for id, definition in computed_of(number).items():
                hub.ask("POST", "/api/v1/things", json={"id": id, "place": PLACE, "computed": definition})
            hub.add_scenes(scenes_of(number, http_port))
            person = {"id": f"lane{number}", "password": "nobody signs in with it", "grants": {PLACE: "viewer"}}
            hub.ask("POST", "/api/v1/users", json=person)
            way = {"url": f"json://127.0.0.1:{http_port}/{number}/alarm"}
            hub.ask("POST", f"/api/v1/users/lane{number}/channels", json=way)
            hub.ask("POST", "/api/v1/alarms/definitions", json=alarm_of(number))

    async def run(self, kills: int, load_s: float, say: Callable[[str], None]) -> None:
        """Let them live through so many kills, then come to an end."""
        devices = [device for lane in self._lanes for device in (lane.sayer, lane.actor)]
        connections = [asyncio.create_task(device.run()) for device in devices]
        connections.append(asyncio.create_task(self._watch_itself()))
        lives = asyncio.gather(*(lane.run() for lane in self._lanes))
        try:
            await asyncio.sleep(load_s)
            for number in range(kills):
                say(f"kill {number + 1} of {kills}: the hub, with scenes at work")
                await self._harvest_for(random.uniform(0.5, 1.5) * load_s)
                await asyncio.to_thread(self._kill)
                self.back.append(time.monotonic())
                await asyncio.to_thread(self._harvest)
            for lane in self._lanes:
                lane.ending = True
            say("what was begun comes to its end")
            while not lives.done():
                await self._harvest_for(HARVEST_EVERY_S)
            lives.result()
            await self._harvest_for(SETTLE_S)
        finally:
            lives.cancel()
            for task in connections:
                task.cancel()
            await asyncio.gather(lives, *connections, return_exceptions=True)

    async def _watch_itself(self) -> None:
        while True:
            at = time.monotonic()
            await asyncio.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            self.own_lag_s = max(self.own_lag_s, now - at - LOOK_EVERY_S)
            if now - at > 2 * LOOK_EVERY_S:
                self.books.look_away(at, now)

    def _kill(self) -> None:
        self.hub.kill()
        time.sleep(random.random())
        self.hub.wait_for_answer(self.hub.launch() + ANSWER_DEADLINE_S, "/api/v1/things/actor0/commands")

    async def _harvest_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, HARVEST_EVERY_S))
            await asyncio.to_thread(self._harvest)

    def _harvest(self) -> None:
        """Ask the hub what it says became of calls, before it forgets them."""
        for lane in self._lanes:
            for command in self.hub.ask("GET", f"/api/v1/things/actor{lane.number}/commands")["items"]:
                given = command.get("input")
                if given:
                    self.books.tell(Key(lane.number, given["kind"], given["number"]), command["state"], command["why"])
            for run in self.hub.ask("GET", f"/api/v1/scenes/post{lane.number}/trace")["runs"]:
                if any(step["did"] == "failed" for step in run["steps"]):
                    self.books.tell(Key(lane.number, "post", run["cause"]["value"]), "failed")

    def wrong(self) -> list[str]:
        """What is wrong in the end: an actor or a twin that is not what was last wanted, an alarm that its history does
        not hold raised once in every round."""
        found = []
        for lane in self._lanes:
            lines = self.hub.ask("GET", f"/api/v1/alarms/history?alarm=hot{lane.number}.sayer{lane.number}&limit=1000")
            raised = sorted(line["text"] for line in lines["items"] if line["act"] == "raised")
            wanted = sorted(f"in round {number}" for number in range(1, lane.round + 1))
            if raised != wanted:
                found.append(f"hot{lane.number}: {lane.round} rounds, its history says {raised}")
            state = self.hub.ask("GET", f"/api/v1/things/actor{lane.number}")["state"]
            shown = state.get("level", {}).get("value")
            if not lane.count == lane.level == shown:
                found.append(f"actor{lane.number}: wanted {lane.count}, was told {lane.level}, the hub shows {shown}")
        return found


def measure_scenes(hub: Hub, kills: int, lanes: int, load_s: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Kill a hub whose scenes are at work; the account of every effect, at its receiver."""
    return asyncio.run(_measure(hub, kills, lanes, load_s, say))


async def _measure(hub: Hub, kills: int, count: int, load_s: float, say: Callable[[str], None]) -> dict[str, Any]:
    lanes = Lanes(hub, count)
    async with Receiver(lanes.hear) as receiver:
        await asyncio.to_thread(lanes.furnish, receiver.port)
        names = await asyncio.to_thread(hub.add_things, LOAD_CLIENTS, "meter")
        job = Job(
            host="127.0.0.1", port=hub.port, version=4, qos=1, window=LOAD_WINDOW, topic="things/me/state",
            credentials=names, payloads=0,
        )  # fmt: skip
        with Load(job, program="resend") as load:
            load.start()
            at = time.monotonic()
            await lanes.run(kills, load_s, say)
            background = load.stop().acked / (time.monotonic() - at)
        wrong = await asyncio.to_thread(lanes.wrong)
    verdict = lanes.books.verdict(TIMED, lanes.back)
    by_kind: dict[str, int] = {}
    for key in lanes.books.due:
        by_kind[key.kind] = by_kind.get(key.kind, 0) + 1
    return {
        "kills": kills,
        "effects_right": not (verdict.missing or verdict.doubled or verdict.unasked or verdict.early or wrong),
        "timers_right_to_the_second": not (verdict.early or verdict.late),
        "wrong": len(wrong),
        "own_lag_max_s": round(lanes.own_lag_s, 3),
        **msgspec.structs.asdict(verdict),
        **{f"due_{kind}": number for kind, number in sorted(by_kind.items())},
        "background_per_s": round(background),
        "wrong_examples": wrong,
    }
