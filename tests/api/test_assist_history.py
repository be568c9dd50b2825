"""Questions about history, as plans and in words: each answer against the same figure computed here, value by value."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import Hub
from tests.api.test_assist import SECOND, SHANGHAI, home, say  # noqa: F401  a fixture
from tests.api.test_things import add

SPANS = ["today", "yesterday", "last night", "this week", "last week", "last 7 days", "this month", "last month"]


def days(over: str, at: datetime) -> tuple[datetime, datetime]:
    """The stretch as a person with a calendar would say it."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    monday, first = midnight - timedelta(days=at.weekday()), midnight.replace(day=1)
    spans = {
        "today": (midnight, at),
        "yesterday": (midnight - timedelta(days=1), midnight),
        "last night": (midnight - timedelta(hours=4), min(at, midnight + timedelta(hours=6))),
        "this week": (monday, at),
        "last week": (monday - timedelta(days=7), monday),
        "last 7 days": (at - timedelta(days=7), at),
        "this month": (first, at),
        "last month": ((first - timedelta(days=1)).replace(day=1), first),
    }
    return spans[over]


def past(seed: random.Random, begin: datetime, end: datetime, kind: str) -> list[tuple[int, int, Any]]:
    """A history that begins before the stretch, with nothing within two seconds of an edge that moves meanwhile."""
    first = begin - timedelta(days=1)
    at = {round((first + seed.random() * (end - first)).timestamp()) for _ in range(seed.randrange(0, 40))}
    total, points = 0.0, []
    for seq, stamp in enumerate(sorted(at)):
        if abs(stamp - begin.timestamp()) <= 2 or abs(stamp - end.timestamp()) <= 2:
            continue
        total = seed.uniform(0, 5) if seed.random() < 0.1 else total + seed.uniform(0, 5)
        value: Any = {"switch": seed.random() < 0.5, "counter": total, "level": seed.uniform(-20, 40)}.get(kind)
        if kind == "contact":
            value = "open" if seed.random() < 0.5 else "closed"
        points.append((stamp * SECOND, seq, value))
    return points


async def test_history_answers_are_those_of_the_history(home: Hub) -> None:  # noqa: F811
    """A hundred questions, each over a history of its own, computed here value by value."""
    seed = random.Random(1)
    for _ in range(100):
        agg = seed.choice(["duration", "count", "min", "max", "mean", "sum", "last"])
        over = seed.choice(SPANS)
        begin, end = days(over, datetime.now(SHANGHAI))
        kind = "switch" if agg in ("duration", "count", "last") else "counter" if agg == "sum" else "level"
        points = home.owner.points = past(seed, begin, end, kind)
        thing, trait = ("lamp", "on_off") if kind == "switch" else ("meter", "energy" if agg == "sum" else "power")
        query: dict[str, Any] = {"ask": "history", "things": [thing], "trait": trait, "over": over, "agg": agg}
        if kind == "switch":
            query["is"] = True
        reply = await say(home, {"outcome": "answer", "query": query})
        (item,) = reply["answer"]["items"]
        wanted = direct(points, begin.timestamp(), end.timestamp(), agg)
        # a stretch that ends now has gone on a little since it was computed here
        assert item["value"] == pytest.approx(wanted, abs=5 if agg == "duration" else 1e-6), (query, points)
        assert reply["speech"]["text"]


