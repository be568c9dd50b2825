"""A thing's page: its past from far to near, in files too; its commands, raw messages, access and model."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
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


def report(hub: Hub, id: str, secret: str, **state: float) -> None:
    headers = {"Authorization": f"Bearer {id}:{secret}"}
    answer = httpx.post(f"{address_of(hub)}/api/v1/device/state", headers=headers, json=state, timeout=30)
    assert answer.is_success, answer.text


NUMBERS: dict[str, list[tuple[str, float, str]]] = {
    "sensor.pressure": [
        ("pressure", 25, "25\u00a0Pa"),
        ("pressure", 5230, "5.2\u00a0kPa"),
        ("pressure", 101_325, "1,013\u00a0hPa"),
        ("pressure", -50_000, "-50\u00a0kPa"),
        ("pressure", 690_400, "6.9\u00a0bar"),
        ("pressure", 34_000_000, "340\u00a0bar"),
    ],
    "sensor.temperature": [
        ("temperature", 21.4567, "21.5\u00a0°C"),
        ("temperature", 0.04, "0.04\u00a0°C"),
        ("temperature", 0, "0\u00a0°C"),
        ("temperature", -18.04, "-18\u00a0°C"),
    ],
    "light": [("brightness", 39.37, "39%"), ("color_temperature", 2702.7, "2,700\u00a0K")],
}


@pytest.mark.parametrize("model", NUMBERS)
async def test_numbers_are_written_as_people_read_them(demo: Hub, browser: Any, model: str) -> None:
    """No finer than the model's precision or the unit's use; pressures in what is used at that height."""
    id = f"odd_{model.replace('.', '_')}"
    with api(demo) as http:
        made = http.post("/things", json={"id": id, "model": model, "place": "home", "name": "Odd"})
        assert made.is_success, made.text
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    await page.goto(f"{address_of(demo)}/#/things/{id}")
    for key, value, written in NUMBERS[model]:
        report(demo, id, made.json()["secret"], **{key: value})
        await page.locator(".row .value").get_by_text(written, exact=True).wait_for()
    with api(demo) as http:
        assert http.delete(f"/things/{id}").is_success


BOILER = {
    "id": "test.boiler",
    "services": [
        {
            "properties": [
                {"key": "pressure", "unit": "Pa", "access": ["read", "notify"], "schema": {"kind": "float"}},
                {"key": "wanted", "unit": "Pa", "access": ["read", "write"], "schema": {"kind": "float", "max": 1e6}},
            ]
        }
    ],
}


async def test_a_pressure_is_typed_in_the_unit_that_it_is_shown_in(demo: Hub, browser: Any) -> None:
    with api(demo) as http:
        assert http.post("/models", json=BOILER).is_success
        made = http.post("/things", json={"id": "boiler", "model": "test.boiler", "place": "home", "name": "Boiler"})
        assert made.is_success, made.text
        page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
        await page.goto(f"{address_of(demo)}/#/things/boiler")
        report(demo, "boiler", made.json()["secret"], pressure=671_000, wanted=690_000)
        for written in ("6.71\u00a0bar", "6.9\u00a0bar"):
            await page.locator(".row .value").get_by_text(written, exact=True).wait_for()
        field = page.get_by_label("Boiler: wanted")
        await field.fill("11")
        assert await page.get_by_role("button", name="Set", exact=True).is_disabled(), "more than it may be"
        await field.fill("7.05")
        async with page.expect_request("**/things/boiler/commands**") as asked:
            await page.get_by_role("button", name="Set", exact=True).click()
        await page.locator("[data-order=pending]").get_by_text("7.05\u00a0bar").wait_for()
        assert (await asked.value).post_data_json == {"set": {"wanted": 705_000}}
        assert http.delete("/things/boiler").is_success


async def test_a_thing_that_is_not_there_is_said_to_be_none(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    await page.goto(f"{address_of(demo)}/#/things/none_such")
    await page.get_by_text("There is no thing “none_such” here").wait_for()
    await page.get_by_role("button", name="Back").click()
    await page.locator("[data-thing=kitchen_light]").wait_for()


async def test_why_a_command_ended_is_said_once(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    at = "2026-11-22T10:00:00.000Z"
    by = {"kind": "person", "id": "wei"}
    silent = {"id": "c1", "thing": "kitchen_light", "set": {"on_off": True}, "by": by, "at": at, "ended": at}
    silent |= {"state": "timeout", "why": "nothing came back in time", "code": "no_answer"}
    await page.route("**/api/v1/things/kitchen_light/commands**", lambda route: route.fulfill(json=silent))
    await page.route("**/api/v1/commands?**", lambda route: route.fulfill(json={"items": [silent], "next": None}))
    light = page.locator("[data-thing=kitchen_light]")
    await light.locator(".mantine-Switch-track").click()
    said = light.locator("[data-kind=wrong]")
    await said.wait_for()
    assert (await said.inner_text()).count("nothing came back in time") == 1
    await page.goto(f"{address_of(demo)}/#/things/kitchen_light")
    await page.get_by_role("tab", name="Commands").click()
    life = page.locator("[data-command=timeout]")
    await life.wait_for()
    assert (await life.inner_text()).lower().count("nothing came back in time") == 1


async def test_raw_messages_have_the_time_of_who_reads_them(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB", timezone_id="Asia/Kathmandu"), [])
    await page.goto(f"{address_of(demo)}/#/things/hallway_light")
    await page.get_by_role("tab", name="Messages").click()
    with api(demo) as http:
        command(http, "hallway_light", brightness=51, on_off=True)
    line = page.locator("[data-way=out]", has_text='"brightness":51').first
    said = (await line.inner_text()).split()[0]
    now = datetime.now(ZoneInfo("Asia/Kathmandu"))
    day = now.replace(tzinfo=None)
    told = datetime.combine(day.date(), datetime.strptime(said, "%H:%M:%S.%f").time())
    assert abs((day - told).total_seconds()) % 86_400 < 120


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
