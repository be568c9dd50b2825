"""What an owner answers about its scenes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from tests.owner.one import OneOwner
from tests.parts import until
from unisono.errors import CallerError
from unisono.scene import talk
from unisono.scene.running.compiled import Refusal
from unisono.scene.trying.dryrun import DryRun
from unisono.store.connection import Connection
from unisono.store.log import Log
from unisono.twin.talk import Watch, ask_owner

T = TypeVar("T")

WEI = {"kind": "person", "id": "wei"}
ON = {"set": {"things": ["lamp"], "state": {"on_off": True}}}
WARM = {"change": {"things": ["probe"], "property": "temperature", "above": 25}}
AWAY = {"mode": {"place": "home", "is": "away"}}


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


async def ask(one: OneOwner, verb: str, asked: Any, kind: type[T]) -> T:
    payload = msgspec.msgpack.encode(asked) if asked is not None else b""
    return msgspec.msgpack.decode(await one.bus.request(ask_owner("0", verb), payload), type=kind)


async def test_how_scenes_stand(one: OneOwner) -> None:
    await one.scene("clock", when=[{"time": {"every_s": 3600}}], then=[ON])
    await one.scene("warm", when=[WARM], then=[ON, {"wait": {"for_s": 600}}], mode="queued")
    for value in (26.0, 20.0, 27.0):
        await one.report("probe", temperature=value)
    clock, warm = await ask(one, "scenes", talk.ScenesAsk(), list[talk.SceneView])
    assert (clock.id, clock.version, clock.enabled, clock.runs, clock.last) == ("clock", 1, True, [], None)
    assert clock.next is not None and clock.next % 3_600_000_000 == 0
    assert (warm.id, warm.queued, warm.next, warm.refusal) == ("warm", 1, None, None)
    [run] = warm.runs
    assert (run.state, run.step, run.waits, run.ended, run.steps) == ("running", "then.1.wait", "time", 0, [])
    assert (run.cause.thing, run.cause.name, run.cause.value) == ("probe", "temperature", 26.0)
    [only] = await ask(one, "scenes", talk.ScenesAsk(["warm", "nobody"]), list[talk.SceneView])
    assert only == warm


async def test_runs_step_by_step(one: OneOwner) -> None:
    await one.scene("s", when=[WARM], then=[ON])
    await one.report("probe", temperature=26.0)
    await one.report("probe", temperature=20.0)
    await one.report("probe", temperature=26.5)
    newest, oldest = await ask(one, "scene-runs", talk.RunsAsk("s"), list[talk.RunView])
    assert (newest.cause.value, oldest.cause.value) == (26.5, 26.0)
    assert newest.state == "done" and newest.ended
    [step] = newest.steps
    assert (step.path, step.did, step.seen["lamp"]["wants"]) == ("then.0.set", "asked", {"on_off": True})
    assert await ask(one, "scene-runs", talk.RunsAsk("s", oldest.id), list[talk.RunView]) == [oldest]
    assert await ask(one, "scene-runs", talk.RunsAsk("s", limit=1), list[talk.RunView]) == [newest]


async def test_why_it_did_not_run(one: OneOwner) -> None:
    await one.scene("s", **{"when": [WARM], "if": [AWAY], "then": [ON]})
    await one.report("probe", temperature=26.0)
    [refusal] = await ask(one, "scene-refusals", talk.RefusalsAsk("s"), list[Refusal])
    assert (refusal.why, refusal.path, refusal.seen) == ("a condition said no", "if.0.mode", "home")
    assert refusal.cause.value == 26.0
    [scene] = await ask(one, "scenes", talk.ScenesAsk(), list[talk.SceneView])
    assert scene.refusal == refusal


async def test_run_now(one: OneOwner) -> None:
    await one.scene("s", **{"if": [AWAY], "then": [ON]})
    said_no = await ask(one, "scene-run", talk.RunAsk("s", WEI), talk.RunAnswer)
    assert said_no.run is None and said_no.refusal is not None and said_no.refusal.path == "if.0.mode"
    began = await ask(one, "scene-run", talk.RunAsk("s", WEI, True), talk.RunAnswer)
    assert began.run is not None and began.run.state == "done"
    assert (began.run.cause.what, began.run.cause.value) == ("hand", WEI)
    await until(lambda: one.sent, "the command leaves")


async def test_run_now_behind_an_open_run_is_queued(one: OneOwner) -> None:
    await one.scene("s", mode="queued", then=[{"wait": {"for_s": 600}}])
    first = await ask(one, "scene-run", talk.RunAsk("s", WEI), talk.RunAnswer)
    assert first.run is not None and first.run.waits == "time"
    assert await ask(one, "scene-run", talk.RunAsk("s", WEI), talk.RunAnswer) == talk.RunAnswer()


async def test_what_it_would_do(one: OneOwner) -> None:
    await one.scene("s", **{"if": [AWAY], "then": [ON]})
    no = await ask(one, "scene-dry-run", talk.DryRunAsk("s"), DryRun)
    assert (no.runs, no.why, no.path, no.seen) == (False, "a condition said no", "if.0.mode", "home")
    yes = await ask(one, "scene-dry-run", talk.DryRunAsk("s", even_if=True), DryRun)
    assert (yes.runs, yes.state, yes.commands) == (True, "done", [(0.0, "lamp", {"on_off": True}, None, None)])
    draft = msgspec.json.encode({"id": "d", "name": "D", "place": "home", "then": [ON, {"notify": {"text": "hello"}}]})
    assert (await ask(one, "scene-dry-run", talk.DryRunAsk("", draft), DryRun)).effects[0][0] == "notify"
    assert not one.sent
    assert await ask(one, "effects", None, list[talk.EffectView]) == []


async def test_stop(one: OneOwner) -> None:
    until_on = {"wait": {"until": [{"state": {"things": ["lamp"], "property": "on_off", "is": True}}]}}
    await one.scene("s", mode="parallel", then=[until_on])
    begun = [(await ask(one, "scene-run", talk.RunAsk("s", WEI), talk.RunAnswer)).run for _ in range(2)]
    assert [run.waits for run in begun if run is not None] == ["conditions"] * 2
    stopped = await ask(one, "scene-stop", talk.StopAsk("s", WEI), list[talk.RunView])
    assert [(run.id, run.state, run.why) for run in stopped] == [
        (run.id, "stopped", "wei stopped it") for run in begun if run is not None
    ]


async def test_modes_of_places(one: OneOwner) -> None:
    await one.place("flat", "home")
    view = await ask(one, "mode", talk.ModeAsk("home", WEI, "away"), talk.ModeView)
    assert view == talk.ModeView("home", "away")
    assert await ask(one, "mode", talk.ModeAsk("flat", WEI), talk.ModeView) == talk.ModeView("flat", "home")
    assert await ask(one, "modes", None, list[talk.ModeView]) == [
        talk.ModeView("home", "away"),
        talk.ModeView("flat", "home"),
    ]


async def test_what_is_still_to_leave(one: OneOwner) -> None:
    await one.scene("s", then=[{"notify": {"text": "hello"}}])
    answer = await ask(one, "scene-run", talk.RunAsk("s", WEI), talk.RunAnswer)
    [effect] = await ask(one, "effects", None, list[talk.EffectView])
    assert answer.run is not None
    assert (effect.run, effect.kind, effect.body["text"], effect.sending) == (answer.run.id, "notify", "hello", False)


@pytest.mark.parametrize(
    ("verb", "asked", "code"),
    [
        ("scene-runs", talk.RunsAsk("nobody"), "not_found"),
        ("scene-dry-run", talk.DryRunAsk("nobody"), "not_found"),
        ("scene-dry-run", talk.DryRunAsk("", b"{}"), "bad_scene"),
        ("scene-runs", talk.RunsAsk("s", "s-99"), "not_found"),
        ("scene-refusals", talk.RefusalsAsk("nobody"), "not_found"),
        ("scene-run", talk.RunAsk("nobody", WEI), "not_found"),
        ("scene-stop", talk.StopAsk("nobody", WEI), "not_found"),
        ("mode", talk.ModeAsk("nowhere", WEI, "away"), "not_found"),
        ("mode", talk.ModeAsk("home", WEI, "A way"), "bad_value"),
    ],
)
async def test_what_is_not_there(one: OneOwner, verb: str, asked: Any, code: str) -> None:
    await one.scene("s", then=[ON])
    with pytest.raises(CallerError) as caught:
        await ask(one, verb, asked, Any)
    assert caught.value.code == code


async def test_who_watches_sees_runs_go_on(one: OneOwner) -> None:
    heard: list[talk.RunView] = []

    def take(payload: bytes) -> None:
        heard.extend(msgspec.msgpack.decode(payload, type=talk.LiveRuns).runs)

    await one.bus.subscribe(talk.live_runs("0"), take)
    await one.scene("s", when=[WARM], then=[{"wait": {"for_s": 0.2}}, ON])
    await one.report("probe", temperature=26.0)
    await until(lambda: one.sent, "it ran")
    assert not heard, "nobody looked"
    await one.bus.request(ask_owner("0", "watch"), msgspec.msgpack.encode(Watch(10.0)))
    await one.report("probe", temperature=20.0)
    await one.report("probe", temperature=26.0)
    await until(lambda: heard and heard[-1].state == "done", "its end is told")
    assert [(run.state, run.waits, run.steps) for run in heard] == [("running", "time", []), ("done", "", [])]
    assert heard[0].id == heard[1].id
