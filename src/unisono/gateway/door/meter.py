"""Counting what comes in against the limits: rates by token bucket; connections by thing, place, address.

Knows numbers; time (seconds, monotonic) is passed in. Costs a call per chunk read, nothing per message, and nothing at
all where no rate is set.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from unisono.gateway.door.limits import HubLimits

__all__ = ["Meter", "Registrar", "Seat"]

#: A bucket holds what its rate allows in so long: a device that was silent may catch up a little.
BURST_S = 2.0
#: One wait is at most so long, whatever the debt: a chunk of a socket is bounded, and so is the debt it makes.
LONGEST_WAIT_S = 5.0


class Rates(Protocol):
    """The two rates that every table of the settings has."""

    @property
    def messages_per_s(self) -> float: ...

    @property
    def bytes_per_s(self) -> float: ...


class Bucket:
    """A token bucket that may go into debt: what was read is read; who owes waits before reading on."""

    __slots__ = ("at", "left", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self.left = rate * BURST_S
        self.at = now

    def spend(self, amount: int, now: float) -> float:
        """Take ``amount``; returns for how many seconds it is overdrawn, 0.0 when it is not."""
        left = min(self.left + (now - self.at) * self.rate, self.rate * BURST_S) - amount
        self.at = now
        self.left = left
        return 0.0 if left >= 0 else -left / self.rate

    def settled(self, now: float) -> bool:
        """Whether nothing is owed any more."""
        return self.left + (now - self.at) * self.rate >= 0


class Account:
    """One thing, place or address: its connections and its buckets."""

    __slots__ = ("bytes", "connections", "messages", "name", "strangers")

    def __init__(self, name: str, rates: Rates, now: float) -> None:
        self.name = name
        self.connections = 0
        self.strangers = 0
        self.messages = Bucket(rates.messages_per_s, now) if rates.messages_per_s else None
        self.bytes = Bucket(rates.bytes_per_s, now) if rates.bytes_per_s else None

    @property
    def metered(self) -> bool:
        return self.messages is not None or self.bytes is not None

    def settled(self, now: float) -> bool:
        return all(each is None or each.settled(now) for each in (self.messages, self.bytes))


class Wait(NamedTuple):
    """``limit``: which was reached, such as ``thing.messages_per_s``."""

    seconds: float
    limit: str


class Meter:
    """The buckets that one signed-in connection draws from. ``shown``: that it was slowed down has been told."""

    __slots__ = ("_accounts", "shown")

    def __init__(self, accounts: list[Account]) -> None:
        self.shown = False
        self._accounts = accounts

    def spend(self, messages: int, size: int, now: float) -> Wait | None:
        """Count what a chunk brought; how long to wait before reading on, and for which limit, or None."""
        longest = 0.0
        limit = ""
        for account in self._accounts:
            if account.messages is not None and messages:
                wait_s = account.messages.spend(messages, now)
                if wait_s > longest:
                    longest, limit = wait_s, f"{account.name}.messages_per_s"
            if account.bytes is not None:
                wait_s = account.bytes.spend(size, now)
                if wait_s > longest:
                    longest, limit = wait_s, f"{account.name}.bytes_per_s"
        return Wait(min(longest, LONGEST_WAIT_S), limit) if limit else None


class Seat:
    """What one connection occupies; given back with `Registrar.leave`."""

    __slots__ = ("address", "place", "signed_in", "thing")

    def __init__(self, address: str) -> None:
        self.address = address
        self.thing = ""
        self.place = ""
        self.signed_in = False


class Registrar:
    """Who occupies how much of a gateway. A limit that is reached is named as in the settings file."""

    def __init__(self, limits: HubLimits) -> None:
        self.limits = limits
        self.strangers = 0
        self._things: dict[str, Account] = {}
        self._places: dict[str, Account] = {}
        self._addresses: dict[str, Account] = {}

    def enter(self, address: str, now: float) -> Seat | str:
        """A connection was opened: its seat, or the limit that forbids it."""
        limits = self.limits
        account = self._addresses.get(address)
        if self.strangers >= limits.sign_in.strangers:
            return "sign_in.strangers"
        if account is None:
            account = self._addresses[address] = Account("address", limits.address, now)
        elif account.strangers >= limits.address.strangers:
            return "address.strangers"
        elif account.connections >= limits.address.connections:
            return "address.connections"
        account.connections += 1
        account.strangers += 1
        self.strangers += 1
        return Seat(address)

    def sign_in(self, seat: Seat, thing: str, place: str, now: float, *, instead: bool) -> str | None:
        """It is a thing's now; the limit that forbids it, or None. ``instead``: it takes the place of another one of
        the same client, which left just now."""
        limits = self.limits
        of_thing = self._things.get(thing)
        of_place = self._places.get(place)
        if not instead:
            if of_thing is not None and of_thing.connections >= limits.thing.connections:
                return "thing.connections"
            if of_place is not None and of_place.connections >= limits.place.connections:
                return "place.connections"
        if of_thing is None:
            of_thing = self._things[thing] = Account("thing", limits.thing, now)
        if of_place is None:
            of_place = self._places[place] = Account("place", limits.place, now)
        of_thing.connections += 1
        of_place.connections += 1
        self._admitted(seat)
        seat.thing, seat.place = thing, place
        return None

    def _admitted(self, seat: Seat) -> None:
        seat.signed_in = True
        self.strangers -= 1
        self._addresses[seat.address].strangers -= 1

    def meter(self, seat: Seat, now: float) -> Meter | None:
        """What a signed-in connection draws from; None where no rate is set, which costs nothing."""
        own = Account("connection", self.limits.connection, now)
        accounts = [own, self._things[seat.thing], self._places[seat.place], self._addresses[seat.address]]
        metered = [each for each in accounts if each.metered]
        return Meter(metered) if metered else None

    def request(self, address: str, thing: str, place: str, size: int, now: float) -> Wait | None:
        """One message that came by itself (HTTP): how long until the next may come, when this one may not."""
        limits = self.limits
        accounts = (
            _account(self._things, thing, "thing", limits.thing, now),
            _account(self._places, place, "place", limits.place, now),
            _account(self._addresses, address, "address", limits.address, now),
        )
        for account in accounts:
            for bucket, rate in ((account.messages, "messages_per_s"), (account.bytes, "bytes_per_s")):
                if bucket is not None and not bucket.settled(now):
                    return Wait(bucket.spend(0, now), f"{account.name}.{rate}")
        Meter([account for account in accounts if account.metered]).spend(1, size, now)
        return None

    def leave(self, seat: Seat, now: float) -> None:
        """The connection is gone. What owes something is remembered until it is paid, else coming back would clear
        it: `sweep`."""
        if not seat.signed_in:
            self._admitted(seat)
        else:
            _release(self._things, seat.thing, now)
            _release(self._places, seat.place, now)
        _release(self._addresses, seat.address, now)

    def sweep(self, now: float) -> None:
        """Forget who is gone and owes nothing any more."""
        for accounts in (self._things, self._places, self._addresses):
            for key in [key for key, each in accounts.items() if not each.connections and each.settled(now)]:
                del accounts[key]


def _account(accounts: dict[str, Account], key: str, name: str, rates: Rates, now: float) -> Account:
    found = accounts.get(key)
    if found is None:
        found = Account(name, rates, now)
        if found.metered:  # else there is nothing to remember
            accounts[key] = found
    return found


def _release(accounts: dict[str, Account], key: str, now: float) -> None:
    account = accounts[key]
    account.connections -= 1
    if not account.connections and account.settled(now):
        del accounts[key]
