"""Dashboards and history in the console: composed by mouse and keys, shared, on a wall; rooms, energy, production."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import address_of, signed_in
from tests.console.looks import violations
from tests.console.test_scenes import api
from tests.console.test_thing import report
from tests.hub.hub import Hub


async def test_a_dashboard_is_composed_by_keys_and_mouse_shared_and_hung_on_a_wall(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    context = await browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    page = await signed_in(demo, context, complaints)
    await page.goto(f"{address_of(demo)}/#/dashboards")
    await page.get_by_label("Name").fill("Kitchen wall")
    await page.get_by_role("button", name="New dashboard").click()
    for kind in ("Clock", "Things", "Chart"):
        await page.get_by_role("button", name="Put something on it").click()
        await page.get_by_role("menuitem", name=kind, exact=True).click()
    clock, things = page.locator("[data-card=clock]"), page.locator("[data-card=things]")
    assert await clock.get_attribute("data-at") == "0 0 3 2"
    grip = page.get_by_role("button", name="Move: Clock")
    await grip.focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        await page.keyboard.press(key)
    assert await clock.get_attribute("data-at") == "2 0 4 2"

    before = await things.get_attribute("data-at")
    box = await page.get_by_role("button", name="Move: Things").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 5, box["y"] + 5)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 700, box["y"] - 150, steps=5)
    await page.mouse.up()
    x, y, _w, _h = map(int, (await things.get_attribute("data-at") or "").split())
    assert (x >= 5, y) == (True, 0), before

    await page.get_by_role("button", name="What it shows: Things").click()
    await page.get_by_role("combobox", name="Things").fill("Kitchen light")
    await page.get_by_role("option", name="Kitchen light", exact=True).click()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.get_by_label("Shared at").select_option("home")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Compose").wait_for()
    await page.locator("[data-card=things] [data-thing=kitchen_light]").wait_for()
    with api(demo) as http:
        kept = http.get("/dashboards/kitchen_wall").json()
        assert (kept["place"], len(kept["cards"])) == ("home", 3)
        assert {"kind": "clock", "x": 2, "y": 0, "w": 4, "h": 2}.items() <= kept["cards"][0].items()
    await page.get_by_role("button", name="Full screen").click()
    await page.locator("[data-full=yes]").wait_for()
    await page.evaluate("document.exitFullscreen()")
    await page.locator("[data-full=no]").wait_for()
    with api(demo) as http:
        http.delete("/dashboards/kitchen_wall")
    assert complaints == []


async def test_rooms_energy_and_production_in_both_languages(demo: Hub, browser: Any, tmp_path: Path) -> None:
    cards: list[dict[str, Any]] = [
        {"kind": kind, "x": 0, "y": 4 * number, "w": 12, "h": 4, "title": kind, **more}
        for number, (kind, more) in enumerate[tuple[str, dict[str, Any]]](
            [
                ("value", {"things": ["living_climate"], "properties": ["target_temperature"]}),
                ("chart", {"things": ["living_climate"], "properties": ["target_temperature"], "span": "hour"}),
                ("line", {"place": "plant"}),
                ("text", {"text": "Hello"}),
                ("alarms", {}),
                ("scenes", {"scenes": ["nothing"]}),
            ]
        )
    ]
    with api(demo) as http:
        assert http.post("/dashboards", json={"name": "All", "id": "all", "cards": cards}).status_code == 201
    faults: list[str] = []
    for locale, scheme, width in (
        ("zh-CN", "dark", 390),
        ("en-GB", "light", 1440),
        ("en-GB", "dark", 390),
        ("zh-CN", "light", 1440),
    ):
        complaints: list[str] = []
        context = await browser.new_context(
            locale=locale, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        page = await signed_in(demo, context, complaints)
        for name in ("history", "dashboards", "dashboards/all", "dashboards/all?edit"):
            await page.goto("about:blank")
            await page.goto(f"{address_of(demo)}/#/{name}")
            await page.locator("main h1").wait_for()
            if name == "history":
                await page.locator("main select").first.select_option("temperature")
                await page.locator(".chart:not([data-points='0']) canvas").first.wait_for()
                await page.locator("label.mantine-SegmentedControl-label").nth(1).click()
                await page.locator(".chart[aria-label*=':'] canvas").first.wait_for()
                faults += [f"{name} bars: {one}" for one in await violations(page)]
                await page.get_by_role("tab").nth(1).click()
                await page.locator("[data-energy]").wait_for()
                faults += [f"{name} energy: {one}" for one in await violations(page)]
                await page.get_by_role("tab").nth(2).click()
                await page.locator("[data-line]").first.wait_for()
            await page.screenshot(path=tmp_path / f"{name.replace('/', '-')}-{locale}-{scheme}-{width}.png")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, name
            faults += [f"{name}: {one}" for one in await violations(page)]
        assert complaints == []
    with api(demo) as http:
        http.delete("/dashboards/all")
    assert faults == []


async def test_the_energy_page_and_the_assistant_say_the_same_of_a_meter(demo: Hub, browser: Any) -> None:
    """One that was put right (4190 to 4182), and one that was replaced by a new one."""
    with api(demo) as http:
        body = {"id": "cellar_meter", "model": "meter", "place": "home", "name": "Cellar meter"}
        made = http.post("/things", json=body)
        assert made.is_success, made.text
        for reading in (4180, 4190, 4182, 4183.5, 0.5, 2):
            report(demo, "cellar_meter", made.json()["secret"], energy=reading)
        card = {"kind": "energy", "x": 0, "y": 0, "w": 12, "h": 6, "things": ["cellar_meter"], "span": "week"}
        assert http.post("/dashboards", json={"name": "Cellar", "id": "cellar", "cards": [card]}).status_code == 201
        asked = http.post("/assist", json={"text": "how much energy did the cellar meter use this week"})
    (item,) = asked.json()["answer"]["items"]
    assert item["value"] == pytest.approx(3.5 + 2)
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    await page.goto(f"{address_of(demo)}/#/dashboards/cellar")
    await page.locator("[data-energy='5.5000']").wait_for()
