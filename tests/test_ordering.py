"""Ordering a certificate: the account is kept, failures say why, nothing is left to be asked."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.authority import AcmeAuthority
from unisono.errors import CallerError, HostError
from unisono.ordering import Acme, order


@pytest.fixture
def authority() -> Iterator[AcmeAuthority]:
    made = AcmeAuthority(1)  # nobody answers there
    yield made
    made.close()


def test_a_failed_validation_says_why_and_the_account_is_used_again(authority: AcmeAuthority, tmp_path: Path) -> None:
    account, answers = tmp_path / "keys" / "acme.key", dict[str, str]()
    wanted = Acme("hub.example.org", "me@example.org", f"{authority.url}/directory")
    for _ in range(2):
        with pytest.raises(CallerError, match="the wrong answer came back") as caught:
            order(wanted, account, answers)
        assert "port 80" in str(caught.value.expected)
        assert answers == {}
    assert stat.S_IMODE(account.stat().st_mode) == 0o600
    assert len(authority.accounts) == 1
    assert len(authority.orders) == 2


def test_an_authority_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"authority at http://127\.0\.0\.1:1/directory cannot be reached") as caught:
        order(Acme("hub.example.org", None, "http://127.0.0.1:1/directory"), tmp_path / "acme.key", {})
    assert caught.value.code == "bad_certificate" and "Internet" in str(caught.value.mend)


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "acme", None)
    with pytest.raises(HostError, match=r"unisono\[acme\]") as caught:
        order(Acme("hub.example.org"), tmp_path / "acme.key", {})
    assert caught.value.code == "engine_missing"
