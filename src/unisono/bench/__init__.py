"""Measurements of the hub and its peers: a client of the hub from outside, over MQTT, HTTP and /proc.

Knows `unisono.wire` and `unisono.thing` at most; must not know the hub's inside. ``python -m unisono.bench NAME``.
"""

from unisono.bench.connections import ConnectionsOptions, run_connections
from unisono.bench.delivery import DeliveryOptions, run_delivery
from unisono.bench.fairness import FairnessOptions, run_fairness
from unisono.bench.ingest import IngestOptions, run_ingest
from unisono.bench.latency import LatencyOptions, run_latency
from unisono.bench.reconnect import ReconnectOptions, run_reconnect
from unisono.bench.recovery import RecoveryOptions, run_recovery
from unisono.bench.report import Report
from unisono.bench.scenes import ScenesOptions, run_scenes
from unisono.bench.soak import SoakOptions, run_soak
from unisono.bench.understand import UnderstandOptions, run_understand
from unisono.bench.ways import WaysOptions, run_ways

__all__ = [
    "ConnectionsOptions",
    "DeliveryOptions",
    "FairnessOptions",
    "IngestOptions",
    "LatencyOptions",
    "ReconnectOptions",
    "RecoveryOptions",
    "Report",
    "ScenesOptions",
    "SoakOptions",
    "UnderstandOptions",
    "WaysOptions",
    "run_connections",
    "run_delivery",
    "run_fairness",
    "run_ingest",
    "run_latency",
    "run_reconnect",
    "run_recovery",
    "run_scenes",
    "run_soak",
    "run_understand",
    "run_ways",
]
