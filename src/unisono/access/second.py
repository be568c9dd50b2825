"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes for the day the phone is gone.

Knows formats and how a code is checked; the time and the last step that was used are passed in. Knows not where secrets
are kept. Loads pyotp on use.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Callable

from unisono.access.secrets import new_claim_code

__all__ = ["STEP_S", "check_totp", "new_recovery_codes", "new_totp_secret", "totp_uri"]

Random = Callable[[int], bytes]

# RFC 4226 section 4, R6: 160 bits; a multiple of 5, so base 32 needs no padding
SECRET_BYTES = 20
# RFC 6238 section 4.1, and what every authenticator app takes for granted (most read nothing else)
STEP_S = 30
DIGITS = 6
# RFC 6238 section 5.2: one step of drift either way; a phone's clock is within seconds, a slow typist is not
DRIFT_STEPS = 1
# ten times without the phone are enough to mend it
RECOVERY_CODES = 10


def new_totp_secret(random: Random = os.urandom) -> str:
    """A secret for an authenticator app, in base 32."""
    return base64.b32encode(random(SECRET_BYTES)).decode()


def totp_uri(secret: str, person: str, issuer: str) -> str:
    """What an authenticator app reads from a QR picture (Google's Key URI format)."""
    import pyotp

    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S).provisioning_uri(name=person, issuer_name=issuer)


def check_totp(secret: str, typed: str, now_s: float, last_step: int) -> int | None:
    """The step that ``typed`` is the code of, or None. A step up to ``last_step`` counts no more: RFC 6238 section 5.2,
    a code is for one use. All steps are looked at, in a time that tells nothing."""
    import pyotp

    code = "".join(typed.split())
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S)
    step = int(now_s // STEP_S)
    found: int | None = None
    for each in range(max(step - DRIFT_STEPS, 0), step + DRIFT_STEPS + 1):
        same = hmac.compare_digest(totp.generate_otp(each).encode(), code.encode("utf-8", "surrogatepass"))
        if same and each > last_step:
            found = each
    return found


def new_recovery_codes(random: Random = os.urandom) -> list[str]:
    """Codes for one use each, ``XXXX-XXXX`` (40 bits); read them with `read_code`."""
    return [new_claim_code(random) for _ in range(RECOVERY_CODES)]
