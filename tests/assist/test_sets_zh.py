# ruff: noqa: E501 - a case is one line
"""The Chinese development cases and Home Assistant's Chinese test sentences, where their folder stands beside ours."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from unisono.assist import ACTING, Memory, Plan, Scene, Speaker, World, encode_plan, understand, world_of_home
from unisono.scene.trying.home import Home, load_home

# beside the repository, or beside the folder that a worktree of it is in
_PLACES = [parent / "shared" for parent in Path(__file__).parents[3:5]]
SHARED = next((place for place in _PLACES if place.exists()), _PLACES[0])
CASES = SHARED / "language" / "dev_zh.jsonl"
VOLUNTEERS = SHARED / "data" / "language" / "ha_intents_tests_zh_cn.jsonl"
ELSEWHERE = SHARED / "data" / "language" / "massive_zh_subset.jsonl"
LEAST = 0.95  # of the development cases, right in outcome, things, values and times
LEAST_VOLUNTEERS = 0.98
MOST_FALSE = 0.003  # acts on what is not for a house

#: What each intent of the volunteers' sentences is in a plan: the outcome, and a trait or operation of it.
INTENTS: dict[str, tuple[str, str | None]] = {
    "HassClimateGetTemperature": ("answer", "temperature"), "HassClimateSetTemperature": ("act", "target_temperature"),
    "HassGetState": ("answer", None), "HassSetPosition": ("act", "position"), "HassTurnOff": ("act", None), "HassTurnOn": ("act", None),
    "HassCancelTimer": ("act", "cancel"), "HassDecreaseTimer": ("act", "timer"), "HassIncreaseTimer": ("act", "timer"),
    "HassGetCurrentDate": ("answer", "date"), "HassGetCurrentTime": ("answer", "time"), "HassNevermind": ("ignore", None),
    "HassPauseTimer": ("act", "timer"), "HassStartTimer": ("later", None), "HassTimerStatus": ("answer", "timer"),
    "HassUnpauseTimer": ("act", "timer"), "HassLightSet": ("act", None), "HassMediaNext": ("act", "playback"),
    "HassMediaPause": ("act", "playback"), "HassMediaPrevious": ("act", "playback"), "HassMediaUnpause": ("act", "playback"),
    "HassSetVolume": ("act", "volume"), "HassVacuumReturnToBase": ("act", "dock"), "HassVacuumStart": ("act", "start_stop"),
    "HassGetWeather": ("ignore", None),
}  # fmt: skip

needs = pytest.mark.skipif(not CASES.exists(), reason=f"the sentences are not at {SHARED}")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("language_score", SHARED / "language" / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def last_plan(texts: list[str], home: Home, world: World) -> Plan:
    memory, plan = Memory(), Plan(outcome="ignore")
    speaker = Speaker(person=home.speaker.get("person"), place=home.speaker.get("place"))
    for text in texts:
        plan = understand(text, world, memory, speaker, now=home.moment, lang="zh")
    return plan


@needs
def test_the_development_cases() -> None:
    score, passed, critical, missed = scorer(), 0, [], []
    homes: dict[str, tuple[Home, World, Any]] = {}
    cases = lines(CASES)
    for case in cases:
        name = case["home"]
        if name not in homes:
            home = load_home((SHARED / "language" / "homes" / f"{name}.yaml").read_text(encoding="utf-8"))
            homes[name] = (home, world_of_home(home), score.load_home(name, SHARED / "language" / "homes"))
        home, world, marks = homes[name]
        texts = case["text"] if isinstance(case["text"], list) else [case["text"]]
        mark = score.mark_safely(case, encode_plan(last_plan(texts, home, world)), marks)
        passed += mark["pass"]
        missed += [] if mark["pass"] else [case["id"]]
        critical += [case["id"]] if mark["wrong_act"] and case.get("critical") else []
    assert critical == []
    assert passed >= LEAST * len(cases), missed


@needs
def test_the_volunteers_sentences() -> None:
    home = load_home((Path(__file__).parent / "languages" / "volunteers.yaml").read_text(encoding="utf-8"))
    plain = world_of_home(home)
    scenes = [Scene(id="party", names=("派对模式",)), Scene(id="private", names=("私密模式",))]
    world = World(plain.places.values(), plain.things.values(), plain.states, scenes)
    rows = lines(VOLUNTEERS)
    missed = [row["text"] for row in rows if not _as_meant(row, last_plan([row["text"]], home, world))]
    assert len(missed) <= (1 - LEAST_VOLUNTEERS) * len(rows), missed


def _as_meant(row: dict[str, Any], plan: Plan) -> bool:
    outcome, what = INTENTS[row["intent"]]
    if plan.outcome != outcome:
        return False
    if outcome == "answer":
        return plan.query is not None and what in (None, plan.query.trait)
    values = [step.value for step in plan.steps]
    if row["intent"] == "HassTurnOn":  # of a lock: lock it
        return all(value in (True, 100, None) for value in values)
    if row["intent"] == "HassTurnOff":
        return all(value in (False, 0) for value in values)
    if row["intent"] == "HassSetPosition":
        return values == [row["slots"]["position"]]
    return what is None or any(what in (step.trait, step.op) for step in plan.steps)


#: Sentences of the other set that do speak to a house: that they are acted on is right.
TO_A_HOUSE = (
    "灯", "亮度", "房间更亮", "音乐", "计时器", "闹", "提醒", "打扫", "静音", "咖啡",
)  # fmt: skip


@needs
def test_what_is_not_for_a_house_is_left_alone() -> None:
    home = load_home((SHARED / "language" / "homes" / "human.yaml").read_text(encoding="utf-8"))
    world = world_of_home(home)
    rows = lines(ELSEWHERE)
    acted = [row["text"] for row in rows if last_plan([row["text"]], home, world).outcome in ACTING]
    wrong = [text for text in acted if not any(word in text for word in TO_A_HOUSE)]
    assert len(wrong) <= MOST_FALSE * len(rows), wrong
