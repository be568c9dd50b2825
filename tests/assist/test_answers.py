"""What is said: values, amounts, moments and whole answers, in each language."""

from __future__ import annotations

import re
import string
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

import unisono.assist
from unisono.assist.answer.described import Describer
from unisono.assist.answer.figure import Figure
from unisono.assist.answer.refusal import refusal
from unisono.assist.answer.span import Span, read_span
from unisono.assist.answer.told import (
    Cause,
    Did,
    Found,
    Seen,
    tell_causes,
    tell_compared,
    tell_done,
    tell_figures,
    tell_states,
)
from unisono.assist.answer.voice import Voice, _answers, spoken_languages
from unisono.assist.plan import Plan, Query
from unisono.thing import Property, Schema, builtin_model
from unisono.thing.schema import Choice

NOW = datetime.fromisoformat("2026-11-22T18:30:00+08:00")
EN, ZH, DE = (Voice(code, NOW) for code in ("en", "zh-CN", "de"))

LIGHT = builtin_model("light").properties
PROBE = builtin_model("sensor.temperature").properties["temperature"]
LOCK = builtin_model("lock").properties["locked"]
COVER = builtin_model("cover").properties["position"]
WINDOW = builtin_model("window").properties["contact"]
METER = builtin_model("meter").properties["energy"]


def us(text: str) -> int:
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp() * 1_000_000)


def test_every_language_has_every_sentence_with_the_same_blanks() -> None:
    def blanks(text: Any) -> Any:
        if isinstance(text, dict):
            return {key: blanks(value) for key, value in text.items()} if text else None
        texts = text if isinstance(text, list) else [text]
        return {name for each in texts for _, name, _, _ in string.Formatter().parse(str(each)) if name}

    english = _answers("en")
    own = {"values", "done_values", "traits", "units", "confirmed", "reasons"}
    for code in spoken_languages():
        words = _answers(code)
        assert words.keys() == english.keys()
        for key in words.keys() - own:
            assert blanks(words[key]) == blanks(english[key]), (code, key)


def test_who_speaks_something_else_hears_english() -> None:
    assert Voice("fr", NOW).lang == "en"
    assert Voice("ZH_tw", NOW).lang == "zh"


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 seconds", "0秒"),
        (1, "1 second", "1秒"),
        (90, "1 minute and 30 seconds", "1分钟和30秒"),
        (3600, "1 hour", "1小时"),
        (12_000.4, "3 hours and 20 minutes", "3小时和20分钟"),
        (90_061, "1 day and 1 hour", "1天和1小时"),
    ],
)
def test_durations(seconds: float, english: str, chinese: str) -> None:
    assert EN.duration(seconds) == english
    assert ZH.duration(seconds) == chinese


@pytest.mark.parametrize(
    ("value", "unit", "english", "german"),
    [
        (21.5, "Cel", "21.5 degrees", "21,5 Grad"),
        (1, "Cel", "1 degree", "1 Grad"),
        (40.0, "%", "40 percent", "40 Prozent"),
        (0.254, "kWh", "0.25 kilowatt hours", "0,25 Kilowattstunden"),
        (1234.5, "W", "1234 watts", "1234 Watt"),
        (-0.001, None, "0", "0"),
        (3, "furlong", "3 furlong", "3 furlong"),
    ],
)
def test_amounts(value: float, unit: str | None, english: str, german: str) -> None:
    assert EN.amount(value, unit) == english
    assert DE.amount(value, unit) == german


@pytest.mark.parametrize(
    ("at", "english", "chinese"),
    [
        ("2026-11-22T08:05", "at 8:05", "今天8点05分"),
        ("2026-11-21T18:40", "yesterday at 18:40", "昨天18点40分"),
        ("2026-11-18T18:40", "on Wednesday at 18:40", "星期三18点40分"),
        ("2026-11-23T18:40", "on Monday at 18:40", "星期一18点40分"),
        ("2026-05-03T00:00", "on 3 May at 0:00", "5月3日0点00分"),
        ("2025-12-31T23:59", "on 31 December 2025 at 23:59", "2025年12月31日23点59分"),
    ],
)
def test_moments_are_said_as_far_as_they_need_to_be(at: str, english: str, chinese: str) -> None:
    assert EN.moment(us(at)) == english
    assert ZH.moment(us(at)) == chinese
    assert ZH.soon(600) == "10分钟后"
    assert EN.at(datetime.fromisoformat(at)) == english
    assert EN.at(datetime.fromisoformat(f"{at}+08:00")) == english


