"""What a client sends again is folded once; whatever only looks like it is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.twin.world import GAUGE, T0, Disk, Home, cut, model_put, offline, online, play, reports, thing_put
from unisono.twin import resend
from unisono.twin.record import Batch, Entry, GatewayStarted, Presence, Reports
from unisono.twin.resend import KEEP_BYTES, KEEP_CLIENTS, KEEP_MESSAGES, KEEP_TOTAL, Resends

A, B = {"level": 20}, {"level": 30}
START: list[Entry] = [model_put(GAUGE), thing_put("gauge"), thing_put("part", parent="gauge"), online("gauge")]


def first(*payloads: dict[str, Any], ids: Sequence[int] = (), **more: Any) -> Reports:
    return reports("gauge", *payloads, ids=ids or range(1, len(payloads) + 1), **more)


def again(*payloads: dict[str, Any], ids: Sequence[int] = (), **more: Any) -> Reports:
    return first(*payloads, ids=ids, dups=range(len(payloads)), **more)


def levels(*entries: Entry) -> list[str]:
    """What history has of the gauge's level, with each entry in a message of its own and with all in one."""
    found = []
    for log in (cut([*START, *entries], range(60)), cut([*START, *entries], [])):
        disk = Disk()
        play(log, disk)
        found.append([value for _at, _seq, value in disk.history.rows.get(("gauge", "level"), [])])
    assert found[0] == found[1]
    return found[0]


def test_a_resend_on_the_same_connection_is_folded_once() -> None:
    assert levels(first(A, B), again(A, B)) == ["20.0", "30.0"]


def test_a_resend_after_a_reconnect_is_folded_once() -> None:
    assert levels(first(A, B), offline("gauge"), online("gauge", 2), again(A, B)) == ["20.0", "30.0"]


def test_a_resend_after_the_gateway_began_anew_is_folded_once() -> None:
    assert levels(first(A, B), GatewayStarted("g1", T0), online("gauge", 2), again(A, B)) == ["20.0", "30.0"]


def test_a_first_copy_that_was_lost_on_its_way_is_new_even_right_behind_the_reconnect() -> None:
    assert levels(offline("gauge"), online("gauge", 2), again(A)) == ["20.0"]
    assert levels(first(A), GatewayStarted("g1", T0), again(B, ids=[2])) == ["20.0", "30.0"]
    assert levels(first(A), offline("gauge"), again(A), first(B, ids=[2]), offline("gauge"), again(B, ids=[3])) == [
        "20.0",
        "30.0",
        "30.0",
    ]


@pytest.mark.parametrize(
    "other",
    [
        again(B, ids=[1]),  # another payload
        again(A, ids=[2]),  # another packet id
        again(A, client="gauge/x"),  # another client
        first(A),  # no DUP flag: the id was used anew
    ],
)
def test_what_only_looks_like_a_resend_is_new(other: Reports) -> None:
    assert len(levels(first(A), other)) == 2
    assert len(levels(first(A), offline("gauge"), online("gauge", 2), other)) == 2


def test_a_packet_id_used_anew_stands_for_its_last_message_only() -> None:
    assert levels(first(A), first(B, ids=[1]), again(A)) == ["20.0", "30.0", "20.0"]
    assert levels(first(A, B, ids=[1, 1]), again(B, ids=[1])) == ["20.0", "30.0"]


def test_the_same_words_about_another_thing_or_topic_are_new() -> None:
    disk = Disk()
    to_part = reports("part", A, client="gauge", ids=[1], dups=[0])
    as_event = reports("gauge", A, topic="event/full", ids=[1], dups=[0])
    fold = play(cut([*START, first(A), to_part, as_event], [5]), disk)
    assert disk.history.rows[("part", "level")]
    assert len(fold.partition.dead_letters.newest("gauge", 10)) == 1  # the event has no such field: it was looked at


