"""Chinese times: clocks, days, durations, what recurs, and spans of the past.

Knows 晚上七点半, 下午三点一刻, 明早八点, 后天, 两个半小时, 一刻钟, 每周一三五, 工作日, 日落前半小时, 上周. Works on simplified
text; knows no now.
"""

from __future__ import annotations

import re

from unisono.assist.languages.zh.numbers import NUMBER, number
from unisono.assist.moment import DAYS, Moment

__all__ = ["moments"]

_DAY = {"今": 0, "明": 1, "后": 2, "大后": 3, "当": 0, "昨": -1, "前": -2, "大前": -3}
_PARTS = {
    "后半夜": "am", "下半夜": "am", "黎明": "am", "拂晓": "am", "破晓": "am", "天蒙蒙亮": "am", "清早上": "am", "午间": "pm", "大中午": "pm",
    "前半夜": "night", "上半夜": "night", "三更半夜": "night", "夜里头": "night", "夜晚": "night", "入夜": "night", "大晚上": "night",
    "凌晨": "am", "清晨": "am", "大清早": "am", "一大早": "am", "一早": "am", "早上": "am", "早晨": "am", "清早": "am",
    "上午": "am", "早": "am", "晨": "am", "上半天": "am", "中午": "pm", "正午": "pm", "晌午": "pm", "下午": "pm", "午后": "pm",
    "傍晚": "pm", "黄昏": "pm", "晚上": "night", "晚间": "night", "夜里": "night", "夜间": "night", "半夜": "night",
    "深夜": "night", "午夜": "night", "大半夜": "night", "晚": "night", "夜": "night",
}  # fmt: skip
_PART = "|".join(sorted((p for p in _PARTS if len(p) > 1), key=len, reverse=True))
_WEEKDAY = {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6, "末": 5} | {str(i + 1): i for i in range(7)}
_WEEK_WORD = r"(?:周|星期|礼拜)"

