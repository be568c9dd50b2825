"""Chinese numbers, fractions, percentages and measures.

Knows 一百零五, 两百五, 二十五度半, 百分之八十, 八成半, 三分之一, 一半, 三档 and the units people say. Works on simplified
text; knows no times of day.
"""

from __future__ import annotations

import re

from unisono.assist.quantity import DEGREE, STEP, Quantity

__all__ = ["NUMBER", "is_rough", "number", "quantities", "read_either_way"]

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3, "幺": 1, "半": 0.5}
SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
TENS = {"廿": 20, "卅": 30}

_HAN = "零〇一二两三四五六七八九十百千万亿廿卅"
NUMBER = rf"(?:[0-9]{{1,9}}(?:\.[0-9]{{1,6}})?(?:[万千百](?![瓦帕]))?|(?:(?!千[瓦帕米克赫])[{_HAN}]){{1,16}}(?:点[零〇一二两三四五六七八九]+(?![十分钟刻半]))?)"

# Words in which 一 and its like count nothing; a number does not begin there.
_NO_NUMBER = r"(?!一[^0-9零一二三四五六七八九十百千万点分半成度，。]{1,5}(?:就|马上|立刻|[，,]))(?!一(?:下|点|起|样|直|些|定|旦|会|切|共|律|般|番|边|致|路|块儿|个劲|并|时|概|股脑|早))(?<!第)(?<!万)(?<!统)(?<!唯)"

_UNITS = {
    "摄氏度": "Cel", "℃": "Cel", "°C": "Cel", "°c": "Cel", "华氏度": "[degF]", "℉": "[degF]", "°F": "[degF]", "度": DEGREE, "度c": "Cel",
    "°": DEGREE, "开尔文": "K", "开": "K", "k": "K", "K": "K", "个百分点": "%", "百分点": "%", "个点": "%", "%": "%",
    "千瓦时": "kWh", "度电": "kWh", "千瓦": "kW", "兆瓦": "MW", "瓦": "W", "w": "W", "kw": "kW", "kwh": "kWh",
    "安培": "A", "安": "A", "a": "A", "伏特": "V", "伏": "V", "v": "V", "毫安": "mA",
    "公里每小时": "km/h", "千米每小时": "km/h", "km/h": "km/h", "米每秒": "m/s", "公里": "km", "千米": "km", "米": "m",
    "厘米": "cm", "毫米每秒": "mm/s", "毫米": "mm",
    "千帕": "kPa", "兆帕": "MPa", "百帕": "hPa", "帕": "Pa", "巴": "bar", "bar": "bar", "公斤压力": "bar",
    "公斤": "kg", "千克": "kg", "吨": "t", "克": "g", "斤": "jin", "升": "L", "毫升": "mL", "立方": "m3", "方": "m3",
    "分贝": "dB", "勒克斯": "lx", "流明": "lm", "ppm": "ppm", "微克": "ug/m3", "赫兹": "Hz", "赫": "Hz",
    "转每分": "1/min", "转": "1/min", "件每分": "1/min",
    "档": STEP, "挡": STEP, "级": STEP, "格": STEP,
}  # fmt: skip
_UNIT_OF = {word.lower(): unit for word, unit in _UNITS.items()}
_UNIT = "|".join(re.escape(u) for u in sorted(_UNITS, key=len, reverse=True))

_PERCENT = re.compile(
    rf"(?:百分之|%)({NUMBER}(?:点[零一二三四五六七八九]+)?)|({NUMBER})\s*(?:%|趴|个?百分点|个点|percent)"
)
_TENTHS = re.compile(rf"(?<!完)(?<!变)(?<!改)({NUMBER})成([半一二三四五六七八九]?)(?!为(?!止)|[了功品员])")
_FRACTION = re.compile(rf"({NUMBER})分之({NUMBER})")
_HALF = re.compile(r"一半|半(?=开|亮|掩|关|打开|拉|$)|对半|半数|过半|(?<=开)半(?=边|扇)")
_HALF_UNIT = re.compile(r"(?<![一二三四五六七八九十百0-9])半个?(度|档|格)")
_MEASURE = re.compile(
    rf"(零下|负|-)?(?:第(?=[^度]{{1,3}}[档挡级格]))?({NUMBER})\s*(?:个)?({_UNIT})(半)?", re.IGNORECASE
)
#: No light is so warm.
_LEAST_KELVIN = 1000
#: Units that are also what is done.
_DOING = frozenset({"开", "转", "升", "安"})
_OPENS = re.compile(r"[^的吧啊呀了左以就，。,!！?？ 、和]")
_AS_SOON = re.compile(r"就|马上|立刻|，")
_ORDINAL = re.compile(rf"第({NUMBER})")
_BARE = re.compile(rf"{_NO_NUMBER}(零下|负|(?<![0-9])-)?({NUMBER})(半(?![小个分天夜]))?")


#: 二三十, 二十四五, 二十三十, 两三: somewhere there, and nobody says which.
_DIGIT = "[一二两三四五六七八九]"
_ROUGH = re.compile(
    rf"{_DIGIT}{_DIGIT}(?=[十百千万])|十{_DIGIT}{_DIGIT}|十{_DIGIT}?{_DIGIT}十|[百千万]{_DIGIT}{_DIGIT}(?![十百千])"
    rf"|(?<![零〇一二两三四五六七八九]){_DIGIT}{_DIGIT}(?![零〇一二两三四五六七八九])(?=[^十百千万])|^(?:一两|两三|三两|三四|三五|四五|五六|六七|七八|八九)$|[几数]十|几百"
)


