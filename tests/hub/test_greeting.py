"""What a hub tells of itself at its start, by who reads it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from unisono.app import Hub, UpOptions
from unisono.errors import HostError
from unisono.gateway.process import Door


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


class Served:
    async def stop(self) -> None: ...


@pytest.mark.parametrize(
    ("flag", "options", "another"),
    [
        ("https-port", {}, True),
        ("https-port", {"https_port": 8443}, False),
        ("https-port", {"host": "192.0.2.1"}, False),
        ("http-port", {}, False),
    ],
)
async def test_a_port_that_was_taken_since_the_look_at_it(
    tmp_path: Path, flag: str, options: dict[str, Any], another: bool
) -> None:
    hub = Hub(UpOptions(data=tmp_path, **options))
    hub.doors[flag] = Door(options.get("host", "127.0.0.1"), 8443, flag == "https-port")
    asked: list[int] = []

    async def serve(_host: str, port: int) -> Any:
        asked.append(port)
        if len(asked) == 1:
            raise HostError("taken", code="port_taken")
        return Served()

    if not another:
        with pytest.raises(HostError, match="taken"):
            await hub._serve(flag, serve)
        return
    await hub._serve(flag, serve)
    assert asked == [8443, hub.doors[flag].port] and hub.doors[flag].port != 8443
