"""From nobody at all to devices of four languages, each added from the page as a person does it and then commanded.

The devices are real clients: paho scripts that say what the firmwares say, and Alibaba's own SDK.
"""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Shell
from tests.console.conftest import address_of, attend, signed_in
from tests.console.looks import SIZES, faults_of, violations
from tests.dialect.player import Player
from tests.dialect.test_firmwares import BULB, ENERGY, INFO, PLUG, PLUS, STATUS, devices
from tests.hub.hub import Hub

ARRIVES_S = 60.0
FIRST_RUN_S = 120.0


async def settled(hub: Hub, context: Any, complaints: list[str]) -> Any:
    """A page of a hub that has a home by now."""
    if "code" in await hub.get("/api/v1/places/home", ok=False):
        await hub.ask("POST", "/api/v1/places", {"id": "home", "name": "Home", "kind": "home"})
    return await signed_in(hub, context, complaints, "main")


async def settings_on(page: Any) -> dict[str, str]:
    """The settings that the page shows, by name: what a person copies."""
    await page.locator("[data-guide]").wait_for()
    rows = page.locator("[data-guide] table tr")
    found = {}
    for at in range(await rows.count()):
        name = (await rows.nth(at).locator("th").inner_text()).strip()
        found[name] = (await rows.nth(at).locator("code").inner_text()).strip()
    return found


async def online(hub: Hub, thing: str) -> None:
    """The hub hears of a thing that was let in a moment after it is one."""

    async def there() -> Any:
        return (await hub.thing(thing))["online"]

    await hub.eventually(there, f"{thing} is there")


async def choose(page: Any, hub: Hub, how: str, name: str) -> dict[str, str]:
    await page.goto(f"{address_of(hub)}/#/add")
    await page.locator(f"[data-how={how}]").click()
    await page.get_by_role("textbox", name="Name", exact=True).fill(name)
    await page.get_by_role("button", name="Add it").click()
    return await settings_on(page)


async def accepted(page: Any, name: str) -> str:
    """Let in what waits under that name; returns the id of the thing that it is then."""
    newcomer = page.locator(f'[data-newcomer="{name}"]')
    await newcomer.wait_for()
    await newcomer.get_by_role("button", name=f"Accept: {name}").click()
    come = page.locator("[data-come]", has_text=name)
    await come.wait_for()
    return str(await come.get_attribute("data-come"))


async def switched(page: Any, hub: Hub, thing: str) -> None:
    """On its own page it is switched, and the page says that it is confirmed."""
    await page.goto(f"{address_of(hub)}/#/things/{thing}")
    await page.locator(".row").first.wait_for()
    await page.locator(".mantine-Switch-track").first.click()
    await page.locator("[data-order=confirmed]").first.wait_for()


