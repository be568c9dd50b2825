"""What every table's queries share: ids, folded text, pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.errors import CallerError
from unisono.store.registry.shape import check_id, chunks, fold, like, naming


@pytest.mark.parametrize("id", ["", "me", "Home", "_x", "-x", "a b", "é", "家", "a" * 64, "a/b", "a\n", "a+", "a#"])
def test_ids_that_are_not_allowed(id: str) -> None:
    with pytest.raises(CallerError) as refused:
        check_id(id, "thing")
    assert (refused.value.code, refused.value.field) == ("bad_id", "thing")


@pytest.mark.parametrize("id", ["a", "0", "a" * 63, "a-b_c", "mee"])
def test_ids_that_are(id: str) -> None:
    assert check_id(id) == id


@pytest.mark.parametrize(
    ("written", "searched"),
    [("Ａ１", "a1"), ("ÄRGER", "ärger"), ("Straße", "STRASSE"), ("İ", "i\u0307"), ("ﾗﾝﾌﾟ", "ランプ"), ("客厅", "客厅")],
)
def test_case_and_width_do_not_count(written: str, searched: str) -> None:
    assert fold(written) == fold(searched)


@given(st.text())
def test_folding_is_settled_after_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_wildcards_in_a_query_are_taken_as_they_are() -> None:
    assert like("50%_\\") == "%50\\%\\_\\\\%"


@given(st.lists(st.text()), st.integers(1, 5))
def test_chunks_hold_everything_in_order(items: list[str], size: int) -> None:
    parts = list(chunks(items, size))
    assert [item for part in parts for item in part] == items
    assert all(1 <= len(part) <= size for part in parts)


def test_naming_counts_what_it_does_not_name() -> None:
    assert naming(["a", "b"], 2) == "a, b"
    assert naming(list("abcdefg"), 7) == "a, b, c, d, e and 2 more"
