"""Triggers that a scene's own conditions always refuse, and those that only look so."""

from __future__ import annotations

import pytest

from tests.scene.test_soundness import check

HOT = "{change: {things: [probe], property: temperature, above: 25%s}}"
LIT = "{change: {kind: light, property: on_off, is: true}}"
THEN = "then: [{notify: {text: x}}]"
AT = "{time: {at: '%s', every: weekday%s}}"


def cool(more: str = "", bound: str = "below: 20") -> str:
    return f"{{state: {{things: [probe], property: temperature, {bound}{more}}}}}"


@pytest.mark.parametrize(
    ("trigger", "condition", "why"),
    [
        (HOT % "", cool(), "if.0.state does not hold for a value that sets it off"),
        (HOT % "", f"{{all: [{{sun: {{is: up}}}}, {cool()}]}}", "if.0.all.1.state does not hold"),
        (HOT % "", cool(", of: any"), "does not hold for a value"),
        (LIT, "{state: {kind: light, property: on_off, is: false}}", "does not hold for a value"),
        (HOT % "", cool(", for_s: 300", "above: 25"), "wants for 300 s what has only just begun"),
        (HOT % ", for_s: 60", cool(", for_s: 300", "above: 30"), "wants for 300 s"),
        ("{mode: {place: home, is: [away, night]}}", "{mode: {place: home, is: home}}", "in the mode away or night"),
        ("{connection: {things: [lamp], is: offline}}", "{connection: {things: [lamp, other], is: online}}", "offline"),
        ("{connection: {things: [lamp], is: offline}}", "{connection: {things: [lamp], is: online, of: any}}", "what"),
        (AT % ("07:00", ""), "{time: {after: '22:00', before: '06:00'}}", "if.0.time does not hold at 07:00"),
        (AT % ("23:00", ""), "{time: {days: 'sat,sun'}}", "does not hold at 23:00"),
    ],
)  # fmt: skip
def test_it_is_told_why_a_trigger_sets_off_nothing(trigger: str, condition: str, why: str) -> None:
    found = check(f"when: [{{event: {{things: [bell], event: ring}}}}, {trigger}]\nif: [{condition}]\n{THEN}")
    assert [(each.severity, each.path.split(".")[1], each.rule) for each in found] == [("warning", "1", "never")], found
    assert why in found[0].reason
    queued = check(f"mode: queued\nwhen: [{trigger}]\nif: [{condition}]\n{THEN}")
    assert queued == []  # its turn may come when things are otherwise


@pytest.mark.parametrize(
    ("trigger", "condition"),
    [
        (HOT % "", cool("", "below: 30")),
        (HOT % ", by: 2", cool()),
        ("{change: {things: [probe], property: temperature}}", cool()),
        (HOT % "", "{state: {things: [probe], property: humidity, below: 20}}"),
        (HOT % "", cool(", of: none")),
        (HOT % ", for_s: 300", cool(", for_s: 300", "above: 25")),
        (HOT % "", cool(", for_s: 300", "above: 20")),
        (HOT % ", was: 20", cool(", for_s: 300", "above: 25")),
        (HOT % "", f"{{not: {cool()}}}"),
        (LIT, "{state: {things: [lamp], property: on_off, is: false}}"),
        (LIT, "{state: {kind: light, property: on_off, is: false, of: any}}"),
        ("{mode: {place: home, is: away}}", "{mode: {place: hall, is: home}}"),
        ("{connection: {kind: light, is: offline}}", "{connection: {things: [lamp], is: online}}"),
        ("{connection: {things: [lamp], is: offline}}", "{connection: {things: [lamp, other], is: online, of: any}}"),
        ("{connection: {things: [lamp], is: offline}}", "{connection: {things: [lamp], is: online, of: none}}"),
        (AT % ("23:00", ""), "{time: {after: '22:00', before: '06:00'}}"),
        (AT % ("07:00", ", missed: once"), "{time: {after: '22:00', before: '06:00'}}"),
        (AT % ("sunset", ""), "{time: {after: '22:00', before: '06:00'}}"),
        ("{time: {every_s: 60}}", "{time: {after: '22:00', before: '06:00'}}"),
    ],
)  # fmt: skip
def test_what_may_get_through_is_left_alone(trigger: str, condition: str) -> None:
    assert check(f"when: [{trigger}]\nif: [{condition}]\n{THEN}") == []
