"""One language, speaking: values, amounts, durations, moments and names as they are said.

Knows the sentences of ``languages/<code>/answers.yaml`` and what models call their values. Knows no facts: they are
passed in, with the time and zone of who listens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from unisono.assist.answer.span import EPOCH, MICROSECOND
from unisono.thing import Property, traits
from unisono.thing.files import stranger_loader

__all__ = ["Voice", "spoken_languages"]

FOLDER = Path(__file__).parent.parent / "languages"
FALLBACK = "en"

#: Names said one after the other; more are counted, not listed: nobody listens to twenty.
MOST_NAMES = 8
#: Below this a number is said with two decimals, from LARGE on with none.
SMALL = 1.0
LARGE = 100.0

#: No yes is longer.
LONGEST_WORD = 60
#: What stands around a yes.
MARKS = str.maketrans(dict.fromkeys(".,!?。，！？、;:…", " "))

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
WEEK = timedelta(days=7)


@cache
def spoken_languages() -> tuple[str, ...]:
    """The languages that can be answered in."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/answers.yaml")))


@cache
def _answers(code: str) -> Mapping[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.load((FOLDER / code / "answers.yaml").read_bytes(), Loader=stranger_loader())
    return found


#: What a sentence ends with.
ENDS = frozenset(".!?:;…。！？：；")


class Voice:
    """``lang``: a BCP 47 tag; one that nobody speaks is answered in English. ``now``: with the listener's zone."""

    def __init__(self, lang: str, now: datetime) -> None:
        code = lang.lower().replace("_", "-").split("-")[0]
        self.lang = code if code in spoken_languages() else FALLBACK
        self.now = now
        self._words = _answers(self.lang)

    @property
    def now_us(self) -> int:
        """Now, as spans count it."""
        return (self.now.astimezone(UTC) - EPOCH) // MICROSECOND

    def say(self, key: str, **filled: Any) -> str:
        """A sentence. It begins with a capital where the language has them, also when a name does not."""
        text = self.part(key, **filled)
        return text[:1].upper() + text[1:]

    def part(self, key: str, *, several: bool = False, **filled: Any) -> str:
        """As `say`, for within a sentence. ``several``: it is about more than one."""
        forms = self._words[key]
        text: str = (forms if isinstance(forms, str) else forms[several]).format(**filled)
        return text

    def of(self, key: str, name: str, **filled: Any) -> str:
        """One of several forms, by its name; the name itself where there is none."""
        text: str = self._words[key].get(name, name).format(**filled)
        return text

    def has(self, key: str, name: str) -> bool:
        """Whether there is such a form."""
        return name in self._words[key]

    def weekday(self, number: int) -> str:
        """Monday is 0."""
        return str(self._words["weekdays"][number])

    def reason(self, why: str) -> str:
        """Why nothing is done, of a plan's ``why``."""
        reasons = self._words["reasons"]
        return str(reasons.get(why.partition(":")[0], reasons["otherwise"]))

    def confirms(self, text: str) -> bool | None:
        """Whether a text says yes or no and nothing else; None: it says something else."""
        for word, answer in (("yes", True), ("no", False)):
            if self._is_only(text, word):
                return answer
        return None

    def cancels(self, text: str) -> bool:
        """Whether a text takes back what was asked for last, and says nothing else."""
        return self._is_only(text, "cancel")

    def _is_only(self, text: str, word: str) -> bool:
        return " ".join(text[:LONGEST_WORD].lower().translate(MARKS).split()) in self._words["confirmed"][word]

    def together(self, sentences: Sequence[str]) -> str:
        """Several sentences, one after the other."""
        said = [sentence if sentence[-1] in ENDS else f"{sentence}{self._stop}" for sentence in sentences if sentence]
        return ("" if self.lang == "zh" else " ").join(said if len(said) > 1 else filter(None, sentences))

    @property
    def _stop(self) -> str:
        """What ends a sentence that brought no end along: the words of a refusal."""
        return "。" if self.lang == "zh" else "."

    def join(self, names: Sequence[str]) -> str:
        """A, B and C; of very many the first ones and how many more."""
        if len(names) > MOST_NAMES:
            names = [*names[: MOST_NAMES - 1], f"+{len(names) - MOST_NAMES + 1}"]
        if len(names) < 2:
            return "".join(names)
        comma, last = self._words["comma"], self._words["and"]
        return f"{comma.join(names[:-1])}{last}{names[-1]}"

    # values

    def number(self, value: float) -> str:
        """Rounded to what a listener can keep: 21.5, 0.25, 1234."""
        if isinstance(value, int):
            return str(value)
        size = abs(value)
        places = 2 if size < SMALL else 1 if size < LARGE else 0
        text = f"{value:.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return ("0" if text in ("-0", "") else text).replace(".", self._words["decimal"])

    def amount(self, value: float, unit: str | None) -> str:
        """A number with its unit, in words."""
        number = self.number(value)
        if unit == "%":
            return self.part("percent", n=number)
        if not unit or unit == "1":
            return number
        one, many = self._words["units"].get(unit, (unit, unit))
        return self.part("amount", n=number, unit=one if number == "1" else many)

    def duration(self, seconds: float) -> str:
        """The two largest parts: 3 hours and 20 minutes."""
        left = round(seconds)
        if left >= HOUR_S:  # nobody wants the seconds of a day
            left = round(left / MINUTE_S) * MINUTE_S
        parts = []
        for name, length in (("day", DAY_S), ("hour", HOUR_S), ("minute", MINUTE_S), ("second", 1)):
            count, left = divmod(left, length)
            if count:
                parts.append(self._counted(count, self._words["duration"][name]))
        return self.join(parts[:2]) if parts else self._counted(0, self._words["duration"]["second"])

    def _counted(self, count: int, forms: Sequence[str]) -> str:
        return self.part("amount", n=count, unit=forms[0 if count == 1 else 1])

    def times(self, count: int) -> str:
        """Once, 5 times."""
        text: str = self._words["times"][0 if count == 1 else 1].format(n=count)
        return text

    def value(self, about: Property | None, value: Any) -> str:
        """What a property's value is called: by the language's own words, the model's, or as it is."""
        trait = about.trait or about.key if about is not None else ""
        words = self._words["values"].get(trait, {})
        if isinstance(value, bool | str) and value in words:
            return str(words[value])
        for choice in about.schema.choices if about is not None else ():
            if choice.value == value and isinstance(choice.value, bool) is isinstance(value, bool):
                title = choice.titles.get(self.lang) or choice.titles.get(FALLBACK)
                if title is not None:
                    return title[:1].lower() + title[1:]
        if isinstance(value, int | float) and not isinstance(value, bool):
            if trait in POSITIONS:
                return self._position(value)
            return self.amount(value, about.unit if about is not None else None)
        if isinstance(value, bool):
            return str(self._words["values"].get("on_off", {}).get(value, "on" if value else "off"))
        return str(value)

    def done_value(self, about: Property | None, value: Any) -> str | None:
        """What was done, where the language has a word of its own for it: 打开, where 开着 is how it then is."""
        trait = about.trait or about.key if about is not None else ""
        words = self._words["done_values"].get(trait, {})
        if trait in POSITIONS and isinstance(value, int | float):
            value = {0: "closed", LARGE: "open"}.get(value)
        found = words.get(value) if isinstance(value, bool | str) else None
        return str(found) if found is not None else None

    def became(self, about: Property | None, value: Any) -> str:
        """How it came to be so: 打开, else 变为 and the value."""
        return self.done_value(about, value) or self.part("became", value=self.value(about, value))

    def _position(self, value: float) -> str:
        words = self._words["position"]
        if value <= 0:
            return str(words["closed"])
        return str(words["open"] if value >= LARGE else words["between"].format(n=self.number(value)))

    def trait(self, about: Property | None, name: str) -> str:
        """What a property is called."""
        trait = about.trait if about is not None else name
        word = self._words["traits"].get(trait or name)
        if word is None and about is not None:
            word = about.titles.get(self.lang) or about.titles.get(FALLBACK)
        if word is None and name in traits():
            titles = traits()[name].titles
            word = titles.get(self.lang) or titles.get(FALLBACK)
        text = str(word or name.replace("_", " "))
        return text if self.lang == "de" or text.isupper() else text[:1].lower() + text[1:]

    # moments

    def moment(self, at: int) -> str:
        """When something was or will be, as far as it needs saying: at 18:40, yesterday at 18:40, on 3 May at 8:15."""
        local = (EPOCH + at * MICROSECOND).astimezone(self.now.tzinfo)
        clock = self.part("clock", h=local.hour, m=local.minute)
        days = (self.now.date() - local.date()).days
        if days in (0, 1):
            return self.part("today" if days == 0 else "yesterday", clock=clock)
        if abs(days) < WEEK.days:
            return self.part("weekday", weekday=self._words["weekdays"][local.weekday()], clock=clock)
        key = "date" if local.year == self.now.year else "dated"
        month = self._words["months"][local.month - 1]
        return self.part(key, day=local.day, month=month, year=local.year, clock=clock)

    def at(self, moment: datetime) -> str:
        """As `moment`, of a time without zone: the listener's."""
        zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=self.now.tzinfo)
        return self.moment((zoned.astimezone(UTC) - EPOCH) // MICROSECOND)

    def soon(self, seconds: float) -> str:
        """In 10 minutes."""
        return self.part("in", duration=self.duration(seconds))

    def period(self, over: Any, start: int, end: int) -> str:
        """What a stretch of time is called."""
        words = self._words["period"]
        name = " ".join(str(over).replace("_", " ").split()).lower()
        if isinstance(over, str) and name in words:
            return str(words[name])
        ends: dict[str, Any] = {"from": self._end_of_span(start), "to": self._end_of_span(end)}
        return self.part("span", **ends)

    def _end_of_span(self, at: int) -> str:
        local = (EPOCH + at * MICROSECOND).astimezone(self.now.tzinfo)
        clock = self.part("clock", h=local.hour, m=local.minute)
        return self.part("end_of_span", day=local.day, month=self._words["months"][local.month - 1], clock=clock)


#: Traits that say how far something is open.
POSITIONS = frozenset({"position", "window_position", "sunroof_position"})
