"""What is written in Chinese all over this project tells no house to do anything: titles, states, buttons.

Every text of a few characters is said to some homes. Few of them are orders, and those are written here; whoever writes
a new text that is carried out looks at it once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assist.expected import House
from unisono.assist import ACTING

HERE = Path(__file__).parent / "strangers"
ROOT = Path(__file__).parents[2]
#: Where there is Chinese for people to read; the models' own words are what orders are made of.
WRITTEN = (
    "README.zh-CN.md", "docs/guide/guide.zh-CN.md", "console/src/**/*.ts", "console/src/**/*.tsx",
    "console/src/**/*.json", "src/unisono/cli/*.yaml", "src/unisono/dialect/**/*.yaml", "src/unisono/notify/**/*.py",
    "src/unisono/scene/blueprints/*.yaml", "src/unisono/sim/**/*.py", "src/unisono/sim/**/*.yaml",
    "src/unisono/thing/data/kinds/*.yaml",
)  # fmt: skip
_APART = re.compile(r"[,\"'`「」“”（）()\[\]{}<>|:：;；。！？!?*#\t=/\\]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
SHORTEST, LONGEST = 2, 24
#: Orders by themselves, whoever reads them aloud: buttons, rules, examples of what may be said.
ORDERS = frozenset({
    "上一首", "下一首", "做咖啡", "停一下", "回充", "天黑则开灯", "开窗关暖气", "打扫", "扫地", "把厨房灯关了",
    "播放", "日落开灯", "暂停", "洗衣机好了告诉我", "清洁", "煮咖啡", "继续", "跳过", "浇花", "清扫房间",
    "窗户一直开着就关暖气", "把楼上的都关了",
})  # fmt: skip


def _texts() -> Iterator[str]:
    for pattern in WRITTEN:
        for path in sorted(ROOT.glob(pattern)):
            for line in path.read_text(encoding="utf-8").splitlines() if "node_modules" not in path.parts else ():
                for part in _APART.split(line):
                    for text in (found.strip(" ，、.-—…·") for found in (part, *part.split("，"))):
                        if len(_HAN.findall(text)) >= SHORTEST and len(text) <= LONGEST:
                            yield text


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return sorted(set(_texts()))


def test_there_are_texts_enough(texts: list[str]) -> None:
    assert len(texts) > 2_000


@pytest.mark.parametrize("name", ["studio", "dune", "orchid"])
def test_no_text_is_carried_out(name: str, texts: list[str]) -> None:
    house = House(HERE / f"{name}.yaml")
    assert [text for text in texts if text not in ORDERS and house.plan((text,), "zh").outcome in ACTING] == []
