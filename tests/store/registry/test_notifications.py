"""Channels, groups and the queue of notifications, on both engines."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from unisono.errors import CallerError
from unisono.store.registry import (
    AddressRow,
    ChannelRow,
    DeliveryRow,
    GroupRow,
    ListenerRow,
    NotificationRow,
    PersonRow,
    Registry,
)
from unisono.store.registry.channels import MAX_CHANNELS

OPEN = ["waiting", "held", "sending"]


@pytest.fixture(autouse=True)
async def people(registry: Registry) -> None:
    for id in ("anna", "wei"):
        await registry.put_person(PersonRow(id, id))


def channel(id: str, person: str = "wei", address: str = "", created: int = 1) -> ChannelRow:
    return ChannelRow(
        id, person, "ntfy", "Phone", address or id, b"sealed", "ntfy://...", ["low", "high"], created=created
    )


def notification(id: str, accepted: int = 1, **more: Any) -> NotificationRow:
    row = NotificationRow(id, "0", "r", ["wei"], "T", "text", "normal", None, {"kind": "scene"}, 1, accepted, 99)
    return msgspec.structs.replace(row, **more)


def delivery(id: str, channel: str = "c", person: str = "wei", state: str = "waiting", at: int = 1) -> DeliveryRow:
    return DeliveryRow(id, channel, person, "address", "ntfy", "normal", None, at, 2, 99, state, 0, "", 3, False)


async def test_channels_in_the_order_added(registry: Registry) -> None:
    rows = [channel("b", created=1), channel("a", created=2), channel("x", "anna", created=3)]
    for row in rows:
        assert await registry.put_channel(row) == row
    assert await registry.list_channels() == rows
    assert await registry.list_channels("wei") == rows[:2]
    assert await registry.get_channel("a") == rows[1]
    assert await registry.get_channel("nothing") is None


async def test_a_channel_that_ends_at_the_same_place_is_replaced_for_its_person_only(registry: Registry) -> None:
    await registry.put_channel(channel("a", address="room"))
    await registry.put_channel(channel("x", "anna", address="room"))
    await registry.put_channel(channel("b", address="room"))
    assert [row.id for row in await registry.list_channels("wei")] == ["b"]
    assert [row.id for row in await registry.list_channels("anna")] == ["x"]


async def test_channels_are_bounded_and_belong_to_somebody(registry: Registry) -> None:
    for number in range(MAX_CHANNELS):
        await registry.put_channel(channel(f"c{number}"))
    with pytest.raises(CallerError) as error:
        await registry.put_channel(channel("one-more"))
    assert error.value.code == "too_many"
    await registry.put_channel(channel("again", address="c3"))
    with pytest.raises(CallerError) as error:
        await registry.put_channel(channel("x", "ghost"))
    assert error.value.code == "not_found"
    await registry.remove_person("wei")
    assert await registry.list_channels() == []


async def test_changing_and_removing(registry: Registry) -> None:
    await registry.put_channel(channel("a"))
    await registry.change_channel("a", name="Door", priorities=["critical"])
    found = await registry.get_channel("a")
    assert found is not None
    assert (found.name, found.priorities) == ("Door", ["critical"])
    await registry.remove_channel("a")
    for change in (registry.remove_channel("a"), registry.change_channel("a", name="", priorities=[])):
        with pytest.raises(CallerError) as error:
            await change
        assert error.value.code == "not_found"


async def test_how_people_want_to_be_told(registry: Registry) -> None:
    assert await registry.get_listener("wei") == ListenerRow("wei")
    row = ListenerRow("wei", "Asia/Shanghai", [{"begins": 1, "ends": 2, "days": ["mon"]}], "high", "zh")
    for _ in range(2):
        await registry.put_listener(row)
    assert await registry.get_listener("wei") == row
    assert await registry.listeners() == [row]
    with pytest.raises(CallerError):
        await registry.put_listener(ListenerRow("ghost"))


async def test_groups(registry: Registry) -> None:
    await registry.put_group(GroupRow("family", "Family", ["wei", "anna", "wei"]))
    await registry.put_group(GroupRow("empty", "Nobody"))
    assert await registry.list_groups() == [GroupRow("empty", "Nobody"), GroupRow("family", "Family", ["anna", "wei"])]
    await registry.put_group(GroupRow("family", "Us", ["wei"]))
    assert (await registry.list_groups())[1] == GroupRow("family", "Us", ["wei"])
    for row, code in (
        (GroupRow("wei", ""), "exists"),
        (GroupRow("x", "", ["ghost"]), "not_found"),
        (GroupRow("A B", ""), "bad_id"),
    ):
        with pytest.raises(CallerError) as error:
            await registry.put_group(row)
        assert error.value.code == code
    await registry.remove_person("wei")
    assert (await registry.list_groups())[1].people == []
    await registry.remove_group("family")
    with pytest.raises(CallerError):
        await registry.remove_group("family")


async def test_a_notification_is_taken_in_once_with_all_that_changes_with_it(registry: Registry) -> None:
    row = notification("n1", to=["wei", "x"], missed={"x": "nobody"}, group="g")
    assert await registry.add_notification(row, [delivery("n1")])
    assert await registry.get_notifications(["n1", "n2"]) == [row]
    assert not await registry.add_notification(notification("n1", text="other"), [delivery("n1", "d")])
    assert await registry.get_notifications(["n1"]) == [row]
    assert await registry.deliveries_of(["n1"]) == [delivery("n1")]
    replaced = delivery("n1", state="replaced")
    assert await registry.add_notification(notification("n2"), [delivery("n2"), replaced])
    assert await registry.deliveries_of(["n1"]) == [replaced]
    assert await registry.add_notification(notification("n3"), [])


async def test_what_is_open_oldest_first(registry: Registry) -> None:
    await registry.add_notification(notification("n1"), [delivery("n1", "a", at=5), delivery("n1", "b", state="sent")])
    await registry.add_notification(notification("n2"), [delivery("n2", "a", state="held", at=4)])
    assert [row.notification for row in await registry.open_deliveries(OPEN)] == ["n2", "n1"]


async def test_deliveries_and_their_address_change_together(registry: Registry) -> None:
    await registry.add_notification(notification("n1"), [delivery("n1")])
    for tokens in (1.5, 0.5):
        pace = AddressRow("address", "ntfy", {"tokens": [tokens], "blocked": 2**53})
        await registry.put_deliveries([delivery("n1", state="sending")], pace)
        assert await registry.list_addresses() == [pace]
    await registry.put_deliveries([])
    assert [row.state for row in await registry.deliveries_of(["n1"])] == ["sending"]


async def test_lists_newest_first_by_pages_people_and_states(registry: Registry) -> None:
    for number, (person, state) in enumerate([("wei", "sent"), ("anna", "sent"), ("wei", "failed"), ("wei", "sent")]):
        # two of them at the same moment
        await registry.add_notification(
            notification(f"n{number}", accepted=number // 2), [delivery(f"n{number}", person=person, state=state)]
        )
    await registry.add_notification(notification("n9", accepted=9), [])

    async def ids(**asked: Any) -> list[str]:
        return [row.id for row in await registry.list_notifications(**asked)]

    assert await ids() == ["n9", "n3", "n2", "n1", "n0"]
    assert await ids(limit=2) == ["n9", "n3"]
    assert await ids(limit=2, after="n3") == ["n2", "n1"]
    assert await ids(person="wei") == ["n3", "n2", "n0"]
    assert await ids(person="wei", states=["sent", "held"]) == ["n3", "n0"]
    assert await ids(states=["failed"]) == ["n2"]
    with pytest.raises(CallerError):
        await ids(after="nothing")


async def test_what_is_long_over_is_forgotten_and_never_what_is_open(registry: Registry) -> None:
    for number in range(6):
        state = "waiting" if number == 0 else "sent"
        await registry.add_notification(
            notification(f"n{number}", accepted=number), [delivery(f"n{number}", state=state)]
        )
    assert await registry.forget_notifications(before=2, keep=100, open_states=OPEN) == 1
    assert await registry.forget_notifications(before=0, keep=2, open_states=OPEN) == 2
    assert [row.id for row in await registry.list_notifications()] == ["n5", "n4", "n0"]
    assert await registry.deliveries_of(["n1", "n2", "n3"]) == []
