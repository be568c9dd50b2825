"""How long a hub with many things takes to answer again.

Knows how the things get their values: a few gateway devices report for their children, as real ones do.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from unisono.bench.drive import Load
from unisono.bench.frames import decode_connack, encode_connect, encode_publish
from unisono.bench.hub import PLACE, POLL_S, WIDE, Hub
from unisono.bench.load import KEEP_ALIVE_S, Acks, Job
from unisono.errors import DeviceError, HostError

__all__ = ["measure_restart", "wide_payload"]

VALUES = 12
CHILDREN = 10_000  # of one gateway device
LAMPS = 1_000
WINDOW = 1_000
ANSWER_DEADLINE_S = 120.0
BACKLOG_DEADLINE_S = 300.0
FILL_DEADLINE_S = 120.0


def wide_payload(number: int) -> bytes:
    """The JSON of thing ``number``: twelve values, the first of which is the number."""
    return b"{" + b",".join(b'"value_%d":%d' % (index, number + index - 1) for index in range(1, VALUES + 1)) + b"}"


def measure_restart(
    hub: Hub, things: int, log_mb: int, scenes: int, say: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Add ``things`` of twelve values and ``scenes`` that watch them, fill the log, then restart after SIGTERM and
    after SIGKILL."""
    hub.add_model(WIDE)
    say(f"adding {things:,} things of {VALUES} values")
    at = time.monotonic()
    for low in range(0, things, CHILDREN):
        _add_children(hub, low, min(low + CHILDREN, things))
    hub.wait_for_backlog(BACKLOG_DEADLINE_S)
    added_s = time.monotonic() - at
    if scenes:
        say(f"adding {scenes:,} scenes")
        hub.add_things(LAMPS, "lamp", model="light")
        hub.add_scenes([_scene(number, things) for number in range(scenes)])
    say(f"filling the log up to {log_mb} MB")
    log_bytes = _fill(hub, log_mb * 1_000_000)
    found: dict[str, dict[str, Any]] = {}
    for name, end in (("restart_after_stop", hub.stop), ("restart_after_kill", hub.kill)):
        say(name.replace("_", " "))
        end()
        started = hub.launch()
        answer = hub.wait_for_answer(started + ANSWER_DEADLINE_S, f"/api/v1/things/wide{things - 1}")
        answered = time.monotonic() - started
        state = {key: entry["value"] for key, entry in answer["state"].items()}
        found[name] = {
            "answer_s": round(answered, 3),
            "backlog_zero_s": round(hub.wait_for_backlog(BACKLOG_DEADLINE_S) - started, 3),
            "things": things,
            "values": VALUES,
            "scenes": scenes,
            "log_mb": round(log_bytes / 1e6, 1),
            "state_is_right": state == {f"value_{index}": things + index - 2 for index in range(1, VALUES + 1)},
            "added_s": round(added_s, 1),
        }
    return found


def _scene(number: int, things: int) -> dict[str, Any]:
    """A scene of a trigger with a time to hold, a condition and a step; its thing says nothing that sets it off."""
    thing, lamp = f"wide{number % things}", f"lamp{number % LAMPS}"
    return {
        "id": f"scene{number}",
        "name": f"Scene {number}",
        "place": PLACE,
        "when": [{"change": {"things": [thing], "property": "value_1", "below": -1, "for_s": 60}}],
        "if": [{"state": {"things": [lamp], "property": "on_off", "is": False}}],
        "then": [{"set": {"things": [lamp], "state": {"on_off": True}}}],
    }


def _add_children(hub: Hub, low: int, high: int) -> None:
    """Things ``wide<low>`` .. under one gateway device, which reports once for each."""
    gateway = hub.add_things(1, f"gateway{low}x")[0]
    hub.add_things(high, "wide", model="bench.wide", parent=gateway[0], first=low)
    with socket.create_connection(("127.0.0.1", hub.port), timeout=30.0) as sock:
        sock.sendall(encode_connect(gateway[0], *gateway, version=4, keep_alive_s=KEEP_ALIVE_S))
        connack = decode_connack(sock.recv(4), 4)
        if connack is None or connack.code:
            raise DeviceError(f"the gateway device was not let in: {connack}", code="bad_credentials")
        acks = Acks(65_535)
        for begin in range(low, high, WINDOW):
            numbers = range(begin, min(begin + WINDOW, high))
            sock.sendall(
                b"".join(
                    encode_publish(
                        f"things/wide{number}/state", wide_payload(number), qos=1,
                        packet_id=(number - low) % 65_535 + 1, version=4,
                    )
                    for number in numbers
                )
            )  # fmt: skip
            while acks.count < numbers[-1] + 1 - low:
                data = sock.recv(65_536)
                if not data:
                    raise DeviceError("the hub closed the gateway device's connection")
                acks.feed(data)


def _fill(hub: Hub, wanted: int) -> float:
    """Let meters write until the log holds ``wanted`` bytes, or gives old ones away; returns what it holds.

    Beyond its replay window a hub purges what every sink has, so that a log of the full bound is seldom seen.
    """
    names = hub.add_things(20, "meter")
    job = Job(
        host="127.0.0.1", port=hub.port, version=4, qos=1, window=1_000, topic="things/me/state", credentials=names,
        payloads=1_000_000,
    )  # fmt: skip
    end = time.monotonic() + FILL_DEADLINE_S
    with Load(job) as load:
        load.start()
        most = size = 0.0
        while most <= size < wanted and time.monotonic() < end:
            time.sleep(POLL_S)
            most, size = size, hub.metric("unisono_log_bytes")
        load.stop()
        drained = load.drain(30.0)
    if drained.acked != drained.sent:
        raise HostError(f"{drained.sent - drained.acked} messages were not acknowledged")
    hub.wait_for_backlog(BACKLOG_DEADLINE_S)
    return size
