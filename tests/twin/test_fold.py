"""What each entry of the log does to twins, history rows and dead letters; and what bad input does not do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.twin.world import (
    BAD,
    GAUGE,
    GAUGE_2,
    LIGHT,
    SECOND,
    SENSOR,
    START,
    T0,
    Disk,
    Home,
    cut,
    model_put,
    offline,
    online,
    picture,
    play,
    reports,
    thing_put,
)
from unisono.thing import OWN, PRESENCE, Model, Property, Schema, Service
from unisono.twin.deadletter import EXCERPT_BYTES
from unisono.twin.hearing import FUTURE_US, SINGLES
from unisono.twin.outcome import SEQ_BITS, Outcome
from unisono.twin.partition import Partition
from unisono.twin.record import (
    Asked,
    Entry,
    GatewayStarted,
    Listening,
    ModelPut,
    Presence,
    Published,
    Refused,
    Reports,
    ThingRemoved,
    Tick,
)
from unisono.twin.twin import Twin

HOUR = 3600 * SECOND


def rows(outcome: Outcome) -> list[tuple[int, int, int, Any]]:
    """(series, at, seq, value) of what is there, in order."""
    found = []
    for block in outcome.blocks.values():
        tuples = iter(block.tuples)
        for series, count, at, seq in zip(block.series, block.counts, block.ats, block.seqs, strict=True):
            for i in range(count):
                for offset, value in enumerate(next(tuples)):
                    if value is not block.shape.absent[offset]:
                        found.append((series + offset, at, seq + i, value))
    return found


# values


def test_a_run_of_reports_becomes_the_newest_values_and_all_rows() -> None:
    home = Home(*START)
    series = home.twin("probe").series
    outcome = home.say(
        Published("home", "x", "a", T0, b""), reports("probe", {"temperature": 1}, {"temperature": 2.5}, {"battery": 7})
    )
    assert home.twin("probe").state() == {"temperature": (2.5, T0), "battery": (7.0, T0)}
    seq = 2 << SEQ_BITS
    assert rows(outcome) == [(series, T0, seq, 1.0), (series, T0, seq + 1, 2.5), (series + 3, T0, seq + 2, 7.0)]
    assert (outcome.messages, outcome.dead, outcome.touched) == (3, 0, {home.twin("probe"): 0b1001})
    outcome = home.say(
        reports("lamp", {"on_off": True}), reports("probe", {"temperature": 3}), reports("probe", {"temperature": 4})
    )
    assert [row[2] - (3 << SEQ_BITS) for row in rows(outcome)] == [0, 1, 2]
    assert home.fold.take_outcome().blocks == {}


def test_a_dated_report_is_kept_at_its_own_time_and_a_late_one_in_history_only() -> None:
    home = Home(*START)
    home.say(reports("probe", {"temperature": 5}, at=T0))
    outcome = home.say(
        reports("probe", {"at": T0 // 1000 - 60_000, "state": {"temperature": 4, "battery": 9}}, at=T0 + 1)
    )
    assert home.values("probe") == {"temperature": 5.0, "battery": 9.0}
    assert [(at, value) for _series, at, _seq, value in rows(outcome)] == [
        (T0 - 60 * SECOND, 4.0),
        (T0 - 60 * SECOND, 9.0),
    ]
    outcome = home.say(reports("probe", {"at": T0 // 1000 - 90_000, "state": {"temperature": 3}}, at=T0 + 1))
    assert (home.values("probe")["temperature"], len(rows(outcome)), list(outcome.touched.values())) == (5.0, 1, [0])
    home.say(reports("probe", {"at": T0 // 1000 + 2, "state": {"temperature": 6}}))
    assert home.twin("probe").state()["temperature"] == (6.0, T0 + 2_000)
    assert home.letters() == []


def test_out_of_order_reports_leave_the_newest_whatever_their_order() -> None:
    dated = [reports("probe", {"at": T0 // 1000 + i, "state": {"temperature": i}}) for i in range(5)]
    for order in (dated, dated[::-1], [dated[i] for i in (2, 4, 0, 3, 1)]):
        home = Home(*START, *order)
        assert home.twin("probe").state() == {"temperature": (4.0, T0 + 4_000)}
        disk = Disk()
        play(cut([*START, *order], []), disk)
        assert len(disk.history.rows["probe", "temperature"]) == 5


@pytest.mark.parametrize("ahead_us", [FUTURE_US, FUTURE_US + 1_000])
def test_a_device_clock_ahead_of_ours_is_believed_a_little(ahead_us: int) -> None:
    home = Home(*START, reports("probe", {"at": (T0 + ahead_us) // 1000, "state": {"temperature": 6}}))
    assert home.values("probe") == {"temperature": 6.0}
    believed = ahead_us <= FUTURE_US
    assert home.twin("probe").state()["temperature"][1] == (T0 + ahead_us if believed else T0)
    assert len(home.letters("probe")) == (0 if believed else 1)
    home.say(reports("probe", {"temperature": 7}, at=T0 + 1))
    assert home.values("probe") == {"temperature": 7.0}


def test_a_clock_that_was_never_set_is_replaced_by_ours() -> None:
    home = Home(
        *START, reports("probe", {"at": 1_700_000_000, "state": {"temperature": 6}})
    )  # seconds, not milliseconds
    assert home.twin("probe").state() == {"temperature": (6.0, T0)}
    assert "not a time; our own was used" in home.letters("probe")[0][1]


def test_the_hubs_clock_set_back_an_hour_hides_nothing() -> None:
    home = Home(*START)
    home.say(Tick(T0, 10 * SECOND), reports("probe", {"temperature": 1}))
    home.say(Tick(T0 - HOUR, 11 * SECOND), reports("probe", {"temperature": 2}, at=T0 - HOUR))
    assert home.twin("probe").state() == {"temperature": (2.0, T0 - HOUR)}
    partition = home.fold.partition
    assert (partition.wall, partition.elapsed) == (T0 - HOUR, 11 * SECOND)
    home.say(Tick(T0 - HOUR, 5 * SECOND))
    assert partition.elapsed == 11 * SECOND  # elapsed time never goes back


def test_what_happened_is_kept_as_text() -> None:
    home = Home(*START)
    gauge = home.twin("gauge")
    outcome = home.say(reports("gauge", b'{"by": 3}', b"", topic="event/full"))
    offset = gauge.shape.series_keys.index("event/full")
    first = 2 << SEQ_BITS
    assert outcome.texts == [
        (gauge.series + offset, T0, first, '{"by":3}'),
        (gauge.series + offset, T0, first + 1, "{}"),
    ]
    assert outcome.touched == {gauge: 0}
    outcome.drop_rows()
    assert (outcome.blocks, outcome.texts, outcome.new_series) == ({}, [], [])


# bad input


@pytest.mark.parametrize(
    ("run", "code", "detail"),
    [
        (reports("ghost", {"a": 1}), "unknown_thing", "nothing is registered as 'ghost'"),
        (reports("gauge", {}, topic="odd"), "topic_not_allowed", "nothing is reported on 'odd'"),
        (reports("gauge", {}, topic="event/nope"), "unknown_event", "event"),
        (reports("gauge", b"[]", topic="event/full"), "bad_value", "object"),
        (reports("gauge", b"{", topic="event/full"), "bad_json", "not valid JSON"),
        (reports("gauge", b'{"by": "x"}', topic="event/full"), "bad_value", "by"),
        (reports("gauge", b""), "bad_json", "not valid JSON"),
        (reports("gauge", b"[1]"), "bad_value", "a report is an object"),
        (reports("gauge", b'{"level": NaN}'), "bad_json", "not valid JSON"),
        (reports("gauge", b'{"level": 1e999}'), "bad_json", "out of range"),
        (reports("gauge", b'{"level": 101}'), "bad_value", "from 0 to 100"),
        (reports("gauge", b'{"level": true}'), "bad_value", "boolean"),
        (reports("gauge", b'{"levle": 1}'), "unknown_property", "level"),
        (reports("gauge", b'{"arg": 1}'), "unknown_property", "no state of its own"),
        (reports("gauge", b'{"note": "\xff"}'), "bad_json", "utf-8"),
        (reports("gauge", b'{"note": "\\ud800"}'), "bad_json", "not valid JSON"),
        (reports("gauge", b'{"free": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"), "bad_json", "too deep"),
        (reports("gauge", b'{"free": ' + b"[" * 400 + b"]" * 400 + b"}"), "bad_json", "too deep"),
        (reports("gauge", b'{"free": ' + b"[" * 40 + b"]" * 40 + b"}"), "bad_value", "too deep"),
        (reports("gauge", b'{"huge": 1' + b"0" * 4_000 + b"}"), "bad_value", "too large"),
        (reports("gauge", b'{"huge": 1' + b"0" * 9_000 + b"}"), "bad_json", "out of range"),
    ],
)
def test_bad_input_is_refused_with_the_reason_and_changes_nothing(run: Reports, code: str, detail: str) -> None:
    home = Home(*START, reports("gauge", {"level": 20}))
    before = picture(home.fold.partition)
    outcome = home.say(run)
    (letter,) = home.letters(run.thing)
    assert letter[0] == code
    assert detail in letter[1]
    assert home.fold.partition.dead_letters.newest(None, 1)[0].excerpt == run.payloads[0][:EXCERPT_BYTES]
    assert (rows(outcome), outcome.texts, outcome.effects, outcome.dead, outcome.messages) == ([], [], [], 1, 1)
    after = picture(home.fold.partition)
    assert {key for key in after if after[key] != before[key]} <= {"letters", "things"}  # `things`: it was heard
    assert home.values("gauge") == {"level": 20.0}


@pytest.mark.parametrize("bad", BAD)
def test_good_reports_beside_a_bad_one_are_kept(bad: bytes) -> None:
    home = Home(*START, reports("gauge", {"step": 1}, bad, {"step": 2}))
    assert home.values("gauge")["step"] == 2
    disk = Disk()
    play(cut([*START, reports("gauge", {"step": 1}, bad, {"step": 2})], []), disk)
    assert [value for _at, _seq, value in disk.history.rows["gauge", "step"]] == ["1", "2"]


def test_good_values_beside_bad_ones_are_kept() -> None:
    home = Home(*START, reports("gauge", {"level": 20, "step": 7, "nope": 1}))
    assert home.values("gauge") == {"level": 20.0}
    assert [code for code, _detail in home.letters("gauge")] == ["bad_value", "unknown_property"]


def test_a_report_of_ten_thousand_unknown_members_is_worth_a_few_letters() -> None:
    home = Home(*START, reports("gauge", {**{f"u{i}": i for i in range(10_000)}, "level": 20}))
    assert home.values("gauge") == {"level": 20.0}
    assert len(home.letters("gauge")) == 11
    assert home.letters("gauge")[-1][1] == "and 9990 more unknown properties"


def test_an_empty_run_says_nothing() -> None:
    home = Home(*START)
    before = picture(home.fold.partition)
    home.say(reports("gauge"), reports("ghost"), reports("gauge", topic="odd"))
    assert picture(home.fold.partition) == before


def test_a_refusal_at_a_door_is_shown() -> None:
    home = Home(*START, Refused("lamp", "things/probe/state", T0, "topic_not_allowed", "not yours", b"x" * 999))
    assert home.letters("lamp") == [("topic_not_allowed", "not yours")]


def test_a_fault_of_ours_is_a_letter_too_and_the_next_entry_is_folded() -> None:
    home = Home(*START)

    def fault(entry: Published) -> None:
        raise ZeroDivisionError

    home.fold._handlers[Published] = fault
    home.say(Published("home", "x", "a", T0, b""), reports("probe", {"temperature": 1}))
    assert home.letters("")[0][0] == "internal"
    assert "ZeroDivisionError" in home.letters("")[0][1]
    assert home.values("probe") == {"temperature": 1.0}


def test_reports_of_one_message_each_are_folded_as_if_each_came_alone() -> None:
    """Of three models, some of them wrong, more than are read together."""
    said: list[Entry] = [thing_put("nap", SENSOR, sleep_s=60)]
    for i in range(SINGLES):
        said.append(reports("gauge", {"level": i % 100} if i % 3 else {"mode": "low", "note": str(i)}, at=T0 + i))
        said.append(reports("probe", {"temperature": i / 10}, at=T0 + i))
        said.append(reports("lamp", {"on_off": bool(i % 2)}, at=T0 + i))
    said.insert(100, reports("gauge", {"level": 200}))
    said.insert(150, reports("nap", {"temperature": 1.0}))
    said.insert(200, reports("ghost", {"level": 1}))
    said.insert(250, reports("gauge", b"{"))
    said.insert(300, reports("gauge", {"by": 1}, topic="event/full"))
    said.insert(350, reports("gauge", {"level": 1}, {"level": 2}))
    said.insert(400, reports("gauge", {"level": 3}, ids=[1], dups=[0]))
    whole, single = Disk(), Disk()
    together = play(cut([*START, *said], []), whole).partition
    assert picture(together) == picture(play(cut([*START, *said], range(2_000)), single).partition)
    assert whole.history.said() == single.history.said()
    assert len(whole.history.rows[("gauge", "level")]) == SINGLES // 3 * 2 + 3
    codes = sorted(letter.code for letter in together.dead_letters.newest(None, 9))
    assert codes == ["bad_json", "bad_value", "unknown_thing"]


def test_a_fault_of_ours_at_one_of_many_reports_leaves_out_that_one() -> None:
    class Fault:
        name = "fault"

        def quiet(self, twin: Twin, run: Sequence[tuple[Any, ...]]) -> int:
            return 0

        def reported(self, twin: Twin, values: tuple[Any, ...], at: int) -> None:
            if values[0] == 2:
                raise ZeroDivisionError

        def told(self, twin: Twin, event: str, fields: dict[str, Any], at: int) -> None: ...
        def linked(self, twin: Twin, at: int) -> None: ...

    disk = Disk()
    home = Home()
    disk.history.take(home.say(*START))
    home.twin("probe").watch(Fault(), True)
    each = [reports("probe", {"temperature": value}, at=T0 + value) for value in (1, 2, 3)]
    disk.history.take(home.say(*each, reports("gauge", {"level": 7})))
    disk.history.take(home.say(*each))
    assert [at - T0 for at, _seq, _value in disk.history.rows[("probe", "temperature")]] == [1, 3, 1, 3]
    assert home.values("gauge") == {"level": 7.0}
    assert [code for code, _detail in home.letters("probe")] == ["internal", "internal"]


def test_every_value_that_is_taken_can_be_saved() -> None:
    said = {"huge": 2**100, "free": [2**70, {"a": -(2**90)}], "spot": {"x": 2**80}}
    home = Home(*START, reports("gauge", said))
    assert home.values("gauge") == {"huge": 2.0**100, "free": [2.0**70, {"a": -(2.0**90)}], "spot": {"x": 2.0**80}}
    home.fold.partition.saved([home.twin("gauge")], [])


# models and things


def test_a_model_that_cannot_be_compiled_is_refused() -> None:
    bad = Model(
        id="bad", services=(Service(properties=(Property(key="a", schema=Schema(kind="string", len_min=-1)),)),)
    )
    home = Home(model_put(bad), ModelPut("x", 1, b"{"), ModelPut("gauge", 5, model_put(GAUGE).model))
    assert [code for code, _detail in home.letters("")] == ["bad_model", "bad_json", "bad_model"]
    assert home.fold.partition.shapes == {}
    assert "it says it is gauge 1" in home.letters("")[2][1]
    assert home.fold.partition.dead_letters.newest("", 1)[0].topic == "model/gauge@5"


def test_a_thing_whose_model_is_missing_is_refused() -> None:
    home = Home(thing_put("lamp", LIGHT))
    assert home.letters("lamp") == [("bad_model", "model light 1 is missing")]


def test_a_thing_is_changed_moved_and_upgraded() -> None:
    home = Home(*START, reports("gauge", {"level": 20, "mode": "low"}))
    was = home.twin("gauge").series
    outcome = home.say(msgspec.structs.replace(thing_put("gauge"), name="Tank", place="cellar", names={"zh": ["水箱"]}))
    assert (home.twin("gauge").name, home.twin("gauge").place, outcome.new_series) == ("Tank", "cellar", [])
    assert home.twin("gauge").names == {"zh": ["水箱"]}
    outcome = home.say(model_put(GAUGE_2), thing_put("gauge", GAUGE_2))
    assert home.values("gauge") == {"level": 20.0}
    ((first, thing, keys),) = outcome.new_series
    assert (first, thing, keys) == (home.twin("gauge").series, "gauge", home.twin("gauge").shape.series_keys)
    assert first > was
    home.say(reports("gauge", {"extra": True}))
    assert home.values("gauge") == {"level": 20.0, "extra": True}


def test_series_of_things_never_overlap() -> None:
    home = Home(
        *START, model_put(GAUGE_2), thing_put("gauge", GAUGE_2), ThingRemoved("lamp", T0), thing_put("lamp", LIGHT)
    )
    disk = Disk()
    outcome = Home().say(*START, model_put(GAUGE_2), thing_put("gauge", GAUGE_2))
    disk.history.take(outcome)
    assert len(disk.history.names) == sum(len(keys) for _first, _thing, keys in outcome.new_series)
    assert home.fold.partition.next_series > max(disk.history.names)


def test_a_removed_thing_is_unknown_and_comes_back_empty() -> None:
    home = Home(*START, reports("probe", {"temperature": 1}))
    outcome = home.say(
        reports("probe", {"temperature": 2}), online("probe"), ThingRemoved("probe", T0), ThingRemoved("x", T0)
    )
    assert (outcome.touched, outcome.presence, len(rows(outcome))) == ({}, {}, 1)
    home.say(reports("probe", {"temperature": 3}), online("probe"), Listening("probe", "g1", 1, ["set"], T0))
    assert [code for code, _detail in home.letters("probe")] == ["unknown_thing"]
    home.say(thing_put("probe", SENSOR))
    assert (home.values("probe"), home.twin("probe").availability) == ({}, "offline")


# presence


def test_a_late_offline_never_wins() -> None:
    home = Home(*START, online("gauge", 1), online("gauge", 2, "g2"))
    outcome = home.say(offline("gauge", 1))
    assert (home.twin("gauge").availability, home.twin("gauge").connections) == ("online", {2: "g2"})
    assert list(outcome.presence) == [home.twin("gauge")]
    assert home.say(offline("gauge", 1)).presence == {}
    home.say(offline("gauge", 2, "g2", at=T0 + 9))
    assert (home.twin("gauge").availability, home.twin("gauge").seen) == ("offline", T0 + 9)


def test_listening_ends_with_its_connection() -> None:
    home = Home(*START, online("gauge", 1), online("gauge", 2))
    home.say(Listening("gauge", "g1", 1, ["set"], T0), Listening("gauge", "g1", 2, ["call"], T0))
    home.say(Listening("gauge", "g1", 1, ["desired", "set"], T0))
    assert home.twin("gauge").listening == {1: ["desired", "set"], 2: ["call"]}
    home.say(offline("gauge", 1), Listening("gauge", "g1", 1, ["set"], T0))
    assert home.twin("gauge").listening == {2: ["call"]}
    home.say(offline("gauge", 2))
    assert home.twin("gauge").listening == {}


def test_a_part_listens_through_its_parents_connection_while_that_lasts() -> None:
    home = Home(*START, thing_put("part", parent="gauge"), online("gauge", 1))
    home.say(Listening("part", "g1", 1, ["set"], T0))
    assert home.twin("part").listening == {1: ["set"]}
    home.say(offline("gauge", 1), online("gauge", 2), Listening("part", "g1", 2, ["call"], T0))
    assert home.twin("part").listening == {2: ["call"]}


def test_parts_come_and_go_with_their_parent() -> None:
    home = Home(*START, thing_put("part", parent="gauge"), thing_put("other", parent="gauge"), online("other", 7))
    part, gauge = home.twin("part"), home.twin("gauge")
    assert list(home.say(online("gauge", 1)).presence) == [gauge, part]
    assert list(home.say(online("gauge", 2)).presence) == [gauge], "it was there already"
    assert list(home.say(offline("gauge", 1)).presence) == [gauge]
    outcome = home.say(GatewayStarted("g1", T0))
    assert set(outcome.presence) == {gauge, part, home.twin("other")}
    assert part not in outcome.touched, "nothing of it is to be saved"
    home.say(thing_put("part", parent="lamp"), ThingRemoved("other", T0))
    assert list(home.say(online("gauge", 3)).presence) == [gauge]
    assert list(home.say(online("lamp", 1)).presence) == [home.twin("lamp"), part]
    home.say(thing_put("part"))
    assert home.fold.partition.parts == {}


def test_a_part_that_comes_and_goes_by_itself_is_not_carried() -> None:
    alone = msgspec.structs.replace(LIGHT, id="alone", ext={PRESENCE: OWN})
    home = Home(*START, model_put(alone), thing_put("part", alone, parent="gauge"))
    gauge, part, link = home.twin("gauge"), home.twin("part"), home.fold.control.link
    assert list(home.say(online("gauge", 1)).presence) == [gauge] and link(part) is None
    home.say(online("part", 2))
    assert link(part) is part
    home.say(offline("part", 2))
    assert link(part) is None and not part.online


def test_a_part_that_its_parent_says_is_gone() -> None:
    """A gateway's line tells of its devices; its own connection stays, and another of it changes nothing for them."""
    home = Home(*START, thing_put("part", parent="gauge"), online("gauge", 1))
    gauge, part, control = home.twin("gauge"), home.twin("part"), home.fold.control
    home.say(Listening("part", "g1", 1, ["set"], T0))
    assert control.link(part) is gauge and control.way(part, "set") == (gauge, "g1")
    gone, here = (Presence("part", "g1", 1, there, "connected", T0 + 9, carried=True) for there in (False, True))
    assert list(home.say(gone).presence) == [part] and part.seen == T0 + 9
    assert control.link(part) is None and control.way(part, "set") is None and gauge.online
    assert list(home.say(gone, offline("gauge", 1), online("gauge", 2)).presence) == [gauge]
    state, rows, _removed = home.fold.partition.saved(home.fold.partition.things.values(), ())
    again = Partition()
    again.restore_state(state)
    again.restore_rows(rows)
    assert again.things["part"].apart and not again.things["gauge"].apart
    assert list(home.say(here, Listening("part", "g1", 2, ["set"], T0)).presence) == [part]
    assert control.link(part) is gauge and control.way(part, "set") == (gauge, "g1")
    home.say(gone, thing_put("part", parent="lamp"), online("lamp", 1))
    assert control.link(part) is home.twin("lamp"), "who carries it now has said nothing of it"
    home.say(thing_put("part"), gone, thing_put("part", parent="gauge"))
    assert control.link(part) is None, "its line was told before the log that it is a part"


