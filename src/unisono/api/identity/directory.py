"""The directory: tells gateways who a client is, over the bus, in batches.

Knows credentials' hashes and the facts behind a sign-in. Knows no socket of a device and no route. Ten thousand devices
that reconnect at once are answered in about a second: asks are batched, facts come from the registry in one query per
batch, a hash is a keyed BLAKE2, and facts are kept for a while. Passwords that a device chose itself are the exception:
Argon2 once, in a lane of their own, then a keyed BLAKE2 too.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from unisono.access import (
    Rights,
    TopicRule,
    check_device_password,
    check_secret,
    hash_secret,
    is_claim_code,
    is_device_password,
    is_token,
    open_sealed,
)
from unisono.api.auth import Throttle, now_us
from unisono.dialect import Caller, LineDialect, dialects, read_caller
from unisono.errors import CallerError
from unisono.store.bus import Bus
from unisono.store.registry import Registry, SignInFacts, TopicRuleRow
from unisono.twin import talk

__all__ = ["Directory", "Strangers"]

log = logging.getLogger(__name__)

# facts of one thing are some 600 bytes; enough for a place's reconnect storm, and a large fleet stays bounded
MAX_KEPT = 20_000

# Changes are told at once; this bounds what a lost announcement could leave standing
KEEP_S = 60.0

# so many unknown things in one question are a crowd, and so many more are then read ahead: 4 ms
CROWD = 8
AHEAD = 250

# readings of what changes meanwhile: each is a change that came within milliseconds of the last
READ_AGAIN = 3

# ids in one ask; a gateway splits larger ones
MAX_ITEMS = 5000

# the queue group: with several API processes one of them answers
QUEUE = "directory"

# passwords that wait for Argon2 (25 ms each, one at a time): as long as a client waits for its CONNACK
MAX_SLOW = 200

# a certificate may be dated back by so much: makers do it for devices whose clock is behind
DATED_BACK_US = 10 * 60 * 1_000_000

UNKNOWN = "Nothing is registered under that id"
NO_SECRET = "The thing has no secret; make one: unisono thing secret ID"
WRONG = "The secret is wrong"
REVOKED = "What it signed in with is worth nothing any more"
STRANGE_CERTIFICATE = "The certificate is of no thing; register it: unisono thing certificate ID --add FILE"
OLD_CERTIFICATE = "The certificate was revoked, has expired, or was made before the thing was added"
OTHER_CERTIFICATE = "The certificate is {thing}'s; the user name must be that or empty"

NOT_NAMED = "No thing has that name in {title}; add it: unisono thing add ID --how DIALECT"
NOT_SEALED = "Its secret is not kept in a form that this dialect can check; add it with --how, or a new sealed secret"
NO_PRODUCT = "The product is not known here, or has no secret: unisono dialect product"

REGISTERING = Rights("claim", frozenset(), frozenset(), (), frozenset())

#: The model of a thing through which others announce themselves.
BRIDGE = "gateway"

CLAIM_USER = "claim"


class Strangers(Protocol):
    """Those who sign in and are no things: programs with a token, devices with a claim code."""

    async def sign_in(self, shown: talk.Credentials) -> talk.SignIn: ...
    async def recheck(self, shown: talk.Credentials) -> talk.SignIn: ...


class Directory:
    """Answers `talk.SIGN_IN` and announces changes of access. ``programs`` and ``claims`` answer for their own."""

    def __init__(
        self,
        registry: Registry,
        bus: Bus,
        pepper: bytes,
        programs: Strangers | None = None,
        claims: Strangers | None = None,
    ) -> None:
        self._registry = registry
        self._bus = bus
        self._pepper = pepper
        self._programs = programs
        self._claims = claims
        self._kept: dict[str, tuple[SignInFacts, float]] = {}
        self._right: dict[str, bytes] = {}
        self._changes = 0
        self._page = ""
        self._rested_at = 0.0
        self._one_at_a_time = asyncio.Semaphore(1)
        self._slow = 0
        # an attacker must not lock a device out for long: its wait stays short
        self._by_thing = Throttle(longest_s=5.0)
        self._ends: list[Callable[[], None]] = []
        self._decoder = msgspec.msgpack.Decoder(talk.SignInAsk)
        self._encoder = msgspec.msgpack.Encoder()

    async def start(self) -> None:
        """Begin to answer."""
        self._ends = [
            await self._bus.serve(talk.SIGN_IN, self._answer, queue=QUEUE),
            await self._bus.serve(talk.SIGN_IN_SLOWLY, self._answer_slowly, queue=QUEUE),
            await self._bus.subscribe(talk.ACCESS_CHANGED, self._forget),
        ]

    def stop(self) -> None:
        """Answer no more."""
        for end in self._ends:
            end()
        self._ends = []

    def announce(
        self,
        things: Sequence[str],
        tokens: Sequence[str] | None = (),
        *,
        removed: Sequence[str] = (),
        again: bool = False,
    ) -> None:
        """Tell every gateway that the credentials, rights or existence of ``things`` changed; of ``tokens`` (None for
        any) too. ``removed``: those that are no more. ``again``: their lines are told of them anew.
        """
        self.forget(things)
        for start in range(0, max(len(things), 1), MAX_ITEMS):
            changed = talk.AccessChanged(
                list(things[start : start + MAX_ITEMS]), None if tokens is None else list(tokens), list(removed), again
            )
            self._bus.publish(talk.ACCESS_CHANGED, self._encoder.encode(changed))

    def forget(self, things: Iterable[str]) -> None:
        """Drop kept facts."""
        self._changes += 1
        for thing in things:
            self._kept.pop(thing, None)
            self._right.pop(thing, None)

    def _forget(self, payload: bytes) -> None:
        try:
            self.forget(msgspec.msgpack.decode(payload, type=talk.AccessChanged).things)
        except msgspec.DecodeError as error:
            log.warning("an announcement of changed access could not be read: %s", error)
            self._changes += 1
            self._kept.clear()
            self._right.clear()

    async def _answer(self, payload: bytes) -> bytes:
        return self._encoder.encode(await self.sign_in(self._decoder.decode(payload)))

    async def _answer_slowly(self, payload: bytes) -> bytes:
        answer = await self.sign_in(self._decoder.decode(payload), slowly=True)
        return self._encoder.encode(answer)

    async def sign_in(self, ask: talk.SignInAsk, *, slowly: bool = False) -> talk.SignInAnswer:
        """Check what every client shows; answers in the same order. ``slowly``: Argon2 may be asked."""
        things = await self._things(ask.items)
        facts = await self._facts([thing for thing in things if thing])
        answers: list[talk.SignIn] = []
        for shown, thing in zip(ask.items, things, strict=True):
            if thing is None:
                answers.append(await self._stranger(shown))
                continue
            if shown.speaks or (thing not in facts and not shown.stamp):
                answers.append(await self._foreigner(shown, thing, facts.get(thing)))
                continue
            answer = self._check(shown, thing, facts.get(thing))
            if answer.ok and not shown.stamp and answer.stamp.startswith(("certificate:", "ca:")):
                answer = await self._by_language(answer)
            if slowly and answer.code == "later":
                answer = await self._check_slowly(shown, facts[thing])
            answers.append(answer)
        return talk.SignInAnswer(answers)

    async def _things(self, items: Sequence[talk.Credentials]) -> list[str | None]:
        """The thing that each would be: by its certificate, else by its user name; None for who is no thing."""
        unknown = [shown.certificate.fingerprint for shown in items if shown.certificate and not shown.stamp]
        registered = await self._registry.certificate_things(unknown) if unknown else {}
        return [_thing_of(shown, registered) for shown in items]

    async def _stranger(self, shown: talk.Credentials) -> talk.SignIn:
        claiming = shown.stamp.startswith("claim:") if shown.stamp else shown.user == CLAIM_USER
        strangers = self._claims if claiming else self._programs
        if strangers is None:
            return talk.SignIn(False, shown.user, "unknown_thing", UNKNOWN)
        return await (strangers.recheck(shown) if shown.stamp else strangers.sign_in(shown))

    async def _foreigner(self, shown: talk.Credentials, thing: str, known: SignInFacts | None) -> talk.SignIn:
        """Nobody is called so here: it may be somebody's name in another language."""
        if shown.stamp:
            answer = self._check(shown, thing, known)
            return await self._named(answer, shown.speaks) if answer.ok else answer
        caller = read_caller(shown.user, shown.client, shown.password)
        dialect = dialects().get(caller.dialect) if caller is not None else None
        if caller is None or not isinstance(dialect, LineDialect):
            return self._check(shown, thing, None)
        if caller.way != "device":
            return await self._newcomer(shown, caller, dialect)
        return await self._by_name(shown, caller, dialect)

    async def _by_name(self, shown: talk.Credentials, caller: Caller, dialect: LineDialect) -> talk.SignIn:
        """A device that says who it is in its own language, and proves it."""
        name = self.name_of(caller)
        found = (await self._registry.foreign_things([(caller.dialect, name)])).get((caller.dialect, name))
        facts = (await self._facts([found])).get(found) if found is not None else None
        if facts is None and caller.vague:
            return talk.SignIn(False, shown.user, "unknown_thing", UNKNOWN)
        if facts is None:
            return talk.SignIn(False, shown.user, "unknown_thing", NOT_NAMED.format(title=dialect.title))
        why = self._unproven(shown, caller, dialect, facts)
        if why:
            return _no(facts, why)
        return await self._named(_answer(facts, f"secret:{facts.version}"), caller.dialect)

    def _unproven(self, shown: talk.Credentials, caller: Caller, dialect: LineDialect, facts: SignInFacts) -> str:
        """Why it may not come in, or nothing."""
        if facts.hash is None:
            return NO_SECRET
        if caller.secret:  # whoever knows its name knows its secret
            return ""
        secret = open_sealed(facts.sealed, facts.id, self._pepper) if facts.sealed is not None else None
        if secret is None and dialect.seals:
            return NOT_SEALED
        return "" if dialect.proves(caller, shown.password, secret or "") else WRONG

    def name_of(self, caller: Caller) -> str:
        """The name under which a caller is kept."""
        return hash_secret(caller.name, self._pepper).hex() if caller.secret else caller.name

    async def _named(self, answer: talk.SignIn, dialect: str) -> talk.SignIn:
        rows = await self._registry.foreign_names([answer.id, *answer.children], dialect)
        return msgspec.structs.replace(answer, speaks=dialect, names={row.thing: row.name for row in rows})

    async def _by_language(self, answer: talk.SignIn) -> talk.SignIn:
        """A certificate says who it is, and not in which language: that is the one in which the thing has a name."""
        rows = await self._registry.foreign_names([answer.id])
        spoken = {row.dialect for row in rows if isinstance(dialects().get(row.dialect), LineDialect)}
        return await self._named(answer, spoken.pop()) if len(spoken) == 1 else answer

    async def _newcomer(self, shown: talk.Credentials, caller: Caller, dialect: LineDialect) -> talk.SignIn:
        """A device that has only its product's secret, and wants one of its own: it may ask for that, and no more."""
        if not caller.product:
            return await self._stranger_of(shown, caller)
        product = await self._registry.get_product(caller.dialect, caller.product)
        key = f"{caller.dialect}:{caller.product}"
        secret = open_sealed(product.sealed, key, self._pepper) if product is not None and product.sealed else None
        if product is None or secret is None:
            return talk.SignIn(False, shown.user, "unknown_thing", NO_PRODUCT)
        if not dialect.proves(caller, shown.password, secret):
            return talk.SignIn(False, shown.user, "bad_credentials", WRONG)
        place = await self._registry.get_place(product.place)
        if place is None:
            return talk.SignIn(False, shown.user, "unknown_thing", NO_PRODUCT)
        return talk.SignIn(
            True,
            f"register:{caller.name}",
            root=place.root,
            partition=place.partition,
            stamp=f"claim:{caller.name}",
            rights=REGISTERING,
            speaks=caller.dialect,
        )

    async def _stranger_of(self, shown: talk.Credentials, caller: Caller) -> talk.SignIn:
        """It says only later of which product it is: it may say that, where there are products, and hears no place."""
        if not any(row.dialect == caller.dialect for row in await self._registry.list_products()):
            return talk.SignIn(False, shown.user, "unknown_thing", NO_PRODUCT)
        name = f"register:{caller.name}"
        return talk.SignIn(True, name, stamp=f"claim:{caller.name}", rights=REGISTERING, speaks=caller.dialect)

    async def _facts(self, ids: Sequence[str]) -> dict[str, SignInFacts]:
        now = time.monotonic()
        found: dict[str, SignInFacts] = {}
        missing: list[str] = []
        for thing in dict.fromkeys(ids):
            kept = self._kept.get(thing)
            if kept is not None and kept[1] > now:
                found[thing] = kept[0]
            else:
                missing.append(thing)
        if len(missing) >= CROWD:
            missing += await self._ahead(now)
        for start in range(0, len(missing), MAX_ITEMS):
            read = await self._read(missing[start : start + MAX_ITEMS], now)
            found.update((each.id, each) for each in read)
        return found

    async def _read(self, ids: Sequence[str], now: float) -> list[SignInFacts]:
        """Facts as they stand, kept for the next question. What changes while they are read is read again: it was
        announced already, and what was read before must not stand for a minute more."""
        for _try in range(READ_AGAIN):
            before = self._changes
            read = await self._registry.sign_in_facts(ids)
            if self._changes == before:
                if len(self._kept) + len(read) > MAX_KEPT:
                    self._kept.clear()
                for each in read[:MAX_KEPT]:
                    self._kept[each.id] = (each, now + KEEP_S)
                break
        return read

    async def _ahead(self, now: float) -> list[str]:
        """Everybody comes back at once: ids that will be asked about next, a page of the hub's things at a time.

        A question with a dozen ids costs five queries, one with hundreds little more.
        """
        if now < self._rested_at or len(self._kept) + AHEAD > MAX_KEPT:
            return []
        page = await self._registry.ids_after(self._page, AHEAD)
        if len(page) < AHEAD:  # all were read: the next time is when they have gone stale
            self._page, self._rested_at = "", now + KEEP_S
        else:
            self._page = page[-1]
        return [id for id in page if id not in self._kept or self._kept[id][1] <= now]

    # one thing

    def _check(self, shown: talk.Credentials, thing: str, facts: SignInFacts | None) -> talk.SignIn:
        if facts is None:
            return talk.SignIn(False, thing, code="unknown_thing", detail=UNKNOWN)
        if shown.stamp == talk.PROVED:
            return _answer(facts, f"secret:{facts.version}") if facts.hash is not None else _no(facts, NO_SECRET)
        if shown.stamp:
            return _answer(facts, shown.stamp) if _still_holds(shown.stamp, facts) else _no(facts, REVOKED)
        if shown.certificate is not None and (not shown.password or _is_of(shown.certificate, facts)):
            return _by_certificate(shown, shown.certificate, facts)
        return self._by_secret(shown, facts)

    def _by_secret(self, shown: talk.Credentials, facts: SignInFacts) -> talk.SignIn:
        previous = facts.previous
        if previous is not None and previous[2] > now_us() and self._matches(shown.password, previous[0], facts.id):
            return _answer(facts, f"secret:{previous[1]}")
        if facts.hash is None:
            return _no(facts, NO_SECRET)
        stamp = f"secret:{facts.version}"
        if self._matches(shown.password, facts.hash, facts.id):
            return _answer(facts, stamp)
        if is_device_password(facts.hash) and shown.password:
            return talk.SignIn(False, facts.id, "later", root=facts.root, partition=facts.partition)
        return _no(facts, WRONG)

    def _matches(self, password: str, hash: bytes, thing: str) -> bool:
        if not is_device_password(hash):
            return check_secret(password, hash, self._pepper)
        right = self._right.get(thing)
        return right is not None and hmac.compare_digest(right, _mac(password, hash, self._pepper))

    async def _check_slowly(self, shown: talk.Credentials, facts: SignInFacts) -> talk.SignIn:
        assert facts.hash is not None
        if self._slow >= MAX_SLOW:
            return _no(facts, "Too many passwords wait to be checked; try again in a few seconds", "too_many")
        try:
            self._by_thing.check(facts.id, time.monotonic())
            self._slow += 1
            try:
                async with self._one_at_a_time:
                    right = await asyncio.to_thread(check_device_password, shown.password, facts.hash, self._pepper)
            finally:
                self._slow -= 1
        except CallerError as error:
            return _no(facts, error.detail, error.code)
        if not right:
            self._by_thing.failed(facts.id, time.monotonic())
            return _no(facts, WRONG)
        self._by_thing.succeeded(facts.id)
        if len(self._right) >= MAX_KEPT:
            self._right.clear()
        self._right[facts.id] = _mac(shown.password, facts.hash, self._pepper)
        return _answer(facts, f"secret:{facts.version}")


