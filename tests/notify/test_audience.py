"""Who is told, and where."""

from __future__ import annotations

from unisono.notify.audience import Channel, Person, addressed, reached

PEOPLE = {
    "wei": Person("wei"),
    "anna": Person("anna", listens=False),
    "old": Person("old", disabled=True),
}
GROUPS = {"family": ["anna", "wei"], "nobody": [], "past": ["old"]}
ALL = ("low", "normal", "high", "critical")


def test_people_and_groups_each_once_in_the_order_named() -> None:
    assert addressed(["wei", "family"], PEOPLE, GROUPS) == (["wei", "anna"], {})


def test_names_that_reach_nobody_are_told_why() -> None:
    people, missed = addressed(["stranger", "nobody", "past", "wei"], PEOPLE, GROUPS)
    assert people == ["wei"]
    assert missed == {
        "stranger": "there is no person or group of that name",
        "nobody": "nobody is in this group",
        "old": "is disabled",
    }


def test_nobody_named_means_everybody_at_the_place() -> None:
    assert addressed([], PEOPLE, GROUPS) == (["wei"], {})
    assert addressed([], {}, {}) == ([], {"everybody": "nobody has anything to do with this place"})


def test_channels_by_priority() -> None:
    phone = Channel("1", "wei", "ntfy", "a", ALL)
    mail = Channel("2", "wei", "mailto", "b", ("low",))
    assert reached(["wei"], [phone, mail], "low") == ([phone, mail], {})
    assert reached(["wei"], [phone, mail], "high") == ([phone], {})
    assert reached(["wei", "anna"], [mail], "high") == (
        [],
        {"wei": "no channel takes priority high", "anna": "has no channel"},
    )


def test_a_robot_that_two_share_is_told_once() -> None:
    robots = [Channel("1", "wei", "dingtalk", "room", ALL), Channel("2", "anna", "dingtalk", "room", ALL)]
    assert reached(["wei", "anna"], robots, "normal") == (robots[:1], {})
