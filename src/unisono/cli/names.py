"""The option ``--names``: what a thing or place is called in other languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from unisono.errors import CallerError

__all__ = ["Names", "read_names"]

Names = Annotated[
    list[str] | None,
    typer.Option(
        "--names",
        metavar="LANGUAGE=NAME",
        help="What else it is called: zh=沙发灯. Any number of times.",
    ),
]


def read_names(words: Sequence[str]) -> dict[str, list[str]]:
    """``LANGUAGE=NAME`` words as names by language, in the order given. Raises CallerError ``bad_usage``."""
    found: dict[str, list[str]] = {}
    for word in words:
        language, equals, name = word.partition("=")
        if not equals or not language or not name:
            raise CallerError(f"{word!r} names nothing", code="bad_usage", field="--names", expected="LANGUAGE=NAME")
        found.setdefault(language, []).append(name)
    return found
