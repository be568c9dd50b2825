"""What every dialect must do, as classes to inherit: `LineConformance` and `PlaceConformance`, over a `Bench`.

A bench joins a translator with a real fold in memory: what a device says becomes entries as at a gateway, commands come
out as the dialect's messages. Time is passed in; nothing here opens a socket.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any, NamedTuple, TypeGuard

import msgspec

from unisono.dialect import (
    Announced,
    Asks,
    Caller,
    Hears,
    Hub,
    Line,
    LineDialect,
    Listens,
    Odd,
    Part,
    PlaceDialect,
    Promised,
    Said,
    Say,
    There,
    Translator,
    Withdrawn,
    is_silent,
)
from unisono.errors import CallerError, UnisonoError
from unisono.gateway.speaking.entries import Origin, body_of, entry_of, replied
from unisono.thing import Model, dump_model, require_sound
from unisono.twin.command import Command
from unisono.twin.fold import Fold
from unisono.twin.record import (
    Asked,
    Batch,
    Entry,
    Listening,
    ModelPut,
    Presence,
    Reports,
    Sent,
    ThingPut,
    ThingRemoved,
    Tick,
)

__all__ = ["Bench", "LineConformance", "Message", "PlaceConformance", "body"]

START_US = 1_700_000_000_000_000
THING = "thing1"
DOWN = ["call", "set"]
SECRET = "0123456789abcdef0123456789abcdef"


class Message(NamedTuple):
    """What a device publishes, or is told."""

    topic: str
    payload: bytes


class Bench:
    """One translator and a fold. ``things``: ids by key, as announced or as the line was told; ``told``: what was said
    to the device since `take_told`; ``odd``: what could not be understood; ``asked``: questions to the hub;
    ``promised``: keys of what is to be announced."""

    def __init__(self) -> None:
        self.fold = Fold()
        self.now_us = START_US
        self.translator: Translator
        self.things: dict[str, str] = {}
        self.models: dict[str, Model] = {}
        self.told: list[Message] = []
        self.retained: dict[str, bytes] = {}
        self.odd: list[Odd] = []
        self.asked: list[Asks] = []
        self.promised: set[str] = set()
        self._seq = 0
        self._epoch = 0
        self._numbers = 0
        self._put_models: dict[str, list[Model]] = {}

    # the hub

    def fold_in(self, *entries: Entry) -> None:
        self._seq += 1
        tick = Tick(self.now_us, self.now_us - START_US)
        self.fold.apply(self._seq, 1, Batch("bench", self.now_us, [tick, *entries]))

    def tick(self, seconds: float) -> None:
        self.now_us += int(seconds * 1_000_000)
        self.fold_in()
        self._effects()
        self.take(self.translator.due(self.now_us // 1000), Message("", b""))

    def put(self, thing: str, key: str, model: Model) -> None:
        """A thing is registered."""
        require_sound(model)
        self.things[key] = thing
        self.models[key] = model
        put = ThingPut(thing, key, model.id, model.version, "home", "home", at=self.now_us)
        self.fold_in(ModelPut(model.id, model.version, dump_model(model)), put)

    def connect(self, translator: Translator) -> None:
        """A connection is made; of a line, for the thing `THING`."""
        self.translator = translator
        self._epoch += 1
        if _is_line(translator):
            self.fold_in(Presence(THING, "g0", self._epoch, True, "connected", self.now_us, THING))
            parts = [Part(thing, key, self.models[key]) for key, thing in self.things.items()]
            said = [*translator.know(parts), *translator.begin(self.now_us // 1000)]
            self.take(said, Message("", b""))

    def disconnect(self) -> None:
        self.fold_in(Presence(THING, "g0", self._epoch, False, "lost", self.now_us, THING))

    def ask(self, key: str, wanted: Mapping[str, Any] | None = None, *, call: str | None = None) -> str:
        """Begin a command, of values or of an action with its input; returns its id."""
        self._numbers += 1
        id = f"c{self._numbers}"
        values = dict(wanted or {})
        given: dict[str, Any] = {"input": values, "call": call} if call is not None else {"set": values}
        asked = Asked(id, self.things[key], self.now_us, {"kind": "person", "id": "wei"}, **given)
        self.fold.control.check(asked)
        self.fold_in(asked)
        self._effects()
        return id

    def _effects(self) -> None:
        effects, self.fold.outcome.effects = self.fold.outcome.effects, []
        for effect in effects:
            id = effect.removeprefix("again:")
            if not id.startswith("desired:"):
                self._send(self.fold.partition.commands[id])

    def _send(self, command: Command) -> None:
        asked = command.asked
        key = next(key for key, thing in self.things.items() if thing == asked.thing)
        topic = f"call/{asked.call}" if asked.call is not None else "set"
        body: dict[str, Any] = {"id": asked.id}
        body |= {"input": asked.input or {}} if asked.call is not None else {"state": asked.set}
        line = _is_line(self.translator)
        try:
            said = self.translator.wanted(asked.thing if line else key, topic, body, self.now_us // 1000)
        except CallerError as error:
            refusal = replied(False, error=str(error))
            self.fold_in(Reports(asked.thing, asked.thing, f"reply/{asked.id}", self.now_us, [refusal]))
            return
        self.told += [Message(each.topic, each.payload) for each in said]
        self.fold_in(Sent(asked.id, self.now_us, silent=is_silent(said)))

    # the device

    def say(self, *messages: Message) -> None:
        """The device publishes."""
        for message in messages:
            said = self.translator.heard(message.topic, message.payload, self.now_us // 1000)
            self.take(said or [], message)

    def take(self, said: Iterable[Said], message: Message) -> None:
        origin = Origin(THING, message.topic, self.now_us, payload=message.payload)
        for each in said:
            if isinstance(each, Say):
                self.told.append(Message(each.topic, each.payload))
            elif isinstance(each, Odd):
                self.odd.append(each)
            elif isinstance(each, Promised):
                self.promised.add(each.thing)
            elif isinstance(each, Asks):
                self.asked.append(each)
            elif isinstance(each, Announced):
                self._announced(each)
            elif isinstance(each, Withdrawn):
                self._withdrawn(each.key)
            elif isinstance(each, Listens):
                kept = [Message(topic, self.retained[topic]) for topic in each.topics if topic in self.retained]
                self.say(*kept)
            elif isinstance(each, Hears):
                self.fold_in(Listening(each.thing, "g0", self._epoch, DOWN, self.now_us))
            elif isinstance(each, There):
                self._there(self.things[each.thing], each.online)
            else:
                thing = each.thing if _is_line(self.translator) else self.things[each.thing]
                found = entry_of(each, thing, origin)
                assert found is not None
                self.fold_in(found[0])
        self._effects()

    def _announced(self, announced: Announced) -> None:
        """The hub takes a thing in; it is there until something says that it is not."""
        self.promised.discard(announced.key)
        thing = self.things.get(announced.key)
        known = self.models.get(announced.key)
        if thing is not None and known is not None and msgspec.structs.replace(known, version=1) == announced.model:
            return
        self._numbers += 1
        before = self._put_models.setdefault(announced.model.id, [])
        if announced.model not in before:
            before.append(announced.model)
        version = before.index(announced.model) + 1
        model = msgspec.structs.replace(announced.model, version=version)
        self.put(thing or f"thing{self._numbers}", announced.key, model)
        if thing is None:
            self._there(self.things[announced.key], True)

    def _withdrawn(self, key: str) -> None:
        """It may not have been announced yet."""
        if key in self.things:
            self.fold_in(ThingRemoved(self.things.pop(key), self.now_us))

    def _there(self, thing: str, online: bool) -> None:
        entries: list[Entry] = [Presence(thing, "g0", self._epoch, online, "connected", self.now_us, thing)]
        if online:
            entries.append(Listening(thing, "g0", self._epoch, DOWN, self.now_us))
        self.fold_in(*entries)

    # what is to be seen

    def take_told(self) -> list[Message]:
        told, self.told = self.told, []
        return told

    def value(self, key: str, property: str) -> Any:
        state = self.fold.partition.things[self.things[key]].state()
        return state[property][0] if property in state else None

    def online(self, key: str) -> bool:
        return self.fold.partition.things[self.things[key]].online

    def command(self, id: str) -> Command:
        return self.fold.partition.commands[id]

    def state(self, id: str) -> str:
        return self.command(id).state.value

    @property
    def letters(self) -> list[str]:
        """What the fold could not take in."""
        return [f"{each.code}: {each.detail}" for each in self.fold.partition.dead_letters.newest(None, 100)]


def _is_line(translator: Translator) -> TypeGuard[Line]:
    """Whether it is of one device's own connection."""
    return hasattr(translator, "begin") and hasattr(translator, "know")


