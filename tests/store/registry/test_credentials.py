"""Credentials: versions that only grow, and what a gateway is told."""

from __future__ import annotations

import gc
import time

import pytest

from unisono.errors import CallerError
from unisono.store.registry import CredentialRow, PlaceRow, Registry, SignInFacts, ThingRow

# Processor time of this process, several times what is measured (0.1 s): a quadratic slip does not hold it.
FACTS_10_000_S = 1.5


@pytest.fixture
async def home(registry: Registry) -> Registry:
    await registry.put_place(PlaceRow("home", "Home"))
    await registry.put_place(PlaceRow("room", "Room", parent="home"))
    things = [
        ThingRow("bridge", "Bridge", "gateway", 2, "room"),
        ThingRow("bulb1", "Bulb", "light", 1, "room", parent="bridge"),
        ThingRow("bulb2", "Bulb", "light", 1, "home", parent="bridge"),
    ]
    await registry.put_things(things, [CredentialRow("bridge", b"hash", created=3)])
    return registry


async def test_sign_in_facts(home: Registry) -> None:
    assert await home.sign_in_facts(["bulb1", "bridge", "nobody", "bridge"]) == [
        SignInFacts("bridge", "home", "0", "gateway", 2, None, ["bulb1", "bulb2"], b"hash", 1),
        SignInFacts("bulb1", "home", "0", "light", 1, "bridge", [], None, 0),
    ]
    assert await home.sign_in_facts([]) == []


async def test_ids_in_pages(home: Registry) -> None:
    assert await home.ids_after("", 2) == ["bridge", "bulb1"]
    assert await home.ids_after("bulb1", 2) == ["bulb2"]
    assert await home.ids_after("bulb2", 2) == []


async def test_rotating(home: Registry) -> None:
    assert await home.get_credential("bridge") == CredentialRow("bridge", b"hash", "secret", 1, 3)
    assert await home.rotate_credential(CredentialRow("bridge", b"new", created=4)) == 2
    assert await home.get_credential("bridge") == CredentialRow("bridge", b"new", "secret", 2, 4)
    assert await home.rotate_credential(CredentialRow("bulb1", b"first")) == 1
    with pytest.raises(CallerError) as refused:
        await home.rotate_credential(CredentialRow("nobody", b"new"))
    assert refused.value.code == "not_found"


async def test_kinds_are_kept_apart(home: Registry) -> None:
    await home.rotate_credential(CredentialRow("bridge", b"cert", kind="certificate"))
    assert (await home.sign_in_facts(["bridge"]))[0].hash == b"hash"
    assert await home.get_credential("bridge", "certificate") == CredentialRow("bridge", b"cert", "certificate", 1)


async def test_revoking_closes_the_door_until_a_new_secret(home: Registry) -> None:
    assert await home.revoke_credential("bridge", at=9) == 2
    assert await home.get_credential("bridge") == CredentialRow("bridge", b"", "secret", 2, 3, 9)
    facts = (await home.sign_in_facts(["bridge"]))[0]
    assert (facts.hash, facts.version) == (None, 2)
    assert await home.rotate_credential(CredentialRow("bridge", b"new")) == 3
    assert (await home.sign_in_facts(["bridge"]))[0].hash == b"new"
    with pytest.raises(CallerError) as refused:
        await home.revoke_credential("bulb1", at=9)
    assert refused.value.code == "not_found"


async def test_an_id_used_again_is_not_mistaken_for_the_old_thing(home: Registry) -> None:
    """A gateway that missed the removal compares versions, so they must not begin anew."""
    await home.remove_things(["bridge", "bulb1", "bulb2"], at=9)
    assert await home.sign_in_facts(["bridge"]) == []
    await home.put_things([ThingRow("bridge", "Bridge", "gateway", 1, "home")])
    assert (await home.sign_in_facts(["bridge"]))[0].hash is None
    await home.put_things([ThingRow("bridge", "Bridge", "gateway", 1, "home")], [CredentialRow("bridge", b"hash")])
    facts = (await home.sign_in_facts(["bridge"]))[0]
    assert (facts.hash, facts.version) == (b"hash", 3)


async def test_facts_for_ten_thousand(home: Registry) -> None:
    rows = [ThingRow(f"t{number}", "Thing", "light", 1, "room", parent="bridge") for number in range(10_000)]
    await home.put_things(rows, [CredentialRow(row.id, row.id.encode()) for row in rows])
    gc.disable()  # what the tests before have left in this process is not measured
    try:
        start = time.process_time()
        facts = await home.sign_in_facts(["bridge", *(row.id for row in rows)])
        took = time.process_time() - start
    finally:
        gc.enable()
    assert took < FACTS_10_000_S
    assert len(facts) == 10_001
    assert len(facts[0].children) == 10_002
    assert all(fact.hash == fact.id.encode() for fact in facts[1:])
