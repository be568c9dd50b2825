"""What is known of each service: how much it takes, how it says no, how it names priorities. Data, one file a service.

Knows the files of ``services/`` (YAML). Pure: who reads them passes their bytes in. A service without a file works too,
with `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["UNKNOWN", "Answers", "Limit", "Service", "read_services"]


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most ``count`` messages in any ``per_s`` seconds."""

    count: Annotated[int, Meta(ge=1)]
    per_s: Annotated[float, Meta(gt=0)]


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a service tells in the body of an HTTP 200 that it did not: ``code`` and ``text`` name members of its JSON.

    ``ok``, ``slow_down`` and ``again`` are values of ``code``; any other means refused.
    """

    code: str
    text: str
    ok: tuple[int, ...] = (0,)
    slow_down: tuple[int, ...] = ()
    again: tuple[int, ...] = ()


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service. ``schemes``: how its addresses begin. ``source``: where the limits are published.

    ``block_s``: so long it takes nothing after too many came (a 429 that names a time counts more). ``priority``: our
    priorities in its words, given in the address as ``priority_as``.
    """

    name: str
    schemes: tuple[str, ...]
    limits: tuple[Limit, ...]
    source: str = ""
    block_s: Annotated[float, Meta(ge=0)] = 0.0
    answers: Answers | None = None
    priority: Mapping[str, str] = {}
    priority_as: str = "priority"


#: A service that nobody described: ten at once, one a second. Webhooks of one's own are the commonest.
UNKNOWN = Service("", (), (Limit(20, 10.0),))


def read_services(files: Iterable[bytes]) -> dict[str, Service]:
    """The services by scheme. Raises msgspec.ValidationError for a file that is not sound."""
    found: dict[str, Service] = {}
    for content in files:
        service = msgspec.yaml.decode(content, type=Service)
        found.update(dict.fromkeys(service.schemes, service))
    return found
