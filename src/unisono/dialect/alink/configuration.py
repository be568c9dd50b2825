"""Alink's remote configuration: a device asks for it when it starts, and is told when there is another.

Source: "Remote configuration" of Alibaba's IoT Platform: ``thing/config/get`` is answered with where it is, and
``thing/config/push`` says the same unasked. The device fetches the bytes over HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from unisono.dialect.alink.wire import OK, Request, encode_request
from unisono.dialect.said import Asks, Odd, Said, Say

if TYPE_CHECKING:
    from unisono.dialect.alink.line import AlinkLine, Spoken

__all__ = ["Configurations"]

#: Alibaba's: there is none.
NO_CONFIG = 6710


class Configurations:
    """The configurations of one line's things."""

    def __init__(self, line: AlinkLine) -> None:
        self._line = line
        self._told: dict[str, str] = {}  # thing > the SHA-256 of what it was told of last

    def known(self) -> list[Said]:
        """Something about the line's things is another: it may be this. At the beginning a device asks by itself."""
        line = self._line
        return [_asks(each, "push", each) for name, each in line.spoken.items() if line.subs.speaks_for(name)]

    def get(self, spoken: Spoken, request: Request, topic: str) -> list[Said]:
        """A device asks for it."""
        return [_asks(spoken, "get", spoken, request, topic)]

    def answered(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        """The hub says what a thing may fetch."""
        _kind, how, spoken, *asked = token
        if how == "get":
            return self._replied(spoken, answer, *asked)
        if not answer or self._told.get(spoken.thing) == answer["sha256"]:
            return []
        self._told[spoken.thing] = answer["sha256"]
        body = encode_request(self._line.new_id(), "thing.config.push", _written(answer))
        return [Say(f"{spoken.sys}thing/config/push", body)]

    def _replied(self, spoken: Spoken, answer: Mapping[str, Any] | None, request: Request, topic: str) -> list[Said]:
        if answer is None:
            return self._line.reply(request, topic, code=500, message="system error")
        if not answer:
            return self._line.reply(request, topic, code=NO_CONFIG, message="no data")
        self._told[spoken.thing] = answer["sha256"]
        return self._line.reply(request, topic, _written(answer))

    def taken(self, spoken: Spoken, request: Request) -> list[Said]:
        """A device says whether it took what was pushed."""
        if request.code in (None, OK):
            return []
        words = f": {request.message}" if request.message else ""
        return [Odd(spoken.thing, "rejected", f"configuration: code {request.code}{words}"[:300])]


def _asks(spoken: Spoken, *token: Any) -> Asks:
    return Asks("configuration", {"thing": spoken.thing}, ("configuration", *token))


def _written(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "configId": answer["sha256"][:32],
        "configSize": answer["size"],
        "sign": answer["sha256"],
        "signMethod": "Sha256",
        "url": answer["url"],
        "getType": "file",
    }
