"""Hypothesis without a deadline: the machine is shared, and a slow example is no failure."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")
