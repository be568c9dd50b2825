"""Files of models: unpacked, recognised, read; and which formats there are."""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.thing.formats.test_matter import BASE
from tests.thing.formats.test_miot import LAMP as MIOT_LAMP
from tests.thing.formats.test_native import GOOD
from tests.thing.formats.test_tencent_tuya import TEMPLATE
from tests.thing.formats.test_tsl import LAMP as TSL_LAMP
from tests.thing.formats.test_vss import CAR, FLAT
from tests.thing.formats.test_wot import LAMP as WOT_LAMP
from tests.thing.formats.test_wot import MODEL
from tests.thing.formats.test_zigbee2mqtt import LAMP, SENSOR
from unisono.errors import CallerError
from unisono.testing.formats import JSON
from unisono.thing import builtin_model, builtin_models, dump_model
from unisono.thing.formats import files as module
from unisono.thing.formats import formats
from unisono.thing.formats.document import MAX_DIGITS, Findings, read_json
from unisono.thing.formats.files import read_models, unpack
from unisono.thing.text import MAX_TEXT_BYTES

DOCUMENTS: list[tuple[str, Any]] = [
    ("zigbee2mqtt", LAMP),
    ("zigbee2mqtt", [LAMP, SENSOR]),
    ("tsl", TSL_LAMP),
    ("miot", MIOT_LAMP),
    ("matter", BASE),
    ("vss", CAR),
    ("vss", FLAT),
    ("wot", WOT_LAMP),
    ("wot", MODEL),
]


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_every_format_is_recognised_and_by_itself_alone(name: str, document: Any) -> None:
    data = msgspec.json.encode(document)
    assert read_models(data).format == name
    assert read_models(gzip.compress(data)).format == name
    assert [each.name for each in formats().values() if each.sniff(data)] == [name]
    named = read_models(data, name)
    assert [dump_model(each) for each in named.models] == [dump_model(each) for each in read_models(data).models]


def test_answers_of_makers_apis_are_opened() -> None:
    """What was asked for stands in an object, or as JSON text; with the format named and without."""
    text = msgspec.json.encode(TSL_LAMP).decode()
    bare = read_models(text.encode()).models
    for answer in ({"Data": {"TslStr": text, "TslUri": "x"}, "Success": True}, {"result": TSL_LAMP}, {"data": text}):
        for format in ("auto", "tsl"):
            read = read_models(msgspec.json.encode(answer), format)
            assert (read.format, read.models) == ("tsl", bare)
    template = {"Response": {"Model": {"ModelDefine": msgspec.json.encode(TEMPLATE).decode(), "UpdateTime": 1}}}
    assert read_models(msgspec.json.encode(template)).format == "tencent"
    assert read_models(msgspec.json.encode({"result": {"code": 0, "Data": MIOT_LAMP}})).format == "miot"


@pytest.mark.parametrize(
    "answer",
    [
        {"Data": "{"},
        {"Data": {"Data": {"Data": {"Data": {"Data": TSL_LAMP}}}}},
        {"result": 5},
        {"data": "\ud800"},
        {"Model": []},
    ],
)
def test_answers_with_nothing_in_them(answer: Any) -> None:
    data = json.dumps(answer).encode()
    assert read_models(data).format is None
    assert read_models(data, "tsl").models == []


def test_documents_of_our_own() -> None:
    assert read_models(GOOD).format == "unisono" and read_models(GOOD, "unisono") == read_models(GOOD)
    lamp = dump_model(builtin_model("light"))
    assert read_models(lamp).models == [builtin_model("light")]
    assert [each.id for each in read_models(b"[" + lamp + b"," + lamp + b"]").models] == ["light", "light"]
    assert read_models(b'[{"id": "x", "name": "a list of somebody else"}]').format is None
    broken = read_models(b'{"id": "x", "services": 5}')
    assert (broken.format, broken.findings[0].path) == ("unisono", "services")


@pytest.mark.parametrize("data", [b"", b"no", b"{}", b"[]", b"[1]", b'{"id": 5}', b"\xff\xfe", b"\x1f\x8b"])
def test_what_nobody_knows_is_an_error_that_says_what_would_be_right(data: bytes) -> None:
    found = read_models(data)
    assert (found.format, found.models) == (None, [])
    assert found.findings[-1].severity == "error"


@given(document=JSON)
@settings(max_examples=150)
def test_any_json_is_answered(document: Any) -> None:
    found = read_models(msgspec.json.encode(document))
    assert found.models or any(each.severity == "error" for each in found.findings)


@given(data=st.binary(max_size=40))
def test_any_bytes_are_answered(data: bytes) -> None:
    found = read_models(b"\x1f\x8b" + data)
    assert found.models or any(each.severity == "error" for each in found.findings)


def test_a_format_that_is_not_there_is_refused() -> None:
    with pytest.raises(CallerError, match="nonsense"):
        read_models(b"{}", "nonsense")


