"""The root of the command line: which commands there are, and how errors become words and exit codes.

Exit codes: 0 done, 1 the thing asked for failed, 2 bad usage, 3 the hub cannot be reached.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer
from typer.main import get_command

from unisono.cli.codes import EXIT_INTERRUPTED, exit_code
from unisono.cli.help import language, put_into, words_of
from unisono.cli.pipe import end_when_unread
from unisono.cli.screen import complain
from unisono.errors import UnisonoError

__all__ = ["app_of", "main"]

#: Looking for waste takes a sixth of a short command, and finds none.
GC_THRESHOLD = 200_000

#: Every command and the file that has it, in the order in which the help lists them.
COMMANDS = {
    "up": "up",
    "status": "health",
    "doctor": "health",
    "understand": "understand",
    "say": "say",
    "assist": "assist",
    "model": "model",
    "thing": "thing",
    "computed": "computed",
    "client": "client",
    "dialect": "dialect",
    "command": "command",
    "place": "place",
    "scene": "scene",
    "alarm": "alarm",
    "user": "people",
    "oidc": "oidc",
    "notify": "notify",
    "outlet": "outlet",
    "dashboard": "dashboard",
    "sim": "sim",
    "bench": "bench",
    "backup": "archive",
    "restore": "archive",
}


def app_of(wanted: str = "") -> typer.Typer:
    """The command line with the one command that is wanted, or with all where there is none of that name: loading
    those that nobody asked for would take most of a start."""
    app = typer.Typer(
        name="unisono",
        help="The open place where phones, homes, cars and factories act as one.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    names = {wanted: COMMANDS[wanted]} if wanted in COMMANDS else COMMANDS
    for file, name in {file: name for name, file in names.items()}.items():
        module = import_module(f"unisono.cli.{file}")
        if hasattr(module, "register"):
            module.register(app)
        else:
            app.add_typer(module.app, name=name)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"unisono {version('unisono')}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    del version  # its callback did the work


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is returned or raised as SystemExit."""
    end_when_unread()
    gc.set_threshold(GC_THRESHOLD)
    said = sys.argv[1:] if arguments is None else list(arguments)
    try:
        command = get_command(app_of(said[0] if said else ""))
        put_into(command, words_of(language(os.environ)))
        command(args=said, prog_name="unisono")
    except UnisonoError as error:
        complain(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        sys.stdout.flush()  # here it may still say that nobody reads it
    return 0
