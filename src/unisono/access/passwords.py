"""Passwords that people choose: Argon2id, and what is asked of one.

Knows the parameters. Knows not where hashes are kept. Loads argon2 on use: only the API checks passwords.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from unisono.access.secrets import hash_secret
from unisono.errors import CallerError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = [
    "check_choice",
    "check_device_password",
    "check_password",
    "hash_device_password",
    "hash_password",
    "is_device_password",
    "needs_rehash",
]

# RFC 9106 section 4, second recommended option (64 MiB, three passes), with one lane: a hub has few cores to spare, and
# lanes shorten the wait for the guesser as much as for us.
TIME_COST = 3
MEMORY_KIB = 64 * 1024
PARALLELISM = 1

# NIST SP 800-63B section 5.1.1.2: at least 8 characters, no rules of composition; a bound, since hashing costs.
MIN_CHARACTERS = 8
MAX_BYTES = 1024

# The same section: what is tried first is refused. The rows of keyboards in which hands run, and the words that head
# every list of stolen passwords, however their letters are dressed up.
ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm")
LINES = (*ROWS, *(row[::-1] for row in ROWS))
MOST_RUNS = 2
MIN_OWN = 3  # a shorter name is in many a good password
BESIDE = "0123456789-_.!@# "
DRESSED = str.maketrans("@4310$57", "aaeiosst")
FIRST_TRIED = {
    "password",
    "passwort",
    "kennwort",
    "unisono",
    "administrator",
    "iloveyou",
    "letmein",
    "welcome",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "trustnoi",
    "qwertyuiop",
    "changeme",
}

# What a device chose itself, or its maker for it: imported by the thousand, so cheaper (OWASP's second setting, some 25
# ms of a core). The pepper goes in first, so that a stolen registry alone gives nothing to guess at.
DEVICE_TIME_COST = 2
DEVICE_MEMORY_KIB = 19 * 1024
DEVICE_PREFIX = b"$argon2"


def hash_password(password: str) -> str:
    """The Argon2id hash to keep, in PHC form, after Unicode NFC (RFC 8265 section 4.2). About 0.1 s of one core.

    Raises CallerError bad_value for a password that is too short or too long.
    """
    data = _encode(password)
    if len(password) < MIN_CHARACTERS or len(data) > MAX_BYTES:
        raise CallerError(
            "the password is too short" if len(password) < MIN_CHARACTERS else "the password is too long",
            code="bad_value",
            field="password",
            expected=f"at least {MIN_CHARACTERS} characters and at most {MAX_BYTES} bytes",
        )
    return _hasher().hash(data)


def check_choice(password: str, user: str) -> None:
    """Refuse what is guessed first: the user's own name, a word of `FIRST_TRIED`, hands that ran along a row of keys.

    Raises CallerError weak_password. Only for a new password: who has one from before still comes in.
    """
    plain = unicodedata.normalize("NFKC", password).casefold()
    word = "".join(letter for letter in plain.translate(DRESSED) if letter.isalnum())
    own = user.casefold()
    if len(plain) >= MIN_CHARACTERS and (
        word in FIRST_TRIED
        or (len(own) >= MIN_OWN and own in plain and not plain.replace(own, "").strip(BESIDE))
        or len(set(plain)) <= MOST_RUNS
        or _runs(plain) <= MOST_RUNS
    ):
        raise CallerError(
            "the password is one of the first that anybody would try",
            code="weak_password",
            field="password",
            expected="one that is not the user name, a run of keys (12345678) or a word of the kind of 'password'",
        )


def _runs(text: str) -> int:
    """Of how many runs a text is made, as far as it matters: the same key again and again, or the next in its row."""
    runs = 0
    while text and runs <= MOST_RUNS:
        end = len(text)
        while len(set(text[:end])) > 1 and not any(text[:end] in line for line in LINES):
            end -= 1
        text, runs = text[end:], runs + 1
    return runs


def check_password(password: str, hash: str | None) -> bool:
    """Whether ``hash`` was made of ``password``. Takes as long when there is no hash: who exists stays unknown."""
    from argon2.exceptions import InvalidHashError, VerificationError

    data = _encode(password)
    if len(data) > MAX_BYTES:
        return False
    try:
        return _hasher().verify(hash or _nobody(), data) and hash is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(hash: str) -> bool:
    """Whether ``hash`` was made with other parameters than today's: hash anew at the next sign-in."""
    return _hasher().check_needs_rehash(hash)


def hash_device_password(password: str, pepper: bytes) -> bytes:
    """What is kept of a password that no machine of ours made. Some 25 ms of one core; needs 19 MB."""
    return _device_hasher().hash(hash_secret(password, pepper)).encode()


def is_device_password(hash: bytes) -> bool:
    """Whether ``hash`` is one of `hash_device_password`'s, and not of a secret that we made (32 bytes)."""
    return hash.startswith(DEVICE_PREFIX)


def check_device_password(password: str, hash: bytes, pepper: bytes) -> bool:
    """Whether ``hash`` was made of ``password``: as slow as making one, so keep a keyed hash of what was right."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _device_hasher().verify(hash, hash_secret(password, pepper))
    except (VerificationError, InvalidHashError):
        return False


def _encode(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)


@cache
def _device_hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=DEVICE_TIME_COST, memory_cost=DEVICE_MEMORY_KIB, parallelism=PARALLELISM)


@cache
def _nobody() -> str:
    return _hasher().hash(b"nobody has this password")
