"""Alarms as figures for ``/metrics``.

Knows how alarms stand. The names are keys of the API's table.
"""

from __future__ import annotations

from collections import Counter

from unisono.scene.alarm.alarms import Alarms
from unisono.scene.alarm.document import SEVERITIES
from unisono.scene.alarm.state import HELD, STANDING, UNACKNOWLEDGED
from unisono.twin.visitors import Series

__all__ = ["alarm_series"]


def alarm_series(alarms: Alarms) -> list[Series]:
    """What `OwnerStatus` tells of alarms."""
    facts = [alarms.alarms[id].facts for id in alarms.astir]
    standing = Counter(each.severity for each in facts if each.state in STANDING)
    held = Counter(each.state.value for each in facts if each.state in HELD)
    unseen = sum(1 for each in facts if each.state in UNACKNOWLEDGED)
    return [
        *(Series("alarms_standing", {"severity": each}, standing[each]) for each in SEVERITIES),
        *(Series("alarms_held", {"state": each.value}, held[each.value]) for each in sorted(HELD)),
        Series("alarms_unacknowledged", {}, unseen),
        Series("alarms_raised", {}, alarms.raised),
        Series("alarm_floods", {}, sum(1 for each in alarms.rates.values() if each.flood)),
    ]
