"""What the owner itself writes to the log, and commands on their way to things.

Knows the fold's outcomes, the log and the bus. Every entry goes into the log behind a tick, so that the fold knows the
time of it. What is not harmless to repeat is logged as `Sending` before it leaves: after a crash nobody repeats it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, NamedTuple

import msgspec

from unisono.errors import CallerError, UnisonoError
from unisono.owner.owner import Owner
from unisono.store.bus import Bus, NobodyError
from unisono.twin.command import Command, State
from unisono.twin.outcome import Outcome
from unisono.twin.record import Asked, Batch, Denied, Entry, Sending, Sent, Stopped, encode_batch
from unisono.twin.talk import SILENT, Down, down
from unisono.twin.twin import Twin

__all__ = ["Actor"]

logger = logging.getLogger(__name__)

SEND_TIMEOUT_S = 5.0
#: Effects on their way at a time.
SENDING = 256
#: What the place's policy refuses is kept for the audit; what was merely mistyped is not.
POLICY_CODES = frozenset({"not_allowed", "interlocked", "confirmation_required", "too_many"})

_encoder = msgspec.json.Encoder()


#: Answers after which nobody knows whether a gateway delivered: none came, or it stumbled.
UNCERTAIN = ("owner_unavailable", "internal")


class Stuck(NamedTuple):
    """What stood in a command's way."""

    why: str
    may_have_left: bool


