"""Which addresses scenes, outlets and notifications may call: hosts that are named, and no internal ones.

A pure decision over names and addresses that are passed in. Knows no sockets and no DNS: whoever calls asks twice, for
the name in the address and for every address that the name turned out to have, and again after each redirect.
"""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

import msgspec

__all__ = ["Outside"]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Addresses of IPv4 inside IPv6 (RFC 6052): what stands behind the translator is what counts.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Outside(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file ``outside.toml``; whatever it does not name is not called.

    ``hosts``: names or addresses, each with ``:port`` where only that one is meant; ``*.example.org`` is everything
    below it, but not itself. ``internal``: addresses and networks (CIDR) of one's own that names may lead to; an
    internal address that stands in ``hosts`` itself is named by that.
    """

    hosts: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for entry in self.hosts:
            host, port = _split(entry)
            if not host.removeprefix("*.") or "*" in host.removeprefix("*.") or "/" in host or not _is_port(port):
                raise ValueError(f"{entry!r} is no host: such as example.org, *.example.org or 192.168.1.20:8080")
        for entry in self.internal:
            ipaddress.ip_network(entry, strict=False)

    def names(self, host: str, port: int) -> bool:
        """Whether a host is on the list. ``host`` as in a URL, without brackets."""
        wanted = host.lower().rstrip(".")
        for entry in self.hosts:
            name, only = _split(entry.lower())
            if only and only != str(port):
                continue
            if name == wanted or (name.startswith("*.") and wanted.endswith(name[1:]) and not _is_address(wanted)):
                return True
        return False

    def admits(self, host: str, address: str) -> bool:
        """Whether a host that is on the list may be called at an address that its name has."""
        if host == address:
            return True  # the address itself is on the list
        found = ipaddress.ip_address(address.partition("%")[0])
        if not is_internal(found):
            return True
        networks = [ipaddress.ip_network(entry, strict=False) for entry in self.internal]
        return any(each in network for each in _all(found) for network in networks if network.version == each.version)


def is_internal(address: Address) -> bool:
    """Loopback, private, link-local, multicast, reserved: whatever is not one host of the public internet."""
    return any(not each.is_global or each.is_multicast for each in _all(address))


def _all(address: Address) -> list[Address]:
    """The address, and those of IPv4 that it carries."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    found: list[Address] = [address]
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found += address.teredo
    if address in NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def _split(entry: str) -> tuple[str, str]:
    """Host and port, empty where none is given."""
    if entry.startswith("["):
        host, _bracket, port = entry[1:].partition("]")
        return host, port.removeprefix(":")
    if entry.count(":") > 1:
        return entry, ""  # an IPv6 address
    host, _colon, port = entry.partition(":")
    return host, port


def _is_port(text: str) -> bool:
    return not text or (text.isdecimal() and 0 < int(text) < 65_536)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
