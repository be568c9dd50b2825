"""Alink sub-devices: a gateway's topology, and who signs in, is registered and goes through it.

A sub-device is a thing of its own whose parent is the gateway. It is commanded once it has signed in (``login``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.dialect.alink.signin import join_name, read_sub_caller, split_name
from unisono.dialect.alink.wire import OK, Request, read_request
from unisono.dialect.said import Asks, Hears, Odd, Said, There
from unisono.dialect.seam import Caller

if TYPE_CHECKING:
    from unisono.dialect.alink.line import AlinkLine, Spoken

__all__ = ["SubDevices"]

#: Alibaba's: a signature is wrong; a device is none of the gateway's; a device cannot be registered.
BAD_SIGN, NO_TOPOLOGY, NOT_REGISTERED, SYSTEM_ERROR = 6287, 6401, 6288, 500
#: Devices in one request; Alibaba takes 30 to 50.
MOST = 100


class SubDevices:
    """The sub-devices of one line."""

    def __init__(self, line: AlinkLine) -> None:
        self._line = line
        self._in: set[str] = set()  # signed in
        self._waiting: set[str] = set()  # signed in before they were known here
        self._away: set[str] = set()  # said to be away

    def speaks_for(self, name: str) -> bool:
        """Whether messages of that device may come this way."""
        return name == self._line.own or name in self._in

    def known(self) -> list[Said]:
        """The things that the line speaks for are others now."""
        spoken = self._line.spoken
        self._in &= spoken.keys()
        ready = sorted(self._waiting & spoken.keys())
        self._waiting -= set(ready)
        # nobody is there who has not signed in, however long the gateway is
        away = sorted(spoken.keys() - self._in - self._away - {self._line.own, *ready})
        self._away = (self._away & spoken.keys()) | set(away)
        said: list[Said] = [There(spoken[name].thing, False) for name in away]
        return said + [each for name in ready for each in self._comes(name)]

    def _comes(self, name: str) -> list[Said]:
        self._in.add(name)
        self._away.discard(name)
        thing = self._line.spoken[name].thing
        return [There(thing, True), Hears(thing)]

    # topology

    def add(self, spoken: Spoken, request: Request, topic: str) -> list[Said]:
        found = _callers(request.params)
        if not found:
            return self._line.bad(spoken, request, topic, "params are a list of signed devices")
        facts = {"callers": [caller for caller, _sign in found], "proofs": [sign for _caller, sign in found]}
        return [Asks("attach", facts, ("attached", request, topic))]

    def delete(self, spoken: Spoken, request: Request, topic: str) -> list[Said]:
        names = _names(request.params)
        if not names:
            return self._line.bad(spoken, request, topic, "params are a list of devices")
        return [Asks("detach", {"names": names}, ("detached", request, topic, names))]

    def get(self, spoken: Spoken, request: Request, topic: str) -> list[Said]:
        return self._line.reply(
            request, topic, [_identity(name) for name in self._line.spoken if name != self._line.own]
        )

    # registering

    def register(self, spoken: Spoken, request: Request, topic: str) -> list[Said]:
        callers = [Caller("alink", name, split_name(name)[0], "register") for name in _names(request.params)]
        if not callers:
            return self._line.bad(spoken, request, topic, "params are a list of devices")
        return [Asks("register", {"callers": callers}, ("sub_registered", request, topic))]

    def register_by_product(self, spoken: Spoken, request: Request, topic: str) -> list[Said]:
        given = request.params.get("proxieds") if isinstance(request.params, dict) else None
        found = _callers(given)
        if not found:
            return self._line.bad(spoken, request, topic, 'params are {"proxieds": [...]}')
        facts = {"callers": [caller for caller, _sign in found], "proofs": [sign for _caller, sign in found]}
        return [Asks("register", facts, ("product_registered", request, topic))]

    # coming and going

    def session(self, gateway: str, method: str, topic: str, payload: bytes) -> list[Said] | None:
        if method not in ("login", "logout", "batch_login", "batch_logout"):
            return None if not method.endswith("_reply") else []
        spoken = self._line.spoken.get(self._line.own)
        if spoken is None or gateway != self._line.own:
            return [Odd(self._line.thing, "topic_not_allowed", f"this is the connection of {self._line.own}")]
        try:
            request = read_request(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return [Odd(spoken.thing, "bad_json", f"no Alink message: {error}")]
        if method.endswith("logout"):
            return self._logout(spoken, request, topic)
        params = request.params if isinstance(request.params, dict) else {}
        shown = params.get("deviceList") if method == "batch_login" else [params]
        found = _callers(shown, str(params.get("signMethod", "")))
        if not found:
            return self._line.bad(spoken, request, topic, "it names no device that signs in")
        facts = {"callers": [caller for caller, _sign in found], "proofs": [sign for _caller, sign in found]}
        return [Asks("prove", facts, ("proved", request, topic, method == "login"))]

    def _logout(self, spoken: Spoken, request: Request, topic: str) -> list[Said]:
        names = _names(request.params if isinstance(request.params, list) else [request.params])
        if not names:
            return self._line.bad(spoken, request, topic, "it names no device")
        gone = [name for name in names if name in self._in and name in self._line.spoken]
        self._in -= set(names)
        self._away |= set(gone)
        said: list[Said] = [There(self._line.spoken[name].thing, False) for name in gone]
        identities = [_identity(name) for name in names]
        return said + self._line.reply(
            request, topic, identities if isinstance(request.params, list) else identities[0]
        )

    # what the hub says

    def answered(self, token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
        kind, request, topic, *rest = token
        if answer is None:
            return self._line.reply(request, topic, code=SYSTEM_ERROR, message="system error")
        results: list[Mapping[str, Any]] = list(answer.get("registered") or answer.get("proved") or [])
        good = [each["name"] for each in results if each.get("ok")]
        if kind == "detached":
            self._in -= set(rest[0])
            return self._line.reply(request, topic, [_identity(name) for name in rest[0]])
        if kind == "attached":
            return self._outcome(request, topic, good, len(results), NOT_REGISTERED, "device not found or bad sign")
        if kind == "proved":
            return self._proved(request, topic, good, results, one=rest[0])
        if kind == "sub_registered":
            return self._sub_registered(request, topic, results)
        return self._product_registered(request, topic, results)

    def _outcome(
        self, request: Request, topic: str, good: list[str], asked: int, code: int, message: str
    ) -> list[Said]:
        data = [_identity(name) for name in good]
        if len(good) == asked:
            return self._line.reply(request, topic, data)
        return self._line.reply(request, topic, data, code, message)

    def _proved(
        self, request: Request, topic: str, good: list[str], results: list[Mapping[str, Any]], *, one: bool
    ) -> list[Said]:
        said: list[Said] = []
        for name in good:
            if name in self._line.spoken:
                said += self._comes(name)
            else:
                self._waiting.add(name)
        code, message = OK, "success"
        bad = [each for each in results if not each.get("ok")]
        if bad:
            no_topology = bad[0].get("why") == "topology"
            code = NO_TOPOLOGY if no_topology else BAD_SIGN
            message = "topo relation not exist" if no_topology else "invalid sign"
        data: Any = [_identity(name) for name in good]
        if one:
            data = data[0] if data else {}
        return said + self._line.reply(request, topic, data, code, message)

    def _sub_registered(self, request: Request, topic: str, results: list[Mapping[str, Any]]) -> list[Said]:
        data = [
            {**_identity(each["name"]), "deviceSecret": each["secret"], "iotId": each["thing"]}
            for each in results
            if each.get("ok")
        ]
        if len(data) == len(results):
            return self._line.reply(request, topic, data)
        why = next(str(each.get("why")) for each in results if not each.get("ok"))
        return self._line.reply(request, topic, data, NOT_REGISTERED, why)

    def _product_registered(self, request: Request, topic: str, results: list[Mapping[str, Any]]) -> list[Said]:
        successes, failures = [], []
        for each in results:
            if each.get("ok"):
                successes.append({**_identity(each["name"]), "deviceSecret": each["secret"], "iotId": each["thing"]})
            else:
                failures.append({**_identity(each["name"]), "code": NOT_REGISTERED, "message": str(each.get("why"))})
        return self._line.reply(request, topic, {"successes": successes, "failures": failures})


def _identity(name: str) -> dict[str, str]:
    product, device = split_name(name)
    return {"productKey": product, "deviceName": device}


def _names(params: Any) -> list[str]:
    return [
        join_name(each["productKey"], each["deviceName"])
        for each in (params if isinstance(params, list) else [])[:MOST]
        if isinstance(each, dict)
        and isinstance(each.get("productKey"), str)
        and isinstance(each.get("deviceName"), str)
    ]


def _callers(params: Any, method: str = "") -> list[tuple[Caller, str]]:
    found = [
        read_sub_caller(each, method)
        for each in (params if isinstance(params, list) else [])[:MOST]
        if isinstance(each, dict)
    ]
    return [each for each in found if each is not None]
