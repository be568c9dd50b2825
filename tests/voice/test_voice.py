"""Voices over real sockets: services of others, a door for others, satellites; what is broken, slow or hostile."""

from __future__ import annotations

import asyncio
import json
import stat
import struct
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.handle import Handled, NotHandled
from wyoming.info import Describe, Info
from wyoming.intent import Intent, NotRecognized, Recognize
from wyoming.ping import Ping, Pong
from wyoming.pipeline import PipelineStage, RunPipeline
from wyoming.wake import Detection

from tests.parts import DEADLINE_S
from tests.voice.peers import Service
from unisono.errors import DeviceError, HostError, UnisonoError
from unisono.twin.spoken import AssistAnswer, AssistAsk, Audio, Door, Satellite, write_wav
from unisono.voice import espeak
from unisono.voice.door import WyomingDoor
from unisono.voice.ending import Ending
from unisono.voice.events import MAX_DATA, MAX_LINE, MAX_PAYLOAD, connect, read_event
from unisono.voice.satellite import Line
from unisono.voice.services import MAX_AUDIO, chunks, describe, hear, speak

SOUND = Audio(bytes(range(256)) * 40)


class Assistant:
    """Answers as a test wants; ``asked`` is what came."""

    def __init__(self, *answers: AssistAnswer) -> None:
        self.answers = list(answers) or [AssistAnswer("Lamp is on.", "en", "act", "done")]
        self.asked: list[AssistAsk] = []
        self.error: UnisonoError | None = None

    async def say(self, ask: AssistAsk) -> AssistAnswer:
        self.asked.append(ask)
        if self.error is not None:
            raise self.error
        return self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)


# framing


async def read(data: bytes) -> Event | None:
    reader = asyncio.StreamReader(limit=MAX_LINE)
    reader.feed_data(data)
    reader.feed_eof()
    return await read_event(reader)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"nonsense\n", "no JSON"),
        (b"[]\n", "no object"),
        (b"{}\n", "no type"),
        (b'{"type": 5}\n', "no type"),
        (b'{"type": "x", "data": 5}\n', "no type"),
        (b'{"type": "x"', "within a line"),
        (b'{"type": "x", "data_length": 10}\n{}', "within an event"),
        (b'{"type": "x", "payload_length": 10}\n123', "within an event"),
        (b'{"type": "x", "data_length": -1}\n', "data_length is -1"),
        (b'{"type": "x", "data_length": true}\n', "data_length is True"),
        (b'{"type": "x", "data_length": 2}\n[]', "no object"),
        (f'{{"type": "x", "data_length": {MAX_DATA + 1}}}\n'.encode(), "at most"),
        (f'{{"type": "x", "payload_length": {MAX_PAYLOAD + 1}}}\n'.encode(), "at most"),
        (b'{"type": "' + b"x" * MAX_LINE + b'"}\n', "longer than"),
        (b"[" * 60_000 + b"\n", "no JSON"),
    ],
)
async def test_what_is_no_event_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(DeviceError, match=why):
        await read(data)


async def test_an_event_may_come_in_parts() -> None:
    assert await read(b"") is None
    found = await read(b'{"type": "x", "data": {"a": 1}, "data_length": 7, "payload_length": 3}\n{"b":2}xyz')
    assert found == Event("x", {"a": 1, "b": 2}, b"xyz")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_refused(data: bytes) -> None:
    async def go() -> None:
        try:
            found = await read(data)
        except DeviceError:
            return
        assert found is None or isinstance(found.type, str)

    asyncio.run(go())


# services of others


async def hears(service: Service, event: Event) -> None:
    if AudioStop.is_type(event.type):
        await service.send(Transcript(text="turn on the lamp", language="en"))


async def speaks(service: Service, event: Event) -> None:
    if event.type == "synthesize":
        for each in chunks(SOUND):
            await service.send(each)


