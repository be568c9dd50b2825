"""Expressions of the Common Expression Language (CEL), bounded when they are saved.

Knows the language's implementation (Rust, by the package ``cel``) and that it has no cost limit of its own: length,
nesting and the number of loops over lists are bounded here, so that one evaluation takes microseconds, not seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from unisono.errors import CallerError

__all__ = ["Expression", "compile_expression"]

MAX_LENGTH = 2_000
MAX_NESTING = 32
#: Loops over lists multiply when they are nested; two over the longest list that fits the text take 30 ms.
MAX_LOOPS = 2

_TEXTS = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")
_LOOPS = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w*)")


class Expression:
    """A checked expression; `value` evaluates it.

    It is compiled when it is first asked: compiled ones take 12 KB each, and of ten thousand few are asked today.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._program: Any = None

    def value(self, given: Mapping[str, Any]) -> Any:
        """Raises CallerError ``bad_value`` when it cannot be evaluated with these values: a type that does not fit, a
        division by zero, a member that is not there."""
        if self._program is None:
            import cel

            self._program = cel.compile(self.source)
        try:
            return self._program.execute(dict(given))
        except (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError) as error:
            detail = str(error).strip("'\"").split("\n", 1)[0][:300]
            raise CallerError(f"{self.source[:80]!r}: {detail}", code="bad_value", field="cel") from None


def compile_expression(source: str, names: Iterable[str]) -> Expression:
    """Raises CallerError ``bad_scene``: it does not parse, is too large, or uses a name that it is not given."""
    import cel  # 2 MB that only hubs with expressions load

    bound = _check_size(source)
    try:
        program = cel.compile(source)
    except ValueError as error:
        detail = re.sub(r"^.*?ERROR: <input>:", "at ", str(error).split("\n", 1)[0])[:300]
        raise CallerError(detail, code="bad_scene", field="cel", expected="an expression of CEL") from None
    known = set(names)
    unknown = sorted(set(program.variables()) - known - bound)
    if unknown:
        expected = ", ".join(sorted(known)) or "names under given"
        raise CallerError(f"{unknown[0]!r} is not given", code="bad_scene", field="cel", expected=expected)
    return Expression(source)


def _check_size(source: str) -> set[str]:
    """The names that loops bind."""
    if len(source) > MAX_LENGTH:
        raise CallerError(f"{len(source)} characters", code="bad_scene", field="cel", expected=f"at most {MAX_LENGTH}")
    bare = _TEXTS.sub("''", source)
    depth = deepest = 0
    for sign in bare:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        raise CallerError("nested too deep", code="bad_scene", field="cel", expected=f"at most {MAX_NESTING} brackets")
    loops = _LOOPS.findall(bare)
    if len(loops) > MAX_LOOPS:
        detail = f"{len(loops)} loops over lists"
        raise CallerError(detail, code="bad_scene", field="cel", expected=f"at most {MAX_LOOPS}")
    return set(loops)
