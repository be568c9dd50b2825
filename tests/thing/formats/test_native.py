"""Unisono's own format: round trips, and every mistake with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.thing.models import FULL, models
from unisono.errors import CallerError
from unisono.thing import Model, builtin_models, check_model, dump_model
from unisono.thing.formats import Format, find_format, formats, sniff_format
from unisono.thing.formats.native import MARKER, NATIVE
from unisono.thing.text import MAX_TEXT_BYTES

GOOD = b"""unisono_model: 1
id: acme.lamp
titles: {en: Lamp, zh: \xe7\x81\xaf}
services:
- key: light
  properties:
  - key: "on"
    trait: on_off
    schema: {kind: bool}
    access: [read, write, notify]
"""


def test_a_written_model_reads_back() -> None:
    text = NATIVE.write(FULL)
    assert NATIVE.sniff(text)
    read, findings = NATIVE.read(text)
    assert read == [FULL]
    assert dump_model(read[0]) == dump_model(FULL)
    assert all(finding.severity != "error" for finding in findings)


@settings(max_examples=30)
@given(models)
def test_any_sound_model_reads_back(model: Model) -> None:
    read, findings = NATIVE.read(NATIVE.write(model))
    sound = all(finding.severity != "error" for finding in check_model(model))
    assert sound == bool(read)
    assert [dump_model(again) for again in read] == ([dump_model(model)] if sound else [])
    assert len(findings) == len(check_model(model))


def test_every_built_in_model_reads_back() -> None:
    for name in ("light", "car", "press", "sensor.temperature", "alarm"):
        assert NATIVE.read(NATIVE.write(builtin_models()[name])) == ([builtin_models()[name]], [])


def test_yaml_json_and_several_documents() -> None:
    read, findings = NATIVE.read(GOOD)
    assert findings == []
    assert read[0].titles["zh"] == "灯"
    assert NATIVE.read(dump_model(read[0])) == (read, [])
    several, findings = NATIVE.read(GOOD + b"---\n" + GOOD.replace(b"acme.lamp", b"acme.other"))
    assert [model.id for model in several] == ["acme.lamp", "acme.other"]
    assert findings == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "path", "text", "line"),
    [
        (b"kind: bool", b"kind: boo", "bad_model", "services[0].properties[0].schema.kind", "one of bool, int", 9),
        (b'"on"', b"true", "bad_model", "services[0].properties[0].key", "quotes around words", 7),
        (b"trait: on_off", b"triat: on_off", "bad_model", "services[0].properties[0].triat", "expected trait", 8),
        (
            b"{kind: bool}",
            b"{kind: int, min: 2, max: 1}",
            "empty_range",
            "services.light.properties.on.schema",
            "min 2",
            9,
        ),
        (b"id: acme.lamp", b"id: Acme Lamp", "bad_id", "id", "no model id", 2),
        (b"id: acme.lamp", b"id: acme.lamp\nid: acme.two", "bad_text", "", "given twice", 3),
        (b"id: acme.lamp\n", b"", "bad_model", "", "missing required field `id`", 1),
        (b"model: 1", b"model: 2", "bad_version", MARKER, "version 2 of the format; we read 1", 1),
        (b"[read, write, notify]", b"[read, write", "bad_text", "", "not YAML", 11),
        (GOOD, b"- just a list", "bad_model", "", "a model is a mapping", 1),
        (GOOD, b"", "no_model", "", "no model in it", None),
        (GOOD, b" " * (MAX_TEXT_BYTES + 1), "too_large", "", "at most", None),
    ],
)
def test_each_mistake_has_its_line(old: bytes, new: bytes, rule: str, path: str, text: str, line: int | None) -> None:
    read, findings = NATIVE.read(GOOD.replace(old, new))
    assert read == []
    assert [(finding.severity, finding.rule, finding.path) for finding in findings] == [("error", rule, path)]
    assert text in findings[0].message
    assert findings[0].line == line


def test_words_that_yaml_1_1_takes_for_something_else_stay_words() -> None:
    text = (
        GOOD.replace(b'"on"', b"on")
        + b"ext: {a: no, b: 1:30, c: 2026-01-01, d: 010, e: 0x1F, f: 1_000, g: 1e-05, h: ~}\n"
    )
    read, findings = NATIVE.read(text)
    assert findings == []
    assert list(read[0].properties) == ["light.on"]
    kept = {"a": "no", "b": "1:30", "c": "2026-01-01", "d": "010", "e": "0x1F", "f": "1_000"}
    assert read[0].ext == {**kept, "g": 1e-05, "h": None}
    assert NATIVE.read(NATIVE.write(read[0])) == (read, [])


def test_a_warning_does_not_keep_a_model_out() -> None:
    read, findings = NATIVE.read(GOOD.replace(b"trait: on_off", b"trait: shine"))
    assert [model.id for model in read] == ["acme.lamp"]
    assert [(finding.severity, finding.line) for finding in findings] == [("warning", 7)]


def test_a_sound_document_beside_a_bad_one_is_read() -> None:
    read, findings = NATIVE.read(b"id: 5\n---\n" + GOOD)
    assert [model.id for model in read] == ["acme.lamp"]
    assert [(finding.rule, finding.line) for finding in findings] == [("bad_model", 1)]


def test_formats_are_found_by_entry_point() -> None:
    assert formats()["unisono"] is NATIVE
    assert find_format("unisono") is NATIVE
    assert all(isinstance(found, Format) for found in formats().values())
    assert sniff_format(GOOD) is NATIVE
    assert sniff_format(b'{"unisono_model": 1}') is NATIVE


@pytest.mark.parametrize("data", [b"", b"\xff\x00", b'{"type": "urn:miot-spec-v2:device:light"}', b"# unisono_model"])
def test_what_is_not_ours_is_not_recognised(data: bytes) -> None:
    assert not NATIVE.sniff(data)


def test_an_unknown_format() -> None:
    with pytest.raises(CallerError, match=r"no format 'x'; expected one of: .*unisono"):
        find_format("x")
    with pytest.raises(CallerError, match=r"no format recognises this file; expected --format"):
        sniff_format(b"\x00\x01 nothing")
