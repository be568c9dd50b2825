"""Cards that fit their kind, and what a touch explains: pending, confirmed, mismatch, stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.console.conftest import address_of, signed_in
from tests.console.test_scenes import api
from tests.hub.hub import Hub

CAREFUL = {
    "rules": [
        {"name": "ask once more", "then": "confirm", "who": {"kinds": ["person", "program"]}},
    ],
}


async def test_each_kind_has_its_card(demo: Hub, browser: Any, tmp_path: Path) -> None:
    complaints: list[str] = []
    context = await browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    page = await signed_in(demo, context, complaints)
    for kind in ("svg.dial:not(.small)", "svg.battery", "svg.trend"):  # until they have spoken
        await page.locator(kind).first.wait_for()
    with api(demo) as http:
        things = http.get("/things?limit=500").json()["items"]
        kinds = {thing["id"]: http.get(f"/models/{thing['model']}").json().get("kind") or "" for thing in things}
    faces = {"climate": "svg.dial", "tank": "svg.tank", "car": "svg.battery", "cover": "svg.cover"}
    seen = set()
    for thing, kind in kinds.items():
        face = faces.get(kind, "svg.trend" if kind.startswith("sensor.") else None)
        values = next(each["state"] for each in things if each["id"] == thing).values()
        numbers = [each for each in values if isinstance(each["value"], int | float)]
        if face is None or not numbers or all(isinstance(each["value"], bool) for each in numbers):
            continue
        card = page.locator(f"[data-thing={thing}]")
        await card.scroll_into_view_if_needed()
        await card.locator(face).first.wait_for()
        assert await card.locator(face).first.get_attribute("aria-label")
        seen.add(kind.split(".")[0])
    await page.screenshot(path=tmp_path / "cards.png", full_page=True)
    assert {"climate", "sensor", "car"} <= seen, seen
    assert complaints == []


async def test_a_card_says_everything_once_and_what_is_before_what_shall_be(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    press = page.locator("[data-thing=press_1]")
    await press.scroll_into_view_if_needed()
    await press.locator("svg.dial").wait_for()
    # its dial's too; not the inner text: a card has none until the frame after it came in sight
    said = (await press.text_content()).lower()
    for word in ("%", "cycle time", "running"):
        assert said.count(word) == 1, said
    fridge = page.locator("[data-thing=fridge]")
    await fridge.scroll_into_view_if_needed()
    await fridge.locator(".large[title=temperature]").wait_for()
    await fridge.locator(".hand", has_text="target temperature").wait_for()


async def test_what_became_of_it_is_explained_on_touch(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    lamp = page.locator("[data-thing=kitchen_light]")
    await lamp.locator(".mantine-Switch-track").click()
    became = lamp.locator("[data-kind=confirmed]")
    await became.get_by_role("button").click()
    await became.get_by_text("The thing itself has reported the wanted value.").wait_for()

    # a thing that nobody speaks for: what it is asked for stays pending, and looks so
    with api(demo) as http:
        body = {"id": "silent_lamp", "model": "light", "place": "home", "name": "Silent lamp"}
        assert http.post("/things", json=body).status_code == 201
    await page.goto(f"{address_of(demo)}/#/things/silent_lamp")
    await page.reload()
    await page.get_by_role("button", name="On: Silent lamp: power switch").click()
    pending = page.locator("[data-kind=pending]").first
    await pending.get_by_role("button").click()
    await pending.get_by_text("has not said yet that it is so").wait_for()
    await page.goto(f"{address_of(demo)}/#/")
    stale = page.locator("[data-thing=silent_lamp] [data-stale]")
    await stale.click()
    await page.get_by_role("note").get_by_text("not connected").wait_for()
    with api(demo) as http:
        http.delete("/things/silent_lamp")
    assert complaints == []


async def test_a_quick_button_asks_for_the_second_word_that_its_place_wants(demo: Hub, browser: Any) -> None:
    """As a slider does: it must not look as if it had done nothing."""
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    sure = page.get_by_role("dialog")
    blinds = page.locator("[data-thing=living_blinds]")
    await blinds.locator("svg.cover").wait_for()  # it has spoken: the demonstration is set up, its policy too
    with api(demo) as http:
        before = http.get("/places/home/policy").json()["policy"]
        assert http.put("/places/home/policy", json=CAREFUL).is_success
    try:
        shut = await blinds.locator(".large").inner_text() == "0%"
        word, there = ("Open", "100%") if shut else ("Close", "0%")
        await blinds.get_by_role("button", name=f"{word}: Blinds").click()
        await sure.get_by_text("Blinds: position").wait_for()
        await sure.get_by_role("button", name="Cancel").click()
        await sure.wait_for(state="hidden")
        await blinds.get_by_role("button", name=f"{word}: Blinds").click()
        await sure.get_by_role("button", name="Do it").click()
        await blinds.locator(".large", has_text=there).wait_for()
        dock = page.get_by_role("button", name="To its dock: ")
        await dock.click()
        await sure.get_by_text("To its dock").wait_for()
        await sure.get_by_role("button", name="Do it").click()
        await page.locator("article", has=dock).locator("[data-order]").wait_for()
    finally:
        with api(demo) as http:
            assert http.put("/places/home/policy", json=before).is_success
    assert all("428" in one for one in complaints), complaints  # the browser tells of each answer that asks


OVERHANGS = """() => [...document.querySelectorAll('article.thing')].flatMap(card => {
    const inner = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight)
    return [...card.querySelectorAll('.mantine-Slider-root, button, .reported')]
        .filter(each => each.getBoundingClientRect().right > inner + 1)
        .map(each => `${card.dataset.thing}: ${each.className}`)
})"""


async def test_what_is_under_the_finger_stays_inside_its_card(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    await page.locator("[data-thing=living_light] .mantine-Slider-root").first.wait_for()
    overhangs = {}
    for width in (360, 390, 768, 1024, 1440, 1920, 2560, 3840):
        await page.set_viewport_size({"width": width, "height": 1000})
        overhangs[width] = await page.evaluate(OVERHANGS)
    assert {width: found for width, found in overhangs.items() if found} == {}
