"""Alarms that nobody has to define: what a model says is a warning, an error or critical when its thing tells it.

Knows models. A definition of one's own under the same id (``fault-EVENT``) stands in for it, also to switch it off.
"""

from __future__ import annotations

from unisono.scene.alarm.document import Definition, Raising, Told
from unisono.twin.twin import Twin

__all__ = ["PREFIX", "fault", "fault_id"]

PREFIX = "fault-"
#: The event by which machines say that a fault is over.
CLEARED = "cleared"
SEVERITIES = {"critical": "critical", "error": "high", "warning": "low"}


def fault_id(event: str) -> str:
    """The definition's id; events are addresses, ids are plainer."""
    return PREFIX + "".join(sign if sign.isalnum() else "-" for sign in event.lower())[:50]


def fault(twin: Twin, event: str) -> Definition | None:
    """The definition for an event of a thing; None where its model thinks nothing of it."""
    declared = twin.shape.model.events.get(event)
    severity = SEVERITIES.get(declared.severity) if declared is not None else None
    if declared is None or severity is None:
        return None
    name = declared.titles.get("en") or event
    clears = event == "fault" and CLEARED in twin.shape.model.events
    return Definition(
        id=fault_id(event),
        name=name,
        names=dict(declared.titles),
        place="",  # wherever the model is
        raise_=Raising(event=Told(event=event)),
        clear=Raising(event=Told(event=CLEARED)) if clears else None,
        severity=severity,  # type: ignore[arg-type]
        text="{name}: " + name,
    )
