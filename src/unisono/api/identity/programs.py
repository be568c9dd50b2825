"""Programs at the MQTT door: what a person's token opens there, and the commands that it asks for.

Knows people, tokens, places and things as rows; the decisions are `unisono.access`'s. A program is bound to one root
place: that of its token's places, or the one it names in its user name (``anything@ROOT``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from unisono.access import Action, Rights, TopicRule, decide
from unisono.api.auth import Identity
from unisono.api.commands.asking import Wish, address_class, ask_for
from unisono.api.commands.confirming import ConfirmationError
from unisono.errors import CallerError
from unisono.store.registry import PlaceRow
from unisono.twin import talk

if TYPE_CHECKING:
    from unisono.access import Access
    from unisono.api.context import ApiContext

__all__ = ["Programs"]

# ids that travel with a sign-in when a token does not reach every thing of its root: they must fit a message of the bus
MAX_LISTED = 5_000

# root places that are named in a refusal
NAMED = 5

# who may do one of these with ordinary topics is who may do the other at the root place
NEEDS: dict[Access, Action] = {"publish": Action.CONTROL, "subscribe": Action.READ}


class Programs:
    """Signs programs in, and carries their commands to the owners with the rights of today."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    async def sign_in(self, shown: talk.Credentials) -> talk.SignIn:
        """Who holds the token, and what it opens."""
        try:
            identity = await self._context.auth.by_token(shown.password, shown.address)
            return await self._opened(identity, shown.user.partition("@")[2])
        except CallerError as error:
            code = "not_allowed" if error.code == "not_allowed" else "bad_credentials"
            return talk.SignIn(False, shown.user, code, str(error))

    async def recheck(self, shown: talk.Credentials) -> talk.SignIn:
        """Whether the token still counts, and what it opens today."""
        _, token, root = shown.stamp.split(":", 2)
        try:
            return await self._opened(await self._context.auth.by_token_id(token), root)
        except CallerError as error:
            return talk.SignIn(False, shown.user, "bad_credentials", str(error))

    async def ask(self, payload: bytes) -> bytes:
        """`talk.PROGRAM_ASKS`: a command, once the token's rights and the thing's model allow it."""
        asked = msgspec.msgpack.decode(payload, type=talk.ProgramAsk)
        _, token, root = asked.stamp.split(":", 2)
        identity = await self._context.auth.by_token_id(token)
        row, partition = await self._context.thing(asked.thing, identity, Action.READ)
        if row.root != root:
            raise CallerError(f"{asked.thing!r} stands in another root place", code="not_allowed")
        address = address_class(asked.address)
        wish = Wish(asked.set, asked.call, asked.input or {}, confirmation=asked.confirmation, address=address)
        try:
            view = await ask_for(self._context, identity, row, partition, wish)
        except ConfirmationError as error:
            raise CallerError(
                error.detail,
                code=error.code,
                expected=f'the same within {error.within_s:g} s, with "confirmation": "{error.confirmation}" beside',
                mend="or over HTTP, where MQTT 3.1.1 shows no reason",
            ) from None
        return msgspec.msgpack.encode(view)

    async def _opened(self, identity: Identity, named: str) -> talk.SignIn:
        root = await self._root(identity, named)
        reads = await self._things(identity, root, Action.READ)
        controls = await self._things(identity, root, Action.CONTROL)
        if reads is not None:  # as over HTTP: what one may not see, one cannot command
            controls = reads if controls is None else controls & reads
        rules, free = self._ordinary(identity, root.id)
        if reads == controls == frozenset() and not rules and not free:
            raise CallerError(
                f"the token of {identity.id} opens nothing at {root.id}",
                code="not_allowed",
                expected="a role there, and scopes such as read, control or subscribe:FILTER",
            )
        return talk.SignIn(
            True,
            f"token:{identity.token}",
            root=root.id,
            partition=root.partition,
            stamp=f"token:{identity.token}:{root.id}",
            rights=Rights("program", reads, controls, rules, free),
        )

    async def _root(self, identity: Identity, named: str) -> PlaceRow:
        """The one root place that the program works in."""
        context = self._context
        if named:
            path = await context.path_of(named)
            if not path:
                raise CallerError(f"there is no place {named[:80]!r}", code="not_allowed", field="user name")
            return await context.place(path[0])
        anchors = _anchors(identity)
        if anchors is not None:
            paths = [await context.path_of(place) for place in anchors]
            roots = sorted({path[0] for path in paths if path})
        else:
            roots = await context.registry.root_places(NAMED + 1)
        if len(roots) != 1:
            some = ", ".join(roots[:NAMED]) + (" and more" if len(roots) > NAMED else "")
            raise CallerError(
                f"the token is for several root places ({some})" if roots else "the token is for no place",
                code="not_allowed",
                field="user name",
                expected=f"one of them: token@{roots[0]}" if roots else "a token with a role or scopes at a place",
            )
        return await context.place(roots[0])

    async def _things(self, identity: Identity, root: PlaceRow, action: Action) -> frozenset[str] | None:
        """The things of ``root`` with which ``action`` is allowed; None for all of them."""
        context = self._context
        facts = identity.facts
        inside = [await context.path_of(place) for place in {*facts.grants, *_scoped(identity)}]
        exceptions = [path for path in inside if len(path) > 1 and path[0] == root.id]
        at_root = bool(decide(facts, action, [root.id]))
        if all(bool(decide(facts, action, path)) == at_root for path in exceptions):
            return None if at_root else frozenset()
        places = await self._places(root.id)
        allowed = [place for place, path in places.items() if decide(facts, action, path)]
        ids = await context.registry.thing_ids(allowed, MAX_LISTED + 1)
        if len(ids) > MAX_LISTED:
            raise CallerError(
                f"the token is for a part of {root.id} with more than {MAX_LISTED} things",
                code="not_allowed",
                expected="a token for the whole root place, or for smaller places",
            )
        return frozenset(ids)

    async def _places(self, root: str) -> dict[str, list[str]]:
        """Every place of ``root`` with its path."""
        parents: dict[str, str | None] = {}
        after: str | None = None
        while rows := await self._context.registry.list_places(within=[root], after=after, limit=10_000):
            parents.update((row.id, row.parent) for row in rows)
            after = rows[-1].id
        paths: dict[str, list[str]] = {}

        def path_of(place: str) -> list[str]:
            if place not in paths:
                parent = parents[place]
                paths[place] = [*(path_of(parent) if parent in parents else []), place]
            return paths[place]

        return {place: path_of(place) for place in parents}

    def _ordinary(self, identity: Identity, root: str) -> tuple[tuple[TopicRule, ...], frozenset[Access]]:
        """What the token may do with ordinary topics: of the filters it names, else whatever its role allows."""
        person = msgspec.structs.replace(identity.facts, scopes=None)
        rules = tuple(rule for rule in identity.topics if decide(person, NEEDS[rule.access], [root]))
        if identity.topics:
            return rules, frozenset()
        return (), frozenset(access for access, action in NEEDS.items() if decide(identity.facts, action, [root]))


def _scoped(identity: Identity) -> Iterable[str]:
    return [scope.place for scope in identity.facts.scopes or () if scope.place is not None]


def _anchors(identity: Identity) -> set[str] | None:
    """Places that say in which root places a token works; None for all of the hub."""
    facts = identity.facts
    scopes = facts.scopes or ()
    if scopes and all(scope.place is not None for scope in scopes):
        return {scope.place for scope in scopes if scope.place is not None}
    return None if facts.role is not None else set(facts.grants)
