"""The live view: what owners publish, handed to every WebSocket client that subscribed to it.

Knows subscriptions and coalescing. Holds no truth, keeps no history and knows no sockets: a client is drained by
`unisono.api.live.socket`. Bounds: a client holds at most one change per thing (the newest value of a property wins), so
a slow client's memory is bounded by the number of things, and it is cut off at `MAX_PENDING_THINGS`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from unisono.api.alarms.shapes import alarm
from unisono.api.times import iso
from unisono.errors import CallerError, UnisonoError
from unisono.scene.alarm.talk import AlarmView, LiveAlarms
from unisono.twin import talk

__all__ = ["Change", "Client", "LiveView", "Subscription", "Whereabouts"]

log = logging.getLogger(__name__)

# a client this far behind gets nothing useful any more; it is told and may come back
MAX_PENDING_THINGS = 100_000

# a page or program needs a handful; more is a fault or an attack
MAX_SUBSCRIPTIONS = 256

# sockets of all people and programs together; each costs some 50 KB
MAX_CLIENTS = 1000

# owners publish for WATCH_S after each request, so one lost request does not interrupt the view
WATCH_EVERY_S = 3.0
WATCH_S = 10.0

# things whose place is remembered for filtering; at the bound all are forgotten and looked up again
MAX_KNOWN_THINGS = 200_000

_encode = msgspec.json.Encoder(enc_hook=str).encode


class Subscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client wants to see: all fields that are not null must hold; a place includes everything below it."""

    place: str | None = None
    thing: str | None = None
    trait: str | None = None


class Whereabouts(msgspec.Struct, frozen=True, gc=False):
    """What filtering needs to know of a thing: its place and all above it, and the trait of each property key."""

    places: frozenset[str]
    traits: Mapping[str, str]


NOWHERE = Whereabouts(frozenset(), {})


class _Value(msgspec.Struct, gc=False):
    value: Any
    at: str


class _Frame(msgspec.Struct, gc=False):
    """A change as it is sent."""

    thing: str
    changed: dict[str, _Value]
    at: str
    online: bool | UnsetType = UNSET


class Change:
    """What changed in one thing and is not sent yet; its JSON text is made once and shared by all clients."""

    __slots__ = ("_text", "at", "changed", "online", "thing")

    def __init__(self, thing: str, changed: dict[str, tuple[Any, int]], at: int, online: bool | None) -> None:
        self.thing = thing
        self.changed = changed
        self.at = at
        self.online = online
        self._text: bytes | None = None

    def text(self) -> bytes:
        """The frame's JSON."""
        if self._text is None:
            said, stamp = self.at, iso(self.at)
            changed = {}
            for key, (value, at) in self.changed.items():
                if at != said:  # mostly all of one report: a time is made once, which is half of the work
                    said, stamp = at, iso(at)
                changed[key] = _Value(value, stamp)
            self._text = _encode(
                _Frame(self.thing, changed, iso(self.at), UNSET if self.online is None else self.online)
            )
        return self._text

    def followed_by(self, later: Change) -> Change:
        """Both as one change; where both speak of a property, the later one's value stands."""
        online = self.online if later.online is None else later.online
        return Change(self.thing, {**self.changed, **later.changed}, later.at, online)

    def only(self, keys: Iterable[str]) -> Change:
        """The part that speaks of ``keys``, and of being online."""
        kept = {key: self.changed[key] for key in keys}
        return self if len(kept) == len(self.changed) else Change(self.thing, kept, self.at, self.online)


