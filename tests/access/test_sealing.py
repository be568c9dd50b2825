"""Secrets kept encrypted: they open for whom they were sealed and for nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.access import open_sealed, seal

PEPPER = bytes(range(32))


@given(secret=st.text(max_size=128), thing=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,62}", fullmatch=True))
def test_what_was_sealed_is_read_again(secret: str, thing: str) -> None:
    assert open_sealed(seal(secret, thing, PEPPER), thing, PEPPER) == secret


def test_it_opens_for_nobody_else() -> None:
    sealed = seal("secret", "lamp", PEPPER)
    assert b"secret" not in sealed
    assert open_sealed(sealed, "lock", PEPPER) is None
    assert open_sealed(sealed, "lamp", bytes(32)) is None
    assert open_sealed(b"", "lamp", PEPPER) is None
    for at in range(len(sealed)):
        assert open_sealed(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], "lamp", PEPPER) is None
    assert seal("secret", "lamp", PEPPER) != sealed
    with pytest.raises(ValueError, match="32 bytes"):
        seal("x", "lamp", b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        open_sealed(sealed, "lamp", b"short")
