"""The console on a phone: kept as an app, open without a network, a thing of its own."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import segno

from tests.console.conftest import CHROMIUM, TOKEN, address_of, signed_in, token_of
from tests.console.looks import violations
from tests.hub.hub import Hub
from tests.parts import DEADLINE_S, until

WIDTH, HEIGHT, SCALE = 480, 360, 6  # of the film that a camera shows
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "locale": "en-GB",
    "is_mobile": True,
    "has_touch": True,
}


async def holds(page: Any, script: str, what: str) -> None:
    """Wait until a script of the page says so: the page's policy lets no function be waited for."""
    end = time.monotonic() + DEADLINE_S
    while not await page.evaluate(script):
        assert time.monotonic() < end, what
        await asyncio.sleep(0.05)


async def controlled(page: Any) -> None:
    """The service worker is there, and has kept the console."""
    await holds(page, "navigator.serviceWorker.controller !== null", "the service worker has the page")
    kept = "caches.open('shell').then(cache => cache.match('/files')).then(found => found !== undefined)"
    await holds(page, kept, "the console is kept")


async def test_without_a_network_the_last_known_state_is_shown_as_such(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    context = await browser.new_context(**PHONE)
    page = await signed_in(demo, context, complaints)
    await controlled(page)
    await page.reload()  # from now on every file of the page has come by the worker
    light = page.locator("[data-thing=bedroom_light]")
    await light.locator("[role=switch], input[role=switch], .mantine-Switch-track").first.wait_for()
    before = await light.inner_text()
    await holds(page, "localStorage.getItem('unisono.last') !== null", "the last state is kept")
    assert complaints == []
    await context.set_offline(True)
    await page.reload()
    said = page.locator("[data-offline]")
    await said.wait_for()
    assert "Last known state" in await said.inner_text()
    await light.wait_for()
    assert "away" in (await light.get_attribute("class"))
    assert before.splitlines()[0] == (await light.inner_text()).splitlines()[0]
    await page.locator("[role=status]", has_text="not live").wait_for()  # between two tries to reach it
    await context.set_offline(False)
    await said.wait_for(state="detached", timeout=30_000)
    await page.locator("[role=status]", has_text="live").first.wait_for()
    # whoever signs out leaves nothing behind
    await page.goto(f"{address_of(demo)}/#/account")
    await page.locator("main").get_by_text("Sign out").click()
    await page.get_by_label("User").wait_for()
    assert await page.evaluate("localStorage.getItem('unisono.last')") is None


async def test_nothing_of_the_api_is_kept_by_the_worker(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(**PHONE), complaints)
    await controlled(page)
    await page.reload()
    await page.locator("[data-thing=bedroom_light]").wait_for()
    kept = await page.evaluate(
        "caches.open('shell').then(cache => cache.keys()).then(all => all.map(one => new URL(one.url).pathname))"
    )
    assert "/" in kept and any(path.startswith("/assets/") for path in kept)
    assert not [path for path in kept if path.startswith(("/api", "/setup", "/trust"))]
    assert complaints == []


async def test_it_may_be_installed(demo: Hub, browser: Any) -> None:
    """What Chromium asks of an app: a manifest without faults, icons that are what they say."""
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(**PHONE), complaints)
    devtools = await page.context.new_cdp_session(page)
    manifest = await devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    document = json.loads(manifest["data"])
    assert document["display"] == "standalone"
    for icon in document["icons"]:
        answer = await asyncio.to_thread(httpx.get, address_of(demo) + icon["src"])
        assert answer.status_code == 200 and answer.headers["content-type"].startswith(icon["type"])
        if icon["type"] == "image/png":
            width = int.from_bytes(answer.content[16:20], "big")
            assert icon["sizes"] == f"{width}x{width}"
    found = await devtools.send("Page.getInstallabilityErrors")
    serious = [each["errorId"] for each in found["installabilityErrors"] if each["errorId"] != "in-incognito"]
    assert serious == []


async def test_this_phone_is_a_thing_that_tells_its_battery_and_with_consent_its_position(
    demo: Hub, browser: Any
) -> None:
    complaints: list[str] = []
    where = {"latitude": 31.2304, "longitude": 121.4737}
    context = await browser.new_context(**PHONE, geolocation=where, permissions=["geolocation"])
    page = await signed_in(demo, context, complaints)
    await page.goto(f"{address_of(demo)}/#/phone")
    itself = page.locator("section[aria-label='As a thing']")
    await itself.get_by_role("textbox", name="Name", exact=True).fill("Wei's phone")
    await itself.get_by_role("button", name="Make this phone a thing").click()
    made = page.locator("[data-self]")
    await made.wait_for()
    id = str(await made.get_attribute("data-self"))
    await demo.eventually(lambda: demo.value(id, "battery"), "it tells its battery")
    assert "location" not in (await demo.thing(id))["state"]
    await made.get_by_label("Report the position").check()
    told = await demo.eventually(lambda: demo.value(id, "location"), "it tells its position")
    assert abs(told["lat"] - 31.2304) < 1e-6
    await page.get_by_role("button", name="Stop being a thing").click()
    await itself.get_by_role("textbox", name="Name", exact=True).wait_for()
    assert complaints == []


