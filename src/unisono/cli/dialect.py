"""``unisono dialect``: the languages that devices speak, what to set on a device, and products that share a secret."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note

__all__ = ["app", "show_guide"]

app = typer.Typer(help="Languages that devices speak: list them, see what to set on a device.", no_args_is_help=True)

How = Annotated[str, typer.Argument(metavar="DIALECT", help="The dialect, such as alink or tasmota.")]


@hub_command(app, "list")
def list_dialects(hub: Hub, screen: Screen) -> None:
    """List the languages that devices may speak to this hub."""
    rows = [
        {**each, "fields": [field["name"] for field in each["fields"]]}
        if screen.as_json
        else {**each, "with": " ".join(field["name"] for field in each["fields"])}
        for each in hub.get("/api/v1/dialects")["items"]
    ]
    screen.rows(rows, {"id": "ID", "title": "LANGUAGE", "kind": "KIND", "with": "TO BE GIVEN"}, empty="None.")


@hub_command(app, "show")
def show_dialect(hub: Hub, screen: Screen, how: How, id: Annotated[str, typer.Argument(metavar="THING")]) -> None:
    """Show what to set on a device so that it comes in as a thing."""
    guide = hub.get(f"/api/v1/dialects/{how}/guide/{id}")
    if screen.as_json:
        screen.json(guide)
    else:
        show_guide(screen, guide)


@hub_command(app, "product")
def put_product(
    hub: Hub,
    screen: Screen,
    *,
    how: How,
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's key.")],
    place: Annotated[str, typer.Option(help="Where its devices stand.")],
    model: Annotated[str, typer.Option(help="What they are.")],
    secret: Annotated[str | None, typer.Option(help="The secret that they share.")] = None,
    open: Annotated[bool, typer.Option("--open", help="Let in devices that nobody named before.")] = False,
) -> None:
    """Add or change a product whose devices get secrets of their own here."""
    body = {"product": product, "place": place, "model": model, "secret": secret, "open": open}
    screen.fields(hub.post(f"/api/v1/dialects/{how}/products", {k: v for k, v in body.items() if v is not None}))


def show_guide(screen: Screen, guide: dict[str, Any]) -> None:
    """The settings of a device, as a person copies them."""
    print(f"\nOn the device ({guide['title']}):")
    screen.rows(guide["settings"], {"name": "SETTING", "value": "VALUE"}, empty="Nothing to set.")
    if guide["paste"]:
        print(f"\n{guide['paste']}")
    for each in (*guide["notes"], *filter(None, [guide.get("hint")])):
        note(each)
