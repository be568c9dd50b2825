"""The kept inputs hold without the fuzzer, and what the fuzzer looks for it finds in ends that are made wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.client import check_client
from tests.fuzz.program import MAX_STREAM, VERSIONS, Cursor, cuts, frames, stream
from tests.fuzz.server import check_server
from tests.fuzz.target import check
from tests.fuzz.topics import naive_match, naive_valid
from unisono.wire.mqtt import ClientConnection, Connect, Limits, ServerConnection
from unisono.wire.mqtt.events import ClientEvent, Event, PublishRun

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_kept_inputs(file: Path) -> None:
    check(file.read_bytes())


def test_the_corpus_is_small() -> None:
    assert sum(file.stat().st_size for file in CORPUS) < 200_000


class _Forgetful(ServerConnection):
    """Loses a message wherever a read ends."""

    def receive(self, data: bytes) -> list[Event]:
        events = super().receive(data)
        if events and isinstance(events[-1], PublishRun):
            events.pop()
        return events


class _Raising(ServerConnection):
    def receive(self, data: bytes) -> list[Event]:
        if b"\xc0\0" in data:
            raise KeyError("ping")
        return super().receive(data)


class _Hoarding(ServerConnection):
    """Keeps what it should have refused."""

    def receive(self, data: bytes) -> list[Event]:
        events = super().receive(data)
        self._inlet.keep(bytes(2 << 20), 0, 3 << 20)
        return events


PINGED = bytes([0, 0, 1, 7, 7, 7, 7, 0, 1]) + b"".join(
    bytes([0, frames(VERSIONS[0]).index(frame)])
    for frame in (b"\xc0\0", frames(VERSIONS[0])[8], frames(VERSIONS[0])[4])
)
"""CONNECT, PINGREQ and two PUBLISH packets, in pieces of eight bytes."""


@pytest.mark.parametrize("make", [_Forgetful, _Raising, _Hoarding])
def test_a_wrong_server_is_found(make: Callable[[Limits], ServerConnection]) -> None:
    check_server(PINGED)
    with pytest.raises((AssertionError, KeyError)):
        check_server(PINGED, make)


class _Deaf(ClientConnection):
    """Takes only what comes whole."""

    def receive(self, data: bytes) -> list[ClientEvent]:
        events = super().receive(data)
        self._inlet.drop()
        return events


def test_a_wrong_client_is_found() -> None:
    program = bytes([0, 3, 2, 2, 2, 2, 0, 0, 0, 0, 0, 8])
    check_client(program)
    with pytest.raises(AssertionError):
        check_client(program, lambda connect: _Deaf(connect, max_packet_size=5_000, max_in_flight=4))


def test_programs() -> None:
    for version in VERSIONS:
        assert stream(Cursor(b"\0\0\1\1"), version) == frames(version)[0] + frames(version)[1]
        assert len(stream(Cursor(b"\2\5\xff" * 1_000), version)) == MAX_STREAM
        assert isinstance(frames(version)[0], bytes)
    assert list(cuts(b"abcdef", b"\0\1")) == [b"a", b"bc", b"d", b"ef"]
    assert Connect("me").client_id == "me"


@pytest.mark.parametrize(
    ("filter", "topic", "found"),
    [("a/#", "a", True), ("+", "$a", False), ("a/+", "a/", True), ("#", "a/b", True), ("a/+/c", "a/b/d", False)],
)
def test_the_naive_matcher(filter: str, topic: str, found: bool) -> None:
    assert naive_valid(filter)
    assert naive_match(filter, topic) is found