def test_after_a_restart_parts_are_known_still() -> None:
    home = Home(*START, thing_put("part", parent="gauge"))
    state, rows, _removed = home.fold.partition.saved(home.fold.partition.things.values(), ())
    again = Partition()
    again.restore_state(state)
    assert again.restore_rows(rows) == []
    assert again.parts == {"gauge": {"part": None}}


def test_a_gateway_that_began_anew_has_none_of_its_connections() -> None:
    home = Home(
        *START, online("gauge", 1, "g1"), online("probe", 1, "g2"), online("lamp", 1, "g1"), online("lamp", 2, "g2")
    )
    home.say(Listening("gauge", "g1", 1, ["set"], T0), Listening("lamp", "g1", 1, ["set"], T0))
    home.say(Listening("lamp", "g2", 2, ["call"], T0))
    outcome = home.say(GatewayStarted("g1", T0))
    assert {id: home.twin(id).online for id in ("gauge", "probe", "lamp")} == {
        "gauge": False,
        "probe": True,
        "lamp": True,
    }
    assert list(outcome.presence) == [home.twin("lamp"), home.twin("gauge"), home.twin("part")]
    assert (home.twin("gauge").listening, home.twin("lamp").listening) == ({}, {2: ["call"]})
    assert home.say(offline("gauge", 1)).presence == {}


