"""Roles that end, sessions, invitations, second factors, passkeys, and the audit of access."""

from __future__ import annotations

import asyncio

import pytest

from unisono.errors import CallerError
from unisono.store.registry import (
    AccessRow,
    GrantRow,
    InvitationRow,
    PasskeyRow,
    PersonRow,
    PlaceRow,
    Registry,
    SecondFactorRow,
    TokenRow,
    access_audit,
    factors,
    invitations,
)

WEI, ANA = PersonRow("wei", "Wei", "hash"), PersonRow("ana", "Ana", role="viewer")


@pytest.fixture
async def people(registry: Registry) -> None:
    await registry.put_place(PlaceRow("home", "Home", partition="0"))
    await registry.put_place(PlaceRow("room", "Room", parent="home"))
    await registry.put_person(WEI)
    await registry.put_person(ANA)


def invited(**fields: object) -> InvitationRow:
    given: dict[str, object] = {
        "id": "01",
        "code_hash": b"code",
        "name": "Ana",
        "role": "",
        "grants": {"home": ("guest", 500), "gone": ("owner", None)},
        "made_by": "wei",
        "created": 10,
        "expires": 100,
    }
    return InvitationRow(**{**given, **fields})  # type: ignore[arg-type]


async def test_roles_end(registry: Registry, people: None) -> None:
    rows = [GrantRow("wei", "home", "guest", 100), GrantRow("wei", "room", "member")]
    await registry.put_grants("wei", rows)
    assert await registry.grants("wei") == rows
    assert await registry.grants("wei", now=99) == rows
    assert await registry.grants("wei", now=100) == rows[1:]
    assert await registry.people_at(["home", "room"]) == [(WEI, rows[0]), (WEI, rows[1])]
    assert await registry.people_at(["nowhere"]) == []
    assert await registry.people_with_role() == [ANA]
    await registry.put_grants("wei", [])
    assert await registry.grants("wei") == []
    with pytest.raises(CallerError) as refused:
        await registry.put_grants("nobody", rows)
    assert refused.value.code == "not_found"


async def test_sessions_are_told_from_tokens_and_end_together(registry: Registry, people: None) -> None:
    token = TokenRow("a", "wei", b"a")
    sessions = [TokenRow(id, "wei", id.encode(), session=True, agent="Firefox", address="::1") for id in "bcd"]
    for row in (token, *sessions):
        await registry.put_token(row)
    await registry.put_token(TokenRow("e", "ana", b"e", session=True))
    assert await registry.list_tokens("wei", session=False) == [token]
    assert await registry.list_tokens("wei", session=True) == sessions
    await registry.touch_token("b", 77, "::2")
    found = await registry.get_token("b")
    assert found is not None and (found[0].seen, found[0].address) == (77, "::2")
    assert sorted(await registry.remove_sessions("wei", but="c")) == ["b", "d"]
    assert [row.id for row in await registry.list_tokens()] == ["a", "c", "e"]


async def test_an_invitation_is_taken_once_and_brings_its_roles(registry: Registry, people: None) -> None:
    await registry.put_invitation(invited(role="member"), now=10)
    bob = PersonRow("bob", "Bob", "hash", "member", 20)
    with pytest.raises(CallerError) as refused:
        await registry.take_invitation(b"other", bob, new=True, now=20)
    assert refused.value.code == "bad_credentials"
    for wrong, new, code in ((WEI, True, "exists"), (bob, False, "not_found")):
        with pytest.raises(CallerError) as refused:
            await registry.take_invitation(b"code", wrong, new=new, now=20)
        assert refused.value.code == code, "and it stays open"
    session = TokenRow("t", "bob", b"t", session=True)
    tries = [registry.take_invitation(b"code", bob, [session], new=True, now=20) for _ in range(5)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, InvitationRow) for each in done) == 1
    assert await registry.get_person("bob") == bob
    assert await registry.grants("bob") == [GrantRow("bob", "home", "guest", 500)], "a place that went is passed over"
    assert await registry.find_token(b"t") == (session, bob)
    row = await registry.get_invitation("01")
    assert row is not None and (row.used_at, row.used_by) == (20, "bob")
    assert row == await registry.find_invitation(b"code")
    with pytest.raises(CallerError) as refused:
        await registry.revoke_invitation("01", at=30)
    assert refused.value.code == "in_use"


async def test_an_account_takes_an_invitation_and_keeps_what_it_is(registry: Registry, people: None) -> None:
    await registry.put_invitation(invited(role="owner"), now=10)
    await registry.take_invitation(b"code", ANA, new=False, now=20)
    assert await registry.get_person("ana") == ANA
    await registry.put_invitation(invited(id="02", code_hash=b"2", role="operator", grants={}), now=10)
    await registry.take_invitation(b"2", WEI, new=False, now=20)
    found = await registry.get_person("wei")
    assert found is not None and found.role == "operator"


