"""The single things that a plan can ask for, and how each is told: conditions, scenes, notices, cancelling, undoing.

Knows scenes, notifications and the voice. What a sentence means is settled before; whether it may be is asked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.access import Action, Risk
from unisono.api.assist.carrying import Given, carry_out
from unisono.api.assist.shapes import Kept, Result
from unisono.api.auth import now_us
from unisono.api.commands.asking import check_command
from unisono.api.ids import new_ulid
from unisono.api.people.channels import ask_notifier
from unisono.api.scenes.running import controlled
from unisono.api.scenes.saving import find_scene, read_draft
from unisono.assist import Condition, Plan, Step
from unisono.assist.answer.described import Describer
from unisono.assist.answer.told import Did, tell_done
from unisono.assist.automation import Setting, scene_of
from unisono.assist.orders import Order, holds, missing, taken_back
from unisono.errors import CallerError, UnisonoError
from unisono.scene.schedule import SUN
from unisono.store.registry import SceneRow
from unisono.thing import find_property
from unisono.twin import notices
from unisono.twin.notices import notify

if TYPE_CHECKING:
    from unisono.api.assist.assistant import Turn
    from unisono.api.context import ApiContext

__all__ = ["Doing", "Other"]

#: The notifier answers when a notice is on disk.
TAKE_S = 10.0


class Other(msgspec.Struct):
    """What became of a step that moves nothing itself."""

    text: str
    results: list[Result] = []
    scene: Kept | None = None


class Doing:
    def __init__(self, context: ApiContext) -> None:
        self._context = context

    # things

    def unmet(self, turn: Turn, plan: Plan) -> str | None:
        """Why nothing is done, when a condition of an act is not met now."""
        models = turn.around.models
        for condition in plan.conditions:
            if missing(condition, models, turn.raw):
                return turn.voice.say("not_known", what=self._what(turn, condition))
            if not holds(condition, models, turn.raw):
                return turn.voice.say("not_so", what=self._what(turn, condition))
        return None

    def _what(self, turn: Turn, condition: Condition) -> str:
        names = [turn.around.name(thing, turn.voice.lang) for thing in condition.things]
        _key, about = find_property(turn.around.models[condition.things[0]], condition.trait)
        bound = condition.above if condition.above is not None else condition.below
        wanted = condition.equals if condition.equals is not None else bound
        value = turn.voice.value(about, wanted) if wanted is not None else ""
        if condition.equals is None and bound is not None:
            value = f"{'>' if condition.above is not None else '<'} {value}"
        return turn.voice.part("what", several=len(names) > 1, name=turn.voice.join(names), value=value)

    async def checked(self, turn: Turn, given: Sequence[Order]) -> list[Result]:
        """What orders would be, checked as if they were given; nothing is."""
        context, results = self._context, []
        for order in given:
            model = turn.around.models[order.thing]
            path = turn.around.paths[turn.around.rows[order.thing].place]
            try:
                wanted, call, _input = check_command(model, order.set, order.call, order.input)
                context.auth.require(turn.identity, Action.CONTROL, path)
                context.auth.require_command(turn.identity, model, wanted, call, path)
            except UnisonoError as error:
                results.append(Result(order.thing, "refused", error=error.problem(), set=order.set, call=order.call))
            else:
                results.append(Result(order.thing, "would", set=wanted, call=call))
        return results

    def tell(self, turn: Turn, given: Sequence[Order], done: Sequence[Given]) -> str:
        """What became of orders, in words; what waits for a second word is told by itself."""
        told: list[Did] = []
        for order, each in zip(given, done, strict=True):
            if each.confirmation is not None:
                continue
            name = turn.around.name(order.thing, turn.voice.lang)
            properties = turn.around.models[order.thing].properties
            wanted: list[tuple[str | None, Any]] = [*order.set.items()] if order.set is not None else [(None, None)]
            for key, value in wanted:
                about = properties[key] if key is not None else None
                told.append(Did(name=name, about=about, value=value, state=each.how, why=each.why))
        return tell_done(turn.voice, told)

    # the others

    async def other(self, turn: Turn, step: Step) -> Other | None:
        """What becomes of a step of an act that moves nothing itself; None for one that does."""
        if step.op == "run":
            return await self._run(turn, step)
        if step.op in ("notify", "remind"):
            return await self._notify(turn, step)
        if step.op == "cancel":
            return await self._cancel(turn, step)
        if step.op == "undo":
            return await self._undo(turn)
        return None

    async def _run(self, turn: Turn, step: Step) -> Other:
        row, _partition = await controlled(self._context, turn.identity, step.scene or "")
        ran = await self._context.keeper.run(turn.identity, row, turn.address)
        if ran.refusal is not None:
            return Other(turn.voice.say("not_run", name=row.name, why=ran.refusal.why), scene=Kept(row.id))
        return Other(turn.voice.say("ran", name=row.name), scene=Kept(row.id))

    async def _notify(self, turn: Turn, step: Step) -> Other:
        context, to = self._context, step.to if step.to not in (None, "", "me") else turn.identity.id
        assert to is not None
        root = turn.around.root
        if to != turn.identity.id:  # as by hand
            context.auth.require(turn.identity, Action.CONTROL, await context.path_of(root), Risk.SENSITIVE)
        now = now_us()
        body = notices.Telling(to=[to], text=step.text or turn.sentence.text)
        notice = notices.Notice(id=new_ulid(now), body=body, at=now, by=turn.identity.by_assistant().by())
        await ask_notifier(context, notify(await context.partition_of(root)), notice, TAKE_S)
        return Other(turn.voice.say("notified", name=to))

    async def _cancel(self, turn: Turn, step: Step) -> Other:
        """What was asked for later: the one that was named, the last of this conversation, or the only one."""
        keeper = self._context.keeper
        rows = await keeper.later(turn.identity)
        if step.scene is not None:
            rows = [row for row in rows if row.id == step.scene]
        elif step.text:
            named = [row for row in rows if step.text.lower() in row.name.lower()]
            rows = named or rows
        last = [row for row in rows if row.id == turn.conversation.kept]
        chosen = last or rows
        if not chosen:
            return Other(turn.voice.say("nothing_to_cancel"))
        if len(chosen) > 1:
            raise CallerError(turn.voice.join([row.name for row in chosen]), code="bad_value", expected="one of them")
        await keeper.cancel(turn.identity, chosen[0])
        turn.conversation.kept = None
        return Other(turn.voice.say("cancelled", name=chosen[0].name), scene=Kept(chosen[0].id))

    async def _undo(self, turn: Turn) -> Other:
        conversation = turn.conversation
        if conversation.kept is not None:
            row = await find_scene(self._context, turn.identity, conversation.kept)
            await self._context.keeper.cancel(turn.identity, row)
            conversation.kept = None
            return Other(turn.voice.say("cancelled", name=row.name), scene=Kept(row.id))
        if not conversation.undo:
            return Other(turn.voice.say("nothing_to_undo"))
        back = conversation.undo
        before = [
            Order(order.thing, order.set, before={key: turn.raw[order.thing][key] for key in order.set or ()})
            for order in back
            if order.thing in turn.raw and (order.set or {}).keys() <= turn.raw[order.thing].keys()
        ]
        done = await carry_out(
            self._context, turn.identity, back, why=turn.sentence.text, address=turn.address, wait_s=turn.wait_s
        )
        conversation.undo = taken_back(before)  # undoing it again does it again
        results = [each.result() for each in done]
        if all(each.state == "confirmed" for each in done):
            return Other(turn.voice.say("undone"), results)
        return Other(self.tell(turn, back, done), results)

    # scenes

    async def scene(self, turn: Turn, plan: Plan, given: Sequence[Order] = ()) -> dict[str, Any]:
        """The scene that a plan becomes, as a document."""
        later = plan.outcome != "automate"
        said = turn.sentence.text
        setting = Setting(
            id=await self._context.keeper.new_id(said, later=later),
            place=self._root(turn, plan),
            home=self._root(turn, plan),
            speaker=turn.identity.id,
            said=said,
            now=turn.voice.now,
            models=turn.around.models,
            places=tuple(turn.around.places),
        )
        return scene_of(plan, setting, given)

    def _root(self, turn: Turn, plan: Plan) -> str:
        """The root place of the things, which must be one; of none: where it was said."""
        things = [thing for step in plan.steps for thing in step.things]
        things += [thing for condition in plan.conditions for thing in condition.things]
        roots = {turn.around.rows[thing].root for thing in things if thing in turn.around.rows}
        if len(roots) > 1:
            raise CallerError(
                "it reaches over several homes", code="bad_value", field="things", expected="things of one"
            )
        return next(iter(roots), turn.around.root)

    async def check(self, turn: Turn, document: dict[str, Any]) -> list[dict[str, Any]]:
        """What is odd about a scene, before it is shown. Raises as saving it would."""
        scene = read_draft(msgspec.json.encode(document).decode()).scene
        root = (await self._context.place(scene.place)).root
        async with self._context.scenes.writing(turn.identity, root) as around:
            findings = await around.check(scene)
            await around.require(scene, Action.AUTOMATE)
        return [msgspec.to_builtins(each) for each in findings]

    async def end(self, turn: Turn, plan: Plan, given: Sequence[Order]) -> SceneRow:
        """What ends an act of which an end was said."""
        document = await self.scene(turn, plan, given)
        return await self._context.keeper.keep(turn.identity, document)

    def describe(self, turn: Turn, plan: Plan, *, inside: bool = False) -> str:
        """What a plan would do and when, in words; ``inside``: as a part of a sentence."""

        def name(id: str) -> str:
            if id in turn.around.rows:
                return turn.around.name(id, turn.voice.lang)
            scene = turn.around.world.scenes.get(id)
            return scene.names[0] if scene is not None else id or turn.identity.name

        text = Describer(turn.voice, name, turn.around.models).plan(plan)
        return text[:1].lower() + text[1:].removesuffix(".").removesuffix("。") if inside else text

    def when(self, turn: Turn, at: str) -> str:
        """A time of a plan as it is said."""
        if at in SUN or len(at) <= len("HH:MM"):
            return at
        try:
            return turn.voice.at(datetime.fromisoformat(at))
        except ValueError:
            return at
