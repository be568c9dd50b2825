"""SCRAM-SHA-256 (RFC 5802, RFC 7677) as a method of enhanced authentication: neither side shows its secret.

Knows the messages and their proofs. Where keys are kept is the finder's, who registers the method; channel binding is
not offered.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable

import msgspec

from unisono.errors import CallerError
from unisono.gateway.door.authentication import Exchange, Step
from unisono.twin.talk import SignIn

__all__ = ["Finder", "Scram", "ScramKeys", "make_keys"]

#: RFC 7677: at least 4,096.
ITERATIONS = 4_096
NONCE_BYTES = 18


class ScramKeys(msgspec.Struct, frozen=True):
    """What a server keeps of a secret: enough to check a proof, not enough to make one."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


#: A user name > its keys and who that is, or None.
Finder = Callable[[str], Awaitable[tuple[ScramKeys, SignIn] | None]]


def make_keys(secret: str, salt: bytes | None = None, iterations: int = ITERATIONS) -> ScramKeys:
    """The keys of a secret."""
    salt = secrets.token_bytes(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, iterations)
    stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
    return ScramKeys(salt, iterations, stored, _mac(salted, b"Server Key"))


class Scram:
    """The method; register ``lambda bus: Scram(finder)`` under the name ``SCRAM-SHA-256``."""

    def __init__(self, find: Finder) -> None:
        self._find = find

    def begin(self, user: str | None) -> Exchange:
        return _Exchange(self._find)


class _Exchange:
    def __init__(self, find: Finder) -> None:
        self._find = find
        self._found: tuple[ScramKeys, SignIn] | None = None
        self._nonce = ""
        self._said = ""

    async def step(self, data: bytes | None) -> Step:
        try:
            text = (data or b"").decode()
        except UnicodeDecodeError:
            text = ""
        return self._finish(text) if self._nonce else await self._begin(text)

    async def _begin(self, text: str) -> Step:
        """``n,,n=<user>,r=<nonce>`` > ``r=<both nonces>,s=<salt>,i=<iterations>``."""
        header, _, bare = text.partition(",,")
        fields = _fields(bare)
        if header not in ("n", "y") or not fields.get("n") or not fields.get("r"):
            raise CallerError(
                "not the first message of SCRAM-SHA-256", code="bad_request", expected="n,,n=USER,r=NONCE"
            )
        user = fields["n"].replace("=2C", ",").replace("=3D", "=")
        self._found = await self._find(user)
        # who does not exist is asked for a proof like anybody else, so that names cannot be tried out
        keys = self._found[0] if self._found is not None else make_keys(secrets.token_hex(8))
        self._nonce = fields["r"] + secrets.token_urlsafe(NONCE_BYTES)
        first = f"r={self._nonce},s={base64.b64encode(keys.salt).decode()},i={keys.iterations}"
        self._said = f"{bare},{first}"
        return Step(first.encode())

    def _finish(self, text: str) -> Step:
        """``c=<header>,r=<both nonces>,p=<proof>`` > ``v=<the server's proof>``."""
        without, _, proof = text.rpartition(",p=")
        fields = _fields(without)
        try:
            given = base64.b64decode(proof, validate=True)
        except (binascii.Error, ValueError):
            given = b""
        if self._found is None or fields.get("r") != self._nonce or fields.get("c") not in ("biws", "eSws"):
            return _refused()
        keys, identity = self._found
        said = f"{self._said},{without}".encode()
        client_key = bytes(a ^ b for a, b in zip(given, _mac(keys.stored_key, said), strict=False))
        if len(given) != hashlib.sha256().digest_size or not hmac.compare_digest(
            hashlib.sha256(client_key).digest(), keys.stored_key
        ):
            return _refused()
        return Step(b"v=" + base64.b64encode(_mac(keys.server_key, said)), identity)


def _refused() -> Step:
    return Step(None, SignIn(False, "", "bad_credentials", "the proof is wrong"))


def _fields(text: str) -> dict[str, str]:
    return {part[0]: part[2:] for part in text.split(",") if part[1:2] == "="}


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")
