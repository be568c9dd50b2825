"""Which worker does which kind of computed thing."""

from __future__ import annotations

from typing import Any

from unisono.scene.computed import document
from unisono.scene.computed.figures import (
    CounterWorker,
    DerivativeWorker,
    StatisticsWorker,
    TemplateWorker,
    ThresholdWorker,
)
from unisono.scene.computed.group import GroupWorker
from unisono.scene.computed.input import InputWorker
from unisono.scene.computed.integral import IntegralWorker
from unisono.scene.computed.meter import MeterWorker
from unisono.scene.computed.timer import TimerWorker
from unisono.scene.computed.tracker import TrackerWorker

__all__ = ["PLACED", "WORKERS"]

WORKERS: dict[type, Any] = {
    document.Group: GroupWorker,
    document.Template: TemplateWorker,
    document.Counter: CounterWorker,
    document.Timer: TimerWorker,
    document.Threshold: ThresholdWorker,
    document.Integral: IntegralWorker,
    document.Derivative: DerivativeWorker,
    document.Statistics: StatisticsWorker,
    document.Meter: MeterWorker,
    document.Tracker: TrackerWorker,
    document.Input: InputWorker,
}

#: Kinds that ask where something is.
PLACED = (document.Tracker,)
