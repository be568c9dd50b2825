# ruff: noqa: E501 - a case is one line
"""Corners of Chinese, in a small place where they can be told apart."""

from __future__ import annotations

import pytest

from tests.assist.languages.reading import line
from unisono.assist import Memory, Plan, Scene, Speaker, World, understand, world_of_home
from unisono.scene.trying.home import load_home

HOME = load_home("""
now: 2026-03-11T17:40:00+08:00
places:
  - {id: home, kind: home, name: Home, names: {zh: [小院]}}
  - {id: hall, in: home, kind: room, name: Hall, names: {zh: [堂屋]}}
  - {id: store, in: home, kind: room, name: Store, names: {zh: [冷库]}}
  - {id: yard, in: home, kind: outdoor, name: Yard, names: {zh: [院坝]}}
  - {id: attic, in: home, kind: room, name: Attic, names: {zh: [顶楼]}}
things:
  - {id: tower, kind: andon, in: hall, name: Tower, names: {zh: [塔楼灯]}, state: {andon: green}}
  - {id: warm, kind: light, in: hall, name: Warm lamp, names: {zh: [暖壁灯]}, state: {on_off: true, brightness: 50, color_temperature: 3000}}
  - {id: spot, kind: light, in: attic, name: Spot, names: {zh: [射灯]}, state: {on_off: false}}
  - {id: radio, kind: speaker, in: hall, name: Radio, names: {zh: [小匣子]}, state: {playback: pause}}
  - {id: deck, kind: media, in: attic, name: Deck, names: {zh: [唱盘]}, state: {on_off: true, volume: 30, mute: false}}
  - {id: eye, kind: camera, in: home, name: Eye, names: {zh: [门眼]}, state: {recording: false}}
  - {id: cold, kind: fridge, in: store, name: Cold store, names: {zh: [冷库]}, state: {on_off: true, temperature: 3}}
  - {id: one, kind: sensor.temperature, in: store, name: Probe one, names: {zh: [一号探头]}, state: {temperature: 3, humidity: 40}}
  - {id: blind, kind: cover, in: hall, name: Blind, names: {zh: [竹帘]}, state: {position: 50}}
  - {id: flap, kind: cover, in: attic, name: Flap, names: {zh: [天棚]}, state: {state: stopped}}
  - {id: lathe, kind: machine, in: attic, name: Lathe, names: {zh: [车床]}, state: {start_stop: true, rate: 500}}
  - {id: ac1, kind: climate, in: attic, name: Attic AC, names: {zh: [顶楼空调]}, state: {on_off: false, target_temperature: 25, temperature: 24}}
  - {id: ac2, kind: climate, in: store, name: Store AC, names: {zh: [冷库空调]}, state: {on_off: false, target_temperature: 5, temperature: 4}}
  - {id: gasbox, kind: meter, in: home, name: Gas box, names: {zh: [燃气计量箱]}, state: {energy: 10}}
  - {id: mains, kind: meter, in: home, name: Mains, names: {zh: [总电箱]}, state: {energy: 99}}
  - {id: boxer, kind: packager, in: attic, name: Boxer, names: {zh: [装箱机]}, state: {start_stop: true, recipe: rye, good_count: 5}}
  - {id: pond, kind: sensor.leak, in: yard, name: Pond leak, names: {zh: [鱼池渗漏探头]}, state: {leak: false}}
  - {id: vat, kind: tank, in: yard, name: Vat, names: {zh: [酒缸]}, state: {level: 40}}
  - {id: latch, kind: lock, in: yard, name: Latch, names: {zh: [柴门]}, state: {locked: true}}
  - {id: bare, kind: light, in: attic, name: Bare bulb, names: {zh: [裸泡]}}
  - {id: gate, kind: door, in: home, name: Gate, names: {zh: [栅栏]}, state: {position: 0}}
""")
PLAIN = world_of_home(HOME)
WORLD = World(
    PLAIN.places.values(),
    PLAIN.things.values(),
    PLAIN.states,
    [
        Scene(id="night", names=("晚安",)),
        Scene(id="film", names=("观影", "电影之夜")),
        Scene(id="film2", names=("观影",)),
    ],
)

