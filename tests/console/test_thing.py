"""A thing's page: its past from far to near, in files too; its commands, raw messages, access and model."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import address_of, signed_in
from tests.console.looks import violations
from tests.console.test_scenes import api, command
from tests.hub.hub import Hub

TABS = ["Now", "Over time", "Commands", "Messages", "Not understood", "Identity", "Model"]
TABS_ZH = ["现在", "历史", "命令", "消息", "未被理解的消息", "身份", "型号"]


async def test_its_past_from_far_to_near_and_in_files(demo: Hub, browser: Any, tmp_path: Path) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB", accept_downloads=True), complaints)
    with api(demo) as http:
        for brightness in (20, 40, 60):
            command(http, "bedroom_light", brightness=brightness, on_off=True)
    await page.goto(f"{address_of(demo)}/#/things/bedroom_light")
    await page.get_by_role("tab", name="Over time").click()
    chart = page.locator(".chart")
    await chart.locator("canvas").first.wait_for()
    await page.locator(".chart:not([data-points='0'])").wait_for()
    assert "brightness" in (await chart.get_attribute("aria-label") or "").lower()
    first = await chart.get_attribute("data-view")
    assert await chart.get_attribute("data-raw") == "no", "a day comes in buckets"

    # by keys: closer, until the values are shown as they were
    await page.get_by_role("button", name="Later").focus()
    for _step in range(12):
        await page.get_by_role("button", name="Closer").press("Enter")
        await page.get_by_role("button", name="Later").press("Enter")
    await page.locator(".chart[data-raw=yes]").wait_for()
    begin, end = map(int, (await chart.get_attribute("data-view") or "").split())
    assert end - begin < 3_600_000
    # a second series on the same axis
    await page.get_by_role("combobox", name="Series").fill("power switch")
    await page.get_by_role("option", name="power switch", exact=True).click()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Whole").click()
    await page.locator(f".chart[data-view='{first}']").wait_for()

    async with page.expect_download() as saved:
        await page.get_by_role("button", name="CSV").click()
    await (await saved.value).save_as(tmp_path / "past.csv")
    with (tmp_path / "past.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["property"] for row in rows} == {"brightness", "on_off"}
    assert {"20", "40", "60"} <= {row["value"] for row in rows if row["property"] == "brightness"}
    async with page.expect_download() as picture:
        await page.get_by_role("button", name="Picture (PNG)").click()
    await (await picture.value).save_as(tmp_path / "past.png")
    assert (tmp_path / "past.png").read_bytes().startswith(b"\x89PNG")
    assert complaints == []


async def test_raw_messages_come_and_go_and_can_be_held_and_filtered(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(demo)}/#/things/hallway_light")
    await page.get_by_role("tab", name="Messages").click()
    with api(demo) as http:
        command(http, "hallway_light", brightness=33, on_off=True)
        out = page.locator("[data-way=out]", has_text='"brightness":33')
        await out.first.wait_for()
        await page.locator("[data-way=in]", has_text="state").first.wait_for()
        await page.get_by_role("button", name="Pause").click()
        command(http, "hallway_light", brightness=44, on_off=True)
        await page.get_by_role("button", name="Go on (").wait_for()
        assert await page.get_by_text('"brightness":44').count() == 0
        await page.get_by_role("button", name="Go on").click()
        await page.locator("[data-way=out]", has_text='"brightness":44').first.wait_for()
        await page.get_by_label("Filter").fill('"brightness":44')
        await out.first.wait_for(state="detached")
    assert complaints == []


@pytest.mark.parametrize(
    ("locale", "scheme", "width"),
    [("en-GB", "light", 1440), ("zh-CN", "dark", 390), ("zh-CN", "light", 1440), ("en-GB", "dark", 390)],
)
async def test_every_tab_in_both_languages_and_sizes(
    demo: Hub, browser: Any, tmp_path: Path, locale: str, scheme: str, width: int
) -> None:
    complaints: list[str] = []
    context = await browser.new_context(locale=locale, color_scheme=scheme, viewport={"width": width, "height": 900})
    page = await signed_in(demo, context, complaints)
    await page.goto(f"{address_of(demo)}/#/things/kitchen_light")
    faults: list[str] = []
    for number, name in enumerate(TABS_ZH if locale == "zh-CN" else TABS):
        await page.get_by_role("tab", name=name, exact=True).click()
        await page.locator("[role=tabpanel]:visible > *").first.wait_for()
        await page.locator("[role=tabpanel]:visible .mantine-Loader-root").wait_for(state="detached")
        await page.screenshot(path=tmp_path / f"tab-{number}-{locale}-{scheme}-{width}.png")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, name
        faults += [f"{name}: {one}" for one in await violations(page)]
    assert faults == []
    assert complaints == []
