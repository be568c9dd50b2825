"""What an act is for a kind of thing: which trait it changes, to which value, and by how much one step is.

Knows the traits and kinds of `unisono.thing` and the acts of `unisono.assist.senses`; tables only.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ACTS",
    "DEFAULT_KINDS",
    "LEVEL_OF_ACT",
    "OF_A_LINE",
    "OF_A_ROOM",
    "OF_ROOMS",
    "PRIMARY",
    "SHOWN",
    "STEP",
    "SWITCHES",
    "TRAVELLERS",
    "UNIT_TRAITS",
]

#: Kinds that come and go: of them "is at home" is a way, not a value.
TRAVELLERS = frozenset({"person", "phone", "car"})

#: What stands in a plant: stopped together it is a plant that is stopped.
OF_A_LINE = frozenset({"machine", "press", "packager", "conveyor", "compressor", "robot", "agv"})

#: What tells the air of a room: no kettle, no oven.
OF_ROOMS = frozenset({"air_purifier", "climate", "dehumidifier", "fan", "floor_heating", "humidifier", "sensor"})

#: Whose it is, where a room is said and nothing in it: a room is as bright as its lamps, whatever else has a display.
OF_A_ROOM = {"brightness": "light"}

#: By act: what may be set to what, the first that the thing takes. Of traits with a "?" only where they were said.
ACTS: dict[str, tuple[tuple[str, Any], ...]] = {
    "on": (("on_off", True), ("start_stop", True), ("playback", "play"), ("recording", True)),
    "off": (("on_off", False), ("start_stop", False), ("playback", "stop"), ("recording", False)),
    "open": (("position", 100), ("locked", False), ("window_position", 100), ("on_off", True)),
    "close": (("position", 0), ("locked", True), ("window_position", 0), ("on_off", False)),
    "lock": (("locked", True),),
    "unlock": (("locked", False),),
    "start": (("start_stop", True), ("on_off", True), ("playback", "play"), ("recording", True)),
    "stop": (
        ("start_stop", False),
        ("playback", "pause"),
        ("on_off", False),
        ("recording", False),
    ),
    "pause": (("playback", "pause"), ("start_stop", False), ("recording", False)),
    "resume": (("playback", "play"), ("start_stop", True)),
    "play": (("playback", "play"),),
    "next": (("playback", "next"),),
    "previous": (("playback", "previous"),),
    "mute": (("mute", True), ("volume", 0)),
    "unmute": (("mute", False),),
    "clean": (("start_stop", True), ("on_off", True)),
    "mow": (("start_stop", True), ("on_off", True)),
    "water": (("start_stop", True), ("on_off", True)),
    "brew": (("start_stop", True), ("on_off", True)),
    "dock": (("dock", None),),
    "honk": (("horn", None),),
    "charge": (("charging", True),),
    "record": (("recording", True),),
    "arm": (("armed", "away"),),
    "disarm": (("armed", "false"),),
    "defrost": (("defrost", True),),
    "swing": (("swing", True),),
}

#: Kinds whose "on" is to start, though they may have a switch as well.
SWITCHES: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("vacuum", "mower", "machine", "conveyor", "packager", "press", "robot", "dryer", "washer", "dishwasher"),
    ("start_stop", "on_off"),
)

#: The level that a kind has first of all.
PRIMARY: dict[str, tuple[str, ...]] = {
    "light": ("brightness",),
    "fan": ("fan_speed",),
    "speaker": ("volume",),
    "media": ("volume",),
    "tv": ("volume",),
    "phone": ("volume",),
    "cover": ("position",),
    "window": ("position",),
    "garage_door": ("position",),
    "valve": ("position",),
    "humidifier": ("target_humidity", "fan_speed"),
    "dehumidifier": ("target_humidity", "fan_speed"),
    "air_purifier": ("fan_speed",),
    "charger": ("charge_current",),
    "battery_storage": ("charge_limit",),
    "conveyor": ("rate", "speed"),
    "machine": ("rate", "speed", "setpoint"),
    "car": (),
}
#: For any other kind.
LEVELS = (
    "target_temperature",
    "brightness",
    "fan_speed",
    "volume",
    "position",
    "target_humidity",
    "rate",
    "speed",
    "setpoint",
)

#: What an act of more or less changes, whatever the kind; ``up`` and ``down`` change the kind's own level.
LEVEL_OF_ACT: dict[str, tuple[tuple[str, ...], int]] = {
    "brighter": (("brightness",), 1),
    "dimmer": (("brightness",), -1),
    "warmer": (("target_temperature", "color_temperature"), 1),
    "cooler": (("target_temperature", "color_temperature"), -1),
    "louder": (("volume",), 1),
    "quieter": (("volume", "fan_speed"), -1),
    "faster": (("fan_speed", "rate", "speed", "setpoint"), 1),
    "slower": (("fan_speed", "rate", "speed", "setpoint"), -1),
    "up": ((), 1),
    "down": ((), -1),
}

#: How much "more" is, in the trait's unit; a bit is half, much is twice as much.
STEP: dict[str, float] = {
    "brightness": 20,
    "fan_speed": 20,
    "volume": 10,
    "position": 20,
    "window_position": 20,
    "sunroof_position": 20,
    "tilt": 20,
    "target_temperature": 2,
    "target_humidity": 5,
    "color_temperature": 500,
    "charge_limit": 10,
    "charge_current": 2,
    "seat_heating": 1,
    "seat_ventilation": 1,
    "rate": 10,
    "speed": 5,
    "setpoint": 5,
}

#: Which traits a number with this unit can be of.
UNIT_TRAITS: dict[str, tuple[str, ...]] = {
    "%": (
        "brightness",
        "fan_speed",
        "volume",
        "position",
        "window_position",
        "sunroof_position",
        "charge_limit",
        "target_humidity",
        "tilt",
        "setpoint",
    ),
    "deg": ("target_temperature",),
    "Cel": ("target_temperature",),
    "[degF]": ("target_temperature",),
    "K": ("color_temperature", "target_temperature"),
    "A": ("charge_current",),
    "1/min": ("rate", "speed"),
    "km/h": ("speed",),
    "m/s": ("speed",),
    "m/min": ("speed",),
    "kPa": ("setpoint",),
    "bar": ("setpoint",),
    "Pa": ("setpoint",),
}

#: Without a word for what of: which kinds an act is about.
DEFAULT_KINDS: dict[str, tuple[str, ...]] = {
    "brighter": ("light",),
    "dimmer": ("light",),
    "color": ("light",),
    "warmer": ("climate", "floor_heating", "stove"),
    "cooler": ("climate", "fan"),
    "temperature": ("climate", "floor_heating", "stove"),
    "louder": ("speaker", "media", "tv"),
    "quieter": ("speaker", "media", "tv"),
    "mute": ("speaker", "media", "tv"),
    "unmute": ("speaker", "media", "tv"),
    "play": ("speaker", "media", "tv"),
    "pause": ("speaker", "media", "tv"),
    "resume": ("speaker", "media", "tv"),
    "next": ("speaker", "media", "tv"),
    "previous": ("speaker", "media", "tv"),
    "clean": ("vacuum",),
    "dock": ("vacuum", "mower"),
    "mow": ("mower",),
    "water": ("sprinkler",),
    "brew": ("coffee_machine",),
    "coffee": ("coffee_machine",),
    "honk": ("car",),
    "charge": ("car",),
    "defrost": ("car",),
    "arm": ("alarm",),
    "disarm": ("alarm",),
    "record": ("camera",),
    "on": ("light",),
    "off": ("light",),
}

#: What a question about a kind shows when it names no trait.
SHOWN: dict[str, tuple[str, ...]] = {
    "lock": ("locked",),
    "person": ("location", "presence"),
    "phone": ("location", "battery"),
    "cover": ("position",),
    "window": ("position", "contact"),
    "door": ("contact", "door", "locked"),
    "garage_door": ("position", "contact"),
    "tank": ("level",),
    "meter": ("energy", "power", "flow"),
    "climate": ("temperature", "on_off", "target_temperature"),
    "inverter": ("power", "energy"),
    "battery_storage": ("battery", "power"),
    "machine": ("start_stop", "running", "state", "on_off"),
    "vacuum": ("start_stop", "state", "battery"),
    "andon": ("andon",),
    "car": ("battery", "range"),
    "alarm": ("armed", "on_off", "state"),
}
