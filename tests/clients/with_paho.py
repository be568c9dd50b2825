"""Eclipse paho-mqtt for Python: the client that most bridges and scripts use."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.clients.peer import HEARD_WITHIN_S, Message, Peer, RefusedError

__all__ = ["Paho", "from_paho", "lasting_properties", "message_properties"]

LASTING_S = 3_600


_properties: Callable[[int], Any] = Properties


def message_properties(message: Message, kind: int = PacketTypes.PUBLISH) -> Properties:
    found: Properties = _properties(kind)
    if message.content_type is not None:
        found.ContentType = message.content_type
    if message.response_topic is not None:
        found.ResponseTopic = message.response_topic
    if message.correlation is not None:
        found.CorrelationData = message.correlation
    if message.user:
        found.UserProperty = list(message.user)
    return found


def lasting_properties(lasting: bool) -> Properties:
    found: Properties = _properties(PacketTypes.CONNECT)
    found.SessionExpiryInterval = LASTING_S if lasting else 0
    return found


def from_paho(message: Any) -> Message:
    told = message.properties
    return Message(
        str(message.topic),
        bytes(message.payload),
        message.qos,
        bool(message.retain),
        getattr(told, "ContentType", None),
        getattr(told, "ResponseTopic", None),
        getattr(told, "CorrelationData", None),
        tuple(tuple(pair) for pair in getattr(told, "UserProperty", ())),
    )


class Paho(Peer):
    """Its network loop runs in a thread of its own; what it tells is handed over to the test's loop."""

    client: paho.Client | None = None

    async def open(
        self, user: str, secret: str, *, client_id: str = "", lasting: bool = False, will: Message | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        v5 = self.version == 5
        client = self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if v5 else not lasting,
            protocol=cast(Any, self.version),
            transport="websockets" if self.door.web else "tcp",
            reconnect_on_failure=False,
        )
        client.username_pw_set(user, secret)
        if self.door.web:
            client.ws_set_options("/mqtt")
        if self.door.tls is not None:
            client.tls_set_context(self.door.tls)
        if will is not None:
            told = message_properties(will, PacketTypes.WILLMESSAGE) if v5 else None
            client.will_set(will.topic, will.payload, will.qos, will.retain, told)
        answer: asyncio.Future[int] = loop.create_future()
        self._granted: dict[int, asyncio.Future[int]] = {}
        self._done: dict[int, asyncio.Future[None]] = {}

        def tell(future: asyncio.Future[Any], value: Any) -> None:
            if not future.done():
                future.set_result(value)

        def later(function: Any, *values: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the test is over
                loop.call_soon_threadsafe(function, *values)

        client.on_connect = lambda _c, _u, _flags, reason, _p: later(tell, answer, reason.value)
        client.on_message = lambda _c, _u, message: later(self.heard.put_nowait, from_paho(message))
        client.on_subscribe = lambda _c, _u, mid, reasons, _p: later(self._told, self._granted, mid, reasons[0].value)
        client.on_publish = lambda _c, _u, mid, _reason, _p: later(self._told, self._done, mid, None)
        settings: dict[str, Any] = {"clean_start": not lasting, "properties": lasting_properties(lasting)} if v5 else {}
        await asyncio.to_thread(client.connect, self.door.host, self.door.port, **settings)
        client.loop_start()
        async with asyncio.timeout(HEARD_WITHIN_S):
            reason = await answer
        if reason:
            await self.end()
            raise RefusedError(reason)

    @staticmethod
    def _told(waiting: dict[int, asyncio.Future[Any]], mid: int, value: Any) -> None:
        future = waiting.setdefault(mid, asyncio.get_running_loop().create_future())
        if not future.done():
            future.set_result(value)

    async def _wait(self, waiting: dict[int, asyncio.Future[Any]], mid: int) -> Any:
        future = waiting.setdefault(mid, asyncio.get_running_loop().create_future())
        async with asyncio.timeout(HEARD_WITHIN_S):
            found = await future
        del waiting[mid]
        return found

    async def subscribe(self, filter: str, qos: int) -> int:
        assert self.client is not None
        _, mid = self.client.subscribe(filter, qos)
        assert mid is not None
        return int(await self._wait(self._granted, mid))

    async def publish(self, message: Message) -> None:
        assert self.client is not None
        told = message_properties(message) if self.version == 5 else None
        sent = self.client.publish(message.topic, message.payload, message.qos, message.retain, told)
        await self._wait(self._done, sent.mid)

    async def close(self) -> None:
        assert self.client is not None
        self.client.disconnect()
        await self.end()

    async def drop(self) -> None:
        assert self.client is not None
        found: Any = self.client.socket()
        raw = getattr(found, "_socket", found)  # under a WebSocket
        with contextlib.suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)
        await self.end()

    async def end(self) -> None:
        if self.client is not None:
            await asyncio.to_thread(self.client.loop_stop)
            self.client = None
