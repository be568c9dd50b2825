"""What the console's types are made from: the script that writes the API's description."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

SCRIPT = Path(__file__).parents[2] / "scripts" / "openapi.py"


def test_the_description_is_written_without_a_hub() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    described = msgspec.json.decode(done.stdout)
    assert {"get", "post"} <= described["paths"]["/api/v1/things"].keys()
