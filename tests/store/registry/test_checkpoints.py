"""Checkpoints: twins and position together, or not at all."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unisono.errors import HostError
from unisono.store.registry import AlarmLineRow, Checkpoint, Checkpoints, PlaceRow, Registry
from unisono.store.registry import checkpoints as checkpoints_module

# Processor time of this process, several times what is measured (0.13 s): a quadratic slip does not hold it.
LOAD_100_000_S = 1.5


@pytest.fixture
async def checkpoints(registry: Registry, ready_url: str) -> AsyncIterator[Checkpoints]:
    """Checkpoints of the same database, through a connection of their own, as in the owner's process."""
    checkpoints = await Checkpoints.open(ready_url)
    yield checkpoints
    await checkpoints.close()


async def test_nothing_at_first(checkpoints: Checkpoints) -> None:
    assert await checkpoints.load_checkpoint("0") is None
    assert await checkpoints.load_checkpoint_twins("0") == []


async def test_changed_twins_are_added_to_what_is_there(checkpoints: Checkpoints, registry: Registry) -> None:
    await checkpoints.save_checkpoint("0", "log", 7, 1, b"s", [("a", b"1"), ("b", b"1"), ("c", b"\x00\xff")])
    await checkpoints.save_checkpoint("0", "log", 9, 2, b"t", [("a", b"2"), ("d", b"1")], ["b", "never"])
    await checkpoints.save_checkpoint("1", "other", 3, 1, b"", [("a", b"9")])
    assert await checkpoints.load_checkpoint("0") == Checkpoint("0", "log", 9, 2, b"t")
    assert dict(await checkpoints.load_checkpoint_twins("0")) == {"a": b"2", "c": b"\x00\xff", "d": b"1"}
    assert await registry.load_checkpoint_twins("1") == [("a", b"9")]


async def test_a_thing_removed_and_put_in_the_same_save_is_there(checkpoints: Checkpoints) -> None:
    await checkpoints.save_checkpoint("0", "log", 1, 1, b"", [("a", b"1")])
    await checkpoints.save_checkpoint("0", "log", 2, 1, b"", [("a", b"2")], ["a"])
    assert await checkpoints.load_checkpoint_twins("0") == [("a", b"2")]


async def test_an_owner_that_was_replaced_cannot_save(checkpoints: Checkpoints) -> None:
    await checkpoints.save_checkpoint("0", "log", 5, 4, b"new", [("a", b"new")])
    with pytest.raises(HostError, match="epoch 4 has saved, this one is 3") as refused:
        await checkpoints.save_checkpoint("0", "log", 9, 3, b"old", [("a", b"old")])
    assert refused.value.code == "owner_unavailable"
    assert await checkpoints.load_checkpoint("0") == Checkpoint("0", "log", 5, 4, b"new")
    assert await checkpoints.load_checkpoint_twins("0") == [("a", b"new")]


async def test_clearing_one_partition(checkpoints: Checkpoints) -> None:
    for partition in ("0", "1"):
        await checkpoints.save_checkpoint(partition, "log", 5, 1, b"", [("a", b"1")])
    await checkpoints.clear_checkpoint("0")
    assert await checkpoints.load_checkpoint("0") is None
    assert await checkpoints.load_checkpoint_twins("0") == []
    assert await checkpoints.load_checkpoint_twins("1") == [("a", b"1")]


async def test_a_hundred_thousand_twins(checkpoints: Checkpoints) -> None:
    twins = [(f"thing{number}", os.urandom(300)) for number in range(100_000)]
    await checkpoints.save_checkpoint("0", "log", 1, 1, b"", twins)
    start = time.process_time()
    loaded = await checkpoints.load_checkpoint_twins("0")
    assert time.process_time() - start < LOAD_100_000_S
    assert sorted(loaded) == sorted(twins)


async def test_checkpoints_and_changes_at_the_same_time_lose_nothing(
    checkpoints: Checkpoints, registry: Registry
) -> None:
    async def save() -> None:
        for seq in range(1, 21):
            await checkpoints.save_checkpoint("0", "log", seq, 1, b"", [(f"t{seq}", b"x" * 300)])

    async def put(name: str) -> None:
        for number in range(10):
            await registry.put_place(PlaceRow(f"{name}{number}", "Place"))

    await asyncio.gather(save(), put("a"), put("b"), put("c"))
    assert len(await registry.list_places()) == 30
    assert len(await checkpoints.load_checkpoint_twins("0")) == 20


