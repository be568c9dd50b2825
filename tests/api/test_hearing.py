"""The assistant by ear and by mouth: the API and the room of voice on one bus, with services on real sockets."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from wyoming.asr import Transcript
from wyoming.audio import AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.handle import Handled, NotHandled

from tests.api.conftest import Hub
from tests.api.test_assist import act, home, on  # noqa: F401  a fixture
from tests.parts import free_port
from tests.voice.peers import Service
from tests.voice.test_voice import SOUND, speaks
from unisono.twin.spoken import write_wav
from unisono.voice.voice import Voice

TURN_ON = msgspec.json.encode(act(on("lamp"))).decode()


async def hears(service: Service, event: Event) -> None:
    if AudioStop.is_type(event.type):
        await service.send(Transcript(text=TURN_ON, language="en"))


@pytest.fixture
async def voice(home: Hub) -> AsyncIterator[Voice]:  # noqa: F811
    room = Voice(home.context.registry, home.context.bus, ["en", "zh"])
    await room.start()
    yield room
    await room.stop()


async def set_up(hub: Hub, voice: Voice, **settings: Any) -> None:
    answer = await hub.http.put("/api/v1/assist/voice", json=settings)
    assert answer.status_code == 200, answer.text
    await voice.apply()  # what it was told on the bus, without waiting for it


async def push(hub: Hub, sound: bytes, kind: str = "audio/wav", **query: Any) -> Any:
    headers = {"Content-Type": kind}
    return await hub.http.post("/api/v1/assist/audio", content=sound, headers=headers, params=query)


async def test_push_to_talk(home: Hub, voice: Voice) -> None:  # noqa: F811
    async with Service(hears) as ears, Service(speaks) as mouth:
        await set_up(home, voice, hear=ears.url, speak=mouth.url)
        answer = await push(home, write_wav(SOUND), lang="en")
        assert answer.status_code == 200, answer.text
        spoken = answer.json()
        assert (spoken["heard"], spoken["reply"]["became"]) == (TURN_ON, "done")
        assert spoken["reply"]["results"][0]["command"]["by"]["kind"] == "assistant"
        answer = await home.http.get("/api/v1/assist/speech", params={"text": spoken["reply"]["speech"]["text"]})
        assert answer.headers["content-type"] == "audio/wav"
        with wave.open(io.BytesIO(answer.content)) as file:
            assert file.readframes(file.getnframes()) == SOUND.data
        assert mouth.seen[0].data["text"] == "Sofa lamp is on."


async def test_what_is_no_sound_is_refused(home: Hub, voice: Voice) -> None:  # noqa: F811
    for sound, kind, status in (
        (b"x", "audio/ogg", 400),
        (b"x", "audio/wav", 422),
        (write_wav(SOUND)[:40], "audio/wav", 422),
        (write_wav(msgspec.structs.replace(SOUND, rate=100)), "audio/wav", 422),
        (b"x" * 1_100_000, "audio/wav", 413),
    ):
        assert (await push(home, sound, kind)).status_code == status, (sound[:10], kind)
    answer = await push(home, write_wav(SOUND))
    assert (answer.status_code, answer.json()["code"]) == (503, "engine_missing")
    assert "unisono assist voice --hear" in answer.json()["mend"]
    assert not home.owner.commands


async def test_a_door_speaks_for_its_person(home: Hub, voice: Voice) -> None:  # noqa: F811
    await home.http.post("/api/v1/users", json={"id": "anna", "name": "Anna", "grants": {"home": "viewer"}})
    ports = free_port(), free_port()
    doors = [{"person": "local", "port": ports[0], "place": "home"}, {"person": "anna", "port": ports[1]}]
    await set_up(home, voice, doors=doors)
    assert voice.ports == list(ports)
    async with AsyncTcpClient("127.0.0.1", ports[0]) as client:
        await client.write_event(Transcript(text=TURN_ON, language="en").event())
        answer = await client.read_event()
        assert answer is not None
        assert Handled.from_event(answer).text == "Sofa lamp is on."
    (view,) = home.owner.commands.values()
    assert (view.by["kind"], view.by["id"], view.by["from"]) == ("assistant", "local", "lan")
    async with AsyncTcpClient("127.0.0.1", ports[1]) as client:
        await client.write_event(Transcript(text=TURN_ON, language="en").event())
        answer = await client.read_event()
        assert answer is not None
        assert "may not" in (Handled.from_event(answer).text or "").lower() or "viewer" in str(answer.data)
        assert len(home.owner.commands) == 1
        await home.http.patch("/api/v1/users/anna", json={"disabled": True})
        await client.write_event(Transcript(text=TURN_ON).event())
        answer = await client.read_event()
        assert answer is not None
        assert NotHandled.is_type(answer.type)


async def test_its_settings_are_checked_shown_and_taken_away(home: Hub, voice: Voice) -> None:  # noqa: F811
    for settings, field in (
        ({"doors": [{"person": "nobody"}]}, "doors.0.person"),
        ({"satellites": [{"url": "tcp://x:1", "person": "nobody"}]}, "satellites.0.person"),
        ({"doors": [{"person": "local", "place": "nowhere"}]}, "place"),
        ({"doors": [{"person": "local"}] * 40}, None),
    ):
        problem = (await home.http.put("/api/v1/assist/voice", json=settings)).json()
        assert problem["status"] in (404, 422)
        assert problem.get("field") == field
    async with Service() as satellite:
        about = {"url": satellite.url, "person": "local"}
        await set_up(home, voice, hear="tcp://127.0.0.1:9", satellites=[about])
        await satellite.until(lambda s: "run-satellite" in s.types())
        shown = (await home.http.get("/api/v1/assist/voice")).json()
        assert "cannot be reached" in shown["parts"]["hear"]
        assert shown["parts"][f"satellite {satellite.url}"] == ""
        assert shown["settings"]["satellites"][0]["person"] == "local"
        await set_up(home, voice, satellites=[about])
        assert "speech-to-text" in (await home.http.get("/api/v1/assist/voice")).json()["parts"]["satellites"]
    port = free_port()
    await set_up(home, voice, doors=[{"person": "local", "port": port}, {"person": "local", "port": port}])
    assert "cannot be opened" in (await home.http.get("/api/v1/assist/voice")).json()["parts"][f"door {port}"]
    assert (await home.http.delete("/api/v1/assist/voice")).status_code == 204
    await voice.apply()
    assert voice.ports == []
