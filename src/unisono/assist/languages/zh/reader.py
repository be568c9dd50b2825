"""A Chinese sentence becomes a plan.

Knows the order: address and hesitation off, quotations, corrections, what must not be acted on, questions, then commands.
Knows nothing of how the text arrived.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from unisono.assist.dialogue import remember
from unisono.assist.languages.zh.ask import answer
from unisono.assist.languages.zh.clauses import is_value, split_condition
from unisono.assist.languages.zh.commands import command
from unisono.assist.languages.zh.cut import Piece, names_of
from unisono.assist.languages.zh.letters import plain, strip_address
from unisono.assist.languages.zh.relief import suffers
from unisono.assist.languages.zh.saying import spoken
from unisono.assist.languages.zh.scope import bar_of, is_negated, is_question, is_quoted, unquoted
from unisono.assist.languages.zh.sentence import Sentence, has, is_kind, is_verb, senses, sentence_of, unknown
from unisono.assist.languages.zh.timers import reminder, timer
from unisono.assist.languages.zh.together import timed
from unisono.assist.languages.zh.verbs import VERBS_SET
from unisono.assist.languages.zh.wanted import Open
from unisono.assist.languages.zh.whole import is_risky
from unisono.assist.languages.zh.wish import wish_of
from unisono.assist.plan import ACTING, Plan, Step

if TYPE_CHECKING:
    from unisono.assist.dialogue import Memory
    from unisono.assist.languages.zh.cut import Names
    from unisono.assist.world import Speaker, World

__all__ = ["read"]

_CORRECTED = re.compile(
    r"(?:[，,。!！ 、]|^)(?:(?:哎呀|嗐|唉|啊|哦|噢|哎|诶|嗯|呃)[，,]?)?(?:不对不?对?|不是不是|(?<=[啊哦噢哎诶嗯呃])不|(?<=[，, 、])不是(?=[，, 、])|(?<=[，, ])不(?=[，, 0-9零一二两三四五六七八九十百])|[说讲记]错了?|错了|口误|嘴瓢了?|说?秃噜嘴了?|嘴快了|说[反岔串]了|等等|等一下|不不不?|我是说|更正|应该是)"
    r"(?:[，,。!！ 、]|(?=是|应该|先|把|打|关|开|调|[0-9零一二两三四五六七八九十百]))(?:是|应该是)?|(?:啊|哦)不对|说错了"
    r"|(?<=[0-9零一二两三四五六七八九十百半度成])(?:(?:啊|哦|噢|哎|诶|嗯|呃)?(?:不对不?对?|不是|错了|说错了|不不)|[啊哦噢哎诶嗯呃]?不)"
    r"(?=[0-9零一二两三四五六七八九十百])"
    r"|[啊哦噢哎诶呃]不(?:对|是)?[，,](?=把|关|开|打|停|锁|调|拉)"
    r"|(?<=[^好行对是，,])[啊哦噢哎诶呃]不(?:对|是)?(?=(?:关掉|打开|关上|锁上|停掉|把|关|开|停|锁)[^，,吗么?？]{2,})"
)
_YES = re.compile(r"(?:是的?|好的?|好啊|好吧|对的?|可以|行|要|确定|没错|同意|开吧|关吧|当然)[呀啊吧了]?")
_WRONG = re.compile(
    r"(?:啊|哦|噢)?(?:不是(?!不)|不对|错了|弄错了|搞错了|不)[，, ]+(?:我?说的?)?(?:是|系|应该是)?|我说的不是那个[，, ]*(?:是)?"
    r"|(?:啊|哦)?(?:错了|弄错了|搞错了|不对|不是)[，, ]*(?=我?(?:要|说|指)的?是)我?(?:要|说|指)的?是"
    r"|(?:还是)?(?:(?:有点儿?|太|过)[^，,开关调]{1,3}了?|[冷热亮暗大小高低响吵快慢]了)[，,]+(?:改[成到为]?|换[成到]|调[成到]?)?(?=[0-9零一二两三四五六七八九十百])"
    r"|[^，,。不]{1,6}的?不(?:是|对)[，,]+(?=.*[那的])"
    r"|(?:算了|嗯)?[，,]?(?:还是|要不|要不然|干脆|(?<=算了))(?:[改换调]?[成到为]?)(?=[0-9零一二两三四五六七八九十百])"
)
_POLITE = re.compile(
    r"能不能|可不可以|能否|可否|[好行]不[好行]|[好行成]吗|可以[吗么不]|好嘛|得不得|[行好]么|方便|ok吗|okay吗|ok不ok|好嘞吗"
)
_POLITE_START = re.compile(
    r"^(?:请问|那|你|您|咱|现在|麻烦)*(?:能|可以|可|会)(?!不能)(?:不能)?(?:请|麻烦|帮|给|把|让|将|先|再|替|打|开|关|调|停|放|锁|启|播|拉|设|升|降)"
)
_BEGS = re.compile(
    r"^(?:请问|那|你|您|麻烦|拜托)*(?:能不能|可不可以|可否|能否|能|可以)(?:请|麻烦|先)?(?:你|您)?(?:帮|把|给我|将|替我)"
)
_ASKS_A_STATE = re.compile(
    r"为什么|什么时候|怎么|多少|几(?!档|度[^了])|哪|谁|是不是|有没有|开着|关着|亮着|锁着|[了着]没有?|[了着]吗"
)
_ASKS_WHY = re.compile(
    r"(?:我(?:在想|还没想好))?(?:为什么|为啥|干嘛|凭什么|谁|什么时候|怎么|该不该|要不要|是否(?:需要|应该)|是不是(?:应该|该|要))"
)
_FAVOUR = re.compile(r"帮|给我|把|将|麻烦|一下|请|劳驾|点[吗么好行可]|[好行]吗|可以吗|[好行]不[好行]")
_AND_DO = re.compile(
    r"(?<!吗)(?<!么)(?<!呢)[，,](?=(?:快|赶紧|赶快|马上|你)*(?:给我|帮我|替我|把它)?(?:打开|关|停|锁)[了掉上好]?(?:一下)?吧?$)"
)
_THEN_TOLD = re.compile(
    r"[，,。！!](?=(?:请|麻烦|快|赶紧|赶快|马上|你)*(?:帮我?|给我|替我|把|麻烦|(?<=赶紧|赶快|马上)(?=[关开锁停打])))"
)
_DAYLIGHT = re.compile(
    r"(?:^|(?<=[，,。！!]))(?:外面|外头)?天(?:都|已经|色)?(?P<soon>快|快要|要|马上就?要)?(?:(?P<dark>黑|暗|晚)|亮)(?:下来)?了(?:[，,。！!]|$)"
    r"|[，,]天(?:都|已经)?(?P<soon2>快|快要|要)?(?P<dark2>黑|暗)了$"
)
#: 不是关主灯是关灯带
_BUT_THIS = re.compile(
    r"^不是(?:要|让你?|叫你?)?[^，,。不是吗么?？]{2,10}[，,]?(?:而|我?要的)?是(?:要|让你?|叫你?)?(?=[关开把停锁打])"
)
#: 他的房间, 她屋里
_HIS_ROOM = re.compile(r"[他她]的?(?=房间|房里|屋|卧室)")
#: Those named by mistake, 不, 是.
_SLIP = 3
#: 别开那么亮, alone or before what is to be done: it is too bright.
_NOT_SO = re.compile(
    r"([^，,。！!？?不别]*)(?:别|不要|唔好|甭)(?:再)?[开调弄搞放整]?得?(?:那么|这么|太|咁)"
    r"(亮|光|暗|黑|响|吵|大声|小声|热|冷|快|慢|强|高|低|大|小|刺眼|晃眼)[了啊呀嘛吧哈啦]*(?=$|[，,](?P<then>.*))"
)
#: Between them the sun is up.
_MORNING, _EVENING = 6, 17
#: 充到七成就别再充了, 充到八成就停: a limit.
_CHARGE_TO = re.compile(
    r"充(?:电)?(?:到|至|满)?Ｑ+[，,]?(?:的?时候)?(?:就|便)?(?:别再?充|停|断|够|行)[了吧啊呀电掉它 ，。]*$"
)
#: More than this and "it" would stand for a crowd.
_MOST_REMEMBERED = 12
_SENSED = ("temperature", "humidity", "co2", "pm25", "noise", "power", "energy", "pressure", "battery")
_PLAIN_WORDS = frozenset({"particle", "clock", "calendar", "here", "indoor", "outdoor"})

#: 黑漆漆的怎么看书: nothing is asked.
_HOW_EVER = re.compile(r"怎么(?:能|可能)?(?![样办了会没还又]|回事|这么|那么)|(?:怎么|咋)办[啊呀呢?？]?$")
#: 停停停！机械臂停！: called out first, then said of what.
_STOP = re.compile(r"^停+[!！,，。 ]+(?=.+停)|^停{2,}(?=[^了下掉吧].*停)")


def read(text: str, world: World, memory: Memory, speaker: Speaker, now: dt.datetime) -> Plan:
    """The plan for a sentence; ``memory`` takes in what it adds."""
    now = now.replace(tzinfo=None)
    names = names_of(world)
    text = unquoted(plain(text), names.by_text.keys())
    body = names.forms.plain(names.joined(strip_address(text)))
    body = _without_daylight(body, now)
    body = _STOP.sub("", _BUT_THIS.sub("", _with_owner(body, names, world)))
    if (not_so := _NOT_SO.match(body)) is not None:
        body = f"{not_so[1]}太{not_so[2]}了" + (f"，{not_so['then']}" if not_so["then"] else "")
    if not body:
        return Plan(outcome="ignore")
    offered, memory.offer = memory.offer, None
    agreed = offered is not None and _YES.fullmatch(body) is not None
    made = offered if agreed and offered is not None else _read(body, world, memory, speaker, now)
    plan = _permitted(made, world, speaker)
    if plan.outcome in ("act", "later", "automate", "answer"):
        _remember(plan, memory, world)
    return spoken(plan, world, memory.open.offer if isinstance(memory.open, Open) else ())


def _with_owner(text: str, names: Names, world: World) -> str:
    """爷爷睡了，把他房间的灯关了: the one person who was named, for 他."""
    his = _HIS_ROOM.search(text)
    if his is None:
        return text
    bearers = {name: who.things for name, who in names.by_text.items() if who.things and name in text[: his.start()]}
    people = {name: who for name, who in bearers.items() if all(world.things[one].kind == "person" for one in who)}
    if len({tuple(who) for who in people.values()}) != 1:
        return text
    return text[: his.start()] + max(people, key=len) + text[his.end() :]


def _without_daylight(text: str, now: dt.datetime) -> str:
    """天黑了，开灯: why, and not when, where it is so by now; 天黑了就开灯 is when."""
    day = _MORNING <= now.hour < _EVENING

    def reason(found: re.Match[str]) -> str:
        dark = found["dark"] is not None or found["dark2"] is not None
        so = found["soon"] or found["soon2"] or dark is not day
        return "" if so else found[0]

    return _DAYLIGHT.sub(reason, text)


def _permitted(plan: Plan, world: World, speaker: Speaker) -> Plan:
    """What the speaker may do and see; a plan is carried out whole or not at all."""
    for step in plan.steps:
        for thing in step.things:
            trait = step.trait or ""
            if not speaker.rights.may_set(thing, trait, world.risk(thing, trait, step.value)):
                return Plan(outcome="refuse", why=f"not_permitted:{thing}")
    seen = {*(plan.query.things if plan.query is not None else ()), *(t for one in plan.conditions for t in one.things)}
    hidden = sorted(thing for thing in seen if not speaker.rights.may_see(thing))
    return Plan(outcome="refuse", why=f"not_permitted:{hidden[0]}") if hidden else plan


def _remember(plan: Plan, memory: Memory, world: World) -> None:
    before = memory.things
    remember(memory, plan, world)
    memory.open = None
    if len(memory.things) > _MOST_REMEMBERED:
        memory.things = before
    memory.trait = plan.query.trait if plan.query is not None else plan.steps[-1].trait if plan.steps else None


def _read(text: str, world: World, memory: Memory, speaker: Speaker, now: dt.datetime) -> Plan:
    if is_quoted(text):
        return sentence_of(text, world, memory, speaker, now).barred("quoted")
    wrong = _WRONG.match(text)
    if wrong is not None and memory.wish is not None and wrong.end() < len(text):
        memory.open = Open(memory.wish, ())
        return _plan(sentence_of(text[wrong.end() :], world, memory, speaker, now))
    corrected = [match for match in _CORRECTED.finditer(text) if match.start() > 0 and match.end() < len(text)]
    if not corrected:
        return _plan(sentence_of(text, world, memory, speaker, now))
    before, after = text[: corrected[-1].start()], text[corrected[-1].end() :]
    first = _read(before, world, memory, speaker, now)
    if first.outcome == "refuse":
        return first
    if first.outcome in ("act", "later", "automate"):
        _remember(first, memory, world)
    memory.open = (
        Open(memory.wish, ()) if memory.wish is not None else None
    )  # what comes may be only the right thing, or only the right value
    return _plan(sentence_of(after, world, memory, speaker, now))


def _plan(sentence: Sentence) -> Plan:
    plan = _heard(sentence)
    asks = is_question(sentence.masked) and _HOW_EVER.search(sentence.masked) is None
    felt = not asks and suffers(sentence, plan)
    return Plan(outcome="ask", why="complaint") if felt else plan


def _heard(sentence: Sentence) -> Plan:
    text, pieces, masked, world, memory, speaker, now = sentence
    found = senses(pieces)
    if "never_mind" in found and not any(
        piece.named or piece.senses & VERBS_SET or is_value(piece) for piece in pieces
    ):
        return Plan(outcome="ignore", why="never_mind")
    if (meant := _without_slip(pieces)) is not None:
        at = meant[0].start
        return _heard(sentence._replace(pieces=meant, masked=" " * at + masked[at:]))
    for special in (timer, reminder):
        plan = special(text, pieces, masked, world, speaker, now)
        if plan is not None:
            return plan
    sentence = _limited(sentence)
    question = is_question(sentence.masked)
    plan = _scene(sentence, question=question)
    if plan is not None:
        return plan
    asking = ("tell" in found and _alone(sentence)) or _names_only(pieces)
    if not question and asking and (plan := _told(sentence)) is not None:
        return plan
    if question and (told := _then_told(sentence)) is not None:
        return command(told)
    if question and not _polite(sentence):
        supposed = bar_of(sentence.masked)
        if supposed in ("hypothetical", "reported"):
            return sentence.barred(supposed)
        if not _commands_after(sentence):
            answered = answer(sentence)
            if answered is None and _of_another(sentence):
                return command(sentence)
            return answered or Plan(outcome="ignore")
    if "undo" in found and not question and _alone_undone(pieces):
        return _undone(memory)
    bar = bar_of(sentence.masked)
    if bar == "past" and (rest := _after_a_reason(sentence)) is not None:
        sentence, bar = rest, None
    if bar is not None:
        return sentence.barred(bar)
    if "undo" in found and not any(piece.named for piece in pieces):
        return _undone(memory)
    plan = command(sentence)
    if (plan.why or "").startswith("not_possible") and sentence.masked.endswith("了吧"):
        return answer(sentence) or plan  # 阳台门关上了吧
    heard = sum(piece.heard for piece in pieces)
    unsure = (question and not _BEGS.search(sentence.masked)) or heard or "希望" in sentence.masked
    if (unsure and _risky(plan, world)) or (heard > 1 and plan.outcome in ACTING):
        memory.offer = plan
        return Plan(outcome="ask", why="unsure")  # 可以开门吗 may ask whether one may; 打开院们 was heard otherwise
    return plan


def _without_slip(pieces: list[Piece]) -> list[Piece] | None:
    """一号不是二号机停一下: the one was said by mistake; what was meant. None where nothing was."""
    said = pieces[1:] if pieces[0].text == "把" else pieces
    denied = "".join(piece.text for piece in said[1:3]) == "不是"
    told = denied and bool(said[0].things) and len(said) > _SLIP and bool(said[3].things)
    return said[3:] if told and any(is_verb(piece) for piece in said[4:]) else None


def _alone_undone(pieces: Sequence[Piece]) -> bool:
    """撤销刚才的操作: to take back, and of what was just done; nobody is named."""
    said = [piece for piece in pieces if piece.senses != {"particle"} and not piece.mark]
    return "undo" in said[0].senses and all(piece.moment is not None or piece.senses & {"it"} for piece in said[1:])


def _undone(memory: Memory) -> Plan:
    return Plan(outcome="act", steps=(Step(op="undo"),)) if memory.plan else Plan(outcome="ask", why="what_to_do")


def _of_another(sentence: Sentence) -> bool:
    """主卧空调二十六度, and then 女儿房呢: what was wanted, of another."""
    done = sentence.memory.plan is not None and sentence.memory.plan.outcome == "act"
    only = all(piece.named or is_kind(piece) or piece.senses & {"question", "particle"} for piece in sentence.pieces)
    return done and only and sentence.masked.endswith("呢")


def _after_a_reason(sentence: Sentence) -> Sentence | None:
    """后门忘记锁了, 帮我锁上: what is so, and then what is wanted, of what was named."""
    told = _THEN_TOLD.search(sentence.masked) or _AND_DO.search(sentence.masked)
    if told is None or bar_of(sentence.masked[told.end() :]) is not None or is_negated(sentence.masked[: told.start()]):
        return None
    named = [piece for piece in sentence.pieces if piece.end <= told.start() and (piece.named or is_kind(piece))]
    rest = [piece for piece in sentence.pieces if piece.start >= told.end()]
    if not rest or unknown(rest):
        return None
    if not any(piece.named or is_kind(piece) for piece in rest):
        rest = [*named, *rest]
    return sentence._replace(pieces=rest, masked=" " * told.end() + sentence.masked[told.end() :])


def _then_told(sentence: Sentence) -> Sentence | None:
    """镜前灯怎么还亮着, 关了: asked first, and then what is wanted of what was named."""
    found = _AND_DO.search(sentence.masked)
    if found is None or bar_of(sentence.masked) not in (None, "past") or is_negated(sentence.masked):
        return None
    named = [piece for piece in sentence.pieces if piece.end <= found.start() and (piece.named or is_kind(piece))]
    rest = [piece for piece in sentence.pieces if piece.start >= found.end()]
    return (
        sentence._replace(pieces=[*named, *rest], masked=" " * found.end() + sentence.masked[found.end() :])
        if named
        else None
    )


def _risky(plan: Plan, world: World) -> bool:
    return plan.outcome in ACTING and is_risky(plan.steps, world)


def _limited(sentence: Sentence) -> Sentence:
    """充到七成就别再充了 says 充到七成."""
    if _CHARGE_TO.search(sentence.masked) is None:
        return sentence
    amount = next(piece for piece in sentence.pieces if piece.quantity is not None)
    pieces = [piece for piece in sentence.pieces if piece.end <= amount.end]
    return sentence._replace(text=sentence.text[: amount.end], pieces=pieces, masked=sentence.masked[: amount.end])


def _scene(sentence: Sentence, *, question: bool) -> Plan | None:
    """A scene by its name, alone or with a word for running it."""
    pieces = sentence.pieces
    scenes = [piece for piece in pieces if piece.scenes and not piece.things]
    if not scenes or (question and not _polite(sentence)) or bar_of(sentence.masked) is not None:
        return None
    if is_negated(sentence.masked):
        return Plan(outcome="refuse", why="negated")
    rest = [piece for piece in pieces if piece not in scenes and not piece.mark and piece.moment is None]
    strange = any(not piece.known or piece.named or piece.quantity is not None for piece in rest)
    other = any(piece.senses & VERBS_SET and not piece.senses & {"run_scene", "set", "play"} for piece in rest)
    if len(scenes) > 1 or len(scenes[0].scenes) > 1 or strange or other or split_condition(sentence.masked):
        return None
    steps = [Step(op="run", scene=scenes[0].scenes[0])]
    return timed(steps, [piece.moment for piece in pieces if piece.moment is not None], sentence.now)


def _names_only(pieces: Sequence[Piece]) -> bool:
    """客厅温度: a place or thing and what it tells, nothing else."""
    told = any(has(piece, "trait:") or piece.senses & {"clock", "calendar"} for piece in pieces)
    past = any(piece.moment is not None and piece.moment.over is not None for piece in pieces)
    sensed = any(f"trait:{trait}" in piece.senses for piece in pieces for trait in _SENSED)
    locks = wish_of(pieces).verb == "lock"  # 把门锁上, though 门锁 is a word
    return (
        told
        and not locks
        and all(
            piece.known
            and not piece.senses & {"up", "down"}
            and piece.text != "一下"  # 座椅暖一下 is told
            and piece.quantity is None
            and (
                piece.named
                or piece.moment is not None
                or has(piece, "trait:")
                or has(piece, "kind:")
                or piece.senses & _PLAIN_WORDS
                or ((past or sensed) and has(piece, "agg:"))
            )
            for piece in pieces
        )
    )


def _alone(sentence: Sentence) -> bool:
    """告诉我 after a state waits for it; alone it asks."""
    split = split_condition(sentence.masked)
    if split is None:
        return True
    before = [piece for piece in sentence.pieces if piece.end <= split[0][1]]
    return not any(
        has(piece, "state:") or piece.senses & {"above", "below"} or piece.quantity is not None for piece in before
    )


def _told(sentence: Sentence) -> Plan | None:
    """室温报一下: asked without a question."""
    if any(piece.moment is not None and piece.moment.every is not None for piece in sentence.pieces):
        return None  # 每半小时报一次: again and again, and not now
    doing = VERBS_SET - {"up", "down", "set"}
    if any(piece.senses & doing and "tell" not in piece.senses and not piece.named for piece in sentence.pieces):
        return None
    if bar_of(sentence.masked) not in (None, "past") or is_negated(sentence.masked):
        return None
    plan = answer(sentence)
    return plan if plan is not None and plan.outcome == "answer" else None


def _polite(sentence: Sentence) -> bool:
    """Whether a question asks to do something: 能把灯打开吗, 可以帮我关窗吗."""
    text = sentence.masked
    if _BEGS.search(text):
        return any(piece.senses & VERBS_SET for piece in sentence.pieces)
    if _ASKS_A_STATE.search(text) or not any(piece.senses & VERBS_SET for piece in sentence.pieces):
        return False
    if _POLITE_START.search(text):
        return True
    match = _POLITE.search(text)
    return match is not None and (match.start() == 0 or _FAVOUR.search(text) is not None)


def _commands_after(sentence: Sentence) -> bool:
    """没停就停掉它: a question's word in a condition; what follows is told."""
    found = split_condition(sentence.masked)
    if found is None:
        return False
    tail = sentence.masked[found[1][0] : found[1][1]]
    if _ASKS_WHY.match(sentence.masked) is not None:
        return False  # 为什么电视开着的话音量调到十
    return bool(tail) and not is_question(tail)
