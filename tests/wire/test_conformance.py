"""The conformance table names only tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parents[1] / "docs" / "conformance" / "mqtt.md"


def test_every_named_test_exists() -> None:
    named = 0
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 6 or cells[3] in ("held by", "---"):
            continue
        file = ""
        for word in re.findall(r"([\w/]+)(:?)", cells[3]):
            if word[1]:
                folder = HERE.parent if "/" in word[0] else HERE
                file = (folder / f"{word[0]}.py").read_text()
            else:
                assert re.search(rf"(def {word[0]}\(|^{word[0]} = )", file, re.MULTILINE), f"{cells[1]}: {word[0]}"
                named += 1
        assert cells[3] or cells[4], f"{cells[1]} has neither test nor gap"
    assert named > 100
