"""Templates of discovery messages: Jinja in a sandbox, with the filters that Home Assistant documents.

A template comes from a device, so it is a stranger's program: it is bounded in length, loops and the size of what it
makes, sees nothing but the message, and ends as an error where it goes too far. The commonest need no Jinja at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from unisono.dialect.homeassistant.filters import FILTERS, GLOBALS, TESTS, clock
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
Value = Callable[[bytes, int], Any]

_PATH = re.compile(r"\{\{\s*value_json((?:\.[A-Za-z_]\w*|\[\s*(?:'[^'\\]*'|\"[^\"\\]*\"|\d{1,4})\s*\])+)\s*\}\}")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*\]")


def compile_value(template: str | None) -> Value:
    """From a payload, and the time in milliseconds, to a value: text as it is, or what the template makes; `ABSENT`
    where that is nothing.

    Raises DeviceError bad_value for a template that is none.
    """
    if template is None or not template.strip() or template.strip() in ("{{ value }}", "{{value}}"):
        return lambda payload, _now_ms: _text(payload)
    path = _PATH.fullmatch(template.strip())
    if path is not None:
        steps = [a or b or c or int(d or 0) for a, b, c, d in _STEP.findall(path[1])]
        return lambda payload, _now_ms: _walk(payload, steps)
    render = compile_template(template)

    loops = "{%" in template

    def value(payload: bytes, now_ms: int) -> Any:
        if loops and len(payload) > LOOPED_BYTES:
            raise DeviceError(f"its template takes messages of at most {LOOPED_BYTES} bytes", code="bad_value")
        text = _text(payload)
        made = render({"value": text, "value_json": _json(text), **clock(now_ms)}).strip()
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
        **GLOBALS,
        "range": lambda *given: range(*given)[:MOST_TURNS],
        "dict": dict,
        "namespace": environment.globals["namespace"],
    }
    environment.filters.update(FILTERS)
    for name in ("center", "indent", "xmlattr", "pprint", "urlize", "wordwrap"):
        environment.filters.pop(name, None)
    environment.tests.update(TESTS)
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
