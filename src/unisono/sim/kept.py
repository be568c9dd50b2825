"""What a simulation keeps between two runs: JSON objects by thing id, each in a file that only its owner reads.

Knows a folder. An unreadable file counts as lost: whoever keeps something can do without it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from unisono.errors import HostError

__all__ = ["Kept", "Keyring", "Memory"]

MODE = 0o600

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by thing id. Reading happens at once."""

    def __init__(self, path: Path, kind: type[T]) -> None:
        self.path = path
        self._decoder = msgspec.json.Decoder(dict[str, kind])  # type: ignore[valid-type]
        self._values = self._read()

    def get(self, thing: str) -> T | None:
        """What is kept of ``thing`` if there is anything."""
        return self._values.get(thing)

    def put(self, values: Mapping[str, T]) -> None:
        """Keep these, on disk before it returns. Raises HostError (read_only) when that cannot be done."""
        self._values = {**self._read(), **self._values, **values}  # another simulation may have put its own
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "wb") as file:
                file.write(msgspec.json.encode(self._values))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            raise self._trouble(error) from error

    def _read(self) -> dict[str, T]:
        try:
            found: dict[str, T] = self._decoder.decode(self.path.read_bytes())
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return {}
        except OSError as error:
            raise self._trouble(error) from error
        return found

    def _trouble(self, error: OSError) -> HostError:
        return HostError(
            f"{self.path}: {error.strerror}",
            code="read_only",
            mend="Give the simulator a folder of its own with --data",
        )


class Keyring(Kept[str]):
    """The devices' secrets. One that the hub no longer takes is replaced by whoever notices."""

    def __init__(self, data: Path) -> None:
        super().__init__(data / "sim/secrets.json", str)


class Memory(Kept[dict[str, int | float]]):
    """What devices remember through a power cut: the totals of their meters."""

    def __init__(self, data: Path) -> None:
        super().__init__(data / "sim/memory.json", dict[str, int | float])
