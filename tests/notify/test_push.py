"""Web Push against a push service of our own: what a browser would read, and what becomes of one that is gone.

A real push service is out of reach of these tests (and of a browser in them, which must register with its maker's):
the endpoint's host is led to the receiver, everything else is as in the world.
"""

from __future__ import annotations

import base64
import os

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from tests.notify.conftest import PEPPER, House
from tests.notify.receiver import Came, say
from tests.notify.test_webpush import bytes_of, decrypt
from unisono.errors import CallerError, HostError
from unisono.notify.letter import Letters
from unisono.notify.webpush import new_key, public_key
from unisono.twin import notices

ENDPOINT = "https://push.example/v2/endp0int-secret"


class Browser:
    """Keys as a browser makes them."""

    def __init__(self) -> None:
        self.key: EllipticCurvePrivateKey = new_key()
        self.auth = os.urandom(16)

    @property
    def members(self) -> tuple[str, str, str]:
        auth = base64.urlsafe_b64encode(self.auth).decode().rstrip("=")
        return ENDPOINT, public_key(self.key), auth

    async def subscribe(self, house: House, person: str = "wei") -> str:
        endpoint, p256dh, auth = self.members
        answer = await house.ask(notices.CHECK, notices.Check(endpoint, p256dh, auth))
        facts = msgspec.msgpack.decode(answer, type=notices.ChannelFacts)
        kept = msgspec.json.encode({"endpoint": endpoint, "p256dh": p256dh, "auth": auth}).decode()
        return await house.keep(person, facts, kept)

    def read(self, came: Came) -> object:
        content = decrypt(came.body, self.key, bytes_of(public_key(self.key)), self.auth)
        return msgspec.json.decode(content)


@pytest.fixture
async def browser(house: House) -> Browser:
    made = Browser()
    house.receiver.always = say(201)
    await made.subscribe(house)
    return made


async def test_a_browser_reads_it_and_the_service_does_not(house: House, browser: Browser) -> None:
    await house.until(await house.tell("水 under the sink", title="Leak", priority="high", group="leak"), "sent")
    [came] = house.receiver.came
    told = {"title": "Leak", "text": "水 under the sink", "priority": "high", "group": "leak", "page": ""}
    assert browser.read(came) == told
    assert came.path == "/v2/endp0int-secret"
    assert b"sink" not in came.body
    headers = came.headers
    assert (headers["Content-Encoding"], headers["Urgency"]) == ("aes128gcm", "high")
    assert 86_000 < int(headers["TTL"]) <= 86_400
    assert 0 < len(headers["Topic"]) <= 32


async def test_it_comes_from_the_key_that_browsers_subscribed_to(house: House, browser: Browser) -> None:
    kept = msgspec.json.decode(await house.registry.get_meta(notices.META_PUSH_KEY) or "", type=notices.PushKey)
    await house.until(await house.tell("x"), "sent")
    assert house.receiver.came[0].headers["Authorization"].endswith(f", k={kept.public}")


async def test_the_key_stays_over_restarts_and_opens_with_the_pepper_alone(house: House) -> None:
    before = await house.registry.get_meta(notices.META_PUSH_KEY)
    await house.notifier.stop()
    await house.begin()
    assert await house.registry.get_meta(notices.META_PUSH_KEY) == before
    assert before is not None
    assert "PRIVATE" not in before
    with pytest.raises(HostError, match="another pepper"):
        await Letters(house.registry, bytes(32)).start()
    await Letters(house.registry, PEPPER).start()


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_gone_is_removed(house: House, browser: Browser, status: int) -> None:
    house.receiver.script.append(say(status))
    found = await house.until(await house.tell("x"), "failed")
    assert found.answer == f"HTTP {status}"
    while await house.registry.list_channels("wei"):
        pass
    [row] = await house.registry.get_notifications([await house.tell("y")])
    assert row.missed == {"wei": "has no channel"}


async def test_a_push_service_that_slows_down_is_obeyed(house: House, browser: Browser) -> None:
    house.receiver.script.append(say(429, Retry_After="120"))
    id = await house.tell("x")
    await house.until(id, "waiting", 1)
    await house.pass_time(121)
    await house.until(id, "sent")
    assert len(house.receiver.came) == 2


async def test_the_endpoint_is_shown_without_its_secret(house: House, browser: Browser) -> None:
    [row] = await house.registry.list_channels("wei")
    assert row.shown == "push.example ...cret"
    assert b"endp0int" not in row.sealed


async def test_what_is_no_subscription_is_refused_by_its_member(house: House) -> None:
    endpoint, p256dh, auth = Browser().members
    for question, field in (
        (notices.Check("http://x", p256dh, auth), "endpoint"),
        (notices.Check(endpoint, p256dh[:-8], auth), "p256dh"),
        (notices.Check(endpoint, p256dh, "x"), "auth"),
    ):
        with pytest.raises(CallerError) as error:
            await house.ask(notices.CHECK, question)
        assert (error.value.code, error.value.field) == ("bad_value", field)
