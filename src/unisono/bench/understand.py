"""``bench understand``: sentences to plans beside Home Assistant's engine (`hassil` with `home-assistant-intents`), in
one run: how many come out right, how many act wrongly, and the time of each.

Knows ``unisono understand`` from outside, and the peer as a library. Sentences are made here; ``--cases DIR`` takes a
folder of other sets with their own scorer (``score.py``, ``homes/``, ``*.jsonl``).
"""

from __future__ import annotations

import importlib.util
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from unisono.bench import machine
from unisono.bench.cold import cold, cold_peer
from unisono.bench.report import Report, ratio
from unisono.bench.said import through_hub
from unisono.errors import HostError

__all__ = ["UnderstandOptions", "run_understand"]

Plan: TypeAlias = dict[str, Any]
Mark: TypeAlias = Callable[["Case", Plan], tuple[bool, bool]]

ACTING = ("act", "later", "automate")
#: All of one process: reading the words of a language takes a moment, a sentence a millisecond.
RUN_S = 600


@dataclass(frozen=True, kw_only=True)
class UnderstandOptions:
    """``things`` in the home; ``sentences`` of each language that are made; ``cases``: a folder of other sets, "" for
    none. ``hub``: so many of them are said to a hub with those things, too, over HTTP."""

    things: int = 1_000
    sentences: int = 300
    seed: int = 1
    cases: str = ""
    hub: int = 0

    @classmethod
    def quick(cls, **changes: Any) -> UnderstandOptions:
        """A smoke run; its figures mean little."""
        return cls(**{"things": 50, "sentences": 40, **changes})


@dataclass(frozen=True)
class Case:
    """``expect``: thing > (trait, value), or None: nothing may be done."""

    text: str | list[str]
    lang: str
    home: str
    expect: Any
    source: Any = None


# sentences made here

ROOMS = {
    "en": ("Kitchen", "Study", "Attic", "Cellar", "Hall", "Nursery", "Library", "Workshop"),
    "zh": ("厨房", "书房", "阁楼", "地下室", "走廊", "儿童房", "图书室", "工作间"),
}
KINDS = {
    "light": ("light", "灯", {"on_off": False, "brightness": 50}),
    "plug": ("plug", "插座", {"on_off": False}),
    "fan": ("fan", "风扇", {"on_off": False}),
    "cover": ("blind", "窗帘", {"position": 0}),
    "lock": ("lock", "门锁", {"locked": True}),
}
SAYINGS: dict[str, list[tuple[str, str, tuple[str, Any] | None]]] = {
    "en": [
        ("turn on the {}", "on_off", ("on_off", True)),
        ("could you switch the {} on please", "on_off", ("on_off", True)),
        ("turn the {} off", "on_off", ("on_off", False)),
        ("set the {} to 30 percent", "brightness", ("brightness", 30)),
        ("open the {}", "position", ("position", 100)),
        ("close the {}", "position", ("position", 0)),
        ("don't turn on the {}", "on_off", None),
        ("never turn on the {}", "on_off", None),
        ("never unlock the {}", "locked", None),
        ("what would happen if I turned on the {}", "on_off", None),
        ("I already turned on the {} this morning", "on_off", None),
    ],
    "zh": [
        ("打开{}", "on_off", ("on_off", True)),
        ("请帮我把{}打开", "on_off", ("on_off", True)),
        ("关掉{}", "on_off", ("on_off", False)),
        ("把{}调到30%", "brightness", ("brightness", 30)),
        ("打开{}", "position", ("position", 100)),
        ("关上{}", "position", ("position", 0)),
        ("别打开{}", "on_off", None),
        ("千万不要打开{}", "on_off", None),
        ("绝对不要打开{}", "locked", None),
        ("如果我打开{}会怎么样", "on_off", None),
        ("我早上已经打开{}了", "on_off", None),
    ],
}


