"""``unisono alarm`` against a real hub: from a file to the list, the history and back."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import RunningHub, Shell, start_hub
from unisono.cli.alarm import read_span
from unisono.errors import CallerError

WARM = """
id: warm
name: Too warm
place: home
raise: {change: {property: temperature, above: 8}}
severity: high
text: "{name} is at {value}"
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("alarms")
    running = start_hub(folder / "data", folder / "log")
    yield running
    running.stop()


def report(shell: Shell, thing: str, secret: str, temperature: float) -> None:
    body = json.dumps({"temperature": temperature}).encode()
    headers = {"Authorization": f"Bearer {thing}:{secret}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{shell.url}/api/v1/device/state", body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202


def test_a_life(hub: RunningHub, tmp_path: Path) -> None:
    shell = hub.shell
    shell.run("place", "add", "Home", "--id", "home", "--kind", "home")
    secret = shell.json("thing", "add", "probe", "--model", "sensor.temperature", "--place", "home")["secret"]
    file = tmp_path / "warm.yaml"
    file.write_text(WARM)
    assert shell.json("alarm", "define", str(file)) == [{"file": str(file), "id": "warm", "version": 1, "remarks": ""}]
    file.write_text(WARM.replace("high", "critical"))
    assert shell.json("alarm", "define", str(file))[0]["version"] == 2
    assert shell.run("alarm", "definition", "warm").stdout.strip() == file.read_text().strip()
    assert [each["id"] for each in shell.json("alarm", "definitions")] == ["warm"]
    assert shell.json("alarm", "list") == []
    report(shell, "probe", secret, 9.5)
    (standing,) = shell.json("alarm", "list")
    assert (standing["id"], standing["state"], standing["severity"]) == ("warm.probe", "unacknowledged", "critical")
    assert "probe is at 9.5" in shell.run("alarm", "list").stdout
    assert shell.json("alarm", "ack", "warm.probe", "-m", "on my way")[0]["state"] == "acknowledged"
    assert "acknowledged" in shell.run("alarm", "ack", "warm.probe", check=1).stdout
    assert shell.json("alarm", "shelve", "warm.probe", "--for", "30m")[0]["state"] == "shelved"
    assert "until" in shell.run("alarm", "list", "--state", "all").stdout
    assert shell.json("alarm", "unshelve", "warm.probe")[0]["state"] == "unacknowledged"
    assert shell.json("alarm", "out", "warm.probe")[0]["state"] == "out_of_service"
    assert shell.json("alarm", "back", "warm.probe")[0]["state"] == "unacknowledged"
    assert "on my way" in shell.run("alarm", "history").stdout
    lines = list(csv.DictReader(io.StringIO(shell.run("alarm", "history", "--csv", "--act", "acknowledged").stdout)))
    assert [(each["alarm"], each["comment"]) for each in lines] == [("warm.probe", "on my way")]
    assert "mean_per_ten_minutes" in shell.run("alarm", "figures").stdout
    assert shell.json("alarm", "figures", "--place", "home")[0]["standing"] == {"critical": 1}
    assert shell.json("alarm", "show", "warm.probe")["text"] == "probe is at 9.5"
    shell.run("alarm", "undefine", "warm")
    assert shell.json("alarm", "list", "--state", "all") == []


def test_what_cannot_be_is_said(hub: RunningHub, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(WARM.replace("temperature", "tides").replace("place: home", "place: home\nthings: [probe]"))
    done = hub.shell.run("alarm", "define", str(file), str(tmp_path / "none.yaml"), check=1)
    assert "raise.change.property" in done.stdout
    assert "none.yaml" in done.stdout
    assert "no alarm" in hub.shell.run("alarm", "show", "a.b", check=1).stderr
    hub.shell.run("alarm", "shelve", "a.b", "--for", "long", check=2)


def test_spans() -> None:
    assert [read_span(text) for text in ("90", "30m", "2h", "1.5d", "5 s")] == [90, 1800, 7200, 129_600, 5]
    with pytest.raises(CallerError):
        read_span("soon")
