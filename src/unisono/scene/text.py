"""The text of a scene: YAML or JSON, read without harm into values that any JSON can carry; and where a field is in it.

Knows bounds and what a text may hold. Knows nothing of what a scene's fields mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from io import StringIO
from typing import Any

import msgspec

from unisono.errors import CallerError

__all__ = ["MAX_SCENE_BYTES", "find_field", "read_document", "split_documents"]

MAX_SCENE_BYTES = 256 * 1024
#: Values in one document, aliases written out: more than 256 KB of text hold without them.
MAX_VALUES = 150_000
#: A condition inside conditions inside steps takes four levels each; the document's own bound is lower.
MAX_LEVELS = 64
#: What a whole number may be: 64 bits, as msgpack and JSON readers in other languages have it.
WHOLE = range(-(2**63), 2**64)


def read_document(document: bytes | str | Mapping[str, Any], *, most: int = MAX_SCENE_BYTES) -> Any:
    """What a YAML or JSON text of at most so many bytes, or a plain mapping, holds, in values that JSON can carry.

    Raises CallerError ``too_large``, ``bad_json`` (it cannot be read; line and column are in the detail) or
    ``bad_scene`` with ``field``.
    """
    found: Any = document
    if isinstance(document, bytes | str):
        data = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
        if len(data) > most:
            raise CallerError(f"a document of {len(data)} bytes", code="too_large", expected=f"at most {most}")
        found = _read(data)
    _check_plain(found)
    return found


def split_documents(text: str) -> list[tuple[int, str]]:
    """The documents of a YAML stream, each as it was written with the number of its first line (from 1).

    A line that begins with ``---`` or ``...`` is a marker wherever it stands (YAML 1.2, section 9.1.2), so nothing
    needs to be read for it. What holds comments only is no document.
    """
    found: list[tuple[int, str]] = []
    lines: list[str] = []
    start, filled = 1, False

    def end(following: int) -> None:
        nonlocal lines, start, filled
        if filled:
            found.append((start, "".join(lines)))
        lines, start, filled = [], following, False

    for number, line in enumerate(StringIO(text, newline=""), 1):
        marker = line[:3] if line[:3] in ("---", "...") and not line[3:4].strip() else ""
        if marker and (filled or marker == "..."):
            end(number + (marker == "..."))
            if marker == "...":
                continue
        lines.append(line)
        said = line[3:].strip() if marker else "" if line.startswith("%") else line.strip()
        filled = filled or (bool(said) and not said.startswith("#"))
    end(0)
    return found


def find_field(text: bytes, path: str) -> tuple[int, int] | None:
    """Line and column (from 1) of a field such as ``then.0.set.state``, or of its last part that exists."""
    from unisono.thing.text import Lines

    parts = [int(part) if part.isdecimal() else part for part in path.split(".") if part]
    return Lines(text).spot(0, parts)


def _read(data: bytes) -> Any:
    if data.startswith(b"{"):
        # JSON, the form in which scenes enter the log, is read a hundred times faster than YAML
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # YAML may begin like this too, and its reader says where a fault is
    from unisono.thing.text import read_documents  # only who edits scenes pays for it

    documents, faults = read_documents(data)
    if faults:
        message, line, column = faults[0]
        where = f" (line {line}, column {column})" if line is not None else ""
        raise CallerError(f"{message}{where}", code="bad_json", expected="YAML or JSON")
    if len(documents) != 1:
        raise CallerError(f"{len(documents)} documents", code="bad_json", expected="one")
    return documents[0]


def _check_plain(document: Any) -> None:
    """Every value is one that JSON has, and there are not too many."""
    left: list[tuple[str, int, Any]] = [("", 0, document)]
    count = 0
    while left:
        path, level, value = left.pop()
        count += 1
        if count > MAX_VALUES:
            raise CallerError(
                "too many values", code="bad_scene", field=_top(path, 1), expected=f"at most {MAX_VALUES}"
            )
        if level > MAX_LEVELS:
            raise CallerError(
                "it is nested too deep", code="bad_scene", field=_top(path, 4), expected=f"{MAX_LEVELS} levels"
            )
        if isinstance(value, Mapping):
            for key, each in value.items():
                if not isinstance(key, str):
                    detail = f"the key {key!r} is not text"
                    raise CallerError(detail, code="bad_scene", field=path or None, expected="quotes around it")
                left.append((f"{path}.{key[:80]}" if path else key[:80], level + 1, each))
        elif isinstance(value, list | tuple):
            left.extend((f"{path}.{number}", level + 1, each) for number, each in enumerate(value))
        elif isinstance(value, float) and not math.isfinite(value):
            raise CallerError(f"{value} is no number", code="bad_scene", field=path or None, expected="a finite number")
        elif isinstance(value, int) and value not in WHOLE:
            raise CallerError("the number is too large", code="bad_scene", field=path or None, expected="64 bits")
        elif value is not None and not isinstance(value, str | int | float):
            detail = f"a value of the kind {type(value).__name__}"
            raise CallerError(detail, code="bad_scene", field=path or None, expected="text, a number, true or false")


def _top(path: str, parts: int) -> str | None:
    """The beginning of a path: of one that is too long, the whole says less."""
    return ".".join(path.split(".")[:parts]) or None
