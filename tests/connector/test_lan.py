"""The hub on a LAN: announced by real multicast on loopback, and finding what others announce there."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from tests.parts import until
from unisono.connector import lan as room
from unisono.connector.lan import Announcement, Lan, sorts
from unisono.errors import CallerError, HostError

HERE = ["127.0.0.1"]


class Street:
    """Hubs and devices on one loopback; all of them go with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hubs: list[Lan] = []
        self.devices = AsyncZeroconf(interfaces=HERE)

    async def hub(self, name: str, announced: Sequence[Announcement] = (), ignored: str = "ignored.json") -> Lan:
        made = Lan(name, name.lower(), announced, self.folder / ignored, HERE)
        self.hubs.append(made)
        await made.start()
        return made

    async def device(self, kind: str, name: str, says: dict[str, str | bytes] | None = None) -> AsyncServiceInfo:
        info = AsyncServiceInfo(
            f"{kind}.local.",
            f"{name}.{kind}.local.",
            port=80,
            properties=says or {},
            server=f"{name.lower()}.local.",
            parsed_addresses=HERE,
        )
        await (await self.devices.async_register_service(info))
        return info

    async def gone(self, info: AsyncServiceInfo) -> None:
        await (await self.devices.async_unregister_service(info))


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    made = Street(tmp_path)
    yield made
    for hub in made.hubs:
        await hub.stop()
    await made.devices.async_close()


def names(hub: Lan) -> set[str]:
    return {each.name for each in hub.found()}


async def test_a_hub_finds_another_with_what_it_says_and_not_itself(street: Street) -> None:
    says = {"version": "0.1.0", "api": "/api/v1", "trust": "/trust"}
    await street.hub("Attic", [Announcement("_unisono._tcp", 8443, says), Announcement("_mqtt._tcp", 1883)])
    cellar = await street.hub("Cellar", [Announcement("_unisono._tcp", 9443, says)])
    await until(lambda: len(cellar.found()) == 2, "the attic is found")
    found = {each.type: each for each in cellar.found()}
    hub = found["_unisono._tcp"]
    assert (hub.name, hub.port, hub.says, hub.addresses, hub.here) == ("Attic", 8443, says, HERE, True)
    assert hub.names["zh"] == "另一台 Unisono 中枢"
    assert found["_mqtt._tcp"].port == 1883


async def test_two_hubs_of_one_name_are_told_apart(street: Street) -> None:
    first = await street.hub("Unisono", [Announcement("_mqtt._tcp", 1883)])
    second = await street.hub("Unisono", [Announcement("_mqtt._tcp", 2883)])
    assert first.called["_mqtt._tcp"] == "Unisono"
    assert second.called["_mqtt._tcp"] == "Unisono-2"


@pytest.mark.parametrize(
    ("kind", "name", "what"),
    [
        ("_esphomelib._tcp", "kitchen", "ESPHome node"),
        ("_http._tcp", "tasmota-4711", "Tasmota device"),
        ("_http._tcp", "ShellyPlus1-a8", "Shelly device"),
        ("_http._tcp", "Office laser", "something with a web page"),
        ("_googlecast._tcp", "Living room", "Chromecast or speaker"),
        ("_hap._tcp", "Lock 1", "HomeKit accessory"),
        ("_ipp._tcp", "Office laser", "printer"),
    ],
)
async def test_what_it_is_is_told(street: Street, kind: str, name: str, what: str) -> None:
    hub = await street.hub("Attic")
    await street.device(kind, name)
    await until(lambda: name in names(hub), f"{name} is found")
    [found] = [each for each in hub.found() if each.name == name]
    assert found.what == what
    assert found.id == f"{name}.{kind}"


async def test_what_is_ignored_stays_ignored_until_it_is_not(street: Street) -> None:
    hub = await street.hub("Attic")
    await street.device("_esphomelib._tcp", "noisy")
    await until(lambda: "noisy" in names(hub), "it is found")
    hub.ignore("noisy._esphomelib._tcp", True)
    assert "noisy" not in names(hub)
    assert [each.name for each in hub.found(ignored=True) if each.ignored] == ["noisy"]
    later = await street.hub("Later")
    await until(lambda: "noisy" in {each.name for each in later.found(ignored=True)}, "it is found again")
    assert "noisy" not in names(later)
    later.ignore("noisy._esphomelib._tcp", False)
    assert "noisy" in names(later)
    with pytest.raises(CallerError, match="nothing on the LAN is called") as caught:
        hub.ignore("nobody", True)
    assert caught.value.code == "not_found"


async def test_what_says_goodbye_is_gone_but_not_forgotten(street: Street) -> None:
    hub = await street.hub("Attic")
    info = await street.device("_esphomelib._tcp", "porch")
    await until(lambda: "porch" in names(hub), "it is found")
    first = next(each.first_seen for each in hub.found() if each.name == "porch")
    await street.gone(info)
    await until(lambda: any(each.name == "porch" and not each.here for each in hub.found()), "it is gone")
    await street.device("_esphomelib._tcp", "porch")
    await until(lambda: any(each.name == "porch" and each.here for each in hub.found()), "it is back")
    [again] = [each for each in hub.found() if each.name == "porch"]
    assert again.first_seen == first <= again.last_seen


async def test_what_strangers_say_is_bounded(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 3)
    hub = await street.hub("Attic")
    says: dict[str, str | bytes] = {f"k{number}": "x" * 240 for number in range(30)}
    await street.device("_esphomelib._tcp", "talker", {**says, "bad": b"\xff\xfe"})
    await until(lambda: "talker" in names(hub), "it is found")
    [found] = [each for each in hub.found() if each.name == "talker"]
    assert len(found.says) <= room.TXT_VALUES
    assert max(map(len, found.says.values())) <= room.TXT_VALUE
    for number in range(4):
        await street.device("_shelly._tcp", f"shelly{number}")
    await until(lambda: "shelly3" in names(hub), "the newest is found")
    assert len(hub.found()) == 3


async def test_a_file_of_ignored_that_cannot_be_read_or_written(street: Street) -> None:
    (street.folder / "broken.json").write_text("{")
    hub = await street.hub("Attic", ignored="broken.json")
    assert hub.found() == []
    await street.device("_esphomelib._tcp", "lamp")
    await until(lambda: "lamp" in names(hub), "it is found")
    elsewhere = await street.hub("Cellar", ignored="nowhere/ignored.json")
    await until(lambda: "lamp" in names(elsewhere), "it is found")
    with pytest.raises(HostError, match="cannot be written"):
        elsewhere.ignore("lamp._esphomelib._tcp", True)
    assert "lamp" in names(elsewhere)


def test_the_table_covers_what_it_promises() -> None:
    kinds = {each.type for each in sorts()}
    assert {"_esphomelib._tcp", "_shelly._tcp", "_http._tcp", "_googlecast._tcp", "_hap._tcp", "_ipp._tcp"} <= kinds
    assert {each.how for each in sorts()} <= {"mqtt", "import", "connector", "app"}
    seen: set[str] = set()
    for each in sorts():
        assert each.what and each.zh
        assert each.type not in seen, f"{each.type}: what stands after a line without names is never reached"
        if not each.names:
            seen.add(each.type)


async def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    with pytest.raises(HostError, match=r"unisono\[lan\]") as caught:
        await Lan("Attic", "attic", [], tmp_path / "ignored.json", HERE).start()
    assert caught.value.code == "engine_missing"
