"""The page that lets a browser be told, and its service worker, in a real Chromium.

To subscribe Chromium registers with its maker's push service, which is out of reach here. That the page says what
failed is tested, and a message is handed to the service worker through DevTools, as if a push service delivered it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Hub
from tests.parts import DEADLINE_S, until

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="Chromium is not installed (Debian: apt-get install chromium)"
)

SHOWN = """async () => {
  const worker = await navigator.serviceWorker.ready;
  return (await worker.getNotifications()).map((n) => [n.title, n.body, n.tag, n.requireInteraction]);
}"""


@pytest.fixture
async def page(hub: Hub) -> AsyncIterator[Any]:
    """The page /push, signed in, in a browser that may show notifications."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        context = await browser.new_context(locale="en-GB")
        await context.grant_permissions(["notifications"], origin=hub.url)
        made = await context.new_page()
        await made.goto(f"{hub.url}/push")
        yield made
        await browser.close()


async def test_who_is_not_signed_in_is_led_there(page: Any) -> None:
    assert await page.text_content("h1") == "Notifications in this browser"
    assert await page.text_content("#said a") == "Sign in first."
    assert await page.is_disabled("#on")


async def test_what_keeps_a_browser_from_subscribing_is_said(hub: Hub, page: Any) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.evaluate("token => localStorage.setItem('unisono.token', token)", hub.token)
    await page.reload()
    await page.click("#on")
    # no notifier runs in this test, so there is no key yet: the hub's own words
    # a locator's wait, not a function: the page lets no text be evaluated
    said = page.locator("#said", has_text="The hub has not made its key yet. Try again in a moment")
    await said.wait_for(timeout=20_000)
    assert complaints == []


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (
            {"title": "Leak", "text": "水 under the sink", "priority": "critical", "group": "leak"},
            ["Leak", "水 under the sink", "leak", True],
        ),
        ({"title": "", "text": "supper", "priority": "low", "group": None}, ["Unisono", "supper", "", False]),
    ],
)
async def test_the_service_worker_shows_what_was_pushed(hub: Hub, page: Any, told: Any, shown: Any) -> None:
    devtools = await page.context.new_cdp_session(page)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(each["registrationId"] for each in event["registrations"]),
    )
    await devtools.send("ServiceWorker.enable")
    await page.evaluate("async () => { await navigator.serviceWorker.register('/push.js'); }")
    await page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    await until(lambda: registrations, "the browser tells of it")
    message = {"origin": f"{hub.url}/", "registrationId": registrations[-1], "data": json.dumps(told)}
    await devtools.send("ServiceWorker.deliverPushMessage", message)
    deadline = time.monotonic() + DEADLINE_S
    while not (found := await page.evaluate(SHOWN)):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert found == [shown]