async def test_speech_becomes_text() -> None:
    async with Service(hears) as service:
        heard = await hear(service.url, SOUND, "en")
        assert (heard.text, heard.lang) == ("turn on the lamp", "en")
        assert service.types()[:2] == ["transcribe", "audio-start"]
        sound = b"".join(event.payload or b"" for event in service.seen if AudioChunk.is_type(event.type))
        assert sound == SOUND.data


async def test_text_becomes_speech() -> None:
    async with Service(speaks) as service:
        assert await speak(service.url, "Lamp is on.", "en") == SOUND
        assert service.seen[0].data["text"] == "Lamp is on."
        assert service.seen[0].data["voice"] == {"language": "en"}


async def test_what_a_service_does_wrong_is_said() -> None:
    async def errs(service: Service, event: Event) -> None:
        if event.type in ("synthesize", "audio-stop", "describe"):
            await service.send(Error(text="no model"))

    async def hangs_up(service: Service, _event: Event) -> None:
        service.hang_up()

    async def babbles(service: Service, _event: Event) -> None:
        await service.raw(b"\xff" * 100 + b"\n")

    async def floods(service: Service, event: Event) -> None:
        if event.type == "synthesize":
            await service.send(AudioStart(16_000, 2, 1))
            chunk = AudioChunk(16_000, 2, 1, b"x" * 500_000)
            for _ in range(MAX_AUDIO // 500_000 + 1):
                await service.send(chunk)

    async def shapeless(service: Service, _event: Event) -> None:
        await service.send(Event("audio-start", {"rate": "fast"}))

    for answer, why in ((errs, "no model"), (hangs_up, "ended|broke"), (babbles, "no Wyoming event")):
        async with Service(answer) as service:
            for asking in (hear(service.url, SOUND, None), speak(service.url, "x", "en"), describe(service.url)):
                with pytest.raises(UnisonoError, match=why):
                    await asking
    for answer, why in ((floods, "more than"), (shapeless, "no shape")):
        async with Service(answer) as service:
            with pytest.raises(HostError, match=why):
                await speak(service.url, "x", "en")
    with pytest.raises(HostError, match="cannot be reached"):
        await hear("tcp://127.0.0.1:9", SOUND, None)
    for url in ("http://x", "tcp://host", "nonsense"):
        with pytest.raises(UnisonoError, match="no address"):
            await connect(url)


# the door for others


@pytest.fixture
async def assistant() -> Assistant:
    return Assistant()


@pytest.fixture
async def door(assistant: Assistant) -> AsyncIterator[WyomingDoor]:
    opened = WyomingDoor(Door(person="wei", port=0, place="hall", lang="zh"), assistant.say, ["en", "zh"])
    await opened.start()
    yield opened
    await opened.stop()


async def ask(client: AsyncTcpClient, event: Any) -> Event:
    await client.write_event(event.event())
    async with asyncio.timeout(DEADLINE_S):
        answer = await client.read_event()
    assert answer is not None
    return answer


async def test_the_library_s_own_client_uses_the_door(door: WyomingDoor, assistant: Assistant) -> None:
    async with AsyncTcpClient("127.0.0.1", door.port) as client:
        info = Info.from_event(await ask(client, Describe()))
        assert info.handle[0].models[0].languages == ["en", "zh"]
        assert info.intent[0].name == "unisono"
        assert Pong.is_type((await ask(client, Ping(text="x"))).type)
        handled = Handled.from_event(await ask(client, Transcript(text="light on", language="en")))
        assert handled.text == "Lamp is on."
        intent = Intent.from_event(await ask(client, Recognize(text="开灯")))
        assert (intent.name, intent.entities[0].value, intent.text) == ("act", "done", "Lamp is on.")
        assert [(each.text, each.lang, each.person, each.place) for each in assistant.asked] == [
            ("light on", "en", "wei", "hall"),
            ("开灯", "zh", "wei", "hall"),
        ]
        assert len({each.conversation for each in assistant.asked}) == 1
        assistant.answers = [AssistAnswer("", "en", "ignore", "nothing")]
        assert NotHandled.is_type((await ask(client, Transcript(text="hm"))).type)
        assert NotRecognized.is_type((await ask(client, Recognize(text="hm"))).type)
        assistant.error = HostError("the owner is away", code="owner_unavailable")
        refused = NotHandled.from_event(await ask(client, Transcript(text="hm")))
        assert refused.text == "the owner is away"


async def test_a_conversation_is_the_one_that_is_named_or_the_connection(
    door: WyomingDoor, assistant: Assistant
) -> None:
    about = {"conversation_id": "01J", "more": [1]}
    for _connection in range(2):  # as Home Assistant does it: a connection for each sentence
        async with AsyncTcpClient("127.0.0.1", door.port) as client:
            handled = Handled.from_event(await ask(client, Transcript(text="dim it", context=about)))
            assert handled.context == about
            assert Intent.from_event(await ask(client, Recognize(text="dim it", context=about))).context == about
    for odd in (None, {"conversation_id": 5}, {"conversation_id": ""}):
        async with AsyncTcpClient("127.0.0.1", door.port) as client:
            await ask(client, Transcript(text="dim it", context=odd))
    await door_takes(door, Event("transcript", {"text": "dim it", "context": ["01J"]}))
    named = [each.conversation for each in assistant.asked]
    assert len(set(named[:4])) == 1
    assert len(set(named)) == 5, "a stranger's sentence is in nobody's conversation"
    async with AsyncTcpClient("127.0.0.1", door.port) as client:
        info = Info.from_event(await ask(client, Describe()))
    assert info.handle[0].supports_home_control


async def door_takes(door: WyomingDoor, event: Event) -> None:
    async with AsyncTcpClient("127.0.0.1", door.port) as client:
        await client.write_event(event)
        async with asyncio.timeout(DEADLINE_S):
            assert await client.read_event() is not None


async def test_who_babbles_is_let_go_and_the_door_stays_open(door: WyomingDoor, assistant: Assistant) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b'{"type": "transcript", "payload_length": 99999999999}\n')
    async with asyncio.timeout(DEADLINE_S):
        assert await reader.read() == b""
    writer.close()
    async with AsyncTcpClient("127.0.0.1", door.port) as client:
        await client.write_event(Event("transcript", {"text": 5}))
        await client.write_event(Event("unheard-of"))
        assert Handled.is_type((await ask(client, Transcript(text="x"))).type)
    assert assistant.asked[0].text == ""


