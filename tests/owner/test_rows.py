"""Folded runs as history's columns: every value once, series by series."""

from __future__ import annotations

import pytest

from unisono.owner.rows import columns
from unisono.thing import Model, Property, Schema, Service
from unisono.thing.shape import compile_model
from unisono.twin.outcome import Block

PAIR = compile_model(
    Model(
        id="pair",
        services=(Service(properties=tuple(Property(key=key, schema=Schema(kind="float")) for key in "ab")),),
    )
)


def block(*runs: tuple[int, list[tuple[float, float]]]) -> Block:
    """Runs of (first series, tuples), one after the other."""
    found = Block(PAIR)
    for number, (series, tuples) in enumerate(runs):
        found.tuples += tuples
        found.series.append(series)
        found.counts.append(len(tuples))
        found.ats.append(1000 + number)
        found.seqs.append(100 * number)
    return found


@pytest.mark.parametrize("far", [0, 3 << 16], ids=["few series", "more than 65,536"])
def test_rows_stand_series_by_series_in_the_order_they_came(far: int) -> None:
    first = block((7 + far, [(1, 2), (3, 4)]), (1, [(5, float("nan"))]), (7 + far, [(6, 7)]))
    numbers, texts = columns([first, block((1, [(8, 9)]))])
    assert numbers is not None and texts == []
    rows = list(zip(*(column.tolist() for column in numbers), strict=True))
    assert rows == [
        (1, 1001, 100, 5),
        (1, 1000, 0, 8),
        (2, 1000, 0, 9),
        (7 + far, 1000, 0, 1),
        (7 + far, 1000, 1, 3),
        (7 + far, 1002, 200, 6),
        (8 + far, 1000, 0, 2),
        (8 + far, 1000, 1, 4),
        (8 + far, 1002, 200, 7),
    ]
