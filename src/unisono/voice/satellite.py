"""A satellite: a microphone and a loudspeaker elsewhere, which waits to be called and then listens.

Knows the events of a satellite's pipeline: what it hears goes to speech to text, the text to the assistant, the answer
back as sound. It is called again whenever it is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.ping import Ping, Pong
from wyoming.pipeline import RunPipeline
from wyoming.satellite import RunSatellite
from wyoming.wake import Detect, Detection

from unisono.errors import DeviceError, HostError, UnisonoError
from unisono.twin.spoken import AssistAsk, Audio, Heard, Satellite
from unisono.voice.door import Say
from unisono.voice.ending import Ending
from unisono.voice.events import Peer, connect
from unisono.voice.services import chunks, hear_stream

__all__ = ["Line"]

logger = logging.getLogger("unisono.voice")

#: A satellite that was switched off is called again, ever more seldom.
AGAIN_FIRST_S, AGAIN_LAST_S = 1.0, 60.0
#: Sound that waits for a slow service: some ten seconds; older sound gives way.
MAX_WAITING = 200


class Line:
    """The connection to one satellite. ``trouble``: why it is not there, "" when it is. ``hear``, ``wake``: addresses
    of the services; ``speak`` makes sound."""

    def __init__(
        self,
        satellite: Satellite,
        say: Say,
        speak: Callable[[str, str], Awaitable[Audio]],
        hear: str,
        wake: str | None = None,
        again_s: float = AGAIN_FIRST_S,
    ) -> None:
        self._satellite, self._say, self._speak = satellite, say, speak
        self._hear, self._wake = hear, wake
        self._again_s = again_s
        self._sound: asyncio.Queue[Event] = asyncio.Queue(MAX_WAITING)
        self._turn: asyncio.Task[None] | None = None
        self.trouble = "it was not called yet"

    async def run(self) -> None:
        pause_s = self._again_s
        while True:
            try:
                async with await connect(self._satellite.url) as peer:
                    self.trouble, pause_s = "", self._again_s
                    await peer.write(RunSatellite())
                    await self._listen(peer)
                self.trouble = "it hung up"
            except (UnisonoError, OSError) as error:
                self.trouble = str(error)
            finally:
                await self._hush()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, AGAIN_LAST_S)

    async def _listen(self, peer: Peer) -> None:
        while (event := await peer.read()) is not None:
            if RunPipeline.is_type(event.type):
                await self._hush()
                self._sound = asyncio.Queue(MAX_WAITING)
                wakes = event.data.get("start_stage") == "wake"
                self._turn = asyncio.create_task(self._pipeline(peer, wakes=wakes), name="voice turn")
            elif event.type in ("audio-start", "audio-chunk", "audio-stop"):
                if AudioChunk.is_type(event.type):
                    _shape(event)  # who sends none is hung up on
                if self._sound.full():
                    self._sound.get_nowait()
                self._sound.put_nowait(event)
            elif Ping.is_type(event.type):
                await peer.write(Pong(text=event.data.get("text")))

    async def _hush(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            await asyncio.gather(self._turn, return_exceptions=True)
            self._turn = None

    async def _pipeline(self, peer: Peer, *, wakes: bool) -> None:
        """From the microphone to the loudspeaker; a question back is followed by its answer. A satellite that waits for
        its wake word here asks once and streams on: it is listened to again after each sentence."""
        again = True
        while again:
            try:
                if wakes:
                    await peer.write(await self._until_woken())
                more = True
                while more:
                    heard = await hear_stream(self._hear, self._sentence(), self._satellite.lang)
                    await peer.write(Transcript(text=heard.text, language=heard.lang))
                    more = await self._answer(peer, heard)
                    self._sound = asyncio.Queue(MAX_WAITING)  # what came meanwhile is the answer itself
                again = wakes
            except UnisonoError as error:
                logger.warning("a satellite's sentence was lost: %s", error)
                await peer.write(Error(text=error.detail, code=error.code))
                again = wakes and self._wake is not None  # it does not ask again by itself
                await asyncio.sleep(self._again_s)

    async def _answer(self, peer: Peer, heard: Heard) -> bool:
        if not heard.text.strip():
            return False
        satellite = self._satellite
        ask = AssistAsk(satellite.person, heard.text, heard.lang, satellite.place, f"satellite {satellite.url}")
        reply = await self._say(ask)
        if reply.text:
            for event in chunks(await self._speak(reply.text, reply.lang)):
                await peer.write(event)
        return reply.more

    async def _heard(self) -> AsyncIterator[Event]:
        """What comes from the microphone, with a start where the satellite sends none."""
        started = False
        while True:
            event = await self._sound.get()
            if AudioChunk.is_type(event.type) and not started:
                yield AudioStart(*_shape(event)).event()
            started = started or not AudioStop.is_type(event.type)
            yield event
            if AudioStop.is_type(event.type):
                return

    async def _sentence(self) -> AsyncIterator[Event]:
        """The same to the end of what is said: most satellites stream until they are told what was heard."""
        ending = Ending()
        async for event in self._heard():
            yield event
            if AudioChunk.is_type(event.type) and ending.is_after(event.payload or b"", *_shape(event)):
                yield AudioStop().event()
                return

    async def _until_woken(self) -> Detection:
        """The satellite has no wake word of its own: its sound goes to the service until there is one."""
        if self._wake is None:
            raise HostError("no wake-word service is set up", code="receiver_unreachable")
        async with await connect(self._wake) as wake:
            await wake.write(Detect())
            sending = asyncio.create_task(_feed(wake, self._heard()))
            try:
                while (event := await wake.read()) is not None:
                    if Detection.is_type(event.type):
                        return Detection.from_event(event)
                raise HostError(f"{self._wake} hung up", code="receiver_unreachable")
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)


async def _feed(wake: Peer, sound: AsyncIterator[Event]) -> None:
    async for event in sound:
        await wake.write(event)


def _shape(event: Event) -> tuple[int, int, int]:
    """Rate, width and channels. Raises DeviceError ``bad_frame``."""
    found = tuple(event.data.get(name) for name in ("rate", "width", "channels"))
    rate, width, channels = found
    if isinstance(rate, int) and isinstance(width, int) and isinstance(channels, int):
        return rate, width, channels
    raise DeviceError(f"That is no sound: {found}"[:120], code="bad_frame")
