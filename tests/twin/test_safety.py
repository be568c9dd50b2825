"""Rules, interlocks and limits in the fold: on every path, at the beginning and when a command leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.twin.world import LIGHT, SECOND, T0, Home, model_put, offline, online, picture, reports, thing_put
from unisono.errors import CallerError
from unisono.thing import builtin_model
from unisono.thing.files import stranger_loader
from unisono.twin.command import Command
from unisono.twin.outcome import Outcome
from unisono.twin.partition import Partition
from unisono.twin.policy import MAX_POLICY_BYTES, load_policy
from unisono.twin.record import (
    Asked,
    Entry,
    GatewayStarted,
    Listening,
    ModeSet,
    PlacePut,
    PolicyPut,
    PolicyRemoved,
    Sent,
    Stopped,
    ThingRemoved,
)

PRESS, LOCK, CONTACT, PERSON = (builtin_model(kind) for kind in ("press", "lock", "sensor.contact", "person"))
WEI = {"kind": "person", "id": "wei", "role": "owner", "from": "lan"}
GUARD: dict[str, Any] = {
    "name": "guard",
    "never": {"things": ["press"], "set": {"start_stop": True}, "call": ["reset_fault"]},
    "while": [{"thing": "press", "property": "guard", "is": "open"}],
}
DOOR = {**GUARD, "while": [{"thing": "door", "property": "contact", "is": "open"}]}


def policy(**parts: Any) -> PolicyPut:
    return PolicyPut("home", 1, msgspec.json.encode(parts))


def listening(thing: str, epoch: int = 1, topics: tuple[str, ...] = ("set", "call")) -> Listening:
    return Listening(thing, "g1", epoch, list(topics), T0)


def plant(*more: Entry) -> Home:
    it = Home(
        PlacePut("home", zone="Europe/Berlin"),
        *(model_put(model) for model in (PRESS, LOCK, CONTACT, LIGHT, PERSON)),
        thing_put("press", PRESS),
        thing_put("door", CONTACT),
        thing_put("lock", LOCK),
        thing_put("lamp", LIGHT),
        *(online(thing) for thing in ("press", "door", "lock", "lamp")),
        *(listening(thing) for thing in ("press", "lock", "lamp")),
        reports("press", {"guard": "closed"}),
        reports("door", {"contact": "closed"}),
        *more,
    )
    it.tick(1)
    return it


def ask(it: Home, thing: str, by: dict[str, str] = WEI, id: str = "c1", **state: Any) -> Command:
    it.say(Asked(id, thing, T0, by, state))
    return it.fold.partition.commands[id]


def start(it: Home, id: str = "c1") -> Command:
    return ask(it, "press", id=id, start_stop=True)


def said(command: Command) -> tuple[str, str | None, str | None]:
    return command.state.value, command.code, command.why


def refused(it: Home, asked: Asked) -> tuple[str, str]:
    with pytest.raises(CallerError) as caught:
        it.fold.control.check(asked)
    return caught.value.code, caught.value.detail


# interlocks


def test_what_an_interlock_speaks_of_is_refused_while_it_holds() -> None:
    it = plant(policy(interlocks=[GUARD]))
    assert start(it).state == "queued"
    it.say(reports("press", {"guard": "open"}))
    why = 'the interlock "guard" forbids it: press.guard is "open"'
    assert said(start(it, "c2")) == ("rejected", "interlocked", why)
    assert refused(it, Asked("c3", "press", T0, WEI, {"start_stop": True})) == ("interlocked", why)
    assert refused(it, Asked("c3", "press", T0, WEI, None, "reset_fault"))[0] == "interlocked"
    assert ask(it, "press", id="c4", start_stop=False).state == "queued"
    assert ask(it, "lamp", id="c5", on_off=True).state == "queued"


def test_every_report_of_many_at_once_is_looked_at() -> None:
    """After a return a value counts once it is reported anew, wherever it stands in the run."""
    it = plant(policy(interlocks=[GUARD]), offline("press"), online("press", epoch=2), listening("press", 2))
    assert start(it).code == "interlocked"
    said_again: list[dict[str, Any]] = [{"good_count": number} for number in range(20)]
    said_again[1] = {"guard": "closed"}
    it.say(reports("press", *said_again))
    assert start(it, "c2").state == "queued"


def test_what_is_refused_sends_nothing_and_leaves_what_was_wanted_before() -> None:
    it = plant(policy(interlocks=[GUARD]), Asked("c1", "press", T0, WEI, {"start_stop": False}))
    it.say(reports("press", {"guard": "open"}))
    outcome = it.say(Asked("c2", "press", T0, WEI, {"start_stop": True}))
    assert (outcome.effects, it.twin("press").open) == ([], ("c1",))


def test_an_interlock_without_details_forbids_every_command_to_what_it_names() -> None:
    never = {"kinds": ["press", "lock"]}
    it = plant(policy(interlocks=[{**DOOR, "never": never}]), reports("door", {"contact": "open"}))
    assert [ask(it, "press", id="a", andon="green").state, ask(it, "lamp", id="b", on_off=True).state] == [
        "rejected",
        "queued",
    ]


def test_values_by_trait_list_and_bounds() -> None:
    never = {
        "traits": ["setpoint", "andon"],
        "set": {"setpoint": {"above": 100}, "andon": ["red", "yellow"], "mode": None},
    }
    it = plant(policy(interlocks=[{**DOOR, "never": never}]), reports("door", {"contact": "open"}))
    given: list[dict[str, Any]] = [{"setpoint": 100}, {"setpoint": 101}, {"andon": "red"}, {"andon": "green"}]
    assert [ask(it, "press", id=f"c{n}", **each).state.value for n, each in enumerate(given)] == [
        "queued",
        "rejected",
        "rejected",
        "queued",
    ]


def test_a_queued_command_is_judged_again_when_its_thing_comes_back() -> None:
    it = plant(policy(interlocks=[DOOR]), offline("press"))
    command = start(it)
    it.say(reports("door", {"contact": "open"}))
    assert command.state == "queued"
    outcome = it.say(online("press", 2), listening("press", 2))
    assert (said(command)[:2], outcome.effects) == (("rejected", "interlocked"), [])


def test_a_thing_that_comes_back_is_believed_once_it_has_reported_anew() -> None:
    it = plant(policy(interlocks=[GUARD]), offline("press"))
    command = start(it)
    outcome = it.say(online("press", 2), listening("press", 2, ("set", "desired")))
    assert (command.state, command.held) == ("queued", True)
    assert command.why == 'the interlock "guard" cannot be judged: press.guard is unknown'
    assert it.fold.control.wanted(it.twin("press")) == ({}, {})
    assert outcome.effects == ["desired:press"]
    assert it.say(reports("press", {"good_count": 3})).effects == []
    assert it.say(reports("press", {"guard": "closed"})).effects == ["c1"]
    assert said(command) == ("queued", None, None)
    assert it.fold.control.wanted(it.twin("press"))[0] == {"start_stop": True}


def test_what_is_held_ends_when_the_interlock_turns_out_to_hold() -> None:
    it = plant(policy(interlocks=[GUARD]), offline("press"))
    command = start(it)
    it.say(online("press", 2), listening("press", 2))
    it.say(reports("press", {"guard": "open"}))
    assert said(command)[:2] == ("rejected", "interlocked")
    assert it.fold.partition.held == {}


def test_what_is_held_expires_with_the_reason() -> None:
    it = plant(policy(interlocks=[GUARD]), offline("press"))
    command = start(it)
    it.say(online("press", 2), listening("press", 2))
    it.tick(62)
    assert said(command) == ("expired", None, 'the interlock "guard" cannot be judged: press.guard is unknown')


@pytest.mark.parametrize(("unknown", "state"), [("forbid", "rejected"), ("allow", "queued"), ("last", "queued")])
def test_what_counts_while_nobody_can_say(unknown: str, state: str) -> None:
    it = plant(policy(interlocks=[{**DOOR, "unknown": unknown}]), offline("door"))
    assert start(it).state == state


def test_last_is_what_was_last_reported() -> None:
    it = plant(policy(interlocks=[{**DOOR, "unknown": "last"}]), reports("door", {"contact": "open"}), offline("door"))
    assert start(it).state == "rejected"


@pytest.mark.parametrize("seen", [{"thing": "nobody"}, {"property": "no_such"}, {"property": "battery"}])
def test_what_is_not_there_is_unknown(seen: dict[str, str]) -> None:
    it = plant(policy(interlocks=[{**DOOR, "while": [{**DOOR["while"][0], **seen}]}]))
    assert said(start(it))[:2] == ("rejected", "interlocked")


def test_a_value_can_be_too_old() -> None:
    it = plant(policy(interlocks=[{**DOOR, "while": [{**DOOR["while"][0], "fresh_s": 30}]}]))
    it.tick(29)
    assert start(it).state == "queued"
    it.tick(32)
    assert start(it, "c2").state == "rejected"


def test_one_that_holds_counts_more_than_one_that_nobody_can_judge() -> None:
    conditions = [{"thing": "nobody", "property": "x", "is": 1}, {"thing": "door", "property": "contact", "is": "open"}]
    it = plant(
        policy(interlocks=[{**DOOR, "while": conditions}]), reports("door", {"contact": "open"}), offline("press")
    )
    assert "forbids it" in (start(it).why or "")


def test_a_part_comes_and_goes_with_what_carries_it() -> None:
    it = plant()
    it.say(thing_put("box", LIGHT), thing_put("door", CONTACT, parent="box"), offline("door"), online("box", 7))
    it.say(policy(interlocks=[DOOR]))
    assert start(it).state == "queued"
    it.say(offline("box", 7))
    assert start(it, "c2").state == "rejected"
    it.say(online("box", 8))
    assert start(it, "c3").state == "rejected"
    it.say(reports("door", {"contact": "closed"}, client="box"))
    assert start(it, "c4").state == "queued"


def test_after_a_restart_of_the_gateway_nothing_is_known() -> None:
    it = plant(policy(interlocks=[DOOR]))
    it.say(GatewayStarted("g1", T0), online("door", 2), online("press", 2), listening("press", 2))
    assert start(it).state == "rejected"


def test_a_policy_that_goes_forbids_no_more() -> None:
    it = plant(policy(interlocks=[DOOR]), offline("door"))
    it.say(PolicyRemoved("home"), PolicyRemoved("mars"))
    assert start(it).state == "queued"
    assert it.twin("door").watchers == ()


def test_a_policy_that_cannot_be_is_a_letter_and_changes_nothing() -> None:
    it = plant(policy(interlocks=[DOOR]), reports("door", {"contact": "open"}))
    it.say(PolicyPut("home", 2, b'{"rules": 3}'))
    assert it.letters()[-1][0] == "bad_policy"
    assert start(it).state == "rejected"


@pytest.mark.parametrize("gone", [False, True])
def test_who_carries_a_part_no_more_is_watched_no_more(gone: bool) -> None:
    """As after a start, which knows of no earlier parent."""
    it = plant(thing_put("door", CONTACT, parent="lamp"), policy(interlocks=[DOOR]))
    assert it.twin("lamp").watchers and it.twin("door").watchers
    it.say(ThingRemoved("door", T0) if gone else thing_put("door", CONTACT, parent="lock"))
    assert it.twin("lamp").watchers == ()
    assert bool(it.twin("lock").watchers) is not gone
    it.say(thing_put("door", CONTACT), PolicyRemoved("home"))
    assert it.twin("lock").watchers == it.twin("door").watchers == ()


def test_things_that_come_later_are_watched() -> None:
    it = plant(ThingRemoved("door", T0), policy(interlocks=[DOOR]))
    it.say(thing_put("door", CONTACT), online("door", 3), reports("door", {"contact": "closed"}))
    assert start(it).state == "queued"
    it.say(offline("door", 3), ThingRemoved("door", T0))
    assert start(it, "c2").state == "rejected"


def test_another_model_version_is_believed_once_it_has_reported() -> None:
    it = plant(policy(interlocks=[DOOR]), offline("door"), online("door", 2))
    it.say(thing_put("door", LOCK))
    it.say(thing_put("door", CONTACT), reports("door", {"battery": 80}))
    assert start(it).state == "rejected"
    it.say(reports("door", {"contact": "closed"}))
    assert start(it, "c2").state == "queued"


def test_a_second_connection_is_no_coming_back() -> None:
    it = plant(policy(interlocks=[DOOR]), online("door", 2), offline("door", 1))
    assert start(it).state == "queued"


# rules


def confirmed(**state: Any) -> Asked:
    return Asked("c9", "lock", T0, WEI, state, confirmed=True)


def test_a_rule_denies_on_every_path() -> None:
    it = plant(
        policy(rules=[{"name": "no", "then": "deny", "who": {"kinds": ["program"]}, "what": {"risk": "sensitive"}}])
    )
    program = {"kind": "program", "id": "bridge"}
    assert said(ask(it, "lock", program, locked=False)) == (
        "rejected",
        "not_allowed",
        'the rule "no" of home forbids it',
    )
    assert ask(it, "lock", program, "c2", locked=True).state == "queued"
    assert ask(it, "lock", WEI, "c3", locked=False).state == "queued"
    with pytest.raises(CallerError):
        it.fold.control.begin(Asked("c4", "lock", T0, program, {"locked": False}))


def test_a_second_word_is_asked_for() -> None:
    it = plant(policy(rules=[{"name": "twice", "then": "confirm", "what": {"kinds": ["lock"]}}], confirm_within_s=30))
    code, why = refused(it, Asked("c1", "lock", T0, WEI, {"locked": False}))
    assert (code, why) == ("confirmation_required", 'the rule "twice" of home wants it said twice')
    it.fold.control.check(confirmed(locked=False))
    it.say(confirmed(locked=False))
    assert it.fold.partition.commands["c9"].state == "queued"


def test_a_scene_is_at_home_and_gives_no_second_word() -> None:
    rules = [{"name": "twice", "then": "confirm", "what": {"kinds": ["lock"]}, "scenes": ["night"]}]
    it = plant(policy(rules=rules))
    assert ask(it, "lock", {"kind": "scene", "id": "night"}, locked=True).state == "queued"
    refused = ask(it, "lock", {"kind": "scene", "id": "morning"}, "c2", locked=True)
    assert refused.state == "rejected"
    assert refused.why == 'the rule "twice" of home lets only the scenes do it that it names'
    it.say(policy(rules=[{"name": "out", "then": "deny", "from": {"home": False}}]))
    assert ask(it, "lock", {"kind": "scene", "id": "morning"}, "c3", locked=True).state == "queued"


def test_at_home_is_what_the_thing_of_the_same_id_says() -> None:
    it = plant(policy(rules=[{"name": "out", "then": "deny", "from": {"home": False}}]))
    assert ask(it, "lamp", on_off=True).state == "rejected"
    it.say(thing_put("wei", PERSON))
    assert ask(it, "lamp", id="c2", on_off=True).state == "rejected"
    it.say(reports("wei", {"presence": True}))
    assert ask(it, "lamp", id="c3", on_off=True).state == "queued"


def test_rules_by_the_clock_of_the_place_and_its_mode() -> None:
    # T0 is eleven o'clock in Berlin, a Sunday
    times = [{"from": "11:00", "to": "11:01", "days": ["sun"]}]
    it = plant(policy(rules=[{"name": "quiet", "then": "deny", "when": {"times": times}}]))
    assert ask(it, "lamp", on_off=True).state == "rejected"
    it.tick(61)
    assert ask(it, "lamp", id="c2", on_off=True).state == "queued"
    it.say(policy(rules=[{"name": "away", "then": "deny", "when": {"modes": ["away"]}}]), ModeSet("home", "away", WEI))
    assert ask(it, "lamp", id="c3", on_off=True).state == "rejected"


def test_a_command_that_waited_is_judged_by_the_rules_of_the_time_it_leaves() -> None:
    it = plant(policy(rules=[{"name": "away", "then": "deny", "when": {"modes": ["away"]}}]), offline("lock"))
    command = ask(it, "lock", locked=False)
    it.say(ModeSet("home", "away", WEI), online("lock", 2), listening("lock", 2))
    assert said(command)[:2] == ("rejected", "not_allowed")


def test_places_that_the_fold_does_not_know_are_known_by_their_ids() -> None:
    it = plant()
    it.say(msgspec.structs.replace(thing_put("lock", LOCK), place="shed"))
    it.say(policy(rules=[{"name": "shed", "then": "deny", "what": {"places": ["shed"]}}]))
    assert ask(it, "lock", locked=True).state == "rejected"
    assert ask(it, "lamp", id="c2", on_off=True).state == "queued"


# limits


def test_so_many_in_so_long() -> None:
    it = plant(policy(limits=[{"name": "lamp", "what": {"things": ["lamp"]}, "changes": 2, "in_s": 10}]))
    states = [ask(it, "lamp", id=f"c{n}", on_off=bool(n % 2)).state.value for n in range(3)]
    assert states == ["superseded", "queued", "rejected"] or states[2] == "rejected"
    assert said(it.fold.partition.commands["c2"]) == (
        "rejected",
        "too_many",
        'the limit "lamp" of home allows 2 in 10 s',
    )
    assert ask(it, "lamp", id="other", brightness=3).state == "queued"
    it.tick(10.9)
    assert ask(it, "lamp", id="c4", on_off=True).state == "rejected"
    it.tick(11)
    assert ask(it, "lamp", id="c5", on_off=True).state == "queued"
    it.tick(21)
    assert it.fold.partition.safety._stamps == {}


def test_an_interval_between_two_but_always_off() -> None:
    limit = {"name": "slowly", "min_interval_s": 5, "unless": {"on_off": False}}
    it = plant(policy(limits=[limit]))
    assert ask(it, "lamp", id="a", on_off=True).state == "queued"
    assert said(ask(it, "lamp", id="b", on_off=True))[2] == 'the limit "slowly" of home allows one in 5 s'
    assert ask(it, "lamp", id="c", on_off=False).state == "queued"


def test_calls_are_limited_by_their_action() -> None:
    it = plant(policy(limits=[{"name": "blink", "changes": 1}]))
    it.fold.control.check(Asked("a", "lamp", T0, WEI, None, "identify"))
    it.say(Asked("a", "lamp", T0, WEI, None, "identify", {}))
    assert refused(it, Asked("b", "lamp", T0, WEI, None, "identify"))[0] == "too_many"


def test_a_command_that_waits_does_not_count_twice() -> None:
    it = plant(policy(limits=[{"name": "one", "changes": 1}]), offline("lamp"))
    command = ask(it, "lamp", on_off=True)
    assert it.say(online("lamp", 2), listening("lamp", 2)).effects == ["c1"]
    assert command.state == "queued"


# cancelling, and what the audit is told


def test_what_has_not_left_can_be_stopped() -> None:
    it = plant(offline("lamp"))
    command = ask(it, "lamp", on_off=True)
    it.say(Stopped("c1", T0 + 5, WEI, "wei cancelled it"), Stopped("nobody", T0, WEI, "x"))
    assert (said(command), command.ended) == (("failed", None, "wei cancelled it"), T0 + SECOND)
    sent = ask(plant(), "lamp", on_off=True)
    assert sent.state == "queued"
    other = plant()
    command = ask(other, "lamp", on_off=True)
    other.say(Sent("c1", T0), Stopped("c1", T0, WEI, "wei cancelled it"))
    assert command.state == "sent"


def audit(outcome: Outcome) -> list[tuple[str, str, str, str | None]]:
    return [(each.asked.id, each.root, each.state, each.code) for each in outcome.audit]


def test_every_end_and_every_refusal_is_told_to_the_audit() -> None:
    it = plant(policy(interlocks=[DOOR]), reports("door", {"contact": "open"}))
    asked = Asked("c1", "press", T0, WEI, {"start_stop": True})
    assert audit(it.say(asked)) == [("c1", "home", "rejected", "interlocked")]
    assert audit(it.say(Asked("c2", "nobody", T0, WEI, {"on_off": True}))) == [("c2", "", "failed", None)]
    with pytest.raises(CallerError):
        it.fold.control.begin(Asked("c3", "press", T0, WEI, {"start_stop": True}))
    with pytest.raises(CallerError):
        it.fold.control.begin(Asked("c4", "nobody", T0, WEI, {"start_stop": True}))
    assert audit(it.fold.take_outcome()) == [
        ("c3", "home", "refused", "interlocked"),
        ("c4", "", "refused", "not_found"),
    ]


# keeping


def test_a_checkpoint_keeps_what_is_enforced() -> None:
    limits = [{"name": "lamp", "changes": 1, "in_s": 10}]
    it = plant(
        policy(interlocks=[GUARD], limits=limits), offline("press"), Asked("a", "lamp", T0, WEI, {"on_off": True})
    )
    held = start(it)
    it.say(online("press", 2), listening("press", 2))
    partition = it.fold.partition
    state, rows, _removed = partition.saved(partition.things.values(), partition.commands)
    again = Home()
    again.fold.partition.restore_state(state)
    assert again.fold.partition.restore_rows(rows) == []
    assert again.fold.partition.held == {"c1": None}
    for home in (it, again):
        assert ask(home, "lamp", id="b", on_off=False).state == "rejected"
        assert home.say(reports("press", {"guard": "closed"})).effects == ["c1"]
    assert held.state == "queued"
    assert picture(it.fold.partition) == picture(again.fold.partition)


def test_what_was_not_written_is_written_next_time() -> None:
    it = plant(policy(interlocks=[GUARD]), offline("press"))
    partition = it.fold.partition
    first = partition.saved((), ())[1]
    partition.not_saved(())
    again = partition.saved((), ())[1]
    assert [row for row in first if row[0].startswith("safety")] == [
        row for row in again if row[0].startswith("safety")
    ]
    it.say(PolicyRemoved("home"))
    assert "safety:home" in partition.saved((), ())[2]


def test_a_damaged_policy_is_told() -> None:
    it = plant(policy(interlocks=[GUARD]))
    _state, rows, _removed = it.fold.partition.saved((), ())
    row = dict(rows)["safety:home"]
    damaged = Partition().restore_rows([("safety:home", row[:-4] + b"oops")])
    assert [key for key, _why in damaged] == ["safety:home"]


# the document


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        (b"{", "bad_json", None),
        (b"\xff", "bad_json", None),
        (b" " * (MAX_POLICY_BYTES + 1), "too_large", None),
        ({"rules": [{"name": "a", "then": "maybe"}]}, "bad_policy", "rules.0.then"),
        ({"rules": [{"name": "a", "then": "deny", "who": {"role": ["guest"]}}]}, "bad_policy", "rules.0.who.role"),
        ({"rules": [{"name": "a", "then": "deny"}, {"name": "a", "then": "deny"}]}, "bad_policy", "rules.1.name"),
        ({"no_such": []}, "bad_policy", "no_such"),
        ({"interlocks": [{**GUARD, "while": []}]}, "bad_policy", "interlocks.0.while"),
        ({"interlocks": [{**GUARD, "while": [{"thing": "a", "property": "b"}]}]}, "bad_policy", "interlocks.0.while.0"),
        (
            {"interlocks": [{**GUARD, "never": {"set": {"a": {"above": "x"}}}}]},
            "bad_policy",
            "interlocks.0.never.set.a",
        ),
        ({"limits": [{"name": "a"}]}, "bad_policy", "limits.0"),
        ({"limits": [{"name": "a", "changes": 1, "unless": {"b": {"below": "x"}}}]}, "bad_policy", "limits.0.unless.b"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document: Any, code: str, field: str | None) -> None:
    with pytest.raises(CallerError) as caught:
        load_policy(document)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.expected


def test_the_policies_of_the_documentation_are_sound() -> None:
    text = Path("docs/safety.md").read_text("utf-8")
    blocks = [block.partition("```")[0] for block in text.split("```yaml\n")[1:]]
    assert len(blocks) == 3
    for block in blocks:
        policy = load_policy(yaml.load(block, Loader=stranger_loader()))
        assert policy.rules and (policy.interlocks or policy.limits)