async def test_a_port_that_is_taken_is_said(door: WyomingDoor, assistant: Assistant) -> None:
    with pytest.raises(HostError, match="cannot be opened"):
        await WyomingDoor(Door(person="wei", port=door.port), assistant.say, []).start()


# satellites


async def spoken(_text: str, _lang: str) -> Audio:
    return SOUND


class Called:
    """A line that is being kept, to a satellite that is a `Service`."""

    def __init__(self, satellite: Service, assistant: Assistant, hear: str, wake: str | None = None) -> None:
        about = Satellite(url=satellite.url, person="wei", place="hall", lang="en")
        self.line = Line(about, assistant.say, spoken, hear, wake, again_s=0.01)

    async def __aenter__(self) -> Called:
        self._task = asyncio.create_task(self.line.run())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def speak_into(satellite: Service, stage: PipelineStage = PipelineStage.ASR) -> None:
    await satellite.send(RunPipeline(stage, PipelineStage.TTS))
    for event in chunks(SOUND):
        await satellite.send(event)


async def test_a_satellite_is_called_heard_and_answered(assistant: Assistant) -> None:
    async with Service() as satellite, Service(hears) as ears, Called(satellite, assistant, ears.url) as called:
        await satellite.until(lambda s: "run-satellite" in s.types())
        await speak_into(satellite)
        await satellite.until(lambda s: "audio-stop" in s.types())
        sound = b"".join(event.payload or b"" for event in satellite.seen if AudioChunk.is_type(event.type))
        assert sound == SOUND.data
        transcript = next(event for event in satellite.seen if Transcript.is_type(event.type))
        assert transcript.data["text"] == "turn on the lamp"
        assert (assistant.asked[0].person, assistant.asked[0].place) == ("wei", "hall")
        await satellite.send(Ping(text="there?"))
        await satellite.until(lambda s: "pong" in s.types())
        assert called.line.trouble == ""


