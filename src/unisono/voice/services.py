"""Speech to text, text to speech: services of others, asked over the Wyoming protocol.

Knows the events of a transcription and a synthesis, and how long to wait. Knows no assistant.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeVoice

from unisono.errors import HostError
from unisono.twin.spoken import Audio, Heard
from unisono.voice.events import Peer, connect

__all__ = ["chunks", "describe", "hear", "hear_stream", "speak"]

#: A small model on a Raspberry Pi takes some seconds for a sentence.
HEAR_S = 30.0
SPEAK_S = 30.0
DESCRIBE_S = 5.0
#: An answer travels in one message of the bus (1 MB).
MAX_AUDIO = 900 * 1024
#: A tenth of a second at 16 kHz: what satellites send, too.
CHUNK_SAMPLES = 1_600


def chunks(audio: Audio) -> Iterator[Event]:
    """Sound as events: start, chunks, stop."""
    shape = {"rate": audio.rate, "width": audio.width, "channels": audio.channels}
    yield AudioStart(**shape).event()
    step = CHUNK_SAMPLES * audio.width * audio.channels
    for at in range(0, len(audio.data), step):
        yield AudioChunk(audio=audio.data[at : at + step], **shape).event()
    yield AudioStop().event()


async def hear(url: str, audio: Audio, lang: str | None) -> Heard:
    """What was said. Raises HostError ``receiver_unreachable``."""

    async def sound() -> AsyncIterator[Event]:
        for event in chunks(audio):
            yield event

    return await hear_stream(url, sound(), lang)


async def hear_stream(url: str, sound: AsyncIterator[Event], lang: str | None) -> Heard:
    """As `hear`, of sound as it comes; a service that finds the end of the sentence itself answers before it ends."""
    try:
        async with asyncio.timeout(HEAR_S), await connect(url) as peer:
            await peer.write(Transcribe(language=lang))
            sending = asyncio.create_task(_send(peer, sound))
            try:
                event = await _until(peer, url, Transcript.is_type)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            text = event.data.get("text")
            return Heard(text if isinstance(text, str) else "", event.data.get("language") or lang)
    except TimeoutError:
        raise _silent(url, HEAR_S) from None
    except OSError as error:
        raise HostError(f"{url} broke off ({error.strerror})", code="receiver_unreachable") from None


async def _send(peer: Peer, sound: AsyncIterator[Event]) -> None:
    async for event in sound:
        await peer.write(event)


async def speak(url: str, text: str, lang: str) -> Audio:
    """Text as sound. Raises HostError ``receiver_unreachable``."""
    data, shape = bytearray(), Audio(b"")
    try:
        async with asyncio.timeout(SPEAK_S), await connect(url) as peer:
            await peer.write(Synthesize(text=text, voice=SynthesizeVoice(language=lang)))
            while True:
                event = await _until(peer, url, lambda kind: kind in ("audio-start", "audio-chunk", "audio-stop"))
                if AudioStop.is_type(event.type):
                    return Audio(bytes(data), shape.rate, shape.width, shape.channels)
                try:
                    shape = Audio(b"", int(event.data["rate"]), int(event.data["width"]), int(event.data["channels"]))
                except (KeyError, TypeError, ValueError):
                    raise HostError(f"{url} sent sound of no shape", code="receiver_unreachable") from None
                data += event.payload or b""
                if len(data) > MAX_AUDIO:
                    raise HostError(f"{url} sent more than {MAX_AUDIO} bytes", code="receiver_unreachable")
    except TimeoutError:
        raise _silent(url, SPEAK_S) from None
    except OSError as error:
        raise HostError(f"{url} broke off ({error.strerror})", code="receiver_unreachable") from None


async def describe(url: str) -> Info:
    """What a service says of itself. Raises HostError ``receiver_unreachable``."""
    try:
        async with asyncio.timeout(DESCRIBE_S), await connect(url) as peer:
            await peer.write(Describe())
            return Info.from_event(await _until(peer, url, Info.is_type))
    except TimeoutError:
        raise _silent(url, DESCRIBE_S) from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise HostError(f"{url} does not say what it is ({error})", code="receiver_unreachable") from None


async def _until(peer: Peer, url: str, wanted: object) -> Event:
    assert callable(wanted)
    while True:
        event = await peer.read()
        if event is None:
            raise HostError(f"{url} ended the connection", code="receiver_unreachable")
        if Error.is_type(event.type):
            raise HostError(f"{url}: {str(event.data.get('text'))[:200]}", code="receiver_unreachable")
        if wanted(event.type):
            return event


def _silent(url: str, seconds: float) -> HostError:
    return HostError(f"{url} did not answer within {seconds:g} s", code="receiver_unreachable")
