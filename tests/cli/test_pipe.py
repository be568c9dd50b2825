"""A reader that goes, as ``| head`` does: the command ends without a word, with the status that a shell knows."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.cli.test_cli import say

UNREAD = 141


def unread(*words: str, both: bool = False) -> tuple[int, bytes]:
    """The exit status of a command whose output nobody reads, and what it complains of."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "unisono.cli", *words]
    complaints = subprocess.STDOUT if both else subprocess.PIPE
    process = subprocess.Popen(command, stdout=writing, stderr=complaints)
    os.close(writing)
    _out, said = process.communicate(timeout=60)
    return process.returncode, said or b""


@pytest.mark.parametrize("words", [("--help",), ("thing", "watch", "--help"), ("--version",)])
def test_help_that_nobody_reads(words: tuple[str, ...]) -> None:
    assert unread(*words) == (UNREAD, b"")


def test_a_complaint_that_nobody_reads() -> None:
    assert unread("thing", "list", "--url", "nowhere", both=True) == (UNREAD, b"")


@pytest.mark.parametrize("words", [("thing", "list"), ("thing", "list", "--json"), ("command", "export")])
def test_an_answer_that_nobody_reads(shell: Shell, home: str, words: tuple[str, ...]) -> None:
    assert unread(*words, "--url", shell.url, "--data", str(shell.data)) == (UNREAD, b"")


def test_a_watch_ends_when_its_reader_has_seen_enough(shell: Shell, home: str) -> None:
    command = f"{sys.executable} -m unisono.cli thing watch probe1 --url {shell.url} --data {shell.data} | head -1"
    process = subprocess.Popen(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    stop = threading.Event()

    def talk() -> None:
        number = 0
        while not stop.wait(0.2):
            number += 1
            say(shell, home, f'{{"temperature": {number}}}')

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        out, said = process.communicate(timeout=60)
    finally:
        stop.set()
        talking.join()
    assert b"probe1" in out
    assert (process.returncode, said) == (UNREAD, b"")


def test_a_data_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    command = [sys.executable, "-m", "unisono.cli", "thing", "list", "--data", str(nowhere)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("UNISONO_")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"There is no folder {nowhere}" in done.stderr
    assert "127.0.0.1" not in done.stderr