#: Questions in words: what they are about, and the figure that they ask for.
QUESTIONS: dict[str, list[tuple[str, str, str]]] = {
    "en": [
        ("how long was the sofa lamp on {}", "switch", "duration"),
        ("for how long did the hall lamp run {}", "switch", "duration"),
        ("how often was the sofa lamp switched on {}", "switch", "count"),
        ("how many times did the hall lamp turn on {}", "switch", "count"),
        ("what was the highest temperature of the attic probe {}", "level", "max"),
        ("what was the lowest temperature of the attic probe {}", "level", "min"),
        ("what was the average temperature of the attic probe {}", "level", "mean"),
        ("how much energy did the meter use {}", "counter", "sum"),
        ("how often was the roof window opened {}", "contact", "count"),
        ("how long was the roof window open {}", "contact", "duration"),
        ("how many hours did the sofa lamp burn {}", "switch", "duration"),
        ("tell me how long the hall lamp was on {}", "switch", "duration"),
        ("{} how often did the roof window open", "contact", "count"),
        ("how warm did the attic probe get {}", "level", "max"),
        ("how cold did it get at the attic probe {}", "level", "min"),
        ("{} what was the mean temperature of the attic probe", "level", "mean"),
        ("how much electricity did we use {}", "counter", "sum"),
        ("what did the meter count {} in total", "counter", "sum"),
    ],
    "de": [
        ("wie lange war die Sofalampe {} an", "switch", "duration"),
        ("wie lange lief {} die Flurlampe", "switch", "duration"),
        ("wie oft wurde die Sofalampe {} eingeschaltet", "switch", "count"),
        ("wie hoch war {} die höchste Temperatur am Dachfühler", "level", "max"),
        ("was war {} die niedrigste Temperatur am Dachfühler", "level", "min"),
        ("wie hoch war die Temperatur am Dachfühler {} im Durchschnitt", "level", "mean"),
        ("wie viel Strom haben wir {} verbraucht", "counter", "sum"),
        ("wie oft wurde das Dachfenster {} geöffnet", "contact", "count"),
        ("wie lange war das Dachfenster {} offen", "contact", "duration"),
    ],
    "zh": [
        ("沙发灯{}开了多久", "switch", "duration"),
        ("{}走廊灯一共开了多长时间", "switch", "duration"),
        ("{}沙发灯开了几次", "switch", "count"),
        ("{}阁楼温度计最高温度是多少", "level", "max"),
        ("{}阁楼温度计最低温度是多少", "level", "min"),
        ("{}阁楼温度计平均温度是多少", "level", "mean"),
        ("{}电表用了多少电", "counter", "sum"),
        ("{}阁楼窗开了几次", "contact", "count"),
        ("{}阁楼窗开了多久", "contact", "duration"),
    ],
}
PERIODS = {
    "en": [
        "today",
        "yesterday",
        "last night",
        "this week",
        "last week",
        "in the last 7 days",
        "this month",
        "last month",
    ],
    "de": [
        "heute",
        "gestern",
        "letzte Nacht",
        "diese Woche",
        "letzte Woche",
        "in den letzten 7 Tagen",
        "diesen Monat",
        "letzten Monat",
    ],
    "zh": ["今天", "昨天", "昨晚", "这周", "上周", "最近七天", "这个月", "上个月"],
}


async def furnish(hub: Hub) -> None:
    """What the questions are about, with names in each language, and an assistant that understands."""
    hub.context._assist = None
    names = {"zh": "走廊灯", "de": "Flurlampe"}
    await add(hub, id="hall", model="light", name="Hall lamp", names=names, place="home")
    await hub.http.delete("/api/v1/things/lamp2")
    names = {"zh": "阁楼温度计", "de": "Dachfühler"}
    await add(hub, id="probe", model="sensor.temperature", name="Attic probe", names=names, place="home")
    names = {"zh": "阁楼窗", "de": "Dachfenster"}
    await add(hub, id="roof", model="window", name="Roof window", names=names, place="home")
    await hub.http.patch("/api/v1/things/meter", json={"names": {"zh": "电表", "de": "Stromzähler"}})
    await hub.http.patch("/api/v1/things/lamp", json={"names": {"zh": "沙发灯", "de": "Sofalampe"}})


@pytest.mark.parametrize("lang", ["en", "zh", "de"])
async def test_questions_in_words_are_answered_from_the_history(home: Hub, lang: str) -> None:  # noqa: F811
    """A hundred sentences, understood and answered, against the same figure computed here."""
    await furnish(home)
    seed = random.Random(lang)
    for number in range(100):
        text, kind, agg = QUESTIONS[lang][number % len(QUESTIONS[lang])]
        period = seed.randrange(len(SPANS))
        begin, end = days(SPANS[period], datetime.now(SHANGHAI))
        points = home.owner.points = past(seed, begin, end, kind)
        question = text.format(PERIODS[lang][period])
        reply = await say(home, question, lang)
        assert reply["outcome"] == "answer", (question, reply)
        assert len(reply["answer"]["items"]) == 1, (question, reply["query"])
        (item,) = reply["answer"]["items"]
        plain = [(at, seq, value == "open" if kind == "contact" else value) for at, seq, value in points]
        wanted = direct(plain, begin.timestamp(), end.timestamp(), agg)
        assert item["value"] == pytest.approx(wanted, abs=5 if agg == "duration" else 1e-6), (question, reply, points)
        assert reply["speech"]["lang"] == lang


