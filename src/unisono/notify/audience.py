"""Who is told, and where: from names in a notification to channels, and who of them is reached by none and why.

Pure: people, groups and channels are passed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

__all__ = ["Channel", "Person", "addressed", "reached"]


class Channel(msgspec.Struct, frozen=True):
    """A way to a person. ``address`` is the same for all channels that end at the same place; ``priorities``: what goes
    there. ``requests``: how many one message costs. ``title_max``, ``text_max``: characters; 0: takes no title.
    """

    id: str
    person: str
    service: str
    address: str
    priorities: tuple[str, ...]
    requests: int = 1
    title_max: int = 250
    text_max: int = 2000


class Person(msgspec.Struct, frozen=True):
    """Somebody who may be told. ``listens``: has to do with the place that it is about."""

    id: str
    disabled: bool = False
    listens: bool = True


def addressed(
    to: Sequence[str], people: Mapping[str, Person], groups: Mapping[str, Sequence[str]]
) -> tuple[list[str], dict[str, str]]:
    """Ids of the people that ``to`` names, each once, in its order; and why a name reaches nobody.

    Nobody named: everybody who has to do with the place.
    """
    found: dict[str, None] = {}
    missed: dict[str, str] = {}
    if not to:
        found = {id: None for id, person in people.items() if person.listens and not person.disabled}
        return list(found), {} if found else {"everybody": "nobody has anything to do with this place"}
    for name in to:
        if name in people:
            members: Sequence[str] = (name,)
        elif name in groups:
            members = groups[name]
            if not members:
                missed[name] = "nobody is in this group"
        else:
            members = ()
            missed[name] = "there is no person or group of that name"
        for id in members:
            if people[id].disabled:
                missed[id] = "is disabled"
            else:
                found[id] = None
    return list(found), missed


def reached(people: Sequence[str], channels: Sequence[Channel], priority: str) -> tuple[list[Channel], dict[str, str]]:
    """The channels that take a message of ``priority``, one for each address; and why somebody has none.

    Two people who share a room's robot are told there once.
    """
    found: dict[str, Channel] = {}
    missed: dict[str, str] = {}
    for person in people:
        own = [channel for channel in channels if channel.person == person]
        taking = [channel for channel in own if priority in channel.priorities]
        if not taking:
            missed[person] = f"no channel takes priority {priority}" if own else "has no channel"
        for channel in taking:
            found.setdefault(channel.address, channel)
    return list(found.values()), missed