async def test_invitations_end(registry: Registry, people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    await registry.put_invitation(invited(), now=10)
    await registry.put_invitation(invited(id="02", code_hash=b"2", expires=50), now=10)
    assert [row.id for row in await registry.list_invitations(limit=1)] == ["01"]
    assert [row.id for row in await registry.list_invitations(after="01")] == ["02"]
    await registry.revoke_invitation("01", at=20)
    for code, now in ((b"code", 30), (b"2", 51)):
        with pytest.raises(CallerError) as refused:
            await registry.take_invitation(code, WEI, new=False, now=now)
        assert refused.value.code == "bad_credentials"
    with pytest.raises(CallerError) as refused:
        await registry.revoke_invitation("03", at=20)
    assert refused.value.code == "not_found"
    assert await registry.remove_old_invitations(51) == 1
    monkeypatch.setattr(invitations, "MAX_OPEN", 1)
    await registry.put_invitation(invited(id="03", code_hash=b"3"), now=10)
    with pytest.raises(CallerError) as refused:
        await registry.put_invitation(invited(id="04", code_hash=b"4"), now=10)
    assert refused.value.code == "too_many"


async def test_a_second_factor_counts_once_confirmed_and_each_code_once(registry: Registry, people: None) -> None:
    await registry.begin_second_factor(SecondFactorRow("wei", b"one", 10))
    await registry.begin_second_factor(SecondFactorRow("wei", b"two", 11))
    await registry.confirm_second_factor("wei", 5, 12, [b"r1", b"r2"])
    assert await registry.get_second_factor("wei") == SecondFactorRow("wei", b"two", 11, 12, 5)
    for attempt in (
        registry.begin_second_factor(SecondFactorRow("wei", b"x", 1)),
        registry.confirm_second_factor("wei", 6, 12, []),
    ):
        with pytest.raises(CallerError):
            await attempt
    assert not await registry.use_step("wei", 5)
    assert [await registry.use_step("wei", 6), await registry.use_step("wei", 6)] == [True, False]
    assert await registry.count_recovery_codes("wei") == 2
    used = await asyncio.gather(*(registry.use_recovery_code("wei", b"r1") for _ in range(4)))
    assert sorted(used) == [False, False, False, True]
    assert not await registry.use_recovery_code("ana", b"r2")
    await registry.put_recovery_codes("wei", [b"n"])
    assert await registry.count_recovery_codes("wei") == 1
    assert await registry.remove_second_factor("wei")
    assert not await registry.remove_second_factor("wei")
    assert await registry.get_second_factor("wei") is None
    assert await registry.count_recovery_codes("wei") == 0


async def test_passkeys_and_what_an_issuer_says(
    registry: Registry, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = PasskeyRow("id", "wei", "Phone", "hub.local", b"key", 0, 5)
    await registry.put_passkey(row)
    assert await registry.get_passkey("id") == row
    assert await registry.get_passkey("other") is None
    with pytest.raises(CallerError) as refused:
        await registry.put_passkey(PasskeyRow("id", "ana", "", "", b""))
    assert refused.value.code == "exists"
    monkeypatch.setattr(factors, "MAX_PASSKEYS", 1)
    with pytest.raises(CallerError) as refused:
        await registry.put_passkey(PasskeyRow("id2", "wei", "", "", b""))
    assert refused.value.code == "too_many"
    await registry.use_passkey("id", 7, 9)
    assert [(each.sign_count, each.used) for each in await registry.list_passkeys("wei")] == [(7, 9)]
    with pytest.raises(CallerError):
        await registry.remove_passkey("ana", "id")
    await registry.remove_passkey("wei", "id")
    assert await registry.find_foreign_person("https://issuer", "1") is None
    await registry.put_foreign_person("https://issuer", "1", "wei", 5)
    with pytest.raises(CallerError) as refused:
        await registry.put_foreign_person("https://issuer", "1", "ana", 6)
    assert refused.value.code == "exists", "it is taken from nobody"
    new = PersonRow("new", "New", created=7)
    with pytest.raises(CallerError):
        await registry.put_foreign_person("https://issuer", "1", "new", 7, new=new)
    assert await registry.get_person("new") is None, "both or nothing"
    await registry.put_foreign_person("https://issuer", "2", "new", 7, new=new)
    assert await registry.get_person("new") == new
    assert await registry.find_foreign_person("https://issuer", "1") == "wei"
    assert await registry.list_foreign_persons("wei") == [("https://issuer", "1", 5)]
    await registry.remove_foreign_persons("wei")
    with pytest.raises(CallerError) as refused:
        await registry.remove_foreign_persons("wei")
    assert refused.value.code == "not_found"
    assert await registry.find_foreign_person("https://issuer", "1") is None


async def test_all_that_is_a_persons_goes_with_them(registry: Registry, people: None) -> None:
    await registry.begin_second_factor(SecondFactorRow("wei", b"one", 10))
    await registry.put_recovery_codes("wei", [b"r"])
    await registry.put_passkey(PasskeyRow("id", "wei", "Phone", "hub", b"key"))
    await registry.put_foreign_person("https://issuer", "1", "wei", 5)
    await registry.remove_person("wei")
    assert await registry.get_second_factor("wei") is None
    assert await registry.count_recovery_codes("wei") == 0
    assert await registry.get_passkey("id") is None
    assert await registry.find_foreign_person("https://issuer", "1") is None


async def test_the_audit_is_read_backwards_and_is_bounded(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    for at, (act, by, about) in enumerate(
        [("signed_in", "wei", "wei"), ("role_given", "wei", "ana"), ("signed_in", "ana", "ana")], 1
    ):
        await registry.put_access(AccessRow(0, at, act, by, about, "::1", {"place": "home"}))
    lines = await registry.find_access()
    assert [(row.act, row.about) for row in lines] == [
        ("signed_in", "ana"),
        ("role_given", "ana"),
        ("signed_in", "wei"),
    ]
    assert lines[0].detail == {"place": "home"}
    assert [row.at for row in await registry.find_access(of="ana")] == [3, 2]
    assert [row.at for row in await registry.find_access(acts=["signed_in"])] == [3, 1]
    assert [row.at for row in await registry.find_access(start=2, end=3)] == [2]
    assert [row.at for row in await registry.find_access(before=lines[0].number, limit=1)] == [2]
    monkeypatch.setattr(access_audit, "KEPT", 2)
    await registry.put_access(AccessRow(0, 4, "signed_in", "wei", "wei"))
    assert [row.at for row in await registry.find_access()] == [4, 3]
