"""Patterns that cannot hang: a subset of regular expressions, run as sets of states in time linear in the text.

Knows literals, ``.``, classes, ``\\d \\w \\s`` (ASCII), ``^ $``, groups, ``|`` and ``* + ? {m,n}``. Back-references and
look-around are refused, because they are what makes a backtracking engine (Python's ``re``) run for years on hostile
input. As in JSON Schema, a pattern may match anywhere unless it is anchored. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from unisono.errors import CallerError

__all__ = ["MAX_PATTERN", "MAX_STATES", "MAX_TEXT", "Pattern", "compile_pattern"]

MAX_PATTERN = 256  # characters; the longest in the models at hand has 120
MAX_STATES = 1000  # after counted repetitions are written out; with MAX_TEXT this bounds a match to some milliseconds
MAX_TEXT = 1024  # characters; a text under a pattern is an identifier or a time, not an essay
MAX_GROUPS = 20  # nested groups: the parser is recursive
MAX_REMEMBERED = 2000  # transitions kept by one pattern (a few hundred KB); then it forgets and starts again

Test: TypeAlias = Callable[[str], bool]

_CLASSES: dict[str, Test] = {
    "d": lambda c: "0" <= c <= "9",
    "w": lambda c: c.isascii() and (c.isalnum() or c == "_"),
    "s": lambda c: c in " \t\n\r\f\v\u00a0\u2028\u2029\ufeff",
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_BOUNDLESS = -1


class _State:
    """One node: with a ``test`` it eats a character; with an ``anchor`` it is passable at an end only; else free."""

    __slots__ = ("after", "anchor", "test")

    def __init__(self, test: Test | None = None, anchor: str = "") -> None:
        self.test = test
        self.anchor = anchor
        self.after: list[_State] = []


Piece: TypeAlias = tuple[_State, _State]  # entry and exit


class _Parser:
    """Recursive descent over the pattern; builds Thompson's automaton (CACM 11(6), 1968) as it goes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.count = 0
        self.depth = 0

    def fail(self, reason: str) -> CallerError:
        return CallerError(f"pattern {self.text!r}, character {self.at + 1}: {reason}", code="bad_model")

    def state(self, test: Test | None = None, anchor: str = "") -> _State:
        self.count += 1
        if self.count > MAX_STATES:
            raise self.fail("it needs too many states; repeat fewer things or less often")
        return _State(test, anchor)

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def take(self) -> str:
        if self.at >= len(self.text):
            raise self.fail("it ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def accept(self, token: str) -> bool:
        found = self.text.startswith(token, self.at)
        self.at += len(token) if found else 0
        return found

    def whole(self) -> Piece:
        piece = self.choice()
        if self.at < len(self.text):
            raise self.fail("unbalanced )")
        return piece

    def choice(self) -> Piece:
        entry, leave = self.state(), self.state()
        while True:
            first, last = self.row()
            entry.after.append(first)
            last.after.append(leave)
            if not self.accept("|"):
                return entry, leave

    def row(self) -> Piece:
        first = last = self.state()
        while self.peek() not in ("", "|", ")"):
            begin = self.at
            piece = self.atom()
            entry, leave = self.repeated(piece, begin)
            last.after.append(entry)
            last = leave
        return first, last

    def repeated(self, piece: Piece, begin: int) -> Piece:
        least, most = self.counts()
        if (least, most) == (1, 1):
            return piece
        # Laziness ("a*?") changes what is captured, never whether it matches; possessive and doubled ones are refused.
        if not self.accept("?") and self.peek() in ("*", "+"):
            raise self.fail("a repetition of a repetition")
        end = self.at
        first = last = self.state()
        for _ in range(least):
            entry, leave = self.copy(begin)
            last.after.append(entry)
            last = leave
        final = self.state()
        if most == _BOUNDLESS:
            entry, leave = self.copy(begin)
            last.after += [entry, final]
            leave.after += [entry, final]
        else:
            for _ in range(most - least):
                entry, leave = self.copy(begin)
                last.after += [entry, final]
                last = leave
            last.after.append(final)
        self.at = end
        return first, final

    def copy(self, begin: int) -> Piece:
        """Reads the atom again, for one more copy of its states."""
        self.at = begin
        return self.atom()

    def counts(self) -> tuple[int, int]:
        for sign, counts in (("*", (0, _BOUNDLESS)), ("+", (1, _BOUNDLESS)), ("?", (0, 1))):
            if self.accept(sign):
                return counts
        if not self.accept("{"):
            return 1, 1
        text = ""
        while (character := self.take()) != "}":
            text += character
        low, comma, high = text.partition(",")
        if not low.isdecimal() or (high and not high.isdecimal()) or len(text) > 9:
            raise self.fail("a repetition is {m}, {m,} or {m,n}")
        least = int(low)
        most = int(high) if high else (_BOUNDLESS if comma else least)
        if most != _BOUNDLESS and most < least:
            raise self.fail("a repetition from more to less")
        return least, most

    def atom(self) -> Piece:
        character = self.take()
        if character == "(":
            return self.group()
        if character in "*+?{":
            raise self.fail("nothing to repeat")
        if character in "^$":
            state = self.state(anchor=character)
        elif character == ".":
            state = self.state(lambda c: c not in "\n\r\u2028\u2029")
        elif character == "[":
            state = self.state(self.charset())
        elif character == "\\":
            state = self.state(self.escape())
        else:
            state = self.state(character.__eq__)
        return state, state

    def group(self) -> Piece:
        if self.accept("?") and not self.accept(":"):
            raise self.fail("look-around and named groups are not supported")
        self.depth += 1
        if self.depth > MAX_GROUPS:
            raise self.fail("groups are nested too deep")
        piece = self.choice()
        self.depth -= 1
        self.take()  # choice() stops at a ) or at the end, which take() refuses
        return piece

    def escape(self) -> Test:
        character = self.take()
        test = _CLASSES.get(character.lower())
        if test is not None:
            known = test
            return known if character.islower() else lambda c: not known(c)
        return self.literal(character).__eq__

    def literal(self, character: str) -> str:
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character in "xu":
            digits = "".join(self.take() for _ in range(2 if character == "x" else 4))
            if any(digit not in "0123456789abcdefABCDEF" for digit in digits):
                raise self.fail("not a hexadecimal number")
            return chr(int(digits, 16))
        if character.isascii() and character.isalnum():
            raise self.fail(f"\\{character} is not supported")
        return character

    def charset(self) -> Test:
        negated = self.accept("^")
        singles: set[str] = set()
        ranges: list[tuple[str, str]] = []
        tests: list[Test] = []
        while not self.accept("]"):
            low = self.member(tests)
            if low is None:
                continue
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] != "]":
                self.take()
                high = self.member([])
                if high is None or high < low:
                    raise self.fail("a range from more to less")
                ranges.append((low, high))
            else:
                singles.add(low)

        def test(c: str) -> bool:
            found = c in singles or any(low <= c <= high for low, high in ranges) or any(known(c) for known in tests)
            return found != negated

        return test

    def member(self, tests: list[Test]) -> str | None:
        """One character of a class; None where it was a class itself (``\\d``), which goes to ``tests``."""
        character = self.take()
        if character != "\\":
            return character
        if self.peek().lower() in _CLASSES:
            tests.append(self.escape())
            return None
        return self.literal(self.take())