async def test_saves_after_a_save_that_was_cancelled(checkpoints: Checkpoints) -> None:
    await checkpoints.save_checkpoint("0", "log", 1, 1, b"", [("a", b"1")])
    many = [(f"t{number}", b"x" * 300) for number in range(20_000)]
    task = asyncio.ensure_future(checkpoints.save_checkpoint("0", "log", 2, 1, b"", many))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await checkpoints.save_checkpoint("0", "log", 3, 1, b"", [("b", b"1")])
    loaded = dict(await checkpoints.load_checkpoint_twins("0"))
    assert loaded == {"a": b"1", "b": b"1"}


@pytest.fixture
def copy_of_empty(empty_file: Path, tmp_path: Path) -> Callable[[], Path]:
    """Makes files that are empty registries."""
    numbers = itertools.count()
    return lambda: Path(shutil.copy(empty_file, tmp_path / f"{next(numbers)}.db"))


steps = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcde"), st.binary(max_size=3)),
        st.sets(st.sampled_from("abcde")),
        st.booleans(),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
async def test_what_is_loaded_is_what_was_saved(
    copy_of_empty: Callable[[], Path], steps: list[tuple[dict[str, bytes], set[str], bool]]
) -> None:
    """Any run of saves, some of them refused, leaves what a dictionary would hold."""
    checkpoints = await Checkpoints.open(f"sqlite:///{copy_of_empty()}")
    model: dict[str, bytes] = {}
    try:
        await checkpoints.save_checkpoint("0", "log", 0, 5, b"", [])
        for seq, (twins, removed, refused) in enumerate(steps, 1):
            if refused:
                with pytest.raises(HostError):
                    await checkpoints.save_checkpoint("0", "log", seq, 4, b"", list(twins.items()), list(removed))
                continue
            await checkpoints.save_checkpoint("0", "log", seq, 5, b"", list(twins.items()), list(removed))
            model = {thing: twin for thing, twin in model.items() if thing not in removed} | twins
        assert dict(await checkpoints.load_checkpoint_twins("0")) == model
    finally:
        await checkpoints.close()


def alarm_line(number: int, at: int, partition: str = "0") -> AlarmLineRow:
    what = ("hot", "probe", "home", "home", "high", "raised", "normal", "unacknowledged", "1.0")
    return AlarmLineRow(at, partition, number, *what, "too warm", "", "")


async def alarm_numbers(registry: Registry, partition: str = "0") -> list[int]:
    found = await registry.find_alarm_history(start=0, end=2**60)
    return sorted(line.number for line in found if line.partition == partition)


@pytest.mark.parametrize(
    ("bounds", "stay"),
    [
        ({"before": 0, "most": 100, "least": 0}, range(1, 31)),
        ({"before": 0, "most": 10, "least": 0}, range(21, 31)),
        ({"before": 25_000, "most": 100, "least": 0}, range(25, 31)),
        # a clock that was set wrong does not empty it
        ({"before": 10**15, "most": 100, "least": 5}, range(26, 31)),
        ({"before": 10**15, "most": 100, "least": 50}, range(1, 31)),
    ],
)
async def test_what_happened_to_alarms_has_bounds_in_age_and_number(
    registry: Registry, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, int], stay: range
) -> None:
    monkeypatch.setattr(checkpoints_module, "TRIM_LINES", 4)
    monkeypatch.setattr(
        checkpoints_module, "OLDEST_ALARM_LINES", checkpoints_module.OLDEST_ALARM_LINES.replace("1000", "4")
    )
    lines = [alarm_line(n, n * 1000) for n in range(1, 31)] + [alarm_line(n, n * 1000, "1") for n in range(1, 6)]
    await checkpoints.save_checkpoint("0", "log", 1, 1, b"", [], [], lines)
    dropped = await checkpoints.trim_alarm_history("0", newest=30, **bounds)
    assert await alarm_numbers(registry) == list(stay)
    assert dropped == 30 - len(stay)
    assert await alarm_numbers(registry, "1") == [1, 2, 3, 4, 5]
    assert await checkpoints.trim_alarm_history("0", newest=30, **bounds) == 0