async def test_this_browser_is_told_until_it_is_not(demo: Hub, browser: Any) -> None:
    """A push service is stood in for: no browser of the tests reaches one. What the page makes of the hub's answers."""
    complaints: list[str] = []
    context = await browser.new_context(**PHONE, permissions=["notifications"])
    await context.add_init_script(
        "PushManager.prototype.getSubscription = async () => null;"
        "PushManager.prototype.subscribe = async () => ({toJSON: () => ({endpoint: 'https://push.example/1',"
        " keys: {p256dh: 'BA', auth: 'AA'}})});"
    )
    page = await signed_in(demo, context, complaints)
    channels = [{"id": "c1"}]
    asked: list[str] = []

    async def answer(route: Any) -> None:
        request = route.request
        asked.append(f"{request.method} {request.url.partition('/api/v1')[2]}")
        if request.method == "DELETE":
            channels.clear()
            await route.fulfill(status=204)
        else:
            body = {"id": "c1"} if request.method == "POST" else {"items": channels, "next": None}
            await route.fulfill(json=body)

    await page.route("**/api/v1/me/push", answer)
    await page.route("**/api/v1/me/channels**", answer)
    await page.route("**/api/v1/me/channels/**", answer)
    await page.goto(f"{address_of(demo)}/#/phone")
    part = page.locator("section[aria-label='Notifications']")
    await part.get_by_role("button", name="Tell this browser").click()
    await part.get_by_text("This browser is told.").wait_for()
    await page.reload()
    await part.locator("[data-push=c1]").wait_for()
    await part.get_by_role("button", name="Send a test").click()
    await part.get_by_text("Sent.").wait_for()
    await part.get_by_role("button", name="Stop").click()
    await part.get_by_role("button", name="Tell this browser").wait_for()
    for each in ("POST /me/push", "POST /me/channels/c1/test", "DELETE /me/channels/c1"):
        assert each in asked, asked
    assert complaints == []


async def test_what_is_pushed_is_shown_and_leads_to_its_page(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    context = await browser.new_context(**PHONE, permissions=["notifications"])
    page = await signed_in(demo, context, complaints)
    await controlled(page)
    devtools = await context.new_cdp_session(page)
    workers: list[dict[str, Any]] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda told: workers.extend(told["registrations"]))
    devtools.on("ServiceWorker.workerErrorReported", lambda told: complaints.append(str(told["errorMessage"])))
    await devtools.send("ServiceWorker.enable")
    await until(lambda: bool(workers), "the worker is known")
    told = {"title": "Leak", "text": "Water in the cellar", "priority": "critical", "group": "leak", "page": "alarms"}
    where = {"origin": address_of(demo), "registrationId": workers[0]["registrationId"], "data": json.dumps(told)}
    shown = "navigator.serviceWorker.ready.then(one => one.getNotifications()).then(all => all.map(one => one.title))"
    delivered, end = -DEADLINE_S, time.monotonic() + DEADLINE_S
    while await page.evaluate(shown) != ["Leak"]:
        assert time.monotonic() < end, (complaints, workers)
        if time.monotonic() - delivered > DEADLINE_S / 4:  # the tools may drop one; the next replaces it
            delivered = time.monotonic()
            await devtools.send("ServiceWorker.deliverPushMessage", where)
        await asyncio.sleep(0.05)
    touch = (
        "registration.getNotifications().then(([notification]) =>"
        " dispatchEvent(new NotificationEvent('notificationclick', { notification })))"
    )
    await context.service_workers[0].evaluate(touch)
    await page.get_by_role("heading", name="Alarms", level=1).wait_for()
    await holds(page, f"{shown}.then(all => all.length === 0)", "what was touched is gone")


async def test_a_claim_code_is_taken_up_by_this_phone(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(**PHONE), complaints)
    made = await demo.ask("POST", "/api/v1/claims", {"place": "home", "name": "Anna's phone"})
    await page.goto(f"{address_of(demo)}/#/phone")
    await page.get_by_role("textbox", name="Claim code").fill(made["code"])
    await page.get_by_role("button", name="Take it up").click()
    await page.locator("[data-self]").wait_for()
    id = await page.locator("[data-self]").get_attribute("data-self")
    thing = await demo.thing(str(id))
    assert (thing["name"], thing["model"]) == ("Anna's phone", "phone")
    assert complaints == []


