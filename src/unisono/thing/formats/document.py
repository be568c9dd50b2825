"""JSON documents that strangers wrote: read without trust, with a finding for whatever is not as it should be.

Knows how a JSON text becomes a value, and what a format that is written in JSON has to say for itself (`JsonFormat`).
Knows no single format.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from unisono.errors import CallerError
from unisono.thing.model import Model
from unisono.thing.schema import show
from unisono.thing.soundness import Diagnostic, Sound, check_model

__all__ = ["MAX_BYTES", "Fetch", "Findings", "JsonFormat", "digest", "read_json", "write_json"]

#: What a file names that it includes, and the file that names it ("": the first): its bytes, None where there is none.
Fetch: TypeAlias = Callable[[str, str], bytes | None]

MAX_BYTES = 64 << 20  # all of Zigbee2MQTT's definitions are 22 MB
MAX_NESTING = 200  # VSS is 10 deep, a Zigbee definition 16; Python's own stack ends near 1,000
MAX_TOLD = 10_000  # findings of one file; who wrote it will not read more
LONGEST_WORD = 40  # for which one that is near is looked for
MAX_DIGITS = 400  # the largest double has 309; a number of a million digits would take seconds to read

# every digit as "0": looking for a long run of one byte is many times as quick as for one of any of ten
_ONE_DIGIT = bytes.maketrans(b"123456789", b"000000000")
_TOO_MANY_DIGITS = b"0" * (MAX_DIGITS + 1)
_BOM = b"\xef\xbb\xbf"
_MARK = re.compile(rb'[\[\]{}"]|\\.')


def read_json(data: bytes) -> tuple[Any, list[Diagnostic]]:
    """The value of a JSON text, and what is odd in it; or None and the error that says what is wrong with it."""
    if len(data) > MAX_BYTES:
        return None, [Diagnostic("error", "", "too_large", f"{len(data)} bytes; we read at most {MAX_BYTES}")]
    if data.startswith(_BOM):
        data = data[len(_BOM) :]
    if _TOO_MANY_DIGITS in data.translate(_ONE_DIGIT):
        message = f"there is a number of more than {MAX_DIGITS} digits in it"
        return None, [Diagnostic("error", "", "bad_json", message)]
    try:
        value = msgspec.json.decode(data)
    except RecursionError:
        return None, [_too_deep()]
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return None, [Diagnostic("error", "", "bad_json", f"it is not JSON: {error}", _line(data, str(error)))]
    keys = _keys(value)
    if keys is None:
        return None, [_too_deep()]
    return value, [] if _colons(data) == keys else _given_twice(data)


def _too_deep() -> Diagnostic:
    return Diagnostic("error", "", "too_deep", f"it is nested deeper than {MAX_NESTING} levels")


def _keys(value: Any) -> int | None:
    """How many members all its objects have together; None where it is nested too deep."""
    count = 0
    level = [value] if type(value) is dict or type(value) is list else []
    for _ in range(MAX_NESTING):
        count += sum(len(item) for item in level if type(item) is dict)
        level = [
            each
            for item in level
            for each in (item.values() if type(item) is dict else item)
            if type(each) is dict or type(each) is list
        ]
        if not level:
            return count
    return None


def _colons(data: bytes) -> int:
    """At least as many as there are keys in a JSON text: what looks like the end of one. More than a value has keys:
    one may be given twice, which is slower to find out."""
    packed = data.translate(None, b" \t\r\n")
    # not the quote that is escaped in a text, unless it is a backslash that is escaped
    return packed.count(b'":') - packed.count(b'\\":') + packed.count(b'\\\\":')


class _Object(dict[str, Any]):
    """A JSON object, and those of its keys that are given more than once."""

    twice: Sequence[str] = ()


def _given_twice(data: bytes) -> list[Diagnostic]:
    """A warning for each key that an object has more than once: JSON takes the last one, and who wrote both meant
    something by the first."""
    any_twice = False

    def made(pairs: list[tuple[str, Any]]) -> _Object:
        nonlocal any_twice
        found = _Object(pairs)
        if len(found) < len(pairs):
            any_twice = True
            found.twice = [key for key, count in Counter(key for key, _value in pairs).items() if count > 1]
        return found

    document = json.loads(data, object_pairs_hook=made)
    findings = Findings()
    level = [("", document)] if any_twice else []
    while level:
        below = []
        for path, each in level:
            for key in each.twice if isinstance(each, _Object) else ():
                findings.warn(path, "duplicate_key", f"the key {show(key)} is given twice; the last one counts")
            dot = "." if path else ""
            members = (
                ((f"{dot}{key}", item) for key, item in each.items())
                if isinstance(each, dict)
                else ((f"[{at}]", item) for at, item in enumerate(each))
            )
            below += [(f"{path}{key}", item) for key, item in members if isinstance(item, dict | list)]
        level = below
    return findings.all()


def _line(data: bytes, message: str) -> int | None:
    """The line that msgspec's "(byte 120)" lies in."""
    found = re.search(r"\(byte (\d+)\)", message)
    return data.count(b"\n", 0, int(found[1])) + 1 if found else None


