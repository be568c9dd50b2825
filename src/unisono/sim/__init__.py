"""Simulated devices: real MQTT clients, in a process of their own, that see the hub only from outside."""

from unisono.sim.load import Progress, run_things
from unisono.sim.options import SimOptions
from unisono.sim.process import run_until_stopped
from unisono.sim.run import run_car, run_demo, run_home, run_line

__all__ = [
    "Progress",
    "SimOptions",
    "run_car",
    "run_demo",
    "run_home",
    "run_line",
    "run_things",
    "run_until_stopped",
]
