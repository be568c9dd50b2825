"""Tasmota: its own discovery (``tasmota/discovery/<MAC>/config`` and ``sensors``) and its three prefixes.

Source: "MQTT", "Commands" and "Lights" of Tasmota's documentation, and the discovery messages of its firmware. Relays,
lights, shutters, what its sensors measure, and buttons.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from unisono.dialect.fitting import color_of
from unisono.dialect.pieces import Availability, Gatherer, Piece, Reading, Source_, json_of, trait_property
from unisono.dialect.said import Odd, Replied, Said, Say
from unisono.dialect.seam import Field, Guide, Hub, Setting, Translator
from unisono.dialect.tasmota.measuring import measuring, number_of
from unisono.errors import CallerError
from unisono.thing import Action, Arg, Event, Property, Schema, Service
from unisono.thing.color import from_mired, from_rgb, to_mired

__all__ = ["TASMOTA", "Tasmota"]

NAME = "tasmota"
_TOPIC = re.compile(r"tasmota/discovery/([0-9A-Fa-f]{6,16})/(config|sensors)")

#: What an entry of ``rl`` is.
RELAY, LIGHT, SHUTTER = 1, 2, 3
#: ``lt_st``: a light's channels. Two and five have colour temperature, three and more have colour.
WARMTH, COLOR = frozenset({2, 5}), frozenset({3, 4, 5})

#: A fan's speeds, as it numbers them.
SPEEDS: tuple[Any, ...] = (0, "low", "medium", "high")
#: Where results of what we ask are said with ``SetOption4 1``, beside POWER.
SAID_APART = ("DIMMER", "CT", "COLOR", "FANSPEED", "SHUTTERPOSITION", "STATE", "BUTTON", "SWITCH")
#: What a shutter is called to do, beside going to a position.
SHUTTERS = ("open", "close", "stop")


#: Members of a message: what each says, and of which property.
Members = dict[str, list[tuple[str, Callable[[Any], Any]]]]


class Plan:
    """One device while its configuration is read."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        prefixes = config.get("tp")
        listed = prefixes if isinstance(prefixes, list) and len(prefixes) == 3 else ["cmnd", "stat", "tele"]
        topic = str(config.get("t", ""))
        full = (
            str(config.get("ft", "%prefix%/%topic%/"))
            .replace("%topic%", topic)
            .replace("%hostname%", str(config.get("hn", "")))
        )
        self.cmnd, self.stat, self.tele = (full.replace("%prefix%", str(each)).rstrip("/") for each in listed)
        states = config.get("state")
        words = states if isinstance(states, list) and len(states) >= 2 else ["OFF", "ON"]
        self.off, self.on = str(words[0]), str(words[1])

    def option(self, number: int) -> bool:
        """Whether a ``SetOption`` is on."""
        options = self.config.get("so")
        return isinstance(options, dict) and options.get(str(number)) == 1

    def slats(self, number: int) -> tuple[int, int] | None:
        """The ends of a shutter's slats in degrees, of ``[-90, 90, 10]``; None where it has none."""
        listed = self.config.get("sht")
        ends = listed[number - 1] if isinstance(listed, list) and len(listed) >= number else None
        if not isinstance(ends, list) or len(ends) < 2 or not all(type(each) is int for each in ends[:2]):
            return None
        return (ends[0], ends[1]) if ends[0] < ends[1] else None

    def numbered(self, member: str, least: int) -> list[int]:
        """The numbers of its buttons or switches: of those of at least that value."""
        listed = self.config.get(member)
        listed = listed if isinstance(listed, list) else []
        return [number for number, each in enumerate(listed, 1) if isinstance(each, int) and each >= least]


