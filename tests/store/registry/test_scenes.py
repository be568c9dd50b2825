"""Scenes: immutable versions of a text, and one of them in force."""

from __future__ import annotations

import asyncio

import pytest

from unisono.errors import CallerError
from unisono.store.registry import OutboxRow, PlaceRow, Registry, SceneRow, SceneText, SceneVersionRow
from unisono.store.registry.scenes import KEPT_VERSIONS

WEI = {"kind": "person", "id": "wei"}
TEXT = "# 晚上\nid: evening  # as it was written\n"


def scene(id: str = "evening", version: int = 1, place: str = "home", **fields: object) -> SceneRow:
    return SceneRow(id, fields.pop("name", "Evening"), place, version, at=5, by=WEI, **fields)  # type: ignore[arg-type]


async def home(registry: Registry) -> None:
    await registry.put_place(PlaceRow("home", "Home"))
    await registry.put_place(PlaceRow("hall", "Hall", parent="home"))


async def owed(registry: Registry) -> list[bytes]:
    return [item.entry for item in await registry.outbox_pending()]


async def test_a_scene_comes_back_as_it_was_put(registry: Registry) -> None:
    await home(registry)
    await registry.put_scene(scene(place="hall"), TEXT, outbox=[OutboxRow("0", b"put")])
    assert await registry.get_scene("evening") == scene(place="hall", root="home")
    assert await registry.get_scene_version("evening") == SceneVersionRow("evening", 1, TEXT, 5, WEI)
    assert await registry.get_scene_version("evening", 2) is None
    assert await registry.get_scene("morning") is None
    assert await owed(registry) == [b"put"]


async def test_versions_follow_each_other_and_never_change(registry: Registry) -> None:
    await home(registry)
    await registry.put_scene(scene(), TEXT)
    await registry.put_scene(scene(version=2, name="Late", enabled=False), "second")
    found = await registry.get_scene("evening")
    assert found is not None
    assert (found.version, found.name, found.enabled) == (2, "Late", False)
    first = await registry.get_scene_version("evening", 1)
    newest = await registry.get_scene_version("evening")
    assert first is not None and newest is not None
    assert (first.document, newest.document) == (TEXT, "second")
    listed = await registry.list_scene_versions("evening")
    assert [(each.version, each.document, each.by) for each in listed] == [(2, "", WEI), (1, "", WEI)]


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (scene("Evening"), "bad_id", "id"),
        (scene(place="attic", version=2), "not_found", "place"),
        (scene(root="plant", version=2), "bad_value", "root"),
        (scene(), "exists", "id"),
        (scene(version=3), "exists", "version"),
        (scene("morning", version=2), "not_found", "id"),
    ],
)
async def test_what_is_refused_leaves_nothing(registry: Registry, row: SceneRow, code: str, field: str) -> None:
    await home(registry)
    await registry.put_scene(scene(), TEXT)
    with pytest.raises(CallerError) as refused:
        await registry.put_scene(row, "other", outbox=[OutboxRow("0", b"never")])
    assert (refused.value.code, refused.value.field) == (code, field)
    assert await owed(registry) == []
    assert [each.version for each in await registry.find_scenes()] == [1]
    assert len(await registry.list_scene_versions("evening")) == 1


