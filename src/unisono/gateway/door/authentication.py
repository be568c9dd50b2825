"""Enhanced authentication (MQTT 5 section 4.12): a client that names a method proves who it is over several packets.

Knows AUTH, sign-ins and the hook. A method is an entry point of the group `GROUP`: its name is what clients say, its
object a callable that is given the bus and makes a `Method`. What a method's exchange finds out is a `SignIn` like any
other (`vouch` has that of a thing): rights, limits and rechecks follow as usual. None is registered by the hub itself,
which keeps no secret that it could prove without showing; `unisono.gateway.door.scram` has SCRAM-SHA-256 for who keeps
its keys.
"""

from __future__ import annotations

import logging
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NamedTuple, Protocol

from unisono.errors import UnisonoError
from unisono.gateway.door.signin import Desk
from unisono.store.bus import Bus
from unisono.twin.talk import PROVED, SignIn
from unisono.wire.mqtt import Connect, ReasonCode, State
from unisono.wire.mqtt.packets import Auth

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection

__all__ = ["GROUP", "Exchange", "Method", "Proving", "Step", "find_methods", "vouch"]

logger = logging.getLogger(__name__)

GROUP = "unisono.authentication"


class Step(NamedTuple):
    """What to tell the client, and who it is once that is known (``ok`` false: it is turned away)."""

    data: bytes | None
    identity: SignIn | None = None


class Exchange(Protocol):
    """One authentication under way."""

    async def step(self, data: bytes | None) -> Step:
        """Take what the client says. Raises UnisonoError: it is turned away, and told why."""
        ...


class Method(Protocol):
    """A way to prove who one is; serves all connections of a gateway."""

    def begin(self, user: str | None) -> Exchange:
        """``user``: CONNECT's user name, if it has one."""
        ...


def find_methods(bus: Bus) -> dict[str, Method]:
    """Every registered method by its name; one that cannot be made is logged and left out."""
    found: dict[str, Method] = {}
    for point in entry_points(group=GROUP):
        try:
            found[point.name] = point.load()(bus)
        except Exception:
            logger.exception("the authentication method %s of %s cannot be used", point.name, point.value)
    return found


async def vouch(bus: Bus, thing: str) -> SignIn:
    """Who a thing is, for a method that has its proof; ``ok`` false when there is no such thing, or its secret was
    revoked. It holds until the secret changes: then the client is sent away, and proves itself again."""
    return await Desk(bus).ask(thing, "", stamp=PROVED)


class Proving:
    """One client's authentications: the first, and those that it begins again later (section 4.12.1).

    ``done``: the first one was at another gateway.
    """

    def __init__(self, connection: Connection, connect: Connect, method: Method, *, done: bool = False) -> None:
        self._connection = connection
        self._connect = connect
        self._method = method
        self._exchange: Exchange | None = None if done else method.begin(connect.username)
        self._busy = False

    def begin(self) -> None:
        """CONNECT came."""
        properties = self._connect.properties
        self._take(None if properties is None else properties.authentication_data)

    def received(self, packet: Auth) -> None:
        """AUTH came: the next step, or a new beginning."""
        again = packet.reason == ReasonCode.RE_AUTHENTICATE
        if self._busy or again is (self._exchange is not None):
            self._fail(ReasonCode.PROTOCOL_ERROR, "AUTH out of turn")
            return
        if again:
            self._exchange = self._method.begin(self._connect.username)
        self._take(None if packet.properties is None else packet.properties.authentication_data)

    def _take(self, data: bytes | None) -> None:
        self._busy = True
        self._connection.gateway.spawn(self._step(data))

    async def _step(self, data: bytes | None) -> None:
        connection = self._connection
        assert self._exchange is not None
        try:
            told, identity = await self._exchange.step(data)
        except UnisonoError as error:
            told, identity = None, SignIn(False, self._connect.username or "", error.code, str(error))
        except Exception:  # a method is others' code: what it does wrong must not leave its client waiting
            logger.exception("the authentication method of %s failed", connection.address)
            told, identity = None, SignIn(False, self._connect.username or "", "internal", "the method failed")
        self._busy = False
        if connection.transport is None:
            return
        if identity is None:
            connection.write(connection.wire.challenge(told))
            return
        self._exchange = None
        if not identity.ok:
            self._fail(ReasonCode.NOT_AUTHORIZED, identity.detail or identity.code, identity)
        elif connection.wire.state is not State.OPEN:
            await connection.gateway.admission.let_in(connection, self._connect, identity, proof=told)
        elif connection.identity is None or identity.id != connection.identity.id:
            self._fail(ReasonCode.NOT_AUTHORIZED, "it proved to be another")
        else:
            connection.renew(identity)
            connection.write(connection.wire.challenge(told, reason=ReasonCode.SUCCESS))

    def _fail(self, reason: ReasonCode, detail: str, identity: SignIn | None = None) -> None:
        """[MQTT-4.12.0-4], [MQTT-4.12.1-2]: told, and closed."""
        connection = self._connection
        if connection.wire.state is State.OPEN:
            connection.refuse("bad_credentials", "", detail)
            connection.leave(reason, "revoked")
        else:
            connection.gateway.admission.turned_away(connection, self._connect, identity, detail)
            connection.refused(reason, detail)