def test_a_packed_file_is_believed_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(b"x" * 1000)
    assert unpack(packed) == b"x" * 1000
    with pytest.raises(CallerError, match="end is missing"):
        unpack(packed[:-9])
    monkeypatch.setattr(module, "MAX_BYTES", 999)
    with pytest.raises(CallerError, match="too large"):
        unpack(packed)


def test_texts_that_are_no_json() -> None:
    assert read_json(b"\xef\xbb\xbf[1]") == ([1], [])
    for data, rule, line in (
        (b'{"a": 1,\n "b": }', "bad_json", 2),
        (b"1" * (MAX_DIGITS + 1), "bad_json", None),
        (b"[" * 300 + b"]" * 300, "too_deep", None),
        (b"[" * 100_000, "too_deep", None),
        (b'{"a":' * 250 + b"1" + b"}" * 250, "too_deep", None),
        (b'"\xff"', "bad_json", None),
    ):
        value, found = read_json(data)
        assert (value, found[0].rule, found[0].line) == (None, rule, line), data[:20]


def test_keys_that_are_given_twice_are_told() -> None:
    type = b'"dataType": {"type": "int", "type": "bool"}'
    text = b'{"properties": [{"identifier": "a", "name": "x", "name": "y: \\":", ' + type + b'}], "b": {}, "b": {}}'
    value, found = read_json(text)
    assert value["properties"][0] == {"identifier": "a", "name": 'y: ":', "dataType": {"type": "bool"}}
    assert [(each.severity, each.path, each.rule) for each in found] == [
        ("warning", "", "duplicate_key"),
        ("warning", "properties[0]", "duplicate_key"),
        ("warning", "properties[0].dataType", "duplicate_key"),
    ]
    assert found[1].message == 'the key "name" is given twice; the last one counts'
    assert (
        read_json(b'{"a\\":": {"b" : 1}, "c\\\\": 2, "d\\\\\\":": 3}')[1] == []
    )  # colons in keys and values are no keys
    for chosen in ("auto", "tsl"):
        read = read_models(text, chosen)
        assert [model.properties["a"].schema.kind for model in read.models] == ["bool"]
        assert [each.rule for each in read.findings][:3] == ["duplicate_key"] * 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b" \n", "it is empty"),
        (b"PK\x03\x04rest", "it is a ZIP archive"),
        (b"%PDF-1.7", "it is a PDF"),
        ('{"properties": []}'.encode("utf-16"), "it is in UTF-16"),
        (b"\n<!DOCTYPE html><p>", "it is a web page"),
        ('{"a":\n"温度"}'.encode("gbk"), "it is no text in UTF-8 (line 2)"),
        (b"a: [1,\nb: c: d", "it is not YAML"),
        (b"[" * 300 + b"]" * 300, "it is nested deeper than 200 levels"),
        (b"a" + b" " * (MAX_TEXT_BYTES + 1) + b"a", "it is not JSON"),  # too long for YAML
    ],
)
def test_a_file_that_nobody_can_read_is_called_what_it_is(data: bytes, words: str) -> None:
    read = read_models(data)
    assert read.models == [] and read.findings[0].message.startswith(words)


def test_a_document_of_our_own_without_its_marker() -> None:
    read = read_models(b"id: my.lamp\nservices:\n  - properties:\n      - {key: a, schema: {kind: flot}}\n")
    assert (read.format, read.findings[0].rule, read.findings[0].line) == ("unisono", "bad_model", 4)
    read = read_models(b"id: my.lamp\nservices:\n  - properties:\n      - {key: a, schema: {kind: bool}}\n")
    assert [model.id for model in read.models] == ["my.lamp"]


@pytest.mark.parametrize(
    ("type", "words"),
    [
        ("flaot", '"flaot" is not known (perhaps "float" is meant)'),
        ("colour", '"colour" is not known (it is one of array, bool, '),
        ("float" * 9, "is not known (it is one of array, bool, "),
    ],
)
def test_what_a_type_that_is_not_known_may_have_been_meant_to_be(type: str, words: str) -> None:
    document = {"properties": [{"identifier": "a", "name": "a", "dataType": {"type": type}}]}
    read = read_models(msgspec.json.encode(document))
    assert read.format == "tsl" and words in read.findings[0].message


def test_findings_without_end_are_counted() -> None:
    findings = Findings()
    for number in range(10_050):
        findings.warn(str(number), "odd", "x")
    findings.error("", "bad", "y")
    assert len(findings.all()) == 10_002
    assert findings.all()[-1].message == "and 50 findings more"


def test_every_built_in_model_goes_through_every_format() -> None:
    for name, format in formats().items():
        for model in builtin_models().values():
            found = read_models(format.write(model))
            assert found.format == name, (name, model.id)
            assert len(found.models) == 1