def test_values_are_called_as_people_call_them() -> None:
    assert EN.value(LOCK, False) == "unlocked"
    press = builtin_model("press").properties["start_stop"]
    assert [EN.value(press, each) for each in (True, False)] == ["started", "stopped"], "Press 1 is started"
    assert ZH.value(LOCK, True) == "锁着"
    assert DE.value(LIGHT["on_off"], False) == "aus"
    assert [EN.value(COVER, each) for each in (0, 40, 100)] == ["closed", "40 percent open", "open"]
    assert EN.value(WINDOW, "open") == "open"
    assert EN.value(None, True) == "on"
    assert EN.value(None, "odd") == "odd"
    assert EN.value(None, 3) == "3"
    untitled = Property(key="x", schema=Schema(kind="enum", choices=(Choice(value="a"), Choice(value="b"))))
    assert EN.value(untitled, "b") == "b"
    mine = Property(key="x", schema=Schema(kind="bool"))
    assert EN.value(mine, False) == "off"
    assert DE.value(mine, False) == "aus"
    assert EN.trait(PROBE, "temperature") == "temperature"
    assert EN.trait(mine, "some_thing") == "some thing"
    assert ZH.trait(None, "brightness") == "亮度"
    assert DE.trait(None, "brightness") == "Helligkeit"
    oee = builtin_model("machine").properties["oee"]
    assert EN.trait(oee, "oee") == "OEE"


def test_many_names_are_counted() -> None:
    assert EN.join([]) == ""
    assert EN.join(["A", "B", "C"]) == "A, B and C"
    assert ZH.join(["甲", "乙"]) == "甲和乙"
    assert EN.join([str(each) for each in range(20)]) == "0, 1, 2, 3, 4, 5, 6 and +13"


def test_what_was_done_is_told_as_it_ended() -> None:
    def did(
        name: str, value: Any, state: str = "confirmed", about: Property | None = LIGHT["on_off"], why: str = ""
    ) -> Did:
        return Did(name=name, about=about, value=value, state=state, why=why)

    assert tell_done(EN, [did("sofa lamp", True)]) == "Sofa lamp is on."
    assert tell_done(EN, [did("A", False), did("B", False)]) == "A and B are off."
    assert tell_done(EN, [did("A", False)] * 7) == "7 things are off."
    assert tell_done(ZH, [did("沙发灯", True)]) == "已打开沙发灯。"
    assert tell_done(ZH, [did("窗帘", 0, about=COVER), did("百叶窗", 30, about=COVER)]) == (
        "已关上窗帘。百叶窗打开百分之30了。"
    )
    assert tell_done(EN, [did("A", 40, about=LIGHT["brightness"])]) == "Brightness of A is 40 percent."
    assert tell_done(EN, [did("Vacuum", None, about=None)]) == "Vacuum: done."
    assert tell_done(EN, [did("A", True, "timeout")]) == "A did not answer."
    assert tell_done(EN, [did("A", True, "queued"), did("B", True)]) == (
        "B is on. A is away; it will be told when it is back."
    )
    assert tell_done(EN, [did("A", True, "rejected", why="jammed")]) == "A refused: jammed"
    assert tell_done(EN, [did("A", True, "refused", why="not yours")]) == "A: not yours"
    assert tell_done(EN, [did("A", True, "timeout")] * 7).startswith("7 did not do it: A")


def seen(name: str, about: Property, value: Any, **more: Any) -> Seen:
    return Seen(**{"name": name, "about": about, "value": value, "at": us("2026-11-22T18:00"), **more})


def test_state() -> None:
    state = Query(ask="state")
    is_open = Query(ask="state", equals="open")
    assert tell_states(EN, state, []) == "There is nothing of that kind."
    assert tell_states(EN, state, [seen("probe", PROBE, 21.5)]) == "Temperature of probe is 21.5 degrees."
    assert tell_states(EN, state, [seen("Lamp", LIGHT["on_off"], True)]) == "Lamp is on."
    assert tell_states(EN, state, [seen("Blind", COVER, 40)]) == "Blind is 40 percent open."
    assert tell_states(EN, state, [seen("Lamp", LIGHT["on_off"], None, at=0)]) == "Lamp has not told me."
    away = seen("Lamp", LIGHT["on_off"], True, online=False)
    assert (
        tell_states(EN, Query(ask="state", equals=True), [away]) == "Lamp is offline. What it last said, at 18:00: on."
    )
    assert tell_states(EN, is_open, [seen("Window", WINDOW, "open")]) == "Yes, Window is open."
    assert tell_states(ZH, is_open, [seen("窗", WINDOW, "closed")]) == "不是，窗关着。"
    several = [seen("A", WINDOW, "open"), seen("B", WINDOW, "closed"), seen("C", WINDOW, "open")]
    assert tell_states(EN, is_open, several) == "A and C are open."
    assert tell_states(EN, is_open, several[1:2] * 2) == "None of them."
    silent = seen("D", WINDOW, None, at=0)
    assert tell_states(EN, is_open, [silent, silent]) == "D and D have not told me."
    assert tell_states(EN, is_open, [several[0], silent]) == "A is open. D has not told me."


