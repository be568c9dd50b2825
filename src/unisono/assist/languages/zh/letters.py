"""Chinese characters: one way of writing for all (simplified, half-width), and how they are said.

Knows the tables ``traditional.txt`` and ``pinyin.txt``. A plain text has as many characters as it came with, but for
what compatibility forms unfold; nobody relies on offsets into the original.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import product
from pathlib import Path

from unisono.assist.letters import ONLY_HAN

__all__ = ["plain", "sounds", "strip_address"]

_HERE = Path(__file__).parent

#: What speakers and recognisers mix up: the second is heard as the first.
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"), ("hu", "f"))

_ADDRESS = re.compile(
    r"^(?:(?:嘿|嗨|喂|哎|hey|hi|hello|ok|你好)?[,， ]*(?:小爱同学|小爱|天猫精灵|天猫|精灵|小度小度|小度|小艺小艺|小艺|小布小布|小布|"
    r"(?:喂+|你好)?(?:能|你)?听得?[见到]了?(?:吗|没有?|不)[?？]?(?=[，, ]|请|把|帮|给|麻烦)|在吗[?？]?(?=[，, ]|请|把|帮|给|麻烦)|小欧小欧|小美小美|小智小智|你好小智|小冰|叮咚叮咚|若琪|小管家|智能管家|管家|小助手|助手|siri|alexa|google|olly|jarvis|贾维斯|"
    r"小米小米|小微|小飞小飞|问问|度秘|unisono)[,，.。!！~ ]*|(?:嘿|嗨|喂|哎|诶|欸|哈喽|哈啰)[,，.。!！ ]+)+"
)
_FILLERS = re.compile(
    r"太那?个?啥了?[，, ]*|^(?:哎|诶|欸|喂|嘿|唉)呀?我说[，, 啊呀]*|不好意思啊?(?=[,，。 ])|呃+|嗯+|唔+(?=[，,。 ]|$)|额+(?![度定外])|(?:那个){2,}|(?:这个){2,}|(?<![a-z])(?:uh|um|er)(?![a-z])|怎么说呢|那什么|[那内]啥(?=[把将帮给你请开关打调])|(?:把)?那个?[啥谁](?=[，,])|就是那个什么|…+|\.{2,}|~+|—+|～+"
)
#: 七十呃六十: not this number but that.
_SLIP = re.compile(
    r"(?<=[0-9零一二两三四五六七八九十百半度成])[ ,，]*[呃嗯]+[ ,，]*(?=[0-9零一二两三四五六七八九十百])"
)
#: 打开打开: said twice by a stutter; in 流理台灯台灯都关了 it is the end of a name, and another.
_DOUBLED = re.compile(
    r"(?:(?<![\u3400-\u9fff])|(?<=[把将给让的了请]))([^\W\d_零一二三四五六七八九十百]{2,5})(?:[,，、 ]*\1)+(?![点些])"
)
#: 关火关火, at the end.
_INSISTED = re.compile(r"([\u3400-\u9fff]{2,4})\1$")
#: 链、链烘机: begun twice.
_BEGUN_TWICE = re.compile(r"(?:^|(?<=[，, 把将给]))([^\W\d_灯门窗帘]{1,2})[、，,]+(?=\1)")
_HAN = r"[\u3400-\u9fff]"
_BLANKS = re.compile(rf"(?<={_HAN})\s+(?={_HAN}|\d)|(?<=\d)\s+(?={_HAN})|(?<=[,，。])\s+|\s+(?=[,，。])")
_COMMA = re.compile(r"(?<!\d),|,(?!\d)")
_MORE, _LESS = re.compile(rf"(?<={_HAN})\+(?=[0-9])"), re.compile(r"(?<=[度量温速])-(?=[0-9])")
_COMMAS = re.compile(r"[，,]\s*[，,]")
_POINT = re.compile(r"(\d)点(\d+)(?=度|%|千瓦|巴)")
_DROPPED = {0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD} | set(range(0x202A, 0x202F)) | set(range(0x2066, 0x206A))


@lru_cache(maxsize=1)
def _traditional() -> dict[int, str]:
    pairs = _table("traditional.txt")
    flat = "".join(pairs)
    return {ord(flat[i]): flat[i + 1] for i in range(0, len(flat), 2)}


def _table(name: str) -> list[str]:
    lines = (_HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def plain(text: str) -> str:
    """Lower case, half-width, simplified, without characters that nobody sees."""
    if ONLY_HAN.fullmatch(text):  # most names
        return _POINT.sub(r"\1.\2", text.translate(_traditional()))
    text = unicodedata.normalize("NFKC", text).lower().translate(_traditional())
    text = "".join(
        " " if c.isspace() else str(unicodedata.decimal(c)) if c.isdecimal() else c
        for c in text
        if ord(c) not in _DROPPED and (c.isspace() or unicodedata.category(c) != "Cc")
    )
    text = _BLANKS.sub("", _COMMA.sub("，", " ".join(text.split())))
    text = _LESS.sub("减", _MORE.sub("加", text))
    return _POINT.sub(r"\1.\2", text)


def strip_address(text: str) -> str:
    """Without what calls the assistant, hesitations, and words said twice in a row."""
    text = _ADDRESS.sub("", text)
    text = _COMMAS.sub("，", _FILLERS.sub("", _SLIP.sub("不对", text)))
    text = _BEGUN_TWICE.sub("", text.lstrip(" ,，、"))
    text = _INSISTED.sub(r"\1", text)
    return _DOUBLED.sub(r"\1", text).strip(" ,，、.。!！")


@lru_cache(maxsize=1)
def _sounds() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in _table("pinyin.txt"):
        syllable, _, characters = line.partition(" ")
        for character in characters:
            found.setdefault(character, []).append(_alike(syllable))
    return {character: tuple(dict.fromkeys(syllables)) for character, syllables in found.items()}


def _alike(syllable: str) -> str:
    for precise, heard in _ALIKE:
        if syllable.startswith(precise) or syllable.endswith(precise):
            syllable = syllable.replace(precise, heard)
    return "l" + syllable[1:] if syllable[0] == "n" and len(syllable) > 1 else syllable


def sounds(text: str) -> list[str]:
    """Every way a text may be said, alike sounds as one; at most sixteen, none where a character is unknown."""
    each = [_sounds().get(character, ()) for character in text]
    if not all(each):
        return []
    return [" ".join(said) for said, _ in zip(product(*each), range(16), strict=False)]
