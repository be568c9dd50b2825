"""``unisono scene backtest``: what a scene would have done over a stretch of the past.

Knows the API's shapes and how they are read by a person.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.scene_files import in_file, path_of, read_file, send_text
from unisono.cli.screen import Screen, note
from unisono.cli.trace import refusal_text, run_lines
from unisono.errors import UnisonoError

__all__ = ["register"]

#: What is asked beside the scene's text, and is not in it.
SPAN = ("from", "to")


def register(app: typer.Typer) -> None:
    """Add the command to ``unisono scene``."""
    hub_command(app, "backtest")(backtest)


def backtest(
    hub: Hub,
    screen: Screen,
    *,
    scene: Annotated[str, typer.Argument(metavar="FILE|ID", help="A file, or the id of a scene that is saved.")],
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="ISO-8601, or -24h, -7d.")] = "-7d",
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="The same, or now.")] = "now",
    trace: Annotated[bool, typer.Option("--trace", help="Show every step of every run.")] = False,
) -> None:
    """What a scene would have done, by what history holds; nothing is done. Every thing is taken to obey at once."""
    path = Path(scene)
    text = read_file(path) if path.is_file() else hub.get(path_of(scene))["text"].encode()
    try:
        found = send_text(hub, "POST", "/api/v1/scenes/backtest", text, **{"from": start, "to": end})
    except UnisonoError as error:
        raise (error if error.field in SPAN else in_file(error, path, text)) from None
    if screen.as_json:
        screen.json(found)
        return
    times = "once" if found["count"] == 1 else f"{found['count']} times"
    print(f"{found['scene']} would have run {times} from {found['since']} to {found['until']}")
    for run in found["runs"]:
        lines = run_lines(run)
        print("\n".join(f"  {line}" for line in (lines if trace else lines[:1])))
    for refusal in found["refusals"]:
        print(f"  not: {refusal_text(refusal)}")
    _tell_limits(found)


def _tell_limits(found: dict[str, Any]) -> None:
    """What the answer does not cover."""
    for each in found["unseen"]:
        note(f"{each['path']}: {each['reason']}")
    if found["resolution_s"]:
        note(f"There were many values: of some only the last in every {found['resolution_s']:g} s was played")
    if found["count"] > len(found["runs"]):
        note(f"and {found['count'] - len(found['runs'])} runs more")
