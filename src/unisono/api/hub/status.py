"""Is it well? Status for people, readiness for supervisors, metrics for Prometheus.

Knows what owners and gateways tell of themselves. Asks them each time: nothing here is remembered.
"""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
import time
from collections.abc import Iterable
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.openapi import ResponseSpec

from unisono.api.context import ApiContext
from unisono.api.hub.version import VERSION
from unisono.api.inject import Asker, Context
from unisono.api.times import iso
from unisono.errors import CallerError, UnisonoError
from unisono.store.registry import OutletState
from unisono.twin import notices, talk

__all__ = ["healthz", "metrics", "status"]

# status must answer while parts do not; each part gets this long
PART_S = 2.0

# backlog in log messages beyond which we say so (a message holds up to some thousand records)
BACKLOG = 1000

# below this the hub soon refuses: the log and history guard their own bounds, people want to know earlier
LOW_DISK_BYTES = 512 * 1024 * 1024


class Health(msgspec.Struct):
    """All parts as they answered."""

    owners: list[talk.OwnerStatus]
    gateways: list[talk.GatewayStatus]
    silent: list[str]
    registry: str | None
    disk_free: int
    disk_total: int
    outbox: int
    notifier: notices.NotifierStatus | None = None
    outlets: list[OutletState] = []

    def reasons(self) -> list[str]:
        """Why the hub cannot do its work now; empty when it can."""
        found = list(self.silent)
        if self.registry is not None:
            found.append(f"registry: {self.registry}")
        found += [f"partition {each.partition} is still replaying its log" for each in self.owners if not each.ready]
        return found

    def trouble(self) -> list[str]:
        """Everything worth a look, including what does not stop the work."""
        found = self.reasons()
        for owner in self.owners:
            found += [f"partition {owner.partition}: {text}" for text in owner.trouble]
            if owner.last_seq - owner.history_position > BACKLOG:
                behind = owner.last_seq - owner.history_position
                found.append(f"partition {owner.partition}: history is {behind} log messages behind")
        for gateway in self.gateways:
            found += [f"gateway {gateway.gateway}: {text}" for text in gateway.trouble]
        # an outlet has two readers, and both meet what is wrong with its receiver
        found += dict.fromkeys(f"outlet {each.outlet}: {each.error}" for each in self.outlets if each.error is not None)
        if self.notifier is not None:
            found += [f"notifications: {text}" for text in self.notifier.trouble]
        if self.disk_free < LOW_DISK_BYTES:
            found.append(f"the disk of the data directory has {self.disk_free // 2**20} MB left")
        if self.outbox > 0:
            found.append(f"{self.outbox} changes wait to enter the log")
        return found


async def examine(context: ApiContext) -> Health:
    """Ask every part, at once."""
    silent: list[str] = []
    owners = await _answers(
        silent, ((f"the owner of partition {each}", context.owners.status(each, PART_S)) for each in context.partitions)
    )
    gateways = await _answers(silent, ((f"gateway {each}", _gateway(context, each)) for each in context.gateways))
    notifiers = await _answers(silent, [("the notifier", _notifier(context))] if context.notifies else [])
    registry: str | None = None
    outbox = 0
    outlets: list[OutletState] = []
    try:
        outbox = len(await context.registry.outbox_pending(1000))
        outlets = await context.registry.outlet_states()
    except UnisonoError as error:
        registry = str(error)
    disk = shutil.disk_usage(context.data if context.data.exists() else ".")
    health = Health(owners, gateways, silent, registry, disk.free, disk.total, outbox, *notifiers)
    health.outlets = outlets
    return health


async def _answers(silent: list[str], asked: Iterable[tuple[str, Any]]) -> list[Any]:
    names, questions = zip(*asked, strict=True) if (asked := list(asked)) else ((), ())
    results = await asyncio.gather(*questions, return_exceptions=True)
    found = []
    for name, result in zip(names, results, strict=True):
        if isinstance(result, UnisonoError):
            silent.append(f"{name} does not answer")
        elif isinstance(result, BaseException):
            raise result
        else:
            found.append(result)
    return found


async def _gateway(context: ApiContext, gateway: str) -> talk.GatewayStatus:
    answer = await context.bus.request(talk.ask_gateway(gateway, "status"), b"", PART_S)
    return msgspec.msgpack.decode(answer, type=talk.GatewayStatus)


async def _notifier(context: ApiContext) -> notices.NotifierStatus:
    answer = await context.bus.request(notices.STATUS, b"", PART_S)
    return msgspec.msgpack.decode(answer, type=notices.NotifierStatus)


def _fields(row: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__ if name != "series"}  # that is for /metrics


@get("/status", tags=["hub"])
async def status(context: Context, identity: Asker) -> dict[str, Any]:
    """Version, positions, counts, and everything that is worth a look."""
    health = await examine(context)
    return {
        "version": VERSION,
        "hub": context.hub_id,
        "now": iso(time.time_ns() // 1000),
        "started": iso(int(context.started * 1_000_000)),
        "ready": not health.reasons(),
        "trouble": health.trouble(),
        "things": sum(owner.things for owner in health.owners),
        "online": sum(owner.online for owner in health.owners),
        "partitions": [_fields(owner) for owner in health.owners],
        "gateways": [_fields(gateway) for gateway in health.gateways],
        "live_clients": context.live.clients,
        "outbox": health.outbox,
        "notifications": _fields(health.notifier) if health.notifier is not None else None,
        "disk": {"free_bytes": health.disk_free, "total_bytes": health.disk_total},
        "data": str(context.data),
        **context.hub_info(),
    }


@get(
    "/healthz",
    tags=["hub"],
    security=[],
    responses={503: ResponseSpec(dict[str, Any], description="Not ready, and why", generate_examples=False)},
)
async def healthz(context: Context) -> Response[dict[str, Any]]:
    """200 when devices, history and people are served, else 503 with the reasons. Needs no token."""
    reasons = (await examine(context)).reasons()
    return Response({"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)


@get("/metrics", tags=["hub"], media_type="text/plain", security=[])
async def metrics(request: Request[Any, Any, Any], context: Context) -> Response[bytes]:
    """Prometheus text. From the hub's own machine it needs no token."""
    if not _is_local(request):
        header = request.headers.get("authorization", "")
        if not header.startswith("Bearer "):
            raise CallerError("From another machine this needs a token", code="not_signed_in")
        await context.auth.by_token(header.removeprefix("Bearer "), None)
    from unisono.api.hub.metrics import CONTENT_TYPE, render

    return Response(render(await examine(context), context.started, context.live.clients), media_type=CONTENT_TYPE)


def _is_local(request: Request[Any, Any, Any]) -> bool:
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
