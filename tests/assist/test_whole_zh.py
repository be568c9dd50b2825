"""Chinese orders that are said of everything, of nobody in particular, or of a door by another name."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING, Plan, understand
from unisono.assist.world import world_of_home

HOUSE = House(Path(__file__).parent / "strangers" / "loft.yaml")
WORKS = {thing for thing in HOUSE.world.things if "fab" in HOUSE.world.path(HOUSE.world.things[thing].place)}
ALL = ("所有", "全部", "一切")
SWITCHED = ("设备", "电器", "灯", "空调", "插座", "东西")
ENDED = ("关掉{}", "把{}都关了", "{}统统关上", "{}都给我停了", "家里的{}全关")


def plan(*said: str) -> Plan:
    return HOUSE.plan(said, "zh")


def touched(made: Plan) -> set[str]:
    return {thing for step in made.steps for thing in step.things} if made.outcome in ACTING else set()


def test_what_is_said_of_everything_at_home_stops_no_plant() -> None:
    said = [form.format(every + what) for every, what, form in product(ALL, SWITCHED, ENDED)]
    done = {text: touched(plan(text)) for text in said}
    assert not {text: things & WORKS for text, things in done.items() if things & WORKS}
    assert sum(bool(things) for things in done.values()) > len(said) / 2


@pytest.mark.parametrize("said", ["厂里所有设备都停了", "工厂的东西全部关掉", "把工厂全关了"])
def test_a_whole_plant_is_stopped_after_a_yes_only(said: str) -> None:
    assert plan(said).outcome == "ask"
    assert touched(plan(said, "好的")) & WORKS


@pytest.mark.parametrize("what", ["灯", "灯亮一点", "灯关掉", "灯调到一半"])
@pytest.mark.parametrize("one", ["那个", "这个", "那盏", "这盏"])
def test_one_of_several_is_asked_for(one: str, what: str) -> None:
    assert touched(plan("把" + one + what)) == set()


def test_it_after_nothing_is_nobody() -> None:
    assert plan("它太亮了").outcome == "ask"
    assert touched(plan("沙发灯开着吗", "它太亮了")) == {"sofa"}


@pytest.mark.parametrize("said", ["关了", "全部关掉", "打开", "调低一点", "都停了吧"])
def test_who_was_only_asked_about_and_cannot_is_not_meant(said: str) -> None:
    assert plan("昨天用了多少电", said).outcome == "ask"


@pytest.mark.parametrize("door", ["入户门", "前门", "大门", "家门"])
def test_a_door_by_another_name_is_locked_and_asked_about_but_not_opened(door: str) -> None:
    for ending in ("了吗", "好了没", "上没有", "着吗", "上了没"):
        query = plan(f"{door}锁{ending}").query
        assert query is not None and (query.things, query.trait) == (("lock",), "locked"), ending
    for form in ("把{}锁上", "锁一下{}", "{}锁好", "{}锁上吧"):
        assert touched(plan(form.format(door))) == {"lock"}, form
    assert plan(f"打开{door}").outcome == "ask"
    assert [step.value for step in plan(f"打开{door}", "好").steps] == [False]


@pytest.mark.parametrize("said", ["哪些窗户没关", "窗户关了吗", "有没有窗户开着"])
def test_a_sensor_that_is_called_a_window_tells_of_it(said: str) -> None:
    query = plan(said).query
    assert query is not None and (query.things, query.trait) == (("win",), "contact")


@pytest.mark.parametrize("said", ["让小强回去充电", "扫地机回充", "小蓝按下喇叭"])
def test_what_is_called_carries_no_value(said: str) -> None:
    assert [(step.op, step.value) for step in plan(said).steps] == [("call", None)]


@pytest.mark.parametrize("color", ["红", "绿", "黄"])
@pytest.mark.parametrize("form", ["变{}了就", "转{}的时候", "变成{}色后", "{}了以后", "一变{}就", "要是变{}，"])
def test_a_colour_that_comes_is_waited_for(form: str, color: str) -> None:
    made = plan(f"塔灯{form.format(color)}停传送带")
    assert (made.outcome, touched(made)) == ("automate", {"conv"})
    assert [one.trait for one in made.conditions] == ["andon"]


def test_a_timer_that_ends_is_no_stretch() -> None:
    made = plan("空调定时两小时关")
    assert made.outcome == "later" and made.when is not None and made.when.after_s == 7200


ASKED = ("锁了吗", "锁了没", "锁着没有", "锁好了吗")
THEN = ("没锁就锁", "没锁就锁上", "没锁的话锁上", "没锁的话帮我锁了")


@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("asked", ASKED)
def test_asked_first_and_then_wanted_of_the_same(asked: str, then: str) -> None:
    made = plan(f"车{asked}，{then}")
    if made.outcome in ACTING:
        assert touched(made) == {"car"}
        assert [(one.things, one.equals) for one in made.conditions] == [(("car",), False)]
    assert touched(plan(f"车{then}")) == {"car"}


PARTS = (
    "凌晨", "早上", "大清早", "上午", "中午", "晌午", "下午", "傍晚", "黄昏", "晚上", "夜里", "半夜",
    "后半夜", "前半夜", "深夜", "入夜", "天亮前", "天黑之前", "九点前", "十一点之前", "晚一点", "迟一点",
    "晚点", "到时候", "届时", "饭点", "下班后", "收工",
)  # fmt: skip


@pytest.mark.parametrize("form", ["{}关沙发灯", "{}把沙发灯关了", "沙发灯{}关掉", "{}帮我把空调降两度"])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_day_is_no_moment_and_not_now(part: str, form: str) -> None:
    assert plan(form.format(part)).outcome not in ACTING


FIRST = ("别", "不要", "没必要", "严禁", "不许")
JOINED = ("然后", "再", "接着", "顺便", "并且", "同时")


@pytest.mark.parametrize("joint", JOINED)
@pytest.mark.parametrize("first", FIRST)
def test_what_is_denied_first_is_denied_of_all_that_runs_on(first: str, joint: str) -> None:
    assert plan(f"{first}把沙发灯关掉{joint}把电视关掉").outcome not in ACTING


@pytest.mark.parametrize("number", ["二三十", "五六十", "二十三十", "二十四五", "三四十", "两三", "几十"])
@pytest.mark.parametrize("form", ["沙发灯调到{}", "沙发灯亮度{}", "空调调到{}度", "热水器{}度", "{}分钟后关沙发灯"])
def test_a_number_that_lies_between_two_is_asked_for(form: str, number: str) -> None:
    assert plan(form.format(number)).outcome not in ACTING


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("电视音量三十频道五", {"volume": 30, "channel": "5"}),
        ("客厅大灯亮度五十色温三千", {"brightness": 50, "color_temperature": 3000}),
        ("小蓝充电上限九十电流十", {"charge_limit": 90, "charge_current": 10}),
        ("电视音量调到三十，频道换到五", {"volume": 30, "channel": "5"}),
        ("空调温度二十四湿度五十", {}),
    ],
)
def test_each_value_is_of_the_trait_before_it(said: str, values: dict[str, object]) -> None:
    made = plan(said)
    assert ({step.trait: step.value for step in made.steps} if made.outcome in ACTING else {}) == values


@pytest.mark.parametrize("rest", ["灯都关了", "里的灯全关", "所有的灯都关掉"])
@pytest.mark.parametrize("form", ["除了沙发灯客厅{}", "除了沙发灯，客厅{}", "客厅{}，除了沙发灯"])
def test_what_is_left_out_stands_before_where_the_rest_is(form: str, rest: str) -> None:
    made = touched(plan(form.format(rest)))
    assert not made or made == {"main_light", "strip"}


@pytest.mark.parametrize("what", ["沙发灯", "灯", "电视", "空调", "车库门"])
@pytest.mark.parametrize(
    "form",
    [
        "我关{}了啊",
        "正在关{}",
        "快要关{}了",
        "我正在关{}呢",
        "就要关{}了",
        "我关{}了哦",
        "将要打开{}了",
        "我把{}关了呀",
    ],
)
def test_what_somebody_does_or_is_about_to_do_is_no_order(form: str, what: str) -> None:
    assert plan(form.format(what)).outcome not in ACTING


@pytest.mark.parametrize("said", ["传送带停十秒再开", "电视关五分钟再打开", "浴霸开十分钟再关", "沙发灯关一会儿再开"])
def test_back_again_after_a_while_is_two_plans(said: str) -> None:
    assert plan(said).outcome == "ask"


def test_what_is_shut_by_a_share_is_open_by_the_rest() -> None:
    assert [step.value for step in plan("窗帘关三分之一").steps] == [pytest.approx(66.7, abs=0.1)]
    assert [step.value for step in plan("窗帘关到百分之三十").steps] == [30]
    assert [step.value for step in plan("窗帘拉开百分之三十").steps] == [30]


def test_nobody_there_for_so_long_is_waited_for() -> None:
    made = plan("客厅没人半小时关灯")
    assert made.outcome not in ("act", "later")


@pytest.mark.parametrize(
    "said",
    [
        "关灯还是开灯好", "把沙发灯打开关掉", "关掉最亮的灯", "打开最暗的那个灯", "关掉没人房间的灯",
        "没人的屋子灯关了",        "一个小时内关灯", "十分钟之内关沙发灯", "把所有的门都打开", "所有门全部解锁",
    ],
)  # fmt: skip
def test_which_of_them_or_when_is_not_settled_by_luck(said: str) -> None:
    assert plan(said).outcome not in ACTING


@pytest.mark.parametrize("said", ["塔灯又绿就开厨房灯", "塔灯全绿就开厨房灯", "灯带变红就关电视", "空调变制冷就关窗帘"])
def test_a_colour_or_mode_before_then_is_nothing_to_be_done(said: str) -> None:
    assert touched(plan(said)) == set()


def test_a_tenth_of_what_nobody_knows_is_asked_for() -> None:
    world = world_of_home(HOUSE.home)
    world.states = {}
    made = understand("传送带转速降一成", world, None, HOUSE.speaker, now=HOUSE.home.moment)
    assert (made.outcome, made.why) == ("ask", "what_value")


@pytest.mark.parametrize("said", ["电视太热了", "空气净化器太热", "空调太亮了", "鱼缸太吵了", "沙发灯太热了"])
def test_what_cannot_help_is_not_switched_on_against_a_complaint(said: str) -> None:
    assert plan(said).outcome == "ask"
