# ruff: noqa: E501 - a case is one line
"""Chinese times: what was said, and when it is, on Friday 4 December 2026 at 19:20."""

import datetime as dt

import pytest

from unisono.assist.languages.zh.times import moments
from unisono.assist.moment import resolve

NOW = dt.datetime(2026, 12, 4, 19, 20)

CLOCKS = {
    "明早六点一刻": "2026-12-05 06:15",
    "今晚十点半": "2026-12-04 22:30",
    "下午四点": "2026-12-05 16:00",
    "后天下午三点": "2026-12-06 15:00",
    "晚上七点半": "2026-12-04 19:30",
    "明天上午九点": "2026-12-05 09:00",
    "差五分八点": "2026-12-04 19:55",
    "差一刻九点": "2026-12-04 20:45",
    "八点差五分": "2026-12-04 19:55",
    "20:30": "2026-12-04 20:30",
    "20点30分": "2026-12-04 20:30",
    "二十二点": "2026-12-04 22:00",
    "周五下午五点": "2026-12-11 17:00",
    "周五晚上九点": "2026-12-04 21:00",
    "下周三早上八点": "2026-12-09 08:00",
    "这周六早上八点": "2026-12-05 08:00",
    "下下周一早上八点": "2026-12-14 08:00",
    "5月3号早上八点": "2027-05-03 08:00",
    "31号中午十二点": "2026-12-31 12:00",
    "2号早上八点": "2027-01-02 08:00",
    "2月29号早上八点": "2028-02-29 08:00",
    "晚上十二点": "2026-12-05 00:00",
    "今晚十二点": "2026-12-05 00:00",
    "明晚一点": "2026-12-06 01:00",
    "半夜一点": "2026-12-05 01:00",
    "中午十二点": "2026-12-05 12:00",
    "明天中午十一点": "2026-12-05 11:00",
    "八点": "2026-12-04 20:00",
    "六点五十": "2026-12-05 06:50",
    "今天八点": "2026-12-04 20:00",
    "两个半小时后": "2026-12-04 21:50",
    "四十分钟以后": "2026-12-04 20:00",
    "一刻钟后": "2026-12-04 19:35",
    "过十分钟": "2026-12-04 19:30",
    "再过半小时": "2026-12-04 19:50",
    "三天后": "2026-12-07 19:20",
}


@pytest.mark.parametrize("text", CLOCKS)
def test_a_time_to_come(text: str) -> None:
    (found,) = moments(text)
    assert (found.start, found.end) == (0, len(text))
    assert str(resolve(found, NOW))[:16] == CLOCKS[text]


@pytest.mark.parametrize(
    ("text", "role", "seconds"),
    [
        ("一小时三十分钟", "for", 5400),
        ("1个小时15分30秒", "for", 4530),
        ("一个半钟头", "for", 5400),
        ("五分半钟", "for", 330),
        ("半分钟", "for", 30),
        ("三刻钟", "for", 2700),
        ("一小时零五分", "for", 3900),
        ("持续五分钟", "for", 300),
        ("过去两小时", "over", 7200),
        ("十分钟前", "over", 600),
        ("最近三个月", "over", 7776000),
    ],
)
def test_a_duration(text: str, role: str, seconds: float) -> None:
    (found,) = moments(text)
    assert (found.role, found.seconds) == (role, seconds)


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("每天", "day"), ("天天", "day"), ("每晚", "day"), ("每周一三五", "mon,wed,fri"), ("每周二和周五", "tue,fri"),
        ("工作日", "weekday"), ("每个工作日", "weekday"), ("周一到周五", "weekday"), ("每个周末", "weekend"), ("每周六日", "weekend"),
        ("周六到周一", "mon,sat,sun"), ("每周一到周日", "day"), ("每隔半小时", "*/30 * * * *"), ("每两个小时", "0 */2 * * *"),
        ("每小时", "0 * * * *"), ("每三十秒", "* * * * *"), ("周一、周三", "mon,wed"),
    ],
)  # fmt: skip
def test_what_recurs(text: str, every: str) -> None:
    (found,) = moments(text)
    assert found.every == every


@pytest.mark.parametrize(
    ("text", "sun", "shift", "role"),
    [
        ("日出时", "sunrise", 0, "at"),
        ("太阳下山的时候", "sunset", 0, "at"),
        ("日落前半小时", "sunset", -1800, "at"),
        ("日出后十分钟", "sunrise", 600, "at"),
        ("天亮前", "sunrise", 0, "until"),
        ("明天日出", "sunrise", 0, "at"),
    ],
)
def test_the_sun(text: str, sun: str, shift: float, role: str) -> None:
    (found,) = moments(text)
    assert (found.sun, found.shift_s, found.role) == (sun, shift, role)
    assert resolve(found, NOW) is None


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("上周", "last week"), ("昨天", "yesterday"), ("昨晚", "last night"), ("上个月", "last month"), ("这个月", "this month"),
        ("今天", "today"), ("前天", "day before yesterday"), ("最近一周", "last 7 days"), ("最近七天", "last 7 days"),
        ("本周", "this week"), ("上周三", "past"), ("刚才", "past"), ("过去24小时", "last"),
    ],
)  # fmt: skip
def test_a_span_of_the_past(text: str, over: str) -> None:
    (found,) = moments(text)
    assert (found.role, found.over) == ("over", over)


def test_until() -> None:
    (found,) = moments("到八点为止")
    assert found.role == "until"


@pytest.mark.parametrize("text", ["3号机", "打开天窗", "两天窗帘", "最近几个小时", "零分钟"])
def test_what_is_no_time(text: str) -> None:
    assert [m for m in moments(text) if m.exact or m.every] == []
