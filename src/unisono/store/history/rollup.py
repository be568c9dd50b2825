"""Rollups: partial sums of readings per series and stretch of time, which add up whatever order they were made in.

Knows the columns of rollup files and the SQL that makes, merges and reads them. Every sealed set of rows has a rollup
of its own, committed with it; a late row is in a later set, whose rollup is simply added. So nothing is ever
recomputed, and nothing counted twice, because a row is sealed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unisono.store.history.engine import quoted
from unisono.store.history.plan import LEVELS

__all__ = ["file_list", "floor_sql", "of_raw", "of_rollup"]


def file_list(paths: Sequence[Path]) -> str:
    """The paths as an SQL list literal."""
    return "[" + ", ".join(quoted(path) for path in paths) + "]"


def floor_sql(ts: str, width: int) -> str:
    """SQL of `plan.floor_to`: right for times before 1970, too."""
    return f"({ts} - (({ts} % {width}) + {width}) % {width})"


def of_raw(paths: Sequence[Path], level: str, within: str) -> str:
    """Roll up the rows ``within`` sealed raw files whose series do not overlap.

    Their rows stand in order of (series, ts, seq), so the row number finds the last of a stretch: four times faster
    than comparing pairs.
    """
    bucket = floor_sql("epoch_us(ts)", LEVELS[level])
    return (
        "SELECT series, any_value(thing) AS thing, any_value(property) AS property, make_timestamp(bucket) AS ts,"
        " count(*) AS count, count(value) AS numbers, min(value) AS min, max(value) AS max, sum(value) AS sum,"
        " arg_max_null(value, place) AS last, arg_max_null(text, place) AS last_text,"
        " max(us) AS last_ts, arg_max(seq, place) AS last_seq FROM ("
        f"SELECT *, epoch_us(ts) AS us, {bucket} AS bucket, file_row_number AS place"
        f" FROM read_parquet({file_list(paths)}, file_row_number = true) WHERE {within})"
        " GROUP BY series, bucket ORDER BY series, bucket"
    )


def of_rollup(paths: Sequence[Path], level: str, within: str) -> str:
    """Add up the rows ``within`` rollup files of this level or a finer one."""
    bucket = f"make_timestamp({floor_sql('epoch_us(ts)', LEVELS[level])})"
    order = "file_row_number" if len(paths) == 1 else "(last_ts, last_seq)"  # alone, a file's rows stand in order
    return (
        f"SELECT series, any_value(thing) AS thing, any_value(property) AS property, {bucket} AS ts,"
        " sum(count)::BIGINT AS count, sum(numbers)::BIGINT AS numbers,"
        " min(min) AS min, max(max) AS max, sum(sum) AS sum,"
        f" arg_max_null(last, {order}) AS last, arg_max_null(last_text, {order}) AS last_text,"
        f" max(last_ts) AS last_ts, arg_max(last_seq, {order}) AS last_seq"
        f" FROM read_parquet({file_list(paths)}, file_row_number = true) WHERE {within}"
        f" GROUP BY series, {bucket} ORDER BY series, {bucket}"
    )
