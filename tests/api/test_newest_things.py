"""A command for a thing that is listed already and that its owner has not read of yet."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from unisono.api.commands.asking import tell_owner
from unisono.errors import CallerError


class Owners:
    """An owner that has read of nothing until it is waited for."""

    def __init__(self, code: str, answers: int) -> None:
        self.code = code
        self.answers = answers
        self.asked = 0

    async def command(self, partition: str, ask: Any) -> str:
        self.asked += 1
        if self.answers > 0:
            self.answers -= 1
            raise CallerError("there is no such thing", code=self.code)
        return f"{partition}: {ask}"


def context(owners: Owners) -> tuple[Any, list[list[str]]]:
    waited: list[list[str]] = []

    async def in_force(partitions: list[str]) -> None:
        waited.append(partitions)

    return SimpleNamespace(owners=owners, in_force=in_force), waited


async def test_it_is_asked_once_more_when_the_owner_has_read_of_it() -> None:
    owners = Owners("not_found", 1)
    made, waited = context(owners)
    answer: Any = await tell_owner(made, "0", "ask")  # type: ignore[arg-type]
    assert (answer, waited, owners.asked) == ("0: ask", [["0"]], 2)


@pytest.mark.parametrize(("code", "answers", "asked"), [("not_found", 2, 2), ("not_allowed", 1, 1)])
async def test_what_stays_refused(code: str, answers: int, asked: int) -> None:
    owners = Owners(code, answers)
    made, _waited = context(owners)
    with pytest.raises(CallerError) as refused:
        await tell_owner(made, "0", "ask")  # type: ignore[arg-type]
    assert refused.value.code == code and owners.asked == asked
