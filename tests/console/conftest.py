"""A hub with its demonstration place, and a browser in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub.hub import Hub
from unisono.api.door.console import is_built

CHROMIUM = Path("/usr/bin/chromium")
TOKEN = "token => localStorage.setItem('unisono.token', token)"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub as `make up` starts it, shared by the tests of a module."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    if not is_built():
        pytest.skip("the console is not built (make console)")
    hub = Hub(tmp_path_factory.mktemp("console") / "data", "--demo")
    asyncio.run(started(hub))
    yield hub
    asyncio.run(hub.close())


async def started(hub: Hub) -> None:
    """Up, and the demonstration's places and things are there: on a busy machine they come seconds later."""
    await hub.start()
    await hub.eventually(lambda: hub.get("/api/v1/things/andon_1"), "the demonstration is there", 60)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that nobody has set up yet, shared by the tests of a module."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    if not is_built():
        pytest.skip("the console is not built (make console)")
    hub = Hub(tmp_path_factory.mktemp("fresh") / "data")
    asyncio.run(hub.start())
    yield hub
    asyncio.run(hub.close())


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield made
        await made.close()


def token_of(hub: Hub) -> str:
    return (hub.data / "token").read_text(encoding="utf-8").strip()


def address_of(hub: Hub) -> str:
    return f"http://127.0.0.1:{hub.http_port}"


def attend(page: Any, hub: Hub, complaints: list[str]) -> None:
    """Keep what the browser complains of, and what it asks elsewhere."""
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    ours = address_of(hub)
    page.on("request", lambda asked: None if asked.url.startswith((ours, "data:")) else complaints.append(asked.url))


async def signed_in(hub: Hub, context: Any, complaints: list[str], wait: str = "[data-thing=bedroom_light]") -> Any:
    """A page of the console behind the door; what the browser complains of, and what it asks elsewhere, is kept."""
    page = await context.new_page()
    attend(page, hub, complaints)
    ours = address_of(hub)
    await page.goto(ours)
    await page.evaluate(TOKEN, token_of(hub))
    await page.goto("about:blank")
    await page.goto(ours)
    await page.locator(wait).first.wait_for()
    return page
