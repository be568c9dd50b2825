"""Models as bytes: round trips, one canonical form, and errors that say where."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest
from hypothesis import given, settings

from tests.thing.models import FULL, models
from unisono.errors import CallerError
from unisono.thing import Model, builtin_model, check_model, dump_model, hash_model, load_model
from unisono.thing.document import MAX_MODEL_BYTES


def test_the_full_model_is_sound_and_survives() -> None:
    assert [finding for finding in check_model(FULL) if finding.severity == "error"] == []
    data = dump_model(FULL)
    assert load_model(data) == FULL
    assert dump_model(load_model(data)) == data
    assert load_model(data.decode()) == FULL
    assert load_model(msgspec.to_builtins(FULL)) == FULL


def test_huge_bounds_stay_exact() -> None:
    data = dump_model(FULL)
    assert b'"max":18446744073709551616' in data
    assert b'"min":"0.10"' in data
    assert load_model(data).properties["light.arg"].schema.max == 2**64


@settings(max_examples=50)
@given(models)
def test_any_model_survives(model: Model) -> None:
    data = dump_model(model)
    again = load_model(data)
    assert dump_model(again) == data
    assert hash_model(again) == hash_model(model)
    assert again == load_model(msgspec.to_builtins(model))


def test_the_same_model_has_the_same_bytes() -> None:
    document = {"id": "x", "ext": {"b": 1, "a": 2}, "titles": {"zh": "灯", "en": "Light"}}
    turned = {key: document[key] for key in reversed(document)}
    assert dump_model(load_model(document)) == dump_model(load_model(turned))
    assert (
        dump_model(load_model(document)) == '{"id":"x","titles":{"en":"Light","zh":"灯"},"ext":{"a":2,"b":1}}'.encode()
    )
    assert hash_model(load_model(b' {"id": "x"} ')) == hashlib.sha256(b'{"id":"x"}').hexdigest()


def test_another_model_has_another_hash() -> None:
    light = builtin_model("light")
    assert hash_model(light) != hash_model(msgspec.structs.replace(light, version=2))


@pytest.mark.parametrize(
    ("document", "code", "text"),
    [
        (b'{"id":', "bad_json", "truncated"),
        (b'{"id":"x"} y', "bad_json", "trailing characters"),
        (b"\xff", "bad_json", "expected a JSON object"),
        (b"[]", "bad_model", "Expected `object`, got `array`"),
        (b"{}", "bad_model", "missing required field `id`"),
        (b'{"id":"x","version":0}', "bad_model", "version: Expected `int` >= 1"),
        (b'{"id":"x","versoin":1}', "bad_model", "versoin: there is no field 'versoin' here; expected version"),
        (b'{"id":"x","qqqqqqq":1}', "bad_model", "qqqqqqq: there is no field 'qqqqqqq' here"),
        (
            b'{"id":"x","services":[{"properties":[{"key":"a","schema":{"kind":"boo"}}]}]}',
            "bad_model",
            "services[0].properties[0].schema.kind: Invalid enum value 'boo'; expected one of bool, int, float",
        ),
        (
            b'{"id":"x","services":[{"properties":[{"key":"a","schema":{"kind":"int"},"access":["red"]}]}]}',
            "bad_model",
            "services[0].properties[0].access[0]: Invalid enum value 'red'; expected one of read, write, notify",
        ),
        (
            b'{"id":"x","services":[{"properties":[{"key":"a","schema":{"kind":"int"},"codec":[{"op":"eval"}]}]}]}',
            "bad_model",
            "expected one of scale, offset, invert",
        ),
        (b'{"id":true}', "bad_model", 'id: Expected text, got a boolean; expected quotes around words such as "on"'),
        (b'{"id":"x","modules":' + b"[" * 5000 + b"]" * 5000 + b"}", "bad_model", "modules"),
    ],
)
def test_a_bad_document_is_explained(document: bytes, code: str, text: str) -> None:
    with pytest.raises(CallerError) as caught:
        load_model(document)
    assert caught.value.code == code
    assert text in str(caught.value)


def test_depth_is_no_way_in() -> None:
    deep = json.loads('{"kind":"int"}')
    text = '{"kind":"array","items":' * 10_000 + json.dumps(deep) + "}" * 10_000
    with pytest.raises(CallerError, match="nested too deep"):
        load_model(f'{{"id":"x","services":[{{"properties":[{{"key":"a","schema":{text}}}]}}]}}')


def test_size_is_bounded() -> None:
    with pytest.raises(CallerError) as caught:
        load_model(b" " * (MAX_MODEL_BYTES + 1))
    assert caught.value.code == "too_large"
