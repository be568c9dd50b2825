"""Who is meant by a clause of a Chinese sentence, as far as what was said before it tells.

Knows 它, 也, 另一个, 其他, 第二个, the room that a reason or a condition was about, and the thing that was asked back. Does nothing to anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from unisono.assist.languages.zh.beside import is_bare
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.sentence import Sentence, about_us, is_kind, senses
from unisono.assist.languages.zh.target import TOGETHER, Target, another, find_target, is_left_out, its_car
from unisono.assist.languages.zh.whole import ONE
from unisono.assist.languages.zh.wish import Wish, traits_of
from unisono.assist.plan import Condition, Step

__all__ = ["ANSWER_MOST", "Meant", "Open"]

#: 那空调升到二十八度, after the room's temperature was asked.
_THEN = frozenset({"那", "那就", "那么", "那把", "把"})
#: An answer to "which one?" is short.
ANSWER_MOST = 4


class Open(NamedTuple):
    """What was asked back: the wish that lacks its thing, and between whom."""

    wish: Wish
    offer: tuple[str, ...]


def _is_heard(pieces: Sequence[Piece]) -> bool:
    """继续播放, 接着放: of what sounds."""
    return any(c in piece.text for piece in pieces for c in "播放听唱歌")


class Meant:
    """What the clauses so far have told of who is meant. ``last``: who was spoken of; ``places``: where."""

    def __init__(self, sentence: Sentence, conditions: tuple[Condition, ...]) -> None:
        self.sentence = sentence
        self.conditions = conditions
        self.steps: list[Step] = []
        self.excepted: set[str] = set()
        self.denied: set[str] = set()
        self.last = tuple(thing for one in conditions for thing in one.things)
        self.places = {sentence.world.things[thing].place for thing in self.last}
        #: the rooms that a condition or a reason is about: 茶室太暗了，把灯打开
        self.about = {place for place in self.places if sentence.world.places[place].inside is not None}
        self.doubted = False
        #: whether another clause comes behind the one that is read
        self.followed = False

    def _touched(self) -> set[str]:
        return {thing for step in self.steps for thing in step.things}

    def _again(self, pieces: Sequence[Piece], found: set[str]) -> Wish | None:
        """转炉也一样, 我说的是马灯, 卧室的呢; or the answer to "which one?": the wish before, for another."""
        wish: Wish | None = self.sentence.memory.wish
        if wish is None or not (about_us(pieces) or senses(pieces) & {"it", "other"}):
            return None
        asked = (
            bool(self.denied)
            or self._is_only_who(pieces)
            or (self.sentence.memory.open is not None and len(pieces) <= ANSWER_MOST)
        )
        return (
            wish
            if asked or found & {"also", "meant", "same", "again"} or (pieces[-1].text == "呢" and not self.followed)
            else None
        )

    def _is_only_who(self, pieces: Sequence[Piece]) -> bool:
        """把灯打开, and then 焙房的, or 蘑菇灯: for those as well, or rather."""
        plan = self.sentence.memory.plan
        if plan is None or plan.outcome != "act" or self.steps or self.followed or self.conditions:
            return False
        only = all(piece.named or is_kind(piece) or piece.senses <= {"particle", "it"} for piece in pieces)
        done = {step.trait for step in plan.steps}
        same = any(self.sentence.world.things[thing].takes & done for piece in pieces for thing in piece.things)
        place = any(piece.places for piece in pieces) and pieces[-1].text == "的"
        return only and (same or place)

    def _other_value(self, wish: Wish) -> Wish | None:
        """空调调到二十四, 哦不, 二十六: the wish before, with this amount."""
        before: Wish | None = self.sentence.memory.wish
        asked = isinstance(self.sentence.memory.open, Open)
        only = wish.verb == "set" and not (wish.traits or self.steps or self.last or wish.color or wish.mode)
        if before is None or before.amount is None or wish.amount is None:
            return None
        if not (asked and is_bare(wish)) and not (only and wish.amount.unit in (None, before.amount.unit)):
            return None  # 充到九十, and then 改成八十五
        amount = wish.amount if wish.amount.unit else msgspec.structs.replace(wish.amount, unit=before.amount.unit)
        return msgspec.structs.replace(before, amount=amount)

    def _target(self, pieces: Sequence[Piece], wish: Wish) -> Target:
        """Who is meant; what was spoken of before where nobody is named."""
        traits = traits_of(wish)
        world, memory = self.sentence.world, self.sentence.memory
        found = senses(pieces)
        if wish.verb == "clean":
            pieces = [piece for piece in pieces if piece.things or not piece.places]  # where, not who
        if wish.verb in ("lock", "unlock") and self.last and not any(piece.named for piece in pieces):
            pieces = [piece for piece in pieces if piece.text != "锁"]  # 没锁就锁: what is done, and no lock
        if wish.verb == "honk":
            pieces = [piece for piece in pieces if "trait:horn" not in piece.senses]  # 喇叭 is no loudspeaker then
        target = self._around(pieces, find_target(pieces, world, self.sentence.speaker, traits), traits)
        if (target.named or target.kinds) and target.things and is_left_out(pieces, target.things, world):
            return Target(said=True, why="which_thing")
        if self.steps and (car := its_car(pieces, target, self.last, world)) is not None:
            return Target(things=(car,), said=True, kinds=target.kinds)  # 大车座椅通风三档，空调二十二度
        then = bool(pieces) and pieces[0].text in _THEN and memory.plan is not None and memory.plan.query is not None
        if (
            (found & {"it", "also"} or then)
            and "other" not in found
            and target.kinds
            and not (target.named or target.places or target.every)
        ):
            target = self._beside_the_last(target)
            if len(target.things) > 1 and any(piece.text in ONE for piece in pieces):
                # 那个灯, of several and after nothing
                return Target(said=True, kinds=target.kinds, why="ambiguous", offer=target.things)
        if found & {"rest", "other"} and self.places and not target.places and not target.named:
            here = {thing for place in self.places for thing in world.within(place)}
            target.things = tuple(thing for thing in target.things if thing in here) or target.things
        if target.named or target.kinds or (target.said and target.things and not traits):
            if target.why == "ambiguous" and self.places and not target.places:
                near = tuple(t for t in target.offer if self.places & set(world.path(world.things[t].place)[:1]))
                if len(near) == 1:
                    return Target(things=near, said=True)
            if target.why == "ambiguous" and memory.plan is not None and memory.plan.query and not target.places:
                asked = {world.things[thing].place for thing in memory.plan.query.things}
                near = tuple(t for t in target.offer if world.things[t].place in asked)
                if len(near) == 1:
                    return Target(
                        things=near, said=True, named=target.named, kinds=target.kinds
                    )  # 一棚多少度, 风口开到七十
            if "other" in found and "rest" not in found and memory.things and not target.named and not target.every:
                left = tuple(thing for thing in target.offer or target.things if thing not in memory.things)
                if len(left) == 1:
                    return Target(things=left, said=True)
                return Target(said=True, why="ambiguous" if left else "no_such_thing", offer=left)
            return target
        if isinstance(memory.open, Open) and memory.open.offer and len(pieces) <= ANSWER_MOST:
            offered = memory.open.offer
            there = tuple(t for t in offered if set(target.places) & set(world.path(world.things[t].place)))
            if len(there) == 1:
                return Target(things=there, said=True)
        spoken = self.excepted or (self._touched() if found & {"rest", "other"} else set())
        if found & {"rest", "other", "all"} and spoken and not target.places:
            kinds = {world.things[thing].kind for thing in spoken}
            alike = tuple(thing.id for thing in world.things.values() if thing.kind in kinds)
            rooms = self.places - {world.root}
            here = {thing for place in rooms for thing in world.within(place)} - spoken
            there = tuple(thing for thing in alike if thing in here)  # 客厅只留落地灯, 别的关掉
            return Target(things=there or alike, said=True, every=True)
        before = self.last or memory.things
        if not before and "it" in found and not (target.places or target.every):
            return Target(said=True, why="which_thing")  # 把它调成蓝色, after nothing
        if not before or found & {"everything"}:
            return target
        if not target.places:
            if "other" in found and "all" not in found:
                return another(before, world)
            shown = {*traits, "andon"} if "color" in traits else set(traits)
            shown |= {"fan_speed"} if wish.mode == "auto" else set()  # 净化塔风速多少, 调成自动
            if wish.verb in ("pause", "resume") and not _is_heard(pieces):
                shown |= {"start_stop", "on_off"}  # 装袋机停一下, 接着跑
            able = tuple(thing for thing in before if not traits or world.things[thing].takes & shown)
            together = any(piece.text == "都" for piece in pieces)
            if len(able) == 1 and not self.last and together and len(memory.recent) > 1:
                able = tuple(thing for thing in memory.recent if not traits or world.things[thing].takes & shown)
            if len(able) == 1 and not self.last and together:
                return Target(said=True, why="which_thing")  # 都调到五十, and one was spoken of
            if able or not traits:
                return Target(things=able or before, said=True, every=len(able or before) > 1)
        elif not target.things and not target.why:
            kinds = {world.things[thing].kind for thing in before}
            like_those = [
                thing for place in target.places for thing in world.within(place) if world.things[thing].kind in kinds
            ]
            if like_those:
                return Target(things=tuple(dict.fromkeys(like_those)), said=True, every=True)
        if self.last and target.things and not (target.named or target.kinds or target.places or wish.traits):
            # 皮卡热上车，暖风开二十四: of the car, which has none, and not of the room
            self.doubted = self.doubted or not set(target.things) & set(self.last)
        return target

    def _around(self, pieces: Sequence[Piece], target: Target, traits: Sequence[str]) -> Target:
        """茶室太暗了，把灯打开: the tea room's, wherever that is said."""
        world, speaker = self.sentence.world, self.sentence.speaker
        apart = target.named or target.places or target.every or senses(pieces) & {"here", "outdoor", "indoor", "it"}
        if not apart and self._is_elsewhere(pieces, target, traits):
            self.doubted = True
        if len(self.about) != 1:
            return target
        (room,) = self.about
        several = any(len(piece.things) > 1 for piece in pieces)
        if several and not target.places and (near := tuple(t for t in target.things if t in world.within(room))):
            return Target(things=near, said=True, named=True, every=True)  # 一棚高过三十度就把风口全开
        if apart:
            return target
        moved = find_target(pieces, world, msgspec.structs.replace(speaker, place=room), traits)
        there = set(world.within(room))
        if (moved.things or moved.offer) and there.issuperset(moved.things or moved.offer):
            return moved
        kinds = {world.things[thing].kind for thing in target.things}
        several = sum(thing.kind in kinds for thing in world.things.values()) > len(target.things)
        self.doubted = self.doubted or several or len(target.things) > 1
        return target

    def _is_elsewhere(self, pieces: Sequence[Piece], target: Target, traits: Sequence[str]) -> bool:
        """床头灯开，主卧灯关，窗帘拉上: of the room that all the orders were for, or of this one?"""
        world, speaker = self.sentence.world, self.sentence.speaker
        rooms = {world.things[thing].place for thing in self._touched()}
        if len(rooms) != 1 or not target.kinds or not target.things or speaker.place is None or speaker.place in rooms:
            return False
        (room,) = rooms
        moved = find_target(pieces, world, msgspec.structs.replace(speaker, place=room), traits)
        there = set(world.within(room))
        return bool(moved.things) and there.issuperset(moved.things) and set(moved.things) != set(target.things)

    def _beside_the_last(self, target: Target) -> Target:
        """关掉书房的灯, and then 那个空调也关了: the one that is where the last was."""
        world = self.sentence.world
        where = {world.things[thing].place for thing in self.last or self.sentence.memory.things}
        all_of = {world.things[thing].kind for thing in (*target.things, *target.offer)}
        there = tuple(t.id for t in world.things.values() if t.place in where and t.kind in all_of)
        one = len({world.things[thing].kind for thing in there}) == 1 and (len(there) == 1 or all_of <= TOGETHER)
        return Target(things=there, said=True, kinds=target.kinds) if one else target