#: By all means, and no ten million.
_NEVER = frozenset({"千万", "万万"})


def is_rough(text: str) -> bool:
    """Whether a number is said as two that it lies between: 二三十, 二十四五度."""
    return _ROUGH.search(text) is not None


def number(text: str) -> float:
    """The value of a number in digits or characters. Raises ValueError for what is none.

    An omitted last scale is read as it is said: 二百一 is 210, 三千二 3200, 一万五 15000.
    """
    if text[-1:] in SCALES and text[:-1].replace(".", "").isdigit():
        return float(text[:-1]) * SCALES[text[-1]]
    if text.replace(".", "", 1).isdigit() and text[0] not in "零〇" and text.isascii():
        return float(text)
    whole, _, decimals = text.partition("点")
    value = _whole(whole)
    if decimals:
        value += float("0." + "".join(str(int(DIGITS[c])) for c in decimals))
    return value


def _whole(text: str) -> float:
    if not any(c in SCALES or c in TENS for c in text):
        if len(text) > 1:  # digit by digit: a year, a channel
            return float("".join(str(int(DIGITS[c])) for c in text))
        return float(DIGITS[text])
    total = section = digit = 0.0
    last = 1.0  # the scale before; a digit left over at the end takes the tenth of it
    zero = False
    for c in text:
        if c in DIGITS:
            digit, zero = DIGITS[c], zero or DIGITS[c] == 0
            last = 10.0 if zero else last
        elif c in TENS:
            section, last = section + TENS[c], 10.0
        else:
            scale = SCALES[c]
            if scale >= 10_000:
                total, section, digit = (total + section + digit) * scale, 0.0, 0.0
            else:
                section, digit = section + (digit or (1.0 if not zero else digit or 1.0)) * scale, 0.0
            last, zero = float(scale), False
    return total + section + digit * (last / 10)


#: 1号机, 三楼: a number in a name, in digits or in characters.
_NUMBERED = re.compile(r"[0-9]{1,2}(?![0-9.%])|[一二三四五六七八九十]{1,3}(?=号|楼|层|排|区|路|#)")


def read_either_way(name: str) -> list[str]:
    """A name with its numbers as they may be said or written otherwise; nothing for one that has none."""
    swapped = _NUMBERED.sub(lambda found: _other_way(found[0]), name)
    return [] if swapped == name else [swapped]


def _other_way(text: str) -> str:
    if not text.isascii():
        return str(int(number(text)))
    tens, ones = divmod(int(text), 10)
    if not tens:
        return "零一二三四五六七八九"[ones]
    return ("" if tens == 1 else "零一二三四五六七八九"[tens]) + "十" + ("零一二三四五六七八九"[ones] if ones else "")


def quantities(text: str) -> list[Quantity]:
    """All amounts in a text, left to right, none overlapping; the longest reading of each place."""
    found: list[Quantity] = []

    def take(match: re.Match[str], value: float, unit: str | None, form: str) -> None:
        if all(match.end() <= q.start or match.start() >= q.end for q in found):
            found.append(Quantity(match.start(), match.end(), round(value, 6), unit, form))  # type: ignore[arg-type]

    for m in _PERCENT.finditer(text):
        take(m, number(m[1] or m[2]), "%", "quantity")
    for m in _FRACTION.finditer(text):
        below = number(m[1])
        if below:
            take(m, 100 * number(m[2]) / below, "%", "fraction")
    for m in _TENTHS.finditer(text):
        if 0 < (tenths := number(m[1])) <= 10:
            take(m, 10 * tenths + 10 * _tail(m[2]), "%", "quantity")
    for m in _HALF_UNIT.finditer(text):
        take(m, 0.5, _UNIT_OF[m[1]], "quantity")
    for m in _MEASURE.finditer(text):
        if m[2] == "一" and m[3] in _DOING and (m[3] == "开" or _AS_SOON.match(text, m.end())):
            continue  # 一开就: no kelvin
        if m[3] == "开" and (number(m[2]) < _LEAST_KELVIN or _OPENS.match(text, m.end())):
            continue  # 过一百开净化器, 过一千开新风
        sign = -1 if m[1] else 1
        unit = _UNIT_OF[m[3].lower()]
        take(m, sign * (number(m[2]) + (0.5 if m[4] else 0)), unit, "quantity")
    for m in _HALF.finditer(text):
        take(m, 50, "%", "fraction")
    for m in _ORDINAL.finditer(text):
        take(m, number(m[1]), None, "ordinal")
    for m in _BARE.finditer(text):
        if m[2] in _NEVER:
            continue  # 千万小声点
        take(m, (-1 if m[1] else 1) * (number(m[2]) + (0.5 if m[3] else 0)), None, "number")
    return sorted(found, key=lambda q: q.start)


def _tail(text: str) -> float:
    return 0.0 if not text else DIGITS[text] if text == "半" else DIGITS[text] / 10