Positions: TypeAlias = frozenset[_State]


class Pattern:
    """A compiled pattern; `search` says whether a text has a match."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._entry, self._final = _Parser(text).whole()
        self._remembered: dict[tuple[Positions, str], Positions] = {}

    def search(self, text: str) -> bool:
        """Whether it matches somewhere in ``text``. Texts over `MAX_TEXT` characters do not match."""
        if len(text) > MAX_TEXT:
            return False
        now = self._closure([self._entry], start=True, end=not text)
        last = len(text) - 1
        for index, character in enumerate(text):
            if self._final in now:
                return True
            now = self._remember(now, character) if index < last else self._step(now, character, end=True)
        return self._final in now

    def _remember(self, now: Positions, character: str) -> Positions:
        key = (now, character)
        after = self._remembered.get(key)
        if after is None:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            after = self._remembered[key] = self._step(now, character, end=False)
        return after

    def _step(self, now: Positions, character: str, *, end: bool) -> Positions:
        moved = [next_state for state in now if state.test and state.test(character) for next_state in state.after]
        # The entry joins at every character: a match may begin anywhere.
        return self._closure([self._entry, *moved], start=False, end=end)

    @staticmethod
    def _closure(states: list[_State], *, start: bool, end: bool) -> Positions:
        reached: set[_State] = set()
        todo = list(states)
        while todo:
            state = todo.pop()
            if state in reached:
                continue
            reached.add(state)
            passable = not state.anchor or (start if state.anchor == "^" else end)
            if state.test is None and passable:
                todo += state.after
        return frozenset(reached)


@lru_cache(maxsize=512)
def compile_pattern(text: str) -> Pattern:
    """The pattern, compiled once. Raises `CallerError` ``bad_model`` where it is too long or beyond the subset."""
    if len(text) > MAX_PATTERN:
        raise CallerError(f"a pattern of {len(text)} characters", code="bad_model", expected=f"at most {MAX_PATTERN}")
    return Pattern(text)
