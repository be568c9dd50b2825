"""Small places and speakers in which one rule decides: parts of things, rights, names that two share, nobody's room."""

from __future__ import annotations

import msgspec
import pytest

from tests.assist.languages.reading import HOME as FLAT
from tests.assist.languages.reading import WORLD as SHARED
from tests.assist.languages.reading import line
from unisono.access import Risk
from unisono.assist import Memory, Speaker, World, understand, world_of_home
from unisono.assist.questions import usual
from unisono.scene.trying.home import load_home

HOME = load_home("""
now: 2026-03-11T17:40:00+08:00
places:
  - {id: hut, kind: home, name: Hut}
  - {id: porch, in: hut, kind: room, name: Porch}
things:
  - {id: tower, kind: machine, in: porch, name: Tower, state: {start_stop: true}}
  - {id: head, kind: machine, in: tower, name: Head, state: {start_stop: true}}
  - {id: tip, kind: light, in: head, name: Tip, state: {on_off: false}}
  - {id: snake, kind: light, in: tail, name: Snake, state: {on_off: false}}
  - {id: tail, kind: light, in: snake, name: Tail, state: {on_off: false}}
  - {id: belt, kind: conveyor, in: porch, name: Belt, state: {start_stop: true, speed: 0.2}}
  - {id: orb, kind: light, in: porch, name: Orb, names: {en: [Old glass ball]}, state: {on_off: true}}
  - {id: totem, kind: carving, in: porch, name: Totem}
""")
WORLD = world_of_home(HOME)


class Watchers:
    """They see everything and may set nothing that lets somebody in."""

    def may_see(self, thing: str) -> bool:
        del thing
        return True

    def may_set(self, thing: str, trait: str, risk: Risk) -> bool:
        del thing, trait
        return risk is Risk.NONE


def said(text: str, world: World = WORLD, speaker: Speaker | None = None) -> str:
    return line(understand(text, world, Memory(), speaker or Speaker(), now=HOME.moment, lang="en"))


def test_a_part_stands_where_its_whole_stands() -> None:
    tip = WORLD.things["tip"]
    assert (tip.place, tip.parent) == ("porch", "head")
    assert said("turn on the light on the porch") == "act; tip,orb on_off=True"


def test_a_part_of_itself_stands_nowhere() -> None:
    assert WORLD.path(WORLD.things["snake"].place) == ()
    assert said("turn on the snake") == "act; snake on_off=True"


def test_a_word_of_another_name_tells_which() -> None:
    assert said("turn off the glass orb") == "act; orb on_off=False"
    assert said("turn off the copper orb") == "refuse (no_such_thing:copper orb)"


def test_a_pace_is_in_the_things_own_unit_or_not_at_all() -> None:
    assert said("set the belt to 2 metres per second") == "act; belt speed=7.2"
    assert said("set the belt to 30 rpm") == "refuse (no_such_value:30 1/min)"
    unknown = World(WORLD.places.values(), WORLD.things.values(), {})
    assert said("slow the belt down by ten percent", unknown) == "ask (what_value:speed)"


def test_of_what_tells_nothing_nothing_is_asked() -> None:
    assert said("how is the totem") == "ignore"


def test_who_may_not_is_told_which_thing() -> None:
    watcher = Speaker(rights=Watchers())
    assert said("unlock the iron gate", SHARED, watcher) == "refuse (not_permitted:iron_gate)"
    assert said("turn on the arc lamp", SHARED, watcher) == "act; arc on_off=True"


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("lock the wall lamp", "refuse (not_possible:lock)"),
        ("turn on the wall lamp", "ask (ambiguous:wall lamp)"),
        ("stop the machines", "act; lathe,saw,glue_press,chips start_stop=False"),
        ("turn on the light", "ask (ambiguous:light)"),
        ("turn on the lights in here", "ask"),
        ("make it brighter", "ask"),
    ],
)
def test_from_no_room_only_what_is_told_apart_is_done(text: str, plan: str) -> None:
    assert said(text, SHARED).startswith(plan)


def test_a_range_that_a_device_does_not_tell_is_that_of_its_trait() -> None:
    """What a maker's model leaves open is no licence for 140 percent."""
    bare = {id: msgspec.structs.replace(thing, ranges={}) for id, thing in SHARED.things.items()}
    world = World(SHARED.places.values(), bare.values(), SHARED.states)
    assert said("set the globe lamp to 140 percent", world) == "refuse (no_such_value:140)"
    assert said("set the seat heating to 9", world) == "refuse (no_such_value:9)"
    assert said("set the globe lamp to 40 percent", world) == "act; globe brightness=40"


def test_the_same_flat_has_the_moment_of_these_tests() -> None:
    assert FLAT.moment == HOME.moment


def test_a_meter_is_compared_by_what_it_grew_by() -> None:
    assert (usual("energy", None), usual("temperature", None), usual("on_off", True)) == ("sum", "mean", "duration")


def test_a_question_back_is_as_a_person_would_ask_it() -> None:
    rooms = ("Kitchen", "Hall", "Attic", "Study")
    places = "".join(f"  - {{id: {room}, in: home, kind: room, name: {room}}}\n" for room in rooms)
    lamps = "".join(
        f"  - {{id: l{room}, kind: light, in: {room}, name: {room} lamp, state: {{on_off: false, brightness: 50}}}}\n"
        for room in rooms
    )
    home = load_home(f"now: 2026-03-11T17:40:00+08:00\nplaces:\n  - {{id: home}}\n{places}things:\n{lamps}")
    told = {}
    for text in ("turn on the lamp", "dim it", "dim the blorp"):
        plan = understand(text, world_of_home(home), Memory(), Speaker(), now=home.moment)
        told[text] = plan.speech.text if plan.speech is not None else ""
    there = "There is Kitchen lamp, Hall lamp, Attic lamp or Study lamp."
    assert told == {
        "turn on the lamp": f"Which lamp do you mean? {there}",
        "dim it": f"Which one do you mean? {there}",
        "dim the blorp": "There is no blorp here.",
    }
