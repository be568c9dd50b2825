"""Cutting a Chinese sentence into words: names of this place, words of the language, amounts, times.

Knows ``words.yaml``. Of all ways to cut a sentence the one is taken that leaves the fewest characters unknown, in the
fewest words. What stays unknown is heard once more: names and words that sound like it (马登 for 马灯).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from unisono.assist.languages.zh.forms import Forms, doors, rooms
from unisono.assist.languages.zh.letters import plain, sounds
from unisono.assist.languages.zh.numbers import quantities, read_either_way
from unisono.assist.languages.zh.scope import decides
from unisono.assist.languages.zh.times import moments
from unisono.assist.languages.zh.verbs import MOVES, VERBS_SET
from unisono.assist.moment import Moment
from unisono.assist.quantity import Quantity
from unisono.thing.files import yaml_loader

if TYPE_CHECKING:
    from unisono.assist.world import World

__all__ = ["Names", "Piece", "cut", "names_of", "senses_of"]

_WORDS = Path(__file__).parent / "words.yaml"
_MARK = re.compile(r"[^\w%]")

#: What a word and an unknown character cost: an unknown one costs more than any number of words that avoid it.
_WORD_COST = 4
_UNKNOWN_COST = 60
_FUZZY_COST = 9
#: A name is rather meant than a word of the same length.
_NAME_BONUS = 2
#: Names and words of one character sound like too many others.
_SHORTEST_HEARD = 2
#: Verbs are said with these behind them: 开了, 停掉, 锁上, 熄了.
_TAKE_ENDINGS = frozenset(
    {"on", "off", "open", "close", "lock", "unlock", "start", "stop", "pause", "record", "arm", "disarm"}
)
#: 加快, and so 加快点.
_TURNED = 2
#: Senses of words that are more than names.
_DECIDING = frozenset({
    "particle", "all", "both", "rest", "other", "it", "except", "only", "question", "whether", "everything", "never_mind", "undo", "cancel",
})  # fmt: skip
#: A word of another matter, and of no other.
_ELSEWHERE = frozenset({"elsewhere"})
_LITTLE = frozenset({"particle"})
_WHERE = frozenset({"indoor", "outdoor", "here", "there"})
_ENDINGS = ("了", "掉")
_LONGEST = 16
#: A name of several words, to either side of a blank in it.
_LONGEST_JOINED = 32
#: The end of a name that stands for it has at least so many characters.
_SHORTEST_TAIL = 3
#: A plant, as those call it who work there.
_WORKS = ("厂里", "厂子", "厂子里", "厂区", "工厂", "全厂", "整个厂", "我们厂", "咱们厂", "咱厂")
#: What makes a thing of a word for doing: 除湿柜.
_APPLIANCES = frozenset("柜机器仪箱炉塔桶罩")
#: What may be called the door of a home.
_DOORS = frozenset({"lock", "door", "sensor.contact"})
#: 入户门锁上了吗: the verb, though somebody is called 入户门锁.
_LOCKS = re.compile(r"上|好|了|着|住|死|紧|牢|一下|起来|没(?=锁|有?[啊呀?？]*$)")
_NUMERALS = "零一二三四五六七八九十百0123456789"
_COUNTED_FIRST = re.compile(r"((?:[0-9]{1,3}|[一二三四五六七八九十]{1,3})[号#])([\u3400-\u9fff]{2,})")
_NUMBERED = re.compile(r"(?:[0-9]+|[一二三四五六七八九十]+)[号#]([\u3400-\u9fff]{2,})")
_LATIN = re.compile(r"[a-z]{2}")
_HAN = re.compile(r"[\u3400-\u9fff]{4,}")
_SIDE_OF = re.compile(r"([左右前后东西南北上下])(?:手边|边|侧|面)的?(..+)")
_SIDED = re.compile(r"[左右前后东西南北大小][\u3400-\u9fff][灯窗门帘扇车]")
#: Whose room it is, and how that may be said.
_ROOM_OF = re.compile(r"(.{2,}?)的?(?:房间|卧室|房|屋)")
_ROOMS = ("房间", "房", "屋", "房里", "屋里", "那屋", "那间屋", "的房间", "的屋", "的卧室", "卧室", "那间")
_LONGEST_HEARD = 6
#: A sentence with more unknown characters was not misheard; it is about something else.
_MOST_UNKNOWN = 8


class Piece(msgspec.Struct, frozen=True):
    """One word of a sentence. ``senses`` of the language; who bears it as a name; ``heard``: by its sound only."""

    start: int
    end: int
    text: str
    senses: frozenset[str] = frozenset()
    things: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    quantity: Quantity | None = None
    moment: Moment | None = None
    mark: bool = False
    known: bool = True
    heard: bool = False

    @property
    def named(self) -> bool:
        return bool(self.things or self.places or self.scenes)


class _Bearers(msgspec.Struct):
    things: list[str]
    places: list[str]
    scenes: list[str]


def _is_within(text: str, at: int) -> bool:
    """Whether a place is inside a word of Latin letters: home is no part of homepod."""
    return 0 < at < len(text) and bool(_LATIN.fullmatch(text[at - 1 : at + 1]))


def _turns_around(name: str) -> bool:
    """别, 他说, 全部: a word that decides what holds of a sentence is nobody's name, whatever a thing is called."""
    return bool(senses_of().get(name, frozenset()) & _DECIDING) or decides(name)


