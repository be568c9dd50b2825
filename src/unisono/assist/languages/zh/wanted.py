"""The clauses of one Chinese sentence, taken one after the other: what is wanted of whom, what is left out, what is denied.

Knows how clauses hang together: 除了, 别停, 也, 它, 其他. One clause that is not understood, and nothing is done.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence

import msgspec

from unisono.assist.languages.zh.beside import (
    around_unknown,
    each_pair,
    each_trait,
    is_bare,
    is_compared,
    is_list,
    is_reason,
    is_timed,
    panes_of_a_car,
    played,
    split_except,
    told_text,
    turns,
    two_values,
    without_beneficiary,
    without_by_itself,
    without_its_work,
    without_reason,
)
from unisono.assist.languages.zh.change import STEPPED, NotPossibleError, steps_of
from unisono.assist.languages.zh.clauses import Clause
from unisono.assist.languages.zh.cut import Piece
from unisono.assist.languages.zh.fragment import is_alone, is_going_on, is_left_open, is_title
from unisono.assist.languages.zh.gate import (
    ROUGHLY,
    after_told,
    is_at_odds,
    is_further,
    is_half_named,
    is_leaning,
    is_like_another,
    is_loose,
    is_miscounted,
    is_misplaced,
    is_reported,
    is_taken_back,
    is_told,
    is_turned,
    is_undone,
    is_unused,
)
from unisono.assist.languages.zh.level import level_of, switched_on
from unisono.assist.languages.zh.meant import ANSWER_MOST, Meant, Open
from unisono.assist.languages.zh.numbers import is_rough
from unisono.assist.languages.zh.relief import complains, relieve
from unisono.assist.languages.zh.saying import lacks_reset, unable
from unisono.assist.languages.zh.scope import is_negated, is_stop
from unisono.assist.languages.zh.sentence import Sentence, about_us, has, is_kind, is_verb, senses, unknown
from unisono.assist.languages.zh.target import (
    ONE_OF,
    Target,
    called_in_part,
    find_target,
    outdoors,
    rooms_called_after,
    rooms_in,
)
from unisono.assist.languages.zh.together import is_contradictory, joined, timed
from unisono.assist.languages.zh.told import in_state
from unisono.assist.languages.zh.unread import (
    is_about_somebody,
    is_doubtful,
    is_dropped,
    is_explained,
    is_noun_phrase,
    is_plan_of_theirs,
    is_superlative,
    is_to_and_fro,
    is_unlocked_by_the_way,
    left_over,
    split_state,
)
from unisono.assist.languages.zh.whole import is_risky, kin_of
from unisono.assist.languages.zh.wish import ENDS, Wish, wish_of
from unisono.assist.moment import Moment
from unisono.assist.plan import ACTING, Condition, Plan, Step

__all__ = ["Open", "Wanted"]

_EXCEPT = re.compile(
    r"(?<![解霜雾冰])除了|除开|除去|(?<![解清删扫去移排消霜雾冰灰])除(?=[^雾霜湿冰尘臭非])|唯独|不包括|不算|不含"
)
_KEPT = re.compile(
    r"留着|留下|只留|就留|留(?=[一个盏Ｎ])(?!个?Ｑ)(?!个?[条道]?缝|个?Ｑ)|除外|例外|保持(?:不变|原样|现状|着)|别动|不动|不变|不算|照旧|不管|就算了|维持(?!在)"
)
#: 不关主灯关灯带: this and not that; 不要 is of both.
_NOT_THIS = re.compile(r"(?<![要别])不[开关停锁拉](?![^，。]{0,2}[也还])")
#: 只留, 就开着: it alone.
_ALONE = re.compile(r"(?:只|就|光|仅|单)(?:留下?|剩下?|(?P<on>留着|开着|亮着|点着))(?!一)")
_SAME = re.compile(r"不变|不动|别动|保持|维持")
#: 别太亮: how it is to be done, and not that it is not.
_NOT_TOO = re.compile(r"(?:但|可|就)?(?:别|不要|不用|不必)(?:开|调|弄|搞)?(?:得)?(?:太|那么|这么)")
#: Unknown characters in a clause that asks for nothing: a reason given, or another matter.
_UNSURE_MOST = 2
#: And in one that says what somebody of the house has come to.
_CAME_MOST = 4
_AND_TELL = frozenset({"并", "并且", "且", "同时", "然后", "再", "也", "还", "顺便"})
_FOR = frozenset({"给", "帮", "替", "为"})
#: Who has a reason for what is wanted.
_WHO = frozenset({"我", "我们", "咱", "咱们", "孩子", "宝宝", "家人", "客人", "我要", "我想", "我得", "我需要"})
#: What somebody is about.
_AT_IT = frozenset({"在", "正在", "正"})
#: 别转了, 甭亮着了, 不用放了
_ENDED_BY = frozenset({"别", "不要", "不用", "不", "用", "唔好", "甭", "莫", "再", "老", "总"})
_RUNS = frozenset({"转", "跑", "吹", "烧"})
#: What is not done by a number.
_NO_AMOUNT = frozenset(
    {"off", "close", "stop", "lock", "unlock", "pause", "dock", "honk", "arm", "disarm", "mute", "unmute"}
)
#: 贴片线全停: what is of the room, and not of the line.
_NO_MACHINES = frozenset({"light", "siren", "andon", "alarm"})
#: No list of things in a sentence is longer, in pieces.
_LONGEST = 100


class Wanted(Meant):
    """The clauses of one sentence, taken one after the other."""

    def __init__(self, sentence: Sentence, conditions: tuple[Condition, ...], *, act_if: bool = False) -> None:
        super().__init__(sentence, conditions)
        self.act_if = act_if
        self.told: list[Step] = []
        self.times: list[Moment] = []
        self.pending: list[Piece] = []
        self.problem: Plan | None = None
        self.refused = False
        self.state: list[Piece] = []
        #: a part of somebody, of which a state was told
        self.topic: list[Piece] = []
        #: whether something that nobody knows was complained of
        self.strange = False
        #: whether what is done later is done by itself each time
        self.by_itself = False

    def plan(self, parts: Sequence[Clause]) -> Plan:
        if len(parts) == 1 and (left := self._left_on(parts[0])) is not None:
            return left
        untimed = False
        for clause, after in zip(parts, [*parts[1:], None], strict=False):
            if after is not None and after.runs_on and is_about_somebody(clause.pieces, self.sentence.world):
                self.doubted = True  # 秀兰念叨着要关电炕
            made, own = len(self.steps), is_timed(clause.pieces)
            self.followed = after is not None
            end = self._take(clause)
            if end is not None:
                return end
            if len(self.steps) == made:
                self.about |= rooms_in(clause.pieces, self.sentence.world)
            back = any(p.moment is not None for p in clause.pieces) and turns(clause.pieces)
            if len(self.steps) > made and ((own and untimed) or back):
                return Plan(outcome="ask", why="what_time")  # 开灯, 十分钟后关: now and later are two plans
            untimed = untimed or (len(self.steps) > made and not self.times)
        return self._end()

    def _end(self) -> Plan:
        if self.pending and not self.problem:
            return Plan(outcome="ask", why="what_to_do")
        reason = self.problem is not None and self.problem.why == "complaint"  # 太暗了, 把灯打开
        if self.problem is not None and self.problem.outcome != "act" and not (self.steps and reason):
            return self.problem
        steps = [*(step for step in _refined(self.steps) if not set(step.things) & self.excepted), *self.told]
        if self.steps and not steps:
            return Plan(outcome="refuse", why="negated")
        if self.denied and (not steps or self.denied & {thing for step in steps for thing in step.things}):
            return self.sentence.barred("negated")
        if not steps and self.problem is not None:
            return self.problem  # what helps against a complaint
        if not steps:
            asks = about_us(self.sentence.pieces) and not unknown(self.sentence.pieces)
            return Plan(outcome="ask", why="what_to_do") if asks else Plan(outcome="ignore")
        limited = {thing for step in steps if step.trait == "charge_limit" for thing in step.things}
        stopped = {t for step in steps if step.trait == "charging" and step.value is False for t in step.things}
        self.doubted = self.doubted or bool(limited & stopped)  # 别充了, 充到六十就行
        self.doubted = self.doubted or is_half_named(self.sentence.pieces)
        plan = timed(joined(steps), self.times, self.sentence.now, self.conditions, act_if=self.act_if)
        if (
            self.by_itself
            and plan.outcome == "later"
            and plan.when is not None
            and plan.when.at in ("sunset", "sunrise")
        ):
            plan = msgspec.structs.replace(
                plan, outcome="automate", when=msgspec.structs.replace(plan.when, every="day")
            )
        if plan.outcome in ACTING and is_contradictory(steps):
            return Plan(outcome="ask", why="what_value")  # 关灯还是开灯好
        if plan.outcome not in ACTING or not self.doubted:
            return plan
        self.sentence.memory.offer = plan
        return Plan(outcome="ask", why="unsure")

    def _take(self, clause: Clause) -> Plan | None:
        """One clause; a plan where that is the end of it."""
        pieces, self.pending = [*self.pending, *clause.pieces], []
        if len(pieces) > _LONGEST:
            return Plan(outcome="ask", why="what_to_do")
        masked = self.sentence.masked[clause.start : clause.end]
        if self.steps and is_plan_of_theirs(pieces):
            return None  # 三轮充上电，明儿赶集
        found = senses(pieces)
        ends = any(piece.text == "定时" for piece in pieces) and bool(wish_of(pieces).verbs & ENDS)
        within = any(p.moment is not None and p.text.endswith("内") for p in pieces)
        rough = within or any(p.moment is not None and p.moment.every is None and is_rough(p.text) for p in pieces)
        if rough or any(p.moment is not None and p.moment.role == "until" and p.text.endswith("前") for p in pieces):
            return Plan(outcome="ask", why="what_time")  # 天亮前关灯: a deadline is no time
        for piece in pieces:
            if piece.moment is not None:  # 定时两小时关机: then, and not for so long
                later = ends and piece.moment.role == "for"
                self.times.append(msgspec.structs.replace(piece.moment, role="after") if later else piece.moment)
        if ("notify" in found and "clear" not in found) or ("remind" in found and self.conditions):
            if not self.conditions:
                us = about_us(self.sentence.pieces) and unknown(pieces)  # 烘干机好了通知王阿姨: whom nobody here knows
                return Plan(outcome="ask", why="unsure") if us else Plan(outcome="ignore")
            self.told.append(Step(op="notify", text=self.sentence.text, to=self.sentence.speaker.person))
            at = next(i for i, piece in enumerate(pieces) if piece.senses & {"notify", "remind"})
            pieces = pieces[:at]  # 关电饭煲并且通知我
            while pieces and pieces[-1].text in _AND_TELL:
                pieces = pieces[:-1]
            if not any(is_verb(piece) for piece in pieces):
                return None
        lasting = any(piece.moment is not None and piece.moment.role in ("until", "for") for piece in pieces)
        timed = any(piece.moment is not None for piece in pieces)
        if not timed and any(piece.text == "定时" for piece in pieces):
            return Plan(outcome="ask", why="what_time")
        about = ROUGHLY | {"定时"} if timed else frozenset()
        if (timed and not lasting) or self.conditions:  # 天黑自动开路灯: by itself, each time
            pieces, by_itself = without_by_itself(pieces)
            self.by_itself = self.by_itself or by_itself
        pieces = [piece for piece in pieces if piece.moment is None and piece.text not in about]
        self.places |= {place for piece in pieces for place in piece.places}
        if _EXCEPT.search(masked) is not None or "except" in found:
            who, pieces = split_except(pieces)
            target = find_target(who, self.sentence.world, self.sentence.speaker, every=True)
            left = set(target.things) or {t for place in target.places for t in self.sentence.world.within(place)}
            if not left or unknown([piece for piece in who if piece.text != "外"]) or target.why == "ambiguous":
                return Plan(outcome="refuse", why=target.why or "no_such_thing")
            self.excepted |= left
            self.places -= {place for piece in who for place in piece.places}
            if is_negated(masked) or not any(is_verb(piece) or piece.quantity is not None for piece in pieces):
                return None
        stop = is_stop(masked)
        if clause.runs_on and self.refused and not found & {"only"} and not is_negated(masked):
            return self.sentence.barred("negated")  # 不要关灯关电视
        self.refused = is_negated(masked) and _NOT_THIS.search(masked) is None
        if _SAME.search(masked) is not None and (of := self._of_a_level(pieces)):
            self.last = of
            return None
        if not stop and (is_negated(masked) or _KEPT.search(masked)):
            if _NOT_TOO.match(masked) is not None and self.steps:
                self.doubted = True  # 钓鱼灯打开, 别太亮
                return None
            return self._deny(pieces)
        if complains(pieces) and not lasting:
            if len(masked) == 1:
                return Plan(outcome="ask", why="what_to_do")  # 亮: too much of it, or more of it
            self.problem = self.problem or relieve(self.sentence, pieces)
            self.doubted = self.doubted or bool(self.conditions)
            self.strange = self.strange or unknown(pieces) > 0
            suffering = find_target(pieces, self.sentence.world, self.sentence.speaker)
            if suffering.named and suffering.why is None:
                self.last = suffering.things  # 主灯太亮了, 调暗
            return None
        return self._want(pieces, found, stop=stop, lasting=lasting, apart=not clause.runs_on)

    def _left_on(self, clause: Clause) -> Plan | None:
        """一楼只留茶台灯: what else of its kind is there goes off; None where nothing is said to stay alone."""
        masked = self.sentence.masked[clause.start : clause.end]
        found = _ALONE.search(masked)
        if found is None or self.conditions or is_negated(masked) or unknown(clause.pieces):
            return None
        if any(piece.moment is not None for piece in clause.pieces):
            return None
        at = clause.start + found.end()
        world = self.sentence.world
        stays = find_target([p for p in clause.pieces if p.start >= at], world, self.sentence.speaker).things
        kinds = {world.things[thing].kind for thing in stays}
        if kinds != {"light"}:
            return None
        before = [piece for piece in clause.pieces if piece.end <= clause.start + found.start()]
        said = [place for piece in before for place in piece.places]
        rooms = set(said or [world.things[thing].place for thing in stays])
        others = [
            thing
            for thing in dict.fromkeys(t for room in rooms for t in world.within(room))
            if world.things[thing].kind == "light" and thing not in stays and "on_off" in world.things[thing].takes
        ]
        if not others:
            return None
        off = Step(things=tuple(others), trait="on_off", op="set", value=False)
        lit = tuple(thing for thing in stays if found["on"] and world.state(thing).get("on_off") is False)
        on = [Step(things=lit, trait="on_off", op="set", value=True)] if lit else []
        plan = Plan(outcome="act", steps=(off, *on))
        if said:
            return plan
        self.sentence.memory.offer = plan  # 只留阅读灯: of that room, or of the whole home?
        return Plan(outcome="ask", why="unsure")

    def _of_a_level(self, pieces: Sequence[Piece]) -> tuple[str, ...]:
        """主灯亮度不变，色温调暖: whose level it is that stays; it is not left out."""
        if not any(has(piece, "trait:") and not piece.named and not is_kind(piece) for piece in pieces):
            return ()
        target = self._target(pieces, Wish())
        return target.things if target.named else ()

    def _is_other(self, pieces: Sequence[Piece], touched: Iterable[str]) -> bool:
        """电视小声点，别静音: what is denied is not what is done."""
        if about_us(pieces) or senses(pieces) & {"it", "rest", "other", "all", "both"} or unknown(pieces):
            return False
        done = {step.trait for step in self.steps}
        try:
            denied = steps_of(wish_of(pieces), sorted(touched), self.sentence.world)
        except NotPossibleError:
            return False
        return not done & {step.trait for step in denied}

    def _deny(self, pieces: Sequence[Piece]) -> Plan | None:
        """冷却带别停: of a set that is to be touched that one is left out; else it is what must not be done."""
        wanted = [piece for piece in pieces if "only" not in piece.senses]
        target = self._target(wanted, Wish())
        touched = self._touched()
        if touched and self._is_other(wanted, touched):
            return None
        one = any(p.text in ONE_OF or p.text == "一个" for p in wanted) and not target.named
        if one and (target.why == "ambiguous" or len(target.things) > 1):
            return Plan(outcome="ask", why="ambiguous")  # 东屋灯留一个, 其余的关
        spoken = {sense.partition(":")[2] for piece in pieces for sense in piece.senses if sense.startswith("kind:")}
        alike = {thing for thing in touched if self.sentence.world.things[thing].kind in spoken}
        if alike and not target.named and not target.places:
            named = alike  # 全停, 灯留着: those that were just spoken of
        elif touched and not (target.named or target.kinds) and (outside := outdoors(pieces, self.sentence.world)):
            named = set(outside)  # 屋里的灯都关, 外面的留着
        else:
            named = set(target.things) or (set(target.offer) & touched)
        if not named and target.offer and touched:
            named = set(target.offer)  # 只关主卧灯, 壁灯留着: several, and none of them is touched
        if not named:
            return self.sentence.barred("negated")
        if named & touched and named != touched:
            self.steps = [step for step in self.steps if not set(step.things) & named]
        else:
            self.denied |= named
        self.excepted |= named
        return None

    def _want(self, pieces: list[Piece], found: set[str], *, stop: bool, lasting: bool, apart: bool) -> Plan | None:
        if self.topic and not about_us(pieces) and not any(has(piece, "trait:") for piece in pieces):
            pieces = [*self.topic, *pieces]  # 小蚂蚁后备箱没关，帮我关了
        self.topic = []
        self.state, pieces = split_state(panes_of_a_car(after_told(pieces), self.sentence.world))
        told = told_text(self.sentence, pieces)
        if told is not None:
            pieces = told[1]
        alone = apart and is_reason(pieces, self.sentence.world)
        if alone and (self.steps or self.followed or pieces[-1].text in ("了", "啦")):
            return None  # 卷帘门升起来，货车要进来; 王阿姨来了，大门开下锁
        wish = wish_of(pieces)
        if is_about_somebody(pieces, self.sentence.world):
            called = all(piece.named for piece in pieces)  # 妞妞，关灯 is said to her
            busy = any(piece.text in _AT_IT for piece in pieces[1:2]) and bool(self.steps)  # 小点声，乐乐在写作业
            came = pieces[-1].text in ("了", "啦", "呢") and unknown(pieces) <= _CAME_MOST  # 小宝作业写完了
            strange = unknown(pieces) > _UNSURE_MOST and not busy and not came
            more = called or strange or any(is_verb(piece) for piece in pieces)
            self.doubted = self.doubted or more
            return None  # 妞妞睡了
        before = self.sentence.memory.wish
        if (
            "also" in found
            and wish.verb == "play"
            and before is not None
            and before.verb in ("lower", "extend", "open")
        ):
            wish = before  # 放下一棚棉被, 二棚也放
        if told is not None:
            wish.text, wish.amount = told[0], None
            wish.traits = wish.traits or (told[2],)
        if stop:
            pieces = [piece for piece in pieces if piece.text not in _ENDED_BY]
            wish.amount = None
            wish.verbs |= {"stop"}
            wish.verb = wish.verb if wish.verb in ("charge", "record", "clean", "mute", "swing", "defrost") else "stop"
        if wish.vague and lasting and any(piece.text in _RUNS for piece in pieces):
            wish.verb = "on"  # 排风扇转半个钟头
        if wish.empty and lasting and "state:on" in found:
            wish.verb = "on"  # 亮到十点
        memory = self.sentence.memory
        if wish.empty and isinstance(memory.open, Open) and len(pieces) <= ANSWER_MOST:
            so = called_in_part(pieces, memory.open.offer, self.sentence.world)
            if len(so) == 1:
                return self._do(memory.open.wish, Target(things=so, said=True))
        if wish.empty and not unknown(pieces):
            wish = self._again(pieces, found) or wish
        if is_told(pieces):
            self.last = self._target(pieces, Wish()).things if any(p.things for p in pieces) else self.last
            return None  # 客厅现在二十七度，空调开到二十四
        if wish.empty and "unable" in found and about_us(pieces):
            return unable(next(piece.text for piece in pieces if "unable" in piece.senses))
        if wish.empty:
            part = any(has(p, "state:") for p in pieces) and any(has(p, "trait:") and not p.named for p in pieces)
            self.topic = [p for p in pieces if p.named or has(p, "trait:")] if part and not unknown(pieces) else []
            if "opinion" in found:  # 灯带看腻了, 换成蓝色
                self.last = self._target(pieces, Wish()).things or self.last
            elif is_list(pieces):
                self.pending = list(pieces)
            elif self.steps and pieces and pieces[0].text in _WHO:
                pass  # 按喇叭, 我找不着车了: why
            elif unknown(pieces) > _UNSURE_MOST and any(piece.named for piece in pieces):
                self.problem = self.problem or Plan(outcome="refuse", why="unsure")
            elif not is_explained(pieces) or is_leaning(pieces):
                self.doubted = True
            return None
        pieces = without_reason(without_beneficiary(self._without_person(pieces)))
        pieces = without_its_work(pieces)
        if unknown(pieces) and wish.verb == "play" and (heard := played(pieces)) is not None:
            title, pieces = heard
            made = self._do(wish, self._target(pieces, Wish(verb="play")))
            self.steps = [msgspec.structs.replace(step, text=title) for step in self.steps]
            return made
        valued = (wish.verb and not wish.vague) or wish.amount or wish.color or wish.mode or wish.level or wish.arm
        came = (
            not valued and unknown(pieces) <= _UNSURE_MOST and pieces[-1].text in "了啦"
        )  # 停水泵，水满了; 打铃，换班了
        said = unknown(pieces) and (pieces[0].text in _WHO or wish.vague)
        if self.steps and (said or came) and not about_us(pieces):
            return None  # 打包机停一停, 我换膜
        if unknown(pieces):
            strange = not about_us(pieces) and (
                not wish.verb
                or (not _is_told_of(pieces) and 2 * unknown(pieces) > sum(p.end - p.start for p in pieces))
            )
            takes = {able for p in pieces for thing in p.things for able in self.sentence.world.things[thing].takes}
            if wish.vague and "recipe" in takes:
                return Plan(outcome="ask", why="what_value")  # 封箱机切到大箱
            missing = "".join(self.sentence.text[p.start : p.end] for p in around_unknown(pieces))
            return Plan(outcome="ignore") if strange else Plan(outcome="refuse", why=f"no_such_thing:{missing}")
        if is_doubtful(pieces):
            return Plan(outcome="refuse" if about_us(pieces) else "ignore", why="unsure")
        self.doubted = self.doubted or bool(left_over(pieces)) or (told is None and is_noun_phrase(pieces))
        self.doubted = self.doubted or is_at_odds(pieces) or is_loose(pieces) or is_taken_back(pieces, wish)
        self.doubted = self.doubted or is_like_another(pieces) or is_reported(pieces) or is_turned(pieces)
        self.doubted = self.doubted or is_unlocked_by_the_way(pieces, wish)
        self.doubted = self.doubted or is_going_on(pieces) or is_title(pieces)
        self.doubted = self.doubted or (told is None and is_left_open(pieces))
        spoken_of = (
            self.steps or self.last or memory.things or self.problem is not None or isinstance(memory.open, Open)
        )
        if is_alone(pieces) and not spoken_of:
            return Plan(outcome="ask", why="which_thing")  # 红色, 按一下
        wish = self._other_value(wish) or wish
        hurries = wish.verb in ("faster", "slower") and not (about_us(pieces) or wish.amount or wish.traits)
        if hurries and not (self.last or memory.things):
            return Plan(outcome="ask", why="which_thing")  # 快点
        if hurries and self.steps and self.steps[-1].trait == "start_stop":
            return None  # 启动行车，慢着点: with care
        if is_bare(wish) and (plain := level_of(pieces, self.sentence.world, () if self.steps else memory.things)):
            wish.traits = (plain,)
        if is_bare(wish) and self.steps and self.steps[-1].op == "add" and not about_us(pieces):
            wish.traits = (self.steps[-1].trait or "",)  # 小点声，二十就行
        if is_bare(wish) or (wish.amount is not None and wish.amount.unit is None and wish.verb in _NO_AMOUNT):
            return Plan(outcome="ask", why="what_value")
        if wish.amount is not None and is_compared(pieces, wish.amount):
            return Plan(outcome="refuse", why="unsure")
        if is_further(pieces, wish):
            return Plan(outcome="ask", why="what_value")
        if is_superlative(pieces) or is_to_and_fro(pieces):
            return Plan(outcome="ask", why="which_thing")
        if any(p.quantity is not None and p.quantity.form == "ordinal" for p in pieces):
            return self._numbered(pieces, wish)
        if pairs := each_pair(pieces):
            for pair in pairs:
                made = self._do(wish_of(pair), self._target(pair, wish_of(pair)))
                if made is not None:
                    return made
            return None
        if two_values(pieces):
            return Plan(outcome="ask", why="what_value")
        if wish.vague:
            self.problem = self.problem or Plan(outcome="ask", why="what_value")
            return None
        several = each_trait(pieces)
        for one in several:
            made = self._do(wish_of(one), self._target(one, wish_of(one)))
            if made is not None:
                return made
        if several:
            return None
        if wish.verb in ("up", "down") and not wish.traits and memory.trait and not about_us(pieces) and not self.steps:
            wish.traits = (memory.trait,)  # 客厅空调多少度, 高一点
        if wish.amount is not None and not (wish.traits or about_us(pieces)) and self.steps:
            wish.traits = self._level_before()  # 座椅通风打开，二档
        before = len(self.steps)
        target = self._target(pieces, wish)
        self.doubted = self.doubted or (self.strange and not (target.named or target.kinds or target.places))
        end = self._do(wish, target, others=bool(found & {"rest", "other"}))
        made_here = self.steps[before:]
        self.steps[before:before] = switched_on(pieces, made_here, self.sentence.world)
        unread = is_unused(pieces, wish, made_here) or is_miscounted(pieces, made_here) or is_undone(pieces, made_here)
        unread = unread or is_misplaced(pieces, made_here, self.sentence.world)
        self.doubted = self.doubted or is_dropped(wish, made_here) or unread
        return end

    def _level_before(self) -> tuple[str, ...]:
        """The level that was just set to nothing in particular: what is said next is how much of it."""
        last = self.steps[-1]
        return (last.trait,) if last.trait is not None and last.trait in STEPPED else ()

    def _without_person(self, pieces: list[Piece]) -> list[Piece]:
        """给瑶瑶开床头灯, 瑶瑶的床头灯: for whom or whose, where that is somebody of the house; 瑶瑶的灯 is her room's."""
        things = self.sentence.world.things
        for at, (whose, of, noun) in enumerate(zip(pieces, pieces[1:], pieces[2:], strict=False)):
            if of.text != "的" or not (whose.things and all(things[thing].kind == "person" for thing in whose.things)):
                continue
            rooms = () if noun.things else rooms_called_after(whose.text, self.sentence.world)
            owned = [msgspec.structs.replace(whose, things=(), places=rooms)] if len(rooms) == 1 else []
            if noun.things or (owned and is_kind(noun)):
                return [*pieces[:at], *owned, *pieces[at + 2 :]]
        for giving, whom, after in zip(pieces, pieces[1:], pieces[2:], strict=False):
            person = bool(whom.things) and all(things[thing].kind == "person" for thing in whom.things)
            if giving.text in _FOR and person and (is_verb(after) or after.text in ("把", "将")):
                return [piece for piece in pieces if piece is not whom]
        return pieces

    def _do(self, wish: Wish, target: Target, *, others: bool = False) -> Plan | None:
        if self.state and target.why == "ambiguous":  # 没锁的门: that is which
            so = in_state(target.offer, self.state, self.sentence.world)
            target = Target(things=tuple(so), said=True, every=True) if so else target
        if target.why is not None or not target.things:
            self.sentence.memory.open = Open(wish, target.offer)
            self.sentence.memory.wish = wish
            asks = target.why in ("ambiguous", "which_thing", None)
            return Plan(outcome="ask" if asks else "refuse", why=target.why or "which_thing")
        left = self.excepted | (self._touched() if others else set())  # 只开壁灯, 别的都关
        things = [thing for thing in target.things if thing not in left]
        if self.state:
            things = in_state(things, self.state, self.sentence.world)
        if not things:
            return Plan(outcome="refuse", why="negated")
        if wish.verb in ("stop", "start") and not (target.named or target.kinds):  # 打包区全停: no lamp stops
            known = self.sentence.world.things
            things = [thing for thing in things if known[thing].kind not in _NO_MACHINES] or things
        before = len(self.steps)
        try:
            self.steps += self._able(wish, things, target)
        except NotPossibleError as error:
            why = str(error)
            if why.startswith("what"):
                return Plan(outcome="ask", why=why)
            if not (target.named or target.kinds or target.places):
                return Plan(outcome="ask", why="which_thing")  # 昨天用了多少电, 关了: no meter was meant
            plan = Plan(outcome="refuse", why=f"{why}:{things[0]}")
            return lacks_reset(plan, things[0], self.sentence.world) if wish.verb == "reset" else plan
        self.last = target.things
        unlocked = any(step.trait == "locked" and step.value is False for step in self.steps[before:])
        opens = target.every and not target.named and unlocked
        self.doubted = self.doubted or target.vast or opens  # 把所有的门都打开
        self.sentence.memory.wish = wish
        return None

    def _able(self, wish: Wish, things: Sequence[str], target: Target) -> list[Step]:
        """Steps of all; of a set those that can. Raises where nobody can, or where somebody is named who cannot."""
        made: list[Step] = []
        failed: NotPossibleError | None = None
        for thing in things:
            try:
                made += steps_of(wish, [thing], self.sentence.world)
            except NotPossibleError as error:
                if target.named and (kin := self._kin(wish, thing)):
                    made += kin
                    continue
                if target.named:
                    raise
                failed = error
        if failed is not None and not made:
            raise failed
        return made

    def _kin(self, wish: Wish, thing: str) -> list[Step]:
        """锁上入户门, where that is a sensor's name: the one lock that is called after it."""
        made = []
        for kin in kin_of(thing, self.sentence.world):
            with contextlib.suppress(NotPossibleError):
                made.append(steps_of(wish, [kin], self.sentence.world))
        if len(made) != 1:
            return []
        # 打开入户门 of a sensor: what opens is not guessed
        self.doubted = self.doubted or is_risky(made[0], self.sentence.world)
        return made[0]

    def _numbered(self, pieces: Sequence[Piece], wish: Wish) -> Plan | None:
        """第二个: of those that were offered; nobody counts the others."""
        memory = self.sentence.memory
        offered = memory.open.offer if isinstance(memory.open, Open) else ()
        which = next(int(p.quantity.value) for p in pieces if p.quantity is not None and p.quantity.form == "ordinal")
        if 0 < which <= len(offered):
            return self._do(wish, Target(things=(offered[which - 1],), said=True))
        return Plan(outcome="refuse", why="no_such_thing")


def _refined(steps: Sequence[Step]) -> list[Step]:
    """小点声，二十就行; 布防，在家模式: what is said more exactly later is what is wanted."""
    exact = [
        {(thing, step.trait) for step in steps[i + 1 :] if step.op == "set" for thing in step.things}
        for i in range(len(steps))
    ]
    return [
        step
        for i, step in enumerate(steps)
        if (step.op != "add" and step.trait != "armed")
        or not {(thing, step.trait) for thing in step.things} <= exact[i]
    ]


#: How names of things and rooms end.
_ENDS_OF_NAMES = frozenset("房室间机器灯门窗炉锅泵阀扇箱柜幕")


def _is_told_of(pieces: Sequence[Piece]) -> bool:
    """打开桑拿房: something that is not here, and no other matter."""
    return is_verb(pieces[0]) and len(pieces[0].text) > 1 and pieces[-1].text[-1] in _ENDS_OF_NAMES
