"""The command line. Commands are in one file per noun; nothing heavy is imported until a command runs."""

from __future__ import annotations

from unisono.cli.root import main

__all__ = ["main"]
