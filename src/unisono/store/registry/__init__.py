"""The registry (SQL): places, models, things, scenes, credentials, people, tokens, the outbox and checkpoints.

SQLAlchemy loads when `Registry` is first asked for: rows and `Checkpoints` alone do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unisono.store.registry.address import default_url
from unisono.store.registry.checkpoints import Checkpoints
from unisono.store.registry.rows import (
    AccessRow,
    AddressRow,
    AlarmLineRow,
    AlarmRow,
    AuditRow,
    CertificateRow,
    ChannelRow,
    Checkpoint,
    ClaimRow,
    ConfigurationRow,
    CredentialRow,
    DashboardRow,
    DeliveryRow,
    FirmwareRow,
    ForeignRow,
    GrantRow,
    GroupRow,
    InvitationRow,
    ListenerRow,
    ModelRow,
    NewcomerRow,
    NotificationRow,
    OutboxItem,
    OutboxRow,
    OutletRow,
    OutletState,
    PasskeyRow,
    PersonRow,
    PlaceRow,
    PolicyRow,
    ProductRow,
    SceneRow,
    SceneText,
    SceneVersionRow,
    SecondFactorRow,
    SignInFacts,
    ThingRow,
    TokenRow,
    TopicRuleRow,
)

if TYPE_CHECKING:
    from unisono.store.registry.registry import Registry

__all__ = [
    "AccessRow",
    "AddressRow",
    "AlarmLineRow",
    "AlarmRow",
    "AuditRow",
    "CertificateRow",
    "ChannelRow",
    "Checkpoint",
    "Checkpoints",
    "ClaimRow",
    "ConfigurationRow",
    "CredentialRow",
    "DashboardRow",
    "DeliveryRow",
    "FirmwareRow",
    "ForeignRow",
    "GrantRow",
    "GroupRow",
    "InvitationRow",
    "ListenerRow",
    "ModelRow",
    "NewcomerRow",
    "NotificationRow",
    "OutboxItem",
    "OutboxRow",
    "OutletRow",
    "OutletState",
    "PasskeyRow",
    "PersonRow",
    "PlaceRow",
    "PolicyRow",
    "ProductRow",
    "Registry",
    "SceneRow",
    "SceneText",
    "SceneVersionRow",
    "SecondFactorRow",
    "SignInFacts",
    "ThingRow",
    "TokenRow",
    "TopicRuleRow",
    "default_url",
]


def __getattr__(name: str) -> Any:
    if name == "Registry":
        from unisono.store.registry.registry import Registry

        return Registry
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
