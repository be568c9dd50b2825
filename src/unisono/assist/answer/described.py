"""A plan in words: what would be done and when, as somebody hears it before they say yes.

Knows plans, and what things are called as it is passed in. Knows no grammar of what people say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from unisono.assist.answer.voice import Voice
from unisono.assist.orders import MOVES
from unisono.assist.plan import Condition, Plan, Step, When
from unisono.errors import CallerError
from unisono.scene.schedule import DAYS, SUN
from unisono.thing import Model, Property, find_property

__all__ = ["Describer"]

CRON_FIELDS = 5


class Describer:
    """``name``: what a thing, scene or person is called."""

    def __init__(self, voice: Voice, name: Callable[[str], str], models: Mapping[str, Model]) -> None:
        self._voice, self._name, self._models = voice, name, models

    def plan(self, plan: Plan) -> str:
        """When, and what: every day at 19:00: Kitchen light: on."""
        when = self.when(plan)
        what = self._voice.join([self._step(step) for step in plan.steps])
        if not when:
            return what
        text = self._voice.part("sentence", when=when, what=what)
        return text[:1].upper() + text[1:]

    def when(self, plan: Plan) -> str:
        """The times and conditions of a plan; "" for now."""
        when = plan.when or When()
        parts = self._times(when)
        conditions = list(plan.conditions)
        if not parts and conditions and plan.outcome == "automate":
            parts.append(self._voice.part("as_soon", what=self._condition(conditions.pop(0))))
        if when.after_s and when.at not in SUN:
            parts.append(self._voice.soon(when.after_s))
        parts += [self._voice.part("and_if", what=self._condition(each)) for each in conditions]
        if when.until is not None:
            parts.append(self._voice.part("ends", until=self._moment(when.until)))
        return ("" if self._voice.lang == "zh" else " ").join(parts)

    def _times(self, when: When) -> list[str]:
        parts = []
        every = when.every
        if every is not None:
            if len(every.split()) == CRON_FIELDS:
                return [self._voice.of("every", "cron", cron=every)]
            days = every.split(",")
            if set(days) <= set(DAYS):
                every = "days"
            named = self._voice.join([self._voice.weekday(DAYS.index(day)) for day in days if day in DAYS])
            parts.append(self._voice.of("every", every, days=named))
        if when.at is not None:
            parts.append(self._moment(when.at))
        return parts

    def _moment(self, at: str) -> str:
        if at in SUN:
            return self._voice.of("sun", at)
        if len(at) == len("HH:MM"):
            return self._voice.part("at_time", at=at)
        try:
            return self._voice.at(datetime.fromisoformat(at))
        except ValueError:
            return at

    def _names(self, things: tuple[str, ...]) -> str:
        return self._voice.join([self._name(thing) for thing in things])

    def _about(self, thing: str, trait: str) -> Property | None:
        try:
            return find_property(self._models[thing], trait)[1]
        except (CallerError, KeyError):
            return None

    def _condition(self, condition: Condition) -> str:
        voice, names = self._voice, self._names(condition.things)
        about = self._about(condition.things[0], condition.trait) if condition.things else None
        trait = voice.trait(about, condition.trait)
        told = []
        if condition.equals is not None:
            value = voice.value(about, condition.equals)
            told.append(voice.part("what", several=len(condition.things) > 1, name=names, value=value))
        for key, bound in (("above", condition.above), ("below", condition.below)):
            if bound is not None:
                told.append(voice.part(key, name=names, trait=trait, value=voice.value(about, bound)))
        if not told:
            told.append(voice.part("event", name=names, event=condition.trait))
        if condition.for_s:
            told.append(voice.part("for", duration=voice.duration(condition.for_s)))
        return (" " if voice.lang != "zh" else "").join(told)

    def _step(self, step: Step) -> str:
        voice = self._voice
        if step.op == "run":
            return voice.part("wish_run", name=self._name(step.scene or ""))
        if step.op not in MOVES:
            return voice.part("wish_tell", name=self._name(step.to or ""), text=step.text or "")
        names = self._names(step.things)
        trait = step.trait or ""
        if step.op == "call":
            return voice.part("wish_call", name=names, action=voice.trait(None, trait))
        if step.op == "toggle":
            return voice.part("wish_toggle", name=names)
        about = self._about(step.things[0], trait) if step.things else None
        value = voice.value(about, step.value)
        if step.op == "add":
            amount = voice.amount(step.value, about.unit if about is not None else step.unit)
            return voice.part("wish_add", name=names, trait=voice.trait(about, trait), value=amount)
        is_level = not isinstance(step.value, bool) and step.value not in ("open", "closed")
        return voice.part(
            "wish_level" if is_level else "wish", name=names, trait=voice.trait(about, trait), value=value
        )
