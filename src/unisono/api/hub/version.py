"""Which Unisono this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["VERSION"]

try:
    VERSION = version("unisono")
except PackageNotFoundError:  # run from a checkout that was not installed
    VERSION = "0"
