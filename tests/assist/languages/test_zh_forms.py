# ruff: noqa: E501 - a case is one line
"""Spoken forms and what they are read as: ``spoken.yaml`` by ``forms``; names by other numbers and rooms' other names."""

import pytest

from unisono.assist import Place, World, thing_of_model
from unisono.assist.languages.zh.cut import names_of
from unisono.assist.languages.zh.forms import Forms, called, rooms
from unisono.assist.languages.zh.numbers import read_either_way
from unisono.thing import builtin_model

SAID = {
    "琴日用咗几多电": "昨天用了多少电",
    "给鱼缸断个电": "给鱼缸断电",
    "扫一下地": "扫地",
    "把灯关一关": "把灯关一下",
    "二氧化碳高不高": "二氧化碳高吗",
    "胎压正不正常": "胎压正常吗",
    "冷不冷吗": "冷吗",
    "灯拧亮点": "灯调亮点",
    "冷气开强一点": "冷气调强一点",
    "座椅通风开二段": "座椅通风开二档",
    "开到二十一度就行": "开到二十一度",
    "不光关灯，把电视也关了": "关灯，把电视也关了",
    "煮一壶水": "烧水",
    "左边的床头灯": "左床头灯",
    "左边的吊灯": "左边的吊灯",
    "今儿晚上": "今天晚上",
    "打开灯": "打开灯",
}


@pytest.mark.parametrize("said", SAID)
def test_a_form(said: str) -> None:
    assert Forms(["左床头灯", "吊灯"]).plain(said) == SAID[said]


def test_a_form_that_is_part_of_a_name_is_left_alone() -> None:
    assert Forms(["佢佢灯"]).plain("关咗佢佢灯") == "关了佢佢灯"


@pytest.mark.parametrize(
    ("name", "others"),
    [("1号机", ["一号机"]), ("一号机", ["1号机"]), ("12号灯", ["十二号灯"]), ("20号灯", ["二十号灯"]), ("10号门", ["十号门"]), ("吊灯", []), ("一帘幽梦", [])],
)  # fmt: skip
def test_a_number_in_a_name_is_read_either_way(name: str, others: list[str]) -> None:
    assert read_either_way(name) == others


def world(*places: str) -> World:
    light = builtin_model("light")
    return World(
        [Place(id="home", names=("家",)), *(Place(id=name, names=(name,), inside="home") for name in places)],
        [thing_of_model(f"lamp {name}", (f"{name}灯",), "light", name, light) for name in places],
        {},
    )


def test_a_room_is_found_by_its_other_names_where_that_is_one_place() -> None:
    names = names_of(world("客厅", "主卧"))
    assert names.by_text["起居室"].places == ["客厅"]
    assert names.by_text["主人房"].places == ["主卧"]
    both = names_of(world("客厅", "起居室"))
    assert both.by_text["起居室"].places == ["起居室"]
    assert "大厅" not in both.by_text


def test_no_room_is_in_two_rows() -> None:
    every = [name for row in rooms() for name in row]
    assert len(every) == len(set(every))


def test_words_of_kinds_that_mean_some_of_them() -> None:
    assert called("窗帘") == ("帘", "百叶")
    assert called("灯") == ()