async def test_a_question_back_is_answered_in_the_same_turn() -> None:
    question = AssistAnswer("Which one?", "en", "ask", "nothing", True)
    assistant = Assistant(question, AssistAnswer("Done.", "en", "act", "done"))
    async with Service() as satellite, Service(hears) as ears, Called(satellite, assistant, ears.url):
        await satellite.until(lambda s: "run-satellite" in s.types())
        await speak_into(satellite)
        await satellite.until(lambda s: s.types().count("audio-stop") == 1)
        for event in chunks(SOUND):
            await satellite.send(event)
        await satellite.until(lambda s: s.types().count("audio-stop") == 2)
    assert len({each.conversation for each in assistant.asked}) == 1


async def test_a_satellite_without_wake_word_borrows_one(assistant: Assistant) -> None:
    async def wakes(service: Service, event: Event) -> None:
        if AudioStop.is_type(event.type):
            await service.send(Detection(name="hey"))

    async with (
        Service() as satellite,
        Service(hears) as ears,
        Service(wakes) as wake,
        Called(satellite, assistant, ears.url, wake.url),
    ):
        await satellite.until(lambda s: "run-satellite" in s.types())
        await speak_into(satellite, PipelineStage.WAKE)
        await satellite.until(lambda s: "detection" in s.types())
        for event in chunks(SOUND):
            await satellite.send(event)
        await satellite.until(lambda s: "transcript" in s.types())


async def stream(satellite: Service, *sounds: Audio) -> None:
    """As `wyoming-satellite` does: chunks alone, until it is told what was heard."""
    for sound in sounds:
        for event in chunks(sound):
            if AudioChunk.is_type(event.type):
                await satellite.send(event)


def told(kind: str, times: int, satellite: Service) -> bool:
    return satellite.types().count(kind) == times


QUIET = Audio(bytes(2 * 16_000 * 2))
LOUD = Audio(b"\x00\x20\x00\xe0" * 8_000)


async def test_a_satellite_that_streams_is_answered_when_its_speaker_is_done(assistant: Assistant) -> None:
    async def wakes(service: Service, event: Event) -> None:
        if AudioChunk.is_type(event.type) and not any(event.payload or b""):
            await service.send(Detection(name="hey"))

    async with (
        Service() as satellite,
        Service(hears) as ears,
        Service(wakes) as wake,
        Called(satellite, assistant, ears.url, wake.url),
    ):
        await satellite.until(lambda s: "run-satellite" in s.types())
        await satellite.send(RunPipeline(PipelineStage.ASR, PipelineStage.TTS))
        await stream(satellite, LOUD, QUIET)
        await satellite.until(lambda s: s.types().count("audio-stop") == 1)
        heard = ears.types()
        assert (heard[:2], heard[-1], heard.count("audio-start")) == (["transcribe", "audio-start"], "audio-stop", 1)
        # without a wake word of its own it asks once, and is listened to again and again
        await satellite.send(RunPipeline(PipelineStage.WAKE, PipelineStage.TTS))
        for number in (1, 2):
            await stream(satellite, QUIET)
            await satellite.until(partial(told, "detection", number))
            await stream(satellite, LOUD, QUIET)
            await satellite.until(partial(told, "audio-stop", number + 1))
    assert len(assistant.asked) == 3


async def test_sound_of_no_shape_is_hung_up_on(assistant: Assistant) -> None:
    async with Service() as satellite, Service(hears) as ears, Called(satellite, assistant, ears.url):
        await satellite.until(lambda s: "run-satellite" in s.types())
        await satellite.send(Event("audio-chunk", {"rate": "fast"}, b"1234"))
        await satellite.until(lambda s: s.types().count("run-satellite") == 2)


