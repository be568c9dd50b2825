"""``unisono notify`` against a whole hub, and a scene's notification by log, owner, notifier and courier."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import RunningHub, Shell, start_hub
from tests.notify.receiver import Receiver

SCENE = """
id: leak
name: Leak
place: cabin
when: []
then:
  - notify: {to: [family], title: Leak, text: "{probe1.temperature} degrees", priority: critical, group: leak}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub of this module's own: how people are told concerns all of one."""
    root = tmp_path_factory.mktemp("hub")
    running = start_hub(root / "data", root / "hub.log")
    yield running
    running.stop()


@pytest.fixture
def shell(own: RunningHub) -> Shell:
    return own.shell


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def channel(shell: Shell, receiver: Receiver) -> Any:
    shell.run("notify", "allow", "127.0.0.1")
    return shell.json(
        "notify", "channel", "add", f"json://wei:s3cret-w0rd@127.0.0.1:{receiver.port}/hook", "--name", "Hook"
    )


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_channels(shell: Shell, receiver: Receiver, channel: Any) -> None:
    assert (channel["name"], channel["priorities"]) == ("Hook", ["low", "normal", "high", "critical"])
    table = shell.run("notify", "channel", "list").stdout
    assert channel["id"] in table
    assert "s3cret-w0rd" not in table
    assert "It was taken: HTTP 200 {}" in shell.run("notify", "channel", "test", channel["id"]).stdout
    assert receiver.came[-1].json["title"] == "Unisono"
    # an address that stands in no list of processes
    command = [sys.executable, "-m", "unisono.cli", "notify", "channel", "add", "-", "--priority", "low"]
    command += ["--url", shell.url, "--data", str(shell.data)]
    address = f"json://127.0.0.1:{receiver.port}/other\n"
    done = subprocess.run(command, input=address, capture_output=True, text=True, check=True, timeout=60)
    assert "unisono notify channel test" in done.stderr
    (other,) = [each for each in shell.json("notify", "channel", "list") if each["id"] != channel["id"]]
    assert other["priorities"] == ["low"]
    shell.run("notify", "channel", "remove", other["id"])
    refused = shell.run("notify", "channel", "add", "nosuch://x", check=1).stderr
    assert "url: that is no address of a service" in refused
    assert "expected: such as ntfys://ntfy.sh/topic" in refused
    assert "has no channel" in shell.run("notify", "channel", "test", "nothing", check=1).stderr


def test_quiet_hours(shell: Shell) -> None:
    shown = shell.run("notify", "quiet", "22:00-7:00", "sat,sun 00:00-09:30", "--zone", "Asia/Shanghai").stdout
    assert "22:00-07:00, sat,sun 00:00-09:30" in shown
    assert shell.json("notify", "quiet", "--passes", "high", "--language", "zh") == {
        "zone": "Asia/Shanghai",
        "hours": [
            {"from": "22:00", "to": "07:00", "days": []},
            {"from": "00:00", "to": "09:30", "days": ["sat", "sun"]},
        ],
        "passes": "high",
        "language": "zh",
    }
    assert "are no hours" in shell.run("notify", "quiet", "late", check=2).stderr
    assert "none" in shell.run("notify", "quiet", "--off").stdout
    shell.run("notify", "quiet", "--zone", "UTC", "--language", "en")


def test_groups_and_hosts(shell: Shell) -> None:
    assert shell.json("notify", "group", "set", "family", "local", "--name", "Family")["people"] == ["local"]
    assert "family" in shell.run("notify", "group", "list").stdout
    assert "there is no person 'ghost'" in shell.run("notify", "group", "set", "x", "ghost", check=1).stderr
    shell.run("notify", "group", "set", "gone", "local")
    shell.run("notify", "group", "remove", "gone")
    assert shell.json("notify", "allow", "ntfy.lan")["hosts"] == ["127.0.0.1", "ntfy.lan"]
    assert shell.json("notify", "allow", "--remove", "ntfy.lan")["hosts"] == ["127.0.0.1"]
    assert "is no host" in shell.run("notify", "allow", "http://x", check=1).stderr


def test_sending_and_what_became_of_it(shell: Shell, receiver: Receiver, channel: Any) -> None:
    said = shell.run("notify", "send", "Supper", "--to", "family", "--to", "ghost", "--priority", "high", "--ttl", "2h")
    assert "goes out over 1 channel" in said.stdout
    nobody = shell.run("notify", "send", "Supper", "--to", "ghost", check=1)
    assert "there is no person or group of that name" in nobody.stderr and "Nobody is told" in nobody.stderr
    lost = shell.run("notify", "list", "--state", "lost", check=1).stderr
    assert "unisono: state: There is no choice 'lost'" in lost and "one of failed, given_up, held, replaced" in lost
    odd = shell.run("notify", "send", "x", "--priority", "odd", check=1).stderr
    assert "one of critical, high, low, normal" in odd
    assert "ghost: there is no person or group of that name" in said.stderr
    until(lambda: any(each.json["message"] == "Supper" for each in receiver.came), "it arrives")
    until(lambda: shell.json("notify", "list", "--state", "sent"), "it is known to have arrived")
    table = shell.run("notify", "list").stdout
    assert "missed" in table
    assert "HTTP 200 {}" in table


def test_a_scene_tells_people_once_over_the_log(shell: Shell, receiver: Receiver, channel: Any, tmp_path: Path) -> None:
    shell.run("place", "add", "Cabin")
    shell.run("thing", "add", "probe1", "--model", "sensor.temperature", "--place", "cabin")
    file = tmp_path / "leak.yaml"
    file.write_text(SCENE)
    shell.run("scene", "add", str(file))
    shell.run("scene", "run", "leak")
    until(lambda: any(each.json["title"] == "Leak" for each in receiver.came), "it arrives")
    told = [each for each in shell.json("notify", "list") if each["title"] == "Leak"]
    assert len(told) == 1
    assert (told[0]["to"], told[0]["priority"], told[0]["group"]) == (["family"], "critical", "leak")
    assert told[0]["run"]
    assert sum(each.json["title"] == "Leak" for each in receiver.came) == 1