def history(
    agg: str,
    value: Any,
    equals: Any = None,
    about: Property = LIGHT["on_off"],
    over: Any = "yesterday",
    voice: Voice = EN,
    **more: Any,
) -> str:
    figure = Figure(agg, value, about.unit, **more)  # type: ignore[arg-type]
    query = Query(ask="history", agg=agg, equals=equals, over=over)  # type: ignore[arg-type]
    span = read_span(over, NOW)
    return tell_figures(voice, query, [Found(name="A", about=about, figure=figure)], span)


def test_history() -> None:
    at = us("2026-11-21T03:00")
    assert history("duration", 12_000, True) == "A was on for 3 hours and 20 minutes yesterday."
    assert history("duration", 60) == "A was on for 1 minute yesterday."
    assert history("count", 3, True) == "A became on 3 times yesterday."
    assert history("count", 0) == "A did not start yesterday."
    assert history("mean", 21.25, None, PROBE) == "On average temperature of A was 21.2 degrees yesterday."
    assert history("min", 9.0, None, PROBE, at=at) == "The lowest temperature of A was 9 degrees, yesterday at 3:00."
    assert history("max", 9.0, None, PROBE, at=at) == "The highest temperature of A was 9 degrees, yesterday at 3:00."
    assert history("sum", 4.5, None, METER, "last week") == "A: 4.5 kilowatt hours last week."
    assert history("last", True, True, at=at) == "A last became on yesterday at 3:00."
    assert history("last", True, True, at=at, open=True) == "A last became on yesterday at 3:00.", "and today?"
    assert history("last", True, True, over="today", at=at, open=True) == "A became on yesterday at 3:00 and still is."
    assert history("last", None, True, over=None) == "A was never on, as far as I know."
    assert history("last", 9.0, None, PROBE, at=at) == "Temperature of A was 9 degrees yesterday at 3:00."
    assert history("mean", None, None, PROBE) == "I have no record of A yesterday."
    given = {"from": "2026-11-20T08:00", "to": "2026-11-20T09:00"}
    assert history("sum", 1, None, METER, given) == "A: 1 kilowatt hour from 20 November 8:00 to 20 November 9:00."


def test_what_became_so_is_told_of_the_time_that_was_asked_about() -> None:
    at = us("2026-11-21T03:00")
    assert history("last", None, False, LOCK) == "A did not become unlocked yesterday."
    assert history("last", None, False, LOCK, open=True) == "A was unlocked all the time yesterday."
    assert history("count", 0, False, LOCK) == "A did not become unlocked yesterday."
    assert history("last", None, False, LOCK, voice=DE) == "A war gestern kein Mal nicht abgeschlossen."
    chinese: list[tuple[Any, Any, str]] = [
        (("last", False, False, LOCK), {"at": at}, "A最后一次解锁是昨天3点00分。"),
        (("last", None, False, LOCK), {}, "昨天A没有解锁过。"),
        (("last", None, False, LOCK), {"over": None}, "据我所知，A从来没有解锁过。"),
        (("last", None, False, LOCK), {"open": True}, "昨天A一直没锁。"),
        (("last", False, False, LOCK), {"at": at, "open": True, "over": "today"}, "A从昨天3点00分起一直没锁。"),
        (("count", 3, "open", WINDOW), {}, "昨天A打开了3次。"),
        (("count", 0, "open", WINDOW), {}, "昨天A没有打开过。"),
        (("count", 2, 40, COVER), {}, "昨天A变为“打开百分之40”了2次。"),
        (("count", 0), {}, "昨天A没有启动过。"),
        (("count", 1), {}, "昨天A启动了1次。"),
    ]
    for given, more, said in chinese:
        filled: dict[str, Any] = {"voice": ZH, **more}
        assert history(*given, **filled) == said


