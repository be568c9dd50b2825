"""What outlets read: the log of a partition with what devices say, and the stream of results that its owner finds.

Knows the shapes of both. Sending is `unisono.connector.outlet.worker`'s.
"""

from __future__ import annotations

import msgspec

from unisono.connector.outlet.receiver import Receiver
from unisono.connector.outlet.worker import Worker
from unisono.scene.onward import Results
from unisono.store.log import Log
from unisono.store.registry import Registry
from unisono.thing import builtin_models, dump_model
from unisono.twin.outlet import RESULTS_BYTES, RESULTS_STREAM, Extract, Item, Outlet
from unisono.twin.record import weigh_batch

__all__ = ["LogWorker", "ResultWorker"]

PAGE = 1_000

_decode_results = msgspec.msgpack.Decoder(Results).decode


class LogWorker(Worker):
    """Changes and events of devices, from the log itself."""

    source = "log"
    unit = "messages of the log"

    def __init__(self, outlet: Outlet, receiver: Receiver, log: Log, registry: Registry, partition: str) -> None:
        super().__init__(outlet, receiver, log, registry, partition)
        self._extract = Extract(outlet)

    async def _open(self, log: Log) -> Log:
        self._extract = Extract(self.outlet)
        return log

    async def _close(self, stream: Log) -> None:
        """It is everybody's."""

    def _start(self, first: int, last: int) -> int:
        return last

    def _begin(self) -> int:
        """Further back: what a device said last it may say again, if it had no answer."""
        return min(self._state.seq + 1, self._state.again or self._state.seq + 1)

    def _again(self) -> int:
        return min(self._extract.again, self._state.seq + 1)

    async def _furnish(self) -> None:
        """Which places, things and models there are."""
        after: str | None = None
        while places := await self.registry.list_places(after=after, limit=PAGE):
            for place in places:
                self._extract.put_place(place.id, place.parent)
            after = places[-1].id
        after = None
        known: set[tuple[str, int]] = set()
        while things := await self.registry.find_things(partition=self.partition, after=after, limit=PAGE):
            for thing in things:
                key = (thing.model, thing.model_version)
                if key not in known:
                    known.add(key)
                    document = await _document(self.registry, *key)
                    if document is not None:
                        self._extract.put_model(*key, document)
                self._extract.put_thing(thing.id, thing.place, *key)
            after = things[-1].id

    def _jumped(self, seq: int) -> None:
        self._skipped(seq - self._read_to - 1, seq - 1)
        self._read_to = seq - 1

    def _message(self, seq: int, payload: bytes) -> None:
        if seq > self._read_to + 1:
            self._jumped(seq)
        try:
            size, batch = weigh_batch(payload)
        except msgspec.DecodeError:
            self._read_to = max(self._read_to, seq)
            return  # the owner says so when it meets the like
        self._extract.look_back(seq, size, batch)
        if seq > self._read_to:
            self._read_to = seq
            self._take(self._extract.take(self._name, seq, batch))


class ResultWorker(Worker):
    """Computed values, commands, alarms and runs of scenes, from what the owner keeps for outlets. ``created`` tells an
    outlet from an earlier one of the same id."""

    source = "results"
    unit = "items"

    def __init__(
        self, outlet: Outlet, receiver: Receiver, log: Log, registry: Registry, partition: str, created: int
    ) -> None:
        super().__init__(outlet, receiver, log, registry, partition)
        self._created = created
        self._count = 0

    async def _open(self, log: Log) -> Log:
        return await log.beside(RESULTS_STREAM, max_bytes=RESULTS_BYTES)

    async def _close(self, stream: Log) -> None:
        await stream.close()

    def _start(self, first: int, last: int) -> int:
        """From the beginning: what is there for this outlet came after it was added."""
        return first - 1

    async def _furnish(self) -> None:
        self._count = self._state.count

    def _jumped(self, seq: int) -> None:
        """The numbers of results say how many of them were for this outlet."""
        self._read_to = seq - 1

    def _message(self, seq: int, payload: bytes) -> None:
        self._read_to = seq
        kept = _decode_results(payload)
        for result in kept.results:
            if (result.outlet, result.created) != (self.outlet.id, self._created):
                continue
            if result.count > self._count + 1:
                self._skipped(result.count - self._count - 1, seq - 1)
            self._count = result.count
            id = f"{self.partition}-{kept.log[:8]}-r{result.number}"
            body = b'{"id":"%s",%s' % (id.encode(), result.body[1:])
            self._take([Item(seq, id, result.about, result.what, body, result.count)])


async def _document(registry: Registry, model: str, version: int) -> bytes | None:
    """The JSON of a model version; built-in ones are not in the registry."""
    found = await registry.get_model(model, version)
    if found is not None:
        return found.document.encode()
    builtin = builtin_models().get(model)
    return dump_model(builtin) if builtin is not None and builtin.version == version else None
