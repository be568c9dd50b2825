"""The subscriber that was away, against the real Mosquitto: it is given what was kept, and no more is counted."""

from __future__ import annotations

import shutil
import socket

import pytest

from unisono.bench.frames import encode_connect, encode_publish, payload
from unisono.bench.servers import Mosquitto
from unisono.bench.survival import LastingSubscriber

needs_mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin") is None,
    reason="mosquitto is not installed: apt-get install mosquitto",
)


def publish(port: int, count: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10.0) as sock:
        sock.sendall(encode_connect("device", None, None, version=4, keep_alive_s=60))
        frames = [
            encode_publish("things/me/state", payload(number), qos=1, packet_id=number + 1, version=4)
            for number in range(count)
        ]
        sock.sendall(b"".join(frames))
        answers = b""
        while len(answers) < 4 + 4 * count:
            answers += sock.recv(65_536)


@needs_mosquitto
def test_a_lasting_session_is_served_and_a_kill_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unisono.bench.survival.SILENCE_S", 0.3)
    with Mosquitto(persistent=True) as server:
        first = LastingSubscriber(server.port)
        first.subscribe("things/#")
        first.close()
        publish(server.port, 200)
        again = LastingSubscriber(server.port)
        assert again.receive() == {payload(number) for number in range(200)}
        again.close()
        publish(server.port, 50)
        server.kill()
        assert server.start() < 10.0
        after = LastingSubscriber(server.port)
        assert after.receive() == set(), "saved every half hour: this is what the figure is about"
        after.close()
