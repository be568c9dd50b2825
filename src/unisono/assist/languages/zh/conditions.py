"""What a Chinese condition waits for: a state, or a level that is compared (超过, 不到, 以下)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.assist.languages.zh.change import NotPossibleError, value_in
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.gate import says_more
from unisono.assist.languages.zh.sentence import Sentence, has, is_verb, senses, unknown
from unisono.assist.languages.zh.target import Target, tellers
from unisono.assist.languages.zh.told import (
    asked,
    is_partly_named,
    of_rooms,
    states_in,
    tests_of,
    told,
    traits_asked,
    unit_traits,
)
from unisono.assist.plan import Condition
from unisono.assist.quantity import Quantity

if TYPE_CHECKING:
    from unisono.assist.world import World

__all__ = ["condition", "denied"]

#: 变绿, 转绿, 成红的: how a colour comes.
_TURNS = "变转成亮显是了"
_I = frozenset({"我", "我们", "咱", "咱们"})
#: What people call an empty battery, in percent.
LOW_BATTERY = 20


def condition(pieces: Sequence[Piece], sentence: Sentence, last: Sequence[str]) -> Condition | None:
    """What a condition's words wait for; None where they say nothing that a thing tells."""
    amounts = [p for p in pieces if p.quantity is not None and p.quantity.form != "ordinal"]
    compared = [p for p in amounts if any(q.end == p.start and q.senses & {"above", "below"} for q in pieces)]
    amount = next((p.quantity for p in [*compared, *amounts]), None)
    for_s = next((p.moment.seconds for p in pieces if p.moment is not None and p.moment.role == "for"), None)
    states = states_in(pieces) or _moved(pieces, sentence)
    telling = [*traits_asked(pieces, _text(pieces)), *(unit_traits(amount.unit) if amount is not None else ())]
    if unknown(pieces) and not is_partly_named(pieces, sentence.world, telling, states):
        return None
    if amount is None and (shown := _shown(pieces, sentence)) is not None:
        return shown
    if _is_the_speakers_doing(pieces):
        return None  # 等我停好车
    if any(_is_wish(piece) for piece in pieces):
        return None  # 高于六度亮红灯: more than a condition
    if says_more(pieces, compared=amount is not None and bool(amounts)):
        return None  # 没人温度超过二十度: two conditions, or a word that changes one
    if "state:low" in senses(pieces):
        return _run_low(pieces, sentence, last)
    if amount is not None and (senses(pieces) & {"above", "below"} or not states):
        return _compared(pieces, amount, for_s, sentence, last)
    return _in_state(pieces, states, for_s, sentence, last) if states else None


_COMES = {"来": "home", "来了": "home", "到": "home", "到了": "home", "走": "away", "走了": "away"}


def _moved(pieces: Sequence[Piece], sentence: Sentence) -> list[str]:
    """二奎来了: said of somebody of the house."""
    things = sentence.world.things
    who = bool(pieces) and bool(pieces[0].things) and all(things[one].kind == "person" for one in pieces[0].things)
    said = _text([piece for piece in pieces[1:] if not piece.mark])
    return [_COMES[said]] if who and said in _COMES else []


def denied(one: Condition) -> Condition | None:
    """The opposite of a state; None of a level."""
    if isinstance(one.equals, bool):
        return msgspec.structs.replace(one, equals=not one.equals)
    return msgspec.structs.replace(one, equals=_OPPOSITES[one.equals]) if one.equals in _OPPOSITES else None


def _is_wish(piece: Piece) -> bool:
    """A word for doing that is none for a state or a comparison: 亮红灯."""
    said = has(piece, "state:") or has(piece, "trait:") or piece.senses & {"above", "below", "particle"}
    return has(piece, "color:") and not said and not piece.named


def _is_the_speakers_doing(pieces: Sequence[Piece]) -> bool:
    """我停好车: what nobody here tells; 我到家 is told."""
    return any(
        one.text in _I and is_verb(two) and not two.senses & {"state:home", "state:away"}
        for one, two in pairwise(pieces)
    )


def _shown(pieces: Sequence[Piece], sentence: Sentence) -> Condition | None:
    """塔灯变绿: the colour of what shows by colours how things stand."""
    things = [thing for piece in pieces for thing in piece.things]
    colors = {
        sense.partition(":")[2] for p in pieces if not p.named for sense in p.senses if sense.startswith("color:")
    }
    rest = [p for p in pieces if not p.named and not has(p, "color:")]
    if len(things) != 1 or len(colors) != 1 or "andon" not in sentence.world.things[things[0]].tells:
        return None
    if any(not p.senses & {"particle"} and p.text[0] not in _TURNS for p in rest):
        return None
    return Condition(things=tuple(things), trait="andon", equals=colors.pop())


