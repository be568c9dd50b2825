"""The budget of the first load, as Lighthouse counts it, on a phone with a slow link and a slow processor."""

from __future__ import annotations

import statistics
import sys
from typing import Any

from tests.console.conftest import TOKEN, address_of, token_of
from tests.hub.hub import Hub

FIRST_LOAD_BYTES = 300_000
REQUESTS = 12
INTERACTIVE_MS = 1500
ROUNDS = 3

#: "Fast 4G" of Chromium's DevTools; a phone's processor at a quarter of this one's speed.
LINK = {"offline": False, "latency": 60, "downloadThroughput": 9e6 / 8, "uploadThroughput": 1.5e6 / 8}
SLOWER = 4


class Files:
    """What a page loads, by address, with the bytes that travelled; the API's answers are not counted."""

    def __init__(self, devtools: Any) -> None:
        self._urls: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        devtools.on("Network.requestWillBeSent", self._asked)
        devtools.on("Network.loadingFinished", self._came)

    def _asked(self, told: Any) -> None:
        self._urls[told["requestId"]] = told["request"]["url"]

    def _came(self, told: Any) -> None:
        self._sizes[told["requestId"]] = told["encodedDataLength"]

    def loaded(self) -> dict[str, int]:
        urls = self._urls
        return {urls[id]: size for id, size in self._sizes.items() if id in urls and "/api/" not in urls[id]}


async def test_the_first_load_is_within_its_budget(demo: Hub, browser: Any) -> None:
    """Bytes as they travel, requests, and when a signed-in person can put a finger on a lamp."""
    took: list[float] = []
    for _round in range(ROUNDS):
        context = await browser.new_context(
            viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, service_workers="block"
        )
        page = await context.new_page()
        await page.goto(f"{address_of(demo)}/icon.svg")
        await page.evaluate(TOKEN, token_of(demo))
        devtools = await context.new_cdp_session(page)
        await devtools.send("Network.enable")
        await devtools.send("Network.clearBrowserCache")
        await devtools.send("Network.emulateNetworkConditions", LINK)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        files = Files(devtools)
        await page.goto(address_of(demo), wait_until="commit")
        lamp = page.locator("[data-thing]").first
        await lamp.wait_for()
        took.append(await page.evaluate("performance.now()"))
        loaded = files.loaded()
        assert sum(loaded.values()) < FIRST_LOAD_BYTES, loaded
        assert len(loaded) <= REQUESTS, loaded
        await context.close()
    times = sorted(map(round, took))
    sys.stdout.write(f"\n{sum(loaded.values())} bytes in {len(loaded)} requests; interactive after {times} ms\n")
    assert statistics.median(took) < INTERACTIVE_MS, took
