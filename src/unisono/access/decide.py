"""The one decision over people's and programs' rights.

Knows the order in which rules are asked, over facts that are passed in. What no rule allows is denied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from unisono.access.decision import ALLOWED, Decision
from unisono.access.roles import RIGHTS, Action, Risk, Role, Scope

__all__ = ["Identity", "decide", "rights_at", "role_at"]


class Identity(msgspec.Struct, frozen=True):
    """Who asks. ``role`` holds on the whole hub, ``grants`` by place id; ``scopes`` None: not narrowed by a token."""

    id: str
    role: Role | None = None
    grants: Mapping[str, Role] = {}
    scopes: tuple[Scope, ...] | None = None
    disabled: bool = False


class _Question(msgspec.Struct, frozen=True):
    identity: Identity
    action: Action
    place_path: Sequence[str]
    risk: Risk
    role: Role | None


def role_at(identity: Identity, place_path: Sequence[str]) -> Role | None:
    """The role that counts at the end of ``place_path``: the nearest grant from there up, else the hub-wide role.

    The nearest, not the strongest: so a member of the house can be a mere viewer of the server room. An administrator
    of the hub is one everywhere.
    """
    if identity.role is Role.ADMINISTRATOR:
        return identity.role
    nearest = (identity.grants[place] for place in reversed(place_path) if place in identity.grants)
    return next(nearest, identity.role)


def decide(identity: Identity, action: Action, place_path: Sequence[str] = (), risk: Risk = Risk.NONE) -> Decision:
    """Whether ``identity`` may do ``action`` at a place.

    ``place_path``: ids from the root down to the place; empty for what belongs to the hub itself (models, backups). An
    empty path is decided by the hub-wide role alone. ``risk``: that of the trait or action it is about.
    """
    question = _Question(identity, action, place_path, risk, role_at(identity, place_path))
    for stands_in_the_way, reason, detail in _RULES:
        if stands_in_the_way(question):
            where = place_path[-1] if place_path else "the hub"
            role = question.role or "nobody"
            return Decision(False, reason, detail.format(id=identity.id, action=action, where=where, role=role))
    return ALLOWED


def rights_at(identity: Identity, place_path: Sequence[str]) -> dict[str, int]:
    """What ``identity`` may at a place: actions, each with the highest risk at which `decide` allows it."""
    found = {}
    for action in Action:
        allowed = [risk for risk in Risk if decide(identity, action, place_path, risk)]
        if allowed:
            found[action.value] = int(max(allowed))
    return found


def _unscoped(question: _Question) -> bool:
    scopes = question.identity.scopes
    return scopes is not None and not any(
        scope.action is question.action and (scope.place is None or scope.place in question.place_path)
        for scope in scopes
    )


def _forbidden(question: _Question) -> bool:
    return question.role is None or question.action not in RIGHTS[question.role]


def _too_risky(question: _Question) -> bool:
    return question.role is None or question.risk > RIGHTS[question.role].get(question.action, -1)


# The first that stands in the way is the reason. The order goes from what concerns everything to what concerns this.
_RULES: tuple[tuple[Callable[[_Question], bool], str, str], ...] = (
    (lambda question: question.identity.disabled, "disabled", "{id} is disabled"),
    (lambda question: question.role is None, "no_role", "{id} has no role at {where}"),
    (_forbidden, "role", "a {role} at {where} may not {action}"),
    (_unscoped, "scope", "the token of {id} is not for {action} at {where}"),
    (_too_risky, "risk", "a {role} at {where} may {action}, but not what is this risky"),
)
