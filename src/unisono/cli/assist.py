"""``unisono assist``: what the assistant is given beside its own words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="The assistant: its large model.", no_args_is_help=True)

PATH = "/api/v1/assist/model"


@hub_command(app, "model")
def model(
    hub: Hub,
    screen: Screen,
    *,
    address: Annotated[str | None, typer.Option("--address", help="Up to /v1: http://127.0.0.1:11434/v1")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Which model there.")] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="A file with the key; - for standard input.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for one sentence.", min=0.1, max=120)] = 20.0,
    an_hour: Annotated[int, typer.Option("--an-hour", help="Sentences an hour at most.", min=0)] = 60,
    remove: Annotated[bool, typer.Option("--remove", help="Ask no large model any more.")] = False,
) -> None:
    """Show the large model that is asked after a refusal, set one up (--address, --name), or take it away.

    Any OpenAI-compatible endpoint will do: Ollama, vLLM, a cloud. What is said goes there, and the names of what its
    speaker may see.
    """
    if remove:
        hub.delete(PATH)
        screen.done("no large model is asked any more")
        return
    if address is None and name is None:
        screen.fields(hub.get(PATH))
        return
    if address is None or name is None:
        raise CallerError("An address and a name belong together", code="bad_usage", expected="--address and --name")
    body: dict[str, Any] = {"url": address, "model": name, "timeout_s": timeout, "asks_an_hour": an_hour}
    if key_file is not None:
        text = typer.get_text_stream("stdin").read() if str(key_file) == "-" else key_file.read_text("utf-8")
        body["key"] = text.strip()
    kept = hub.send("PUT", PATH, body=body)
    screen.done(f"{kept['model']} at {kept['url']} is asked after a refusal", kept)
