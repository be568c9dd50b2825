"""What a benchmark found: figures, ratios and the machine, as JSON or as a table.

Knows nothing of how the figures came about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Group

__all__ = ["Report", "ratio"]


class Report(msgspec.Struct, kw_only=True):
    """``figures``: server -> measurement -> its numbers; ``ratios``: name -> ours / theirs; ``notes``: what to know."""

    benchmark: str
    figures: dict[str, dict[str, dict[str, Any]]]
    ratios: dict[str, float] = {}
    notes: list[str] = []
    machine: dict[str, Any] = {}
    options: dict[str, Any] = {}

    def to_json(self) -> bytes:
        """The report as one JSON object with ``figures``, ``ratios``, ``machine``, ``notes`` and ``options``."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)

    def table(self) -> Group:
        """Tables for a terminal: one of figures, one of ratios, then the notes."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        about = ", ".join(f"{key} {value}" for key, value in self.machine.items())
        figures = Table(title=f"unisono bench {self.benchmark}", caption=about)
        for heading in ("server", "measurement", "figure"):
            figures.add_column(heading, overflow="fold")
        for server, measurements in self.figures.items():
            for measurement, numbers in measurements.items():
                shown = "  ".join(
                    f"{key} {_shown(value)}" for key, value in numbers.items() if not isinstance(value, list)
                )
                figures.add_row(server, measurement, shown)
            figures.add_section()
        ratios = Table(title="ratios")
        ratios.add_column("ratio")
        ratios.add_column("x", justify="right")
        for name, value in self.ratios.items():
            ratios.add_row(name, f"{value:.2f}")
        parts: list[Any] = [figures] + ([ratios] if self.ratios else [])
        return Group(*parts, *(Text(f"- {note}") for note in self.notes))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value)
    return f"{value:,}"


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """``ours / theirs`` rounded to thousandths; None where either is missing or theirs is nothing."""
    return round(ours / theirs, 3) if ours is not None and theirs else None