class Names:
    """The names of one world as Chinese text is searched for them."""

    def __init__(self, world: World) -> None:
        self.by_text: dict[str, _Bearers] = {}
        for thing in world.things.values():
            for name in thing.names:
                if not _turns_around(plain(name)):
                    self._of(name).things.append(thing.id)
        for place in world.places.values():
            for name in place.names:
                self._of(name).places.append(place.id)
        for scene in world.scenes.values():
            for name in scene.names:
                self._of(name).scenes.append(scene.id)
        self.by_text.pop("", None)
        self._add_owned()
        self._add_works(world)
        self._add_sides()
        self.forms = Forms(self.by_text)
        self._add_numbers()
        self._add_rooms()
        self._add_ends_of_places()
        self._add_rooms_of()
        self._add_locks(world)
        self.alike = self._add_doors(world)
        self._add_tails()
        self.numbers = self._numbers()
        self.nouns = self._nouns()
        self.longest = max(map(len, self.by_text), default=0)
        self._by_sound: dict[str, set[str]] | None = None
        self._by_ends: dict[tuple[str, str, int], set[str]] | None = None
        counted = sorted(
            (name for name in self.by_text if name[0] in _NUMERALS and len(name) > 1), key=len, reverse=True
        )
        self._counted = re.compile("|".join(map(re.escape, counted)) or r"(?!)")

    def hidden(self, text: str) -> str:
        """The text with names that begin with a number written over."""
        return self._counted.sub(lambda found: "□" * len(found[0]), text)

    def _add_numbers(self) -> None:
        """一号机 for 1号机, and the other way; 注塑机一号 and 注塑一号机 for 一号注塑机."""
        for name, bearers in list(self.by_text.items()):
            if (found := _COUNTED_FIRST.fullmatch(name)) is not None:
                self.by_text.setdefault(found[2] + found[1], bearers)
                if found[2].endswith("机"):
                    self.by_text.setdefault(f"{found[2][:-1]}{found[1]}机", bearers)
        for name, bearers in list(self.by_text.items()):
            for other in read_either_way(name):
                self.by_text.setdefault(other, bearers)

    def _numbers(self) -> dict[str, tuple[str, ...]]:
        """二号 of 二号锅, 二号机: who bears that number, where it is no name."""
        found: dict[str, list[str]] = {}
        for name, bearers in self.by_text.items():
            numbered = _COUNTED_FIRST.fullmatch(name)
            if numbered is not None and bearers.things and numbered[1] not in self.by_text:
                found.setdefault(numbered[1], []).extend(bearers.things)
        return {number: tuple(dict.fromkeys(things)) for number, things in found.items()}

    def _nouns(self) -> dict[str, tuple[str, ...]]:
        """锅 of 一号锅 and 二号锅: the last character of names, for those that are counted by it."""
        found: dict[str, list[str]] = {}
        for name, bearers in self.by_text.items():
            if len(name) > 1 and bearers.things and name not in self.alike:
                found.setdefault(name[-1], []).extend(bearers.things)
        return {noun: tuple(dict.fromkeys(things)) for noun, things in found.items()}

    def _add_owned(self) -> None:
        """姥姥手机 for 姥姥的手机."""
        for name, bearers in list(self.by_text.items()):
            if (
                bearers.things
                and len(name) > _SHORTEST_TAIL
                and name.count("的") == 1
                and "的" not in (name[0], name[-1])
            ):
                self.by_text.setdefault(name.replace("的", ""), bearers)

    def _add_works(self, world: World) -> None:
        """厂里 for a plant, whatever it is called."""
        roots = [place for place in world.places.values() if place.inside is None]
        if len(roots) == 1 and roots[0].kind == "plant":
            for said in _WORKS:
                self.by_text.setdefault(said, _Bearers([], [roots[0].id], []))

    def _add_sides(self) -> None:
        """左阅读灯 for 左边阅读灯: `Forms` reads 左边的, 左侧那盏 so."""
        for name, bearers in list(self.by_text.items()):
            if (found := _SIDE_OF.fullmatch(name)) is not None:
                self.by_text.setdefault(found[1] + found[2], bearers)

    def _add_rooms(self) -> None:
        """起居室 for 客厅, where no other place is called so."""
        for row in rooms():
            here = {tuple(self.by_text[name].places): name for name in row if name in self.by_text}
            places = [own for own in here if own]
            if len(places) == 1 and len(here) == 1:
                for name in row:
                    self.by_text.setdefault(name, self.by_text[here[places[0]]])

    def _add_ends_of_places(self) -> None:
        """书房 for 阁楼书房, where no other place is called so at its end."""
        common = {name for row in rooms() for name in row}
        ends: dict[str, list[str]] = {}
        for name, bearers in self.by_text.items():
            for end in {name[at:] for at in range(1, len(name) - 1)} & common if bearers.places else ():
                ends.setdefault(end, []).append(name)
        for end, names in ends.items():
            if len({tuple(self.by_text[name].places) for name in names}) == 1:
                self.by_text.setdefault(end, self.by_text[names[0]])

    def _add_rooms_of(self) -> None:
        """小宝房里 for 小宝房间."""
        for name, bearers in list(self.by_text.items()):
            found = _ROOM_OF.fullmatch(name) if bearers.places else None
            if found is not None:
                for said in _ROOMS:
                    self.by_text.setdefault(found[1] + said, bearers)

    def _add_locks(self, world: World) -> None:
        """入户门 for 入户门锁, where nothing else is called so: it is what the lock is of."""
        for name, bearers in list(self.by_text.items()):
            of_a_lock = bool(bearers.things) and all(world.things[thing].kind == "lock" for thing in bearers.things)
            if of_a_lock and len(name) >= _SHORTEST_TAIL and name.endswith("门锁"):
                self.by_text.setdefault(name[:-1], bearers)

    def _add_doors(self, world: World) -> frozenset[str]:
        """前门 for 入户门, where no other door is called so. Such names are no sure ones: the set of them."""
        row = doors()
        here = {tuple(self.by_text[name].things): name for name in row if name in self.by_text}
        things = next(iter(here), ())
        kinds = {world.things[thing].kind for thing in things}
        if len(here) != 1 or not things or not kinds <= _DOORS:
            return frozenset()
        alike = frozenset(name for name in row if name not in self.by_text)
        self.by_text.update(dict.fromkeys(alike, self.by_text[here[things]]))
        return alike

    def _add_tails(self) -> None:
        """床头灯 for 左床头灯 and 右床头灯: the end of names, where it is more than the word for their kind."""
        tails: dict[str, _Bearers] = {}
        for name, bearers in self.by_text.items():
            numbered = _NUMBERED.fullmatch(name)
            if numbered is not None and numbered[1] not in self.by_text and numbered[1] not in senses_of():
                tails.setdefault(numbered[1], _Bearers([], [], [])).things += bearers.things  # 壁灯, of 一号壁灯
            if _SIDED.fullmatch(name) is not None and name[1:] not in self.by_text and name[1:] not in senses_of():
                tails.setdefault(name[1:], _Bearers([], [], [])).things += bearers.things  # 壁灯, of 左壁灯
            if not _HAN.fullmatch(name):
                continue
            for cut_off in range(1, len(name) - _SHORTEST_TAIL + 1):
                tail = name[cut_off:]
                if tail[0] in "号楼层排路区" or name[cut_off - 1] in _NUMERALS:
                    continue  # 号插座 is no end of 三号插座
                worded = tail in senses_of() or (tail[:-1] in senses_of() and tail[-1] not in _APPLIANCES)
                if tail not in self.by_text and not worded:
                    tails.setdefault(tail, _Bearers([], [], [])).things += bearers.things
        self._add_nouns(tails)
        self._add_short_tails(tails)
        self.by_text.update({tail: bearers for tail, bearers in tails.items() if bearers.things})
        self.tails = frozenset(tails)

    def _add_nouns(self, tails: dict[str, _Bearers]) -> None:
        """风口 for 一棚风口 and 二棚风口: what is left of a name behind that of a place."""
        places = {name for name, bearers in self.by_text.items() if bearers.places}
        for name, bearers in self.by_text.items():
            nouns = {name[at:] for at in range(1, len(name) - 1) if name[:at] in places} if bearers.things else ()
            for noun in nouns:
                if noun[0] != "的" and noun not in self.by_text and noun not in senses_of():
                    tails.setdefault(noun, _Bearers([], [], [])).things += bearers.things

    def _add_short_tails(self, tails: dict[str, _Bearers]) -> None:
        """灯柱 for 报警灯柱: two characters, where they end one thing's name only and are no word."""
        ends: dict[str, set[str]] = {}
        for name, bearers in self.by_text.items():
            for thing in bearers.things:
                ends.setdefault(name[-2:], set()).add(thing)
        for name, bearers in self.by_text.items():
            end = name[-2:]
            free = (
                end[-1] not in "号#"
                and end not in self.by_text
                and end not in senses_of()
                and end[0] not in senses_of()
            )
            if _HAN.fullmatch(name) and bearers.things and len(ends[end]) == 1 and free and name[-3] not in _NUMERALS:
                tails.setdefault(end, _Bearers([], [], [])).things += bearers.things

    def joined(self, text: str) -> str:
        """hueone for hue one: a name of several words as one, as it is kept."""
        blank = text.find(" ")
        while blank >= 0:
            before = range(max(0, blank - _LONGEST_JOINED), blank)
            starts = [at for at in before if text[at] != " " and not _is_within(text, at)]
            after = range(blank + 2, min(len(text), blank + _LONGEST_JOINED) + 1)
            ends = [to for to in after if text[to - 1] != " " and not _is_within(text, to)]
            spans = ((at, to, text[at:to].replace(" ", "")) for at in starts for to in ends)
            whole = (span for span in spans if span[2] in self.by_text)
            at, to, name = max(whole, key=lambda found: len(found[2]), default=(blank, blank + 1, " "))
            text = text[:at] + name + text[to:]
            blank = text.find(" ", at + len(name))
        return text

    def _of(self, name: str) -> _Bearers:
        return self.by_text.setdefault(plain(name).replace(" ", ""), _Bearers([], [], []))

    def alike_in(self, body: str) -> set[str]:
        """Names of things as long as this of which two characters at an end, or the first and the last, are the same."""
        if self._by_ends is None:
            self._by_ends = {}
            for name, bearers in self.by_text.items():
                if len(name) >= _SHORTEST_TAIL and bearers.things and name not in self.tails:
                    for key in _ends_of(name):
                        self._by_ends.setdefault(key, set()).add(name)
        return {name for key in _ends_of(body) for name in self._by_ends.get(key, ())}

    def sounding(self) -> Mapping[str, set[str]]:
        """Names by how they sound."""
        if self._by_sound is None:
            self._by_sound = _by_sound(self.by_text.keys() - self.tails)
        return self._by_sound


