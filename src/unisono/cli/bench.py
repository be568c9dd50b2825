"""``unisono bench``: hands its words to the benchmarks, which know their own options."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

__all__ = ["register"]

NAMES = "ingest|latency|ways|delivery|connections|fairness|reconnect|recovery|soak|understand"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    settings = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command("bench", context_settings=settings)(_bench)


def _bench(
    words: Annotated[list[str] | None, typer.Argument(metavar=f"{NAMES} [OPTIONS]")] = None,
) -> None:
    """Measure the hub beside other brokers. Options: unisono bench NAME --help"""
    from unisono.bench.__main__ import main

    sys.exit(main(words or ["--help"]))
