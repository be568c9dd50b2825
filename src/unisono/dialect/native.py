"""Unisono's own language, as far as it is to be set on a device: the gateway itself speaks it, there is no translator.

Source: docs/native-dialect.md.
"""

from __future__ import annotations

from unisono.dialect.seam import Field, Guide, Hub, Setting

__all__ = ["NATIVE", "Native"]

NAME = "native"


class Native:
    """The device signs in as itself and says its state as JSON."""

    name = NAME
    title = "Unisono (MQTT or HTTP of your own)"
    fields: tuple[Field, ...] = ()
    model = ""
    learns = False
    can = (
        "MQTT 3.1.1 and 5 over TCP, TLS and WebSocket; HTTP",
        "state, events, commands with their replies, wanted values on connecting, parts of a thing",
    )
    cannot = ("anything but JSON",)

    def guide(self, hub: Hub) -> Guide:
        port = hub.mqtt_port or 1883
        settings = (
            Setting("MQTT host", hub.host),
            Setting("Port", str(port)),
            Setting("Port with TLS", str(hub.mqtts_port or 8883)),
            Setting("User name", hub.thing),
            Setting("Password", hub.secret),
            Setting("Report to", "things/me/state"),
            Setting("Subscribe to", "things/me/#"),
        )
        paste = (
            f"mosquitto_pub -h {hub.host} -p {port} -u {hub.thing} -P '{hub.secret}' -q 1 -t things/me/state "
            """-m '{"PROPERTY": VALUE}'"""
        )
        notes = (
            "Properties are those of its model: unisono model show MODEL.",
            "A command comes on things/me/set; it is confirmed when the device reports the value.",
        )
        return Guide(NAME, self.title, settings, paste, notes)


NATIVE = Native()
