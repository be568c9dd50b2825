"""Chinese amounts: each line a text, and the amounts in it."""

import pytest

from unisono.assist.languages.zh.numbers import number, quantities

CASES = {
    "一百零五": [(105, None)],
    "两百五": [(250, None)],
    "二百一": [(210, None)],
    "三千二": [(3200, None)],
    "一万五": [(15000, None)],
    "一千零五十": [(1050, None)],
    "十": [(10, None)],
    "廿五": [(25, None)],
    "三亿": [(300_000_000, None)],
    "一千零三": [(1003, None)],
    "二零二六": [(2026, None)],
    "1.5万": [(15000, None)],
    "三点五": [(3.5, None)],
    "二十五度半": [(25.5, "degree")],
    "二十五点五度": [(25.5, "degree")],
    "25.5度": [(25.5, "degree")],
    "零下五度": [(-5, "degree")],
    "负三": [(-3, None)],
    "68华氏度": [(68, "[degF]")],
    "百分之八十": [(80, "%")],
    "百分之50": [(50, "%")],
    "50%": [(50, "%")],
    "八成": [(80, "%")],
    "八成半": [(85, "%")],
    "八成五": [(85, "%")],
    "十一成": [(11, None)],
    "三分之一": [(33.333333, "%")],
    "零分之一": [(0, None), (1, None)],
    "窗帘开一半": [(50, "%")],
    "半开": [(50, "%")],
    "三档": [(3, "step")],
    "五千开尔文": [(5000, "K")],
    "四千五百k": [(4500, "K")],
    "六巴": [(6, "bar")],
    "十安": [(10, "A")],
    "2千瓦": [(2, "kW")],
    "第二个": [(2, None)],
    "从二十调到三十": [(20, None), (30, None)],
    "一下": [],
    "亮一点": [],
    "一起关了": [],
    "完成了": [],
}


@pytest.mark.parametrize("text", CASES)
def test_amounts(text: str) -> None:
    assert [(q.value, q.unit) for q in quantities(text)] == CASES[text]


def test_a_fraction_and_an_ordinal_say_what_they_are() -> None:
    assert quantities("开到一半")[0].form == "fraction"
    assert quantities("第三个")[0].form == "ordinal"


def test_where_an_amount_stands() -> None:
    text = "把灯调到百分之二十五"
    (found,) = quantities(text)
    assert text[found.start : found.end] == "百分之二十五"


@pytest.mark.parametrize("value", [*range(1000), 1001, 1010, 1100, 1234, 9999, 10000, 10001, 20300, 100000])
def test_every_number_comes_back(value: int) -> None:
    assert number(spelled(value)) == value


def spelled(value: int) -> str:
    """A number in characters, by the rules of arithmetic books."""
    digits = "零一二三四五六七八九"
    if value >= 10_000:
        rest = value % 10_000
        gap = "零" if 0 < rest < 1000 else ""
        return spelled(value // 10_000) + "万" + gap + (spelled(rest) if rest else "")
    text, zero = "", False
    for scale, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // scale % 10
        if digit:
            text += ("零" if zero and text else "") + digits[digit] + word
            zero = False
        else:
            zero = True
    return text or "零"