async def test_of_two_who_save_at_once_one_is_told(registry: Registry) -> None:
    await home(registry)
    await registry.put_scene(scene(), TEXT)
    results = await asyncio.gather(
        *(registry.put_scene(scene(version=2), f"by {who}") for who in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["CallerError", "dict"]
    assert len(await registry.list_scene_versions("evening")) == 2


async def test_only_so_many_versions_are_kept(registry: Registry) -> None:
    await home(registry)
    for version in range(1, KEPT_VERSIONS + 3):
        await registry.put_scene(scene(version=version), f"text {version}")
    kept = [each.version for each in await registry.list_scene_versions("evening")]
    assert kept == list(range(KEPT_VERSIONS + 2, 2, -1))


async def test_switching(registry: Registry) -> None:
    await home(registry)
    await registry.put_scene(scene(), TEXT)
    assert not await registry.switch_scene("evening", True, [OutboxRow("0", b"never")])
    assert await registry.switch_scene("evening", False, [OutboxRow("0", b"off")], at=9, by=WEI)
    found = await registry.get_scene("evening")
    assert found == scene(enabled=False, root="home", switched_at=9, switched_by=WEI)
    assert await owed(registry) == [b"off"]
    with pytest.raises(CallerError) as refused:
        await registry.switch_scene("morning", False)
    assert (refused.value.code, refused.value.field) == ("not_found", "id")


async def test_removing_takes_the_versions_along(registry: Registry) -> None:
    await home(registry)
    await registry.put_scene(scene(), TEXT)
    await registry.remove_scene("evening", [OutboxRow("0", b"gone")])
    assert await registry.get_scene_version("evening", 1) is None
    assert await owed(registry) == [b"gone"]
    with pytest.raises(CallerError) as refused:
        await registry.remove_scene("evening", [OutboxRow("0", b"never")])
    assert refused.value.code == "not_found"
    await registry.put_scene(scene(), "anew")
    assert [each.version for each in await registry.list_scene_versions("evening")] == [1]


async def test_lists_by_place_partition_part_and_page(registry: Registry) -> None:
    await home(registry)
    plant = await registry.put_place(PlaceRow("plant", "Plant"), partitions=64)
    await registry.put_scene(scene("a1", place="hall", name="Evening"), TEXT, ["晚上"])
    await registry.put_scene(scene("b1", name="Away"), TEXT)
    await registry.put_scene(scene("c1", place="plant", name="PRESS guard"), TEXT)

    async def ids(**conditions: object) -> list[str]:
        return [row.id for row in await registry.find_scenes(**conditions)]  # type: ignore[arg-type]

    assert await ids() == ["a1", "b1", "c1"]
    assert await ids(places=["home"]) == ["a1", "b1"]
    assert await ids(places=["hall"]) == ["a1"]
    assert await ids(places=[]) == []
    assert await ids(partition=plant.partition) == ["c1"]
    assert await ids(q="晚") == ["a1"]
    assert await ids(q="press") == ["c1"]
    assert await ids(q="b1") == ["b1"]
    assert await ids(after="a1", limit=1) == ["b1"]


async def test_whether_anything_was_saved_is_told_by_a_number(registry: Registry) -> None:
    await home(registry)
    await registry.put_place(PlaceRow("plant", "Plant"))
    assert await registry.scene_changes("home") == 0
    assert await registry.put_scene(scene("a1", place="hall"), TEXT) == {"home": 1}
    assert await registry.put_scenes([SceneText(scene("b1"), TEXT), SceneText(scene("c1"), TEXT)]) == {"home": 2}
    with pytest.raises(CallerError):
        await registry.put_scene(scene("b1"), TEXT)
    assert await registry.scene_changes("home") == 2
    assert await registry.put_scene(scene("b1", version=2, place="plant"), TEXT) == {"home": 3, "plant": 1}
    assert await registry.remove_scene("a1") == {"home": 4}
    assert await registry.scene_changes("home") == 4


async def test_many_are_saved_together_or_none(registry: Registry) -> None:
    await home(registry)
    await registry.put_scene(scene("b1"), "first")
    texts = [SceneText(scene("a1"), "one", ["晚上"]), SceneText(scene("b1", version=2, place="hall"), "two")]
    await registry.put_scenes(texts, [OutboxRow("0", b"both")])
    assert await owed(registry) == [b"both"]
    assert [(row.id, row.version, row.root) for row in await registry.get_scenes(["b1", "none", "a1"])] == [
        ("a1", 1, "home"),
        ("b1", 2, "home"),
    ]
    assert await registry.newest_documents(["a1", "b1", "none"]) == {"a1": "one", "b1": "two"}
    for wrong, code in (
        (scene("a1"), "exists"),
        (scene("d1", version=2), "not_found"),
        (scene("d1", place="attic"), "not_found"),
        (scene("d1", root="plant"), "bad_value"),
        (scene("c1"), "bad_value"),
        (scene("me"), "bad_id"),
    ):
        with pytest.raises(CallerError) as refused:
            await registry.put_scenes([SceneText(scene("c1"), "three"), SceneText(wrong, "wrong")])
        assert refused.value.code == code
    assert await registry.get_scene("c1") is None


async def test_a_place_with_scenes_stays_where_it_is(registry: Registry) -> None:
    await home(registry)
    await registry.put_place(PlaceRow("plant", "Plant"))
    await registry.put_scene(scene(place="hall"), TEXT)
    with pytest.raises(CallerError, match="the scenes evening") as refused:
        await registry.remove_place("hall")
    assert refused.value.code == "in_use"
    with pytest.raises(CallerError, match="the scenes evening") as refused:
        await registry.put_place(PlaceRow("hall", "Hall", parent="plant"))
    assert (refused.value.code, refused.value.field) == ("in_use", "parent")
