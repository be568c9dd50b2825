"""``unisono sim``: simulated devices against a hub, until Ctrl-C."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from unisono.cli.hub import DEFAULT_DATA, DEFAULT_URL, Hub

__all__ = ["app"]

app = typer.Typer(help="Simulated devices: real MQTT clients against a hub.", no_args_is_help=True)

MQTT_URL = "mqtt://127.0.0.1:1883"

Url = Annotated[str, typer.Option("--url", help="The MQTT door.")]
Http = Annotated[str, typer.Option("--http", envvar="UNISONO_URL", help="The hub's HTTP address.")]
Token = Annotated[str, typer.Option("--token", envvar="UNISONO_TOKEN", help="A token; else DIR/token is read.")]
Data = Annotated[
    Path, typer.Option("--data", envvar="UNISONO_DATA", help="The data directory of a hub on this machine.")
]
Place = Annotated[str | None, typer.Option("--place", help="An existing place to put everything into.")]
Chance = Annotated[float, typer.Option(min=0, max=1, help="Chance of it, per command.")]
Delay = Annotated[float, typer.Option("--delay", min=0, help="Seconds added before each answer.")]
Seed = Annotated[int | None, typer.Option("--seed", help="The same seed, the same decisions.")]


def _world(what: str) -> None:
    def run(
        *,
        url: Url = MQTT_URL,
        http: Http = DEFAULT_URL,
        token: Token = "",
        data: Data = DEFAULT_DATA,
        place: Place = None,
        refuse: Chance = 0.0,
        drop: Chance = 0.0,
        lie: Chance = 0.0,
        delay: Delay = 0.0,
        seed: Seed = None,
    ) -> None:
        from unisono import sim

        options = sim.SimOptions(
            url=url,
            http=http,
            token=Hub(http, token, data).token,
            data=data,
            place=place,
            refuse=refuse,
            drop=drop,
            lie=lie,
            delay_s=delay,
            seed=seed,
        )
        _say_what_happens()
        sim.run_until_stopped(getattr(sim, f"run_{what}")(options))

    run.__doc__ = f"Simulate a {what}, until Ctrl-C."
    app.command(what)(run)


for _what in ("home", "car", "line"):
    _world(_what)


@app.command("things")
def things(
    *,
    count: Annotated[int, typer.Option(min=1, help="How many sensors.")] = 100,
    rate: Annotated[float, typer.Option(min=0, help="Messages a second, all together.")] = 10.0,
    url: Url = MQTT_URL,
    http: Http = DEFAULT_URL,
    token: Token = "",
    data: Data = DEFAULT_DATA,
    place: Place = None,
    seed: Seed = None,
) -> None:
    """Simulate many sensors, for load, until Ctrl-C."""
    from unisono import sim

    options = sim.SimOptions(
        url=url,
        http=http,
        token=Hub(http, token, data).token,
        data=data,
        place=place,
        count=count,
        rate=rate,
        seed=seed,
    )
    _say_what_happens()
    sim.run_until_stopped(sim.run_things(options))


def _say_what_happens() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
