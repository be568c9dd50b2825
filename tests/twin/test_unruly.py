"""Devices that refuse, lie, answer late, twice or for others, vanish and come back; under a policy, with crashes.

Whatever happens: every command ends, nothing that must not be repeated is told twice, the press is never started while
the guard is known to be open, no limit is passed, and a crash at any point changes nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.world import LIGHT, SECOND, T0, Disk, Home, model_put, offline, online, picture, reports, thing_put
from unisono.thing import builtin_model
from unisono.twin.command import Command, State
from unisono.twin.fold import Fold
from unisono.twin.record import Asked, Entry, Listening, PlacePut, PolicyPut, Sending, Sent, Stopped, Tick

PRESS, COVER, SPEAKER = builtin_model("press"), builtin_model("cover"), builtin_model("speaker")
THINGS = ("press", "lamp", "cover", "box")
POLICY = {
    "interlocks": [
        {
            "name": "guard",
            "never": {"things": ["press"], "set": {"start_stop": True}, "call": ["reset_fault"]},
            "while": [{"thing": "press", "property": "guard", "is": "open"}],
        }
    ],
    "limits": [{"name": "calm", "what": {"things": ["lamp"]}, "changes": 3, "in_s": 30}],
}
WISHES: dict[str, list[dict[str, Any] | str]] = {
    "press": [{"start_stop": True}, {"start_stop": False}, "reset_fault", {"andon": "red"}],
    "lamp": [
        {"on_off": True},
        {"on_off": False},
        {"brightness": 80.0},
        {"on_off": True, "brightness": 10.0},
        "identify",
    ],
    "cover": [{"position": 0.0}, {"position": 100.0}, "stop"],
    "box": [{"playback": "next"}, {"playback": "pause"}, {"volume": 30.0}],
}
#: What happens, and how often beside the others.
STEPS = {
    "ask": 8,
    "leave": 12,
    "obey": 6,
    "promise": 3,
    "refuse": 2,
    "lie": 3,
    "for_another": 1,
    "vanish": 2,
    "come": 4,
    "guard": 3,
    "time": 6,
    "cancel": 1,
}


class World:
    """A fold with its owner's hands (what is to leave, leaves when a step says so) and the devices' inboxes."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.home = Home()
        self.disk = Disk()
        self.elapsed = 0
        self.asked = 0
        self.epoch = 10
        self.leaving: list[str] = []
        self.inbox: list[tuple[str, str, dict[str, Any] | str]] = []  # thing, command, what it was told
        self.told: Counter[str] = Counter()
        self.guard_is = ""  # what the press has said of its guard since it came, if it did
        self.dies = False  # it may die between an effect and the word of it
        self.say(
            PlacePut("home"),
            *(model_put(model) for model in (PRESS, LIGHT, COVER, SPEAKER)),
            *(thing_put(thing, model) for thing, model in zip(THINGS, (PRESS, LIGHT, COVER, SPEAKER), strict=True)),
            PolicyPut("home", 1, msgspec.json.encode(POLICY)),
        )
        for thing in THINGS:
            self.come(thing)

    @property
    def commands(self) -> dict[str, Command]:
        return self.home.fold.partition.commands

    def say(self, *entries: Entry) -> None:
        tick = Tick(T0 + self.elapsed, self.elapsed)  # the owner puts one before all that it writes
        outcome = self.home.say(tick, *entries)
        self.disk.changed(outcome)
        self.leaving += outcome.effects

    def crash(self) -> None:
        """The owner dies after a checkpoint and starts anew: what waited to leave is found in the state."""
        self.disk.save(self.home.fold.partition)
        self.home.fold = Fold(self.disk.load())
        again, unknown = self.home.fold.control.after_replay()
        self.leaving = again
        for id in unknown:
            self.say(Sent(id, T0, False, "outcome unknown"))

    def step(self) -> None:
        [kind] = self.chance.choices(list(STEPS), list(STEPS.values()))
        thing = self.chance.choice(THINGS)
        getattr(self, kind)(thing)

    # people

    def ask(self, thing: str) -> None:
        wish = self.chance.choice(WISHES[thing])
        self.asked += 1
        asked = Asked(f"c{self.asked}", thing, T0 + self.elapsed, {"kind": "person", "id": "wei"})
        if isinstance(wish, str):
            asked.call, asked.input = wish, {}
        else:
            asked.set = wish
        asked.ttl_s = self.chance.choice([0.0, 5.0, 300.0])
        self.say(asked)

    def cancel(self, _thing: str) -> None:
        self.say(Stopped(f"c{self.chance.randint(1, self.asked + 1)}", T0, {"id": "wei"}, "wei cancelled it"))

    # the owner's hands, as `unisono.owner.actor`

    def leave(self, _thing: str) -> None:
        if not self.leaving:
            return
        id = self.leaving.pop(self.chance.randrange(len(self.leaving)))
        if id.startswith("desired:"):
            self._leave_together(id.removeprefix("desired:"))
            return
        state = State.SENT if id.startswith("again:") else State.QUEUED
        id = id.removeprefix("again:")
        command = self.commands.get(id)
        if command is None or command.state is not state:
            return
        twin, control = self.home.twin(command.asked.thing), self.home.fold.control
        refusal = control.leaving(twin, command)
        if refusal is not None:
            self.say(Stopped(id, T0, {}, refusal.why, refusal.code))
            return
        if not control.repeatable(twin, command):
            self.say(Sending(id, T0))
        if control.reachable(twin, command) and self.chance.random() < 0.9:
            self._tell(command)
            if self.dies and self.chance.random() < 0.1:
                self.crash()
            else:
                self.say(Sent(id, T0))
        else:
            self.say(Sent(id, T0, False, "the gateway did not take it"))

    def _leave_together(self, thing: str) -> None:
        twin, control = self.home.twin(thing), self.home.fold.control
        _values, commands = control.wanted(twin)
        ids = list(dict.fromkeys(commands.values()))
        once = [id for id in ids if not control.repeatable(twin, self.commands[id])]
        self.say(*(Sending(id, T0) for id in once))
        ok = control.way(twin, "desired") is not None
        for id in ids if ok else ():
            self._tell(self.commands[id])
        self.say(*(Sent(id, T0, ok, None if ok else "gone") for id in ids))

    def _tell(self, command: Command) -> None:
        asked = command.asked
        self.told[asked.id] += 1
        self.inbox.append((asked.thing, asked.id, asked.set if asked.call is None else asked.call))  # type: ignore[arg-type]
        twin = self.home.twin(asked.thing)
        if not self.home.fold.control.repeatable(twin, command):
            assert self.told[asked.id] == 1, f"{asked} was told twice"
        if asked.thing == "press" and (asked.set == {"start_stop": True} or asked.call is not None):
            assert command.state is not State.QUEUED or self.guard_is == "closed"

    # devices

    def _message(self) -> tuple[str, str, dict[str, Any] | str] | None:
        """Something that a device was told, now or long ago; it may be answered again later."""
        if not self.inbox:
            return None
        number = self.chance.randrange(len(self.inbox))
        return self.inbox[number] if self.chance.random() < 0.3 else self.inbox.pop(number)

    def _reply(self, thing: str, id: str, **body: Any) -> None:
        self.say(reports(thing, body, topic=f"reply/{id}", at=T0 + self.elapsed))

    def obey(self, _thing: str) -> None:
        if message := self._message():
            thing, id, wish = message
            if isinstance(wish, str):
                self._reply(thing, id, ok=True, output=1)
            else:
                self.say(reports(thing, wish, at=T0 + self.elapsed))

    def promise(self, _thing: str) -> None:
        if message := self._message():
            self._reply(message[0], message[1], ok=True)

    def refuse(self, _thing: str) -> None:
        if message := self._message():
            self._reply(message[0], message[1], ok=False, error="jammed")

    def lie(self, thing: str) -> None:
        said: dict[str, dict[str, Any]] = {
            "press": {"start_stop": self.chance.random() < 0.5},
            "lamp": {"on_off": self.chance.random() < 0.5, "brightness": self.chance.randint(0, 100)},
            "cover": {"position": self.chance.randint(0, 100)},
            "box": {"playback": "stop", "volume": self.chance.randint(0, 100)},
        }
        self.say(reports(thing, said[thing], at=T0 + self.elapsed))

    def for_another(self, thing: str) -> None:
        self._reply(thing, f"c{self.chance.randint(1, self.asked + 1)}", ok=self.chance.random() < 0.5)

    def vanish(self, thing: str) -> None:
        for epoch in list(self.home.twin(thing).connections):
            self.say(offline(thing, epoch, at=T0 + self.elapsed))
        if thing == "press":
            self.guard_is = ""

    def come(self, thing: str) -> None:
        self.epoch += 1
        topics = self.chance.choice([["set", "call"], ["set", "call", "desired"], ["desired"]])
        self.say(
            online(thing, self.epoch, at=T0 + self.elapsed),
            Listening(thing, "g1", self.epoch, topics, T0 + self.elapsed),
        )

    def guard(self, _thing: str) -> None:
        if self.home.twin("press").connections:
            self.guard_is = self.chance.choice(["open", "closed", "closed"])
            self.say(reports("press", {"guard": self.guard_is}, at=T0 + self.elapsed))

    def time(self, _thing: str) -> None:
        """Time passes as the owner lets it: a tick when something is due."""
        end = self.elapsed + self.chance.choice([0, 1, 2, 5, 12, 40]) * SECOND
        while (due := self.home.fold.partition.next_due) is not None and due <= end:
            self.elapsed = max(self.elapsed, due)
            self.say()
        self.elapsed = end
        self.say()

    def end(self) -> None:
        """Long after: nothing is left open, and nothing can be judged that was never said."""
        for _ in range(3):
            self.elapsed += 1_000 * SECOND
            self.say()
        assert [command for command in self.commands.values() if command.open] == []
        assert self.home.fold.partition.held == {}
        assert [letter for letter in self.home.letters() if letter[0] == "internal"] == []
        assert len(self.commands) == self.asked
        begun = [c for c in self.commands.values() if c.asked.thing == "lamp" and c.code != "too_many"]
        for wish in ("on_off", "brightness"):
            times = sorted(c.asked.at for c in begun if wish in (c.asked.set or {}))
            assert all(later - first >= 30 * SECOND for first, later in zip(times, times[3:], strict=False)), times

    def picture(self) -> Any:
        return picture(self.home.fold.partition), self.told, self.disk.told


def lived(seed: int, crashes: frozenset[int]) -> Any:
    world = World(seed)
    world.dies = bool(crashes)
    for number in range(120):
        if number in crashes:
            world.leaving.sort()
            world.crash()
        world.step()
    after = world.picture()
    world.end()
    return after


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_every_command_ends_and_nothing_happens_that_must_not(seed: int) -> None:
    lived(seed, frozenset())


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.frozensets(st.integers(0, 119), min_size=1, max_size=4))
def test_so_it_is_with_crashes(seed: int, crashes: frozenset[int]) -> None:
    lived(seed, crashes)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 119))
def test_a_checkpoint_taken_anywhere_is_the_state(seed: int, number: int) -> None:
    world = World(seed)
    for _ in range(number):
        world.step()
    world.disk.save(world.home.fold.partition)
    again = world.disk.load()
    again.resends = world.home.fold.partition.resends  # read anew from the log's end at a start
    assert picture(again) == picture(world.home.fold.partition)
