"""Foreign model formats: one file per format, found through entry points, so that a third party's works like ours.

Knows what a format is and how to find the one that a text is in. Must not know any single format.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from unisono.errors import CallerError
from unisono.thing.model import Model
from unisono.thing.soundness import Diagnostic

__all__ = ["GROUP", "Format", "find_format", "formats", "sniff_format"]

GROUP = "unisono.formats"


@runtime_checkable
class Format(Protocol):
    """What an entry point of the group ``unisono.formats`` gives."""

    @property
    def name(self) -> str:
        """The word after ``--format``."""

    def sniff(self, data: bytes) -> bool:
        """Whether the text looks like this format; cheap, and false rather than an error."""

    def read(self, data: bytes) -> tuple[list[Model], list[Diagnostic]]:
        """The sound models in a text, and everything that is wrong or odd in it. Raises nothing for a bad text."""

    def write(self, model: Model) -> bytes:
        """The model in this format. Raises `CallerError` where the format cannot say it."""


@lru_cache(maxsize=1)
def formats() -> Mapping[str, Format]:
    """All installed formats by name."""
    found: dict[str, Format] = {}
    for point in entry_points(group=GROUP):
        loaded: Format = point.load()
        found[loaded.name] = loaded
    return MappingProxyType(found)


def find_format(name: str) -> Format:
    """The format of that name. Raises `CallerError` ``bad_request`` naming the installed ones."""
    try:
        return formats()[name]
    except KeyError:
        known = ", ".join(sorted(formats())) or "none installed"
        raise CallerError(f"there is no format {name!r}", field="format", expected=f"one of: {known}") from None


def sniff_format(data: bytes) -> Format:
    """The format that a text is in. Raises `CallerError` ``bad_request`` where none knows it."""
    for candidate in formats().values():
        if candidate.sniff(data):
            return candidate
    known = ", ".join(sorted(formats()))
    raise CallerError("no format recognises this file", field="format", expected=f"--format with one of: {known}")
