"""The schema: the migrations and the tables say the same, opening is quick and safe to repeat."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import unisono.store.registry
from unisono.errors import HostError
from unisono.store.registry import PlaceRow, Registry, ThingRow
from unisono.store.registry.address import Address
from unisono.store.registry.database import Database
from unisono.store.registry.schema import HEAD
from unisono.store.registry.tables import metadata


async def test_the_migrations_make_what_the_tables_say(registry: Registry) -> None:
    def differences(connection: sa.Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with registry._database.read() as connection:
        assert await connection.run_sync(differences) == []


def migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(unisono.store.registry.__path__[0]) / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(migrations()).get_heads() == [HEAD]


async def test_what_was_put_is_there_after_opening_again(url: str) -> None:
    registry = await Registry.open(url)
    await registry.put_place(PlaceRow("home", "Home"))
    await registry.close()
    registry = await Registry.open(url)
    assert await registry.get_place("home") is not None
    await registry.close()


async def test_several_may_open_an_empty_database_at_once(url: str) -> None:
    registries = await asyncio.gather(*(Registry.open(url) for _ in range(5)))
    for number, registry in enumerate(registries):
        await registry.put_place(PlaceRow(f"home{number}", "Home"))
    assert len(await registries[0].list_places()) == 5
    for registry in registries:
        await registry.close()


async def test_what_the_first_schema_kept_is_there_after_the_newest(url: str) -> None:
    database = Database(Address.parse(url))
    await database.prepare()

    def first(connection: sa.Connection) -> None:
        config = migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    async with database.write() as connection:
        await connection.run_sync(first)
        await connection.exec_driver_sql("INSERT INTO place VALUES ('home', 'Home', '{}', 'home', NULL, 'home', '0')")
        await connection.exec_driver_sql(
            "INSERT INTO thing VALUES ('lamp', 'Lamp', 'light', 1, 'home', 'home', NULL, 0, 5, FALSE, 'lamp\x1flamp')"
        )
    await database.close()
    registry = await Registry.open(url)
    assert await registry.get_place("home") == PlaceRow("home", "Home", {}, "home", None, "home", "0")
    assert await registry.find_things(q="lamp") == [ThingRow("lamp", "Lamp", "light", 1, "home", "home", created=5)]
    await registry.close()


async def test_a_newer_schema_is_left_alone(url: str) -> None:
    registry = await Registry.open(url)
    async with registry._database.write() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await registry.close()
    with pytest.raises(HostError, match="made by a newer unisono") as refused:
        await Registry.open(url)
    assert refused.value.code == "registry_unavailable"


async def test_a_process_that_goes_on_for_long_has_another_do_it(url: str) -> None:
    """What the change takes is not kept; what would be wrong is told all the same."""
    program = """
import asyncio, sys
from unisono.errors import HostError
from unisono.store.registry import PlaceRow, Registry

async def main():
    try:
        registry = await Registry.open(sys.argv[1], lasting=True)
    except HostError as error:
        print(error.code, error)
    else:
        await registry.put_place(PlaceRow("home", "Home"))
        await registry.close()
        print("made")
    print("alembic" in sys.modules)

asyncio.run(main())
"""

    def run() -> list[str]:
        done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    assert await asyncio.to_thread(run) == ["made", "False"]
    registry = await Registry.open(url)
    assert await registry.get_place("home") is not None
    async with registry._database.write() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    await registry.close()
    told, loaded = await asyncio.to_thread(run)
    assert told.startswith("registry_unavailable") and "made by a newer unisono" in told and "unisono restore" in told
    assert loaded == "False"


async def test_at_head_alembic_is_not_even_imported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    await (await Registry.open(url)).close()
    code = f"""
import asyncio, sys
from unisono.store.registry import Registry
async def main():
    await (await Registry.open({url!r})).close()
asyncio.run(main())
sys.exit("alembic" in sys.modules)
"""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await child.wait() == 0


def test_checkpoints_do_without_sqlalchemy() -> None:
    code = "import sys; from unisono.store.registry import Checkpoints; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_face_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = unisono.store.registry.Nothing
