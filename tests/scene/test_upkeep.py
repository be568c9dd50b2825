"""A scene is looked at again when what it names is gone, or another; what is wrong is kept until it is mended."""

from __future__ import annotations

import msgspec

from tests.scene.stage import Stage
from unisono.thing import builtin_model, dump_model
from unisono.twin.record import ModelPut, SceneRemoved, ThingPut

EVENING = """
id: evening
when: [{change: {things: [door], property: contact, is: open}}]
if: [{state: {things: [probe], property: temperature, below: 30}}]
then:
  - set: {things: [lamp], state: {brightness: 40}}
  - call: {things: [vacuum], action: dock}
  - snapshot: {things: [lamp], name: before}
  - scene: {id: inner}
"""


def stage() -> Stage:
    made = Stage()
    made.thing("door", "sensor.contact")
    made.thing("probe", "sensor.temperature")
    made.thing("lamp", "light")
    made.thing("vacuum", "vacuum")
    made.scene("id: inner\nthen: [{stop: {}}]")
    made.scene("id: behind\nwhen: [{scene: {id: inner}}]\nthen: [{stop: {}}]")
    made.scene(EVENING)
    return made


def found(made: Stage, scene: str = "evening") -> list[tuple[str, str]]:
    return [(each.path, each.rule) for each in made.engine.scenes[scene].findings]


def other_model(made: Stage, thing: str, kind: str) -> None:
    """The thing has another model from now on."""
    model = msgspec.structs.replace(builtin_model(kind), id=f"other.{kind}")
    made.put(
        ModelPut(model.id, 1, dump_model(model)), ThingPut(thing, thing, model.id, 1, "home", "home", at=made.wall)
    )


def test_what_is_gone_is_told_until_it_is_back() -> None:
    made = stage()
    assert (found(made), made.engine.upkeep.complaint()) == ([], None)
    made.engine.saved()
    made.remove("lamp")
    assert found(made) == [("then.0.set.things.0", "unknown_thing"), ("then.2.snapshot.things.0", "unknown_thing")]
    assert made.engine.changed == {"evening"}
    told = "the scene evening cannot do all that it says: then.0.set.things.0: there is no thing 'lamp'"
    assert made.engine.upkeep.complaint() == told
    made.crash()
    assert len(found(made)) == 2, "it is kept"
    assert made.engine.upkeep.complaint() == told
    for thing in ("door", "probe", "vacuum"):
        made.remove(thing)
    assert [path for path, _rule in found(made)] == [
        "when.0.change.things.0",
        "if.0.state.things.0",
        "then.0.set.things.0",
        "then.1.call.things.0",
        "then.2.snapshot.things.0",
    ]
    for thing, kind in (("lamp", "light"), ("door", "sensor.contact"), ("probe", "sensor.temperature")):
        made.thing(thing, kind)
    assert found(made) == [("then.1.call.things.0", "unknown_thing")]
    made.thing("vacuum", "vacuum")
    assert (found(made), made.engine.upkeep.amiss) == ([], set())


def test_a_model_that_lacks_what_is_set_is_told() -> None:
    made = stage()
    other_model(made, "lamp", "switch")
    assert [path for path, _rule in found(made)] == ["then.0.set.state.brightness"]
    other_model(made, "probe", "vacuum")
    assert [path for path, _rule in found(made)] == ["if.0.state.property", "then.0.set.state.brightness"]
    made.thing("lamp", "light")
    made.thing("probe", "sensor.temperature")
    assert found(made) == []


def test_another_name_is_no_other_thing() -> None:
    made = stage()
    made.remove("lamp")
    before = made.engine.scenes["evening"].findings
    model = builtin_model("vacuum")
    made.put(ThingPut("vacuum", "Robby", model.id, model.version, "home", "home", at=made.wall))
    assert made.engine.scenes["evening"].findings is before


def test_a_scene_that_is_run_or_waited_for() -> None:
    made = stage()
    made.put(SceneRemoved("inner"))
    assert found(made) == [("then.3.scene.id", "unknown_scene")]
    assert found(made, "behind") == [("when.0.scene.id", "unknown_scene")]
    assert made.engine.upkeep.complaint() == (
        "the scene behind cannot do all that it says: when.0.scene.id: there is no scene 'inner' (and 1 more scenes)"
    )
    made.put(SceneRemoved("behind"))
    assert made.engine.upkeep.amiss == {"evening"}
    made.scene("id: inner\nthen: [{stop: {}}]")
    assert not made.engine.upkeep.amiss


def test_what_went_while_a_scene_was_saved() -> None:
    made = stage()
    made.remove("lamp")
    made.scene(EVENING, version=2)
    assert len(found(made)) == 2
    made.scene(EVENING.replace("[lamp]", "[vacuum]").replace("{brightness: 40}", "{start_stop: true}"), version=3)
    assert found(made) == []
