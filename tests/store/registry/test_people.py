"""People, their grants and tokens, and the one use of a setup code."""

from __future__ import annotations

import asyncio

import pytest

from unisono.errors import CallerError
from unisono.store.registry import GrantRow, PersonRow, PlaceRow, Registry, TokenRow

WEI = PersonRow("wei", "魏", "$argon2id$...", "member", 5)


async def test_a_person_comes_back_as_put(registry: Registry) -> None:
    await registry.put_person(WEI)
    assert await registry.get_person("wei") == WEI
    assert await registry.get_person("nobody") is None
    with pytest.raises(CallerError) as refused:
        await registry.put_person(WEI, new=True)
    assert refused.value.code == "exists"
    await registry.put_person(PersonRow("wei", "Wei", None, "", 99, True))
    assert await registry.get_person("wei") == PersonRow("wei", "Wei", None, "", 5, True)
    await registry.put_person(PersonRow("ana", "Ana"), new=True)
    assert [row.id for row in await registry.list_people()] == ["ana", "wei"]
    assert [row.id for row in await registry.list_people(after="ana")] == ["wei"]
    with pytest.raises(CallerError) as refused:
        await registry.put_person(PersonRow("Wei", "Wei"))
    assert refused.value.code == "bad_id"


async def test_grants(registry: Registry) -> None:
    await registry.put_person(WEI)
    for place in ("plant", "home"):
        await registry.put_place(PlaceRow(place, place))
        await registry.put_grant(GrantRow("wei", place, "viewer"))
    await registry.put_grant(GrantRow("wei", "home", "owner"))
    assert await registry.grants("wei") == [GrantRow("wei", "home", "owner"), GrantRow("wei", "plant", "viewer")]
    for row in (GrantRow("nobody", "home", "owner"), GrantRow("wei", "nowhere", "owner")):
        with pytest.raises(CallerError) as refused:
            await registry.put_grant(row)
        assert refused.value.code == "not_found"
    await registry.remove_grant("wei", "home")
    with pytest.raises(CallerError):
        await registry.remove_grant("wei", "home")
    await registry.remove_place("plant")
    assert await registry.grants("wei") == []


async def test_tokens(registry: Registry) -> None:
    await registry.put_person(WEI)
    token = TokenRow("01j", "wei", b"hash", "phone", 100, ["read", "control@home"], 7)
    await registry.put_token(token)
    await registry.put_token(TokenRow("02j", "wei", b"other"))
    assert await registry.find_token(b"hash") == (token, WEI)
    assert await registry.find_token(b"unknown") is None
    found = await registry.find_token(b"other")
    assert found is not None
    assert (found[0].scopes, found[0].expires) == (None, None)
    assert await registry.list_tokens("wei", limit=1) == [token]
    assert [row.id for row in await registry.list_tokens(after="01j")] == ["02j"]
    assert await registry.list_tokens("ana") == []
    with pytest.raises(CallerError) as refused:
        await registry.put_token(TokenRow("03j", "wei", b"hash"))
    assert refused.value.code == "exists"
    with pytest.raises(CallerError) as refused:
        await registry.put_token(TokenRow("03j", "nobody", b"new"))
    assert refused.value.code == "not_found"


async def test_tokens_go(registry: Registry) -> None:
    await registry.put_person(WEI)
    for id, expires in (("a", 10), ("b", 20), ("c", None)):
        await registry.put_token(TokenRow(id, "wei", id.encode(), expires=expires))
    assert await registry.remove_expired_tokens(15) == 1
    await registry.remove_token("b")
    with pytest.raises(CallerError):
        await registry.remove_token("b")
    assert await registry.find_token(b"c") is not None
    await registry.remove_person("wei")
    assert await registry.find_token(b"c") is None
    with pytest.raises(CallerError):
        await registry.remove_person("wei")


async def test_a_setup_code_lets_in_one(registry: Registry) -> None:
    await registry.put_setup_code(b"code", created=1)
    people = [PersonRow(f"admin{number}", "Admin", role="administrator") for number in range(5)]
    results = await asyncio.gather(
        *(
            registry.use_setup_code(b"code", person, [TokenRow(person.id, person.id, person.id.encode())], now=2)
            for person in people
        ),
        return_exceptions=True,
    )
    assert [result is None for result in results].count(True) == 1
    assert {result.code for result in results if isinstance(result, CallerError)} == {"bad_credentials"}
    (administrator,) = await registry.list_people()
    assert [row.person for row in await registry.list_tokens()] == [administrator.id]


async def test_setup_codes_expire_and_are_replaced(registry: Registry) -> None:
    admin = PersonRow("admin", "Admin", role="administrator")
    assert not await registry.has_setup_code(now=1)
    await registry.put_setup_code(b"first", created=1)
    await registry.put_setup_code(b"second", created=2, expires=10)
    assert [await registry.has_setup_code(now=now) for now in (10, 11)] == [True, False]
    for code, now in ((b"first", 3), (b"second", 11), (b"unknown", 3)):
        with pytest.raises(CallerError) as refused:
            await registry.use_setup_code(code, admin, now=now)
        assert refused.value.code == "bad_credentials"
    await registry.use_setup_code(b"second", admin, now=10)
    assert not await registry.has_setup_code(now=10)
    assert await registry.get_person("admin") == admin


async def test_a_taken_name_does_not_spend_the_code(registry: Registry) -> None:
    await registry.put_person(WEI)
    await registry.put_setup_code(b"code", created=1)
    with pytest.raises(CallerError) as refused:
        await registry.use_setup_code(b"code", PersonRow("wei", "Wei"), now=2)
    assert refused.value.code == "exists"
    await registry.use_setup_code(b"code", PersonRow("admin", "Admin"), now=2)
