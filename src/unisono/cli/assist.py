"""``unisono assist``: what the assistant is given beside its own words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen
from unisono.errors import CallerError

__all__ = ["app"]

app = typer.Typer(help="The assistant: its voice, its large model, what it would suggest.", no_args_is_help=True)

PATH = "/api/v1/assist/model"
VOICE = "/api/v1/assist/voice"


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


@hub_command(app, "voice")
def voice(
    hub: Hub,
    screen: Screen,
    *,
    hear: Annotated[str | None, typer.Option("--hear", help="Speech to text: tcp://HOST:PORT (Wyoming).")] = None,
    speak: Annotated[str | None, typer.Option("--speak", help="Text to speech; without: espeak-ng.")] = None,
    wake: Annotated[str | None, typer.Option("--wake", help="Wake words, for satellites without their own.")] = None,
    door: Annotated[list[str] | None, typer.Option("--door", help="Open a port: PERSON:PORT[:PLACE].")] = None,
    satellite: Annotated[
        list[str] | None, typer.Option("--satellite", help="Call one: PERSON=tcp://HOST:PORT[=PLACE].")
    ] = None,
    open_to: Annotated[str, typer.Option("--open-to", help="The address that doors listen on.")] = "127.0.0.1",
    remove: Annotated[bool, typer.Option("--remove", help="Hear and say nothing any more.")] = False,
) -> None:
    """Show what hears and speaks, and how it is; set up services, doors and satellites of the Wyoming protocol.

    What is not named stays. The protocol has no sign-in: whoever reaches a door speaks as its person.
    """
    if remove:
        hub.delete(VOICE)
        screen.done("nothing hears or speaks any more")
        return
    shown = hub.get(VOICE)
    if not any((hear, speak, wake, door, satellite)):
        if screen.as_json:
            screen.json(shown)
            return
        rows = [{"part": name, "state": trouble or "well"} for name, trouble in shown["parts"].items()]
        screen.rows(rows, {"part": "PART", "state": "STATE"}, empty="Nothing is set up for voices.")
        return
    settings = shown["settings"]
    settings |= {name: url for name, url in (("hear", hear), ("speak", speak), ("wake", wake)) if url is not None}
    if door:
        settings["doors"] = [{**_door(each), "host": open_to} for each in door]
    if satellite:
        settings["satellites"] = [_satellite(each) for each in satellite]
    kept = hub.send("PUT", VOICE, body=settings)
    screen.done("set up; look how it is: unisono assist voice", kept)


def _door(text: str) -> dict[str, Any]:
    person, _, rest = text.partition(":")
    port, _, place = rest.partition(":")
    if not person or not port.isdigit():
        raise CallerError(f"{text!r} is no door", code="bad_usage", field="--door", expected="PERSON:PORT[:PLACE]")
    return {"person": person, "port": int(port), **({"place": place} if place else {})}


def _satellite(text: str) -> dict[str, Any]:
    person, *rest = text.split("=")
    if not person or not rest:
        expected = "PERSON=tcp://HOST:PORT[=PLACE]"
        raise CallerError(f"{text!r} is no satellite", code="bad_usage", field="--satellite", expected=expected)
    return {"person": person, "url": rest[0], **({"place": rest[1]} if len(rest) > 1 else {})}


SUGGESTIONS = "/api/v1/assist/suggestions"

Id = Annotated[str, typer.Argument(metavar="ID", help="The suggestion's id.")]
Place = Annotated[str | None, typer.Option(help="Only of this place's home.")]


@hub_command(app, "suggestions")
def suggestions(
    hub: Hub, screen: Screen, *, place: Place = None, lang: Annotated[str, typer.Option(help="In which words.")] = "en"
) -> None:
    """Show routines of the past four weeks as scenes that might be: how often each would have been right, and wrong."""
    found = hub.get(SUGGESTIONS, place=place, lang=lang)["items"]
    columns = {"id": "ID", "text": "WOULD", "hits": "RIGHT", "misses": "WRONG"}
    screen.rows(found, columns, empty="No routine stands out.")


@hub_command(app, "accept")
def accept(hub: Hub, screen: Screen, *, id: Id, place: Place = None) -> None:
    """Make a scene of a suggestion."""
    taken = hub.post(f"{SUGGESTIONS}/{id}/accept", {}, place=place)
    screen.done(f"{id} is the scene {taken['scene']}", taken)


@hub_command(app, "refuse")
def refuse(hub: Hub, screen: Screen, *, id: Id, place: Place = None) -> None:
    """Forget a suggestion for good."""
    hub.post(f"{SUGGESTIONS}/{id}/refuse", {}, place=place)
    screen.done(f"{id} will not be suggested again")
