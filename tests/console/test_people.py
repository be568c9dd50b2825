"""People in a real browser: an invitation is taken, roles are given, the account is looked after with real passkeys."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from tests.console.conftest import address_of, token_of
from tests.console.looks import violations
from tests.hub.hub import Hub

PASSWORD = "a good long one"
WATCH = """() => {
  const ask = window.fetch;
  window.given = [];
  window.fetch = (address, how) =>
    ask(address, how).catch((error) => {
      window.given.push([address, error.name]);
      throw error;
    });
}"""
# what the page means to do a second and a half after it is live is done when the test says so
LATER = """() => {
  const after = window.setTimeout;
  window.held = [];
  window.setTimeout = (act, ms, ...more) => (ms === 1500 ? (window.held.push(act), 0) : after(act, ms, ...more));
}"""
PAGES = {
    "people": ("#/people", {"en-GB": "People", "zh-CN": "成员"}),
    "account": ("#/account", {"en-GB": "My account", "zh-CN": "我的账户"}),
    "accounts": ("#/accounts", {"en-GB": "All accounts", "zh-CN": "所有账户"}),
    "audit": ("#/audit", {"en-GB": "Audit", "zh-CN": "审计"}),
    "join": ("#/join/{code}", {"en-GB": "You are invited", "zh-CN": "你收到了邀请"}),
}


def ask(hub: Hub, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token_of(hub)}"}
    answer = httpx.request(method, f"{address_of(hub)}/api/v1{path}", json=body, headers=headers, timeout=30)
    assert answer.is_success or answer.status_code == 409, answer.text
    return answer.json() if answer.content else None


def local(hub: Hub) -> str:
    """By its name: browsers keep passkeys for names, not for addresses."""
    return f"http://localhost:{hub.http_port}"


async def opened(hub: Hub, context: Any, complaints: list[str], token: str | None = None, address: str = "") -> Any:
    """A page; what the browser complains of, and what it asks elsewhere, is kept."""
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    ours = local(hub)
    page.on("request", lambda each: None if each.url.startswith((ours, "data:")) else complaints.append(each.url))
    if token is not None:
        await page.goto(ours)
        await page.evaluate("token => localStorage.setItem('unisono.token', token)", token)
        await page.goto("about:blank")
    await page.goto(f"{ours}/{address}")
    return page


def session(hub: Hub, user: str, **fields: Any) -> str:
    ask(hub, "POST", "/users", {"id": user, "name": user.title(), "password": PASSWORD, **fields})
    return str(ask(hub, "POST", "/login", {"user": user, "password": PASSWORD})["token"])


async def test_somebody_is_invited_comes_and_is_what_they_were_made(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    owner = session(demo, "olga", grants={"home": "owner"})
    page = await opened(demo, await browser.new_context(locale="en-GB"), complaints, owner, "#/people")
    invite = page.get_by_role("region", name="Invite somebody")
    await invite.get_by_label("For whom (a name)").fill("Tom")
    await invite.get_by_label("Role").first.click()
    await page.get_by_role("option", name="guest").click()
    await invite.get_by_label("Last day (for a guest)").fill("2099-12-31")
    await invite.get_by_role("button", name="Make a link").click()
    link = await page.locator("[data-link]").inner_text()
    await page.locator("img.qr").wait_for()
    assert link.startswith(f"{local(demo)}/#/join/")

    theirs = link.removeprefix(f"{local(demo)}/")
    guest = await opened(demo, await browser.new_context(locale="en-GB"), complaints, None, theirs)
    await guest.get_by_text("Olga invites you.").wait_for()
    await guest.get_by_text("guest at Home").wait_for()
    await guest.get_by_label("Your name").fill("Tom")
    await guest.get_by_label("User name (a-z, 0-9)").fill("tom")
    await guest.get_by_label("New password").fill(PASSWORD)
    await guest.get_by_role("button", name="Join").click()
    await guest.locator("[data-thing=kitchen_light]").wait_for()

    await page.reload()
    member = page.locator("[data-member=tom]")
    await member.get_by_text("guest at Home").wait_for()
    await page.locator("[data-invitation=taken]").wait_for()
    await member.get_by_role("button", name="Take the role away: Tom").click()
    await member.wait_for(state="detached")
    give = page.get_by_role("region", name="Give a role")
    await give.get_by_label("User name").fill("tom")
    await give.get_by_role("button", name="Give").click()
    await page.locator("[data-member=tom]").get_by_text("member at Home").wait_for()
    assert ask(demo, "GET", "/users/tom")["grants"] == {"home": "member"}
    assert complaints == []


@pytest.mark.parametrize("role", ["viewer", "guest", "member", "operator"])
async def test_nothing_is_offered_that_would_be_refused(demo: Hub, browser: Any, role: str) -> None:
    complaints: list[str] = []
    refused: list[str] = []
    token = session(demo, f"a_{role}", grants={"home": role})
    context = await browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
    context.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    page = await opened(demo, context, complaints, token)
    lamp = page.locator("[data-thing=bedroom_light]")
    await lamp.wait_for()
    assert bool(await lamp.locator("input[role=switch]").count()) == (role != "viewer")
    lock = page.locator("[data-thing=front_door_lock]")
    await lock.wait_for()
    assert await lock.get_by_role("button", name="lock: Front door lock").count() == (role in ("member", "operator"))
    tabs = page.get_by_role("navigation", name="Pages")
    assert not await tabs.get_by_role("link", name="Add").count()
    await page.goto(f"{local(demo)}/#/scenes")
    scene = page.locator("[data-scene]").first
    await scene.wait_for()
    assert await page.get_by_role("link", name="New scene").count() == (role == "member")
    assert await scene.get_by_role("button", name="Run").count() == (role != "viewer")
    assert await scene.locator("input[role=switch]").is_disabled() == (role != "member")
    await page.goto(f"{local(demo)}/#/scenes/{await scene.get_attribute('data-scene')}")
    name = page.get_by_label("Name", exact=True)
    await name.wait_for()
    assert await name.is_disabled() == (role != "member")
    assert await page.get_by_role("textbox", name="Text (YAML)").is_editable() == (role == "member")
    await page.goto(f"{local(demo)}/#/things/bedroom_light")
    await page.get_by_role("tab", name="Model").wait_for()
    names = await page.locator("[role=tab]").all_inner_texts()
    assert "Commands" in names and not {"Messages", "Identity"} & set(names)
    for name in names:
        await page.get_by_role("tab", name=name, exact=True).click()
    for address, said in (
        ("add", "You may add nothing"),
        ("add/native", "You may add nothing"),
        ("people", "You administer"),
    ):
        await page.goto("about:blank")
        await page.goto(f"{local(demo)}/#/{address}")
        await page.get_by_text(said).wait_for()
        assert not await page.locator("main form, main select, main input").count(), address
    await page.goto(f"{local(demo)}/#/account")
    await page.get_by_role("heading", name="My account", level=1).wait_for()
    assert not await page.get_by_role("link", name="People").count()
    assert (refused, complaints) == ([], [])


async def test_a_guest_may_lock_what_only_others_open(demo: Hub, browser: Any) -> None:
    token = session(demo, "a_locker", grants={"home": "guest"})
    path, wish = "/api/v1/things/front_door_lock/commands?wait=15", {"set": {"locked": False}}
    again = await demo.ask("POST", path, wish, ok=False)
    await demo.ask("POST", path, {**wish, "confirmation": again["confirmation"]})
    page = await opened(demo, await browser.new_context(locale="en-GB"), [], token)
    lock = page.locator("[data-thing=front_door_lock]")
    await lock.get_by_role("button", name=re.compile("^Lock: ")).click()
    await lock.get_by_text("Locked", exact=True).first.wait_for()
    await lock.locator("[data-order=pending]").wait_for(state="detached")
    assert not await lock.get_by_role("button", name=re.compile("^(Unlock|Lock): ")).count()


@pytest.mark.parametrize(("role", "there"), [("member", False), ("operator", True)])
async def test_what_is_dangerous_is_offered_to_who_may(demo: Hub, browser: Any, role: str, there: bool) -> None:
    token = session(demo, f"a_pressing_{role}", grants={(await demo.thing("press_1"))["place"]: role})
    page = await opened(demo, await browser.new_context(locale="en-GB"), [], token)
    await page.goto(f"{local(demo)}/#/things/press_1")
    await page.locator(".row").first.wait_for()
    assert bool(await page.get_by_role("button", name="Reset the fault").count()) == there


async def test_what_is_still_asked_on_signing_out_is_given_up(demo: Hub, browser: Any) -> None:
    """Its answer could only be that the session has ended."""
    complaints: list[str] = []
    token = session(demo, "quin", grants={"home": "member"})
    page = await opened(demo, await browser.new_context(locale="en-GB"), complaints, token)
    await page.locator("[data-thing=kitchen_light]").wait_for()
    await page.evaluate(WATCH)
    asked: list[Any] = []

    async def leave_open(route: Any) -> None:
        asked.append(route)

    await page.route("**/api/v1/users/quin/sessions*", leave_open)
    async with page.expect_request("**/api/v1/users/quin/sessions*"):
        await page.goto(f"{local(demo)}/#/account")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("button", name="Sign in with a passkey").wait_for()
    given_up = "() => given.some(([address, why]) => address.includes('/sessions') && why === 'AbortError')"
    await page.wait_for_function(given_up)
    assert asked and complaints == []


def _listened(live: Any, said: list[Any]) -> None:
    """What the page says on its live view is kept back; what the hub says is not."""
    there = live.connect_to_server()
    live.on_message(lambda message: said.append((there, message)))


async def test_who_has_signed_out_reads_nothing_again(demo: Hub, browser: Any) -> None:
    """The second reading of things and places is meant for when the page has been drawn; it may find nobody there."""
    complaints: list[str] = []
    token = session(demo, "rita", grants={"home": "member"})
    context = await browser.new_context(locale="en-GB")
    await context.add_init_script(f"({LATER})()")
    said: list[Any] = []
    await context.route_web_socket("**/api/v1/live", lambda live: _listened(live, said))
    page = await opened(demo, context, complaints, token)
    await page.locator("[data-thing=kitchen_light]").wait_for()
    for there, message in said:  # read first, live afterwards: the order in which all is read again later
        there.send(message)
    await page.wait_for_function("() => held.length > 0")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("button", name="Sign in with a passkey").wait_for()
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url))
    await page.evaluate("for (const act of held) act()")
    # whatever they ask is asked before this
    assert await page.evaluate("fetch('/healthz').then((answer) => answer.ok)")
    assert [url for url in asked if "/api/" in url] == [] and complaints == []


async def test_an_app_and_a_passkey_are_set_up_and_signed_in_with(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    token = session(demo, "pia", grants={"home": "member"})
    context = await browser.new_context(locale="en-GB")
    page = await opened(demo, context, complaints, token, "#/account")
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})

    app = page.get_by_role("region", name="Authenticator app")
    await app.get_by_role("button", name="Set up").click()
    secret = await app.locator("[data-secret]").inner_text()
    await app.locator("img.qr").wait_for()
    await app.get_by_label("Code of the app").fill(pyotp.TOTP(secret).now())
    await app.get_by_role("button", name="Confirm").click()
    codes = (await app.locator(".codes").inner_text()).split("\n")
    assert len(codes) == 10
    await app.locator("[data-totp=true]").wait_for()

    keys = page.get_by_role("region", name="Passkeys")
    await keys.get_by_label("What it is called").fill("Laptop")
    await keys.get_by_role("button", name="Add a passkey").click()
    await keys.locator("[data-passkey=Laptop]").wait_for()

    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await page.get_by_role("heading", name="My account").wait_for()
    await page.locator("[data-session=current]").wait_for()
    await keys.get_by_text("last used").wait_for()
    assert complaints == []

    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_label("User").fill("pia")
    await page.get_by_label("Password").first.fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_label("Code of the app, or a recovery code").fill(codes[0])
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.get_by_role("heading", name="My account").wait_for()
    await page.get_by_text("9 recovery codes left").wait_for()
    # the browser tells of the one answer that asked for the code
    assert [each for each in complaints if "401" not in each] == []


async def test_an_account_stays_where_it_is_under_the_finger(demo: Hub, browser: Any) -> None:
    """No part of it comes later than the others and pushes a list away that is open already."""
    token = session(demo, "tessa", grants={"home": "member"})
    page = await opened(demo, await browser.new_context(locale="en-GB"), [], token, "#/")
    asked, told = asyncio.Event(), asyncio.Event()

    async def late(route: Any) -> None:
        asked.set()
        await told.wait()
        await route.continue_()

    await page.route(re.compile(r"/api/v1/users/tessa/sessions"), late)
    await page.goto(f"{local(demo)}/#/account")
    await asyncio.wait_for(asked.wait(), 60)
    assert not await page.get_by_role("region", name="Tokens").count()
    told.set()
    await page.get_by_role("region", name="Tokens").wait_for()
    assert await page.locator("[data-session]").count()


async def test_tokens_and_sessions_are_made_and_ended(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    token = session(demo, "tara", grants={"home": "member"})
    session(demo, "tara")
    page = await opened(demo, await browser.new_context(locale="en-GB"), complaints, token, "#/account")
    tokens = page.get_by_role("region", name="Tokens")
    await tokens.get_by_label("What it is for").fill("script")
    await tokens.get_by_label("Rights").first.click()
    await page.get_by_role("option", name="read").click()
    await page.keyboard.press("Escape")
    await tokens.get_by_role("button", name="Make a token").click()
    made = await tokens.locator("[data-made]").inner_text()
    headers = {"Authorization": f"Bearer {made}"}
    async with httpx.AsyncClient(base_url=address_of(demo), headers=headers) as http:
        assert (await http.get("/api/v1/me")).json()["id"] == "tara"
        asked = await http.post("/api/v1/things/kitchen_light/commands", json={"set": {"on_off": True}})
        assert asked.status_code == 403
        await tokens.get_by_role("button", name="Revoke: script").click()
        await tokens.locator("[data-token=script]").wait_for(state="detached")
        assert (await http.get("/api/v1/me")).status_code == 401
    sessions = page.get_by_role("region", name="Sessions")
    assert await sessions.locator("[data-session=other]").count() == 1
    await sessions.get_by_role("button", name="End all others").click()
    await sessions.locator("[data-session=other]").wait_for(state="detached")
    change = page.get_by_role("region", name="Change the password")
    await change.get_by_label("Password so far").fill(PASSWORD)
    await change.get_by_label("New password").fill("another good long one")
    await change.get_by_role("button", name="Change the password").click()
    await change.get_by_role("status").wait_for()
    await page.goto(f"{local(demo)}/#/audit")
    for act in ("password_changed", "session_ended", "token_revoked", "token_made", "signed_in"):
        await page.locator(f"[data-act={act}]").first.wait_for()
    await page.get_by_label("What", exact=True).first.click()
    await page.get_by_role("option", name="made a token").click()
    await page.locator("[data-act=signed_in]").first.wait_for(state="detached")
    assert complaints == []


async def test_signing_out_leaves_nothing_to_ask_and_nothing_to_see(demo: Hub, browser: Any) -> None:
    """From a page that asks again and again: nothing asks with the ended session; the next one starts with nothing."""
    complaints: list[str] = []
    token = session(demo, "sol", grants={"home": "owner"})
    page = await opened(demo, await browser.new_context(locale="en-GB"), complaints, token, "#/people")
    await page.locator("[data-member=sol]").wait_for()
    async with page.expect_response(lambda answer: answer.request.method == "DELETE") as ended:
        await page.get_by_role("button", name="Sign out").click()
    assert (await ended.value).status == 204
    await page.get_by_label("User").wait_for()
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=address_of(demo), headers=headers) as http:
        assert (await http.get("/api/v1/me")).status_code == 401
    assert await page.evaluate("Object.keys(localStorage).filter(key => /token|last|document/.test(key))") == []
    assert complaints == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1440, 900)])
async def test_every_page_in_both_languages_schemes_and_sizes(
    demo: Hub, browser: Any, tmp_path: Path, locale: str, scheme: str, size: tuple[int, int]
) -> None:
    """Nothing is complained of, nothing comes from elsewhere, nothing sticks out; axe finds no fault."""
    complaints: list[str] = []
    code = ask(demo, "POST", "/invitations", {"grants": {"home": "guest"}})["code"]
    context = await browser.new_context(
        locale=locale, color_scheme=scheme, viewport={"width": size[0], "height": size[1]}
    )
    page = await opened(demo, context, complaints, token_of(demo))
    faults: list[str] = []
    for name, (address, heads) in PAGES.items():
        await page.goto(f"{local(demo)}/{address.format(code=code)}")
        await page.get_by_role("heading", name=re.compile(heads[locale])).first.wait_for()
        await page.wait_for_load_state("networkidle")
        await page.screenshot(path=tmp_path / f"{name}-{locale}-{scheme}-{size[0]}.png", full_page=True)
        assert await page.evaluate("document.documentElement.scrollWidth") <= size[0], name
        faults += [f"{name}: {one}" for one in await violations(page)]
    assert faults == []
    assert complaints == []


async def test_an_account_is_added_disabled_and_enabled_again(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    admin = session(demo, "ada", role="administrator")
    page = await opened(demo, await browser.new_context(locale="en-GB"), complaints, admin, "#/people")
    await page.get_by_role("link", name="All accounts").click()
    add = page.get_by_role("region", name="Add an account")
    await add.get_by_label("User name (a-z, 0-9)").fill("ben")
    await add.get_by_label("New password").fill(PASSWORD)
    await add.get_by_role("button", name="Add an account").click()
    await page.locator("[data-account=ben][data-disabled=false]").get_by_role("button", name="Disable").click()
    await page.locator("[data-account=ben][data-disabled=true]").wait_for()
    assert ask(demo, "GET", "/users/ben")["disabled"] is True
    await page.locator("[data-account=ben]").get_by_role("button", name="Enable").click()
    await page.locator("[data-account=ben][data-disabled=false]").wait_for()
    assert ask(demo, "GET", "/users/ben")["disabled"] is False
    # nobody locks themselves out
    assert await page.locator("[data-account=ada]").get_by_role("button").count() == 0
    assert complaints == []


async def test_somebody_without_things_is_told_what_to_do_next(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    token = session(demo, "nadia")
    page = await opened(demo, await browser.new_context(locale="en-GB"), complaints, token)
    await page.get_by_text("You have no role at any place.").wait_for()
    await page.get_by_text("your user name is nadia").wait_for()
    await page.locator("main").get_by_role("link", name="My account").click()
    await page.get_by_role("heading", name="My account").wait_for()
    assert complaints == []


async def test_a_single_setting_is_found_and_comes_into_view(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    context = await browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
    page = await opened(demo, context, complaints, token_of(demo))
    await page.locator("[data-thing]").first.wait_for()
    await page.keyboard.press("Control+k")
    box = page.get_by_label("Search things, scenes, places, or say something")
    await box.fill("tokens")
    await box.press("Enter")
    await page.locator("#tokens:focus").wait_for()
    await page.keyboard.press("Control+k")
    await box.fill("light or dark")
    before = await page.locator("html").get_attribute("data-mantine-color-scheme")
    await box.press("Enter")
    await page.locator(f"html:not([data-mantine-color-scheme={before}])").wait_for()
    assert complaints == []
    # where the header has no room for it, one leaves from the account
    await page.locator("main").get_by_role("button", name="Sign out").click()
    await page.get_by_label("User").wait_for()


UNREAD = ("passkeys", "sessions", "tokens", "oidc")


async def test_what_cannot_be_read_of_an_account_is_said_so(demo: Hub, browser: Any) -> None:
    token = session(demo, "uma", grants={"home": "member"})
    page = await opened(demo, await browser.new_context(locale="en-GB"), [], token, "#/overview")

    async def refuse(route: Any) -> None:
        await route.fulfill(status=503, json={"code": "store_unavailable", "detail": "The store is away"})

    for what in UNREAD:
        await page.route(re.compile(rf"/users/uma/{what}(\?|$)"), refuse)
    await page.goto(f"{local(demo)}/#/account")
    for part in ("Passkeys", "Another service", "Sessions", "Tokens"):
        region = page.get_by_role("region", name=part, exact=True)
        await region.get_by_role("alert").filter(has_text="The store is away").wait_for()


async def test_an_invitation_reads_in_chinese_and_so_does_the_audit(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    owner = session(demo, "odette", grants={"home": "owner"})
    headers = {"Authorization": f"Bearer {owner}"}
    async with httpx.AsyncClient(base_url=address_of(demo), headers=headers) as http:
        wanted = {"name": "Lili", "grants": {"home": "guest"}}
        made = (await http.post("/api/v1/invitations", json=wanted)).json()
    theirs = "#/join/" + made["url"].partition("#/join/")[2]
    guest = await opened(demo, await browser.new_context(locale="zh-CN"), complaints, None, theirs)
    await guest.get_by_text("Odette 邀请了你。").wait_for()
    await guest.get_by_text("家的访客").wait_for()
    await guest.get_by_label("用户名").fill("Li Li")
    await guest.get_by_label("新密码").fill(PASSWORD)
    await guest.get_by_role("button", name="加入").click()
    refused = guest.get_by_role("alert")
    await refused.get_by_text("标识不符合规则").wait_for()
    assert "'li li' is no id" in await refused.locator(".exact").inner_text()
    await guest.get_by_label("用户名").fill("lili")
    await guest.get_by_role("button", name="加入").click()
    await guest.locator("[data-thing=kitchen_light]").wait_for()
    await guest.goto(f"{local(demo)}/#/account")
    await guest.locator("[data-session=current]").get_by_text("Chrome · Linux").wait_for()

    late = await opened(demo, await browser.new_context(locale="zh-CN"), complaints, None, theirs)
    await late.get_by_role("alert").get_by_text("凭据不对或已失效").wait_for()

    page = await opened(demo, await browser.new_context(locale="zh-CN"), complaints, owner, "#/audit")
    entry = page.locator("[data-act=joined]").filter(has_text="lili")
    await entry.get_by_text("角色: 家的访客").wait_for()
    assert not re.search(r"[{}]", await page.get_by_role("list", name="审计").inner_text())
    # the browser tells of the two refusals
    assert [each for each in complaints if "401" not in each and "422" not in each] == []
