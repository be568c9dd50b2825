"""Scenes beside Home Assistant, in one run: the same stream of values handed to both in process.

What is measured of ours, on the clock and on one thread: each batch, as the gateway makes it, is encoded, written to a
file and synced to disk (the log's part), decoded, folded with the scenes' engine, its outcome taken; and the checkpoint
of all that changed, into SQLite, once every 64 MB and at the end. Not measured: sockets, history, the lines of the
commands' audit in SQL (they are made, and given away). Of Home Assistant: its state machine, its event bus and its
automations; nothing of it is kept, the recorder is not loaded. Each value is a property of its own here and an entity
of its own there, and an automation each on the watched ones: above a threshold, which every second value crosses.

Two actions. "set": here a command to a lamp that is online, with its whole life (checked, kept, timed, the one before
it superseded); there ``input_boolean.turn_on``, an entity in memory. "event": what reaches nobody - there an event
without listeners, here a step that only leaves its trace.

Behind it the fold with ten thousand scenes beside the fold without (`scenes_many`).

    python scripts/bench_scenes.py [--rounds 3] [--json] [--quick] [--no-peer] [--home-assistant PYTHON]

Without ``--home-assistant`` a virtual environment with Home Assistant is made under ``build/``, once.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from scene_stream import THRESHOLD, Stream
from scenes_many import measure_many

from unisono.bench.hub import METER
from unisono.bench.machine import machine
from unisono.owner.folding import new_folding
from unisono.store.registry import Checkpoints, Registry
from unisono.thing import builtin_model, dump_model, load_model
from unisono.twin.record import (
    Batch,
    Listening,
    ModelPut,
    PlacePut,
    Presence,
    Reports,
    ScenePut,
    ThingPut,
    Tick,
    decode_batch,
    encode_batch,
)

HOME_ASSISTANT = "homeassistant==2024.3.3"
HERE = Path(__file__).resolve().parent
KEYS = ("temperature", "humidity", "power", "count")
BATCH_BYTES = 200_000
CHECKPOINT_BYTES = 64 * 1024 * 1024
NOON = 1_795_690_800_000_000
SECOND = 1_000_000
TICK_US = 50_000


class Form(NamedTuple):
    """How a device's values come: ``sensors`` in a device, all of them in a message or one, ``at_once`` messages that
    the gateway reads together."""

    sensors: int
    together: bool
    at_once: int

    @property
    def keys(self) -> tuple[str, ...]:
        return KEYS[: self.sensors]

    @property
    def model(self) -> dict[str, Any]:
        """The meter of the other benchmarks, or one that has but the first of its properties."""
        properties = METER["services"][0]["properties"][: self.sensors]
        return {**METER, "id": f"bench.meter{self.sensors}", "services": [{"properties": properties}]}


FORMS = {
    "4 values a message": Form(4, True, 1),
    "4 values a message, 10 read at once": Form(4, True, 10),
    "1 value a message, of 4": Form(4, False, 1),
    "1 value a message, of 4, 10 read at once": Form(4, False, 10),
    "1 value a message, a device each": Form(1, True, 1),
}
ACTIONS = {
    "set": lambda lamp: {"set": {"things": [lamp], "state": {"on_off": True}}},
    "event": lambda lamp: {"stop": {"why": "seen"}},
}
PEER = "Home Assistant"
SINGLE = "1 value a message, a device each"
#: Of single messages, what stands below whatever is done with them.
LEAST = "the same, only logged and read"
#: As the hub's processes have it (`unisono.store.child`).
GC_THRESHOLDS = (200_000, 50, 100)
#: (sensors, watched, passes for us, passes for them, how many times theirs ours has to be).
CASES = {
    "every value watched, half trigger": (200, 200, 2000, 100, 20.0),
    "1 % watched": (20_000, 200, 40, 10, 10.0),
}


def entries_of(stream: Stream, form: Form) -> Iterator[Reports]:
    """What devices say, pass by pass, as one log entry for what is read at once."""
    width, keys, at_once = form.sensors, form.keys, form.at_once
    devices = stream.sensors // width
    for first in range(0, stream.passes, at_once):
        turns = stream.turns[first : first + at_once]
        for device in range(devices):
            told = [
                {key: _whole(key, stream.value(width * device + n, turn)) for n, key in enumerate(keys)}
                for turn in turns
            ]
            runs = [told] if form.together else [[{key: each[key]} for each in told] for key in keys]
            for run in runs:
                id = f"meter{device}"
                payloads = [msgspec.json.encode(each) for each in run]
                yield Reports(id, id, "state", NOON, payloads, b"\0\1" * len(payloads))


def _whole(key: str, value: float) -> float:
    return int(value) if key == "count" else value


class Home:
    """A fold with its scenes, the file its log is written to, and its checkpoints."""

    def __init__(self, stream: Stream, form: Form, folder: Path, action: str) -> None:
        folding = new_folding()
        self.fold, self.scenes = folding.fold, folding.scenes
        self.seq = 0
        self.url = f"sqlite:///{folder}/registry.db"
        self.log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        meter, lamp = load_model(msgspec.json.encode(form.model)), builtin_model("light")
        self.put(Tick(NOON, 0), PlacePut("home", None, "Europe/Berlin"))
        for model in (meter, lamp):
            self.put(ModelPut(model.id, model.version, dump_model(model)))
        width = form.sensors
        for device in range(stream.sensors // width):
            id = f"meter{device}"
            first = {key: _whole(key, stream.value(width * device + n, 0)) for n, key in enumerate(form.keys)}
            self.put(
                ThingPut(id, id, meter.id, meter.version, "home", "home", at=NOON),
                Reports(id, id, "state", NOON, [msgspec.json.encode(first)]),
            )
        for number in range(stream.watched):
            id = f"lamp{number}"
            self.put(
                ThingPut(id, id, lamp.id, lamp.version, "home", "home", at=NOON),
                Presence(id, "g0", number + 1, True, "connected", NOON, id),
                Listening(id, "g0", number + 1, ["set"], NOON),
                ScenePut(f"scene{number}", 1, scene(number, form, ACTIONS[action](id))),
            )

    def put(self, *entries: Any) -> None:
        self.seq += 1
        self.fold.apply(self.seq, 0, Batch("g0", NOON, list(entries)))

    async def run(self, batches: Iterable[Batch]) -> tuple[float, float]:
        """Seconds, and seconds of processor, from batches to folded and kept. Each is made off the clock, when it is
        its turn: a million messages that wait in memory are no part of any hub."""
        registry = await Registry.open(self.url)
        checkpoints = await Checkpoints.open(self.url)
        touched, moved = dict.fromkeys(self.fold.take_outcome().touched), {}
        since = 0
        took = cpu = 0.0
        gc.collect()
        gc.freeze()  # as an owner does once it has started
        for batch in batches:
            begun, cpu_begun = time.perf_counter(), time.process_time()
            data = encode_batch(batch)
            os.write(self.log, data)
            os.fdatasync(self.log)
            self.seq += 1
            self.fold.apply(self.seq, len(data), decode_batch(data))
            outcome = self.fold.take_outcome()
            touched.update(outcome.touched)
            moved.update(outcome.moved)
            since += len(data)
            if since > CHECKPOINT_BYTES:
                await self.save(checkpoints, touched, moved)
                touched, moved, since = {}, {}, 0
            took, cpu = took + time.perf_counter() - begun, cpu + time.process_time() - cpu_begun
        begun, cpu_begun = time.perf_counter(), time.process_time()
        await self.save(checkpoints, touched, moved)
        took, cpu = took + time.perf_counter() - begun, cpu + time.process_time() - cpu_begun
        gc.unfreeze()
        await checkpoints.close()
        await registry.close()
        os.close(self.log)
        return took, cpu

    async def save(self, checkpoints: Checkpoints, touched: Any, moved: Any) -> None:
        state, rows, removed = self.fold.partition.saved(touched, moved)
        await checkpoints.save_checkpoint("home", "log", self.seq, 1, state, rows, removed)


def scene(number: int, form: Form, action: dict[str, Any]) -> bytes:
    device, property = divmod(number, form.sensors)
    change = {"things": [f"meter{device}"], "property": KEYS[property], "above": THRESHOLD}
    return msgspec.json.encode(
        {
            "id": f"scene{number}",
            "name": f"Scene {number}",
            "place": "home",
            "when": [{"change": change}],
            "then": [action],
        }
    )


def batches_of(entries: Iterable[Reports]) -> Iterator[Batch]:
    """As the gateway groups what came, each behind the tick of its moment."""
    elapsed = size = 0
    gathered: list[Reports] = []
    for entry in entries:
        gathered.append(entry)
        size += sum(map(len, entry.payloads))
        if size > BATCH_BYTES:
            elapsed += TICK_US
            yield Batch("g0", NOON + elapsed, [Tick(NOON + elapsed, elapsed), *gathered])
            size, gathered = 0, []
    elapsed += TICK_US
    yield Batch("g0", NOON + elapsed, [Tick(NOON + elapsed, elapsed), *gathered])


def new_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), gc.set_threshold, GC_THRESHOLDS)


def apart(
    shared: ProcessPoolExecutor | None, work: Callable[[Stream, str, str], dict[str, float]], *given: Any
) -> dict[str, float]:
    """In a process of its own, as theirs: what the measurement before it left in memory is no part of it. ``shared``:
    in this one nevertheless, where figures mean nothing."""
    if shared is not None:
        return shared.submit(work, *given).result()
    with new_process() as process:
        return process.submit(work, *given).result()


def ours(stream: Stream, form: str, action: str) -> dict[str, float]:
    return asyncio.run(_ours(stream, form, action))


async def _ours(stream: Stream, form: str, action: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        home = Home(stream, FORMS[form], Path(folder), action)
        took, cpu = await home.run(batches_of(entries_of(stream, FORMS[form])))
    if home.scenes.count != stream.triggers:
        raise RuntimeError(f"{home.scenes.count} runs, {stream.triggers} were to be")
    return {"values_per_s": stream.values / took, "cpu_us_a_value": cpu / stream.values * 1e6}


def least(stream: Stream, form: str, _action: str) -> dict[str, float]:
    """What anything of ours takes at least: the batches encoded, synced and decoded, each payload read, each value put
    into a dict by its thing. Nothing is checked, dated, watched, kept by the way or saved."""
    decode = msgspec.json.Decoder().decode
    states: dict[str, Any] = {}
    took = cpu = 0.0
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        log = os.open(Path(folder) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for batch in batches_of(entries_of(stream, FORMS[form])):
            begun, cpu_begun = time.perf_counter(), time.process_time()
            data = encode_batch(batch)
            os.write(log, data)
            os.fdatasync(log)
            for entry in decode_batch(data).entries:
                if type(entry) is Reports:
                    for payload in entry.payloads:
                        states[entry.thing] = decode(payload)
            took, cpu = took + time.perf_counter() - begun, cpu + time.process_time() - cpu_begun
        os.close(log)
    return {"values_per_s": stream.values / took, "cpu_us_a_value": cpu / stream.values * 1e6}


def theirs(python: Path, stream: Stream, action: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        command = [
            python,
            HERE / "scenes_home_assistant.py",
            *map(str, (stream.sensors, stream.watched, stream.passes)),
        ]
        done = subprocess.run([*command, action, folder], capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise SystemExit(f"Home Assistant did not run:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    if found["runs"] != stream.triggers:
        raise SystemExit(f"Home Assistant ran {found['runs']} automations, {stream.triggers} were to be")
    return {
        "values_per_s": found["values"] / found["seconds"],
        "cpu_us_a_value": found["cpu_s"] / found["values"] * 1e6,
    }


def home_assistant(given: str | None) -> Path:
    """A Python that has it; made on the first call, outside the project's own environment."""
    if given:
        return Path(given)
    folder = HERE.parent / "build" / "home-assistant"
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        print(f"... installing {HOME_ASSISTANT} into {folder}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", HOME_ASSISTANT], check=True)
        (folder / "made").touch()
    return python


