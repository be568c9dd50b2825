"""What telling people costs while nobody is told."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("apprise", "requests", "cryptography", "httpx")


def test_the_hub_loads_nothing_heavy_for_it() -> None:
    code = f"import sys, unisono.notify, unisono.notify.notifier; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
