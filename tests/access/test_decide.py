"""Who may do what: the table as a whole, then the rules around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.access import (
    RIGHTS,
    Action,
    Identity,
    Risk,
    Role,
    Scope,
    decide,
    read_scope,
    rights_at,
    role_at,
    write_scope,
)
from unisono.errors import CallerError

PLACES = ["home", "floor", "room"]

# The whole table again, by hand: the highest risk at which a role may do an action, "-" for never.
#             read control automate configure administer operate_hub
TABLE = """
administrator 2    2       2        2         2          2
owner         2    2       2        2         2          -
operator      2    2       -        -         -          -
member        1    1       1        -         -          -
guest         0    0       -        -         -          -
viewer        0    -       -        -         -          -
"""

roles = st.sampled_from(Role)
scopes = st.builds(Scope, st.sampled_from(Action), st.none() | st.sampled_from([*PLACES, "elsewhere"]))
identities = st.builds(
    Identity,
    id=st.just("wei"),
    role=st.none() | roles,
    grants=st.dictionaries(st.sampled_from([*PLACES, "elsewhere"]), roles),
    scopes=st.none() | st.lists(scopes, max_size=4).map(tuple),
    disabled=st.booleans(),
)
paths = st.integers(0, 3).map(lambda depth: PLACES[:depth])
actions = st.sampled_from(Action)
risks = st.sampled_from(Risk)


@pytest.mark.parametrize("line", TABLE.strip().splitlines(), ids=lambda line: line.split()[0])
def test_the_table(line: str) -> None:
    role, *highest = line.split()
    for action, limit in zip(Action, highest, strict=True):
        for risk in Risk:
            wanted = limit != "-" and risk <= int(limit)
            identity = Identity("wei", grants={"floor": Role(role)})
            if role == "administrator":
                identity = Identity("wei", role=Role.ADMINISTRATOR)
            assert decide(identity, action, PLACES, risk).allowed == wanted, (role, action, risk)


def test_every_role_is_in_the_table() -> None:
    assert set(RIGHTS) == set(Role)


@given(action=actions, path=paths, risk=risks)
def test_a_stranger_may_nothing(action: Action, path: list[str], risk: Risk) -> None:
    decision = decide(Identity("stranger", grants={"elsewhere": Role.OWNER}), action, path, risk)
    assert (bool(decision), decision.reason) == (False, "no_role")


@given(identity=identities, action=actions, path=paths, risk=risks)
def test_allowed_exactly_when_no_rule_stands_in_the_way(
    identity: Identity, action: Action, path: list[str], risk: Risk
) -> None:
    decision = decide(identity, action, path, risk)
    role = role_at(identity, path)
    limit = None if role is None else RIGHTS[role].get(action)
    scoped = identity.scopes is None or any(
        scope.action is action and (scope.place is None or scope.place in path) for scope in identity.scopes
    )
    assert decision.allowed == (not identity.disabled and limit is not None and risk <= limit and scoped)
    assert decision.allowed == (decision.reason == "") == (decision.detail == "")


@given(identity=identities, action=actions, path=paths, risk=risks)
def test_narrowing_never_widens(identity: Identity, action: Action, path: list[str], risk: Risk) -> None:
    """A token's scopes, a higher risk and being disabled only ever take away."""
    unscoped = Identity(identity.id, identity.role, identity.grants)
    if decide(identity, action, path, risk):
        assert decide(unscoped, action, path, risk)
        assert all(decide(identity, action, path, lower) for lower in Risk if lower <= risk)


@given(identity=identities, action=actions, risk=risks, path=paths)
def test_grants_reach_down_and_not_up_or_sideways(
    identity: Identity, action: Action, risk: Risk, path: list[str]
) -> None:
    at_hub = Identity(identity.id, identity.role, {}, identity.scopes, identity.disabled)
    below = {place: role for place, role in identity.grants.items() if place not in path}
    elsewhere = Identity(identity.id, identity.role, below, identity.scopes, identity.disabled)
    assert decide(elsewhere, action, path, risk) == decide(at_hub, action, path, risk)


@given(identity=identities, action=actions, risk=risks, path=paths)
def test_all_rights_at_a_place_are_what_is_decided_one_by_one(
    identity: Identity, action: Action, risk: Risk, path: list[str]
) -> None:
    assert bool(decide(identity, action, path, risk)) == (risk <= rights_at(identity, path).get(action, -1))


def test_the_nearest_grant_counts() -> None:
    identity = Identity("wei", grants={"home": Role.OWNER, "room": Role.VIEWER})
    assert role_at(identity, PLACES) is Role.VIEWER
    assert role_at(identity, PLACES[:2]) is Role.OWNER
    assert role_at(Identity("wei", role=Role.MEMBER), PLACES) is Role.MEMBER
    administrator = Identity("wei", role=Role.ADMINISTRATOR, grants={"room": Role.VIEWER})
    assert role_at(administrator, PLACES) is Role.ADMINISTRATOR


@pytest.mark.parametrize(
    ("identity", "reason", "detail"),
    [
        (Identity("wei", role=Role.ADMINISTRATOR, disabled=True), "disabled", "wei is disabled"),
        (Identity("wei"), "no_role", "wei has no role at room"),
        (Identity("wei", grants={"home": Role.VIEWER}), "role", "a viewer at room may not control"),
        (
            Identity("wei", grants={"home": Role.OWNER}, scopes=(Scope(Action.READ),)),
            "scope",
            "the token of wei is not for control at room",
        ),
        (
            Identity("wei", grants={"home": Role.GUEST}),
            "risk",
            "a guest at room may control, but not what is this risky",
        ),
    ],
)
def test_each_refusal_says_why(identity: Identity, reason: str, detail: str) -> None:
    decision = decide(identity, Action.CONTROL, PLACES, Risk.SENSITIVE)
    assert (decision.allowed, decision.reason, decision.detail) == (False, reason, detail)


def test_what_belongs_to_the_hub_is_decided_by_the_hub_wide_role() -> None:
    assert decide(Identity("wei", role=Role.ADMINISTRATOR), Action.OPERATE_HUB)
    refused = decide(Identity("wei", grants={"home": Role.OWNER}), Action.CONFIGURE)
    assert refused.detail == "wei has no role at the hub"


@given(scopes)
def test_scopes_round_trip(scope: Scope) -> None:
    assert read_scope(write_scope(scope)) == scope


@pytest.mark.parametrize("text", ["", "fly", "read@", "READ", "@home"])
def test_what_is_no_scope(text: str) -> None:
    with pytest.raises(CallerError, match="no scope"):
        read_scope(text)
