"""A model as bytes: one canonical JSON form, so that the same model always has the same bytes and the same hash.

Knows encoding, decoding and where a decoding error lies. Knows nothing of files or foreign formats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from unisono.errors import CallerError
from unisono.thing.model import Model

__all__ = ["MAX_MODEL_BYTES", "dump_model", "hash_model", "load_model"]

MAX_MODEL_BYTES = 16 << 20  # VSS 6 whole is 0.3 MB, the Matter data model 0.8 MB; source.raw may double it

# "deterministic" sorts the keys of dictionaries (titles, ext); struct fields keep their declared order.
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Model)


def load_model(document: bytes | str | Mapping[str, Any]) -> Model:
    """The model that a JSON document or a plain mapping says; sizes and types are checked, soundness is not.

    Raises `CallerError` ``too_large``, ``bad_json`` or ``bad_model`` (``field`` is the path inside the document).
    """
    if isinstance(document, Mapping):
        return _translated(lambda: msgspec.convert(dict(document), Model))
    if len(document) > MAX_MODEL_BYTES:
        raise CallerError(f"a model of {len(document)} bytes", code="too_large", expected=f"at most {MAX_MODEL_BYTES}")
    return _translated(lambda: _decoder.decode(document))


def dump_model(model: Model) -> bytes:
    """Canonical JSON: UTF-8, no spaces, defaults left out, dictionaries sorted."""
    return _encoder.encode(model)


def hash_model(model: Model) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(dump_model(model)).hexdigest()


def _translated(read: Any) -> Model:
    try:
        model: Model = read()
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at `")
        raise CallerError(
            detail, code="bad_model", field=path.rstrip("`").removeprefix("$").lstrip(".") or None
        ) from None
    except msgspec.DecodeError as error:
        raise CallerError(str(error), code="bad_json", expected="a JSON object") from None
    except RecursionError:
        raise CallerError("it is nested too deep", code="bad_model", expected="at most some hundred levels") from None
    return model
