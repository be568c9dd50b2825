"""Receivers: how a batch of items leaves, and when it has arrived.

Knows HTTP, MQTT and NATS clients, each loaded on use; Kafka has a file of its own. A batch has arrived when the
receiver said so: an HTTP 2xx, a PUBACK, an acknowledgement of a stream. Whatever else happens is a `HostError`, and the
batch is sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from unisono.access import Outside
from unisono.connector.outlet.address import ANSWER_S, Address, said, tls, unreachable
from unisono.twin.outlet import Item, Kafka, Mqtt, Nats, Outlet, Webhook

__all__ = ["Receiver", "Secrets", "receiver"]


class Secrets(msgspec.Struct):
    """What is kept sealed: the key of a webhook's signature or the receiver's password, and further headers."""

    secret: str = ""
    headers: dict[str, str] = {}


class Receiver(Protocol):
    async def send(self, items: Sequence[Item]) -> None:
        """Returns when all have arrived. Raises HostError ``receiver_unreachable``."""
        ...

    async def close(self) -> None: ...


def receiver(outlet: Outlet, secrets: Secrets, outside: Outside, part: str) -> Receiver:
    """The receiver of an outlet; nothing is opened yet. ``part`` tells it from others of the same outlet."""
    if isinstance(outlet.to, Kafka):
        from unisono.connector.outlet.kafka import KafkaReceiver

        return KafkaReceiver(outlet.to, f"unisono-outlet-{outlet.id}-{part}", secrets.secret, outside)
    if isinstance(outlet.to, Mqtt):
        return _Mqtt(outlet.to, f"unisono-outlet-{outlet.id}-{part}", secrets.secret, outside)
    if isinstance(outlet.to, Nats):
        return _Nats(outlet.to, secrets.secret, outside)
    return _Webhook(outlet.to, secrets, outside)


def named(pattern: str, item: Item) -> str:
    """A topic or subject for an item."""
    return pattern.replace("{thing}", item.thing).replace("{what}", item.what)


class _Webhook:
    """The connection goes to the address that was looked at; the name stays in Host and in TLS."""

    def __init__(self, to: Webhook, secrets: Secrets, outside: Outside) -> None:
        self._to = to
        self._address = Address(to.url, outside)
        self._secrets = secrets
        self._client: Any = None

    async def send(self, items: Sequence[Item]) -> None:
        import httpx

        body = b'{"items":[%s]}' % b",".join(item.body for item in items)
        parts = urlsplit(self._to.url)
        headers = {"Content-Type": "application/json", **self._secrets.headers, "Host": parts.netloc.rpartition("@")[2]}
        if self._secrets.secret:
            signature = hmac.new(self._secrets.secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Unisono-Signature"] = f"sha256={signature}"
        address = await self._address.check()
        host = f"[{address}]" if ":" in address else address
        url = parts._replace(netloc=f"{host}:{self._address.port}").geturl()
        if self._client is None:
            verify = tls(self._to.ca) if self._address.scheme == "https" else False
            self._client = httpx.AsyncClient(timeout=ANSWER_S, follow_redirects=False, trust_env=False, verify=verify)
        try:
            answer = await self._client.post(
                url, content=body, headers=headers, extensions={"sni_hostname": self._address.host}
            )
        except httpx.HTTPError as error:
            raise unreachable(f"{self._address.host}: {said(error)}") from None
        if not answer.is_success:
            raise unreachable(f"{self._address.host} answered {answer.status_code}")

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


class _Mqtt:
    """Loads aiomqtt (the extra ``outlets``)."""

    def __init__(self, to: Mqtt, id: str, secret: str, outside: Outside) -> None:
        self._to = to
        self._id = id
        self._secret = secret
        self._address = Address(to.url, outside)
        self._client: Any = None

    async def send(self, items: Sequence[Item]) -> None:
        try:
            import aiomqtt
        except ImportError:
            raise unreachable("aiomqtt is not installed: pip install 'unisono[outlets]'") from None
        await self._address.check()
        try:
            async with asyncio.timeout(ANSWER_S):
                if self._client is None:
                    client = aiomqtt.Client(
                        self._address.host,
                        self._address.port,
                        identifier=self._id,
                        username=self._to.user or None,
                        password=self._secret or None,
                        tls_context=tls(self._to.ca) if self._address.scheme == "mqtts" else None,
                    )
                    await client.__aenter__()
                    self._client = client
                for item in items:
                    await self._client.publish(named(self._to.topic, item), item.body, qos=1)
        except (aiomqtt.MqttError, TimeoutError, OSError) as error:
            await self.close()
            raise unreachable(f"{self._address.host}: {said(error)}") from None

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await client.__aexit__(None, None, None)


async def _told_by_send(error: Exception) -> None:
    """What went wrong comes out of `send`; the client need not log it with a traceback as well."""


class _Nats:
    """Into JetStream: a message without a stream for its subject would be gone unseen, so it counts as not arrived."""

    def __init__(self, to: Nats, secret: str, outside: Outside) -> None:
        self._to = to
        self._secret = secret
        self._address = Address(to.url, outside)
        self._client: Any = None

    async def send(self, items: Sequence[Item]) -> None:
        import nats.errors
        import nats.js.errors

        await self._address.check()
        try:
            async with asyncio.timeout(ANSWER_S):
                if self._client is None:
                    self._client = await self._connect()
                stream = self._client.jetstream()
                for item in items:
                    subject = named(self._to.subject, item)
                    await stream.publish(subject, item.body, headers={"Nats-Msg-Id": item.id})
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
            await self.close()
            raise unreachable(f"{self._address.host}: {said(error)}") from None

    async def _connect(self) -> Any:
        import nats

        user, secret = self._to.user, self._secret
        return await nats.connect(
            self._to.url,
            user=user or None,
            password=secret if user else None,
            token=(secret or None) if not user else None,
            tls=tls(self._to.ca) if self._address.scheme == "tls" else None,
            allow_reconnect=False,
            connect_timeout=10,
            error_cb=_told_by_send,
        )

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await client.close()
