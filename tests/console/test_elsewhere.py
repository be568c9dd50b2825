"""Signing in through another service in a real browser: there, back, and no trace of it in the address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.issuer import CLIENT, SECRET, Provider, provider
from tests.console.conftest import CHROMIUM, TOKEN, address_of, attend, token_of
from tests.console.looks import faults_of, violations
from tests.hub.hub import Hub
from unisono.api.door.console import is_built


@pytest.fixture(scope="module")
def there() -> Iterator[Provider]:
    with provider() as found:
        yield found


@pytest.fixture(scope="module")
def allowed(tmp_path_factory: pytest.TempPathFactory, there: Provider) -> Iterator[Hub]:
    """A hub that may call this machine, where people may sign in through the service."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    if not is_built():
        pytest.skip("the console is not built (make console)")
    hub = Hub(tmp_path_factory.mktemp("elsewhere") / "data")
    hub.data.mkdir(mode=0o700)
    (hub.data / "outside.toml").write_text('hosts = ["127.0.0.1"]\n')
    asyncio.run(hub.start())
    body = {"issuer": there.url, "client_id": CLIENT, "client_secret": SECRET, "name": "Work"}
    ask(hub, "PUT", "/oidc", body)
    yield hub
    asyncio.run(hub.close())


def ask(hub: Hub, method: str, path: str, body: Any = None, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token or token_of(hub)}"}
    answer = httpx.request(method, f"{address_of(hub)}/api/v1{path}", json=body, headers=headers, timeout=30)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def opened(hub: Hub, there: Provider, browser: Any, complaints: list[str], address: str = "") -> Any:
    page = await (await browser.new_context(locale="en-GB")).new_page()
    attend(page, hub, complaints)
    page.on("request", lambda asked: complaints.remove(asked.url) if asked.url.startswith(there.url) else None)
    await page.goto(f"{address_of(hub)}/{address}")
    return page


async def kept(page: Any) -> str | None:
    found: str | None = await page.evaluate("localStorage.getItem('unisono.token')")
    return found


async def test_an_account_is_linked_and_signs_in(allowed: Hub, there: Provider, browser: Any) -> None:
    complaints: list[str] = []
    ask(allowed, "POST", "/users", {"id": "ana", "name": "Ana", "password": "correct horse", "role": "viewer"})
    page = await opened(allowed, there, browser, complaints)
    await page.evaluate(TOKEN, ask(allowed, "POST", "/login", {"user": "ana", "password": "correct horse"})["token"])
    await page.goto("about:blank")
    await page.goto(f"{address_of(allowed)}/#/account")
    await page.get_by_role("button", name="Link an account of Work").click()
    await page.locator("[data-linked=u-1]").wait_for()
    assert page.url == f"{address_of(allowed)}/#/account"
    assert await violations(page) == []

    other = await opened(allowed, there, browser, complaints)
    await other.get_by_role("button", name="Sign in with Work").click()
    await other.get_by_role("button", name="Sign out").wait_for()
    assert other.url.rstrip("#/") == address_of(allowed), "neither code nor token is left in the address"
    token = await kept(other)
    assert token is not None
    assert ask(allowed, "GET", "/me", token=token)["id"] == "ana"
    assert token not in allowed.output
    assert complaints == []


async def test_a_link_with_somebody_elses_code_signs_nobody_in(allowed: Hub, there: Provider, browser: Any) -> None:
    """Who is sent to the console with a code that their own browser did not ask for stays who they are."""
    complaints: list[str] = []
    begun = ask(allowed, "POST", "/login/oidc/start")
    code, state = there.authorize(begun["url"])
    page = await opened(allowed, there, browser, complaints, f"?code={code}&state={state}")
    await page.get_by_role("button", name="Sign in with Work").wait_for()
    assert page.url.rstrip("#/") == address_of(allowed)
    assert await kept(page) is None
    refused = await opened(allowed, there, browser, complaints)
    await refused.get_by_role("button", name="Sign in with Work").wait_for()
    await refused.evaluate("""() => sessionStorage.setItem("unisono.elsewhere", '{"state":"s","key":"k","user":""}')""")
    await refused.goto("about:blank")
    await refused.goto(f"{address_of(allowed)}/?error=access_denied&error_description=Not%20today&state=s")
    await refused.get_by_text("The other service let nobody in. Not today").wait_for()
    assert complaints == []


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
async def test_the_service_is_set_and_taken_away_by_who_runs_the_hub(
    allowed: Hub, there: Provider, browser: Any, locale: str
) -> None:
    complaints: list[str] = []
    context = await browser.new_context(locale=locale, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    attend(page, allowed, complaints)
    await page.goto(address_of(allowed))
    await page.evaluate(TOKEN, token_of(allowed))
    await page.goto("about:blank")
    await page.goto(f"{address_of(allowed)}/#/accounts")
    form = page.locator("#issuer")
    await form.locator("input[type=url]").wait_for()
    assert await form.locator("input[type=url]").input_value() == there.url
    assert await form.locator(".code").inner_text() == f"{address_of(allowed)}/"
    assert await faults_of(page, "accounts", 390) == []
    await form.locator("input").nth(1).fill(f"Office {locale}")
    await form.locator("button[type=submit]").click()
    await form.locator("button", has_text="Remove" if locale == "en-GB" else "移除").wait_for()
    await page.wait_for_function(
        "name => fetch('/api/v1/login').then(a => a.json()).then(a => a.oidc === name)", arg=f"Office {locale}"
    )
    assert complaints == []
    await form.get_by_role("button", name="Remove" if locale == "en-GB" else "移除").click()
    await page.wait_for_function("() => fetch('/api/v1/login').then(a => a.json()).then(a => a.oidc === null)")
    assert complaints == []
    body = {"issuer": there.url, "client_id": CLIENT, "client_secret": SECRET, "name": "Work"}
    ask(allowed, "PUT", "/oidc", body)
