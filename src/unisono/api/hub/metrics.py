"""The Prometheus text of what owners and gateways told. Loads prometheus_client, so it is imported on use."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from unisono.api.hub.outlets import lag

if TYPE_CHECKING:
    from unisono.api.hub.status import Health

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
    ("pending", "unisono_gateway_pending", "Bytes that wait for the log"),
)

# names of `unisono.twin.visitors.Series`; a name ending in _total is a counter
SERIES = {
    "clients": ("unisono_gateway_clients", "Signed-in clients"),
    "strangers": ("unisono_gateway_strangers", "Connections that have not signed in"),
    "held": ("unisono_gateway_held", "Connections that are not read just now"),
    "sign_ins": ("unisono_gateway_sign_ins_total", "Sign-ins that were let in"),
    "take_overs": ("unisono_gateway_take_overs_total", "Sessions that another connection took over"),
    "refusals": ("unisono_gateway_refusals_total", "Connections and messages refused, by error code"),
    "limit_hits": ("unisono_gateway_limit_hits_total", "Times that a limit was reached (docs/limits.md)"),
    "received": ("unisono_gateway_received_total", "Messages received from clients"),
    "received_bytes": ("unisono_gateway_received_bytes_total", "Payload bytes of messages received"),
    "sent": ("unisono_gateway_sent_total", "Messages sent to clients"),
    "sent_bytes": ("unisono_gateway_sent_bytes_total", "Bytes of messages sent, headers included"),
    "sessions": ("unisono_gateway_sessions", "Sessions, of clients present and absent"),
    "queue_messages": ("unisono_gateway_queue_messages", "Messages that wait for clients"),
    "queue_bytes": ("unisono_gateway_queue_bytes", "Payload bytes of messages that wait for clients"),
    "dropped": ("unisono_gateway_dropped_total", "Messages dropped because a client's queue was full"),
}
# names of the notifier's series
TELLING = {
    "notifications_open": ("unisono_notifications_open", "Notifications on their way to a channel", "state"),
    "notifications": ("unisono_notifications_total", "Notifications whose way to a channel has ended", "state"),
    "notify_attempts": ("unisono_notify_attempts_total", "Messages handed to a service, by what came of it", "outcome"),
}
#: The same of owners.
OWNER_SERIES = {
    "alarms_standing": ("unisono_alarms_standing", "Alarms that stand, by severity"),
    "alarms_unacknowledged": ("unisono_alarms_unacknowledged", "Alarms that nobody has acknowledged"),
    "alarms_held": ("unisono_alarms_held", "Alarms that are shelved, suppressed or out of service"),
    "alarms_raised": ("unisono_alarms_raised_total", "Alarms raised since the owner started"),
    "alarm_floods": ("unisono_alarm_floods", "Root places in an alarm flood"),
}
COMMIT = ("unisono_gateway_commit_seconds", "How long a batch took to be on disk")


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
        yield from self._series()
        yield from self._notifications()
        yield from self._outlets()
        yield GaugeMetricFamily("unisono_ready", "1 when the hub serves", value=float(not self._health.reasons()))
        yield GaugeMetricFamily("unisono_outbox_pending", "Changes that wait for the log", value=self._health.outbox)
        yield GaugeMetricFamily("unisono_live_clients", "Open live connections", value=self._live_clients)
        yield GaugeMetricFamily("unisono_disk_free_bytes", "Free bytes beside the data", value=self._health.disk_free)
        yield GaugeMetricFamily("unisono_uptime_seconds", "Since the API started", value=time.time() - self._started)

    def _series(self) -> Iterator[Metric]:
        """What gateways and owners count beyond the tables; one of another version may tell of more."""
        sources = (
            (SERIES, "gateway", [(each.gateway, each.series) for each in self._health.gateways]),
            (OWNER_SERIES, "partition", [(each.partition, each.series) for each in self._health.owners]),
        )
        for table, label, told in sources:
            for key, (name, text) in table.items():
                found = [(source, each) for source, series in told for each in series if each.name == key]
                names = list(found[0][1].labels) if found else []
                kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                family = kind(name, text, labels=[label, *names])
                for source, each in found:
                    family.add_metric([source, *each.labels.values()], each.value)
                yield family
        yield self._commits()

    def _notifications(self) -> Iterator[Metric]:
        told = self._health.notifier.series if self._health.notifier is not None else []
        for key, (name, text, by) in TELLING.items():
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            found = [each for each in told if each.name == key]
            family = kind(name, text, labels=["service", by])
            for each in found:
                family.add_metric([*each.labels.values()], each.value)
            yield family

    def _outlets(self) -> Iterator[Metric]:
        """How far outlets have come; a lag is only told while the partition's owner answers."""
        owners = {each.partition: each for each in self._health.owners}
        names = ["outlet", "partition", "source"]
        sent = CounterMetricFamily("unisono_outlet_sent_total", "Items that arrived", labels=names)
        skipped = CounterMetricFamily("unisono_outlet_skipped_total", "Purged before it was sent", labels=names)
        behind = GaugeMetricFamily("unisono_outlet_behind", "What has not been looked at yet", labels=names)
        for each in self._health.outlets:
            labels = [each.outlet, each.partition, each.source]
            sent.add_metric(labels, each.sent)
            skipped.add_metric(labels, each.skipped)
            if each.partition in owners:
                behind.add_metric(labels, lag(each, owners[each.partition]))
        yield from (sent, skipped, behind)

    def _commits(self) -> Metric:
        histogram = HistogramMetricFamily(*COMMIT, labels=["gateway"])
        for status in self._health.gateways:
            buckets = Counter[str]()
            for each in status.series:
                if each.name == "commit_seconds":
                    buckets[each.labels["le"]] += int(each.value)
            if buckets:  # the sum over partitions; bounds come in their order
                total = sum(each.value for each in status.series if each.name == "commit_seconds_sum")
                histogram.add_metric([status.gateway], [(le, float(n)) for le, n in buckets.items()], total)
        return histogram


def render(health: Health, started: float, live_clients: int) -> bytes:
    """The text in Prometheus' exposition format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(health, started, live_clients))
    return generate_latest(registry)
