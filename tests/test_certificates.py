"""The certificates of a data directory: made once, renewed when due, read again when their owner changes them."""

from __future__ import annotations

import secrets
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from unisono.access.authority import issue_server, make_authority, read_certificate
from unisono.certificates import Certificates, local_names
from unisono.errors import CallerError, HostError
from unisono.ordering import Acme
from unisono.store.tls import ServerTls

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


class Surroundings:
    """A data directory with a clock and a machine's names that a test may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.names = ["attic", "localhost", "127.0.0.1"]
        self.acme: Acme | None = None

    def certificates(self, own: tuple[Path, Path] | None = None) -> Certificates:
        made = Certificates(self.folder / "data", lambda: self.names, own, self.acme, lambda: self.now)
        made.prepare()
        return made

    def bring(self, *names: str, days_ago: int = 0) -> tuple[Path, Path]:
        """A pair of one's own, in files."""
        issued = self.now - timedelta(days=days_ago)
        authority = make_authority("elsewhere", issued, secrets.token_bytes)
        pair = issue_server(authority, names, issued, secrets.token_bytes)
        files = self.folder / "own.pem", self.folder / "own.key"
        files[0].write_bytes(pair.certificate)
        files[1].write_bytes(pair.key)
        return files


@pytest.fixture
def here(tmp_path: Path) -> Surroundings:
    return Surroundings(tmp_path)


def test_the_first_start_makes_what_the_doors_need_and_keeps_keys_private(here: Surroundings) -> None:
    made = here.certificates()
    for file in (here.folder / "data" / "keys" / "ca.key", made.serving):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"PRIVATE KEY" in file.read_bytes()
    assert b"PRIVATE" not in made.authority
    ServerTls(made.serving, made.clients)
    assert read_certificate(made.serving.read_bytes()).names == here.names
    assert made.info()["ca"]["fingerprint"] == read_certificate(made.authority).fingerprint


def test_the_next_start_changes_nothing(here: Surroundings) -> None:
    first = here.certificates()
    before = {file: file.read_bytes() for file in (first.serving, first.authority_file)}
    second = here.certificates()
    assert {file: file.read_bytes() for file in before} == before
    assert second.info() == first.info()


def test_it_is_renewed_before_it_expires_by_the_same_authority(here: Surroundings) -> None:
    made = here.certificates()
    authority, fingerprint = made.authority, made.info()["fingerprint"]
    here.now = made.notes.serving.renew_at - timedelta(minutes=1)
    made.refresh()
    assert made.info()["fingerprint"] == fingerprint
    here.now += timedelta(minutes=2)
    made.refresh()
    assert made.info()["fingerprint"] != fingerprint
    assert made.authority == authority
    assert read_certificate(made.serving.read_bytes()).not_after > here.now + timedelta(days=300)


def test_a_new_address_makes_a_new_certificate_and_a_lost_one_does_not(here: Surroundings) -> None:
    made = here.certificates()
    here.names = [*here.names, "192.168.7.7"]
    made.refresh()
    assert "192.168.7.7" in made.info()["names"]
    fingerprint = made.info()["fingerprint"]
    here.names = here.names[:-1]
    made.refresh()
    assert made.info()["fingerprint"] == fingerprint


def test_lost_notes_cost_a_certificate_but_no_trust(here: Surroundings) -> None:
    first = here.certificates()
    (first.folder / "notes.json").write_bytes(b"{")
    second = here.certificates()
    assert second.authority == first.authority
    assert second.info()["ca"] == first.info()["ca"]


def test_an_authority_without_its_key_says_what_to_do(here: Surroundings) -> None:
    made = here.certificates()
    (here.folder / "data" / "keys" / "ca.key").unlink()
    here.certificates()  # nothing to sign, nothing to say
    here.names.append("another")
    with pytest.raises(HostError, match=r"ca\.key is gone.*backup") as caught:
        here.certificates()
    assert caught.value.code == "bad_certificate"
    fingerprint = made.info()["fingerprint"]
    made.refresh()
    assert "ca.key is gone" in str(made.trouble)
    assert made.info()["fingerprint"] == fingerprint


def test_an_expired_authority_is_made_anew(here: Surroundings) -> None:
    made = here.certificates()
    authority = made.authority
    here.now += timedelta(days=4000)
    made.refresh()
    assert made.authority != authority
    assert read_certificate(made.serving.read_bytes()).issuer == made.info()["ca"]["subject"]


def test_ones_own_is_taken_and_taken_again_when_it_changes(here: Surroundings) -> None:
    files = here.bring("hub.example.org")
    made = here.certificates(files)
    assert made.info()["names"] == ["hub.example.org"]
    assert made.info()["source"] == "own"
    here.bring("hub.example.net")
    made.refresh()
    assert made.info()["names"] == ["hub.example.net"]


def test_ones_own_that_turns_bad_is_told_and_not_taken(here: Surroundings) -> None:
    files = here.bring("hub.example.org")
    made = here.certificates(files)
    held = made.serving.read_bytes()
    key = files[1].read_bytes()
    here.bring("hub.example.net")
    files[1].write_bytes(key)
    made.refresh()
    assert "not this certificate's" in str(made.trouble)
    assert made.serving.read_bytes() == held
    here.bring("hub.example.net")
    made.refresh()
    assert made.trouble is None
    assert made.serving.read_bytes() != held


def test_ones_own_that_has_expired_does_not_start_and_is_told_while_running(here: Surroundings) -> None:
    with pytest.raises(CallerError, match="expired at"):
        here.certificates(here.bring("hub.example.org", days_ago=400))
    made = here.certificates(here.bring("hub.example.org"))
    here.now += timedelta(days=366)
    made.refresh()
    assert "expired at" in str(made.trouble)


def test_a_file_that_is_not_there(here: Surroundings) -> None:
    with pytest.raises(CallerError, match="cannot be read: No such file") as caught:
        here.certificates((here.folder / "no.pem", here.folder / "no.key"))
    assert caught.value.field == "cert"


def test_only_public_names_may_be_told_to_browsers_for_good(here: Surroundings) -> None:
    assert here.certificates().strict_names == []
    files = here.bring("Hub.example.org", "hub.local", "attic", "192.168.1.2", "hub.fritz.box")
    assert here.certificates(files).strict_names == ["hub.example.org"]


def test_going_back_to_the_hubs_own(here: Surroundings) -> None:
    here.certificates(here.bring("hub.example.org"))
    assert here.certificates().info()["source"] == "hub"


def test_what_a_machine_is_called() -> None:
    names = local_names("0.0.0.0")
    assert {"localhost", "127.0.0.1"} <= set(names)
    assert any(name.endswith(".local") for name in names)
    assert "0.0.0.0" not in names and not any("%" in name for name in names)
    assert "hub.example.org" in local_names("hub.example.org")


def test_a_door_shows_what_its_file_holds_and_never_half_of_it(here: Surroundings) -> None:
    made = here.certificates()
    tls = ServerTls(made.serving, made.clients)
    assert tls.refresh() is False
    held = made.serving.read_bytes()
    made.serving.write_bytes(held[: len(held) // 2])
    with pytest.raises(ssl.SSLError):
        tls.refresh()
    made.serving.write_bytes(held)
    assert tls.refresh() is True
    with pytest.raises(HostError, match="cannot be used"):
        ServerTls(here.folder / "nothing.pem")
