"""Pages whose contents cannot be read say why; they do not wait for ever."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from tests.console.conftest import TOKEN, address_of, signed_in, token_of
from tests.console.test_scenes import api
from tests.hub.hub import Hub

PAGES = {
    "#/scenes": "scenes",
    "#/scenes/none_such": "scenes/none_such",
    "#/alarms": "alarms",
    "#/blueprints": "blueprints",
    "#/dashboards": "dashboards",
    "#/dashboards/none_such": "dashboards/none_such",
    "#/add": "dialects",
    "#/account": "me",
}


async def refuse(route: Any) -> None:
    await route.fulfill(status=503, json={"code": "store_unavailable", "detail": "The store is away"})


async def hold(route: Any) -> None:
    """Answer nothing."""


async def test_a_page_that_cannot_be_read_says_why(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    await page.route(re.compile(rf"/api/v1/({'|'.join(PAGES.values())})(\?|$)"), refuse)
    for address in PAGES:
        await page.goto(f"{address_of(demo)}/{address}")
        said = page.get_by_role("main").get_by_role("alert").filter(has_text="The store is away")
        await said.first.wait_for()


async def test_what_tells_before_the_things_are_read_is_not_asked_for_one_by_one(demo: Hub, browser: Any) -> None:
    """Two thousand at once would be more requests than a browser has."""
    complaints: list[str] = []
    page = await (await browser.new_context(locale="en-GB")).new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    singly: list[str] = []
    page.on("request", lambda one: singly.append(one.url) if re.search(r"/api/v1/things/[^?]", one.url) else None)
    told, read = asyncio.Event(), asyncio.Event()

    def hear(frame: Any) -> None:
        if '"changed"' in str(frame):
            told.set()

    page.on("websocket", lambda socket: socket.on("framereceived", hear))

    async def wait(route: Any) -> None:
        await read.wait()
        await route.continue_()

    await page.goto(address_of(demo))
    await page.evaluate(TOKEN, token_of(demo))
    await page.goto("about:blank")
    await page.route(re.compile(r"/api/v1/things\?"), wait)
    await page.goto(address_of(demo))
    lamp = {"set": {"brightness": 31, "on_off": True}}
    await demo.eventually(lambda: demo.ask("POST", "/api/v1/things/hallway_light/commands?wait=15", lamp), "it is set")
    await asyncio.wait_for(told.wait(), 60)
    read.set()
    await page.locator("[data-thing=hallway_light]").wait_for()
    assert [one for one in singly if "/history" not in one] == []
    assert complaints == []


async def test_what_is_told_while_all_is_read_again_is_newer_than_what_was_read(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [], "[data-thing=kitchen_light]")
    light = page.locator("[data-thing=kitchen_light]")
    before = (await demo.thing("kitchen_light"))["state"]["on_off"]["value"]
    read, live, told = asyncio.Event(), asyncio.Event(), asyncio.Event()
    page.on("websocket", lambda one: one.on("framereceived", lambda frame: live.set() if "pong" in frame else None))

    async def late(route: Any) -> None:
        """What the hub answered stays on its way until the page shows what came after it; one name tells the answer."""
        answer = await route.fetch()
        body = await answer.json()
        for thing in body["items"]:
            if thing["id"] == "vacuum":
                thing |= {"name": "Read again", "names": {}}
        read.set()
        await told.wait()
        await route.fulfill(response=answer, json=body)

    await page.route(re.compile(r"/api/v1/things(\?|$)"), late)
    await page.reload()
    await asyncio.wait_for(read.wait(), 60)
    await asyncio.wait_for(live.wait(), 60)  # what changes before that is read once more, a little later
    wish = {"set": {"on_off": not before}}
    await demo.eventually(lambda: demo.ask("POST", "/api/v1/things/kitchen_light/commands?wait=15", wish), "it is set")
    told.set()
    await page.get_by_text("Read again").first.wait_for()
    assert await light.get_by_role("switch").first.is_checked() is not before


async def test_what_was_read_and_cannot_be_read_again_is_called_out_of_date(demo: Hub, browser: Any) -> None:
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), [])
    await page.goto(f"{address_of(demo)}/#/scenes")
    main = page.get_by_role("main")
    scene = main.locator("[data-scene]").first
    await scene.wait_for()
    said = main.get_by_role("alert").filter(has_text="out of date: The store is away")
    assert not await said.count()
    await page.route(re.compile(r"/api/v1/scenes(\?|$)"), refuse)
    await said.wait_for()
    assert await scene.is_visible()
    await page.unroute_all()
    await said.wait_for(state="detached")


async def test_a_thing_that_is_there_and_has_told_nothing_is_not_called_unheard_of(demo: Hub, browser: Any) -> None:
    with api(demo) as http:
        body = {"id": "untold_lamp", "model": "light", "place": "home", "name": "Untold lamp"}
        assert http.post("/things", json=body).status_code == 201
    page = await (await browser.new_context(locale="en-GB")).new_page()

    async def there(route: Any) -> None:
        """As the hub answers just after its start: the link stands, nothing was reported."""
        answer = await route.fetch()
        body = await answer.json()
        for thing in body["items"]:
            if thing["id"] == "untold_lamp":
                thing["availability"] = "online"
        await route.fulfill(response=answer, json=body)

    await page.goto(address_of(demo))
    await page.evaluate(TOKEN, token_of(demo))
    card = page.locator("[data-thing=untold_lamp]")
    await page.reload()
    await card.get_by_text("never heard of").wait_for()
    await page.route("**/api/v1/things?**", there)
    await page.reload()
    await card.get_by_text("connected, nothing reported yet").wait_for()
    assert not await card.get_by_text("never heard of").count()
    with api(demo) as http:
        http.delete("/things/untold_lamp")


async def test_a_thing_that_was_never_told_anything_comes_and_goes_at_once(demo: Hub, browser: Any) -> None:
    """Somebody else adds it, names it anew and takes it away: without waiting for all to be read again."""
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    await page.route(re.compile(r"/api/v1/things(\?|$)"), hold)
    card = page.locator("[data-thing=quiet_lamp]")
    with api(demo) as http:
        body = {"id": "quiet_lamp", "model": "light", "place": "home", "name": "Quiet lamp"}
        assert http.post("/things", json=body).status_code == 201
        await card.get_by_text("Quiet lamp").wait_for()
        http.patch("/things/quiet_lamp", json={"name": "Still lamp"}).raise_for_status()
        await card.get_by_text("Still lamp").wait_for()
        await page.unroute_all()
        http.post("/places", json={"id": "attic", "name": "Attic", "kind": "room", "parent": "home"}).raise_for_status()
        http.patch("/things/quiet_lamp", json={"place": "attic"}).raise_for_status()
        await page.get_by_role("heading", name="Attic").wait_for()
        http.delete("/things/quiet_lamp")
        await card.wait_for(state="detached")
        http.delete("/places/attic")
    assert complaints == []
