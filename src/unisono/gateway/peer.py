"""The certificate that a client showed at a TLS door: facts for its sign-in.

Knows transports and DER bytes. Decides nothing: the handshake proved that the client holds the key and that somebody
here vouches for the certificate; whether it signs a thing in is the directory's to say.
"""

from __future__ import annotations

import asyncio
import hashlib

import msgspec

__all__ = ["PeerCertificate", "peer_certificate"]


class PeerCertificate(msgspec.Struct, frozen=True):
    """``fingerprint``: SHA-256 of the DER, 64 lower-case hex digits. ``subject``: its common name, may be empty."""

    fingerprint: str
    subject: str


def peer_certificate(transport: asyncio.BaseTransport) -> PeerCertificate | None:
    """The client's certificate; None on a plain door, and from a client that showed none."""
    tls = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    if not der:
        return None
    names = [value for part in tls.getpeercert().get("subject", ()) for key, value in part if key == "commonName"]
    return PeerCertificate(hashlib.sha256(der).hexdigest(), names[-1] if names else "")