_DATE = (
    rf"(?:(?P<rel>大后|大前|今|明|后|昨|前)(?:天|日|儿个?|(?=早|晚|晨|夜))"
    rf"|(?P<week>下下个?|下个?|这个?|本)?{_WEEK_WORD}(?P<wd>[一二三四五六日天1-7])(?![三四五六个]?[、和到至])"
    rf"|(?:(?P<month>{NUMBER})月)?(?P<mday>{NUMBER})[号日](?!机|线|门|楼|炉|灯|位|车|泵|工|仓|罐|站|窑|库))"
)
_CLOCK = (
    r"(?:(?P<hour>[0-9]{1,2}|[零一二两三四五六七八九十]{1,3})(?:点钟?|时(?=整|[零一二三四五六七八九十0-9半]|$))"
    r"(?:(?P<past>过|差)?(?:(?P<half>半)|(?P<quarter>[一三1-3])刻钟?|整|"
    r"(?P<minute>[0-9]{1,2}|[零一二三四五六七八九十]{1,3})(?P<unit>分钟?)?(?!\s*(?:度|%|成|档|百)))?)?"
    r"|(?P<h24>[01]?[0-9]|2[0-4])[:：](?P<m24>[0-5][0-9])(?::[0-9][0-9])?)"
)
_AT = re.compile(
    rf"(?:(?P<until>到|直到|直至|至)|在|等到?)?(?:{_DATE})?的?(?P<part>{_PART}|(?<=[今明后当天日昨前])[早晚晨夜]上?|[早晚](?=(?:[0-9]{{1,2}}|[二两三四五六七八九十][一二]?)点))?的?{_CLOCK}"
    rf"(?P<tail>为止|之前|以前|前(?!门|院|台|排|面|厅|灯)|止|的?时候|的话|左右)?"
)
_BIT = re.compile(r"一点(?:左右)?")
_TO_HOUR = re.compile(
    rf"(?:{_DATE})?的?(?P<part>{_PART})?差(?P<minute>一刻|{NUMBER})(?:分钟?|钟)?(?P<hour>[0-9]{{1,2}}|[一二两三四五六七八九十]{{1,3}})点"
)
_DAY_ONLY = re.compile(rf"(?:{_DATE})的?(?P<part>{_PART}|[早晚晨夜])?(?P<tail>之前|以前)?|(?P<part2>{_PART})")
_SUN_WORDS = {
    "日出": "sunrise", "太阳出来": "sunrise", "太阳升起": "sunrise", "天亮": "sunrise", "天一亮": "sunrise", "日头出来": "sunrise",
    "太阳一出来": "sunrise", "日落": "sunset", "太阳落山": "sunset", "太阳下山": "sunset", "太阳一下山": "sunset",
    "太阳一落山": "sunset", "天黑": "sunset", "天一黑": "sunset", "天擦黑": "sunset", "天一擦黑": "sunset", "天暗下来": "sunset", "日没": "sunset",
}  # fmt: skip
_SUN = re.compile(
    rf"(?<![昨前每整今明后])(?![今明后]天[亮黑])(?P<until>到|直到)?(?:(?P<rel>大后|今|明|后)[天日儿]?)?(?:早上|傍晚|晚上)?(?P<sun>{'|'.join(sorted(_SUN_WORDS, key=len, reverse=True))})了?"
    rf"(?:(?P<dir>之?前|之?后|以前|以后|再?过)(?P<shift>[^，。前后]{{1,8}}?(?:钟头|小时|分钟|分|刻钟))?|的?时候?|时分?|就|为止)?"
)
_SECONDS = {
    "小时": 3600,
    "钟头": 3600,
    "点钟": 3600,
    "分钟": 60,
    "分": 60,
    "秒钟": 1,
    "秒": 1,
    "刻钟": 900,
    "天": 86400,
    "周": 604800,
    "个星期": 604800,
    "礼拜": 604800,
    "星期": 604800,
}
_PIECE = (
    rf"(?:(?:{NUMBER}|半)(?:个半|个多?)?(?:小时|钟头)(?:半|零|又|外加)?|{NUMBER}(?:分钟半?|分半钟?|分(?!之|贝))|半分钟"
    rf"|{NUMBER}秒钟?|[一二两三123]刻钟|半天|{NUMBER}天(?!窗)|(?:{NUMBER})(?:个)?(?:星期|礼拜)|{NUMBER}周)"
)
_DURATION = re.compile(rf"(?P<pre>再?(?<![超经通])过|等上?|再等|每隔?|隔|持续|连续|每|再|最近|过去|近|之前|前)?(?P<body>{_PIECE}(?:{_PIECE}|(?<=小时){NUMBER}分?)*)"
                       rf"(?P<post>之?后(?!备)|以后|过后|后(?!面|门|院|备|座|窗)|(?:之|以)?内|之前|以前|前(?!面|门|院|排|台|灯)|一次|左右)?")  # fmt: skip
_ONE = re.compile(
    rf"(?P<n>{NUMBER}|半)(?P<half>个半|个)?(?P<unit>小时|钟头|分钟|分半钟?|分|秒钟|秒|刻钟|天|个?星期|礼拜|周)(?P<more>半)?"
)

