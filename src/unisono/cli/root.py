"""The root of the command line: which commands there are, and how errors become words and exit codes.

Exit codes: 0 done, 1 the thing asked for failed, 2 bad usage, 3 the hub cannot be reached.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer
from typer.main import get_command

from unisono.cli import (
    alarm,
    archive,
    assist,
    bench,
    client,
    command,
    computed,
    dashboard,
    dialect,
    health,
    model,
    notify,
    oidc,
    outlet,
    people,
    place,
    policy,
    say,
    scene,
    sim,
    thing,
    understand,
    up,
)
from unisono.cli.codes import EXIT_INTERRUPTED, exit_code
from unisono.cli.help import language, put_into, words_of
from unisono.cli.pipe import end_when_unread
from unisono.cli.screen import complain
from unisono.errors import UnisonoError

__all__ = ["app", "main"]


app = typer.Typer(
    name="unisono",
    help="The open place where phones, homes, cars and factories act as one.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
up.register(app)
health.register(app)
understand.register(app)
say.register(app)
app.add_typer(assist.app, name="assist")
app.add_typer(model.app, name="model")
app.add_typer(thing.app, name="thing")
app.add_typer(computed.app, name="computed")
app.add_typer(client.app, name="client")
app.add_typer(dialect.app, name="dialect")
app.add_typer(command.app, name="command")
place.app.add_typer(policy.app, name="policy")
app.add_typer(place.app, name="place")
app.add_typer(scene.app, name="scene")
app.add_typer(alarm.app, name="alarm")
app.add_typer(people.app, name="user")
app.add_typer(oidc.app, name="oidc")
app.add_typer(notify.app, name="notify")
app.add_typer(outlet.app, name="outlet")
app.add_typer(dashboard.app, name="dashboard")
app.add_typer(sim.app, name="sim")
bench.register(app)
archive.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"unisono {version('unisono')}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    del version  # its callback did the work


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is returned or raised as SystemExit."""
    end_when_unread()
    try:
        command = get_command(app)
        put_into(command, words_of(language(os.environ)))
        command(args=None if arguments is None else list(arguments), prog_name="unisono")
    except UnisonoError as error:
        complain(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        sys.stdout.flush()  # here it may still say that nobody reads it
    return 0