async def test_the_camera_reads_a_claim(demo: Hub, browser: Any) -> None:
    """A browser that reads codes is stood in for: what it would read is a claim's link."""
    made = await demo.ask("POST", "/api/v1/claims", {"place": "home"})
    context = await browser.new_context(**PHONE)
    await context.add_init_script(
        "const canvas = document.createElement('canvas');"
        "canvas.getContext('2d');"
        "navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(5);"
        "HTMLMediaElement.prototype.play = async () => undefined;"
        f"window.BarcodeDetector = class {{ async detect() {{ return [{{rawValue: {json.dumps(made['url'])}}}]; }} }};"
    )
    page = await context.new_page()
    await page.goto(address_of(demo))
    await page.evaluate(TOKEN, token_of(demo))
    await page.reload()
    await page.locator("[data-thing=bedroom_light]").wait_for()
    await page.goto(f"{address_of(demo)}/#/phone")
    await page.get_by_role("button", name="Scan", exact=True).click()
    await page.locator("[data-self]").wait_for()


def filmed(text: str, pictures: int) -> bytes:
    """A code as so many pictures of a film, before a grey wall."""
    code = segno.make_qr(text, error="m")
    rows = [[255 * (dark == 0) for dark in row for _ in range(SCALE)] for row in code.matrix_iter(border=4)]
    wall = bytearray(b"\x80" * WIDTH * HEIGHT)
    left, top = (WIDTH - len(rows[0])) // 2, (HEIGHT - len(rows) * SCALE) // 2
    for at, row in enumerate(row for row in rows for _ in range(SCALE)):
        wall[(top + at) * WIDTH + left : (top + at) * WIDTH + left + len(row)] = bytes(row)
    return (b"FRAME\n" + bytes(wall) + b"\x80" * (WIDTH * HEIGHT // 2)) * pictures


async def test_a_real_camera_reads_a_claim_where_the_browser_reads_no_codes(demo: Hub, tmp_path: Path) -> None:
    """Chromium's own camera for tests shows a menu's code, and then a claim's; another one is refused."""
    from playwright.async_api import async_playwright

    made = await demo.ask("POST", "/api/v1/claims", {"place": "home", "name": "Filmed"})
    film = tmp_path / "film.y4m"
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F5:1 Ip A1:1 C420jpeg\n".encode()
    film.write_bytes(head + filmed("https://example.com/menu", 15) + filmed(made["url"], 30))
    camera = ["--no-sandbox", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=camera)
        page = await signed_in(demo, await browser.new_context(**PHONE), complaints)
        await page.goto(f"{address_of(demo)}/#/phone")
        await page.get_by_role("button", name="Scan", exact=True).click()
        await page.get_by_text("The camera was refused.").wait_for()
        await page.context.grant_permissions(["camera"])
        await page.get_by_role("button", name="Scan", exact=True).click()
        await page.get_by_text("That is no claim code of a hub.").wait_for()
        await page.locator("[data-self]").wait_for()
        assert (await demo.thing(str(await page.locator("[data-self]").get_attribute("data-self"))))["name"] == "Filmed"
        await browser.close()
    assert complaints == []


async def test_a_phone_is_led_to_a_safe_connection(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(**PHONE), complaints)
    safe = page.locator("section[aria-label='A safe connection']")
    await page.goto(f"{address_of(demo)}/#/phone")
    await safe.get_by_text("from the hub's own machine").wait_for()
    await safe.get_by_text("listens on its own machine only").wait_for()
    assert not await safe.get_by_text("need HTTPS").count()

    async def open_to_all(route: Any) -> None:
        answer = await route.fetch()
        body = await answer.json()
        body["doors"]["https"] = "192.0.2.7:8443"
        await route.fulfill(response=answer, json=body)

    await page.route("**/api/v1/status", open_to_all)
    await page.reload()
    picture = safe.locator("img.qr")
    await picture.wait_for()
    await safe.get_by_text("from the hub's own machine").wait_for()
    assert await picture.get_attribute("alt") == "https://192.0.2.7:8443/trust"
    # as a phone sees it that came by the plain address
    await page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    await page.reload()
    await safe.get_by_text("need HTTPS").wait_for()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    trusting = await browser.new_context(**PHONE, color_scheme="dark", ignore_https_errors=True)
    page = await trusting.new_page()
    await page.goto(f"https://127.0.0.1:{demo.https_port}/trust")
    assert await page.locator("a[href*='ca.']").count()
    assert await violations(page) == []
    assert complaints == []
