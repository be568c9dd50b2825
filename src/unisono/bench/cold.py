"""A cold start: a process from its beginning to the first answered sentence, and what it holds then; the same of
Home Assistant's engine.

Knows ``unisono understand`` and `hassil` from outside, each in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unisono.errors import HostError

__all__ = ["cold", "cold_peer"]

#: The least of so many: what else the machine did is no part of it.
RUNS = 3
KB = 1024
#: ru_maxrss is in KB, on macOS in bytes.
RSS = 1 if sys.platform == "darwin" else KB

TIMEOUT_S = 60

#: Starts and measures: a process of its own, for what a new process held at its most begins with what its parent does.
STARTER = """
import json, os, sys, time
given = sys.stdin.buffer.read()
read, write = os.pipe()
began = time.perf_counter()
child = os.fork()
if not child:
    os.dup2(read, 0), os.close(write), os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
os.close(read)
with os.fdopen(write, 'wb') as told:
    told.write(given)
_pid, status, used = os.wait4(child, 0)
print(json.dumps([time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss]))
sys.exit(os.waitstatus_to_exitcode(status))
"""

ENGINE = """
import json, sys
from unisono.assist import Memory, Speaker, understand, world_of_home
from unisono.scene.trying.home import load_home
said = json.load(sys.stdin)
place = load_home(open(said["home"], encoding="utf-8").read())
understand(said["text"], world_of_home(place), Memory(), Speaker(), now=place.moment, lang=said["lang"])
"""

PEER = """
import json, sys
from hassil.intents import Intents, TextSlotList
from hassil.recognize import recognize_best
from home_assistant_intents import get_intents
said = json.load(sys.stdin)
if said["text"]:
    def slots(kind):
        rows = [(name, each["id"]) for each in said[kind] for name in (each["name"], *each["names"].values())]
        return TextSlotList.from_tuples(rows, name="name", allow_template=False)
    intents = Intents.from_dict(get_intents(said["code"]))
    lists = {"name": slots("things"), "area": slots("places"), "floor": TextSlotList.from_tuples([], name="floor")}
    recognize_best(said["text"], intents, slot_lists=lists, language=said["code"], best_slot_name="name")
"""


def cold(home: dict[str, Any], text: str, lang: str) -> dict[str, float]:
    """``unisono understand``, started for one sentence about a home: seconds of the clock and of the processor, and
    the MB that it grew by: the words of the language and the names of the home, compiled. ``engine_``: a process that
    has the assistant without the command line, as it is measured of the peer."""
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        path = Path(folder) / "home.yaml"
        path.write_text(json.dumps(home), "utf-8")
        command = [sys.executable, "-m", "unisono.cli", "understand", "--home", str(path)]
        grown = _least(command, json.dumps({"id": 0, "text": text, "lang": lang}) + "\n")
        engine = _least([sys.executable, "-c", ENGINE], json.dumps({"home": str(path), "text": text, "lang": lang}))
        path.write_text(json.dumps({**home, "things": home["things"][:1]}), "utf-8")
        figures = _figures(grown, _least(command, ""))
    return figures | {"engine_cold_s": round(engine[0], 3), "engine_cold_cpu_s": round(engine[1], 3)}


def cold_peer(home: dict[str, Any], text: str, code: str) -> dict[str, float]:
    """The same of `hassil` with `home-assistant-intents`. Raises ImportError where they are not installed."""
    import hassil  # noqa: F401
    import home_assistant_intents  # noqa: F401

    command = [sys.executable, "-c", PEER]
    about = {"code": code, "things": home["things"], "places": home["places"]}
    return _figures(_least(command, json.dumps({**about, "text": text})), _least(command, json.dumps({"text": ""})))


def _figures(grown: Sequence[float], empty: Sequence[float]) -> dict[str, float]:
    wall_s, cpu_s, mb = grown
    return {"cold_s": round(wall_s, 3), "cold_cpu_s": round(cpu_s, 3), "compiled_mb": round(mb - empty[2], 1)}


def _least(command: list[str], told: str) -> tuple[float, float, float]:
    runs = [_once(command, told) for _ in range(RUNS)]
    return min(run[0] for run in runs), min(run[1] for run in runs), min(run[2] for run in runs)


def _once(command: list[str], told: str) -> tuple[float, float, float]:
    """Seconds of the clock, of the processor, and the most MB held."""
    starting = [sys.executable, "-S", "-c", STARTER, *command]
    done = subprocess.run(starting, input=told, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise HostError(f"{command[1:3]} ended with {done.returncode}: {done.stderr[-300:]}", code="internal")
    wall_s, cpu_s, most = json.loads(done.stdout)
    return wall_s, cpu_s, most * RSS / KB / KB
