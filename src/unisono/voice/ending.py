"""Where a sentence ends in sound that goes on: a microphone that streams does not say that its speaker is done.

Knows loudness over time, no words. Services that hear wait for an end; satellites wait for the text.
"""

from __future__ import annotations

import sys
from array import array

__all__ = ["Ending"]

#: A pause between words is shorter; waiting longer makes every answer later.
PAUSE_S = 0.8
#: Less than this is a knock or a click.
SPEECH_S = 0.2
#: Nobody says more in one breath, and where nobody says anything the line is free again.
MOST_S = 15.0
#: Loud beside what is there all the time, and loud at all (mean amplitude of 16 bits; a quiet room has 20 to 100).
TIMES, LEAST = 2.5, 150.0
#: Who begins at once is no noise: more than this is taken for speech from the first moment.
MOST_NOISE = 500.0
#: Beside a machine, quiet is what is so much less than the loudest that was said.
LESS = 4
#: The noise of a room is its quietest moment, which is forgotten by a tenth a second.
FORGOTTEN_A_S = 0.1
WIDTH = 2
#: Every fourth sample tells the loudness as well as all.
EACH = 4


class Ending:
    """Of one sentence; each piece of sound is shown to it once."""

    def __init__(self) -> None:
        self._noise = MOST_NOISE
        self._loudest = 0.0
        self._all_s = self._speech_s = self._pause_s = 0.0

    def is_after(self, data: bytes, rate: int, width: int, channels: int) -> bool:
        """Whether the sentence is over with this piece. Sound of another width than 16 bits ends by its length only."""
        seconds = len(data) / max(rate * width * channels, 1)
        self._all_s += seconds
        if width == WIDTH:
            self._listen(_loudness(data), seconds)
        return self._all_s >= MOST_S or (self._speech_s >= SPEECH_S and self._pause_s >= PAUSE_S)

    def _listen(self, loudness: float, seconds: float) -> None:
        self._noise = min(loudness, self._noise * (1 + FORGOTTEN_A_S * seconds), MOST_NOISE)
        self._loudest = max(loudness, self._loudest)
        if loudness > max(self._noise * TIMES, LEAST, self._loudest / LESS):
            self._speech_s, self._pause_s = self._speech_s + seconds, 0.0
        else:
            self._pause_s += seconds


def _loudness(data: bytes) -> float:
    samples = array("h", data[: len(data) // WIDTH * WIDTH])
    if sys.byteorder == "big":
        samples.byteswap()
    some = samples[::EACH]
    return sum(map(abs, some)) / max(len(some), 1)