def test_a_run_may_hold_first_copies_and_resends() -> None:
    mixed = reports("gauge", A, B, A, ids=[1, 2, 1], dups=[0, 2])
    assert levels(first(A), mixed) == ["20.0", "30.0"]
    assert levels(mixed) == ["20.0", "30.0"]


@pytest.mark.parametrize("packet_ids", [b"", b"\x00", b"\x00\x01\x00"])
def test_flags_without_packet_ids_mark_no_resend(packet_ids: bytes) -> None:
    odd = Reports("gauge", "gauge", "state", T0, [b'{"level":20}'], packet_ids, [0])
    assert levels(odd, odd, offline("gauge"), odd) == ["20.0"] * 3


def test_resends_are_recognised_after_a_checkpoint_and_a_restart() -> None:
    log = cut([*START, first(A, B), offline("gauge"), first(A, client="other"), again(A, B)], range(1, 9))
    for saved in range(1, len(log)):
        disk = Disk()
        play(log, disk, stop=saved, saves=[saved])
        play(log, disk)
        assert [value for _at, _seq, value in disk.history.rows[("gauge", "level")]] == ["20.0", "30.0", "20.0"]


def test_a_client_away_is_remembered_beyond_the_stretch() -> None:
    home = Home(*START, first(A, B))
    home.say(offline("gauge"))
    for i in range(4):
        home.say(reports("part", B, ids=[i + 1]), size=KEEP_BYTES // 2)
    assert home.fold.partition.resends.first > 2
    outcome = home.say(again(A, B), size=KEEP_BYTES)
    assert outcome.values == 0
    # still away or still resending: remembered on; once it sends anew and that is past, older messages are closed
    home.say(reports("part", B, ids=[9]), size=KEEP_BYTES)
    assert home.say(again(B, ids=[2])).values == 0
    home.say(first(A, ids=[7]), size=KEEP_BYTES)
    home.say(reports("part", B, ids=[9]), size=KEEP_BYTES)
    assert home.say(again(B, ids=[2])).values == 1


def test_a_client_that_left_nothing_is_not_remembered() -> None:
    home = Home(*START)
    home.say(offline("gauge"))
    assert home.fold.partition.resends.saved().tails == {}


def batch(*entries: Entry) -> Batch:
    return Batch("g1", T0, list(entries))


def leave(resends: Resends, seq: int, client: str, ids: Sequence[int], *, size: int = 100) -> None:
    gone = Presence(client, "g1", 1, False, "lost", T0, client)
    run = reports(client, *(b"%d" % id for id in ids), ids=ids)
    resends.keep(seq, size, batch(run, gone))
    resends.left(gone)


def test_the_stretch_is_bounded_by_bytes_and_keeps_at_least_the_latest_message() -> None:
    resends = Resends()
    for seq in range(1, 100):
        resends.keep(seq, KEEP_BYTES // 10, batch(reports("gauge", A, ids=[1])))
    assert (resends.first, len(resends._recent), len(resends._fresh)) == (91, 9, 9)
    resends.keep(100, KEEP_BYTES * 2, batch(reports("gauge", A, ids=[1])))
    assert (resends.first, len(resends._recent)) == (100, 1)
    resends.keep(101, KEEP_BYTES * 2, batch(reports("part", A)))  # nothing in it can be sent again
    assert resends.first == 100


def test_resends_that_pass_by_unread_close_nothing() -> None:
    resends = Resends()
    leave(resends, 1, "gauge", [1], size=KEEP_BYTES)
    resends.keep(2, KEEP_BYTES, batch(reports("gauge", b"2", ids=[2], dups=[0])))
    resends.keep(3, KEEP_BYTES, batch(reports("gauge", b"3", ids=[3])))
    assert list(resends.saved().tails) == ["gauge"]
    resends.keep(4, KEEP_BYTES, batch(reports("part", b"3", ids=[3])))
    assert resends.saved().tails == {}


def test_many_small_runs_weigh_what_they_cost() -> None:
    resends = Resends()
    for seq in range(1, 60_000):
        resends.keep(seq, 100, batch(reports("gauge", b"{}", ids=[1])))
    assert len(resends._recent) < KEEP_BYTES / (100 + resend.RUN_BYTES)


def test_messages_of_one_client_are_bounded_the_newest_stay() -> None:
    resends = Resends()
    for seq in range(1, 5):
        leave(resends, seq, "gauge", range(1 + 3_000 * (seq - 1), 1 + 3_000 * seq))
    (tail,) = resends.saved().tails.values()
    assert list(tail.messages) == list(range(12_001 - KEEP_MESSAGES, 12_001))
    again_ = reports("gauge", b"12000", ids=[12_000], dups=[0])
    resends.keep(9, 100, batch(again_))
    assert resends.known(again_) == {0}


def test_of_a_long_run_of_one_client_only_the_newest_messages_are_looked_at() -> None:
    resends = Resends()
    for seq in range(1, 4):
        resends.keep(seq, 100, batch(reports("gauge", *[b"x"] * KEEP_MESSAGES, ids=[seq] * KEEP_MESSAGES)))
    leave(resends, 9, "gauge", [7])
    assert list(resends.saved().tails["gauge"].messages) == [3, 7]


def test_clients_and_messages_of_all_are_bounded_the_longest_away_go() -> None:
    resends = Resends()
    for i in range(KEEP_CLIENTS + 10):
        leave(resends, i + 1, f"c{i}", [1])
    assert (len(resends._tails), next(iter(resends._tails))) == (KEEP_CLIENTS, "c10")
    for i in range(KEEP_TOTAL // KEEP_MESSAGES):
        leave(resends, 50_000 + i, f"d{i}", range(1, KEEP_MESSAGES + 1))
    total = sum(len(tail.messages) for tail in resends._tails.values())
    assert total == resends._total == KEEP_TOTAL
    assert next(iter(resends._tails)) == "d0"


def test_another_stretch_than_the_saved_one_is_counted_anew() -> None:
    resends = Resends()
    leave(resends, 5, "gauge", [1, 2])
    back = Resends()
    back.restore(resends.saved())
    back.first = 0  # the owner saw another log
    back.keep(1, 100, batch(reports("gauge", b"9", ids=[9])))
    gone = offline("gauge")
    back.keep(2, 100, batch(gone))
    back.left(gone)
    assert list(back.saved().tails["gauge"].messages) == [1, 2, 9]


def test_who_left_and_came_back_is_forgotten_with_what_it_said_anew() -> None:
    """What came since somebody last left was never put in order by client, and need not be."""
    resends = Resends()
    leave(resends, 1, "gauge", [1], size=KEEP_BYTES // 2)
    for seq in (2, 3, 4, 5):
        resends.keep(seq, KEEP_BYTES // 2, batch(reports("gauge", b"2", ids=[seq])))
        assert list(resends.saved().tails) == (["gauge"] if seq < 3 else [])
    gone = offline("gauge")
    resends.keep(6, 1, batch(gone))
    resends.left(gone)
    assert list(resends.saved().tails["gauge"].messages) == [5]
    resends.keep(7, KEEP_BYTES // 3, batch(reports("gauge", b"7", ids=[7])))
    leave(resends, 8, "gauge", [8])
    for seq in (9, 10):  # its runs go one by one
        resends.keep(seq, KEEP_BYTES // 3, batch(reports("part", b"9", ids=[seq])))
        assert list(resends.saved().tails["gauge"].messages) == [5, 7, 8]


def test_order_does_not_depend_on_hashes() -> None:
    orders = set()
    for names in (["b", "a", "c"], ["c", "b", "a"]):
        resends = Resends()
        started = GatewayStarted("g1", T0)
        resends.keep(1, 100, batch(*(reports(name, A, ids=[1]) for name in names), started))
        resends.all_left(started)
        orders.add(tuple(resends.saved().tails))
    assert orders == {("a", "b", "c")}
