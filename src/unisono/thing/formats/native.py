"""Unisono's own model format: `Model` written as YAML or JSON, one or several documents in a file.

Knows the marker ``unisono_model: 1`` and how to say on which line a mistake is. The fields are those of
`unisono.thing.model`; knows no other format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from unisono.errors import CallerError, UnisonoError
from unisono.thing.document import load_model
from unisono.thing.files import yaml_dumper
from unisono.thing.model import Model
from unisono.thing.soundness import Diagnostic, check_model
from unisono.thing.text import Lines, read_documents

__all__ = ["MARKER", "NATIVE", "NativeFormat"]

MARKER = "unisono_model"
FORMAT_VERSION = 1  # raised when a reader of the old one would misunderstand the new one
SNIFFED = 4096  # bytes: the marker is the first key that we write
LINE_WIDTH = 120

_PARTS = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_MARKED = re.compile(rb"""(?m)^[\s{\[-]*["']?unisono_model["']?\s*:""")


class NativeFormat:
    """The format ``unisono``."""

    name = "unisono"

    def sniff(self, data: bytes) -> bool:
        """Whether the marker stands near the beginning."""
        return _MARKED.search(data[:SNIFFED]) is not None

    def read(self, data: bytes) -> tuple[list[Model], list[Diagnostic]]:
        """The sound models of a file; each finding with its line where the text has one."""
        try:
            documents, faults = read_documents(data)
        except CallerError as error:
            return [], [Diagnostic("error", "", error.code, str(error))]
        findings = [Diagnostic("error", "", "bad_text", fault.message, fault.line) for fault in faults]
        if not documents and not findings:
            findings.append(Diagnostic("error", "", "no_model", "there is no model in it"))
        models: list[Model] = []
        lines = Lines(data)
        for number, document in enumerate(documents):
            model, found = _read_one(lines, number, document)
            findings += found
            if model is not None and not faults:
                models.append(model)
        return models, findings

    def write(self, model: Model) -> bytes:
        """YAML that reads back as the same model."""
        import yaml

        body = {MARKER: FORMAT_VERSION, **msgspec.to_builtins(model)}
        text = yaml.dump(body, Dumper=yaml_dumper(), allow_unicode=True, sort_keys=False, width=LINE_WIDTH)
        return str(text).encode()


NATIVE = NativeFormat()


def _read_one(lines: Lines, number: int, document: Any) -> tuple[Model | None, list[Diagnostic]]:
    if not isinstance(document, dict):
        line = lines.find(number, ())
        return None, [Diagnostic("error", "", "bad_model", "a model is a mapping that begins with its id", line)]
    body = dict(document)
    version = body.pop(MARKER, FORMAT_VERSION)
    if version != FORMAT_VERSION:
        message = f"this is version {json.dumps(version, default=str)} of the format; we read {FORMAT_VERSION}"
        return None, [Diagnostic("error", MARKER, "bad_version", message, lines.find(number, (MARKER,)))]
    try:
        model = load_model(body)
    except CallerError as error:
        return None, [_refused(lines, number, each) for each in (error, *error.others)]
    findings = check_model(model)
    located = [_located(lines, number, finding) for finding in findings]
    sound = all(finding.severity != "error" for finding in findings)
    return (model if sound else None), located


def _refused(lines: Lines, number: int, error: UnisonoError) -> Diagnostic:
    path = error.field or ""
    message = f"{error.detail}; expected {error.expected}" if error.expected else error.detail
    return Diagnostic("error", path, error.code, message, lines.find(number, list(_split(path))))


def _located(lines: Lines, number: int, finding: Diagnostic) -> Diagnostic:
    return msgspec.structs.replace(finding, line=lines.find(number, list(_split(finding.path))))


def _split(path: str) -> Iterable[str | int]:
    for name, index in _PARTS.findall(path):
        yield int(index) if index else name
