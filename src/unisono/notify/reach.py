"""Where messages may go: not to addresses inside the house or the machine, unless the administrator named them.

Pure: names are resolved by others; what they resolved to is asked about here, so that a name that changes its mind
between the look and the connection gains nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec

__all__ = ["Reach", "is_internal", "read_reach"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: NAT64 carries IPv4 addresses within (RFC 6052).
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Reach(msgspec.Struct, frozen=True):
    """What was allowed beyond the open Internet: ``names`` of hosts, lower case, and ``networks``."""

    names: frozenset[str] = frozenset()
    networks: tuple[str, ...] = ()

    def why_not(self, host: str, address: str) -> str | None:
        """Why ``address``, which ``host`` was resolved to, may not be reached; None when it may."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return f"{address[:80]!r} is no address of the Internet"
        if not is_internal(found):
            return None
        if host.lower().rstrip(".") in self.names:
            return None
        carried = _carried(found) or found
        for text in self.networks:
            network = ipaddress.ip_network(text)
            if carried.version == network.version and carried in network:
                return None
        shown = address if host in ("", address) else f"{host} ({address})"
        return f"{shown} is an internal address; the administrator can allow it: unisono notify allow {host or address}"


def is_internal(address: Address) -> bool:
    """Whether an address is none of the open Internet: private, of this machine or link, shared, or of many hosts."""
    carried = _carried(address)
    if carried is not None:
        return is_internal(carried)
    return not address.is_global or address.is_multicast


def _carried(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address within an IPv6 one, by whichever way it is carried."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def read_reach(words: Iterable[str]) -> Reach:
    """Host names, addresses and networks (``192.168.1.0/24``). Raises ValueError with the word that is none."""
    names: set[str] = set()
    networks: list[str] = []
    for word in words:
        try:
            networks.append(str(ipaddress.ip_network(word)))
        except ValueError:
            if not _is_name(word):
                raise ValueError(word) from None
            names.add(word.lower().rstrip("."))
    return Reach(frozenset(names), tuple(networks))


def _is_name(word: str) -> bool:
    labels = word.rstrip(".").split(".")
    plain = word.isascii() and len(word) <= 253 and not labels[-1].isdigit()
    return plain and all(label.replace("-", "").replace("_", "").isalnum() for label in labels)
