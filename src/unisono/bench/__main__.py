"""``python -m unisono.bench NAME [--quick] [--json]``; the names are those of `BENCHMARKS`.

Knows arguments and exit codes (1: it failed, 2: bad usage).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from unisono.bench import (
    ConnectionsOptions,
    DeliveryOptions,
    FairnessOptions,
    IngestOptions,
    LatencyOptions,
    ReconnectOptions,
    RecoveryOptions,
    Report,
    ScenesOptions,
    SoakOptions,
    UnderstandOptions,
    WaysOptions,
    run_connections,
    run_delivery,
    run_fairness,
    run_ingest,
    run_latency,
    run_reconnect,
    run_recovery,
    run_scenes,
    run_soak,
    run_understand,
    run_ways,
)
from unisono.bench.servers import PEERS
from unisono.errors import UnisonoError

__all__ = ["main"]

BENCHMARKS: dict[str, tuple[type[Any], Callable[..., Report]]] = {
    "ingest": (IngestOptions, run_ingest),
    "latency": (LatencyOptions, run_latency),
    "ways": (WaysOptions, run_ways),
    "delivery": (DeliveryOptions, run_delivery),
    "connections": (ConnectionsOptions, run_connections),
    "fairness": (FairnessOptions, run_fairness),
    "reconnect": (ReconnectOptions, run_reconnect),
    "recovery": (RecoveryOptions, run_recovery),
    "scenes": (ScenesOptions, run_scenes),
    "soak": (SoakOptions, run_soak),
    "understand": (UnderstandOptions, run_understand),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="unisono bench", description="Measure the hub beside other brokers.")
    commands = parser.add_subparsers(dest="benchmark", required=True)
    for name, (options, _) in BENCHMARKS.items():
        command = commands.add_parser(name, help=(options.__doc__ or "").partition("\n")[0])
        command.add_argument("--quick", action="store_true", help="seconds instead of minutes; figures mean little")
        command.add_argument("--json", action="store_true", help="print the report as JSON")
        for field in fields(options):
            flag = f"--{field.name.replace('_', '-')}"
            if isinstance(field.default, bool):
                command.add_argument(flag, action=argparse.BooleanOptionalAction, default=None)
            elif field.name == "peers":
                command.add_argument(
                    flag, type=_peers, default=None, metavar="A,B", help=f"of {', '.join(PEERS)}; none"
                )
            elif isinstance(field.default, tuple):
                command.add_argument(flag, type=_numbers, default=None, metavar="N,N")
            else:
                command.add_argument(flag, type=type(field.default), default=None, metavar="N")
    return parser


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(name for name in text.split(",") if name not in ("", "none"))
    for name in names:
        if name not in PEERS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(PEERS)}")
    return names


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark from the command line; the report goes to stdout, progress to stderr."""
    parsed = vars(_parser().parse_args(arguments))
    options, run = BENCHMARKS[parsed.pop("benchmark")]
    quick, as_json = parsed.pop("quick"), parsed.pop("json")
    given = {name: value for name, value in parsed.items() if value is not None}
    try:
        report = run(
            options.quick(**given) if quick else options(**given),
            lambda text: print(f"... {text}", file=sys.stderr, flush=True),
        )
    except UnisonoError as error:
        print(f"unisono bench: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(report.to_json().decode())
    else:
        from rich.console import Console

        Console().print(report.table())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
