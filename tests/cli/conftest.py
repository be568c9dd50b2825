"""A whole hub behind the command line: the real thing, in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.parts import free_port

START_S = 100.0


@dataclass
class Shell:
    """Runs commands against one hub."""

    data: Path
    url: str
    mqtt: int

    def run(
        self, *words: str, check: int | None = 0, cwd: str | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "UNISONO_URL": self.url, "UNISONO_DATA": str(self.data), **extra}
        environment.pop("UNISONO_TOKEN", None)
        command = [sys.executable, "-m", "unisono.cli", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=90, check=False, cwd=cwd
        )
        if check is not None:
            assert done.returncode == check, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json").stdout)


@dataclass
class RunningHub:
    shell: Shell
    process: subprocess.Popen[str]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)


def start_hub(data: Path, log: Path, *flags: str) -> RunningHub:
    http, mqtt = free_port(), free_port()
    command = [sys.executable, "-m", "unisono.cli", "up", "--data", str(data)]
    command += ["--http-port", str(http), "--mqtt-port", str(mqtt)]
    command += ["--https-port", "0", "--mqtts-port", "0", *flags]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, text=True)
    url = f"http://127.0.0.1:{http}"
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
                if answer.status == 200 and "Unisono is up" in log.read_text():
                    return RunningHub(Shell(data, url, mqtt), process)
        except OSError:
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    root = tmp_path_factory.mktemp("hub")
    running = start_hub(root / "data", root / "hub.log")
    yield running
    running.stop()


@pytest.fixture
def shell(hub: RunningHub) -> Shell:
    return hub.shell


@pytest.fixture(scope="session")
def home(hub: RunningHub) -> str:
    """A place with a probe; the probe's secret."""
    hub.shell.run("place", "add", "Home", "--kind", "home")
    words = ("thing", "add", "probe1", "--model", "sensor.temperature", "--place", "home", "--name", "Probe")
    added = hub.shell.json(*words)
    assert added["id"] == "probe1"
    assert len(added["secret"]) >= 22
    return str(added["secret"])
