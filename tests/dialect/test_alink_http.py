"""Registering an Alink device with its product's secret over HTTP(S)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.dialect.test_thingsboard_sdk import furnish
from tests.hub.hub import Hub
from unisono.dialect import Say
from unisono.dialect.alink import ALINK
from unisono.dialect.over_http import HttpAsk, HttpDialect, HttpRequest
from unisono.errors import CallerError

PATH = "/auth/register/device"
SECRET = "product-secret-of-acme"


def form(device: str = "oven7", secret: str = SECRET) -> dict[str, str]:
    content = f"deviceName{device}productKeyacmeovenrandom8Ygb7ULYh53B"
    sign = hmac.new(secret.encode(), content.encode(), hashlib.sha256).hexdigest()
    return {
        "productKey": "acmeoven",
        "deviceName": device,
        "random": "8Ygb7ULYh53B",
        "sign": sign,
        "signMethod": "HmacSHA256",
    }


def asked(body: bytes, path: str = PATH, method: str = "POST") -> HttpAsk | None:
    assert isinstance(ALINK, HttpDialect)
    return ALINK.asked(HttpRequest(method, path, {}, body))


def test_the_form_is_a_sign_in() -> None:
    ask = asked(urlencode(form()).encode())
    assert ask is not None and ask.once and ask.answer == "/ext/register"
    caller = ALINK.caller(ask.user, ask.client_id, ask.password)
    assert caller is not None and (caller.name, caller.way) == ("acmeoven&oven7", "register")
    assert ALINK.proves(caller, ask.password, SECRET) and not ALINK.proves(caller, ask.password, "other")
    assert asked(b'{"productKey": "acmeoven", "deviceName": "d", "random": "r", "sign": "s", "signMethod": "hmacmd5"}')
    assert asked(b"") == HttpAsk("", "", "", once=True)
    assert asked(b"x", "/auth/other") is None and asked(b"x", method="GET") is None


@pytest.mark.parametrize("change", [{"sign": ""}, {"random": "a|b"}, {"deviceName": "a,authType=regnwl"}])
def test_a_form_that_is_none(change: dict[str, str]) -> None:
    with pytest.raises(CallerError):
        asked(urlencode({**form(), **change}).encode())


def test_what_is_answered() -> None:
    request = HttpRequest("POST", PATH, {}, b"")
    assert b'"code":200' in ALINK.told(request, Say("/ext/register", b'{"deviceSecret":"s"}')).body
    assert b'"code":500' in ALINK.told(request, None).body


@pytest.fixture(scope="module")
def places() -> list[str]:
    return []


async def test_a_device_registers_and_signs_in(shared: Hub, places: list[str]) -> None:
    await furnish(shared, places)
    product = {"product": "acmeoven", "place": "home", "model": "oven", "secret": SECRET, "open": True}
    await shared.ask("POST", "/api/v1/dialects/alink/products", product)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{shared.http_port}", timeout=30) as web:
        given: Any = (await web.post(PATH, data=form())).json()
        assert (given["code"], given["data"]["deviceName"]) == (200, "oven7") and given["data"]["deviceSecret"]
        wrong = await web.post(PATH, data=form(secret="another-secret"))
        assert wrong.status_code == 401
    assert (await shared.thing("oven7"))["model"] == "oven"
