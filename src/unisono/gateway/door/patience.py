"""Failed sign-ins make the next one wait, ever longer: per thing and address, per thing, and per address.

Knows names and numbers; time (seconds, monotonic) is passed in. One device with a wrong password behind a site's only
address must not keep its neighbours out: what it does counts against itself first, and successes pay failures back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from unisono.gateway.door.limits import SignInLimits

__all__ = ["Patience"]

#: Names remembered of each kind; the longest unheard of go first.
REMEMBERED = 20_000
#: Who did not fail for so long starts afresh.
FORGET_S = 900.0
#: Failures of one thing from everywhere make anybody wait no longer than this: a stranger must not lock a device out.
THING_LONGEST_S = 5.0
#: Doublings beyond this change nothing: the longest wait is reached.
DOUBLINGS = 30


class _Failures:
    __slots__ = ("count", "last", "until")

    def __init__(self) -> None:
        self.count = 0.0
        self.last = 0.0
        self.until = 0.0


class _Delays:
    """The delays of one kind of name."""

    def __init__(self, free: int, first_s: float, longest_s: float) -> None:
        self._free = free
        self._first_s = first_s
        self._longest_s = longest_s
        self._known: OrderedDict[Hashable, _Failures] = OrderedDict()

    def wait_s(self, name: Hashable, now: float) -> float:
        found = self._known.get(name)
        return max(0.0, found.until - now) if found is not None else 0.0

    def failed(self, name: Hashable, now: float) -> None:
        found = self._known.get(name)
        if found is None or now - found.last > FORGET_S:
            found = self._known[name] = _Failures()
        self._known.move_to_end(name)
        found.count += 1
        found.last = now
        excess = found.count - self._free
        if excess >= 0:
            found.until = now + min(self._longest_s, self._first_s * 2 ** min(excess, DOUBLINGS))
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def succeeded(self, name: Hashable, *, forget: bool) -> None:
        found = self._known.get(name)
        if found is not None:
            found.count -= 1
            if forget or found.count <= 0:
                del self._known[name]


class Patience:
    """``address`` is an IP address, ``name`` the user name as given."""

    def __init__(self, limits: SignInLimits) -> None:
        first_s, longest_s = limits.first_s, limits.longest_s
        self._pairs = _Delays(limits.free, first_s, longest_s)
        self._names = _Delays(limits.free, first_s, min(longest_s, THING_LONGEST_S))
        self._addresses = _Delays(limits.address_free, first_s, longest_s)
        self._trusted: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait_s(self, address: str, name: str, now: float) -> float:
        """How long a sign-in has to wait; 0.0 when it may be tried now. Who came in from there before is judged by its
        own failures only."""
        own = self._pairs.wait_s((address, name), now)
        if (address, name) in self._trusted:
            return own
        return max(own, self._names.wait_s(name, now), self._addresses.wait_s(address, now))

    def failed(self, address: str, name: str, now: float) -> None:
        self._pairs.failed((address, name), now)
        self._names.failed(name, now)
        self._addresses.failed(address, now)

    def succeeded(self, address: str, name: str) -> None:
        pair = (address, name)
        self._pairs.succeeded(pair, forget=True)
        self._addresses.succeeded(address, forget=False)
        self._trusted[pair] = None
        self._trusted.move_to_end(pair)
        if len(self._trusted) > REMEMBERED:
            self._trusted.popitem(last=False)
