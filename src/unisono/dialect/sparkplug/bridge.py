"""The Sparkplug host application of a root place: nodes and devices by their births, in the order that they count.

Source: "Operational Behavior" of the Sparkplug specification 3.0. A node is there from its birth to its death; what it
says is read by its birth. A number that is missing in between, or somebody whose birth was not heard, is asked to be
born again. State of the host is told in the words of version 3 and of 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from unisono.dialect.said import Announced, Odd, Replied, Reported, Said, Say, There
from unisono.dialect.sparkplug.birth import NAME, REBIRTH, SESSION, Born, model_id
from unisono.dialect.sparkplug.payload import INT, LONG, Metric, Payload, decode_payload, encode_payload
from unisono.dialect.sparkplug.values import BOOL, raw_of
from unisono.errors import CallerError, UnisonoError
from unisono.wire.mqtt import matches

__all__ = ["HOST_ID", "Host"]

NAMESPACE = "spBv1.0"
#: The name of this host application, which a node may be told to wait for.
HOST_ID = "unisono"
STATE, STATE_22 = f"{NAMESPACE}/STATE/{HOST_ID}", f"STATE/{HOST_ID}"
#: ``spBv1.0/GROUP/TYPE/NODE[/DEVICE]``; ids of more characters name nothing that a person set up.
_TOPIC = re.compile(rf"{NAMESPACE}/([^/]{{1,100}})/([ND](?:BIRTH|DATA|DEATH))/([^/]{{1,100}})(?:/([^/]{{1,100}}))?")
#: Messages of one node are numbered from 0 to 255.
ROUND = 256
#: A node is asked to be born again once in so long: it may have to read its whole plant for it.
REBIRTH_EVERY_MS = 10_000
#: Nodes and devices of one root place; nodes that were asked for a birth without ever giving one.
MOST, ASKED = 2_000, 1_000
#: Calls of a node that its next birth answers.
CALLS = 32


class Node:
    """An edge node since its last birth."""

    def __init__(self, session: int | None) -> None:
        self.session = session
        self.seq: int | None = None
        self.there = True
        self.devices: dict[str, bool] = {}  # key > whether it is there


class Host:
    """The `unisono.dialect.Translator` of one root place."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._born: dict[str, Born] = {}
        self._topics: dict[str, tuple[str, str]] = {}  # key > topic of its commands, its node's key
        self._asked: dict[str, int] = {}  # node's key > when it was asked for a birth
        self._calls: dict[str, list[tuple[str, str]]] = {}  # node's key > thing and command
        self._state_wanted: set[str] = set()
        self._since_ms = 0

    # the seam

    def mine(self, topic: str) -> bool:
        return topic.startswith(NAMESPACE)

    def heard(self, topic: str, payload: bytes, now_ms: int) -> list[Said] | None:  # noqa: PLR0911  an order of checks
        found = _TOPIC.fullmatch(topic)
        if found is None:
            return None
        group, type, node, device = found.groups()
        if (device is None) is not type.startswith("N"):
            return [Odd("", "bad_value", f"{topic[:200]}: a {type} is of a {'node' if type[0] == 'N' else 'device'}")]
        key = f"{NAME}:{group}/{node}"
        try:
            body = decode_payload(payload)
        except UnisonoError as error:
            return [Odd(f"{key}/{device}" if device else key, error.code, f"{topic[:200]}: {error.detail}")]
        if type == "NBIRTH":
            return self._node_born(key, group, node, body, now_ms)
        if type == "NDEATH":
            return self._node_died(key, body)
        known = self._nodes.get(key)
        if known is None or not known.there:
            return self._rebirth(key, now_ms)
        return self._in_order(key, known, body, now_ms) + self._in_session(key, known, type, device, body, now_ms)

    def _in_session(
        self, node: str, known: Node, type: str, device: str | None, body: Payload, now_ms: int
    ) -> list[Said]:
        """What is said between a node's birth and its death."""
        if device is None:
            return self._data(node, node, body, now_ms)
        key = f"{node}/{device}"
        if type == "DBIRTH":
            return self._device_born(node, known, key, device, body)
        if type == "DDEATH":
            return self._device_died(known, key)
        return self._data(node, key, body, now_ms) if known.devices.get(key) else self._rebirth(node, now_ms)

    def wanted(self, thing: str, topic: str, payload: Mapping[str, Any], now_ms: int) -> list[Say]:
        born, (where, node) = self._born[thing], self._topics[thing]
        if topic == "set":
            metrics = born.written(payload["state"], now_ms)
        else:
            control = born.controls.get(topic.partition("/")[2])
            if control is None:
                raise CallerError("it has no such control any more", code="unknown_action", field=topic)
            calls = self._calls.setdefault(node, [])
            calls.append((thing, payload["id"]))
            del calls[:-CALLS]
            metrics = (msgspec.structs.replace(control.metric, timestamp=now_ms),)
        return [Say(where, encode_payload(Payload(metrics, now_ms)))]

    def answered(self, token: Any, answer: Mapping[str, Any] | None, now_ms: int) -> list[Said]:
        return []

    def subscribed(self, filters: Sequence[str]) -> list[Said]:
        """Who waits for this host is told that it is here, as a broker would that keeps it."""
        self._state_wanted |= {each for each in (STATE, STATE_22) if any(matches(filter, each) for filter in filters)}
        return []

    def due(self, now_ms: int) -> list[Said]:
        self._since_ms = self._since_ms or now_ms
        wanted, self._state_wanted = self._state_wanted, set()
        bodies = {STATE: msgspec.json.encode({"online": True, "timestamp": self._since_ms}), STATE_22: b"ONLINE"}
        return [Say(each, bodies[each]) for each in sorted(wanted)]

    # births and deaths

    def _node_born(self, key: str, group: str, name: str, body: Payload, now_ms: int) -> list[Said]:
        session = _session(body)
        before = self._nodes.get(key)
        said = self._appear(key, Born(model_id(group, name), name, "gateway", body.metrics), name, "")
        if key not in self._born:
            return said
        node = self._nodes[key] = Node(session)
        node.seq = body.seq
        self._topics[key] = (f"{NAMESPACE}/{group}/NCMD/{name}", key)
        self._asked.pop(key, None)
        if before is not None:  # its devices are born anew, or are gone
            node.devices = dict.fromkeys(before.devices, False)
            said += [There(each, False) for each, there in before.devices.items() if there]
        said.append(There(key, True))
        said += [Replied(thing, command, True) for thing, command in self._calls.pop(key, ())]
        return said + self._told(key, body, birth=True)

    def _device_born(self, node: str, known: Node, key: str, name: str, body: Payload) -> list[Said]:
        group, node_name = node.removeprefix(f"{NAME}:").split("/")
        said = self._appear(key, Born(model_id(group, node_name, name), name, None, body.metrics), name, node)
        if key not in self._born:
            return said
        known.devices[key] = True
        self._topics[key] = (f"{NAMESPACE}/{group}/DCMD/{node_name}/{name}", node)
        calls = self._calls.get(node, [])
        done = [each for each in calls if each[0] == key]
        self._calls[node] = [each for each in calls if each[0] != key]
        said += [There(key, True), *(Replied(thing, command, True) for thing, command in done)]
        return said + self._told(key, body, birth=True)

    def _appear(self, key: str, born: Born, name: str, parent: str) -> list[Said]:
        if key not in self._born and len(self._born) >= MOST:
            return [Odd("", "too_many", f"more than {MOST} nodes and devices were born")]
        self._born[key] = born
        return [
            Announced(key, name, born.model, parent=parent),
            *(Odd(key, "bad_value", detail) for detail in born.odd),
        ]

    def _node_died(self, key: str, body: Payload) -> list[Said]:
        known = self._nodes.get(key)
        if known is None or not known.there or _is_earlier(_session(body), known.session):
            return []  # nobody's, or the will of an earlier session that came late
        known.there = False
        gone = [each for each, there in known.devices.items() if there]
        known.devices = dict.fromkeys(known.devices, False)
        return [There(each, False) for each in (*gone, key)]

    def _device_died(self, known: Node, key: str) -> list[Said]:
        if not known.devices.get(key):
            return []
        known.devices[key] = False
        return [There(key, False)]

    # data

    def _in_order(self, key: str, known: Node, body: Payload, now_ms: int) -> list[Said]:
        """What was missed may be anything: the node is asked for all of it."""
        if body.seq is None or known.seq is None:
            known.seq = body.seq
            return []
        expected, known.seq = (known.seq + 1) % ROUND, body.seq % ROUND
        return self._rebirth(key, now_ms) if known.seq != expected else []

    def _data(self, node: str, key: str, body: Payload, now_ms: int) -> list[Said]:
        found = self._told(key, body)
        unknown = any(isinstance(each, Odd) and each.code == "unknown_property" for each in found)
        return found + (self._rebirth(node, now_ms) if unknown else [])

    def _told(self, key: str, body: Payload, *, birth: bool = False) -> list[Said]:
        told = self._born[key].told(body.metrics)
        said: list[Said] = [Reported(key, values, at_ms or body.timestamp) for at_ms, values in told.reports]
        said += [Odd(key, "bad_value", detail) for detail in told.odd]
        if told.unknown and not birth:
            said.append(Odd(key, "unknown_property", "it tells a metric that its birth did not name"))
        return said

    def _rebirth(self, key: str, now_ms: int) -> list[Said]:
        asked = self._asked.get(key)
        if asked is not None and now_ms - asked < REBIRTH_EVERY_MS:
            return []
        self._asked.pop(key, None)
        self._asked[key] = now_ms
        while len(self._asked) > ASKED:
            del self._asked[next(iter(self._asked))]
        group, name = key.removeprefix(f"{NAME}:").split("/")
        metric = Metric(REBIRTH, None, now_ms, BOOL, value=raw_of(BOOL, True))
        return [Say(f"{NAMESPACE}/{group}/NCMD/{name}", encode_payload(Payload((metric,), now_ms)))]


def _session(body: Payload) -> int | None:
    """The number of a node's session."""
    for metric in body.metrics:
        if metric.name == SESSION and metric.value is not None and metric.value.kind in (INT, LONG):
            return int(metric.value.value)
    return None


def _is_earlier(session: int | None, known: int | None) -> bool:
    """Whether a death is of a session before the one known. Some say goodbye with the number of the next."""
    return session is not None and known is not None and 0 < (known - session) % ROUND < ROUND // 2
