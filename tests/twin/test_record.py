"""The log's bytes: every entry comes back as it was written, and an older writer's entries stay readable."""

from __future__ import annotations

import contextlib
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.world import T0, entries, reports
from unisono.twin import record, talk
from unisono.twin.record import Asked, Batch, Entry, Reports, decode_batch, encode_batch, unpacked


@given(st.lists(entries, max_size=5))
def test_a_batch_comes_back_as_it_was_written(said: list[Entry]) -> None:
    written = encode_batch(Batch("g1", T0, said))
    assert encode_batch(decode_batch(written)) == written
    assert [type(entry) for entry in decode_batch(written).entries] == [type(entry) for entry in said]


def test_fields_appended_since_have_their_default() -> None:
    old = msgspec.msgpack.encode(["g1", T0, [[1, "lamp", "lamp", "state", T0, [b"{}"]]]])
    (entry,) = decode_batch(old).entries
    assert entry == Reports("lamp", "lamp", "state", T0, (b"{}",), b"", ())


def test_a_long_message_is_packed_and_weighs_what_it_weighed_before() -> None:
    batch = Batch(
        "g1", T0, [Reports("lamp", "lamp", "state", T0, tuple(b'{"on": true, "level": %d}' % n for n in range(200)))]
    )
    plain = msgspec.msgpack.encode(batch)
    packed = encode_batch(batch)
    assert len(packed) < len(plain) / 2
    assert unpacked(packed) == plain == unpacked(plain)
    assert decode_batch(packed) == decode_batch(plain) == batch


def test_what_does_not_pack_stays_as_it_is() -> None:
    noise = random.Random(1).randbytes(4000)
    batch = Batch("g1", T0, [Reports("lamp", "lamp", "state", T0, (noise,))])
    assert encode_batch(batch) == msgspec.msgpack.encode(batch)


def test_what_nobody_would_unpack_is_not_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "_LONGEST", 5000)
    batch = Batch("g1", T0, [Reports("lamp", "lamp", "state", T0, (b"{}" * 4000,))])
    assert encode_batch(batch) == msgspec.msgpack.encode(batch)


LONG = encode_batch(Batch("g", 1, [Reports("a", "a", "state", T0, (b"{}" * 1000,))]))
DEEP = encode_batch(Batch("g", 1, [Asked("c", "a", 1, {}, {})]))[:-13] + b"\x81\xa1x" * 5_000 + b"\xc0"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x93\x01\x02\x03",
        b"\x93\xa1\x80",
        DEEP,
        LONG[:-1],
        LONG[:5],
        LONG[:3],
        LONG[:1] + b"\xff\xff\xff\x7f" + LONG[5:],
        LONG[:1] + b"\x00\x00\x00\x01" + LONG[5:],
        encode_batch(Batch("g", 1, [reports("a")]))[:-1],
    ],
)
def test_what_is_no_batch_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_batch(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_batch_or_refused(data: bytes) -> None:
    with contextlib.suppress(msgspec.DecodeError):
        assert isinstance(decode_batch(data), Batch)


def test_subjects_on_the_bus() -> None:
    assert talk.ask_owner("0", "twins") == "ask.owner.0.twins"
    assert talk.ask_gateway("g1", "status") == "ask.gateway.g1.status"
    assert (talk.live("0"), talk.down("g1"), talk.taken()) == ("live.0", "down.g1", "gateway.taken")


def test_names_that_others_import_exist() -> None:
    assert all(hasattr(talk, name) for name in talk.__all__)


def test_each_partition_has_its_own_pressure() -> None:
    assert talk.pressure("0") == "pressure.0"
