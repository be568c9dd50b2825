"""Names in a notification, looked up: people and groups, who of them has to do with a place, and their channels.

Knows the registry. Who is told in the end, `audience` decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from unisono.access import Action, Identity, Role, decide
from unisono.notify.audience import Channel, Person, addressed, reached
from unisono.notify.quiet import Quiet, Span
from unisono.store.registry import ChannelRow, ListenerRow, PersonRow, Registry

__all__ = ["Addressees", "Found"]

#: People of one registry; whoever has more tells them by groups.
MOST_PEOPLE = 10_000


class Found(msgspec.Struct):
    """The channels a notification goes to, who is reached by none and why, and each person's quiet hours."""

    channels: list[Channel]
    missed: dict[str, str]
    quiet: Callable[[str], Quiet]


class Addressees:
    """Reads the registry anew each time: people change their minds from another process."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def find(self, partition: str, to: Sequence[str], place: str | None, priority: str) -> Found:
        """Where a notification goes."""
        rows = await self._registry.list_people(limit=MOST_PEOPLE)
        listening = await self._listening(rows, partition, place) if not to else set()
        people = {row.id: Person(row.id, row.disabled, row.id in listening) for row in rows}
        groups = {group.id: group.people for group in await self._registry.list_groups()}
        persons, missed = addressed(to, people, groups)
        channels = [_channel(row) for row in await self._registry.list_channels() if row.person in persons]
        found, without = reached(persons, channels, priority)
        if not to:
            # nobody was named: those without a channel did not ask to be told
            without = {} if found else {"everybody": "nobody has a channel for this"}
        return Found(found, {**missed, **without}, await self.quiet())

    async def quiet(self) -> Callable[[str], Quiet]:
        """The quiet hours of a person."""
        said = {row.person: _quiet(row) for row in await self._registry.listeners()}
        return lambda person: said.get(person, Quiet())

    async def requests(self) -> dict[str, int]:
        """How many requests a message to an address costs."""
        return {row.address: row.requests for row in await self._registry.list_channels()}

    async def channel(self, id: str, person: str, address: str) -> ChannelRow | None:
        """The channel, or the one of that person that was put in its place."""
        found = await self._registry.get_channel(id)
        if found is not None:
            return found
        own = await self._registry.list_channels(person)
        return next((row for row in own if row.address == address), None)

    async def _listening(self, rows: Sequence[PersonRow], partition: str, place: str | None) -> set[str]:
        """Who may look at the place, or at anything in the partition."""
        path = await self._registry.place_path(place) if place is not None else None
        now = time.time_ns() // 1000
        found = set()
        for row in rows:
            role = Role(row.role) if row.role else None
            grants = {grant.place: Role(grant.role) for grant in await self._registry.grants(row.id, now=now)}
            identity = Identity(row.id, role, grants)
            if path is not None:
                listens = bool(decide(identity, Action.READ, path))
            else:
                listens = role is not None or await self._within(partition, list(grants))
            if listens:
                found.add(row.id)
        return found

    async def _within(self, partition: str, places: Sequence[str]) -> bool:
        for id in places:
            row = await self._registry.get_place(id)
            if row is not None and row.partition == partition:
                return True
        return False


def _channel(row: ChannelRow) -> Channel:
    return Channel(
        row.id,
        row.person,
        row.service,
        row.address,
        tuple(row.priorities),
        row.requests,
        row.title_max,
        row.text_max,
    )


def _quiet(row: ListenerRow) -> Quiet:
    return Quiet(row.zone, tuple(msgspec.convert(span, Span) for span in row.spans), row.passes)
