"""A process that records until it ends itself at a named step, or is killed, and says what is acknowledged."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path

from tests.store.history.readings import DAY, FAR, NOON, batch, key_of, put
from unisono.store.history import History, segment

LIMIT = 40


def record(say: Connection, folder: Path, rows: int, step: str | None, bulk_rows: int) -> None:
    """Say first what was found, position and number of readings, then each sequence number that is committed.

    With a step it seals after every second batch, so that every step is met; without, it never ends by itself.
    """

    def end(name: str) -> None:
        if name == step and seq:
            os._exit(9)

    seq = 0
    vars(segment)["BULK_ROWS"] = bulk_rows
    history = History(folder, on_step=end)
    seq = history.position()[1]
    say.send((seq, history.count(*key_of(0), 0, FAR)))
    while step is None or seq < LIMIT:
        seq += 1
        put(history, seq, batch(seq, rows=rows), known=range(4) if seq == 1 else ())
        say.send(seq)
        if step is not None and seq % 2 == 0:
            history.seal()
            history.maintain(NOON + DAY if seq < LIMIT else NOON + 800 * DAY)
            history._wait()
        elif step is None and seq % 5 == 0:
            history.maintain(NOON + seq * DAY)  # a new day each time: seals in the background
