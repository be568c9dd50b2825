"""The second word: a short-lived code that goes with exactly the command that it was given out for.

Knows keyed hashes and the time that is passed in; nothing is kept, so any API process takes what another gave out.
"""

from __future__ import annotations

import base64
import hmac
from typing import Any

import msgspec

from unisono.errors import CallerError

__all__ = ["ConfirmationError", "Confirmations"]

# 40 bits for a minute, behind a token: a guess costs a request that is in the audit
CODE_BYTES = 5
SECOND = 1_000_000

_encode = msgspec.json.Encoder(order="deterministic").encode


class ConfirmationError(CallerError):
    """``confirmation`` goes with the same command, within ``within_s`` seconds."""

    def __init__(self, detail: str, confirmation: str, within_s: float) -> None:
        super().__init__(
            detail,
            code="confirmation_required",
            expected=f'the same once more within {within_s:g} s, with "confirmation": "{confirmation}"',
        )
        self.confirmation = confirmation
        self.within_s = within_s

    def problem(self) -> dict[str, object]:
        return {**super().problem(), "confirmation": self.confirmation, "within_s": self.within_s}


class Confirmations:
    """``pepper`` is the hub's own secret."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper

    def give_out(self, wish: Any, at_us: int, within_s: float) -> str:
        """The code that confirms ``wish`` (any JSON value that says who wants what) until ``within_s`` from now."""
        until = at_us // SECOND + int(within_s)
        return f"{self._sign(wish, until)}-{until:x}"

    def check(self, code: str, wish: Any, at_us: int) -> None:
        """Raises CallerError ``confirmation_required`` for a code that is of another wish, or too old."""
        signed, _dash, until = code.partition("-")
        try:
            end = int(until, 16)
        except ValueError:
            end = 0
        if not hmac.compare_digest(signed.upper().encode(), self._sign(wish, end).encode()):
            raise self._wrong("it is not for this command")
        if at_us // SECOND > end:
            raise self._wrong("it is too old")

    def _wrong(self, why: str) -> CallerError:
        return CallerError(
            f"The confirmation does not count: {why}",
            code="confirmation_required",
            field="confirmation",
            expected="the code that this command was last answered with",
            mend="Ask without it, to get a new one",
        )

    def _sign(self, wish: Any, until: int) -> str:
        mac = hmac.digest(self._pepper, b"confirm\0" + _encode([wish, until]), "sha256")
        return base64.b32encode(mac[:CODE_BYTES]).decode()
