"""Receivers: how a batch of items leaves, and when it has arrived.

Knows HTTP, MQTT and NATS clients, each loaded on use. A batch has arrived when the receiver said so: an HTTP 2xx, a
PUBACK, an acknowledgement of a stream. Whatever else happens is a `HostError`, and the batch is sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from unisono.access import Outside
from unisono.errors import HostError
from unisono.twin.outlet import Item, Mqtt, Nats, Outlet, Webhook

__all__ = ["Receiver", "Secrets", "receiver"]

#: A receiver that has not answered after this is asked again.
ANSWER_S = 30.0
PORTS = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883, "nats": 4222, "tls": 4222}

_encode = msgspec.json.Encoder().encode


class Secrets(msgspec.Struct):
    """What is kept sealed: the key of a webhook's signature or the receiver's password, and further headers."""

    secret: str = ""
    headers: dict[str, str] = {}


class Receiver(Protocol):
    async def send(self, items: Sequence[Item]) -> None:
        """Returns when all have arrived. Raises HostError ``receiver_unreachable``."""
        ...

    async def close(self) -> None: ...


def receiver(outlet: Outlet, secrets: Secrets, outside: Outside) -> Receiver:
    """The receiver of an outlet; nothing is opened yet."""
    make: Any = {Webhook: _Webhook, Mqtt: _Mqtt, Nats: _Nats}[type(outlet.to)]
    made: Receiver = make(outlet, secrets, outside)
    return made


class _Address:
    """Where a receiver is, and whether it may be called."""

    def __init__(self, url: str, outside: Outside) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or PORTS[parts.scheme]
        self._outside = outside

    async def check(self) -> str:
        """An address that the host has now and that may be called; raises HostError ``receiver_unreachable``."""
        if not self._outside.names(self.host, self.port):
            raise _unreachable(f"{self.host}:{self.port} is not among the hosts of outside.toml")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise _unreachable(f"{self.host} has no address: {error.strerror}") from None
        for *_rest, address in found:
            if self._outside.admits(self.host, str(address[0])):
                return str(address[0])
        raise _unreachable(f"{self.host} has internal addresses only, which outside.toml does not name")


def _unreachable(why: str) -> HostError:
    return HostError(why[:300], code="receiver_unreachable")


class _Webhook:
    """The connection goes to the address that was looked at; the name stays in Host and in TLS."""

    def __init__(self, outlet: Outlet, secrets: Secrets, outside: Outside) -> None:
        import httpx

        assert isinstance(outlet.to, Webhook)
        self._url = outlet.to.url
        self._address = _Address(self._url, outside)
        self._secrets = secrets
        self._client = httpx.AsyncClient(timeout=ANSWER_S, follow_redirects=False, trust_env=False)

    async def send(self, items: Sequence[Item]) -> None:
        import httpx

        body = _encode({"items": [item.body for item in items]})
        parts = urlsplit(self._url)
        headers = {"Content-Type": "application/json", **self._secrets.headers, "Host": parts.netloc.rpartition("@")[2]}
        if self._secrets.secret:
            signature = hmac.new(self._secrets.secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Unisono-Signature"] = f"sha256={signature}"
        address = await self._address.check()
        host = f"[{address}]" if ":" in address else address
        url = parts._replace(netloc=f"{host}:{self._address.port}").geturl()
        try:
            answer = await self._client.post(
                url, content=body, headers=headers, extensions={"sni_hostname": self._address.host}
            )
        except httpx.HTTPError as error:
            raise _unreachable(f"{self._address.host}: {error or type(error).__name__}") from None
        if not answer.is_success:
            raise _unreachable(f"{self._address.host} answered {answer.status_code}")

    async def close(self) -> None:
        await self._client.aclose()


class _Mqtt:
    """Loads aiomqtt (the extra ``outlets``)."""

    def __init__(self, outlet: Outlet, secrets: Secrets, outside: Outside) -> None:
        assert isinstance(outlet.to, Mqtt)
        self._to = outlet.to
        self._id = f"unisono-outlet-{outlet.id}"
        self._secret = secrets.secret
        self._address = _Address(outlet.to.url, outside)
        self._client: Any = None

    async def send(self, items: Sequence[Item]) -> None:
        try:
            import aiomqtt
        except ImportError:
            raise _unreachable("aiomqtt is not installed: pip install 'unisono[outlets]'") from None
        await self._address.check()
        try:
            async with asyncio.timeout(ANSWER_S):
                if self._client is None:
                    tls = ssl.create_default_context() if self._address.scheme == "mqtts" else None
                    client = aiomqtt.Client(
                        self._address.host,
                        self._address.port,
                        identifier=self._id,
                        username=self._to.user or None,
                        password=self._secret or None,
                        tls_context=tls,
                    )
                    await client.__aenter__()
                    self._client = client
                for item in items:
                    topic = self._to.topic.replace("{thing}", item.thing)
                    await self._client.publish(topic, _encode(item.body), qos=1)
        except (aiomqtt.MqttError, TimeoutError, OSError) as error:
            await self.close()
            raise _unreachable(f"{self._address.host}: {error or type(error).__name__}") from None

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await client.__aexit__(None, None, None)


class _Nats:
    """Into JetStream: a message without a stream for its subject would be gone unseen, so it counts as not arrived."""

    def __init__(self, outlet: Outlet, secrets: Secrets, outside: Outside) -> None:
        assert isinstance(outlet.to, Nats)
        self._to = outlet.to
        self._secret = secrets.secret
        self._address = _Address(outlet.to.url, outside)
        self._client: Any = None

    async def send(self, items: Sequence[Item]) -> None:
        import nats
        import nats.errors
        import nats.js.errors

        await self._address.check()
        try:
            async with asyncio.timeout(ANSWER_S):
                if self._client is None:
                    self._client = await nats.connect(
                        self._to.url, token=self._secret or None, allow_reconnect=False, connect_timeout=10
                    )
                stream = self._client.jetstream()
                for item in items:
                    subject = self._to.subject.replace("{thing}", item.thing)
                    await stream.publish(subject, _encode(item.body), headers={"Nats-Msg-Id": item.body["id"]})
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
            await self.close()
            raise _unreachable(f"{self._address.host}: {error or type(error).__name__}") from None

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await client.close()
