"""A file of models: unpacked, its format recognised, read.

Knows gzip and how much of it to believe, and the installed formats. Knows no single one, and opens no files.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from unisono.errors import CallerError
from unisono.thing.formats import Format, find_format, formats
from unisono.thing.formats.document import MAX_BYTES, Fetch, Findings, JsonFormat, read_json
from unisono.thing.formats.native import NATIVE
from unisono.thing.model import Model
from unisono.thing.soundness import Diagnostic
from unisono.thing.text import read_documents

__all__ = ["Imported", "include_files", "read_models", "unpack"]

GZIP = b"\x1f\x8b"
AUTO = "auto"
#: What a document of ours has besides its id, one of them at least: many things have an id.
OURS = {"services", "version", "extends", "modules"}
#: Where answers of makers' APIs have what was asked for.
WRAPPERS = ("Data", "data", "result", "Response", "Model", "ThingModelJson", "TslStr", "ModelDefine")
MAX_WRAPPERS = 4
#: How files begin that hold no model, in small letters; the first that fits.
_SEEMS = (
    (b"pk\x03\x04", "it is a ZIP archive: unpack it, and give the file in it"),
    (b"%pdf", "it is a PDF: a model is a text, in JSON or YAML"),
    (b"\xff\xfe", "it is in UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "it is in UTF-16: save it as UTF-8"),
    (b"<!doctype html", "it is a web page, perhaps one that asks for a sign-in: save the file itself"),
    (b"<html", "it is a web page, perhaps one that asks for a sign-in: save the file itself"),
)
_WINDOW = 31  # zlib's way to say: gzip, with the largest window


class Imported(NamedTuple):
    """What was in a file: the format's name (None where none knew it), the sound models, what was odd."""

    format: str | None
    models: list[Model]
    findings: list[Diagnostic]


def unpack(data: bytes) -> bytes:
    """The text of a file, unpacked where it is packed. Raises `CallerError` ``bad_json``, ``too_large``."""
    if not data.startswith(GZIP):
        return data
    unpacker = zlib.decompressobj(_WINDOW)
    try:
        text = unpacker.decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise CallerError(f"it looks like gzip, but cannot be unpacked: {error}", code="bad_json") from None
    if len(text) > MAX_BYTES:
        raise CallerError("it is too large once unpacked", code="too_large", expected=f"at most {MAX_BYTES} bytes")
    if not unpacker.eof:
        raise CallerError("it looks like gzip, but its end is missing", code="bad_json", expected="the whole file")
    return text


def include_files(data: bytes, fetch: Fetch) -> bytes:
    """A text with the files that it includes, where its format has a word for that."""
    for candidate in formats().values():
        if isinstance(candidate, JsonFormat):
            data = candidate.assemble(data, fetch)
    return data


def read_models(data: bytes, format: str = AUTO, overlays: Sequence[bytes] = ()) -> Imported:
    """The models in a file, with ``overlays`` laid over it in their order. Bad data is in the findings; raises
    `CallerError` only for a format that is not there, or that has no overlays."""
    chosen = None if format == AUTO else find_format(format)
    if overlays:
        return _overlaid(data, overlays, chosen)
    try:
        text = unpack(data)
    except CallerError as error:
        return Imported(None, [], [Diagnostic("error", "", error.code, str(error))])
    if chosen is not None:
        return _chosen(text, chosen)
    document, told = read_json(text)
    if any(each.severity == "error" for each in told):
        return _other(text, told)
    return _json(text, document, told)


def _chosen(text: bytes, chosen: Format) -> Imported:
    if isinstance(chosen, JsonFormat):
        document, told = chosen.parse(text)
        for inner in (document, *_opened(document)):
            if chosen.recognises(inner):
                return Imported(chosen.name, *chosen.read_parsed(inner, told))
        return Imported(chosen.name, *chosen.read_parsed(document, told))
    return Imported(chosen.name, *chosen.read(text))


def _json(text: bytes, document: Any, told: list[Diagnostic]) -> Imported:
    """A JSON text is read once, whoever it is for."""
    for candidate in formats().values():
        if isinstance(candidate, JsonFormat):
            if candidate.recognises(document):
                return Imported(candidate.name, *candidate.read_parsed(document, told))
        elif candidate.sniff(text):
            return Imported(candidate.name, *candidate.read(text))
    for inner in _opened(document):
        for candidate in formats().values():
            if isinstance(candidate, JsonFormat) and candidate.recognises(inner):
                return Imported(candidate.name, *candidate.read_parsed(inner, told))
    return _own(document) or _unknown(told)


