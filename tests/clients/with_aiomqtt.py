"""aiomqtt: asyncio over paho, as Home Assistant's ecosystem uses it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes

from tests.clients.peer import Message, Peer, RefusedError
from tests.clients.with_paho import from_paho, lasting_properties, message_properties

__all__ = ["Aiomqtt"]


class Aiomqtt(Peer):
    """One `aiomqtt.Client` a connection, and a task that takes in what comes."""

    client: aiomqtt.Client | None = None
    task: asyncio.Task[None] | None = None

    async def open(
        self, user: str, secret: str, *, client_id: str = "", lasting: bool = False, will: Message | None = None
    ) -> None:
        v5 = self.version == 5
        settings: dict[str, Any] = (
            {"clean_start": not lasting, "properties": lasting_properties(lasting)}
            if v5
            else {"clean_session": not lasting}
        )
        if will is not None:
            told = message_properties(will, PacketTypes.WILLMESSAGE) if v5 else None
            settings["will"] = aiomqtt.Will(will.topic, will.payload, will.qos, will.retain, told)
        if self.door.web:
            settings |= {"transport": "websockets", "websocket_path": "/mqtt"}
        client = aiomqtt.Client(
            self.door.host,
            self.door.port,
            username=user,
            password=secret,
            identifier=client_id or None,
            protocol=aiomqtt.ProtocolVersion(self.version),
            tls_context=self.door.tls,
            **settings,
        )
        try:
            await client.__aenter__()
        except MqttConnectError as error:
            reason: Any = error.rc
            raise RefusedError(int(getattr(reason, "value", reason))) from error
        self.client = client
        self.task = asyncio.create_task(self._take(client))

    async def _take(self, client: aiomqtt.Client) -> None:
        with contextlib.suppress(aiomqtt.MqttError):
            async for message in client.messages:
                self.heard.put_nowait(from_paho(message))

    async def subscribe(self, filter: str, qos: int) -> int:
        assert self.client is not None
        reasons: Any = await self.client.subscribe(filter, qos)
        return int(getattr(reasons[0], "value", reasons[0]))

    async def publish(self, message: Message) -> None:
        assert self.client is not None
        told = message_properties(message) if self.version == 5 else None
        await self.client.publish(message.topic, message.payload, message.qos, message.retain, told)

    async def close(self) -> None:
        client, self.client = self.client, None
        assert client is not None
        await self.end()
        await client.__aexit__(None, None, None)

    async def drop(self) -> None:
        client, self.client = self.client, None
        assert client is not None
        found: Any = client._client.socket()
        raw = getattr(found, "_socket", found)
        with contextlib.suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)
        await self.end()
        with contextlib.suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)

    async def end(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task
            self.task = None
        if self.client is not None:
            await self.close()