_W = "[一二三四五六日天]"
_SPOKEN_WEEK = rf"(?:每(?:逢|到|个)?)?{_WEEK_WORD}"
_EVERY_RANGE = re.compile(rf"{_SPOKEN_WEEK}({_W})[到至~\-]{_WEEK_WORD}?({_W})(?:都|每天)?")
_EVERY_SET = re.compile(
    rf"(?:每(?:逢|到|个)*|逢){_WEEK_WORD}的?({_W}(?:[、和跟与及]*{_WEEK_WORD}?{_W}(?![点小分个号楼百十]))*)|{_WEEK_WORD}({_W}(?:[、和跟与及]*{_WEEK_WORD}?{_W}(?![点小分个号楼百十]))+)都?"
)
_EVERY_WORDS = (
    ("weekday", re.compile(r"(?:每(?:个|逢|到)?|平时)?(?:工作日|上班日|上班的日子|上学日)|平日里?|周中")),
    ("weekend", re.compile(r"每(?:个|逢|到)*(?:周末|双休日|礼拜天和礼拜六)|双休日|(?<![这下上本个])周末都?")),
    ("0 * * * *", re.compile(r"每个?(?:小时|钟头)(?![0-9])|整点(?=报|都|提)")),
    (
        "day",
        re.compile(
            r"平时(?=[早晚中下上][上午]|[0-9零一二两三四五六七八九十]{1,3}点)|(?:每一?|(?<![昨今明后前当整半一两几])天)天(?!窗)(?:的|都)?|每日|日日|每(?P<part>[早晚夜])(?:上|里)?"
        ),
    ),
)

#: 一三五早上: the days of the week, said without one.
_EVERY_BARE = re.compile(
    r"(?<![零一二三四五六七八九十百千])(?:一三五日?|二四六|一三|三五|二四|四六)(?=的?(?:早|晚|上午|下午|中午|傍晚|凌晨))"
)
_EVERY_MONTH = re.compile(rf"(?:每|逢)个?月的?({NUMBER})[号日]")
#: A day that each month has.
_DAYS_OF_EACH_MONTH = 28

_PERIOD = (
    ("last night", r"昨晚上?|昨天晚上|昨夜里?|昨儿?晚上?|昨天夜里"), ("yesterday", r"昨天|昨日|昨儿个?"),
    ("day before yesterday", r"前天|前儿个?"),
    ("last week", r"上个?(?:周|星期|礼拜)(?![一二三四五六日天])"), ("last month", r"上个?月"),
    ("this week", r"(?:这|本)个?(?:周|星期|礼拜)(?![一二三四五六日天末])"), ("this month", r"(?:这个?|本|当)月"),
    ("last 7 days", r"(?:最近|过去|近|这)的?(?:七|7)天|(?:最近|过去|近)的?(?:一|1)个?(?:周|星期|礼拜)|这几天|最近几天"),
    ("today", r"今天|今日|今儿个?|当天"),
)  # fmt: skip
_OVER = re.compile("|".join(f"(?P<p{i}>{pattern})" for i, (_, pattern) in enumerate(_PERIOD)))
_PAST = re.compile(
    rf"(?:最近|过去|近|前|这)的?(?P<body>(?:{NUMBER}|半|几)个?(?:小时|钟头|分钟|天|周|星期|礼拜|月))(?:里|内|以来)?"
)
# A day of the past that is none of the plan's words.
_OLD_DAY = re.compile(
    r"上个?(?:周|星期|礼拜)(?P<wd>[一二三四五六日天])|大前天|今年|去年|刚才|刚刚|方才|先前|上次|上回|上一次|早先|前几天|上午(?=就)"
)


def _n(text: str) -> int:
    return int(number(text))


def _date(m: re.Match[str]) -> dict[str, int | None]:
    if m["rel"]:
        return {"day": _DAY[m["rel"]]}
    if m["wd"]:
        week = m["week"] or ""
        return {
            "weekday": _WEEKDAY[m["wd"]],
            "week": 2 if week.startswith("下下") else 1 if week.startswith("下") else 0 if week else None,
        }
    if m["mday"]:
        return {"month": _n(m["month"]) if m["month"] else None, "date": _n(m["mday"])}
    return {}


def _half(part: str | None, hour: int) -> str | None:
    if not part:
        return None
    key = part if part in _PARTS else part[0]
    half = _PARTS[key]
    if key in ("中午", "正午", "晌午") and hour in (10, 11):
        return "am"
    return half