def test_presence_of_nobody_is_nothing() -> None:
    home = Home(*START)
    assert home.say(Presence("ghost", "g1", 1, True, "connected", T0, "ghost")).touched == {}


def nap(home: Home, *seconds: float) -> list[str]:
    found = []
    for at in seconds:
        home.tick(at)
        found.append(home.twin("nap").availability)
    return found


def test_a_sleeping_thing_may_miss_a_report_but_not_be_silent() -> None:
    home = Home(*START)
    assert home.twin("nap").availability == "offline"
    outcome = home.say(reports("nap", {"temperature": 1}))
    assert (home.twin("nap").availability, list(outcome.presence)) == ("sleeping", [home.twin("nap")])
    assert nap(home, 30, 60) == ["sleeping", "sleeping"]  # one interval with a report, one without
    home.say(reports("nap", {"temperature": 1}))
    assert nap(home, 90, 120, 149, 150) == ["sleeping", "sleeping", "sleeping", "offline"]
    assert home.fold.partition.next_due is None
    home.say(online("nap"))
    assert home.twin("nap").availability == "online"
    home.say(offline("nap"))
    assert home.twin("nap").availability == "sleeping"
    assert nap(home, 180, 210, 240) == ["sleeping", "sleeping", "offline"]


def test_bad_input_is_a_sign_of_life_too() -> None:
    home = Home(*START, reports("nap", b"nonsense"))
    assert (home.twin("nap").availability, home.twin("nap").seen) == ("sleeping", T0)


