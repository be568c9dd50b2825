"""Firmware and configuration of things: the latest, gone with its thing."""

from __future__ import annotations

from unisono.store.registry import ConfigurationRow, FirmwareRow, PlaceRow, Registry, ThingRow


async def test_the_latest_is_read_in_parts_and_goes_with_its_thing(registry: Registry) -> None:
    await registry.put_place(PlaceRow("home", "Home"))
    await registry.put_things([ThingRow("lamp", "Lamp", "light", 1, "home")])
    assert await registry.get_firmware("lamp") is None and await registry.read_firmware("lamp", 0, 9) == b""
    row = FirmwareRow("lamp", "lamp", "1", "ab", 4, 7)
    await registry.put_firmware(row, b"\0old")
    assert await registry.get_firmware("lamp") == row
    newer = FirmwareRow("lamp", "lamp", "2", "cd", 6, 8)
    await registry.put_firmware(newer, b"\0\xff\0new")
    assert await registry.get_firmware("lamp") == newer
    assert [await registry.read_firmware("lamp", at, 4) for at in (0, 4, 6, 99)] == [b"\0\xff\0n", b"ew", b"", b""]
    assert await registry.remove_firmware("lamp") and not await registry.remove_firmware("lamp")
    await registry.put_firmware(newer, b"x")
    await registry.remove_things(["lamp"], [], at=9)
    assert await registry.get_firmware("lamp") is None


async def test_a_configuration_goes_with_its_thing(registry: Registry) -> None:
    await registry.put_place(PlaceRow("home", "Home"))
    await registry.put_things([ThingRow("lamp", "Lamp", "light", 1, "home")])
    assert await registry.get_configuration("lamp") is None
    for row in (ConfigurationRow("lamp", "ab", 7, b"\0old"), ConfigurationRow("lamp", "cd", 8, b"new")):
        await registry.put_configuration(row)
        assert await registry.get_configuration("lamp") == row
    assert await registry.remove_configuration("lamp") and not await registry.remove_configuration("lamp")
    await registry.put_configuration(row)
    await registry.remove_things(["lamp"], [], at=9)
    assert await registry.get_configuration("lamp") is None
