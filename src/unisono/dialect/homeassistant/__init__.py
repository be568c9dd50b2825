"""Home Assistant's MQTT discovery: what hundreds of bridges and firmwares speak to say what they are."""

from __future__ import annotations

from unisono.dialect.homeassistant.bridge import NAME, Discovery
from unisono.dialect.seam import Field, Guide, Hub, Setting, Translator

__all__ = ["HOMEASSISTANT", "HomeAssistant"]


class HomeAssistant:
    """The dialect ``homeassistant``."""

    name = NAME
    title = "Home Assistant discovery (ESPHome, OpenMQTTGateway, WLED, zwave-js-ui...)"
    fields: tuple[Field, ...] = ()
    model = "gateway"

    def announces(self, topic: str) -> bool:
        return Discovery().announces(topic)

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
