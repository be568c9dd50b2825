"""Web Push: RFC 8291's own example, and what a browser would read."""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey as PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from unisono.notify.letter import PUSH_TEXT, PUSH_TITLE, _content
from unisono.notify.message import Message
from unisono.notify.webpush import (
    MOST_BYTES,
    RECORD_BYTES,
    Subscription,
    authorization,
    encrypt,
    new_key,
    public_key,
    read_subscription,
)

ENDPOINT = "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"
# RFC 8291 appendix A
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
THEIR_KEY = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
OUR_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
PLAIN = b"When I grow up, I want to be a watermelon"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7"
    "A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_of(text: str) -> PrivateKey:
    return derive_private_key(int.from_bytes(bytes_of(text)), SECP256R1())


def hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 for one block, as a browser has it: not the one under test."""
    first = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(first, info + b"\x01", hashlib.sha256).digest()[:length]


def decrypt(body: bytes, key: PrivateKey, p256dh: bytes, auth: bytes) -> bytes:
    """What the browser reads."""
    salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
    assert size == RECORD_BYTES
    assert len(body) <= size
    theirs = body[21 : 21 + length]
    shared = key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), theirs))
    secret = hkdf(auth, shared, b"WebPush: info\x00" + p256dh + theirs, 32)
    content_key = hkdf(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = hkdf(salt, secret, b"Content-Encoding: nonce\x00", 12)
    content = AESGCM(content_key).decrypt(nonce, body[21 + length :], None)
    assert content.endswith(b"\x02")
    return content[:-1]


def test_rfc_8291_appendix_a() -> None:
    made = encrypt(PLAIN, Subscription(ENDPOINT, P256DH, AUTH), key_of(OUR_KEY), bytes_of(SALT))
    assert made == bytes_of(BODY)
    assert decrypt(made, key_of(THEIR_KEY), bytes_of(P256DH), bytes_of(AUTH)) == PLAIN


@given(st.binary(max_size=MOST_BYTES), st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_a_browser_reads_what_was_written(content: bytes, salt: bytes, auth: bytes) -> None:
    browser = new_key()
    subscription = Subscription(ENDPOINT, public_key(browser), base64.urlsafe_b64encode(auth).decode())
    body = encrypt(content, subscription, new_key(), salt)
    assert decrypt(body, browser, bytes_of(public_key(browser)), auth) == content


def test_what_does_not_fit_into_a_record_is_refused() -> None:
    with pytest.raises(ValueError, match="of at most"):
        encrypt(b"x" * (MOST_BYTES + 1), Subscription(ENDPOINT, P256DH, AUTH), new_key(), b"s" * 16)


@pytest.mark.parametrize("widest", ["x", "家", "\U0001f6a8", "\x01"])
def test_the_longest_message_fits_in_any_script(widest: str) -> None:
    content = _content(Message(widest * PUSH_TITLE, widest * PUSH_TEXT), "critical", widest * 80, "alarms")
    assert len(content.encode()) <= MOST_BYTES
    assert msgspec.json.decode(content)["text"].startswith(widest * 300)


def test_rfc_8292_the_token_names_the_service_and_is_signed() -> None:
    hub = new_key()
    header = authorization(ENDPOINT, hub, "mailto:a@example.com", 1_000_000)
    scheme, _, rest = header.partition(" ")
    members = dict(each.split("=", 1) for each in rest.split(", "))
    head, claims, signature = members["t"].split(".")
    assert scheme == "vapid"
    assert members["k"] == public_key(hub)
    assert msgspec.json.decode(bytes_of(head)) == {"typ": "JWT", "alg": "ES256"}
    assert msgspec.json.decode(bytes_of(claims)) == {
        "aud": "https://push.example.net",
        "exp": 1_000_000 + 12 * 3600,
        "sub": "mailto:a@example.com",
    }
    raw = bytes_of(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    hub.public_key().verify(der, f"{head}.{claims}".encode(), ECDSA(SHA256()))


@pytest.mark.parametrize(
    ("endpoint", "p256dh", "auth", "wrong"),
    [
        ("http://push.example.net/x", P256DH, AUTH, "endpoint"),
        ("https:///x", P256DH, AUTH, "endpoint"),
        ("https://x/" + "y" * 2000, P256DH, AUTH, "endpoint"),
        (ENDPOINT, P256DH[:-4], AUTH, "p256dh"),
        (ENDPOINT, "!" * 87, AUTH, "p256dh"),
        (ENDPOINT, P256DH, "", "auth"),
        (ENDPOINT, P256DH, "ä", "auth"),
    ],
)
def test_what_is_no_subscription(endpoint: str, p256dh: str, auth: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        read_subscription(endpoint, p256dh, auth)


def test_a_subscription() -> None:
    assert read_subscription(ENDPOINT, P256DH, AUTH) == Subscription(ENDPOINT, P256DH, AUTH)
