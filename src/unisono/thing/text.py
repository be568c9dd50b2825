"""YAML and JSON that strangers wrote: read without harm, and with the line of whatever is wrong in it.

Knows what such a text may do to a reader (deep nesting, aliases that multiply, keys given twice) and where in it a path
lies. Knows nothing of what the text means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from unisono.errors import CallerError
from unisono.thing.files import stranger_loader

__all__ = ["Lines", "Located", "read_documents"]

MAX_TEXT_BYTES = 16 << 20  # as `unisono.thing.document.MAX_MODEL_BYTES`
MAX_NESTING = 64  # an object schema of 16 levels takes some 50
MAX_NODES = 2_000_000  # with every alias written out; 16 MB of JSON have about as many


class Located(NamedTuple):
    """A fault of the text: what, and the line and column it is in (1 is the first)."""

    message: str
    line: int | None
    column: int | None = None


def read_documents(data: bytes) -> tuple[list[Any], list[Located]]:
    """The documents of a YAML stream (a JSON text is one), or the faults that keep it from being read.

    Raises `CallerError` ``too_large``. A key given twice is a fault; the values are read all the same.
    """
    import yaml

    if len(data) > MAX_TEXT_BYTES:
        raise CallerError(f"a text of {len(data)} bytes", code="too_large", expected=f"at most {MAX_TEXT_BYTES}")
    try:
        guard = _Guard()
        for event in yaml.parse(data, Loader=stranger_loader()):
            guard.see(event)
        return list(yaml.load_all(data, Loader=stranger_loader())), guard.faults
    except _HarmfulError as harm:
        return [], [Located(str(harm), harm.line, harm.column)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        spot = (mark.line + 1, mark.column + 1) if mark is not None else (None, None)
        return [], [Located(f"it is not YAML: {error.problem or error.context}", *spot)]
    except (yaml.YAMLError, ValueError) as error:
        return [], [Located(f"it is not YAML: {error}".splitlines()[0], None)]


class _HarmfulError(Exception):
    def __init__(self, message: str, mark: Any) -> None:
        super().__init__(message)
        self.line = mark.line + 1
        self.column = mark.column + 1


class _Open:
    """A sequence or mapping that is not closed yet."""

    __slots__ = ("anchor", "keys", "nodes", "size")

    def __init__(self, anchor: str | None, keys: set[str] | None) -> None:
        self.anchor = anchor
        self.keys = keys
        self.nodes = 0  # direct members; of a mapping, every second one is a key
        self.size = 1  # all nodes inside, aliases written out


class _Guard:
    """Watches the events of a parser, which takes neither stack nor memory, before anything is built from them."""

    def __init__(self) -> None:
        self.faults: list[Located] = []
        self._open: list[_Open] = []
        self._sizes: dict[str, int] = {}

    def see(self, event: Any) -> None:
        kind = type(event).__name__
        mark = event.start_mark
        if kind in ("SequenceStartEvent", "MappingStartEvent"):
            self._member(event, mark, None)
            self._open.append(_Open(event.anchor, set() if kind == "MappingStartEvent" else None))
            if len(self._open) > MAX_NESTING:
                raise _HarmfulError(f"it is nested deeper than {MAX_NESTING} levels", mark)
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            closed = self._open.pop()
            if closed.anchor is not None:
                self._sizes[closed.anchor] = closed.size
            self._grow(closed.size, mark)
        elif kind == "ScalarEvent":
            self._member(event, mark, event.value)
            if event.anchor is not None:
                self._sizes[event.anchor] = 1
            self._grow(1, mark)
        elif kind == "AliasEvent":
            self._member(event, mark, None)
            if event.anchor not in self._sizes:
                raise _HarmfulError(f"*{event.anchor} stands before or inside what it repeats", mark)
            self._grow(self._sizes[event.anchor], mark)
        elif kind == "DocumentStartEvent":
            self._sizes.clear()

    def _member(self, event: Any, mark: Any, key: str | None) -> None:
        if not self._open:
            return
        parent = self._open[-1]
        if parent.keys is not None and parent.nodes % 2 == 0 and key is not None:
            if key in parent.keys:
                message = f"the key {key!r} is given twice; only the last one would count"
                self.faults.append(Located(message, mark.line + 1, mark.column + 1))
            parent.keys.add(key)
        parent.nodes += 1

    def _grow(self, size: int, mark: Any) -> None:
        if self._open:
            self._open[-1].size += size
            if self._open[-1].size > MAX_NODES:
                raise _HarmfulError(f"it has more than {MAX_NODES} values once its aliases are written out", mark)


class Lines:
    """Where things are in a text; the text is gone through once, when the first line is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._roots: list[Any] | None = None

    def find(self, document: int, path: Sequence[str | int]) -> int | None:
        """The line of a path, or of its last part that exists. None where the text is not YAML.

        A text part may also name a member of a sequence by its ``key`` (``services``, ``light``), as diagnostics do.
        """
        spot = self.spot(document, path)
        return spot[0] if spot is not None else None

    def spot(self, document: int, path: Sequence[str | int]) -> tuple[int, int] | None:
        """As `find`, with the column."""
        if self._roots is None:
            self._roots = _compose(self._data)
        if document >= len(self._roots) or self._roots[document] is None:
            return None
        node = self._roots[document]
        mark = node.start_mark
        for part in path:
            step = _step(node, part)
            if step is None:
                break
            mark, node = step
        return mark.line + 1, mark.column + 1


def _compose(data: bytes) -> list[Any]:
    import yaml

    try:
        return list(yaml.compose_all(data, Loader=stranger_loader()))
    except (yaml.YAMLError, ValueError):
        return []


def _step(node: Any, part: str | int) -> tuple[Any, Any] | None:
    if isinstance(node.value, str):
        return None
    if node.id == "mapping":
        return next(((key.start_mark, value) for key, value in node.value if key.value == part), None)
    if isinstance(part, int):
        return (node.value[part].start_mark, node.value[part]) if part < len(node.value) else None
    for item in node.value:
        if item.id == "mapping" and any(key.value == "key" and value.value == part for key, value in item.value):
            return item.start_mark, item
    return None
