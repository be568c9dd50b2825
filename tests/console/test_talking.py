"""The assistant in the console: the plan before and after, follow-ups, and push to talk with a (played) microphone."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Request, Route

from tests.console.conftest import CHROMIUM, address_of, signed_in
from tests.hub.hub import Hub


@pytest.fixture
async def hearing() -> AsyncIterator[Any]:
    """A browser whose microphone beeps."""
    from playwright.async_api import async_playwright

    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield made
        await made.close()


async def test_the_plan_stands_before_and_after_it_is_done_and_is_followed_up(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(demo)}/#/assistant")
    await page.get_by_label("Only show the plan").check()
    ask = page.get_by_label("Say what you want, or ask")
    await ask.fill("set the bedroom light to 35%")
    await page.get_by_role("button", name="Send").click()
    await page.locator("[data-plan=would]").get_by_text("Bedroom light").wait_for()
    await page.get_by_role("button", name="Do it now").click()
    await page.locator("[data-plan=done]").get_by_text("Bedroom light").wait_for()
    await page.get_by_label("Only show the plan").uncheck()
    await ask.fill("and the hallway light")
    await ask.press("Enter")
    await page.locator("[data-plan=done]").nth(1).get_by_text("Hallway light").wait_for()
    assert complaints == []


async def test_what_is_said_while_the_button_is_held_goes_to_the_hub_as_a_wav(demo: Hub, hearing: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await hearing.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(demo)}/#/assistant")
    sent: list[Request] = []

    async def service(route: Route) -> None:
        """Stands for a speech-to-text service, which the demonstration hub has none of."""
        sent.append(route.request)
        body = {
            "heard": "lock the door",
            "reply": {"outcome": "ask", "became": "nothing", "speech": {"text": "Which?"}},
        }
        await route.fulfill(json=body)

    await page.route("**/api/v1/assist/audio?**", service)
    talk = page.get_by_role("button", name="Hold to talk")
    await talk.focus()
    await page.keyboard.down(" ")
    await page.get_by_role("button", name="Listening").wait_for()
    # held longer than the pause between two beeps of Chromium's false microphone, from which the sound is
    await page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 2500))")
    await page.keyboard.up(" ")
    await page.get_by_text("Which?").wait_for()
    await page.get_by_text("lock the door").wait_for()
    assert sent[0].headers["content-type"] == "audio/wav"
    assert "lang=en" in sent[0].url
    assert "uni_" not in sent[0].url, "no token in an address"
    with wave.open(io.BytesIO(sent[0].post_data_buffer or b"")) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
        assert 0.2 < sound.getnframes() / 16_000 < 10
        assert any(sound.readframes(sound.getnframes())), "the microphone beeps"


async def test_a_hub_without_ears_says_so(demo: Hub, hearing: Any) -> None:
    page = await signed_in(demo, await hearing.new_context(locale="zh-CN"), [])
    await page.goto(f"{address_of(demo)}/#/assistant")
    talk = page.get_by_role("button", name="按住说话")
    box = await talk.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 5, box["y"] + 5)
    await page.mouse.down()
    await page.get_by_role("button", name="正在听").wait_for()
    await page.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 500))")
    await page.mouse.up()
    await page.locator("main").get_by_text("speech").wait_for()


async def test_a_plan_is_said_in_the_words_of_its_language(demo: Hub, browser: Any) -> None:
    """No trait, no ``true``, no ISO time and no unit code of the plan stands in it."""
    complaints: list[str] = []
    for locale, button, said, lines in (
        ("en-GB", "Send", "close the blinds at 22:00", [r"^at .*22:00$", r"^Blinds: position → 0%$"]),
        ("en-GB", "Send", "set the air conditioner to 23 degrees", [r"^Air conditioner: target temperature → 23.°C$"]),
        ("zh-CN", "发送", "洗衣机洗完后打开厨房灯", [r"^如果洗衣机状态为已完成$", r"^厨房灯: 开关 → 开$"]),
    ):
        page = await signed_in(demo, await browser.new_context(locale=locale), complaints)
        await page.goto(f"{address_of(demo)}/#/assistant")
        await page.locator("form.say input[type=checkbox]").check()
        await page.locator("form.say input").first.fill(said)
        await page.get_by_role("button", name=button).click()
        plan = page.locator("[data-plan=would] li")
        for line in lines:
            await plan.filter(has_text=re.compile(line)).wait_for()
        assert await plan.count() == len(lines)
    assert complaints == []


async def test_what_is_said_in_another_language_than_the_page_is_understood(demo: Hub, browser: Any) -> None:
    """Chinese on an English page; and what is not about this place is said in the words of the page."""
    complaints: list[str] = []
    for locale, button, said, heard in (
        ("en-GB", "Send", "把卧室灯调到百分之三十五", None),
        ("zh-CN", "发送", "set the bedroom light to 35%", None),
        ("en-GB", "Send", "tell me a joke about parrots", "I took that for something that is not about this place"),
        ("zh-CN", "发送", "给我讲个笑话", "这句话似乎与这里的设备无关"),
    ):
        page = await signed_in(demo, await browser.new_context(locale=locale), complaints)
        await page.goto(f"{address_of(demo)}/#/assistant")
        await page.locator("form.say input[type=checkbox]").check()
        await page.locator("form.say input").first.fill(said)
        await page.get_by_role("button", name=button).click()
        if heard is None:
            await page.locator("[data-plan=would] li").filter(has_text="35").wait_for()
        else:
            await page.locator("[data-became=nothing]").get_by_text(heard).wait_for()
    assert complaints == []
