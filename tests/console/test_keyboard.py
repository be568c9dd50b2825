"""The console without a mouse: whatever acts is reached by Tab and seen, and what goes away gives the focus back."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.console.conftest import address_of, signed_in
from tests.console.looks import violations
from tests.hub.hub import Hub

PAGES = ["", "things/living_climate", "scenes", "scenes/new", "blueprints", "add", "history", "people", "account"]

FOCUS = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  if (here.dataset.visited && here !== window.lastStop) return null;  // once round; a date has several stops inside
  window.lastStop = here;
  here.dataset.visited = true;
  const outlined = (one) => one && getComputedStyle(one).outlineStyle !== "none";
  const fields = "input, select, textarea";  // theirs is the border of the field around, or the track beside
  return {
    what: here.outerHTML.slice(0, 200),
    shown: outlined(here) || here.matches(fields) || outlined(here.nextElementSibling),
  };
}"""
AT = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.tagName"
MARK = """[...document.querySelectorAll("main a[href], main button, main input, main select, main textarea")].filter(
  (one) => one.tabIndex >= 0 && !one.disabled && one.type !== "radio" && one.checkVisibility({visibilityProperty: true})
).forEach((one) => one.dataset.acts = true)"""
LEFT = """[...document.querySelectorAll("[data-acts]:not([data-visited]):not(:disabled)")].map(
  (one) => one.outerHTML.slice(0, 200)
)"""


async def test_whatever_acts_is_reached_by_tab_and_seen(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []

    async def all_have_told() -> bool:
        """What tells for the first time becomes another card, from under the focus."""
        return all(each["seen"] for each in (await demo.ask("GET", "/api/v1/things?limit=500"))["items"])

    await demo.eventually(all_have_told, "everything has told something", 100)
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    for name in PAGES:
        await page.goto(f"{address_of(demo)}/#/{name}")
        await page.locator("main").get_by_role("heading").first.wait_for()
        await page.wait_for_load_state("networkidle")
        await page.evaluate("document.activeElement.blur()")
        await page.evaluate(MARK)
        while True:
            await page.keyboard.press("Tab")
            stop = await page.evaluate(FOCUS)
            if stop is None:
                break
            assert stop["shown"], (name, stop["what"])
        assert await page.evaluate(LEFT) == [], name
    assert complaints == []


async def test_a_dialog_is_named_and_gives_the_focus_back(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB", bypass_csp=True), complaints)
    unlock = page.get_by_role("button", name="Unlock: Front door lock")
    await unlock.focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("dialog", name="Are you sure?").wait_for()
    await page.get_by_role("button", name="Do it").wait_for()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog").wait_for(state="hidden")
    await page.wait_for_function("document.activeElement.ariaLabel?.startsWith('Unlock: Front door lock')")

    await page.keyboard.press("Control+k")
    search = page.get_by_role("combobox", name="Search things")
    await search.fill("bedroom")
    await page.keyboard.press("ArrowDown")
    second = page.get_by_role("option").nth(1)
    assert await second.get_attribute("aria-selected") == "true"
    assert await search.get_attribute("aria-activedescendant") == await second.get_attribute("id")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.wait_for_function("document.activeElement.ariaLabel?.startsWith('Unlock: Front door lock')")

    await page.keyboard.press("Control+k")
    await search.fill("bedroom light")
    await page.get_by_role("option", name="Bedroom light").first.wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Bedroom light").wait_for()
    await page.wait_for_function("document.activeElement.tagName == 'MAIN'")  # what had it went with its page

    await page.goto(f"{address_of(demo)}/#/scenes/new")
    add = page.get_by_role("button", name="Add a trigger")
    await add.focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("menuitem", name="A value changes").wait_for()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.wait_for_function("document.activeElement.ariaLabel?.startsWith('Add a trigger')")
    assert complaints == []


async def test_a_slider_is_set_by_keys_once_and_keeps_the_focus(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.post_data) if "/commands" in one.url else None)
    lamp = page.locator("[data-thing=bedroom_light]")
    slider = lamp.get_by_role("slider", name="Bedroom light: brightness")
    before = int(await slider.get_attribute("aria-valuenow"))
    step = "ArrowLeft" if before > 50 else "ArrowRight"
    await slider.focus()
    await asyncio.gather(*(page.keyboard.press(step) for _ in range(3)))  # one behind the other, without a rest
    await lamp.locator("[data-order=confirmed]").first.wait_for()
    wanted = before - 3 if before > 50 else before + 3
    await lamp.locator(".reported", has_text=f"{wanted}%").wait_for()
    assert asked == [f'{{"set":{{"brightness":{wanted}}}}}']
    assert await page.evaluate(AT) == "Bedroom light: brightness"
    switch = lamp.get_by_role("switch")
    await switch.focus()
    await page.keyboard.press("Space")
    await lamp.locator("[data-order=confirmed]").first.wait_for()
    assert await page.evaluate(AT) == "Bedroom light: power switch"
    assert complaints == []


async def test_a_slider_whose_order_is_not_given_goes_back_to_what_is(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    door = page.locator("[data-thing=garage_door]")
    slider = door.get_by_role("slider")
    now = await slider.get_attribute("aria-valuenow")
    await slider.focus()
    await page.keyboard.press("End")
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await page.get_by_role("dialog").wait_for(state="hidden")
    assert await slider.get_attribute("aria-valuenow") == now
    assert complaints == []


async def test_a_crowd_of_things_leaves_scenes_and_settings_in_sight(demo: Hub, browser: Any) -> None:
    """Ctrl-K: the nearest first, and not so many of one kind that another has no room."""
    crowd = [{"id": f"signal_{n}", "model": "light", "place": "home", "name": f"Signal {n}"} for n in range(40)]
    await demo.ask("POST", "/api/v1/things", crowd)
    try:
        page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
        await page.locator("[data-thing=signal_39]").wait_for()
        await page.keyboard.press("Control+k")
        field = page.get_by_role("combobox", name="Search things, scenes, places, or say something")
        found = page.get_by_role("option")
        await field.fill("si")
        await found.filter(has_text="Signal 0").wait_for()
        names = [each.split("\n")[0] for each in await found.all_inner_texts()]
        assert {"Sign out", "Say: si"} <= set(names), names
        assert 12 <= sum(name.startswith("Signal") for name in names) <= 30
        await field.fill("signal 7")
        assert (await found.first.inner_text()).startswith("Signal 7")
        await field.fill("press")
        await found.filter(has_text="Press cell").first.wait_for()
        assert (await found.first.inner_text()).startswith("Press")
    finally:
        for each in crowd:
            await demo.ask("DELETE", f"/api/v1/things/{each['id']}")
