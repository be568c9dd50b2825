"""What every route needs, put together once: the engines it speaks to and the few facts it keeps.

Knows registry, bus, logs and the parts of this room. Built by `unisono.app`; holds no truth of its own.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.access import Action, Outside
from unisono.api.assist.agents import AgentDoor
from unisono.api.assist.keeping import Keeper
from unisono.api.auth import Auth, Identity, now_us
from unisono.api.commands import shapes as command_shapes
from unisono.api.commands.asking import Refusals
from unisono.api.commands.confirming import Confirmations
from unisono.api.dialects.asks import Speaking
from unisono.api.identity.claiming import Claiming
from unisono.api.identity.directory import Directory
from unisono.api.identity.programs import Programs
from unisono.api.live.live import LiveView, Subscription, Whereabouts
from unisono.api.live.scenes import LiveScenes
from unisono.api.owners import Owners
from unisono.api.people.passkeys import Passkeys
from unisono.api.place_words import PLACE_WORDS
from unisono.api.relay import Relay, encode_entry
from unisono.api.scenes.facts import SceneFacts
from unisono.api.things.catalog import Catalog, traits_of
from unisono.errors import CallerError
from unisono.scene.alarm.talk import live_alarms
from unisono.scene.talk import live_runs
from unisono.store.bus import Bus
from unisono.store.log import Log
from unisono.store.registry import OutboxRow, PlaceRow, Registry, ThingRow
from unisono.thing import Model, dump_model
from unisono.twin import record, talk
from unisono.twin.spoken import ASSIST

if TYPE_CHECKING:
    from unisono.api.assist.assistant import Assistant
    from unisono.api.people.oidc import Vouching

__all__ = ["ApiContext", "now_us"]

META_HUB_ID = "hub_id"

# with several API processes one of them answers what gateways ask
QUEUE = "api"

# paths of places kept for the live view and for rights; a plant has a few thousand places
MAX_KEPT_PLACES = 20_000


@dataclass
class ApiContext:
    """The API's surroundings.

    ``log_of`` opens nothing: it gives the log of a partition. ``mounts``: ASGI applications by path (the device HTTP
    endpoints); ``foreign``: one that has ``takes(scope)`` for paths that nobody else has.

    ``hub_info``: what ``/api/v1/status`` tells beyond owners and gateways. ``backup``: see
    `unisono.api.hub.backup`. ``issue_certificate``: a new certificate and its key (PEM) for a thing. ``trust_client``:
    lets the TLS doors take whoever shows this certificate (PEM). ``discovery``: has ``found(ignored=)`` and
    ``ignore(id, bool)`` for what is on the LAN. ``notifies``: a notifier is on the bus.
    ``outside``: which hosts may be called.
    """

    registry: Registry
    bus: Bus
    log_of: Callable[[str], Log]
    partitions: Sequence[str]
    gateways: Sequence[str]
    data: Path
    pepper: bytes
    hub_id: str = "hub"
    started: float = field(default_factory=time.time)
    mounts: Mapping[str, Any] = field(default_factory=dict)
    foreign: Any = None
    hub_info: Callable[[], Mapping[str, Any]] = dict
    pause: Callable[[], Awaitable[None]] | None = None
    resume: Callable[[], Awaitable[None]] | None = None
    issue_certificate: Callable[[str], tuple[bytes, bytes]] | None = None
    trust_client: Callable[[bytes], None] | None = None
    discovery: Any = None
    notifies: bool = False
    outside: Outside = field(default_factory=Outside)

    def __post_init__(self) -> None:
        self.owners = Owners(self.bus, self.partitions)
        self.catalog = Catalog(self.registry)
        self.programs = Programs(self)
        self.claiming = Claiming(self)
        self.speaking = Speaking(self)
        self.scenes = SceneFacts(self)
        self.directory = Directory(self.registry, self.bus, self.pepper, self.programs, self.claiming)
        self.relay = Relay(self.registry, self.log_of, self.hub_id, now_us)
        self.confirmations = Confirmations(self.pepper)
        self.refusals = Refusals()
        self.keeper = Keeper(self)
        self.agents = AgentDoor(self)
        self._assist: Assistant | None = None
        self.auth = Auth(self.registry, self.pepper)
        self.passkeys = Passkeys()
        self._vouching: Vouching | None = None
        self.live = LiveView(self.whereabouts, self.owners.watch, command_shapes.command)
        self.live_scenes = LiveScenes(self.live, self.places_of_scene)
        self._paths: dict[str, tuple[str, ...]] = {}
        self._partition_of_root: dict[str, str] = {}
        self._model_sent: set[tuple[str, str, int]] = set()
        self._live_ends: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Answer sign-ins, relay what an earlier life left, and follow the owners' live changes."""
        await self.registry.remove_expired_tokens(now_us())
        await self.registry.tell_places(PLACE_WORDS)
        await self.directory.start()
        self._live_ends.append(await self.bus.serve(talk.PROGRAM_ASKS, self.programs.ask, queue=QUEUE))
        self._live_ends.append(await self.bus.serve(talk.CLAIM, self.claiming.answer, queue=QUEUE))
        self._live_ends.append(await self.bus.serve(talk.DIALECT_ASKS, self.speaking.answer, queue=QUEUE))
        self.relay.start()
        self.live.start()
        self.live_scenes.start()
        for partition in self.partitions:
            self._live_ends.append(await self.bus.subscribe(talk.live(partition), self.live.receive))
            self._live_ends.append(await self.bus.subscribe(live_runs(partition), self.live_scenes.receive))
            self._live_ends.append(await self.bus.subscribe(live_alarms(partition), self.live.receive_alarms))
        self._live_ends.append(await self.bus.subscribe(talk.ACCESS_CHANGED, self._access_changed))
        self._live_ends.append(await self.bus.serve(ASSIST, self._heard, queue=QUEUE))
        await self.keeper.start()

    async def stop(self) -> None:
        """Stop the tasks; engines are their makers' to close."""
        for end in self._live_ends:
            end()
        self._live_ends = []
        await self.agents.stop()
        await self.keeper.stop()
        await self.live_scenes.stop()
        await self.live.stop()
        await self.relay.stop()
        self.directory.stop()

    @property
    def assist(self) -> Assistant:
        """The assistant; its words are read when somebody first speaks."""
        if self._assist is None:
            from unisono.api.assist.assistant import Assistant

            self._assist = Assistant(self)
        return self._assist

    @property
    def vouching(self) -> Vouching:
        """Who signs in through another service."""
        if self._vouching is None:
            from unisono.api.people.oidc import Vouching  # it knows the context

            self._vouching = Vouching(self.registry, self.pepper, self.outside)
        return self._vouching

    async def _heard(self, payload: bytes) -> bytes:
        """A sentence that was heard somewhere in the house, for who is known to speak there."""
        from unisono.api.assist.hearing import answer_heard

        return await answer_heard(self, payload)

    def words_changed(self) -> None:
        """Things, places or who may see them are others now."""
        if self._assist is not None:
            self._assist.surroundings.forget()

    def _access_changed(self, payload: bytes) -> None:
        changed = msgspec.msgpack.decode(payload, type=talk.AccessChanged)
        if changed.tokens != []:
            self.auth.forget()
            self.live.forget()
        # things were added, moved or removed, maybe by another API process
        self.live.renew(changed.things, changed.removed)
        self.words_changed()

    # places and partitions

    async def path_of(self, place: str) -> tuple[str, ...]:
        """Ids from the root down to ``place``; empty when there is none."""
        path = self._paths.get(place)
        if path is None:
            path = tuple(await self.registry.place_path(place))
            if path:
                if len(self._paths) >= MAX_KEPT_PLACES:
                    self._paths.clear()
                self._paths[place] = path
        return path

    def places_changed(self) -> None:
        """The tree changed: forget what is kept of it."""
        self._paths.clear()
        self._partition_of_root.clear()
        self.live.forget()
        self.live_scenes.forget()
        self.words_changed()
        # what a grant or a token for a place reaches is another now
        self.auth.forget()
        self.directory.announce([], tokens=None)

    async def place(self, place_id: str, *, name: str = "place") -> PlaceRow:
        """The place. Raises CallerError ``not_found``."""
        row = await self.registry.get_place(place_id)
        if row is None:
            raise CallerError(
                f"There is no place {place_id[:80]!r}", code="not_found", field=name, mend="Run: unisono place list"
            )
        return row

    async def partition_of(self, root: str) -> str:
        """The partition of a root place."""
        partition = self._partition_of_root.get(root)
        if partition is None:
            partition = self._partition_of_root[root] = (await self.place(root)).partition
        return partition

    async def thing(self, thing_id: str, identity: Identity, action: Action) -> tuple[ThingRow, str]:
        """A thing that ``identity`` may do ``action`` with, and its partition.

        Raises CallerError ``not_found``, also for a thing that the identity may not even see.
        """
        row = await self.registry.get_thing(thing_id)
        path = await self.path_of(row.place) if row is not None else ()
        if row is None or not self.auth.allows(identity, Action.READ, path):
            raise CallerError(
                f"There is no thing {thing_id[:80]!r}", code="not_found", field="id", mend="Run: unisono thing list"
            )
        self.auth.require(identity, action, path)
        return row, await self.partition_of(row.root)

    # the log

    async def model_entries(self, partition: str, model: Model) -> list[OutboxRow]:
        """The outbox row that brings ``model`` into a partition's log, unless this process already did.

        Versions are immutable, so a repetition after a restart changes nothing at the owner.
        """
        key = (partition, model.id, model.version)
        if key in self._model_sent:
            return []
        entry = record.ModelPut(model.id, model.version, dump_model(model))
        return [OutboxRow(partition, encode_entry(entry))]

    def models_sent(self, partition: str, models: Sequence[Model]) -> None:
        """Remember that the transaction with these models' entries was committed."""
        self._model_sent.update((partition, model.id, model.version) for model in models)

    async def in_force(self, partitions: Iterable[str]) -> None:
        """Bring everything committed into the logs and wait until the owners of ``partitions`` have taken it in."""
        await self.relay.drain()
        for partition in partitions:
            seq = self.relay.last.get(partition)
            if seq is not None:
                await self.owners.reached(partition, seq)

    # the live view

    async def whereabouts(self, ids: Sequence[str]) -> dict[str, Whereabouts]:
        """Where things are and what their properties mean, for filtering."""
        found: dict[str, Whereabouts] = {}
        for row in await self.registry.get_things(ids):
            try:
                traits = traits_of(await self.catalog.get(row.model, row.model_version))
            except CallerError:
                traits = {}  # its model is gone: it can still be followed by thing and place
            found[row.id] = Whereabouts(frozenset(await self.path_of(row.place)), traits)
        return found

    async def places_of_scene(self, scene_id: str) -> tuple[str, ...]:
        """Ids from the root down to the place of a scene; empty when there is none."""
        row = await self.registry.get_scene(scene_id)
        return await self.path_of(row.place) if row is not None else ()

    async def check_subscription(self, identity: Identity, wanted: Subscription) -> None:
        """Raise CallerError ``not_found`` for a place or thing that is not there or not visible."""
        if wanted.place is not None:
            path = await self.path_of(wanted.place)
            if not path or not self.auth.allows(identity, Action.READ, path):
                raise CallerError(f"There is no place {wanted.place[:80]!r}", code="not_found", field="subscribe.place")
        if wanted.thing is not None:
            await self.thing(wanted.thing, identity, Action.READ)