def _mac(password: str, hash: bytes, pepper: bytes) -> bytes:
    """Says that Argon2 found ``password`` to be that of ``hash``; kept in memory only."""
    return hash_secret(hash + b"\0" + password.encode("utf-8", "surrogatepass"), pepper)


def _thing_of(shown: talk.Credentials, registered: dict[str, str]) -> str | None:
    if shown.stamp:
        return None if shown.stamp.startswith(("token:", "claim:")) else shown.user
    if is_token(shown.password) or (shown.user == CLAIM_USER and is_claim_code(shown.password)):
        return None
    if shown.certificate is not None:
        thing = registered.get(shown.certificate.fingerprint)
        if thing is not None:
            return thing
        if shown.certificate.ours and not shown.password:
            return shown.certificate.subject
    return shown.user


def _is_of(certificate: talk.Certificate, facts: SignInFacts) -> bool:
    return certificate.fingerprint in facts.certificates or (certificate.ours and certificate.subject == facts.id)


def _by_certificate(shown: talk.Credentials, certificate: talk.Certificate, facts: SignInFacts) -> talk.SignIn:
    if not _is_of(certificate, facts):
        return _no(facts, STRANGE_CERTIFICATE)
    if shown.user not in ("", facts.id):
        return _no(facts, OTHER_CERTIFICATE.format(thing=facts.id), "not_allowed")
    at = now_us()
    known = certificate.fingerprint in facts.certificates
    way = "certificate" if known else "ca"
    stamp = f"{way}:{certificate.fingerprint}:{certificate.not_before}"
    if (certificate.not_after and certificate.not_after < at) or not _still_holds(stamp, facts):
        return _no(facts, OLD_CERTIFICATE)
    return _answer(facts, stamp)


