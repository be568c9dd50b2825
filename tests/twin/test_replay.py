"""Any crash point, any batch split: the same state and the same history."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twin.world import Disk, Log, cut, logs, picture, play, worlds
from unisono.twin.partition import Partition
from unisono.twin.record import Entry

MB = 1024 * 1024
LARGE = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@LARGE
@given(worlds, st.data())
def test_any_split_into_batches_leads_to_the_same_state_and_history(said: list[Entry], data: st.DataObject) -> None:
    ends = data.draw(st.sets(st.integers(0, len(said)), max_size=30))
    whole, parts, single = Disk(), Disk(), Disk()
    one = play(cut(said, []), whole).partition
    some = play(cut(said, ends), parts).partition
    each = play(cut(said, range(len(said))), single).partition
    assert picture(one) == picture(some) == picture(each)
    assert whole.history.said() == parts.history.said() == single.history.said()
    hold_invariants(one, whole)


def hold_invariants(partition: Partition, disk: Disk) -> None:
    internal = [letter for letter in partition.dead_letters.newest(None, 10_000) if letter.code == "internal"]
    assert internal == []  # nothing that can be decoded is a fault of ours
    for rows in disk.history.rows.values():
        order = [seq for _at, seq, _value in rows]
        assert order == sorted(order)
    for id, command in partition.commands.items():
        twin = partition.things.get(command.asked.thing)
        assert command.open == (twin is not None and id in twin.open)
        assert command.open == (command.ended is None)
    for twin in partition.things.values():
        assert len(set(twin.open)) == len(twin.open)
        assert all(partition.commands[id].open for id in twin.open)


@LARGE
@given(logs(sizes=(100, 5 * MB, 200, 7 * MB)), st.data())
def test_any_crash_point_leads_to_the_state_and_history_of_an_undisturbed_run(log: Log, data: st.DataObject) -> None:
    undisturbed = Disk()
    expected = play(log, undisturbed)
    places = st.integers(1, len(log))
    disk = Disk()
    for crash in sorted(data.draw(st.lists(places, max_size=4))):
        saves = data.draw(st.sets(places, max_size=4))
        play(log, disk, stop=crash, saves=saves, fails=data.draw(st.sets(places, max_size=2)))
    fold = play(log, disk)
    assert picture(fold.partition) == picture(expected.partition)
    assert fold.partition.resends.first == expected.partition.resends.first
    assert disk.history.rows == undisturbed.history.rows
    assert disk.told == undisturbed.told
    again, unknown = fold.control.after_replay()
    assert (sorted(again), sorted(unknown)) == tuple(map(sorted, expected.control.after_replay()))
