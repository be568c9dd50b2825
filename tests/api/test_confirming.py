"""The second word goes with exactly one wish, for a while; classes of addresses; refusals are kept within bounds."""

from __future__ import annotations

import pytest

from unisono.api.commands.asking import REFUSALS_A_MINUTE, Refusals, address_class
from unisono.api.commands.confirming import ConfirmationError, Confirmations
from unisono.errors import CallerError

SECOND = 1_000_000
WISH = ["wei", "token", "front_door", {"locked": False}, None, {}]


def test_a_code_confirms_its_wish_until_its_time_is_over() -> None:
    confirmations = Confirmations(b"pepper")
    code = confirmations.give_out(WISH, 100 * SECOND, 30)
    confirmations.check(code, WISH, 130 * SECOND)
    confirmations.check(code.lower(), WISH, 100 * SECOND)
    with pytest.raises(CallerError, match="too old"):
        confirmations.check(code, WISH, 131 * SECOND)


@pytest.mark.parametrize("other", [["mia", *WISH[1:]], [*WISH[:3], {"locked": True}, None, {}]])
def test_a_code_confirms_nothing_else(other: list[object]) -> None:
    code = Confirmations(b"pepper").give_out(WISH, 0, 30)
    with pytest.raises(CallerError, match="not for this command"):
        Confirmations(b"pepper").check(code, other, 0)


@pytest.mark.parametrize("code", ["", "-", "AAAAAAAA", "AAAAAAAA-zz", "AAAAAAAA-ffffffff"])
def test_an_invented_code_confirms_nothing(code: str) -> None:
    with pytest.raises(CallerError):
        Confirmations(b"pepper").check(code, WISH, 0)
    with pytest.raises(CallerError):
        Confirmations(b"another").check(Confirmations(b"pepper").give_out(WISH, 0, 30), WISH, 0)


def test_whoever_must_say_it_twice_is_told_how() -> None:
    problem = ConfirmationError("twice", "ABC-1", 30).problem()
    assert (problem["status"], problem["confirmation"], problem["within_s"]) == (428, "ABC-1", 30)
    assert "ABC-1" in str(problem["expected"])


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("127.0.0.1", "hub"),
        ("::1", "hub"),
        ("::ffff:127.0.0.1", "hub"),
        ("192.168.1.7", "lan"),
        ("fe80::1%eth0", "lan"),
        ("fd00::1", "lan"),
        ("8.8.8.8", "remote"),
        ("2001:4860:4860::8888", "remote"),
        ("testclient", ""),
        (None, ""),
    ],
)
def test_address_classes(host: str | None, kind: str) -> None:
    assert address_class(host) == kind


def test_refusals_of_one_asker_are_kept_within_bounds() -> None:
    refusals = Refusals()
    kept = [refusals.allows("wei", 0) for _ in range(REFUSALS_A_MINUTE + 5)]
    assert kept == [True] * REFUSALS_A_MINUTE + [False] * 5
    assert refusals.allows("mia", 0)
    assert refusals.allows("wei", 60 * SECOND)
