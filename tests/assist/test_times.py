"""Which rules of times are looked at: a rule whose words are not there is passed over, and never one that fits."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unisono.assist.language import language
from unisono.assist.times import _rules, find_times

RULES = [(code, at) for code in ("en", "de") for at in range(len(_rules(code)[0]))]


@pytest.mark.parametrize(("code", "at"), RULES)
def test_a_rule_is_looked_at_wherever_it_fits(code: str, at: int) -> None:
    rules, tables = _rules(code)
    rule = rules[at]

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.from_regex(rule.pattern, fullmatch=True, alphabet=st.characters(codec="ascii") | st.sampled_from("äöüß")))
    def fits(text: str) -> None:
        here = {slot for slot, table in tables.items() if any(word in text for word in table)}
        assert list(rule.find(text, here))

    fits()


@pytest.mark.parametrize("code", ["en", "de"])
def test_a_sentence_without_a_time_compiles_no_rule_that_needs_one(code: str) -> None:
    said = {"en": "turn on the kitchen light", "de": "mach das licht in der küche an"}[code]
    _rules.cache_clear()
    assert find_times(said.split(), language(code)) == []
    made = [rule for rule in _rules(code)[0] if "pattern" in vars(rule)]
    assert len(made) < len(_rules(code)[0]) / 4