async def test_first_run_to_a_lamp_that_is_switched_and_confirmed(fresh: Hub, browser: Any) -> None:
    """Administrator, place, rooms, a bridge, its lamp accepted and switched: less than two minutes."""
    began = time.monotonic()
    found = re.search(r"http://\S+/setup#code=\S+", fresh.output)
    assert found, fresh.output
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    complaints: list[str] = []
    attend(page, fresh, complaints)
    await page.goto(address_of(fresh))
    await page.locator("[data-setup]").wait_for()  # whoever comes without the link is told of it
    await page.goto(found[0])
    await page.locator("#form").wait_for()
    faults = await violations(page)
    await page.reload()
    assert await page.locator("#code").input_value() == found[0].rpartition("=")[2]
    await page.fill("#user", "wei")
    await page.fill("#password", "a good long one")
    await page.fill("#again", "a good long one")
    await page.click("#go")
    place = page.locator("[data-step=place]")
    await place.get_by_label("What is it called?").wait_for()
    for wanting in ("add/native", "add/claim", "people", "phone"):
        await page.goto(f"{address_of(fresh)}/#/{wanting}")
        await page.locator("[data-noplace]").get_by_role("link").click()
        await place.get_by_label("What is it called?").wait_for()
    await place.get_by_label("What is it called?").fill("Home")
    await place.get_by_label("Rooms, by comma").fill("Kitchen, Study, Kitchen")
    await place.get_by_role("button", name="Make it").click()
    await page.locator("[data-step=place][data-state=done]").wait_for()
    assert await place.locator("[data-place]").all_inner_texts() == ["Home: Kitchen, Study"]
    await place.get_by_role("link", name="Home").click()
    await page.locator("[data-empty]").get_by_role("heading", name="Home").wait_for()
    await page.goto(f"{address_of(fresh)}/#/welcome")
    await page.get_by_role("button", name="Skip: Invite the others").click()
    await page.locator("[data-step=people][data-state=skipped]").wait_for()
    await page.locator("[data-step=device]").get_by_role("link", name="Add a device").click()
    await page.locator("[data-how=zigbee2mqtt]").click()
    await page.get_by_role("button", name="Add it").click()
    given = await settings_on(page)
    assert given["Settings > MQTT > MQTT server"] == f"mqtt://127.0.0.1:{fresh.mqtt_port}"
    player = await Player(given["User"], given["Password"], fresh.mqtt_port).open("zigbee2mqtt/#")
    try:
        player.say("zigbee2mqtt/bridge/state", {"state": "online"}, retain=True)
        player.say("zigbee2mqtt/bridge/devices", devices(("0x01", "Lamp", BULB)), retain=True)
        player.say("zigbee2mqtt/Lamp", {"state": "OFF", "brightness": 254})
        player.answers["zigbee2mqtt/Lamp/set"] = [("zigbee2mqtt/Lamp", {"state": "ON", "brightness": 254})]
        lamp = await accepted(page, "Lamp")
        assert lamp == "lamp"
        await page.goto(f"{address_of(fresh)}/#/")
        card = page.locator("[data-thing=lamp]")
        await card.wait_for()
        await card.locator(".mantine-Switch-track").click()
        await card.locator("[data-order=confirmed]").wait_for()
        assert time.monotonic() - began < FIRST_RUN_S
        # what was skipped and what is done is still so later
        await page.goto(f"{address_of(fresh)}/#/welcome")
        for step, state in (("place", "done"), ("people", "skipped"), ("device", "done"), ("phone", "open")):
            await page.locator(f"[data-step={step}][data-state={state}]").wait_for()
    finally:
        player.close()
    late = await browser.new_context(locale="zh-CN")
    page = await late.new_page()
    await page.goto(found[0])
    await page.locator("#over").wait_for()
    assert not await page.locator("#form").is_visible()
    assert [*faults, *await violations(page)] == []
    await page.locator("#over button").click()
    await page.get_by_label("用户", exact=True).wait_for()
    assert complaints == []


