# ruff: noqa: E501 - a case is one line
"""Nothing that was said in Chinese is passed over: with one word more, an order is not carried out as if it were not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assist.expected import Case, House, cases, fault
from unisono.assist import ACTING, Plan

HERE = Path(__file__).parent / "strangers"
#: Orders in three parts, between which a word may stand.
ORDERS = (
    ("", "主灯", "关掉"), ("把", "客厅空调", "调到二十三度"), ("", "纱帘", "拉开"), ("把", "入户门", "锁上"), ("", "洗碗机", "启动"),
    ("把", "车窗", "关上"), ("", "一号打印机", "停掉"), ("把", "所有的灯", "关了"), ("", "电视", "声音小一点"), ("", "灯带", "换成红色"),
)  # fmt: skip
#: Known or not, these change what is wanted, or make it something that is only told.
TURNING = [
    "轮流",
    "交替",
    "来回",
    "反复",
    "多数",
    "有的",
    "部分",
    "往往",
    "从来",
    "偶尔",
    "经常",
    "通常",
    "将来",
    "明年",
    "下个月",
    "可能",
    "似乎",
    "好像",
    "只有",
    "因为",
    "发现",
    "以为",
    "听见",
    "假装",
    "模拟",
    "尝试",
    "打算",
    "考虑",
    "建议",
    "隔一个",
    "每隔一盏",
    "三盏",
    "会",
]
#: Alone before or behind an order, with a comma between them, nobody knows what these are for.
APART = [
    "假如",
    "除非",
    "最多",
    "不超过",
    "外面",
    "楼上",
    "部分",
    "大概",
    "部分的",
    "隔壁",
    "明年",
    "春节",
    "偶尔",
    "轮流",
    "以为",
    "非常",
    "对门",
]
#: What is said about an order, and tells nobody to carry it out.
ABOUT = """
{}，他是这么说的
{}，这是他说的
取消{}
取消把{}
又{}了
它自己{}了
{}了半天
{}了十分钟
我正在{}
机器自动{}了
主灯快要{}
{}以后
刚才，{}
不要门开着的话{}
为什么门开着的话{}
我在想要不要门开着的话{}
""".strip().splitlines()


@pytest.fixture(scope="module")
def house() -> House:
    return House(HERE / "studio.yaml")


def _done(plan: Plan) -> tuple[object, ...]:
    return (plan.outcome, plan.steps, plan.when, plan.conditions)


def _with(word: str) -> Iterator[tuple[str, str]]:
    for before, what, does in ORDERS:
        order = before + what + does
        for said in (word + order, before + what + word + does, order + word):
            yield order, said


@pytest.mark.parametrize("word", TURNING)
def test_a_word_that_turns_an_order_is_not_passed_over(word: str, house: House) -> None:
    passed_over = [
        said for order, said in _with(word) if _done(house.plan((said,), "zh")) == _done(house.plan((order,), "zh"))
    ]
    assert passed_over == []


def test_the_orders_themselves_are_carried_out(house: House) -> None:
    assert {house.plan(("".join(order),), "zh").outcome for order in ORDERS} == {"act"}


@pytest.mark.parametrize("word", APART)
def test_words_apart_that_nobody_understood_are_asked_about(word: str, house: House) -> None:
    orders = ["".join(order) for order in ORDERS]
    acted = [
        said
        for order in orders
        for said in (f"{word}，{order}", f"{order}，{word}")
        if house.plan((said,), "zh").outcome in ACTING
    ]
    assert acted == []


@pytest.mark.parametrize("about", ABOUT)
def test_what_is_said_about_an_order_is_none(about: str, house: House) -> None:
    orders = [what + does for _, what, does in ORDERS]
    acted = [said for order in orders if house.plan((said := about.replace("{}", order),), "zh").outcome in ACTING]
    assert acted == []


def _cases() -> list[Case]:
    return list(cases(HERE.parent / "languages" / "zh_read.txt"))


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.text)
def test_it_is_read(case: Case, house: House) -> None:
    plan = house.plan(case.said, "zh")
    assert fault(case, plan, house.world) == ""
