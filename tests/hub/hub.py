"""A whole hub as its users start it: ``unisono up`` in a process of its own, driven over HTTP and MQTT only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import httpx
import psutil

from tests.gateway.client import Client, connect_packet
from tests.parts import free_port, until

__all__ = ["Hub"]

#: A hub takes four seconds; what never comes up is not worth more patience than this.
START_S = 100.0
STOP_S = 40.0


class Hub:
    """One hub on ``data``; `start`, `stop` and `kill` may alternate, ports and data stay."""

    def __init__(self, data: Path, *flags: str, http_port: int = 0, mqtt_port: int = 0) -> None:
        self.data = data
        self.flags = flags
        self.http_port = http_port or free_port()
        self.mqtt_port = mqtt_port or free_port()
        self.https_port = free_port()
        self.mqtts_port = free_port()
        self.tls_flags = True
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.http_port}", timeout=30)
        self.clients: list[Client] = []
        self.output_folder = data.parent
        self._logs: list[Path] = []

    # its process

    async def start(self, *, wait: bool = True) -> Hub:
        """Start it and wait until it says that it is up; fails with its output when it does not get there."""
        log = self.output_folder / f"{self.data.name}-{len(self._logs)}.log"
        self._logs.append(log)
        command = [sys.executable, "-m", "unisono.cli", "up", "--data", str(self.data)]
        command += ["--http-port", str(self.http_port), "--mqtt-port", str(self.mqtt_port)]
        if self.tls_flags:
            command += ["--https-port", str(self.https_port), "--mqtts-port", str(self.mqtts_port)]
        command += self.flags
        with log.open("wb") as output:
            self._spawn(command, output)
        if wait:
            await until(lambda: "Unisono is up" in self.output or self.ended, "the hub is up", START_S)
            assert not self.ended, self.output
        return self

    def _spawn(self, command: list[str], output: IO[bytes]) -> None:
        """A plain Popen: the process outlives the event loop of the test that starts it."""
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    @property
    def output(self) -> str:
        """What the hub of this start has printed so far."""
        return self._logs[-1].read_text("utf-8", "replace")

    @property
    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    async def ending(self, deadline_s: float = STOP_S) -> int:
        """Wait for its end; returns the exit code."""
        await until(lambda: self.ended, "the hub has ended", deadline_s)
        assert self.process is not None and self.process.returncode is not None
        return self.process.returncode

    def children(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, word: str) -> psutil.Process:
        """The one child whose command line has the word in it."""
        [found] = [each for each in self.children() if any(word in part for part in each.cmdline())]
        return found

    async def stop(self) -> int:
        """SIGTERM, as a supervisor does it."""
        assert self.process is not None
        self.process.terminate()
        return await self.ending()

    async def kill_all(self) -> None:
        """kill -9 of every process at once, as a power cut."""
        assert self.process is not None
        everyone = [psutil.Process(self.process.pid), *self.children()]
        for each in everyone:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGSTOP)
        for each in everyone:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        await self.ending()
        await until(lambda: not any(alive(each) for each in everyone), "all processes are gone")

    async def kill_main(self) -> list[psutil.Process]:
        """kill -9 of the main process alone; returns those that it leaves behind."""
        assert self.process is not None
        orphans = self.children()
        os.kill(self.process.pid, signal.SIGKILL)
        await self.ending()
        return orphans

    async def close(self) -> None:
        """Whatever is left of it, goes."""
        for client in self.clients:
            if client.transport is not None:
                client.transport.abort()
                await client.closed.wait()
        self.http.close()
        if self.process is not None and not self.ended:
            children = self.children()
            self.process.terminate()
            try:
                await self.ending()
            finally:
                for each in children:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        each.kill()
                if not self.ended:
                    self.process.kill()
                    self.process.wait()

    # its API

    @property
    def token(self) -> str:
        return (self.data / "token").read_text().strip()

    async def ask(self, method: str, path: str, body: Any = None, *, ok: bool = True) -> Any:
        """One request with the administrator's token; returns the JSON. ``ok``: anything but 2xx fails."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = await asyncio.to_thread(self.http.request, method, path, json=body, headers=headers)
        assert not ok or answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def get(self, path: str, *, ok: bool = True) -> Any:
        return await self.ask("GET", path, ok=ok)

    async def furnish(self, *things: str, model: str = "sensor.temperature", place: str = "home") -> dict[str, str]:
        """A root place with things in it; returns their secrets."""
        await self.ask("POST", "/api/v1/places", {"id": place, "name": place, "kind": "home"})
        secrets: dict[str, str] = {}
        for thing in things:
            made = await self.ask("POST", "/api/v1/things", {"id": thing, "model": model, "place": place})
            secrets[thing] = made["secret"]
        return secrets

    async def thing(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.get(f"/api/v1/things/{id}")
        return found

    async def value(self, id: str, key: str = "temperature") -> Any:
        """The reported value, None when there is none."""
        return (await self.thing(id))["state"].get(key, {}).get("value")

    async def history(self, id: str, key: str = "temperature") -> list[Any]:
        """All raw values, oldest first."""
        values: list[Any] = []
        after = ""
        while True:
            page = await self.get(
                f"/api/v1/things/{id}/history?property={key}&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&limit=10000{after}"
            )
            values += [point["value"] for point in page["points"]]
            if not page.get("next"):
                return values
            after = f"&after={page['next']}"

    async def letters(self, id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"/api/v1/things/{id}/dead-letters"))["items"]
        return found

    async def status(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.get("/api/v1/status")
        return found

    async def troubles(self) -> str:
        """Everything that the status has to tell, in one text."""
        status = await self.status()
        return "\n".join([*status["trouble"], *status["troubles"]])

    async def eventually(self, question: Callable[[], Any], what: str, deadline_s: float = 20.0) -> Any:
        """Ask (a coroutine function) until the answer is true; returns it."""
        end = time.monotonic() + deadline_s
        while True:
            answer: Any = None
            with contextlib.suppress(httpx.TransportError, AssertionError):
                answer = await question()
            if answer:
                return answer
            assert time.monotonic() < end, f"not within {deadline_s} s: {what}\n{self.output[-4000:]}"
            await asyncio.sleep(0.05)

    # its devices

    def client(self, thing: str, secret: str, **fields: Any) -> Client:
        made = Client(self.mqtt_port, connect_packet(thing, secret, **fields))
        self.clients.append(made)
        return made

    async def device(self, thing: str, secret: str, **fields: Any) -> Client:
        client = self.client(thing, secret, **fields)
        connack = await client.open()
        assert connack.reason == 0, connack
        return client


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
