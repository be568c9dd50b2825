"""What all commands that ask a thing for something share: their values, their options, the second word."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer

from unisono.errors import CallerError

__all__ = ["ENDED_BADLY", "Confirm", "Key", "Ttl", "Why", "read_pairs", "second_word"]

ENDED_BADLY = frozenset({"mismatch", "timeout", "rejected", "expired", "superseded", "failed", "refused"})

Why = Annotated[str | None, typer.Option("--why", help="Kept with the command, for the audit.")]
Key = Annotated[
    str | None, typer.Option("--key", help="The same key again is the same command, however often a script asks.")
]
Ttl = Annotated[float, typer.Option("--ttl", help="Seconds that it may wait for an absent thing; else 60.", min=0)]
Confirm = Annotated[str | None, typer.Option("--confirm", metavar="CODE", help="The second word that was asked for.")]


def read_pairs(pairs: list[str]) -> dict[str, Any]:
    """``KEY=VALUE`` words as a mapping; a value that is JSON is taken as such, else as text.

    Raises CallerError ``bad_usage``.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise CallerError(f"{pair!r} says nothing", code="bad_usage", expected="PROPERTY=VALUE")
        try:
            found[key] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            found[key] = {"on": True, "off": False}.get(text, text)
    return found


@contextlib.contextmanager
def second_word() -> Iterator[None]:
    """Says how to say it again on the command line, where the hub wants it said twice."""
    try:
        yield
    except CallerError as error:
        code = re.search(r'"confirmation": "([^"]+)"', error.expected or "")
        if error.code != "confirmation_required" or code is None:
            raise
        mend = f"If you are sure, run it again with: --confirm {code[1]}"
        raise CallerError(error.detail, code=error.code, mend=mend) from None
