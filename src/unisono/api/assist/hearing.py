"""The assistant by ear and by mouth: sound in, sound out, and the settings of the services that do it.

Knows the room of voice by the bus only. What becomes of what was heard is `unisono.api.assist.assistant`'s.
"""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from litestar import Request, Response, Router, delete, get, post, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from unisono.access import Action
from unisono.api.assist.shapes import Reply, Sentence
from unisono.api.commands.asking import address_of
from unisono.api.inject import Asker, Context
from unisono.errors import CallerError
from unisono.twin.spoken import (
    HEAR,
    META_VOICE,
    SPEAK,
    VOICE_CHANGED,
    VOICE_STATUS,
    AssistAnswer,
    AssistAsk,
    Audio,
    Door,
    HearAsk,
    Heard,
    Satellite,
    SpeakAsk,
    VoiceSettings,
    VoiceStatus,
    write_wav,
)

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["answer_heard", "router"]

#: Half a minute at 16 kHz, 16 bits; what goes over the bus is at most 1 MB.
MAX_SOUND = 960 * 1024
MAX_TEXT = 500
#: A service's thirty seconds, and the way there and back.
SERVICE_S = 35.0
STATUS_S = 10.0
MAX_SERVICES = 32

WAV = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")
#: A plan after which its speaker is expected to go on.
ASKS = frozenset({"ask"})

_encode = msgspec.msgpack.Encoder().encode


async def answer_heard(context: ApiContext, payload: bytes) -> bytes:
    """What a microphone of the house heard: `AssistAsk` > `AssistAnswer`. Raises what `say` raises."""
    ask = msgspec.msgpack.decode(payload, type=AssistAsk)
    identity = await context.auth.by_person(ask.person)
    sentence = Sentence(text=ask.text, lang=ask.lang, place=ask.place, conversation=ask.conversation)
    reply = await context.assist.say(identity, sentence, "lan")
    speech = reply.speech or {"text": "", "lang": ask.lang or "en"}
    more = reply.outcome in ASKS or reply.confirm is not None
    return _encode(AssistAnswer(speech["text"], speech["lang"], reply.outcome, reply.became, more))


class Spoken(msgspec.Struct):
    """``heard``: what the sound was taken for; ``reply`` as of a typed sentence."""

    heard: str
    reply: Reply


Text = Annotated[str, QueryParameter(min_length=1, max_length=MAX_TEXT)]


@post("/assist/audio", status_code=200, request_max_body_size=MAX_SOUND)
async def assist_audio(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    lang: FromQuery[str | None] = None,
    place: FromQuery[str | None] = None,
    conversation: FromQuery[str | None] = None,
    dry_run: FromQuery[bool] = False,
) -> Spoken:
    """Push to talk: a WAV (16 bits, at most half a minute) is heard, and its sentence carried out.

    Needs a speech-to-text service (``PUT /api/v1/assist/voice``); the answer's sound is at ``/api/v1/assist/speech``.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in WAV:
        raise CallerError(f"{kind[:40]!r} is no sound", code="bad_request", field="Content-Type", expected="audio/wav")
    audio = read_wav(await request.body())
    answer = await context.bus.request(HEAR, _encode(HearAsk(audio, lang)), SERVICE_S)
    heard = msgspec.msgpack.decode(answer, type=Heard)
    sentence = Sentence(
        text=heard.text, lang=lang or heard.lang, place=place, conversation=conversation, dry_run=dry_run
    )
    return Spoken(heard.text, await context.assist.say(identity, sentence, address_of(request)))


def read_wav(sound: bytes) -> Audio:
    """Raises CallerError ``bad_value`` for what is no WAV of 16-bit samples."""
    try:
        with wave.open(io.BytesIO(sound)) as file:
            shape = file.getframerate(), file.getsampwidth(), file.getnchannels()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, ValueError) as error:
        raise CallerError(f"that is no WAV ({error})", code="bad_value", expected="a WAV, PCM") from None
    if shape[1] != 2 or not 8_000 <= shape[0] <= 48_000 or shape[2] not in (1, 2) or not data:
        expected = "16 bits, 8 to 48 kHz, one or two channels, and some sound"
        raise CallerError("that sound cannot be heard", code="bad_value", expected=expected)
    return Audio(data, *shape)


@get("/assist/speech", media_type="audio/wav")
async def assist_speech(context: Context, identity: Asker, text: Text, lang: FromQuery[str] = "en") -> Response[bytes]:
    """A text as sound (WAV), by the service that is set up, else by espeak-ng."""
    del identity  # whoever is signed in may hear
    answer = await context.bus.request(SPEAK, _encode(SpeakAsk(text, lang)), SERVICE_S)
    return Response(write_wav(msgspec.msgpack.decode(answer, type=Audio)), media_type="audio/wav")


class VoiceShown(msgspec.Struct):
    """``parts``: by what was set up, "" when well, else what is wrong. ``espeak``: whether espeak-ng is there."""

    settings: VoiceSettings
    parts: dict[str, str]
    espeak: bool


@get("/assist/voice")
async def get_voice(context: Context, identity: Asker) -> VoiceShown:
    """What is set up for voices, and whether it is well."""
    context.auth.require(identity, Action.OPERATE_HUB, ())
    return await _shown(context)


async def _shown(context: ApiContext) -> VoiceShown:
    text = await context.registry.get_meta(META_VOICE)
    settings = msgspec.json.decode(text, type=VoiceSettings) if text else VoiceSettings()
    answer = await context.bus.request(VOICE_STATUS, b"", STATUS_S)
    status = msgspec.msgpack.decode(answer, type=VoiceStatus)
    return VoiceShown(settings, status.parts, status.espeak)


@put("/assist/voice")
async def put_voice(context: Context, identity: Asker, data: JSONBody[VoiceSettings]) -> VoiceSettings:
    """Set up services, doors and satellites: all of them, what was before is replaced."""
    context.auth.require(identity, Action.OPERATE_HUB, ())
    if len(data.doors) + len(data.satellites) > MAX_SERVICES:
        raise CallerError("too many", code="bad_value", expected=f"at most {MAX_SERVICES} doors and satellites")
    speaking: list[Door | Satellite] = [*data.doors, *data.satellites]
    for number, each in enumerate(speaking):
        if await context.registry.get_person(each.person) is None:
            where = f"doors.{number}" if number < len(data.doors) else f"satellites.{number - len(data.doors)}"
            detail = f"There is no person {each.person[:80]!r}"
            raise CallerError(detail, code="not_found", field=f"{where}.person", mend="Run: unisono user list")
        if each.place is not None:
            await context.place(each.place)
    await _keep(context, msgspec.json.encode(data).decode())
    return data


@delete("/assist/voice", status_code=204)
async def remove_voice(context: Context, identity: Asker) -> None:
    """Hear and say nothing any more."""
    context.auth.require(identity, Action.OPERATE_HUB, ())
    await _keep(context, "")


async def _keep(context: ApiContext, text: str) -> None:
    await context.registry.put_meta(META_VOICE, text)
    context.bus.publish(VOICE_CHANGED, b"")


router = Router(
    "/",
    route_handlers=[assist_audio, assist_speech, get_voice, put_voice, remove_voice],
    tags=["assistant"],
)
