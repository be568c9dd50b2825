"""The benchmark of sentences: its own set, marked rightly, and the peer beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unisono.bench.cold import cold
from unisono.bench.understand import (
    SAYINGS,
    Case,
    Hassil,
    UnderstandOptions,
    make_cases,
    make_home,
    mark,
    run_understand,
)
from unisono.errors import HostError


def test_a_plan_is_right_when_it_does_that_and_nothing_else() -> None:
    wanted = Case("x", "en", "h", {"lamp": ("on_off", True)})
    step = {"things": ["lamp"], "trait": "on_off", "op": "set", "value": True}
    assert mark(wanted, {"outcome": "act", "steps": [step]}) == (True, False)
    assert mark(wanted, {"outcome": "act", "steps": [step | {"things": ["lamp", "fan"]}]}) == (False, True)
    assert mark(wanted, {"outcome": "refuse"}) == (False, False)
    nothing = Case("x", "en", "h", None)
    assert mark(nothing, {"outcome": "refuse"}) == (True, False)
    assert mark(nothing, {"outcome": "act", "steps": [step]}) == (False, True)


def test_sentences_are_about_what_is_there() -> None:
    _home, things = make_home(100)
    cases = make_cases(things, 50, 1, "h")
    assert len(cases) == 100
    assert len({thing["id"] for thing in things}) == len({thing["name"] for thing in things}) == 100
    ids = {thing["id"] for thing in things}
    assert all(case.expect is None or case.expect.keys() <= ids for case in cases)
    assert {case.lang for case in cases} == set(SAYINGS)


def test_the_peer_is_understood_as_home_assistant_would_act() -> None:
    home, _things = make_home(10)
    peer = Hassil(home)
    plan, ms = peer.plan(Case("turn on the kitchen light", "en", "h", None))
    assert plan == {
        "outcome": "act",
        "steps": [{"things": ["light0"], "trait": "on_off", "op": "set", "value": True}],
    }
    assert ms > 0
    assert peer.plan(Case("open the kitchen blind", "en", "h", None))[0]["steps"][0]["value"] == 100
    assert peer.plan(Case("who won the match", "en", "h", None))[0] == {"outcome": "ignore"}
    assert peer.plan(Case(["a", "b"], "en", "h", None))[0] == {"outcome": "ignore"}


def test_both_run_in_one(tmp_path: Path) -> None:
    (tmp_path / "homes").mkdir()
    home, _things = make_home(5)
    (tmp_path / "homes" / "small.yaml").write_text(json.dumps(home))
    (tmp_path / "score.py").write_text(
        "def load_home(name, folder): return name\n"
        "def mark_safely(case, plan, home): return {'pass': plan['outcome'] == 'act', 'wrong_act': False}\n"
    )
    row = {"id": "1", "home": "small", "text": "turn on the kitchen light", "lang": "en", "expect": {}}
    (tmp_path / "few.jsonl").write_text(json.dumps(row) + "\n")
    report = run_understand(UnderstandOptions.quick(sentences=11, cases=str(tmp_path)), lambda _text: None)
    for name, numbers in report.figures["unisono"].items():
        assert numbers["wrong_acts"] == 0, name
        assert numbers["right_pct"] == pytest.approx(100, abs=10), name
        assert 0 < numbers["p50_ms"] <= numbers["p95_ms"]
    assert report.figures["unisono"].keys() == report.figures["hassil"].keys()
    assert report.figures["hassil"]["few small"]["right_pct"] == 100
    assert b"right, few small" in report.to_json()


def test_a_cold_start_is_measured_in_a_process_of_its_own() -> None:
    home, things = make_home(300)
    found = cold(home, f"turn on the {things[0]['name'].lower()}", "en")
    assert found["cold_s"] >= found["cold_cpu_s"] / 2 > 0  # two processors at the most: it starts no threads of note
    assert 1 < found["compiled_mb"] < 100
    with pytest.raises(HostError, match="ended with 1: unisono: places"):
        cold({"things": []}, "turn on the lamp", "en")
