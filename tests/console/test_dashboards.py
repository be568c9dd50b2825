"""Dashboards and history in the console: composed by mouse and keys, shared, on a wall; rooms, energy, production."""

from __future__ import annotations

import asyncio
import csv
import time
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import address_of, signed_in
from tests.console.looks import violations
from tests.console.test_scenes import api
from tests.console.test_thing import report
from tests.hub.hub import Hub
from tests.parts import DEADLINE_S


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
    await page.wait_for_function("document.fullscreenElement")
    await page.evaluate("document.exitFullscreen()")
    await page.get_by_role("button", name="Compose").wait_for()
    with api(demo) as http:
        http.delete("/dashboards/kitchen_wall")
    assert complaints == []


def hung(hub: Hub, id: str, *cards: dict[str, Any]) -> None:
    with api(hub) as http:
        made = http.post("/dashboards", json={"name": id, "id": id, "cards": list(cards)})
        assert made.status_code == 201, made.text


def card(kind: str, y: int, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "x": 0, "y": y, "w": 6, "h": 4, **more}


async def test_a_wall_is_there_again_by_itself_and_asks_before_what_is_risky(demo: Hub, browser: Any) -> None:
    hung(
        demo, "hall", card("things", 0, things=["front_door_lock"]), card("place", 4, place="plant"), card("alarms", 8)
    )
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    await page.goto(f"{address_of(demo)}/#/dashboards/hall")
    await page.get_by_role("button", name="Full screen").click()
    # what asks once more is not hidden behind what fills the screen
    await page.wait_for_function("document.fullscreenElement")
    await page.get_by_role("button", name="Unlock: Front door lock").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await page.locator("[data-card=place] [data-thing=press_1]").wait_for()  # in a cell of a line of a hall of it
    await page.reload()
    await page.locator("[data-full=yes] [data-thing=front_door_lock]").wait_for()
    assert await page.get_by_role("banner").count() == 0
    # a hub that answers nothing has not said that there are no alarms
    await page.route("**/api/v1/alarms**", lambda route: route.abort())
    await page.reload()
    await page.locator("[data-card=alarms]").get_by_role("alert").wait_for()
    assert await page.get_by_text("No alarms").count() == 0
    # and it comes back without anybody's hand
    await page.unroute("**/api/v1/alarms**")
    await page.locator("[data-card=alarms]").get_by_role("alert").wait_for(state="detached")
    await page.get_by_role("link", name="Leave the full screen").click()
    await page.get_by_role("button", name="Compose").wait_for()


async def test_a_lost_line_is_said_on_the_wall_and_its_values_look_it(demo: Hub, browser: Any) -> None:
    hung(demo, "lost", card("value", 0, things=["living_temperature"], properties=["temperature"]))
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    sockets: list[Any] = []
    await page.route_web_socket("**/api/v1/live", lambda socket: sockets.append((socket, socket.connect_to_server())))
    await page.goto("about:blank")
    await page.goto(f"{address_of(demo)}/#/dashboards/lost?wall")
    value = page.locator("[data-value=living_temperature]")
    await value.locator(".large", has_text="°C").wait_for()
    await value.locator("[data-stale]").wait_for(state="detached")
    await page.route_web_socket("**/api/v1/live", lambda socket: socket.close())
    await sockets[-1][0].close()
    await page.get_by_role("alert").get_by_text("The live connection is lost").wait_for()
    await value.locator("[data-stale]").wait_for()
    await page.route_web_socket("**/api/v1/live", lambda socket: socket.connect_to_server())
    await page.get_by_role("alert").wait_for(state="detached")
    await value.locator("[data-stale]").wait_for(state="detached")


async def test_on_a_phone_cards_stand_as_they_were_put_and_are_dragged_past_each_other(demo: Hub, browser: Any) -> None:
    hung(demo, "pocket", card("clock", 4), card("text", 0, text="Hello"), card("alarms", 8))
    context = await browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844}, has_touch=True)
    page = await signed_in(demo, context, [])
    await page.goto(f"{address_of(demo)}/#/dashboards/pocket?edit")

    async def order() -> list[str]:
        tops = {}
        for kind in ("clock", "text", "alarms"):
            box = await page.locator(f"[data-card={kind}]").bounding_box()
            tops[kind] = box["y"]
        return sorted(tops, key=lambda kind: tops[kind])

    await page.locator("[data-card=alarms]").wait_for()
    assert await order() == ["text", "clock", "alarms"]
    devtools = await context.new_cdp_session(page)
    grip = await page.get_by_role("button", name="Move: Text").bounding_box()
    goal = await page.locator("[data-card=clock]").bounding_box()
    x, start, end = grip["x"] + 8, grip["y"] + 8, goal["y"] + goal["height"] - 4
    for kind, at in (("touchStart", start), ("touchMove", (start + end) / 2), ("touchMove", end)):
        await devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": at}]})
    await devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    deadline = time.monotonic() + DEADLINE_S
    while await order() != ["clock", "text", "alarms"]:  # the page lays them out a moment after the finger is gone
        assert time.monotonic() < deadline, await order()
        await asyncio.sleep(0.05)
    # not saved: it is not lost by a touch on another page's name
    asked: list[str] = []

    async def stay(dialog: Any) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.once("dialog", stay)
    await page.get_by_role("link", name="Scenes").click()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Compose").wait_for()
    assert len(asked) == 1
    assert await order() == ["clock", "text", "alarms"]
    await page.get_by_role("link", name="Scenes").click()
    await page.get_by_role("link", name="New scene").wait_for()


async def test_what_is_compared_used_and_made_goes_into_files(demo: Hub, browser: Any, tmp_path: Path) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB", accept_downloads=True), [])
    for told in ("living_temperature", "bedroom_temperature"):
        await page.locator(f"[data-thing={told}] .large", has_text="°C").wait_for()
    for told in ("home_meter", "press_1"):
        await page.locator(f"[data-thing={told}] .large").wait_for()
    await page.goto(f"{address_of(demo)}/#/history")
    await page.locator("main select").first.select_option("temperature")
    await page.locator("label", has_text="Bars").click()
    await page.locator(".chart canvas").first.wait_for()

    async def saved(button: str) -> list[dict[str, str]]:
        async with page.expect_download() as download:
            await page.get_by_role("button", name=button, exact=True).click()
        path = tmp_path / f"{button}.csv"
        await (await download.value).save_as(path)
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    rows = await saved("CSV")
    assert {"living_temperature", "bedroom_temperature"} <= {row["thing"] for row in rows}
    assert any(10 < float(row["mean"]) < 40 for row in rows if row["thing"] == "living_temperature" and row["mean"])
    await page.get_by_role("tab", name="Energy").click()
    await page.locator("[data-energy]").wait_for()
    rows = await saved("CSV")
    assert {"from", "to", "thing", "tariff", "kWh"} == set(rows[0])
    assert "home_meter" in {row["thing"] for row in rows}
    await page.get_by_role("tab", name="Production").click()
    await page.locator("[data-line=press_1]").wait_for()
    [press] = [row for row in await saved("CSV") if row["thing"] == "press_1"]
    assert int(press["running_s"]) > 0
    assert all(row["down_s"] for row in await saved("Downtimes (CSV)"))


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
