"""How long a received PUBLISH takes on one core: ``python -m tests.wire.measure_runs``. Not a test."""

from __future__ import annotations

import time
import tracemalloc

from unisono.wire.mqtt import Connect, Limits, PublishRun, ServerConnection, Version
from unisono.wire.mqtt.codec import encode
from unisono.wire.mqtt.packets import Publish

CHUNK = 64 * 1024
COUNT = 100_000
ROUNDS = 7


def opened(version: Version) -> ServerConnection:
    connection = ServerConnection(Limits(receive_maximum=65_535))
    connection.receive(encode(Connect(client_id="device-1", version=version, keep_alive=60), version))
    connection.accept()
    return connection


def chunks(version: Version, qos: int, size: int, topics: int) -> list[bytes]:
    packets = []
    for index in range(COUNT):
        topic = f"things/me/st{index % topics:03x}"
        bare = len(encode(Publish(topic, b"", qos, packet_id=1), version)) + (size > 129)
        payload = (b"%07d" % index).ljust(size - bare, b"x")
        packets.append(encode(Publish(topic, payload, qos, packet_id=index % 60_000 + 1), version))
    data = b"".join(packets)
    return [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]


def measure(version: Version, qos: int, size: int, topics: int) -> float:
    parts = chunks(version, qos, size, topics)
    best = float("inf")
    for _ in range(ROUNDS):
        connection = opened(version)
        count = 0
        began = time.process_time()
        for part in parts:
            for event in connection.receive(part):
                assert isinstance(event, PublishRun)
                count += len(event.payloads)
                connection.pubacks(event.packet_ids)
        best = min(best, time.process_time() - began)
        assert count == COUNT
    return best / COUNT * 1e6


def measure_delivery() -> float:
    best = float("inf")
    acknowledgements = [
        b"".join(b"\x40\x02" + n.to_bytes(2, "big") for n in range(at + 1, at + 501)) for at in (0, 500)
    ]
    for _ in range(ROUNDS):
        connection = opened(Version.V311)
        began = time.process_time()
        for part in acknowledgements:
            for _ in range(500):
                connection.deliver("things/me/set", b"x" * 60, 1)
            connection.receive(part)
        best = min(best, time.process_time() - began)
        assert not connection.session.in_flight
    return best / 1_000 * 1e6


def idle_bytes() -> float:
    limits = Limits()
    kept = []
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for index in range(1_000):
        connection = ServerConnection(limits)
        connection.receive(encode(Connect(client_id=f"device-{index}", keep_alive=60), Version.V311))
        connection.accept()
        kept.append(connection)
    return (tracemalloc.get_traced_memory()[0] - before) / len(kept)


def main() -> None:
    lines = [f"idle accepted connection: {idle_bytes():.0f} bytes"]
    tracemalloc.stop()
    for topics in (1, 2, 500):
        for size in (80, 300):
            for version in (Version.V311, Version.V5):
                for qos in (0, 1):
                    us = measure(version, qos, size, topics)
                    lines.append(f"{size} bytes, {topics} topics, version {version}, QoS {qos}: {us:.3f} us")
    lines.append(f"delivery at QoS 1 with its PUBACK: {measure_delivery():.3f} us")
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
