"""How places are said to the log: what scenes need of them, and no more.

Knows a row and the record it becomes.
"""

from __future__ import annotations

from unisono.api.relay import encode_entry
from unisono.store.registry import PlaceRow
from unisono.twin import record

__all__ = ["PLACE_WORDS"]


class PlaceWords:
    """See `unisono.store.registry.places.PlaceWords`."""

    def put(self, row: PlaceRow) -> bytes:
        return encode_entry(record.PlacePut(row.id, row.parent, row.zone, row.latitude, row.longitude))

    def removed(self, id: str) -> bytes:
        return encode_entry(record.PlaceRemoved(id))


PLACE_WORDS = PlaceWords()
