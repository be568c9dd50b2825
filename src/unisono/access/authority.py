"""The hub's own certificate authority, and the look at certificates that others made.

Knows X.509 (RFC 5280) as bytes in and out; the time and the randomness of keys, serials and names are passed in. Knows
no files, no sockets, no clock. Loads `cryptography` (17 MB), so import it only where a certificate is made or read.
"""

from __future__ import annotations

import ipaddress
import itertools
import plistlib
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from unisono.errors import CallerError

__all__ = [
    "Facts",
    "Pair",
    "check_pair",
    "issue_client",
    "issue_server",
    "make_authority",
    "mobileconfig",
    "new_request",
    "read_certificate",
    "renew_at",
    "to_der",
]

#: Trusting an authority is work on every phone: it must outlast the hub's hardware.
AUTHORITY_DAYS = 3650
#: Apple refuses server certificates of more than 825 days, even from an authority that its owner trusts.
SERVER_DAYS = 365
#: A thing's certificate lies in firmware that nobody renews; it is revoked in the registry, not by its age.
CLIENT_DAYS = 3650
#: Clocks of phones and devices are some minutes off, of some devices a time zone.
BACKDATED = timedelta(days=1)
#: Renewed when so much of its life is left: time enough for a hub that is switched off for a season.
RENEW_SHARE = 1 / 3
#: Below this OpenSSL itself refuses an RSA key (security level 2).
LEAST_RSA_BITS = 2048
#: The order of NIST P-256 (FIPS 186-5): private keys are 1 to this minus one.
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
#: RFC 5280 section 4.1.2.2 allows 20 octets with the first bit clear; 16 random ones cannot meet.
SERIAL_BYTES = 16

Random = Callable[[int], bytes]
T = TypeVar("T", bound=x509.ExtensionType)


class Pair(msgspec.Struct, frozen=True):
    """A certificate, with its chain where it has one, and its private key: PEM."""

    certificate: bytes
    key: bytes


class Facts(msgspec.Struct, frozen=True):
    """What a certificate says. ``fingerprint``: SHA-256 of its DER, 64 lower-case hex digits; times are UTC."""

    subject: str
    issuer: str
    names: list[str]
    not_before: datetime
    not_after: datetime
    fingerprint: str


def make_authority(host: str, now: datetime, random: Random) -> Pair:
    """A new authority, told apart from other hubs' by its host's name and four random digits."""
    key = _new_key(random)
    name = _name(f"Unisono {_common(host)} {random(2).hex()}")
    builder = (
        _builder(name, name, key, now, AUTHORITY_DAYS, random)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return Pair(_pem(builder.sign(key, hashes.SHA256())), _key_pem(key))


def issue_server(authority: Pair, names: Sequence[str], now: datetime, random: Random) -> Pair:
    """A server's certificate for ``names`` (host names and addresses). Who trusts the authority has its certificate."""
    return _issue(
        authority, _common(names[0]), _alternatives(names), ExtendedKeyUsageOID.SERVER_AUTH, SERVER_DAYS, now, random
    )


def issue_client(authority: Pair, thing: str, now: datetime, random: Random) -> Pair:
    """A certificate that says ``thing``; what it opens is the registry's to say."""
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"urn:unisono:thing:{thing}")]
    return _issue(authority, thing, names, ExtendedKeyUsageOID.CLIENT_AUTH, CLIENT_DAYS, now, random)


def new_request(name: str, random: Random) -> tuple[bytes, bytes]:
    """A new key, and a request (PKCS #10) for another authority to certify it for ``name``: (request, key), PEM."""
    key = _new_key(random)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    request = builder.sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def read_certificate(pem: bytes) -> Facts:
    """The facts of the first certificate in ``pem``. Raises CallerError ``bad_certificate``."""
    return _facts(_chain(pem)[0])


def renew_at(facts: Facts) -> datetime:
    """When a certificate is to be replaced."""
    return facts.not_after - (facts.not_after - facts.not_before) * RENEW_SHARE


def to_der(pem: bytes) -> bytes:
    """The first certificate of ``pem``, as phones and Windows like it."""
    return _chain(pem)[0].public_bytes(serialization.Encoding.DER)


def mobileconfig(pem: bytes) -> bytes:
    """An Apple configuration profile that installs the authority; the same authority gives the same profile."""
    facts = read_certificate(pem)
    root = uuid.uuid5(uuid.NAMESPACE_OID, facts.fingerprint)
    payload = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"org.unisono.ca.{root}",
        "PayloadUUID": str(root).upper(),
        "PayloadDisplayName": facts.subject,
        "PayloadContent": to_der(pem),
    }
    profile = uuid.uuid5(root, "profile")
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": f"org.unisono.profile.{root}",
            "PayloadUUID": str(profile).upper(),
            "PayloadDisplayName": facts.subject,
            "PayloadDescription": "Lets this device recognise the hub.",
            "PayloadContent": [payload],
        }
    )


