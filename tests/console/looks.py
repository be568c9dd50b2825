"""What must hold of every page, however it is looked at: nothing sticks out, axe finds no fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["SIZES", "faults_of", "violations"]

AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = [(390, 844), (1440, 900)]

_RUN = (
    "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map("
    "one => `${one.id}: ${one.nodes[0].html} ${one.nodes[0].failureSummary}`))"
)


async def violations(page: Any) -> list[str]:
    """What axe finds against a page."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = await page.evaluate(_RUN)
    return found


async def faults_of(page: Any, name: str, width: int) -> list[str]:
    """What is wrong with the page as it is now: as `violations`, and whether it is wider than it may be."""
    wide = await page.evaluate("document.documentElement.scrollWidth")
    found = await violations(page)
    return [f"{name}: {wide} pixels wide"] * (wide > width) + [f"{name}: {one}" for one in found]
