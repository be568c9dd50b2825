"""Opening: bring the folder in step with the manifest after a crash, or the manifest with the folder after its loss.

Knows which files belong to whom. A file the manifest does not name is the remainder of a crash and is removed; only
when the manifest itself is new (``hot.duckdb`` was moved aside because it was damaged) are the files taken in.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unisono.errors import HostError
from unisono.store.history.engine import Engine, quoted
from unisono.store.history.manifest import File, Manifest, SegmentRow
from unisono.store.history.seal import describe
from unisono.store.history.segment import Segment, segment_path

__all__ = ["attach_segments", "sweep"]

_log = logging.getLogger(__name__)


def sweep(manifest: Manifest, folder: Path, fresh: bool) -> None:
    """Remove the remainders of a crash; with a fresh manifest, first take in the files that are there."""
    for leftover in (folder / "tmp").iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
    for leftover in folder.glob("hot-*.new*"):
        leftover.unlink(missing_ok=True)
    if fresh:
        _take_in(manifest, folder)
    named = {file.name for file in manifest.files}
    for part in ("sealed", "rollup"):
        for path in (folder / part).glob("*.parquet"):
            if f"{part}/{path.name}" not in named:
                _log.info("history: removing %s, which was never committed", path)
                path.unlink(missing_ok=True)
    kept = {segment_path(folder, row.number).name for row in manifest.segments}
    for path in folder.glob("hot-*.duckdb*"):
        if path.suffix in (".duckdb", ".wal") and path.name.removesuffix(".wal") not in kept:
            path.unlink(missing_ok=True)
    for path in folder.glob("hot-*-*.parquet"):
        if f"{path.stem.rpartition('-')[0]}.duckdb" not in kept:
            path.unlink(missing_ok=True)
    missing = [file.name for file in manifest.files if not (folder / file.name).exists()]
    if missing:
        _log.error(
            "history: %d sealed files are gone, the first is %s; what they held is lost", len(missing), missing[0]
        )
        with manifest.change() as change:
            change.removed_files = missing


def attach_segments(engine: Engine, manifest: Manifest, folder: Path) -> list[Segment]:
    """Open the segments that the manifest names; one that was moved aside is given up, and said so."""
    there = [row for row in manifest.segments if segment_path(folder, row.number).exists()]
    if len(there) < len(manifest.segments):
        _log.error("history: a hot segment is gone; what it held is lost unless the log still has it")
        with manifest.change() as change:
            change.segments = there
    return [Segment.attach(engine, folder, row.number) for row in there]


def _take_in(manifest: Manifest, folder: Path) -> None:
    """Rebuild the manifest out of what the files say of themselves.

    A segment that is still there holds all its rows, so files sealed from it are doubles; so are rollups that a merged
    file was made of. The position is that of the last segment that was sealed; one still there knows its own.
    """
    numbers = sorted(int(path.stem[4:]) for path in folder.glob("hot-*.duckdb") if path.stem[4:].isdigit())
    found: list[tuple[File, Mapping[str, Any]]] = []
    for path in sorted([*(folder / "sealed").glob("*.parquet"), *(folder / "rollup").glob("*.parquet")]):
        found += _read_facts(manifest.engine, folder, path)
    replaced = {name for _, facts in found for name in facts["replaces"]}
    kept = [(file, facts) for file, facts in found if file.segment not in numbers and file.name not in replaced]
    if kept or numbers:
        _log.warning("history: taking %d sealed files and %d hot segments into a new manifest", len(kept), len(numbers))
    made_of = [facts["segment"] for _, facts in kept if facts["segment"]]
    marks = [(segment["number"], segment["log_id"], segment["seq"]) for segment in made_of]
    raws = [file.min_ts for file, _ in kept if file.level == "raw"]
    with manifest.change() as change:
        change.first = True
        change.added_files = [file for file, _ in kept]
        change.segments = [SegmentRow(number, None) for number in numbers]
        change.mark = max(marks)[1:] if marks else None
        change.horizons = {"raw": min(raws)} if raws else {}
        names = ", ".join(quoted(folder / file.name) for file, _ in kept if file.level == "1h")
        if names:
            change.series_from = [f"SELECT series, thing, property FROM read_parquet([{names}])"]


def _read_facts(engine: Engine, folder: Path, path: Path) -> list[tuple[File, Mapping[str, Any]]]:
    """What a sealed file says of itself; one that cannot be read is set aside, not removed."""
    try:
        with engine.faults(path):
            query = f"SELECT decode(value) FROM parquet_kv_metadata({quoted(path)}) WHERE decode(key) = 'unisono'"
            facts = json.loads(engine.main.execute(query).fetchone()[0])
            number = int(path.stem.rsplit("-", 1)[1])
            segment = facts["segment"]["number"] if facts["segment"] else 0
            name = f"{path.parent.name}/{path.name}"
            level, period = facts["level"], facts["period"]
            about = describe(engine.main, folder, name, level=level, period=period, number=number, segment=segment)
            return [(about, facts)]
    except (HostError, ValueError, TypeError, LookupError) as error:
        _log.error("history: %s cannot be read and is set aside: %s", path, error)
        path.rename(path.with_suffix(".damaged"))
        return []
