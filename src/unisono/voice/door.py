"""A Wyoming server: what others heard is understood and handled here (`handle`, `intent`).

Knows the events and who speaks through which door. Existing satellites and voice pipelines point at it as their
intent service. The protocol has no sign-in, so a door has a person, and listens on loopback unless it is opened.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from wyoming.asr import Transcript
from wyoming.event import Event, Eventable
from wyoming.handle import Handled, NotHandled
from wyoming.info import Attribution, Describe, HandleModel, HandleProgram, Info, IntentModel, IntentProgram
from wyoming.intent import Entity, Intent, NotRecognized, Recognize
from wyoming.ping import Ping, Pong

from unisono.errors import HostError, UnisonoError
from unisono.twin.spoken import AssistAnswer, AssistAsk, Door
from unisono.voice.events import MAX_LINE, Peer

__all__ = ["Say", "WyomingDoor"]

Say: TypeAlias = Callable[[AssistAsk], Awaitable[AssistAnswer]]

logger = logging.getLogger("unisono.voice")

MAX_TEXT = 4_000
#: Of a conversation.
MAX_NAME = 100
#: Connections to one door; a home has some dozen satellites.
MAX_PEERS = 64
#: Who is silent for so long is gone.
IDLE_S = 3600.0

OURS = Attribution(name="Unisono", url="https://unisono.example")


class WyomingDoor:
    """One open port. ``port`` is the one it listens on (useful after asking for 0)."""

    def __init__(self, door: Door, say: Say, languages: list[str]) -> None:
        self._door, self._say, self._languages = door, say, languages
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.Task[None]] = set()
        self.port = door.port

    async def start(self) -> None:
        """Raises HostError ``port_taken``."""
        try:
            self._server = await asyncio.start_server(self._come, self._door.host, self._door.port, limit=MAX_LINE)
        except OSError as error:
            raise HostError(
                f"Port {self._door.port} on {self._door.host} cannot be opened ({error.strerror})",
                code="port_taken",
                mend="Choose another: unisono assist voice --door",
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._peers:
            task.cancel()
        await asyncio.gather(*self._peers, return_exceptions=True)

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._peers) >= MAX_PEERS:
            writer.close()
            return
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._peers.add(task)
        task.add_done_callback(self._peers.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        conversation = f"wyoming {secrets.token_hex(8)}"
        try:
            while True:
                async with asyncio.timeout(IDLE_S):
                    event = await peer.read()
                if event is None:
                    return
                answer = await self._answer(event, conversation)
                if answer is not None:
                    await peer.write(answer)
        except (OSError, TimeoutError):
            return
        except UnisonoError as error:
            logger.warning("a voice peer was let go: %s", error)
        finally:
            peer.close()

    async def _answer(self, event: Event, conversation: str) -> Eventable | None:
        if Describe.is_type(event.type):
            return self._info()
        if Ping.is_type(event.type):
            return Pong(text=event.data.get("text"))
        if Transcript.is_type(event.type):
            reply, context = await self._said(event, conversation)
            return Handled(reply.text, context) if _is_handled(reply) else NotHandled(reply.text or None, context)
        if Recognize.is_type(event.type):
            reply, context = await self._said(event, conversation)
            if not _is_handled(reply):
                return NotRecognized(reply.text or None, context)
            return Intent(reply.outcome, [Entity("became", reply.became)], reply.text, context)
        return None

    async def _said(self, event: Event, conversation: str) -> tuple[AssistAnswer, dict[str, Any] | None]:
        """What became of a sentence, and its context, which goes back as it came. One conversation a connection, or
        the one that the context names (Home Assistant connects anew for each sentence); its language where the event
        says it."""
        text = event.data.get("text")
        lang = event.data.get("language")
        context = event.data.get("context")
        context = context if isinstance(context, dict) else None
        named = context.get("conversation_id") if context is not None else None
        if isinstance(named, str) and named:
            conversation = f"wyoming {self._door.port} {named[:MAX_NAME]}"
        door = self._door
        ask = AssistAsk(
            door.person,
            text[:MAX_TEXT] if isinstance(text, str) else "",
            lang if isinstance(lang, str) else door.lang,
            door.place,
            conversation,
        )
        try:
            return await self._say(ask), context
        except UnisonoError as error:
            logger.warning("a sentence was not carried out: %s", error)
            return AssistAnswer(error.detail, ask.lang or "en", "refuse", "failed"), context

    def _info(self) -> Info:
        described: dict[str, Any] = {"name": "unisono", "attribution": OURS, "installed": True}
        described |= {"description": "Unisono", "version": None}
        handle = HandleModel(languages=self._languages, **described)
        intent = IntentModel(languages=self._languages, **described)
        return Info(
            handle=[HandleProgram(models=[handle], supports_home_control=True, **described)],
            intent=[IntentProgram(models=[intent], **described)],
        )


def _is_handled(reply: AssistAnswer) -> bool:
    return reply.outcome not in ("ignore", "refuse")
