"""Alarms in the owner: acts are logged and answered, delays get their ticks, each line of history is kept once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from tests.owner.one import OneOwner
from tests.parts import until
from unisono.errors import CallerError, HostError
from unisono.scene.alarm.talk import (
    ActAsk,
    AlarmsAnswer,
    AlarmsAsk,
    AlarmView,
    Figures,
    LiveAlarms,
    Recent,
    live_alarms,
)
from unisono.store.connection import Connection
from unisono.store.log import Log
from unisono.store.registry import Registry, default_url
from unisono.twin.notices import Notice, notify
from unisono.twin.record import AlarmPut
from unisono.twin.talk import OwnerStatus, Watch, ask_owner

T = TypeVar("T")
WEI = {"kind": "person", "id": "wei"}
WARM = {"change": {"property": "temperature", "above": 25}}


@pytest.fixture
async def one(log: Log, connection: Connection, tmp_path: Path) -> AsyncIterator[OneOwner]:
    made = OneOwner(log, connection, tmp_path)
    await made.start()
    await made.place("home")
    await made.thing("probe", "sensor.temperature")
    await made.report("probe", temperature=20.0)
    yield made
    await made.stop()


async def define(one: OneOwner, id: str = "a", **members: Any) -> None:
    document = {"id": id, "name": "Too warm", "place": "home", "raise": WARM, **members}
    await one.say(AlarmPut(id, 1, msgspec.json.encode(document), 0, WEI))


async def ask(one: OneOwner, verb: str, asked: Any, kind: type[T]) -> T:
    answer = await one.bus.request(ask_owner("0", verb), msgspec.msgpack.encode(asked), 5.0)
    return msgspec.msgpack.decode(answer, type=kind)


async def act(one: OneOwner, act: str, for_s: float = 0.0, alarm: str = "a.probe") -> AlarmView:
    return await ask(one, "alarm-act", ActAsk(alarm, act, WEI, "seen", for_s), AlarmView)


async def listed(one: OneOwner, **wanted: Any) -> list[tuple[str, str]]:
    found = await ask(one, "alarms", AlarmsAsk(**wanted), AlarmsAnswer)
    return [(each.id, each.state) for each in found.alarms]


async def kept(tmp_path: Path) -> list[tuple[int, str]]:
    registry = await Registry.open(default_url(tmp_path))
    try:
        return [(row.number, row.act) for row in await registry.find_alarm_history(start=0, end=2**62)]
    finally:
        await registry.close()


async def test_raised_and_acknowledged(one: OneOwner) -> None:
    await define(one)
    await one.report("probe", temperature=26.0)
    assert await listed(one) == [("a.probe", "unacknowledged")]
    view = await act(one, "acknowledge")
    assert (view.state, view.by, view.comment, view.value) == ("acknowledged", WEI, "seen", 26.0)
    assert view.acts == ["shelve", "take_out"]
    with pytest.raises(CallerError) as refused:
        await act(one, "acknowledge")
    assert (refused.value.code, refused.value.field) == ("wrong_state", "id")
    with pytest.raises(CallerError) as missing:
        await act(one, "acknowledge", alarm="b.probe")
    assert missing.value.code == "not_found"
    recent = await ask(one, "alarm-recent", None, Recent)
    assert [line.act for line in recent.lines] == ["raised", "acknowledged"]


async def test_the_list_is_sorted_and_filtered(one: OneOwner) -> None:
    await one.place("hall", "home")
    await define(one, "low", severity="low")
    await define(one, "bad", severity="critical")
    await define(one, "other", things=["probe"])
    await one.report("probe", temperature=26.0)
    every = [("bad.probe", "unacknowledged"), ("other.probe", "unacknowledged"), ("low.probe", "unacknowledged")]
    assert await listed(one) == every
    first = await ask(one, "alarms", AlarmsAsk(limit=1), AlarmsAnswer)
    assert first.more
    assert await listed(one, after=first.keys[-1]) == every[1:]
    assert await listed(one, severities=["low", "high"]) == every[2:]
    assert await listed(one, states=["acknowledged"]) == []
    assert await listed(one, things=["other"]) == []
    assert await listed(one, places=["hall"]) == []
    assert await listed(one, places=["hall", "home"]) == every
    await one.report("probe", temperature=20.0)
    await act(one, "acknowledge", alarm="bad.probe")
    assert await listed(one, ids=["bad.probe"]) == [("bad.probe", "normal")]


async def test_delays_shelves_and_calls_come_in_time(one: OneOwner) -> None:
    told: list[Notice] = []

    async def take(payload: bytes) -> bytes:
        told.append(msgspec.msgpack.decode(payload, type=Notice))
        return b""

    await one.bus.serve(notify("0"), take)
    await define(one, on_delay_s=0.3, notify={"to": ["wei"]}, escalate={"after_s": 0.3, "times": 1, "to": ["boss"]})
    await one.report("probe", temperature=26.0)
    await until(lambda: len(told) == 2, "somebody is called, and then somebody else")
    assert [each.body.to for each in told] == [["wei"], ["boss"]]
    await act(one, "shelve", 0.3)
    assert await listed(one) == []
    await until(lambda: one.owner.alarms.alarms["a.probe"].state == "unacknowledged", "the shelf ends")


async def test_every_line_is_kept_once(one: OneOwner, tmp_path: Path) -> None:
    await define(one)
    await one.report("probe", temperature=26.0)
    await one.save()
    assert await kept(tmp_path) == [(1, "raised")]
    await act(one, "acknowledge")
    await one.crash()
    await one.start()
    assert await listed(one) == [("a.probe", "acknowledged")]
    assert await kept(tmp_path) == [(1, "raised")]
    await one.report("probe", temperature=20.0)
    await one.save()
    assert await kept(tmp_path) == [(3, "cleared"), (2, "acknowledged"), (1, "raised")]
    assert one.owner.alarms.recent == []


async def test_what_could_not_be_kept_is_kept_later(
    one: OneOwner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await define(one)
    await one.report("probe", temperature=26.0)

    async def full(*_arguments: Any) -> None:
        await one.report("probe", temperature=20.0)
        raise HostError("the disk is full", code="disk_full")

    with monkeypatch.context() as patched, pytest.raises(HostError):
        patched.setattr(one.checkpointer._checkpoints, "save_checkpoint", full)
        await one.save()
    assert [line.act for line in one.owner.alarms.recent] == ["raised", "cleared"]
    await one.save()
    assert await kept(tmp_path) == [(2, "cleared"), (1, "raised")]


async def test_who_watches_is_told(one: OneOwner) -> None:
    seen: list[AlarmView] = []
    await one.bus.subscribe(
        live_alarms("0"), lambda payload: seen.extend(msgspec.msgpack.decode(payload, type=LiveAlarms).alarms)
    )
    await define(one)
    await one.report("probe", temperature=26.0)
    await one.bus.request(ask_owner("0", "watch"), msgspec.msgpack.encode(Watch(10.0)), 5.0)
    await act(one, "acknowledge")
    await until(lambda: seen, "a change is told")
    assert [(each.id, each.state) for each in seen] == [("a.probe", "acknowledged")]


async def test_figures(one: OneOwner) -> None:
    await define(one)
    for _ in range(6):
        await one.report("probe", temperature=26.0)
        await one.report("probe", temperature=20.0)
    await one.report("probe", temperature=26.0)
    await until(lambda: not one.owner.alarms.wants_tick, "all is dated")
    figures = await ask(one, "alarm-figures", None, Figures)
    assert [(each.root, each.in_ten_minutes) for each in figures.rates] == [("home", 7)]
    assert (figures.standing, figures.stale, figures.chattering) == ({"home": {"medium": 1}}, {}, ["a.probe"])
    assert (figures.definitions, figures.alarms) == (1, 1)
    await act(one, "take_out")
    assert (await ask(one, "alarm-figures", None, Figures)).held == {"home": {"out_of_service": 1}}


async def test_metrics(one: OneOwner) -> None:
    await define(one, severity="high")
    await one.report("probe", temperature=26.0)
    await until(lambda: one.owner.alarms.raised, "it is counted")
    status = await ask(one, "status", None, OwnerStatus)
    told = {(each.name, *each.labels.values()): each.value for each in status.series if each.value}
    assert told == {("alarms_standing", "high"): 1, ("alarms_unacknowledged",): 1, ("alarms_raised",): 1}


async def test_a_crash_does_not_begin_a_delay_anew(one: OneOwner) -> None:
    await define(one, on_delay_s=1.5, shelve_h=1)
    said = one.owner.clock.wall
    await one.report("probe", temperature=26.0)
    await until(lambda: not one.owner.alarms.wants_tick, "the delay counts")
    await one.save()
    await one.crash()
    await one.start()
    await until(lambda: one.owner.alarms.alarms["a.probe"].facts.active, "it is raised")
    assert 1_450_000 <= one.owner.alarms.alarms["a.probe"].facts.raised - said < 3_000_000
