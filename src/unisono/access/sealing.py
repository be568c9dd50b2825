"""Secrets that must be read again: a scheme that signs with the plain secret needs it, so it is kept encrypted.

Knows ChaCha20-Poly1305 (RFC 8439) and how its key comes from the hub's pepper. Knows not where it is kept. Loads
cryptography on use. Whatever needs no plain text is hashed instead (see `secrets`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from unisono.access.secrets import PEPPER_BYTES

__all__ = ["open_sealed", "seal"]

Random = Callable[[int], bytes]

# RFC 8439 section 2.3; random is safe for the few times that one key seals (a secret per thing and rotation)
NONCE_BYTES = 12
KEY_BYTES = 32
# keeps this key apart from the one of the hashes (BLAKE2's personalisation, at most 16 bytes)
PURPOSE = b"unisono.sealed"


def seal(secret: str, thing: str, pepper: bytes, random: Random = os.urandom) -> bytes:
    """``secret`` of ``thing``, encrypted: opens only for the same thing and with the same pepper."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = random(NONCE_BYTES)
    return nonce + ChaCha20Poly1305(_key(pepper)).encrypt(nonce, secret.encode(), thing.encode())


def open_sealed(sealed: bytes, thing: str, pepper: bytes) -> str | None:
    """What `seal` was given, or None when it is another thing's, another hub's, or damaged."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if len(sealed) <= NONCE_BYTES:
        return None
    try:
        data = ChaCha20Poly1305(_key(pepper)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], thing.encode())
    except InvalidTag:
        return None
    return data.decode()


def _key(pepper: bytes) -> bytes:
    if len(pepper) != PEPPER_BYTES:
        raise ValueError(f"a pepper has {PEPPER_BYTES} bytes, not {len(pepper)}")
    return hashlib.blake2b(b"", digest_size=KEY_BYTES, key=pepper, person=PURPOSE).digest()
