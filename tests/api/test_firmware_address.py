"""Where a device is told to fetch its firmware, and the ticket in that address."""

from __future__ import annotations

import pytest

from unisono.access import PEPPER_BYTES, is_ticket, make_ticket
from unisono.api.dialects import reach

PORTS = {"http": 8080, "https": 8443, "mqtt": 1883}


@pytest.mark.parametrize(
    ("own", "doors", "expected"),
    [
        ("192.0.2.9", {"mqtt": "127.0.0.1:1883", "http": "127.0.0.1:8080"}, "http://127.0.0.1:8080"),
        ("192.0.2.9", {"mqtt": "0.0.0.0:1883", "http": "0.0.0.0:8080"}, "http://192.0.2.9:8080"),
        ("192.0.2.9", {"mqtts": "0.0.0.0:8883", "http": "127.0.0.1:8080"}, "https://192.0.2.9:8443"),
        ("fd00::9", {"mqtt": "[::]:1883", "http": "[::]:8080"}, "http://[fd00::9]:8080"),
        ("", {"mqtt": "0.0.0.0:1883", "http": "127.0.0.1:8080"}, "http://127.0.0.1:8080"),
    ],
)
def test_the_door_that_is_open_to_devices(
    monkeypatch: pytest.MonkeyPatch, own: str, doors: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr(reach, "_own_address", lambda: own)
    assert reach.web_address({"doors": doors, "ports": PORTS}) == expected


def test_a_hub_that_tells_nothing_of_itself() -> None:
    assert reach.web_address({}) == "http://127.0.0.1:8080"


def test_a_ticket_is_for_one_thing_and_one_hub() -> None:
    pepper, other = bytes(PEPPER_BYTES), bytes([1]) * PEPPER_BYTES
    ticket = make_ticket("firmware/lamp/ab", pepper)
    assert len(ticket) == 24 and ticket == make_ticket("firmware/lamp/ab", pepper)
    assert is_ticket(ticket, "firmware/lamp/ab", pepper)
    for given, what, key in (
        (ticket, "firmware/lamp/cd", pepper),
        (ticket, "firmware/lamp/ab", other),
        ("é", "x", pepper),
    ):
        assert not is_ticket(given, what, key)
