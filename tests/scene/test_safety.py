"""A place's policy holds for scenes too: their commands begin in the fold, and what it forbids is never told."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.scene.stage import Stage
from unisono.twin.record import PolicyPut, SceneRun

GUARD = {
    "interlocks": [
        {
            "name": "guard",
            "never": {"things": ["press"], "set": {"start_stop": True}},
            "while": [{"thing": "door", "property": "contact", "is": "open"}],
        }
    ]
}


def line(policy: dict[str, Any]) -> Stage:
    stage = Stage()
    stage.thing("press", "press", start_stop=False)
    stage.thing("door", "sensor.contact", contact="closed")
    stage.thing("lock", "lock", locked=True)
    stage.thing("lamp", "light", on_off=False)
    stage.put(PolicyPut("home", 1, msgspec.json.encode(policy)))
    return stage


def refused(stage: Stage) -> list[tuple[str, str, str | None]]:
    """(thing, scene, code) of what the audit was told as refused."""
    told = stage.fold.take_outcome().audit
    return [
        (each.asked.thing, each.asked.by.get("scene", each.asked.by["id"]), each.code)
        for each in told
        if each.state == "refused"
    ]


def test_a_scene_starts_no_press_while_the_guard_is_open() -> None:
    stage = line(GUARD)
    stage.scene("then: [{set: {things: [press], state: {start_stop: true}}}]")
    stage.run()
    assert stage.asked == [("press", {"start_stop": True})]
    stage.obey()
    stage.report("door", contact="open")
    stage.fold.take_outcome()
    stage.run()
    assert len(stage.asked) == 1
    assert refused(stage) == [("press", "s", "interlocked")]


def test_what_a_scene_restores_is_judged_like_anything_else() -> None:
    stage = line(GUARD)
    stage.report("press", start_stop=True)
    stage.scene(
        """
        then:
          - snapshot: {things: [press], name: before}
          - set: {things: [press], state: {start_stop: false}}
          - wait: {for_s: 10}
          - restore: {name: before}
        """
    )
    stage.run()
    stage.obey()
    stage.report("door", contact="open")
    stage.fold.take_outcome()
    stage.tick(10)
    assert [wanted for thing, wanted in stage.asked if wanted == {"start_stop": True}] == []
    assert ("press", "s", "interlocked") in refused(stage)


def test_a_scene_that_is_to_be_confirmed_is_named_or_does_nothing() -> None:
    rule = {"name": "twice", "then": "confirm", "what": {"kinds": ["lock"]}, "scenes": ["night"]}
    stage = line({"rules": [rule]})
    for scene in ("night", "morning"):
        stage.scene(f"id: {scene}\nthen: [{{set: {{things: [lock], state: {{locked: true}}}}}}]")
        stage.run(scene)
    assert [command.asked.by["scene"] for command in stage.commands] == ["night"]
    assert refused(stage) == [("lock", "morning", "not_allowed")]


def test_a_limit_holds_back_a_scene_that_flaps() -> None:
    stage = line({"limits": [{"name": "calm", "what": {"things": ["lamp"]}, "changes": 2, "in_s": 60}]})
    stage.scene(
        """
        mode: parallel
        when: [{change: {things: [door], property: contact}}]
        then: [{set: {things: [lamp], state: {on_off: {toggle: true}}}}]
        """
    )
    for contact in ("open", "closed") * 3:
        stage.report("door", contact=contact)
        stage.obey()
    assert len(stage.asked) == 2
    stage.tick(61)
    stage.report("door", contact="open")
    assert len(stage.asked) == 3


RULES = {"rules": [{"name": "guests", "then": "deny", "who": {"ids": ["gast"]}, "what": {"kinds": ["lock"]}}]}
UNLOCK = "then: [{set: {things: [lock], state: {locked: false}}}]"


def by_hand(stage: Stage, scene: str, who: str) -> None:
    stage.put(SceneRun(scene, stage.wall, {"kind": "person", "id": who, "role": "guest", "from": "lan"}))


def test_who_runs_a_scene_asks_for_what_it_does_and_their_rules_hold() -> None:
    stage = line(RULES)
    stage.scene(UNLOCK)
    stage.scene("id: outer\nthen: [{scene: {id: s, wait: true}}]")
    stage.fold.take_outcome()
    by_hand(stage, "s", "gast")
    by_hand(stage, "outer", "gast")
    assert refused(stage) == [("lock", "s", "not_allowed")] * 2, "not by way of another scene either"
    assert not stage.commands
    by_hand(stage, "outer", "wei")
    (command,) = stage.commands
    assert command.asked.by == {
        "kind": "person",
        "id": "wei",
        "role": "guest",
        "from": "lan",
        "scene": "s",
        "run": stage.past[-1].id if stage.past else stage.open[-1].id,
    }


def test_what_a_scene_does_by_itself_it_asks_for_itself() -> None:
    stage = line({"rules": [{"name": "scenes", "then": "deny", "who": {"kinds": ["scene"]}}]})
    stage.scene("when: [{change: {things: [door], property: contact, is: open}}]\n" + UNLOCK)
    stage.scene("id: behind\nwhen: [{scene: {id: s, ended: any}}]\n" + UNLOCK)
    stage.fold.take_outcome()
    stage.report("door", contact="open")
    assert refused(stage) == [("lock", "s", "not_allowed"), ("lock", "behind", "not_allowed")]
    by_hand(stage, "s", "wei")
    assert [command.asked.by["id"] for command in stage.commands] == ["wei"]
    assert refused(stage) == [("lock", "behind", "not_allowed")], (
        "it was set off by the end of a scene, by nobody's hand"
    )


def test_a_queued_run_by_hand_is_still_theirs() -> None:
    stage = line(RULES)
    stage.scene("mode: queued\nthen: [{wait: {for_s: 5}}, {set: {things: [lock], state: {locked: false}}}]")
    stage.fold.take_outcome()
    by_hand(stage, "s", "wei")
    by_hand(stage, "s", "gast")
    stage.crash()
    stage.tick(11)
    assert [command.asked.by["id"] for command in stage.commands] == ["wei"]
    assert refused(stage) == [("lock", "s", "not_allowed")]
