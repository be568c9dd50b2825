"""The conformance table names only tests that exist, and leaves out no statement of either specification."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.wire.test_codec import FAULTS

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "conformance" / "mqtt.md"
FOLDERS = (HERE, HERE.parent / "gateway")
#: Cases of a table of tests, behind its name.
CASES = re.compile(r" \(([^)]*)\)")

#: The last number of each section's statements (appendix B); those of 5.0's section 2.2.1 begin with 2.
V5 = """1.5.4:3 1.5.5:1 1.5.7:1 2.1.3:1 2.2.1:6 2.2.2:1 3.1.0:2 3.1.2:30 3.1.3:12 3.1.4:6 3.2.0:2 3.2.2:22 3.3.1:13
3.3.2:20 3.3.4:10 3.4.2:3 3.5.2:3 3.6.1:1 3.6.2:3 3.7.2:3 3.8.1:1 3.8.3:5 3.8.4:8 3.9.2:2 3.9.3:2 3.10.1:1 3.10.3:2
3.10.4:6 3.11.2:2 3.11.3:2 3.12.4:1 3.14.0:1 3.14.1:1 3.14.2:4 3.14.4:3 3.15.1:1 3.15.2:3 4.1.0:2 4.2:1 4.3.1:1 4.3.2:5
4.3.3:13 4.4.0:2 4.5.0:2 4.6.0:6 4.7.0:1 4.7.1:2 4.7.2:1 4.7.3:4 4.8.2:6 4.9.0:3 4.12.0:7 4.12.1:2 4.13.1:1 4.13.2:1
6.0.0:4"""
V311 = """1.5.3:3 2.2.2:2 2.3.1:7 3.1.0:2 3.1.2:24 3.1.3:11 3.1.4:5 3.2.0:1 3.2.2:6 3.3.1:12 3.3.2:3 3.3.4:1 3.3.5:2
3.6.1:1 3.8.1:1 3.8.3:4 3.8.4:6 3.9.3:2 3.10.1:1 3.10.3:2 3.10.4:6 3.12.4:1 3.14.1:1 3.14.4:3 4.1.0:2 4.2.0:1 4.3.1:1
4.3.2:2 4.3.3:2 4.4.0:1 4.5.0:2 4.6.0:6 4.7.1:3 4.7.2:1 4.7.3:4 4.8.0:2 6.0.0:4"""


def rows(part: str = "") -> list[list[str]]:
    """The cells of every row about statements; ``part``: below that heading only."""
    text = TABLE.read_text()
    if part:
        text = text.split(f"\n# {part}\n")[1].split("\n# ")[0]
    cells = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    return [row for row in cells if len(row) == 6 and row[3] not in ("held by", "---")]


def test_a_table_of_faults_is_cited_by_its_cases() -> None:
    """The table alone would say nothing: it holds a statement by the bytes that break it."""
    known = {name for name, *_rest in FAULTS}
    cited = 0
    for _, clause, _, held_by, _, _ in rows():
        for cases in CASES.findall(held_by):
            assert not (unknown := set(cases.split(" / ")) - known), f"{clause}: {unknown}"
            cited += 1
        assert not re.search(r"\btest_fault\b(?! \()", held_by), f"{clause}: which cases of test_fault?"
    assert cited > 40


def test_every_named_test_exists() -> None:
    named = 0
    for _, clause, _, held_by, gap, _ in rows():
        file = ""
        for word, colon in re.findall(r"(\w+)(:?)", CASES.sub("", held_by)):
            if colon:
                file = "".join(path.read_text() for folder in FOLDERS if (path := folder / f"{word}.py").exists())
                assert file, f"{clause}: there is no {word}.py"
            else:
                assert re.search(rf"(def {word}\(|^{word} = )", file, re.MULTILINE), f"{clause}: {word}"
                named += 1
        assert held_by or gap, f"{clause} has neither test nor gap"
    assert named > 250


@pytest.mark.parametrize(("part", "sections", "first"), [("MQTT 5.0", V5, {"2.2.1": 2}), ("MQTT 3.1.1", V311, {})])
def test_every_statement_stands_in_the_table(part: str, sections: str, first: dict[str, int]) -> None:
    wanted = set()
    for entry in sections.split():
        section, _, last = entry.partition(":")
        wanted |= {(section, number) for number in range(first.get(section, 1), int(last) + 1)}
    found = [each for row in rows(part) for each in statements(row[1])]
    assert set(found) == wanted, sorted(set(found) ^ wanted)
    assert len(found) == len(set(found)), "a statement stands in two rows"


def statements(cell: str) -> list[tuple[str, int]]:
    """``3.1.2-4 to -6, -8, 3.1.3-1``, one by one."""
    found: list[tuple[str, int]] = []
    for section, to, number in re.findall(r"((?:\d+\.)+\d+)?\s?(to )?-(\d+)", cell):
        name = section or found[-1][0]
        start = found[-1][1] + 1 if to else int(number)
        found += [(name, each) for each in range(start, int(number) + 1)]
    return found
