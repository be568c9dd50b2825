"""The Prometheus text of what owners and gateways told. Loads prometheus_client, so it is imported on use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

if TYPE_CHECKING:
    from unisono.api.status import Health

__all__ = ["CONTENT_TYPE", "render"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# field of OwnerStatus, metric, help; a name ending in _total is a counter
OWNER = (
    ("first_seq", "unisono_log_first_sequence", "First sequence still in the log"),
    ("last_seq", "unisono_log_last_sequence", "Last sequence of the log"),
    ("log_bytes", "unisono_log_bytes", "Bytes of the log on disk"),
    ("twin_position", "unisono_twin_position", "Log sequence folded into the twins"),
    ("checkpoint_position", "unisono_checkpoint_position", "Log sequence up to which twins are saved"),
    ("history_position", "unisono_history_position", "Log sequence up to which history is committed"),
    ("history_rows", "unisono_history_rows_total", "Values written to history since the owner started"),
    ("messages", "unisono_messages_total", "Messages folded since the owner started"),
    ("values", "unisono_values_total", "Property values folded since the owner started"),
    ("dead_letters", "unisono_dead_letters_total", "Messages that could not be taken in"),
    ("things", "unisono_things", "Things"),
    ("online", "unisono_things_online", "Things that are online"),
    ("ready", "unisono_owner_ready", "1 when the owner has caught up with its log"),
)

GATEWAY = (
    ("connections", "unisono_gateway_connections", "Open device connections"),
    ("messages_in", "unisono_gateway_messages_in_total", "Messages received from devices"),
    ("messages_out", "unisono_gateway_messages_out_total", "Messages sent to devices"),
    ("refused", "unisono_gateway_refused_total", "Connections and messages refused"),
    ("batches", "unisono_gateway_batches_total", "Batches appended to the log"),
    ("pending", "unisono_gateway_pending", "Messages that wait for the log"),
)


class _Collector:
    def __init__(self, health: Health, started: float, live_clients: int) -> None:
        self._health = health
        self._started = started
        self._live_clients = live_clients

    def collect(self) -> Iterator[Metric]:
        rows = (
            (OWNER, "partition", self._health.owners),
            (GATEWAY, "gateway", self._health.gateways),
        )
        for table, label, sources in rows:
            for field, name, text in table:
                kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                family = kind(name, text, labels=[label])
                for source in sources:
                    family.add_metric([getattr(source, label)], float(getattr(source, field)))
                yield family
        yield GaugeMetricFamily("unisono_ready", "1 when the hub serves", value=float(not self._health.reasons()))
        yield GaugeMetricFamily("unisono_outbox_pending", "Changes that wait for the log", value=self._health.outbox)
        yield GaugeMetricFamily("unisono_live_clients", "Open live connections", value=self._live_clients)
        yield GaugeMetricFamily("unisono_disk_free_bytes", "Free bytes beside the data", value=self._health.disk_free)
        yield GaugeMetricFamily("unisono_uptime_seconds", "Since the API started", value=time.time() - self._started)


def render(health: Health, started: float, live_clients: int) -> bytes:
    """The text in Prometheus' exposition format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(health, started, live_clients))
    return generate_latest(registry)
