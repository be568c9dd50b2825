"""TeslaMate: a car for each ``teslamate/cars/<id>/...``, a topic for each value; nothing can be told.

Source: TeslaMate's documentation, "MQTT integration". What a car has is learned from its topics, which are retained.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from typing import Any

from unisono.dialect.pieces import Availability, Gatherer, Piece, Reader, Reading, Source_, json_of, trait_property
from unisono.dialect.said import Said
from unisono.dialect.seam import Field, Guide, Hub, Setting, Translator
from unisono.thing import Property, Schema, Service

__all__ = ["TESLAMATE", "Teslamate"]

NAME = "teslamate"
#: ``teslamate/cars/1/speed``, or with a namespace of its own ``teslamate/NAME/cars/1/speed``.
_TOPIC = re.compile(r"(teslamate/(?:[^/]{1,64}/)?cars/([0-9]{1,9}))/([a-z0-9_]+)")

Turn = Callable[[str], Any]


def _number(by: float = 1.0, empty: float | None = None) -> Turn:
    """A number; TeslaMate says nothing (an empty payload) where the car does not say it."""

    def turn(text: str) -> Any:
        if not text:
            return empty
        try:
            found = float(text) * by
        except ValueError:
            return None
        return round(found, 6) if isfinite(found) else None

    return turn


def _true(yes: Any = True, no: Any = False) -> Turn:
    return {"true": yes, "false": no}.get


def _gear(text: str) -> Any:
    return text if text in ("P", "R", "N", "D") else None if text else "P"


def _charging(text: str) -> Any:
    """Starting counts: current is about to flow; without a cable there is no word for it."""
    return text in ("Charging", "Starting") if text else False


def _destination(text: str) -> Any:
    """Where the car is led to: of a route, which is JSON, its name; none where there is no route."""
    found = json_of(text.encode())
    name = found.get("destination") if isinstance(found, dict) else None
    return name[:255] if isinstance(name, str) else ""


OPEN = _true("open", "closed")
WHEELS = ("fl", "fr", "rl", "rr")

#: topic: key, trait, what the payload means
TRAITS: dict[str, tuple[str, str, Turn]] = {
    "battery_level": ("battery", "battery", _number()),
    "charge_limit_soc": ("charge_limit", "charge_limit", _number()),
    "charger_power": ("charger_power", "power", _number(1000, 0.0)),
    "charger_voltage": ("charger_voltage", "voltage", _number(1, 0.0)),
    "charger_actual_current": ("charger_current", "current", _number(1, 0.0)),
    "charge_energy_added": ("energy_added", "energy", _number(1, 0.0)),
    "doors_open": ("doors", "contact", OPEN),
    "windows_open": ("windows", "contact", OPEN),
    "trunk_open": ("trunk", "trunk", OPEN),
    "frunk_open": ("frunk", "trunk", OPEN),
    "charge_port_door_open": ("charge_port", "contact", OPEN),
    "locked": ("locked", "locked", _true()),
    "is_user_present": ("occupied", "occupancy", _true()),
    "inside_temp": ("inside_temperature", "cabin_temperature", _number()),
    "outside_temp": ("outside_temperature", "temperature", _number()),
    "odometer": ("odometer", "odometer", _number()),
    "rated_battery_range_km": ("range", "range", _number()),
    "speed": ("speed", "speed", _number(1, 0.0)),
    "shift_state": ("gear", "gear", _gear),
    "power": ("power", "power", _number(1000, 0.0)),  # kW, as the car's own interface has it; the page says watts
    "charging_state": ("charging", "charging", _charging),
    "charge_current_request": ("charge_current", "charge_current", _number(1, 0.0)),
    **{
        f"{side}_{row}_door_open": (f"{side}_{row}_door", "door", OPEN)
        for side in ("driver", "passenger")
        for row in ("front", "rear")
    },
    **{f"tpms_pressure_{each}": (f"tyre_pressure_{each}", "tyre_pressure", _number(100)) for each in WHEELS},  # bar
}
_NUMBER = Schema(kind="float")
_TEXT = Schema(kind="string", len_max=255)
_BOOL = Schema(kind="bool")

#: topic: schema, unit, what the payload means; of no trait, and called like the topic
OTHERS: dict[str, tuple[Schema, str | None, Turn]] = {
    "state": (_TEXT, None, lambda text: text or None),
    "geofence": (_TEXT, None, str),
    "version": (_TEXT, None, str),
    "update_version": (_TEXT, None, str),
    "update_available": (_BOOL, None, _true()),
    "sentry_mode": (_BOOL, None, _true()),
    "is_climate_on": (_BOOL, None, _true()),
    "is_preconditioning": (_BOOL, None, _true()),
    "plugged_in": (_BOOL, None, _true()),
    "healthy": (_BOOL, None, _true()),
    "heading": (_NUMBER, "deg", _number()),
    "elevation": (_NUMBER, "m", _number()),
    "est_battery_range_km": (_NUMBER, "km", _number()),
    "ideal_battery_range_km": (_NUMBER, "km", _number()),
    "usable_battery_level": (_NUMBER, "%", _number()),
    "charger_phases": (_NUMBER, None, _number()),
    "time_to_full_charge": (_NUMBER, "h", _number(1, 0.0)),
    "scheduled_charging_start_time": (_TEXT, None, str),
    "charge_current_request_max": (_NUMBER, "A", _number()),
    "since": (_TEXT, None, lambda text: text or None),
    **dict.fromkeys(
        ("trim_badging", "exterior_color", "wheel_type", "spoiler_type", "climate_keeper_mode"), (_TEXT, None, str)
    ),
    "center_display_state": (_TEXT, None, str),
    "active_route": (_TEXT, None, _destination),
    **{f"tpms_soft_warning_{each}": (_BOOL, None, _true()) for each in WHEELS},
}


class Cars(Gatherer):
    """The translator of one root place."""

    def __init__(self) -> None:
        super().__init__()
        self._heard: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}
        self._kinds: dict[str, str] = {}

    def announces(self, topic: str) -> bool:
        return _TOPIC.fullmatch(topic) is not None

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        found = _TOPIC.fullmatch(topic)
        assert found is not None
        base, number, word = found.groups()
        if word in ("display_name", "model"):
            text = payload.decode("utf-8", "replace").strip()[:64]
            where = self._names if word == "display_name" else self._kinds
            if not text or where.get(base) == text:
                return []
            where[base] = text
        elif word not in TRAITS and word not in OTHERS and word != "location":
            return []
        heard = self._heard.setdefault(base, set())
        if word in heard and word not in ("display_name", "model"):
            return []
        heard.add(word)
        return self.put(_key(base), self._source(base, number), "car", _car(base, heard), now_ms)

    def _source(self, base: str, number: str) -> Source_:
        kind = self._kinds.get(base)
        return Source_(
            name=self._names.get(base, f"Tesla {number}"),
            model_id=_key(base),
            format=NAME,
            vendor="Tesla",
            product=f"Model {kind}" if kind else None,
            kind="car",
        )


def _key(base: str) -> str:
    return f"{NAME}:{base.removeprefix('teslamate/').removeprefix('cars/').replace('/cars/', '-').lower()}"


def _car(base: str, heard: set[str]) -> Piece:
    """What is known of a car by the topics that were heard."""
    properties: list[Property] = []
    readers: list[tuple[str, Reader]] = []
    for word in sorted(heard):
        topic = f"{base}/{word}"
        if word in TRAITS:
            key, trait, turn = TRAITS[word]
            properties.append(trait_property(trait, writable=False, key=key))
            readers.append((topic, _reader(f"car.{key}", turn)))
        elif word in OTHERS:
            schema, unit, turn = OTHERS[word]
            properties.append(Property(key=word, schema=schema, unit=unit))
            readers.append((topic, _reader(f"car.{word}", turn)))
        elif word == "location":
            properties.append(trait_property("location", writable=False))
            readers.append((topic, _location))
    piece = Piece((base, sorted(heard)), Service(key="car", properties=tuple(properties)))
    piece.readers = readers
    piece.availability = [Availability(f"{base}/state", "there", "offline", _there)]
    piece.mode = "told"
    return piece


def _there(payload: bytes) -> str:
    """Asleep it is there; an empty word says nothing."""
    text = payload.decode("utf-8", "replace")
    return text if text in ("", "offline") else "there"


def _reader(address: str, turn: Turn) -> Reader:
    def reader(payload: bytes, now_ms: int) -> Reading:
        made = turn(payload.decode("utf-8", "replace").strip())
        return Reading() if made is None else Reading({address: made})

    return reader


def _location(payload: bytes, now_ms: int) -> Reading:
    found = json_of(payload)
    if not isinstance(found, dict):
        return Reading()
    parts = [found.get(each) for each in ("latitude", "longitude")]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in parts):
        return Reading()
    return Reading({"car.location": {"lat": parts[0], "lon": parts[1]}})


class Teslamate:
    """The dialect ``teslamate``."""

    name = NAME
    title = "TeslaMate"
    fields: tuple[Field, ...] = ()
    model = "gateway"
    learns = False
    can = (
        "each car with all that TeslaMate publishes of it: battery, charging, doors, climate, drive, tyres, location",
    )
    cannot = (
        "commands: TeslaMate only reports",
        "`latitude`, `longitude`, `active_route_...` and the rest of a route: superseded by `location`, `active_route`",
    )

    def announces(self, topic: str) -> bool:
        return _TOPIC.fullmatch(topic) is not None

    def bridge(self) -> Translator:
        return Cars()

    def guide(self, hub: Hub) -> Guide:
        port = str(hub.mqtt_port or 1883)
        settings = (
            Setting("MQTT_HOST", hub.host),
            Setting("MQTT_PORT", port),
            Setting("MQTT_USERNAME", hub.thing),
            Setting("MQTT_PASSWORD", hub.secret),
        )
        paste = "\n".join(f"      - {each.name}={each.value}" for each in settings)
        notes = ("Set as environment of the teslamate container, DISABLE_MQTT absent; then docker compose up -d.",)
        return Guide(NAME, self.title, settings, paste, notes)


TESLAMATE = Teslamate()
