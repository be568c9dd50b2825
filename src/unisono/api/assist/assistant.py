"""A sentence, and what becomes of it: understood, allowed, done, kept or answered - and said in a few words.

Knows the parts of this room and the order in which they do their work. Knows no route. A text that is not about this
place is nowhere written down.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from unisono.api.assist.answering import answer
from unisono.api.assist.carrying import WAIT_S, Given, carry_out
from unisono.api.assist.conversations import Conversation, Conversations, Pending
from unisono.api.assist.doing import Doing
from unisono.api.assist.keeping import LATER
from unisono.api.assist.large import SETTLED, LargeModel, NoPlanError, is_risky
from unisono.api.assist.shapes import Confirm, Kept, Reply, Result, Sentence
from unisono.api.assist.states import States
from unisono.api.assist.surroundings import Surroundings, SurroundingsKeeper
from unisono.api.auth import Identity
from unisono.assist import Memory, Plan, Speaker, Step, World, encode_plan, language_of, understand
from unisono.assist.answer.refusal import refusal
from unisono.assist.answer.voice import Voice
from unisono.assist.orders import orders, taken_back
from unisono.assist.plan import things_of
from unisono.errors import UnisonoError

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["Assistant", "Turn"]

#: A command in one of these has neither been done nor failed.
UNDERWAY = frozenset({"queued", "sent", "acknowledged"})

#: How often a sentence is read again with what it looked at; after that everything is asked for, once.
MAX_LOOKS = 3

#: How long a proposed scene waits for a yes: it has to be read.
PROPOSAL_S = 180.0


class Understand(Protocol):
    """`unisono.assist.understand`, or what stands in its place."""

    def __call__(
        self,
        text: str,
        world: World,
        memory: Memory | None = None,
        speaker: Speaker = ...,
        *,
        now: datetime,
        lang: str | None = None,
        timer: Callable[[], float] | None = None,
    ) -> Plan: ...


class Turn(msgspec.Struct):
    """One sentence on its way. The memory of a dry run is kept too: "and the kitchen too" leans on it.
    ``trouble``: why a large model made no plan; ``ask_first``: one made it, and something could come of it."""

    identity: Identity
    sentence: Sentence
    conversation: Conversation
    around: Surroundings
    states: States
    voice: Voice
    address: str = ""
    wait_s: float = WAIT_S
    trouble: str | None = None
    ask_first: bool = False

    @property
    def raw(self) -> dict[str, dict[str, Any]]:
        """What those things report that somebody asked about, by property."""
        return self.states.raw


class Assistant:
    """One for the API. ``surroundings`` are told when things change."""

    def __init__(self, context: ApiContext, understand: Understand = understand) -> None:
        self.context = context
        self._understand = understand
        self.surroundings = SurroundingsKeeper(context)
        self.conversations = Conversations()
        self.doing = Doing(context)
        self.large = LargeModel(context)

    async def say(self, identity: Identity, sentence: Sentence, address: str = "", wait_s: float = WAIT_S) -> Reply:
        """Understand a sentence and carry it out, as ``identity`` may. Raises CallerError ``not_found`` for a place,
        ``too_many``, ``bad_value`` (lang); what becomes of the plan is in the reply."""
        now = time.monotonic()
        conversation = self.conversations.get(identity.id, identity.token, sentence.conversation or "", now)
        async with conversation.turn:
            turn = await self._turn(identity, sentence, conversation, address, wait_s)
            reply = await self._reply(turn, now)
        reply.conversation = sentence.conversation or ""
        return reply

    async def _turn(
        self, identity: Identity, sentence: Sentence, conversation: Conversation, address: str, wait_s: float
    ) -> Turn:
        around = await self.surroundings.of(identity, sentence.place)
        lang = language_of(sentence.text, sentence.lang, conversation.lang or "en")
        conversation.lang = lang
        voice = Voice(lang, around.now(sentence.place))
        return Turn(identity, sentence, conversation, around, States(around), voice, address, wait_s)

    async def _reply(self, turn: Turn, now: float) -> Reply:
        pending = turn.conversation.waiting(now)
        yes = turn.sentence.confirm
        if yes is None and pending is not None:
            yes = turn.voice.confirms(turn.sentence.text)
        if yes is not None:
            return await self._confirmed(turn, pending, yes)
        last = turn.conversation.kept or ""
        if pending is None and last.startswith(LATER) and turn.voice.cancels(turn.sentence.text):
            return await self.carry(turn, Plan(outcome="act", steps=(Step(op="cancel", scene=last),)))
        turn.conversation.pending = None  # something else was said: the question is off the table
        plan, model = await self._understood(turn)
        turn.ask_first = model is not None and is_risky(turn, plan)
        if turn.ask_first and plan.outcome == "act" and not turn.sentence.dry_run:
            reply = self._ask_first(turn, plan)
        else:
            reply = await self.carry(turn, plan)
        reply.model, reply.model_error = model, turn.trouble
        if model is not None and reply.speech is not None:  # whoever only hears it is told too
            reply.speech["text"] = turn.voice.together([turn.voice.say("model"), reply.speech["text"]])
        return reply

    def _ask_first(self, turn: Turn, plan: Plan) -> Reply:
        """What a model made of a sentence opens no door before somebody said yes to it."""
        given = orders(plan.steps, turn.around.models, turn.raw)
        until = time.monotonic() + PROPOSAL_S
        turn.conversation.pending = Pending(plan, turn.sentence.text, until, given)
        reply = self.reply(plan, (turn.voice.lang, turn.voice.say("confirm")))
        reply.results = [Result(order.thing, "would", set=order.set, call=order.call) for order in given]
        reply.became, reply.confirm = "waiting", Confirm("command", PROPOSAL_S)
        return reply

    async def _understood(self, turn: Turn) -> tuple[Plan, str | None]:
        """The plan, and which large model made it, if one did."""
        around, sentence = turn.around, turn.sentence
        speaker = await self.surroundings.speaker(turn.identity, around, sentence.place, turn.voice.lang)
        spent_ms = 0.0
        for looks in range(MAX_LOOKS + 1):
            memory = copy.deepcopy(turn.conversation.memory)
            around.world.states = turn.states  # another sentence may have been read meanwhile
            plan = self._understand(
                sentence.text,
                around.world,
                memory,
                speaker,
                now=turn.voice.now,
                lang=sentence.lang,
                timer=time.perf_counter,
            )
            spent_ms += plan.ms or 0.0
            if not turn.states.wanted or looks == MAX_LOOKS:
                break
            last = looks == MAX_LOOKS - 1
            await self._look(turn, around.rows if last else tuple(turn.states.wanted))
        turn.conversation.memory = memory
        return await self._second_opinion(turn, msgspec.structs.replace(plan, ms=round(spent_ms, 3)))

    async def _look(self, turn: Turn, things: Iterable[str]) -> None:
        """Ask what things report, of those that were not asked yet."""
        asked = turn.states.unknown(things)
        if asked:
            turn.states.take(asked, await self.surroundings.twins(turn.around, asked))

    async def _second_opinion(self, turn: Turn, plan: Plan) -> tuple[Plan, str | None]:
        """The plan of a large model, where one is set up and may be asked; else the one that there is."""
        wanted = turn.sentence.model
        reason = (plan.why or "").partition(":")[0]
        if wanted is False or reason in SETTLED or (wanted is None and plan.outcome != "refuse"):
            return plan, None
        settings = await self.large.settings()
        if settings is None:
            return plan, None
        await self._look(turn, turn.around.rows)  # it may ask for any of them
        try:
            second = await self.large.plan(turn, settings)
        except NoPlanError as error:
            turn.trouble = f"{settings.model} was asked; {error}"
            return plan, None
        turn.conversation.memory.plan, turn.conversation.memory.things = second, things_of(second.steps)
        return second, settings.model

    async def carry(self, turn: Turn, plan: Plan) -> Reply:
        """What becomes of a plan: also of one that somebody else made, such as a program or a large model."""
        about = [*things_of(plan.steps), *(thing for condition in plan.conditions for thing in condition.things)]
        if any(step.op == "undo" for step in plan.steps):
            about += [order.thing for order in turn.conversation.undo]
        await self._look(turn, about)
        try:
            if plan.outcome == "answer" and plan.query is not None and plan.query.ask != "help":
                return await self._answer(turn, plan)
            if plan.outcome == "act":
                return await self._act(turn, plan)
            if plan.outcome in ("later", "automate"):
                return await self._keep(turn, plan)
        except UnisonoError as error:
            reply = self.reply(plan, self._why_not(turn, error))
            reply.became, reply.error = "failed", error.problem()
            return reply
        text = plan.speech.text if plan.speech is not None else ""
        if not text and plan.outcome in ("ask", "refuse"):
            text = self._refusal(turn, plan.why or "")
        reply = self.reply(plan, (turn.voice.lang, text) if text else None)
        if plan.outcome == "answer":
            reply.became = "answered"
        return reply

    def _refusal(self, turn: Turn, why: str) -> str:
        """Why nothing is done, and the nearest that there is: of what the speaker may see, by what they call it."""
        around, lang = turn.around, turn.voice.lang
        things = [around.name(thing, lang) for thing in around.rows]
        places = [next(iter(row.names.get(lang) or ()), row.name) for row in around.places.values()]
        return refusal(turn.voice, why, things, places)

    def reply(self, plan: Plan, spoken: tuple[str, str] | None) -> Reply:
        """The plan's own fields, with what is said of it."""
        said: dict[str, Any] = encode_plan(plan)
        reply = Reply(
            outcome=plan.outcome,
            became="nothing",
            steps=said.get("steps", []),
            when=said.get("when"),
            conditions=said.get("if", []),
            query=said.get("query"),
            beside=said.get("beside", []),
            why=plan.why,
            ms=plan.ms,
        )
        if spoken is not None:
            reply.speech = {"lang": spoken[0], "text": spoken[1]}
        return reply

    def _why_not(self, turn: Turn, error: UnisonoError) -> tuple[str, str]:
        text = error.detail + (f"; {error.expected}" if error.expected else "")
        return turn.voice.lang, turn.voice.say("because", why=text)

    # answers

    async def _answer(self, turn: Turn, plan: Plan) -> Reply:
        assert plan.query is not None
        asked = (plan.query, *plan.beside)
        found = [await answer(self.context, turn.identity, turn.around, turn.voice, query) for query in asked]
        reply = self.reply(plan, (turn.voice.lang, " ".join(each.text for each in found)))
        reply.became, reply.answer = "answered", found[0].found
        for each in found[1:]:
            reply.answer.items.extend(each.found.items)
        return reply

    # now

    async def _act(self, turn: Turn, plan: Plan) -> Reply:
        unmet = self.doing.unmet(turn, plan)
        if unmet is not None:
            return self.reply(plan, (turn.voice.lang, unmet))
        given = orders(plan.steps, turn.around.models, turn.raw)
        if turn.sentence.dry_run:
            return self._would(turn, plan, await self.doing.checked(turn, given))
        done = await carry_out(
            self.context, turn.identity, given, why=turn.sentence.text, address=turn.address, wait_s=turn.wait_s
        )
        reply = self.reply(plan, None)
        reply.results = [each.result() for each in done]
        told = [self.doing.tell(turn, given, done)] if given else []
        if plan.speech is not None and plan.speech.text:  # what is to be known of it, such as that it does more
            told.insert(0, plan.speech.text)
        if given:
            went = [order for order, each in zip(given, done, strict=True) if each.command is not None]
            turn.conversation.undo, turn.conversation.kept = taken_back(went), None
        for step in plan.steps:
            other = await self.doing.other(turn, step)
            if other is not None:
                told.append(other.text)
                reply.results += other.results
                reply.scene = other.scene or reply.scene
        if plan.when is not None and plan.when.until is not None and any(each.command is not None for each in done):
            row = await self.doing.end(turn, plan, given)
            reply.scene = Kept(row.id, kept=True)
            told.append(turn.voice.say("until", when=self.doing.when(turn, plan.when.until)))
        self._await_word(turn, plan, given, done, reply, told)
        reply.became = "waiting" if reply.confirm is not None else _became(reply.results, told)
        reply.speech = {"lang": turn.voice.lang, "text": turn.voice.together(told) or turn.voice.say("done")}
        return reply

    def _await_word(
        self, turn: Turn, plan: Plan, given: list[Any], done: list[Given], reply: Reply, told: list[str]
    ) -> None:
        """What a place wants said a second time waits for it."""
        waiting = [(order, each) for order, each in zip(given, done, strict=True) if each.confirmation is not None]
        if not waiting:
            return
        within_s = min(each.within_s or 0.0 for _order, each in waiting)
        turn.conversation.pending = Pending(
            plan,
            turn.sentence.text,
            time.monotonic() + within_s,
            [order for order, _each in waiting],
            {number: each.confirmation or "" for number, (_order, each) in enumerate(waiting)},
        )
        reply.confirm = Confirm("command", within_s)
        told.append(turn.voice.say("confirm"))

    def _would(self, turn: Turn, plan: Plan, results: list[Result]) -> Reply:
        reply = self.reply(plan, (turn.voice.lang, turn.voice.say("dry")))
        reply.results, reply.became = results, "would"
        return reply

    # later, and again and again

    async def _keep(self, turn: Turn, plan: Plan) -> Reply:
        document = await self.doing.scene(turn, plan)
        findings = await self.doing.check(turn, document)
        reply = self.reply(plan, None)
        reply.scene = Kept(document["id"], document, warnings=findings)
        spoken = [plan.speech.text] if plan.speech is not None and plan.speech.text else []
        if turn.sentence.dry_run:
            reply.became = "would"
            spoken = spoken or [self.doing.describe(turn, plan)]
        elif plan.outcome == "later" and not turn.ask_first:
            row = await self.context.keeper.keep(turn.identity, document)
            turn.conversation.kept, turn.conversation.undo = row.id, []
            reply.scene.kept, reply.became = True, "later"
            spoken = spoken or [turn.voice.say("later", when=self.doing.describe(turn, plan, inside=True))]
        else:
            until = time.monotonic() + PROPOSAL_S
            turn.conversation.pending = Pending(plan, turn.sentence.text, until, scene=document)
            reply.confirm, reply.became = Confirm("scene", PROPOSAL_S), "waiting"
            spoken = [*(spoken or [self.doing.describe(turn, plan)]), turn.voice.say("proposal")]
        reply.speech = {"lang": turn.voice.lang, "text": turn.voice.together(spoken)}
        return reply

    # yes and no

    async def _confirmed(self, turn: Turn, pending: Pending | None, yes: bool) -> Reply:
        turn.conversation.pending = None
        if pending is None:
            plan = Plan(outcome="refuse", why="nothing_to_confirm")
            return self.reply(plan, (turn.voice.lang, turn.voice.say("nothing_to_confirm")))
        if not yes:
            plan = Plan(outcome="refuse", why="not_confirmed")
            return self.reply(plan, (turn.voice.lang, turn.voice.say("dropped")))
        try:
            if pending.scene is not None:
                return await self._kept(turn, pending, pending.scene)
            return await self._second(turn, pending)
        except UnisonoError as error:
            reply = self.reply(pending.plan, self._why_not(turn, error))
            reply.became, reply.error = "failed", error.problem()
            return reply

    async def _kept(self, turn: Turn, pending: Pending, document: dict[str, Any]) -> Reply:
        row = await self.context.keeper.keep(turn.identity, document)
        turn.conversation.kept, turn.conversation.undo = row.id, []
        reply = self.reply(pending.plan, (turn.voice.lang, turn.voice.say("kept")))
        reply.scene, reply.became = Kept(row.id, document, kept=True), "kept"
        return reply

    async def _second(self, turn: Turn, pending: Pending) -> Reply:
        done = await carry_out(
            self.context,
            turn.identity,
            pending.orders,
            why=pending.said,
            address=turn.address,
            codes=pending.codes,
            wait_s=turn.wait_s,
        )
        reply = self.reply(pending.plan, None)
        reply.results = [each.result() for each in done]
        told = [self.doing.tell(turn, pending.orders, done)]
        self._await_word(turn, pending.plan, pending.orders, done, reply, told)
        reply.became = "waiting" if reply.confirm is not None else _became(reply.results, [])
        reply.speech = {"lang": turn.voice.lang, "text": turn.voice.together(told)}
        turn.conversation.undo = taken_back(pending.orders)
        return reply


def _became(results: list[Result], told: list[str]) -> Any:
    states = {each.state for each in results}
    if not states:
        return "done" if told else "nothing"
    if states <= {"confirmed"}:
        return "done"
    if states & UNDERWAY:
        return "underway"
    return "partly" if "confirmed" in states else "failed"