class Client:
    """One subscriber: its subscriptions and what waits to be sent to it.

    ``visible``: the places whose things it may see (with all below), None for every place. ``gather_s``: it wants many
    frames as one, no more often than that. ``first``: the things that somebody looks at; they do not wait for it.
    """

    def __init__(self, visible: frozenset[str] | None) -> None:
        self.visible = visible
        self.subscriptions: list[Subscription] = []
        self.overflowed = False
        self.gather_s = 0.0
        self.first: frozenset[str] = frozenset()
        self._first: dict[str, Change] = {}
        self._pending: dict[str, Change] = {}
        self._others: dict[str, bytes] = {}
        self._gathering = False
        self._wake = asyncio.Event()

    def offer(self, change: Change) -> None:
        """Queue ``change``, joined with what already waits for that thing."""
        now = change.thing in self.first
        mine, other = (self._first, self._pending) if now else (self._pending, self._first)
        # a thing waits in one of them only: what it said later is never sent before what it said earlier
        waiting = mine.get(change.thing) or other.pop(change.thing, None)
        if waiting is not None:
            mine[change.thing] = waiting.followed_by(change)
        elif len(self._first) + len(self._pending) >= MAX_PENDING_THINGS:
            self.overflowed = True
        else:
            mine[change.thing] = change
        if now or not self._gathering or self.overflowed:
            self._wake.set()

    def look(self, things: Iterable[str]) -> None:
        """From now on somebody looks at ``things``, and at no others: what waits of them waits no longer."""
        self.first = frozenset(things)
        for thing in [each for each in self._pending if each in self.first]:
            self._first[thing] = self._pending.pop(thing)
            self._wake.set()

    def offer_other(self, key: str, text: bytes) -> None:
        """Queue a frame that is no change of a thing; a newer one of the same ``key`` replaces it."""
        if key not in self._others and len(self._others) >= MAX_PENDING_THINGS:
            self.overflowed = True
        else:
            self._others[key] = text
        if not self._gathering or self.overflowed:
            self._wake.set()

    async def next_texts(self) -> list[bytes]:
        """All that is to be sent now, as JSON texts, oldest thing first; waits until there is something.

        For ``gather_s`` after all was sent only the changes of ``first`` are. Raises CallerError ``too_many`` when the
        client fell behind its bound.
        """
        await self._wake.wait()
        self._wake.clear()
        if self.overflowed:
            raise CallerError(
                "This connection does not read fast enough and was cut off", code="too_many", mend="Connect again"
            )
        first, self._first = self._first, {}
        texts = [change.text() for change in first.values()]
        if self._gathering:
            return texts
        pending, self._pending = self._pending, {}
        others, self._others = self._others, {}
        texts.extend(others.values())
        texts.extend([change.text() for change in pending.values()])
        if self.gather_s:
            self._gathering = True
            asyncio.get_running_loop().call_later(self.gather_s, self._gathered)
        return texts

    def _gathered(self) -> None:
        self._gathering = False
        if self._pending or self._others:
            self._wake.set()

    def follows(self, places: frozenset[str]) -> bool:
        """Whether this client follows whatever happens at a place, given with all places above it, and may see it."""
        if self.visible is not None and self.visible.isdisjoint(places):
            return False
        return any(
            each.thing is None and each.trait is None and (each.place is None or each.place in places)
            for each in self.subscriptions
        )

    def wants(self, change: Change, where: Whereabouts) -> Change | None:
        """The part of ``change`` that this client subscribed to and may see; None when there is none."""
        if self.visible is not None and self.visible.isdisjoint(where.places):
            return None
        keys: set[str] = set()
        found = False
        for each in self.subscriptions:
            if (each.thing is not None and each.thing != change.thing) or (
                each.place is not None and each.place not in where.places
            ):
                continue
            if each.trait is None:
                return change
            for key in change.changed:
                if key == each.trait or where.traits.get(key) == each.trait:
                    keys.add(key)
                    found = True
            found = found or change.online is not None
        return change.only(key for key in change.changed if key in keys) if found else None


