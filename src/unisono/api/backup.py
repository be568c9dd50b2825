"""placeholder"""

from __future__ import annotations

from litestar import post


@post("/backup")
async def make_backup() -> None:
    return None
