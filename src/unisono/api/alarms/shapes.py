"""The JSON shapes of alarms: what people and programs send and get.

Knows fields and how the owner's views and the registry's rows become them. Knows no route.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from unisono.api.times import iso, iso_or_none
from unisono.scene.alarm.facts import Transition
from unisono.scene.alarm.figures import Figure
from unisono.scene.alarm.talk import AlarmView
from unisono.scene.checking.finding import Finding
from unisono.store.registry import AlarmLineRow, AlarmRow

__all__ = [
    "COLUMNS",
    "Act",
    "Alarm",
    "AlarmDefinition",
    "AlarmFigures",
    "AlarmLine",
    "Frequent",
    "Shelving",
    "alarm",
    "definition",
    "line_of_row",
    "line_of_transition",
]

Comment = Annotated[str, Meta(max_length=1000)]


class Act(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody has to say about what they do."""

    comment: Comment = ""


class Shelving(msgspec.Struct, forbid_unknown_fields=True):
    """For how long, and why."""

    for_s: Annotated[float, Meta(gt=0)]
    comment: Comment = ""


class Alarm(msgspec.Struct):
    """An alarm as it stands. ``acts``: what may be done about it now, rights aside."""

    id: str
    name: str
    names: dict[str, Any]
    definition: str
    thing: str
    place: str
    severity: str
    state: str
    active: bool
    text: str
    value: Any
    raised: str | None
    cleared: str | None
    count: int
    consequence: str
    action: str
    acknowledged: str | None
    by: dict[str, str]
    comment: str
    shelved_until: str | None
    shelve_h: float
    suppressed_by: str
    chattering: bool
    calls: int
    acts: list[str]


class AlarmLine(msgspec.Struct):
    """Something that happened to an alarm. ``alarm`` empty: to a place (a flood)."""

    at: str
    alarm: str
    definition: str
    thing: str
    place: str
    severity: str
    act: str
    before: str
    after: str
    value: Any
    text: str
    by: str
    comment: str


#: Of the CSV; the fields of `AlarmLine`.
COLUMNS = AlarmLine.__struct_fields__


class AlarmDefinition(msgspec.Struct):
    """A definition. ``document``: what it says, as it was written. ``warnings``: what is odd about it."""

    id: str
    name: str
    place: str
    version: int
    document: str
    at: str
    by: dict[str, str]
    warnings: list[Finding] = []


class Frequent(msgspec.Struct):
    """An alarm and how often it was raised, and the part of all that this is (%)."""

    alarm: str
    count: int
    share: float


class AlarmFigures(msgspec.Struct):
    """A root place in a span of time, by EEMUA 191 and ISA-18.2."""

    place: str
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    alarms: int
    by_severity: dict[str, int]
    figures: list[Figure]
    most_frequent: list[Frequent]
    chattering: list[str]
    standing: dict[str, int]
    stale: dict[str, int]
    held: dict[str, int]
    in_ten_minutes: int
    flood_since: str | None


def alarm(view: AlarmView) -> Alarm:
    return Alarm(
        id=view.id,
        name=view.name,
        names=view.names,
        definition=view.definition,
        thing=view.thing,
        place=view.place,
        severity=view.severity,
        state=view.state,
        active=view.active,
        text=view.text,
        value=view.value,
        raised=iso_or_none(view.raised),
        cleared=iso_or_none(view.cleared),
        count=view.count,
        consequence=view.consequence,
        action=view.action,
        acknowledged=iso_or_none(view.acknowledged),
        by=view.by,
        comment=view.comment,
        shelved_until=iso_or_none(view.until),
        shelve_h=view.shelve_h,
        suppressed_by=view.why,
        chattering=view.chattering,
        calls=view.calls,
        acts=view.acts,
    )


def definition(row: AlarmRow, warnings: list[Finding] | None = None) -> AlarmDefinition:
    return AlarmDefinition(row.id, row.name, row.place, row.version, row.document, iso(row.at), row.by, warnings or [])


def line_of_row(row: AlarmLineRow) -> AlarmLine:
    value = msgspec.json.decode(row.value)
    return _line(row, value, row.by)


def line_of_transition(line: Transition) -> AlarmLine:
    return _line(line, line.value, f"{line.by.get('kind', '')}:{line.by.get('id', '')}" if line.by else "")


def _line(line: AlarmLineRow | Transition, value: Any, by: str) -> AlarmLine:
    alarm_id = f"{line.definition}.{line.thing}" if line.definition else ""
    what = (line.definition, line.thing, line.place, line.severity)
    return AlarmLine(
        iso(line.at), alarm_id, *what, line.act, line.before, line.after, value, line.text, by, line.comment
    )
