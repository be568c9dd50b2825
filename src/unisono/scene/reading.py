"""Documents that people write beside scenes: homes, scripts, blueprints, alarms; in YAML, JSON or plain values.

Knows that each is one type, and under which code it is refused: with the path in the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from unisono.errors import CallerError
from unisono.scene.text import read_document as read_text
from unisono.thing.explain import explained

__all__ = ["read_document"]

Read = TypeVar("Read", bound=msgspec.Struct)


def read_document(document: bytes | str | Mapping[str, Any], kind: type[Read], code: str, most: int) -> Read:
    """The document as what it says it is. Raises CallerError ``too_large`` (more than ``most`` bytes), ``bad_json`` (no
    YAML) or ``code`` with ``field`` as the path in it."""
    try:
        value = read_text(document, most=most)
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = explained(str(error), kind, document=value)
    except CallerError as error:
        found = error
    for each in (found, *found.others):
        each.code = code if each.code == "bad_scene" else each.code
    raise found
