"""What the doors and the owner say to each other: ids, subjects and sounds that both must read alike."""

from __future__ import annotations

import io
import wave

from unisono.twin.command import REFUSED
from unisono.twin.spoken import Audio, write_wav
from unisono.twin.talk import audit_id
from unisono.twin.visitors import failed


def test_what_was_refused_twice_under_one_key_is_two_lines_of_the_audit() -> None:
    assert audit_id("c1", REFUSED, 5) != audit_id("c1", REFUSED, 6)
    assert audit_id("c1", "confirmed", 5) == "c1"


def test_samples_are_a_wav_that_others_read() -> None:
    audio = Audio(bytes(range(8)), rate=22_050, width=2, channels=2)
    with wave.open(io.BytesIO(write_wav(audio)), "rb") as read:
        assert (read.getframerate(), read.getsampwidth(), read.getnchannels()) == (22_050, 2, 2)
        assert read.readframes(read.getnframes()) == audio.data


def test_a_failed_sign_in_is_told_on_one_subject() -> None:
    assert failed() == "gateway.failed"
