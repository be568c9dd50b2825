"""A device or a bridge as a paho client: publishes, and answers what it hears as a recording says."""

from __future__ import annotations

import json
import queue
from collections.abc import Mapping
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.parts import until

__all__ = ["Player"]


class Player:
    """One paho client. ``heard``: what it was told, in order; ``answers``: what it publishes on hearing a topic."""

    def __init__(
        self, user: str, password: str | None, port: int, *, client_id: str = "", will: tuple[str, str] | None = None
    ):
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self.client.username_pw_set(user, password)
        if will is not None:
            self.client.will_set(will[0], will[1], qos=1, retain=True)
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answers: dict[str, list[tuple[str, Any]]] = {}
        self._subscribed = 0
        self.reason: Any = None
        self.client.on_message = self._message
        self.client.on_connect = self._connected
        self.client.on_subscribe = self._granted
        self._port = port

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.reason = reason

    def _granted(self, *_args: Any) -> None:
        self._subscribed += 1

    def _message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self.heard.put((message.topic, bytes(message.payload)))
        for topic, body in self.answers.get(message.topic, ()):
            self.say(topic, body)

    async def open(self, *filters: str) -> Player:
        self.client.connect("127.0.0.1", self._port)
        self.client.loop_start()
        await until(lambda: self.reason is not None, "paho has an answer")
        assert self.reason == 0, self.reason
        for filter in filters:
            before = self._subscribed
            self.client.subscribe(filter, 1)
            await until(lambda: self._subscribed > before, "it is subscribed")  # noqa: B023  awaited here
        return self

    def say(self, topic: str, body: Any, *, retain: bool = False) -> None:
        payload = body if isinstance(body, str | bytes) else json.dumps(body)
        self.client.publish(topic, payload, qos=1, retain=retain)

    async def told(self, topic: str) -> Any:
        """The next message on a topic; others are passed over."""
        found: list[bytes] = []

        def looked() -> bool:
            while not found and not self.heard.empty():
                where, payload = self.heard.get()
                if where == topic:
                    found.append(payload)
            return bool(found)

        await until(looked, f"something is said on {topic}")
        try:
            return json.loads(found[0])
        except ValueError:
            return found[0].decode()

    def lost(self) -> None:
        """The line is cut: no DISCONNECT."""
        self.client.loop_stop()
        sock = self.client.socket()
        if sock is not None:
            sock.close()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def settings(added: Mapping[str, Any]) -> dict[str, str]:
    """The guide's settings by name."""
    return {each["name"]: each["value"] for each in added["guide"]["settings"]}
