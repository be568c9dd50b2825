"""Safety documents of root places over HTTP: read, put in force, taken away, checked.

Knows rows and rights, and whether what a document names is there. What it means is `unisono.twin.safety`'s.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from unisono.access import Action
from unisono.api.auth import Identity, now_us
from unisono.api.commands import shapes as command_shapes
from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.relay import encode_entry
from unisono.api.scenes.policed import SceneRefused, refused_by
from unisono.api.times import iso_or_none
from unisono.errors import CallerError
from unisono.store.registry import OutboxRow, PlaceRow, PolicyRow
from unisono.thing import find_property
from unisono.twin import record
from unisono.twin.policy import Policy, load_policy

__all__ = ["router"]

Version = Annotated[int | None, QueryParameter(ge=1)]


async def _root(context: ApiContext, identity: Identity, place_id: str, action: Action) -> PlaceRow:
    path = await context.path_of(place_id)
    if not path or not context.auth.allows(identity, Action.READ, path):
        raise CallerError(f"There is no place {place_id[:80]!r}", code="not_found", mend="Run: unisono place list")
    context.auth.require(identity, action, path)
    row = await context.place(place_id)
    if row.parent is not None:
        raise CallerError(
            f"{place_id!r} lies in {row.root!r}; a root place has the policy for all that is in it",
            code="bad_value",
            field="id",
            expected=row.root,
        )
    return row


@get("/{place_id:str}/policy")
async def get_policy(
    context: Context, identity: Asker, place_id: FromPath[str], version: Version = None
) -> command_shapes.PolicyVersion:
    """The policy in force, or one of its versions; without any, an empty one of version 0."""
    root = await _root(context, identity, place_id, Action.READ)
    row = await context.registry.get_policy(root.id, version)
    if row is None and version is not None:
        raise CallerError(f"{root.id} has no version {version} of its policy", code="not_found", field="version")
    return _shown(row or PolicyRow(root.id, 0, None, 0, ""))


@put("/{place_id:str}/policy")
async def put_policy(
    context: Context,
    identity: Asker,
    place_id: FromPath[str],
    data: JSONBody[dict[str, Any]],
    version: Version = None,
) -> command_shapes.PolicyVersion:
    """Put a policy in force, whole; answered once it is. ``version``: of the one it was made from; another is refused.

    Everything that it names has to be there: an interlock that looks at nothing would forbid for ever. ``warnings`` in
    the answer are the scenes with steps that it always refuses.
    """
    root = await _root(context, identity, place_id, Action.ADMINISTER)
    policy = load_policy(data)
    async for path, detail in _missing(context, root, policy):
        raise CallerError(detail, code="bad_policy", field=path, expected="something that is there")
    document = msgspec.json.encode(policy)
    warnings = await refused_by(context, identity, root.id, policy)
    row = await context.registry.put_policy(
        root.id,
        document.decode(),
        at=now_us(),
        by=identity.id,
        entries=lambda number: [
            OutboxRow(root.partition, encode_entry(record.PolicyPut(root.id, number, document))),
        ],
        expected=version,
    )
    await context.in_force([root.partition])
    return _shown(row, warnings)


@delete("/{place_id:str}/policy", status_code=204)
async def remove_policy(context: Context, identity: Asker, place_id: FromPath[str]) -> None:
    """Have no policy from now on; its versions stay to be read."""
    root = await _root(context, identity, place_id, Action.ADMINISTER)
    row = await context.registry.get_policy(root.id)
    if row is None or row.document is None:
        raise CallerError(f"{root.id} has no policy", code="not_found")
    entry = OutboxRow(root.partition, encode_entry(record.PolicyRemoved(root.id)))
    await context.registry.put_policy(root.id, None, at=now_us(), by=identity.id, entries=lambda _number: [entry])
    await context.in_force([root.partition])


@post("/{place_id:str}/policy/check", status_code=200)
async def check_policy(
    context: Context, identity: Asker, place_id: FromPath[str], data: JSONBody[dict[str, Any]]
) -> command_shapes.PolicyCheck:
    """What is wrong in a policy, without putting it in force: what it names and is not there; and scenes with steps
    that it would always refuse."""
    root = await _root(context, identity, place_id, Action.READ)
    try:
        policy = load_policy(data)
    except CallerError as error:
        return command_shapes.PolicyCheck(False, [command_shapes.PolicyFinding(error.field or "", str(error))])
    findings = [command_shapes.PolicyFinding(path, detail) async for path, detail in _missing(context, root, policy)]
    warnings = await refused_by(context, identity, root.id, policy)
    return command_shapes.PolicyCheck(not findings, findings, warnings)


async def _missing(context: ApiContext, root: PlaceRow, policy: Policy) -> AsyncIterator[tuple[str, str]]:
    """What is named and is not there, as (path, what)."""
    named: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
        *((f"rules.{n}.what", rule.what.things, rule.what.places) for n, rule in enumerate(policy.rules)),
        *((f"interlocks.{n}.never", each.never.things, each.never.places) for n, each in enumerate(policy.interlocks)),
        *((f"limits.{n}.what", each.what.things, each.what.places) for n, each in enumerate(policy.limits)),
    ]
    for path, things, places in named:
        for thing in things:
            row = await context.registry.get_thing(thing)
            if row is None or row.root != root.id:
                yield f"{path}.things", f"there is no thing {thing!r} in {root.id}"
        for place in places:
            if root.id not in await context.path_of(place):
                yield f"{path}.places", f"there is no place {place!r} in {root.id}"
    for number, interlock in enumerate(policy.interlocks):
        for place_in_list, seen in enumerate(interlock.while_):
            path = f"interlocks.{number}.while.{place_in_list}"
            row = await context.registry.get_thing(seen.thing)
            # what another partition holds cannot be looked at in the fold of this one
            if row is None or await context.partition_of(row.root) != root.partition:
                yield f"{path}.thing", f"there is no thing {seen.thing!r} that {root.id} can look at"
                continue
            try:
                find_property(await context.catalog.get(row.model, row.model_version), seen.property)
            except CallerError as error:
                yield f"{path}.property", error.detail


def _shown(row: PolicyRow, warnings: Sequence[SceneRefused] = ()) -> command_shapes.PolicyVersion:
    document = msgspec.json.decode(row.document) if row.document is not None else {}
    return command_shapes.PolicyVersion(
        row.root, row.version, document, iso_or_none(row.at), row.by or None, [*warnings]
    )


router = Router("/places", route_handlers=[get_policy, put_policy, remove_policy, check_policy], tags=["places"])
