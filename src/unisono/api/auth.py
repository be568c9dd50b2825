"""Who asks, and may they: bearer tokens, passwords, and the decision over rights.

Knows tokens' and people's rows and `unisono.access`. Knows no route. Tokens are kept hashed; a password is checked with
Argon2 in a worker thread, one at a time (64 MB each), and failures make the next try wait ever longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from unisono import access
from unisono.access import Action, Risk, Role
from unisono.api.ids import new_ulid
from unisono.errors import CallerError, HostError
from unisono.store.registry import PersonRow, Registry, SecondFactorRow, TokenRow
from unisono.thing import Model

__all__ = ["Auth", "Identity", "Throttle", "now_us", "read_role"]

# a signed-in caller is believed so long without asking the registry; changes made through this process count at once
KEEP_S = 10.0
MAX_KEPT = 1000

# a person stays signed in on a device for a season
LOGIN_FOR_US = 90 * 86_400 * 1_000_000

# how exactly it is told when a token was last used: one small write to the registry each time
SEEN_EVERY_US = 300 * 1_000_000

# what a browser says of itself is kept so far
MAX_AGENT = 200

# password checks that may wait for their turn; each takes 0.15 s
MAX_WAITING_LOGINS = 20


def now_us() -> int:
    """Wall time in microseconds since the Unix epoch."""
    return time.time_ns() // 1000


class Identity(msgspec.Struct, frozen=True):
    """Who signed in. ``visible``: places whose things they may see, with all below; None for every place.

    ``topics``: ordinary topics that a token is narrowed to, at the MQTT door. ``through``: ``assistant`` where it asks
    for them; rights are the same. ``session``: they signed in, with a password or a passkey, and brought no token.
    """

    facts: access.Identity
    name: str
    token: str
    program: bool
    visible: frozenset[str] | None
    topics: tuple[access.TopicRule, ...] = ()
    through: str = ""
    session: bool = False

    @property
    def id(self) -> str:
        return self.facts.id

    def by_assistant(self) -> Identity:
        """The same person with the same rights, asking through the assistant."""
        return msgspec.structs.replace(self, through="assistant")

    def by(self) -> dict[str, str]:
        """How a command names who asked for it."""
        if self.through:
            return {"kind": self.through, "id": self.facts.id, "for": self.facts.id}
        return {"kind": "program" if self.program else "person", "id": self.facts.id}


class Throttle:
    """Makes whoever fails wait: 3 tries are free, then 1 s, doubled each time up to ``longest_s``.

    Forgets after 15 minutes. Time is passed in. Bounded: at `MAX_KEYS` the oldest is forgotten.
    """

    FREE = 3
    FORGET_S = 900.0
    MAX_KEYS = 10_000

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._failures: dict[str, tuple[int, float]] = {}

    def check(self, key: str, now: float) -> None:
        """Raise CallerError ``too_many`` while ``key`` has to wait."""
        count, last = self._failures.get(key, (0, 0.0))
        if count < self.FREE or now - last > self.FORGET_S:
            return
        left = last + min(2.0 ** (count - self.FREE), self._longest_s) - now
        if left > 0:
            raise CallerError(
                "Too many wrong tries; none counts for the moment",
                code="too_many",
                mend=f"Try again in {math.ceil(left)} s",
            )

    def failed(self, key: str, now: float) -> None:
        """``key`` failed once more."""
        count, last = self._failures.pop(key, (0, 0.0))
        if now - last > self.FORGET_S:
            count = 0
        if len(self._failures) >= self.MAX_KEYS:
            del self._failures[next(iter(self._failures))]
        self._failures[key] = (count + 1, now)

    def succeeded(self, key: str) -> None:
        """``key`` is who it says."""
        self._failures.pop(key, None)


class Auth:
    """Signs people and programs in, and decides."""

    def __init__(self, registry: Registry, pepper: bytes) -> None:
        self._registry = registry
        self._pepper = pepper
        self._kept: dict[bytes, tuple[Identity, float]] = {}
        self._changes = 0
        self._one_at_a_time = asyncio.Semaphore(1)
        self._waiting = 0
        self._by_address = Throttle(longest_s=300.0)
        # an attacker must not lock out a person for long: their wait stays short
        self._by_user = Throttle(longest_s=5.0)
        # who guesses at the second factor knew the password: that is no stranger, and the wait may grow
        self._by_second = Throttle(longest_s=900.0)

    def forget(self) -> None:
        """Tokens, people or rights changed: believe nobody from memory."""
        self._kept.clear()
        self._changes += 1

    async def by_token(self, token: str, address: str | None) -> Identity:
        """Who holds ``token``. Raises CallerError ``not_signed_in``."""
        # tokens hold 240 bits: there is nothing to guess, so nothing to throttle
        if not access.is_token(token):
            raise _not_signed_in("That is no token of this hub")
        key = access.hash_secret(token, self._pepper)
        return await self._kept_or(key, lambda: self._registry.find_token(key), address)

    async def by_token_id(self, id: str) -> Identity:
        """Who holds the token with that id, as `by_token`: for who has shown it before."""
        return await self._kept_or(id.encode(), lambda: self._registry.get_token(id))

    async def by_person(self, id: str) -> Identity:
        """Somebody whom the hub itself vouches for: whose microphone it is. Raises CallerError ``not_signed_in``."""
        person = await self._registry.get_person(id)
        if person is None or person.disabled:
            raise _not_signed_in(f"{id[:80]!r} is nobody here, or disabled")
        return await self._identity(TokenRow("", id, b"", "voice", None, None), person)

    async def _kept_or(
        self,
        key: bytes,
        find: Callable[[], Awaitable[tuple[TokenRow, PersonRow] | None]],
        address: str | None = None,
    ) -> Identity:
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is not None and kept[1] > now:
            return kept[0]
        changes = self._changes
        found = await find()
        if found is None or (found[0].expires is not None and found[0].expires <= now_us()):
            raise _not_signed_in("The token is unknown, was revoked or has expired")
        row, person = found
        if person.disabled:
            raise _not_signed_in(f"{person.id} is disabled")
        identity, ends = await self._identity_and_end(row, person)
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        if changes == self._changes:  # else what was read may be revoked by now
            keep_s = KEEP_S if ends is None else min(KEEP_S, (ends - now_us()) / 1e6)
            self._kept[key] = (identity, now + keep_s)
        await self._touch(row, address)
        return identity

    async def _touch(self, row: TokenRow, address: str | None) -> None:
        at = now_us()
        if address is not None and (row.seen is None or at - row.seen > SEEN_EVERY_US):
            with contextlib.suppress(HostError):  # a full disk is no reason to turn somebody away
                await self._registry.touch_token(row.id, at, address)

    async def _identity(self, row: TokenRow, person: PersonRow) -> Identity:
        return (await self._identity_and_end(row, person))[0]

    async def _identity_and_end(self, row: TokenRow, person: PersonRow) -> tuple[Identity, int | None]:
        """Who it is, and the moment from which it is another: when the token or a role ends."""
        at = now_us()
        held = await self._registry.grants(person.id, now=at)
        grants = {each.place: Role(each.role) for each in held}
        ends = [end for end in (row.expires, *(each.expires for each in held)) if end is not None]
        scopes, topics = access.read_scopes(row.scopes or ())
        narrowed = None if row.scopes is None else scopes
        facts = access.Identity(person.id, Role(person.role) if person.role else None, grants, narrowed)
        program = person.password_hash is None and not row.session
        found = Identity(facts, person.name, row.id, program, await self._visible(facts), topics, session=row.session)
        return found, min(ends, default=None)

    async def _visible(self, facts: access.Identity) -> frozenset[str] | None:
        reading = None if facts.scopes is None else [s.place for s in facts.scopes if s.action is Action.READ]
        everywhere = reading is None or None in reading
        if everywhere:
            return None if facts.role is not None else frozenset(facts.grants)
        seen: set[str] = set()
        for place in [each for each in reading or () if each is not None]:
            path = await self._registry.place_path(place)
            if access.decide(facts, Action.READ, path):
                seen.add(place)
            else:  # the token is for the whole house, its person only for a room in it
                for grant in facts.grants:
                    if access.decide(facts, Action.READ, await self._registry.place_path(grant)):
                        seen.add(grant)
        return frozenset(seen)

    # rights

    def allows(self, identity: Identity, action: Action, path: Sequence[str], risk: Risk = Risk.NONE) -> bool:
        """Whether ``identity`` may do ``action`` at the end of ``path``."""
        return bool(access.decide(identity.facts, action, path, risk))

    def require(self, identity: Identity, action: Action, path: Sequence[str], risk: Risk = Risk.NONE) -> None:
        """Raise CallerError ``not_allowed`` with the reason when it may not."""
        decision = access.decide(identity.facts, action, path, risk)
        if not decision:
            raise CallerError(decision.detail, code="not_allowed")

    def visible_places(self, identity: Identity) -> frozenset[str] | None:
        """Places whose things ``identity`` may see, with all below; None for every place."""
        return identity.visible

    def require_command(
        self,
        identity: Identity,
        model: Model,
        wanted: Mapping[str, Any] | None,
        call: str | None,
        path: Sequence[str],
        *,
        action: Action = Action.CONTROL,
    ) -> None:
        """Raise CallerError ``not_allowed`` when a command is too risky for ``identity`` there, now or (by ``action``)
        as what a scene does."""
        self.require(identity, action, path, access.risk_of(model, wanted or {}, call))

    # passwords and tokens

    def check_address(self, address: str) -> None:
        """Raise CallerError ``too_many`` while ``address`` has to wait after wrong tries."""
        self._by_address.check(address, time.monotonic())

    def address_failed(self, address: str) -> None:
        """``address`` tried something wrong."""
        self._by_address.failed(address, time.monotonic())

    async def login(
        self, user: str, password: str, address: str, code: str | None = None, agent: str = ""
    ) -> tuple[str, TokenRow]:
        """A new session of a person who knows their password, and the ``code`` of their app where they have one.

        Raises CallerError ``bad_credentials``, ``second_factor`` (the code is missing or wrong), ``too_many``.
        """
        now = time.monotonic()
        self._by_address.check(address, now)
        self._by_user.check(user, now)
        person = await self._registry.get_person(user)
        stored = person.password_hash if person is not None and not person.disabled else None
        if not await self._in_thread(access.check_password, password, stored):
            now = time.monotonic()
            self._by_address.failed(address, now)
            self._by_user.failed(user, now)
            raise CallerError("User name or password is wrong", code="bad_credentials")
        assert person is not None and stored is not None  # check_password says no when there is no hash
        await self.check_second(person.id, code)
        self._by_address.succeeded(address)
        self._by_user.succeeded(user)
        if access.needs_rehash(stored):
            better = await self.hash_password(password)
            await self._registry.put_person(msgspec.structs.replace(person, password_hash=better))
        return await self.make_session(person.id, address, agent)

    async def check_password_of(self, person: PersonRow, password: str) -> None:
        """That it is really ``person`` who asks. Raises CallerError ``bad_credentials``, ``too_many``."""
        self._by_second.check(person.id, time.monotonic())
        if not await self._in_thread(access.check_password, password, person.password_hash):
            self._by_second.failed(person.id, time.monotonic())
            raise CallerError("The password is wrong", code="bad_credentials", field="password")

    async def check_second(self, person: str, code: str | None) -> None:
        """Whoever has an authenticator app shows a code of it, or a recovery code: each once.

        Raises CallerError ``second_factor``, ``too_many``.
        """
        second = await self._registry.get_second_factor(person)
        if second is None or second.confirmed is None:
            return
        self._by_second.check(person, time.monotonic())
        if not code:
            raise CallerError(
                "This account asks for a code too",
                code="second_factor",
                field="code",
                expected='"code": six digits of the authenticator app, or a recovery code',
            )
        if await self._is_code(second, code):
            self._by_second.succeeded(person)
            return
        self._by_second.failed(person, time.monotonic())
        raise CallerError("The code is wrong or was used", code="second_factor", field="code")

    async def _is_code(self, second: SecondFactorRow, code: str) -> bool:
        secret = access.open_sealed(second.sealed, f"totp:{second.person}", self._pepper)
        step = None if secret is None else access.check_totp(secret, code, now_us() / 1e6, second.last_step)
        if step is not None:
            return await self._registry.use_step(second.person, step)
        hashed = access.hash_secret(access.read_code(code), self._pepper)
        return await self._registry.use_recovery_code(second.person, hashed)

    async def make_session(self, person: str, address: str, agent: str = "") -> tuple[str, TokenRow]:
        """A new session of a person who showed that it is them."""
        token, row = self.new_session(person, address, agent)
        await self._registry.put_token(row)
        return token, row

    def new_session(self, person: str, address: str, agent: str = "") -> tuple[str, TokenRow]:
        """As `make_session`, without keeping it."""
        token, row = self.new_token(person, "signed in", now_us() + LOGIN_FOR_US)
        said = msgspec.structs.replace(row, session=True, agent=agent[:MAX_AGENT], address=address)
        return token, said

    async def hash_password(self, password: str) -> str:
        """The hash to keep. Raises CallerError ``bad_value`` for one too short or too long, ``too_many``."""
        return str(await self._in_thread(access.hash_password, password))

    async def choose_password(self, password: str, user: str) -> str:
        """As `hash_password`, of one that ``user`` has from now on. Raises CallerError ``weak_password`` too."""
        access.check_choice(password, user)
        return await self.hash_password(password)

    async def _in_thread(self, function: Any, *args: Any) -> Any:
        if self._waiting >= MAX_WAITING_LOGINS:
            raise CallerError(
                "Too many sign in at this moment", code="too_many", expected="another try in a few seconds"
            )
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                return await asyncio.to_thread(function, *args)
        finally:
            self._waiting -= 1

    async def make_token(
        self, person: str, name: str, expires: int | None, scopes: list[str] | None = None
    ) -> tuple[str, TokenRow]:
        """A new token of ``person`` and its row; only here the token can be seen."""
        token, row = self.new_token(person, name, expires, scopes)
        await self._registry.put_token(row)
        return token, row

    def new_token(
        self, person: str, name: str, expires: int | None = None, scopes: list[str] | None = None
    ) -> tuple[str, TokenRow]:
        """As `make_token`, without keeping it. Raises CallerError ``bad_value`` for a scope that is none."""
        access.read_scopes(scopes or ())
        token = access.new_token()
        at = now_us()
        row = TokenRow(
            new_ulid(at).lower(), person, access.hash_secret(token, self._pepper), name, expires, scopes, created=at
        )
        return token, row

    def hash_setup_code(self, code: str) -> bytes:
        """A setup code as it is kept, however it was typed."""
        return access.hash_secret(access.read_setup_code(code), self._pepper)


def read_role(text: str, field: str) -> str:
    """A role's name, or "" for none. Raises CallerError ``bad_value``."""
    if text and text not in {role.value for role in Role}:
        raise CallerError(f"{text!r} is no role", code="bad_value", field=field, expected=", ".join(Role))
    return text


def _not_signed_in(detail: str) -> CallerError:
    return CallerError(
        detail,
        code="not_signed_in",
        expected="Authorization: Bearer <token>",
        mend="Sign in, or make a token: unisono user token",
    )