def test_a_thing_that_was_removed_and_added_sleeps_on_one_timer() -> None:
    home = Home(*START, reports("nap", {"temperature": 1}))
    home.tick(29)
    home.say(ThingRemoved("nap", T0), thing_put("nap", SENSOR, sleep_s=30.0), reports("nap", {"temperature": 1}))
    assert nap(home, 30, 59, 60, 89, 90) == ["sleeping", "sleeping", "sleeping", "sleeping", "offline"]
    home.say(reports("nap", {"temperature": 1}), ThingRemoved("nap", T0))
    home.tick(1_000)
    home.say(thing_put("nap", SENSOR, sleep_s=30.0))
    assert (home.twin("nap").availability, home.fold.partition.next_due) == ("offline", None)


def test_a_thing_that_sleeps_no_longer_goes_at_its_next_timer() -> None:
    home = Home(*START, reports("nap", {"temperature": 1}), thing_put("nap", SENSOR))
    assert nap(home, 29, 30) == ["sleeping", "offline"]


def test_after_a_long_stop_of_the_hub_a_sleeping_thing_has_its_interval() -> None:
    home = Home(*START, reports("nap", {"temperature": 1}))
    assert nap(home, 100_000, 100_029, 100_030, 100_060) == ["sleeping", "sleeping", "sleeping", "offline"]


def test_timers_of_commands_and_things_do_not_mix() -> None:
    home = Home(*START, reports("nap", {"temperature": 1}), Asked("nap", "gauge", T0, {}, {"level": 20}, ttl_s=5.0))
    home.tick(5)
    assert home.fold.partition.commands["nap"].state == "expired"
    assert home.twin("nap").sleeping
