"""What a TLS door shows and whom it trusts, read from files and read again when they change.

Knows the ssl module and files. Knows not where a certificate comes from: whoever writes the files has checked them.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from unisono.errors import HostError

__all__ = ["LOOK_S", "ServerTls"]

logger = logging.getLogger(__name__)

#: How often the files are looked at: two stat() calls; a renewed certificate need not be shown any sooner.
LOOK_S = 2.0
#: Tickets sent after a handshake: one is enough for a client that comes back, and each is bytes that a device reads.
TICKETS = 1

Stamp = tuple[int, int, int] | None
#: Before the first look: differs from every file, also from one that is not there.
NOTHING: tuple[Stamp, Stamp] = ((-1, 0, 0), (-1, 0, 0))


class ServerTls:
    """One `context` for every door of a process.

    ``serving``: a private key and a certificate with its chain, in one PEM file so that no reader ever sees half of a
    change. ``clients``: certificates that may vouch for a client (authorities, or a client's own); None: clients are
    not asked for one. A client without a certificate is welcome either way, one with a certificate that nobody here
    vouches for is not.
    """

    def __init__(self, serving: Path, clients: Path | None = None) -> None:
        self._serving = serving
        self._clients = clients
        self._read: tuple[Stamp, Stamp] = NOTHING
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.num_tickets = TICKETS
        if clients is not None:
            self.context.verify_mode = ssl.CERT_OPTIONAL
            self.context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a device's own certificate is its own root
        try:
            self.refresh()
        except (OSError, ssl.SSLError) as error:
            raise HostError(f"{serving} cannot be used: {error}", code="bad_certificate") from error

    def refresh(self) -> bool:
        """Read what has changed; whether something had. Connections that stand keep what they have."""
        found = (_stamp(self._serving), _stamp(self._clients))
        if found == self._read:
            return False
        if found[0] != self._read[0]:
            # a scratch context first: a file that is no good must not leave a certificate without its key behind
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._serving)
            self.context.load_cert_chain(self._serving)
        if self._clients is not None and found[1] is not None and found[1] != self._read[1]:
            self.context.load_verify_locations(self._clients)
        self._read = found
        return True

    async def watch(self) -> None:
        """Refresh whenever a file changes, until cancelled."""
        said = ""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                if self.refresh():
                    logger.info("the certificate of the doors was read again")
                said = ""
            except (OSError, ssl.SSLError) as error:
                if str(error) != said:
                    logger.error("%s cannot be used, the doors keep what they have: %s", self._serving, error)
                said = str(error)


def _stamp(path: Path | None) -> Stamp:
    """What changes when a file is written or replaced; None for one that is not there."""
    if path is None:
        return None
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
