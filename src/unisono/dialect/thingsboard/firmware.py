"""ThingsBoard's firmware over the air: what a device is told of it, and its chunks.

Source: "Firmware over the air" of ThingsBoard's documentation: shared attributes ``fw_...``, requests on
``v2/fw/request/<id>/chunk/<number>`` with the size of a chunk (nothing: all of it), answers on ``v2/fw/response/...``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from unisono.dialect.said import Asks, Odd, Said, Say

__all__ = ["ANSWERS", "CHUNKS", "REPORTED", "attributes", "part_told", "read_request", "wants"]

#: How topics of requests begin, and of answers.
CHUNKS, ANSWERS = "v2/fw/request/", "v2/fw/response/"
_TOPIC = re.compile(r"v2/fw/request/([0-9]{1,10}/chunk/([0-9]{1,9}))")
#: Bytes of one question to the hub, and of one message to a device.
PART, LARGEST = 256 * 1024, 1_900_000
#: What a device says of its firmware, as telemetry: ThingsBoard's own words, which no model need have.
REPORTED = frozenset({"current_fw_title", "current_fw_version", "fw_state", "fw_error", "fw_title", "fw_version"})


def attributes(answer: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a device is told of the firmware that it is offered."""
    if not answer:
        return {}
    return {
        "fw_title": answer["title"],
        "fw_version": answer["version"],
        "fw_size": answer["size"],
        "fw_checksum": answer["sha256"],
        "fw_checksum_algorithm": "SHA256",
    }


def wants(shared: list[str] | None, client: list[str] | None) -> bool:
    """Whether a request for attributes asks for firmware: by name, or for everything."""
    return shared is None and client is None if not shared else any(each.startswith("fw_") for each in shared)


def read_request(thing: str, topic: str, payload: bytes) -> list[Said]:
    """A chunk is asked for."""
    found = _TOPIC.fullmatch(topic)
    text = payload.strip()
    if found is None or not (text.isdigit() or not text) or len(text) > 9:
        return [Odd(thing, "bad_value", f"expected {CHUNKS}<id>/chunk/<number> with the size of a chunk, or nothing")]
    size = int(text or 0)
    if size > LARGEST:
        return [Odd(thing, "too_large", f"a chunk has at most {LARGEST} bytes")]
    return [_asks(thing, found[1], int(found[2]) * size, size, b"")]


def _asks(thing: str, chunk: str, start: int, size: int, before: bytes) -> Asks:
    """``size`` 0: all of it."""
    wanted = PART if not size else min(PART, size - len(before))
    facts = {"thing": thing, "offset": start + len(before), "size": wanted}
    return Asks("firmware_part", facts, ("chunk", thing, chunk, start, size, wanted, before))


def part_told(token: Any, answer: Mapping[str, Any] | None) -> list[Said]:
    """The hub's answer: a chunk that is whole is said; nothing where there is none."""
    _kind, thing, chunk, start, size, wanted, before = token
    if answer is None:
        return [Odd(thing, "no_answer", "the hub has no firmware to give now")]
    data: bytes = before + answer["data"]
    if len(data) > LARGEST:
        return [Odd(thing, "too_large", f"its firmware has more than {LARGEST} bytes: ask for it in chunks")]
    if len(answer["data"]) == wanted and len(data) != size:
        return [_asks(thing, chunk, start, size, data)]
    return [Say(ANSWERS + chunk, data)]
