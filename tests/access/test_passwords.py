"""Passwords: what is asked of one, and who gets in."""

from __future__ import annotations

import subprocess
import sys

import pytest

from unisono.access import (
    check_choice,
    check_device_password,
    check_password,
    hash_device_password,
    hash_password,
    hash_secret,
    is_device_password,
    needs_rehash,
)
from unisono.errors import CallerError


@pytest.fixture(scope="module")
def kept() -> str:
    return hash_password("correct hörse 电池")


def test_the_right_password_passes_and_others_do_not(kept: str) -> None:
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert check_password("correct hörse 电池", kept)
    assert not check_password("correct horse 电池", kept)
    assert not needs_rehash(kept)


def test_composed_and_decomposed_letters_are_the_same(kept: str) -> None:
    """RFC 8265 section 4.2.2: keyboards differ in how they send an umlaut."""
    assert check_password("correct ho\u0308rse 电池", kept)


def test_nobody_and_damaged_hashes_do_not_pass() -> None:
    assert not check_password("nobody has this password", None)
    assert not check_password("anything", "no hash")


def test_an_overlong_attempt_is_refused_before_it_costs_anything(kept: str) -> None:
    assert not check_password("x" * 1025, kept)


def test_a_hash_with_other_parameters_is_made_anew() -> None:
    weak = "$argon2id$v=19$m=16,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaA"
    assert needs_rehash(weak)


@pytest.mark.parametrize(("password", "why"), [("seven77", "too short"), ("", "too short"), ("x" * 1025, "too long")])
def test_what_is_asked_of_a_password(password: str, why: str) -> None:
    with pytest.raises(CallerError, match=why) as refused:
        hash_password(password)
    assert (refused.value.code, refused.value.field) == ("bad_value", "password")


@pytest.mark.parametrize(
    "password",
    ["password", "Passw0rd!", "12345678", "87654321", "qwerty123", "abcd1234", "88888888", "12121212", "weiwei123"],
)
def test_what_anybody_would_try_first_is_not_chosen(password: str) -> None:
    """NIST SP 800-63B section 5.1.1.2: common, repetitive and sequential ones, and the user's own name."""
    with pytest.raises(CallerError, match="anybody would try") as refused:
        check_choice(password, "wei")
    assert (refused.value.code, refused.value.field) == ("weak_password", "password")


@pytest.mark.parametrize(("password", "user"), [("correct horse", "wei"), ("73914026", "wei"), ("20261127", "2")])
def test_what_is_harder_is_the_users_to_choose(password: str, user: str) -> None:
    check_choice(password, user)


def test_argon2_loads_on_use_only() -> None:
    """Gateways import `access` too, and check no passwords."""
    code = "import sys, unisono.access; sys.exit(any(name.startswith('argon2') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_devices_own_password_is_checked_against_its_hash_and_the_pepper() -> None:
    pepper = bytes(range(32))
    hashed = hash_device_password("factory-1", pepper)
    assert is_device_password(hashed)
    assert not is_device_password(hash_secret("factory-1", pepper))
    assert check_device_password("factory-1", hashed, pepper)
    assert not check_device_password("factory-2", hashed, pepper)
    assert not check_device_password("factory-1", hashed, bytes(32))
    assert not check_device_password("factory-1", b"$argon2id$nonsense", pepper)
    assert hash_device_password("factory-1", pepper) != hashed