def measure(options: argparse.Namespace, shared: ProcessPoolExecutor | None) -> dict[str, Any]:
    """``figures``: case > action > who and how > numbers; ``ratios``: the same, as ours over theirs."""
    python = None if options.no_peer else home_assistant(options.home_assistant)
    scale, size = (20, 10) if options.quick else (1, 1)
    report: dict[str, Any] = {"benchmark": "scenes", "machine": machine(), "figures": {}, "ratios": {}}
    for case, (sensors, watched, passes, peer_passes, wanted) in CASES.items():
        stream = Stream(sensors // size, watched // size, max(2, passes // scale))
        peer_stream = Stream(sensors // size, watched // size, max(2, peer_passes // scale))
        for action in ACTIONS:
            found: dict[str, list[dict[str, float]]] = {}
            for turn in range(options.rounds):
                say(f"{case}, {action}, round {turn + 1} of {options.rounds}")
                for form in FORMS:
                    found.setdefault(form, []).append(apart(shared, ours, stream, form, action))
                found.setdefault(LEAST, []).append(apart(shared, least, stream, SINGLE, action))
                if python is not None:
                    found.setdefault(PEER, []).append(theirs(python, peer_stream, action))
            middle = {
                name: {key: statistics.median(each[key] for each in some) for key in some[0]}
                for name, some in found.items()
            }
            report["figures"].setdefault(case, {})[action] = middle
            if python is not None:
                per_s = middle[PEER]["values_per_s"]
                ratios = {form: round(middle[form]["values_per_s"] / per_s, 2) for form in (*FORMS, LEAST)}
                report["ratios"].setdefault(case, {})[action] = {**ratios, "wanted": wanted}
    say("ten thousand scenes, and none")
    report["many"] = measure_many(options.rounds, quick=options.quick)
    report["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    return report


def say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


def show(report: dict[str, Any]) -> None:
    print(", ".join(f"{key} {value}" for key, value in report["machine"].items()))
    for case, actions in report["figures"].items():
        print(f"\n{case}")
        for action, figures in actions.items():
            ratios = report["ratios"].get(case, {}).get(action, {})
            wanted = f" (wanted {ratios['wanted']:g})" if ratios else ""
            print(f"  {action:40}{'values/s':>12}{'cpu us':>9}{'ratio' + wanted:>22}")
            for name, numbers in figures.items():
                ratio = f"{ratios[name]:>22.1f}" if name in ratios else ""
                print(f"    {name:38}{numbers['values_per_s']:>12,.0f}{numbers['cpu_us_a_value']:>9.2f}{ratio}")

    print(f"\nten thousand scenes{'values/s without':>24}{'with':>14}{'ratio':>9}")
    for name, numbers in report["many"].items():
        print(f"    {name:15}{numbers['without']:>24,.0f}{numbers['with']:>14,.0f}{numbers['ratio']:>9.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a smoke run: its figures mean nothing")
    parser.add_argument("--no-peer", action="store_true", help="without Home Assistant")
    parser.add_argument("--home-assistant", metavar="PYTHON", help="a Python that has it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    gc.set_threshold(*GC_THRESHOLDS)  # for the fold with many scenes, which runs here
    with new_process() as process:
        report = measure(options, process if options.quick else None)
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)


if __name__ == "__main__":
    main()
