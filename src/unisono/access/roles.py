"""Who may do what: roles, actions and risks, as one table.

Knows the table and how scopes are written. Knows not who holds a role (that is passed to `decide`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType

import msgspec

from unisono.errors import CallerError

__all__ = ["RIGHTS", "Action", "Risk", "Role", "Scope", "read_scope", "write_scope"]


class Role(StrEnum):
    """What a person is at a place and below it, or on the whole hub."""

    ADMINISTRATOR = "administrator"  # the hub's: everything, everywhere
    OWNER = "owner"  # everything at the place, including who else may
    OPERATOR = "operator"  # a plant's: runs it, does not rebuild it
    MEMBER = "member"  # of a household: lives there
    GUEST = "guest"  # lights and music
    VIEWER = "viewer"  # looks on, a dashboard on the wall


class Action(StrEnum):
    """What is asked for. Each stands for many calls; what is not one of these cannot be allowed."""

    READ = "read"  # state, history, models, scenes
    CONTROL = "control"  # commands, running a scene
    AUTOMATE = "automate"  # making and changing scenes
    CONFIGURE = "configure"  # things, models, places
    ADMINISTER = "administer"  # people, their roles and tokens, things' secrets
    OPERATE_HUB = "operate_hub"  # backup, restore, certificates, the hub's own settings


class Risk(IntEnum):
    """What may come of it, by the trait it is about."""

    NONE = 0
    SENSITIVE = 1  # reading where a person is; opening a lock, disarming, starting a car's climate
    DANGEROUS = 2  # what moves or heats with nobody watching; a press, an interlock, an oven


# The highest risk at which a role may do an action. What is not here is not allowed.
RIGHTS: Mapping[Role, Mapping[Action, Risk]] = MappingProxyType(
    {
        Role.ADMINISTRATOR: MappingProxyType(dict.fromkeys(Action, Risk.DANGEROUS)),
        Role.OWNER: MappingProxyType(
            {
                Action.READ: Risk.DANGEROUS,
                Action.CONTROL: Risk.DANGEROUS,
                Action.AUTOMATE: Risk.DANGEROUS,
                Action.CONFIGURE: Risk.DANGEROUS,
                Action.ADMINISTER: Risk.DANGEROUS,
            }
        ),
        Role.OPERATOR: MappingProxyType({Action.READ: Risk.DANGEROUS, Action.CONTROL: Risk.DANGEROUS}),
        Role.MEMBER: MappingProxyType(
            {Action.READ: Risk.SENSITIVE, Action.CONTROL: Risk.SENSITIVE, Action.AUTOMATE: Risk.SENSITIVE}
        ),
        Role.GUEST: MappingProxyType({Action.READ: Risk.NONE, Action.CONTROL: Risk.NONE}),
        Role.VIEWER: MappingProxyType({Action.READ: Risk.NONE}),
    }
)


class Scope(msgspec.Struct, frozen=True):
    """What a token is narrowed to: an action, everywhere its person may or only at ``place`` and below."""

    action: Action
    place: str | None = None


def read_scope(text: str) -> Scope:
    """Read ``ACTION`` or ``ACTION@PLACE``. Raises CallerError bad_value."""
    action, at, place = text.partition("@")
    if action not in {known.value for known in Action} or (at and not place):
        raise CallerError(
            f"{text[:80]!r} is no scope",
            code="bad_value",
            field="scopes",
            expected=f"one of {', '.join(Action)}, with or without @PLACE",
        )
    return Scope(Action(action), place or None)


def write_scope(scope: Scope) -> str:
    """The text that `read_scope` reads."""
    return f"{scope.action.value}@{scope.place}" if scope.place else scope.action.value