def _opened(document: Any) -> Iterator[Any]:
    """What an answer of a maker's API holds, from the outside in: an object in an object, or as JSON text."""
    for _ in range(MAX_WRAPPERS):
        found = [document[name] for name in WRAPPERS if name in document] if isinstance(document, dict) else []
        if not found:
            return
        document = found[0]
        if isinstance(document, str):
            document, _told = read_json(document.encode("utf-8", "surrogatepass"))
        yield document


def _own(document: Any) -> Imported | None:
    """Documents of our own as the hub prints them: without the marker, alone or in a list."""
    listed = document if isinstance(document, list) else [document]
    if not listed or not all(map(_as_ours, listed)):
        return None
    models: list[Model] = []
    findings: list[Diagnostic] = []
    for each in listed:
        found, told = NATIVE.read(msgspec.json.encode(each))
        models += found
        findings += told
    return Imported(NATIVE.name, models, findings)


def _as_ours(each: Any) -> bool:
    return isinstance(each, dict) and isinstance(each.get("id"), str) and bool(OURS & each.keys())


def _other(text: bytes, faults: list[Diagnostic]) -> Imported:
    for candidate in formats().values():
        if not isinstance(candidate, JsonFormat) and candidate.sniff(text):
            return Imported(candidate.name, *candidate.read(text))
    for candidate in formats().values():
        if isinstance(candidate, JsonFormat):
            found = candidate.translate(text)
            if found is not None:
                return Imported(candidate.name, *candidate.read_parsed(*found))
    seems = _seems(text)
    if seems is not None:
        return Imported(None, [], [Diagnostic("error", "", "bad_json", seems)])
    try:
        documents, told = read_documents(text)
    except CallerError:
        return _unknown(faults)
    if documents and all(map(_as_ours, documents)):  # in YAML, without the marker
        return Imported(NATIVE.name, *NATIVE.read(text))
    if told and text.lstrip()[:1] not in b"{[":
        faults = [Diagnostic("error", "", "bad_text", each.message, each.line) for each in told]
    return _unknown(faults)


def _seems(text: bytes) -> str | None:
    """What a file is that nobody can read, and what would be right."""
    if not text.strip():
        return "it is empty"
    for begin, what in _SEEMS:
        if text[:64].lstrip().lower().startswith(begin):
            return what
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        return f"it is no text in UTF-8 (line {line}): if it is in another encoding, save it as UTF-8"
    return None


def _overlaid(data: bytes, overlays: Sequence[bytes], chosen: Format | None) -> Imported:
    findings = Findings()
    documents: list[Any] = []
    for number, each in enumerate((data, *overlays)):
        try:
            text = unpack(each)
        except CallerError as error:
            return Imported(None, [], [Diagnostic("error", _layer(number), error.code, str(error))])
        if chosen is None:
            chosen = next((candidate for candidate in formats().values() if candidate.sniff(text)), None)
        if chosen is None:
            return _unknown([])
        if not isinstance(chosen, JsonFormat):
            raise CallerError(f"the format {chosen.name} has no overlays", code="bad_request", field="overlay")
        document, told = chosen.parse(text)
        for finding in told:
            findings.add(msgspec.structs.replace(finding, path=_layer(number)))
        if any(finding.severity == "error" for finding in told):
            return Imported(chosen.name, [], findings.all())
        documents.append(document)
    assert isinstance(chosen, JsonFormat)
    whole = documents[0]
    for overlay in documents[1:]:
        whole = chosen.lay_over(whole, overlay, findings)
    models, found = chosen.read_document(whole)
    return Imported(chosen.name, models, [*findings.all(), *found])


def _layer(number: int) -> str:
    return f"overlay {number}" if number else ""


def _unknown(faults: list[Diagnostic]) -> Imported:
    known = ", ".join(sorted(formats()))
    told = Diagnostic("error", "", "unknown_format", f"no format recognises it; say which with --format: {known}")
    return Imported(None, [], [*faults, told])
