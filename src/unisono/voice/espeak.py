"""A voice where nothing better is there: espeak-ng, a small program of the operating system.

Knows its command line and the WAV that it writes. It is used as it is installed; nothing of it is part of this.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import wave

from unisono.errors import HostError
from unisono.twin.spoken import Audio

__all__ = ["PROGRAM", "is_there", "read_wav", "speak"]

PROGRAM = "espeak-ng"
SPEAK_S = 10.0
#: Its names of languages, where they are not ours.
VOICES = {"zh": "cmn"}


def is_there() -> bool:
    return shutil.which(PROGRAM) is not None


async def speak(text: str, lang: str, program: str = PROGRAM) -> Audio:
    """Text as sound. Raises HostError ``engine_missing`` with what to install."""
    code = lang.replace("_", "-").split("-")[0].lower()
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "--stdout",
            "--stdin",
            "-v",
            VOICES.get(code, code),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        raise HostError(
            "Nothing here can speak",
            code="engine_missing",
            mend="Set up a service (unisono assist voice --speak tcp://HOST:PORT), or: apt-get install espeak-ng",
        ) from None
    try:
        async with asyncio.timeout(SPEAK_S):
            sound, _errors = await process.communicate(text.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise HostError(f"{program} did not end within {SPEAK_S:g} s", code="receiver_unreachable") from None
    return read_wav(sound)


def read_wav(sound: bytes) -> Audio:
    """The samples of a WAV. Raises HostError ``receiver_unreachable`` for what is none."""
    try:
        with wave.open(io.BytesIO(_sized(sound))) as file:
            data = file.readframes(file.getnframes())
            return Audio(data, file.getframerate(), file.getsampwidth(), file.getnchannels())
    except (wave.Error, EOFError, ValueError) as error:
        raise HostError(f"that is no WAV ({error})", code="receiver_unreachable") from None


def _sized(sound: bytes) -> bytes:
    """A WAV that was written to a pipe does not know its length: it says the greatest there is."""
    at = sound.find(b"data", 12)
    if at < 0:
        return sound
    whole, length = (len(sound) - 8).to_bytes(4, "little"), (len(sound) - at - 8).to_bytes(4, "little")
    return sound[:4] + whole + sound[8 : at + 4] + length + sound[at + 8 :]
