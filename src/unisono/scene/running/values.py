"""The values that a step wants: plain, relative, toggled, or computed by an expression.

Knows what a thing is on its way to, so that "ten brighter" twice in a second is twenty brighter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import UNSET

from unisono.errors import CallerError
from unisono.scene.document import Cel
from unisono.scene.watching.expression import compile_expression
from unisono.scene.world import NO_VALUE
from unisono.thing.value import same
from unisono.twin.twin import Twin

if TYPE_CHECKING:
    from unisono.scene.running.program import Hands

__all__ = ["Plain", "Value", "becomes", "compile_value"]


class Value(Protocol):
    """One wanted value."""

    def of(self, hands: Hands, thing: str, name: str) -> Any:
        """What it is for a thing now. Raises CallerError ``bad_value`` when nobody can say."""
        ...


def compile_value(value: Any, path: str) -> Value:
    """Raises CallerError ``bad_scene`` with the field's path."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, body),) = value.items()
        if kind == "add":
            return Add(body, path)
        if kind == "toggle":
            return Toggle(body, path)
        if kind == "cel":
            return Computed(body, path)
    return Plain(value)


def becomes(twin: Twin, key: str, value: Any) -> Any:
    """What a thing reports once it took a value: ``play`` for ``next``."""
    for choice in twin.shape.find(key)[1].schema.choices:
        if choice.becomes is not UNSET and same(choice.value, value):
            return choice.becomes
    return value


class Plain:
    """As it is written."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def of(self, hands: Hands, thing: str, name: str) -> Any:
        return self._value


class Add:
    """So much more than now (or less), kept within the property's range."""

    def __init__(self, body: Any, path: str) -> None:
        if type(body) not in (int, float):
            raise CallerError(f"{body!r} cannot be added", code="bad_scene", field=f"{path}.add", expected="a number")
        self._more = body

    def of(self, hands: Hands, thing: str, name: str) -> Any:
        now = hands.wanted(thing, name)
        if type(now) not in (int, float):
            raise CallerError("nothing to add to is known", code="bad_value", field=name)
        more = now + self._more
        schema = hands.world.things[thing].shape.find(name)[1].schema
        if schema.min is not None:
            more = max(more, type(more)(schema.min))
        if schema.max is not None:
            more = min(more, type(more)(schema.max))
        return int(more) if schema.kind == "int" else more


class Toggle:
    """The other of on and off. What is not known is taken as off."""

    def __init__(self, body: Any, path: str) -> None:
        if body is not True:
            raise CallerError(f"{body!r}", code="bad_scene", field=f"{path}.toggle", expected="true")

    def of(self, hands: Hands, thing: str, name: str) -> Any:
        now = hands.wanted(thing, name)
        if now is not NO_VALUE and type(now) is not bool:
            raise CallerError(f"{now!r} has no other side", code="bad_value", field=name, expected="a switch")
        return now is not True


class Computed:
    """The result of an expression."""

    def __init__(self, body: Any, path: str) -> None:
        here = f"{path}.cel"
        try:
            cel = msgspec.convert(body, Cel)
            self._expression = compile_expression(cel.expression, cel.given)
        except msgspec.ValidationError as error:
            expected = '{"expression": "...", "given": {...}}'
            raise CallerError(str(error), code="bad_scene", field=here, expected=expected) from None
        except CallerError as error:
            raise CallerError(error.detail, code="bad_scene", field=here, expected=error.expected) from None
        self._given = cel.given

    def of(self, hands: Hands, thing: str, name: str) -> Any:
        values = {}
        for key, given in self._given.items():
            values[key] = hands.world.value(given.thing, given.property)
            if values[key] is NO_VALUE:
                raise CallerError(f"{given.thing} has no {given.property} yet", code="bad_value", field=name)
        return self._expression.value(values)
