"""What a watcher saw: each probe counts, also one that a newer value replaced."""

from __future__ import annotations

from unisono.bench.latency import Seen, percentile, percentiles


def test_each_probe_counts_from_its_own_publishing() -> None:
    seen = Seen()
    for at in (1000, 2000, 3000, 4000):
        seen.publish(at)
    seen.see(1000, 1500)
    seen.see(3000, 5000)
    assert seen.latencies_s == [0.0005, 0.003, 0.002]
    assert (seen.published, seen.joined) == (4, 1)


def test_a_value_shown_twice_counts_once() -> None:
    seen = Seen()
    seen.publish(1000)
    seen.see(1000, 1500)
    seen.see(1000, 9000)
    assert seen.latencies_s == [0.0005]


def test_percentiles() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert percentiles([0.001] * 99 + [0.5]) == {"p50_ms": 1.0, "p90_ms": 1.0, "p99_ms": 500.0, "max_ms": 500.0}
    assert percentiles([])["p99_ms"] is None
