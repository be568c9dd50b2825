"""The budget of the first load, as Lighthouse counts it, on a phone with a slow link and a slow processor.

Lighthouse reckons by default, and so does the test that is always run: the turns and bytes of the link, and the
processor time of the page's thread, which other programs on the machine do not change. What a throttled browser really
takes is measured with ``UNISONO_MEASURE=1`` on a quiet machine.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
from typing import Any

import pytest

from tests.console.conftest import TOKEN, address_of, token_of
from tests.hub.hub import Hub

FIRST_LOAD_BYTES = 300_000
REQUESTS = 12
INTERACTIVE_MS = 1500
ROUNDS = 3
#: What is loaded while the browser has nothing else to do is not the first load, and a slow machine has idle moments
#: before the lamps are there.
NEVER_IDLE = "window.requestIdleCallback = () => 0"

#: What this takes the page's thread on the computer that the budget was set with: by it the speed of another one, and
#: what its neighbours cost it, is known and left out.
WORK = """() => {
  let kept = 0;
  for (let turn = 0; turn < 20; turn++) {
    const all = [];
    for (let n = 0; n < 20000; n++) all.push({ key: `k${(n * 7919) % 20011}`, n });
    all.sort((a, b) => (a.key < b.key ? -1 : 1));
    kept += JSON.parse(JSON.stringify(all)).length;
  }
  return kept;
}"""
WORK_MS = 200.0

#: "Fast 4G" of Chromium's DevTools; a phone's processor at a quarter of the speed of that computer.
LINK: dict[str, Any] = {"offline": False, "latency": 60, "downloadThroughput": 9e6 / 8, "uploadThroughput": 1.5e6 / 8}
SLOWER = 4
PATIENCE_S = 30
#: What a finger is put on; it is there only when the thing's model is known.
SWITCH = "[data-thing] .mantine-Switch-track"
#: Says when it is painted, as a task after its frame, and so when a finger is answered. Playwright's own waiting would
#: compile a script of a hundred kilobytes in the page's thread.
PAINTED = f"""new MutationObserver((_changes, seen) => {{
  if (!document.querySelector("{SWITCH}")) return;
  seen.disconnect();
  requestAnimationFrame(() => {{
    const after = new MessageChannel();
    after.port1.onmessage = () => painted(String(performance.now()));
    after.port2.postMessage(null);
  }});
}}).observe(document, {{ childList: true, subtree: true }})"""
#: The page, its files, who is asked for things with their models: turns that wait for one another, with one to connect.
TURNS = 4


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


async def phone(browser: Any, demo: Hub) -> tuple[Any, Any, asyncio.Future[float]]:
    """A page of a signed-in phone that has loaded nothing yet, its DevTools, and when a lamp is there, in ms."""
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, service_workers="block"
    )
    await context.add_init_script(NEVER_IDLE)
    page = await context.new_page()
    await page.goto(f"{address_of(demo)}/icon.svg")
    await page.evaluate(TOKEN, token_of(demo))
    devtools = await context.new_cdp_session(page)
    painted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    devtools.on("Runtime.bindingCalled", lambda told: painted.set_result(float(told["payload"])))
    await devtools.send("Runtime.enable")
    await devtools.send("Runtime.addBinding", {"name": "painted"})
    await devtools.send("Page.enable")
    await devtools.send("Page.addScriptToEvaluateOnNewDocument", {"source": PAINTED})
    await devtools.send("Network.enable")
    await devtools.send("Network.clearBrowserCache")
    return page, devtools, painted


async def worked_ms(devtools: Any) -> float:
    """Processor time of the page's thread so far."""
    told = (await devtools.send("Performance.getMetrics"))["metrics"]
    return next(float(each["value"]) for each in told if each["name"] == "TaskDuration") * 1000


async def pace(browser: Any) -> float:
    """How much longer the page's thread takes here than on the computer that the budget was set with."""
    page = await browser.new_page()
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = await worked_ms(devtools)
    await page.evaluate(WORK)
    took = await worked_ms(devtools) - before
    await page.context.close()
    return took / WORK_MS


async def test_the_first_load_is_within_its_budget(demo: Hub, browser: Any) -> None:
    """Bytes as they travel, requests, and when a signed-in person can put a finger on a lamp: by reckoning."""
    busy: list[float] = []
    paces: list[float] = []
    for _round in range(ROUNDS):
        page, devtools, painted = await phone(browser, demo)
        await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        files = Files(devtools)
        await page.goto(address_of(demo), wait_until="commit")
        await asyncio.wait_for(painted, PATIENCE_S)
        busy.append(await worked_ms(devtools))
        paces.append(await pace(browser))
        loaded = files.loaded()
        whole = sum(loaded.values())
        assert whole < FIRST_LOAD_BYTES, loaded
        assert len(loaded) <= REQUESTS, loaded
        await page.context.close()
    link = TURNS * LINK["latency"] + whole / LINK["downloadThroughput"] * 1000
    # what else goes on at the machine only ever adds: the least is nearest to what the page takes
    slower, taken = min(paces), min(busy)
    reckoned = link + taken / slower * SLOWER
    sys.stdout.write(f"\n{whole} bytes in {len(loaded)} requests; {link:.0f} ms of the link, {taken:.0f} ms of a ")
    sys.stdout.write(f"processor that takes {slower:.2f} times as long; interactive after {reckoned:.0f} ms\n")
    assert reckoned < INTERACTIVE_MS


async def test_what_the_first_page_needs_is_asked_for_once_and_before_the_page_is_there(
    demo: Hub, browser: Any
) -> None:
    page, _devtools, painted = await phone(browser, demo)
    asked: list[str] = []
    early, live, enough = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def question(route: Any) -> None:
        asked.append(route.request.url)
        early.set()
        await enough.wait()
        await route.continue_()

    async def console(route: Any) -> None:
        await early.wait()
        await route.continue_()

    await page.route("**/api/v1/things?**", question)
    await page.route("**/assets/first-*.js", console)
    page.on("websocket", lambda one: one.on("framereceived", lambda frame: live.set() if "pong" in frame else None))
    await page.goto(address_of(demo), wait_until="commit")
    await asyncio.wait_for(live.wait(), PATIENCE_S)
    await page.evaluate("0")  # what the page does about it is done
    assert len(asked) == 1, "the live view's beginning asks for nothing that is on its way"
    enough.set()
    await asyncio.wait_for(painted, PATIENCE_S)
    await page.context.close()


@pytest.mark.skipif("UNISONO_MEASURE" not in os.environ, reason="a measurement: UNISONO_MEASURE=1")
async def test_a_throttled_phone_is_interactive_in_time(demo: Hub, browser: Any) -> None:
    """The phone is as quick whatever computer stands in for it: a slow one is slowed less, as Lighthouse advises."""
    took: list[float] = []
    slower = SLOWER / min([await pace(browser) for _round in range(ROUNDS)])
    for _round in range(ROUNDS):
        page, devtools, painted = await phone(browser, demo)
        await devtools.send("Network.emulateNetworkConditions", LINK)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        await page.goto(address_of(demo), wait_until="commit")
        took.append(await asyncio.wait_for(painted, PATIENCE_S))
        await page.context.close()
    sys.stdout.write(f"\nslowed {slower:.2f} times: interactive after {sorted(map(round, took))} ms\n")
    assert statistics.median(took) < INTERACTIVE_MS, took
