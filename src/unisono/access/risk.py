"""What may come of a command, by the traits and the kind of thing it is about.

Knows models and the data file ``data/risks.yaml``. Knows not who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from unisono.access.roles import Risk
from unisono.thing import Model
from unisono.thing.files import read_data

__all__ = ["dangerous_kinds", "risk_of"]


def risk_of(model: Model, wanted: Mapping[str, Any], call: str | None) -> Risk:
    """The risk of setting ``wanted`` (by property key) or of calling an action. What the model lacks has none."""
    action = model.actions.get(call) if call is not None else None
    risky = action is not None and action.risky
    for key, value in wanted.items():
        found = model.properties.get(key)
        risky = risky or (found is not None and found.risky and value not in found.harmless)
    if not risky:
        return Risk.NONE
    return Risk.DANGEROUS if (model.kind or "") in dangerous_kinds() else Risk.SENSITIVE


@cache
def dangerous_kinds() -> frozenset[str]:
    """Kinds of things whatever is risky of which is dangerous."""
    return frozenset(read_data("risks.yaml")["dangerous"])