def _ends_of(name: str) -> tuple[tuple[str, str, int], ...]:
    """How a name begins, how it ends, each with its length: 12 of three is not 1 that ends in 23."""
    return ("begins", name[:2], len(name)), ("ends", name[-2:], len(name)), ("around", name[0] + name[-1], len(name))


def _by_sound(texts: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for text in texts:
        if len(text) >= _SHORTEST_HEARD:
            for sound in sounds(text):
                found.setdefault(sound, set()).add(text)
    return found


_names: WeakKeyDictionary[World, Names] = WeakKeyDictionary()


def names_of(world: World) -> Names:
    """Compiled once per world."""
    if world not in _names:
        _names[world] = Names(world)
    return _names[world]


@lru_cache(maxsize=1)
def senses_of() -> dict[str, frozenset[str]]:
    """The senses of every word."""
    import yaml

    from unisono.thing import kinds_of_place, traits

    found: dict[str, set[str]] = {}
    for sense, words in yaml.load(_WORDS.read_bytes(), Loader=yaml_loader()).items():
        if sense != "rules":
            for word in words:
                found.setdefault(word, set()).add(sense)
                if sense in MOVES and word.endswith("一点"):  # 暖一点, and so 暖一些
                    found.setdefault(word[:-1] + "些", set()).add(sense)
                if sense in ("faster", "slower") and len(word) == _TURNED and word[0] in "调加减提降":
                    for little in ("点", "一点", "些", "一些"):
                        found.setdefault(word + little, set()).add(sense)
                if sense.startswith("complaint:") and word[-1] != "了":
                    found.setdefault(word + "了", set()).add(sense)
                if sense in _TAKE_ENDINGS and word[-1] not in _ENDINGS:
                    for ending in _ENDINGS:
                        found.setdefault(word + ending, set()).add(sense)
    for name, trait in traits().items():
        for word in trait.names.get("zh", ()):
            if len(word) > 1:
                found.setdefault(plain(word), set()).add(f"trait:{name}")
    for kind, about in kinds_of_place().items():
        for word in about.names.get("zh", ()):
            if len(word) > 1:
                found.setdefault(plain(word), set()).add(f"place:{kind}")
    return {word: frozenset(senses) for word, senses in found.items()}


@lru_cache(maxsize=1)
def _longest_word() -> int:
    return max(map(len, senses_of()))


@lru_cache(maxsize=1)
def _words_by_sound() -> dict[str, set[str]]:
    return _by_sound(senses_of())


def cut(text: str, world: World) -> list[Piece]:
    """The pieces of a plain text, in order, all of it."""
    names, words = names_of(world), senses_of()
    spans: dict[int, list[tuple[int, Piece]]] = {}

    def offer(piece: Piece, cost: int) -> None:
        spans.setdefault(piece.start, []).append((cost, piece))

    times = moments(text)
    rhythms = [(moment.start, moment.end) for moment in times if moment.every is not None]
    for amount in quantities(text):
        body = text[amount.start : amount.end]
        if (amount.start, amount.end) in rhythms:
            continue  # 一三五早上
        offer(Piece(amount.start, amount.end, body, quantity=amount), _WORD_COST)
    for moment in times:
        offer(Piece(moment.start, moment.end, text[moment.start : moment.end], moment=moment), _WORD_COST)
    if (hidden := names.hidden(text)) != text:  # 十点二白扫地: the number is the name's
        for amount in quantities(hidden):
            offer(Piece(amount.start, amount.end, text[amount.start : amount.end], quantity=amount), _WORD_COST)
        for moment in moments(hidden):
            offer(Piece(moment.start, moment.end, text[moment.start : moment.end], moment=moment), _WORD_COST)
    longest = min(max(names.longest, _longest_word()), _LONGEST)
    within = [_is_within(text, at) for at in range(len(text) + 1)]
    for start in range(len(text)):
        if _MARK.match(text[start]) and text[start] not in ".+-":
            offer(Piece(start, start + 1, text[start], mark=True), 0)
            continue
        if within[start]:
            continue
        for end in range(start + 1, min(len(text), start + longest) + 1):
            if within[end]:
                continue
            body = text[start:end]
            bearers, senses = names.by_text.get(body), words.get(body)
            if bearers is not None:
                guessed = body in names.alike
                locks = body[-1] == "锁" and body[:-1] in names.by_text and _LOCKS.match(text, end) is not None
                cost = _WORD_COST - _NAME_BONUS + locks + (body in names.tails)
                offer(_name(start, end, body, bearers, senses, heard=guessed), cost)
            elif senses is not None:
                offer(Piece(start, end, body, senses, known=senses != _ELSEWHERE), _WORD_COST)
    pieces = _cheapest(text, spans)
    for i, piece in enumerate(pieces):
        if piece.text in names.numbers and not _is_dated(pieces, i):
            of = names.numbers[piece.text]
            other = _is_of_others(of, pieces[i + 1 : i + 2], world)
            pieces[i] = Piece(piece.start, piece.end, piece.text, things=() if other else of, known=not other)
    pieces = _counted(pieces, names)
    misheard = _misheard(text, pieces, names)
    if misheard:
        for piece in misheard:
            offer(piece, _WORD_COST - _NAME_BONUS)
        pieces = _cheapest(text, spans)
    if any(not piece.known for piece in pieces):
        heard = _hear(text, pieces, names, words)
        if heard:
            for piece in heard:
                offer(piece, _FUZZY_COST)
            pieces = _cheapest(text, spans)
    return pieces


def _is_dated(pieces: Sequence[Piece], at: int) -> bool:
    """一号启动灌装机, 这个月二号: a day of the month, and nobody's number."""
    after = pieces[at + 1 : at + 3]
    told = len(after) > 1 and bool(after[0].senses & VERBS_SET) and bool(after[1].things)
    return told or (at > 0 and pieces[at - 1].text.endswith("月")) or (bool(after) and after[0].moment is not None)


def _is_of_others(numbered: Sequence[str], after: Sequence[Piece], world: World) -> bool:
    """三号和面机, where the third is an oven: a noun stands behind the number, and none of those who bear it is that."""
    if not after or after[0].text[0] in _NUMERALS:
        return False
    kinds = {sense.partition(":")[2] for sense in after[0].senses if sense.startswith(("kind:", "sort:"))}
    akin = any(world.things[thing].kind in kinds for thing in numbered)
    return bool(after[0].things or kinds) and not akin and after[0].senses.isdisjoint(VERBS_SET)


def _counted(pieces: list[Piece], names: Names) -> list[Piece]:
    """两口锅: an unknown character behind a count is the noun that ends the names of those who are counted."""
    for i, (count, noun) in enumerate(pairwise(pieces)):
        if not noun.known and len(noun.text) == 1 and "both" in count.senses and count.text[0] in "两俩":
            things = names.nouns.get(noun.text, ())
            if things:
                pieces[i + 1] = msgspec.structs.replace(noun, things=things, known=True)
    return pieces


def _name(
    start: int, end: int, body: str, bearers: _Bearers, senses: frozenset[str] | None, *, heard: bool = False
) -> Piece:
    where = _WHERE if bearers.things else frozenset()  # a sensor that is called 外面
    return Piece(
        start, end, body, (senses or frozenset()) - where, tuple(dict.fromkeys(bearers.things)), tuple(dict.fromkeys(bearers.places)),
        tuple(dict.fromkeys(bearers.scenes)), heard=heard,
    )  # fmt: skip


def _cheapest(text: str, spans: Mapping[int, list[tuple[int, Piece]]]) -> list[Piece]:
    """Dynamic programming from the end: the cheapest cut from each point on."""
    costs, taken = [0] * (len(text) + 1), [Piece(0, 0, "")] * (len(text) + 1)
    for start in range(len(text) - 1, -1, -1):
        unknown = Piece(start, start + 1, text[start], known=False)
        cost, piece = costs[start + 1] + _UNKNOWN_COST, unknown
        for price, offered in spans.get(start, ()):
            total = price + costs[offered.end]
            if total < cost or (total == cost and offered.end > piece.end):
                cost, piece = total, offered
        costs[start], taken[start] = cost, piece
    found: list[Piece] = []
    at = 0
    while at < len(text):
        found.append(taken[at])
        at = taken[at].end
    return found


def _hear(text: str, pieces: list[Piece], names: Names, words: Mapping[str, frozenset[str]]) -> list[Piece]:
    """Names and words that sound like a stretch with something unknown in it."""
    unknown = {i for piece in pieces if not piece.known for i in range(piece.start, piece.end)}
    long = [piece for piece in pieces if piece.known and len(piece.text) > 1]
    if len(unknown) > _MOST_UNKNOWN:
        return []
    found = []
    for start in range(len(text)):
        for end in range(start + _SHORTEST_HEARD, min(len(text), start + _LONGEST_HEARD) + 1):
            body = text[start:end]
            if unknown.isdisjoint(range(start, end)):
                continue
            # 说|车窗: no word that was said is taken apart but for the whole name of a thing
            parts = any(p.start < start < p.end or p.start < end < p.end for p in long)
            said = sounds(body)
            near = {
                name for sound in said for name in names.sounding().get(sound, ()) if _like(body, name) or len(body) > 2
            }
            if len(near) == 1 and (not parts or (end - start >= _SHORTEST_TAIL and names.by_text[min(near)].things)):
                (name,) = near
                found.append(_name(start, end, name, names.by_text[name], words.get(name), heard=True))
                continue
            if parts:
                continue
            likely = {word for sound in said for word in _words_by_sound().get(sound, ()) if _like(body, word)}
            found += [Piece(start, end, word, words[word], heard=True) for word in sorted(likely) if _safe(words[word])]
    return found


def _misheard(text: str, pieces: list[Piece], names: Names) -> list[Piece]:
    """落地等 for 落地灯: a name of three characters or more that was heard as words of one, all but one character the same."""
    if any(piece.things for piece in pieces):
        return []  # what was named was heard well
    starts = {piece.start for piece in pieces} | {len(text)}
    found = [
        _name(one.start, two.end, name, names.by_text[name], None, heard=True)
        for one, two in pairwise(pieces)
        if len(one.text) == len(two.text) == 1
        and two.senses
        and not (one.text == "的" and one.start)  # 全屋的灯: no 地灯
        for name in _said_as(text[one.start : two.end], names, little=one.senses == _LITTLE)
    ]
    for start in sorted(starts):
        for end in range(start + _SHORTEST_TAIL, min(len(text), start + _LONGEST_HEARD) + 1):
            body = text[start:end]
            near = {
                name for name in names.alike_in(body)
                if sum(a != b for a, b in zip(body, name, strict=True)) == 1 and end in starts
            }  # fmt: skip
            if len(near) == 1 and not set(sounds(body)).isdisjoint(sounds(min(near))):
                (name,) = near
                found.append(_name(start, end, name, names.by_text[name], senses_of().get(name), heard=True))
    return found


def _said_as(body: str, names: Names, *, little: bool) -> set[str]:
    """桅灯 for 为灯, 喷泉 for 喷全: the one name of a thing that sounds so and ends so, where a little word begins it, or begins so."""
    near = {
        name for sound in sounds(body) for name in names.sounding().get(sound, ())
        if len(name) == len(body) and ((little and name[-1] == body[-1]) or name[0] == body[0]) and names.by_text[name].things
    }  # fmt: skip
    return near if len(near) == 1 else set()


#: What stands behind any verb makes no two words alike.
_EMPTY = "了掉上好的一"


def _like(body: str, word: str) -> bool:
    """Whether one character at least is the same: not everything that sounds alike was meant."""
    return any(a == b and a not in _EMPTY for a, b in zip(body, word, strict=True))


#: What is worth hearing: what is to be done, to what, to which value. A little word is never what was meant.
_WORTH_HEARING = ("kind:", "sort:", "trait:", "color:", "mode:", "level:")


def _safe(senses: frozenset[str]) -> bool:
    """What opens, is of another matter, or says nothing is never heard into a sentence."""
    if senses & {"unlock", "disarm", "elsewhere"}:
        return False
    return bool(senses & VERBS_SET) or any(sense.startswith(_WORTH_HEARING) for sense in senses)
