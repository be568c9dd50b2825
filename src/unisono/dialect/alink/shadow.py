"""Alink's device shadow: the reported and wanted values as one document, read and written by the device.

Source: "Device shadow JSON format" of Alibaba's IoT Platform. The hub's twin is the shadow; its version is the one that
the device gave last, which the hub does not compare: the log's order decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.dialect.alink.wire import encode
from unisono.dialect.said import Asks, Odd, Said, Say

if TYPE_CHECKING:
    from unisono.dialect.alink.line import AlinkLine, Spoken

__all__ = ["Shadow"]

#: Alibaba's: the shadow is no JSON, the method is missing, the state is missing.
NO_JSON, NO_METHOD, NO_STATE = "400", "401", "402"


class Shadow:
    """The shadows of one line's things."""

    def __init__(self, line: AlinkLine) -> None:
        self._line = line
        self._versions: dict[str, int] = {}

    def heard(self, name: str, topic: str, payload: bytes, now_ms: int) -> list[Said]:
        line = self._line
        spoken = line.spoken.get(name)
        if spoken is None or not line.subs.speaks_for(name):
            return [Odd(line.thing, "topic_not_allowed", f"{name} has not signed in through this connection")]
        down = topic.replace("/shadow/update/", "/shadow/get/")
        try:
            body = msgspec.json.decode(payload, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            odd = Odd(spoken.thing, "bad_json", f"no shadow: {error}")
            return [odd, _refused(down, NO_JSON, "the shadow is no JSON object", now_ms)]
        method = body.get("method")
        if method == "get":
            return [Asks("twin", {"thing": spoken.thing}, ("shadow", spoken, down))]
        if method == "delete":
            return [self._done(name, body, down, now_ms)]
        state = body.get("state")
        if method != "update" or not isinstance(state, dict):
            code = NO_METHOD if method != "update" else NO_STATE
            return [_refused(down, code, "expected method get, update or delete, and a state", now_ms)]
        reported = state.get("reported")
        values = (
            {key: value for key, value in reported.items() if value not in (None, "null")}
            if isinstance(reported, dict)
            else {}
        )
        return [*line.reports(spoken, [(None, values)], {}), self._done(name, body, down, now_ms)]

    def _done(self, name: str, body: dict[str, Any], down: str, now_ms: int) -> Say:
        version = body.get("version")
        if isinstance(version, int):
            self._versions[name] = version
        payload = {"status": "success", "version": self._versions.get(name, 1)}
        return Say(down, encode({"method": "reply", "payload": payload, "timestamp": now_ms // 1000}))

    def answered(self, token: Any, answer: Mapping[str, Any] | None, now_ms: int) -> list[Said]:
        _kind, spoken, down = token
        if answer is None:
            return [_refused(down, "500", "the hub cannot say now", now_ms)]
        return [Say(down, encode(self._document(spoken, answer, now_ms)))]

    def _document(self, spoken: Spoken, answer: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
        state: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        for part, found in (("reported", answer["state"]), ("desired", answer["desired"])):
            if found:
                state[part] = spoken.words.down({key: value for key, (value, _at) in found.items()})
                times = spoken.words.times({key: at // 1_000_000 for key, (_value, at) in found.items()})
                metadata[part] = {name: {"timestamp": at} for name, at in times.items()}
        version = self._versions.get(f"{spoken.product}&{spoken.device}", 1)
        payload = {"status": "success", "state": state, "metadata": metadata, "version": version}
        return {"method": "reply", "payload": payload, "version": version, "timestamp": now_ms // 1000}


def _refused(down: str, code: str, message: str, now_ms: int) -> Say:
    content = {"errorcode": code, "errormessage": message}
    payload = {"status": "error", "content": content}
    return Say(down, encode({"method": "reply", "payload": payload, "timestamp": now_ms // 1000}))
