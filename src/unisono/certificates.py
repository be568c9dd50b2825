"""The certificates that a hub keeps in its data directory: its authority's, and the one that its doors show.

Knows files, the clock and this machine's names; what a certificate is, `unisono.access.authority` knows. That is loaded
when one is made or read, not at every start. Gateways read ``tls/serving.pem`` and ``tls/clients.pem``, nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import secrets
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.api.hub.first_run import write_private
from unisono.errors import CallerError, HostError, UnisonoError

if TYPE_CHECKING:
    from unisono.access.authority import Pair
    from unisono.ordering import Acme

__all__ = ["Certificates", "Kept", "local_names"]

logger = logging.getLogger(__name__)

#: Files of one's own are looked at as often as gateways look at theirs; addresses of the machine change rarely.
LOOK_S = 2.0
NAMES_S = 60.0
#: An order that failed is tried again after a minute, then ever later: Let's Encrypt allows five failures an hour.
ORDER_FIRST_S = 60.0
ORDER_LAST_S = 6 * 3600.0
#: A machine has a handful of addresses, one that runs containers a few dozen.
MAX_NAMES = 100
#: RFC 6762, 6761, 8375, and what routers call their networks.
LOCAL_NAMES = (".local", ".localhost", ".home.arpa", ".internal", ".lan", ".home", ".fritz.box")
#: Certificates of devices that others made: every gateway holds them all, parsed; some ten thousand.
TRUSTED_BYTES = 8 * 1024 * 1024


class Kept(msgspec.Struct, frozen=True):
    """A certificate as it was when last read. ``digest``: of the file it is in, to notice another."""

    subject: str
    issuer: str
    names: list[str]
    not_after: datetime
    renew_at: datetime
    fingerprint: str
    digest: str


class Notes(msgspec.Struct):
    """``tls/notes.json``: what the certificates say, so that an ordinary start need not parse them."""

    authority: Kept
    serving: Kept
    source: str


def local_names(host: str) -> list[str]:
    """What this machine is called: host name, host.local, localhost, every address, and ``host`` where it is one."""
    import ifaddr

    called = socket.gethostname().lower()
    names = [called, f"{called.partition('.')[0]}.local", "localhost"]
    if host not in ("0.0.0.0", "::", ""):
        names.append(host)
    addresses = set()
    for adapter in ifaddr.get_adapters():
        for each in adapter.ips:
            text = each.ip if isinstance(each.ip, str) else each.ip[0]
            address = ipaddress.ip_address(text.partition("%")[0])
            if not (address.version == 6 and address.is_link_local):  # those are nothing without the name of a link
                addresses.add(address)
    names += [str(each) for each in sorted(addresses, key=lambda each: (each.version, int(each)))]
    return [name for name in dict.fromkeys(names) if name.isascii()][:MAX_NAMES]


class Certificates:
    """``own``: certificate and key files that the hub's owner brings instead. ``names``: what the hub is called now.

    Raises nothing but UnisonoError: CallerError ``bad_certificate`` with the mend, HostError ``read_only``.
    """

    def __init__(
        self,
        data: Path,
        names: Callable[[], list[str]],
        own: tuple[Path, Path] | None = None,
        acme: Acme | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.folder = data / "tls"
        self.authority_file = self.folder / "ca.pem"
        self.serving = self.folder / "serving.pem"
        self.clients = self.folder / "clients.pem"
        self.notes: Notes
        self.trouble: str | None = None
        self.order_trouble: str | None = None
        self._trusted = self.folder / "trusted.pem"
        self._authority_key = data / "keys" / "ca.key"
        self._notes_file = self.folder / "notes.json"
        self._names = names
        self._own = own
        self.answers: dict[str, str] = {}
        self._acme = acme
        self._account = data / "keys" / "acme.key"
        self._order_at = 0.0
        self._order_pause_s = ORDER_FIRST_S
        self._own_read: tuple[bytes, bytes] | None = None
        self._clock = clock

    def prepare(self) -> None:
        """Make what is missing or due, take in what was brought. Afterwards the doors have what they need."""
        known = self._read_notes()
        authority = self._keep_authority(known)
        if self._own is not None:
            self._take_own(authority)
        elif not self._keep_ordered(authority, known):
            self._keep_serving(authority, known)
        if not self.clients.exists():
            self._write_clients()

    def refresh(self) -> None:
        """As `prepare`, in a hub that runs: what cannot be used is `trouble`, and what there is goes on being used."""
        try:
            self.prepare()
        except UnisonoError as error:
            if self.trouble != str(error):
                logger.error("the doors keep their certificate: %s", error)
            self.trouble = str(error)
        else:
            self.trouble = None

    async def watch(self) -> None:
        """Renew what is due and read again what its owner changed, until cancelled."""
        pause_s = LOOK_S if self._own is not None else NAMES_S
        while True:
            if self._acme is not None and self._order_is_due():
                await self._order(self._acme)
            await asyncio.sleep(pause_s)
            self.refresh()

    @property
    def authority(self) -> bytes:
        """The authority's certificate (PEM): what phones and devices trust."""
        return self.authority_file.read_bytes()

    def issue_client(self, thing: str) -> tuple[bytes, bytes]:
        """A new certificate and its key (PEM) for a thing. Raises HostError when the authority's key is gone."""
        from unisono.access.authority import Pair, issue_client

        pair = Pair(self.authority, self._read_key())
        made = issue_client(pair, thing, self._clock(), secrets.token_bytes)
        return made.certificate, made.key

    def trust_client(self, certificate: bytes) -> None:
        """Let the TLS doors take a device that shows a certificate that others made; what it may do is not said here.

        Raises CallerError ``bad_certificate``, also for one that could pass for the hub's own; ``too_many``.
        """
        from unisono.access.authority import read_certificate

        facts = read_certificate(certificate)
        if self.notes.authority.subject in (facts.subject, facts.issuer) and certificate != self.authority:
            raise CallerError(
                f"its name is {self.notes.authority.subject!r}, as the hub's own",
                code="bad_certificate",
                field="pem",
                expected="a certificate that the device or its maker made",
            )
        pem = ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(certificate.decode("ascii", "replace"))).encode()
        held = _read(self._trusted) or b""
        if pem in held:
            return
        if len(held) + len(pem) > TRUSTED_BYTES:
            raise CallerError(f"{TRUSTED_BYTES} bytes of foreign certificates are trusted", code="too_many")
        write_private(self._trusted, held + pem)
        self._write_clients()

    @property
    def strict_names(self) -> list[str]:
        """Names that browsers may be told to reach by HTTPS only: public ones, that somebody else vouches for."""
        if self.notes.source == "hub":
            return []
        return [name.lower() for name in self.notes.serving.names if _is_public(name)]

    def info(self) -> dict[str, Any]:
        """What a person may know of them."""
        notes = self.notes
        return {
            "source": notes.source,
            "names": notes.serving.names,
            "issuer": notes.serving.issuer,
            "not_after": notes.serving.not_after.isoformat().replace("+00:00", "Z"),
            "fingerprint": notes.serving.fingerprint,
            "ca": {"subject": notes.authority.subject, "fingerprint": notes.authority.fingerprint},
        }

    # the authority

    def _keep_authority(self, known: Notes | None) -> Kept:
        held = _read(self.authority_file)
        if held is None:
            return self._new_authority()
        unknown = known is None or known.authority.digest != _digest(held)
        kept = _keep(held) if known is None or unknown else known.authority
        if self._clock() >= kept.not_after:
            logger.error("the hub's authority has expired: a new one is made, and everybody has to trust it anew")
            return self._new_authority()
        return kept

    def _new_authority(self) -> Kept:
        from unisono.access.authority import make_authority

        made = make_authority(socket.gethostname().partition(".")[0], self._clock(), secrets.token_bytes)
        write_private(self._authority_key, made.key)
        write_private(self.authority_file, made.certificate)
        self._write_clients()
        return _keep(made.certificate)

    def _write_clients(self) -> None:
        write_private(self.clients, self.authority_file.read_bytes() + (_read(self._trusted) or b""))

    def _read_key(self) -> bytes:
        key = _read(self._authority_key)
        if key is None:
            raise HostError(
                f"{self._authority_key} is gone: the hub's authority can sign nothing more",
                code="bad_certificate",
                mend=f"Restore it from a backup, or begin anew: rm {self.authority_file} (everybody has to trust anew)",
            )
        return key

    # what the doors show

    def _keep_serving(self, authority: Kept, known: Notes | None) -> None:
        held = _read(self.serving)
        names = self._names()
        if held is not None and known is not None and known.source == "hub" and known.serving.digest == _digest(held):
            kept = known.serving
            same = known.authority.digest == authority.digest and set(names) <= set(kept.names)
            if same and self._clock() < kept.renew_at:
                self.notes = Notes(authority, kept, "hub")
                return
        from unisono.access.authority import Pair, issue_server

        pair = Pair(self.authority, self._read_key())
        self._serve(issue_server(pair, names, self._clock(), secrets.token_bytes), authority, "hub")
        logger.info("a server certificate was made for %s", ", ".join(names))

    def _keep_ordered(self, authority: Kept, known: Notes | None) -> bool:
        """Whether the doors have a certificate that was ordered and still holds; until then they show the hub's own."""
        held = _read(self.serving)
        if self._acme is None or held is None or known is None or known.source != "acme":
            return False
        kept = known.serving
        if kept.digest != _digest(held) or self._acme.domain not in kept.names or self._clock() >= kept.not_after:
            return False
        self.notes = Notes(authority, kept, "acme")
        return True

    def _order_is_due(self) -> bool:
        if time.monotonic() < self._order_at:
            return False
        return self.notes.source != "acme" or self._clock() >= self.notes.serving.renew_at

    async def _order(self, wanted: Acme) -> None:
        """Order a certificate; after a failure ever later again: authorities count the failures of a name."""
        from unisono.access.authority import check_pair
        from unisono.ordering import order

        try:
            pair = await asyncio.to_thread(order, wanted, self._account, self.answers)
            check_pair(pair.certificate, pair.key, self._clock())
            self._serve(pair, self.notes.authority, "acme")
        except UnisonoError as error:
            self._order_at = time.monotonic() + self._order_pause_s
            self._order_pause_s = min(self._order_pause_s * 2, ORDER_LAST_S)
            self.order_trouble = str(error)
            logger.error("no certificate was ordered: %s", error)
        else:
            self._order_pause_s = ORDER_FIRST_S
            self.order_trouble = None
            logger.info("the doors show a certificate of %s for %s", self.notes.serving.issuer, wanted.domain)

    def _take_own(self, authority: Kept) -> None:
        from unisono.access.authority import Pair, check_pair

        assert self._own is not None
        read = (_read_own(self._own[0], "cert"), _read_own(self._own[1], "key"))
        if read == self._own_read and self.notes.serving.not_after > self._clock():
            return
        check_pair(*read, self._clock())
        self._serve(Pair(*read), authority, "own")
        self._own_read = read
        logger.info("the doors show the certificate of %s", self._own[0])

    def _serve(self, pair: Pair, authority: Kept, source: str) -> None:
        content = pair.key.rstrip() + b"\n" + pair.certificate
        write_private(self.serving, content)
        self.notes = Notes(authority, _keep(pair.certificate, content), source)
        write_private(self._notes_file, msgspec.json.encode(self.notes))

    def _read_notes(self) -> Notes | None:
        held = _read(self._notes_file)
        try:
            return msgspec.json.decode(held, type=Notes) if held is not None else None
        except msgspec.DecodeError:
            return None  # it is a copy: what it says is read from the certificates again


def _keep(certificate: bytes, content: bytes | None = None) -> Kept:
    from unisono.access.authority import read_certificate, renew_at

    facts = read_certificate(certificate)
    digest = _digest(content if content is not None else certificate)
    return Kept(facts.subject, facts.issuer, facts.names, facts.not_after, renew_at(facts), facts.fingerprint, digest)


def _is_public(name: str) -> bool:
    """Not an address, and not a name that means another machine in every house."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." in name and not name.lower().endswith(LOCAL_NAMES)
    return False


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        mend = f"Give this user the file: chown $(id -u) {path}"
        raise HostError(f"{path} cannot be read: {error.strerror}", code="read_only", mend=mend) from error


def _read_own(path: Path, field: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CallerError(
            f"{path} cannot be read: {error.strerror}",
            code="bad_certificate",
            field=field,
            expected="a PEM file that this user may read",
        ) from error
