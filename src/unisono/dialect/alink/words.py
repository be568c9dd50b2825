"""A model's members by Alibaba's identifiers, and back.

An imported thing specification keeps its identifiers (``ref``); a built-in model is addressed by the identifiers that
Alibaba's own categories use, which `WORDS` lists, or by its own keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from unisono.dialect.fitting import fit, unfit, value_of
from unisono.errors import CallerError
from unisono.thing import Arg, Model, Property

__all__ = ["WORDS", "Words"]

#: Identifiers of Alibaba's standard functions by trait; the first is the one that we write.
WORDS: dict[str, tuple[str, ...]] = {
    "on_off": ("PowerSwitch", "powerstate", "LightSwitch", "power", "switch"),
    "brightness": ("Brightness", "LightBrightness"),
    "color_temperature": ("ColorTemperature", "colorTemperatureInKelvin"),
    "temperature": ("CurrentTemperature", "IndoorTemperature", "Temperature"),
    "humidity": ("CurrentHumidity", "RelativeHumidity", "Humidity"),
    "target_temperature": ("TargetTemperature",),
    "target_humidity": ("TargetHumidity",),
    "mode": ("WorkMode", "mode"),
    "fan_speed": ("WindSpeed", "FanSpeed"),
    "position": ("CurtainPosition", "Position"),
    "locked": ("LockState", "LockSwitch"),
    "battery": ("BatteryPercentage", "BatteryLevel"),
    "power": ("ActivePower", "RMSPower", "PowerConsumption"),
    "energy": ("ActiveEnergy", "EnergyConsumption"),
    "voltage": ("RMSVoltage", "Voltage"),
    "current": ("RMSCurrent", "Current"),
    "contact": ("ContactState",),
    "motion": ("MotionAlarmState", "MotionState"),
    "illuminance": ("MeasuredIlluminance", "Illuminance"),
    "co2": ("CO2Value", "CO2"),
    "pm25": ("PM25", "PM25Value"),
    "signal": ("WiFI_RSSI", "RSSI"),
    "fault": ("Error", "ErrorCode"),
    "volume": ("Volume",),
    "mute": ("Mute",),
}

#: What Alibaba says of an identifier that the model does not have. The post as a whole is answered 200: what it has
#: besides is taken in.
UNKNOWN = "tsl parse: params not exist"


class Words:
    """One model's members by identifier."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._properties: dict[str, str] = {}
        self._written: dict[str, str] = {}
        for key, property in model.properties.items():
            known = list(_identifiers(key, property))
            self._written[key] = known[0]
            for name in known:
                self._properties.setdefault(name, key)
        self._events = {_own(key, each.ref): key for key, each in model.events.items()} | {
            key: key for key in model.events
        }
        self._actions = {key: _own(key, each.ref) for key, each in model.actions.items()}

    def up(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Values by property key; what the model does not know keeps its name, for the fold to say so."""
        values: dict[str, Any] = {}
        for name, wire in params.items():
            key = self._properties.get(name)
            if key is None:
                values[name] = wire
            else:
                values[key] = value_of(self._model.properties[key], wire)
        return values

    def refused(self, params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
        """What of these is not taken in, and why, by identifier, in Alibaba's own words where they are known.
        ``values``: the same as `up` read them."""
        why: dict[str, str] = {}
        for name in params:
            key = self._properties.get(name)
            if key is None:
                why[name] = UNKNOWN
                continue
            try:
                self._model.properties[key].schema.check(values[key])
            except CallerError as error:
                why[name] = f"tsl parse: {error.detail}"
        return why

    def down(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Wanted values by identifier; switches are 0 and 1."""
        params: dict[str, Any] = {}
        for key, value in values.items():
            property = self._model.properties.get(key)
            wire = value if property is None else unfit(property, value)
            params[self._written.get(key, key)] = int(wire) if isinstance(wire, bool) else wire
        return params

    def times(self, times: Mapping[str, int]) -> dict[str, int]:
        """When each was said, by identifier."""
        return {self._written.get(key, key): at for key, at in times.items()}

    def event(self, identifier: str, fields: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The event's key, and its fields by theirs."""
        key = self._events.get(identifier, identifier)
        event = self._model.events.get(key)
        return key, dict(fields) if event is None else _args_up(event.args, fields)

    def action(self, key: str) -> str:
        """The identifier of a service."""
        return self._actions.get(key, key)

    def is_sync(self, key: str) -> bool:
        action = self._model.actions.get(key)
        return action is not None and action.call == "sync"

    def input(self, key: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """A service's arguments by identifier."""
        action = self._model.actions.get(key)
        names = {each.key: _own(each.key, each.ref) for each in action.inputs} if action is not None else {}
        return {names.get(name, name): int(v) if isinstance(v, bool) else v for name, v in given.items()}

    def output(self, key: str, data: Any) -> Any:
        """What a service answered, by the model's names."""
        action = self._model.actions.get(key)
        return _args_up(action.outputs, data) if action is not None and isinstance(data, dict) else data


def _identifiers(key: str, property: Property) -> Iterable[str]:
    if property.ref:
        yield _own(key, property.ref)
    elif property.trait in WORDS:
        yield from WORDS[property.trait]
    yield key
    yield key.replace(".", ":")
    yield key.rpartition(".")[2]


def _own(key: str, ref: str | None) -> str:
    """The identifier itself out of an address (``tsl:PowerSwitch``, ``block:PowerSwitch`` stays whole)."""
    if not ref:
        return key
    return ref.removeprefix("tsl:")


def _args_up(args: Iterable[Arg], fields: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: each for each in args for name in (each.key, _own(each.key, each.ref))}
    taken: dict[str, Any] = {}
    for name, wire in fields.items():
        arg = known.get(name)
        if arg is None:
            taken[name] = wire
        else:
            taken[arg.key] = wire if arg.schema is None else fit(arg.schema, wire)
    return taken
