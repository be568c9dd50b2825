"""Who may do what: identities, roles, scopes and risks, decided over passed-in facts; secrets and passwords."""

from __future__ import annotations

from unisono.access.clients import (
    CLAIM_REQUEST,
    CLAIM_RESPONSE,
    Access,
    Rights,
    TopicRule,
    may_hear,
    may_publish,
    may_subscribe,
    read_rule,
    write_rule,
)
from unisono.access.decide import Identity, decide, rights_at, role_at
from unisono.access.decision import ALLOWED, Decision
from unisono.access.filters import sound_filter
from unisono.access.outside import Outside
from unisono.access.passwords import (
    check_choice,
    check_device_password,
    check_password,
    hash_device_password,
    hash_password,
    is_device_password,
    needs_rehash,
)
from unisono.access.policy import Asking, Moment, Rule, Ruling, Wish, always_denied, rule_on
from unisono.access.risk import dangerous_kinds, risk_of
from unisono.access.roles import RIGHTS, Action, Risk, Role, Scope, read_scope, write_scope
from unisono.access.scopes import read_scopes
from unisono.access.sealing import open_sealed, seal
from unisono.access.second import check_totp, new_recovery_codes, new_totp_secret, totp_uri
from unisono.access.secrets import (
    PEPPER_BYTES,
    check_secret,
    hash_secret,
    is_claim_code,
    is_ticket,
    is_token,
    make_ticket,
    new_claim_code,
    new_pepper,
    new_secret,
    new_setup_code,
    new_token,
    read_code,
    read_setup_code,
)
from unisono.access.topics import NativeTopic, as_subscribed, canonical, read_native, topic_allowed, visible

__all__ = [
    "ALLOWED",
    "CLAIM_REQUEST",
    "CLAIM_RESPONSE",
    "PEPPER_BYTES",
    "RIGHTS",
    "Access",
    "Action",
    "Asking",
    "Decision",
    "Identity",
    "Moment",
    "NativeTopic",
    "Outside",
    "Rights",
    "Risk",
    "Role",
    "Rule",
    "Ruling",
    "Scope",
    "TopicRule",
    "Wish",
    "always_denied",
    "as_subscribed",
    "canonical",
    "check_choice",
    "check_device_password",
    "check_password",
    "check_secret",
    "check_totp",
    "dangerous_kinds",
    "decide",
    "hash_device_password",
    "hash_password",
    "hash_secret",
    "is_claim_code",
    "is_device_password",
    "is_ticket",
    "is_token",
    "make_ticket",
    "may_hear",
    "may_publish",
    "may_subscribe",
    "needs_rehash",
    "new_claim_code",
    "new_pepper",
    "new_recovery_codes",
    "new_secret",
    "new_setup_code",
    "new_token",
    "new_totp_secret",
    "open_sealed",
    "read_code",
    "read_native",
    "read_rule",
    "read_scope",
    "read_scopes",
    "read_setup_code",
    "rights_at",
    "risk_of",
    "role_at",
    "rule_on",
    "seal",
    "sound_filter",
    "topic_allowed",
    "totp_uri",
    "visible",
    "write_rule",
    "write_scope",
]