CASES = {
    "塔楼灯灭掉": "act; tower andon=off",
    "暖壁灯调成暖光": "act; warm color_temperature=2700",
    "暖壁灯调成蓝色": "refuse (not_possible:warm)",
    "射灯亮度减半": "refuse (not_possible:spot)",
    "射灯亮一点": "refuse (not_possible:spot)",
    "打开小匣子": "act; radio playback=play",
    "关掉小匣子": "act; radio playback=pause",
    "打开门眼": "act; eye recording=True",
    "把唱盘声音关了": "act; deck mute=True",
    "唱盘音量调到十安": "refuse (no_such_value:deck)",
    "唱盘充到八成": "refuse (not_possible:deck)",
    "竹帘开大一点": "act; blind position+=20",
    "竹帘拉开一点": "act; blind position+=20",
    "竹帘拉上一点": "act; blind position+=-20",
    "停下天棚": "act; flap stop()None",
    "车床升起来": "refuse (not_possible:lathe)",
    "冷库的温度": 'answer; query {"ask":"state","things":["cold"],"trait":"temperature"}',
    "冷库里的灯打开": "refuse (no_such_thing)",
    "关掉冷库": "act; cold on_off=False",
    "晚安": "act; run night",
    "执行晚安": "act; run night",
    "别执行晚安": "refuse (negated)",
    "晚安模式打开竹帘": "refuse (not_possible:blind)",
    "观影": "ask (what_to_do)",
    "每天晚上十点执行晚安": 'automate; run night; when {"at":"22:00","every":"day"}',
    "一会儿打开射灯": "ask (what_time)",
    "打开射灯？": 'answer; query {"ask":"state","things":["spot"],"trait":"on_off","is":true}',
    "昨天打开射灯": "refuse (past)",
    "顶楼的全部设备": "ask (what_to_do)",
    "堂屋所有电器都关掉": "act; warm on_off=False",
    "打开顶楼，八点，明天": "ask (which_thing)",
    "明天把射灯在早上八点打开": 'later; spot on_off=True; when {"at":"2026-03-12T08:00:00"}',
    "射灯亮到十点": 'act; spot on_off=True; when {"until":"2026-03-11T22:00:00"}',
    "半小时后如果射灯还开着就关掉": 'later; spot on_off=False; when {"after_s":1800.0}; if [{"things":["spot"],"trait":"on_off","is":true}]',
    "空调打开|顶楼": "act; ac1 on_off=True",
    "打开顶楼空调|另一个空调也打开": "act; ac2 on_off=True",
    "打开顶楼空调|堂屋的也打开": "ask (which_thing)",
    "冷库几度|昨天呢": 'answer; query {"ask":"history","things":["cold"],"trait":"temperature","over":"yesterday","agg":"mean"}',
    "顶楼空调几度|泳池的呢": "ignore",
    "一盏射灯打开": "act; spot on_off=True",
    "车床一停，打开射灯": 'automate; spot on_off=True; if [{"things":["lathe"],"trait":"start_stop","is":false}]',
    "车床转速高于五安就打开射灯": "refuse (unsure)",
    "小院超过三十度就打开射灯": 'automate; spot on_off=True; if [{"things":["one"],"trait":"temperature","above":30}]',
    "打开射灯，如果车床停了": 'automate; spot on_off=True; if [{"things":["lathe"],"trait":"start_stop","is":false}]',
    "怎么回事": "ignore",
    "车床怎么样": 'answer; query {"ask":"state","things":["lathe"],"trait":"start_stop"}',
    "三十点打开射灯": "ask (what_value)",
    "过去一小时冷库温度多少": 'answer; query {"ask":"history","things":["cold"],"trait":"temperature","over":{"from":"2026-03-11T16:40:00","to":"2026-03-11T17:40:00"},"agg":"mean"}',
    "一小时二十后打开射灯": 'later; spot on_off=True; when {"after_s":4800.0}',
    "车床转速降了十": "ask (unsure)",
    "上周燃气用了多少": 'answer; query {"ask":"history","things":["gasbox"],"trait":"energy","over":"last week","agg":"sum"}',
    "天棚没好就打开射灯": "refuse (unsure)",
    "裸泡亮度减半": "ask (what_value)",
    "裸泡调到五巴": "refuse (not_possible:bare)",
    "停下栅栏": "refuse (not_possible:gate)",
    "关射灯再，关裸泡": "act; spot,bare on_off=False",
    "打开射灯|堂屋的音量调到二十": "refuse (no_such_thing)",
    "打开，不对，射灯": "act; spot on_off=True",
    "理论上射灯亮度报一下": "refuse (hypothetical)",
    "天棚没完成就打开射灯": "refuse (unsure)",
    "顶楼全关，灯留着": "act; deck,ac1 on_off=False; lathe,boxer start_stop=False",
    "打开射灯|座椅加热三档": "ask (which_thing)",
    "告诉我打开射灯": "ignore",
    "院坝所有电器都关掉": "refuse (no_such_thing)",
    "堂屋太冷了，打开空调": "ask (ambiguous)",
    "打开射灯|院坝的也打开": "ask (which_thing)",
    "今天早上酒缸还剩多少": 'answer; query {"ask":"history","things":["vat"],"trait":"level","over":"today","agg":"last"}',
    "鱼池有没有漏水": 'answer; query {"ask":"state","things":["pond"],"trait":"leak","is":true}',
    "小院上个月一共用了多少电": 'answer; query {"ask":"history","things":["mains"],"trait":"energy","over":"last month","agg":"sum"}',
    "装箱机昨天出了多少合格品": 'answer; query {"ask":"history","things":["boxer"],"trait":"good_count","over":"yesterday","agg":"sum"}',
    "酒缸低于两成就打开射灯": 'automate; spot on_off=True; if [{"things":["vat"],"trait":"level","below":20}]',
    "装箱机换成吐司配方": "act; boxer recipe=吐司",
    "装箱机换成射灯配方": "ask (what_value)",
    "塔楼灯打成红色": "act; tower andon=red",
    "柴门开到三十": "ask (what_value)",
    "柴门的锁开一下": "act; latch locked=False",
    "酒缸低于两成，打开射灯": 'automate; spot on_off=True; if [{"things":["vat"],"trait":"level","below":20}]',
    "酒缸低于两成，酒缸高于三成": "refuse (unsure)",
    "车床转速有点低": "ask (complaint)",
    "没电了就打开射灯": "refuse (unsure)",
    "塔楼灯停了三分钟后打开射灯": "ask (what_time)",
    "射灯的音量和亮度都打开": "refuse (not_possible:spot)",
    "打开空调|打开第二个": "act; ac2 on_off=True",
    "打开空调|打开第五个": "refuse (no_such_thing)",
    "射灯忘关了，帮我洗脚": "refuse (past)",
    "射灯忘关了，帮我打开裸泡": "act; bare on_off=True",
    "打开射灯|另一个灯也打开": "ask (ambiguous)",
    "唱盘声音太高": "act; deck volume+=-10",
    "竹帘太低": "ask (complaint)",
    "声音有点小声": "ask (complaint)",
    "解除警戒": "ask (which_thing)",
    "车床转速开到最大": "ask (what_value)",
    "顶楼空调调到77°F": "act; ac1 target_temperature=25",
    "上周和这周哪周用电多": 'answer; query {"ask":"history","things":["mains"],"trait":"energy","over":"last week","agg":"sum","against":"this week"}',
    "今天比昨天多用了多少电": 'answer; query {"ask":"history","things":["mains"],"trait":"energy","over":"today","agg":"sum","against":"yesterday"}',
    "比上个月多用了多少电": 'answer; query {"ask":"history","things":["mains"],"trait":"energy","over":"this month","agg":"sum","against":"last month"}',
    "冷库今天和昨天哪天温度高": 'answer; query {"ask":"history","things":["cold"],"trait":"temperature","over":"today","agg":"mean","against":"yesterday"}',
    "射灯今天比昨天开得久吗": 'answer; query {"ask":"history","things":["spot"],"trait":"on_off","over":"today","agg":"duration","is":true,"against":"yesterday"}',
    "射灯这周开的次数比上周多吗": 'answer; query {"ask":"history","things":["spot"],"trait":"on_off","over":"this week","agg":"count","is":true,"against":"last week"}',
    "比昨晚冷吗": "ignore",
    "今天和昨天都打开射灯": "refuse (past)",
    "冷库比去年温度高吗": 'answer; query {"ask":"state","things":["cold"],"trait":"temperature"}',
    "打开射灯，十分钟后关掉": "ask (what_time)",
    "关射灯，八点打开裸泡": "ask (what_time)",
    "打开射灯等两分钟再关": "ask (what_time)",
    "今晚八点打开射灯，九点打开裸泡": "ask (what_time)",
    "披萨计时器增加五分钟": "act; add timer 披萨 300.0",
    "计时器减少五分钟": "act; add timer -300.0",
    "暂停计时器": "act; set timer pause",
    "继续计时器": "act; set timer resume",
    "闹钟几点响": 'answer; query {"ask":"state","trait":"timer"}',
    "十分钟后提醒我": "ask (what_to_do)",
    "明天提醒我开会": "ask (what_time)",
    "今早酒缸还剩多少": 'answer; query {"ask":"history","things":["vat"],"trait":"level","over":"today","agg":"last"}',
    "柴门的门锁调到三十": "refuse (no_such_value:latch)",
    "开一下柴门的门锁": "act; latch locked=False",
    "装箱机换成节能模式": "ask (what_value)",
    "冷库高于六度亮红灯的话提醒我": "refuse (unsure)",
    "屋里的灯都关，外面的留着": "act; warm,spot,bare on_off=False",
    "取消录像": "act; eye recording=False",
    "装箱机切换到节能模式吧": "ask (what_value)",
    "播放射灯蹦蹦": "refuse (no_such_thing:蹦蹦)",
    "可以打开柴门吗": "ask (unsure)",
    "可以打开柴门吗|好的": "act; latch locked=False",
    "可以打开柴门吗|不用": "ignore (negated)",
    "可以打开柴门吗|打开射灯|好的": "ignore",
    "弄亮堂点|堂屋": "ask (what_to_do)",
    "暖壁灯亮度加二十再暖一点": "ask (unsure)",
    "暖壁灯小声一点亮度加二十": "ask (unsure)",
    "堂屋只留暖壁灯": "refuse (negated)",
    "顶楼只留射灯": "act; bare on_off=False",
    "顶楼只开着射灯": "act; bare on_off=False; spot on_off=True",
    "顶楼不要只留射灯": "refuse (negated)",
    "顶楼只留射灯和车床": "refuse (negated)",
    "顶楼今晚八点只留射灯": "refuse (negated)",
    "顶楼只留某某灯": "refuse (negated)",
    "冷库只留冷库空调": "refuse (negated)",
    "如果车床停了就只留射灯": "refuse (negated)",
    "只留射灯": "ask (unsure)",
    "只留射灯|好的": "act; bare on_off=False",
    "顶楼空调太冷了": "ask (complaint)",
    "茶水凉了，打开射灯": "act; spot on_off=True",
    "柴门开了锁": "refuse (past)",
    "暖壁灯调了五十": "ask (unsure)",
    "暖壁灯变暗了": "refuse (past)",
    "今晚十点冷库多少度": "refuse (to_come)",
    "明天冷库多少度": "refuse (to_come)",
    "下周三冷库多少度": "refuse (to_come)",
    "今天早上八点冷库多少度": 'answer; query {"ask":"history","things":["cold"],"trait":"temperature","over":{"from":"2026-03-11T08:00:00","to":"2026-03-11T08:00:00"},"agg":"last"}',
    "冷库三度太低了": "ask (what_to_do)",
    "装箱机干完开射灯": 'automate; spot on_off=True; if [{"things":["boxer"],"trait":"start_stop","is":false}]',
    "把 射灯 打开": "act; spot on_off=True",
    "打开 Warm lamp": "act; warm on_off=True",
    "把 warm lamp 调到三十 好吗": "act; warm brightness=30",
    "打开 boxer": "act; boxer start_stop=True",
    "Deck 停": "act; deck on_off=False",
    "打开decks": "ignore",
    "先把射灯打开再说": "act; spot on_off=True",
    "堂屋湿度三十太干了射灯打开": "act; spot on_off=True",
    "车床快五十转": "act; lathe rate+=50",
    "车床转速从五百降到三百": "act; lathe rate=300",
}


