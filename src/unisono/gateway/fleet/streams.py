"""The streams of other gateways, as a gateway reaches them: `unisono.gateway.fleet.peers.Reach` over NATS."""

from __future__ import annotations

from unisono.gateway.fleet.moving import JOURNALS, PASSED
from unisono.gateway.fleet.peers import PASSED_BYTES, Pair
from unisono.gateway.sessions.keeper import JOURNAL_BYTES, read_journal
from unisono.store.connection import Connection
from unisono.store.log import Log

__all__ = ["Streams"]


class Streams:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open: list[Log] = []

    async def stream_of(self, gateway: str) -> Log:
        log = await Log.open(self._connection, gateway, max_bytes=PASSED_BYTES, kind=PASSED)
        self._open.append(log)
        return log

    async def left_by(self, gateway: str) -> list[Pair]:
        journal = await Log.open(self._connection, gateway, max_bytes=JOURNAL_BYTES, kind=JOURNALS)
        try:
            ledger, _size = await read_journal(journal)
        finally:
            await journal.close()
        return [(record.root, filter) for record in ledger.records.values() for filter in record.subscriptions]

    async def close(self) -> None:
        for log in self._open:
            await log.close()
