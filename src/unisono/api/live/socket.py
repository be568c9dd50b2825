"""The WebSocket /api/v1/live: a token in the first frame, then subscriptions up and changes down.

Knows the protocol of the design and ASGI. What is delivered to whom is `unisono.api.live.live`'s affair.

    > {"token": "..."}
    > {"subscribe": {"place": "home", "thing": null, "trait": null}}     several may stand; "unsubscribe" takes one back
    > {"ping": 1}                                                        < {"pong": 1}: all frames before it were obeyed
    < {"thing": "probe1", "changed": {"temperature": {"value": 24.9, "at": "..."}}, "at": "...", "online": true}
    < {"thing": "lamp1", "command": {...}}
    < {"scene": "evening", "run": {...}}       without its steps; to who follows a place, not a thing or trait
    < {"thing": "fridge1", "alarm": {...}}
    < {"thing": "lamp2", "there": true}        it was added or changed: read it; false: it is no more
    > {"gather_ms": 500}                       from then on at most so often, many frames as one: an array
    > {"first": ["lamp1"]}                     the things that are looked at: their changes do not wait so long
    < {"error": {problem document}}
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from unisono.api.door.server import SEND_MANY
from unisono.api.live.live import MAX_SUBSCRIPTIONS, Client, Subscription
from unisono.api.problems import as_problem
from unisono.errors import CallerError, UnisonoError

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["LiveSocket"]

log = logging.getLogger(__name__)

# a client that connects knows its token; a silent one holds a socket for nobody
TOKEN_WITHIN_S = 10.0

# a revoked token or right ends the view within this time
RECHECK_EVERY_S = 30.0

# a client that takes no bytes for so long is gone or stuck
SEND_WITHIN_S = 30.0

# frames in one write: bounds the transport's buffer to about 100 KB before it tells us to wait
FRAMES_AT_ONCE = 256

# frames of one array: a browser is given 1 MB at a time at most
GATHERED_AT_ONCE = 4096

# longer, and a person sees it
LONGEST_GATHER_MS = 1000

# changes of things that are looked at are sent no more often: a page draws sixty pictures a second at most
FIRST_EVERY_S = 0.02

# more things than any screen shows at once
MAX_FIRST = 500

# RFC 6455 section 7.4.1 and the private range
CLOSE_POLICY, CLOSE_TRY_LATER = 1008, 1013


class Frame(msgspec.Struct, forbid_unknown_fields=True):
    """What a client may say."""

    token: str | None = None
    subscribe: Subscription | None = None
    unsubscribe: Subscription | None = None
    ping: str | int | None = None
    gather_ms: Annotated[int, Meta(ge=0, le=LONGEST_GATHER_MS)] | None = None
    first: Annotated[list[str], Meta(max_length=MAX_FIRST)] | None = None


class _GoneError(Exception):
    """The client closed the socket."""


class LiveSocket:
    """The ASGI application for the live WebSocket."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._decoder = msgspec.json.Decoder(Frame)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            raise CallerError("This path speaks WebSocket only", code="bad_request", expected="Upgrade: websocket")
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        with contextlib.suppress(_GoneError):
            try:
                await self._serve(scope, receive, send)
            except UnisonoError as error:
                code = CLOSE_TRY_LATER if error.code == "too_many" else CLOSE_POLICY
                with contextlib.suppress(Exception):  # it may be gone by now; there is nobody left to tell
                    await send(_text({"error": error.problem()}))
                    await send({"type": "websocket.close", "code": code, "reason": error.code})

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            async with asyncio.timeout(TOKEN_WITHIN_S):
                first = self._read(await receive())
        except TimeoutError:
            raise CallerError(
                f"No token came within {TOKEN_WITHIN_S:.0f} s", code="not_signed_in", expected='{"token": "..."}'
            ) from None
        if not first.token:
            raise CallerError("The first frame must carry the token", code="not_signed_in", expected='{"token": "..."}')
        token = first.token
        identity = await self._context.auth.by_token(token, _address(scope))
        client = Client(self._context.auth.visible_places(identity))
        await self._context.live.join(client)
        try:
            await self._obey(first, client, identity, send)
            many = SEND_MANY in scope.get("extensions", {})
            tasks = [
                asyncio.create_task(self._listen(client, identity, receive, send), name="live-listen"),
                asyncio.create_task(_deliver(client, send, many=many), name="live-deliver"),
                asyncio.create_task(self._recheck(token), name="live-recheck"),
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()
        finally:
            self._context.live.leave(client)

    def _read(self, event: Any) -> Frame:
        if event["type"] != "websocket.receive":
            raise _GoneError
        text = event.get("text")
        try:
            return self._decoder.decode(event.get("bytes") or b"" if text is None else text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise as_problem(error) from error

    async def _listen(self, client: Client, identity: Any, receive: Any, send: Any) -> None:
        while True:
            event = await receive()
            try:
                await self._obey(self._read(event), client, identity, send)
            except CallerError as error:
                await send(_text({"error": error.problem()}))

    async def _obey(self, frame: Frame, client: Client, identity: Any, send: Any) -> None:
        if frame.subscribe is not None:
            if len(client.subscriptions) >= MAX_SUBSCRIPTIONS:
                raise CallerError(f"{MAX_SUBSCRIPTIONS} subscriptions stand on this connection", code="too_many")
            await self._context.check_subscription(identity, frame.subscribe)
            if frame.subscribe not in client.subscriptions:
                client.subscriptions.append(frame.subscribe)
        if frame.unsubscribe is not None and frame.unsubscribe in client.subscriptions:
            client.subscriptions.remove(frame.unsubscribe)
        if frame.gather_ms is not None:
            client.gather_s = frame.gather_ms / 1000
        if frame.first is not None:
            client.look(frame.first)
        if frame.ping is not None:
            await send(_text({"pong": frame.ping}))

    async def _recheck(self, token: str) -> None:
        while True:
            await asyncio.sleep(RECHECK_EVERY_S)
            await self._context.auth.by_token(token, None)


async def _deliver(client: Client, send: Any, *, many: bool) -> None:
    """Send what waits, as long as the client reads; while it does not, changes are joined in ``client``."""
    while True:
        texts = await client.next_texts()
        if client.gather_s:
            texts = [_joined(texts[at : at + GATHERED_AT_ONCE]) for at in range(0, len(texts), GATHERED_AT_ONCE)]
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                if many:
                    for start in range(0, len(texts), FRAMES_AT_ONCE):
                        await send({"type": SEND_MANY, "texts": texts[start : start + FRAMES_AT_ONCE]})
                else:
                    for text in texts:
                        await send({"type": "websocket.send", "text": text.decode()})
        except TimeoutError:
            raise CallerError("This connection does not read and was cut off", code="too_many") from None
        if client.gather_s:
            await asyncio.sleep(min(client.gather_s, FIRST_EVERY_S))  # what comes meanwhile is joined: the newest wins


def _joined(texts: list[bytes]) -> bytes:
    return b"[" + b",".join(texts) + b"]"


def _text(frame: Any) -> dict[str, Any]:
    return {"type": "websocket.send", "text": msgspec.json.encode(frame).decode()}


def _address(scope: Any) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
