"""Secrets that a machine made: of things, tokens of programs, setup codes. How they look and how they are kept.

Knows formats and keyed hashes. Knows not where hashes and the pepper are kept. Randomness can be passed in.

These secrets hold at least 80 random bits, so a fast keyed hash is enough: there is nothing to guess. Argon2 is for
what people choose (see `passwords`); at 151 ms a check it would make 10,000 reconnects take 25 minutes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable

__all__ = [
    "PEPPER_BYTES",
    "TOKEN_PREFIX",
    "check_secret",
    "hash_secret",
    "is_claim_code",
    "is_ticket",
    "is_token",
    "make_ticket",
    "new_claim_code",
    "new_pepper",
    "new_secret",
    "new_setup_code",
    "new_token",
    "read_code",
    "read_setup_code",
]

Random = Callable[[int], bytes]

# 192 bits, 32 characters: fits the password fields of firmwares that stop at 32; divides by 3, so nothing is padded.
SECRET_BYTES = 24
# A token opens more than one thing: 240 bits, 40 characters after the prefix.
TOKEN_BYTES = 30
# Scanners for leaked secrets find tokens by it.
TOKEN_PREFIX = "uni_"
# 80 bits, 16 letters: one use, for a few minutes, typed by hand.
SETUP_CODE_BYTES = 10
SETUP_CODE_GROUP = 4
# 40 bits, 8 letters: one use, an hour or so, few tries a minute for all guessers together (api/identity/claims.py).
CLAIM_CODE_BYTES = 5
PEPPER_BYTES = 32
HASH_BYTES = 32

# Separates these hashes from any other use of the pepper (BLAKE2's personalisation, RFC 7693 section 2.8; at most 16).
PURPOSE = b"unisono.secret"
TICKET = b"unisono.ticket"
#: 144 bits, 24 letters: nobody finds one by trying, and an address with it stays short for small devices.
TICKET_BYTES = 18

# Crockford's base 32 has no I, L, O and U; what people read or type instead is taken for what was meant.
_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})


def new_pepper(random: Random = os.urandom) -> bytes:
    """A key for `hash_secret`: one per hub, kept apart from the hashes."""
    return random(PEPPER_BYTES)


def new_secret(random: Random = os.urandom) -> str:
    """A secret for a thing: 192 random bits, url-safe."""
    return base64.urlsafe_b64encode(random(SECRET_BYTES)).decode()


def new_token(random: Random = os.urandom) -> str:
    """A bearer token: ``uni_`` and 240 random bits, url-safe."""
    return TOKEN_PREFIX + base64.urlsafe_b64encode(random(TOKEN_BYTES)).decode()


def is_token(text: str) -> bool:
    """Whether ``text`` looks like one of `new_token`'s; says nothing of its being valid."""
    return text.startswith(TOKEN_PREFIX) and len(text) == len(TOKEN_PREFIX) + TOKEN_BYTES * 4 // 3


def new_setup_code(random: Random = os.urandom) -> str:
    """A code to be typed by hand, once: ``XXXX-XXXX-XXXX-XXXX`` in Crockford's base 32."""
    return _code(random(SETUP_CODE_BYTES))


def new_claim_code(random: Random = os.urandom) -> str:
    """A code that brings one device in: ``XXXX-XXXX`` in Crockford's base 32."""
    return _code(random(CLAIM_CODE_BYTES))


def is_claim_code(typed: str) -> bool:
    """Whether ``typed`` looks like one of `new_claim_code`'s; says nothing of its being valid."""
    return len(read_code(typed)) == CLAIM_CODE_BYTES * 8 // 5


def read_code(typed: str) -> str:
    """A code as it must be hashed, however it was typed: case, dashes, spaces, I or L for 1 and O for 0 pass."""
    return typed.upper().translate(_MISREAD)


read_setup_code = read_code


def _code(random: bytes) -> str:
    letters = base64.b32encode(random).translate(_TO_CROCKFORD).decode()
    return "-".join(letters[at : at + SETUP_CODE_GROUP] for at in range(0, len(letters), SETUP_CODE_GROUP))


def hash_secret(secret: str | bytes, pepper: bytes) -> bytes:
    """What is kept of a secret: 32 bytes of BLAKE2b (RFC 7693) keyed with ``pepper``.

    Raises ValueError for a pepper of the wrong length: an empty key would make this a plain hash without a word.
    """
    if len(pepper) != PEPPER_BYTES:
        raise ValueError(f"a pepper has {PEPPER_BYTES} bytes, not {len(pepper)}")
    data = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    return hashlib.blake2b(data, digest_size=HASH_BYTES, key=pepper, person=PURPOSE).digest()


def make_ticket(what: str, pepper: bytes) -> str:
    """Letters for an address that whoever was told it may open, and nobody else: always the same for ``what``."""
    digest = hashlib.blake2b(what.encode(), digest_size=TICKET_BYTES, key=pepper, person=TICKET).digest()
    return base64.urlsafe_b64encode(digest).decode()


def is_ticket(given: str, what: str, pepper: bytes) -> bool:
    """Whether ``given`` was made for ``what``, in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), make_ticket(what, pepper).encode())


def check_secret(secret: str | bytes, hash: bytes | None, pepper: bytes) -> bool:
    """Whether ``hash`` was made of ``secret``, in a time that tells nothing. False when there is no hash at all."""
    given = hash_secret(secret, pepper)
    return hmac.compare_digest(given, hash or bytes(HASH_BYTES)) and bool(hash)
