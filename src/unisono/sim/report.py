"""What of a device's state is worth sending now.

Knows how large a change must be to matter and how often a device may speak. Pure; the time is passed in. Steps
(switches, texts) go at once, measured values only when they moved by their deadband and not more often than `PAUSE_S`;
everything is repeated every `REFRESH_S`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["DEADBANDS", "PAUSE_S", "REFRESH_S", "Reporter"]

PAUSE_S = 5.0  # a Raspberry Pi runs the demonstration: fifty devices then stay under ten messages a second
REFRESH_S = 300.0  # the usual heartbeat of battery and mains devices

DEADBANDS: Mapping[str, float] = {
    "temperature": 0.1,
    "cabin_temperature": 0.2,
    "humidity": 1.0,
    "pressure": 2000.0,
    "illuminance": 50.0,
    "co2": 10.0,
    "pm25": 1.0,
    "voc": 5.0,
    "noise": 1.0,
    "power": 5.0,
    "energy": 0.01,
    "voltage": 1.0,
    "current": 0.2,
    "battery": 1.0,
    "vibration": 0.2,
    "level": 1.0,
    "flow": 0.1,
    "position": 5.0,
    "range": 1.0,
    "odometer": 0.1,
    "speed": 2.0,
    "tyre_pressure": 1.0,
    "cycle_time": 0.1,
    "good_count": 1.0,
    "scrap_count": 1.0,
    "count": 1.0,
    "oee": 0.5,
    "rate": 1.0,
    "timer": 60.0,
    "signal": 3.0,
}
"""Properties that are measured, with the change that matters, in the trait's unit."""

ALWAYS_PACED = frozenset({"location"})  # moves continuously, but is no number


class Reporter:
    """Remembers what the hub was told of one device and decides what to tell it next."""

    def __init__(self, *, pause_s: float = PAUSE_S, refresh_s: float = REFRESH_S) -> None:
        self._pause_s = pause_s
        self._refresh_s = refresh_s
        self._told: dict[str, Any] = {}
        self._measured_at = float("-inf")
        self._all_at = float("-inf")

    def forget(self) -> None:
        """The connection is new: the next report tells everything."""
        self._told.clear()
        self._all_at = float("-inf")

    def due(self, now_s: float, state: Mapping[str, Any]) -> dict[str, Any]:
        """The values to report at ``now_s`` (any steadily growing clock, seconds); they count as told."""
        if now_s - self._all_at >= self._refresh_s:
            report = dict(state)
            self._all_at = self._measured_at = now_s
        else:
            paced = now_s - self._measured_at >= self._pause_s
            report = {key: value for key, value in state.items() if self._matters(key, value, paced)}
            if paced and any(_is_measured(key) for key in report):
                self._measured_at = now_s
        self._told.update(report)
        return report

    def answer(self, state: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
        """The values of ``keys`` whatever was told before: what a device sends after a command."""
        report = {key: state[key] for key in keys if key in state}
        self._told.update(report)
        return report

    def _matters(self, key: str, value: Any, paced: bool) -> bool:
        if key not in self._told:
            return True
        told = self._told[key]
        if value == told:
            return False
        if not _is_measured(key):
            return True
        if not paced:
            return False
        return not _is_number(value) or not _is_number(told) or abs(value - told) >= DEADBANDS.get(key, 0.0)


def _is_measured(key: str) -> bool:
    return key in DEADBANDS or key in ALWAYS_PACED


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
