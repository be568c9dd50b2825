"""Patterns: agree with Python's engine on the common subset, and stay linear where that one hangs."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.thing.pattern import MAX_PATTERN, MAX_REMEMBERED, MAX_TEXT, Pattern, compile_pattern

CASES = [
    ("abc", ["abc", "xabcx", "ab", ""]),
    ("^a{2,3}$", ["a", "aa", "aaa", "aaaa"]),
    ("^a{2}$", ["a", "aa", "aaa"]),
    ("^a{2,}$", ["a", "aa", "aaaa"]),
    ("^(?:ab|c)*?d+$", ["d", "abcd", "abd", "abab", "cc"]),
    ("^[a-cx\\d_-]+$", ["ax9-", "_", "d", ""]),
    ("^[^a-c\\s]$", ["a", "d", " ", ""]),
    ("^[]a]?$", ["a"]),
    ("\\.\\\\\\x41\\u4e2d", [".\\A中", ".\\B中"]),
    ("^\\w\\W\\D\\S\\s$", ["a-xx ", "aaxx ", "a-1x "]),
    ("^.$", ["x", "\n", ""]),
    ("^[\\n\\t.$-]$", ["\n", "\t", ".", "$", "-", "n"]),
    ("^$", ["", "x"]),
    ("a|", ["", "b"]),
    ("(a|b)(c|d){0}e", ["ae", "bce"]),
    ("", ["", "x"]),
    ("x$", ["x", "xx", "xy"]),
    ("a?b+?c*", ["b", "abc", "ac"]),
    ("^([0-9a-f]{2}:){5}[0-9a-f]{2}$", ["00:1a:2b:3c:4d:5e", "00:1a"]),
    ("a^b", ["ab"]),
]


@pytest.mark.parametrize(("pattern", "texts"), CASES)
def test_it_agrees_with_python(pattern: str, texts: list[str]) -> None:
    if pattern == "^[]a]?$":  # ECMA: an empty class and then text; Python: a class of ] and a
        assert not compile_pattern(pattern).search("a")
        return
    for text in texts:
        expected = re.search(pattern.replace("$", r"\Z") if "[" not in pattern else pattern, text, re.ASCII) is not None
        assert compile_pattern(pattern).search(text) is expected, text


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\d", "(a|b)", "(?:ab)", "(a*)"])
counts = st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}", "*?"])
patterns = st.builds(
    lambda start, parts, end: start + "".join(atom + count for atom, count in parts) + end,
    st.sampled_from(["", "^"]),
    st.lists(st.tuples(atoms, counts), max_size=4),
    st.sampled_from(["", "$"]),
)


@given(pattern=patterns, text=st.text(alphabet="ab1", max_size=6))
def test_random_patterns_agree_with_python(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).search(text) is (re.search(pattern, text) is not None)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(a?){30}a{30}$", "(.*)*x$", "a*a*a*a*a*b"])
def test_what_hangs_others_takes_a_bounded_number_of_steps(pattern: str) -> None:
    compiled = Pattern(pattern)
    compiled.search("a" * (MAX_TEXT - 1) + "!")
    # The work is one step per character at most; repeated situations are remembered.
    assert len(compiled._remembered) <= MAX_TEXT


def test_a_text_that_is_too_long_does_not_match() -> None:
    assert not compile_pattern("a").search("a" * (MAX_TEXT + 1))


def test_memory_is_bounded() -> None:
    compiled = Pattern("^(.|..)*x$")
    for start in range(0, 5000, 1000):
        compiled.search("".join(map(chr, range(0x10000 + start, 0x10000 + start + 1000))))
        assert len(compiled._remembered) <= MAX_REMEMBERED


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", "ends too early"),
        ("(?:a|b[", "ends too early"),
        ("a)", "unbalanced )"),
        ("*a", "nothing to repeat"),
        ("a**", "a repetition of a repetition"),
        ("a{2,1}", "from more to less"),
        ("a{x}", "a repetition is {m}"),
        ("a{1,x}", "a repetition is {m}"),
        ("a{1", "ends too early"),
        ("(?=a)", "look-around"),
        ("(?<n>a)", "look-around"),
        ("\\1", "\\1 is not supported"),
        ("\\p", "\\p is not supported"),
        ("\\xzz", "not a hexadecimal number"),
        ("[b-a]", "from more to less"),
        ("[a-\\d]", "from more to less"),
        ("((a{90}){90}){90}", "too many states"),
        ("(" * 30 + ")" * 30, "nested too deep"),
        ("a" * (MAX_PATTERN + 1), "characters"),
        ("\\", "ends too early"),
    ],
)
def test_what_is_not_understood_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(CallerError) as caught:
        compile_pattern(pattern)
    assert caught.value.code == "bad_model"
    assert reason in caught.value.detail


@given(st.text(alphabet="ab()[]{}|*+?^$\\.-,12dxu", max_size=20))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    try:
        compiled = Pattern(text)
    except CallerError:
        return
    for left, right in pairwise(["", "a", "ab1"]):
        assert compiled.search(left + right) in (True, False)
