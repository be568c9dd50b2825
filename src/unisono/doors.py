"""Where a hub is reached: the ports of its doors, before they open, and their addresses.

Knows hosts and ports. Knows nothing of what is said there.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time

from unisono.errors import HostError
from unisono.gateway.process import Door

__all__ = ["address_of", "is_loopback", "near", "settle"]

#: The processes of a hub that was killed end when they see it; so long their ports may still be taken.
LET_GO_S = 2.0


def is_loopback(host: str) -> bool:
    """Whether only this machine gets in there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def settle(flag: str, host: str, port: int) -> int:
    """The port to open: ``port``, or one that is free for 0. Raises HostError ``port_taken`` when it stays taken."""
    from unisono.api.door.server import bind

    deadline = time.monotonic() + LET_GO_S
    while True:
        try:
            probes = bind(host, port, flag)
        except HostError:
            if time.monotonic() >= deadline:
                raise
            await asyncio.sleep(0.1)
            continue
        found = int(probes[0].getsockname()[1])
        for probe in probes:
            probe.close()
        return found


def near(host: str) -> str:
    """Where a process of this machine reaches a door."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)


def address_of(door: Door) -> str:
    """As others write it; a door on all addresses is found by this machine's name."""
    host = f"[{door.host}]" if ":" in door.host else door.host
    if door.host in ("0.0.0.0", "::"):
        host = f"{socket.gethostname().partition('.')[0].lower()}.local"
    return f"{host}:{door.port}"
