"""The native dialect as a device speaks it: topics and payloads, both ways.

Knows the shapes of DESIGN.md, "Devices: the native dialect". Knows nothing of sockets or of what a device is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from unisono.errors import DeviceError

__all__ = [
    "DOWN_TOPICS",
    "STATE",
    "Order",
    "decode_down",
    "encode_event",
    "encode_reply",
    "encode_state",
    "event_topic",
    "reply_topic",
]

STATE = "things/me/state"
SET = "things/me/set"
CALL = "things/me/call/"
DESIRED = "things/me/desired"
DOWN_TOPICS = (SET, CALL + "+", DESIRED)


class Order(msgspec.Struct, frozen=True):
    """One thing asked of the device: wanted values (``state``) or an ``action`` with its ``input``.

    ``id`` is the command's, empty for a wanted value that no open command stands behind.
    """

    id: str
    state: dict[str, Any] = {}
    action: str | None = None
    input: dict[str, Any] = {}


class _Set(msgspec.Struct):
    id: str
    state: dict[str, Any]


class _Call(msgspec.Struct):
    id: str
    input: dict[str, Any] | None = None


class _Desired(msgspec.Struct):
    state: dict[str, Any] = {}
    commands: dict[str, str] = {}


_encode = msgspec.json.Encoder().encode
_decode_set = msgspec.json.Decoder(_Set).decode
_decode_call = msgspec.json.Decoder(_Call).decode
_decode_desired = msgspec.json.Decoder(_Desired).decode


def encode_state(state: Mapping[str, Any]) -> bytes:
    """The payload of a report."""
    return _encode(dict(state))


def encode_event(fields: Mapping[str, Any]) -> bytes:
    """The payload of an event."""
    return _encode(dict(fields))


def encode_reply(error: str | None, output: Mapping[str, Any] | None = None) -> bytes:
    """The payload of a reply: refused with ``error``, or done, with ``output`` when there is any."""
    if error is not None:
        return _encode({"ok": False, "error": error})
    return _encode({"ok": True} if output is None else {"ok": True, "output": dict(output)})


def event_topic(event: str) -> str:
    """Where an event goes."""
    return f"things/me/event/{event}"


def reply_topic(command: str) -> str:
    """Where the reply to a command goes."""
    return f"things/me/reply/{command}"


def decode_down(topic: str, payload: bytes) -> list[Order]:
    """Read what the hub sent. A ``desired`` document yields one order for each command in it, in the order met.

    Raises DeviceError (bad_json) for a payload of another shape, (topic_not_allowed) for a topic that we never
    subscribed to.
    """
    try:
        if topic == SET:
            wanted = _decode_set(payload)
            return [Order(wanted.id, wanted.state)]
        if topic.startswith(CALL):
            call = _decode_call(payload)
            return [Order(call.id, action=topic[len(CALL) :], input=call.input or {})]
        if topic == DESIRED:
            return _split(_decode_desired(payload))
    except msgspec.DecodeError as error:
        raise DeviceError(str(error), code="bad_json", field=topic) from error
    raise DeviceError(f"nothing was expected on {topic!r}", code="topic_not_allowed")


def _split(desired: _Desired) -> list[Order]:
    by_command: dict[str, dict[str, Any]] = {}
    for key, value in desired.state.items():
        by_command.setdefault(desired.commands.get(key, ""), {})[key] = value
    return [Order(command, state) for command, state in by_command.items()]
