"""What all kinds of entities share: how one is begun, how its topics are read, and how a command is made of a value;
and the two that many of them are besides: a switch, and one of several modes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from unisono.dialect.homeassistant.templates import ABSENT, compile_template, compile_value
from unisono.dialect.pieces import Availability, Piece, Reading, Writer, member_key, trait_property
from unisono.dialect.said import Say
from unisono.errors import CallerError, DeviceError
from unisono.thing import Action, Choice, Property, Schema, Service

__all__ = ["ABSENT", "Command", "Entity", "choices", "chosen", "number", "on_off", "one_of", "said_word", "switch"]

#: A discovery message may not ask for messages rarer than this, in seconds, to count as here.
LONGEST_EXPIRY_S = 7 * 86_400.0

Config = Mapping[str, Any]
Turn = Callable[[Any], Any]
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Command(Protocol):
    """Says a value; ``more``: what a template may ask for besides."""

    def __call__(self, value: Any, more: Mapping[str, Any] = NOTHING) -> list[Say]: ...


class Entity:
    """One entity while it is read: collects properties, actions, readers and writers."""

    def __init__(self, id: str, component: str, config: Config) -> None:
        self.component = component
        self.config = config
        # "sensor.porch_warmth" is what was the object id "porch_warmth": firmware that changes over is the same to us
        slug = config.get("object_id") or str(config.get("default_entity_id") or "").partition(".")[2]
        name = slug or config.get("unique_id") or config.get("name") or id
        self.key = member_key(str(name).lower())
        self.piece = Piece(_says(component, config), Service(key=self.key))
        self.properties: list[Property] = []
        self.actions: list[Action] = []
        self._availability()

    def text(self, name: str, default: str = "") -> str:
        """A member that is a text; numbers and booleans are taken as their texts."""
        value = self.config.get(name)
        if isinstance(value, bool):
            return str(value)
        return str(value) if isinstance(value, str | int | float) else default

    def number(self, name: str, default: float | None = None) -> float | None:
        found = number(self.config.get(name))
        return default if found is ABSENT else float(found)

    def flag(self, name: str) -> bool:
        """Whether a member says yes, as YAML says it."""
        return str(self.config.get(name)).lower() in ("true", "yes", "on", "1")

    def texts(self, name: str) -> list[str]:
        value = self.config.get(name)
        return [str(each) for each in value if isinstance(each, str | int | float)] if isinstance(value, list) else []

    def has(self, name: str) -> bool:
        return bool(self.text(name))

    # members

    def add(self, property: Property) -> str:
        """A property; returns its address."""
        self.properties.append(property)
        return f"{self.key}.{property.key}"

    def call(self, action: Action, told: Callable[[Mapping[str, Any]], list[Say]]) -> None:
        self.actions.append(action)
        # no entity has a topic on which it answers: of a press it is known that it was told, and no more
        self.piece.calls[f"{self.key}.{action.key}"] = lambda given: _silently(told(given))

    def read(self, topic: str, template: str, address: str, turn: Turn) -> None:
        """A property is read from the topic that the member names; nothing where it names none."""
        if not self.has(topic):
            return
        value = compile_value(self.text(template) or None)

        def reader(payload: bytes, now_ms: int) -> Reading:
            found = value(payload, now_ms)
            made = ABSENT if found is ABSENT else turn(found)
            return Reading() if made is ABSENT else Reading({address: made})

        self.piece.readers.append((self.text(topic), reader))

    def write(self, topic: str, template: str, address: str, turn: Turn) -> None:
        """A property is told over the topic that the member names; ``turn`` makes what is said (text, or a value for
        the template)."""
        made = self.command(topic, template)
        if made is not None:
            self.piece.writers[address] = lambda values: made(turn(values[address]))

    def command(self, topic: str, template: str) -> Command | None:
        """What publishes to the topic that the member names: a value, or what the template makes of it and of more
        that it may ask for."""
        if not self.has(topic):
            return None
        where = self.text(topic)
        if not self.has(template):
            return lambda value, more=NOTHING: [Say(where, _written(value))]
        render = compile_template(self.text(template))
        return lambda value, more=NOTHING: [Say(where, render({"value": value, **_members(value), **more}).encode())]

    def done(self) -> Piece:
        piece = self.piece
        if not piece.readers:  # it never tells its state: a transmitter of infrared, a relay with no way back
            piece.writers = {address: _silent_writer(writer) for address, writer in piece.writers.items()}
        piece.told_over = {self.text(name) for name in self.config if name.endswith("command_topic")} - {""}
        piece.service = Service(
            key=self.key,
            titles={"en": self.text("name", self.key)},
            properties=tuple(self.properties),
            actions=tuple(self.actions),
            events=piece.service.events,
        )
        return piece

    # being there

    def _availability(self) -> None:
        config, piece = self.config, self.piece
        listed = config.get("availability")
        if isinstance(listed, list):
            for each in listed:
                if isinstance(each, dict) and isinstance(each.get("topic"), str):
                    here, away = each.get("payload_available"), each.get("payload_not_available")
                    piece.availability.append(self._available(each["topic"], here, away, each.get("value_template")))
        elif self.has("availability_topic"):
            here, away = config.get("payload_available"), config.get("payload_not_available")
            template = config.get("availability_template")
            piece.availability.append(self._available(self.text("availability_topic"), here, away, template))
        mode = self.text("availability_mode", "latest")
        if mode not in ("all", "any", "latest"):
            raise DeviceError(f"availability_mode {mode[:20]!r}", code="bad_value", expected="all, any or latest")
        piece.mode = mode
        expire_s = self.number("expire_after")
        if expire_s is not None and 0 < expire_s <= LONGEST_EXPIRY_S:
            piece.expire_ms = int(expire_s * 1000)

    def _available(self, topic: str, here: Any, away: Any, template: Any) -> Availability:
        value = compile_value(template if isinstance(template, str) else None)
        return Availability(
            topic,
            "online" if here is None else str(here),
            "offline" if away is None else str(away),
            lambda payload: str(value(payload, 0)),
        )


def switch(entity: Entity) -> None:
    """On and off. What only sets something up (``entity_category``) is no switch of the thing itself."""
    on, off = entity.text("payload_on", "ON"), entity.text("payload_off", "OFF")
    change: dict[str, Any] = {}
    if entity.has("entity_category"):
        role = "diagnostic" if entity.text("entity_category") == "diagnostic" else "config"
        change = {"trait": None, "role": role, "titles": {"en": entity.text("name", entity.key)}}
    address = entity.add(trait_property("on_off", writable=entity.has("command_topic"), **change))
    state_on, state_off = entity.text("state_on", on), entity.text("state_off", off)
    template = "value_template" if entity.has("value_template") else "state_value_template"
    entity.read("state_topic", template, address, on_off(state_on, state_off))
    entity.write("command_topic", "command_template", address, lambda wanted: on if wanted else off)


def choices(words: Sequence[str]) -> Schema:
    """One of these, where there are any; what it says besides is taken too."""
    listed = tuple(Choice(value=each) for each in dict.fromkeys(words) if each)
    return Schema(kind="enum", choices=listed, open=True) if listed else Schema(kind="string", len_max=255)


def one_of(
    entity: Entity,
    key: str,
    words: Sequence[str],
    state: tuple[str, str],
    command: tuple[str, str],
    *,
    trait: str | None = "mode",
) -> None:
    """A mode among ``words``, if it has one: topic and template of each way."""
    if not entity.has(state[0]) and not entity.has(command[0]):
        return
    change = {} if trait is not None else {"trait": None, "titles": {"en": key.replace("_", " ").capitalize()}}
    address = entity.add(
        trait_property("mode", writable=entity.has(command[0]), key=key, schema=choices(words), **change)
    )
    entity.read(*state, address, said_word(words))
    entity.write(*command, address, chosen(words, key))


def said_word(words: Sequence[str]) -> Turn:
    """What it says as it is. "None" is what a template makes of nothing: no word, where it is none of these."""
    return lambda value: ABSENT if value is None or (str(value) == "None" and "None" not in words) else str(value)


def chosen(words: Sequence[str], field: str) -> Turn:
    """A wanted word, if it is one of these. Raises CallerError bad_value."""

    def turn(wanted: Any) -> Any:
        if words and wanted not in words:
            raise CallerError("it has no such mode", code="bad_value", field=field, expected=", ".join(words))
        return wanted

    return turn


def number(value: Any) -> Any:
    """A number out of a text; `ABSENT` where it is none: "nan" is what a sensor says that has not measured yet."""
    if isinstance(value, bool):
        return int(value)
    try:
        found = value if isinstance(value, int | float) else float(str(value).strip())
        return found if math.isfinite(found) else ABSENT
    except (ValueError, OverflowError):
        return ABSENT


def on_off(on: str, off: str) -> Turn:
    """True and false by their texts; `ABSENT` for any other."""

    def turn(value: Any) -> Any:
        if isinstance(value, bool):
            value = "True" if value else "False"
            if value not in (on, off):
                return value == "True"
        text = str(value)
        return True if text == on else False if text == off else ABSENT

    return turn


def _written(value: Any) -> bytes:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).encode()


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _silently(said: list[Say]) -> list[Say]:
    return [each._replace(silent=True) for each in said]


def _silent_writer(writer: Writer) -> Writer:
    return lambda values: _silently(writer(values))


def _says(component: str, config: Config) -> Any:
    """What decides whether an announcement says something else than before."""
    return component, {key: value for key, value in config.items() if key not in ("device", "origin")}
