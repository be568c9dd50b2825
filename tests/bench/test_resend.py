"""The account of a client that is cut off: what it counts as acknowledged, and what it sends again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.bench.frames import COUNT_BASE, encode_publish, payload
from unisono.bench.recovery import check_numbers
from unisono.bench.resend import Account
from unisono.errors import DeviceError


def frame(number: int, *, dup: bool = False) -> bytes:
    return encode_publish("t", payload(number), qos=1, packet_id=number % 65_535 + 1, version=4, dup=dup)


def puback(number: int) -> bytes:
    return b"\x40\x02" + (number % 65_535 + 1).to_bytes(2, "big")


def test_what_was_sent_and_not_acknowledged_is_sent_again_with_dup() -> None:
    account = Account("t", 4, 4)
    account.fill()
    assert bytes(account.waiting) == b"".join(frame(number) for number in range(4))
    account.took(2 * len(frame(0)) + 1)  # two frames and the first byte of the third
    account.receive(puback(0)[:3])
    account.receive(puback(0)[3:])
    assert (account.acked, account.sent, account.made) == (1, 3, 4)
    assert account.restart() == 2
    assert bytes(account.waiting) == frame(1, dup=True) + frame(2, dup=True) + frame(3)
    account.took(len(account.waiting))
    account.receive(puback(1) + puback(2) + puback(3))
    account.fill()
    assert bytes(account.waiting) == b"".join(frame(number) for number in range(4, 8))


@pytest.mark.parametrize("data", [puback(1), puback(0) + puback(2), b"\xd0\x00\xd0\x00", puback(0) * 2])
def test_anything_but_the_acknowledgements_due_is_an_error(data: bytes) -> None:
    account = Account("t", 10, 4)
    account.fill()
    account.took(len(account.waiting))
    with pytest.raises(DeviceError):
        account.receive(data)


def test_what_was_not_sent_cannot_be_acknowledged() -> None:
    account = Account("t", 10, 4)
    account.fill()
    with pytest.raises(DeviceError):
        account.receive(puback(0))


def test_packet_ids_go_round() -> None:
    account = Account("t", 40_000, 4)
    for _ in range(3):
        account.fill()
        low, high = account.acked, account.made
        account.took(len(account.waiting))
        account.receive(b"".join(puback(number) for number in range(low, high)))
    assert account.acked == 120_000


def pages(numbers: list[int], size: int = 3) -> list[list[int]]:
    values = [COUNT_BASE + number for number in numbers]
    return [values[low : low + size] for low in range(0, len(values), size)]


@given(st.integers(0, 50), st.integers(1, 20))
def test_a_complete_history_has_no_findings(count: int, size: int) -> None:
    found = check_numbers(pages(list(range(count)), size), count)
    assert (found.values, found.lost, found.repeated, found.disordered, found.unknown) == (count, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("numbers", "acked", "wrong"),
    [
        ([0, 1, 2, 3], 5, (1, 0, 0, 0)),
        ([0, 2, 3, 4], 5, (1, 0, 3, 0)),
        ([0, 1, 1, 2, 3, 4], 5, (0, 1, 0, 0)),
        ([0, 1, 3, 2, 4], 5, (0, 0, 1, 0)),
        ([0, 1, 2, 3, 4, 5, 6], 5, (0, 0, 0, 2)),
        ([0, 1, 4, 4, 2, 3], 5, (0, 1, 1, 0)),
        ([], 2, (2, 0, 0, 0)),
    ],
)
def test_what_is_lost_repeated_or_out_of_order_is_found(
    numbers: list[int], acked: int, wrong: tuple[int, int, int, int]
) -> None:
    found = check_numbers(pages(numbers), acked)
    assert (found.lost, found.repeated, found.disordered, found.unknown) == wrong


@given(st.data())
def test_one_missing_number_is_always_found(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    missing = data.draw(st.integers(0, count - 1))
    found = check_numbers(pages([number for number in range(count) if number != missing]), count)
    assert found.lost == 1