#: Questions that compare: a period against the one that "than" or "with" names, or the one before it.
COMPARED: dict[str, list[tuple[str, str, str]]] = {
    "en": [
        ("did we use more electricity {} than {}", "counter", "sum"),
        ("did the meter count less energy {} than {}", "counter", "sum"),
        ("was the sofa lamp on longer {} than {}", "switch", "duration"),
        ("was the attic probe warmer {} than {}", "level", "mean"),
        ("compare the energy of the meter {} with {}", "counter", "sum"),
        ("was the roof window opened more often {} than {}", "contact", "count"),
    ],
    "de": [
        ("haben wir {} mehr Strom verbraucht als {}", "counter", "sum"),
        ("war die Sofalampe {} länger an als {}", "switch", "duration"),
        ("war es am Dachfühler {} wärmer als {}", "level", "mean"),
    ],
}
#: Two periods as they are said, and what they are; the last may be said without its name.
PAIRS = {
    "en": [
        ("today", "yesterday", "today", "yesterday"),
        ("this week", "last week", "this week", "last week"),
        ("this month", "last month", "this month", "last month"),
        ("last week", "this week", "last week", "this week"),
    ],
    "de": [
        ("heute", "gestern", "today", "yesterday"),
        ("diese Woche", "letzte Woche", "this week", "last week"),
        ("diesen Monat", "letzten Monat", "this month", "last month"),
    ],
}


@pytest.mark.parametrize("lang", ["en", "de"])
async def test_comparisons_are_answered_from_the_history(home: Hub, lang: str) -> None:  # noqa: F811
    """Both figures against those computed here, and which of them is said to be more."""
    await furnish(home)
    seed = random.Random(lang)
    for number in range(60):
        text, kind, agg = COMPARED[lang][number % len(COMPARED[lang])]
        said, than, first, second = PAIRS[lang][seed.randrange(len(PAIRS[lang]))]
        now = datetime.now(SHANGHAI)
        (begin, end), (start, stop) = days(first, now), days(second, now)
        points = home.owner.points = past(seed, min(begin, start), max(end, stop), kind)
        question = text.format(said, than)
        reply = await say(home, question, lang)
        assert reply["outcome"] == "answer", (question, reply)
        assert len(reply["answer"]["items"]) == 1, (question, reply["query"])
        (item,) = reply["answer"]["items"]
        plain = [(at, seq, value == "open" if kind == "contact" else value) for at, seq, value in points]
        now_, then = (
            direct(plain, begin.timestamp(), end.timestamp(), agg),
            direct(plain, start.timestamp(), stop.timestamp(), agg),
        )
        near = 5 if agg == "duration" else 1e-6
        assert item["value"] == pytest.approx(now_, abs=near), (question, reply, points)
        assert item["against"]["value"] == pytest.approx(then, abs=near), (question, reply, points)
        spoken = reply["speech"]["text"]
        told = 120 if agg == "duration" else 0.2  # less of a difference may be said as none
        if lang == "en" and now_ is not None and then is not None and abs(now_ - then) > told:
            assert ("more than" if now_ > then else "less than") in spoken, (question, spoken)


def direct(points: list[tuple[int, int, Any]], begin: float, end: float, agg: str) -> Any:
    """The figure, by the plainest reading of what it means."""
    inside = [(ts / SECOND, value) for ts, _seq, value in points if begin <= ts / SECOND < end]
    earlier = [value for ts, _seq, value in points if ts / SECOND < begin]
    held = earlier[-1] if earlier else None
    values = [value for _ts, value in inside]
    if agg in ("min", "max", "mean"):
        if not values:
            return held
        return min(values) if agg == "min" else max(values) if agg == "max" else sum(values) / len(values)
    if agg == "sum":
        grown, known = 0.0, held is not None or bool(values)
        for value in values:
            if held is not None:
                grown += value if value < 0.9 * held else value - held
            held = value
        return grown if known else None
    if agg == "duration":
        known, total, since = held is not None or bool(values), 0.0, begin
        for ts, value in [*inside, (end, None)]:
            total += ts - since if held else 0
            held, since = value, ts
        return total if known else None
    rises, last = 0, None
    known = held is not None or bool(values)
    for _ts, value in inside:
        if value and held is not True:
            last = True
            rises += held is False
        held = value
    if agg == "last":
        return last
    return rises if known else None
