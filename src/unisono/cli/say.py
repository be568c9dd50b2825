"""``unisono say``: a sentence to the hub, and what became of it."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen, note

__all__ = ["register"]

#: What is done, or was asked and found; anything else is not what was wanted.
GOOD = frozenset({"done", "underway", "later", "kept", "answered", "would"})

#: Longer than a command's usual timeout of 10 s.
WAIT_S = 15.0


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    hub_command(app, "say")(say)


def say(
    hub: Hub,
    screen: Screen,
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A sentence, in quotation marks.")],
    place: Annotated[str | None, typer.Option(help="Where it is spoken.")] = None,
    lang: Annotated[str | None, typer.Option(help="Its language; else the text tells.")] = None,
    conversation: Annotated[str | None, typer.Option(help="A name; sentences under it follow each other.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Understand it, do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Confirm what has to be confirmed.")] = False,
    model: Annotated[
        bool | None, typer.Option("--model/--no-model", help="Ask the large model first, or never.")
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for things.", min=0, max=60)] = WAIT_S,
) -> None:
    """Say something in plain words: "turn off everything upstairs", "how long was the pump on yesterday"."""
    body: dict[str, Any] = {"text": text, "place": place, "lang": lang, "conversation": conversation}
    body |= {"dry_run": dry_run, "model": model}
    said = {key: value for key, value in body.items() if value is not None}
    reply = hub.post("/api/v1/assist", said, wait=wait)
    if reply.get("confirm") is not None and (yes or _ask(screen, reply)):
        reply = hub.post("/api/v1/assist", {**said, "text": "", "confirm": True}, wait=wait)
    if screen.as_json:
        screen.json(reply)
    else:
        _show(reply)
    if reply["became"] not in GOOD:
        raise typer.Exit(1)


def _ask(screen: Screen, reply: dict[str, Any]) -> bool:
    """A person at the keyboard is asked; a script has to say --yes."""
    if screen.as_json or not sys.stdin.isatty():
        return False
    _show(reply)
    return typer.confirm("")


def _show(reply: dict[str, Any]) -> None:
    if reply.get("speech"):
        typer.echo(reply["speech"]["text"])
    elif reply["became"] == "nothing":
        note(f"Nothing was done ({reply['outcome']}{': ' + reply['why'] if reply.get('why') else ''}).")
    if reply.get("model"):
        note(f"(understood by {reply['model']})")
    if reply["became"] == "would":
        for result in reply.get("results", ()):
            wanted = result.get("call") or " ".join(
                f"{key}={value}" for key, value in (result.get("set") or {}).items()
            )
            typer.echo(f"  {result['thing']}: {wanted}")
    document = (reply.get("scene") or {}).get("document")
    if document is not None and reply["became"] in ("waiting", "would"):
        import yaml

        typer.echo(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100).rstrip())
