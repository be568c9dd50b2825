"""From what somebody wants of a thing to a command at its owner: checked against the model and the asker's rights.

Knows models and rights. Knows no route; HTTP and programs at the MQTT door ask alike. A command's life is the owner's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from unisono.api.auth import Identity, now_us
from unisono.api.ids import new_ulid
from unisono.errors import CallerError
from unisono.store.registry import ThingRow
from unisono.thing import Model, check_input, check_value, find_action, find_property
from unisono.twin import record, talk

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["ask_for", "check_command"]


def check_command(
    model: Model, wanted: Mapping[str, Any] | None, call: str | None, given: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, str | None, dict[str, Any]]:
    """``set`` by property key, or the action's key and its input, checked against the model.

    Raises CallerError: bad_request, unknown_property, unknown_action, not_writable, bad_value.
    """
    if (wanted is None) == (call is None):
        raise CallerError("Say what is wanted", code="bad_request", expected='either {"set": {...}} or {"call": "..."}')
    if wanted is not None:
        if not wanted:
            raise CallerError("Nothing is wanted", code="bad_request", field="set", expected="at least one property")
        return dict(_wanted(model, *item) for item in wanted.items()), None, {}
    assert call is not None
    key, action = find_action(model, call)
    return None, key, check_input(model, action.inputs, dict(given))


def _wanted(model: Model, name: str, value: Any) -> tuple[str, Any]:
    key, found = find_property(model, name)
    if not found.writable:
        writable = ", ".join(each for each, p in model.properties.items() if p.writable) or "none of this model"
        raise CallerError(
            f"{key} can only be read",
            code="not_writable",
            field=f"set.{name}",
            expected=f"a writable property: {writable}",
        )
    return key, check_value(found.schema, value, f"set.{name}", writing=True)


async def ask_for(
    context: ApiContext,
    identity: Identity,
    row: ThingRow,
    partition: str,
    *,
    set: Mapping[str, Any] | None,
    call: str | None,
    input: Mapping[str, Any],
    ttl_s: float = 0.0,
    wait_s: float = 0.0,
) -> talk.CommandView:
    """Ask a thing that ``identity`` may control; answered once it is in the log and ended, or ``wait_s`` is over.

    Raises what `check_command` raises, and CallerError ``not_allowed`` when it is too risky for the identity.
    """
    model = await context.catalog.get(row.model, row.model_version)
    wanted, key, given = check_command(model, set, call, input)
    context.auth.require_command(identity, model, wanted, key, await context.path_of(row.place))
    at = now_us()
    asked = record.Asked(
        id=new_ulid(at),
        thing=row.id,
        at=at,
        by=identity.by(),
        set=wanted,
        call=key,
        input=given if key is not None else None,
        ttl_s=ttl_s,
    )
    return await context.owners.command(partition, talk.CommandAsk(asked, wait_s))
