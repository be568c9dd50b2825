"""Secrets in their time of grace, certificates, claims and topic rules, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from unisono.errors import CallerError
from unisono.store.registry import (
    CertificateRow,
    ClaimRow,
    CredentialRow,
    PersonRow,
    PlaceRow,
    Registry,
    SignInFacts,
    ThingRow,
    TokenRow,
    TopicRuleRow,
)
from unisono.store.registry.certificates import MAX_CERTIFICATES
from unisono.store.registry.claims import MAX_OPEN


@pytest.fixture
async def home(registry: Registry) -> Registry:
    await registry.put_place(PlaceRow("home", "Home"))
    await registry.put_place(PlaceRow("room", "Room", parent="home"))
    things = [ThingRow("lamp", "Lamp", "light", 1, "room", created=7), ThingRow("lock", "Lock", "lock", 1, "home")]
    await registry.put_things(things, [CredentialRow("lamp", b"first", created=7)])
    return registry


async def facts(registry: Registry, thing: str = "lamp") -> SignInFacts:
    return (await registry.sign_in_facts([thing]))[0]


async def refused(code: str, asked: Awaitable[object]) -> CallerError:
    with pytest.raises(CallerError) as caught:
        await asked
    assert caught.value.code == code
    return caught.value


async def test_the_secret_before_counts_until_its_time_of_grace_is_over(home: Registry) -> None:
    assert await home.rotate_credential(CredentialRow("lamp", b"second"), grace_until=100) == 2
    found = await facts(home)
    assert (found.hash, found.version, found.previous, found.created) == (b"second", 2, (b"first", 1, 100), 7)
    # of two rotations only the last one before counts
    await home.rotate_credential(CredentialRow("lamp", b"third"), grace_until=200)
    assert (await facts(home)).previous == (b"second", 2, 200)
    await home.rotate_credential(CredentialRow("lamp", b"fourth"))
    assert (await facts(home)).previous is None
    # a first secret has none before it
    await home.rotate_credential(CredentialRow("lock", b"first"), grace_until=100)
    assert (await facts(home, "lock")).previous is None


async def test_revoking_everything_closes_every_door_and_a_new_secret_opens_one(home: Registry) -> None:
    await home.rotate_credential(CredentialRow("lamp", b"second", sealed=b"kept"), grace_until=100)
    await home.put_certificate(CertificateRow("f1", "lamp"))
    await home.revoke_everything("lamp", at=50)
    found = await facts(home)
    assert (found.hash, found.previous, found.closed, found.certificates) == (None, None, 50, {"f1": False})
    kept = await home.get_credential("lamp")
    assert kept is not None
    assert (kept.hash, kept.sealed) == (b"", None)
    assert await home.rotate_credential(CredentialRow("lamp", b"third")) == 4
    found = await facts(home)
    assert (found.hash, found.closed) == (b"third", 50)
    await home.revoke_everything("lock", at=60)  # had nothing to take away
    assert (await facts(home, "lock")).closed == 60
    await refused("not_found", home.revoke_everything("nobody", at=1))


async def test_a_removed_things_certificates_open_nothing_for_who_is_called_so_later(home: Registry) -> None:
    await home.put_certificate(CertificateRow("f1", "lamp", "CN=lamp", 1000, 5))
    await home.remove_things(["lamp"], at=9)
    await home.put_things([ThingRow("lamp", "Lamp", "light", 1, "room")], [CredentialRow("lamp", b"new")])
    assert (await facts(home)).certificates == {"f1": False}
    assert await home.list_certificates("lamp") == [CertificateRow("f1", "lamp", "CN=lamp", 1000, 5, 9)]
    await refused("exists", home.put_certificate(CertificateRow("f1", "lamp")))


async def test_a_certificate_is_one_things(home: Registry) -> None:
    await home.put_certificate(CertificateRow("f1", "lamp"))
    await home.put_certificate(CertificateRow("f1", "lamp"))  # again: nothing new
    await refused("exists", home.put_certificate(CertificateRow("f1", "lock")))
    await refused("not_found", home.put_certificate(CertificateRow("f2", "nobody")))
    assert await home.certificate_things(["f1", "f2"]) == {"f1": "lamp"}
    assert await home.certificate_things([]) == {}
    await refused("not_found", home.revoke_certificate("lock", "f1", at=3))
    await home.revoke_certificate("lamp", "f1", at=3)
    await refused("not_found", home.revoke_certificate("lamp", "f1", at=4))
    for number in range(MAX_CERTIFICATES):
        await home.put_certificate(CertificateRow(f"more{number}", "lock"))
    await refused("too_many", home.put_certificate(CertificateRow("one too many", "lock")))


async def test_rules_keep_their_order_and_go_with_their_thing(home: Registry) -> None:
    rules = [TopicRuleRow(True, "publish", "b"), TopicRuleRow(False, "publish", "a/#")]
    await home.put_topic_rules("lamp", [TopicRuleRow(True, "subscribe", "x")])
    await home.put_topic_rules("lamp", rules)
    assert await home.topic_rules("lamp") == rules
    assert (await facts(home)).rules == rules
    assert (await facts(home, "lock")).rules == []
    await refused("not_found", home.put_topic_rules("nobody", rules))
    await home.remove_things(["lamp"])
    await home.put_things([ThingRow("lamp", "Lamp", "light", 1, "room")])
    assert await home.topic_rules("lamp") == []


def claim(id: str = "c1", code: bytes = b"code", place: str = "room", **fields: object) -> ClaimRow:
    row = {"thing": None, "model": "light", "name": None, "created": 10, "expires": 100, "made_by": "wei", **fields}
    return ClaimRow(id, code, place, **row)  # type: ignore[arg-type]


def used(row: ClaimRow, thing: str, at: int = 50) -> ClaimRow:
    return ClaimRow(row.id, row.code_hash, row.place, None, None, None, 0, 0, "", at, thing, "192.0.2.7")


async def test_a_claim_is_spent_with_the_thing_that_it_brings(home: Registry) -> None:
    row = claim()
    await home.put_claim(row, now=10)
    assert await home.find_claim(b"code") == await home.get_claim("c1") == row
    await home.put_things([ThingRow("new", "New", "light", 1, "room")], new=True, claim=used(row, "new"))
    found = await home.get_claim("c1")
    assert found is not None
    assert (found.used_at, found.used_by, found.used_from) == (50, "new", "192.0.2.7")
    again = home.put_things([ThingRow("newer", "Newer", "light", 1, "room")], new=True, claim=used(row, "newer"))
    await refused("bad_credentials", again)
    assert await home.get_thing("newer") is None
    await refused("in_use", home.revoke_claim("c1", at=60))


async def test_what_is_wrong_with_the_thing_leaves_the_claim_open(home: Registry) -> None:
    row = claim()
    await home.put_claim(row, now=10)
    await refused(
        "exists", home.put_things([ThingRow("lamp", "L", "light", 1, "room")], new=True, claim=used(row, "lamp"))
    )
    assert await home.get_claim("c1") == row


async def test_of_many_who_try_at_once_one_wins(home: Registry) -> None:
    row = claim()
    await home.put_claim(row, now=10)

    async def attempt(number: int) -> bool:
        thing = ThingRow(f"racer{number}", "Racer", "light", 1, "room")
        try:
            await home.put_things([thing], new=True, claim=used(row, thing.id))
        except CallerError as error:
            assert error.code == "bad_credentials"
            return False
        return True

    assert sum(await asyncio.gather(*map(attempt, range(12)))) == 1
    assert len(await home.find_things(q="racer")) == 1


@pytest.mark.parametrize("at", [101, 10_000])
async def test_a_claim_runs_out(home: Registry, at: int) -> None:
    row = claim()
    await home.put_claim(row, now=10)
    late = home.put_things([ThingRow("new", "New", "light", 1, "room")], new=True, claim=used(row, "new", at))
    await refused("bad_credentials", late)


async def test_a_revoked_claim_is_worth_nothing(home: Registry) -> None:
    row = claim()
    await home.put_claim(row, now=10)
    await home.revoke_claim("c1", at=20)
    await home.revoke_claim("c1", at=30)
    found = await home.get_claim("c1")
    assert found is not None
    assert found.revoked == 20
    await refused("bad_credentials", home.put_things([ThingRow("n", "N", "light", 1, "room")], claim=used(row, "n")))
    await refused("not_found", home.revoke_claim("c2", at=20))


async def test_claims_are_listed_by_place_and_forgotten_when_they_are_old(home: Registry) -> None:
    await home.put_place(PlaceRow("plant", "Plant"))
    await home.put_claim(claim("c1", b"1"), now=10)
    await home.put_claim(claim("c2", b"2", "plant", expires=500), now=10)
    assert [row.id for row in await home.list_claims()] == ["c1", "c2"]
    assert [row.id for row in await home.list_claims(places=["home"])] == ["c1"]
    assert [row.id for row in await home.list_claims(after="c1", limit=1)] == ["c2"]
    assert await home.find_claim(b"3") is None
    assert await home.get_claim("c3") is None
    assert await home.remove_old_claims(200) == 1
    assert [row.id for row in await home.list_claims()] == ["c2"]
    await home.remove_place("plant")
    assert await home.list_claims() == []


async def test_open_claims_are_bounded(home: Registry) -> None:
    for number in range(MAX_OPEN):
        await home.put_claim(claim(f"c{number}", b"%d" % number), now=10)
    await refused("too_many", home.put_claim(claim("more", b"more"), now=10))
    await home.revoke_claim("c0", at=10)
    await home.put_claim(claim("more", b"more"), now=10)


async def test_tokens_are_found_by_their_id_too(registry: Registry) -> None:
    person, token = PersonRow("wei", "Wei"), TokenRow("t1", "wei", b"hash", scopes=["read@home"])
    await registry.put_person(person)
    await registry.put_token(token)
    assert await registry.get_token("t1") == await registry.find_token(b"hash") == (token, person)
    assert await registry.get_token("t2") is None


async def test_root_places_and_what_stands_in_exactly_these(home: Registry) -> None:
    await home.put_place(PlaceRow("plant", "Plant"))
    assert await home.root_places(10) == ["home", "plant"]
    assert await home.root_places(1) == ["home"]
    assert sorted(await home.thing_ids(["home", "room"], 10)) == ["lamp", "lock"]
    assert await home.thing_ids(["home"], 10) == ["lock"]
    assert len(await home.thing_ids(["home", "room"], 1)) == 1
    assert await home.thing_ids([], 10) == []