def check_pair(certificate: bytes, key: bytes, now: datetime) -> Facts:
    """The facts of a server's certificate that its owner brings with its key.

    Raises CallerError ``bad_certificate`` where a client would refuse it, or OpenSSL, naming the field and the mend:
    not PEM, key encrypted or of another certificate, expired, made for no name or not for servers, chain out of order.
    """
    chain = _chain(certificate)
    private = _private_key(key)
    leaf = chain[0]
    if leaf.public_key() != private.public_key():
        raise _bad(
            "the key is not this certificate's",
            "key",
            "the key from which the certificate was requested",
            "The server's certificate comes first in its file, the authorities' after it",
        )
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size < LEAST_RSA_BITS:
        raise _bad(f"an RSA key of {private.key_size} bits is too weak", "key", "2048 bits, or an EC key on P-256")
    facts = _facts(leaf)
    if now >= facts.not_after:
        raise _bad(f"it expired at {facts.not_after:%Y-%m-%d %H:%M} UTC", "cert", None, "Renew it where it came from")
    if now < facts.not_before:
        mend = f"Is the clock right? It says {now:%Y-%m-%d %H:%M} UTC"
        raise _bad(f"it is not valid before {facts.not_before:%Y-%m-%d %H:%M} UTC", "cert", None, mend)
    if not facts.names:
        raise _bad("it names no host", "cert", "a subjectAltName with the hub's name; clients ignore the common name")
    usage = _extension(leaf, x509.ExtendedKeyUsage)
    if usage is not None and ExtendedKeyUsageOID.SERVER_AUTH not in usage:
        raise _bad("it is not meant for servers", "cert", "extended key usage serverAuth")
    for number, (below, above) in enumerate(itertools.pairwise(chain), 2):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature) as error:
            mend = "Put them in order: cat server.pem intermediate.pem > chain.pem"
            detail = f"certificate {number} of the file did not issue the one before it"
            raise _bad(detail, "cert", "the server's certificate, then who issued it, and so on", mend) from error
    return facts


def _bad(detail: str, field: str, expected: str | None = None, mend: str | None = None) -> CallerError:
    return CallerError(detail, code="bad_certificate", field=field, expected=expected, mend=mend)


def _chain(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        mend = "From DER: openssl x509 -inform der -in FILE -out FILE.pem"
        raise _bad(
            "there is no readable certificate in it", "cert", "PEM: -----BEGIN CERTIFICATE-----", mend
        ) from error


def _private_key(pem: bytes) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    try:
        found = serialization.load_pem_private_key(pem, None)
    except TypeError as error:
        mend = "Write it without: openssl pkey -in KEY -out KEY.open && chmod 600 KEY.open"
        raise _bad("the key is protected by a password", "key", "a key without one", mend) from error
    except ValueError as error:
        raise _bad("there is no readable key in it", "key", "PEM: -----BEGIN PRIVATE KEY-----") from error
    if not isinstance(found, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise _bad("browsers do not know this kind of key", "key", "EC (P-256) or RSA")
    return found


def _facts(certificate: x509.Certificate) -> Facts:
    alternatives = _extension(certificate, x509.SubjectAlternativeName)
    names: list[str] = []
    if alternatives is not None:
        names += alternatives.get_values_for_type(x509.DNSName)
        names += [str(each) for each in alternatives.get_values_for_type(x509.IPAddress)]
    return Facts(
        _read_common(certificate.subject),
        _read_common(certificate.issuer),
        names,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _read_common(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _issue(
    authority: Pair,
    subject: str,
    names: list[x509.GeneralName],
    use: x509.ObjectIdentifier,
    days: int,
    now: datetime,
    random: Random,
) -> Pair:
    signer = _private_key(authority.key)
    issuer = _chain(authority.certificate)[0]
    key = _new_key(random)
    # nothing outlives who vouches for it: clients check the whole chain
    left = (issuer.not_valid_after_utc - now).days
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = (
        _builder(_name(subject), issuer.subject, key, now, min(days, left), random)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(identifier, critical=False)
    )
    return Pair(_pem(builder.sign(signer, hashes.SHA256())), _key_pem(key))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: int,
    random: Random,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(random(SERIAL_BYTES), "big") | 1)  # never zero
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in dict.fromkeys(names):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _new_key(random: Random) -> ec.EllipticCurvePrivateKey:
    """64 bits more than the order has, so that the remainder leans to no value (FIPS 186-5, A.2.1)."""
    return ec.derive_private_key(int.from_bytes(random(40), "big") % (P256_ORDER - 1) + 1, ec.SECP256R1())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _common(text: str) -> str:
    """As a common name: at most 64 characters (RFC 5280, appendix A.1), of which our own words take some."""
    return text[:40]


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
