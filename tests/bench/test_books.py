"""The account of effects: what is missing, twice, early or late shows, and only that."""

from __future__ import annotations

from unisono.bench.books import Books, Errand, Key, Verdict

TIMED = frozenset({"hold"})


def verdict(books: Books, back: list[float] | None = None) -> Verdict:
    return books.verdict(TIMED, back or [])


def call(number: int) -> Key:
    return Key(0, "call", number)


def test_all_is_well() -> None:
    books = Books()
    books.expect(call(1), Errand(10.0, 10.1))
    assert not books.settled(call(1))
    books.see(call(1), 10.2, 0.0)
    assert books.settled(call(1))
    assert verdict(books) == Verdict(due=1, done=1)


def test_what_did_not_come_is_missing_unless_the_hub_says_so() -> None:
    books = Books()
    for number, state in ((1, None), (2, "confirmed"), (3, "queued"), (4, "failed"), (5, "timeout")):
        books.expect(call(number), Errand(10.0, 10.1))
        if state is not None:
            books.tell(call(number), state, "why")
    found = verdict(books)
    assert (found.due, found.done, found.missing, found.told) == (5, 0, 3, 2)
    assert "the hub says confirmed" in found.examples[1]
    assert [books.settled(call(number)) for number in range(1, 6)] == [False, False, False, True, True]


def test_twice_is_wrong_unless_it_is_harmless() -> None:
    books = Books()
    books.expect(call(1), Errand(10.0, 10.1))
    books.expect(call(2), Errand(10.0, 10.1, again=True))
    for number in (1, 1, 2, 2, 2):
        books.see(call(number), 11.0, 0.0)
    found = verdict(books)
    assert (found.done, found.doubled, found.repeated_harmlessly) == (2, 1, 2)


def test_what_nothing_asked_for_shows() -> None:
    books = Books()
    books.see(call(9), 11.0, 0.0)
    books.see(call(10), 11.0, 0.0)
    books.allow(call(10))
    assert verdict(books).unasked == 1


def test_early_and_late() -> None:
    books = Books()
    for number, at in ((1, 14.9), (2, 15.2), (3, 16.5)):
        books.expect(Key(0, "hold", number), Errand(15.0, 15.1))
        books.see(Key(0, "hold", number), at, 0.0)
    found = verdict(books)
    assert (found.early, found.timed, found.late, found.late_max_s) == (1, 3, 1, 1.4)


def test_late_counts_from_when_hub_and_receiver_were_there() -> None:
    books = Books()
    for number in (1, 2):
        books.expect(Key(0, "hold", number), Errand(15.0, 15.1))
    books.see(Key(0, "hold", 1), 18.5, 18.0)
    books.see(Key(0, "hold", 2), 18.5, 0.0)
    assert (verdict(books).late, verdict(books, [18.2, 30.0]).late) == (1, 0)


def test_the_hub_is_not_charged_with_what_this_side_did_not_look_at() -> None:
    books = Books()
    for number, at in ((1, 16.5), (2, 17.6)):
        books.expect(Key(0, "hold", number), Errand(15.0, 15.1))
        books.see(Key(0, "hold", number), at, 0.0)
    books.look_away(15.4, 16.5)  # the first came between these two, the second a second after
    found = verdict(books)
    assert (found.timed, found.late, found.early) == (2, 1, 0)
    assert (found.late_max_s, found.late_seen_max_s) == (2.5, 2.5)
    books.look_away(17.0, 17.7)
    books.look_away(16.6, 17.6)
    found = verdict(books)
    assert (found.late, found.late_max_s, found.late_seen_max_s) == (1, 1.5, 2.5)
    books.look_away(15.9, 17.7)
    assert verdict(books).late == 0


def test_being_early_is_judged_by_when_it_was_seen() -> None:
    books = Books()
    books.expect(Key(0, "hold", 1), Errand(15.0, 15.1))
    books.look_away(14.0, 15.05)
    books.see(Key(0, "hold", 1), 15.05, 0.0)
    assert verdict(books).early == 0
