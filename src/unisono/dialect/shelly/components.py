"""What the components of a Shelly since Gen2 tell: their properties, and where their status has each.

Source: the components' pages of Shelly's API documentation, and the object ids of BTHome (version 2), which Bluetooth
sensors behind a gateway are known by. Knows no conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from unisono.dialect.pieces import trait_property
from unisono.thing import Choice, Property, Schema, find_unit, traits
from unisono.thing.color import from_rgb

__all__ = ["BESIDE", "COMPONENTS", "INPUTS", "PRESSES", "Take", "Told", "bthome_told", "made_told"]

Take = Callable[[Mapping[str, Any]], Any]


def _plain(wire: Any) -> Any:
    return wire if isinstance(wire, bool) else None


def _contact(wire: Any) -> Any:
    return ("open" if wire else "closed") if isinstance(wire, bool) else None


def _rgb(wire: Any) -> Any:
    if isinstance(wire, list) and len(wire) == 3 and all(isinstance(each, int | float) for each in wire):
        return from_rgb(*wire)
    return None


class At:
    """Where a component's status has a value, and what that is here: None of what says nothing."""

    def __init__(self, *path: str, by: float = 1.0, turn: Callable[[Any], Any] = _plain) -> None:
        self._within, self._name = path[:-1], path[-1]
        self._by = by
        self._turn = turn

    def _holder(self, status: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Any = status
        for each in self._within:
            found = found.get(each) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def is_in(self, status: Mapping[str, Any]) -> bool:
        """Whether the component has it at all: null is what a sensor says that has not measured yet."""
        return self._name in self._holder(status)

    def __call__(self, status: Mapping[str, Any]) -> Any:
        found = self._holder(status).get(self._name)
        if isinstance(found, int | float) and not isinstance(found, bool):
            return round(found * self._by, 6)
        return self._turn(found)


#: What a component tells that measures what goes through it.
METER: tuple[tuple[str, bool, At], ...] = (
    ("power", False, At("apower")),
    ("voltage", False, At("voltage")),
    ("current", False, At("current")),
    ("energy", False, At("aenergy", "total", by=0.001)),
)
#: Of each kind of component: trait, whether it can be set, and where its status has it.
COMPONENTS: dict[str, tuple[tuple[str, bool, At], ...]] = {
    "switch": (
        ("on_off", True, At("output")),
        *METER,
    ),
    "light": (
        ("on_off", True, At("output")),
        ("brightness", True, At("brightness")),
        *METER,
    ),
    "cct": (
        ("on_off", True, At("output")),
        ("brightness", True, At("brightness")),
        ("color_temperature", True, At("ct")),
        *METER,
    ),
    "rgb": (
        ("on_off", True, At("output")),
        ("brightness", True, At("brightness")),
        ("color", True, At("rgb", turn=_rgb)),
        *METER,
    ),
    "cover": (
        ("position", True, At("current_pos")),
        ("tilt", True, At("slat_pos")),
        *METER,
    ),
    "thermostat": (
        ("on_off", True, At("enable")),
        ("target_temperature", True, At("target_C")),
        ("temperature", False, At("current_C")),
    ),
    "pm1": (*METER,),
    "em": (("power", False, At("total_act_power")), ("current", False, At("total_current"))),
    "em1": (("power", False, At("act_power")), ("voltage", False, At("voltage")), ("current", False, At("current"))),
    "emdata": (("energy", False, At("total_act", by=0.001)),),
    "em1data": (("energy", False, At("total_act_energy", by=0.001)),),
    "temperature": (("temperature", False, At("tC")),),
    "humidity": (("humidity", False, At("rh")),),
    "illuminance": (("illuminance", False, At("lux")),),
    "devicepower": (("battery", False, At("battery", "percent")),),
    "smoke": (("smoke", False, At("alarm")),),
    "flood": (("leak", False, At("alarm")),),
    "presence": (("presence", False, At("presence")),),
    "presencezone": (("presence", False, At("value")),),
    "window": (("contact", False, At("open", turn=_contact)),),
    "wifi": (("signal", False, At("rssi")),),
    "voltmeter": (("voltage", False, At("voltage")),),
    "blutrv": (
        ("target_temperature", True, At("target_C")),
        ("temperature", False, At("current_C")),
        ("battery", False, At("battery")),
        ("signal", False, At("rssi")),
    ),
    "bthomedevice": (("battery", False, At("battery")), ("signal", False, At("rssi"))),
}
COMPONENTS["rgbw"] = COMPONENTS["rgb"]
COMPONENTS["rgbcct"] = (*COMPONENTS["rgb"], ("color_temperature", True, At("ct")))

#: Beside these: key, trait and where it is. The phases of a meter, and how warm a device itself is.
BESIDE: dict[str, tuple[tuple[str, str, At], ...]] = {
    "em": tuple(
        (f"{trait}_{phase}", trait, At(f"{phase}_{member}"))
        for phase in "abc"
        for trait, member in (("power", "act_power"), ("voltage", "voltage"), ("current", "current"))
    ),
    "emdata": (
        *((f"energy_{phase}", "energy", At(f"{phase}_total_act_energy", by=0.001)) for phase in "abc"),
        ("energy_returned", "energy", At("total_act_ret", by=0.001)),
    ),
    "em1data": (("energy_returned", "energy", At("total_act_ret_energy", by=0.001)),),
    "pm1": (("energy_returned", "energy", At("ret_aenergy", "total", by=0.001)),),
    **{
        each: (
            ("device_temperature", "temperature", At("temperature", "tC")),
            ("energy_returned", "energy", At("ret_aenergy", "total", by=0.001)),
        )
        for each in ("switch", "light", "cover", "cct", "rgb", "rgbw", "rgbcct")
    },
}
#: What an input says of itself: of a switch its state, of an analog one its level, of a counter how often.
INPUTS: dict[str, tuple[Property, Take]] = {
    "percent": (trait_property("level", writable=False, key="level"), At("percent")),
    "counts": (trait_property("count", writable=False, key="count"), At("counts", "total")),
    "state": (Property(key="state", schema=Schema(kind="bool", nullable=True)), At("state")),
}
#: What an input, or a Bluetooth device, says that it was pressed.
PRESSES = ("btn_down", "btn_up", "single_push", "double_push", "triple_push", "long_push")


class Told(NamedTuple):
    """A component that is one value: its property (none of a button), and what the status' ``value`` there is here."""

    property: Property | None
    turn: Callable[[Any], Any] = lambda wire: wire


def _number(by: float = 1.0) -> Callable[[Any], Any]:
    return lambda wire: round(wire * by, 6) if isinstance(wire, int | float) and not isinstance(wire, bool) else None


def _word(yes: Any, no: Any) -> Callable[[Any], Any]:
    return lambda wire: (yes if wire else no) if isinstance(wire, bool | int) else None


#: BTHome's objects that have a trait, by their ids, with what a number is multiplied by; and of those that are true or
#: false, the trait's words for it.
_TRAITS: dict[str, tuple[tuple[int, ...], float]] = {
    "battery": ((1,), 1),
    "temperature": ((2, 69, 87, 88), 1),
    "humidity": ((3, 46), 1),
    "pressure": ((4,), 100),  # hPa
    "illuminance": ((5,), 1),
    "weight": ((6,), 1),
    "count": ((9, 61, 62, 89, 90, 91), 1),
    "energy": ((10, 77), 1),
    "power": ((11, 92), 1),
    "voltage": ((12, 74), 1),
    "pm25": ((13,), 1),
    "co2": ((18,), 1),
    "current": ((67, 93), 1),
    "flow": ((73,), 1),
}
_WORDS: dict[str, tuple[tuple[int, ...], Any, Any]] = {
    "contact": ((17, 26, 27, 45), "open", "closed"),
    "gas": ((23, 28), True, False),
    "locked": ((31,), False, True),
    "leak": ((32,), True, False),
    "motion": ((33,), True, False),
    "occupancy": ((35,), True, False),
    "presence": ((37,), True, False),
    "running": ((39,), True, False),
    "smoke": ((41,), True, False),
    "charging": ((22,), True, False),
}
#: Those that have a name and a unit and no trait; of all others there is the value.
_OTHERS: dict[int, tuple[str, str | None]] = {
    8: ("dew_point", "Cel"),
    14: ("pm10", "ug/m3"),
    19: ("tvoc", "ug/m3"),
    20: ("moisture", "%"),
    47: ("moisture", "%"),
    63: ("rotation", "deg"),
    64: ("distance", "mm"),
    65: ("distance", "m"),
    66: ("duration", "s"),
    68: ("speed", "m/s"),
    70: ("uv_index", None),
    71: ("volume", "L"),
    72: ("volume", "mL"),
    78: ("volume", "L"),
    79: ("water", "L"),
    94: ("direction", "deg"),
    95: ("precipitation", "mm"),
}
#: A button, whose presses are events, and a dimmer that is turned.
_BUTTONS = frozenset({58, 60})


def _bthome() -> dict[int, Told]:
    found = {each: Told(None) for each in _BUTTONS}
    for trait, (ids, by) in _TRAITS.items():
        found |= dict.fromkeys(ids, Told(trait_property(trait, writable=False), _number(by)))
    for trait, (ids, yes, no) in _WORDS.items():
        found |= dict.fromkeys(ids, Told(trait_property(trait, writable=False), _word(yes, no)))
    for id, (key, unit) in _OTHERS.items():
        found[id] = Told(Property(key=key, schema=Schema(kind="float"), unit=unit), _number())
    return found


BTHOME = _bthome()
_ANY = Told(Property(key="value", schema=Schema(kind="any")))


def bthome_told(config: Mapping[str, Any]) -> Told:
    """What a sensor of a Bluetooth device is, by its object id; its plain value where that is not known."""
    id = config.get("obj_id")
    return BTHOME.get(id, _ANY) if isinstance(id, int) else _ANY


#: What a number is in a device that is made of such components (a thermostat of Shelly's partners).
ROLES = {
    "target_temperature": "target_temperature",
    "current_temperature": "temperature",
    "target_humidity": "target_humidity",
    "current_humidity": "humidity",
}


def made_told(kind: str, config: Mapping[str, Any]) -> Told:
    """A component that people make themselves, which scripts read and write: as far as its configuration says it."""
    schema, unit = Schema(kind="string", len_max=255), None
    if kind == "boolean":
        schema = Schema(kind="bool")
    elif kind == "number":
        schema = Schema(kind="float", min=At("min")(config), max=At("max")(config))
        unit = _unit(config)
    elif kind == "enum":
        options = config.get("options")
        listed = [each for each in options if isinstance(each, str)] if isinstance(options, list) else []
        choices = tuple(Choice(value=each) for each in dict.fromkeys(listed))
        schema = (
            Schema(kind="enum", choices=choices, nullable=True) if choices else Schema(kind="string", nullable=True)
        )
    found = find_unit(unit) if unit else None
    writable = "w" in str(config.get("access", "crw"))
    trait = ROLES.get(str(config.get("role"))) if kind == "number" else None
    if trait is not None and found is not None and found.code == traits()[trait].unit:
        return Told(trait_property(trait, writable=writable, key="value", schema=schema))
    return Told(
        Property(
            key="value",
            schema=schema,
            access=("read", "write", "notify") if writable else ("read", "notify"),
            role="actuator" if writable else "sensor",
            unit=found.code if found is not None else None,
            raw_unit=unit,
        )
    )


def _unit(config: Mapping[str, Any]) -> str | None:
    """``{"meta": {"ui": {"unit": "°C"}}}``"""
    found: Any = config
    for each in ("meta", "ui", "unit"):
        found = found.get(each) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found else None
