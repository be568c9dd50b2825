"""The certificate that a client showed at a TLS door: facts for its sign-in.

Knows transports and DER bytes. Decides nothing: the handshake proved that the client holds the key and that somebody
here vouches for the certificate; whether it signs a thing in is the directory's to say.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from typing import Any

from unisono.twin.talk import Certificate

__all__ = ["peer_certificate"]


def peer_certificate(transport: asyncio.BaseTransport, authority: str) -> Certificate | None:
    """The client's certificate; None on a plain door, and from a client that showed none.

    ``authority``: the common name of the hub's own, which no other that is trusted here may have.
    """
    tls = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    if not der:
        return None
    facts = tls.getpeercert()
    return Certificate(
        hashlib.sha256(der).hexdigest(),
        _common_name(facts["subject"]),
        bool(authority) and _common_name(facts["issuer"]) == authority,
        ssl.cert_time_to_seconds(facts["notBefore"]) * 1_000_000,
        ssl.cert_time_to_seconds(facts["notAfter"]) * 1_000_000,
    )


def _common_name(name: Any) -> str:
    """The last common name of a subject or issuer as the ssl module tells it; empty without one."""
    return next((value for part in reversed(name) for key, value in part if key == "commonName"), "")