def body(message: Message) -> Mapping[str, Any]:
    """A JSON payload."""
    return body_of(message.payload)


class Commands:
    """The life of a command, whatever the dialect. What is abstract says how a device of it behaves."""

    #: A property that can be set, and two values of it.
    KEY = "on_off"
    VALUES: tuple[Any, Any] = (False, True)

    def ready(self) -> tuple[Bench, str]:
        """A bench with one connected device, and its key."""
        raise NotImplementedError

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        """How the device says values."""
        raise NotImplementedError

    def acknowledge(self, told: Sequence[Message]) -> Sequence[Message]:
        """How it says that it took a command; nothing where the dialect has no word for it."""
        return ()

    def refuse(self, told: Sequence[Message]) -> Sequence[Message]:
        """How it says that it will not; nothing where the dialect has no word for it."""
        return ()

    def reconnect(self, bench: Bench) -> None:
        """The connection is lost, and made again."""
        raise NotImplementedError

    def malformed(self) -> Sequence[Message]:
        """A message on every topic that the device may use, to be damaged."""
        return self.report({self.KEY: self.VALUES[0]})

    # what holds for all

    def test_a_report_is_taken(self) -> None:
        bench, key = self.ready()
        bench.say(*self.report({self.KEY: self.VALUES[0]}))
        assert bench.value(key, self.KEY) == self.VALUES[0]
        bench.say(*self.report({self.KEY: self.VALUES[1]}))
        assert bench.value(key, self.KEY) == self.VALUES[1]
        assert bench.letters == [] and bench.odd == []

    def test_a_command_is_confirmed_by_the_report_alone(self) -> None:
        bench, key = self.ready()
        bench.say(*self.report({self.KEY: self.VALUES[0]}))
        bench.take_told()
        id = bench.ask(key, {self.KEY: self.VALUES[1]})
        told = bench.take_told()
        assert told, "nothing was said to the device"
        assert bench.state(id) == "sent"
        bench.say(*self.acknowledge(told))
        assert bench.state(id) in ("sent", "acknowledged")
        bench.say(*self.report({self.KEY: self.VALUES[0]}))
        assert bench.state(id) != "confirmed"
        bench.say(*self.report({self.KEY: self.VALUES[1]}))
        assert bench.state(id) == "confirmed"
        assert bench.value(key, self.KEY) == self.VALUES[1]

    def test_a_refused_command(self) -> None:
        bench, key = self.ready()
        bench.say(*self.report({self.KEY: self.VALUES[0]}))
        bench.take_told()
        id = bench.ask(key, {self.KEY: self.VALUES[1]})
        refusal = self.refuse(bench.take_told())
        bench.say(*refusal)
        assert bench.state(id) == ("rejected" if refusal else "sent")
        assert bench.command(id).why or not refusal

    def test_a_command_that_nobody_answers(self) -> None:
        bench, key = self.ready()
        bench.say(*self.report({self.KEY: self.VALUES[0]}))
        bench.take_told()
        id = bench.ask(key, {self.KEY: self.VALUES[1]})
        for _ in range(200):
            bench.tick(1.0)
        assert bench.state(id) == "timeout"
        bench.say(*self.acknowledge(bench.take_told()))
        assert bench.state(id) == "timeout"

    def test_a_connection_lost_in_the_middle_of_a_command(self) -> None:
        bench, key = self.ready()
        bench.say(*self.report({self.KEY: self.VALUES[0]}))
        bench.take_told()
        id = bench.ask(key, {self.KEY: self.VALUES[1]})
        assert bench.take_told()
        self.reconnect(bench)
        assert bench.state(id) == "sent"
        bench.say(*self.report({self.KEY: self.VALUES[1]}))
        assert bench.state(id) == "confirmed"

    def test_whatever_is_malformed_changes_nothing_and_raises_nothing(self) -> None:
        chance = random.Random(7)
        bench, key = self.ready()
        bench.say(*self.report({self.KEY: self.VALUES[0]}))
        for message in self.malformed():
            for payload in _damaged(message.payload, chance):
                bench.say(Message(message.topic, payload))
            for topic in _bent(message.topic):
                bench.translator.heard(topic, message.payload, bench.now_us // 1000)
        self.recover(bench)
        assert key in bench.things
        bench.say(*self.report({self.KEY: self.VALUES[1]}))
        assert bench.value(key, self.KEY) == self.VALUES[1]

    def test_values_of_another_type_anywhere_raise_nothing(self) -> None:
        chance = random.Random(11)
        bench, key = self.ready()
        for message in self.malformed():
            for payload in _confused(message.payload, chance):
                bench.say(Message(message.topic, payload))
                bench.tick(5.0)
                bench.say(*self.report({self.KEY: self.VALUES[0]}))
                for found in bench.things:
                    with suppress(UnisonoError):
                        bench.ask(found, {self.KEY: self.VALUES[1]})
        self.recover(bench)
        bench.say(*self.report({self.KEY: self.VALUES[1]}))
        assert bench.value(key, self.KEY) == self.VALUES[1]

    def recover(self, bench: Bench) -> None:
        """After damaged messages: what a damaged one said that could be read is put right."""


def _damaged(payload: bytes, chance: random.Random) -> Iterable[bytes]:
    """A payload cut everywhere, with bytes changed, and things that are JSON and nothing else."""
    yield from (payload[:end] for end in range(0, len(payload), max(1, len(payload) // 40)))
    for _ in range(60):
        damaged = bytearray(payload or b"?")
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        yield bytes(damaged)
    yield from (
        b"null",
        b"[]",
        b"{}",
        b"0",
        b'"x"',
        b"true",
        b"[[1,2],{}]",
        b'{"id":{},"params":7}',
        b"\xff\xfe",
        b"[" * 5000,
    )
    yield from (b'{"params":[null,1,"x",{}]}', b'{"params":{"value":null}}', b'{"id":1e999}', b"1e999", b"NaN")


#: What a member may be that was to be something else. JSON's texts may hold NUL, its numbers any number of digits.
_STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e300, 2**63, 2**70, "", "None", "nan", "\x00", "a/#", "{{ value }}",
    [], [None, {}], {}, {"a": [1]},
)  # fmt: skip
#: Places of one message where it is something else, and what it is there.
_CONFUSED = 150


def _confused(payload: bytes, chance: random.Random) -> Iterable[bytes]:
    """A JSON payload with one or two of its values, or branches, replaced by something else."""
    try:
        json.loads(payload)
    except ValueError:
        return
    for _ in range(_CONFUSED):
        whole: Any = {"": json.loads(payload)}
        for _ in range(chance.randint(1, 2)):
            within, at = chance.choice(list(_places(whole)))
            within[at] = deepcopy(chance.choice(_STRANGE))
        yield json.dumps(whole[""]).encode()


def _places(value: Any) -> Iterable[tuple[Any, Any]]:
    """Each value that another holds: the holder, and where."""
    for at, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, at
        if isinstance(each, dict | list):
            yield from _places(each)


def _bent(topic: str) -> Iterable[str]:
    levels = topic.split("/")
    for number in range(len(levels)):
        yield "/".join(levels[:number])
        yield "/".join([*levels[:number], "", *levels[number:]])
        yield "/".join([*levels[:number], "other", *levels[number + 1 :]])
    yield topic + "/"
    yield topic + "/more"


class LineConformance(Commands):
    """Of a dialect whose devices sign in by themselves."""

    DIALECT: LineDialect
    MODEL: Model
    GIVEN: Mapping[str, str] = {}

    def sign_in(self, secret: str) -> tuple[str, str, str]:
        """User name, client id and password, as a device with that secret makes them."""
        raise NotImplementedError

    def caller(self, secret: str = SECRET) -> Caller:
        user, client, password = self.sign_in(secret)
        found = self.DIALECT.caller(user, client, password)
        assert found is not None
        return found

    def ready(self) -> tuple[Bench, str]:
        bench = Bench()
        name = self.DIALECT.called(self.GIVEN, THING, SECRET).name
        bench.put(THING, name, self.MODEL)
        bench.connect(self.line())
        return bench, name

    def line(self) -> Line:
        return self.DIALECT.line(self.caller())

    def reconnect(self, bench: Bench) -> None:
        bench.disconnect()
        bench.connect(self.line())

    def test_a_device_is_known_by_its_sign_in(self) -> None:
        user, client, password = self.sign_in(SECRET)
        caller = self.DIALECT.caller(user, client, password)
        assert caller is not None and caller.dialect == self.DIALECT.name
        assert caller.name == self.DIALECT.called(self.GIVEN, THING, SECRET).name
        if not caller.secret:
            assert self.DIALECT.proves(caller, password, SECRET)

    def test_another_secret_does_not_open(self) -> None:
        user, client, password = self.sign_in("f" * 32)
        caller = self.DIALECT.caller(user, client, password)
        known = self.DIALECT.called(self.GIVEN, THING, SECRET)
        assert caller is None or caller.name != known.name or not self.DIALECT.proves(caller, password, SECRET)

    def test_a_native_device_is_left_alone(self) -> None:
        caller = self.DIALECT.caller("lamp1", "lamp1", SECRET)
        assert caller is None or caller.vague, "vague ones are asked only about names that no thing has"

    def test_the_settings_are_exact(self) -> None:
        hub = Hub("hub.example", 1883, 8883, 8080, THING, SECRET, self.GIVEN)
        guide = self.DIALECT.guide(hub)
        values = [setting.value for setting in guide.settings]
        assert guide.dialect == self.DIALECT.name
        assert "hub.example" in " ".join(values) and SECRET in " ".join(values)


class PlaceConformance(Commands):
    """Of a dialect of things that announce themselves."""

    DIALECT: PlaceDialect

    def announce(self) -> Sequence[Message]:
        """What makes one thing appear that is there, and can be told `KEY`."""
        raise NotImplementedError

    def withdraw(self) -> Sequence[Message]:
        """What makes it go; nothing where the dialect has no word for it."""
        return ()

    def away(self) -> Sequence[Message]:
        """What says that it is not there; nothing where the dialect has no word for it."""
        return ()

    def malformed(self) -> Sequence[Message]:
        return [*self.announce(), *self.report({self.KEY: self.VALUES[0]}), *self.away()]

    def recover(self, bench: Bench) -> None:
        bench.say(*self.announce())
        bench.tick(5.0)

    def ready(self) -> tuple[Bench, str]:
        bench = Bench()
        bench.connect(self.DIALECT.bridge())
        bench.say(*self.announce())
        bench.tick(5.0)
        assert len(bench.things) == 1, bench.odd
        return bench, next(iter(bench.things))

    def reconnect(self, bench: Bench) -> None:
        bench.say(*self.away())
        bench.say(*self.announce())

    def test_a_thing_appears_and_is_there(self) -> None:
        bench, key = self.ready()
        assert bench.online(key) and bench.odd == []
        bench.say(*self.announce())
        assert len(bench.things) == 1

    def test_what_is_announced_by_time_was_promised(self) -> None:
        bench = Bench()
        bench.connect(self.DIALECT.bridge())
        bench.say(*self.announce())
        told_of = bench.promised | bench.things.keys()
        bench.tick(5.0)
        assert bench.things and bench.things.keys() <= told_of and not bench.promised

    def test_a_thing_goes(self) -> None:
        bench, _key = self.ready()
        if self.withdraw():
            bench.say(*self.withdraw())
            bench.tick(5.0)
            assert bench.things == {}

    def test_a_thing_that_is_away_is_told_nothing(self) -> None:
        bench, key = self.ready()
        if self.away():
            bench.say(*self.away())
            assert not bench.online(key)
            bench.take_told()
            id = bench.ask(key, {self.KEY: self.VALUES[1]})
            assert bench.state(id) == "queued" and bench.take_told() == []

    def test_the_settings_are_exact(self) -> None:
        guide = self.DIALECT.guide(Hub("hub.example", 1883, 8883, 8080, "bridge", SECRET))
        text = " ".join([*(setting.value for setting in guide.settings), guide.paste])
        assert "hub.example" in text and "bridge" in text and SECRET in text

    def test_its_announcements_are_known_by_their_topics(self) -> None:
        assert any(self.DIALECT.announces(message.topic) for message in self.announce())
        assert not self.DIALECT.announces("things/lamp/state")
