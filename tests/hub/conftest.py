"""Hubs for the tests: one shared by the tests of a module, or one of a test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.hub.hub import Hub


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A running hub that the tests of a module share; each uses things of its own."""
    hub = Hub(tmp_path_factory.mktemp("hub") / "data")
    asyncio.run(hub.start())
    yield hub
    asyncio.run(hub.close())


@pytest.fixture
async def shared(running: Hub) -> AsyncIterator[Hub]:
    """The module's hub; the test's clients go with the test."""
    yield running
    for client in running.clients:
        if client.transport is not None:
            client.transport.abort()
            await client.closed.wait()
    running.clients.clear()


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub of the test's own, not started yet."""
    made = Hub(tmp_path / "data")
    yield made
    await made.close()