def test_how_it_was_at_a_moment() -> None:
    then = {"from": "2026-11-22T08:00", "to": "2026-11-22T08:00"}
    earlier = us("2026-11-20T03:00")
    warm = history("last", 21.5, None, PROBE, then, at=earlier)
    assert warm == "Temperature of A was 21.5 degrees at 8:00.", "when it was asked about, not when it was told"
    assert history("last", 21.5, None, PROBE, then, ZH, at=earlier) == "今天8点00分A的温度是21.5度。"
    assert history("last", True, True, LOCK, then, at=earlier) == "Yes, A was locked at 8:00."
    assert history("last", True, False, LOCK, then, ZH, at=earlier) == "不是，今天8点00分A锁着。"
    assert history("last", False, None, LOCK, then, ZH, at=earlier) == "今天8点00分A没锁。"
    assert history("last", None, None, LOCK, then, at=None) == "I have no record of A at 8:00."


def test_sums_are_added_up() -> None:
    found = [Found(name=name, about=METER, figure=Figure("sum", 1.5, "kWh")) for name in "AB"]
    span = Span(0, 1)
    query = Query(ask="history", agg="sum", over="today")
    assert tell_figures(EN, query, found, span) == (
        "A: 1.5 kilowatt hours today. B: 1.5 kilowatt hours today. In all 3 kilowatt hours today."
    )
    assert tell_figures(EN, query, [], span) == "There is nothing of that kind."
    last = Found(name="A", about=METER, figure=Figure("last", 1.5, "kWh", us("2026-11-22T18:00")))
    assert (
        tell_figures(EN, Query(ask="history", agg="last"), [last], None)
        == "Energy of A was 1.5 kilowatt hours at 18:00."
    )


def test_what_is_added_up_is_compared_as_one() -> None:
    now, before = (
        [Found(name=name, about=METER, figure=Figure("sum", value, "kWh")) for name in "AB"] for value in (1.5, 1.0)
    )
    query = Query(ask="history", agg="sum", over="today", against="yesterday")
    today, yesterday = read_span("today", NOW), read_span("yesterday", NOW)
    assert yesterday is not None
    text = tell_compared(EN, query, now, before, today, yesterday)
    assert text.endswith("In all 3 kilowatt hours today. It was 1 kilowatt hour more than yesterday.")


def test_what_there_is_no_record_of_is_compared_with_nothing() -> None:
    unknown, known = (Found(name="A", about=PROBE, figure=Figure("mean", value, "Cel")) for value in (None, 20.0))
    query = Query(ask="history", agg="mean", over="today", against="yesterday")
    today, yesterday = read_span("today", NOW), read_span("yesterday", NOW)
    assert yesterday is not None
    both = tell_compared(EN, query, [unknown, known], [known, unknown], today, yesterday)
    assert both.endswith("I have no record of A yesterday.")
    assert "more" not in both
    assert "less" not in both


def test_causes() -> None:
    at = us("2026-11-22T18:00")
    causes = [
        Cause(kind="you", name="Lamp", at=at),
        Cause(kind="scene", name="Lamp", at=at, who="Evening"),
        Cause(kind="itself", name="Lamp", at=at),
        Cause(kind="refused", name="Lamp", at=at, why="not allowed"),
    ]
    assert [tell_causes(EN, [each]) for each in causes] == [
        "You did that at 18:00.",
        "The automation Evening did that at 18:00.",
        "Nobody asked for it here: Lamp reported it by itself at 18:00.",
        "Somebody wanted it at 18:00, but it was refused: not allowed",
    ]
    assert tell_causes(ZH, []) == "我不知道是什么原因。"


def described(plan: dict[str, Any], voice: Voice = EN) -> str:
    names = {"lamp": "Lamp", "door": "Front door", "window": "Window", "probe": "Probe", "heat": "Heating"}
    kinds = {"lamp": "light", "door": "lock", "window": "window", "probe": "sensor.temperature", "heat": "climate"}
    models = {thing: builtin_model(kind) for thing, kind in kinds.items()}
    return Describer(voice, lambda id: names.get(id, id or "you"), models).plan(msgspec.convert(plan, Plan))


