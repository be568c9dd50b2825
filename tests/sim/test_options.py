"""Options that make no sense are refused with the field at fault."""

from __future__ import annotations

from typing import Any

import pytest

from unisono.errors import CallerError
from unisono.sim.options import SimOptions


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"refuse": 1.1}, "refuse"),
        ({"drop": -0.1}, "drop"),
        ({"lie": float("nan")}, "lie"),
        ({"rate": -1.0}, "rate"),
        ({"delay_s": float("inf")}, "delay_s"),
        ({"count": 0}, "count"),
    ],
)
def test_nonsense_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(CallerError) as caught:
        SimOptions(**given)
    assert (caught.value.code, caught.value.field) == ("bad_usage", field)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://hub:1999", ("hub", 1999)),
        ("mqtt://127.0.0.1", ("127.0.0.1", 1883)),
        ("mqtt://[::1]:2000", ("::1", 2000)),
    ],
)
def test_addresses(url: str, address: tuple[str, int]) -> None:
    assert SimOptions(url=url).address() == address


@pytest.mark.parametrize("url", ["http://hub", "mqtt://", "hub:1883", "mqtt://hub:99999", "mqtt://[::1"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(CallerError):
        SimOptions(url=url).address()
