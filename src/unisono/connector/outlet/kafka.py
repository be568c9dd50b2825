"""Kafka as a receiver: one record an item, acknowledged by all replicas that are in sync.

Loads aiokafka (the extra ``kafka``). The producer is idempotent: what it sends again itself is there once; after a
restart of the hub the header ``id`` tells a repetition. A cluster says itself which brokers it has: each of them must
be one that may be called.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from unisono.access import Outside
from unisono.connector.outlet.address import ANSWER_S, Address, said, tls, unreachable
from unisono.twin.outlet import Item, Kafka

__all__ = ["KafkaReceiver"]

#: One request: shorter than what a batch may take, so that a leader that went is found anew within it.
REQUEST_MS = 10_000


class KafkaReceiver:
    """One producer; ``id`` is its name at the brokers."""

    def __init__(self, to: Kafka, id: str, secret: str, outside: Outside) -> None:
        self._to = to
        self._id = id
        self._secret = secret
        self._outside = outside
        self._scheme, _colon, hosts = to.url.partition("://")
        self._addresses = [Address(f"{self._scheme}://{host}", outside) for host in hosts.split(",")]
        self._producer: Any = None

    async def send(self, items: Sequence[Item]) -> None:
        try:
            from aiokafka.errors import KafkaError
        except ImportError:
            raise unreachable("aiokafka is not installed: pip install 'unisono[kafka]'") from None
        for address in self._addresses:
            await address.check()
        name = ", ".join(address.host for address in self._addresses)
        try:
            async with asyncio.timeout(ANSWER_S):
                if self._producer is None:
                    await self._look_around()
                    await self._start()
                await self._check_brokers(self._producer.client)
                arrivals = [
                    await self._producer.send(
                        self._to.topic, item.body, key=item.thing.encode(), headers=[("id", item.id.encode())]
                    )
                    for item in items
                ]
                await asyncio.gather(*arrivals)
        except (KafkaError, TimeoutError, OSError) as error:
            await self.close()
            raise unreachable(f"{name}: {said(error)}") from None
        except BaseException:
            await self.close()
            raise

    async def _look_around(self) -> None:
        """Ask which brokers there are before anything goes to one that was not named."""
        from aiokafka.client import AIOKafkaClient

        client = AIOKafkaClient(**self._way())
        try:
            await client.bootstrap()
            await self._check_brokers(client)
        finally:
            await client.close()

    async def _check_brokers(self, client: Any) -> None:
        for broker in client.cluster.brokers():
            await Address(f"{self._scheme}://{broker.host}:{broker.port}", self._outside).check()

    async def _start(self) -> None:
        from aiokafka import AIOKafkaProducer

        producer = AIOKafkaProducer(**self._way(), acks="all", enable_idempotence=True)
        self._producer = producer  # closed also when it does not come to be
        await producer.start()

    def _way(self) -> dict[str, Any]:
        secure = self._scheme == "kafkas"
        way: dict[str, Any] = {
            "bootstrap_servers": [f"{address.host}:{address.port}" for address in self._addresses],
            "client_id": self._id,
            "request_timeout_ms": REQUEST_MS,
            "security_protocol": ("SASL_" if self._to.user else "") + ("SSL" if secure else "PLAINTEXT"),
            "ssl_context": tls(self._to.ca) if secure else None,
        }
        if self._to.user:
            way |= {
                "sasl_mechanism": self._to.mechanism,
                "sasl_plain_username": self._to.user,
                "sasl_plain_password": self._secret,
            }
        return way

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(ANSWER_S):
                    await producer.stop()
