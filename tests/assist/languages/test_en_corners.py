# ruff: noqa: E501 - a case is one line
"""Corners of English, in a small place where they can be told apart: each row is a rule that no other test reaches."""

from __future__ import annotations

import pytest

from tests.assist.languages.reading import line
from unisono.assist import Memory, Plan, Speaker, World, understand, world_of_home
from unisono.scene.trying.home import load_home

HOME = load_home("""
now: 2026-03-11T17:40:00+08:00
speaker: {person: ann, place: den}
places:
  - {id: home, kind: home, name: Home}
  - {id: den, in: home, kind: room, name: Den}
  - {id: loft, in: home, kind: room, name: Loft}
  - {id: shed, in: home, kind: room, name: Shed}
  - {id: yard, in: home, kind: outdoor, name: Yard}
things:
  - {id: globe, kind: light, in: den, name: Globe, state: {on_off: false, brightness: 40, color_temperature: 3000}}
  - {id: plain, kind: light, in: loft, name: Plain lamp, state: {on_off: true}}
  - {id: rainbow, kind: light, in: loft, name: Rainbow, state: {on_off: true, brightness: 50, color: "#ff0000"}}
  - {id: bare, kind: light, in: shed, name: Bare bulb}
  - {id: heater, kind: climate, in: den, name: Heater, state: {on_off: true, target_temperature: 20, temperature: 19}}
  - {id: chiller, kind: climate, in: loft, name: Chiller, state: {on_off: false, hvac_mode: cool, target_temperature: 24, temperature: 27, fan_speed: auto}}
  - {id: stove, kind: oven, in: shed, name: Range, state: {on_off: false, target_temperature: 180}}
  - {id: vane, kind: fan, in: den, name: Vane, state: {on_off: true, fan_speed: 40, swing: false}}
  - {id: breeze, kind: fan, in: loft, name: Breeze, state: {on_off: false}}
  - {id: shade, kind: cover, in: den, name: Shade, state: {position: 50}}
  - {id: awning, kind: cover, in: yard, name: Awning, state: {position: 10}}
  - {id: telly, kind: tv, in: den, name: Telly, state: {on_off: true, volume: 20, source: hdmi1, channel: one, mute: false}}
  - {id: radio, kind: speaker, in: shed, name: Radio, state: {on_off: true, volume: 30, playback: pause}}
  - {id: coupe, kind: car, in: yard, name: Coupe, state: {on_off: false, locked: true, trunk: closed, battery: 60, charging: false, charge_limit: 80, charge_current: 10, seat_heating: 0, seat_ventilation: 0, window_position: 0, target_temperature: 21, cabin_temperature: 9}}
  - {id: siren, kind: alarm, in: home, name: Alarm, state: {armed: false}}
  - {id: eye, kind: camera, in: yard, name: Eye, state: {recording: false, motion: false}}
  - {id: beacon, kind: andon, in: shed, name: Beacon, state: {andon: green}}
  - {id: mill, kind: machine, in: shed, name: Mill, state: {start_stop: true, rate: 500, vibration: 1.2, recipe: rye}}
  - {id: latch, kind: lock, in: yard, name: Gate lock, state: {locked: true}}
  - {id: hatch, kind: sensor.contact, in: loft, name: Hatch, state: {contact: open}}
  - {id: nose, kind: sensor.smoke, in: shed, name: Nose, state: {smoke: false}}
  - {id: damp, kind: dehumidifier, in: loft, name: Damp eater, state: {on_off: false, target_humidity: 50, humidity: 61}}
  - {id: crawler, kind: vacuum, in: home, name: Crawler, state: {start_stop: false, battery: 70}}
  - {id: tap, kind: valve, in: yard, name: Tap, state: {position: 0}}
  - {id: vat, kind: tank, in: yard, name: Vat, state: {level: 40, pressure: 120000}}
  - {id: ann, kind: person, in: home, name: Ann, state: {location: home}}
  - {id: bob, kind: person, in: home, name: Bob, state: {location: work}}
""")
WORLD: World = world_of_home(HOME)
SPEAKER = Speaker(person="ann", place="den")


def read(said: str) -> str:
    """The plan of the last of several turns (``one | two``)."""
    memory, plan = Memory(), Plan(outcome="ignore")
    for text in said.split("|"):
        plan = understand(text.strip(), WORLD, memory, SPEAKER, now=HOME.moment, lang="en")
    return line(plan)


