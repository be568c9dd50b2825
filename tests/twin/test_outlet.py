"""What goes through an outlet: which things, which properties, in which shape."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from unisono.errors import CallerError
from unisono.thing import builtin_model, dump_model
from unisono.twin.outlet import Extract, Item, load_outlet
from unisono.twin.record import (
    Batch,
    Entry,
    GatewayStarted,
    ModelPut,
    PlacePut,
    PlaceRemoved,
    Presence,
    Reports,
    ThingPut,
    ThingRemoved,
    Tick,
)

AT = 1_795_690_800_000_000
WHEN = "2026-11-26T11:00:00.000Z"
TO = {"kind": "nats", "url": "nats://x", "subject": "s"}


def put(id: str, kind: str, place: str = "room") -> list[Entry]:
    model = builtin_model(kind)
    return [
        ModelPut(model.id, model.version, dump_model(model)),
        ThingPut(id, id, model.id, model.version, place, "home", at=AT),
    ]


def extract(**more: Any) -> Extract:
    made = Extract(load_outlet({"id": "o", "place": "home", "to": TO, **more}))
    made.put_place("home", None)
    made.put_place("room", "home")
    entries = [*put("probe", "sensor.temperature"), *put("button", "button"), *put("other", "light", "away")]
    made.take("0", 1, Batch("t", AT, entries))
    return made


def report(thing: str, payload: Any, topic: str = "state") -> Reports:
    return Reports(thing, thing, topic, AT, [msgspec.json.encode(payload)])


def taken(made: Extract, *entries: Entry, seq: int = 7) -> list[Item]:
    batch = Batch("t", AT, list(entries))
    made.look_back(seq, 100, batch)
    return made.take("0", seq, batch)


def bodies(items: list[Item]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(item.body) for item in items]


def test_changes_and_events_have_ids_and_positions() -> None:
    made = extract()
    items = taken(made, report("probe", {"temperature": 20, "battery": 5}), report("button", {}, "event/pressed"))
    assert [(item.id, item.thing, item.what) for item in items] == [
        ("0-7-0", "probe", "change"),
        ("0-7-1", "button", "event"),
    ]
    assert bodies(items) == [
        {
            "id": "0-7-0",
            "position": 7,
            "outlet": "o",
            "thing": "probe",
            "changed": {"temperature": {"value": 20.0, "at": WHEN}, "battery": {"value": 5.0, "at": WHEN}},
            "at": WHEN,
        },
        {"id": "0-7-1", "position": 7, "outlet": "o", "thing": "button", "event": "pressed", "fields": {}, "at": WHEN},
    ]


def test_a_dated_report_keeps_its_date() -> None:
    [body] = bodies(taken(extract(), report("probe", {"at": "2026-11-26T10:00:00Z", "state": {"temperature": 1}})))
    assert body["changed"]["temperature"]["at"] == "2026-11-26T10:00:00.000Z"
    assert body["at"] == WHEN


def test_a_device_whose_clock_is_ahead_is_dated_by_us() -> None:
    [body] = bodies(taken(extract(), report("probe", {"at": "2026-11-27T10:00:00Z", "state": {"temperature": 1}})))
    assert body["changed"]["temperature"]["at"] == WHEN


def said(text: bytes, *, dup: bool, packet: bytes = b"\x00\x01") -> Reports:
    return Reports("probe", "probe", "state", AT, [text], packet, [0] if dup else [])


def test_what_a_device_says_twice_for_want_of_an_answer_goes_out_once() -> None:
    made = extract()
    first = b'{"temperature": 1}'
    assert len(taken(made, said(first, dup=False), seq=7)) == 1
    # within the stretch, behind the end of its connection, and behind that of its gateway
    assert taken(made, said(first, dup=True), seq=8) == []
    assert taken(made, Presence("probe", "g0", 1, False, "lost", AT, "probe"), said(first, dup=True), seq=9) == []
    assert taken(made, GatewayStarted("g0", AT), said(first, dup=True), seq=10) == []
    # another message, or one that says something else
    assert len(taken(made, said(first, dup=True, packet=b"\x00\x02"), seq=11)) == 1
    assert len(taken(made, said(b'{"temperature": 2}', dup=True), seq=12)) == 1


def test_a_later_life_that_looked_back_knows_it_too() -> None:
    first = Batch("t", AT, [said(b'{"temperature": 1}', dup=False)])
    made = extract()
    assert made.again == 0
    made.look_back(7, 100, first)
    assert made.again == 7
    assert taken(made, said(b'{"temperature": 1}', dup=True), seq=8) == []


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, 2),
        ({"things": ["probe"]}, 1),
        ({"things": ["button"]}, 1),
        ({"kind": "sensor"}, 1),
        ({"kind": "light"}, 0),
        ({"traits": ["humidity"]}, 0),
        ({"traits": ["temperature"]}, 1),
        ({"what": ["events"]}, 1),
        ({"what": ["changes"]}, 1),
        ({"place": "room"}, 2),
        ({"place": "away"}, 0),
    ],
)
def test_what_is_asked_for_goes_out(more: dict[str, Any], wanted: int) -> None:
    entries = (report("probe", {"temperature": 20}), report("button", {}, "event/pressed"))
    assert len(taken(extract(**more), *entries)) == wanted


def test_what_cannot_be_read_or_is_not_there_does_not_go_out() -> None:
    made = extract()
    bad = Reports("probe", "probe", "state", AT, [b"{", b'{"temperature": "warm"}', b'{"temperature": 1}'])
    assert len(taken(made, bad, report("nobody", {"a": 1}), report("probe", {"ok": True}, "reply/c1"))) == 1


def test_things_places_and_models_move_on() -> None:
    made = extract()
    assert taken(made, report("other", {"on_off": True})) == []
    assert len(taken(made, PlacePut("away", "home"), report("other", {"on_off": True}))) == 1
    assert taken(made, PlaceRemoved("away"), report("other", {"on_off": True})) == []
    assert taken(made, *put("probe", "sensor.temperature", "away"), report("probe", {"temperature": 1})) == []
    assert taken(made, ThingRemoved("probe", AT), report("probe", {"temperature": 1})) == []
    # a model that cannot be is the owner's to complain about; a thing without its model says nothing
    unknown = ThingPut("new", "new", "missing", 1, "room", "home", at=AT)
    assert taken(made, ModelPut("x", 1, b"{"), unknown, Tick(AT, 1), report("new", {"a": 1})) == []


def test_a_ring_of_places_ends() -> None:
    made = extract()
    made.put_place("a", "b")
    made.put_place("b", "a")
    assert taken(made, *put("lost", "light", "a"), report("lost", {"on_off": True})) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "A"}, "id"),
        ({"to": {"kind": "mqtt", "url": "mqtt://x", "topic": "a/#"}}, "to.topic"),
        ({"what": ["gossip"]}, "what.0"),
        ({"x": 1}, "x"),
        ({"to": {**TO, "topic": "a"}}, "to.topic"),
        ({"to": {"kind": "carrier pigeon"}}, "to.kind"),
        ({"place": None}, "place"),
    ],
)
def test_what_cannot_be_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(CallerError) as refused:
        load_outlet({"id": "o", "place": "home", "to": TO, **change})
    assert refused.value.field == field
    assert refused.value.expected
