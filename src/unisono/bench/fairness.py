"""``bench fairness``: what a flooding client costs its neighbours, in milliseconds.

Knows sockets and MQTT 3.1.1 bytes. One neighbour says something now and then and waits for its PUBACK (it is on disk)
and for the message at its own subscription; first alone, then beside clients that send as fast as they can.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from unisono.bench import machine
from unisono.bench.drive import Load, between
from unisono.bench.frames import decode_connack, encode_connect, encode_publish, encode_subscribe, payload
from unisono.bench.hub import Hub
from unisono.bench.load import KEEP_ALIVE_S, Job
from unisono.bench.report import Report, ratio
from unisono.bench.soak import percentiles
from unisono.errors import DeviceError

__all__ = ["FairnessOptions", "run_fairness"]

PAUSE_S = 0.01
ANSWER_S = 30.0
TOPIC = "fairness/neighbour"


@dataclass(frozen=True, kw_only=True)
class FairnessOptions:
    """``seconds`` for each measurement; ``window``: messages that a flooding QoS 1 client has under way.

    ``settle_s`` of flooding, before anything counts: its buffers are full then.
    """

    seconds: float = 15.0
    settle_s: float = 2.0
    window: int = 10_000

    @classmethod
    def quick(cls, **changes: Any) -> FairnessOptions:
        """A smoke run."""
        return cls(**{"seconds": 0.5, "settle_s": 0.2, **changes})


class Neighbour:
    """A client that is subscribed to what it says itself. A context manager."""

    def __init__(self, port: int, name: str, secret: str) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), ANSWER_S)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.sendall(encode_connect(name, name, secret, version=4, keep_alive_s=KEEP_ALIVE_S))
        connack = decode_connack(self._sock.recv(4096), 4)
        if connack is None or connack.code:
            raise DeviceError(f"the neighbour was refused: {connack}")
        self._sock.sendall(encode_subscribe(1, TOPIC, 0, version=4))
        self._sock.recv(4096)
        self._number = 0

    def __enter__(self) -> Neighbour:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._sock.close()

    def measure(self, seconds: float) -> dict[str, Any]:
        """Say something every `PAUSE_S` for so long; milliseconds until the PUBACK and until the message was back."""
        acked: list[float] = []
        heard: list[float] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._number += 1
            body = payload(self._number)
            frame = encode_publish(TOPIC, body, qos=1, packet_id=self._number % 60_000 + 1, version=4)
            begin = time.monotonic()
            self._sock.sendall(frame)
            got = b""
            ack_due = heard_due = True
            while ack_due or heard_due:
                got += self._sock.recv(4096)
                now = time.monotonic()
                if ack_due and b"\x40\x02" in got:
                    acked.append(now - begin)
                    ack_due = False
                if heard_due and body in got:
                    heard.append(now - begin)
                    heard_due = False
            time.sleep(max(0.0, begin + PAUSE_S - time.monotonic()))
        found = {f"puback_{name}": value for name, value in percentiles(sorted(acked)).items()}
        return found | {f"heard_{name}": value for name, value in percentiles(sorted(heard)).items() if name != "count"}


def run_fairness(options: FairnessOptions, say: Callable[[str], None] = lambda text: None) -> Report:
    """Measure alone, beside one flood at QoS 1, beside one at QoS 0."""
    machine.require_proc()
    about = machine.machine()
    figures: dict[str, dict[str, Any]] = {}
    with Hub() as hub:
        names = hub.add_things(1, "flood")
        guest = hub.add_things(1, "neighbour")[0]
        with Neighbour(hub.port, *guest) as neighbour:
            say("the neighbour alone")
            neighbour.measure(options.settle_s)
            figures["alone"] = neighbour.measure(options.seconds)
            for qos in (1, 0):
                say(f"beside a flood at QoS {qos}")
                job = Job(
                    host="127.0.0.1", port=hub.port, version=4, qos=qos, window=options.window,
                    topic="things/me/state", credentials=names, payloads=options.window,
                )  # fmt: skip
                with Load(job) as load:
                    load.start()
                    time.sleep(options.settle_s)
                    first = load.sample()
                    found = neighbour.measure(options.seconds)
                    window = between(first, load.sample())
                found["flood_per_s"] = round(window.acked_per_s if qos else window.sent_per_s)
                figures[f"beside_qos{qos}"] = found
                hub.wait_for_backlog(ANSWER_S * 10)
    alone = figures["alone"]["puback_p99_ms"]
    ratios = {
        f"p99_beside_qos{qos}_vs_alone": ratio(figures[f"beside_qos{qos}"]["puback_p99_ms"], alone) for qos in (1, 0)
    }
    return Report(
        benchmark="fairness",
        figures={"unisono": figures},
        ratios={name: value for name, value in ratios.items() if value is not None},
        notes=["flood, neighbour and hub share the machine's cores"],
        machine=about,
        options=asdict(options),
    )