CASES = {
    "change the color of the globe": "ask (what_value:color)",
    "set the globe source to hdmi2": "refuse (no_such_thing:hdmi2)",
    "make the mill blue": "refuse (not_possible:color)",
    "set the beacon to purple": "refuse (no_such_value:purple)",
    "make the beacon red": "act; beacon andon=red",
    "set the globe to warm white": "act; globe color_temperature=2700",
    "toggle the gate lock": "refuse (not_possible:toggle)",
    "toggle the mill": "act; mill start_stop=None",
    "start the radio": "act; radio playback=play",
    "turn on the radio": "act; radio playback=play",
    "play the radio": "act; radio playback=play",
    "open the boot": "act; coupe trunk=open",
    "lock the boot": "act; coupe trunk=closed",
    "open the car windows": "ask (unsure:open)",
    "start charging the coupe": "act; coupe charging=True",
    "stop charging the coupe": "act; coupe charging=False",
    "turn on the seat heating": "act; coupe seat_heating=2",
    "turn off the seat ventilation": "act; coupe seat_ventilation=0",
    "honk": "act; coupe horn()None",
    "don't honk": "ignore",
    "open the shade a bit": "act; shade position+=10.0",
    "close the shade a lot": "act; shade position+=-40",
    "open the car windows a little": "ask (unsure:open)",
    "open the shade by 20 percent": "act; shade position+=20",
    "make the plain lamp brighter": "act; plain on_off=True",
    "make the breeze cooler": "act; breeze on_off=True",
    "make the vane cooler": "act; vane fan_speed+=20",
    "make the breeze warmer": "act; breeze on_off=False",
    "make the tap warmer": "refuse (not_possible:warmer)",
    "turn up the gate lock": "refuse (not_possible:up)",
    "warm up the seats": "act; coupe seat_heating=2",
    "make the seat warmer": "ask (what_value:seat_heating)",
    "turn the mill up": "act; mill rate+=50",
    "turn up the range": "act; stove target_temperature+=10",
    "raise the shade": "act; shade position=100",
    "lower the awning": "act; awning position=0",
    "turn the shade up": "act; shade position=100",
    "turn the awning down": "act; awning position=0",
    "charge the coupe to 70": "act; coupe charge_limit=70",
    "charge the coupe at 12 amps": "act; coupe charge_current=12",
    "charge the coupe to 70 degrees": "refuse (not_possible:charge)",
    "set the humidity of the damp eater to 45 percent": "act; damp target_humidity=45",
    "set the coupe temperature to 22 degrees": "act; coupe target_temperature=22",
    "set the charging of the coupe to 75 percent": "act; coupe charge_limit=75",
    "set the coupe to 50 percent": "refuse (not_possible:set)",
    "set the mill to 40 amps": "refuse (not_possible:set)",
    "close the shade by a quarter": "act; shade position+=-25.0",
    "double the brightness of the globe": "act; globe brightness=80.0",
    "double the brightness of the bare bulb": "ask (what_value:brightness)",
    "set the heater to 40 percent": "refuse (not_possible:set)",
    "set the heater to 70 fahrenheit": "act; heater target_temperature=21.11",
    "raise the heater by 4 fahrenheit": "act; heater target_temperature+=2.22",
    "set the heater to 72 degrees": "act; heater target_temperature=22.2",
    "set the heater to 200 degrees": "refuse (no_such_value:200)",
    "set the heater to 20 amps": "refuse (not_possible:set)",
    "set the seat heating to 9": "refuse (no_such_value:9)",
    "set the globe to 140 percent": "refuse (no_such_value:140)",
    "set the heater to maximum": "ask (what_value:target_temperature)",
    "set the vane to auto": "act; vane fan_speed=auto",
    "set the vane to low": "act; vane fan_speed=low",
    "set the volume to a whisper": "act; telly volume=10",
    "set the globe to a whisper": "refuse (no_such_value:whisper)",
    "open the shade a crack": "act; shade position=10",
    "set the globe to a crack": "refuse (no_such_value:crack)",
    "turn the globe all the way down": "act; globe brightness=1",
    "set the globe to auto": "refuse (no_such_value:auto)",
    "set the rate of the mill to maximum": "ask (what_value:rate)",
    "turn the seat heating to max": "act; coupe seat_heating=3",
    "set the globe to medium": "act; globe brightness=50",
    "if the smoke alarm goes off turn on the globe": "ask (unsure:condition)",
    "when there is smoke turn on the globe": 'automate; globe on_off=True; if [{"things":["nose"],"trait":"smoke","is":true}]',
    "when i get home turn on the globe": 'automate; globe on_off=True; if [{"things":["ann"],"trait":"location","is":"home"}]',
    "when everybody leaves turn off the globe": 'automate; globe on_off=False; if [{"things":["ann","bob"],"trait":"location","is":"not home"}]',
    "when bob gets home turn on the globe": 'automate; globe on_off=True; if [{"things":["bob"],"trait":"location","is":"home"}]',
    "when the hatch opens turn on the globe": 'automate; globe on_off=True; if [{"things":["hatch"],"trait":"contact","is":"open"}]',
    "when the hatch is open for ten minutes tell me": 'automate; notify the hatch is open; if [{"things":["hatch"],"trait":"contact","is":"open","for_s":600.0}]',
    "when the mill is broken tell me": "ask (unsure:condition)",
    "if the temperature in the loft is below 18 turn on the heater": 'automate; heater on_off=True; if [{"things":["chiller"],"trait":"temperature","below":18}]',
    "if it gets colder than 18 turn on the heater": "ask (unsure:condition)",
    "if it is hotter than 25 in the loft turn on the chiller": 'automate; chiller on_off=True; if [{"things":["chiller"],"trait":"temperature","above":25}]',
    "when the battery of the coupe falls below 20 percent tell me": 'automate; notify the battery of the coupe falls below 20; if [{"things":["coupe"],"trait":"battery","below":20}]',
    "when the vat reaches 80 percent close the tap": 'automate; tap position=0; if [{"things":["vat"],"trait":"level","above":80}]',
    "when the vat is above 2 bar close the tap": 'automate; tap position=0; if [{"things":["vat"],"trait":"pressure","above":200000}]',
    "when the vat is at 30 amps open the tap": "ask (unsure:condition)",
    "when something is above 30 turn on the globe": "ask (unsure:condition)",
    "if the sauna is hot turn on the globe": "ask (unsure:condition)",
    "when the globe or the rainbow is on turn off the telly": "ask (unsure:condition)",
    "when it goes above 30 turn on the vane": "ask (unsure:condition)",
    "turn on the vane if it is above 30 degrees": "ask (unsure:condition)",
    "when the coupe is charged tell me": 'automate; notify the coupe is charged; if [{"things":["coupe"],"trait":"charging","is":true}]',
    "when the coupe trunk is opened tell me": 'automate; notify the coupe trunk is opened; if [{"things":["coupe"],"trait":"trunk","is":"open"}]',
    "turn on the globe while the hatch is open": "ask (unsure:condition)",
    "after the hatch closes turn on the globe": "ask (unsure:condition)",
    "turn everything off except the globe and the telly": "act; plain,rainbow,bare,heater,chiller,stove,vane,breeze,radio,damp on_off=False; mill,crawler start_stop=False",
    "turn off both the globe and the rainbow": "act; globe,rainbow on_off=False",
    "turn off the other light": "ask (ambiguous)",
    "turn on all lamps in the yard": "refuse (no_such_thing:lamps)",
    "close the tap at half past nine tonight": 'later; tap position=0; when {"at":"2026-03-11T21:30:00"}',
    "turn on the globe a quarter to eight": 'later; globe on_off=True; when {"at":"2026-03-11T19:45:00"}',
    "turn on the globe on monday mornings at seven": 'automate; globe on_off=True; when {"at":"07:00","every":"mon"}',
    "turn on the globe in an hour and a half": 'later; globe on_off=True; when {"after_s":5400.0}',
    "turn on the globe at sunset": 'later; globe on_off=True; when {"at":"sunset"}',
    "turn on the globe half an hour before sunrise": 'later; globe on_off=True; when {"at":"sunrise","after_s":-1800.0}',
    "turn on the globe for the next twenty minutes": 'act; globe on_off=True; when {"until":"2026-03-11T18:00:00"}',
    "turn on the globe until midnight": 'act; globe on_off=True; when {"until":"2026-03-12T00:00:00"}',
    "how long was the globe on between two and five yesterday": 'answer; query {"ask":"history","things":["globe"],"trait":"on_off","over":"yesterday","agg":"duration","is":true}',
    "how often was the eye recording on monday": 'answer; query {"ask":"history","things":["eye"],"trait":"recording","over":{"from":"2026-03-09T00:00:00","to":"2026-03-10T00:00:00"},"agg":"count"}',
    "when was the gate lock last unlocked": 'answer; query {"ask":"history","things":["latch"],"trait":"locked","agg":"last","is":false}',
    "why is the vane on": 'answer; query {"ask":"cause","things":["vane"],"trait":"on_off","is":true}',
    "where is bob": 'answer; query {"ask":"state","things":["bob"],"trait":"location"}',
    "who is home": 'answer; query {"ask":"state","things":["ann","bob"],"trait":"location","is":"home"}',
    "what can i say to the coupe": 'answer; query {"ask":"help","things":["coupe"]}',
    "it is too dark in here": "act; globe on_off=True",
    "it is freezing in the loft": "act; chiller target_temperature+=2",
    "it is too loud": "act; telly volume+=-10",
    "it smells": "ask (what_to_do)",
    "the telly is too loud": "act; telly volume+=-10",
    "the vane is too loud": "act; vane fan_speed+=-20",
    "i am bored": "ignore",
    "set a timer for ten minutes": 'later; remind timer; when {"after_s":600.0}',
    "cancel the timer": "act; cancel timer",
    "how long is left on the timer": 'answer; query {"ask":"state","trait":"timer"}',
    "remind me in ten minutes": "ignore",
    "wake me at seven": 'later; remind alarm; when {"at":"2026-03-12T07:00:00"}',
    "turn on the globe | a bit brighter": "act; globe on_off=True; globe brightness+=10.0",
    "turn on the globe | and the rainbow": "act; rainbow on_off=True",
    "turn on the globe | the rainbow too": "act; rainbow on_off=True",
    "turn on the globe | for an hour": 'act; globe on_off=True; when {"until":"2026-03-11T18:40:00"}',
    "dim the globe | no, the rainbow": "act; rainbow brightness+=-20",
    "set the globe | to 40 percent": "act; globe brightness=40",
    "close it": "ask (which_thing:it)",
    "unlock the gate lock and then open the tap": "act; latch locked=False; tap position=100",
}


@pytest.mark.parametrize("said", CASES)
def test_a_corner(said: str) -> None:
    assert read(said) == CASES[said]
