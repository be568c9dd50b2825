"""Any crash point, any batch split: the same state and the same history."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twin.world import Disk, Log, cut, logs, picture, play, worlds
from unisono.twin.record import Entry

MB = 1024 * 1024
BIG = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@BIG
@given(worlds, st.data())
def test_any_split_into_batches_leads_to_the_same_state_and_history(said: list[Entry], data: st.DataObject) -> None:
    ends = data.draw(st.sets(st.integers(0, len(said)), max_size=30))
    whole, parts, single = Disk(), Disk(), Disk()
    one = play(cut(said, []), whole)
    some = play(cut(said, ends), parts)
    each = play(cut(said, range(len(said))), single)
    assert picture(one.partition) == picture(some.partition) == picture(each.partition)
    assert whole.history.said() == parts.history.said() == single.history.said()


@BIG
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
    again, unknown = fold.control.after_replay()
    assert (sorted(again), sorted(unknown)) == tuple(map(sorted, expected.control.after_replay()))


@BIG
@given(logs())
def test_rows_of_a_series_come_in_the_order_of_the_log(log: Log) -> None:
    disk = Disk()
    play(log, disk)
    for rows in disk.history.rows.values():
        order = [seq for _at, seq, _value in rows]
        assert order == sorted(order)


@BIG
@given(logs())
def test_nothing_that_can_be_decoded_is_a_fault_of_ours(log: Log) -> None:
    fold = play(log, Disk())
    assert [letter for letter in fold.partition.dead_letters.newest(None, 10_000) if letter.code == "internal"] == []


@BIG
@given(logs())
def test_a_twins_open_list_is_the_open_commands_of_its_thing(log: Log) -> None:
    partition = play(log, Disk()).partition
    for id, command in partition.commands.items():
        twin = partition.things.get(command.asked.thing)
        assert command.open == (twin is not None and id in twin.open)
        assert command.open == (command.ended is None)
    for twin in partition.things.values():
        assert len(set(twin.open)) == len(twin.open)
        assert all(partition.commands[id].open for id in twin.open)
