"""The simulated line: press, conveyor, packager, compressor, power meter and andon lamp in one cell of a plant.

Knows how they are joined; their behaviour is in the neighbouring files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import ClassVar

from unisono.sim.device import Accepts, Device, Label, choice
from unisono.sim.home.energy import Meter
from unisono.sim.line.compressor import Compressor
from unisono.sim.line.conveyor import Conveyor
from unisono.sim.line.flow import Air, Buffer, Orders
from unisono.sim.line.machine import NO_FAULT, Machine
from unisono.sim.line.packager import Packager
from unisono.sim.line.press import Press
from unisono.sim.world import Place, World

__all__ = ["Andon", "build_line"]

HALL_W = 1400.0  # lamps and ventilation
METER_KWH = 58_310.0


class Andon(Device):
    """The lamp over the line: red for a fault, yellow for a machine that was stopped, green otherwise.

    Somebody may set it to call for help; it then stays until set to green.
    """

    model = "andon"
    writable: ClassVar[Mapping[str, Accepts]] = {"andon": choice("off", "green", "yellow", "red")}

    def __init__(self, who: Label, machines: Sequence[Machine]) -> None:
        super().__init__(who, andon="green")
        self._machines = machines
        self._shown = "green"

    def advance(self, dt_s: float, rng: Random) -> None:
        """Change the lamp when the line changes, so that what a person set stays until then."""
        if any(machine.state["fault"] != NO_FAULT for machine in self._machines):
            light = "red"
        else:
            light = "green" if all(machine.flag("running") for machine in self._machines) else "yellow"
        if light != self._shown:
            self._shown = self.state["andon"] = light


def build_line(parent: str | None = None) -> World:
    """A plant with one line below ``parent``, or as a root place of its own."""
    air, orders = Air(), Orders()
    pressed, ready = Buffer(room=40), Buffer(room=60)
    press = Press(Label("press_1", "press_cell", "Press 1", "一号冲床"), air, pressed, orders)
    conveyor = Conveyor(Label("conveyor_1", "line_1", "Conveyor 1", "一号输送机"), pressed, ready)
    packager = Packager(Label("packager_1", "pack_cell", "Packager 1", "一号包装机"), ready, air)
    compressor = Compressor(Label("compressor_1", "utilities", "Compressor 1", "一号空压机"), air)
    machines: list[Machine] = [press, conveyor, packager, compressor]
    loads = [lambda machine=machine: machine.power_w for machine in machines]
    meter = Meter(Label("line_meter", "line_1", "Line power meter", "产线电表"), [lambda: HALL_W, *loads], METER_KWH)
    andon = Andon(Label("andon_1", "line_1", "Andon light", "安灯"), machines)
    places = [
        Place("plant", "Plant", "工厂", "plant", parent, "Asia/Shanghai"),
        Place("hall_1", "Hall 1", "一车间", "area", "plant"),
        Place("line_1", "Line 1", "一号产线", "line", "hall_1"),
        Place("press_cell", "Press cell", "冲压单元", "cell", "line_1"),
        Place("pack_cell", "Packing cell", "包装单元", "cell", "line_1"),
        Place("utilities", "Utilities", "公用设施", "area", "plant"),
    ]
    return World(places, [*machines, meter, andon], [])
