"""``unisono scene run|stop|trace``: runs of scenes, what they did and saw, and why one did not run.

Knows the API's shapes of runs and how they are read by a person.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note, show_value

__all__ = ["register"]

EXIT_FAILED = 1

SceneId = Annotated[str, typer.Argument(metavar="ID", help="The scene's id.")]


def register(app: typer.Typer) -> None:
    """Add the commands to those of ``unisono scene``."""
    hub_command(app, "run")(run_scene)
    hub_command(app, "stop")(stop_scene)
    hub_command(app, "trace")(trace_scene)


def _path(scene_id: str, what: str) -> str:
    return f"/api/v1/scenes/{quote(scene_id, safe='')}/{what}"


def run_scene(
    hub: Hub,
    screen: Screen,
    *,
    id: SceneId,
    even_if: Annotated[bool, typer.Option("--even-if", help="Whatever its conditions say.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do nothing; say what would be done.")] = False,
) -> None:
    """Run a scene now, enabled or not; its conditions must hold."""
    chosen = {key: "true" for key, given in (("even_if", even_if), ("dry_run", dry_run)) if given}
    ran = hub.post(_path(id, "run"), None, **chosen)
    if dry_run:
        _show_would(screen, id, ran)
        return
    if screen.as_json:
        screen.json(ran)
    elif ran["run"] is not None:
        for line in run_lines(ran["run"]):
            print(line)
    elif ran["refusal"] is not None:
        note(f"{id} did not run: {refusal_text(ran['refusal'])}")
        if ran["refusal"]["path"].startswith("if"):
            note(f"  To run it all the same: unisono scene run {id} --even-if")
    else:
        print(f"{id} is queued behind an open run")
    if ran["refusal"] is not None:
        raise typer.Exit(EXIT_FAILED)


def stop_scene(hub: Hub, screen: Screen, id: SceneId) -> None:
    """End all open runs of a scene, and what is queued."""
    stopped = hub.post(_path(id, "stop"), None)["items"]
    if screen.as_json:
        screen.json(stopped)
    elif stopped:
        print(f"{', '.join(each['id'] for each in stopped)} stopped")
    else:
        print(f"{id} was not running")


def trace_scene(
    hub: Hub,
    screen: Screen,
    *,
    id: SceneId,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Only this run.")] = None,
    why_not: Annotated[bool, typer.Option("--why-not", help="Only why it did not run.")] = False,
    limit: Annotated[int, typer.Option(help="How many runs and reasons.", min=1, max=20)] = 5,
) -> None:
    """Show what the last runs did, step by step with the values they saw, and why the scene did not run."""
    found = hub.get(_path(id, "trace"), run=run, limit=limit)
    if screen.as_json:
        screen.json(found["refusals"] if why_not else found)
        return
    if not why_not:
        if not found["runs"]:
            print(f"{id} has not run")
        for each in found["runs"]:
            for line in run_lines(each):
                print(line)
            print()
    if run is not None:
        return
    if why_not and not found["refusals"]:
        print(f"Nothing that triggered {id} was turned away")
    elif found["refusals"]:
        print("It did not run:")
    for each in found["refusals"]:
        print(f"  {_time(each['at'])}  {refusal_text(each)}")
    if why_not:
        for line in trigger_lines(found["triggers"]):
            print(line)


def _show_would(screen: Screen, id: str, would: dict[str, Any]) -> None:
    if screen.as_json:
        screen.json(would)
    elif would["runs"]:
        print(f"{id} would run > {would['state']}" + (f": {would['why']}" if would["why"] else ""))
        width = max((len(step["path"]) for step in would["steps"]), default=0)
        for step in would["steps"]:
            seen = "" if step["seen"] is None else f"  {show_value(step['seen'])}"
            print(f"    {step['after_s']:>7g} s  {step['path']:<{width}}  {step['did']}{seen}")
    else:
        seen = "" if would["seen"] is None else f" (it saw {show_value(would['seen'])})"
        print(f"{id} would not run: {would['why']}: {would['path']}{seen}")


def run_lines(run: dict[str, Any]) -> list[str]:
    """A run as lines: what set it off and how it ended, then its steps."""
    state = run["state"]
    if run["waits"]:
        state += f", waits for {run['waits']} at {run['step']}"
    if run["why"]:
        state += f": {run['why']}"
    lines = [f"{run['id']}  {_time(run['started'])}  {cause_text(run['cause'])}  > {state}"]
    width = max((len(step["path"]) for step in run["steps"]), default=0)
    for number, step in enumerate(run["steps"]):
        if run["left_out"] and number == len(run["steps"]) // 2:
            lines.append(f"    ... {run['left_out']} steps are not kept ...")
        seen = "" if step["seen"] is None else f"  {show_value(step['seen'])}"
        lines.append(f"    {_clock(step['at'])}  {step['path']:<{width}}  {step['did']}{seen}")
    return lines


def cause_text(cause: dict[str, Any]) -> str:
    """What set a run off, in a few words."""
    if cause["what"] == "hand":
        return f"by {cause['name']}"
    if cause["what"] == "scene" and cause["trigger"] is None:
        return f"by the scene {cause['name']}"
    subject = ".".join(each for each in (cause["thing"], cause["name"]) if each)
    value = "" if cause["value"] is None else show_value(cause["value"])
    return " ".join(filter(None, (cause["trigger"], subject, f"= {value}" if subject and value else value)))


def refusal_text(refusal: dict[str, Any]) -> str:
    """Why it did not run, what was seen, and what wanted it to."""
    seen = "" if refusal["seen"] is None else f" (it saw {show_value(refusal['seen'])})"
    times = f", {refusal['count']} times" if refusal["count"] > 1 else ""
    return f"{refusal['why']}: {refusal['path']}{seen}; wanted {cause_text(refusal['cause'])}{times}"


def trigger_lines(triggers: list[dict[str, Any]]) -> list[str]:
    """How the triggers stand, one line each; nothing of a scene that has none."""
    if not triggers:
        return ["Nothing triggers it: it runs by hand or by another scene only"]
    width = max(len(_named(each)) for each in triggers)
    return ["Its triggers now:", *(f"  {_named(each):<{width}}  {_stands(each)}".rstrip() for each in triggers)]


def _named(trigger: dict[str, Any]) -> str:
    return " ".join(filter(None, (trigger["path"], trigger["thing"])))


def _stands(trigger: dict[str, Any]) -> str:
    if trigger["next"] is not None:
        return f"comes at {trigger['next']}"
    if trigger["path"].endswith(".time"):
        return "does not come any more"
    seen = "" if trigger["seen"] is None else f" (it sees {show_value(trigger['seen'])})"
    if trigger["fits"] is None:
        return "nothing is known of it" if trigger["thing"] and not seen else f"has to happen{seen}"
    if not trigger["fits"]:
        return f"does not fit{seen}"
    if trigger["held_s"] is not None:
        return f"fits for {trigger['held_s']:g} of {trigger['for_s']:g} s{seen}"
    return f"fits{seen}: it sets the scene off when it begins to, not while it does"


def _time(text: str) -> str:
    return text[:19].replace("T", " ") + "Z"


def _clock(text: str) -> str:
    return text[11:23]