def make_home(things: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A home file with so many things, each with one name in both languages; and its things."""
    places = [{"id": "home", "name": "Home", "names": {"zh": "家"}}]
    made: list[dict[str, Any]] = []
    while len(made) < things:
        number = len(made)
        floor, rest = divmod(number, len(ROOMS["en"]) * len(KINDS))
        room, kind = divmod(rest, len(KINDS))
        place = f"room{floor}_{room}"
        suffix = f" {floor + 1}" if floor else ""
        en, zh = ROOMS["en"][room] + suffix, ROOMS["zh"][room] + suffix.strip()
        if kind == 0:
            places.append({"id": place, "in": "home", "kind": "room", "name": en, "names": {"zh": zh}})
        name, (word, chinese, state) = list(KINDS.items())[kind]
        about = {"id": f"{name}{number}", "kind": name, "in": place, "name": f"{en} {word}"}
        made.append({**about, "names": {"zh": f"{zh}{chinese}"}, "state": state})
    return {"now": "2026-11-22T18:30:00+08:00", "places": places, "things": made}, made


def make_cases(things: list[dict[str, Any]], count: int, seed: int, home: str) -> list[Case]:
    """So many of each language."""
    chance = random.Random(seed)
    cases = []
    for lang, sayings in SAYINGS.items():
        for number in range(count):
            text, trait, wanted = sayings[number % len(sayings)]
            thing = chance.choice([each for each in things if trait in each["state"]])
            name = thing["name"].lower() if lang == "en" else thing["names"]["zh"]
            expect = None if wanted is None else {thing["id"]: wanted}
            cases.append(Case(text.format(name), lang, home, expect))
    return cases


def mark(case: Case, plan: Plan) -> tuple[bool, bool]:
    """Whether it is right, and whether it acts wrongly."""
    acts = plan.get("outcome") in ACTING
    done = {
        thing: (step.get("trait"), step.get("value"))
        for step in plan.get("steps", ())
        for thing in step.get("things", ())
    }
    right = not acts if case.expect is None else acts and done == case.expect
    return right, acts and not right


# who understands them


def ours(cases: list[Case], home: Path, lines: Callable[[Case], Any]) -> tuple[list[Plan], dict[str, Any]]:
    """Plans of ``unisono understand``, with their times; the process is started once."""
    told = "".join(json.dumps(lines(case) | {"lang": case.lang}) + "\n" for case in cases)
    began = time.perf_counter()
    command = [sys.executable, "-m", "unisono.cli", "understand", "--home", str(home)]
    done = subprocess.run(command, input=told, capture_output=True, text=True, timeout=RUN_S, check=False)
    whole_s = time.perf_counter() - began
    if done.returncode:
        raise HostError(f"unisono understand ended with {done.returncode}: {done.stderr[-300:]}", code="internal")
    plans = [json.loads(line) for line in done.stdout.splitlines()]
    return plans, {"whole_s": round(whole_s, 2), **_times([float(plan.get("ms") or 0) for plan in plans])}


def _times(ms: list[float]) -> dict[str, float]:
    ordered = sorted(ms)
    return {
        "p50_ms": round(statistics.median(ordered), 3),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 3),
        "max_ms": round(ordered[-1], 3),
    }


class Hassil:
    """Home Assistant's sentence engine, as its `conversation` integration uses it."""

    CODES: ClassVar[dict[str, str]] = {"en": "en", "zh": "zh-CN"}

    def __init__(self, home: dict[str, Any]) -> None:
        from hassil.intents import Intents
        from home_assistant_intents import get_intents

        self._things = {thing["id"]: thing for thing in home["things"]}
        self._speaks_in = (home.get("speaker") or {}).get("place")
        self._places = {place["id"]: place for place in home["places"]}
        self._intents = {lang: Intents.from_dict(get_intents(code) or {}) for lang, code in self.CODES.items()}
        self._lists = {lang: self._slots(lang) for lang in self.CODES}

    def _slots(self, lang: str) -> dict[str, Any]:
        from hassil.intents import TextSlotList

        names: list[tuple[str, Any, dict[str, Any]]] = []
        for id, thing in self._things.items():
            names += [(name, id, {"domain": DOMAINS.get(thing["kind"], "switch")}) for name in _names(thing, lang)]
        areas = [(name, id) for id, place in self._places.items() for name in _names(place, lang)]
        return {
            "name": TextSlotList.from_tuples(names, name="name", allow_template=False),
            "area": TextSlotList.from_tuples(areas, name="area", allow_template=False),
            "floor": TextSlotList.from_tuples([], name="floor"),
        }

    def plan(self, case: Case) -> tuple[Plan, float]:
        from hassil.recognize import recognize_best

        if not isinstance(case.text, str):
            return {"outcome": "ignore"}, 0.0  # it knows no conversations
        began = time.perf_counter()
        code = self.CODES[case.lang]
        found = recognize_best(
            case.text,
            self._intents[case.lang],
            slot_lists=self._lists[case.lang],
            language=code,
            best_slot_name="name",
        )
        ms = (time.perf_counter() - began) * 1000
        return (self._as_plan(found) if found is not None else {"outcome": "ignore"}), ms

    def _as_plan(self, found: Any) -> Plan:
        """What Home Assistant would do: by the name, else all of the area that the intent is about."""
        values = {name: entity.value for name, entity in found.entities.items()}
        step = HASS.get(found.intent.name)
        if step is None:
            return (
                {"outcome": "answer", "query": {}} if found.intent.name.startswith("HassGet") else {"outcome": "ignore"}
            )
        things = self._meant(values)
        steps = [
            {"things": [thing], "trait": trait, "op": "set", "value": value}
            for thing in things
            for trait, value in step(self._things[thing], values)
        ]
        return {"outcome": "act", "steps": steps} if steps else {"outcome": "ignore"}

    def _meant(self, values: dict[str, Any]) -> list[str]:
        if "name" in values:
            return [values["name"]] if values["name"] in self._things else []
        domain, area = values.get("domain"), values.get("area")
        domains = domain if isinstance(domain, list) else [domain]
        meant = [
            id
            for id, thing in self._things.items()
            if (area is None or thing["in"] == area)
            and (domain is None or DOMAINS.get(thing["kind"], "switch") in domains)
        ]
        # where no area is said, it takes that of the microphone
        here = [id for id in meant if area is None and self._things[id]["in"] == self._speaks_in]
        return here or meant


def _names(named: dict[str, Any], lang: str) -> list[str]:
    others = (named.get("names") or {}).get(lang, [])
    found = [others] if isinstance(others, str) else list(others)
    return [named["name"], *found] if lang == "en" or not found else found


DOMAINS = {"light": "light", "fan": "fan", "cover": "cover", "lock": "lock", "climate": "climate", "vacuum": "vacuum"}
DOMAINS |= {"media": "media_player", "tv": "media_player", "speaker": "media_player", "valve": "valve"}


def _switch(thing: dict[str, Any], on: bool) -> list[tuple[str, Any]]:
    """On and off mean open and closed, locked and unlocked, as the intents have it."""
    state = thing.get("state") or {}
    if "position" in state:
        return [("position", 100 if on else 0)]
    if "locked" in state:
        return [("locked", on)]
    return [("on_off", on)]


HASS: dict[str, Callable[[dict[str, Any], dict[str, Any]], list[tuple[str, Any]]]] = {
    "HassTurnOn": lambda thing, _values: _switch(thing, True),
    "HassTurnOff": lambda thing, _values: _switch(thing, False),
    "HassSetPosition": lambda _thing, values: [("position", values.get("position"))],
    "HassLightSet": lambda _thing, values: [
        (trait, values[name]) for name, trait in (("brightness", "brightness"), ("color", "color")) if name in values
    ],
    "HassClimateSetTemperature": lambda _thing, values: [("target_temperature", values.get("temperature"))],
    "HassVacuumStart": lambda _thing, _values: [("start_stop", True)],
    "HassVacuumReturnToBase": lambda _thing, _values: [("dock", None)],
    "HassSetVolume": lambda _thing, values: [("volume", values.get("volume_level"))],
    "HassFanSetSpeed": lambda _thing, values: [("fan_speed", values.get("percentage"))],
    "HassMediaPause": lambda _thing, _values: [("playback", "pause")],
    "HassMediaUnpause": lambda _thing, _values: [("playback", "play")],
    "HassMediaNext": lambda _thing, _values: [("playback", "next")],
}


# the run


def run_understand(options: UnderstandOptions, say: Callable[[str], None]) -> Report:
    """Every set through both."""
    figures: dict[str, dict[str, dict[str, Any]]] = {"unisono": {}, "hassil": {}}
    notes = []
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        home, things = make_home(options.things)
        path = Path(folder) / "home.yaml"
        path.write_text(json.dumps(home), "utf-8")  # JSON is YAML
        cases = make_cases(things, options.sentences, options.seed, str(path))
        for lang in SAYINGS:
            some = [case for case in cases if case.lang == lang]
            name = f"made {lang}, {options.things} things"
            _measure(name, some, home, path, mark, figures, say)
            first = str(some[0].text)
            figures["unisono"][name] |= cold(home, first, lang)
            if name in figures["hassil"]:
                figures["hassil"][name] |= cold_peer(home, first, Hassil.CODES[lang])
    if options.hub:
        said = {lang: [str(case.text) for case in cases if case.lang == lang][: options.hub] for lang in SAYINGS}
        for name, numbers in through_hub(home, said).items():
            say(f"  through a hub, {name}: {numbers}")
            figures["unisono"][f"through a hub, {name}"] = {**numbers}
    if options.cases:
        for name, some, loaded, file, marks in _sets(Path(options.cases)):
            _measure(name, some, loaded, file, marks, figures, say)
    if not figures["hassil"]:
        del figures["hassil"]
        notes.append("hassil is not installed: pip install hassil home-assistant-intents")
    notes.append("cold_s, cold_cpu_s: a process from start to end, one sentence; compiled_mb: what it grew by for that")
    notes.append("engine_cold: the same without the command line, as it is measured of the peer")
    notes.append("wrong: it acts, and not as it should; time of one sentence without starting the process")
    ratios = {}
    for name, numbers in figures["unisono"].items():
        other = figures.get("hassil", {}).get(name)
        if other is not None:
            found = ratio(numbers["right_pct"], other["right_pct"])
            if found is not None:
                ratios[f"right, {name}"] = found
    return Report(
        benchmark="understand",
        figures=figures,
        ratios=ratios,
        notes=notes,
        machine=machine.machine(),
        options=asdict(options),
    )


def _measure(
    name: str,
    cases: list[Case],
    home: dict[str, Any],
    path: Path,
    marks: Mark,
    figures: dict[str, dict[str, dict[str, Any]]],
    say: Callable[[str], None],
) -> None:
    say(f"{name}: {len(cases)} sentences")
    plans, times = ours(cases, path, lambda case: {"id": 0, "text": case.text})
    figures["unisono"][name] = {**_score(cases, plans, marks), **times}
    try:
        peer = Hassil(home)
    except ImportError:
        return
    answers = [peer.plan(case) for case in cases]
    scored = _score(cases, [plan for plan, _ms in answers], marks)
    figures["hassil"][name] = {**scored, **_times([ms for _plan, ms in answers])}


def _score(cases: list[Case], plans: list[Plan], marks: Mark) -> dict[str, Any]:
    marked = [marks(case, plan) for case, plan in zip(cases, plans, strict=True)]
    right = sum(good for good, _wrong in marked)
    return {
        "sentences": len(cases),
        "right_pct": round(100 * right / len(cases), 1),
        "wrong_acts": sum(wrong for _good, wrong in marked),
    }


def _sets(folder: Path) -> Iterable[tuple[str, list[Case], dict[str, Any], Path, Mark]]:
    """Other sets, by the home that they speak of, with their own scorer."""
    import yaml

    spec = importlib.util.spec_from_file_location("score", folder / "score.py")
    if spec is None or spec.loader is None:
        raise HostError(f"{folder} has no score.py", code="bad_usage")
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    for file in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
        for home in sorted({row["home"] for row in rows}):
            path = folder / "homes" / f"{home}.yaml"
            loaded = yaml.safe_load(path.read_text("utf-8"))
            known = scorer.load_home(home, folder / "homes")
            default = "zh" if file.stem.endswith("zh") else "en"
            cases = [
                Case(row["text"], row.get("lang") or default, home, row["expect"], row)
                for row in rows
                if row["home"] == home and not row.get("disputed")
            ]

            def marks(case: Case, plan: Plan, known: Any = known) -> tuple[bool, bool]:
                found = scorer.mark_safely(case.source, plan, known)
                return bool(found["pass"]), bool(found["wrong_act"])

            yield f"{file.stem} {home}", cases, loaded, path, marks
