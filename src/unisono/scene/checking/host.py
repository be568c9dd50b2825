"""The host that an address leads to, as far as the address says it.

Knows URLs. Whether a host may be called is `unisono.access.Outside`'s.
"""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["host_of"]


def host_of(url: str) -> tuple[str, int] | None:
    """The host and port that an http step calls; None where nobody could."""
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port
    except ValueError:
        return None
    if not host or port == 0 or any(char <= " " for char in url):
        return None
    return host, port or (443 if split.scheme == "https" else 80)
