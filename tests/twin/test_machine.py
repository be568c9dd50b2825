"""Commands under anything that may happen, in any order: each ends, once, and the open lists tell the truth."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.twin.world import GAUGE, SECOND, T0, Home, model_put, offline, online, reports, thing_put
from unisono.twin.record import Asked, Entry, GatewayStarted, Listening, Sending, Sent, ThingRemoved, Tick

things = st.sampled_from(["gauge", "part"])
ids = st.sampled_from([f"c{i}" for i in range(8)])
values = st.sampled_from([{"level": 20}, {"level": 60}, {"mode": "low"}, {"mode": "high", "level": 20}, {"step": 1}])


class Commands(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.home = Home(model_put(GAUGE), thing_put("gauge"), thing_put("part", parent="gauge"))
        self.elapsed = 0
        self.ended: dict[str, tuple[Any, ...]] = {}
        self.fresh = 0

    def say(self, *entries: Entry) -> None:
        outcome = self.home.say(*entries)
        commands = self.home.fold.partition.commands
        for id in outcome.effects:
            if id.startswith("again:"):
                assert commands[id.removeprefix("again:")].state == "sent"
                continue
            assert id.startswith("desired:") or commands[id].state == "queued" or not commands[id].open

    @rule(thing=things, wanted=values, ttl_s=st.sampled_from([0.0, 1.0, 500.0]))
    def ask_to_set(self, thing: str, wanted: dict[str, Any], ttl_s: float) -> None:
        self.say(Asked(self.next(), thing, T0, {}, wanted, ttl_s=ttl_s))

    @rule(thing=things, action=st.sampled_from(["zero", "blink"]))
    def ask_to_call(self, thing: str, action: str) -> None:
        self.say(Asked(self.next(), thing, T0, {}, None, action))

    def next(self) -> str:
        self.fresh += 1
        return f"c{self.fresh - 1}"

    @rule(id=ids, ok=st.booleans())
    def sent(self, id: str, ok: bool) -> None:
        self.say(Sent(id, T0, ok, None if ok else "cut"))

    @rule(id=ids)
    def sending(self, id: str) -> None:
        self.say(Sending(id, T0))

    @rule(thing=things, said=st.lists(values, min_size=1, max_size=3), late=st.booleans())
    def report(self, thing: str, said: list[dict[str, Any]], late: bool) -> None:
        at = T0 // 1000 - 10_000
        self.say(reports(thing, *({"at": at, "state": each} if late else each for each in said)))

    @rule(thing=things, id=ids, ok=st.booleans())
    def reply(self, thing: str, id: str, ok: bool) -> None:
        self.say(reports(thing, {"ok": ok, "output": 1}, topic=f"reply/{id}"))

    @rule(seconds=st.sampled_from([0, 1, 3, 30]), jump=st.sampled_from([0, -3600]))
    def time_passes(self, seconds: int, jump: int) -> None:
        self.elapsed += seconds * SECOND
        self.say(Tick(T0 + self.elapsed + jump * SECOND, self.elapsed))

    @rule(thing=things, here=st.booleans(), epoch=st.integers(1, 3))
    def come_or_go(self, thing: str, here: bool, epoch: int) -> None:
        self.say(online(thing, epoch) if here else offline(thing, epoch))

    @rule(thing=things, topics=st.sampled_from([["set"], ["call", "set"], ["desired"]]))
    def listen(self, thing: str, topics: list[str]) -> None:
        self.say(Listening(thing, "g1", 1, topics, T0))

    @rule(thing=things)
    def remove_and_add(self, thing: str) -> None:
        self.say(ThingRemoved(thing, T0), thing_put(thing))

    @rule()
    def gateway_starts(self) -> None:
        self.say(GatewayStarted("g1", T0))

    @invariant()
    def an_end_is_final_and_open_lists_tell_the_truth(self) -> None:
        partition = self.home.fold.partition
        open_ids = {id for twin in partition.things.values() for id in twin.open}
        assert open_ids == {id for id, command in partition.commands.items() if command.open}
        for id, command in partition.commands.items():
            assert (command.ended is None) == command.open
            if not command.open:
                end = (command.state, command.why, command.ended, repr(command.output), command.turn)
                assert self.ended.setdefault(id, end) == end
        for twin in partition.things.values():
            wanted = [key for id in twin.open for key in partition.commands[id].asked.set or ()]
            assert len(wanted) == len(set(wanted))  # at most one open command wants a property
        assert [letter for letter in self.home.letters() if letter[0] == "internal"] == []

    def teardown(self) -> None:
        for _ in range(2):
            self.elapsed += 1_000 * SECOND
            self.say(Tick(T0, self.elapsed))
        assert [command for command in self.home.fold.partition.commands.values() if command.open] == []
        assert len(self.ended) <= len(self.home.fold.partition.commands) == self.fresh


def test_every_command_ends_once() -> None:
    run_state_machine_as_test(Commands, settings=settings(max_examples=60, stateful_step_count=40))
