"""The simulated home."""

from unisono.sim.home.home import build_home

__all__ = ["build_home"]
