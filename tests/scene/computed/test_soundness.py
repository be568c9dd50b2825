"""What cannot be is refused with the field at fault; what is left open is filled in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scene.computed.test_replay import COMPUTED
from tests.scene.computed.workshop import Workshop
from unisono.errors import CallerError, UnisonoError
from unisono.scene.computed import dump_computed, load_computed

T = {"thing": "probe", "property": "temperature"}


@pytest.fixture(scope="module")
def shop() -> Workshop:
    shop = Workshop()
    shop.thing("probe", "sensor.temperature")
    shop.thing("plug", "plug")
    shop.thing("door", "sensor.contact")
    shop.thing("button", "button")
    shop.compute("first", {"kind": "template", "cel": "t", "given": {"t": T}})
    return shop


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "kind"),
        ({"kind": "magic"}, "kind"),
        ({"kind": "timer"}, "duration_s"),
        ({"kind": "timer", "duration_s": 0}, "duration_s"),
        ({"kind": "timer", "duration_s": 1, "more": 1}, "more"),
        ({"kind": "integral", "thing": "plug", "property": "x"}, "property"),
        ({"kind": "group", "of": {}, "property": "temperature", "how": "mean"}, "of"),
        ({"kind": "group", "of": {"things": ["probe", "probe"]}, "property": "t", "how": "mean"}, "of.things"),
        ({"kind": "group", "of": {"things": ["probe"]}, "property": "t", "how": "mean", "is": 1}, "is"),
        ({"kind": "group", "of": {"things": ["nobody"]}, "property": "t", "how": "mean"}, "of.things.0"),
        ({"kind": "group", "of": {"things": ["probe"]}, "property": "t", "how": "mean"}, "of.things.0.property"),
        ({"kind": "group", "of": {"things": ["door"]}, "property": "contact", "how": "any"}, "is"),
        ({"kind": "group", "of": {"things": ["door"]}, "property": "contact", "how": "sum"}, "of.things.0"),
        (
            {"kind": "group", "of": {"things": ["probe"]}, "property": "temperature", "how": "sum", "writable": True},
            "writable",
        ),
        (
            {"kind": "group", "of": {"things": ["probe"]}, "property": "temperature", "how": "sum", "unit": "W"},
            "unit",
        ),
        (
            {
                "kind": "group",
                "of": {"things": ["plug"]},
                "property": "power",
                "how": "sum",
                "into": "t",
                "unit": "Cel",
            },
            "of.things.0",
        ),
        ({"kind": "group", "of": {"things": ["plug"]}, "property": "on_off", "how": "any", "unit": "W"}, "unit"),
        ({"kind": "template", "cel": "a +", "given": {"a": T}}, "cel"),
        ({"kind": "template", "cel": "b", "given": {"a": T}}, "cel"),
        ({"kind": "template", "cel": "a", "given": {"a": {"thing": "probe", "property": "x"}}}, "given.a.property"),
        ({"kind": "template", "cel": "a", "given": {"a": T}, "unit": "parsec"}, "unit"),
        ({"kind": "template", "cel": "a", "given": {"a": T}, "into": "contact"}, "into"),
        ({"kind": "template", "cel": "a", "given": {"a": T}, "into": "power", "unit": "kW"}, "unit"),
        ({"kind": "counter", "thing": "door"}, "property"),
        ({"kind": "counter", "thing": "button", "event": "pressed", "is": 1}, "is"),
        ({"kind": "counter", "thing": "button", "event": "sung"}, "event"),
        ({"kind": "counter", "thing": "c", "property": "contact"}, "thing"),
        ({"kind": "threshold", **T}, "above"),
        ({"kind": "threshold", **T, "above": 3, "below": 2}, "below"),
        ({"kind": "threshold", "thing": "door", "property": "contact", "above": 3}, "thing"),
        ({"kind": "integral", "thing": "plug", "property": "power", "unit": "Cel"}, "unit"),
        ({"kind": "integral", "thing": "plug", "property": "power", "unit": "Wh", "into": "energy"}, "unit"),
        ({"kind": "statistics", **T, "how": "mean", "over_s": 1}, "over_s"),
        ({"kind": "meter", **T, "cycle": "day", "day": 31}, "day"),
        ({"kind": "meter", **T, "cycle": "day", "tariff": {"names": ["a", "a"]}}, "tariff.names"),
        (
            {
                "kind": "meter",
                **T,
                "cycle": "day",
                "tariff": {"names": ["a", "b"], "schedule": [{"at": "07:00", "tariff": "c"}]},
            },
            "tariff.schedule.0.tariff",
        ),
        (
            {
                "kind": "meter",
                **T,
                "cycle": "day",
                "tariff": {"names": ["a", "b"], "schedule": [{"at": "07:00", "tariff": "a", "every": "never"}]},
            },
            "tariff.schedule.0.every",
        ),
        (
            {
                "kind": "meter",
                **T,
                "cycle": "day",
                "tariff": {"names": ["a", "b"], "schedule": [{"at": "07:00", "tariff": "a"}], "input": T},
            },
            "tariff.input",
        ),
        ({"kind": "tracker", "sources": [], "home": "home"}, "sources"),
        ({"kind": "tracker", "sources": [{"thing": "x"}], "home": "home"}, "sources.0"),
        ({"kind": "input", "type": "number", "min": 2, "max": 1}, "max"),
        ({"kind": "input", "type": "number", "min": 2, "initial": 1}, "initial"),
        ({"kind": "input", "type": "text", "min": 2}, "min"),
        ({"kind": "input", "type": "choice", "options": ["a"]}, "options"),
        ({"kind": "input", "type": "button", "into": "a"}, "into"),
        ({"kind": "input", "type": "button", "initial": 1}, "initial"),
        ({"kind": "input", "type": "number", "into": "last message"}, "into"),
        ({"kind": "threshold", "thing": "c", "property": "active", "above": 1}, "thing"),
    ],
)
def test_what_cannot_be_names_its_field(shop: Workshop, document: dict[str, Any], field: str) -> None:
    with pytest.raises(CallerError) as refused:
        shop.compute("c", document)
    assert refused.value.code == "bad_computed"
    assert refused.value.field == field
    assert refused.value.expected
    assert "c" not in shop.fold.partition.things


def test_rings_are_found(shop: Workshop) -> None:
    given = {"t": {"thing": "second", "property": "value"}}
    shop.compute("second", {"kind": "template", "cel": "t", "given": {"t": {"thing": "first", "property": "value"}}})
    with pytest.raises(CallerError, match="first from second from first"):
        shop.compute("first", {"kind": "template", "cel": "t", "given": given})


def test_a_ladder_has_an_end(shop: Workshop) -> None:
    shop.compute("step0", {"kind": "template", "cel": "t", "given": {"t": T}})
    for number in range(1, 16):
        given = {"t": {"thing": f"step{number - 1}", "property": "value"}}
        shop.compute(f"step{number}", {"kind": "template", "cel": "t", "given": given})
    with pytest.raises(CallerError, match="more than 16 deep"):
        shop.compute("top", {"kind": "template", "cel": "t", "given": {"t": {"thing": "step15", "property": "value"}}})


@pytest.mark.parametrize("document", COMPUTED.values(), ids=COMPUTED)
def test_what_is_dumped_is_read_again(document: dict[str, Any]) -> None:
    definition = load_computed(document)
    assert load_computed(dump_computed(definition)) == definition


def test_too_large_and_no_json() -> None:
    with pytest.raises(CallerError, match="at most"):
        load_computed(b" " * 100_000)
    with pytest.raises(CallerError) as refused:
        load_computed(b"{")
    assert refused.value.code == "bad_json"
    with pytest.raises(CallerError, match="kind"):
        load_computed(b"[1]")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(st.text(max_size=8), more, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(list(COMPUTED)), st.data())
def test_every_field_fuzzed(id: str, data: st.DataObject) -> None:
    """Whatever stands in whichever field: it is taken, or refused with words, and nothing else happens."""
    document = dict(COMPUTED[id])
    field = data.draw(st.sampled_from([*document, "into", "unit", "is", "initial", "x"]))
    document[field] = data.draw(ANY)
    try:
        definition = load_computed(document)
    except UnisonoError as error:
        assert error.code in ("bad_computed", "bad_json")
        assert error.detail
    else:
        assert load_computed(dump_computed(definition)) == definition
