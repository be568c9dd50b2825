"""Home Assistant's side of `bench_scenes`: run by the Python of a virtual environment that has it, prints JSON.

In process, as Home Assistant's own tests and benchmarks do it: ``hass.states.async_set`` for every value, and
``async_block_till_done`` after each pass, so that no automation is still running when its sensor speaks again. The
recorder, the log book and the web server are not loaded. Each automation: ``numeric_state``, above a threshold, then
``input_boolean.turn_on`` (an entity in memory) or an event.

    python scenes_home_assistant.py SENSORS WATCHED PASSES set|event CONFIG_FOLDER
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import time

from homeassistant import bootstrap, config_entries, const, loader
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.setup import async_setup_component
from scene_stream import THRESHOLD, Stream


async def start(folder: str) -> HomeAssistant:
    hass = HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    load = getattr(bootstrap, "async_load_base_functionality", None) or bootstrap.load_registries
    await load(hass)
    return hass


async def load(hass: HomeAssistant, stream: Stream, action: str) -> None:
    """Entities and automations, as its configuration has them."""
    lamps = {f"lamp_{number}": None for number in range(stream.watched)}
    automations = [
        {
            "id": f"a{number}",
            "alias": f"a{number}",
            "trigger": [{"platform": "numeric_state", "entity_id": f"sensor.s{number}", "above": THRESHOLD}],
            "action": [
                {"service": "input_boolean.turn_on", "target": {"entity_id": f"input_boolean.lamp_{number}"}}
                if action == "set"
                else {"event": "bench_fired"}
            ],
        }
        for number in range(stream.watched)
    ]
    for component, config in (
        ("homeassistant", {}),
        ("input_boolean", {"input_boolean": lamps}),
        ("automation", {"automation": automations}),
    ):
        if not await async_setup_component(hass, component, config):
            raise SystemExit(f"{component} could not be set up")


async def main(stream: Stream, action: str, folder: str) -> None:
    logging.disable(logging.CRITICAL)  # it logs every run at INFO
    hass = await start(folder)
    names = [f"sensor.s{number}" for number in range(stream.sensors)]
    for number, name in enumerate(names):
        hass.states.async_set(name, str(stream.value(number, 0)))
    await load(hass, stream, action)
    await hass.async_start()
    await hass.async_block_till_done()
    ran = 0

    @callback
    def count(event: Event) -> None:
        nonlocal ran
        ran += 1

    hass.bus.async_listen("automation_triggered", count)
    took = cpu = 0.0
    gc.collect()
    gc.freeze()  # as ours is measured
    for turn in stream.turns:
        values = [(name, str(stream.value(number, turn))) for number, name in enumerate(names)]  # off the clock
        begun, cpu_begun = time.perf_counter(), time.process_time()
        for name, value in values:
            hass.states.async_set(name, value)
        await hass.async_block_till_done()
        took, cpu = took + time.perf_counter() - begun, cpu + time.process_time() - cpu_begun
    print(
        json.dumps({"version": const.__version__, "seconds": took, "cpu_s": cpu, "values": stream.values, "runs": ran})
    )
    await hass.async_stop(force=True)


if __name__ == "__main__":
    sensors, watched, passes = map(int, sys.argv[1:4])
    asyncio.run(main(Stream(sensors, watched, passes), sys.argv[4], sys.argv[5]))
