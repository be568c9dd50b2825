"""What all kinds of entities share: how one is begun, how its topics are read, and how a command is made of a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from unisono.dialect.homeassistant.templates import ABSENT, compile_template, compile_value
from unisono.dialect.pieces import Availability, Piece, Reading, member_key
from unisono.dialect.said import Say
from unisono.errors import DeviceError
from unisono.thing import Action, Property, Service

__all__ = ["ABSENT", "Entity", "number", "on_off"]

#: A discovery message may not ask for messages rarer than this, in seconds, to count as here.
LONGEST_EXPIRY_S = 7 * 86_400.0

Config = Mapping[str, Any]
Turn = Callable[[Any], Any]


class Entity:
    """One entity while it is read: collects properties, actions, readers and writers."""

    def __init__(self, id: str, component: str, config: Config) -> None:
        self.component = component
        self.config = config
        name = config.get("object_id") or config.get("unique_id") or config.get("name") or id
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
        value = self.config.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default

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
        self.piece.calls[f"{self.key}.{action.key}"] = told

    def read(self, topic: str, template: str, address: str, turn: Turn) -> None:
        """A property is read from the topic that the member names; nothing where it names none."""
        if not self.has(topic):
            return
        value = compile_value(self.text(template) or None)

        def reader(payload: bytes, now_ms: int) -> Reading:
            found = value(payload)
            made = ABSENT if found is ABSENT else turn(found)
            return Reading() if made is ABSENT else Reading({address: made})

        self.piece.readers.append((self.text(topic), reader))

    def write(self, topic: str, template: str, address: str, turn: Turn) -> None:
        """A property is told over the topic that the member names; ``turn`` makes what is said (text, or a value for
        the template)."""
        made = self.command(topic, template)
        if made is not None:
            self.piece.writers[address] = lambda values: made(turn(values[address]))

    def command(self, topic: str, template: str) -> Callable[[Any], list[Say]] | None:
        """What publishes to the topic that the member names."""
        if not self.has(topic):
            return None
        where = self.text(topic)
        if not self.has(template):
            return lambda value: [Say(where, _written(value))]
        render = compile_template(self.text(template))
        return lambda value: [Say(where, render({"value": value, **_members(value)}).encode())]

    def done(self) -> Piece:
        piece = self.piece
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
            lambda payload: str(value(payload)),
        )


def number(value: Any) -> Any:
    """A number out of a text; `ABSENT` where it is none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    try:
        return float(str(value).strip())
    except ValueError:
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


def _says(component: str, config: Config) -> Any:
    """What decides whether an announcement says something else than before."""
    return component, {key: value for key, value in config.items() if key not in ("device", "origin")}
