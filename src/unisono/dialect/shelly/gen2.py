"""Shelly Gen2 and later: JSON-RPC over MQTT.

Source: "MQTT", "RPC Protocol" and the components' pages of Shelly's API documentation. A device is known by its
notifications; it is asked what it has, once, and its components become its properties.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from unisono.dialect.fitting import color_of
from unisono.dialect.pieces import Availability, Gatherer, Piece, Reading, Source_, json_of, trait_property
from unisono.dialect.said import Odd, Replied, Said, Say
from unisono.thing import Action, Event, Property, Schema, Service
from unisono.thing.color import from_rgb

__all__ = ["NAME", "Gen2"]

NAME = "shelly"
#: Replies come to this topic and the device's own.
OURS = "unisono/shelly"
#: Requests whose replies are waited for.
OPEN = 256
#: Ids of the questions that a device is asked when it is first heard.
ASK_INFO, ASK_STATUS = 1, 2
FIRST_ID = 100

_TOPIC = re.compile(r"(.+)/(events/rpc|online)")

Take = Callable[[Mapping[str, Any]], Any]


def _at(*path: str, by: float = 1.0) -> Take:
    def take(status: Mapping[str, Any]) -> Any:
        found: Any = status
        for each in path:
            found = found.get(each) if isinstance(found, dict) else None
        if isinstance(found, bool) or not isinstance(found, int | float):
            return found if isinstance(found, bool) else None
        return round(found * by, 6)

    return take


def _contact(status: Mapping[str, Any]) -> Any:
    told = status.get("open")
    return ("open" if told else "closed") if isinstance(told, bool) else None


def _rgb(status: Mapping[str, Any]) -> Any:
    found = status.get("rgb")
    if isinstance(found, list) and len(found) == 3 and all(isinstance(each, int | float) for each in found):
        return from_rgb(*found)
    return None


#: Of each kind of component: trait, whether it can be set, and where its status has it.
COMPONENTS: dict[str, tuple[tuple[str, bool, Take], ...]] = {
    "switch": (
        ("on_off", True, _at("output")),
        ("power", False, _at("apower")),
        ("voltage", False, _at("voltage")),
        ("current", False, _at("current")),
        ("energy", False, _at("aenergy", "total", by=0.001)),
    ),
    "light": (
        ("on_off", True, _at("output")),
        ("brightness", True, _at("brightness")),
        ("power", False, _at("apower")),
        ("voltage", False, _at("voltage")),
        ("current", False, _at("current")),
        ("energy", False, _at("aenergy", "total", by=0.001)),
    ),
    "cct": (
        ("on_off", True, _at("output")),
        ("brightness", True, _at("brightness")),
        ("color_temperature", True, _at("ct")),
    ),
    "rgb": (
        ("on_off", True, _at("output")),
        ("brightness", True, _at("brightness")),
        ("color", True, _rgb),
    ),
    "cover": (
        ("position", True, _at("current_pos")),
        ("tilt", True, _at("slat_pos")),
        ("power", False, _at("apower")),
        ("voltage", False, _at("voltage")),
        ("current", False, _at("current")),
        ("energy", False, _at("aenergy", "total", by=0.001)),
    ),
    "thermostat": (
        ("on_off", True, _at("enable")),
        ("target_temperature", True, _at("target_C")),
        ("temperature", False, _at("current_C")),
    ),
    "pm1": (
        ("power", False, _at("apower")),
        ("voltage", False, _at("voltage")),
        ("current", False, _at("current")),
        ("energy", False, _at("aenergy", "total", by=0.001)),
    ),
    "em": (("power", False, _at("total_act_power")), ("current", False, _at("total_current"))),
    "em1": (("power", False, _at("act_power")), ("voltage", False, _at("voltage")), ("current", False, _at("current"))),
    "emdata": (("energy", False, _at("total_act", by=0.001)),),
    "em1data": (("energy", False, _at("total_act_energy", by=0.001)),),
    "temperature": (("temperature", False, _at("tC")),),
    "humidity": (("humidity", False, _at("rh")),),
    "illuminance": (("illuminance", False, _at("lux")),),
    "devicepower": (("battery", False, _at("battery", "percent")),),
    "smoke": (("smoke", False, _at("alarm")),),
    "flood": (("leak", False, _at("alarm")),),
    "presence": (("presence", False, _at("presence")),),
    "window": (("contact", False, _contact),),
    "wifi": (("signal", False, _at("rssi")),),
    "voltmeter": (("voltage", False, _at("voltage")),),
    "blutrv": (
        ("target_temperature", True, _at("target_C")),
        ("temperature", False, _at("current_C")),
        ("battery", False, _at("battery")),
        ("signal", False, _at("rssi")),
    ),
    "bthomedevice": (("battery", False, _at("battery")), ("signal", False, _at("rssi"))),
}
COMPONENTS["rgbw"] = COMPONENTS["rgb"]
COMPONENTS["rgbcct"] = (*COMPONENTS["rgb"], ("color_temperature", True, _at("ct")))

#: Beside these: key, trait and where it is. The phases of a meter, and how warm a device itself is.
BESIDE: dict[str, tuple[tuple[str, str, Take], ...]] = {
    "em": tuple(
        (f"{trait}_{phase}", trait, _at(f"{phase}_{member}"))
        for phase in "abc"
        for trait, member in (("power", "act_power"), ("voltage", "voltage"), ("current", "current"))
    ),
    "emdata": (
        *((f"energy_{phase}", "energy", _at(f"{phase}_total_act_energy", by=0.001)) for phase in "abc"),
        ("energy_returned", "energy", _at("total_act_ret", by=0.001)),
    ),
    "em1data": (("energy_returned", "energy", _at("total_act_ret_energy", by=0.001)),),
    "pm1": (("energy_returned", "energy", _at("ret_aenergy", "total", by=0.001)),),
    **{
        each: (
            ("device_temperature", "temperature", _at("temperature", "tC")),
            ("energy_returned", "energy", _at("ret_aenergy", "total", by=0.001)),
        )
        for each in ("switch", "light", "cover", "cct", "rgb", "rgbw", "rgbcct")
    },
}
#: What an input says of itself: of a switch its state, of an analog one its level, of a counter how often.
INPUTS: dict[str, tuple[Property, Take]] = {
    "percent": (trait_property("level", writable=False, key="level"), _at("percent")),
    "counts": (trait_property("count", writable=False, key="count"), _at("counts", "total")),
    "state": (Property(key="state", schema=Schema(kind="bool", nullable=True)), _at("state")),
}
#: Values of components that people make themselves, and of sensors whose kind the status does not tell.
VALUES: dict[str, tuple[Schema, bool]] = {
    "boolean": (Schema(kind="bool"), True),
    "number": (Schema(kind="float"), True),
    "text": (Schema(kind="string", len_max=255), True),
    "enum": (Schema(kind="string", len_max=255, nullable=True), True),
    "bthomesensor": (Schema(kind="any"), False),
}
#: What a device with such a component is; the first that it has counts.
LAMPS = ("cct", "rgb", "rgbw", "rgbcct")
KINDS = {
    "thermostat": "climate",
    "cover": "cover",
    "light": "light",
    **dict.fromkeys(LAMPS, "light"),
    "switch": "switch",
}
#: What a cover is called to do, beside going to a position.
COVER = ("open", "close", "stop")
#: What an input says that it was pressed.
PRESSES = ("btn_down", "btn_up", "single_push", "double_push", "triple_push", "long_push")


#: To look for another firmware asks Shelly's server.
CHECK_S = 60
UPDATE = Service(
    key="update",
    titles={"en": "Firmware"},
    properties=tuple(
        Property(key=key, schema=Schema(kind="string", len_max=64), role="diagnostic")
        for key in ("installed_version", "latest_version")
    ),
    actions=(
        Action(key="check", titles={"en": "Look for an update"}, idempotent=True, timeout_s=CHECK_S),
        Action(key="install", titles={"en": "Install"}, risky=True, timeout_s=CHECK_S),
    ),
)


class Gen2(Gatherer):
    """The translator of one root place."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[str, dict[str, Any]] = {}  # prefix > what it has answered so far
        self._keys: dict[str, str] = {}  # prefix > key
        self._open: dict[tuple[str, int], tuple[str, str]] = {}
        self._next = FIRST_ID

    def announces(self, topic: str) -> bool:
        return topic.endswith(("/events/rpc", "/online")) or (topic.startswith(OURS) and topic.endswith("/rpc"))

    def announce(self, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        if topic.startswith(OURS):
            prefix = topic[len(OURS) + 1 :].removesuffix("/rpc")
            return self._answered(prefix, json_of(payload), now_ms)
        found = _TOPIC.fullmatch(topic)
        if found is None:
            return []
        prefix = found[1]
        if found[2] == "online":
            return [] if prefix in self._keys or payload != b"true" or not _is_shelly(prefix) else self._ask(prefix)
        body = json_of(payload)
        if not isinstance(body, dict) or not _is_shelly(str(body.get("src", ""))):
            return []
        return [] if prefix in self._asked else self._ask(prefix)

    def _ask(self, prefix: str) -> list[Said]:
        if prefix in self._asked:
            return []
        self._asked[prefix] = {}
        return [
            _request(prefix, ASK_INFO, "Shelly.GetDeviceInfo", {}),
            _request(prefix, ASK_STATUS, "Shelly.GetStatus", {}),
        ]

    def _answered(self, prefix: str, body: Any, now_ms: int) -> list[Said]:
        if not isinstance(body, dict) or prefix not in self._asked:
            return []
        id = body.get("id")
        known = self._open.pop((prefix, id), None) if isinstance(id, int) else None
        if known is not None:
            return [_replied(known, body)]
        result = body.get("result")
        if not isinstance(result, dict) or id not in (ASK_INFO, ASK_STATUS):
            return []
        answers = self._asked[prefix]
        answers["info" if id == ASK_INFO else "status"] = result
        if len(answers) < 2:
            return []
        return self._known(prefix, answers["info"], answers["status"], now_ms)

    def _known(self, prefix: str, info: Mapping[str, Any], status: Mapping[str, Any], now_ms: int) -> list[Said]:
        device = str(info.get("id") or prefix)
        key = self._keys[prefix] = f"{NAME}:{device}"
        components = sorted(name for name in status if name.partition(":")[0] in {*COMPONENTS, *VALUES, "input"})
        kinds = {name.partition(":")[0] for name in components}
        kind = next((KINDS[each] for each in KINDS if each in kinds), None)
        name = info.get("name")
        source = Source_(
            name=name if isinstance(name, str) and name else device,
            model_id=f"{NAME}:{device.lower()}",
            format=NAME,
            vendor="Shelly",
            product=str(info.get("model") or info.get("app") or "") or None,
            kind=kind,
            same_as=(device, str(info.get("mac", device))),
            rank=5,
        )
        said: list[Said] = []
        wanted: dict[str, Piece] = {"sys": self._system(prefix, info)} if isinstance(status.get("sys"), dict) else {}
        alone = {each: sum(name.partition(":")[0] == each for name in components) == 1 for each in kinds}
        for name in components:
            piece = self._piece(prefix, name, status.get(name), alone=alone[name.partition(":")[0]])
            if piece is not None:
                wanted[name] = piece
        if not wanted.keys() - {"sys"}:
            return [Odd("", "bad_model", f"{device}: none of its components is known here")]
        for component, piece in wanted.items():
            said += self.put(key, source, component, piece, now_ms)
        # what it has just told is its state
        for component, found in status.items():
            if component in wanted and isinstance(found, dict):
                self._kept[f"{prefix}/status/{component}"] = msgspec.json.encode(found)
        return said

    def _system(self, prefix: str, info: Mapping[str, Any]) -> Piece:
        """Its firmware: what it has, what there is, and to have that."""
        installed = str(info["ver"]) if info.get("ver") else None
        piece = Piece((NAME, prefix, "sys", installed), UPDATE)
        piece.availability.append(Availability(f"{prefix}/online", "true", "false"))
        piece.mode = "told"
        takes: dict[str, Take] = {
            "update.installed_version": lambda _status: installed,
            "update.latest_version": lambda status: _latest(status, installed),
        }
        piece.readers.append((f"{prefix}/events/rpc", _notified("sys", takes)))
        piece.readers.append((f"{prefix}/status/sys", _status(takes)))
        piece.calls["update.check"] = lambda _input: [self._ask_for(prefix, "Shelly.CheckForUpdate", {})]
        piece.calls["update.install"] = lambda _input: [self._ask_for(prefix, "Shelly.Update", {"stage": "stable"})]
        return piece

    def _piece(self, prefix: str, name: str, status: Any, *, alone: bool) -> Piece | None:
        kind, _, number = name.partition(":")
        service = kind if alone else f"{kind}_{number}"
        piece = Piece((NAME, prefix, name), Service(key=service))
        piece.availability.append(Availability(f"{prefix}/online", "true", "false"))
        piece.mode = "told"
        told = status if isinstance(status, dict) else {}
        if kind == "input":
            property, take = next((INPUTS[each] for each in INPUTS if each in told), INPUTS["state"])
            events = tuple(Event(key=each) for each in PRESSES) if property.key == "state" else ()
            piece.service = Service(key=service, properties=(property,), events=events)
            takes = {f"{service}.{property.key}": take}
            piece.readers.append((f"{prefix}/events/rpc", _input_reader(name, service, takes)))
            piece.readers.append((f"{prefix}/status/{name}", _status(takes)))
            return piece
        if kind in VALUES:
            return self._value(piece, prefix, kind, name, service)
        members = {t: (w, take) for t, w, take in COMPONENTS[kind] if w or take(told) is not None}
        if kind == "cover" and told.get("pos_control") is False:
            members = {each: given for each, given in members.items() if each != "position"}
        if told.get("slat_pos") is None:
            members.pop("tilt", None)
        if not members:
            return None
        properties = [trait_property(trait, writable=writable) for trait, (writable, _take) in members.items()]
        takes = {f"{service}.{trait}": take for trait, (_writable, take) in members.items()}
        for key, trait, take in BESIDE.get(kind, ()):
            if take(told) is not None:
                role = "diagnostic" if key == "device_temperature" else "sensor"
                properties.append(trait_property(trait, writable=False, key=key, role=role))
                takes[f"{service}.{key}"] = take
        actions = tuple(Action(key=each, titles={"en": each.capitalize()}) for each in COVER) if kind == "cover" else ()
        for each in actions:
            piece.calls[f"{service}.{each.key}"] = self._cover(prefix, each.key.capitalize(), int(number or 0))
        piece.service = Service(key=service, properties=tuple(properties), actions=actions)
        piece.readers.append((f"{prefix}/events/rpc", _notified(name, takes)))
        piece.readers.append((f"{prefix}/status/{name}", _status(takes)))
        writer = self._writer(prefix, kind, int(number or 0), service)
        piece.writers = {f"{service}.{t}": writer for t, (writable, _take) in members.items() if writable}
        return piece

    def _value(self, piece: Piece, prefix: str, kind: str, name: str, service: str) -> Piece:
        """A component that is one value."""
        schema, writable = VALUES[kind]
        access = ("read", "write", "notify") if writable else ("read", "notify")
        property = Property(key="value", schema=schema, access=access, role="actuator" if writable else "sensor")  # type: ignore[arg-type]
        piece.service = Service(key=service, properties=(property,))
        address = f"{service}.value"
        takes: dict[str, Take] = {address: lambda status: status.get("value")}
        piece.readers.append((f"{prefix}/events/rpc", _notified(name, takes)))
        piece.readers.append((f"{prefix}/status/{name}", _status(takes)))
        if writable:
            number = int(name.partition(":")[2] or 0)
            piece.writers[address] = lambda values: [
                self._ask_for(prefix, f"{kind.capitalize()}.Set", {"id": number, "value": values[address]})
            ]
        return piece

    def _cover(self, prefix: str, method: str, number: int) -> Callable[[Mapping[str, Any]], list[Say]]:
        return lambda _input: [self._ask_for(prefix, f"Cover.{method}", {"id": number})]

    def _ask_for(self, prefix: str, method: str, params: Mapping[str, Any]) -> Say:
        """A request whose reply is waited for."""
        self._next = self._next + 1 if self._next < 2**31 - 1 else FIRST_ID
        return _request(prefix, self._next, method, params)

    def _writer(self, prefix: str, kind: str, number: int, service: str) -> Any:
        def writer(values: dict[str, Any]) -> list[Say]:
            wanted = {address.removeprefix(f"{service}."): value for address, value in values.items()}
            params: dict[str, Any]
            if kind == "cover":
                method, params = "Cover.GoToPosition", {"id": number}
                names = (("pos", "position"), ("slat_pos", "tilt"))
                params |= {name: round(wanted[each]) for name, each in names if each in wanted}
            elif kind == "thermostat":
                names = (("enable", "on_off"), ("target_C", "target_temperature"))
                method, config = "Thermostat.SetConfig", {name: wanted[each] for name, each in names if each in wanted}
                params = {"id": number, "config": {"id": number, **config}}
            elif kind == "blutrv":
                wanted_c = {"target_C": wanted["target_temperature"]}
                method = "BluTrv.Call"
                params = {"id": number, "method": "TRV.SetTarget", "params": {"id": 0, **wanted_c}}
            else:
                method = (kind.upper() if kind in LAMPS else kind.capitalize()) + ".Set"
                params = {"id": number, **_params(wanted)}
                if kind == "rgbcct" and ("rgb" in params or "ct" in params):
                    params["mode"] = "rgb" if "rgb" in params else "cct"
            return [self._ask_for(prefix, method, params)]

        return writer

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        said = super().wanted(thing, topic, payload, now_ms)
        for each in said:
            prefix = each.topic.removesuffix("/rpc")
            self._open[prefix, msgspec.json.decode(each.payload)["id"]] = (thing, payload["id"])
        while len(self._open) > OPEN:
            del self._open[next(iter(self._open))]
        return said


def _latest(status: Mapping[str, Any], installed: str | None) -> Any:
    """The newest stable firmware; what it has where there is no other. Where nothing is said of it, nothing."""
    found = status.get("available_updates")
    stable = found.get("stable") if isinstance(found, dict) else None
    if isinstance(stable, dict) and isinstance(stable.get("version"), str):
        return stable["version"]
    return installed if isinstance(found, dict) else None


def _params(wanted: Mapping[str, Any]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if "on_off" in wanted:
        params["on"] = wanted["on_off"]
    if "brightness" in wanted:
        params["brightness"] = round(wanted["brightness"])
    if "color_temperature" in wanted:
        params["ct"] = round(wanted["color_temperature"])
    if "color" in wanted:
        params["rgb"] = list(color_of(wanted["color"]))
    return params


def _is_shelly(text: str) -> bool:
    return text.rpartition("/")[2].startswith("shelly")


def _request(prefix: str, id: int, method: str, params: Mapping[str, Any]) -> Say:
    body = {"id": id, "src": f"{OURS}/{prefix}", "method": method, "params": params}
    return Say(f"{prefix}/rpc", msgspec.json.encode(body))


def _replied(known: tuple[str, str], body: Mapping[str, Any]) -> Replied:
    error = body.get("error")
    if isinstance(error, dict):
        return Replied(*known, False, error=f"{error.get('message', 'it refused')} (code {error.get('code')})")
    return Replied(*known, True)


def _status(takes: Mapping[str, Take]) -> Any:
    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        return Reading(_values(takes, found)) if isinstance(found, dict) else Reading()

    return reader


def _values(takes: Mapping[str, Take], status: Mapping[str, Any]) -> dict[str, Any]:
    return {address: value for address, take in takes.items() if (value := take(status)) is not None}


def _notified(name: str, takes: Mapping[str, Take]) -> Any:
    """NotifyStatus tells what changed, NotifyFullStatus everything."""

    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        params = found.get("params") if isinstance(found, dict) else None
        status = params.get(name) if isinstance(params, dict) else None
        return Reading(_values(takes, status)) if isinstance(status, dict) else Reading()

    return reader


def _input_reader(name: str, service: str, takes: Mapping[str, Take]) -> Any:
    def reader(payload: bytes, now_ms: int) -> Reading:
        found = json_of(payload)
        params = found.get("params") if isinstance(found, dict) else None
        if not isinstance(params, dict):
            return Reading()
        status = params.get(name)
        values = _values(takes, status) if isinstance(status, dict) else {}
        events = params.get("events")
        told: list[tuple[str, dict[str, Any]]] = [
            (f"{service}.{each['event']}", {})
            for each in (events if isinstance(events, list) else [])
            if isinstance(each, dict) and each.get("component") == name and each.get("event") in PRESSES
        ]
        return Reading(values, told)

    return reader
