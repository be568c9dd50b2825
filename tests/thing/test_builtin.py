"""The data files hold every trait and kind that the design promises, in the forms that it promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from unisono.errors import CallerError
from unisono.thing import (
    Model,
    Property,
    Service,
    builtin_model,
    builtin_models,
    check_input,
    check_model,
    dump_model,
    find_unit,
    kind_by_telling,
    kinds_of_place,
    load_model,
    traits,
)
from unisono.thing.files import read_data
from unisono.thing.schema import Schema

ACTING = """on_off brightness:% color color_temperature:K target_temperature:Cel target_humidity:% hvac_mode
    fan_speed:% swing position:% tilt:% locked volume:% mute playback channel source mode start_stop
    dock armed recording timer:s setpoint"""
CAR = """charge_limit:% charging charge_current:A seat_heating seat_ventilation window_position:%
    sunroof_position:% trunk horn defrost cabin_temperature:Cel range:km odometer:km location speed:km/h
    gear tyre_pressure:kPa door"""
SENSING = """temperature:Cel humidity:% pressure:Pa illuminance:lx co2:ppm pm25:ug/m3 voc noise:dB power:W
    energy:kWh voltage:V current:A battery:% contact occupancy motion smoke gas leak vibration:mm/s
    level:% flow:m3/h weight:kg count rate:1/min state fault signal:dBm presence"""
LINE = "running cycle_time:s good_count scrap_count oee:% guard emergency_stop andon order recipe"

KINDS = """light switch plug lock cover garage_door climate floor_heating fan humidifier dehumidifier
    air_purifier vacuum mower media speaker tv oven stove washer dryer dishwasher fridge coffee_machine
    kettle sprinkler valve pump alarm camera doorbell siren button remote meter charger battery_storage
    inverter car phone person sensor machine press conveyor packager compressor robot agv tank andon
    window seat door gateway"""
PLACES = "home floor room outdoor car plant area line cell"

LANGUAGES = {"en", "zh"}
ALL: list[Model] = list(builtin_models().values())


@pytest.mark.parametrize(
    ("group", "table"), [("acting", ACTING), ("car", CAR), ("sensing", SENSING), ("line", LINE)], ids=lambda x: x[:7]
)
def test_every_trait_of_the_table_is_there_with_its_unit(group: str, table: str) -> None:
    promised = {name: unit or None for name, _, unit in (entry.partition(":") for entry in table.split())}
    assert {trait.name: trait.unit for trait in traits().values() if trait.group == group} == promised


def test_every_kind_is_there_and_nothing_else() -> None:
    sensors = {f"sensor.{entry.partition(':')[0]}" for entry in SENSING.split()}
    assert set(builtin_models()) == set(KINDS.split()) | sensors
    assert len(builtin_models()) == len(ALL) == len(KINDS.split()) + len(sensors)


def test_every_kind_of_place_is_there() -> None:
    assert set(kinds_of_place()) == set(PLACES.split())
    for kind in kinds_of_place().values():
        assert set(kind.names) == LANGUAGES
        assert set(kind.inside) <= set(kinds_of_place())


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.id)
def test_each_model_is_sound_and_survives(model: Model) -> None:
    assert check_model(model) == []
    assert load_model(dump_model(model)) == model
    assert model.kind == model.id
    assert set(model.titles) == set(model.synonyms) == LANGUAGES
    assert len(model.properties) >= 3


@pytest.mark.parametrize("model", ALL, ids=lambda model: model.id)
def test_property_keys_are_trait_names(model: Model) -> None:
    for address, declared in model.properties.items():
        trait = traits()[address]
        assert declared.trait == declared.key == address
        assert declared.unit == trait.unit
        assert declared.titles == trait.titles
        assert declared.risky <= declared.writable
        assert declared.writable <= (trait.role == "actuator")
        for value in declared.harmless:
            declared.schema.check(value)
    for action in model.actions.values():
        assert set(action.titles) == LANGUAGES
    for event in model.events.values():
        assert set(event.titles) == LANGUAGES
        assert check_input(model, event.args, {}) == {}, "an event without fields is complete"


def test_each_sensor_bears_its_trait() -> None:
    for name, trait in traits().items():
        if trait.group == "sensing":
            model = builtin_model(f"sensor.{name}")
            assert next(iter(model.properties)) == name
            assert "battery" in model.properties
            assert not any(declared.writable for declared in model.properties.values())


def test_the_kind_of_what_only_tells() -> None:
    def made(name: str, role: Any = "sensor", *, writable: bool = False) -> Service:
        access: Any = ("read", "write") if writable else ("read",)
        found = Property(key=name, trait=name, schema=Schema(kind="any"), role=role, access=access)
        return Service(key=name, properties=(found,))

    assert kind_by_telling([made("temperature"), made("contact")]) == "sensor.contact"
    assert kind_by_telling([made("temperature", "diagnostic")]) is None
    assert kind_by_telling([made("temperature"), made("on_off", "actuator", writable=True)]) is None
    assert kind_by_telling([made("temperature"), made("energy")]) is None
    # a setting of it, and how loud it beeps, make nothing else of a sensor
    beside = [made("on_off", "config", writable=True), made("volume", "actuator", writable=True)]
    assert kind_by_telling([made("temperature"), *beside]) == "sensor.temperature"
    assert {f"sensor.{each}" for each in read_data("sensors.yaml")["telling"]} <= set(builtin_models())


@pytest.mark.parametrize("name", list(traits()))
def test_each_trait_has_names_in_both_languages(name: str) -> None:
    trait = traits()[name]
    assert set(trait.names) == LANGUAGES
    assert len(trait.names["en"]) >= 3
    assert len(trait.names["zh"]) >= 3
    for words in trait.names.values():
        assert len(set(words)) == len(words)
    assert trait.unit is None or find_unit(trait.unit) is not None
    assert (trait.schema is None) == (trait.role == "action")
    for choice in trait.schema.choices if trait.schema is not None else ():
        assert set(choice.titles) == LANGUAGES


def schemas_within(schema: Schema | None) -> Iterator[Schema]:
    if schema is None:
        return
    yield schema
    yield from schemas_within(schema.items)
    for field in schema.fields or ():
        yield from schemas_within(field.schema)


@pytest.mark.parametrize("kind", list(builtin_models()))
def test_nothing_of_a_kind_is_without_words_in_both_languages(kind: str) -> None:
    model = builtin_model(kind)
    members: list[Any] = [*model.properties.values(), *model.actions.values(), *model.events.values()]
    assert [each.key for each in members if set(each.titles) < LANGUAGES] == []
    schemas: list[Schema | None] = [each.schema for each in model.properties.values()]
    schemas += [arg.schema for action in model.actions.values() for arg in action.inputs]
    schemas += [arg.schema for event in model.events.values() for arg in event.args]
    choices = [choice for schema in schemas for each in schemas_within(schema) for choice in each.choices]
    assert [choice.value for choice in choices if set(choice.titles) < LANGUAGES] == []
    for schema in schemas:
        for language in LANGUAGES:
            titles = [choice.titles[language] for choice in schema.choices] if schema is not None else []
            assert len(set(titles)) == len(titles)


def test_a_kind_has_states_of_its_own_beside_those_of_all() -> None:
    known = {choice.value: choice.titles for choice in builtin_model("vacuum").properties["state"].schema.choices}
    assert known["docked"] == {"en": "Docked", "zh": "已回充"}
    assert known["idle"]["en"] == "Idle"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_titles_are_unique(language: str) -> None:
    of_traits = [trait.titles[language] for trait in traits().values()]
    assert len(set(of_traits)) == len(of_traits)
    of_kinds = [model.titles[language] for model in ALL]
    assert len(set(of_kinds)) == len(of_kinds)


FORMS: list[tuple[str, list[Any], list[Any]]] = [
    ("on_off", [True, False], [1, "on", None]),
    ("locked", [True], ["locked"]),
    ("mute", [False], [0]),
    ("start_stop", [True], ["start"]),
    ("charging", [True], ["yes"]),
    ("recording", [False], ["on"]),
    ("occupancy", [True], [1]),
    ("swing", [True], ["on"]),
    ("contact", ["open", "closed"], [True, "shut"]),
    ("door", ["open", "closed"], [False]),
    ("trunk", ["open", "closed"], [1]),
    ("guard", ["open", "closed"], ["ajar"]),
    ("position", [0, 50.5, 100], [101, -1, "open"]),
    ("window_position", [0, 100], [150]),
    ("fan_speed", [0, 33, 100, "low", "medium", "high", "auto"], ["turbo", 101, True]),
    ("hvac_mode", ["off", "auto", "cool", "heat", "dry", "fan"], ["warm", False]),
    ("playback", ["play", "pause", "stop", "next", "previous"], ["skip"]),
    ("armed", [False, "home", "away", "night"], [True, 0, "off"]),
    ("color", ["#ff8800", "#00FF00", "red", "light blue"], ["#ff88", "Red!", "", 7]),
    ("color_temperature", [2700], [370, "warm"]),
    ("seat_heating", [0, 3], [4, 1.5]),
    (
        "location",
        [{"lat": 31.2, "lon": 121.5}, {"lat": 0, "lon": 0, "heading": 9, "hdop": 1}],
        [{"lat": 91, "lon": 0}, {}],
    ),
    ("gear", ["P", "D", "3"], [3]),
    ("state", ["idle", "cleaning"], [5]),
    ("fault", ["none", "E42"], [False]),
    ("battery", [0, 99.5], [100.5, -1]),
    ("count", [0, 2**40], [-1, 1.5]),
    ("timer", [90, 0.5], [-1, "90"]),
    ("andon", ["off", "red"], ["purple"]),
    ("temperature", [-20.5, 1600], [-300, float("nan")]),
]


@pytest.mark.parametrize(("name", "good", "bad"), FORMS, ids=lambda item: item if isinstance(item, str) else "")
def test_values_have_the_promised_form(name: str, good: list[Any], bad: list[Any]) -> None:
    schema = traits()[name].schema
    assert schema is not None
    for value in good:
        assert schema.check(value) == value
    for value in bad:
        with pytest.raises(CallerError):
            schema.check(value)


def test_what_is_momentary_says_what_it_becomes() -> None:
    schema = traits()["playback"].schema
    assert schema is not None
    becomes = {choice.value: choice.becomes for choice in schema.choices if isinstance(choice.becomes, str)}
    assert becomes == {"next": "play", "previous": "play"}


@pytest.mark.parametrize(
    ("kind", "key", "harmless"),
    [
        ("lock", "locked", (True,)),
        ("garage_door", "position", (0,)),
        ("oven", "on_off", (False,)),
        ("stove", "start_stop", (False,)),
        ("car", "locked", (True,)),
        ("car", "trunk", ()),
        ("car", "window_position", (0,)),
        ("machine", "start_stop", (False,)),
        ("press", "start_stop", (False,)),
        ("robot", "position", ()),
        ("alarm", "armed", ("home", "away", "night")),
        ("machine", "setpoint", ()),
        ("machine", "recipe", ()),
    ],
)
def test_what_is_risky(kind: str, key: str, harmless: tuple[Any, ...]) -> None:
    declared = builtin_model(kind).properties[key]
    assert declared.risky
    assert declared.harmless == harmless


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("light", "on_off"),
        ("cover", "position"),
        ("climate", "target_temperature"),
        ("oven", "locked"),
        ("vacuum", "start_stop"),
    ],
)
def test_what_is_not_risky(kind: str, key: str) -> None:
    declared = builtin_model(kind).properties[key]
    assert not declared.risky
    assert declared.harmless == ()


def test_a_kind_narrows_and_waits_as_it_says() -> None:
    climate = builtin_model("climate").properties["target_temperature"].schema
    assert (climate.min, climate.max, climate.precision) == (4, 40, 0.3)
    assert builtin_model("oven").properties["target_temperature"].schema.max == 350
    assert builtin_model("lock").timeout_s == 15
    assert builtin_model("light").timeout_s == 10
    assert builtin_model("garage_door").properties["position"].timeout_s == 60
    assert builtin_model("cover").properties["position"].timeout_s == 90
    assert not builtin_model("vacuum").properties["charging"].writable


@pytest.mark.parametrize(
    ("kind", "action", "risky"),
    [("vacuum", "dock", False), ("car", "horn", True), ("cover", "stop", False), ("press", "reset_fault", True)],
)
def test_what_is_called(kind: str, action: str, risky: bool) -> None:
    declared = builtin_model(kind).actions[action]
    assert declared.risky is risky
    assert action not in builtin_model(kind).properties


@pytest.mark.parametrize(
    ("kind", "event"),
    [("button", "pressed"), ("doorbell", "ring"), ("alarm", "triggered"), ("press", "fault"), ("car", "trip")],
)
def test_what_happens(kind: str, event: str) -> None:
    assert event in builtin_model(kind).events


def test_kinds_like_another_have_all_of_it() -> None:
    machine, robot = builtin_model("machine"), builtin_model("robot")
    assert set(machine.properties) < set(robot.properties)
    assert machine.events == robot.events
    assert builtin_model("press").titles["zh"] == "压力机"


def test_an_unknown_kind() -> None:
    with pytest.raises(CallerError) as caught:
        builtin_model("toaster_fleet")
    assert caught.value.code == "not_found"
    assert "toaster_fleet" not in builtin_models()
    assert "light" in builtin_models()
    assert builtin_models().get("toaster_fleet") is None
    assert builtin_models()["light"] is builtin_model("light")
