"""Secrets look as promised, and only the right one passes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.access import (
    PEPPER_BYTES,
    check_secret,
    hash_secret,
    is_claim_code,
    is_ticket,
    is_token,
    make_ticket,
    new_claim_code,
    new_pepper,
    new_secret,
    new_setup_code,
    new_token,
    read_code,
    read_setup_code,
)

PEPPER = bytes(range(PEPPER_BYTES))


def test_a_secret_is_url_safe_and_has_at_least_128_bits() -> None:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return b"\xff" * size

    secret = new_secret(random)
    assert asked[0] * 8 >= 128
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", secret)


def test_secrets_tokens_codes_and_peppers_differ_from_call_to_call() -> None:
    for make in (new_secret, new_token, new_setup_code, new_pepper):
        assert make() != make()


def test_a_token_tells_itself() -> None:
    token = new_token()
    assert token.startswith("uni_")
    assert is_token(token)
    assert not is_token(token[:-1])
    assert not is_token("x" * len(token))


@given(random=st.binary(min_size=10, max_size=10), noise=st.sampled_from(["", "-", " "]))
def test_a_setup_code_survives_a_person_typing_it(random: bytes, noise: str) -> None:
    code = new_setup_code(lambda _: random)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code)
    typed = code.lower().replace("-", noise).replace("1", "l").replace("0", "o")
    assert read_setup_code(typed) == read_setup_code(code) == code.replace("-", "")


def test_setup_codes_of_different_bits_differ() -> None:
    randoms = [(1 << bit).to_bytes(10) for bit in range(80)]
    codes = {new_setup_code(lambda _: randoms.pop()) for _ in range(80)}
    assert len(codes) == 80


@given(secret=st.text(), other=st.text(), pepper=st.binary(min_size=32, max_size=32))
def test_only_the_same_secret_with_the_same_pepper_passes(secret: str, other: str, pepper: bytes) -> None:
    kept = hash_secret(secret, pepper)
    assert len(kept) == 32
    assert check_secret(secret, kept, pepper)
    assert check_secret(secret.encode("utf-8", "surrogatepass"), kept, pepper)
    assert check_secret(other, kept, pepper) == (other == secret)
    assert not check_secret(secret, kept, bytes(31) + b"\x01") or pepper == bytes(31) + b"\x01"


@pytest.mark.parametrize("missing", [None, b""])
def test_without_a_hash_nothing_passes(missing: bytes | None) -> None:
    assert not check_secret("", missing, PEPPER)
    assert not check_secret("anything", missing, PEPPER)


def test_long_secrets_are_compared_to_their_end() -> None:
    kept = hash_secret("x" * 70_000 + "a", PEPPER)
    assert not check_secret("x" * 70_000 + "b", kept, PEPPER)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_pepper_of_the_wrong_length_is_a_programming_error(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        hash_secret("secret", bytes(length))


def test_the_hash_is_keyed_blake2b() -> None:
    """Pinned: a change of form would lock every device out."""
    assert hash_secret("secret", PEPPER).hex() == "ff94432753bc7887d899d90e55e25bc14e6b1f0b6e52ed45c46ced28771c6b5b"


def test_claim_codes_are_short_and_have_no_look_alikes() -> None:
    code = new_claim_code(lambda count: bytes(range(count)))
    assert len(code) == 9
    assert code[4] == "-"
    assert not set(code) & set("ILOU")
    assert is_claim_code(code.lower().replace("-", " "))
    assert not is_claim_code(new_setup_code())
    assert read_code("il-o0 k7") == "1100K7"
    assert new_claim_code() != new_claim_code()


def test_a_ticket_is_for_one_thing_and_of_one_hub() -> None:
    pepper, other = new_pepper(), new_pepper()
    ticket = make_ticket("firmware/lamp/abc", pepper)
    assert len(ticket) == 24 and ticket == make_ticket("firmware/lamp/abc", pepper)
    assert is_ticket(ticket, "firmware/lamp/abc", pepper)
    assert not is_ticket(ticket, "firmware/lamp/abd", pepper)
    assert not is_ticket(ticket, "firmware/lamp/abc", other)
    assert not is_ticket("\udc80", "firmware/lamp/abc", pepper)
