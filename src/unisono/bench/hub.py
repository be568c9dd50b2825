"""The hub under measurement: started from outside as ``python -m unisono.cli up``, driven over HTTP and MQTT only.

Knows the commands, paths and metric names that the design promises to users. Knows nothing of the hub's inside.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from unisono.bench import machine
from unisono.errors import HostError

__all__ = ["METER", "PLACE", "WIDE", "Hub"]

START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 30.0
POLL_S = 0.02  # how finely "answers again" and "backlog zero" are measured
BULK = 5_000  # things in one request: half of what the API takes
BULK_SCENES = 1_000  # scenes in one request
PAGE = 10_000  # values in one page of history, the most the API gives
PLACE = "bench"

METER: dict[str, Any] = {
    "id": "bench.meter",
    "titles": {"en": "Bench meter"},
    "services": [
        {
            "properties": [
                {"key": key, "trait": key, "schema": schema} | ({"unit": unit} if unit else {})
                for key, unit, schema in (
                    ("temperature", "Cel", {"kind": "float", "min": -50, "max": 150}),
                    ("humidity", "%", {"kind": "float", "min": 0, "max": 100}),
                    ("power", "W", {"kind": "float", "min": 0, "max": 100_000}),
                    ("count", None, {"kind": "int", "min": 0}),
                )
            ]
        }
    ],
}
"""The model of the measured things: the four values of `frames.payload`, each with a range to be checked."""

WIDE: dict[str, Any] = {
    "id": "bench.wide",
    "titles": {"en": "Bench thing of twelve values"},
    "services": [
        {
            "properties": [
                {"key": f"value_{number}", "schema": {"kind": "float", "min": -1e9, "max": 1e9}}
                for number in range(1, 13)
            ]
        }
    ],
}
"""The model of the restart measurement."""


class _Point(msgspec.Struct):
    value: float


class _Page(msgspec.Struct):
    points: list[_Point]
    next: str | None = None


_page = msgspec.json.Decoder(_Page)


class Hub:
    """One hub with its data in a temporary folder. A context manager; ``port`` is its MQTT port.

    ``doors``: with its TLS port open; ``ports`` says which way is where. `kill` and `start` may alternate: ports and
    data stay the same.
    """

    name = "unisono"

    def __init__(self, *, doors: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="unisono-bench-hub-"))
        self.port = machine.free_port()
        self.http_port = machine.free_port()
        self.ports = {"tcp": self.port, "tls": machine.free_port() if doors else 0, "websocket": self.http_port}
        self.process: subprocess.Popen[bytes] | None = None
        self._answered = 0.0
        import httpx

        self._lost = httpx.TransportError
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self.http_port}", timeout=60.0)

    def __enter__(self) -> Hub:
        try:
            self.start()
            self.add_place()
            self.add_model(METER)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def settle(self, name: str, text: str) -> None:
        """Write a file of settings into its data directory; before it starts."""
        folder = self.folder / "data"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / name).write_text(text)

    # -- its life

    @property
    def pids(self) -> list[int]:
        """The hub's processes, nats-server included."""
        return machine.family(self.process.pid) if self.process else []

    @property
    def gateway_pid(self) -> int:
        """The process that listens on the MQTT port."""
        pid = machine.listener(self.pids, self.port)
        if pid is None:
            raise HostError("no process of the hub listens on its MQTT port", code="hub_unreachable")
        return pid

    @property
    def nats_pid(self) -> int:
        """The nats-server among the hub's processes."""
        for pid in self.pids:
            if "nats-server" in machine.command_line(pid).split(" ", 1)[0]:
                return pid
        raise HostError("the hub has no nats-server process", code="hub_unreachable")

    def launch(self) -> float:
        """Start the process without waiting; the monotonic time at which that was."""
        command = [
            sys.executable, "-m", "unisono.cli", "up", "--data", str(self.folder / "data"),
            "--http-port", str(self.http_port), "--mqtt-port", str(self.port), "--https-port", "0",
            "--mqtts-port", str(self.ports["tls"]),
        ]  # fmt: skip
        at = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        return at

    def start(self, deadline_s: float = START_DEADLINE_S) -> float:
        """Start and wait for the first good answer; returns the seconds from process start to it."""
        at = self.launch()
        self.wait_for_answer(at + deadline_s)
        if not machine.wait_for_port(self.port, deadline_s):
            raise HostError(f"the hub does not listen for MQTT: {self.log_tail()}", code="hub_unreachable")
        return self._answered - at

    def wait_for_answer(self, until: float, path: str = "/api/v1/places?limit=1") -> Any:
        """The first good answer of the API to ``path``. Raises `HostError` if none came by ``until`` (monotonic)."""
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                raise HostError(f"the hub ended with {self.process.returncode}: {self.log_tail()}")
            try:
                answer = self._http.get(path, headers=self._headers(), timeout=5.0)
            except (self._lost, OSError):
                time.sleep(POLL_S)
                continue
            if answer.status_code == 200:
                self._answered = time.monotonic()
                return answer.json()
            time.sleep(POLL_S)
        raise HostError(f"the hub did not answer in time: {self.log_tail()}", code="hub_unreachable")

    def log_tail(self) -> str:
        """The end of what the hub printed."""
        try:
            return (self.folder / "log").read_text(errors="replace")[-2000:]
        except OSError:
            return ""

    def kill(self) -> None:
        """SIGKILL to every process of the hub, the main one first so that it cannot put things in order."""
        if self.process is None:
            return
        pids = self.pids
        for pid in pids:
            _kill(pid)
        self.process.wait()
        for pid in pids:
            _wait_gone(pid)
        self.process = None

    def stop(self) -> None:
        """SIGTERM, as a service manager would; then SIGKILL to whatever is left."""
        if self.process is None:
            return
        pids = self.pids
        self.process.terminate()
        try:
            self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in pids:
            _kill(pid)
            _wait_gone(pid)
        self.process = None

    def close(self) -> None:
        """Stop and remove everything."""
        self.stop()
        self._http.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- its API

    @property
    def token(self) -> str:
        """The administrator's token that the hub leaves for the same system user."""
        return (self.folder / "data" / "token").read_text().strip()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def ask(self, method: str, path: str, *, json: Any = None) -> Any:
        """One API call. Raises `HostError` with the problem document when it is not a success."""
        content = self._send(method, path, json=json)
        return msgspec.json.decode(content) if content else None

    def _send(self, method: str, path: str, *, json: Any = None, params: dict[str, Any] | None = None) -> bytes:
        try:
            answer = self._http.request(method, path, json=json, params=params, headers=self._headers())
        except self._lost as error:
            raise HostError(f"{method} {path}: {error!r}", code="hub_unreachable") from error
        if answer.status_code >= 300:
            raise HostError(f"{method} {path}: {answer.status_code} {answer.text[:400]}")
        return answer.content

    def add_place(self) -> None:
        """The root place of all measured things."""
        self.ask("POST", "/api/v1/places", json={"id": PLACE, "name": "Bench", "kind": "plant"})

    def add_model(self, document: dict[str, Any]) -> None:
        """A model of our own."""
        self.ask("POST", "/api/v1/models", json=document)

    def add_things(
        self, count: int, prefix: str, *, model: str = "bench.meter", parent: str | None = None, first: int = 0
    ) -> list[tuple[str, str]]:
        """Add ``prefix<first>`` .. ``prefix<count - 1>`` in bulk; their (id, secret) pairs."""
        added: list[tuple[str, str]] = []
        for low in range(first, count, BULK):
            rows = [
                {"id": f"{prefix}{number}", "model": model, "place": PLACE, "parent": parent}
                for number in range(low, min(low + BULK, count))
            ]
            answer = self.ask("POST", "/api/v1/things", json=rows)
            added += [(item["id"], item["secret"]) for item in answer["items"]]
        return added

    def add_scenes(self, documents: Sequence[dict[str, Any]]) -> None:
        """Add scenes in bulk. Raises `HostError` unless every one of them is in force then."""
        for low in range(0, len(documents), BULK_SCENES):
            answer = self.ask("POST", "/api/v1/scenes/bulk", json=documents[low : low + BULK_SCENES])
            for row in answer["rows"]:
                if row["result"] != "created":
                    raise HostError(f"scene {row['id']} was not added: {row}")

    def metrics(self) -> dict[str, float]:
        """The Prometheus metrics, summed over labels."""
        try:
            text = self._http.get("/metrics", headers=self._headers()).text
        except self._lost as error:
            raise HostError(f"/metrics: {error!r}", code="hub_unreachable") from error
        found: dict[str, float] = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def metric(self, name: str) -> float:
        """One metric. Raises `HostError` when the hub has none of that name."""
        found = self.metrics()
        if name not in found:
            raise HostError(f"the hub's /metrics has no {name}", code="not_found")
        return found[name]

    def wait_for_backlog(self, deadline_s: float) -> float:
        """Wait until twins and history hold all that the log held when asked; the monotonic time when they did."""
        last: float | None = None
        twins = history = -1.0
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            found = self.metrics()
            if found.get("unisono_owner_ready"):  # else the owner is starting, and its positions are not to be had
                last = found["unisono_log_last_sequence"] if last is None else last
                twins, history = found["unisono_twin_position"], found["unisono_history_position"]
                if min(twins, history) >= last:
                    return time.monotonic()
            time.sleep(POLL_S)
        raise HostError(
            f"after {deadline_s:.0f} s the log was at {last}, the twins at {twins:.0f}, history at {history:.0f}",
            code="owner_unavailable",
        )

    def history(self, thing: str, name: str) -> Iterator[Sequence[Any]]:
        """All values of one property, oldest first, a page at a time."""
        params: dict[str, Any] = {"property": name, "from": "2000-01-01T00:00:00Z", "limit": PAGE}
        while True:
            page = _page.decode(self._send("GET", f"/api/v1/things/{thing}/history", params=params))
            yield [point.value for point in page.points]
            if not page.next:
                return
            params["after"] = page.next


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _wait_gone(pid: int) -> None:
    """A killed grandchild is reaped by init; until then it holds its ports."""
    end = time.monotonic() + STOP_DEADLINE_S
    while time.monotonic() < end:
        if machine.status(pid) in (None, "Z"):
            return
        time.sleep(POLL_S)
    raise HostError(f"process {pid} did not die")