def _still_holds(stamp: str, facts: SignInFacts) -> bool:
    way, _, rest = stamp.partition(":")
    if way == "secret":
        current = facts.hash is not None and rest == str(facts.version)
        previous = facts.previous
        return current or (previous is not None and rest == str(previous[1]) and previous[2] > now_us())
    fingerprint, _, not_before = rest.partition(":")
    if way == "certificate":
        return facts.certificates.get(fingerprint, False)
    made = int(not_before)
    return (
        facts.certificates.get(fingerprint, True)
        and made + DATED_BACK_US >= facts.created
        and (facts.closed is None or made > facts.closed)
    )


def _answer(facts: SignInFacts, stamp: str) -> talk.SignIn:
    return talk.SignIn(
        True,
        facts.id,
        root=facts.root,
        partition=facts.partition,
        children=facts.children,
        version=facts.version,
        stamp=stamp,
        rights=Rights(rules=tuple(map(_rule, facts.rules))) if facts.rules else Rights(),
        bridges=facts.model == BRIDGE,
    )


def _rule(row: TopicRuleRow) -> TopicRule:
    return TopicRule(row.allow, "publish" if row.access == "publish" else "subscribe", row.filter)


def _no(facts: SignInFacts, detail: str, code: str = "bad_credentials") -> talk.SignIn:
    # with its whereabouts: the gateway shows the refusal on the thing's page
    return talk.SignIn(
        False,
        facts.id,
        code=code,
        detail=detail,
        root=facts.root,
        partition=facts.partition,
        children=facts.children,
        version=facts.version,
    )
