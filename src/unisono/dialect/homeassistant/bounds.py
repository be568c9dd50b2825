"""How much a stranger's template may make on its way: every text and list is weighed before it is there.

Knows values and Jinja's tree, no filter's meaning. A text that is doubled twenty times, a list that holds itself twice,
a text padded to a thousand million characters: each is refused where it would come about, not when it is printed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from unisono.errors import DeviceError

__all__ = ["MOST", "bound_binop", "bound_call", "bound_concat", "bounded_filter", "counted", "formatted", "weighed"]

#: Of what a template makes, and of any text or list on the way: characters, and members of lists all in all.
MOST = 100_000
#: What a member of a list weighs beside its text: a list has 12,500 at most.
PLACE = 8
#: A number that says how wide or how many.
WIDEST = 1_000

#: What makes a text longer than whoever wrote it can have meant: widths of four digits, taken from elsewhere, by name.
_WIDE = re.compile(r"%[-+ #0]*[0-9]{4,}|%[^a-zA-Z%]*\.[0-9]{3,}|%[^a-zA-Z%]*\*|%\(")
_WIDE_IN_BRACES = re.compile(r"[:.][^{}]*[0-9]{4,}|:[^{}]*\{")

#: Of a text's own methods those that make no more than they are given, or what can be told beforehand.
_METHODS = frozenset(
    {
        "capitalize",
        "casefold",
        "center",
        "count",
        "encode",
        "endswith",
        "find",
        "format",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "islower",
        "isnumeric",
        "isspace",
        "istitle",
        "isupper",
        "join",
        "ljust",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rindex",
        "rjust",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
        "zfill",
    }
)


#: What weighs nothing.
_LIGHT = frozenset({bool, float, int, type(None)})


def _too_large() -> DeviceError:
    return DeviceError("what the template makes is too large", code="bad_value")


def _weight(value: Any, most: int) -> int:
    """Characters and members, counted no further than ``most``: a list that stands in two places counts twice."""
    if isinstance(value, str | bytes):
        return len(value) + PLACE
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if not isinstance(value, list | tuple | set | frozenset):
        return PLACE
    weight = PLACE
    for each in value:
        weight += _weight(each, most - weight)
        if weight > most:
            break
    return weight


def weighed(*values: Any) -> None:
    """Raises DeviceError where they are too large, taken together. Mostly they are a number and a short text."""
    weight = 0
    for each in values:
        kind = type(each)
        if kind is str:
            weight += len(each)
        elif kind not in _LIGHT:
            weight += _weight(each, MOST)
    if weight > MOST:
        raise _too_large()


def bound_concat(parts: list[Any]) -> str:
    """``a ~ b``."""
    weighed(*parts)
    made = "".join(map(str, parts))
    weighed(made)
    return made


def bound_binop(operator: str, left: Any, right: Any) -> None:
    """Before ``left operator right``. Raises DeviceError."""
    if operator == "**":
        if not (
            isinstance(left, int | float) and isinstance(right, int | float) and abs(left) <= 1e9 and abs(right) <= 32
        ):
            raise DeviceError("too large a power", code="bad_value")
        return
    many = next((each for each in (left, right) if isinstance(each, str | bytes | list | tuple)), None)
    if operator == "*" and many is not None:
        times = next((each for each in (left, right) if isinstance(each, int)), 1)
        if (_weight(many, MOST) - PLACE) * times > MOST:
            raise _too_large()
    weighed(left, right)
    if isinstance(left, int) and isinstance(right, int) and max(abs(left), abs(right)) > 1 << 256:
        raise DeviceError("too large a number", code="bad_value")


def formatted(form: Any, *given: Any) -> str:
    """``'#%02x%02x%02x' | format(red, green, blue)``, as lamps of OpenBeken say colours; ``'%0.1f' % watts``."""
    text = str(form)
    if len(text) > WIDEST or _WIDE.search(text):
        raise ValueError("such a format makes too much")
    weighed(*given)
    return text % given


def bound_call(called: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Before something is called: what it is given, and of a text's methods how much they make. Raises DeviceError."""
    weighed(*args, *kwargs.values())
    called = getattr(called, "__wrapped__", called)  # the sandbox has a `format` of its own
    owner = getattr(called, "__self__", None)
    if not isinstance(owner, str | bytes | int | float):
        return
    name = called.__name__
    if any(isinstance(each, int) and abs(each) > WIDEST for each in (*args, *kwargs.values())):
        raise _too_large()
    if isinstance(owner, bytes) and name not in ("decode", "hex"):
        raise DeviceError(f"bytes have no {name} here", code="bad_value")
    if isinstance(owner, str):
        _bound_method(owner, name, args)


def _bound_method(text: str, name: str, args: tuple[Any, ...]) -> None:
    if name not in _METHODS:
        raise DeviceError(f"a text has no {name} here", code="bad_value")
    if name == "replace" and len(args) > 1:
        _bound_replace(text, *args[:2])
    elif name == "join" and args:
        _bound_join(args[0], text)
    elif name == "format" and (len(text) > WIDEST or _WIDE_IN_BRACES.search(text)):
        raise _too_large()


def _bound_replace(text: Any, old: Any, new: Any) -> None:
    if len(str(text)) + str(text).count(str(old)) * len(str(new)) > MOST:
        raise _too_large()


def _bound_join(items: Any, between: Any = "") -> None:
    if isinstance(items, str | list | tuple) and len(items) * (len(str(between)) + 1) > MOST:
        raise _too_large()


def bounded_filter(name: str, filter: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that weighs what it is given and what it makes, also where that comes one by one."""
    passed = hasattr(filter, "jinja_pass_arg")  # the first it is given is Jinja's

    @functools.wraps(filter)
    def called(*args: Any, **kwargs: Any) -> Any:
        plain = list(args[passed:])
        weighed(*plain, *kwargs.values())
        if name == "replace" and len(plain) > 2:
            _bound_replace(*plain[:3])
        if name == "join":
            if not isinstance(plain[0], str | list | tuple):
                plain[0] = list(plain[0])
            _bound_join(plain[0], *plain[1:2])
        made = filter(*args[:passed], *plain, **kwargs)
        if isinstance(made, Iterator):
            return counted(made)
        weighed(made)
        return made

    return called


def counted(items: Iterator[Any]) -> Iterator[Any]:
    """Them, as long as they are not too much. Raises DeviceError."""
    weight = 0
    for each in items:
        weight += _weight(each, MOST)
        if weight > MOST:
            raise _too_large()
        yield each
