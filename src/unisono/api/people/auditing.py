"""The audit of access over HTTP: who came in and who let them; and the one way in which a line is written.

Knows acts and rows. Who may read: whoever administers the hub, and everybody what is about themselves.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import FromQuery, QueryParameter

from unisono.access import Action
from unisono.api import shapes
from unisono.api.context import ApiContext, now_us
from unisono.api.inject import Asker, Context
from unisono.api.people.shapes import AccessEntry
from unisono.api.times import SECOND, iso, read_time
from unisono.errors import CallerError
from unisono.store.registry import AccessRow

__all__ = ["ACTS", "Act", "list_access", "tell_audit"]

Act = Literal[
    "signed_in",
    "sign_in_failed",
    "signed_out",
    "set_up",
    "invited",
    "invitation_revoked",
    "joined",
    "user_added",
    "user_changed",
    "user_removed",
    "role_given",
    "role_taken",
    "token_made",
    "token_revoked",
    "session_ended",
    "password_changed",
    "totp_on",
    "totp_off",
    "recovery_made",
    "passkey_added",
    "passkey_removed",
    "oidc_changed",
    "oidc_linked",
    "oidc_unlinked",
]
ACTS: frozenset[str] = frozenset(Act.__args__)  # type: ignore[attr-defined]

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000

From = Annotated[str | None, QueryParameter(name="from", max_length=64)]
To = Annotated[str | None, QueryParameter(name="to", max_length=64)]
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)]

# what strangers typed as their name is kept, as far as it says something
MAX_NAME = 80


async def tell_audit(context: ApiContext, act: Act, by: str, about: str, address: str = "", **detail: Any) -> None:
    """Write a line. Secrets are in no line; what was typed at the door is cut."""
    row = AccessRow(0, now_us(), act, by[:MAX_NAME], about[:MAX_NAME], address[:MAX_NAME], detail)
    await context.registry.put_access(row)


@get("/audit", tags=["people"])
async def list_access(
    context: Context,
    identity: Asker,
    user: FromQuery[str | None] = None,
    act: FromQuery[str | None] = None,
    start: From = None,
    end: To = None,
    after: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> shapes.Page[AccessEntry]:
    """Who came in, who failed to, and who let whom do what; newest first. ``user``: who did it or about whom it is;
    ``act``: one or several, divided by commas. Without the right to administer the hub: one's own."""
    if not context.auth.allows(identity, Action.ADMINISTER, ()):
        if user not in (None, identity.id):
            context.auth.require(identity, Action.ADMINISTER, ())
        user = identity.id
    acts = [each for each in (act or "").split(",") if each]
    for each in acts:
        if each not in ACTS:
            raise CallerError(
                f"{each[:80]!r} is no act", code="bad_value", field="act", expected=", ".join(sorted(ACTS))
            )
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise CallerError("That is no cursor of this list", code="bad_value", field="after")
    now = now_us()
    rows = await context.registry.find_access(
        of=user,
        acts=acts,
        start=read_time(start, now, field="from", default_us=0),
        end=read_time(end, now, field="to", default_us=now + SECOND),
        before=None if after is None else int(after),
        limit=limit + 1,
    )
    page = rows[:limit]
    items = [AccessEntry(row.number, iso(row.at), row.act, row.by, row.about, row.address, row.detail) for row in page]
    return shapes.Page(items, str(page[-1].number) if len(rows) > limit else None)
