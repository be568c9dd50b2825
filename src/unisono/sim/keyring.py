"""The devices' secrets between two runs: one file, readable by its owner only.

Knows a folder and a JSON object of id -> secret. A secret that the hub no longer takes is replaced by whoever notices.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from unisono.errors import HostError

__all__ = ["Keyring"]

FILE = "sim/secrets.json"
MODE = 0o600


class Keyring:
    """Secrets by thing id. Reading happens at once; an unreadable file counts as lost, since secrets can be renewed."""

    def __init__(self, data: Path) -> None:
        self.path = data / FILE
        self._secrets = self._read()

    def get(self, thing: str) -> str | None:
        """The secret of ``thing`` if there is one."""
        return self._secrets.get(thing)

    def put(self, secrets: Mapping[str, str]) -> None:
        """Keep these, on disk before it returns. Raises HostError (read_only) when that cannot be done."""
        self._secrets = {**self._read(), **self._secrets, **secrets}  # another simulation may have put its own
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "wb") as file:
                file.write(msgspec.json.encode(self._secrets))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            raise self._trouble(error) from error

    def _read(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=dict[str, str])
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return {}
        except OSError as error:
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> HostError:
        return HostError(
            f"{self.path}: {error.strerror}",
            code="read_only",
            mend="Give the simulator a folder of its own with --data",
        )