class Actor:
    """Carries out what the fold wants done; started when the replay is over."""

    def __init__(self, owner: Owner, bus: Bus) -> None:
        self._owner = owner
        self._bus = bus
        self._tasks: set[asyncio.Task[None]] = set()
        self._flying: set[str] = set()
        self._slots = asyncio.Semaphore(SENDING)
        owner.on_outcome.append(self._outcome)
        owner.on_ready.append(self._ready)

    def _ready(self) -> None:
        """After a replay: send what waits and may be repeated, end what may have happened already."""
        again, unknown = self._owner.fold.control.after_replay()
        for id in again:
            self._spawn(self._effect(id))
        for id in unknown:
            self._spawn(self.told(Sent(id, self._at, False, "the hub stopped while sending; outcome unknown")))

    def _outcome(self, outcome: Outcome) -> None:
        for id in outcome.effects:
            self._spawn(self._effect(id))

    @property
    def _at(self) -> int:
        return self._owner.clock.wall

    async def append(self, *entries: Entry) -> int:
        """Append entries behind a tick; returns their log sequence."""
        tick = self._owner.clock.tick()
        batch = Batch(f"owner-{self._owner.log.partition}", tick.at, [tick, *entries])
        return await self._owner.log.append(encode_batch(batch))

    async def ask(self, asked: Asked) -> Command:
        """Check a command, log it and wait until it is folded; one that was asked before under its id is that one.

        Raises CallerError as `unisono.twin.control.Control.check`, and ``key_reused`` where the id stood for another.
        """
        control = self._owner.fold.control
        known = self._owner.partition.commands.get(asked.id)
        if known is not None:
            control.form(asked)
            return _the_same(known, asked)
        asked.at = self._at
        try:
            control.check(asked)
        except CallerError as error:
            if error.code in POLICY_CODES:
                await self.append(Denied(asked, error.code, error.detail))
            raise
        await self._owner.reached(await self.append(asked))
        return self._owner.partition.commands[asked.id]

    async def cancel(self, id: str, by: dict[str, str]) -> Command:
        """End a command that has not left yet. Raises CallerError ``not_found``, ``too_late``."""
        command = self._owner.partition.commands.get(id)
        if command is None:
            raise CallerError(f"there is no command {id[:80]!r}", code="not_found", field="id")
        leaving = id in self._flying or f"desired:{command.asked.thing}" in self._flying
        if command.state is not State.QUEUED or command.sending or leaving:
            state = "is leaving at this moment" if leaving and command.open else f"is {command.state.value}"
            raise CallerError(
                f"the command {state}; only what has not left can be cancelled",
                code="too_late",
                mend="Ask the thing for what you want instead",
            )
        who = by.get("id") or "somebody"
        await self.told(Stopped(id, self._at, by, f"{who} cancelled it"))
        return command

    async def denied(self, denied: Denied) -> None:
        """Keep for the audit what another door refused."""
        denied.asked.at = self._at
        await self.append(denied)

    # effects

    async def _effect(self, id: str) -> None:
        if id in self._flying:
            return  # wanted twice before the log could say that it left: once is what was meant
        self._flying.add(id)
        try:
            async with self._slots:
                if id.startswith("desired:"):
                    await self._send_desired(id.removeprefix("desired:"))
                elif id.startswith("again:"):
                    await self._send_command(id.removeprefix("again:"), State.SENT)
                else:
                    await self._send_command(id, State.QUEUED)
        finally:
            self._flying.discard(id)

    async def _send_command(self, id: str, state: State) -> None:
        command = self._owner.partition.commands.get(id)
        twin = self._owner.twin(command.asked.thing) if command else None
        if command is None or twin is None or command.state is not state:
            return
        control = self._owner.fold.control
        refusal = control.leaving(twin, command)
        if refusal is not None:  # the world changed since the fold let it go
            await self.told(Stopped(id, self._at, {"kind": "policy", "id": twin.root}, refusal.why, refusal.code))
            return
        asked = command.asked
        if not control.repeatable(twin, command):
            await self.append(Sending(id, self._at))
        if asked.call is not None:
            topic = f"call/{asked.call}"
            payload: dict[str, Any] = {"id": id, "input": asked.input or {}}
        else:
            topic = "set"
            payload = {"id": id, "state": asked.set}
        left = await self._deliver(twin, topic, _encoder.encode(payload))
        await self.told(self._sent(id, left))

    def _sent(self, id: str, left: Stuck | bytes) -> Sent:
        if isinstance(left, Stuck):
            return Sent(id, self._at, False, left.why, not left.may_have_left)
        return Sent(id, self._at, silent=left == SILENT)

    async def _send_desired(self, thing: str) -> None:
        twin = self._owner.twin(thing)
        if twin is None:
            return
        control = self._owner.fold.control
        values, commands = control.wanted(twin)
        payload = _encoder.encode({"state": values, "commands": commands})
        ids = list(dict.fromkeys(commands.values()))
        open_commands = self._owner.partition.commands
        once = [id for id in ids if not control.repeatable(twin, open_commands[id])]
        if once:
            await self.append(*(Sending(id, self._at) for id in once))
        left = await self._deliver(twin, "desired", payload)
        await self.told(*(self._sent(id, left) for id in ids))

    def desired(self, twin: Twin) -> bytes:
        """The payload of ``things/me/desired``."""
        values, commands = self._owner.fold.control.wanted(twin)
        return _encoder.encode({"state": values, "commands": commands})

    async def _deliver(self, twin: Twin, topic: str, payload: bytes) -> Stuck | bytes:
        """Hand a message to the gateway that holds the connection which listens for it; why it could not, or what the
        gateway says."""
        way = self._owner.fold.control.way(twin, topic.partition("/")[0])
        if way is None:
            return Stuck("the thing is not connected", False)
        link, gateway = way
        message = msgspec.msgpack.encode(Down(twin.id, link.id, topic, payload))
        try:
            return await self._bus.request(down(gateway), message, SEND_TIMEOUT_S)
        except UnisonoError as error:
            # nobody was there, or the gateway answered that it delivered to nobody: after a restart the fold still
            # takes a connection for open that went with its gateway
            left = not isinstance(error, NobodyError) and error.code in UNCERTAIN
            return Stuck(error.detail, left)

    async def told(self, *entries: Entry) -> None:
        """Log what became of an effect, and wait until it is folded: until then it must not be wanted again."""
        if entries:
            await self._owner.reached(await self.append(*entries))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("an effect failed: %s", error)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _the_same(known: Command, asked: Asked) -> Command:
    """The command that an id stands for. Raises CallerError ``key_reused`` when that was something else."""
    before = known.asked
    if (before.thing, before.set, before.call, before.input) != (asked.thing, asked.set, asked.call, asked.input):
        raise CallerError(
            "another command was asked for under this key",
            code="key_reused",
            field="key",
            expected="a new key for what is wanted now",
        )
    return known
