"""Secrets and totals survive a restart, are nobody else's to read, and a broken file only costs renewals."""

from __future__ import annotations

from pathlib import Path

import pytest

from unisono.errors import HostError
from unisono.sim.kept import Keyring, Memory


def test_secrets_are_kept_in_a_private_file(tmp_path: Path) -> None:
    ring = Keyring(tmp_path)
    assert ring.get("lamp") is None
    ring.put({"lamp": "s1"})
    ring.put({"lock": "s2"})
    again = Keyring(tmp_path)
    assert (again.get("lamp"), again.get("lock")) == ("s1", "s2")
    assert ring.path.stat().st_mode & 0o777 == 0o600


def test_two_simulations_keep_their_secrets_in_one_file(tmp_path: Path) -> None:
    one, other = Keyring(tmp_path), Keyring(tmp_path)
    one.put({"lamp": "s1"})
    other.put({"lock": "s2"})
    assert (Keyring(tmp_path).get("lamp"), Keyring(tmp_path).get("lock")) == ("s1", "s2")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"lamp": 1}', b"\xff\xfe"])
def test_a_broken_file_counts_as_lost(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "secrets.json").write_bytes(content)
    ring = Keyring(tmp_path)
    assert ring.get("lamp") is None
    ring.put({"lamp": "s1"})
    assert Keyring(tmp_path).get("lamp") == "s1"


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "sim" / "secrets.json").mkdir(parents=True)
    with pytest.raises(HostError) as caught:
        Keyring(tmp_path)
    assert caught.value.code == "read_only"


def test_a_folder_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "sim").write_text("a file in the way")
    with pytest.raises(HostError) as caught:
        Keyring(tmp_path).put({"lamp": "s1"})
    assert caught.value.code == "read_only"
    assert "--data" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["sim"]


def test_totals_keep_their_kind(tmp_path: Path) -> None:
    Memory(tmp_path).put({"press": {"good_count": 18_220}, "meter": {"energy": 4182.0}})
    again = Memory(tmp_path)
    assert repr(again.get("press")) == "{'good_count': 18220}"
    assert repr(again.get("meter")) == "{'energy': 4182.0}"
    assert again.get("lamp") is None
