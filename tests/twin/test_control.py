"""Commands from asking to their end: what a device says, what it does not say, and what comes too late."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.world import (
    GAUGE,
    GAUGE_2,
    LIGHT,
    SECOND,
    T0,
    Home,
    model_put,
    offline,
    online,
    property_,
    reports,
    thing_put,
)
from unisono.errors import CallerError
from unisono.thing import Model, Service, builtin_model
from unisono.twin.command import DEFAULT_TTL_S, REFUSED, Audit, Command, State
from unisono.twin.control import WHY_CHARACTERS
from unisono.twin.partition import KEEP_ENDED
from unisono.twin.record import Asked, Denied, Listening, ModelPut, Reports, Sending, Sent, ThingRemoved

HEARS = Listening("gauge", "g1", 1, ["set", "call"], T0)
COVER, SPEAKER = builtin_model("cover"), builtin_model("speaker")
WEI = {"kind": "person", "id": "wei"}


def ask(id: str = "c1", thing: str = "gauge", ttl_s: float = 0.0, **wanted: Any) -> Asked:
    return Asked(id, thing, T0, WEI, wanted or {"level": 20}, ttl_s=ttl_s)


def call(id: str = "c1", action: str = "zero") -> Asked:
    return Asked(id, "gauge", T0, WEI, None, action, {})


def reply(id: str, payload: bytes, thing: str = "gauge", at: int = T0) -> Reports:
    return reports(thing, payload, topic=f"reply/{id}", at=at)


def home(*more: Any) -> Home:
    """A gauge that is connected and listens, at elapsed 0."""
    made = Home(model_put(GAUGE), thing_put("gauge"), online("gauge"), HEARS, *more)
    made.tick(0)
    return made


def command(home: Home, id: str = "c1") -> Command:
    return home.fold.partition.commands[id]


def state(home: Home, id: str = "c1") -> str:
    found = command(home, id)
    twin = home.fold.partition.things.get(found.asked.thing)
    assert found.open == (twin is not None and id in twin.open)
    return str(found.state)


def test_asking_is_an_effect_and_sending_starts_the_clock() -> None:
    it = home()
    outcome = it.say(ask())
    assert (state(it), outcome.effects, list(outcome.moved)) == ("queued", ["c1"], ["c1"])
    it.say(Sent("c1", T0))
    assert (state(it), command(it).deadline) == ("sent", 20 * SECOND)  # the property's own patience
    it.tick(1)
    it.say(Sent("c1", T0))  # once more, in a `desired`: the clock runs on
    assert (state(it), command(it).deadline) == ("sent", 20 * SECOND)


def test_a_report_of_the_wanted_value_confirms_within_its_precision() -> None:
    it = home(ask(), Sent("c1", T0))
    it.say(reports("gauge", {"level": 20.6}))
    assert state(it) == "sent"
    it.say(reports("gauge", {"level": 20.4}, at=T0 + 5))
    assert (state(it), command(it).ended) == ("confirmed", T0 + 5)


def test_acknowledged_is_not_confirmed() -> None:
    it = home(ask(), Sent("c1", T0), reply("c1", b'{"ok": true}'))
    assert state(it) == "acknowledged"
    it.say(reports("gauge", {"level": 20}))
    assert state(it) == "confirmed"


def test_a_value_that_is_only_written_ends_as_acknowledged() -> None:
    """It took it; a value that cannot be read is no time-out. What it reports all the same counts."""
    whistle = property_("whistle", "int", access=("write",))
    model = Model(id="kettle", services=(Service(properties=(whistle, property_("level", "int"))),))
    it = Home(model_put(model), thing_put("gauge", model), online("gauge"), HEARS)
    it.tick(0)
    it.say(ask("c1", whistle=3), Sent("c1", T0), reply("c1", b'{"ok": true}'))
    it.say(ask("c2", level=3), Sent("c2", T0), reply("c2", b'{"ok": true}'))
    it.tick(20)
    assert (state(it), command(it).why) == ("acknowledged", "it said that it will, and has no way to report the value")
    assert command(it).ended is not None
    assert state(it, "c2") == "timeout"
    it.say(ask("c3", whistle=4), Sent("c3", T0), reply("c3", b'{"ok": true}'), reports("gauge", {"whistle": 4}))
    assert state(it, "c3") == "confirmed"
    it.say(ask("c4", whistle=5), Sent("c4", T0))
    it.tick(40)
    assert state(it, "c4") == "timeout"  # it did not even say that it will
    # beside what it reports: that was all that it could say
    it.say(ask("c5", whistle=6, level=6), Sent("c5", T0), reports("gauge", {"level": 5}))
    assert state(it, "c5") == "sent"
    it.say(reports("gauge", {"level": 6}))
    why = "it reported what it can report of this; the rest it has no way to report"
    assert (state(it, "c5"), command(it, "c5").why, command(it, "c5").unanswered) == ("acknowledged", why, True)


def test_what_it_had_reported_already_confirms_an_acknowledgement() -> None:
    it = home(reports("gauge", {"level": 20}), ask(), Sent("c1", T0))
    assert state(it) == "sent"
    it.say(reply("c1", b'{"ok": true}'))
    assert state(it) == "confirmed"


def test_a_device_may_be_faster_than_the_word_that_it_was_sent() -> None:
    it = home(ask(), reports("gauge", {"level": 20}))
    assert state(it) == "confirmed"
    outcome = it.say(Sent("c1", T0))
    assert (state(it), list(outcome.moved)) == ("confirmed", [])
    it = home(ask(), reply("c1", b'{"ok": true}'), Sent("c1", T0))
    assert (state(it), command(it).deadline) == ("acknowledged", 20 * SECOND)


def test_several_values_are_confirmed_when_all_of_them_are_there() -> None:
    it = home(ask(level=20, mode="low"), Sent("c1", T0), reports("gauge", {"mode": "low"}))
    assert state(it) == "sent"
    it.say(reports("gauge", {"step": 1}))
    assert state(it) == "sent"
    it.say(reports("gauge", {"level": 20}))
    assert state(it) == "confirmed"


@pytest.mark.parametrize("split", [True, False])
def test_a_value_that_came_and_went_in_one_run_confirms_however_reports_are_grouped(split: bool) -> None:
    said = [{"level": 20}, {"level": 60}]
    runs = [reports("gauge", each) for each in said] if split else [reports("gauge", *said)]
    assert state(home(ask(), Sent("c1", T0), *runs)) == "confirmed"


@pytest.mark.parametrize("split", [True, False])
def test_values_that_were_never_there_together_do_not_confirm(split: bool) -> None:
    said: list[dict[str, Any]] = [{"level": 20}, {"level": 60}, {"mode": "low"}]
    runs = [reports("gauge", each) for each in said] if split else [reports("gauge", *said)]
    it = home(ask(level=20, mode="low"), Sent("c1", T0), *runs)
    assert (state(it), command(it).differs) == ("sent", True)


def test_a_late_report_neither_confirms_nor_differs() -> None:
    it = home(reports("gauge", {"level": 50}), ask(), Sent("c1", T0))
    for level in (20, 70):
        it.say(reports("gauge", {"at": T0 // 1000 - 60_000, "state": {"level": level}}))
    assert (state(it), command(it).differs) == ("sent", False)
    it.say(reports("gauge", {"at": T0 // 1000 + 1, "state": {"level": 20}}))
    assert state(it) == "confirmed"


def test_a_call_is_confirmed_by_its_reply_with_the_output() -> None:
    it = home(call(), Sending("c1", T0), Sent("c1", T0))
    assert (command(it).deadline, command(it).sending) == (2 * SECOND, False)
    it.say(reports("gauge", {"level": 20}))
    assert state(it) == "sent"
    it.say(reply("c1", b'{"ok": true, "output": {"n": 3}}', at=T0 + 9))
    assert (state(it), command(it).output, command(it).ended) == ("confirmed", {"n": 3}, T0 + 9)


def test_a_call_of_which_nothing_left_waits_and_is_tried_again() -> None:
    """Its gateway died with the connection, and the fold has not heard of that yet."""
    it = home(call(), Sending("c1", T0), Sent("c1", T0, False, "nobody answers there", True))
    assert (state(it), command(it).sending) == ("queued", False)
    assert it.tick(2).effects == ["c1"]
    it.say(Sending("c1", T0), Sent("c1", T0, False, "no answer within 5 s"))
    assert (state(it), command(it).why) == ("failed", "no answer within 5 s")


def test_a_late_reply_does_not_change_what_ended() -> None:
    it = home(call(), Sent("c1", T0))
    it.tick(3)
    outcome = it.say(reply("c1", b'{"ok": true, "output": 3}'), Sending("c1", T0))
    assert (state(it), command(it).output, command(it).sending, dict(outcome.moved)) == ("timeout", None, False, {})


def test_a_refusal_says_why() -> None:
    it = home(ask(), Sent("c1", T0), reply("c1", b'{"ok": false, "error": "too hot"}'))
    assert (state(it), command(it).why) == ("rejected", "too hot")
    assert command(home(ask(), reply("c1", b'{"ok": false}'))).why == "the thing gave no reason"
    endless = home(ask(), reply("c1", b'{"ok": false, "error": "' + b"x" * 10_000 + b'"}'))
    assert command(endless).why == "x" * WHY_CHARACTERS


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "bad_json"),
        (b'{"ok": 1}', "bad_json"),
        (b"[" * 10_000, "bad_json"),
        (b'{"ok": true, "output": ' + b"[" * 50 + b"]" * 50 + b"}", "bad_value"),
    ],
)
def test_a_malformed_reply_is_a_dead_letter_and_changes_nothing(payload: bytes, code: str) -> None:
    it = home(call(), Sent("c1", T0), reply("c1", payload))
    assert state(it) == "sent"
    assert [letter[0] for letter in it.letters("gauge")] == [code]


def test_a_reply_to_another_things_command_is_a_dead_letter() -> None:
    it = home(thing_put("part"), ask(), Sent("c1", T0))
    it.say(reply("c1", b'{"ok": false}', thing="part"), reply("nope", b'{"ok": false}', thing="part"))
    assert state(it) == "sent"
    assert [letter[0] for letter in it.letters("part")] == ["not_found", "not_found"]


def test_an_output_beyond_64_bits_can_be_kept() -> None:
    it = home(call(), Sent("c1", T0), reply("c1", b'{"ok": true, "output": [1' + b"0" * 30 + b"]}"))
    assert command(it).output == [1e30]
    it.fold.partition.saved([], ["c1"])


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ([], "timeout"),
        ([reports("gauge", {"level": 60})], "timeout"),
        ([reply("c1", b'{"ok": true}')], "timeout"),
        ([reply("c1", b'{"ok": true}'), reports("gauge", {"level": 60})], "mismatch"),
        ([reports("gauge", {"level": 60}), reply("c1", b'{"ok": true}')], "mismatch"),
    ],
)
def test_time_runs_out(said: list[Reports], end: str) -> None:
    it = home(ask(), Sent("c1", T0), *said)
    it.tick(19.9)
    assert command(it).open
    outcome = it.tick(20)
    assert (state(it), command(it).ended, list(outcome.moved)) == (end, T0 + 20 * SECOND, ["c1"])
    differs = any(run.topic == "state" for run in said)
    assert command(it).why == ("the thing reported another value" if differs else "nothing came back in time")


def test_a_command_without_its_sent_ends_with_its_time_to_live() -> None:
    it = home(ask(ttl_s=30), reply("c1", b'{"ok": true}'))
    it.tick(30)
    assert state(it) == "timeout"


def test_an_absent_thing_lets_the_command_expire() -> None:
    it = Home(model_put(GAUGE), thing_put("gauge"))
    outcome = it.say(ask("c1"), ask("c2", ttl_s=5, mode="low"))
    assert outcome.effects == []
    it.tick(5)
    assert (state(it, "c1"), state(it, "c2")) == ("queued", "expired")
    it.tick(DEFAULT_TTL_S)
    assert state(it, "c1") == "expired"


@pytest.mark.parametrize(("ttl_s", "after_s"), [(float("inf"), 400 * 86_400.0), (float("nan"), None), (-5.0, None)])
def test_a_time_to_live_beyond_reason_is_bounded(ttl_s: float, after_s: float | None) -> None:
    it = Home(model_put(GAUGE), thing_put("gauge"), ask(ttl_s=ttl_s))
    it.tick(after_s or 0)
    assert state(it) == ("queued" if after_s else "expired")
    it.tick(11 * 366 * 86_400.0)
    assert state(it) == "expired"
    it.fold.partition.saved([], [])


def test_a_timer_of_the_time_to_live_leaves_a_sent_command_alone() -> None:
    it = home(ask(ttl_s=5), Sent("c1", T0))
    it.tick(10)
    assert state(it) == "sent"


def test_a_later_command_for_the_same_property_takes_its_place() -> None:
    it = home(ask("c1", level=20), ask("c2", mode="low"), call("c3"), Sent("c1", T0))
    it.say(ask("c4", level=30, step=1))
    assert [state(it, id) for id in ("c1", "c2", "c3", "c4")] == ["superseded", "queued", "queued", "queued"]
    assert command(it).why == "command c4 wants the same property"
    assert it.twin("gauge").open == ("c2", "c3", "c4")
    values, commands = it.fold.control.wanted(it.twin("gauge"))
    assert values == {"mode": "low", "level": 30, "step": 1}
    assert commands == {"mode": "c2", "level": "c4", "step": "c4"}
    it.say(call("c5"))
    assert it.twin("gauge").open == ("c2", "c3", "c4", "c5")  # calls replace nothing


def test_asked_twice_is_one_command() -> None:
    it = home(ask(), Sent("c1", T0))
    outcome = it.say(ask(level=60))
    assert (state(it), outcome.effects, command(it).asked.set) == ("sent", [], {"level": 20})


def test_what_could_not_be_sent() -> None:
    it = home(ask("c1"), call("c2"))
    it.say(Sent("c1", T0, False, "cut"), Sent("c2", T0, False, "cut"), Sent("nope", T0), Sending("nope", T0))
    assert state(it, "c1") == "queued"  # a wanted value waits for the thing to come back
    assert (state(it, "c2"), command(it, "c2").why) == ("failed", "cut")  # nobody knows whether a call arrived


def test_a_thing_that_is_gone() -> None:
    it = home(call("c1"))
    outcome = it.say(ThingRemoved("gauge", T0), ask("c2"), ThingRemoved("gauge", T0))
    assert (state(it, "c1"), command(it, "c1").why) == ("failed", "the thing was removed")
    assert (state(it, "c2"), command(it, "c2").why) == ("failed", "there is no such thing any more")
    assert (outcome.effects, list(outcome.moved), dict(outcome.touched)) == ([], ["c1", "c2"], {})
    it.say(thing_put("gauge"), Sent("c1", T0), reply("c1", b'{"ok": true}'))
    assert state(it, "c1") == "failed"


def test_a_property_that_left_with_its_model_version_lets_the_command_run_out() -> None:
    it = home(ask(mode="low"), model_put(GAUGE_2), thing_put("gauge", GAUGE_2), Sent("c1", T0))
    assert command(it).deadline == 5 * SECOND  # the model's
    it.tick(5)
    assert state(it) == "timeout"


def test_a_call_that_left_with_its_model_version_has_the_models_patience() -> None:
    it = home(call(action="nope"), Sent("c1", T0))
    assert command(it).deadline == 5 * SECOND
    it = home(call(action="blink"), Sent("c1", T0))
    assert command(it).deadline == 5 * SECOND


def test_who_listens_gets_what_waits() -> None:
    it = Home(model_put(GAUGE), thing_put("gauge"), ask("c1"), call("c2"), ask("c3", mode="low"))
    it.say(Sent("c3", T0))
    assert it.say(HEARS).effects == []  # nothing carries it yet
    assert it.say(online("gauge")).effects == []
    assert it.say(HEARS).effects == ["c1", "c2"]
    assert it.say(Listening("gauge", "g1", 1, ["call"], T0)).effects == ["c1", "c2"]  # with what was heard before
    desired = Listening("gauge", "g1", 1, ["set", "call", "desired"], T0)
    assert it.say(desired).effects == ["desired:gauge", "c2"]  # wanted values go in one message
    it.say(Sending("c2", T0))
    assert it.say(HEARS).effects == ["c1"]  # a call on its way is not sent again
    it.say(Listening("nobody", "g1", 1, ["set"], T0))


def test_who_listens_to_everything_is_not_told_that_nothing_is_wanted() -> None:
    wide = Listening("gauge", "g1", 1, ["set", "call", "desired"], T0, named=False)
    it = Home(model_put(GAUGE), thing_put("gauge"), online("gauge"))
    assert it.say(wide).effects == []
    it.say(ask("c1"))
    assert it.say(wide).effects == ["desired:gauge"]


def test_a_thing_that_went_away_is_not_reachable() -> None:
    it = home(offline("gauge"))
    assert it.say(ask()).effects == []
    assert it.say(online("gauge", 2)).effects == []
    assert not it.fold.control.reachable(it.twin("gauge"), command(it))  # connected, but it has not subscribed
    assert it.say(HEARS).effects == []  # what the connection before it heard does not count
    assert it.say(Listening("gauge", "g1", 2, ["set"], T0)).effects == ["c1"]


def test_of_two_connections_of_a_thing_one_may_close() -> None:
    it = home(online("gauge", 2, "g2"), Listening("gauge", "g2", 2, ["set"], T0))
    assert it.fold.control.way(it.twin("gauge"), "set") == (it.twin("gauge"), "g2")
    assert it.fold.control.way(it.twin("gauge"), "call") == (it.twin("gauge"), "g1")
    assert it.fold.control.link(it.twin("gauge")) is it.twin("gauge")
    it.say(offline("gauge", 1), call("c0"))
    assert it.say(Listening("gauge", "g2", 2, ["set"], T0)).effects == [], "it waits for one that hears calls"
    assert it.say(ask()).effects == ["c1"]
    assert it.say(call("c2")).effects == [], "the connection that heard calls is gone"


def test_a_part_is_reached_through_its_parent() -> None:
    it = home(thing_put("part", parent="gauge"), Listening("part", "g1", 1, ["set"], T0))
    assert it.fold.control.link(it.twin("part")) is it.twin("gauge")
    assert it.say(ask(thing="part")).effects == ["c1"]
    it.say(offline("gauge"))
    assert it.fold.control.link(it.twin("part")) is None
    assert it.say(ask("c2", thing="part", mode="low")).effects == []


def test_after_a_replay_values_are_sent_again_and_calls_that_may_have_left_are_not() -> None:
    it = home(ask("c1"), call("c2"), call("c3"), ask("c4", mode="low"), thing_put("part"))
    it.say(Sending("c2", T0), Sent("c4", T0), ask("c5", thing="part"))
    assert it.fold.control.after_replay() == (["c1", "c3"], ["c2"])
    it.say(Sent("c2", T0, False, "outcome unknown"))
    assert (state(it, "c2"), command(it, "c2").why) == ("failed", "outcome unknown")


def test_a_command_that_wants_nothing_runs_out() -> None:
    it = home(Asked("c1", "gauge", T0, WEI, {}), Asked("c2", "gauge", T0, WEI), Sent("c1", T0), Sent("c2", T0))
    it.say(reports("gauge", {"level": 20}))
    it.tick(60)
    assert (state(it, "c1"), state(it, "c2")) == ("timeout", "timeout")


def test_ended_commands_are_forgotten_in_the_order_of_their_ends() -> None:
    it = Home(ask("first", thing="ghost"), ask("second", thing="ghost"))
    it.fold.partition.saved([], ["first"])
    it.say(*(ask(f"c{i}", thing="ghost") for i in range(KEEP_ENDED - 1)))
    commands = it.fold.partition.commands
    assert ("first" in commands, "second" in commands, len(commands)) == (False, True, KEEP_ENDED)
    assert all(each.state is State.FAILED for each in commands.values())
    _state, rows, removed = it.fold.partition.saved([], ["first", "second"])
    assert ([key for key, _row in rows], removed) == (["command:second"], ["command:first"])


def test_a_command_that_no_checkpoint_has_is_not_taken_out_of_one() -> None:
    it = Home(*(ask(f"c{i}", thing="ghost") for i in range(KEEP_ENDED + 5)))
    _state, rows, removed = it.fold.partition.saved([], [f"c{i}" for i in range(KEEP_ENDED + 5)])
    assert (len(rows), removed) == (KEEP_ENDED, [])


def test_a_model_nobody_can_read_is_refused_and_its_things_with_it() -> None:
    it = Home(ModelPut("gauge", 1, b"nonsense"), thing_put("gauge"))
    assert [code for code, _detail in it.letters()] == ["bad_json", "bad_model"]
    assert it.fold.partition.things == {}


# on its way, once more, and by hand


def lamp(*more: Any) -> Home:
    """A light whose brightness takes ten seconds at most, and five to stand still."""
    return home(
        model_put(LIGHT),
        thing_put("lamp", LIGHT),
        online("lamp"),
        Listening("lamp", "g1", 1, ["set", "call"], T0),
        *more,
        ask(thing="lamp", brightness=80.0),
        Sent("c1", T0),
    )


def bright(it: Home, value: float) -> str:
    it.say(reports("lamp", {"brightness": value}))
    return state(it)


def test_a_value_on_its_way_is_no_mismatch_before_it_stands_still() -> None:
    it = lamp(reports("lamp", {"brightness": 5}))
    it.say(reply("c1", b'{"ok": true}', "lamp"))
    for second in (1, 4, 8, 12, 16):
        it.tick(second)
        assert bright(it, second * 4) == "acknowledged"
    it.tick(19)
    assert bright(it, 79.5) == "confirmed"


def test_where_it_stands_still_is_where_it_ended() -> None:
    it = home(model_put(COVER), thing_put("cover", COVER), online("cover"), ask(thing="cover", position=80.0))
    it.say(Sent("c1", T0), reply("c1", b'{"ok": true}', "cover"), reports("cover", {"position": 20}))
    it.tick(1)
    it.say(reports("cover", {"position": 30}))
    it.tick(20)
    assert state(it) == "acknowledged"
    it.tick(39.9)
    it.say(reports("cover", {"position": 30}))  # the same once more is no move
    assert state(it) == "acknowledged"
    it.tick(40)
    assert (state(it), command(it).why) == ("mismatch", "the thing reported another value, and stayed there")


def test_what_moves_without_end_has_as_long_again() -> None:
    it = lamp()
    it.say(reply("c1", b'{"ok": true}', "lamp"))
    for second in range(20):
        it.tick(second)
        assert bright(it, 10 + second % 2) == "acknowledged", second
    it.tick(20)
    assert (state(it), command(it).why) == ("mismatch", "the thing reported another value")


def test_standing_still_ends_only_what_was_acknowledged() -> None:
    it = lamp()
    bright(it, 20)
    it.tick(6)
    assert (state(it), command(it).settles) == ("sent", 0)
    it.tick(10)
    assert (state(it), command(it).why) == ("timeout", "the thing reported another value")


def test_what_is_harmless_is_sent_once_more_when_nothing_came() -> None:
    it = lamp()
    assert it.tick(5).effects == ["again:c1"]
    it.say(Sent("c1", T0))
    assert it.tick(9).effects == []
    it.tick(10)
    assert state(it) == "timeout"


@pytest.mark.parametrize("said", [reply("c1", b'{"ok": true}', "lamp"), reports("lamp", {"brightness": 3})])
def test_what_was_answered_is_not_sent_once_more(said: Any) -> None:
    it = lamp(said)
    it.say(said)
    assert it.tick(5).effects == []


def test_who_has_gone_is_sent_nothing_once_more() -> None:
    it = lamp()
    it.say(offline("lamp"))
    assert it.tick(5).effects == []


def test_a_call_that_is_not_harmless_is_sent_once() -> None:
    it = home(call(), Sent("c1", T0))
    assert (command(it).again, it.tick(1).effects) == (0, [])


def test_a_gateway_that_did_not_take_it_is_asked_again() -> None:
    it = home(ask(), Sent("c1", T0, False, "it is busy"))
    assert state(it) == "queued"
    assert it.tick(1.9).effects == []
    assert it.tick(2).effects == ["c1"]
    it.say(offline("gauge"), Sent("c1", T0, False, "the thing is not connected"))
    it.tick(59)
    assert state(it) == "queued"
    it.tick(60)
    assert state(it) == "expired"


def test_a_word_that_it_did_not_leave_changes_nothing_once_it_has() -> None:
    it = home(ask(), Sent("c1", T0), Sent("c1", T0, False, "late"))
    assert state(it) == "sent"


def test_next_is_not_asked_twice() -> None:
    it = home(model_put(SPEAKER), thing_put("box", SPEAKER), online("box"))
    it.say(Listening("box", "g1", 1, ["set", "desired"], T0), ask(thing="box", playback="next"))
    assert not it.fold.control.repeatable(it.twin("box"), command(it))
    it.say(Sending("c1", T0), Sent("c1", T0))
    assert it.fold.control.wanted(it.twin("box")) == ({}, {})
    it.say(ask("c2", thing="box", playback="pause"), Sent("c2", T0))
    assert it.fold.control.wanted(it.twin("box")) == ({"playback": "pause"}, {"playback": "c2"})


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked("c1", "gauge", T0, WEI), "bad_request"),
        (Asked("c1", "gauge", T0, WEI, {"level": 1}, "zero"), "bad_request"),
        (Asked("c1", "gauge", T0, WEI, {}), "bad_request"),
        (Asked("c1", "gauge", T0, WEI, {"nope": 1}), "unknown_property"),
        (Asked("c1", "gauge", T0, WEI, {"level": 900}), "bad_value"),
        (Asked("c1", "gauge", T0, WEI, None, "nope"), "unknown_action"),
        (Asked("c1", "nobody", T0, WEI, None, "zero"), "not_found"),
    ],
)
def test_what_is_no_command_is_said(asked: Asked, code: str) -> None:
    with pytest.raises(CallerError) as caught:
        home().fold.control.check(asked)
    assert caught.value.code == code


def test_what_the_fold_begins_itself_is_checked_and_begun() -> None:
    it = home()
    begun = it.fold.control.begin(ask(level=20))
    assert it.fold.control.find("c1") is begun
    assert it.fold.take_outcome().effects == ["c1"]


def test_what_left_twice_for_a_thing_that_is_gone_changes_nothing() -> None:
    it = home(ask(), ThingRemoved("gauge", T0), Sent("c1", T0, False, "x"), Sending("c1", T0))
    assert state(it) == "failed"


def test_one_that_has_gone_meanwhile_is_not_asked_again() -> None:
    it = home(ask(), Sent("c1", T0, False, "it is busy"), offline("gauge"))
    assert it.tick(2).effects == []
    assert state(it) == "queued"


def test_what_is_leaving_is_not_sent_again_nor_called_absent() -> None:
    it = home(call(), Sending("c1", T0), Sent("c1", T0, False, "nobody", True), Sending("c1", T0))
    assert it.tick(2).effects == []
    it.tick(DEFAULT_TTL_S)
    assert (state(it), command(it).why) == ("failed", "it was on its way out when its time was over; outcome unknown")


class Follows:
    """Writes down what it is told of commands."""

    def __init__(self) -> None:
        self.lives: list[tuple[str, str]] = []
        self.refused: list[tuple[str, str, str]] = []

    def derived(self, twin: Any, given: dict[str, Any], at: int) -> None: ...
    def derived_event(self, twin: Any, event: str, fields: dict[str, Any], at: int) -> None: ...

    def lived(self, command: Command) -> None:
        self.lives.append((command.asked.id, str(command.state)))

    def denied(self, audit: Audit) -> None:
        self.refused.append((audit.asked.id, audit.root, audit.why or ""))


def test_whoever_follows_is_told_of_each_step_and_of_what_was_refused() -> None:
    it, follows = home(), Follows()
    it.fold.partition.follower = follows
    it.say(ask())
    it.say(Sent("c1", T0))
    it.say(reports("gauge", {"level": 20}))
    assert follows.lives == [("c1", "queued"), ("c1", "sent"), ("c1", "confirmed")]
    root = it.fold.partition.things["gauge"].root
    it.say(Denied(ask("c2"), "not_permitted", "a guest may not"))
    it.say(Denied(ask("c3", thing="nobody"), "not_found", "there is none"))
    assert follows.refused == [("c2", root, "a guest may not"), ("c3", "", "there is none")]


def test_what_was_refused_is_kept_for_the_audit_and_begins_nothing() -> None:
    it = home()
    outcome = it.say(Denied(ask("c2"), "not_permitted", "a guest may not"))
    assert [(row.asked.id, row.state, row.code) for row in outcome.audit] == [("c2", REFUSED, "not_permitted")]
    assert "c2" not in it.fold.partition.commands


def test_whoever_waits_for_the_end_of_commands_is_told_once() -> None:
    it, told = home(), list[str]()
    it.fold.partition.on_ended.append(lambda command: told.append(command.asked.id))
    it.say(ask())
    assert told == []
    it.say(Sent("c1", T0))
    it.say(reports("gauge", {"level": 20}))
    it.say(reports("gauge", {"level": 20}, at=T0 + 5))
    assert told == ["c1"]