LAMP = {"things": ["lamp"], "trait": "on_off", "op": "set", "value": True}
DIM = {"things": ["lamp"], "trait": "brightness", "op": "add", "value": -20}


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        ({"outcome": "act", "steps": [LAMP, DIM]}, "Lamp: on and Lamp: brightness by -20 percent"),
        ({"outcome": "later", "steps": [LAMP], "when": {"after_s": 600}}, "In 10 minutes: Lamp: on."),
        ({"outcome": "later", "steps": [LAMP], "when": {"at": "2026-11-22T19:00"}}, "At 19:00: Lamp: on."),
        ({"outcome": "later", "steps": [LAMP], "when": {"at": "soonish"}}, "Soonish: Lamp: on."),
        (
            {"outcome": "automate", "steps": [LAMP], "when": {"at": "19:00", "every": "weekday", "until": "sunrise"}},
            "Every weekday at 19:00 until at sunrise: Lamp: on.",
        ),
        (
            {"outcome": "automate", "steps": [LAMP], "when": {"at": "sunset", "every": "mon,thu"}},
            "Every Monday and Thursday at sunset: Lamp: on.",
        ),
        ({"outcome": "automate", "steps": [LAMP], "when": {"every": "0 8 1 * *"}}, "At 0 8 1 * *: Lamp: on."),
        (
            {
                "outcome": "automate",
                "steps": [
                    {"things": ["door"], "trait": "locked", "op": "toggle"},
                    {"things": ["lamp"], "trait": "brightness", "op": "set", "value": 40},
                    {"things": ["lamp"], "trait": "dock", "op": "call"},
                    {"op": "run", "scene": "film"},
                    {"op": "notify", "text": "hello"},
                    {"things": ["odd"], "trait": "mood", "op": "set", "value": "open"},
                    {"things": ["odd"], "trait": "mood", "op": "add", "value": 2, "unit": "%"},
                ],
                "if": [
                    {"things": ["window"], "trait": "contact", "is": "open", "for_s": 300},
                    {"things": ["probe"], "trait": "temperature", "above": 18, "below": 25},
                    {"things": [], "trait": "ring"},
                ],
            },
            "As soon as Window is open for 5 minutes if temperature of Probe is above 18 degrees temperature of Probe"
            " is below 25 degrees if  says ring: Front door: the other way, Lamp: brightness 40 percent, Lamp: return"
            " to dock, run film, tell you: hello, odd: open and odd: mood by 2 percent.",
        ),
    ],
)
def test_a_plan_is_said_before_it_is_done(plan: dict[str, Any], text: str) -> None:
    assert described(plan) == text


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("no_such_thing:desk lampp", "There is no desk lampp here. The nearest is Desk lamp."),
        ("no_such_thing:sauna", "There is no sauna here."),
        ("no_such_place:kitchn", "There is no place kitchn here. The nearest is Kitchen."),
        ("no_such_value:400", "400 cannot be set there."),
        ("ambiguous:lamp", "Which lamp: Desk lamp and Floor lamp?"),
        ("ambiguous:desk", "Which one do you mean?"),
        ("which_thing:that", "Which one do you mean?"),
        ("no_such_thing:\x1b[31m", "There is no such thing here."),
        ("negated:door", "Then I leave it as it is."),
        ("unheard_of", "I did not understand that."),
    ],
)
def test_a_refusal_offers_the_nearest(why: str, text: str) -> None:
    assert refusal(EN, why, ["Desk lamp", "Floor lamp", "Front door"], ["Kitchen", "Hall"]) == text


def test_reasons() -> None:
    assert EN.reason("no_such_thing:sauna") == "There is no such thing here."
    assert ZH.reason("") == "我没听懂。"
    assert described({"outcome": "automate", "steps": [LAMP], "when": {"at": "07:00", "every": "day"}}, ZH) == (
        "每天07:00，Lamp开着。"
    )


def test_every_reason_has_words() -> None:
    """No question of ours is answered with "I did not understand that"."""
    room = Path(unisono.assist.__file__).parent
    written = "\n".join(path.read_text(encoding="utf-8") for path in room.rglob("*.py"))
    reasons = set(re.findall(r'outcome="(?:ask|refuse)", why=f?"([a-z_]+)', written))
    assert len(reasons) > 10
    for voice in (EN, ZH):
        assert {reason for reason in reasons if voice.reason(reason) == voice.reason("")} == set()


def test_yes_and_no() -> None:
    assert [EN.confirms(text) for text in ("Yes, please!", "no thanks", "yes and no")] == [True, False, None]
    assert [ZH.confirms(text) for text in ("好的。", "不用了", "也许")] == [True, False, None]
    assert DE.confirms("Ja!") is True
    assert EN.cancels("Cancel that.")
    assert not EN.cancels("cancel the alarm")
    assert not EN.cancels("x" * 1_000_000)
