"""``python -m unisono.sim home|car|line|demo|things``: the simulator as a child process or by itself.

Knows arguments and how to say what went wrong; the token comes from a file or the environment, never from an argument,
which every user of the machine could read.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from unisono.errors import CallerError, HostError, UnisonoError
from unisono.sim import SimOptions, run_car, run_demo, run_home, run_line, run_things, run_until_stopped

__all__ = ["main"]

WORLDS: dict[str, Callable[[SimOptions], Coroutine[Any, Any, None]]] = {
    "home": run_home,
    "car": run_car,
    "line": run_line,
    "demo": run_demo,
    "things": run_things,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped. Exit codes of DESIGN.md: 0 done, 1 failed, 2 bad usage, 3 the hub cannot be reached."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    given = _parser().parse_args(arguments)
    try:
        run_until_stopped(WORLDS[given.what](_options(given)), with_parent=given.with_parent)
    except UnisonoError as error:
        logging.getLogger(__name__).error("%s", error)
        if error.code == "hub_unreachable":
            return 3
        return 2 if error.code == "bad_usage" else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m unisono.sim", description="Simulated devices for a hub.")
    parser.add_argument("what", choices=WORLDS)
    parser.add_argument("--url", default="mqtt://127.0.0.1:1883", help="the MQTT door")
    parser.add_argument("--http", default=os.environ.get("UNISONO_URL", "http://127.0.0.1:8080"), help="the API")
    parser.add_argument("--token-file", type=Path, help="file with a token; else the environment's UNISONO_TOKEN")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("UNISONO_DATA", "data")))
    parser.add_argument("--place", help="an existing place to put everything into")
    parser.add_argument("--count", type=int, default=100, help="things: how many")
    parser.add_argument("--rate", type=float, default=10.0, help="things: messages a second, all together")
    parser.add_argument("--refuse", type=float, default=0.0, metavar="P", help="chance that a command is refused")
    parser.add_argument("--drop", type=float, default=0.0, metavar="P", help="chance that a command is not heard")
    parser.add_argument("--lie", type=float, default=0.0, metavar="P", help="chance that done is said and not done")
    parser.add_argument("--delay", type=float, default=0.0, metavar="S", help="seconds added before each answer")
    parser.add_argument("--seed", type=int, help="the same seed, the same decisions")
    parser.add_argument("--with-parent", action="store_true", help="stop when the process that started this one ends")
    return parser


def _options(given: argparse.Namespace) -> SimOptions:
    return SimOptions(
        url=given.url,
        http=given.http,
        token=_token(given.token_file),
        data=given.data,
        place=given.place,
        count=given.count,
        rate=given.rate,
        refuse=given.refuse,
        drop=given.drop,
        lie=given.lie,
        delay_s=given.delay,
        seed=given.seed,
    )


def _token(file: Path | None) -> str:
    if file is None:
        return os.environ.get("UNISONO_TOKEN", "")
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise CallerError(f"there is no file {file}", code="bad_usage", field="token-file") from error
    except OSError as error:
        raise HostError(f"{file}: {error.strerror}", code="read_only", field="token-file") from error


if __name__ == "__main__":
    sys.exit(main())
