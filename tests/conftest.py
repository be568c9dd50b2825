"""What every folder of tests may use: a real nats-server, its log, and Hypothesis without a deadline."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.parts import MAX_BYTES
from unisono.store.bus import connect
from unisono.store.connection import Connection
from unisono.store.log import Log
from unisono.store.nats_server import NatsServer

# the machine is shared, and a slow example is no failure
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture
def untraced() -> Iterator[None]:
    """Coverage's tracer is not timed with what it traces, and not asked where much goes the same way."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A nats-server in the test's own folder."""
    running = NatsServer(tmp_path / "data")
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def connection(server: NatsServer) -> AsyncIterator[Connection]:
    """A connection to it."""
    made = await connect(server.url, server.token, "test")
    yield made
    await made.close()


@pytest.fixture
async def log(connection: Connection) -> AsyncIterator[Log]:
    """The log of partition 0 on it."""
    opened = await Log.open(connection, "0", max_bytes=MAX_BYTES)
    yield opened
    await opened.close()
