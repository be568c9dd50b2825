"""The process that brings a registry's schema up to date and ends: see `unisono.store.registry.schema`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import msgspec

from unisono.store.child import run_child
from unisono.store.registry.registry import Registry


class Settings(msgspec.Struct):
    """Which registry: on a pipe, since its URL may hold a password."""

    url: str


async def _upgrade(settings: Settings, ready: Callable[[dict[str, Any]], None]) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    registry = await Registry.open(settings.url)
    await registry.close()
    ready({})


if __name__ == "__main__":
    run_child(Settings, _upgrade)
