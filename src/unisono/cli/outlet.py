"""``unisono outlet``: what happens in a place onward to webhooks, MQTT brokers, NATS and Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from unisono.cli.computed import read_definitions
from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="Outlets: what happens onward to a webhook, MQTT, NATS or Kafka.", no_args_is_help=True)

OutletId = Annotated[str, typer.Argument(metavar="ID", help="The outlet's id.")]


@hub_command(app, "add")
def add_outlet(
    hub: Hub,
    screen: Screen,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: one outlet, or a list of them.")],
    secret_file: Annotated[
        Path | None, typer.Option(help="A file with the signing key or password, in place of one in FILE.")
    ] = None,
) -> None:
    """Add outlets; they begin with what comes from now on."""
    rows = []
    for each in read_definitions(file):
        body = {**each, "secret": _secret(secret_file)} if secret_file is not None else each
        added = hub.post("/api/v1/outlets", body)
        rows.append({**added, "kind": added["to"]["kind"]})
    screen.rows(rows, {"id": "ID", "kind": "KIND", "place": "PLACE"}, empty="Nothing to add.")


@hub_command(app, "list")
def list_outlets(hub: Hub, screen: Screen) -> None:
    """List outlets and how far they have come."""
    found = list(hub.items("/api/v1/outlets"))
    rows = [
        {
            "id": each["id"],
            "place": each["place"],
            "to": each["to"]["url"],
            "sent": sum(position["sent"] for position in each["positions"]),
            "lag": sum(position["lag"] or 0 for position in each["positions"]),
            "skipped": sum(position["skipped"] for position in each["positions"]),
            "error": "; ".join(dict.fromkeys(position["error"] for position in each["positions"] if position["error"])),
        }
        for each in found
    ]
    columns = {
        "id": "ID", "place": "PLACE", "to": "TO", "sent": "SENT", "lag": "BEHIND", "skipped": "SKIPPED",
        "error": "ERROR",
    }  # fmt: skip
    screen.rows(found if screen.as_json else rows, columns, empty="None. Add one: unisono outlet add FILE")


@hub_command(app, "show")
def show_outlet(hub: Hub, screen: Screen, id: OutletId) -> None:
    """Show an outlet, its position and what went wrong last."""
    outlet = hub.get(f"/api/v1/outlets/{quote(id, safe='')}")
    if screen.as_json:
        screen.json(outlet)
        return
    positions = outlet.pop("positions")
    screen.fields(outlet)
    print()
    columns = {
        "partition": "PARTITION", "source": "SOURCE", "position": "POSITION", "lag": "BEHIND", "sent": "SENT",
        "skipped": "SKIPPED", "error": "ERROR", "at": "AT",
    }  # fmt: skip
    screen.rows(positions, columns, empty="It has not begun yet.")


@hub_command(app, "change")
def change_outlet(
    hub: Hub,
    screen: Screen,
    *,
    id: OutletId,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="YAML or JSON: what is to be otherwise; null takes a field away."),
    ] = None,
    secret_file: Annotated[Path | None, typer.Option(help="A file with a new signing key or password.")] = None,
) -> None:
    """Change an outlet in its place: what is not named stays, and so does its position."""
    change = _change(file) if file is not None else {}
    if secret_file is not None:
        change["secret"] = _secret(secret_file)
    if not change:
        raise CallerError("nothing is to be changed", code="bad_usage", field="FILE", expected="FILE, or --secret-file")
    changed = hub.send("PATCH", f"/api/v1/outlets/{quote(id, safe='')}", body=change)
    screen.rows(
        [{**changed, "to": changed["to"]["url"]}], {"id": "ID", "place": "PLACE", "to": "TO"}, empty="Nothing changed."
    )


def _secret(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise CallerError(f"{file}: {why}", code="bad_usage", field="--secret-file", expected="a text file") from None


def _change(file: Path) -> dict[str, Any]:
    found = read_definitions(file)
    if len(found) > 1:
        raise CallerError(f"{file} has {len(found)} documents", code="bad_usage", field="FILE", expected="one object")
    return found[0]


@hub_command(app, "remove")
def remove_outlet(hub: Hub, screen: Screen, id: OutletId) -> None:
    """Remove an outlet; what waits does not leave any more."""
    hub.delete(f"/api/v1/outlets/{quote(id, safe='')}")
    screen.done(f"{id} was removed", {"id": id})
