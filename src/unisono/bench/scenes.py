"""``bench scenes``: values a second through the hub's whole pipeline with ten thousand scenes, beside the same without.

Knows what is run and which figures are compared. (The engine by itself, beside Home Assistant: ``make bench-scenes``.)
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from unisono.bench import machine
from unisono.bench.drive import Load, between
from unisono.bench.hub import PLACE, Hub
from unisono.bench.load import Job
from unisono.bench.measure import MemoryWatch, cpu_seconds
from unisono.bench.report import Report, ratio

__all__ = ["ScenesOptions", "run_scenes"]

TOPIC = "things/me/state"
VALUES = 4  # of one payload
DRAIN_S = 20.0
BACKLOG_DEADLINE_S = 180.0
ANSWER_DEADLINE_S = 120.0
SAVERS = 16  # scenes are saved one by one by so many at a time
SINGLY = 320  # scenes that are saved one by one, beside all the others
SPARE_FILES = 500
LAMPS = 1_000
#: Bounds that `unisono.bench.frames.payload` does not reach, but for the power: once in about 1,300 messages.
BOUNDS = {"temperature": 60, "humidity": 99.5, "power": 9_990, "count": 9_500_000}
KEYS = tuple(BOUNDS)

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ScenesOptions:
    """``watching`` of the ``scenes`` watch what changes, the others as many things that say nothing."""

    seconds: float = 10.0
    ramp_s: float = 2.0
    rounds: int = 3
    scenes: int = 10_000
    watching: int = 100
    clients: int = 20
    window: int = 1_000
    payloads: int = 1_000_000

    @classmethod
    def quick(cls, **changes: Any) -> ScenesOptions:
        """A smoke run; its figures mean little."""
        defaults: dict[str, Any] = {
            "seconds": 0.5, "ramp_s": 0.2, "rounds": 1, "scenes": 200, "watching": 80, "payloads": 20_000,
        }  # fmt: skip
        return cls(**{**defaults, **changes})


def run_scenes(options: ScenesOptions, say: Say = lambda text: None) -> Report:
    """Two hubs in turn, one without scenes and one with; then the one with them is started again. Raises `HostError`
    if something is missing."""
    machine.require_proc()
    machine.raise_file_limit(options.clients + SPARE_FILES)
    about = machine.machine()
    found: dict[str, list[dict[str, Any]]] = {"without": [], "with": []}
    with Hub() as plain, Hub() as full:
        names = {
            "without": plain.add_things(options.clients, "meter"),
            "with": full.add_things(options.clients, "meter"),
        }
        say(f"saving {options.scenes:,} scenes")
        saving = _save_scenes(full, options)
        for turn in range(options.rounds):
            for name, hub in (("without", plain), ("with", full)):
                say(f"{name} scenes, round {turn + 1} of {options.rounds}")
                found[name].append(_pipeline(hub, options, names[name]))
        runs = _runs(full, options)
        say("starting again")
        full.stop()
        started = full.launch()
        full.wait_for_answer(started + ANSWER_DEADLINE_S, "/api/v1/scenes?limit=1")
        answer_s = time.monotonic() - started
        ready_s = full.wait_for_backlog(BACKLOG_DEADLINE_S) - started
    figures = {name: _middle(some) for name, some in found.items()}
    figures["with"]["runs"] = runs
    figures["restart"] = {"answer_s": round(answer_s, 3), "ready_s": round(ready_s, 3), "scenes": options.scenes}
    figures["saving"] = saving
    with_, without = figures["with"]["values_per_s"], figures["without"]["values_per_s"]
    found_ratio = ratio(with_, without)
    return Report(
        benchmark="scenes",
        figures={"unisono": figures},
        ratios={"with_scenes_vs_without": found_ratio} if found_ratio is not None else {},
        notes=[
            "durable QoS 1, four values a message, until the backlog is zero: log, twins, scenes and history",
            f"{options.watching} scenes watch the {VALUES * options.clients} properties that change, each above a bound"
            " that is crossed about once in 1,300 messages (power) or never; what they ask for is a set of a lamp",
        ],
        machine=about,
        options=asdict(options),
    )


def _save_scenes(hub: Hub, options: ScenesOptions) -> dict[str, float]:
    """Save the scenes over the API, most in bulk and the last ones by many at a time; how fast it went."""
    still = -(-(options.scenes - options.watching) // len(KEYS))
    hub.add_things(still, "still")
    hub.add_things(LAMPS, "lamp", model="light")
    documents = [_scene(number, options) for number in range(options.scenes)]
    bulk, singly = documents[:-SINGLY], documents[-SINGLY:]
    begun = time.monotonic()
    hub.add_scenes(bulk)
    bulk_s = time.monotonic() - begun
    begun = time.monotonic()
    with ThreadPoolExecutor(SAVERS) as savers:
        for _saved in savers.map(lambda document: hub.ask("POST", "/api/v1/scenes", json=document), singly):
            pass  # whatever was not saved raises
    singly_s = time.monotonic() - begun
    return {
        "seconds": round(bulk_s + singly_s, 1),
        "scenes_per_s": round(len(bulk) / bulk_s, 1) if bulk else 0.0,
        "singly_per_s": round(len(singly) / singly_s, 1),
    }


def _scene(number: int, options: ScenesOptions) -> dict[str, Any]:
    key = KEYS[number // options.clients % len(KEYS)] if number < options.watching else KEYS[number % len(KEYS)]
    thing = (
        f"meter{number % options.clients}"
        if number < options.watching
        else f"still{(number - options.watching) // len(KEYS)}"
    )
    return {
        "id": f"scene{number}",
        "name": f"Scene {number}",
        "place": PLACE,
        "when": [{"change": {"things": [thing], "property": key, "above": BOUNDS[key]}}],
        "then": [{"set": {"things": [f"lamp{number % LAMPS}"], "state": {"on_off": True}}}],
    }


def _pipeline(hub: Hub, options: ScenesOptions, names: Sequence[tuple[str, str]]) -> dict[str, Any]:
    job = Job(
        host="127.0.0.1", port=hub.port, topic=TOPIC, credentials=list(names), payloads=options.payloads, version=4,
        qos=1, window=options.window,
    )  # fmt: skip
    with Load(job) as load, MemoryWatch(lambda: hub.pids, 1.0) as memory:
        cpu_first = cpu_seconds(hub.pids)
        first = load.start()
        time.sleep(options.seconds)
        last = load.sample()
        load.stop()
        drained = load.drain(DRAIN_S)
        settled_at = hub.wait_for_backlog(BACKLOG_DEADLINE_S)
        cores = (cpu_seconds(hub.pids) - cpu_first) / (settled_at - first.at)
    messages = drained.acked - first.acked
    rate = messages / (settled_at - first.at)
    return {
        "values_per_s": round(VALUES * rate, 1),
        "messages_per_s": round(rate, 1),
        "acked_per_s": round(between(first, last).acked_per_s, 1),
        "cpu_us_per_message": round(cores / rate * 1e6, 3) if rate else 0.0,
        **memory.numbers(),
    }


def _runs(hub: Hub, options: ScenesOptions) -> int:
    """How many runs there were: a run's id ends with its number among all."""
    first = KEYS.index("power") * options.clients
    traces = [
        hub.ask("GET", f"/api/v1/scenes/scene{number}/trace?limit=1")
        for number in range(first, first + options.clients)
    ]
    return max((int(run["id"].rpartition("-")[2]) for trace in traces for run in trace["runs"]), default=0)


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run with the median rate, and the rates of all."""
    middle = dict(sorted(runs, key=lambda run: float(run["values_per_s"]))[len(runs) // 2])
    if len(runs) > 1:
        middle["values_per_s"] = round(statistics.median(run["values_per_s"] for run in runs), 1)
        middle["rates"] = [run["values_per_s"] for run in runs]
    return middle
