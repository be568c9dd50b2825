# ruff: noqa: E501 - a case is one line
"""All that an English order says is carried out, or asked about.

Words that no change uses up, things that only say where another is, whose something is, what time it must be, what
went too far.
"""

from __future__ import annotations

import pytest

from tests.assist.languages.test_en_corners import HOME, SPEAKER, WORLD, read
from unisono.assist import Memory, World, understand
from unisono.assist.world import Scene

CASES = {
    "turn off the red globe": "ask (unsure:red)",
    "turn the vane off high": "ask (unsure:high)",
    "turn off the chiller on dry": "act; chiller on_off=False",
    "put the telly on channel four": "act; telly channel=4",
    "set the mill channel to 4": "refuse (not_possible:4)",
    "set the telly tilt to 40": "ask (unsure:tilt)",
    "set the vane humidity to 40": "ask (unsure:humidity)",
    "set the chiller to cool": "act; chiller hvac_mode=cool",
    "put the chiller on dry": "act; chiller hvac_mode=dry",
    "put the telly on dry": "ask (what_value)",
    "put the vane on": "act; vane on_off=True",
    "turn on the vane on low": "act; vane fan_speed=low",
    "turn off the light beside the plain lamp": "act; plain on_off=False",
    "turn on the light next to the range": "act; bare on_off=True",
    "turn on the light next to the crawler": "refuse (no_such_thing:light)",
    "turn off the light in the coupe": "refuse (no_such_thing:light)",
    "open the windows on the coupe": "act; coupe window_position=100",
    "turn on the heating on the heater": "act; heater on_off=True",
    "turn on the globe for the telly": "act; globe on_off=True",
    "turn on the light in the room next to the loft": "refuse (no_such_place:loft)",
    "clean the telly": "refuse (not_possible:telly)",
    "clean the windows": "refuse (not_possible:windows)",
    "is the globe in the loft on": "refuse (no_such_thing:globe)",
    "what's the temperature in the yard": "refuse (no_such_thing:temperature)",
    "turn on every other light": "ask (unsure:which)",
    "turn on both": "ask (which_thing)",
    "turn on the globe | turn on the rainbow | now both off": "act; globe,rainbow on_off=False",
    "turn on the fan | in the loft": "ignore",
    "turn on the lamp | in the yard": "ignore",
    "turn off all the lights but leave the loft": "act; globe,bare on_off=False",
    "turn off all the lights but leave the loft alone": "act; globe,bare on_off=False",
    "switch on the globe at nineteen": 'later; globe on_off=True; when {"at":"2026-03-11T19:00:00"}',
    "switch on the chiller at nineteen": "ask (unsure:value)",
    "turn the heater up by 40": "refuse (no_such_value:40)",
    "turn on bob's radio": "refuse (no_such_thing:radio)",
    "turn on her radio": "act; radio playback=play",
    "turn off the light in his room": "ask (which_thing:room)",
    "if it's wednesday turn on the globe": "act; globe on_off=True",
    "if it isn't wednesday turn on the globe": "refuse (not_now)",
    "if it's the weekend turn on the globe": "refuse (not_now)",
    "if it's after sunset turn on the globe": "ask (unsure:condition)",
    "unless it's after 9 pm turn on the globe": "act; globe on_off=True",
    "if it's after noon turn on the globe": "act; globe on_off=True",
    "if it's after two and the telly is on turn on the globe": "ask (unsure:condition)",
    "when it's past eight turn on the globe": 'later; globe on_off=True; when {"at":"2026-03-11T20:00:00"}',
    "turn on the globe before nine pm": "ask (what_time)",
    "before sunset turn on the globe": "ask (unsure:condition)",
    "if it's past eight o'clock and a half turn on the globe": "ask (which_thing)",
    "turn off the globe who": "ask (unsure:which)",
    "dim the rainbow | too much": "act; rainbow brightness+=10.0",
    "make the heater warmer | by two more": "act; heater target_temperature+=2",
    "make the heater warmer | by two less": "act; heater target_temperature+=-2",
    "stop the vane from swinging": "act; vane swing=False",
    "stop the shade from opening": "refuse (negated)",
    "stop the coupe from charging": "act; coupe charging=False",
    "bob is always cold": "ask (what_to_do)",
    "zoe is cold": "ask (what_to_do)",
    "it was cold in the loft": "ignore",
    "if the mill is running turn on the globe": 'automate; globe on_off=True; if [{"things":["mill"],"trait":"start_stop","is":true}]',
    "bulb number two off": "refuse (no_such_thing:2)",
    "knock the globe off": "act; globe on_off=False",
    "knock the heater down by 2": "act; heater target_temperature+=-2",
    "set the heater to a hundred": "refuse (no_such_value:100)",
    "turn on the big light": "act; globe on_off=True",
    "shut the boot": "ask (unsure:close)",
    "make it warmer | too much": "act; heater target_temperature+=-1.0",
    "dim the globe | too much": "act; globe on_off=True; globe brightness+=10.0",
    "turn on the lamp | in the den": "ignore",
    "turn on the light in the loft | 30": "act; rainbow brightness=30",
    "turn up the volume | in the shed": "ignore",
    "which lamp is on": 'answer; query {"ask":"state","things":["globe","plain","rainbow","bare"],"trait":"on_off","is":true}',
    "set the light to 20 percent": "act; globe brightness=20",
    "toggle the lamp | in the yard": "ignore",
    "toggle the fan | in the yard": "ignore",
    "turn the fan in the loft and the den on": "ask (ambiguous:fan)",
    "turn it on | in the yard": "refuse (not_possible:light)",
    "turn off the chiller and the heater | both on": "act; chiller,heater on_off=True",
    "turn on the lights | both off": "ask (which_thing)",
    "keep the loft as it is": "refuse (not_possible)",
    "leave the globe": "refuse (not_possible)",
    "turn on the globe if it's after sunset and bob is home": "ask (unsure:condition)",
    "turn on the range at nineteen": "ask (unsure:value)",
    "if it isn't after two turn on the globe": "refuse (not_now)",
    "set the shade speed to 40": "ask (unsure:speed)",
    "set the globe to 40 percent heat mode": "ask (unsure:heat)",
    "turn on the light for the telly": "act; globe on_off=True",
    "turn on globe number two": "refuse (no_such_thing:2)",
    "set both lamps in the loft | in the loft": "ignore",
    "open the front window": "ask (which_thing)",
    "at half past the hour turn the vane off": "ask (unsure:which)",
    "turn on the vane at the same time": "act; vane on_off=True",
    "dim the globe at closing time": "ask (what_time)",
    "turn the lamp in the loft off": "act; plain on_off=False",
    "turn on light seven": "ask (unsure:which)",
    "the globe's too white, turn it off": "act; globe on_off=False",
    "bob's at work, turn it off": "ask (which_thing:it)",
    "if it's ten o'clock turn on the globe": "ask (unsure:condition)",
    "if it's not eight yet turn on the globe": "act; globe on_off=True",
    "if it's not noon yet turn on the globe": "refuse (not_now)",
    "put the chiller on auto": "act; chiller hvac_mode=auto",
    "turn the vane-off": "act; vane on_off=False",
    "- turn on the globe": "act; globe on_off=True",
    "turn on the globe -": "act; globe on_off=True",
    "turn up the heater by half a degree": "act; heater target_temperature+=0.5",
    "play radio 4": "ask (unsure:4)",
    "open the coupe's lights": "refuse (no_such_thing:coupe lights)",
    "the vane on for ten minutes then off": 'act; vane on_off=True; when {"until":"2026-03-11T17:50:00"}',
    "no more globe": "refuse (negated)",
    "clean everywhere but the loft": "refuse (not_possible:loft)",
    "put the radio on two": "ask (unsure:2)",
    "turn on the globe every two hours": "ask (unsure:every)",
    "set the crawler off": "act; crawler start_stop=True",
}


@pytest.mark.parametrize("said", CASES)
def test_all_that_is_said_counts(said: str) -> None:
    assert read(said) == CASES[said]


def test_a_scene_that_is_no_order_is_asked_about() -> None:
    scene = Scene(id="late", names=("Party time",))
    world = World(WORLD.places.values(), WORLD.things.values(), WORLD.states, [scene])
    plan = understand("dim the globe for party time", world, Memory(), SPEAKER, now=HOME.moment, lang="en")
    assert (plan.outcome, plan.why) == ("ask", "unsure:scene")
