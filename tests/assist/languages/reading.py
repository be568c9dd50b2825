"""A plan in one line, as the tables of sentences write it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.assist.probes.grammar import HERE
from unisono.assist import Memory, Plan, Speaker, Step, World, encode_plan, understand, world_of_home
from unisono.scene.trying.home import Home, load_home

HOME: Home = load_home((HERE / "home.yaml").read_text(encoding="utf-8"))
WORLD: World = world_of_home(HOME)


def read(said: str, lang: str) -> str:
    """The plan of the last of several turns (``one | two``)."""
    memory, plan = Memory(), Plan(outcome="ignore")
    speaker = Speaker(person=HOME.speaker.get("person"), place=HOME.speaker.get("place"))
    for text in said.split("|"):
        plan = understand(text.strip(), WORLD, memory, speaker, now=HOME.moment, lang=lang)
    return line(plan)


def line(plan: Plan) -> str:
    """``act: desk on_off=False; globe brightness+=20`` and its times, conditions and question as JSON."""
    encoded = encode_plan(plan)
    head = plan.outcome + (f" ({plan.why})" if plan.why else "")
    parts = [_step(step) for step in plan.steps]
    rest = [f"{key} {msgspec.json.encode(encoded[key]).decode()}" for key in ("when", "if", "query") if key in encoded]
    return "; ".join([head, *parts, *rest])


def _step(step: Step) -> str:
    if not step.things:
        return " ".join(
            str(part) for part in (step.op, step.trait, step.scene, step.text, step.value) if part is not None
        )
    sign = {"add": "+=", "call": "()"}.get(step.op, "=")
    return f"{','.join(step.things)} {step.trait}{sign}{step.value}"


def table(path: Path) -> dict[str, str]:
    """``sentence => plan``, one a line; ``#`` begins a heading."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (text.split(" => ", 1) for text in lines if text and not text.startswith("#"))
    return dict(pairs)
