"""Two thousand things before one browser, five thousand changes a second: what that costs it. Measured, a minute.

Not part of every run: ``UNISONO_MEASURE=1 pytest -s tests/console/test_crowd.py`` (or ``make bench-console``).
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import psutil
import pytest

from tests.console.conftest import signed_in
from tests.hub.hub import Hub

THINGS = 2_000
RATE = 5_000
WARM_S = 10
MEASURED_S = int(os.environ.get("UNISONO_MEASURE_S", "60"))
CPU = 0.5
GROWN = 1.10

pytestmark = pytest.mark.skipif("UNISONO_MEASURE" not in os.environ, reason="a measurement: UNISONO_MEASURE=1")


async def test_a_crowd_costs_half_a_core_and_no_memory(fresh: Hub, browser: Any) -> None:
    complaints: list[str] = []
    await fresh.furnish()
    data = ["--data", str(fresh.data), "--url", f"mqtt://127.0.0.1:{fresh.mqtt_port}"]
    command = [sys.executable, "-m", "unisono.cli", "sim", "things", "--count", str(THINGS), "--rate", str(RATE), *data]
    environment = {**os.environ, "UNISONO_URL": f"http://127.0.0.1:{fresh.http_port}"}
    sim = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.DEVNULL)
    try:

        async def all_there() -> bool:
            return bool((await fresh.status())["online"] >= THINGS)

        await fresh.eventually(all_there, "all things are online", 60)
        page = await signed_in(
            fresh, await browser.new_context(viewport={"width": 1440, "height": 900}), complaints, "[data-thing]"
        )
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Performance.enable")
        main = await (await browser.new_browser_cdp_session()).send("SystemInfo.getProcessInfo")
        pids = [each["id"] for each in main["processInfo"]]
        await asyncio.sleep(WARM_S)
        first = await figures(devtools, pids)
        told = await page.locator("[data-thing] .large").all_inner_texts()
        await asyncio.sleep(MEASURED_S)
        assert told != await page.locator("[data-thing] .large").all_inner_texts(), "what is in sight goes on changing"
        last = await figures(devtools, pids)
        busy = (last["cpu"] - first["cpu"]) / MEASURED_S
        page_busy = (last["task"] - first["task"]) / MEASURED_S
        heap = f"heap {first['heap'] / 2**20:.1f} -> {last['heap'] / 2**20:.1f} MB"
        nodes = f"nodes {first['nodes']:.0f} -> {last['nodes']:.0f}"
        sys.stdout.write(f"\n{THINGS} things, {RATE} changes/s, {MEASURED_S} s: {busy:.0%} of a core ")
        sys.stdout.write(f"(the page {page_busy:.0%}), {heap}, {nodes}\n")
        assert complaints == []
        assert busy < CPU
        assert last["heap"] < first["heap"] * GROWN and last["nodes"] < first["nodes"] * GROWN
    finally:
        sim.terminate()
        await sim.wait()


async def figures(devtools: Any, pids: list[int]) -> dict[str, float]:
    """Processor seconds of all the browser's processes; heap after a collection, nodes of the page."""
    await devtools.send("HeapProfiler.collectGarbage")
    told = {each["name"]: each["value"] for each in (await devtools.send("Performance.getMetrics"))["metrics"]}
    cpu = 0.0
    for pid in pids:
        if psutil.pid_exists(pid):
            times = psutil.Process(pid).cpu_times()
            cpu += times.user + times.system
    return {"cpu": cpu, "heap": told["JSHeapUsedSize"], "nodes": told["Nodes"], "task": told["TaskDuration"]}
