"""What a device asks over HTTP, in the words of its dialect's line: the same translator, no connection that lasts.

Knows the seam only. A dialect whose devices also come over HTTP is an `HttpDialect` besides: it turns a request into
something said on a topic of its line, and the line's answer into a response. Knows no sockets and no web server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from unisono.dialect.said import Say

__all__ = ["HttpAnswer", "HttpAsk", "HttpDialect", "HttpRequest"]


class HttpRequest(NamedTuple):
    """A request: ``query`` by name, of each the last; ``path`` without it."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes


class HttpAsk(NamedTuple):
    """As whom it signs in, what it says on which topic (none: it only listens), and what it waits for.

    ``answer``: a filter of topics: the line's first message there is the answer; "" where being on disk is.
    ``listens``: that message may have come before, as to who had subscribed to ``answer``. ``once``: it signs in for
    this alone, and not as a thing.
    """

    user: str
    client_id: str
    password: str
    topic: str = ""
    payload: bytes = b""
    answer: str = ""
    listens: bool = False
    wait_s: float = 10.0
    once: bool = False


class HttpAnswer(NamedTuple):
    """A response. ``refused``: it counts as a failed sign-in."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    refused: bool = False


@runtime_checkable
class HttpDialect(Protocol):
    """A line dialect whose devices also come over HTTP."""

    def asked(self, request: HttpRequest) -> HttpAsk | None:
        """What a request means; None where its path is none of the dialect's. Raises CallerError for what is wrong."""

    def told(self, request: HttpRequest, said: Say | None) -> HttpAnswer:
        """The response, with the line's answer; None: none came in time, or none was waited for."""
