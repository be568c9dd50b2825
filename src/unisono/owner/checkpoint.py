"""Checkpoints of the twins: when, in which order with history, and what to do when one is damaged.

Knows `Checkpoints` of the registry. A damaged checkpoint is put together again from the registry (things and models),
history (last values) and the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from unisono.errors import HostError, UnisonoError
from unisono.owner.folding import Folding, new_folding
from unisono.owner.views import audit_row
from unisono.scene.alarm.facts import Transition
from unisono.scene.running.engine import Engine
from unisono.store.history import History
from unisono.store.registry import AuditRow
from unisono.store.registry.checkpoints import Checkpoints
from unisono.store.registry.rows import AlarmLineRow
from unisono.twin.outcome import Outcome
from unisono.twin.partition import Partition
from unisono.twin.twin import Twin

if TYPE_CHECKING:
    from unisono.owner.owner import Owner

__all__ = ["Checkpointer", "Loaded"]

logger = logging.getLogger(__name__)

#: How often changed twins are saved, and after how many folded bytes sooner: it bounds what a restart replays
#: (64 MB are about a million messages, two seconds).
INTERVAL_S = 10.0
BYTES = 64 * 1024 * 1024
LEAST_INTERVAL_S = 3.0
#: The log keeps this much behind the sinks for whoever wants to look back; given up before anything is refused.
REPLAY_WINDOW_BYTES = 256 * 1024 * 1024
#: So many lines of alarms' history are a flood: they are kept sooner.
ALARM_LINES = 10_000
#: Of that history so much is kept: five years, as of history's five-minute figures, and a million lines (some 190 MB);
#: the newest stay whatever the clock says. Looked after so often.
ALARM_DAYS = 5 * 366
ALARM_LINES_KEPT = 1_000_000
ALARM_LINES_LEAST = 50_000
TIDY_S = 3600.0
DAY_US = 86_400 * 1_000_000
RETRY_S = 2.0
#: Lines of the commands' audit that wait for a checkpoint, some 150 MB.
AUDIT_WAITING = 500_000
#: A last checkpoint on the way out may take so long: well within what the hub waits for its processes.
LAST_S = 15.0


class Loaded(NamedTuple):
    """A partition as it was saved, in its fold, and what was wrong with it. ``muted``: what scenes had done is lost;
    ``told``: what the computed things whose state is lost had told last."""

    folding: Folding
    log_id: str
    troubles: list[str]
    muted: bool = False
    told: Mapping[str, Mapping[str, Any]] = {}


class Read(NamedTuple):
    """What the registry held: the rows that were damaged as (key, reason), or why none can be read. ``empty``: it held
    nothing."""

    folding: Folding
    log_id: str
    damaged: list[tuple[str, str]]
    unreadable: str | None
    empty: bool = False


class Checkpointer:
    """``epoch`` is the owner's lease: a checkpoint of an earlier owner is refused by the registry. ``log_bytes`` is the
    log's bound."""

    def __init__(
        self, checkpoints: Checkpoints, registry_url: str, partition: str, epoch: int, *, log_bytes: int
    ) -> None:
        self._checkpoints = checkpoints
        self._registry_url = registry_url
        self._partition = partition
        self._epoch = epoch
        self._twins: dict[Twin, None] = {}
        self._commands: dict[str, None] = {}
        self._audit: list[AuditRow] = []
        self._writing: list[AuditRow] = []
        self._lost = 0
        self._task: asyncio.Task[None] | None = None
        self._bytes_at = 0
        # a small log gives a smaller window, so that there is always room to go on
        self._window = min(REPLAY_WINDOW_BYTES, log_bytes // 2)
        self._bytes = min(BYTES, log_bytes // 8)
        self._reading: asyncio.Task[Read] | None = None
        self.position = 0
        self.trouble: str | None = None

    def begin(self) -> None:
        """Begin to read what was saved, while history opens. The lease must be held: nobody else saves any more."""
        self._reading = asyncio.create_task(self._read(), name="checkpoint-read")

    async def _read(self) -> Read:
        folding = new_folding()
        partition = folding.fold.partition
        saved = await self._checkpoints.load_checkpoint(self._partition)
        if saved is None:
            return Read(folding, "", [], None, empty=True)
        try:
            partition.restore_state(saved.state)
        except (msgspec.DecodeError, ValueError) as error:
            return Read(folding, "", [], str(error))
        rows = await self._checkpoints.load_checkpoint_twins(self._partition)
        return Read(folding, saved.log_id, partition.restore_rows(rows), None)

    async def load(self, history: History, first: int) -> Loaded:
        """What was saved, or an empty partition. Damage is mended where the other engines allow, and reported.
        ``first``: where the log begins."""
        if self._reading is None:
            self.begin()
        assert self._reading is not None
        folding, log_id, damaged, unreadable, empty = await self._reading
        partition = folding.fold.partition
        self._reading = None
        if unreadable is not None:
            return await self._from_scratch(history, f"was damaged ({unreadable})")
        if empty and first > 1 and history.position()[1]:
            return await self._from_scratch(history, "is gone, and the log no longer holds all that led to it")
        self.position = partition.position
        told: Mapping[str, Mapping[str, Any]] = {}
        if damaged:
            told = await self._mend(partition, history, {key.rpartition(":")[2] for key, _reason in damaged})
        scenes = any(key.startswith(Engine.name + ":") for key, _reason in damaged)
        return Loaded(folding, log_id, [_damage(key, reason) for key, reason in damaged], scenes, told)

    async def _mend(
        self, partition: Partition, history: History, damaged: Collection[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        from unisono.owner.recover import recover_things

        told = await recover_things(partition, self._registry_url, self._partition, history)
        self._twins = dict.fromkeys(partition.things.values())
        self.position = -1  # the next checkpoint writes every row anew, and is due in any case
        return {id: values for id, values in told.items() if id in damaged}

    async def _from_scratch(self, history: History, reason: str) -> Loaded:
        from unisono.owner.recover import recover_things

        folding = new_folding()
        partition = folding.fold.partition
        partition.next_series = max((number for number, _thing, _property in history.series()), default=0) + 1
        told = await recover_things(partition, self._registry_url, self._partition, history)
        self._twins = dict.fromkeys(partition.things.values())
        text = f"the checkpoint {reason}: twins were put together from registry, history and log"
        return Loaded(folding, "", [text], True, told)

    def rebased(self) -> None:
        """The position went back, since the log is another one: the next checkpoint is due whatever it is."""
        self.position = -1

    def changed(self, outcome: Outcome) -> None:
        """Remember what the next checkpoint has to write."""
        self._twins.update(dict.fromkeys(outcome.touched))
        self._commands.update(outcome.moved)
        if outcome.audit:
            self._audit += [audit_row(each, self._partition) for each in outcome.audit]
            if len(self._audit) > AUDIT_WAITING:
                self._forget_audit()

    def _forget_audit(self) -> None:
        """The registry has not been written for long: the oldest lines of the audit give way, and that is said."""
        gone = len(self._audit) - AUDIT_WAITING // 2
        del self._audit[:gone]
        self._lost += gone
        logger.error("the registry cannot be written: %d lines of the commands' audit are lost so far", self._lost)

    @property
    def unwritten(self) -> Iterator[AuditRow]:
        """Lines of the audit that the registry does not hold yet, in their order."""
        return chain(self._writing, self._audit)

    def start(self, owner: Owner) -> None:
        self._task = asyncio.create_task(self._keep_saving(owner), name="checkpoints")

    async def _keep_saving(self, owner: Owner) -> None:
        loop = asyncio.get_running_loop()
        saved_at = loop.time() - INTERVAL_S  # what was replayed is soon saved: the next crash must not replay it again
        tidied_at = loop.time() - TIDY_S
        while True:
            await asyncio.sleep(1.0)
            if loop.time() - tidied_at > TIDY_S:
                tidied_at = loop.time()
                await self.tidy(owner)
            folded = owner.folded_bytes - self._bytes_at
            age = loop.time() - saved_at
            much = folded > self._bytes or len(owner.alarms.new) > ALARM_LINES
            if owner.position > self.position and (age > INTERVAL_S or (age > LEAST_INTERVAL_S and much)):
                try:
                    await self.save(owner)
                    self.trouble = None
                except UnisonoError as error:
                    if self.trouble is None:
                        logger.error("the checkpoint could not be saved, trying again: %s", error)
                    self.trouble = str(error)
                    await asyncio.sleep(RETRY_S)
                saved_at = loop.time()

    async def save(self, owner: Owner) -> None:
        """Save the state as it is now, after history has committed up to it; then let the log go behind both."""
        owner.hand_on()  # what is folded but not yet handed on belongs to this position too
        position = owner.position
        twins, self._twins = self._twins, {}
        commands, self._commands = self._commands, {}
        audit, self._audit = self._audit, []
        self._writing = audit
        state, rows, removed = owner.partition.saved(twins, commands)
        lines = [_alarm_line(self._partition, line) for line in owner.alarms.take()]
        try:
            await owner.sink.flush(position)
            await owner.results.flush()
            await self._checkpoints.save_checkpoint(
                self._partition, owner.log.log_id, position, self._epoch, state, rows, removed, lines, audit
            )
        except BaseException:
            # what was not written is changed still
            self._twins = twins | self._twins
            self._commands = commands | self._commands
            self._audit = audit + self._audit
            owner.partition.not_saved(removed)
            owner.alarms.not_kept()
            raise
        finally:
            self._writing = []
        owner.alarms.kept()
        self.position = position
        await self._trim(owner)

    async def tidy(self, owner: Owner) -> None:
        """Drop what is beyond the bounds of the alarms' history."""
        before = owner.clock.wall - ALARM_DAYS * DAY_US
        bounds = {"before": before, "most": ALARM_LINES_KEPT, "least": ALARM_LINES_LEAST}
        try:
            gone = await self._checkpoints.trim_alarm_history(self._partition, newest=owner.alarms.number, **bounds)
        except UnisonoError as error:
            logger.error("the alarms' history stays longer than it should: %s", error)
        else:
            if gone:
                logger.info("partition %s: %d old lines of the alarms' history were dropped", self._partition, gone)

    async def _trim(self, owner: Owner) -> None:
        """Purge what neither a sink nor the recognition of resends needs, beyond the replay window."""
        first, last, size = await owner.log.bounds()
        self._bytes_at = owner.folded_bytes
        if size <= self._window or last < first:
            return
        beyond = first + int((last - first + 1) * (1 - self._window / size))
        again = owner.partition.resends.first or self.position
        safe = min(beyond, self.position, owner.sink.position, again)
        if safe > first:
            await owner.log.purge(safe)

    async def stop(self, owner: Owner) -> None:
        """A last checkpoint."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            if owner.position > self.position and owner.ready.is_set():
                if owner.results.trouble is not None:
                    raise HostError(owner.results.trouble, code="log_unavailable")
                if owner.sink.trouble is not None:
                    raise HostError(f"history takes nothing: {owner.sink.trouble}", code="history_unavailable")
                async with asyncio.timeout(LAST_S):
                    await self.save(owner)
        except TimeoutError as error:
            raise HostError("history did not take the last rows in time", code="history_unavailable") from error
        finally:
            await self._checkpoints.close()


def _alarm_line(partition: str, line: Transition) -> AlarmLineRow:
    by = f"{line.by.get('kind', '')}:{line.by.get('id', '')}" if line.by else ""
    value = msgspec.json.encode(line.value, enc_hook=str).decode()
    place = (line.definition, line.thing, line.place, line.root)
    became = (line.severity, line.act, line.before, line.after)
    return AlarmLineRow(line.at, partition, line.number, *place, *became, value, line.text, by, line.comment)


def _damage(key: str, reason: str) -> str:
    """What became of a damaged row, in words."""
    if key == "dead":
        return f"the list of dead letters was damaged ({reason}) and begins anew"
    if key.startswith("command:"):
        return f"{key} was damaged ({reason}) and is forgotten"
    if key.startswith("scene:"):
        return f"{key} was damaged ({reason}): scenes come from the registry again, what was under way is forgotten"
    return f"checkpoint row {key} was damaged ({reason}) and put together again from registry, history and log"
