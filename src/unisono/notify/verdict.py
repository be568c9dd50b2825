"""What a service's answer means: taken, too many, try again, refused, or nobody there any more.

Pure: the answer is passed in as the courier brought it, the rules are the service's data.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import msgspec

from unisono.notify.service import Service

__all__ = ["Answer", "Kind", "Verdict", "judge"]

#: What is kept of an answer; a page of HTML helps nobody.
WORDS = 300


class Kind(StrEnum):
    """What to do about it."""

    SENT = "sent"
    SLOW = "slow"  # too many came: nothing for a while
    AGAIN = "again"  # it may work later
    REFUSED = "refused"  # it will not work, however often
    GONE = "gone"  # whoever subscribed is no longer there (RFC 8030 section 7.3)


class Answer(msgspec.Struct, frozen=True):
    """What came back. ``status`` 0: no HTTP answer. ``trouble``: what failed before or instead of one.

    ``forbidden``: we did not even go there, and why.
    """

    ok: bool
    status: int = 0
    retry_after: str = ""
    date: str = ""
    body: str = ""
    trouble: str = ""
    forbidden: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """``after_s``: how long the service wants to be left alone; None: it did not say."""

    kind: Kind
    words: str = ""
    after_s: float | None = None


#: HTTP statuses of 4xx that a later try may change (RFC 9110, RFC 8470).
PASSING = frozenset({408, 425})


def judge(answer: Answer, service: Service) -> Verdict:
    """What ``answer`` of ``service`` means."""
    if answer.forbidden:
        return Verdict(Kind.REFUSED, answer.forbidden)
    body = _members(answer.body)
    said = _words(answer, body, service)
    kind = _by_status(answer, service)
    if answer.status < 400:
        kind = _hidden(body, service) or kind
    after_s = _after(answer, body) if kind in (Kind.SLOW, Kind.AGAIN) else None
    if kind is Kind.SLOW and after_s is None:
        after_s = service.block_s
    return Verdict(kind, said, after_s)


def _by_status(answer: Answer, service: Service) -> Kind:
    status = answer.status
    rules = (
        (status == 429, Kind.SLOW),
        (status in (404, 410) and "webpush" in service.schemes, Kind.GONE),
        (status >= 500 or status in PASSING, Kind.AGAIN),
        (status >= 400, Kind.REFUSED),
        (answer.ok, Kind.SENT),
    )
    return next((kind for holds, kind in rules if holds), Kind.AGAIN)


def _hidden(body: dict[str, Any], service: Service) -> Kind | None:
    """The refusal inside an HTTP 200, if there is one."""
    rules = service.answers
    if rules is None or rules.code not in body or body[rules.code] in rules.ok:
        return None
    if body[rules.code] in rules.slow_down:
        return Kind.SLOW
    return Kind.AGAIN if body[rules.code] in rules.again else Kind.REFUSED


def _members(body: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _words(answer: Answer, body: dict[str, Any], service: Service) -> str:
    rules = service.answers
    if rules is not None and rules.code in body:
        words = f"{rules.code} {body[rules.code]}: {body.get(rules.text, '')}"
    else:
        words = " ".join(answer.body.split())
    if not answer.status:
        return answer.trouble[:WORDS]
    return f"HTTP {answer.status}{' ' if words else ''}{words}"[:WORDS]


def _after(answer: Answer, body: dict[str, Any]) -> float | None:
    """Seconds from Retry-After (a number, or a date beside the service's own), else from where Telegram and Discord say
    it."""
    if answer.retry_after.isascii() and answer.retry_after.isdigit():
        return float(answer.retry_after)
    if answer.retry_after:
        try:
            until, now = parsedate_to_datetime(answer.retry_after), parsedate_to_datetime(answer.date)
            return max(0.0, (until - now).total_seconds())
        except (ValueError, TypeError):
            pass
    within = body.get("parameters")
    said = body.get("retry_after", within.get("retry_after") if isinstance(within, dict) else None)
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) and said >= 0 else None