def read(said: str) -> str:
    memory, plan = Memory(), Plan(outcome="ignore")
    for text in said.split("|"):
        plan = understand(text, WORLD, memory, Speaker(), now=HOME.moment, lang="zh")
    return line(plan)


@pytest.mark.parametrize("said", CASES)
def test_a_corner(said: str) -> None:
    assert read(said) == CASES[said]


PLANT = load_home("""
now: 2026-03-11T17:40:00+08:00
places:
  - {id: works, kind: plant, name: Works, names: {zh: [车间]}}
things:
  - {id: press, kind: press, in: works, name: Press, names: {zh: [冲床]}, state: {start_stop: true, andon: green}}
  - {id: stack, kind: andon, in: works, name: Stack, names: {zh: [塔灯]}, state: {andon: green}}
""")


@pytest.mark.parametrize(
    "said", ["停下冲床", "停止冲床", "关掉冲床", "冲床停机", "停一下冲床", "让冲床停下来", "关闭冲床"]
)
def test_a_machine_that_bears_a_signal_lamp_stops_itself(said: str) -> None:
    plan = understand(said, world_of_home(PLANT), Memory(), Speaker(), now=PLANT.moment, lang="zh")
    assert line(plan) == "act; press start_stop=False"


def test_a_signal_lamp_goes_out() -> None:
    plan = understand("关掉塔灯", world_of_home(PLANT), Memory(), Speaker(), now=PLANT.moment, lang="zh")
    assert line(plan) == "act; stack andon=off"


