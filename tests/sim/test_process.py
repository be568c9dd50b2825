"""The simulator as a real process: started with arguments, ended by signals or with its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim.hub import Door, until
from unisono.sim.__main__ import main
from unisono.sim.car import build_car
from unisono.sim.kept import Keyring
from unisono.sim.process import run_until_stopped

SIM = [sys.executable, "-m", "unisono.sim"]


async def test_a_signal_ends_it_politely(tmp_path: Path) -> None:
    Keyring(tmp_path).put({device.who.thing: "s" for device in build_car().devices})
    async with Door() as door:
        command = [*SIM, "car", "--url", door.url, "--data", str(tmp_path), "--with-parent"]
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
        try:
            await until(lambda: door.said("car", "things/me/state"))
            process.send_signal(signal.SIGTERM)
            _, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0, errors
        assert b"Traceback" not in errors
        await until(lambda: door.goodbyes == ["car"])


async def test_load_leaves_politely_too(tmp_path: Path) -> None:
    Keyring(tmp_path).put({f"sim-{number:05d}": "s" for number in range(3)})
    async with Door() as door:
        command = [*SIM, "things", "--count", "3", "--rate", "100", "--url", door.url, "--data", str(tmp_path)]
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
        try:
            await until(lambda: len(door.heard) >= 50)
            process.send_signal(signal.SIGINT)
            _, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0, errors
        await until(lambda: len(door.goodbyes) == 3)


async def test_it_does_not_outlive_its_parent(tmp_path: Path) -> None:
    Keyring(tmp_path).put({device.who.thing: "s" for device in build_car().devices})
    async with Door() as door:
        command = [*SIM, "car", "--url", door.url, "--data", str(tmp_path), "--with-parent"]
        script = f"import subprocess, sys; subprocess.Popen({command!r}, stderr=subprocess.DEVNULL); sys.stdin.read()"
        parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdin=subprocess.PIPE)
        try:
            await until(lambda: door.said("car", "things/me/state"))
        finally:
            parent.kill()
            await parent.wait()
        await until(lambda: door.goodbyes == ["car"])


def test_what_the_work_raises_comes_out() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_until_stopped(work())


def test_work_that_ends_by_itself_ends_the_run() -> None:
    done = []

    async def work() -> None:
        done.append(True)

    run_until_stopped(work(), with_parent=True)
    assert done == [True]


def test_an_interrupt_cancels_the_work_first() -> None:
    said = []

    async def work() -> None:
        asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGINT)
        try:
            await asyncio.sleep(60)
        finally:
            said.append("goodbye")

    run_until_stopped(work())
    assert said == ["goodbye"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["car", "--url", "http://hub"], 2, "mqtt://"),
        (["car", "--refuse", "2"], 2, "refuse"),
        (["car", "--token-file", "/nowhere/token"], 2, "no file"),
        (["car", "--token-file", "/"], 1, "/"),
    ],
)
def test_wrong_arguments_are_said(
    arguments: list[str], code: int, words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Keyring(tmp_path).put({"car": "s"})
    assert main([*arguments, "--data", str(tmp_path)]) == code
    assert words in caplog.text


def test_a_hub_that_is_not_there_is_exit_code_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("unisono.sim.provision.PATIENCE_S", 0.0)
    (tmp_path / "token").write_text("secret-token\n")
    arguments = ["car", "--http", "http://127.0.0.1:1", "--data", str(tmp_path)]
    assert main([*arguments, "--token-file", str(tmp_path / "token")]) == 3
    assert "unisono up" in caplog.text
    assert "secret-token" not in caplog.text


def test_usage_errors_are_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["submarine"])
    assert caught.value.code == 2
    assert "submarine" in capsys.readouterr().err
