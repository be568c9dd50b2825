"""``unisono scene``: automations - what they say, who saved them, and why one ran or did not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from unisono.cli import backtest, blueprint, rehearse, scene_files, trace
from unisono.cli.hub import Hub, hub_command
from unisono.cli.scene_files import in_file, path_of, send_text, show_warnings
from unisono.cli.screen import Screen, note
from unisono.errors import CallerError, UnisonoError

__all__ = ["app"]

app = typer.Typer(help="Scenes: when this happens and that holds, do something.", no_args_is_help=True)

trace.register(app)
rehearse.register(app)
backtest.register(app)
scene_files.register(app)
app.add_typer(blueprint.app, name="blueprint")

SceneId = Annotated[str, typer.Argument(metavar="ID", help="The scene's id.")]

COLUMNS = {
    "id": "ID",
    "name": "NAME",
    "place": "PLACE",
    "is": "IS",
    "last": "LAST RUN",
    "next": "NEXT",
    "version": "VERSION",
    "saved_by": "SAVED BY",
}
VERSIONS = {"version": "VERSION", "saved_by": "SAVED BY", "saved_at": "AT"}


def _who(by: dict[str, str] | None) -> str:
    return by.get("id", "") if by else ""


def _line(scene: dict[str, Any]) -> dict[str, Any]:
    """A scene as a line of the list."""
    now = scene["now"]
    state = "enabled" if scene["enabled"] else "disabled"
    last = following = None
    if now is None:
        state += ", owner does not answer"
    else:
        if now["running"]:
            state = f"running ({now['running']})" if now["running"] > 1 else "running"
        if now["findings"]:
            state += ", amiss"
        following = now["next"]
        if now["running"]:
            last = f"{now['began']} running"
        elif now["last"] is not None:
            last = f"{now['last']['started']} {now['last']['state']}"
    return {**scene, "is": state, "last": last, "next": following, "saved_by": _who(scene["saved_by"])}


@hub_command(app, "list")
def list_scenes(
    hub: Hub,
    screen: Screen,
    *,
    place: Annotated[str | None, typer.Option(help="Only of this place and below.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="Only with this in the id or a name.")] = None,
) -> None:
    """List scenes."""
    found = list(hub.items("/api/v1/scenes", place=place, q=q))
    rows = found if screen.as_json else [_line(each) for each in found]
    screen.rows(rows, COLUMNS, empty="No scenes. Add one: unisono scene add FILE")


@hub_command(app, "show")
def show_scene(
    hub: Hub,
    screen: Screen,
    *,
    id: SceneId,
    version: Annotated[int | None, typer.Option(help="An earlier version.")] = None,
) -> None:
    """Print what a scene says, as it was written; into a file it can be changed and saved again."""
    found = hub.get(path_of(id) if version is None else path_of(id, "versions", str(version)))
    if screen.as_json:
        screen.json(found)
        return
    print(found["text"], end="" if found["text"].endswith("\n") else "\n")
    state = "" if version is not None else ", enabled" if found["enabled"] else ", disabled"
    note(f"# version {found['version']}, saved by {_who(found['saved_by'])} at {found['saved_at']}{state}")
    for each in (found.get("now") or {}).get("findings", ()):
        expected = f"; expected {each['expected']}" if each.get("expected") else ""
        note(f"# amiss: {each['path']}: {each['reason']}{expected}")
    if found.get("switched_by"):
        note(f"# {state.lstrip(', ')} by {_who(found['switched_by'])} at {found['switched_at']}")


@hub_command(app, "edit")
def edit_scene(hub: Hub, screen: Screen, id: SceneId) -> None:
    """Change a scene in your editor ($VISUAL or $EDITOR) and save it as a new version."""
    import click

    found = hub.get(path_of(id))
    try:
        changed = click.edit(found["text"], extension=".yaml")
    except click.ClickException as error:
        raise CallerError(error.message, code="bad_usage", field="EDITOR", expected="an editor's name") from None
    if changed is None or changed == found["text"]:
        screen.done(f"{id} is as it was", found)
        return
    text = changed.encode()
    try:
        saved = send_text(hub, "PUT", path_of(id), text, version=found["version"])
    except UnisonoError as error:
        kept = Path(f"{id}.yaml.refused")
        kept.write_bytes(text)
        note(f"Nothing was saved; what you wrote is in {kept}")
        raise in_file(error, kept, text) from None
    show_warnings(saved, None, text)
    screen.done(f"{id} is saved, version {saved['version']}", saved)


@hub_command(app, "remove")
def remove_scene(hub: Hub, screen: Screen, id: SceneId) -> None:
    """Remove a scene with all its versions; its open runs end."""
    hub.delete(path_of(id))
    screen.done(f"{id} was removed", {"id": id})


@hub_command(app, "enable")
def enable_scene(hub: Hub, screen: Screen, id: SceneId) -> None:
    """Let a scene be triggered."""
    screen.done(f"{id} is enabled", hub.post(path_of(id, "enable"), None))


@hub_command(app, "disable")
def disable_scene(hub: Hub, screen: Screen, id: SceneId) -> None:
    """Let nothing trigger a scene; by hand it can still be run."""
    screen.done(f"{id} is disabled", hub.post(path_of(id, "disable"), None))


@hub_command(app, "versions")
def list_versions(hub: Hub, screen: Screen, id: SceneId) -> None:
    """List who saved which version and when; one is shown by: unisono scene show ID --version N."""
    found = hub.get(path_of(id, "versions"))["items"]
    rows = found if screen.as_json else [{**each, "saved_by": _who(each["saved_by"])} for each in found]
    screen.rows(rows, VERSIONS, empty="No versions.")


@app.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of a scene, by which editors complete and check one; needs no hub."""
    from unisono.scene.document import scene_schema

    print(msgspec.json.format(msgspec.json.encode(scene_schema()), indent=2).decode())
