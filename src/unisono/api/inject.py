"""What Litestar hands to every handler: the surroundings, and who asks."""

from __future__ import annotations

from typing import TypeAlias

from litestar.di import NamedDependency

from unisono.api.auth import Identity
from unisono.api.context import ApiContext

__all__ = ["Asker", "Context"]

Context: TypeAlias = NamedDependency[ApiContext]
Asker: TypeAlias = NamedDependency[Identity]
