"""The hub's own authority, and what it says of certificates that others made: bytes in, bytes out, a fixed clock."""

from __future__ import annotations

import plistlib
import random
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from unisono.access.authority import (
    check_pair,
    issue_client,
    issue_server,
    make_authority,
    mobileconfig,
    new_request,
    read_certificate,
    renew_at,
    to_der,
)
from unisono.errors import CallerError

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
DICE = random.Random(7).randbytes
AUTHORITY = make_authority("attic", NOW, DICE)
SERVER = issue_server(AUTHORITY, ["attic", "attic.local", "192.168.1.2", "fd00::2", "attic"], NOW, DICE)


def store(pem: bytes) -> Store:
    return Store(x509.load_pem_x509_certificates(pem))


def test_the_same_dice_give_the_same_key_and_others_another() -> None:
    one = make_authority("attic", NOW, random.Random(1).randbytes)
    assert one.key == make_authority("attic", NOW, random.Random(1).randbytes).key
    assert one.key != make_authority("attic", NOW, random.Random(2).randbytes).key


def test_a_servers_certificate_holds_for_each_of_its_names() -> None:
    leaf = x509.load_pem_x509_certificate(SERVER.certificate)
    policy = PolicyBuilder().store(store(AUTHORITY.certificate)).time(NOW)
    for name in ("attic.local", "attic"):
        policy.build_server_verifier(x509.DNSName(name)).verify(leaf, [])
    with pytest.raises(x509.verification.VerificationError):
        policy.build_server_verifier(x509.DNSName("cellar.local")).verify(leaf, [])
    facts = read_certificate(SERVER.certificate)
    assert facts.names == ["attic", "attic.local", "192.168.1.2", "fd00::2"]
    assert facts.issuer == read_certificate(AUTHORITY.certificate).subject
    assert facts.issuer.startswith("Unisono attic ")


def test_it_holds_as_long_as_phones_allow_and_is_renewed_well_before() -> None:
    facts = read_certificate(SERVER.certificate)
    assert facts.not_before < NOW - timedelta(hours=23)
    assert facts.not_after - facts.not_before < timedelta(days=398)
    assert NOW + timedelta(days=180) < renew_at(facts) < facts.not_after - timedelta(days=60)


def test_nothing_outlives_the_authority() -> None:
    late = NOW + timedelta(days=3600)
    facts = read_certificate(issue_server(AUTHORITY, ["attic"], late, DICE).certificate)
    assert facts.not_after <= read_certificate(AUTHORITY.certificate).not_after


def test_a_things_certificate_says_the_thing_and_serves_nobody() -> None:
    pair = issue_client(AUTHORITY, "lamp1", NOW, DICE)
    leaf = x509.load_pem_x509_certificate(pair.certificate)
    verified = PolicyBuilder().store(store(AUTHORITY.certificate)).time(NOW).build_client_verifier().verify(leaf, [])
    assert verified.subjects is not None
    assert [each.value for each in verified.subjects] == ["urn:unisono:thing:lamp1"]
    assert read_certificate(pair.certificate).subject == "lamp1"
    with pytest.raises(CallerError, match="names no host"):
        check_pair(pair.certificate, pair.key, NOW)


def test_an_authority_may_not_make_another() -> None:
    constraints = x509.load_pem_x509_certificate(AUTHORITY.certificate).extensions
    assert constraints.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)


def test_der_and_apples_profile_carry_the_same_certificate() -> None:
    der = to_der(AUTHORITY.certificate)
    assert (
        x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()
        == read_certificate(AUTHORITY.certificate).fingerprint
    )
    profile = plistlib.loads(mobileconfig(AUTHORITY.certificate))
    [payload] = profile["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.security.root"
    assert payload["PayloadContent"] == der
    assert profile["PayloadUUID"] != payload["PayloadUUID"]
    assert mobileconfig(AUTHORITY.certificate) == mobileconfig(AUTHORITY.certificate)


def test_a_request_for_another_authority() -> None:
    request, key = new_request("hub.example.org", DICE)
    read = x509.load_pem_x509_csr(request)
    assert read.is_signature_valid
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hub.example.org"]
    private = serialization.load_pem_private_key(key, None)
    assert private.public_key() == read.public_key()


# what others made


def made(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey,
    *,
    names: tuple[str, ...] = ("hub.example.org",),
    use: x509.ObjectIdentifier | None = None,
    issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None,
    subject: x509.Name | None = None,
) -> bytes:
    """A certificate as another authority might make it; signed with its own key unless an issuer is given."""
    name = subject or x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Elsewhere")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer[0] if issuer else name)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=30))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), False)
    if use is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), False)
    signer = issuer[1] if issuer else key
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, digest).public_bytes(serialization.Encoding.PEM)


