"""Alink's firmware over the air: what a device is told of it, and what it tells of its own.

Source: "OTA update" of Alibaba's IoT Platform: a device tells its version (``inform``) and how far it is
(``progress``), is told of another (``upgrade``), and may ask (``firmware/get``). It fetches the bytes over HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from unisono.dialect.alink.wire import UNREADABLE, Request, encode, read_request
from unisono.dialect.said import Asks, Odd, Reported, Said, Say

if TYPE_CHECKING:
    from unisono.dialect.alink.line import AlinkLine, Spoken

__all__ = ["Updates"]

#: The part of a device that is meant where it names none; a firmware with another title is for that module.
DEFAULT = "default"
UNTITLED = "firmware"
#: Modules of one device whose versions are remembered.
MODULES = 20
#: Alibaba's code in an announcement that nobody asked for.
ANNOUNCED = "1000"
#: What went wrong, by the step that a device tells.
STEPS = {
    -1: "the update failed",
    -2: "the download failed",
    -3: "the signature is wrong",
    -4: "it could not be written",
}


class Updates:
    """The firmware of one line's things."""

    def __init__(self, line: AlinkLine) -> None:
        self._line = line
        self._has: dict[str, dict[str, str]] = {}  # device > module > the version that it told
        self._told: dict[str, str] = {}  # device > the firmware that it was told of last

    def known(self) -> list[Said]:
        """Something about the line's things is another: those that tell versions may be offered one."""
        line = self._line
        spoken = [line.spoken[name] for name in sorted(self._has.keys() & line.spoken.keys())]
        return [_asks(each, "push", each) for each in spoken if line.subs.speaks_for(f"{each.product}&{each.device}")]

    def heard(self, name: str, kind: str, payload: bytes) -> list[Said] | None:
        """What came on ``/ota/device/<kind>/...``."""
        if kind not in ("inform", "progress", "request"):
            return None
        line = self._line
        spoken = line.spoken.get(name)
        if spoken is None or not line.subs.speaks_for(name):
            return [Odd(line.thing, "topic_not_allowed", "it speaks for a device that has not signed in")]
        try:
            given = read_request(payload).params
        except UNREADABLE as error:
            return [Odd(spoken.thing, "bad_json", f"no Alink message: {error}")]
        params: dict[str, Any] = given if isinstance(given, dict) else {}
        if kind == "progress":
            return _progress(spoken, params)
        return [*self._informed(name, spoken, params), _asks(spoken, "push", spoken)]

    def _informed(self, name: str, spoken: Spoken, params: Mapping[str, Any]) -> list[Said]:
        version = params.get("version")
        if not isinstance(version, str):
            return []
        module = _module(params)
        versions = self._has.setdefault(name, {})
        if module in versions or len(versions) < MODULES:
            versions[module] = version
        if module == DEFAULT and "firmware" in spoken.model.properties:
            return [Reported(spoken.thing, {"firmware": version})]
        return []

    def get(self, spoken: Spoken, request: Request, topic: str) -> list[Said]:
        """A device asks which there is."""
        return [_asks(spoken, "get", spoken, request, topic)]

    def answered(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        """The hub says what a thing is offered."""
        _kind, how, spoken, *asked = token
        if how == "get":
            return self._replied(spoken, answer, *asked)
        name = f"{spoken.product}&{spoken.device}"
        offered = self._other(name, answer)
        if offered is None or self._told.get(name) == offered["sign"]:
            return []
        self._told[name] = offered["sign"]
        body = {"code": ANNOUNCED, "data": offered, "id": self._line.new_id(), "message": "success"}
        return [Say(f"/ota/device/upgrade/{spoken.product}/{spoken.device}", encode(body))]

    def _replied(self, spoken: Spoken, answer: Mapping[str, Any] | None, request: Request, topic: str) -> list[Said]:
        if answer is None:
            return self._line.reply(request, topic, code=500, message="system error")
        offered = self._other(f"{spoken.product}&{spoken.device}", answer)
        asked = _module(request.params) if isinstance(request.params, dict) else DEFAULT
        mine = offered is not None and offered.get("module", DEFAULT) == asked
        return self._line.reply(request, topic, offered if mine else None)

    def _other(self, name: str, answer: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """What is offered, as Alibaba says it; None where there is none, or the device has it."""
        if not answer:
            return None
        module = DEFAULT if answer["title"] == UNTITLED else str(answer["title"])
        if self._has.get(name, {}).get(module) == answer["version"]:
            return None
        made = {
            "size": answer["size"],
            "version": answer["version"],
            "url": answer["url"],
            "sign": answer["sha256"],
            "signMethod": "SHA256",
        }
        return made if module == DEFAULT else {**made, "module": module}


def _asks(spoken: Spoken, *token: Any) -> Asks:
    return Asks("firmware", {"thing": spoken.thing}, ("firmware", *token))


def _module(params: Mapping[str, Any]) -> str:
    given = params.get("module")
    return given if isinstance(given, str) and given else DEFAULT


def _progress(spoken: Spoken, params: Mapping[str, Any]) -> list[Said]:
    """How many per cent are done, which changes nothing here; or what went wrong."""
    step = str(params.get("step", ""))
    if not step.startswith("-") or not step[1:].isdecimal() or len(step) > 5:
        return []
    why = STEPS.get(int(step), "it was given up")
    told = params.get("desc")
    return [Odd(spoken.thing, "rejected", f"firmware: {why} ({step}){f': {told}' if told else ''}"[:300])]
