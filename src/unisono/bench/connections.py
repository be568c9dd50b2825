"""``bench connections``: what an idle, signed-in client costs, how many come in a second, what a server at rest does.

Knows memory and CPU of processes. "Per connection" is the growth of the PSS of the process that listens, divided by the
clients; kernel socket buffers are not in it, at any server.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from unisono.bench import machine
from unisono.bench.delivery import GENERATOR_BOUND
from unisono.bench.drive import Load, between
from unisono.bench.hub import Hub
from unisono.bench.load import Job
from unisono.bench.measure import Target, cpu_seconds
from unisono.bench.report import Report, ratio
from unisono.bench.servers import PEERS, Mosquitto

__all__ = ["ConnectionsOptions", "run_connections"]

SPARE_FILES = 500
TOPIC = "things/me/state"
ARRIVING = 500  # things that come and go in turn
SECRET_BYTES = 32  # as long as the hub's own secrets


@dataclass(frozen=True, kw_only=True)
class ConnectionsOptions:
    """``clients`` (``tls_clients`` through TLS) that do nothing; ``arrivals_s``: how long others come and go.

    ``calm_s``: after starting or connecting, before memory is read.
    """

    clients: int = 15_000
    tls_clients: int = 2_000
    calm_s: float = 2.0
    rest_s: float = 10.0
    arrivals_s: float = 5.0
    peers: tuple[str, ...] = ("mosquitto", "nats", "amqtt")
    hub: bool = True

    @classmethod
    def quick(cls, **changes: Any) -> ConnectionsOptions:
        """A smoke run."""
        defaults = {"clients": 200, "tls_clients": 50, "calm_s": 0.1, "rest_s": 0.2, "arrivals_s": 0.4}
        return cls(**{**defaults, **changes})


def run_connections(options: ConnectionsOptions, say: Callable[[str], None] = lambda text: None) -> Report:
    """Measure each server at rest, then with the clients connected. Raises `HostError` when files may not be opened."""
    machine.require_proc()
    machine.raise_file_limit(options.clients + SPARE_FILES)
    about = machine.machine()
    versions = {name: PEERS[name]().version() for name in options.peers}
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for name in options.peers:
        clients = min(options.clients, PEERS[name].max_clients)
        say(f"{name}: {clients:,} idle clients")
        with PEERS[name]() as peer:
            rest = _at_rest(peer, options)
            names = [(f"bench{number}", "") for number in range(clients)]
            figures[name] = {
                "at_rest": rest,
                "idle_clients": _idle(peer, peer.port, "tcp", names, options),
                "arrivals": _arrivals(peer, peer.port, "tcp", names, options),
            }
        if "tls" in PEERS[name].ways:
            with PEERS[name](ways=("tcp", "tls")) as peer:
                figures[name] |= _through_tls(peer, peer.ports["tls"], names[: options.tls_clients], options)
    if "mosquitto" in options.peers:
        say(f"mosquitto with a password file: {options.clients:,} idle clients")
        names = [(f"bench{number}", secrets.token_hex(SECRET_BYTES)) for number in range(options.clients)]
        with Mosquitto(passwords=names) as peer:
            figures["mosquitto"]["idle_clients_with_passwords"] = _idle(peer, peer.port, "tcp", names, options)
    if options.hub:
        say(f"unisono: {options.clients:,} idle clients")
        with Hub() as hub:
            rest = _at_rest(hub, options)
            names = hub.add_things(options.clients, "meter")
            figures["unisono"] = {
                "at_rest": rest,
                "idle_clients": _idle(hub, hub.port, "tcp", names, options),
                "arrivals": _arrivals(hub, hub.port, "tcp", names, options),
            }
        with Hub(doors=True) as hub:
            names = hub.add_things(options.tls_clients, "meter")
            figures["unisono"] |= _through_tls(hub, hub.ports["tls"], names, options)
    ours = figures.get("unisono", {})
    ratios: dict[str, float | None] = {}
    for name in options.peers:
        for key, part, number in (
            ("memory_per_client", "idle_clients", "bytes_per_client"),
            ("memory_at_rest", "at_rest", "pss_mb"),
            ("memory_per_tls_client", "idle_tls_clients", "bytes_per_client"),
            ("connection_rate", "arrivals", "rate"),
            ("connection_rate_tls", "tls_arrivals", "rate"),
        ):
            ratios[f"{key}_vs_{name}"] = ratio(ours.get(part, {}).get(number), figures[name].get(part, {}).get(number))
        ratios[f"sign_ins_vs_{name}"] = ratio(
            ours.get("idle_clients", {}).get("sign_ins_per_s"), figures[name]["idle_clients"]["sign_ins_per_s"]
        )
        checked = figures[name].get("idle_clients_with_passwords")
        if checked is not None:
            ratios[f"sign_ins_vs_{name}_with_passwords"] = ratio(
                ours.get("idle_clients", {}).get("sign_ins_per_s"), checked["sign_ins_per_s"]
            )
    return Report(
        benchmark="connections",
        figures=figures,
        ratios={name: value for name, value in ratios.items() if value is not None},
        notes=[
            "bytes_per_client: PSS of the listening process; socket buffers are the kernel's and not in it",
            "arrivals: connect, sign in (the hub checks a secret, the peers ask for none), leave; TLS is never resumed",
            f"generator_bound: the generator took more than {GENERATOR_BOUND} of a core, so a server may be quicker",
            "sign_ins_per_s: by the generator's clock, first connection to last CONNACK, 64 under way at once; the hub"
            " checks every secret, peers let everybody in unless it says with passwords",
        ],
        machine={**about, **{f"{name}_version": version for name, version in versions.items()}},
        options=asdict(options),
    )


def _at_rest(target: Target, options: ConnectionsOptions) -> dict[str, Any]:
    """Memory and CPU of all processes of a server that has nothing to do."""
    time.sleep(options.calm_s)
    before, at = cpu_seconds(target.pids), time.monotonic()
    time.sleep(options.rest_s)
    cpu = (cpu_seconds(target.pids) - before) / (time.monotonic() - at)
    pids = target.pids
    return {
        "pss_mb": round(machine.memory(pids).pss / 1e6, 1),
        "cpu_percent": round(cpu * 100, 2),
        "processes": len(pids),
        "pss_mb_by_process": {
            f"{pid} {machine.command_line(pid)[:60]}": round(machine.memory([pid]).pss / 1e6, 1) for pid in pids
        },
    }


def _through_tls(
    target: Target, port: int, names: list[tuple[str, str]], options: ConnectionsOptions
) -> dict[str, dict[str, Any]]:
    return {
        "idle_tls_clients": _idle(target, port, "tls", names, options),
        "tls_arrivals": _arrivals(target, port, "tls", names, options),
    }


def _arrivals(
    target: Target, port: int, way: str, names: list[tuple[str, str]], options: ConnectionsOptions
) -> dict[str, Any]:
    """Clients that connect, sign in and leave, as many a second as the server takes."""
    job = Job(
        host="127.0.0.1", port=port, version=4, qos=0, window=0, topic=TOPIC, credentials=names[:ARRIVING],
        payloads=1, way=way,
    )  # fmt: skip
    with Load(job, program="arrivals") as load:
        load.start()
        time.sleep(options.arrivals_s / 4)
        first, cpu = load.sample(), cpu_seconds(target.pids)
        time.sleep(options.arrivals_s)
        last, cores = load.sample(), cpu_seconds(target.pids) - cpu
    window = between(first, last)
    return {
        "rate": round(window.acked_per_s, 1),
        "server_cores": round(cores / window.seconds, 3),
        "generator_cores": round(window.generator_cpu, 3),
        "generator_bound": window.generator_cpu > GENERATOR_BOUND,
        "cpu_us_per_arrival": round(cores / window.acked * 1e6, 1) if window.acked else 0.0,
    }


def _idle(
    target: Target, port: int, way: str, names: list[tuple[str, str]], options: ConnectionsOptions
) -> dict[str, Any]:
    """Connect and sign in everybody, then watch."""
    pid = machine.listener(target.pids, port) or target.pids[0]
    job = Job(
        host="127.0.0.1", port=port, version=4, qos=1, window=1, topic=TOPIC, credentials=names,
        payloads=len(names), idle=True, way=way,
    )  # fmt: skip
    time.sleep(options.calm_s)
    before, all_before = machine.memory([pid]).pss, machine.memory(target.pids).pss
    with Load(job) as load:
        signing_s = load.sample().signing_s
        time.sleep(options.calm_s)
        after, all_after = machine.memory([pid]).pss, machine.memory(target.pids).pss
        cpu, begin = cpu_seconds(target.pids), time.monotonic()
        time.sleep(options.rest_s)
        cores = (cpu_seconds(target.pids) - cpu) / (time.monotonic() - begin)
    return {
        "clients": len(names),
        "bytes_per_client": round((after - before) / len(names)),
        "bytes_per_client_all_processes": round((all_after - all_before) / len(names)),
        "pss_before_mb": round(before / 1e6, 1),
        "pss_after_mb": round(after / 1e6, 1),
        "sign_ins_per_s": round(len(names) / signing_s, 1),
        "cpu_percent": round(cores * 100, 2),
    }
