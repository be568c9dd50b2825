"""People on the command line, against a running hub."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.conftest import RunningHub, Shell

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def place(hub: RunningHub) -> str:
    hub.shell.run("place", "add", "Lodge", "--kind", "home")
    return "lodge"


def typed(shell: Shell, token: str, *words: str, input: str = "") -> subprocess.CompletedProcess[str]:
    """A command of somebody else, with what they type."""
    command = [sys.executable, "-m", "unisono.cli", *words, "--url", shell.url, "--token", token]
    return subprocess.run(command, capture_output=True, text=True, input=input, timeout=90, check=False)


def test_roles_at_places_are_given_and_taken(shell: Shell, place: str) -> None:
    shell.run("user", "add", "mara", "--program")
    given = shell.json("user", "grant", "mara", f"guest@{place}", "--until", "7d")
    assert (given["role"], given["at"], given["ends"] is not None) == ("guest", place, True)
    members = {each["id"]: each["role"] for each in shell.json("user", "at", place)}
    assert members == {"local": "administrator", "mara": "guest"}
    shell.run("user", "ungrant", "mara", place)
    assert "mara" not in {each["id"] for each in shell.json("user", "at", place)}
    assert shell.json("user", "change", "mara", "--name", "Mara", "--role", "viewer")["role"] == "viewer"
    assert shell.json("user", "change", "mara", "--disable")["disabled"] is True
    assert "Nothing to change" in shell.run("user", "change", "mara", check=2).stderr
    acts = [each["act"] for each in shell.json("user", "audit", "--user", "mara")]
    assert acts == ["user_changed", "user_changed", "role_taken", "role_given", "user_added"]


def test_an_invitation_is_taken_and_the_account_is_looked_after(shell: Shell, place: str) -> None:
    shown = shell.run("user", "invite", "Zoe", "--grant", f"member@{place}")
    assert f"{shell.url}/#/join/" in shown.stdout
    assert "▄" in shown.stdout or "█" in shown.stdout
    made = shell.json("user", "invite", "--grant", f"member@{place}", "--valid", "1h")
    shell.run("user", "invitations", "--revoke", shell.json("user", "invitations")[0]["id"])
    joined = shell.run("user", "join", "zoe", "--code", made["url"], "--json", UNISONO_PASSWORD=PASSWORD)
    token = json.loads(joined.stdout)["token"]
    states = [each["state"] for each in shell.json("user", "invitations")]
    assert states == ["revoked", "taken"]

    assert "joined" not in typed(shell, token, "user", "sessions").stdout
    made_token = typed(shell, token, "user", "token", "--name", "script", "--scope", "read", "--json")
    id = json.loads(made_token.stdout)["id"]
    assert id in typed(shell, token, "user", "tokens").stdout
    assert typed(shell, token, "user", "tokens", "--revoke", id).returncode == 0
    assert "password" in typed(shell, token, "user", "factors").stdout
    assert "No passkeys" in typed(shell, token, "user", "passkeys").stderr
    begun = typed(shell, token, "user", "totp", input="000000\n")
    assert begun.returncode == 1
    assert "not the code" in begun.stderr
    secret = begun.stderr.partition("its secret: ")[2].split()[0]
    assert len(secret) == 32

    shell.run("user", "password", "zoe", UNISONO_PASSWORD="another long one")
    assert typed(shell, token, "user", "sessions").returncode == 1, "all sessions ended"
    signed = shell.run("user", "login", "zoe", "--json", UNISONO_PASSWORD="another long one")
    token = json.loads(signed.stdout)["token"]
    assert typed(shell, token, "user", "sessions", "--end", "all").returncode == 0
