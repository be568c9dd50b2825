"""The simulated car."""

from unisono.sim.car.car import Car, build_car

__all__ = ["Car", "build_car"]
