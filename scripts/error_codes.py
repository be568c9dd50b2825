"""Writes docs/errors.md from the registry of error codes; with ``--check`` fails when the file says something else."""

from __future__ import annotations

import sys
from pathlib import Path

from unisono.errors import CODES

FILE = Path(__file__).parent.parent / "docs" / "errors.md"
HEAD = """# Error codes

Made from `unisono.errors` by `make docs`; do not edit. A problem document (RFC 9457) carries the code, what happened,
the field at fault, what would have been right and what to do next; MQTT 5 acknowledgements carry the reason code.

| code | HTTP | MQTT 5 | what it says |
|---|---|---|---|
"""


def text() -> str:
    return HEAD + "".join(f"| `{name}` | {c.http} | 0x{c.mqtt:02X} | {c.title} |\n" for name, c in CODES.items())


def main() -> int:
    if "--check" in sys.argv:
        if FILE.read_text(encoding="utf-8") != text():
            sys.stderr.write("docs/errors.md is not what the code says; run: make docs\n")
            return 1
        return 0
    FILE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
