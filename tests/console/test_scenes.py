"""Scenes in the console: written as sentences and as text, tried in the past, looked into, made from a blueprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.console.conftest import address_of, signed_in, token_of
from tests.console.looks import violations
from tests.hub.hub import Hub

SCENE = """\
# the lamp of the kitchen follows that of the bedroom
id: follow
name: Follow
place: home
when:
  - change: {things: [bedroom_light], property: on_off, is: true}
if:
  - state: {things: [kitchen_light], property: on_off, is: false}
then:
  - set: {things: [kitchen_light], state: {on_off: true}}
"""


def api(hub: Hub) -> httpx.Client:
    return httpx.Client(
        base_url=f"{address_of(hub)}/api/v1", headers={"Authorization": f"Bearer {token_of(hub)}"}, timeout=30
    )


def command(http: httpx.Client, thing: str, **wanted: object) -> None:
    answer = http.post(f"/things/{thing}/commands?wait=15", json={"set": wanted})
    assert answer.json()["state"] == "confirmed", answer.text


async def test_a_scene_is_written_as_sentences_and_the_text_says_the_same(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(demo)}/#/scenes")
    await page.get_by_role("link", name="New scene").click()
    await page.get_by_label("Name", exact=True).fill("Reading light")
    text = page.get_by_role("textbox", name="Text (YAML)")

    await page.get_by_role("button", name="Add a trigger: When").click()
    await page.get_by_role("menuitem", name="A value changes").click()
    await page.get_by_role("combobox", name="When 1: things").fill("Bedroom light")
    await page.get_by_role("option", name="Bedroom light", exact=True).click()
    await page.keyboard.press("Escape")
    await page.get_by_label("When 1: property").select_option("on_off")
    await page.get_by_label("When 1: value 1", exact=True).select_option("is")
    # what it is now stands beside the value that is waited for
    await page.locator(".now").first.wait_for()

    await page.get_by_role("button", name="Add a step: Then").click()
    await page.get_by_role("menuitem", name="Set things").click()
    await page.get_by_role("combobox", name="Then 1: things").fill("Kitchen light")
    await page.get_by_role("option", name="Kitchen light", exact=True).click()
    await page.keyboard.press("Escape")
    await page.get_by_label("Then 1: value: Add a value").select_option("brightness")
    await page.get_by_label("Then 1: value: brightness", exact=True).fill("45")
    written = await text.input_value()
    assert "id: reading_light" in written
    assert "things: [bedroom_light]" in written
    assert "brightness: 45" in written
    await page.locator("[data-checked]").wait_for()

    # and the other way: what is typed is in the sentence; a comment stays when a sentence is changed
    await text.fill(written.replace("brightness: 45", "brightness: 30").replace("when:", "# at night\nwhen:"))
    state = page.get_by_label("Then 1: value: brightness", exact=True)
    assert await state.input_value() == "30 %"
    await state.fill("25")
    assert "# at night" in await text.input_value()
    assert "brightness: 25" in await text.input_value()
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url("**/#/scenes/reading_light")
    with api(demo) as http:
        saved = http.get("/scenes/reading_light").json()
        assert saved["document"]["then"] == [{"set": {"things": ["kitchen_light"], "state": {"brightness": 25}}}]
        assert "# at night" in saved["text"]
        http.delete("/scenes/reading_light")
    assert complaints == []


async def test_what_the_hub_refuses_stands_at_its_field_and_at_its_line(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(demo)}/#/scenes/new")
    text = page.get_by_role("textbox", name="Text (YAML)")
    await text.fill(
        SCENE.replace("[kitchen_light], state: {on_off: true}", "[kitchen_light], state: {brightness: 400}")
    )
    wrong = page.locator("[data-field='then.0.set.state.brightness']")
    await wrong.wait_for()
    assert "100" in await wrong.inner_text()
    await page.locator(".numbers .error", has_text="10").wait_for()
    # all at once, each at its line
    await text.fill(SCENE.replace("[bedroom_light]", "[no_such_light]").replace("state: {on_off", "state: {on_offf"))
    for line in (6, 10):
        await page.locator("[data-checked=odd]").get_by_role("button", name=f"Line {line}", exact=True).wait_for()
    await text.fill("id: [")
    await page.get_by_text("mend it, and the sentences come back").wait_for()
    await page.get_by_role("alert").filter(has_text="Line 1").wait_for()
    await text.fill("id: a\nid: b\nname: c\nname: d\n")
    for line in (2, 4):
        await page.get_by_role("alert").get_by_role("button", name=f"Line {line}", exact=True).wait_for()
    assert complaints == []


async def test_a_number_that_is_cleared_is_nothing_and_not_zero(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(demo)}/#/scenes/new")
    text = page.get_by_role("textbox", name="Text (YAML)")
    await text.fill(SCENE.replace("on_off: true}}", "brightness: 40}}").replace("is: true", "is: true, for_s: 300"))
    number = page.get_by_label("Then 1: value: brightness", exact=True)
    span = page.get_by_role("textbox", name="When 1: for").first
    for field, kept, emptied, typed, then in (
        (number, "brightness: 40", "brightness: null", "25", "brightness: 25"),
        (span, "for_s: 300", "for_s: null", "7", "for_s: 420"),
    ):
        assert kept in await text.input_value()
        await field.fill("")
        assert emptied in await text.input_value()
        assert await field.input_value() == ""
        await page.locator("[data-checked=odd]").get_by_role("button", name="Line").first.wait_for()
        await field.press_sequentially(typed)
        assert then in await text.input_value()
        await page.locator("[data-checked=good]").wait_for()
    # what goes down is typed with its sign
    await text.fill(SCENE.replace("on_off: true}}", "brightness: {add: 10}}}"))
    await number.fill("")
    await number.press_sequentially("-15")
    assert "add: -15" in await text.input_value()
    assert complaints == []


async def test_the_name_is_that_of_the_language(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="zh-CN"), [])
    await page.goto(f"{address_of(demo)}/#/scenes/new")
    text = page.locator(".yaml textarea")
    await text.fill(SCENE.replace("when:", "names: {zh: 夜灯}\nwhen:"))
    name = page.get_by_label("名称", exact=True)
    assert await name.input_value() == "夜灯"
    await name.fill("小夜灯")
    await page.get_by_role("heading", name="小夜灯").wait_for()
    before = next(line for line in SCENE.split("\n") if line.startswith("name:"))
    assert before in await text.input_value()


async def test_a_scene_that_is_not_saved_is_not_lost_by_a_touch(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    await page.goto(f"{address_of(demo)}/#/scenes/new")
    await page.get_by_label("Name", exact=True).fill("Half a thought")
    asked: list[str] = []

    async def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        await (dialog.accept() if len(asked) > 1 else dialog.dismiss())

    page.on("dialog", answer)
    history = page.get_by_role("link", name="History")
    await history.click()
    assert await page.get_by_label("Name", exact=True).input_value() == "Half a thought"
    await history.click()
    await page.get_by_role("heading", name="History and energy").wait_for()
    assert len(asked) == 2


async def test_a_scene_is_tried_against_the_past_and_its_runs_are_told(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    with api(demo) as http:
        command(http, "kitchen_light", on_off=False)
        command(http, "bedroom_light", on_off=False)
        command(http, "bedroom_light", on_off=True)
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(demo)}/#/scenes/new")
    await page.get_by_role("textbox", name="Text (YAML)").fill(SCENE)
    await page.get_by_role("button", name="Test", exact=True).click()
    past = page.locator("[data-past]")
    await past.wait_for()
    assert int(await past.get_attribute("data-past") or 0) >= 1
    await past.get_by_text("It would have run").wait_for()
    await past.locator("summary").first.click()
    await past.locator("[data-step='then.0.set']").first.wait_for()

    # saved, it really runs; a second time a condition says no: both are told
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url("**/#/scenes/follow")
    with api(demo) as http:
        for wanted in (False, True, False, True):
            command(http, "bedroom_light", on_off=wanted)
    await page.get_by_role("tab", name="What happened").click()
    await page.locator("[data-run=done] [data-step='then.0.set']").wait_for()
    await page.locator("[data-refused='if.0.state']").wait_for()
    await page.locator("[data-trigger='when.0.change']").get_by_text("Bedroom light fits").wait_for()
    await page.get_by_role("tab", name="Now").click()
    await page.get_by_role("button", name="Show").click()
    await page.locator("[data-would]").wait_for()
    # from the list: when it ran is told, and why it does not when a person runs it
    await page.goto(f"{address_of(demo)}/#/scenes")
    card = page.locator("[data-scene=follow]")
    await card.get_by_text("last run").wait_for()
    await card.get_by_role("button", name="Run", exact=True).click()
    await card.get_by_role("alert").filter(has_text="a condition said no").wait_for()
    with api(demo) as http:
        http.delete("/scenes/follow")
    assert complaints == []


async def test_a_blueprint_is_filled_in(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(demo)}/#/blueprints")
    await page.locator("[data-blueprint=motion_light]").click()
    await page.get_by_role("button", name="Make the scene").click()
    # what is lacking is said at its blank (the browser tells of the refusal too)
    await page.locator(".mantine-InputWrapper-error, .mantine-Input-error, [class*=error]").first.wait_for()
    complaints.clear()
    for field in (await page.locator("select").all())[1:]:  # the first is the place
        options = await field.locator("option").evaluate_all("found => found.map(one => one.value)")
        if await field.input_value() == "" and len(options) > 1:
            await field.select_option(options[1])
    lamps = page.locator("input[aria-haspopup=listbox]")
    for number in range(await lamps.count()):
        await lamps.nth(number).click()
        await page.locator("[role=listbox]:visible [role=option]").first.click()
        await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Make the scene").click()
    await page.wait_for_url("**/#/scenes/*")
    with api(demo) as http:
        made = [each["id"] for each in http.get("/scenes").json()["items"]]
        for id in made:
            if id.startswith("motion"):
                http.delete(f"/scenes/{id}")
    assert complaints == []


async def test_the_editor_in_chinese_dark_on_a_phone_has_no_fault(demo: Hub, browser: Any, tmp_path: Path) -> None:
    with api(demo) as http:
        answer = http.post("/scenes", content=SCENE, headers={"Content-Type": "application/yaml"})
        assert answer.status_code == 201, answer.text
    faults: list[str] = []
    for locale, scheme, width in (("zh-CN", "dark", 390), ("en-GB", "light", 1440)):
        complaints: list[str] = []
        context = await browser.new_context(
            locale=locale, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        page = await signed_in(demo, context, complaints)
        for name in ("scenes/follow", "scenes/new", "blueprints", "blueprints/auto_lock"):
            await page.goto(f"{address_of(demo)}/#/{name}")
            await page.locator("main h1").wait_for()
            if name.startswith("scenes"):
                await page.locator("[data-checked]").wait_for()
            await page.screenshot(path=tmp_path / f"{name.replace('/', '-')}-{locale}-{width}.png", full_page=True)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, name
            faults += [f"{name}: {one}" for one in await violations(page)]
        assert complaints == []
    with api(demo) as http:
        http.delete("/scenes/follow")
    assert faults == []
