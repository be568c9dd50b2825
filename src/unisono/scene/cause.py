"""What set a scene off, as its trigger saw it. Plain data, kept with gates and runs."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Cause"]


class Cause(msgspec.Struct, array_like=True, gc=False):
    """What a trigger saw. ``trigger``: its number in the scene (-1: run by hand or by another scene); ``what``: its
    kind; ``name``: property, event, place or scene; ``at``: wall microseconds."""

    trigger: int
    what: str
    thing: str = ""
    name: str = ""
    value: Any = None
    at: int = 0
