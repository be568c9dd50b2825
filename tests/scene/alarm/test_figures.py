"""The figures of EEMUA 191 and ISA-18.2."""

from __future__ import annotations

from unisono.scene.alarm.figures import Counted, figures


def of(counted: Counted) -> dict[str, tuple[float, bool | None]]:
    return {each.name: (each.value, each.met) for each in figures(counted)}


def test_a_quiet_day() -> None:
    assert of(Counted(144, [], [], {})) == {
        "mean_per_ten_minutes": (0.0, True),
        "peak_per_ten_minutes": (0.0, True),
        "time_in_flood": (0.0, True),
        "chattering": (0.0, True),
        "stale": (0.0, True),
        "share_top_ten": (0.0, None),
        "share_critical": (0.0, None),
        "share_high": (0.0, None),
        "share_medium": (0.0, None),
    }


def test_a_bad_day() -> None:
    counted = Counted(144, [11, 200, 10], [100, 50, *[1] * 71], {"critical": 21, "high": 10, "low": 190}, 1, 5)
    assert of(counted) == {
        "mean_per_ten_minutes": (1.53, False),
        "peak_per_ten_minutes": (200.0, False),
        "time_in_flood": (1.39, False),
        "chattering": (1.0, False),
        "stale": (5.0, False),
        "share_top_ten": (71.49, False),
        "share_critical": (9.5, False),
        "share_high": (4.52, True),
        "share_medium": (0.0, True),
    }
