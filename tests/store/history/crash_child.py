"""A process that records until it ends itself at a named step, or is killed; says on stdout what is acknowledged.

Usage: python -m tests.store.history.crash_child FOLDER ROWS [STEP]. At its start it says what it found: position and
number of readings. With STEP it seals after every second batch, so that every step is met; without, it never ends.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.store.history.readings import DAY, FAR, NOON, batch, key_of, put
from unisono.store.history import History

LIMIT = 40


def main(folder: str, rows: int, step: str | None = None) -> None:
    def end(name: str) -> None:
        if name == step and seq:
            os._exit(9)

    seq = 0
    history = History(Path(folder), on_step=end)
    seq = history.position()[1]
    os.write(1, b"%d %d\n" % (seq, history.count(*key_of(0), 0, FAR)))
    while step is None or seq < LIMIT:
        seq += 1
        put(history, seq, batch(seq, rows=rows), known=range(4) if seq == 1 else ())
        os.write(1, b"%d\n" % seq)
        if step is not None and seq % 2 == 0:
            history.seal()
            history.maintain(NOON + DAY if seq < LIMIT else NOON + 800 * DAY)
            history._wait()
        elif step is None and seq % 5 == 0:
            history.maintain(NOON + seq * DAY)  # a new day each time: seals in the background


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
