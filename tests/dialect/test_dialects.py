"""All dialects together: what is installed, how one is found, and that the documentation is theirs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from unisono.api.dialects.dialects import _chinese
from unisono.dialect import Dialect, Hub, LineDialect, PlaceDialect, dialects, find_dialect, read_caller
from unisono.errors import CallerError

ROOT = Path(__file__).parent.parent.parent


def test_what_is_installed() -> None:
    assert {"alink", "homeassistant", "shelly", "sparkplug", "tasmota", "thingsboard", "zigbee2mqtt"} <= set(dialects())
    for name, each in dialects().items():
        assert isinstance(each, Dialect) and each.name == name and each.title and each.can
        assert name == "native" or isinstance(each, LineDialect) != isinstance(each, PlaceDialect)


def test_one_that_there_is_not() -> None:
    with pytest.raises(CallerError, match="esperanto"):
        find_dialect("esperanto")
    assert find_dialect("alink").name == "alink"


def test_who_calls() -> None:
    assert read_caller("", "lamp1", "secret") is None
    vague = read_caller("lamp1", "lamp1", "secret")
    assert vague is not None and vague.vague
    caller = read_caller("dn&pk", "pk.dn|signmethod=hmacsha1,timestamp=1|", "x")
    assert caller is not None and caller.name == "pk&dn"


def test_the_page_is_what_the_dialects_say() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/devices_doc.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_is_said_to_people_is_said_in_chinese_too() -> None:
    """What one has to do, at least; of what is supported a line may still be missing, and stands there in English."""
    for name, each in dialects().items():
        chinese = _chinese(name)
        guide = each.guide(Hub("hub.lan", 1883, 8883, 8080, "thing1", "SECRET"))
        texts = [*(field.title for field in each.fields), *guide.notes]
        assert [text for text in texts if text not in chinese] == [], name
        assert not [text for text in chinese.values() if text.isascii()]
