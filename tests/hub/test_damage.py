"""Damaged files and a locked registry: twins and history come back from what the other engines hold, and it is said."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.hub.hub import Hub
from tests.hub.load import KEY, Load

COUNT = 3


async def filled(hub: Hub) -> dict[str, str]:
    """Three things with a value each, a command that failed, a dead letter; stopped, so that a checkpoint is there."""
    await hub.start()
    secrets = await hub.furnish(*(f"t{n}" for n in range(COUNT)))
    for number, (thing, secret) in enumerate(secrets.items()):
        client = await hub.device(thing, secret)
        await client.say("things/me/state", b'{"temperature": %d, "battery": 50}' % number)
        await client.say("things/me/state", b"nonsense")
        await client.leave()
    assert await hub.stop() == 0
    return secrets


def registry(hub: Hub) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(hub.data / "registry.db"))


def flip(data: bytes, noise: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(3):
        damaged[noise.randrange(len(damaged))] ^= 1 << noise.randrange(8)
    return bytes(damaged)


async def told(hub: Hub) -> str:
    """What the status tells once the owner is ready."""

    async def ready() -> bool:
        return bool((await hub.status())["ready"])

    await hub.eventually(ready, "the replay is over")
    return await hub.troubles()


async def same_as_before(hub: Hub, secrets: dict[str, str]) -> None:
    for number, (thing, secret) in enumerate(secrets.items()):
        assert await hub.value(thing) == number
        assert await hub.value(thing, "battery") == 50
        assert await hub.history(thing) == [number]
        client = await hub.device(thing, secret)
        await client.say("things/me/state", b'{"temperature": %d}' % (number + 10))
        assert await hub.value(thing) == number + 10
        assert await hub.history(thing) == [number, number + 10]


async def test_a_damaged_checkpoint_state(hub: Hub) -> None:
    secrets = await filled(hub)
    with registry(hub) as database:
        [(state,)] = database.execute("SELECT state FROM checkpoint").fetchall()
        database.execute("UPDATE checkpoint SET state = ?", (flip(state, random.Random(1)),))
        database.commit()
    await hub.start()
    assert "the checkpoint was damaged" in await told(hub)
    await same_as_before(hub, secrets)
    await hub.stop()
    await hub.start()  # mended for good
    assert not await told(hub)
    assert await hub.value("t0") == 10


@pytest.mark.parametrize("models", [False, True])
async def test_damaged_twins_in_a_checkpoint(hub: Hub, models: bool) -> None:
    secrets = await filled(hub)
    noise = random.Random(2)
    with registry(hub) as database:
        rows = database.execute("SELECT thing, twin FROM checkpoint_twin").fetchall()
        assert {"t0", "t1", "t2"} <= {key for key, _row in rows}
        for key, row in rows:
            if key != "t2" and (models or not key.startswith("model:")):
                database.execute("UPDATE checkpoint_twin SET twin = ? WHERE thing = ?", (flip(row, noise), key))
        database.commit()
    await hub.start()
    troubles = await told(hub)
    assert "t0 was damaged" in troubles and "t1 was damaged" in troubles
    assert ("t2 was damaged" in troubles) is models, "without its model a thing cannot be read"
    await same_as_before(hub, secrets)
    await hub.stop()
    await hub.start()
    assert not await told(hub)


async def test_a_checkpoint_cut_short_and_one_that_is_gone(hub: Hub) -> None:
    secrets = await filled(hub)
    with registry(hub) as database:
        database.execute("UPDATE checkpoint SET state = x'00'")
        database.execute("UPDATE checkpoint_twin SET twin = x''")
        database.commit()
    await hub.start()
    await same_as_before(hub, secrets)
    await hub.stop()
    with registry(hub) as database:
        database.execute("DELETE FROM checkpoint")
        database.execute("DELETE FROM checkpoint_twin")
        database.commit()
    await hub.start()
    for number, thing in enumerate(secrets):
        assert await hub.value(thing) == number + 10
        assert await hub.history(thing) == [number, number + 10]


@pytest.mark.parametrize("what", ["state", "rows"])
async def test_a_policy_holds_whatever_is_damaged(hub: Hub, what: str) -> None:
    await hub.start()
    await hub.furnish("lock", model="lock")
    rules = [{"name": "never", "then": "deny", "what": {"things": ["lock"]}}]
    await hub.ask("PUT", "/api/v1/places/home/policy", {"rules": rules})
    assert await hub.stop() == 0
    with registry(hub) as database:
        if what == "state":
            database.execute("UPDATE checkpoint SET state = x'00'")
        database.execute("UPDATE checkpoint_twin SET twin = x'00' WHERE thing LIKE 'safety:%' OR thing LIKE 'place:%'")
        database.commit()
    await hub.start()
    assert "damaged" in await told(hub)
    refused = await hub.ask("POST", "/api/v1/things/lock/commands", {"set": {"locked": True}}, ok=False)
    assert (refused["code"], refused["detail"]) == ("not_allowed", 'the rule "never" of home forbids it')


@pytest.mark.parametrize("what", ["state", "rows"])
async def test_scenes_run_whatever_is_damaged(hub: Hub, what: str) -> None:
    await hub.start()
    secrets = await hub.furnish("t0")
    warm = {"change": {"things": ["t0"], "property": "temperature", "above": 25}}
    for id in ("warm", "off"):
        scene: dict[str, Any] = {"id": id, "name": id, "place": "home", "when": [warm], "then": [{"stop": {}}]}
        await hub.ask("POST", "/api/v1/scenes", scene)
    await hub.ask("POST", "/api/v1/scenes/off/disable")
    before = (await hub.ask("POST", "/api/v1/scenes/warm/run"))["run"]["id"]
    assert await hub.stop() == 0
    with registry(hub) as database:
        if what == "state":
            database.execute("UPDATE checkpoint SET state = x'00'")
        database.execute("UPDATE checkpoint_twin SET twin = x'00' WHERE thing LIKE 'scene:%' OR thing LIKE 'place:%'")
        database.commit()
    await hub.start()
    assert "damaged" in await told(hub)
    client = await hub.device("t0", secrets["t0"])
    await client.say("things/me/state", b'{"temperature": 20}')
    await client.say("things/me/state", b'{"temperature": 30}')

    async def ran() -> bool:
        return bool((await hub.ask("GET", "/api/v1/scenes/warm/trace"))["runs"])

    await hub.eventually(ran, "it runs")
    [run] = (await hub.ask("GET", "/api/v1/scenes/warm/trace"))["runs"]
    assert run["cause"]["what"] == "change", "what it had done before is not done again"
    assert run["id"] != before, "a number stands for one run"
    off = await hub.ask("GET", "/api/v1/scenes/off/trace")
    assert [refusal["why"] for refusal in off["refusals"]] == ["it is disabled"]


@pytest.mark.parametrize("what", ["state", "rows"])
async def test_alarms_are_defined_whatever_is_damaged(hub: Hub, what: str) -> None:
    await hub.start()
    secrets = await hub.furnish("probe")
    warm = {"change": {"property": "temperature", "above": 25}}
    document = {"id": "warm", "name": "Warm", "place": "home", "raise": warm}
    await hub.ask("POST", "/api/v1/alarms/definitions", document)
    client = await hub.device("probe", secrets["probe"])
    await client.say("things/me/state", b'{"temperature": 30}')
    await client.leave()
    assert await hub.stop() == 0
    with registry(hub) as database:
        if what == "state":
            database.execute("UPDATE checkpoint SET state = x'00'")
        database.execute("UPDATE checkpoint_twin SET twin = x'00' WHERE thing LIKE 'alarm:%' OR thing LIKE 'place:%'")
        database.commit()
    await hub.start()
    assert "damaged" in await told(hub)
    found = await hub.ask("GET", "/api/v1/alarms")
    assert [(each["id"], each["state"]) for each in found["items"]] == [("warm.probe", "unacknowledged")]


def damage(path: Path) -> None:
    """Overwrite the file's first blocks, as a bad disk does."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(random.Random(3).randbytes(min(64 * 1024, path.stat().st_size - 4096)))
        file.seek(0)
        file.write(b"\0" * 512)


