"""A hub's API over real parts: a nats-server of its own, SQLite, the log, and a small owner on the bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from tests.api.owner import FakeOwner
from unisono.api import ApiContext, HttpServer, ensure_first_token, ensure_hub_id, ensure_pepper, serve
from unisono.api.app import Front, create_routes
from unisono.store.bus import Bus, connect
from unisono.store.log import Log
from unisono.store.nats_server import NatsServer
from unisono.store.registry import Registry, default_url

MAX_LOG = 256 * 1024 * 1024


@dataclass
class Hub:
    """A running API and its surroundings."""

    context: ApiContext
    owner: FakeOwner
    log: Log
    http: httpx.AsyncClient
    server: HttpServer
    token: str
    data: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def live(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/api/v1/live"

    def client(self, token: str | None) -> httpx.AsyncClient:
        """A client with another token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)


@cache
def _routes() -> Litestar:
    """They take most of the time of a test that is short, and are the same for all."""
    nobody: Any = None
    return create_routes(nobody)


def application(context: ApiContext) -> Front:
    """The API over a context, one at a time."""
    routes = _routes()
    routes.state.context = context
    return Front(context, routes)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    nats = NatsServer(tmp_path)
    await nats.start()
    connection = await connect(nats.url, nats.token, "api-test")
    try:
        registry = await Registry.open(default_url(tmp_path))
        log = await Log.open(connection, "0", max_bytes=MAX_LOG)
        bus = Bus(connection)
        owner = FakeOwner(bus, log)
        await owner.start()
        pepper = ensure_pepper(tmp_path)
        token = await ensure_first_token(registry, tmp_path, pepper)
        context = ApiContext(
            registry=registry,
            bus=bus,
            log_of=lambda _partition: log,
            partitions=["0"],
            gateways=[],
            data=tmp_path,
            pepper=pepper,
            hub_id=await ensure_hub_id(registry),
        )
        await context.start()
        server = await serve(application(context), "127.0.0.1", 0)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", headers=headers, timeout=20) as http:
            yield Hub(context, owner, log, http, server, token, tmp_path)
        await server.stop()
        await context.stop()
        await owner.stop()
        await bus.close()
        await log.close()
        await registry.close()
    finally:
        await connection.close()
        await nats.stop()
