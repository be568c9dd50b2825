"""gmqtt: an asyncio client with an MQTT implementation of its own; TCP and TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

import gmqtt

from tests.clients.peer import HEARD_WITHIN_S, Message, Peer, RefusedError

__all__ = ["Gmqtt"]

LASTING_S = 3_600


def _told(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {
        "content_type": message.content_type,
        "response_topic": message.response_topic,
        "correlation_data": message.correlation,
        "user_property": list(message.user) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


class Gmqtt(Peer):
    """One `gmqtt.Client` a connection."""

    client: gmqtt.Client | None = None

    async def open(
        self, user: str, secret: str, *, client_id: str = "", lasting: bool = False, will: Message | None = None
    ) -> None:
        v5 = self.version == 5
        settings: dict[str, Any] = {"session_expiry_interval": LASTING_S} if v5 and lasting else {}
        if will is not None:
            told = _told(will) if v5 else {}
            settings["will_message"] = gmqtt.Message(will.topic, will.payload, will.qos, will.retain, **told)
        client = gmqtt.Client(client_id or user, clean_session=not lasting, **settings)
        client.set_config({"reconnect_retries": 0})
        client.set_auth_credentials(user, secret)
        self._granted: dict[int, asyncio.Future[int]] = {}
        reason: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(_client: Any, _flags: int, code: int, _properties: Any) -> None:
            if not reason.done():
                reason.set_result(code)

        client.on_connect = connected
        client.on_message = self._heard
        client.on_subscribe = self._subscribed
        tls: Any = self.door.tls or False
        try:
            async with asyncio.timeout(HEARD_WITHIN_S):
                await client.connect(self.door.host, self.door.port, ssl=tls, version=self.version, keepalive=60)
        except gmqtt.mqtt.handler.MQTTConnectError as error:
            raise RefusedError(int(error._code)) from error
        self.client = client

    def _heard(self, _client: Any, topic: str, payload: bytes, qos: int, properties: dict[str, Any]) -> int:
        self.heard.put_nowait(
            Message(
                topic,
                bytes(payload),
                qos,
                bool(properties.get("retain")),
                (properties.get("content_type") or [None])[0],
                (properties.get("response_topic") or [None])[0],
                (properties.get("correlation_data") or [None])[0],
                tuple(tuple(pair) for pair in properties.get("user_property", ())),
            )
        )
        return 0

    def _subscribed(self, _client: Any, mid: int, reasons: Any, _properties: Any) -> None:
        future = self._granted.setdefault(mid, asyncio.get_running_loop().create_future())
        if not future.done():
            future.set_result(reasons[0])

    async def subscribe(self, filter: str, qos: int) -> int:
        assert self.client is not None
        mid = self.client.subscribe(filter, qos)
        future = self._granted.setdefault(mid, asyncio.get_running_loop().create_future())
        async with asyncio.timeout(HEARD_WITHIN_S):
            return await future

    async def publish(self, message: Message) -> None:
        """The library tells nobody when a message is acknowledged."""
        assert self.client is not None
        told = _told(message) if self.version == 5 else {}
        self.client.publish(message.topic, message.payload, message.qos, message.retain, **told)

    async def close(self) -> None:
        client, self.client = self.client, None
        assert client is not None
        with contextlib.suppress(ssl.SSLError):  # asyncio's, for what was still on its way when it closed
            await client.disconnect()

    async def drop(self) -> None:
        client, self.client = self.client, None
        assert client is not None
        await client._connection.close()

    async def end(self) -> None:
        if self.client is not None:
            with contextlib.suppress(ConnectionError):
                await self.close()