def _at(m: re.Match[str]) -> Moment | None:
    if m["h24"]:
        hour, minute = int(m["h24"]), int(m["m24"])
    else:
        hour, minute = (
            _n(m["hour"]),
            30 if m["half"] else 15 * _n(m["quarter"]) if m["quarter"] else _n(m["minute"]) if m["minute"] else 0,
        )
        if m["past"] == "差":
            hour, minute = hour - 1, 60 - minute
    if not (0 <= hour <= 24 and 0 <= minute < 60):
        return None
    if _BIT.fullmatch(m[0]):
        return None  # 亮一点: a bit
    until = m["until"] or (m["tail"] in ("为止", "之前", "以前", "前", "止"))
    half = _half(m["part"], hour)
    return Moment(
        start=m.start(), end=m.end(), role="until" if until else "at", hour=hour, minute=minute,
        half=half if hour <= 12 else None, **_date(m),  # type: ignore[arg-type]
    )  # fmt: skip


_DAY_MIN = 24 * 60
#: Nobody asks for more than ten years.
_LONGEST_S = 10 * 366 * 86400


def _length(text: str) -> float:
    """Seconds of a duration's words; 半天 is no amount that a device could keep."""
    total, last = 0.0, 60.0
    rest = 0
    for m in _ONE.finditer(text):
        unit = m["unit"].removeprefix("个")
        half = unit in ("分半", "分半钟") or m["half"] == "个半" or bool(m["more"])
        size = _SECONDS.get(unit, 60.0)
        amount = 0.5 if m["n"] == "半" else number(m["n"])
        total += (amount + (0.5 if half else 0)) * size
        last, rest = size, m.end()
    if rest < len(text) and (left := re.fullmatch(rf"[零又]?({NUMBER})", text[rest:])) and last == 3600:
        total += number(left[1]) * 60
    return total


def _durations(text: str) -> list[Moment]:
    found = []
    for m in _DURATION.finditer(text):
        seconds = _length(m["body"])
        if not 0 < seconds <= _LONGEST_S:
            continue
        pre, post = m["pre"] or "", m["post"] or ""
        if pre in ("每", "每隔", "隔"):
            minutes = int(seconds // 60)
            if minutes >= _DAY_MIN:
                continue  # 每隔三天 is no rhythm of a plan
            every = f"*/{minutes} * * * *" if 0 < minutes < 60 else f"0 */{minutes // 60} * * *" if minutes else None
            found.append(Moment(start=m.start(), end=m.end(), every=every or "* * * * *", seconds=None))
            continue
        if post in ("前", "之前", "以前") or pre in ("之前", "前"):
            found.append(Moment(start=m.start(), end=m.end(), role="over", seconds=seconds, over="ago"))
            continue
        later = (post and post not in ("左右", "一次", "内", "之内", "以内")) or pre in (
            "过",
            "再过",
            "等",
            "等上",
            "再等",
        )
        start = m.start() + (len(pre) if pre in ("再",) else 0)
        found.append(Moment(start=start, end=m.end(), role="after" if later else "for", seconds=seconds))
    return found


def _recurrences(text: str) -> list[Moment]:
    found = []
    for m in _EVERY_RANGE.finditer(text):
        first, last = _WEEKDAY[m[1]], _WEEKDAY[m[2]]
        days = range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]
        found.append(Moment(start=m.start(), end=m.end(), every=_days(set(days))))
    for m in _EVERY_SET.finditer(text):
        found.append(
            Moment(start=m.start(), end=m.end(), every=_days({_WEEKDAY[c] for c in m[1] or m[2] if c in _WEEKDAY}))
        )
    for m in _EVERY_MONTH.finditer(text):
        if 0 < (day := _n(m[1])) <= _DAYS_OF_EACH_MONTH:
            found.append(Moment(start=m.start(), end=m.end(), every=f"month {day}"))
    for m in _EVERY_BARE.finditer(text):
        found.append(Moment(start=m.start(), end=m.end(), every=_days({_WEEKDAY[c] for c in m[0]})))
    for every, pattern in _EVERY_WORDS:
        for m in pattern.finditer(text):
            part = m.groupdict().get("part")
            half = _PARTS[part] if part else None
            found.append(Moment(start=m.start(), end=m.end(), every=every, half=half))  # type: ignore[arg-type]
    return found


