"""The long proof's own accounting: what it counts as lost, disordered, grown; and that its paced clients keep their
pace."""

from __future__ import annotations

from unisono.bench.company import Ledger
from unisono.bench.frames import COUNT_BASE
from unisono.bench.pace import PacedAccount
from unisono.bench.soak import FLAT_AFTER_S, SoakOptions, _broken, check_buckets, growth, percentiles


def test_a_ledger_takes_each_number_once_and_in_order() -> None:
    ledger = Ledger()
    assert [ledger.took(number) for number in (0, 1, 1, 2, 0, 3)] == [True, True, False, True, False, True]
    assert (ledger.next, ledger.again, ledger.disordered) == (4, 2, 0)
    assert ledger.took(6)
    assert (ledger.next, ledger.disordered) == (7, 1), "what was left out is seen"


def test_a_paced_account_makes_no_message_beyond_its_quota() -> None:
    account = PacedAccount("things/me/state", 10, 4)
    account.quota = 0
    account.fill()
    assert account.made == 0
    account.quota = 3
    account.fill()
    assert account.made == 3
    account.quota = 100
    account.fill()
    assert account.made == 10, "its window holds too"
    account.quota = 2
    account.fill()
    assert account.made == 10


def test_memory_is_compared_after_warming_up() -> None:
    found = growth(
        [(float(at), size) for at, size in enumerate([1, 300_000_000, *[400_000_000] * 8, *[440_000_000] * 3])]
    )
    assert (found["first_mb"], found["last_mb"], found["ratio"]) == (400.0, 440.0, 1.1)
    assert found["course_mb"][1] == 300


def bucket(low: int, high: int, **more: float) -> dict[str, float]:
    """The bucket of the numbers low .. high, each once."""
    base = COUNT_BASE
    return {"min": base + low, "max": base + high, "count": high - low + 1, "mean": base + (low + high) / 2} | more


def test_buckets_tell_what_is_lost_doubled_or_out_of_order() -> None:
    good = check_buckets([bucket(0, 99), bucket(100, 149)], 150)
    assert (good.values, good.lost, good.repeated, good.disordered, good.unknown) == (150, 0, 0, 0, 0)
    assert check_buckets([bucket(0, 99), bucket(101, 149)], 150).lost == 1
    assert check_buckets([bucket(0, 99), bucket(100, 149, count=51)], 150).repeated == 1
    assert check_buckets([bucket(100, 149), bucket(0, 99)], 150).disordered == 1
    assert check_buckets([bucket(0, 99), bucket(100, 149)], 149).unknown == 1
    doubled = check_buckets([bucket(0, 98, count=100, mean=COUNT_BASE + 49.0)], 100)
    assert doubled.unknown == 1 and "sum" in doubled.examples[0], "one twice, another not at all"


def test_percentiles() -> None:
    assert percentiles([]) == {"count": 0}
    found = percentiles([n / 1000 for n in range(1001)])
    assert (found["p50_ms"], found["p99_ms"], found["max_ms"]) == (500.0, 990.0, 1000.0)


def figures(**changes: dict[str, float]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {
        "history": dict.fromkeys(("lost", "repeated", "disordered", "unknown"), 0),
        "listeners": dict.fromkeys(("lost", "disordered", "parted", "faults", "unanswered_nonsense"), 0),
        "load": {"unacknowledged": 0, "reconnects": 0},
        "memory": {"ratio": 1.0},
    }
    found["listeners"] |= {"sent": 5, "acked": 5}
    for name, change in changes.items():
        found[name] |= change
    return found


def test_what_counts_as_broken() -> None:
    long, short = SoakOptions(seconds=FLAT_AFTER_S), SoakOptions.quick()
    assert _broken(figures(), long) == []
    assert _broken(figures(history={"lost": 2}), short) == ["2 history lost"]
    assert _broken(figures(listeners={"acked": 4}), short) == ["1 messages of talkers not acknowledged"]
    assert _broken(figures(load={"reconnects": 1}), short) == ["1 connections of the load lost"]
    assert _broken(figures(memory={"ratio": 1.2}), long) == ["memory grew 1.2-fold"]
    assert _broken(figures(memory={"ratio": 1.2}), short) == []
