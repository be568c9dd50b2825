"""What the rooms of voice and the API say to each other on the bus: subjects and shapes.

Knows msgpack shapes (msgspec arrays; new fields are appended with a default). Knows nothing of how they travel.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "ASSIST",
    "HEAR",
    "META_VOICE",
    "SPEAK",
    "VOICE_CHANGED",
    "VOICE_STATUS",
    "AssistAnswer",
    "AssistAsk",
    "Audio",
    "Door",
    "HearAsk",
    "Heard",
    "Satellite",
    "SpeakAsk",
    "VoiceSettings",
    "VoiceStatus",
    "write_wav",
]

ASSIST = "ask.assist"  # AssistAsk > AssistAnswer, or an error
HEAR = "ask.voice.hear"  # HearAsk > Heard, or an error
SPEAK = "ask.voice.speak"  # SpeakAsk > Audio, or an error
VOICE_STATUS = "ask.voice.status"  # b"" > VoiceStatus
VOICE_CHANGED = "voice.changed"  # b"": its settings are others now

#: What both keep in the registry under this key: `VoiceSettings` as JSON.
META_VOICE = "voice.settings"


class AssistAsk(msgspec.Struct, array_like=True):
    """A sentence that was heard, said for ``person``, whose rights count."""

    person: str
    text: str
    lang: str | None = None
    place: str | None = None
    conversation: str = ""


class AssistAnswer(msgspec.Struct, array_like=True):
    """``text`` is to be said; "" when there is nothing to say. ``more``: an answer is waited for."""

    text: str
    lang: str
    outcome: str
    became: str
    more: bool = False


class Audio(msgspec.Struct, array_like=True):
    """Samples of ``width`` bytes, little-endian, signed; ``rate`` a second."""

    data: bytes
    rate: int = 16_000
    width: int = 2
    channels: int = 1


def write_wav(audio: Audio) -> bytes:
    """Samples as a WAV."""
    import io
    import wave

    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setframerate(audio.rate)
        file.setsampwidth(audio.width)
        file.setnchannels(audio.channels)
        file.writeframes(audio.data)
    return target.getvalue()


class HearAsk(msgspec.Struct, array_like=True):
    audio: Audio
    lang: str | None = None


class Heard(msgspec.Struct, array_like=True):
    text: str
    lang: str | None = None


class SpeakAsk(msgspec.Struct, array_like=True):
    text: str
    lang: str = "en"


class Door(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where satellites and pipelines bring what they heard. The protocol knows no sign-in: whoever reaches the port
    speaks as ``person`` in ``place``."""

    person: str
    port: int = 10_700
    host: str = "127.0.0.1"
    place: str | None = None
    lang: str | None = None


class Satellite(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A satellite that waits to be called: its microphone speaks as ``person`` in ``place``."""

    url: str
    person: str
    place: str | None = None
    lang: str | None = None


class VoiceSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Services by ``tcp://host:port``: ``hear`` speech to text, ``speak`` text to speech (none: espeak-ng), ``wake``
    wake words for satellites that have none of their own."""

    hear: str | None = None
    speak: str | None = None
    wake: str | None = None
    doors: list[Door] = []
    satellites: list[Satellite] = []


class VoiceStatus(msgspec.Struct, array_like=True):
    """By what was set up (``hear``, ``speak``, ``wake``, ``door 10700``, ``satellite URL``): "" when well, else what is
    wrong. ``espeak``: whether it is there."""

    parts: dict[str, str] = {}
    espeak: bool = False
