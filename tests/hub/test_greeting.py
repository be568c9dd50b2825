"""What a hub tells of itself at its start, by who reads it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from unisono.app import Hub, UpOptions


@pytest.mark.parametrize(("terminal", "told"), [(True, "uni_secret   (also in {0}/token)"), (False, "in {0}/token")])
@pytest.mark.parametrize("code", ["ABCD-EFGH", None])
def test_the_token_is_for_a_terminal_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool, told: str, code: str | None
) -> None:
    (tmp_path / "token").write_text("uni_secret\n")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    hub = Hub(UpOptions(data=tmp_path))
    hub.setup_code = code
    assert hub._shown_token() == told.format(tmp_path)
