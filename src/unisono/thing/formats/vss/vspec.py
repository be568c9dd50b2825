"""A VSS tree as its authors write it: YAML whose keys are paths (``.vspec``, or what ``vspec export yaml`` gives).

Knows the text and what is said in it besides nodes: ``delete: true``, ``#include``. Knows nothing of our model.
"""

from __future__ import annotations

import re
from typing import Any

from unisono.errors import CallerError
from unisono.thing.formats.document import MAX_BYTES, Fetch
from unisono.thing.soundness import Diagnostic
from unisono.thing.text import read_documents

__all__ = ["assemble", "is_vspec", "read_vspec"]

#: A node says its type on a line of its own; in JSON the name is in quotes, so that no JSON text looks like this.
_TYPED = re.compile(rb"(?m)^\s+type\s*:\s*[\"']?(branch|sensor|actuator|attribute|struct|property)\b")
_INCLUDE = re.compile(rb"(?m)^#include[ \t]+([^\r\n]{1,200})")
#: A node of a file: its path stands where a line begins.
_NODE = re.compile(rb"(?m)^([A-Za-z0-9_][A-Za-z0-9_.]*)(?=[ \t]*:)")
UNITS = "units.yaml"
#: COVESA's own tree is of some sixty files, five deep.
MAX_FILES, MAX_DEPTH = 1_000, 12
#: Of a text so much is looked at: a heading with a licence has some two thousand characters.
LOOKED_AT = 16_384


def is_vspec(data: bytes) -> bool:
    """Whether a text looks like one; cheap."""
    return data.lstrip()[:1] not in (b"{", b"[", b"<") and _TYPED.search(data[:LOOKED_AT]) is not None


def read_vspec(data: bytes) -> tuple[Any, list[Diagnostic]]:
    """The nodes by path and what is to be told of them; None where there are none, and why."""
    try:
        documents, faults = read_documents(data)
    except CallerError as error:
        return None, [Diagnostic("error", "", error.code, str(error))]
    if faults and not documents:
        return None, [Diagnostic("error", "", "bad_text", fault.message, fault.line) for fault in faults]
    told = [Diagnostic("warning", "", "bad_text", fault.message, fault.line) for fault in faults]
    for found in _INCLUDE.finditer(data):
        named = found[1].decode("utf-8", "replace").strip()
        line = data.count(b"\n", 0, found.start()) + 1
        message = f"{named!r} is not read: put it beside the file, or give the tree as `vspec export yaml` writes it"
        told.append(Diagnostic("warning", "", "not_fetched", message, line))
    nodes: dict[str, Any] = {}
    for each in documents:
        if isinstance(each, dict):
            nodes |= {str(path): _plain(node) for path, node in each.items()}
    return nodes, told


def assemble(data: bytes, fetch: Fetch) -> bytes:
    """The text with what it includes in place of ``#include FILE PATH``, below that path, as VSS's own tools do it. A
    file that is not there, or one too many, stays as the line that names it."""
    left = [MAX_FILES, MAX_BYTES]

    def whole(text: bytes, name: str, above: bytes, depth: int) -> bytes:
        def put(found: re.Match[bytes]) -> bytes:
            named, _, below = found[1].strip().partition(b" ")
            inner = None
            if depth < MAX_DEPTH and left[0] > 0:
                inner = fetch(named.decode("utf-8", "replace"), name)
            if inner is None or len(inner) > left[1]:
                return found[0]
            left[0] -= 1
            left[1] -= len(inner)
            path = b".".join(each for each in (above, below.strip()) if each)
            return b"\n" + whole(inner, named.decode("utf-8", "replace"), path, depth + 1) + b"\n"

        own = _NODE.sub(above + rb".\1", text) if above else text
        return _INCLUDE.sub(put, own)

    units = fetch(UNITS, "")  # what its authors call their units, which VSS's own tools look for here too
    beside = b"\n" + units if units is not None and len(units) <= left[1] else b""
    return whole(data, "", b"", 0) + beside


def _plain(value: Any) -> Any:
    """As JSON has it: names are texts, and what YAML makes a date of is text again."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
