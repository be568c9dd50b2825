"""What a client asks of the hub by publishing: a program a command of a thing, a new device its secret for a code.

Knows the bus and the two payloads. Nothing of it is published to others; it is acknowledged when it was granted, and
what is refused is told with the reason (MQTT 5), counted and logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from unisono.access import CLAIM_RESPONSE
from unisono.errors import CODES, CallerError, HostError, UnisonoError
from unisono.gateway.sessions.session import Message
from unisono.twin.talk import CLAIM, PROGRAM_ASKS, ClaimAnswer, ClaimAsk, ProgramAsk
from unisono.wire.mqtt import PublishRun, ReasonCode, matches

if TYPE_CHECKING:
    from unisono.gateway.connection import Connection
    from unisono.gateway.routing import Route

__all__ = ["Asking", "claimed", "read_claim", "read_command"]

logger = logging.getLogger(__name__)

#: Commands of one program that wait for their turn; they go one after the other, in the order published.
WAITING = 100
ASK_TIMEOUT_S = 10.0


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """What a device with a claim code says of itself; the code only over HTTP, over MQTT it is the password."""

    code: str = ""
    id: str | None = None
    model: str | None = None
    name: str | None = None


class Asking:
    """One connection's questions, in their order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: deque[tuple[Route, PublishRun]] = deque()
        self._task: asyncio.Task[None] | None = None

    def add(self, found: Route, run: PublishRun) -> None:
        """Ask for each of the run's payloads; at the bound the whole run is refused."""
        if len(self._waiting) + len(run.payloads) > WAITING:
            self._refused(run, CallerError(f"more than {WAITING} commands wait", code="too_many"))
            return
        for index, payload in enumerate(run.payloads):
            ids = run.packet_ids[index : index + 1]
            self._waiting.append((found, PublishRun(run.topic, run.qos, [payload], ids, [], False, None)))
        if self._task is None:
            self._task = self._connection.gateway.loop.create_task(self._ask_on())

    async def _ask_on(self) -> None:
        try:
            while self._waiting:
                found, run = self._waiting.popleft()
                try:
                    await self._ask(found, run.payloads[0])
                except UnisonoError as error:
                    self._refused(run, error)
                else:
                    self._connection.acknowledge(run)
        finally:
            self._task = None

    async def _ask(self, found: Route, payload: bytes) -> None:
        if found.asks == "claim":
            await self._claim(payload)
            return
        identity = self._connection.identity
        assert identity is not None and found.thing is not None
        asked = read_command(found.suffix, payload)
        host = self._connection.host
        ask = ProgramAsk(identity.stamp, found.thing, asked.set, asked.call, asked.input, host, asked.confirmation)
        await self._request(PROGRAM_ASKS, ask)

    async def _claim(self, payload: bytes) -> None:
        connection = self._connection
        session = connection.session
        assert session is not None
        if not any(matches(filter, CLAIM_RESPONSE) for filter in session.subscriptions):
            # the secret is told once: not into the void
            raise CallerError(f"subscribe to {CLAIM_RESPONSE} first", code="bad_request")
        wanted = read_claim(payload or b"{}")
        ask = ClaimAsk(connection.claim_code, connection.host, wanted.id, wanted.model, wanted.name)
        answer = msgspec.msgpack.decode(await self._request(CLAIM, ask), type=ClaimAnswer)
        self._tell({"ok": True, **claimed(answer, connection.here)})

    async def _request(self, subject: str, question: msgspec.Struct) -> bytes:
        return await self._connection.gateway.bus.request(subject, msgspec.msgpack.encode(question), ASK_TIMEOUT_S)

    def _tell(self, answer: dict[str, Any]) -> None:
        self._connection.deliver(Message(CLAIM_RESPONSE, msgspec.json.encode(answer), 1, False, None))

    def _refused(self, run: PublishRun, error: UnisonoError) -> None:
        connection = self._connection
        connection.refuse(error.code, run.topic, str(error))
        if connection.identity is not None and connection.identity.rights.kind == "claim":
            self._tell({"ok": False, **error.problem()})
        if isinstance(error, HostError):
            connection.not_taken(run, error)
        elif run.qos:
            connection.answer_each(run, ReasonCode(CODES[error.code].mqtt), str(error))


class Asked(NamedTuple):
    """What a program published to a thing's topics."""

    set: dict[str, Any] | None
    call: str | None
    input: dict[str, Any] | None
    confirmation: str | None = None


def read_command(suffix: str, payload: bytes) -> Asked:
    """What a program published to ``things/<id>/<suffix>``.

    The payload is that of the dialect's table (``{"state": {...}}``, ``{"input": {...}}``; an ``id`` in it is ignored:
    the hub gives commands theirs), with a ``confirmation`` beside where a policy asked for one; or the bare values.
    Raises CallerError bad_json.
    """
    kind, _, action = suffix.partition("/")
    key = "state" if kind == "set" else "input"
    try:
        given = msgspec.json.decode(payload or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CallerError(str(error), code="bad_json", expected=f'{{"{key}": {{...}}}}') from error
    inside = given.get(key)
    wrapped = isinstance(inside, dict) and set(given) <= {key, "id", "confirmation"}
    confirmation = given.get("confirmation") if wrapped else None
    if confirmation is not None and not isinstance(confirmation, str):
        raise CallerError("it is no text", code="bad_value", field="confirmation", expected="the code of the refusal")
    values: dict[str, Any] = given[key] if wrapped else given
    return Asked(values, None, None, confirmation) if kind == "set" else Asked(None, action, values, confirmation)


def read_claim(payload: bytes) -> Wanted:
    """What a device sends to redeem its code. Raises CallerError bad_json."""
    try:
        return msgspec.json.decode(payload, type=Wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        expected = '{"code": "K7QM-3FXR"}, and if it likes "id", "model", "name"'
        raise CallerError(str(error), code="bad_json", expected=expected) from error


def claimed(answer: ClaimAnswer, host: str) -> dict[str, Any]:
    """What a device is told: who it is from now on, and where it connects."""
    ports = {"port": answer.ports.get("mqtt"), "tls_port": answer.ports.get("mqtts")}
    mqtt = {"host": host, **{name: port for name, port in ports.items() if port is not None}}
    return {"id": answer.id, "secret": answer.secret, "model": answer.model, "place": answer.place, "mqtt": mqtt}
