"""Registering with the product's secret over HTTPS: the form of it, in the words of the sign-in over MQTT.

Source: "Unique-certificate-per-product verification" of Alibaba's documentation: ``POST /auth/register/device`` with
``productKey``, ``deviceName``, ``random``, ``sign`` and ``signMethod``; the answer has the device's own secret.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import msgspec

from unisono.dialect.over_http import HttpAnswer, HttpAsk, HttpRequest
from unisono.dialect.pieces import json_of
from unisono.dialect.said import Say
from unisono.errors import CallerError

__all__ = ["asked", "told"]

PATH = "/auth/register/device"
ANSWER = "/ext/register"
WAIT_S = 5.0
#: What stands in a client id must not end it.
_PART = re.compile(r"[A-Za-z0-9_.:@-]{1,64}")
#: Characters of a form that are read: its five fields have some three hundred.
LONGEST = 4_096
FORM = ("productKey", "deviceName", "random", "sign", "signMethod")


def asked(request: HttpRequest) -> HttpAsk | None:
    """What a request means."""
    if request.path != PATH or request.method != "POST":
        return None
    if not request.body:
        return HttpAsk("", "", "", once=True)  # only the path was looked at
    given = _form(request.body)
    for name in FORM:
        if not _PART.fullmatch(given.get(name, "")):
            detail = f"{name} is missing, or has characters that none has"
            raise CallerError(detail, code="bad_request", field=name, expected=", ".join(FORM))
    product, device = given["productKey"], given["deviceName"]
    params = f"authType=register,random={given['random']},signmethod={given['signMethod'].lower()}"
    user, client = f"{device}&{product}", f"{product}.{device}|{params}|"
    return HttpAsk(user, client, given["sign"], answer=ANSWER, wait_s=WAIT_S, once=True)


def told(request: HttpRequest, said: Say | None) -> HttpAnswer:
    """The response, as Alibaba's door gives it."""
    if said is None:
        body = {"code": 500, "message": "the device is known already, or its product takes in no others"}
        return HttpAnswer(200, msgspec.json.encode(body))
    body = {"code": 200, "data": msgspec.json.decode(said.payload), "message": "success"}
    return HttpAnswer(200, msgspec.json.encode(body))


def _form(body: bytes) -> dict[str, str]:
    """Fields of a form, or of JSON."""
    found = json_of(body)
    if isinstance(found, dict):
        return {str(key): str(value) for key, value in found.items()}
    return dict(parse_qsl(body.decode("utf-8", "replace")[:LONGEST]))
