"""The hot path: walk consecutive plain PUBLISH packets of one topic in a received chunk.

Knows the bytes of PUBLISH only as far as a plain one goes: same first byte, same topic, no properties. Everything else
is left, untouched, to `publishing`: a walk stops before the first packet that it does not know.

What makes a walk quick: no call per packet but ``startswith`` and two ``append``; the chunk's end is found by
IndexError instead of a comparison per packet, and a last packet that was cut is taken back once, at the end.

Packets of one length (a device whose numbers keep their digits) need no walk: `take_alike` cuts them in blocks, in C,
and compares their heads afterwards. Measured in 64 KB chunks of 80-byte packets (``tests/wire/measure_runs.py``: all
that `ServerConnection.receive` and the PUBACKs take), walked and in blocks: 0.17 and 0.05 us a packet at QoS 0, 0.22
and 0.08 at QoS 1, 0.25 and 0.09 with version 5.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

__all__ = ["take_alike", "walk_bare", "walk_numbered", "walk_numbered_v5"]

BLOCK = 16
"""Packets cut at once. A window of 100 is six blocks and four packets to walk; 8 cost a fifth more, 32 no less."""

KNOWN_FORMS = 256
"""Forms (topic, QoS and payload length) whose cut is remembered, 2 KB each; making one costs 5 us."""


@lru_cache(KNOWN_FORMS)
def _cut_of(head: int, ids: int, gap: int, payload: int) -> Struct:
    """Cuts `BLOCK` packets into head, packet id, property length (``gap``) and payload, the absent ones left out."""
    return Struct((f"{head}s" + "2s" * ids + "s" * gap + f"{payload}s") * BLOCK)


def take_alike(
    data: bytes,
    pos: int,
    start: int,
    stop: int,
    payloads: list[bytes],
    packet_ids: list[bytes] | None,
    *,
    v5: bool,
) -> int:
    """Take blocks of packets with the form of the one at ``pos`` (its payload from ``start`` to ``stop``).

    That one is plain and whole: the caller has made sure. ``packet_ids`` None: QoS 0. Returns where it stopped, which
    is ``pos`` when fewer than a block of them follow each other.
    """
    numbered = packet_ids is not None
    body = start - 2 * numbered - v5
    head = data[pos:body]
    stride = stop - pos
    if not (data.startswith(head, stop) and data.startswith(head, pos + (BLOCK - 1) * stride)):
        return pos  # seen at once where lengths change, before a cut is made for one of them
    cut = _cut_of(len(head), int(numbered), int(v5), stop - start)
    fields = 2 + numbered + v5
    last = len(data) - BLOCK * stride
    while pos <= last:
        parts = cut.unpack_from(data, pos)
        if parts[::fields].count(head) < BLOCK or (v5 and parts[fields - 2 :: fields].count(b"\0") < BLOCK):
            break
        payloads += parts[fields - 1 :: fields]
        if packet_ids is not None:
            packet_ids += parts[1::fields]
        pos += BLOCK * stride
    return pos


# n is one packet's remaining length; ``need`` the least one that holds topic and packet id; ``largest`` the greatest
# that the limits allow (checked only for lengths of two bytes: the caller makes sure that it is at least 127).


def walk_bare(data: bytes, pos: int, head: bytes, payloads: list[bytes], *, largest: int) -> int:
    """QoS 0: ``head`` is first byte + topic field (+ the zero property length of version 5). Where it stopped."""
    first = head[0]
    prefix = head[1:]
    need = len(prefix)
    end = len(data)
    same = data.startswith
    add = payloads.append
    n = 0
    try:
        while True:
            n = data[pos + 1]
            if n < 0x80:
                start = pos + 2
            else:
                high = data[pos + 2]
                n += (high - 1) << 7
                start = pos + 3
                if not 0 < high < 0x80 or n > largest or start + n > end:
                    break
            if n < need or data[pos] != first or not same(prefix, start):
                break
            pos = start + n
            add(data[start + need : pos])
    except IndexError:
        pass
    if pos > end:  # only a packet with a length of one byte can have been cut: the others are checked above
        payloads.pop()
        pos -= n + 2
    return pos


def walk_numbered(
    data: bytes, pos: int, head: bytes, payloads: list[bytes], packet_ids: list[bytes], *, largest: int
) -> int:
    """QoS 1 and 2 before version 5: ``head`` is first byte + topic field. Where it stopped."""
    first = head[0]
    prefix = head[1:]
    size = len(prefix)
    need = size + 2
    end = len(data)
    same = data.startswith
    add = payloads.append
    add_id = packet_ids.append
    n = 0
    try:
        while True:
            n = data[pos + 1]
            if n < 0x80:
                start = pos + 2
            else:
                high = data[pos + 2]
                n += (high - 1) << 7
                start = pos + 3
                if not 0 < high < 0x80 or n > largest or start + n > end:
                    break
            if n < need or data[pos] != first or not same(prefix, start):
                break
            pos = start + n
            start += size
            add_id(data[start : start + 2])
            add(data[start + 2 : pos])
    except IndexError:
        pass
    if pos > end:
        payloads.pop()
        packet_ids.pop()
        pos -= n + 2
    return pos


def walk_numbered_v5(
    data: bytes, pos: int, head: bytes, payloads: list[bytes], packet_ids: list[bytes], *, largest: int
) -> int:
    """QoS 1 and 2 with version 5: as `walk_numbered`, and the property length after the packet id must be zero."""
    first = head[0]
    prefix = head[1:]
    size = len(prefix)
    need = size + 3
    end = len(data)
    same = data.startswith
    add = payloads.append
    add_id = packet_ids.append
    n = 0
    try:
        while True:
            n = data[pos + 1]
            if n < 0x80:
                start = pos + 2
            else:
                high = data[pos + 2]
                n += (high - 1) << 7
                start = pos + 3
                if not 0 < high < 0x80 or n > largest or start + n > end:
                    break
            if n < need or data[pos] != first or not same(prefix, start):
                break
            after = start + size + 2
            if data[after]:
                break
            pos = start + n
            add_id(data[after - 2 : after])
            add(data[after + 1 : pos])
    except IndexError:
        pass
    if pos > end:
        payloads.pop()
        packet_ids.pop()
        pos -= n + 2
    return pos
