"""Shelly: the first generation's topics, and the JSON-RPC of those since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unisono.dialect.said import Said, Say
from unisono.dialect.seam import Field, Guide, Hub, Setting, Translator
from unisono.dialect.shelly.gen1 import Gen1
from unisono.dialect.shelly.gen2 import NAME, Gen2

__all__ = ["SHELLY", "Shelly"]


class Both:
    """The translator of one root place: each generation for itself."""

    def __init__(self) -> None:
        self._first = Gen1()
        self._second = Gen2()

    def mine(self, topic: str) -> bool:
        return self._first.mine(topic) or self._second.mine(topic)

    def heard(self, topic: str, payload: bytes, now_ms: int) -> list[Said] | None:
        said = self._first.heard(topic, payload, now_ms) if self._first.mine(topic) else None
        more = self._second.heard(topic, payload, now_ms) if self._second.mine(topic) else None
        return None if said is None and more is None else [*(said or []), *(more or [])]

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        which = self._first if thing in self._first.devices else self._second
        return which.wanted(thing, topic, payload, now_ms)

    def answered(self, token: Any, answer: Mapping[str, Any] | None, now_ms: int) -> list[Said]:
        return []

    def subscribed(self, filters: Sequence[str]) -> list[Said]:
        """A device of the first generation that listens is asked to announce itself."""
        said: list[Said] = [Say("shellies/command", b"announce")] if "shellies/command" in filters else []
        return [*said, *self._second.subscribed(filters)]

    def due(self, now_ms: int) -> list[Said]:
        return [*self._first.due(now_ms), *self._second.due(now_ms)]


class Shelly:
    """The dialect ``shelly``."""

    name = NAME
    title = "Shelly (Gen1, Gen2 and later)"
    fields: tuple[Field, ...] = ()
    model = "gateway"
    learns = False
    can = (
        "Gen2 and later over RPC: switch, light, cct, rgb, rgbw, rgbcct, cover, thermostat, pm1, em, em1, input, "
        "temperature, humidity, illuminance, devicepower, smoke, flood, voltmeter, wifi; a refused command says why",
        "covers also by open, close and stop; virtual components with their ranges and choices",
        "BLU devices and TRVs through a gateway: their sensors by what they measure, their presses as events",
        "Gen1: relays, lights, white and colour, rollers, meters, inputs, sensors",
        "firmware: which there is; `unisono thing call ID update.install`, since Gen2 `update.check`",
    )
    cannot = (
        "scripts and schedules; Gen1 thermostats (TRV)",
        "firmware of your own: they install what Shelly's server has",
    )

    def announces(self, topic: str) -> bool:
        return topic.startswith("shellies/") or topic.endswith("/events/rpc")

    def bridge(self) -> Translator:
        return Both()

    def guide(self, hub: Hub) -> Guide:
        server = f"{hub.host}:{hub.mqtt_port or 1883}"
        settings = (
            Setting("Settings > MQTT > Enable", "on"),
            Setting("Server", server),
            Setting("User (Username)", hub.thing),
            Setting("Password", hub.secret),
            Setting("Gen2 and later: RPC status notifications over MQTT", "on"),
            Setting("Gen2 and later: MQTT Control and Generic status update", "on"),
        )
        paste = (
            "curl -X POST http://DEVICE/rpc -d '"
            '{"id":1,"method":"Mqtt.SetConfig","params":{"config":{"enable":true,'
            f'"server":"{server}","user":"{hub.thing}","pass":"{hub.secret}","rpc_ntf":true,"status_ntf":true}}}}}}\''
        )
        return Guide(
            NAME, self.title, settings, paste, ("The device restarts. Any number may use the same user name.",)
        )


SHELLY = Shelly()
