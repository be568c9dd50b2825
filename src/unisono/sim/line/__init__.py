"""The simulated production line."""

from unisono.sim.line.line import build_line

__all__ = ["build_line"]
