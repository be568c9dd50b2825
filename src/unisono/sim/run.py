"""Runs simulated worlds against a hub: registers what is missing, connects every device, lets time pass.

Knows the event loop and the wall clock; everything below it gets time passed in.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

from unisono.errors import HostError
from unisono.sim.car import build_car
from unisono.sim.client import Client
from unisono.sim.device import Device
from unisono.sim.firmware import Firmware
from unisono.sim.home import build_home
from unisono.sim.kept import Keyring, Memory
from unisono.sim.line import build_line
from unisono.sim.mischief import Mischief
from unisono.sim.options import SimOptions
from unisono.sim.provision import Documents, Provisioner
from unisono.sim.world import World

__all__ = ["run_car", "run_demo", "run_home", "run_line", "run_worlds"]

_log = logging.getLogger(__name__)

TICK_S = 1.0  # physics and reports; commands are taken and answered in between
LONGEST_STEP_S = 5.0  # after a suspended laptop the worlds go on where they were
#: Folders of documents that come with the demonstration, and where each kind is added.
DOCUMENTS = {"scenes": "/api/v1/scenes", "alarms": "/api/v1/alarms/definitions"}
KEEP_S = 60.0  # a meter that lost the last minute is put right; more often only wears out the card of a Raspberry Pi
SPREAD_S = 2.0  # devices connect within that time, not all at once


class _Running:
    """One device with its programme and its client."""

    def __init__(self, device: Device, options: SimOptions, secret: str, renew: Callable[[], Awaitable[str]]) -> None:
        seed = None if options.seed is None else f"{options.seed}/{device.who.thing}"
        self.rng = Random(seed)
        self.client = Client(
            options.address(),
            device.who.thing,
            secret,
            take=self._take,
            came=self._came,
            renew=renew,
            rng=self.rng,
        )
        loop = asyncio.get_running_loop()
        self.mischief = Mischief(options)
        self.firmware = Firmware(device, self.mischief, self.rng, send=self.client.publish, later=loop.call_later)

    def _take(self, topic: str, payload: bytes) -> None:
        self.firmware.receive(topic, payload)

    def _came(self) -> None:
        self.firmware.came()

    def tick(self, dt_s: float, now_s: float) -> None:
        """Report, or break off."""
        if not self.client.ready:
            return
        if self.mischief.breaks(dt_s, self.rng):
            self.client.break_off(self.mischief.away_s(self.rng))
            return
        self.firmware.tick(now_s)

    async def run(self) -> None:
        """Be connected until cancelled; a fault of one device must not end the others."""
        await asyncio.sleep(self.rng.uniform(0.0, SPREAD_S))
        try:
            await self.client.run()
        except Exception:  # noqa: BLE001 - the edge of a task
            _log.exception("%s stopped", self.firmware.device.who.thing)


async def run_worlds(
    worlds: Sequence[World],
    options: SimOptions,
    documents: Documents = (),
    policies: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> None:
    """Simulate until cancelled; then every device says DISCONNECT. ``documents`` and ``policies`` come with the things.

    Raises CallerError or HostError when what is needed cannot be registered.
    """
    keyring = Keyring(options.data)
    provisioner = Provisioner(options, keyring)
    places = [place for world in worlds for place in world.places]
    devices = [device for world in worlds for device in world.devices]
    await provisioner.ensure(places, [(device.who, device.model) for device in devices], documents, policies)
    memory = Memory(options.data)
    for device in devices:
        device.resume(memory.get(device.who.thing) or {})
    renewing = asyncio.Lock()

    def renewal(device: Device) -> Callable[[], Awaitable[str]]:
        async def renew() -> str:
            async with renewing:
                try:
                    return await provisioner.renew(places, (device.who, device.model))
                finally:
                    await provisioner.close()

        return renew

    running = [_Running(device, options, keyring.get(device.who.thing) or "", renewal(device)) for device in devices]
    tasks = [asyncio.create_task(one.run(), name=one.firmware.device.who.thing) for one in running]
    _log.info("simulating %d things", len(running))
    try:
        await _let_time_pass(worlds, running, Random(options.seed), lambda: _remember(memory, devices))
    finally:
        _remember(memory, devices)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _remember(memory: Memory, devices: Sequence[Device]) -> None:
    try:
        memory.put({device.who.thing: device.totals for device in devices if device.lasting})
    except HostError as error:  # a full disk ends no simulation
        _log.warning("the totals of meters are not kept: %s", error)


async def _let_time_pass(
    worlds: Sequence[World], running: Sequence[_Running], rng: Random, remember: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()
    kept_s = then_s = loop.time()
    while True:
        await asyncio.sleep(TICK_S)
        now_s = loop.time()
        dt_s, then_s = min(LONGEST_STEP_S, now_s - then_s), now_s
        local = time.localtime()
        day_s = local.tm_hour * 3600.0 + local.tm_min * 60.0 + local.tm_sec
        for world in worlds:
            world.step(dt_s, day_s, rng)
        for one in running:
            one.tick(dt_s, now_s)
        if now_s - kept_s >= KEEP_S:
            kept_s = now_s
            remember()


async def run_home(options: SimOptions) -> None:
    """Simulate the home until cancelled."""
    await run_worlds([build_home(options.place)], options)


async def run_car(options: SimOptions) -> None:
    """Simulate the car until cancelled."""
    await run_worlds([build_car(options.place)], options)


async def run_line(options: SimOptions) -> None:
    """Simulate the production line until cancelled."""
    await run_worlds([build_line(options.place)], options)


async def run_demo(options: SimOptions) -> None:
    """Simulate home, car and line until cancelled, with scenes that make them act together, alarms and policies."""
    import yaml

    worlds = [build_home(options.place), build_car(options.place), build_line(options.place)]
    here = Path(__file__).parent
    documents = [
        (path, file.read_bytes()) for kind, path in DOCUMENTS.items() for file in sorted((here / kind).glob("*.yaml"))
    ]
    files = sorted((here / "policies").glob("*.yaml"))
    policies = {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in files}
    await run_worlds(worlds, options, documents, policies)