class Bridge(Gatherer):
    """The translator of one root place."""

    def __init__(self) -> None:
        super().__init__()
        self._plans: dict[str, Plan] = {}
        self._upgrades: dict[str, str] = {}  # where a device says what became of its upgrade > its key
        self._upgrading: dict[str, str] = {}  # key > the command

    def announces(self, topic: str) -> bool:
        if topic.startswith("tasmota/discovery/"):
            return _TOPIC.fullmatch(topic) is not None
        return topic.endswith("UPGRADE") and topic in self._upgrades

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        found = _TOPIC.fullmatch(topic)
        if found is None:
            return self._upgraded(self._upgrades[topic], payload.decode("utf-8", "replace"))
        mac, part = found[1].upper(), found[2]
        key = f"{NAME}:{mac}"
        if not payload:
            return self._gone(key, part, now_ms)
        body = json_of(payload)
        if not isinstance(body, dict):
            return [Odd("", "bad_json", f"{topic}: expected a JSON object")]
        if part == "config":
            return self._config(key, mac, body, now_ms)
        return self._sensors(key, body, now_ms)

    def _gone(self, key: str, part: str, now_ms: int) -> list[Said]:
        if part == "sensors":
            return self.drop(key, "sensors", now_ms)
        self._plans.pop(key, None)
        return self.forget(key) if key in self.devices else []

    def _config(self, key: str, mac: str, config: dict[str, Any], now_ms: int) -> list[Said]:
        if not isinstance(config.get("t"), str) or not config["t"]:
            return [Odd("", "bad_value", f"{mac}: its configuration names no topic")]
        plan = self._plans[key] = Plan(config)
        self._upgrades[f"{plan.stat}/UPGRADE"] = key
        said = self.put(key, _source(key, mac, config), "config", _acting(plan), now_ms)
        before = self.devices[key].pieces.get("sensors") if key in self.devices else None
        if before is not None:
            said += self._sensors(key, before.says[1], now_ms)
        return said

    def _upgraded(self, key: str, word: str) -> list[Said]:
        """``Successful. Restarting``, or ``Failed`` and why."""
        command = self._upgrading.pop(key, None)
        if command is None or key not in self.devices:
            return []  # somebody began it at the device
        done = word.startswith("Successful")
        return [Replied(key, command, done, error=None if done else word[:300])]

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        if topic == "call/upgrade":
            self._upgrading[thing] = payload["id"]
        return super().wanted(thing, topic, payload, now_ms)

    def _sensors(self, key: str, body: dict[str, Any], now_ms: int) -> list[Said]:
        plan = self._plans.get(key)
        if plan is None or key not in self.devices:
            return []  # what it is comes first, or it comes again with the next restart
        return self.put(
            key, self.devices[key].source, "sensors", measuring((NAME, dict(body)), plan.stat, plan.tele, body), now_ms
        )


def _source(key: str, mac: str, config: Mapping[str, Any]) -> Source_:
    names = config.get("fn")
    first = next((each for each in names if isinstance(each, str) and each), "") if isinstance(names, list) else ""
    relays = config.get("rl")
    kinds = set(relays) if isinstance(relays, list) and all(isinstance(each, int) for each in relays) else set()
    kind = "light" if LIGHT in kinds else "cover" if SHUTTER in kinds else "switch" if RELAY in kinds else None
    name = str(config.get("dn") or first or mac)
    return Source_(
        name=name if name != "Tasmota" or not first else first,
        model_id=f"{NAME}:{mac.lower()}",
        format=NAME,
        vendor="Tasmota",
        product=str(config.get("md") or "") or None,
        kind=kind,
        same_as=(mac,),
        rank=5,
    )


