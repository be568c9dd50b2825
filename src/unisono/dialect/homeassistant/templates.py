"""Templates of discovery messages: Jinja in a sandbox, with the filters that Home Assistant documents.

A template comes from a device, so it is a stranger's program: it is bounded in length, loops and the size of what it
makes, sees nothing but the message, and ends as an error where it goes too far. The commonest need no Jinja at all.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from unisono.errors import DeviceError

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["ABSENT", "Render", "compile_template", "compile_value"]

#: Characters of a template; the longest that we have met has 1,800.
LONGEST = 8_000
#: Of what a template makes, and of any text or list on the way.
MOST = 100_000
#: Numbers of one range, loops inside one another, and bytes of a message that a template with a loop is given: the work
#: may grow with their square.
MOST_TURNS = 100
MOST_LOOPS = 1
LOOPED_BYTES = 4_096

#: What a value is that is not there.
ABSENT: Any = object()

Render = Callable[[dict[str, Any]], str]
Value = Callable[[bytes], Any]

_PATH = re.compile(r"\{\{\s*value_json((?:\.[A-Za-z_]\w*|\[\s*(?:'[^'\\]*'|\"[^\"\\]*\"|\d{1,4})\s*\])+)\s*\}\}")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*\]")


def compile_value(template: str | None) -> Value:
    """From a payload to a value: text as it is, or what the template makes; `ABSENT` where that is nothing.

    Raises DeviceError bad_value for a template that is none.
    """
    if template is None or not template.strip() or template.strip() in ("{{ value }}", "{{value}}"):
        return _text
    path = _PATH.fullmatch(template.strip())
    if path is not None:
        steps = [a or b or c or int(d or 0) for a, b, c, d in _STEP.findall(path[1])]
        return lambda payload: _walk(payload, steps)
    render = compile_template(template)

    loops = "{%" in template

    def value(payload: bytes) -> Any:
        if loops and len(payload) > LOOPED_BYTES:
            raise DeviceError(f"its template takes messages of at most {LOOPED_BYTES} bytes", code="bad_value")
        text = _text(payload)
        made = render({"value": text, "value_json": _json(text)}).strip()
        return made if made not in ("", "None", "unknown") else ABSENT

    return value


def compile_template(template: str) -> Render:
    """From variables to a text. Raises DeviceError bad_value; so does the result, where it fails."""
    compiled = _compile(template)

    def render(variables: dict[str, Any]) -> str:
        try:
            made = compiled.render(variables)
        except Exception as error:
            # whatever a stranger's program may raise is the stranger's mistake
            raise DeviceError(f"its template fails: {error}"[:300], code="bad_value") from error
        if len(made) > MOST:
            raise DeviceError(f"its template makes more than {MOST} characters", code="bad_value")
        return made

    return render


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _walk(payload: bytes, steps: list[str | int]) -> Any:
    found: Any = _json(_text(payload))
    for step in steps:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return ABSENT if found is None else found


@lru_cache(maxsize=2_000)
def _compile(template: str) -> Template:
    if len(template) > LONGEST:
        raise DeviceError(f"its template has more than {LONGEST} characters", code="bad_value")
    try:
        environment = _environment()
        _check(environment.parse(template), 0)
        return environment.from_string(template)  # type: ignore[no-any-return]
    except DeviceError:
        raise
    except Exception as error:
        # whatever a stranger's text may bring about is the stranger's mistake
        raise DeviceError(f"its template is none: {error}"[:300], code="bad_value") from error


def _check(node: Any, loops: int) -> None:
    from jinja2 import nodes

    loops += isinstance(node, nodes.For)
    if loops > MOST_LOOPS:
        raise DeviceError("its template has too many loops inside one another", code="bad_value")
    if isinstance(
        node, nodes.Import | nodes.FromImport | nodes.Include | nodes.Extends | nodes.Macro | nodes.CallBlock
    ):
        raise DeviceError("a template may not define or include others", code="bad_value")
    for child in node.iter_child_nodes():
        _check(child, loops)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        """Arithmetic that can grow without end is bounded."""

        intercepted_binops = frozenset({"*", "**", "+", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            _bound(operator, left, right)
            return super().call_binop(context, operator, left, right)

    environment = Environment()
    environment.globals = {
        "range": lambda *given: range(*given)[:MOST_TURNS],
        "dict": dict,
        "namespace": environment.globals["namespace"],
        "float": _float,
        "int": _int,
        "bool": _bool,
        "iif": _iif,
        "max": _of(max),
        "min": _of(min),
        "sqrt": _of(math.sqrt),
        "log": _log,
        "pi": math.pi,
        "e": math.e,
    }
    environment.filters.update(_FILTERS)
    for name in ("center", "indent", "xmlattr", "pprint", "urlize", "wordwrap", "format"):
        environment.filters.pop(name, None)
    environment.tests.update({"is_number": _is_number, "match": _matches, "search": _searches})
    return environment


def _bound(operator: str, left: Any, right: Any) -> None:
    if operator == "**":
        if not (
            isinstance(left, int | float) and isinstance(right, int | float) and abs(left) <= 1e9 and abs(right) <= 32
        ):
            raise DeviceError("too large a power", code="bad_value")
        return
    if operator == "%" and isinstance(left, str):
        raise DeviceError("texts are not formatted with %", code="bad_value")
    sizes = [len(each) for each in (left, right) if isinstance(each, str | list | tuple)]
    if sizes and operator == "*":
        number = next((each for each in (left, right) if isinstance(each, int)), 0)
        sizes.append(max(sizes) * max(number, 0))
    if sum(sizes) > MOST:
        raise DeviceError("what the template makes is too large", code="bad_value")
    if isinstance(left, int) and isinstance(right, int) and max(abs(left), abs(right)) > 1 << 256:
        raise DeviceError("too large a number", code="bad_value")


# what Home Assistant documents as its own filters and functions

_MISSING: Any = object()


def _float(value: Any, default: Any = _MISSING) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        if default is _MISSING:
            raise DeviceError(f"{str(value)[:40]!r} is no number", code="bad_value") from None
        return default


def _int(value: Any, default: Any = _MISSING, base: int = 10) -> Any:
    try:
        return int(value, base) if isinstance(value, str) and base != 10 else int(float(value))
    except (TypeError, ValueError, OverflowError):
        if default is _MISSING:
            raise DeviceError(f"{str(value)[:40]!r} is no number", code="bad_value") from None
        return default


def _bool(value: Any, default: Any = _MISSING) -> Any:
    word = str(value).lower()
    if word in ("true", "yes", "on", "enable", "1", "1.0"):
        return True
    if word in ("false", "no", "off", "disable", "0", "0.0"):
        return False
    if default is _MISSING:
        raise DeviceError(f"{word[:40]!r} is neither true nor false", code="bad_value")
    return default


def _iif(value: Any, if_true: Any = True, if_false: Any = False, if_none: Any = _MISSING) -> Any:
    if value is None and if_none is not _MISSING:
        return if_none
    return if_true if value else if_false


def _round(value: Any, precision: int = 0, method: str = "common", default: Any = _MISSING) -> Any:
    number = _float(value, default)
    if not isinstance(number, int | float):
        return number
    if method in ("ceil", "floor"):
        factor = 10 ** min(int(precision), 15)
        number = getattr(math, method)(number * factor) / factor
    elif method == "half":
        number = round(number * 2) / 2
    else:
        number = round(number, int(precision))
    return int(number) if precision == 0 else number


def _log(value: Any, base: float = math.e) -> float:
    return math.log(_float(value), base)


def _of(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any) -> Any:
        return function(*args)

    return called


def _from_json(text: Any) -> Any:
    return json.loads(str(text))


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _literal(pattern: Any) -> Any:
    """Patterns that could run for ever are refused: groups that repeat and are repeated."""
    text = str(pattern)
    if len(text) > 200 or re.search(r"[+*}]\)?[+*{]|\)[+*{]", text):
        raise DeviceError("too difficult a pattern", code="bad_value")
    return re.compile(text)


def _matches(value: Any, find: Any = "") -> bool:
    return _literal(find).match(str(value)[:1_000]) is not None


def _searches(value: Any, find: Any = "") -> bool:
    return _literal(find).search(str(value)[:1_000]) is not None


def _replaced(value: Any, find: Any = "", replace: Any = "") -> str:
    return str(_literal(find).sub(str(replace), str(value)[:1_000]))


def _found(value: Any, find: Any = "", index: int = 0) -> Any:
    return _literal(find).findall(str(value)[:1_000])[index]


def _slugify(value: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(value).lower()).strip("_")


_FILTERS: dict[str, Callable[..., Any]] = {
    "float": _float,
    "int": _int,
    "bool": _bool,
    "round": _round,
    "multiply": lambda value, by: _float(value) * _float(by),
    "add": lambda value, by: _float(value) + _float(by),
    "log": _log,
    "sqrt": lambda value: math.sqrt(_float(value)),
    "iif": _iif,
    "from_json": _from_json,
    "to_json": _to_json,
    "tojson": _to_json,
    "is_number": _is_number,
    "is_defined": lambda value: value,
    "regex_match": _matches,
    "regex_search": _searches,
    "regex_replace": _replaced,
    "regex_findall_index": _found,
    "slugify": _slugify,
    "bitwise_and": lambda value, by: int(value) & int(by),
    "bitwise_or": lambda value, by: int(value) | int(by),
    "base64_encode": lambda value: base64.b64encode(str(value).encode()).decode(),
    "base64_decode": lambda value: base64.b64decode(str(value)).decode("utf-8", "replace"),
    "ord": lambda value: ord(str(value)[0]),
    "timestamp_custom": lambda value, *_given: str(value),
    "as_timestamp": lambda value, *_given: value,
}
