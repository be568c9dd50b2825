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

from unisono.dialect.homeassistant.bounds import (
    bound_binop,
    bound_call,
    bound_concat,
    bounded_filter,
    counted,
    formatted,
    weighed,
)
from unisono.dialect.homeassistant.filters import FILTERS, GLOBALS, TESTS, clock
from unisono.errors import DeviceError

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["ABSENT", "Render", "compile_template", "compile_value"]

#: Characters of a template; the longest that we have met has 1,800.
LONGEST = 8_000
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
            return "".join(counted(compiled.generate(variables)))
        except Exception as error:
            # whatever a stranger's program may raise is the stranger's mistake
            raise DeviceError(f"its template fails: {error}"[:300], code="bad_value") from error

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
    if isinstance(node, nodes.AssignBlock | nodes.FilterBlock) or (isinstance(node, nodes.For) and node.recursive):
        # what they print is gathered before anybody could weigh it; and no discovery message has been seen with one
        raise DeviceError("a template may not gather what it prints, nor loop through itself", code="bad_value")
    if loops > MOST_LOOPS:
        raise DeviceError("its template has too many loops inside one another", code="bad_value")
    if isinstance(
        node, nodes.Import | nodes.FromImport | nodes.Include | nodes.Extends | nodes.Macro | nodes.CallBlock
    ):
        raise DeviceError("a template may not define or include others", code="bad_value")
    for child in node.iter_child_nodes():
        _check(child, loops)


def _weighed(value: Any) -> Any:
    weighed(value)
    return value


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from jinja2.utils import Namespace
    from jinja2.visitor import NodeTransformer

    class Environment(ImmutableSandboxedEnvironment):
        """What can grow without end is weighed before it does: arithmetic, calls, texts and lists put together."""

        intercepted_binops = frozenset({"*", "**", "+", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            bound_binop(operator, left, right)
            if operator == "%" and isinstance(left, str):
                return formatted(left, *(right if isinstance(right, tuple) else (right,)))
            return super().call_binop(context, operator, left, right)

        def call(self, context: Any, called: Any, /, *args: Any, **kwargs: Any) -> Any:
            bound_call(called, args, kwargs)
            made = super().call(context, called, *args, **kwargs)
            weighed(made)
            return made

        def _parse(self, source: str, name: str | None, filename: str | None) -> Any:
            return Weighing().visit(super()._parse(source, name, filename))

    class Weighing(NodeTransformer):
        """The tree with a filter around what puts texts or lists together."""

        def visit_Concat(self, node: Any) -> Any:  # noqa: N802  Jinja's name
            node = self.generic_visit(node)
            return nodes.Filter(nodes.List(node.nodes), "concat_", [], [], None, None, lineno=node.lineno)

        def visit_List(self, node: Any) -> Any:  # noqa: N802  Jinja's name
            changes = node.find(nodes.Name) is not None and getattr(node, "ctx", "load") == "load"
            node = self.generic_visit(node)
            return nodes.Filter(node, "list_", [], [], None, None, lineno=node.lineno) if changes else node

        visit_Tuple = visit_Dict = visit_List  # noqa: N815  Jinja's names

    class Space(Namespace):
        """One that holds others is not written out: two in each of thirty would have no end."""

        def __repr__(self) -> str:
            return "<namespace>"

    environment = Environment()
    environment.globals = {
        **GLOBALS,
        "range": lambda *given: range(*given)[:MOST_TURNS],
        "dict": dict,
        "namespace": Space,
    }
    environment.filters.update(FILTERS)
    for name in ("batch", "center", "indent", "pprint", "slice", "urlize", "wordwrap", "xmlattr"):
        environment.filters.pop(name, None)
    environment.filters = {name: bounded_filter(name, filter) for name, filter in environment.filters.items()}
    environment.filters |= {"concat_": bound_concat, "list_": _weighed}
    environment.tests.update(TESTS)
    return environment