def _acting(plan: Plan) -> Piece:
    """Relays, lights and shutters."""
    config = plan.config
    piece = Piece((NAME, dict(config)), Service(key=""))
    relays = config.get("rl")
    listed = [each for each in relays if isinstance(each, int)] if isinstance(relays, list) else []
    switches = [number for number, kind in enumerate(listed, 1) if kind in (RELAY, LIGHT)]
    properties: list[Property] = []
    actions: list[Action] = []
    members: Members = {}
    several = len(switches) > 1

    def power(number: int) -> None:
        key = f"on_off_{number}" if several else "on_off"
        properties.append(trait_property("on_off", writable=True, key=key, titles=_titles(config, number)))
        names = [f"POWER{number}"] + (["POWER"] if not several else [])
        for name in names:
            members[name] = [(key, lambda wire: wire == plan.on if wire in (plan.on, plan.off) else None)]
            piece.readers.append((f"{plan.stat}/{name}", _plain(key, plan)))
        piece.writers[key] = lambda values: [
            Say(f"{plan.cmnd}/POWER{number if several else ''}", (plan.on if values[key] else plan.off).encode())
        ]

    for number in switches:
        power(number)
    if LIGHT in listed and config.get("lt_st") != 0:  # an iFan's lamp is a relay
        if plan.option(68):
            _channels(plan, piece, properties, members, [n for n, kind in enumerate(listed, 1) if kind == LIGHT])
        else:
            _light(plan, piece, properties, members)
    for number in range(1, sum(kind == SHUTTER for kind in listed) // 2 + 1):
        _shutter(plan, piece, properties, members, number, alone=sum(kind == SHUTTER for kind in listed) <= 2)
        for each in SHUTTERS:
            key = each if sum(kind == SHUTTER for kind in listed) <= 2 else f"{each}_{number}"
            actions.append(Action(key=key, titles={"en": each.capitalize()}))
            topic = f"{plan.cmnd}/Shutter{each.capitalize()}{number}"
            piece.calls[key] = lambda _input, topic=topic: [Say(topic, b"", silent=True)]  # type: ignore[misc]
    actions.append(UPGRADE)
    piece.calls[UPGRADE.key] = lambda given: _upgrade(plan, given)
    if config.get("if") == 1:
        _fan(plan, piece, properties, members)
    for number in plan.numbered("swc", 0):
        properties.append(Property(key=f"switch_{number}", schema=Schema(kind="bool")))
    properties.append(trait_property("signal", writable=False))
    events = _buttons(plan)
    reader = _reader(members, plan)
    topics = ["RESULT", "STATUS10", "STATUS11", *(SAID_APART if plan.option(4) else ())]
    piece.readers += [(f"{plan.stat}/{each}", reader) for each in topics]
    piece.readers += [(f"{plan.tele}/{each}", reader) for each in ("STATE", "SENSOR")]
    piece.service = Service(key="", properties=tuple(properties), actions=tuple(actions), events=events)
    piece.availability.append(
        Availability(f"{plan.tele}/LWT", str(config.get("onln", "Online")), str(config.get("ofln", "Offline")))
    )
    return piece


#: Another firmware: from the address that it has (``OtaUrl``), or from one of your own. It starts anew behind it.
UPGRADE = Action(
    key="upgrade",
    titles={"en": "Upgrade"},
    inputs=(Arg(key="url", schema=Schema(kind="string", len_max=200), optional=True),),
    risky=True,
    timeout_s=600,  # a megabyte over a poor radio, and some flash it in two steps
)


def _upgrade(plan: Plan, given: Mapping[str, Any]) -> list[Say]:
    address = [Say(f"{plan.cmnd}/OtaUrl", str(given["url"]).encode())] if given.get("url") else []
    return [*address, Say(f"{plan.cmnd}/Upgrade", b"1")]


def _titles(config: Mapping[str, Any], number: int) -> dict[str, str]:
    names = config.get("fn")
    name = names[number - 1] if isinstance(names, list) and len(names) >= number else None
    return {"en": name if isinstance(name, str) and name else f"Power {number}"}


def _plain(key: str, plan: Plan) -> Any:
    def reader(payload: bytes, now_ms: int) -> Reading:
        word = payload.decode("utf-8", "replace")
        return Reading({key: word == plan.on}) if word in (plan.on, plan.off) else Reading()

    return reader


def _light(plan: Plan, piece: Piece, properties: list[Property], members: Members) -> None:
    subtype = plan.config.get("lt_st")
    properties.append(trait_property("brightness", writable=True))
    members["Dimmer"] = [("brightness", number_of)]
    piece.writers["brightness"] = lambda values: [Say(f"{plan.cmnd}/Dimmer", str(round(values["brightness"])).encode())]
    if subtype in WARMTH:
        properties.append(trait_property("color_temperature", writable=True))
        members["CT"] = [("color_temperature", lambda wire: from_mired(wire) if number_of(wire) and wire > 0 else None)]
        piece.writers["color_temperature"] = lambda values: [
            Say(f"{plan.cmnd}/CT", str(to_mired(values["color_temperature"])).encode())
        ]
    if subtype in COLOR:
        properties.append(trait_property("color", writable=True))
        members["Color"] = [("color", _color)]
        piece.writers["color"] = lambda values: [Say(f"{plan.cmnd}/Color2", _written(values["color"]).encode())]


def _channels(plan: Plan, piece: Piece, properties: list[Property], members: Members, numbers: list[int]) -> None:
    """Each channel is a lamp of its own (``SetOption68 1``)."""
    for number in numbers:
        key = f"brightness_{number}"
        properties.append(trait_property("brightness", writable=True, key=key))
        members[f"Dimmer{number}"] = [(key, number_of)]
        piece.writers[key] = lambda values, key=key, number=number: [
            Say(f"{plan.cmnd}/Dimmer{number}", str(round(values[key])).encode())
        ]


def _color(wire: Any) -> Any:
    """``RRGGBB...`` in hex, or numbers parted by commas."""
    text = str(wire).lstrip("#")
    if "," in text:
        parts = text.split(",")
        return from_rgb(*map(int, parts[:3])) if len(parts) >= 3 and all(each.isdigit() for each in parts[:3]) else None
    return f"#{text[:6].lower()}" if re.fullmatch(r"[0-9A-Fa-f]{6,10}", text) else None


def _written(color: Any) -> str:
    return from_rgb(*color_of(color))


def _shutter(
    plan: Plan, piece: Piece, properties: list[Property], members: Members, number: int, *, alone: bool
) -> None:
    key = "position" if alone else f"position_{number}"
    properties.append(trait_property("position", writable=True, key=key))
    turns: list[tuple[str, Callable[[Any], Any]]] = [(key, _position)]
    slats = plan.slats(number)
    if slats is not None:
        low, high = slats
        tilt = "tilt" if alone else f"tilt_{number}"
        properties.append(trait_property("tilt", writable=True, key=tilt))
        turns.append((tilt, lambda wire: _tilt(wire, low, high)))
        piece.writers[tilt] = lambda values: [
            Say(f"{plan.cmnd}/ShutterTilt{number}", str(round(low + values[tilt] / 100 * (high - low))).encode())
        ]
    members[f"Shutter{number}"] = turns
    piece.readers.append((f"{plan.stat}/SHUTTER{number}", lambda payload, _now: _percent(key, payload)))
    piece.writers[key] = lambda values: [Say(f"{plan.cmnd}/ShutterPosition{number}", str(round(values[key])).encode())]


def _tilt(wire: Any, low: int, high: int) -> Any:
    """Degrees between the two ends are percent."""
    told = number_of(wire.get("Tilt")) if isinstance(wire, dict) else None
    return None if told is None else round((told - low) / (high - low) * 100, 2)


def _position(wire: Any) -> Any:
    return number_of(wire.get("Position")) if isinstance(wire, dict) else None


def _fan(plan: Plan, piece: Piece, properties: list[Property], members: Members) -> None:
    """An iFan: off and three speeds."""
    properties.append(trait_property("fan_speed", writable=True))

    def speed(wire: Any) -> Any:
        return SPEEDS[wire] if type(wire) is int and 0 <= wire < len(SPEEDS) else None

    def number(wanted: Any) -> int:
        if wanted in SPEEDS:
            return SPEEDS.index(wanted)
        if not isinstance(wanted, int | float):
            raise CallerError(
                "it has three speeds", code="bad_value", field="fan_speed", expected="low, medium or high"
            )
        return max(1, math.ceil(wanted * 3 / 100))

    members["FanSpeed"] = [("fan_speed", speed)]
    piece.writers["fan_speed"] = lambda values: [
        Say(f"{plan.cmnd}/FanSpeed", str(number(values["fan_speed"])).encode())
    ]


def _percent(key: str, payload: bytes) -> Reading:
    text = payload.decode("utf-8", "replace")
    return Reading({key: float(text)}) if text.isdigit() else Reading()


#: Which button or switch (``Button1``), and what was done to it (``SINGLE``).
_PRESSED = (Arg(key="which", schema=Schema(kind="string")), Arg(key="action", schema=Schema(kind="string")))


def _buttons(plan: Plan) -> tuple[Event, ...]:
    some = plan.numbered("btn", 1) or plan.numbered("swc", 0)
    return (Event(key="button", titles={"en": "Button"}, args=_PRESSED),) if some else ()


def _reader(members: Members, plan: Plan) -> Any:
    buttons = bool(_buttons(plan))
    switches = {f"Switch{number}": f"switch_{number}" for number in plan.numbered("swc", 0)}

    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        if not isinstance(found, dict):
            return Reading()
        status = found.get("StatusSTS", found.get("StatusSNS"))
        found = status if isinstance(status, dict) else found
        values: dict[str, Any] = {}
        for name, key in switches.items():
            given = found.get(name)
            word = given.get("Action") if isinstance(given, dict) else given
            if word in (plan.on, plan.off):
                values[key] = word == plan.on
        for name in members.keys() & found.keys():
            for key, turn in members[name]:
                made = turn(found[name])
                if made is not None:
                    values[key] = made
        wifi = found.get("Wifi")
        if isinstance(wifi, dict) and isinstance(wifi.get("Signal"), int):
            values["signal"] = wifi["Signal"]
        events: list[tuple[str, dict[str, Any]]] = []
        for name, given in found.items():
            if buttons and name.startswith(("Button", "Switch")) and isinstance(given, dict) and "Action" in given:
                events.append(("button", {"which": name, "action": str(given["Action"])}))
        return Reading(values, events)

    return reader


class Tasmota:
    """The dialect ``tasmota``."""

    name = NAME
    title = "Tasmota"
    fields: tuple[Field, ...] = ()
    model = "gateway"
    learns = False
    can = (
        "discovery with `SetOption19 0`, any full topic and any prefixes, LWT",
        "relays, lights (brightness, colour temperature, colour), iFan; shutters: position, slats, open, close, stop",
        "energy (each phase), counters, the usual sensors, whatever other number one tells",
        "buttons (`SetOption73 1`) as events; switches (`SetOption114 1`) as events and states",
        "firmware: `unisono thing call ID upgrade`, from its own address or `url=` one of yours",
    )
    cannot = ("rules and timers; what IR, RF, Zigbee and BLE bridges hear of others: it changes nothing here",)

    def announces(self, topic: str) -> bool:
        return topic.startswith("tasmota/discovery/")

    def bridge(self) -> Translator:
        return Bridge()

    def guide(self, hub: Hub) -> Guide:
        port = hub.mqtt_port or 1883
        settings = (
            Setting("Configuration > Configure MQTT > Host", hub.host),
            Setting("Port", str(port)),
            Setting("User", hub.thing),
            Setting("Password", hub.secret),
            Setting("Topic", "tasmota_%06X"),
            Setting("Full Topic", "%prefix%/%topic%/"),
        )
        paste = (
            f"Backlog MqttHost {hub.host}; MqttPort {port}; MqttUser {hub.thing}; "
            f"MqttPassword {hub.secret}; SetOption19 0; SetOption3 1"
        )
        notes = ("Type the line into its console. Any number of devices may use the same user name.",)
        return Guide(NAME, self.title, settings, paste, notes)


TASMOTA = Tasmota()
