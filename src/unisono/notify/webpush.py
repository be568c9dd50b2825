"""Web Push: a message encrypted for one browser (RFC 8291, RFC 8188), and who sends it (VAPID, RFC 8292).

Knows bytes in, bytes out; time, keys and salt are passed in. Loads cryptography on use. http_ece would do the first
half, but comes as source only and asks every user's machine to build it.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["Subscription", "authorization", "encrypt", "new_key", "public_key", "read_subscription"]

#: RFC 8291 section 4: one record; push services take at least 4,096 bytes (RFC 8030 section 7.2).
RECORD_BYTES = 4096
#: Header, delimiter and tag take 103 bytes of it.
MOST_BYTES = RECORD_BYTES - 103

#: RFC 8292 section 2: at most a day.
TOKEN_S = 12 * 3600

POINT_BYTES, AUTH_BYTES, SALT_BYTES = 65, 16, 16


class Subscription(msgspec.Struct, frozen=True):
    """What a browser hands out: where to send, and its keys (base64url)."""

    endpoint: str
    p256dh: str
    auth: str


def read_subscription(endpoint: str, p256dh: str, auth: str) -> Subscription:
    """Raises ValueError with the name of the member that is not what it should be."""
    parts = urlsplit(endpoint)
    if parts.scheme != "https" or not parts.hostname or len(endpoint) > 2000:
        raise ValueError("endpoint")
    for name, text, size in (("p256dh", p256dh, POINT_BYTES), ("auth", auth, AUTH_BYTES)):
        try:
            sound = len(_decode(text)) == size
        except (binascii.Error, ValueError):
            sound = False
        if not sound:
            raise ValueError(name)
    return Subscription(endpoint, p256dh, auth)


def encrypt(content: bytes, subscription: Subscription, key: EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The body of the POST, ``Content-Encoding: aes128gcm``. ``key``: made for this message alone, like ``salt``.

    Raises ValueError when the content is too long or the browser's key is no point of the curve.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import ECDH, SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(content) > MOST_BYTES:
        raise ValueError(f"{len(content)} bytes, of at most {MOST_BYTES}")
    theirs = _decode(subscription.p256dh)
    ours = _point(key)
    shared = key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), theirs))
    # RFC 8291 section 3.4
    secret = _derive(shared, _decode(subscription.auth), b"WebPush: info\x00" + theirs + ours, 32)
    # RFC 8188 sections 2.2 and 2.3
    content_key = _derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + struct.pack("!IB", RECORD_BYTES, len(ours)) + ours
    # the delimiter 2 says that this is the last record
    return header + AESGCM(content_key).encrypt(nonce, content + b"\x02", None)


def authorization(endpoint: str, key: EllipticCurvePrivateKey, contact: str, now_s: int) -> str:
    """The header ``Authorization`` for a push service (RFC 8292 section 3). ``contact``: mailto: or https:."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": now_s + TOKEN_S, "sub": contact}
    head = _encode(msgspec.json.encode({"typ": "JWT", "alg": "ES256"}))
    signed = f"{head}.{_encode(msgspec.json.encode(claims))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ECDSA(SHA256())))
    signature = _encode(r.to_bytes(32) + s.to_bytes(32))
    return f"vapid t={signed}.{signature}, k={public_key(key)}"


def new_key() -> EllipticCurvePrivateKey:
    """A key on P-256."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    return generate_private_key(SECP256R1())


def public_key(key: EllipticCurvePrivateKey) -> str:
    """As ``applicationServerKey`` of a browser wants it."""
    return _encode(_point(key))


def _point(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), length, salt, info).derive(secret)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
