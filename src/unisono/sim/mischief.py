"""Bad behaviour on request: refusals, silence, lies, late answers, broken connections.

Pure: randomness is passed in. Knows probabilities, not devices.
"""

from __future__ import annotations

import enum
from random import Random

from unisono.sim.options import SimOptions

__all__ = ["AWAY_S", "Manner", "Mischief"]

AWAY_S = (5.0, 20.0)  # how long a device stays away after its connection broke: longer than a keep-alive of a test hub
MINUTE_S = 60.0


class Manner(enum.Enum):
    """How one command is treated."""

    OBEY = "obey"
    REFUSE = "refuse"  # answers that it will not
    DROP = "drop"  # hears nothing, says nothing
    LIE = "lie"  # says that it is done and does nothing


class Mischief:
    """Decides, command by command, whether the device behaves."""

    def __init__(self, options: SimOptions) -> None:
        self.delay_s = options.delay_s
        self._chances = ((options.refuse, Manner.REFUSE), (options.drop, Manner.DROP), (options.lie, Manner.LIE))
        self._drop = options.drop

    def manner(self, rng: Random) -> Manner:
        """How the next command is treated; each kind of mischief has its own draw, in the order refuse, drop, lie."""
        for chance, manner in self._chances:
            if chance and rng.random() < chance:
                return manner
        return Manner.OBEY

    def breaks(self, dt_s: float, rng: Random) -> bool:
        """Whether the connection breaks within the next ``dt_s`` seconds (``drop`` is the chance in one minute)."""
        return bool(self._drop) and rng.random() < 1.0 - (1.0 - self._drop) ** (dt_s / MINUTE_S)

    def away_s(self, rng: Random) -> float:
        """How long the device then stays away, seconds."""
        return rng.uniform(*AWAY_S)
