"""Where a device finds the hub: its real address, and what keeps devices away from it.

Knows what the hub tells of its doors. Knows no dialect.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Reach", "is_loopback", "reach", "web_address"]

#: An address of nobody (RFC 5737): no packet is sent to find out from where one would be.
ELSEWHERE = ("192.0.2.1", 9)

LOCAL = "127.0.0.1"

#: What keeps devices away, and what mends it.
WHY = {
    "": "",
    "this_machine": "The hub listens on this machine only: devices on the network do not reach it. Start it with "
    "--host 0.0.0.0, and with --insecure as well for devices that know no TLS.",
    "tls_only": "The plain port is open to this machine only: set the port with TLS on the device, or start the hub "
    "with --insecure as well.",
}


class Reach(NamedTuple):
    """``host``: what to set on a device. ``trouble``: why one would not come through, a key of `WHY`."""

    host: str
    trouble: str

    @property
    def hint(self) -> str:
        """The trouble in words, with what mends it."""
        return WHY[self.trouble]


def reach(info: Mapping[str, Any], asked: str) -> Reach:
    """How devices reach a hub that tells ``info`` of itself and was asked as ``asked``: that name, unless only the
    hub's own machine finds it under that."""
    doors = info.get("doors", {})
    plain, tls = (_open(str(doors.get(name, ""))) for name in ("mqtt", "mqtts"))
    if not doors or not (plain or tls):
        return Reach(asked, "this_machine" if doors else "")
    return Reach(_own_address() or asked if is_loopback(asked) else asked, "" if plain else "tls_only")


def web_address(info: Mapping[str, Any]) -> str:
    """Where devices fetch things by HTTP: without TLS where that door is open to them, since few know our authority."""
    host, ports, doors = reach(info, LOCAL).host, info.get("ports", {}), info.get("doors", {})
    shown = f"[{host}]" if ":" in host else host
    plain = is_loopback(host) or _open(str(doors.get("http", "")))
    return f"http://{shown}:{ports.get('http', 8080)}" if plain else f"https://{shown}:{ports.get('https', 8443)}"


def is_loopback(host: str) -> bool:
    """Whether a name or address leads to the machine itself."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _open(door: str) -> bool:
    host = door.rpartition(":")[0]
    return bool(host) and not is_loopback(host)


def _own_address() -> str:
    """The address that this machine has on the network; "" without one."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(ELSEWHERE)
            found = str(probe.getsockname()[0])
    except OSError:
        return ""
    return "" if is_loopback(found) else found
