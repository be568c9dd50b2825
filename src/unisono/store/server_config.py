"""What the hub's own nats-server is told: its configuration file, token, port and environment.

Knows nats-server's settings. Knows nothing of processes.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import NamedTuple

from unisono.store.disk import disk_error

__all__ = ["MAX_LOG_BYTES", "MAX_PAYLOAD", "ServerConfig", "choose_port", "load_port", "load_token", "write_private"]

MAX_LOG_BYTES = 1 << 30
"""Default bound of all logs together: what a restart can replay in seconds."""

SIDE_BYTES = 256 << 20
"""File storage beside the logs: leases, and later retained messages and sessions."""

MAX_MEMORY_STORE = 64 << 20
"""Memory streams are not used; readers' states are small."""

MAX_PAYLOAD = 8 << 20
"""nats-server warns beyond it. Its default of 1 MB would be enough for our batches of 200 KB, but not for the largest
message that a device may send (2 MB), which is in one entry twice when it waits for one client and goes to another
gateway."""

MAX_PENDING = 64 << 20
"""What the server buffers for one slow reader before it cuts it off; flow control keeps log readers below 32 MB."""

WRITE_DEADLINE = "60s"
"""A reader may be busy (a checkpoint, a garbage collection) for longer than the default 10 s without being cut off."""

LOG_FILE_BYTES = 4 << 20
LOG_FILES = 3
"""nats-server rotates at the size and keeps so many: at most 12 MB of its log."""

PORTS = range(20_000, 30_000)
"""Below Linux' ephemeral range (32768 and up), so that no outgoing connection sits on the port after a restart."""

PORT_TRIES = 50

MEMORY_LIMIT = 512 << 20
MEMORY_SHARE = 1 / 8
"""Where Go begins to collect harder: on a small machine an eighth of its memory. Measured at full load (20 clients,
window 100): 283,000 messages/s with 64 MiB, where half the server's time is garbage collection, 668,000 with 400 MiB.
It is 14 MB when fresh, about 100 MB after load. The limit is soft (past it Go collects more often, it never fails)."""


def environment() -> dict[str, str]:
    """What Go's runtime is told; the hub's own environment overrides it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"GOMEMLIMIT": str(min(MEMORY_LIMIT, int(memory * MEMORY_SHARE)))}


class ServerConfig(NamedTuple):
    folder: Path
    port: int
    token: str
    name: str
    max_log_bytes: int
    max_payload: int
    version: tuple[int, int, int]
    monitor_port: int | None

    @property
    def log_file(self) -> Path:
        return self.folder / "nats.log"

    @property
    def pid_file(self) -> Path:
        return self.folder / "nats.pid"

    def text(self) -> str:
        """The configuration file. It holds the token: write it with `write_private`."""
        # The limit of consumers came with 2.15, where it defaults to 1,000; earlier servers refuse the unknown word.
        limits = "\n  limits { default_max_consumers: -1 }" if self.version >= (2, 15) else ""
        monitor = f'\nhttp: "127.0.0.1:{self.monitor_port}"' if self.monitor_port else ""
        return f"""# Written by unisono at each start; changes are lost.
listen: "127.0.0.1:{self.port}"{monitor}
server_name: "{self.name}"
authorization {{ token: "{self.token}" }}
jetstream {{
  store_dir: {_quoted(self.folder)}
  max_memory_store: {MAX_MEMORY_STORE}
  max_file_store: {self.max_log_bytes + SIDE_BYTES}
  sync_interval: always{limits}
}}
max_payload: {self.max_payload}
max_pending: {MAX_PENDING}
write_deadline: "{WRITE_DEADLINE}"
log_file: {_quoted(self.log_file)}
logfile_size_limit: {LOG_FILE_BYTES}
logfile_max_num: {LOG_FILES}
"""


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; raises HostError ``disk_full`` or ``read_only``."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            os.fchmod(fd, 0o600)
            file.write(text)
    except OSError as error:
        raise disk_error(error, path) from error


def load_token(folder: Path) -> str:
    """The token of this data directory: 256 random bits, made at the first start."""
    path = folder / "token"
    try:
        token = path.read_text("ascii").strip()
    except OSError:
        token = ""
    if len(token) < 32 or not token.isalnum():
        token = secrets.token_hex(32)
        write_private(path, token + "\n")
    return token


def load_port(folder: Path) -> int | None:
    """The port of the last start, when it was remembered and is free now."""
    try:
        port = int((folder / "port").read_text("ascii"))
    except (OSError, ValueError):
        return None
    return port if _is_free(port) else None


def choose_port() -> int:
    """A free port on loopback (another program may still take it before the server does)."""
    for _ in range(PORT_TRIES):
        port = secrets.choice(PORTS)
        if _is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
