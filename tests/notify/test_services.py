"""Each service as its plug-in speaks to it, over real sockets: what arrives, and what its refusals become."""

from __future__ import annotations

import pytest

from tests.notify.conftest import House
from tests.notify.receiver import say
from unisono.errors import CallerError
from unisono.notify.plan import JOIN_S
from unisono.twin import notices

ADDRESSES = {
    "dingtalk": "dingtalk://d1ngtalkt0ken/",
    "feishu": "feishu://fe1shu-t0ken/",
    "wecombot": "wecombot://wec0m-key/",
    "tgram": "tgram://123456789:abcdefg_hijklmnop/12345/",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "ntfy": "ntfy://127.0.0.1:{port}/alarm",
    "json": "json://wei:s3cretword@127.0.0.1:{port}/hook",
    "xml": "xml://127.0.0.1:{port}/hook",
    "form": "form://127.0.0.1:{port}/hook",
    "gotify": "gotify://127.0.0.1:{port}/t0kent0kent0ken",
}
FINE = {
    "dingtalk": b'{"errcode":0,"errmsg":"ok"}',
    "feishu": b'{"code":0,"msg":"success"}',
    "wecombot": b'{"errcode":0,"errmsg":"ok"}',
    "tgram": b'{"ok":true,"result":{"message_id":5}}',
}
SECRETS = (
    "d1ngtalkt0ken",
    "fe1shu-t0ken",
    "wec0m-key",
    "abcdefg_hijklmnop",
    "JHMHI8qBe7bk",
    "s3cretword",
    "t0kent0ken",
)


def address(house: House, service: str) -> str:
    return ADDRESSES[service].format(port=house.receiver.port)


@pytest.mark.parametrize("service", ADDRESSES)
async def test_a_message_arrives_in_the_service_s_words(house: House, service: str) -> None:
    house.receiver.always = say(200, FINE.get(service, b"{}"))
    await house.channel("wei", address(house, service))
    id = await house.tell("Water under the sink 水", title="Leak", priority="critical")
    await house.until(id, "sent")
    [came] = [each for each in house.receiver.came if b"Leak" in each.body or "Leak" in str(each.headers)]
    assert "Water under the sink" in came.body.decode() or "Water+under+the+sink" in came.body.decode()


async def test_priorities_in_the_words_of_the_service(house: House) -> None:
    await house.channel("wei", address(house, "ntfy"))
    await house.until(await house.tell("x", priority="critical"), "sent")
    assert house.receiver.came[0].headers["X-Priority"] in ("5", "max")


async def test_what_its_owner_chose_counts_more(house: House) -> None:
    await house.channel("wei", address(house, "ntfy") + "?priority=low")
    await house.until(await house.tell("x", priority="critical"), "sent")
    assert house.receiver.came[0].headers["X-Priority"] in ("2", "low")


async def test_dingtalk_that_was_told_too_much_is_left_alone_for_ten_minutes(house: House) -> None:
    house.receiver.always = say(200, FINE["dingtalk"])
    house.receiver.script.append(say(200, b'{"errcode":130101,"errmsg":"send too fast"}'))
    await house.channel("wei", address(house, "dingtalk"))
    one = await house.tell("one", priority="critical")
    kept = await house.until(one, "waiting", 1)
    assert kept.answer == "HTTP 200 errcode 130101: send too fast"
    two = await house.tell("two", priority="critical")
    await house.pass_time(599)
    three = await house.tell("three")  # answered after the round that the passing of time began
    assert len(house.receiver.came) == 1
    await house.pass_time(1.1)
    await house.until(one, "sent")
    await house.until(two, "sent")
    await house.pass_time(JOIN_S)
    await house.until(three, "sent")


@pytest.mark.parametrize(
    ("service", "answer", "state", "words"),
    [
        ("dingtalk", say(200, b'{"errcode":310000,"errmsg":"bad sign"}'), "failed", "errcode 310000: bad sign"),
        ("wecombot", say(200, b'{"errcode":93000,"errmsg":"bad hook"}'), "failed", "errcode 93000: bad hook"),
        ("feishu", say(200, b'{"code":19024,"msg":"no key word"}'), "failed", "code 19024: no key word"),
        ("tgram", say(403, b'{"ok":false,"description":"bot was blocked by the user"}'), "failed", "bot was blocked"),
        ("json", say(401, b"who are you?"), "failed", "HTTP 401 who are you?"),
        ("ntfy", say(404), "failed", "HTTP 404"),
    ],
    ids=lambda value: None if callable(value) else str(value),
)  # fmt: skip
async def test_what_a_service_refuses_is_shown_in_its_words_without_secrets(
    house: House, service: str, answer: object, state: str, words: str
) -> None:
    house.receiver.always = answer  # type: ignore[assignment]
    await house.channel("wei", address(house, service))
    found = await house.until(await house.tell("x"), state)
    assert words in found.answer
    assert not any(secret in found.answer for secret in SECRETS)


@pytest.mark.parametrize("service", ADDRESSES)
async def test_a_channel_is_shown_without_its_secrets(house: House, service: str) -> None:
    id = await house.channel("wei", address(house, service))
    row = await house.registry.get_channel(id)
    assert row is not None
    kept = row.shown + str(row.sealed) + row.address + row.name
    assert not any(secret in kept for secret in SECRETS)
    assert row.service == service


@pytest.mark.parametrize("url", ["nosuch://x", "dbus://", "syslog://", "file:///etc/passwd", "hello", "tgram://x"])
async def test_what_is_no_address_is_refused(house: House, url: str) -> None:
    with pytest.raises(CallerError) as error:
        await house.ask(notices.CHECK, notices.Check(url))
    assert error.value.code == "bad_value"
    assert error.value.field == "url"