async def test_a_damaged_history_names_the_one_step_that_mends_it(hub: Hub) -> None:
    secrets = await filled(hub)
    hot = hub.data / "history" / "0" / "hot.duckdb"
    damage(hot)
    await hub.start(wait=False)
    assert await hub.ending() == 1
    assert "Traceback" not in hub.output
    said = " ".join(hub.output.split())
    assert str(hot) in said and "mv " in said
    shutil.move(hot, str(hot) + ".damaged")  # what it says
    await hub.start()
    await same_as_before(hub, secrets)


async def test_a_damaged_hot_segment(hub: Hub) -> None:
    secrets = await filled(hub)
    [segment] = list((hub.data / "history" / "0").glob("hot-*.duckdb"))
    damage(segment)
    await hub.start(wait=False)
    assert await hub.ending() == 1
    said = " ".join(hub.output.split())
    assert str(segment) in said and "mv " in said
    shutil.move(segment, str(segment) + ".damaged")
    await hub.start()
    assert "recorded anew from the log" in await told(hub)
    await same_as_before(hub, secrets)
    await hub.stop()
    await hub.start()
    assert not await told(hub)
    assert await hub.history("t0") == [0, 10]


async def counting(hub: Hub) -> dict[str, str]:
    """A sum over two things, how often one of them changed, and a value of each; with a checkpoint, and stopped."""
    await hub.start()
    secrets = await hub.furnish("t0", "t1")
    both = {"kind": "group", "of": {"things": ["t0", "t1"]}, "property": "temperature", "how": "sum"}
    for id, definition in (("both", both), ("often", {"kind": "counter", "thing": "t0", "property": "temperature"})):
        await hub.ask("POST", "/api/v1/things", {"id": id, "place": "home", "computed": definition})
    await say(hub, secrets, t0=1)
    await say(hub, secrets, t1=2)
    await say(hub, secrets, t0=3)
    await hub.eventually(lambda: counted(hub, 1), "the change was counted")
    assert await hub.stop() == 0
    return secrets


