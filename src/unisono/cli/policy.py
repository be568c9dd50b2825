"""``unisono place policy``: who may do what, what must never be begun, how often something may change."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="The safety policy of a root place.", no_args_is_help=True)

Place = Annotated[str, typer.Argument(metavar="PLACE", help="The root place: a home, a car, a plant.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="The policy, YAML or JSON; - reads standard input.")]


def _read(path: Path) -> Any:
    import yaml  # only who edits policies pays for it

    from unisono.thing.files import stranger_loader

    try:
        text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        document = yaml.load(text, Loader=stranger_loader())  # a safe loader
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", code="bad_usage", field="FILE") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        detail = getattr(error, "problem", None) or str(error)
        raise CallerError(f"{path}: {detail}{where}", code="bad_json", expected="YAML or JSON") from None
    if not isinstance(document, dict):
        raise CallerError(f"{path} holds no policy", code="bad_policy", expected="rules, interlocks or limits")
    return document


@hub_command(app, "show")
def show_policy(
    hub: Hub, screen: Screen, place: Place, version: Annotated[int | None, typer.Option(help="Which version.")] = None
) -> None:
    """Show a place's policy, as YAML."""
    found = hub.get(f"/api/v1/places/{place}/policy", version=version)
    if screen.as_json:
        screen.json(found)
        return
    import yaml

    from unisono.thing.files import yaml_dumper

    print(f"# version {found['version']}" + (f", {found['at']}, by {found['by']}" if found["at"] else ""))
    print(yaml.dump(found["policy"], Dumper=yaml_dumper(), allow_unicode=True, sort_keys=False), end="")


@hub_command(app, "set")
def set_policy(
    hub: Hub,
    screen: Screen,
    *,
    place: Place,
    file: File,
    version: Annotated[int | None, typer.Option(help="Only if this is the newest version.")] = None,
) -> None:
    """Put a policy in force, whole."""
    query = {"version": version}
    put = hub.send("PUT", f"/api/v1/places/{place}/policy", body=_read(file), query=query)
    _tell(put["warnings"])
    screen.done(f"version {put['version']} is in force", put)


def _tell(warnings: list[dict[str, Any]]) -> None:
    """The steps of scenes that the policy always refuses, on stderr."""
    for each in warnings:
        expected = f"; expected {each['expected']}" if each["expected"] else ""
        note(f"warning: scene {each['scene']}: {each['path']}: {each['reason']}{expected}")


@hub_command(app, "remove")
def remove_policy(hub: Hub, screen: Screen, place: Place) -> None:
    """Have no policy from now on."""
    hub.delete(f"/api/v1/places/{place}/policy")
    screen.done(f"{place} has no policy any more", {"place": place})


@hub_command(app, "check")
def check_policy(hub: Hub, screen: Screen, place: Place, file: File) -> None:
    """Say what is wrong in a policy, without putting it in force."""
    found = hub.post(f"/api/v1/places/{place}/policy/check", _read(file))
    _tell(found["warnings"])
    columns = {"path": "WHERE", "detail": "WHAT"}
    screen.rows(found["findings"], columns, empty="Nothing is wrong with it.")
    if not found["ok"]:
        raise typer.Exit(1)
