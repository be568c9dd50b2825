"""The room of voice in a hub: its settings, its doors and satellites, and what others ask of it on the bus.

Knows the registry's entry and the bus. Loads the `wyoming` library when something is set up: a hub without voice has
none of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from unisono.errors import HostError, UnisonoError
from unisono.store.bus import Bus
from unisono.store.registry import Registry
from unisono.twin.spoken import (
    ASSIST,
    HEAR,
    META_VOICE,
    SPEAK,
    VOICE_CHANGED,
    VOICE_STATUS,
    AssistAnswer,
    AssistAsk,
    Audio,
    HearAsk,
    SpeakAsk,
    VoiceSettings,
    VoiceStatus,
)

if TYPE_CHECKING:
    from unisono.voice.door import WyomingDoor
    from unisono.voice.satellite import Line

__all__ = ["Voice"]

logger = logging.getLogger("unisono.voice")

#: A sentence whose thing does not answer takes the command's ten seconds.
SAY_S = 30.0
#: Said aloud, half a minute. More is a text to be read.
MAX_SPOKEN = 500
QUEUE = "voice"

_encode = msgspec.msgpack.Encoder().encode


class Voice:
    """``languages``: those that doors say they understand."""

    def __init__(self, registry: Registry, bus: Bus, languages: list[str]) -> None:
        self._registry, self._bus, self._languages = registry, bus, languages
        self._settings = VoiceSettings()
        self._applied: str | None = None
        self._doors: list[WyomingDoor] = []
        self._lines: dict[str, tuple[Line, asyncio.Task[None]]] = {}
        self._troubles: dict[str, str] = {}
        self._ends: list[Callable[[], None]] = []
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        for subject, handler in ((HEAR, self._hear), (SPEAK, self._speak), (VOICE_STATUS, self._status)):
            self._ends.append(await self._bus.serve(subject, handler, queue=QUEUE))
        self._ends.append(await self._bus.subscribe(VOICE_CHANGED, self._changed))
        await self.apply()

    async def stop(self) -> None:
        for end in self._ends:
            end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._close()

    def _changed(self, _payload: bytes) -> None:
        task = asyncio.ensure_future(self.apply())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def apply(self) -> None:
        """Take on the settings as they are in the registry now."""
        async with self._changing:
            text = await self._registry.get_meta(META_VOICE) or ""
            if text == self._applied:
                return  # nobody who speaks is cut off for nothing
            self._applied = text
            self._settings = msgspec.json.decode(text, type=VoiceSettings) if text else VoiceSettings()
            await self._close()
            for door in self._settings.doors:
                from unisono.voice.door import WyomingDoor

                opened = WyomingDoor(door, self.say, self._languages)
                try:
                    await opened.start()
                    self._doors.append(opened)
                    self._troubles[f"door {opened.port}"] = ""
                except HostError as error:
                    logger.error("a door for voices stays shut: %s", error)
                    self._troubles[f"door {door.port}"] = str(error)
            if self._settings.hear is not None:
                for satellite in self._settings.satellites:
                    from unisono.voice.satellite import Line

                    line = Line(satellite, self.say, self.speak, self._settings.hear, self._settings.wake)
                    task = asyncio.create_task(line.run(), name=f"satellite {satellite.url}")
                    self._lines[satellite.url] = line, task

    async def _close(self) -> None:
        for door in self._doors:
            await door.stop()
        for _line, task in self._lines.values():
            task.cancel()
        await asyncio.gather(*(task for _line, task in self._lines.values()), return_exceptions=True)
        self._doors, self._lines, self._troubles = [], {}, {}

    @property
    def ports(self) -> list[int]:
        """Where doors are open."""
        return [door.port for door in self._doors]

    async def say(self, ask: AssistAsk) -> AssistAnswer:
        """What becomes of a sentence, from the API."""
        return msgspec.msgpack.decode(await self._bus.request(ASSIST, _encode(ask), SAY_S), type=AssistAnswer)

    async def speak(self, text: str, lang: str) -> Audio:
        """Text as sound: by the service that is set up, else by espeak-ng."""
        if self._settings.speak is not None:
            from unisono.voice.services import speak

            return await speak(self._settings.speak, text[:MAX_SPOKEN], lang)
        from unisono.voice import espeak

        return await espeak.speak(text[:MAX_SPOKEN], lang)

    # what is asked on the bus

    async def _hear(self, payload: bytes) -> bytes:
        if self._settings.hear is None:
            raise HostError(
                "Nothing here can hear",
                code="engine_missing",
                mend="Set up a speech-to-text service: unisono assist voice --hear tcp://HOST:PORT",
            )
        from unisono.voice.services import hear

        ask = msgspec.msgpack.decode(payload, type=HearAsk)
        return _encode(await hear(self._settings.hear, ask.audio, ask.lang))

    async def _speak(self, payload: bytes) -> bytes:
        ask = msgspec.msgpack.decode(payload, type=SpeakAsk)
        return _encode(await self.speak(ask.text, ask.lang))

    async def _status(self, _payload: bytes) -> bytes:
        from unisono.voice import espeak

        parts = dict(self._troubles)
        for name in ("hear", "speak", "wake"):
            url = getattr(self._settings, name)
            if url is not None:
                parts[name] = await _trouble(url)
        for url, (line, _task) in self._lines.items():
            parts[f"satellite {url}"] = line.trouble
        if self._settings.satellites and self._settings.hear is None:
            parts["satellites"] = "they need a speech-to-text service"
        return _encode(VoiceStatus(parts, espeak.is_there()))


async def _trouble(url: str) -> str:
    from unisono.voice.services import describe

    try:
        await describe(url)
    except UnisonoError as error:
        return str(error)
    return ""
