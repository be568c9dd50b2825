"""What services' answers mean: each as the service itself words it."""

from __future__ import annotations

import pytest

from unisono.notify import built_in_services
from unisono.notify.service import UNKNOWN
from unisono.notify.verdict import Answer, Kind, Verdict, judge

SERVICES = built_in_services()
NOW = "Sun, 22 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("service", "answer", "kind", "after_s"),
    [
        ("json", Answer(True, 200), Kind.SENT, None),
        ("mailto", Answer(True), Kind.SENT, None),
        # DingTalk and WeCom say no with HTTP 200, and apprise believes the 200
        ("dingtalk", Answer(True, 200, body='{"errcode":0,"errmsg":"ok"}'), Kind.SENT, None),
        ("dingtalk", Answer(True, 200, body='{"errcode":130101,"errmsg":"send too fast"}'), Kind.SLOW, 600),
        ("dingtalk", Answer(True, 200, body='{"errcode":310000,"errmsg":"no keyword"}'), Kind.REFUSED, None),
        ("dingtalk", Answer(True, 200, body='{"errcode":-1,"errmsg":"system busy"}'), Kind.AGAIN, None),
        ("dingtalk", Answer(True, 200, body="[]"), Kind.SENT, None),
        ("wecombot", Answer(True, 200, body='{"errcode":45009,"errmsg":"api freq out of limit"}'), Kind.SLOW, 60),
        ("wecombot", Answer(True, 200, body='{"errcode":93000,"errmsg":"invalid webhook url"}'), Kind.REFUSED, None),
        ("feishu", Answer(False, 200, body='{"code":11232,"msg":"frequency limited"}'), Kind.SLOW, 60),
        ("feishu", Answer(False, 200, body='{"code":19021,"msg":"sign match fail"}'), Kind.REFUSED, None),
        (
            "tgram",
            Answer(False, 429, body='{"ok":false,"error_code":429,"parameters":{"retry_after":17}}'),
            Kind.SLOW,
            17,
        ),
        ("tgram", Answer(False, 429, body='{"parameters":[]}'), Kind.SLOW, 30),
        ("discord", Answer(False, 429, body='{"retry_after":0.64,"global":false}'), Kind.SLOW, 0.64),
        ("discord", Answer(False, 429, body='{"retry_after":true}'), Kind.SLOW, 10),
        ("discord", Answer(False, 429, body='{"retry_after":-4}'), Kind.SLOW, 10),
        ("ntfy", Answer(False, 429, retry_after="42"), Kind.SLOW, 42),
        ("ntfy", Answer(False, 429, retry_after="Sun, 22 Nov 2026 10:01:30 GMT", date=NOW), Kind.SLOW, 90),
        ("ntfy", Answer(False, 429, retry_after="Sun, 22 Nov 2026 09:00:00 GMT", date=NOW), Kind.SLOW, 0),
        ("ntfy", Answer(False, 429, retry_after="Sun, 22 Nov 2026 10:01:30 GMT"), Kind.SLOW, 30),
        ("ntfy", Answer(False, 429, retry_after="soon"), Kind.SLOW, 30),
        ("ntfy", Answer(False, 503, retry_after="7"), Kind.AGAIN, 7),
        ("ntfy", Answer(False, 500), Kind.AGAIN, None),
        ("ntfy", Answer(False, 408), Kind.AGAIN, None),
        ("ntfy", Answer(False, 425), Kind.AGAIN, None),
        ("ntfy", Answer(False, 403), Kind.REFUSED, None),
        ("ntfy", Answer(False, 404), Kind.REFUSED, None),
        ("webpush", Answer(False, 404), Kind.GONE, None),
        ("webpush", Answer(False, 410), Kind.GONE, None),
        ("webpush", Answer(False, 403), Kind.REFUSED, None),
        ("webpush", Answer(True, 201), Kind.SENT, None),
        ("json", Answer(False, 302), Kind.AGAIN, None),
        ("json", Answer(False, trouble="example.com: Connection refused"), Kind.AGAIN, None),
        ("json", Answer(False, forbidden="10.0.0.1 is an internal address"), Kind.REFUSED, None),
    ],
)
def test_answers(service: str, answer: Answer, kind: Kind, after_s: float | None) -> None:
    found = judge(answer, SERVICES.get(service, UNKNOWN))
    assert (found.kind, found.after_s) == (kind, after_s)


@pytest.mark.parametrize(
    ("service", "answer", "words"),
    [
        ("wecombot", Answer(True, 200, body='{"errcode":45009,"errmsg":"slow"}'), "HTTP 200 errcode 45009: slow"),
        ("json", Answer(False, 500, body="<h1>Oops</h1>\n\n  now"), "HTTP 500 <h1>Oops</h1> now"),
        ("json", Answer(True, 204), "HTTP 204"),
        ("json", Answer(False, trouble="example.com: Connection refused"), "example.com: Connection refused"),
        ("json", Answer(False, 200, forbidden="no further"), "no further"),
    ],
)  # fmt: skip
def test_words(service: str, answer: Answer, words: str) -> None:
    assert judge(answer, SERVICES[service]).words == words


def test_words_are_bounded() -> None:
    assert len(judge(Answer(False, 500, body="x" * 5000), UNKNOWN).words) == 300


def test_a_service_nobody_described_slows_down_too() -> None:
    assert judge(Answer(False, 429), UNKNOWN) == Verdict(Kind.SLOW, "HTTP 429", 0.0)
