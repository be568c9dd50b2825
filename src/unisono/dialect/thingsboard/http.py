"""ThingsBoard's HTTP device API in the words of its MQTT API: the same topics, with the access token in the path.

Source: "HTTP Device API Reference" of ThingsBoard. Knows paths and bodies; what they mean, the line says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from unisono.dialect.over_http import HttpAnswer, HttpAsk, HttpRequest
from unisono.dialect.said import Say
from unisono.dialect.thingsboard.firmware import ANSWERS, CHUNKS
from unisono.dialect.thingsboard.line import PROVISION, PROVISIONED
from unisono.dialect.thingsboard.topics import ME
from unisono.errors import CallerError

__all__ = ["asked", "told"]

_PATH = re.compile(r"/api/v1/([^/]{8,128})/(telemetry|attributes|attributes/updates|firmware|rpc|rpc/(\d{1,10})|claim)")
PROVISION_PATH = "/api/v1/provision"
#: How long a device may wait for something to be said to it, in seconds; ThingsBoard's own bound is five minutes.
LONGEST_WAIT_S, USUAL_WAIT_S = 300.0, 20.0
#: The number of a question whose answer is the response: HTTP needs none.
NUMBER = "0"
_UPDATES, _CALLS = f"{ME}attributes", f"{ME}rpc/request/+"


def asked(request: HttpRequest) -> HttpAsk | None:
    """What a request means."""
    if request.path == PROVISION_PATH and request.method == "POST":
        return HttpAsk("provision", "", "", PROVISION, request.body, PROVISIONED, once=True)
    found = _PATH.fullmatch(request.path)
    if found is None:
        return None
    make = _ASKS.get((request.method, "rpc/" if found[3] else found[2]))
    if make is None:
        raise CallerError(f"{request.method} is nothing for {found[2]}", code="method_not_allowed", expected=_METHODS)
    return make(HttpAsk(found[1], "", ""), request, found[2])


def _said(ask: HttpAsk, request: HttpRequest, what: str) -> HttpAsk:
    """Telemetry, attributes, a claim: what is said in the same words over MQTT."""
    return ask._replace(topic=ME + what, payload=request.body)


def _replied(ask: HttpAsk, request: HttpRequest, what: str) -> HttpAsk:
    return ask._replace(topic=f"{ME}rpc/response/{what.removeprefix('rpc/')}", payload=request.body)


def _called(ask: HttpAsk, request: HttpRequest, what: str) -> HttpAsk:
    topic, answer = f"{ME}rpc/request/{NUMBER}", f"{ME}rpc/response/{NUMBER}"
    return ask._replace(topic=topic, payload=request.body, answer=answer)


def _asked_for(ask: HttpAsk, request: HttpRequest, what: str) -> HttpAsk:
    keys = {name: request.query[name] for name in ("clientKeys", "sharedKeys") if name in request.query}
    topic, answer = f"{ME}attributes/request/{NUMBER}", f"{ME}attributes/response/{NUMBER}"
    return ask._replace(topic=topic, payload=msgspec.json.encode(keys), answer=answer)


def _waits(ask: HttpAsk, request: HttpRequest, what: str) -> HttpAsk:
    return ask._replace(answer=_CALLS if what == "rpc" else _UPDATES, listens=True, wait_s=_wait_s(request))


def _fetched(ask: HttpAsk, request: HttpRequest, what: str) -> HttpAsk:
    """A chunk of firmware, or all of it; which there is, its attributes say."""
    number, size = request.query.get("chunk") or "0", request.query.get("size", "")
    chunk = f"{NUMBER}/chunk/{number}"
    if not number.isdecimal() or len(number) > 9:
        raise CallerError(f"{number[:20]!r} is no number", code="bad_value", field="chunk", expected="0, 1, 2 ...")
    return ask._replace(topic=CHUNKS + chunk, payload=size.encode(), answer=ANSWERS + chunk)


_ASKS: dict[tuple[str, str], Callable[[HttpAsk, HttpRequest, str], HttpAsk]] = {
    ("POST", "telemetry"): _said,
    ("POST", "attributes"): _said,
    ("POST", "claim"): _said,
    ("POST", "rpc"): _called,
    ("POST", "rpc/"): _replied,
    ("GET", "attributes"): _asked_for,
    ("GET", "attributes/updates"): _waits,
    ("GET", "rpc"): _waits,
    ("GET", "firmware"): _fetched,
}
_METHODS = "GET for attributes, attributes/updates, firmware and rpc; POST for all others"


def told(request: HttpRequest, said: Say | None) -> HttpAnswer:
    """The response to a request, with what the line said to it."""
    if request.path == PROVISION_PATH:
        body = said.payload if said is not None else b'{"status":"FAILURE","errorMsg":"the hub cannot say now"}'
        return HttpAnswer(200, body, refused=said is not None and b'"FAILURE"' in body)
    if request.path.endswith("/firmware"):
        found = said.payload if said is not None else b""
        return HttpAnswer(200, found, "application/octet-stream") if found else HttpAnswer(404)
    waited = request.method == "GET" or request.path.endswith("/rpc")
    if said is None:
        return HttpAnswer(408 if waited else 200)
    number = said.topic.removeprefix(f"{ME}rpc/request/")
    if number == said.topic:
        return HttpAnswer(200, said.payload)
    call: dict[str, Any] = {"id": int(number), **msgspec.json.decode(said.payload)}
    return HttpAnswer(200, msgspec.json.encode(call))


def _wait_s(request: HttpRequest) -> float:
    """``timeout`` is in milliseconds."""
    text = request.query.get("timeout", "")
    if not text:
        return USUAL_WAIT_S
    if not text.isdecimal() or len(text) > 9:
        raise CallerError(
            f"{text[:20]!r} is no time", code="bad_value", field="timeout", expected="milliseconds, as 20000"
        )
    return min(int(text) / 1000, LONGEST_WAIT_S)