async def say(hub: Hub, secrets: dict[str, str], **values: int) -> None:
    for thing, value in values.items():
        client = await hub.device(thing, secrets[thing])
        await client.say("things/me/state", b'{"temperature": %d}' % value)
        await client.leave()


async def counted(hub: Hub, often: int) -> bool:
    return bool(await hub.value("often", "count") == often)


@pytest.mark.parametrize("all_of_it", [False, True])
async def test_computed_things_get_their_history_back(hub: Hub, all_of_it: bool) -> None:
    secrets = await counting(hub)
    await hub.start()
    segments = set((hub.data / "history" / "0").glob("hot-*.duckdb"))
    await say(hub, secrets, t0=4, t1=5)
    await hub.eventually(lambda: counted(hub, 2), "the change was counted")
    assert await hub.stop() == 0
    if all_of_it:
        shutil.rmtree(hub.data / "history")
    else:
        [newest] = set((hub.data / "history" / "0").glob("hot-*.duckdb")) - segments or segments
        shutil.move(newest, str(newest) + ".damaged")
    await hub.start()
    assert "recorded anew from the log" in await told(hub)
    await say(hub, secrets, t0=6)
    await hub.eventually(lambda: counted(hub, 3), "it goes on from where it was")
    assert await hub.history("both") == [1, 3, 5, 6, 9, 11]
    assert await hub.history("often", "count") == [0, 1, 2, 3]


async def test_computed_things_go_on_after_a_lost_checkpoint(hub: Hub) -> None:
    secrets = await counting(hub)
    with registry(hub) as database:
        database.execute("UPDATE checkpoint SET state = x'00'")
        database.execute("UPDATE checkpoint_twin SET twin = x''")
        database.commit()
    await hub.start()
    assert "the checkpoint was damaged" in await told(hub)
    assert await hub.value("often", "count") == 1
    assert await hub.value("both") == 5
    await say(hub, secrets, t0=6)
    await hub.eventually(lambda: counted(hub, 2), "it goes on from where it was")
    assert await hub.value("both") == 8
    history = await hub.history("often", "count")
    assert (history[0], history[-1], sorted(history)) == (0, 2, history), "it never fell"


async def test_all_of_history_is_gone(hub: Hub) -> None:
    secrets = await filled(hub)
    shutil.rmtree(hub.data / "history")
    await hub.start()
    assert "recorded anew from the log" in await told(hub)
    await same_as_before(hub, secrets)


async def test_the_log_is_gone(hub: Hub) -> None:
    """Somebody removed DATA/nats: the twins and history stay, it is said, and all goes on."""
    secrets = await filled(hub)
    await hub.start()
    await hub.stop()
    shutil.rmtree(hub.data / "nats")  # the leases go with it: their epochs begin anew
    await hub.start()
    assert "the log is another one" in await told(hub)
    await same_as_before(hub, secrets)
    await hub.stop()
    await hub.start()
    assert not await told(hub)
    assert await hub.value("t0") == 10


async def test_the_registry_is_locked_by_another_process_for_some_seconds(hub: Hub) -> None:
    """Devices go on; what needs the registry waits or says so; no error reaches a device, nothing is lost."""
    await hub.start()
    secrets = await hub.furnish("t0")
    async with Load(hub, "t0", secrets["t0"]) as load:
        with registry(hub) as database:
            database.isolation_level = None
            database.execute("BEGIN EXCLUSIVE")
            began = time.monotonic()
            await load.grow(500)
            adding = asyncio.create_task(
                hub.ask("POST", "/api/v1/things", {"id": "late", "model": "light", "place": "home"}, ok=False)
            )
            await asyncio.sleep(max(0.0, 4 - (time.monotonic() - began)))
            await load.grow(500)
            database.execute("ROLLBACK")
        answer = await adding
        assert answer.get("secret") or answer.get("code") == "registry_unavailable", answer
        if "secret" not in answer:
            await hub.ask("POST", "/api/v1/things", {"id": "late", "model": "light", "place": "home"})
        await load.grow(300)
        assert load.connections == 1
    await load.check()
    assert await hub.value("t0", KEY) is not None


async def test_a_registry_that_is_no_database(hub: Hub) -> None:
    await filled(hub)
    with (hub.data / "registry.db").open("r+b") as file:
        file.write(random.Random(4).randbytes(8192))
    await hub.start(wait=False)
    assert await hub.ending() == 1
    assert "Traceback" not in hub.output
    said = " ".join(hub.output.split())
    assert "registry" in said and ("restore" in said or "backup" in said or "unisono" in said), said
