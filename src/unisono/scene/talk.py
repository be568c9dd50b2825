"""What the rooms around scenes say to each other on the bus: subjects and shapes.

Knows msgpack shapes only, as `unisono.twin.talk`. Times are microseconds since the Unix epoch (UTC).
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Notice", "notify"]


def notify(partition: str) -> str:
    """Subject on which an owner hands a `Notice` to the notify room.

    Any answer but an error says that the room has it on disk; until then it is handed over again and again, under the
    same id, over restarts too. An error of the caller's fault says that it will never be taken.
    """
    return f"notify.{partition}"


class Notice(msgspec.Struct):
    """Something to be told to people: what the step ``notify`` of a scene says. A map on the wire.

    ``id`` is the same each time it is handed over; ``run``: the run of a scene that tells it; ``body``: ``to`` (a list
    of names), ``title``, ``text``, ``priority`` (low, normal, high, critical) and ``group`` (or None); ``at``: when.
    """

    id: str
    run: str
    body: dict[str, Any]
    at: int
