"""When an owner stands back behind the gateways: only where much comes, and for good."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from unisono.owner.courtesy import BEHIND_NICE, FOR_SECONDS, MASSES, Courtesy
from unisono.owner.owner import Owner
from unisono.twin.outcome import Outcome


class Line:
    """An owner that is told how much came, second by second."""

    def __init__(self) -> None:
        self.on_outcome: list[Any] = []
        self.now = 100.0
        self.gave_way = 0
        Courtesy(cast("Owner", self), self._give_way, lambda: self.now)

    def _give_way(self) -> None:
        self.gave_way += 1

    def comes(self, *messages: int, each_s: float = 1.0) -> None:
        for count in messages:
            self.now += each_s
            for listener in list(self.on_outcome):
                listener(cast("Outcome", SimpleNamespace(messages=count)))


def test_it_gives_way_once_masses_have_come_for_a_while() -> None:
    line = Line()
    line.comes(*[MASSES // 10] * 10 * (FOR_SECONDS - 1), each_s=0.1)
    told = [line.gave_way]
    line.comes(*[MASSES // 10 + 1] * 22, each_s=0.1)
    assert [*told, line.gave_way] == [0, 1]
    line.comes(10 * MASSES, 10 * MASSES, 10 * MASSES)
    assert (line.gave_way, line.on_outcome) == (1, [])


@pytest.mark.parametrize(
    "messages",
    [
        [MASSES - 1] * 20,  # a busy plant
        [5 * MASSES, 10] * 10,  # what waited while the hub was away
    ],
)
def test_it_does_not_otherwise(messages: list[int]) -> None:
    line = Line()
    line.comes(*messages)
    assert not line.gave_way


def test_what_comes_after_a_rest_counts_over_the_rest() -> None:
    line = Line()
    line.comes(5 * MASSES, 5 * MASSES, each_s=60)
    assert not line.gave_way


def test_every_thread_stands_back() -> None:
    program = """
import os, threading
from unisono.owner.courtesy import stand_back
ready, done, seen = threading.Event(), threading.Event(), []
def other():
    ready.set(); done.wait(); seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
thread = threading.Thread(target=other); thread.start(); ready.wait()
stand_back()
done.set(); thread.join()
print(os.getpriority(os.PRIO_PROCESS, 0), *seen)
"""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    if before > BEHIND_NICE:
        pytest.skip(f"these tests run with nice {before} already, which nobody may lower")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [str(BEHIND_NICE), str(BEHIND_NICE)]