def _days(days: set[int]) -> str:
    named = {frozenset(range(7)): "day", frozenset(range(5)): "weekday", frozenset((5, 6)): "weekend"}
    return named.get(frozenset(days)) or ",".join(DAYS[i] for i in sorted(days))


def _suns(text: str) -> list[Moment]:
    found = []
    for m in _SUN.finditer(text):
        shift = _length(m["shift"]) if m["shift"] else 0.0
        sign = -1 if m["dir"] and "前" in m["dir"] else 1
        role = "until" if m["until"] or m[0].endswith("为止") or (sign < 0 and not shift) else "at"
        found.append(
            Moment(start=m.start(), end=m.end(), role=role, sun=_SUN_WORDS[m["sun"]], shift_s=sign * shift,  # type: ignore[arg-type]
                   day=_DAY[m["rel"]] if m["rel"] else None)
        )  # fmt: skip
    return found


def _spans(text: str) -> list[Moment]:
    found = []
    for m in _OVER.finditer(text):
        index = next(i for i, (name, _) in enumerate(_PERIOD) if m[f"p{i}"])
        found.append(
            Moment(
                start=m.start(), end=m.end(), role="over", over=_PERIOD[index][0], day=_OVER_DAYS.get(_PERIOD[index][0])
            )
        )
    for m in _PAST.finditer(text):
        if "几" not in m["body"]:
            seconds = (
                _length(m["body"].replace("个月", "月").replace("月", "个30天"))
                if "月" not in m["body"]
                else 30 * 86400 * number(m["body"].rstrip("个月") or "一")
            )
            found.append(Moment(start=m.start(), end=m.end(), role="over", seconds=seconds, over="last"))
    for m in _OLD_DAY.finditer(text):
        weekday = _WEEKDAY[m["wd"]] if m["wd"] else None
        found.append(
            Moment(
                start=m.start(), end=m.end(), role="over", weekday=weekday, week=-1 if m["wd"] else None, over="past"
            )
        )
    return found


_OVER_DAYS = {"today": 0, "yesterday": -1, "day before yesterday": -2, "last night": -1}


def _days_alone(text: str) -> list[Moment]:
    found = []
    for m in _DAY_ONLY.finditer(text):
        part = m["part"] or m["part2"]
        half = _half(part, 0) if part else None
        role = "until" if m["tail"] else "at"
        found.append(Moment(start=m.start(), end=m.end(), role=role, half=half, **_date(m)))  # type: ignore[arg-type]
    return found


def moments(text: str) -> list[Moment]:
    """All times in a text, left to right, none overlapping; a clock with its day is one."""
    found: list[Moment] = []
    left = text
    for group in (_recurrences, _shorts, _clocks, _suns, _spans, _durations, _days_alone):
        for moment in group(left):
            if all(moment.end <= other.start or moment.start >= other.end for other in found):
                found.append(moment)
                left = left[: moment.start] + "□" * (moment.end - moment.start) + left[moment.end :]
    return sorted(found, key=lambda moment: moment.start)


def _clocks(text: str) -> list[Moment]:
    return [moment for m in _AT.finditer(text) if (moment := _at(m)) is not None]


def _shorts(text: str) -> list[Moment]:
    return [moment for m in _TO_HOUR.finditer(text) if (moment := _short(m)) is not None]


def _short(m: re.Match[str]) -> Moment | None:
    hour = _n(m["hour"])
    minute = 15 if m["minute"] == "一刻" else _n(m["minute"])
    if not (1 <= hour <= 24 and 0 < minute < 60):
        return None
    return Moment(
        start=m.start(), end=m.end(), hour=hour - 1, minute=60 - minute,
        half=_half(m["part"], hour), **_date(m),  # type: ignore[arg-type]
    )  # fmt: skip
