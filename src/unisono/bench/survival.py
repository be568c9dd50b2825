"""What the other brokers still have after kill -9: acknowledged messages for a subscriber that was away.

Knows one MQTT subscriber with a lasting session (clean session 0). Each broker runs with the persistence it has.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from unisono.bench.drive import Load
from unisono.bench.frames import decode_connack, encode_connect, encode_subscribe
from unisono.bench.load import KEEP_ALIVE_S, Job
from unisono.bench.servers import PEERS, Peer
from unisono.errors import DeviceError, HostError

__all__ = ["LastingSubscriber", "measure_survival"]

MESSAGES_S = 1.0  # of load before the kill, at most `Peer.max_rate`
RATE = 20_000.0  # a rate that each of the fast ones takes without falling behind
SILENCE_S = 3.0  # after so long without a message nothing more is expected
READ_DEADLINE_S = 60.0
CLIENTS = 20


class LastingSubscriber:
    """A QoS 1 subscriber whose session outlives its connection."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=20.0)
        self.sock.sendall(encode_connect("lasting", None, None, version=4, keep_alive_s=KEEP_ALIVE_S, clean=False))
        connack = decode_connack(_exactly(self.sock, 4), 4)
        if connack is None or connack.code:
            raise DeviceError(f"the subscriber was not let in: {connack}", code="bad_credentials")

    def subscribe(self, topic_filter: str) -> None:
        """Subscribe at QoS 1 and wait for the SUBACK."""
        self.sock.sendall(encode_subscribe(1, topic_filter, 1, version=4))
        answer = _exactly(self.sock, 5)
        if answer[0] != 0x90 or answer[4] > 1:
            raise DeviceError(f"the subscription was refused: {answer.hex()}")

    def receive(self) -> set[bytes]:
        """The distinct payloads that arrive until `SILENCE_S` of silence; each is acknowledged."""
        found: set[bytes] = set()
        data = b""
        end = time.monotonic() + READ_DEADLINE_S
        self.sock.settimeout(SILENCE_S)
        while time.monotonic() < end:
            try:
                chunk = self.sock.recv(65_536)
            except TimeoutError:
                break
            if not chunk:
                break
            data = self._take(data + chunk, found)
        return found

    def _take(self, data: bytes, found: set[bytes]) -> bytes:
        """Read whole packets (all shorter than 128 bytes); returns the rest."""
        position, acks = 0, []
        while len(data) - position >= 2 and len(data) - position >= 2 + data[position + 1]:
            body = data[position + 2 : position + 2 + data[position + 1]]
            if data[position] & 0xF0 == 0x30:
                after = 2 + int.from_bytes(body[:2], "big")
                if data[position] & 0x06:
                    acks.append(b"\x40\x02" + body[after : after + 2])
                    after += 2
                found.add(body[after:])
            position += 2 + len(body)
        self.sock.sendall(b"".join(acks))
        return data[position:]

    def close(self) -> None:
        """Go away without a word, as a client that loses its network."""
        self.sock.close()


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = sock.recv(size - len(data))
        if not chunk:
            raise DeviceError("the server closed the subscriber's connection")
        data += chunk
    return data


def measure_survival(name: str) -> dict[str, Any]:
    """Publish for a subscriber that is away, SIGKILL, start again, and see what it is given."""
    with PEERS[name](persistent=True) as peer:
        subscriber = LastingSubscriber(peer.port)
        subscriber.subscribe("things/#")
        subscriber.close()
        acknowledged = _publish(peer)
        peer.kill()
        started_s = peer.start()
        try:
            subscriber = LastingSubscriber(peer.port)
            delivered = len(subscriber.receive())
            subscriber.close()
        except (OSError, DeviceError) as error:
            raise HostError(f"{name} did not take its subscriber back: {error}") from error
    return {
        "acknowledged": acknowledged,
        "delivered": delivered,
        "lost": max(0, acknowledged - delivered),
        "answer_s": round(started_s, 3),
    }


def _publish(peer: Peer) -> int:
    rate = min(RATE, peer.max_rate / 2)
    job = Job(
        host="127.0.0.1", port=peer.port, version=4, qos=1, window=65_535, topic="things/me/state", rate=rate,
        credentials=[(f"bench{number}", "") for number in range(CLIENTS)], payloads=CLIENTS * 10_000,
    )  # fmt: skip
    with Load(job) as load:
        load.start()
        time.sleep(MESSAGES_S)
        load.stop()
        return load.drain(20.0).acked
