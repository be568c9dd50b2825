"""Second factors: the vectors of RFC 6238, drift, one use each, recovery codes."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.access import check_totp, new_recovery_codes, new_totp_secret, read_code, totp_uri

SECRET = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238 appendix B, SHA-1, the last six of its eight digits
VECTORS = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
]


@pytest.mark.parametrize(("at", "code"), VECTORS)
def test_rfc_6238_appendix_b(at: int, code: str) -> None:
    assert check_totp(SECRET, code, at, 0) == at // 30
    assert check_totp(SECRET, f" {code[:3]} {code[3:]} ", at, 0) == at // 30, "as people type it"


@pytest.mark.parametrize(("at", "code"), VECTORS)
def test_a_code_counts_one_step_early_or_late_and_once(at: int, code: str) -> None:
    step = at // 30
    for drift in (-30, 0, 30):
        assert check_totp(SECRET, code, at + drift, 0) == step
    assert check_totp(SECRET, code, at + 90, 0) is None
    assert check_totp(SECRET, code, at - 90, 0) is None
    assert check_totp(SECRET, code, at, step) is None, "section 5.2: it was used"
    assert check_totp(SECRET, code, at, step - 1) == step


@given(typed=st.text(max_size=20))
def test_whatever_is_typed_is_an_answer_and_no_fault(typed: str) -> None:
    assert check_totp(SECRET, typed, 1_234_567_890.5, 0) in (None, 41152262, 41152263, 41152264)


def test_the_first_moment_of_all_is_one_too() -> None:
    assert check_totp(SECRET, "000000", 0, 0) is None


def test_a_secret_is_made_of_160_bits_and_read_by_apps() -> None:
    secret = new_totp_secret(lambda size: b"\x01" * size)
    assert len(base64.b32decode(secret)) == 20
    assert new_totp_secret() != new_totp_secret()
    uri = totp_uri(secret, "wei", "Unisono")
    assert uri.startswith("otpauth://totp/Unisono:wei?")
    assert f"secret={secret}" in uri
    assert "issuer=Unisono" in uri


def test_recovery_codes_are_ten_different_ones_that_survive_typing() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    for code in codes:
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code)
        assert read_code(code.lower().replace("-", " ")) == code.replace("-", "")
