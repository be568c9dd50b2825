"""Home Assistant's MQTT discovery: what hundreds of bridges and firmwares speak to say what they are."""

from __future__ import annotations

from unisono.dialect.homeassistant.bridge import NAME, Discovery, is_announcement
from unisono.dialect.seam import Field, Guide, Hub, Setting, Translator

__all__ = ["HOMEASSISTANT", "HomeAssistant"]


class HomeAssistant:
    """The dialect ``homeassistant``."""

    name = NAME
    title = "Home Assistant discovery (ESPHome, OpenMQTTGateway, WLED, zwave-js-ui...)"
    fields: tuple[Field, ...] = ()
    model = "gateway"
    learns = False
    can = (
        "component and device-based messages, all abbreviations, `~`, origin, suggested area, migration",
        "another discovery prefix than `homeassistant`; ESPHome nodes with `discovery: false`, by their topics",
        "availability: one topic or a list, modes all, any, latest, templates; `expire_after`; the birth message",
        "alarm_control_panel binary_sensor button climate cover device_automation device_tracker event fan humidifier "
        "lawn_mower light lock notify number scene select sensor siren switch tag text update vacuum valve "
        "water_heater",
        "lights in the schemas default, json and template; colours as RGB, RGBW, RGBWW, HS and XY, temperature in "
        "mired or kelvin, effects",
        "templates in a sandbox, with Home Assistant's filters for numbers, JSON, texts, patterns and times (in UTC)",
    )
    cannot = (
        "camera date datetime image time: nothing of them has a trait",
        "templates that ask for other entities (`states`); codes of alarms and locks",
        "white channels by themselves; the birth message under another prefix before anything came there",
        "of ESPHome with `discovery: false`: units and choices, which its topics do not tell; speeds of fans; buttons",
    )

    def announces(self, topic: str) -> bool:
        return is_announcement(topic)

    def bridge(self) -> Translator:
        return Discovery()

    def guide(self, hub: Hub) -> Guide:
        settings = (
            Setting("MQTT broker", hub.host),
            Setting("Port", str(hub.mqtt_port or 1883)),
            Setting("Port with TLS", str(hub.mqtts_port or 8883)),
            Setting("Username", hub.thing),
            Setting("Password", hub.secret),
            Setting("Discovery", "on"),
            Setting("Discovery prefix", "homeassistant"),
            Setting("Birth topic and payload", "homeassistant/status, online"),
        )
        paste = (
            "# ESPHome\n"
            "mqtt:\n"
            f"  broker: {hub.host}\n"
            f"  port: {hub.mqtt_port or 1883}\n"
            f"  username: {hub.thing}\n"
            f"  password: {hub.secret}\n"
            "  discovery: true\n"
            "  discovery_unique_id_generator: mac"
        )
        return Guide(NAME, self.title, settings, paste, ("Any number of devices may use the same user name.",))


HOMEASSISTANT = HomeAssistant()
