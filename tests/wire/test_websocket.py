"""A WebSocket as a stream of bytes: frames as a client library makes them, cut anywhere, and every rule broken."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode

from unisono.wire.websocket import (
    BINARY,
    CLOSE,
    NORMAL,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    UNSUPPORTED_DATA,
    Stream,
    encode_frame,
)


def sent(payload: bytes, opcode: Opcode = Opcode.BINARY, *, fin: bool = True) -> bytes:
    """A frame as a client sends it."""
    return Frame(opcode, payload, fin).serialize(mask=True)


def all_of(stream: Stream, *chunks: bytes) -> bytes:
    return b"".join([stream.receive(chunk) for chunk in chunks])


SIZES = (0, 1, 4, 70, 125, 126, 127, 65535, 65536, 70_001)


@pytest.mark.parametrize("size", SIZES)
def test_a_message_of_any_length(size: int) -> None:
    payload = bytes(number & 0xFF for number in range(size))
    data = sent(payload) + sent(b"next")
    assert all_of(Stream(), data) == payload + b"next"
    assert all_of(Stream(), data[:3], data[3:-5], data[-5:]) == payload + b"next"


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 40), min_size=1, max_size=30), st.data())
def test_frames_cut_anywhere(payloads: list[bytes], cuts: list[int], data: st.DataObject) -> None:
    """Fragments, pings between them, and any chunks: the stream is the same."""
    raw = b""
    pings = 0
    for payload in payloads:
        at = data.draw(st.integers(0, len(payload)))
        if data.draw(st.booleans()):
            raw += sent(payload[:at], fin=False) + sent(b"ping", Opcode.PING) + sent(payload[at:], Opcode.CONT)
            pings += 1
        else:
            raw += sent(payload)
    stream = Stream()
    heard = b""
    position = 0
    for cut in itertools.cycle(cuts):
        if position >= len(raw):
            break
        heard += stream.receive(raw[position : position + cut])
        position += cut
    assert heard == b"".join(payloads)
    assert stream.closed is None
    assert stream.replies == encode_frame(b"ping", PONG) * pings


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("opcode", [BINARY, TEXT])
def test_what_is_written_is_as_the_library_writes_it(size: int, opcode: int) -> None:
    assert encode_frame(bytes(size), opcode) == Frame(Opcode(opcode), bytes(size)).serialize(mask=False)


@pytest.mark.parametrize(
    ("close", "code"),
    [
        (b"", NORMAL),
        (Close(1000, "bye").serialize(), 1000),
        (Close(1001, "").serialize(), 1001),
        (Close(4999, "ours").serialize(), 4999),
        (b"\x03", PROTOCOL_ERROR),
        ((1005).to_bytes(2), PROTOCOL_ERROR),
        ((999).to_bytes(2), PROTOCOL_ERROR),
    ],
)
def test_a_goodbye_is_answered_and_nothing_is_read_behind_it(close: bytes, code: int) -> None:
    stream = Stream()
    assert all_of(stream, sent(b"last") + sent(close, Opcode.CLOSE) + sent(b"late"), sent(b"later")) == b"last"
    assert stream.closed is not None and stream.closed[0] == code
    assert stream.replies == encode_frame(code.to_bytes(2), CLOSE)


def test_the_reason_of_a_goodbye_is_told() -> None:
    stream = Stream()
    stream.receive(sent(Close(1000, "gute Nacht").serialize(), Opcode.CLOSE))
    assert stream.closed == (1000, "gute Nacht")


def masked(first: int, second: int) -> bytes:
    return bytes((first, second | 0x80, 0, 0, 0, 0)) + bytes(second & 0x7F)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (sent(b"text", Opcode.TEXT), UNSUPPORTED_DATA),
        (Frame(Opcode.BINARY, b"bare").serialize(mask=False), PROTOCOL_ERROR),
        (masked(0x82 | 0x40, 3), PROTOCOL_ERROR),
        (masked(0x83, 3), PROTOCOL_ERROR),
        (masked(0x8B, 3), PROTOCOL_ERROR),
        (masked(0x09, 3), PROTOCOL_ERROR),
        (masked(0x89, 126), PROTOCOL_ERROR),
        (sent(b"more", Opcode.CONT), PROTOCOL_ERROR),
        (sent(b"a", fin=False) + sent(b"b"), PROTOCOL_ERROR),
    ],
    ids=[
        "text",
        "bare",
        "reserved bit",
        "opcode 3",
        "opcode 11",
        "parted ping",
        "long ping",
        "nothing goes on",
        "two begun",
    ],
)
def test_a_broken_rule_ends_it_with_its_code(data: bytes, code: int) -> None:
    for chunks in ([sent(b"before") + data], [sent(b"before"), *(data[at : at + 1] for at in range(len(data)))]):
        stream = Stream()
        heard = all_of(stream, *chunks, sent(b"after"))
        assert heard in (b"before", b"beforea")
        assert stream.closed is not None and stream.closed[0] == code and stream.closed[1]
        assert stream.replies == encode_frame(code.to_bytes(2), CLOSE)


def test_a_pong_is_heard_and_means_nothing() -> None:
    stream = Stream()
    assert all_of(stream, sent(b"", Opcode.PONG) + sent(b"on")) == b"on"
    assert (stream.replies, stream.closed) == (b"", None)


def test_a_frame_of_256_mb_is_not_kept() -> None:
    stream = Stream()
    stream.receive(b"\x82\xff" + (256 << 20).to_bytes(8) + b"\0\0\0\0")
    for _ in range(100):
        assert stream.receive(bytes(1000)) == bytes(1000)
    assert stream._kept == b""
