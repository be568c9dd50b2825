"""The fold with ten thousand scenes beside the fold without: one in a hundred scenes watches what changes.

Knows what is run and how it is counted. In process, on one thread: a batch of the log is decoded, folded, and its
outcome taken, by one fold and the other in turn. The load is that of ``unisono bench scenes``, where log, history and
sockets are measured too: twenty meters of four properties each, every one of them watched by a scene or two, above a
bound that only the power crosses, about once in 1,300 messages; the other scenes watch things that say nothing.
"""

from __future__ import annotations

import gc
import statistics
import time
from typing import Any

import msgspec

from unisono.bench.frames import payload
from unisono.bench.hub import METER
from unisono.bench.scenes import BOUNDS, KEYS
from unisono.owner.folding import new_folding
from unisono.thing import builtin_model, dump_model, load_model
from unisono.twin.record import Batch, ModelPut, PlacePut, Reports, ScenePut, ThingPut, Tick, decode_batch, encode_batch

SCENES, WATCHING = 10_000, 100
METERS, LAMPS = 20, 1_000
#: How many messages of a client the gateway reads at once.
RUNS = (1, 10, 100)
BATCH_MESSAGES = 4_000
NOON = 1_795_690_800_000_000
TICK_US = 50_000


class House:
    """A fold with its things, and with or without scenes."""

    def __init__(self, scenes: int, watching: int) -> None:
        folding = new_folding()
        self.fold, self.scenes = folding.fold, folding.scenes
        self.seq = 0
        meter, lamp = load_model(msgspec.json.encode(METER)), builtin_model("light")
        still = -(-(SCENES - WATCHING) // len(KEYS))
        things = [(f"meter{n}", meter) for n in range(METERS)] + [(f"still{n}", meter) for n in range(still)]
        things += [(f"lamp{n}", lamp) for n in range(LAMPS)]
        self.put(Tick(NOON, 0), PlacePut("home", None, "Europe/Berlin"))
        self.put(*(ModelPut(model.id, model.version, dump_model(model)) for model in (meter, lamp)))
        self.put(*(ThingPut(id, id, model.id, model.version, "home", "home", at=NOON) for id, model in things))
        self.put(*(ScenePut(f"scene{n}", 1, _scene(n, watching)) for n in range(scenes)))
        self.fold.take_outcome()

    def put(self, *entries: Any) -> None:
        self.seq += 1
        self.fold.apply(self.seq, 0, Batch("g0", NOON, list(entries)))

    def take(self, log: list[bytes]) -> float:
        """Seconds that it takes."""
        begun = time.perf_counter()
        for data in log:
            self.seq += 1
            self.fold.apply(self.seq, len(data), decode_batch(data))
            self.fold.take_outcome()
        return time.perf_counter() - begun


def _scene(number: int, watching: int) -> bytes:
    key = KEYS[number // METERS % len(KEYS)] if number < watching else KEYS[number % len(KEYS)]
    thing = f"meter{number % METERS}" if number < watching else f"still{(number - watching) // len(KEYS)}"
    return msgspec.json.encode(
        {
            "id": f"scene{number}",
            "name": f"Scene {number}",
            "place": "home",
            "when": [{"change": {"things": [thing], "property": key, "above": BOUNDS[key]}}],
            "then": [{"set": {"things": [f"lamp{number % LAMPS}"], "state": {"on_off": True}}}],
        }
    )


def _log(run: int, batches: int) -> list[bytes]:
    """What twenty clients say in turn, so many messages at a time, each batch behind a tick."""
    found = []
    number = 0
    for batch in range(batches):
        at = NOON + TICK_US * (batch + 1)
        entries: list[Any] = [Tick(at, at - NOON)]
        for turn in range(BATCH_MESSAGES // run):
            id = f"meter{turn % METERS}"
            payloads = [payload(number + n) for n in range(run)]
            number += run
            entries.append(Reports(id, id, "state", at, payloads, b"\0\1" * run))
        found.append(encode_batch(Batch("g0", at, entries)))
    return found


def measure_many(rounds: int, *, quick: bool = False) -> dict[str, dict[str, float]]:
    """By form: values a second without scenes and with, the ratio (median of ``rounds`` times ten pairs), runs."""
    scenes, watching = (200, 100) if quick else (SCENES, WATCHING)
    plain, full = House(0, 0), House(scenes, watching)
    gc.collect()
    gc.freeze()
    found = {}
    for run in RUNS:
        log = _log(run, 2 if quick else 20)
        values = len(log) * BATCH_MESSAGES * len(KEYS)
        for house in (plain, full):
            house.take(log)  # once before the clock: caches, and the first value of each
        count = full.scenes.count
        pairs = [(plain.take(log), full.take(log)) for _ in range(rounds if quick else 10 * rounds)]
        found[f"{run} at once"] = {
            "without": values / statistics.median(without for without, _with in pairs),
            "with": values / statistics.median(with_ for _without, with_ in pairs),
            "ratio": round(statistics.median(without / with_ for without, with_ in pairs), 3),
            "runs_a_pass": (full.scenes.count - count) / len(pairs),
        }
    gc.unfreeze()
    return found
