"""A model as bytes: one canonical JSON form, so that the same model always has the same bytes and the same hash.

Knows encoding, decoding and where a decoding error lies. Knows nothing of files or foreign formats.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, get_args

import msgspec

from unisono.errors import MOST_TOLD, CallerError, together
from unisono.thing.explain import mistakes
from unisono.thing.model import Access, Action, Arg, Event, Model, Module, Property, Role, Service, Severity
from unisono.thing.schema import Kind, Schema

__all__ = ["MAX_MODEL_BYTES", "dump_model", "hash_model", "load_model"]

MAX_MODEL_BYTES = 16 << 20  # VSS 6 whole is 0.3 MB, the Matter data model 0.8 MB; source.raw may double it

_UNKNOWN = re.compile("Object contains unknown field `(.*)`", re.DOTALL)
_FIELDS = sorted(
    {
        name
        for struct in (Action, Arg, Event, Model, Module, Property, Schema, Service)
        for name in struct.__struct_fields__
    }
)
# What may stand in the fields that take one of a few words (a path ends in their name, or in access[0]).
_WORDS = {
    name: "one of " + ", ".join(get_args(words))
    for name, words in (("kind", Kind), ("access", Access), ("role", Role), ("severity", Severity))
} | {"call": "one of sync, async", "op": "one of scale, offset, invert, reciprocal, map, bit, path, whole, color"}

# "deterministic" sorts the keys of dictionaries (titles, ext); struct fields keep their declared order.
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Model)


def load_model(document: bytes | str | Mapping[str, Any]) -> Model:
    """The model that a JSON document or a plain mapping says; sizes and types are checked, soundness is not.

    Raises `CallerError` ``too_large``, ``bad_json`` or ``bad_model`` (``field`` is the path inside the document).
    """
    if isinstance(document, Mapping):
        return _translated(lambda: msgspec.convert(dict(document), Model), lambda: dict(document))
    if len(document) > MAX_MODEL_BYTES:
        raise CallerError(f"a model of {len(document)} bytes", code="too_large", expected=f"at most {MAX_MODEL_BYTES}")
    return _translated(lambda: _decoder.decode(document), lambda: msgspec.json.decode(document))


def dump_model(model: Model) -> bytes:
    """Canonical JSON: UTF-8, no spaces, defaults left out, dictionaries sorted."""
    return _encoder.encode(model)


def hash_model(model: Model) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(dump_model(model)).hexdigest()


def _translated(read: Callable[[], Model], plain: Callable[[], Any]) -> Model:
    try:
        return read()
    except msgspec.ValidationError as error:
        raise together([_explained(each) for each in _mistakes(str(error), plain)]) from None
    except msgspec.DecodeError as error:
        raise CallerError(str(error), code="bad_json", expected="a JSON object") from None
    except RecursionError:
        raise CallerError("it is nested too deep", code="bad_model", expected="at most some hundred levels") from None


def _mistakes(first: str, plain: Callable[[], Any]) -> list[str]:
    try:
        return list(islice(mistakes(plain(), Model), MOST_TOLD))
    except (msgspec.DecodeError, RecursionError):
        return [first]  # the document is broken further on


def _explained(message: str) -> CallerError:
    """msgspec's "Expected `str`, got `bool` - at `$.services[0].key`" as our error: detail, field, what is right."""
    detail, _, path = message.partition(" - at `")
    path = path.rstrip("`").removeprefix("$").lstrip(".")
    expected: str | None = None
    unknown = _UNKNOWN.fullmatch(detail)
    if unknown:
        path = f"{path}.{unknown[1]}".lstrip(".")
        near = difflib.get_close_matches(unknown[1], _FIELDS, n=2)
        detail, expected = f"there is no field {unknown[1]!r} here", " or ".join(near) or None
    elif detail.startswith("Invalid "):
        expected = _WORDS.get(path.rpartition(".")[2].partition("[")[0])
    elif detail == "Expected `str`, got `bool`":
        detail = "Expected text, got a boolean"
        expected = 'quotes around words such as "on", "off", "yes" and "no"'
    return CallerError(detail, code="bad_model", field=path or None, expected=expected)
