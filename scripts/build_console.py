"""Builds the console when a wheel is built; an editable installation gets it by `make console`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before the files of a wheel are gathered."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """``version`` is "editable" for `pip install -e`, else "standard"."""
        if version != "editable":
            subprocess.run([Path(self.root) / "scripts" / "console"], check=True)