class LiveView:
    """All clients and the owners' live subjects.

    ``look_up`` finds the `Whereabouts` of things (unknown ids are left out); ``watch`` asks the owners to publish.
    """

    def __init__(
        self,
        look_up: Callable[[Sequence[str]], Awaitable[Mapping[str, Whereabouts]]],
        watch: Callable[[float], Awaitable[None]],
        show_command: Callable[[talk.CommandView], Any],
    ) -> None:
        self._look_up = look_up
        self._watch = watch
        self._show_command = show_command
        self._clients: set[Client] = set()
        self._known: dict[str, Whereabouts] = {}
        self._unknown: dict[str, Change] = {}
        self._unknown_commands: dict[str, talk.CommandView] = {}
        self._unknown_alarms: dict[str, AlarmView] = {}
        self._renewed: set[str] = set()
        self._watched_until = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._somebody = asyncio.Event()
        self._strangers = asyncio.Event()
        self._decoder = msgspec.msgpack.Decoder(talk.Live)

    @property
    def clients(self) -> int:
        """How many look."""
        return len(self._clients)

    def start(self) -> None:
        """Begin to keep owners publishing and to look up things; ends with `stop`."""
        self._tasks = [
            asyncio.create_task(self._keep_watching(), name="live-watch"),
            asyncio.create_task(self._resolve(), name="live-look-up"),
        ]

    async def stop(self) -> None:
        """End the tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def join(self, client: Client) -> None:
        """Take a client in; when it returns, what happens from now on reaches it. Raises CallerError ``too_many``."""
        if len(self._clients) >= MAX_CLIENTS:
            raise CallerError(f"{MAX_CLIENTS} live connections are open", code="too_many", mend="Close one")
        self._clients.add(client)
        self._somebody.set()
        if asyncio.get_running_loop().time() > self._watched_until - WATCH_EVERY_S:
            await self._ask_to_publish()

    def leave(self, client: Client) -> None:
        """Let a client go; safe to call twice."""
        self._clients.discard(client)
        if not self._clients:
            self._somebody.clear()

    def forget(self, things: Iterable[str] | None = None) -> None:
        """``things`` (None: all) were moved or changed: look them up again when they next speak."""
        if things is None:
            self._known.clear()
        else:
            for thing in things:
                self._known.pop(thing, None)

    def renew(self, things: Iterable[str], removed: Iterable[str] = ()) -> None:
        """``things`` were added or changed, or are no more: those that follow them are told, whatever they say."""
        gone = frozenset(removed)
        for thing in gone:
            # where it was cannot be looked up any more: if it is not known, those are told who see everything
            self._tell_of(thing, self._known.pop(thing, NOWHERE), there=False)
        others = [each for each in things if each not in gone]
        self.forget(others)
        if others and self._clients:
            self._renewed.update(others)
            for thing in others:
                self._unknown.setdefault(thing, Change(thing, {}, 0, None))
            self._strangers.set()

    def _tell_of(self, thing: str, where: Whereabouts, *, there: bool) -> None:
        text = _encode({"thing": thing, "there": there})
        for client in self._clients:
            if client.wants(Change(thing, {}, 0, True), where) is not None:
                client.offer_other(f"thing {thing}", text)

    def receive(self, payload: bytes) -> None:
        """Take one `talk.Live` message of an owner; called by the bus."""
        if not self._clients:
            return
        try:
            message = self._decoder.decode(payload)
        except msgspec.DecodeError as error:
            log.warning("a live message could not be read: %s", error)
            return
        for each in message.changes:
            self._dispatch(Change(each.thing, each.changed, each.at, each.online))
        for command in message.commands:
            self._dispatch_command(command)

    def tell(self, key: str, places: frozenset[str], text: bytes) -> None:
        """Give a frame about a place (with all above it) to those that follow it; none for a place that is not known.

        A newer one of the same ``key`` replaces it where it still waits.
        """
        for client in self._clients if places else ():
            if client.follows(places):
                client.offer_other(key, text)

    def receive_alarms(self, payload: bytes) -> None:
        """Take one `LiveAlarms` message of an owner; called by the bus."""
        if not self._clients:
            return
        try:
            message = msgspec.msgpack.decode(payload, type=LiveAlarms)
        except msgspec.DecodeError as error:
            log.warning("a live message about alarms could not be read: %s", error)
            return
        for each in message.alarms:
            self._dispatch_alarm(each)

    def _dispatch(self, change: Change) -> None:
        where = self._known.get(change.thing)
        if where is None:
            waiting = self._unknown.get(change.thing)
            self._unknown[change.thing] = change if waiting is None else waiting.followed_by(change)
            self._strangers.set()
            return
        for client in self._clients:
            wanted = client.wants(change, where)
            if wanted is not None:
                client.offer(wanted)

    def _dispatch_command(self, command: talk.CommandView) -> None:
        where = self._known.get(command.thing)
        if where is None:
            self._unknown_commands[command.id] = command
            self._unknown.setdefault(command.thing, Change(command.thing, {}, command.at, None))
            self._strangers.set()
            return
        probe = Change(command.thing, {}, command.at, True)
        text: bytes | None = None
        for client in self._clients:
            if client.wants(probe, where) is not None:
                if text is None:
                    text = _encode({"thing": command.thing, "command": self._show_command(command)})
                client.offer_other(command.id, text)

    def _dispatch_alarm(self, view: AlarmView) -> None:
        where = self._known.get(view.thing)
        if where is None:
            self._unknown_alarms[view.id] = view
            self._unknown.setdefault(view.thing, Change(view.thing, {}, view.raised, None))
            self._strangers.set()
            return
        probe = Change(view.thing, {}, view.raised, True)
        text: bytes | None = None
        for client in self._clients:
            if client.wants(probe, where) is not None:
                if text is None:
                    text = _encode({"thing": view.thing, "alarm": alarm(view)})
                client.offer_other(f"alarm {view.id}", text)

    async def _resolve(self) -> None:
        """Look up things that spoke for the first time; what they said meanwhile waits, joined per thing."""
        while True:
            await self._strangers.wait()
            self._strangers.clear()
            ids = list(self._unknown)
            try:
                found = await self._look_up(ids)
            except UnisonoError as error:
                log.warning("live view: cannot look up %d things: %s", len(ids), error)
                await asyncio.sleep(1)
                self._strangers.set()
                continue
            if len(self._known) + len(found) > MAX_KNOWN_THINGS:
                self._known.clear()
            self._known.update(found)
            for thing in ids:
                change = self._unknown.pop(thing)
                if thing in self._renewed:
                    self._renewed.discard(thing)
                    if thing in found:
                        self._tell_of(thing, found[thing], there=True)
                if thing in found and (change.changed or change.online is not None):
                    self._dispatch(change)
            commands, self._unknown_commands = self._unknown_commands, {}
            for command in commands.values():
                if command.thing in found:
                    self._dispatch_command(command)
            alarms, self._unknown_alarms = self._unknown_alarms, {}
            for view in alarms.values():
                if view.thing in found:
                    self._dispatch_alarm(view)

    async def _keep_watching(self) -> None:
        while True:
            await self._somebody.wait()
            await self._ask_to_publish()
            await asyncio.sleep(WATCH_EVERY_S)

    async def _ask_to_publish(self) -> None:
        try:
            await self._watch(WATCH_S)
        except UnisonoError as error:
            log.warning("live view: an owner does not answer: %s", error)
        else:
            self._watched_until = asyncio.get_running_loop().time() + WATCH_S