def write_json(value: Any) -> bytes:
    """A document as makers print it: indented by two."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def digest(document: Any) -> str:
    """SHA-256 of a document with its keys sorted, so that how it was printed does not matter."""
    return hashlib.sha256(msgspec.json.encode(document, order="sorted")).hexdigest()


class Findings:
    """What is told of one document: the findings, and typed access to members that need not be what they should be."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self._untold = 0

    def error(self, path: str, rule: str, message: str) -> None:
        self.add(Diagnostic("error", path, rule, message))

    def warn(self, path: str, rule: str, message: str) -> None:
        self.add(Diagnostic("warning", path, rule, message))

    def note(self, path: str, rule: str, message: str) -> None:
        self.add(Diagnostic("info", path, rule, message))

    def add(self, finding: Diagnostic) -> None:
        if len(self.found) < MAX_TOLD or finding.severity == "error":
            self.found.append(finding)
        else:
            self._untold += 1

    def unknown(self, what: str, given: Any, known: Iterable[str]) -> str:
        """What is said of a word that a format does not have: the one that it is near to, else all that there are. To
        look for a near one is slow: not for long words, and not for what nobody is told."""
        words = sorted(known)
        look = isinstance(given, str) and len(given) <= LONGEST_WORD and len(self.found) < MAX_TOLD
        near = difflib.get_close_matches(given, words, 1) if look else []
        right = f"perhaps {show(near[0])} is meant" if near else f"it is one of {', '.join(words)}"
        return f"the {what} {show(given)} is not known ({right})"

    @property
    def count(self) -> int:
        """How many there are, told or not."""
        return len(self.found) + self._untold

    def all(self) -> list[Diagnostic]:
        """Every finding, and how many were too many."""
        if not self._untold:
            return self.found
        return [*self.found, Diagnostic("info", "", "more", f"and {self._untold} findings more")]

    def text(self, node: dict[str, Any], key: str, path: str) -> str | None:
        """A member that is text; another kind is told and kept, but means nothing."""
        value = node.get(key)
        if value is None or type(value) is str:
            return value
        self._odd(value, key, path, "text")
        return None

    def number(self, node: dict[str, Any], key: str, path: str) -> int | float | None:
        """A member that is a finite number."""
        value = node.get(key)
        if value is None or type(value) is int or (type(value) is float and math.isfinite(value)):
            return value
        self._odd(value, key, path, "a number")
        return None

    def whole(self, node: dict[str, Any], key: str, path: str) -> int | None:
        """A member that is a whole number."""
        value = node.get(key)
        if value is None or type(value) is int:
            return value
        self._odd(value, key, path, "a whole number")
        return None

    def mapping(self, node: dict[str, Any], key: str, path: str) -> dict[str, Any]:
        """A member that is an object; an empty one where there is none."""
        value = node.get(key)
        if type(value) is dict:
            return value
        if value is not None:
            self._odd(value, key, path, "an object")
        return {}

    def items(self, node: dict[str, Any], key: str, path: str) -> list[Any]:
        """A member that is a list; an empty one where there is none."""
        value = node.get(key)
        if type(value) is list:
            return value
        if value is not None:
            self._odd(value, key, path, "a list")
        return []

    def objects(self, node: dict[str, Any], key: str, path: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Index, path and value of the objects in a list; what is no object is told and left out."""
        for index, item in enumerate(self.items(node, key, path)):
            where = f"{path}.{key}[{index}]" if path else f"{key}[{index}]"
            if type(item) is dict:
                yield index, where, item
            else:
                self.warn(where, "odd_member", f"{show(item)} is no object; it is left out")

    def _odd(self, value: Any, key: str, path: str, expected: str) -> None:
        where = f"{path}.{key}" if path else key
        self.warn(where, "odd_value", f"{show(value)} is not {expected}; it is kept, but means nothing")


class JsonFormat(ABC):
    """A format whose files are JSON. What is here is the reading; a format says what a document means."""

    name: str

    @abstractmethod
    def recognises(self, document: Any) -> bool:
        """Whether a document looks like this format."""

    @abstractmethod
    def take(self, document: Any, findings: Findings) -> list[Model]:
        """The models in a document; findings say what is odd in it. Raises nothing for bad data."""

    @abstractmethod
    def make(self, model: Model) -> Any:
        """The document that says a model."""

    def gather(self, models: list[Model]) -> Any:
        """The document that says several models."""
        return [self.make(model) for model in models]

    def translate(self, data: bytes) -> tuple[Any, list[Diagnostic]] | None:
        """The document in a text of this format's that is no JSON, and what is odd in it (no document: only that);
        None: it is no such text."""
        return None

    def assemble(self, data: bytes, fetch: Fetch) -> bytes:
        """The text with what it includes of other files in it; as it is where this format includes none."""
        return data

    def lay_over(self, document: Any, overlay: Any, findings: Findings) -> Any:
        """A document with another laid over it. Raises CallerError where the format knows nothing of the kind."""
        expected = "a VSS tree, or elements of Matter"
        raise CallerError(
            f"the format {self.name} has no overlays", code="bad_request", field="overlay", expected=expected
        )

    def parse(self, data: bytes) -> tuple[Any, list[Diagnostic]]:
        """The document in a text, JSON or not, and what is odd in it."""
        found = self.translate(data)
        return read_json(data) if found is None else found

    def sniff(self, data: bytes) -> bool:
        """Whether the text looks like this format."""
        document, _told = self.parse(data)
        return document is not None and self.recognises(document)

    def read(self, data: bytes) -> tuple[list[Model], list[Diagnostic]]:
        """The sound models in a text, and what is odd in it."""
        return self.read_parsed(*self.parse(data))

    def read_parsed(self, document: Any, told: list[Diagnostic]) -> tuple[list[Model], list[Diagnostic]]:
        """As `read`, of what `parse` found."""
        if any(each.severity == "error" for each in told):
            return [], told
        models, findings = self.read_document(document)
        return models, [*told, *findings]

    def read_document(self, document: Any) -> tuple[list[Model], list[Diagnostic]]:
        """As `read`, of a JSON value: for dialects whose devices announce their model."""
        findings = Findings()
        models: list[Model] = []
        sound: Sound = {}
        for model in self.take(document, findings):
            told = check_model(model, sound)
            for finding in told:
                findings.add(msgspec.structs.replace(finding, path=f"{model.id}: {finding.path}".rstrip(": ")))
            if not any(finding.severity == "error" for finding in told):
                models.append(model)
        if not models and not findings.found:
            findings.error("", "no_model", f"there is no model of the format {self.name} in it")
        return models, findings.all()

    def write(self, model: Model) -> bytes:
        """The model in this format."""
        return write_json(self.make(model))

    def write_all(self, models: list[Model]) -> bytes:
        """Several models in one file of this format."""
        if not models:
            raise CallerError("no model to write", code="bad_request", field="model", expected="at least one")
        return write_json(self.make(models[0]) if len(models) == 1 else self.gather(models))