def loudness(*parts: tuple[float, int], width: int = 2) -> float | None:
    """When sound of so many seconds of so much amplitude was found to be over."""
    ending, said_s = Ending(), 0.0
    for seconds, amplitude in parts:
        wave = struct.pack("<hh", amplitude, -amplitude) * 800
        for _ in range(round(seconds * 10)):
            said_s += 0.1
            if ending.is_after(wave if width == 2 else bytes(len(wave) // 2 * width), 16_000, width, 1):
                return round(said_s, 1)
    return None


@pytest.mark.parametrize(
    ("parts", "over_s"),
    [
        ([(1, 30), (2, 3000), (2, 30)], 3.8),
        ([(2, 3000), (0.5, 30), (2, 3000), (2, 30)], 5.3),  # a pause between words
        ([(1, 400), (2, 3000), (2, 400)], 3.8),  # beside a fan
        ([(2, 3000), (2, 30)], 2.8),  # who begins at once
        ([(1, 1500), (2, 9000), (2, 1500)], 3.8),  # beside a machine
        ([(10, 30)], None),  # nobody said anything yet
        ([(3, 30), (0.1, 9000), (3, 30)], None),  # a click
        ([(20, 30)], 15.0),
        ([(20, 3000)], 15.0),
        ([(20, 0)], 15.0),
    ],
)
def test_a_sentence_is_over_when_its_speaker_is_quiet(parts: list[tuple[float, int]], over_s: float | None) -> None:
    assert loudness(*parts) == (None if over_s is None else pytest.approx(over_s, abs=0.11))


def test_odd_sound_is_over_by_its_length() -> None:
    assert loudness((20, 3000), width=4) == pytest.approx(15.0, abs=0.11)
    assert not Ending().is_after(b"\x01", 0, 2, 0)


async def test_trouble_is_told_and_the_satellite_called_again(assistant: Assistant) -> None:
    async with Service() as satellite, Called(satellite, assistant, "tcp://127.0.0.1:9") as called:
        await satellite.until(lambda s: "run-satellite" in s.types())
        await speak_into(satellite)
        await satellite.until(lambda s: "error" in s.types())
        await speak_into(satellite, PipelineStage.WAKE)
        await satellite.until(lambda s: s.types().count("error") == 2)
        await satellite.raw(b"nonsense\n")
        await satellite.until(lambda s: s.types().count("run-satellite") == 2)
        satellite.hang_up()
        await satellite.until(lambda s: s.types().count("run-satellite") == 3)
        assert assistant.asked == []
        assert called.line.trouble == ""


# a voice where nothing better is there


async def test_espeak_speaks_by_its_command_line(tmp_path: Path) -> None:
    wav = write_wav(SOUND)
    piped = wav[:4] + b"\xff\xff\xff\x7f" + wav[8:40] + b"\xff\xff\xff\x7f" + wav[44:]  # as it is written to a pipe
    (tmp_path / "sound").write_bytes(piped)
    program = tmp_path / "espeak-ng"
    program.write_text(f'#!/bin/sh\ncat > {tmp_path}/text\necho "$@" > {tmp_path}/given\ncat {tmp_path}/sound\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert await espeak.speak("灯开了", "zh-CN", str(program)) == SOUND
    assert (tmp_path / "text").read_text() == "灯开了"
    assert (tmp_path / "given").read_text().split() == ["--stdout", "--stdin", "-v", "cmn"]
    with pytest.raises(HostError, match="Nothing here can speak") as caught:
        await espeak.speak("x", "en", str(tmp_path / "nothing"))
    assert "apt-get install espeak-ng" in (caught.value.mend or "")
    for garbage in (b"", b"RIFF", json.dumps({}).encode()):
        with pytest.raises(HostError, match="no WAV"):
            espeak.read_wav(garbage)


@pytest.mark.skipif(not espeak.is_there(), reason="espeak-ng is not installed")
async def test_the_real_espeak_speaks() -> None:
    audio = await espeak.speak("The lamp is on.", "en")
    assert len(audio.data) > audio.rate
