"""A notification's way over real parts, whatever the service at its end does."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence

import msgspec
import pytest

from tests.notify.conftest import SECOND, House, alive
from tests.notify.receiver import die, drip, say, stall
from tests.parts import until
from unisono.errors import CallerError, HostError
from unisono.notify import notifier as notifier_module
from unisono.notify import plan as plan_module
from unisono.notify.plan import JOIN_S
from unisono.store.registry import AddressRow, DeliveryRow, GroupRow, ListenerRow
from unisono.twin import notices
from unisono.twin.notices import notify


def hook(house: House, name: str = "hook") -> str:
    return f"json://127.0.0.1:{house.receiver.port}/{name}"


def texts(house: House) -> list[str]:
    return [each.json["message"] for each in house.receiver.came]


async def test_the_same_id_is_one_notification(house: House) -> None:
    await house.channel("wei", hook(house))
    for _ in range(3):
        await house.tell("once", id="same")
    await house.until("same", "sent")
    await house.pass_time(JOIN_S)
    await house.until(await house.tell("after"), "sent")
    assert texts(house) == ["once", "after"]


async def test_who_is_reached_by_nothing_is_shown_with_the_reason(house: House) -> None:
    await house.registry.put_group(GroupRow("family", "Family", ["anna", "wei"]))
    await house.channel("wei", hook(house))
    id = await house.tell("x", to=["family", "stranger"])
    [row] = await house.registry.get_notifications([id])
    assert row.missed == {"stranger": "there is no person or group of that name", "anna": "has no channel"}
    await house.until(id, "sent")


async def test_nobody_named_is_everybody_of_the_place(house: House) -> None:
    await house.channel("anna", hook(house))
    await house.until(await house.tell("for all", to=[]), "sent")


async def test_a_burst_becomes_one_message_and_what_is_critical_does_not_wait(house: House) -> None:
    await house.channel("wei", hook(house))
    await house.until(await house.tell("first"), "sent")
    rest = [await house.tell(f"line {n}") for n in range(5)]
    await house.until(await house.tell("fire", priority="critical"), "sent")
    assert texts(house) == ["first", "fire"]
    await house.pass_time(JOIN_S)
    for id in rest:
        await house.until(id, "sent")
    assert texts(house)[2:] == ["line 0\nline 1\nline 2\nline 3\nline 4"]
    assert house.receiver.came[-1].json["title"] == "5 messages"


async def test_a_later_one_of_the_group_replaces_one_that_waits(house: House) -> None:
    await house.channel("wei", hook(house))
    await house.until(await house.tell("first"), "sent")
    old = await house.tell("20 minutes left", group="washing")
    new = await house.tell("5 minutes left", group="washing")
    await house.pass_time(JOIN_S)
    await house.until(new, "sent")
    assert (await house.deliveries(old))[0].answer == f"replaced by {new}"
    assert texts(house) == ["first", "5 minutes left"]


async def test_a_robot_that_two_share_says_it_once(house: House) -> None:
    await house.channel("wei", hook(house))
    await house.channel("anna", hook(house))
    await house.until(await house.tell("supper", to=["wei", "anna"]), "sent")
    assert texts(house) == ["supper"]


async def test_quiet_hours_hold_until_their_end_and_a_change_lets_go(house: House) -> None:
    await house.channel("wei", hook(house))
    # the clock stands at 11:06:40 UTC, 19:06:40 in Shanghai
    spans = [{"begins": 19 * 60, "ends": 20 * 60, "days": []}]
    await house.registry.put_listener(ListenerRow("wei", "Asia/Shanghai", spans))
    held = await house.tell("later")
    row = await house.until(held, "held")
    assert row.due == 1_795_003_200 * SECOND
    short = await house.tell("soon over", ttl_s=60.0)
    await house.until(await house.tell("fire", priority="critical"), "sent")
    await house.pass_time(61)
    assert (await house.until(short, "given_up")).answer == "quiet hours outlast it"
    assert await house.state(held) == "held"
    await house.registry.put_listener(ListenerRow("wei"))
    house.bus.publish(notices.CHANGED, b"")
    await house.until(held, "sent")
    assert texts(house) == ["fire", "later"]


async def recall(house: House, group: str, since: int) -> None:
    """Say that what ``group`` tells of is over, as an owner does."""
    house.count += 1
    body = {"group": group, "since": since, "over": house.now, "recall": True}
    await house.ask(notify("0"), {"id": f"over{house.count}", "run": "", "body": body, "at": house.now})


async def test_what_is_over_after_quiet_hours_is_told_as_over_or_not_at_all(house: House) -> None:
    await house.channel("wei", hook(house))
    # the clock stands at 19:06:40 in Shanghai
    spans = [{"begins": 19 * 60, "ends": 20 * 60, "days": []}]
    await house.registry.put_listener(ListenerRow("wei", "Asia/Shanghai", spans))
    since = house.now
    warm = await house.tell("26 degrees", title="Warm", group="warm.probe", since=since)
    minor = await house.tell("dust", group="dust.probe", priority="low", since=since)
    on = await house.tell("still wet", group="wet.probe", since=since)
    for id in (warm, minor, on):
        assert await house.state(id) == "held"
    await house.pass_time(600)
    await recall(house, "warm.probe", since)
    await recall(house, "dust.probe", since)
    await recall(house, "never.told", since)
    assert (await house.until(minor, "withdrawn")).answer == "it was over before it could be told"
    assert await house.state(warm) == "held"
    rows = await house.registry.list_notifications()
    assert {row.id: row.over - row.since for row in rows if row.over} == {warm: 600 * SECOND, minor: 600 * SECOND}
    assert len(rows) == 3
    await house.notifier.stop()
    await house.begin()  # what is over is known in the next life too
    await house.pass_time(2600)
    await house.until(warm, "sent")
    await house.until(on, "sent")
    assert texts(house) == ["Over: Warm: Raised at 19:06, over at 19:16.\n26 degrees\nstill wet"]


async def test_who_has_heard_of_it_hears_that_it_is_over(house: House) -> None:
    await house.channel("wei", hook(house, "one"))
    await house.channel("wei", hook(house, "two"))
    house.receiver.script.append(say(503))
    id = await house.tell("dust", title="Dust", group="dust.probe", priority="low", since=house.now)
    await until(lambda: len(house.receiver.came) == 2, "both tries")

    async def states() -> list[str]:
        return sorted(each.state for each in await house.deliveries(id))

    deadline = time.monotonic() + 10
    while (found := await states()) != ["sent", "waiting"]:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)
    await recall(house, "dust.probe", house.now)
    await house.pass_time(10)
    await until(lambda: len(house.receiver.came) == 3, "the retry")
    assert house.receiver.came[-1].json["title"] == "Over: Dust"


async def test_a_service_that_fails_is_tried_ever_later_and_in_the_end_given_up(house: House) -> None:
    house.receiver.always = say(503, b"come back")
    await house.channel("wei", hook(house))
    id = await house.tell("x", ttl_s=40.0)
    for tries, pause in enumerate((5, 10, 20), 1):
        await until(lambda tries=tries: len(house.receiver.came) == tries, f"{tries} tries")  # type: ignore[misc]
        await house.until(id, "waiting", tries)
        await house.pass_time(pause - 0.5)
        assert (await house.deliveries(id))[0].answer == "HTTP 503 come back"
        await house.pass_time(0.5)
    await until(lambda: len(house.receiver.came) == 4, "the fourth try")
    await house.until(id, "waiting", 4)
    await house.pass_time(5)
    found = await house.until(id, "given_up")
    assert (found.answer, found.attempts) == ("HTTP 503 come back", 4)


async def test_429_is_obeyed_to_the_second(house: House) -> None:
    house.receiver.script.append(say(429, Retry_After="30"))
    await house.channel("wei", hook(house))
    id = await house.tell("x", priority="critical")
    await until(lambda: house.receiver.came, "the first try")
    await house.until(id, "waiting", 1)
    await house.pass_time(29.9)
    await house.tell("y", priority="critical")
    assert len(house.receiver.came) == 1
    await house.pass_time(0.2)
    await house.until(id, "sent")


@pytest.mark.parametrize("answer", [die, say(500), say(408)], ids=["dies", "500", "408"])
async def test_what_passes_is_tried_again(house: House, answer: object) -> None:
    house.receiver.script.append(answer)  # type: ignore[arg-type]
    await house.channel("wei", hook(house))
    id = await house.tell("x")
    await house.until(id, "waiting", 1)
    await house.pass_time(5)
    await house.until(id, "sent")
    assert texts(house) == ["x", "x"]


async def test_one_that_is_refused_does_not_silence_those_it_was_joined_to(house: House) -> None:
    await house.channel("wei", hook(house))
    await house.until(await house.tell("first"), "sent")
    good, bad = await house.tell("good"), await house.tell("bad")
    house.receiver.script += [say(400, b"no"), say(200), say(400, b"no")]
    await house.pass_time(JOIN_S)
    await until(lambda: len(house.receiver.came) == 2, "both together")
    await house.pass_time(JOIN_S)
    await house.until(good, "sent")
    await house.pass_time(JOIN_S)
    await house.until(bad, "failed")
    assert texts(house)[1:] == ["good\nbad", "good", "bad"]


@pytest.mark.parametrize("answer", [stall, drip], ids=["stalls", "drips"])
async def test_a_server_that_never_ends_holds_nobody_else_up(house: House, answer: object) -> None:
    await house.notifier.stop()
    await house.begin(attempt_s=4.0)
    await house.allow("127.0.0.1")
    await house.channel("wei", hook(house, "slow"))
    await house.channel("anna", hook(house, "quick"))
    house.receiver.script.append(answer)  # type: ignore[arg-type]
    slow = await house.tell("x")
    await until(lambda: house.receiver.came, "the slow one")
    courier = house.notifier.courier
    await house.until(await house.tell("y", to=["anna"]), "sent")
    assert await house.state(slow) == "sending"
    assert (await house.until(slow, "waiting", 1)).answer == "no answer within 4 s"
    await house.pass_time(5)
    await house.until(slow, "sent")
    assert house.notifier.courier != courier
    await until(lambda: not alive(courier), "the courier that hung ended")


async def test_a_courier_that_dies_in_the_middle_is_followed_by_another(house: House) -> None:
    house.receiver.script.append(stall)
    await house.channel("wei", hook(house))
    id = await house.tell("x")
    await until(lambda: house.receiver.came, "it is on its way")
    os.kill(house.notifier.courier, signal.SIGKILL)
    assert (await house.until(id, "waiting", 1)).answer == "the courier died while it was on its way"
    await house.pass_time(5)
    await house.until(id, "sent")
    assert texts(house) == ["x", "x"]


async def test_the_courier_ends_with_the_notifier_and_after_a_minute_of_rest(house: House) -> None:
    await house.channel("wei", hook(house))
    courier = house.notifier.courier
    assert alive(courier)
    house.notifier.messenger._retire()  # what the timer calls
    await until(lambda: not alive(courier), "it rests")
    assert house.notifier.courier == 0
    await house.until(await house.tell("x"), "sent")
    courier = house.notifier.courier
    await house.notifier.stop()
    assert not alive(courier)
    await house.begin()


async def test_a_removed_channel_is_told_nothing(house: House) -> None:
    id = await house.channel("wei", hook(house))
    await house.until(await house.tell("first"), "sent")
    waiting = await house.tell("second")
    await house.registry.remove_channel(id)
    await house.pass_time(JOIN_S)
    assert (await house.until(waiting, "failed")).answer == "the channel was removed"
    assert texts(house) == ["first"]


async def test_a_channel_that_was_added_again_gets_what_waits(house: House) -> None:
    await house.channel("wei", hook(house))
    await house.until(await house.tell("first"), "sent")
    waiting = await house.tell("second")
    await house.channel("wei", hook(house))
    assert len(await house.registry.list_channels("wei")) == 1
    await house.pass_time(JOIN_S)
    await house.until(waiting, "sent")


async def test_adding_a_channel_again_is_no_way_around_a_limit(house: House) -> None:
    house.receiver.script.append(say(429, Retry_After="600"))
    id = await house.channel("wei", hook(house))
    one = await house.tell("x")
    await house.until(one, "waiting", 1)
    await house.registry.remove_channel(id)
    await house.channel("wei", hook(house))
    with pytest.raises(CallerError) as error:
        [row] = await house.registry.list_channels("wei")
        await house.ask(notices.TRIAL, notices.Trial(row.id))
    assert error.value.code == "too_fast"
    assert "600 s" in str(error.value) or "601 s" in str(error.value)


async def test_a_trial_tells_what_the_service_said(house: House) -> None:
    id = await house.channel("wei", hook(house))
    answer = await house.ask(notices.TRIAL, notices.Trial(id))
    assert msgspec.msgpack.decode(answer, type=notices.Tried).answer == "HTTP 200 {}"
    assert "test" in texts(house)[0]
    house.receiver.script.append(say(403, b"not you"))
    with pytest.raises(HostError) as error:
        await house.ask(notices.TRIAL, notices.Trial(id))
    assert (error.value.code, error.value.detail) == ("not_delivered", "HTTP 403 not you")
    with pytest.raises(CallerError) as unknown:
        await house.ask(notices.TRIAL, notices.Trial("nothing"))
    assert unknown.value.code == "not_found"


@pytest.mark.parametrize(
    ("notice", "field"),
    [
        ({"run": "r", "body": {"text": "x"}, "at": 1}, "id"),
        ({"id": "x", "run": "r", "body": {"text": "x", "priority": "urgent"}, "at": 1}, "priority"),
        ({"id": "x", "run": "r", "body": {"text": 5}, "at": 1}, "text"),
        ([1, 2], "array"),
    ],
)
async def test_what_is_no_notification_is_refused_for_good(house: House, notice: object, field: str) -> None:
    with pytest.raises(CallerError, match=field) as error:
        await house.ask(notify("0"), notice)
    assert error.value.code == "bad_value"


async def test_a_full_queue_says_so_and_the_owner_keeps_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier_module, "MAX_OPEN", 1)
    house.receiver.always = stall
    await house.channel("wei", hook(house))
    await house.tell("x")
    with pytest.raises(HostError) as error:  # not the caller's fault: an owner tries again
        await house.tell("y")
    assert error.value.code == "too_many"


async def test_while_the_registry_fails_nothing_is_sent_twice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier_module, "REGISTRY_PAUSE_S", 0.05)
    await house.channel("wei", hook(house))
    put, failures = house.registry.put_deliveries, iter(range(6))

    async def fail(rows: Sequence[DeliveryRow], pace: AddressRow | None = None) -> None:
        if next(failures, None) is not None:
            raise HostError("the disk is full", code="disk_full")
        await put(rows, pace)

    monkeypatch.setattr(house.registry, "put_deliveries", fail)
    id = await house.tell("x")  # it must not leave before it is on disk that it does
    await house.until(id, "sent")
    assert texts(house) == ["x"]


async def test_what_became_of_it_is_kept_however_long_the_registry_takes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "REGISTRY_PAUSE_S", 0.05)
    await house.channel("wei", hook(house))
    put, failures = house.registry.put_deliveries, iter(range(4))

    async def fail(rows: Sequence[DeliveryRow], pace: AddressRow | None = None) -> None:
        if rows and rows[0].state == "sent" and next(failures, None) is not None:
            raise HostError("the disk is full", code="disk_full")
        await put(rows, pace)

    monkeypatch.setattr(house.registry, "put_deliveries", fail)
    await house.until(await house.tell("x"), "sent")
    assert next(failures, None) is None
    assert texts(house) == ["x"]


async def test_one_that_could_not_be_taken_in_replaces_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.channel("wei", hook(house))
    await house.until(await house.tell("first"), "sent")
    old = await house.tell("20 minutes left", group="washing")

    async def fail(*_given: object) -> bool:
        raise HostError("the disk is full", code="disk_full")

    with monkeypatch.context() as patched:
        patched.setattr(house.registry, "add_notification", fail)
        with pytest.raises(HostError):
            await house.tell("5 minutes left", group="washing")
    await house.pass_time(JOIN_S)
    await house.until(old, "sent")


async def test_a_service_that_takes_nothing_for_long_is_worth_a_look(house: House) -> None:
    house.receiver.always = say(500, b"broken")
    await house.channel("wei", hook(house))
    id = await house.tell("x")
    for attempt in range(1, 9):
        await house.until(id, "waiting", attempt)
        await house.pass_time(900)
    await house.until(id, "waiting", 9)
    answer = msgspec.msgpack.decode(await house.bus.request(notices.STATUS, b""), type=notices.NotifierStatus)
    assert answer.trouble == ["1 to wei over json wait: HTTP 500 broken"]


async def test_one_address_cannot_use_up_the_room(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "MOST_WAITING", 3)
    house.receiver.always = say(503)
    await house.channel("wei", hook(house))
    first = await house.tell("first")
    await house.until(first, "waiting", 1)
    rest = [await house.tell(f"{n}") for n in range(4)]
    await house.until(first, "given_up")
    await house.until(rest[0], "given_up")
    assert (await house.deliveries(first))[0].answer == "more than 3 waited; the last answer: HTTP 503"


async def test_figures(house: House) -> None:
    await house.channel("wei", hook(house))
    await house.until(await house.tell("first"), "sent")
    await house.tell("second")
    answer = msgspec.msgpack.decode(await house.bus.request(notices.STATUS, b""), type=notices.NotifierStatus)
    told = {(each.name, *each.labels.values()): each.value for each in answer.series}
    assert told == {
        ("notifications_open", "json", "waiting"): 1,
        ("notifications", "json", "sent"): 1,
        ("notify_attempts", "json", "sent"): 1,
    }
    assert (answer.waiting, answer.held) == (1, 0)


async def test_what_waited_is_there_after_a_restart(house: House) -> None:
    await house.channel("wei", hook(house))
    house.receiver.script.append(say(429, Retry_After="100"))
    id = await house.tell("x", title="T")
    await house.until(id, "waiting", 1)
    await house.notifier.stop()
    await house.begin()
    await house.pass_time(99)
    await house.tell("y")
    assert len(house.receiver.came) == 1  # the block is remembered too
    await house.pass_time(1.1)
    await house.until(id, "sent")
    assert (house.receiver.came[-1].json["title"], texts(house)[-1]) == ("2 messages", "T: x\ny")