async def test_what_announces_itself_waits_until_it_is_let_in_many_at_once(fresh: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await settled(fresh, await browser.new_context(locale="en-GB"), complaints)
    given = await choose(page, fresh, "zigbee2mqtt", "Upstairs")
    await page.reload()  # half way: it is not added a second time
    assert (await settings_on(page))["User"] == given["User"]
    player = await Player(given["User"], given["Password"], fresh.mqtt_port).open("z2m/#")
    try:
        named = [(f"0xa{number}", f"bulb {number}", BULB) for number in range(5)]
        player.say("z2m/bridge/devices", devices(*named), retain=True)
        await page.locator('[data-newcomer="bulb 4"]').wait_for()
        assert not (await fresh.get("/api/v1/things?q=bulb"))["items"]
        waiting = (await fresh.get("/api/v1/newcomers"))["items"]
        assert len(waiting) == 5 and {each["how"] for each in waiting} == {"zigbee2mqtt"}
        await page.get_by_role("button", name="Ignore: bulb 0").click()
        await page.locator('[data-newcomer="bulb 0"]').wait_for(state="detached")
        await page.get_by_label("Name: bulb 1").fill("Bedside")
        await page.get_by_label("Select all").check()
        await page.get_by_role("button", name="Accept 4").click()
        for name in ("Bedside", "bulb 2", "bulb 3", "bulb 4"):
            await page.locator("[data-come]", has_text=name).wait_for()
        names = {each["name"] for each in (await fresh.get("/api/v1/things?q=bulb"))["items"]}
        assert {"bulb 2", "bulb 3", "bulb 4"} <= names and "bulb 0" not in names
        again = (await fresh.get("/api/v1/newcomers?ignored=true"))["items"]
        assert [each["name"] for each in again] == ["bulb 0"]
        await online(fresh, "bedside")
    finally:
        player.close()
    assert complaints == []


@pytest.mark.filterwarnings("ignore:Callback API version 1 is deprecated:DeprecationWarning")  # the SDK is older
async def test_tasmota_shelly_and_alink_from_the_page(fresh: Hub, browser: Any) -> None:
    from tests.dialect.sdk import Device

    complaints: list[str] = []
    page = await settled(fresh, await browser.new_context(locale="en-GB"), complaints)

    began = time.monotonic()
    given = await choose(page, fresh, "tasmota", "Plugs")
    player = Player(given["User"], given["Password"], fresh.mqtt_port, will=("tele/tasmota_AABBCC/LWT", "Offline"))
    await player.open("cmnd/tasmota_AABBCC/#")
    try:
        player.say("tele/tasmota_AABBCC/LWT", "Online", retain=True)
        player.say("tasmota/discovery/AABBCC112233/config", PLUG, retain=True)
        player.say("tasmota/discovery/AABBCC112233/sensors", ENERGY, retain=True)
        player.say("tele/tasmota_AABBCC/STATE", {"POWER": "OFF"})
        player.answers["cmnd/tasmota_AABBCC/POWER"] = [("stat/tasmota_AABBCC/RESULT", {"POWER": "ON"})]
        plug = await accepted(page, "Plug")
        assert time.monotonic() - began < ARRIVES_S
        await switched(page, fresh, plug)
    finally:
        player.close()

    began = time.monotonic()
    given = await choose(page, fresh, "shelly", "Shellies")
    player = await Player(given["User (Username)"], given["Password"], fresh.mqtt_port).open(f"{PLUS}/rpc")
    try:
        player.say(f"{PLUS}/online", "true", retain=True)
        for id, result in ((1, INFO), (2, STATUS)):
            asked = await player.told(f"{PLUS}/rpc")
            player.say(asked["src"] + "/rpc", {"id": id, "src": PLUS, "dst": asked["src"], "result": result})
        told = {"src": PLUS, "method": "NotifyStatus", "params": {"switch:0": {"id": 0, "output": True}}}
        player.answers[f"{PLUS}/rpc"] = [(f"{PLUS}/events/rpc", told)]
        boiler = await accepted(page, "Boiler")
        assert time.monotonic() - began < ARRIVES_S
        await online(fresh, boiler)
    finally:
        player.close()

    began = time.monotonic()
    await page.goto(f"{address_of(fresh)}/#/add/alink")
    await page.get_by_role("textbox", name="Name", exact=True).fill("Heater")
    await page.get_by_role("combobox", name="What it is").click()
    await page.get_by_role("combobox", name="What it is").fill("plug")
    await page.get_by_role("option", name="plug", exact=True).click()
    await page.get_by_label("Product key").fill("a1product")
    await page.get_by_label("Device name").fill("heater1")
    await page.get_by_label("The secret it has already").fill("0123456789abcdef0123456789abcdef")
    await page.get_by_role("button", name="Add it").click()
    given = await settings_on(page)
    assert (given["ProductKey"], given["DeviceName"]) == ("a1product", "heater1")
    device = Device(given["ProductKey"], given["DeviceName"], given["DeviceSecret"], int(given["Port"]))
    try:
        await device.connect()
        await page.locator("[data-arrival=here]").wait_for()
        assert time.monotonic() - began < ARRIVES_S
        await page.get_by_role("link", name="Open its page").click()
        await page.get_by_role("heading", name="Heater").wait_for()
    finally:
        await device.close()
    assert complaints == []


async def test_who_cannot_come_in_is_seen_at_the_door(fresh: Hub, browser: Any) -> None:
    """A wrong password: after a minute without anything the page says who knocked, and before that too."""
    complaints: list[str] = []
    context = await browser.new_context(locale="en-GB")
    page = await settled(fresh, context, complaints)
    await page.clock.install()
    await page.goto(f"{address_of(fresh)}/#/add/tasmota")
    await page.get_by_role("textbox", name="Name", exact=True).fill("Wrong one")
    await page.get_by_role("button", name="Add it").click()
    given = await settings_on(page)
    await page.clock.run_for(61_000)
    await page.locator("[data-arrival=late]").wait_for()
    await page.get_by_text("Nobody knocked at this hub's door meanwhile").wait_for()
    player = Player(given["User"], given["Password"] + "x", fresh.mqtt_port)
    player.client.connect("127.0.0.1", fresh.mqtt_port)
    player.client.loop_start()
    try:
        seen = page.locator("[data-attempt]", has_text=given["User"])
        for _turn in range(30):
            await page.clock.run_for(1_000)
            if await seen.count():
                break
            await asyncio.sleep(0.2)
        await seen.first.wait_for()
        assert "secret" in (await seen.first.inner_text()).lower()
    finally:
        player.close()
    assert complaints == []


async def test_what_it_says_where_nothing_is_heard_is_shown(fresh: Hub, browser: Any) -> None:
    """A topic that is not its own: it is here, and the page says why nothing is known of it."""
    complaints: list[str] = []
    page = await settled(fresh, await browser.new_context(locale="en-GB"), complaints)
    wanted = {"id": "inventor", "model": "sensor.co2", "place": "home"}
    made = await fresh.ask("POST", "/api/v1/things", wanted)
    await page.goto(f"{address_of(fresh)}/#/add/native/inventor")
    await page.locator("[data-arrival=waiting]").wait_for()
    player = await Player("inventor", made["secret"], fresh.mqtt_port).open("things/me/#")
    try:
        player.say("things/another/state", {"co2": 421})
        await page.locator("[data-unheard=topic_not_allowed]", has_text="things/another/state").wait_for()
    finally:
        player.close()
    assert complaints == []


async def test_what_it_says_on_an_ordinary_topic_is_shown(fresh: Hub, browser: Any) -> None:
    """A topic that is nobody's: where it arrives and on its page; what it says then where it is heard ends that."""
    complaints: list[str] = []
    page = await settled(fresh, await browser.new_context(locale="en-GB"), complaints)
    made = await fresh.ask("POST", "/api/v1/things", {"id": "tinkerer", "model": "sensor.co2", "place": "home"})
    await page.goto(f"{address_of(fresh)}/#/add/native/tinkerer")
    await page.locator("[data-arrival=waiting]").wait_for()
    player = await Player("tinkerer", made["secret"], fresh.mqtt_port).open("things/me/#")
    try:
        await page.get_by_text("connected and has said nothing yet").wait_for()
        player.say("tele/tinkerer/SENSOR", {"co2": 421})
        await page.locator("[data-unheard=ordinary]", has_text="tele/tinkerer/SENSOR").wait_for()
        assert not await page.get_by_text("has said nothing yet").count()
        await page.get_by_role("link", name="Open its page").click()
        await page.locator("main [data-unheard=ordinary]", has_text="tele/tinkerer/SENSOR").wait_for()
        player.say("things/me/state", {"co2": 421})
        await page.locator("[data-unheard=ordinary]").wait_for(state="detached")
    finally:
        player.close()
    assert complaints == []


async def test_a_claim_code_is_shown_as_a_picture_and_watched(fresh: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await settled(fresh, await browser.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(fresh)}/#/add/claim")
    await page.get_by_role("textbox", name="Name", exact=True).fill("Probe")
    await page.get_by_role("button", name="Make a code").click()
    code = (await page.locator("[data-code]").inner_text()).strip()
    picture = page.locator("img.qr")
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    async with httpx.AsyncClient(base_url=f"{address_of(fresh)}/api/v1/device") as http:
        answer = await http.post("/claim", json={"code": code, "model": "sensor.temperature"})
        made = answer.json()
        device = {"Authorization": f"Bearer {made['id']}:{made['secret']}"}
        (await http.post("/state", json={"temperature": 21.5}, headers=device)).raise_for_status()
    await page.get_by_text(f"The code was used: {made['id']} is here.").wait_for()
    assert complaints == []


async def test_the_command_line_shows_the_same_settings_for_every_language(fresh: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await settled(fresh, await browser.new_context(locale="en-GB"), complaints)
    shell = Shell(fresh.data, address_of(fresh), fresh.mqtt_port)
    listed = (await fresh.get("/api/v1/dialects"))["items"]
    await page.goto(f"{address_of(fresh)}/#/add")
    await page.locator("[data-how=claim]").wait_for()
    shown = [await each.get_attribute("data-how") for each in await page.locator("[data-how]").all()]
    assert shown == [*(each["id"] for each in listed), "claim"]
    for each in listed:
        model = [] if each["model"] or each["learns"] else ["--model", "plug"]
        thing = f"cli_{each['id']}"
        added = shell.json("thing", "add", thing, "--place", "home", "--how", each["id"], *model)
        told = {one["name"]: one["value"] for one in added["guide"]["settings"]}
        assert added["secret"] in " ".join(told.values()), each["id"]
        assert added["guide"]["host"] in " ".join(told.values()), each["id"]
        await page.goto(f"{address_of(fresh)}/#/add/{each['id']}/{thing}")
        page_told = await settings_on(page)
        hidden = {name: value.replace(added["secret"], "(its secret)") for name, value in told.items()}
        assert page_told == hidden, each["id"]
    assert complaints == []


PAGES = {
    "add": "#/add",
    "native": "#/add/native",
    "tasmota": "#/add/tasmota",
    "claim": "#/add/claim",
    "settings": "#/add/alink/watched",
    "welcome": "#/welcome",
    "phone": "#/phone",
}


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_every_page_in_both_languages_schemes_and_sizes(
    fresh: Hub, browser: Any, tmp_path: Path, locale: str, scheme: str, size: tuple[int, int]
) -> None:
    complaints: list[str] = []
    context = await browser.new_context(
        locale=locale, color_scheme=scheme, viewport={"width": size[0], "height": size[1]}
    )
    page = await settled(fresh, context, complaints)
    if "code" in await fresh.get("/api/v1/things/watched", ok=False):
        body = {"id": "watched", "place": "home", "model": "plug", "how": "alink"}
        await fresh.ask("POST", "/api/v1/things", body)
    faults: list[str] = []
    for name, address in PAGES.items():
        await page.goto(f"{address_of(fresh)}/{address}")
        await page.locator("main h1").first.wait_for()
        if name in ("native", "tasmota", "claim"):
            await page.locator("main form").first.wait_for()
        if name == "settings":
            await settings_on(page)
            heights = await page.locator("code.value").evaluate_all("all => all.map(one => one.offsetHeight)")
            assert max(heights) < 60, heights  # a value in a column of single letters is read by nobody
        await page.screenshot(path=tmp_path / f"{name}-{locale}-{scheme}-{size[0]}.png", full_page=True)
        faults += await faults_of(page, name, size[0])
    assert faults == []
    assert complaints == []