def _run_low(pieces: Sequence[Piece], sentence: Sentence, last: Sequence[str]) -> Condition | None:
    """没电了, 电量不足."""
    target = asked(pieces, sentence.world, sentence.speaker, ("battery",), (), last)
    having, trait = tellers(target.things, sentence.world, ("battery",))
    if trait is None or (len(having) > 1 and not target.named):
        return None
    return Condition(things=tuple(having), trait=trait, below=LOW_BATTERY)


def _compared(
    pieces: Sequence[Piece], amount: Quantity, for_s: float | None, sentence: Sentence, last: Sequence[str]
) -> Condition | None:
    """超过六度, 跌破六巴, 剩不到两成."""
    world, found = sentence.world, senses(pieces)
    units = unit_traits(amount.unit)
    if amount.unit in (None, "%") and "充" in _text(pieces):
        units = ["battery"]
    named = [trait for trait in traits_asked(pieces, _text(pieces)) if trait not in ("location", "count")]
    wanted = named if "cabin_temperature" in named and "temperature" not in named else [*(named or units), *units]
    target = asked(pieces, world, sentence.speaker, wanted, (), last)
    if not wanted and amount.unit is None and all("target_temperature" in world.things[t].takes for t in target.things):
        wanted = ["temperature"]  # 层炉到了二百三
    having, trait = tellers(target.things, world, wanted)
    if trait is None:
        return None
    if not target.named and not target.kinds and trait in ("temperature", "humidity"):
        having = of_rooms(having, world, trait) or (having if target.places else [])  # 冷库高于零下十度
    if len(having) > 1 and not target.named:
        having = _only(having, world)
    if not having:
        return None
    try:
        value = value_in(amount, trait)
    except NotPossibleError:
        return None
    reached = any(piece.text[-1] == "到" and piece.end == amount.start for piece in pieces)
    now = [one for thing in having if isinstance(one := world.state(thing).get(trait), int | float)]
    denied = any(p.text in _NOT and p.end == q.start and _compares(q) for p, q in pairwise(pieces))
    if reached and denied and not found & {"above", "below"}:
        return Condition(things=tuple(having), trait=trait, below=value, for_s=for_s)  # 没到四十
    if reached and not found & {"above", "below"} and len(now) == len(having):
        rises = all(one < value for one in now)
        return Condition(
            things=tuple(having),
            trait=trait,
            above=value if rises else None,
            below=None if rises else value,
            for_s=for_s,
        )  # 到两百度了
    if not found & {"above", "below"}:
        return Condition(things=tuple(having), trait=trait, equals=value, for_s=for_s)
    below = ("below" in found and not ("above" in found and "以上" in _text(pieces))) is not denied  # 不超过
    return Condition(
        things=tuple(having), trait=trait, below=value if below else None, above=None if below else value, for_s=for_s
    )  # fmt: skip


_NOT = frozenset({"不", "没", "没有", "未", "还没", "还没有"})


def _compares(piece: Piece) -> bool:
    return bool(piece.senses & {"above", "below"}) or piece.text == "到"


def _in_state(
    pieces: Sequence[Piece], states: Sequence[str], for_s: float | None, sentence: Sentence, last: Sequence[str]
) -> Condition | None:
    """漏水, 护罩打开, 到家, 洗好了."""
    world = sentence.world
    traits = traits_asked(pieces, _text(pieces))
    target = asked(pieces, world, sentence.speaker, traits, states, last)
    alone = _speaks_of_itself((*states, *traits))
    if (
        {"home", "away"} & set(states)
        and sentence.speaker.person in world.things
        and any(c in _text(pieces) for c in "我咱")
    ):
        target = Target(things=(sentence.speaker.person or "",), said=True, named=True)
    if not target.things or (not target.said and not alone):
        return None
    having, trait = tellers(target.things, world, traits)
    value = next((v for state in states for t, v in tests_of(state) if t == trait), None)
    if trait is None or value is None:
        having, trait, value = told(target, (), states, world, "")
    if trait is None or value is None or (len(having) > 1 and not (target.every or target.named or alone)):
        return None
    if _denied(pieces):
        return denied(Condition(things=tuple(having), trait=trait, equals=value, for_s=for_s))
    return Condition(things=tuple(having), trait=trait, equals=value, for_s=for_s)


_OPPOSITES: dict[Any, Any] = {
    "open": "closed",
    "closed": "open",
    0: 100,
    100: 0,
    "home": "not home",
    "not home": "home",
}


def _denied(pieces: Sequence[Piece]) -> bool:
    """没停: a state that is said not to be."""
    return any(
        piece.text in ("没", "没有", "未", "不", "不再", "还没") and has(after, "state:")
        for piece, after in pairwise(pieces)
    )


def _text(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def _speaks_of_itself(states: Sequence[str]) -> bool:
    """Smoke, gas, water: wherever it is."""
    return bool({"leak", "smoke", "gas"} & set(states))


def _only(having: Sequence[str], world: World) -> list[str]:
    """Of several in a place the one that is there to measure."""
    sensors = [thing for thing in having if world.things[thing].kind.startswith("sensor")]
    return sensors if len(sensors) == 1 else []