def _air(state: str) -> str:
    return f"""
now: 2026-03-11T17:40:00+08:00
places:
  - {{id: works, kind: plant, name: Works, names: {{zh: [车间]}}}}
things:
  - {{id: air, kind: compressor, in: works, name: Air, names: {{zh: [气站]}}, state: {{start_stop: true, {state}}}}}
"""


@pytest.mark.parametrize(
    ("state", "said", "plan"),
    [
        ("pressure: 700000, setpoint: 7", "气站压力设到八公斤", "act; air setpoint=8"),
        ("pressure: 700000, setpoint: 7", "气站压力设到六巴", "act; air setpoint=6"),
        ("pressure: 700000, setpoint: 690000", "气站压力设到六巴", "act; air setpoint=600000"),
        ("pressure: 700000, setpoint: 690000", "气站压力加一巴", "act; air setpoint+=100000"),
        ("pressure: 700000, setpoint: 7", "气站压力加一巴", "act; air setpoint+=1"),
        ("pressure: 700000, setpoint: 3000", "气站压力设到六巴", "ask (what_value)"),
        ("setpoint: 7", "气站压力设到六巴", "ask (what_value)"),
        ("pressure: 700000, setpoint: 7", "气站压力设到六", "act; air setpoint=6"),
    ],
)
def test_a_pressure_is_set_in_the_setpoints_own_unit(state: str, said: str, plan: str) -> None:
    works = load_home(_air(state))
    assert line(understand(said, world_of_home(works), Memory(), Speaker(), now=works.moment, lang="zh")) == plan