def pem(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, password: bytes | None = None
) -> bytes:
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        protection = serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


KEY = ec.generate_private_key(ec.SECP256R1())
MIDDLE_KEY = ec.generate_private_key(ec.SECP256R1())
MIDDLE = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Middle")])
ROOT_KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")])
LEAF_PEM = made(KEY, issuer=(MIDDLE, MIDDLE_KEY), use=ExtendedKeyUsageOID.SERVER_AUTH)
MIDDLE_PEM = made(MIDDLE_KEY, subject=MIDDLE, issuer=(ROOT, ROOT_KEY))
WEAK = rsa.generate_private_key(65537, 1024)
STRONG = rsa.generate_private_key(65537, 2048)
ODD = ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        (made(KEY), pem(KEY)),
        (made(STRONG), pem(STRONG)),
        (LEAF_PEM + MIDDLE_PEM, pem(KEY)),
        (SERVER.certificate + AUTHORITY.certificate, SERVER.key),
    ],
    ids=["its own", "rsa", "chain", "ours"],
)
def test_a_pair_that_can_be_used(certificate: bytes, key: bytes) -> None:
    facts = check_pair(certificate, key, NOW)
    assert facts == read_certificate(certificate)
    assert facts.names


def test_a_subject_without_a_common_name_is_still_told() -> None:
    assert read_certificate(made(KEY)).subject == "O=Elsewhere"


@pytest.mark.parametrize(
    ("certificate", "key", "now", "field", "told", "mend"),
    [
        (b"", pem(KEY), NOW, "cert", "no readable certificate", "openssl x509"),
        (to_der(SERVER.certificate), SERVER.key, NOW, "cert", "no readable certificate", "openssl x509"),
        (made(KEY), b"-----BEGIN PRIVATE KEY-----\n", NOW, "key", "no readable key", None),
        (made(KEY), pem(KEY, b"secret"), NOW, "key", "protected by a password", "openssl pkey"),
        (made(ODD), pem(ODD), NOW, "key", "kind of key", None),
        (made(KEY), pem(MIDDLE_KEY), NOW, "key", "not this certificate's", "comes first"),
        (MIDDLE_PEM + LEAF_PEM, pem(KEY), NOW, "key", "not this certificate's", "comes first"),
        (made(WEAK), pem(WEAK), NOW, "key", "too weak", None),
        (made(KEY), pem(KEY), NOW + timedelta(days=31), "cert", "expired at 2026-12-26", "Renew"),
        (made(KEY), pem(KEY), NOW - timedelta(days=31), "cert", "not valid before 2026-11-25", "clock"),
        (made(KEY, names=()), pem(KEY), NOW, "cert", "names no host", None),
        (made(KEY, use=ExtendedKeyUsageOID.CLIENT_AUTH), pem(KEY), NOW, "cert", "not meant for servers", None),
        (LEAF_PEM + AUTHORITY.certificate, pem(KEY), NOW, "cert", "certificate 2 of the file did not issue", "order"),
    ],
)
def test_a_pair_that_nobody_would_accept(
    certificate: bytes, key: bytes, now: datetime, field: str, told: str, mend: str | None
) -> None:
    with pytest.raises(CallerError, match=told) as caught:
        check_pair(certificate, key, now)
    assert caught.value.code == "bad_certificate"
    assert caught.value.field == field
    assert (mend in (caught.value.mend or "")) if mend else caught.value.expected
