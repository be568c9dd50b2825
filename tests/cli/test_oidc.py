"""Signing in through another service, set up on the command line of a running hub."""

from __future__ import annotations

from pathlib import Path

from tests.api.issuer import CLIENT, SECRET, provider
from tests.cli.conftest import Shell, start_hub


def test_without_the_host_on_the_list_nothing_is_set(shell: Shell, tmp_path: Path) -> None:
    with provider() as there:
        (tmp_path / "secret").write_text(f"{SECRET}\n")
        words = ("oidc", "set", there.url, "--client-id", CLIENT, "--secret-file", str(tmp_path / "secret"))
        assert "outside.toml" in shell.run(*words, check=1).stderr
        assert there.asked == []
    assert "unisono oidc set" in shell.run("oidc", "show", check=1).stderr
    shell.run("oidc", "remove", check=1)


def test_the_issuer_is_set_shown_and_removed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "outside.toml").write_text('hosts = ["127.0.0.1"]\n')
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    running = start_hub(data, tmp_path / "hub.log")
    try:
        shell = running.shell
        with provider() as there:
            words = ("oidc", "set", there.url, "--client-id", CLIENT, "--name", "Work", "--admit")
            said = shell.run(*words, "--secret-file", str(tmp_path / "secret"))
            assert f"{shell.url}/" in said.stderr, "the address to register there"
            assert SECRET not in said.stdout + said.stderr
            shown = shell.json("oidc", "show")
            assert (shown["issuer"], shown["name"], shown["admit"], shown["secret"]) == (there.url, "Work", True, True)
            assert shell.json(*words)["secret"] is True, "the secret that is kept stays"
        shell.run("user", "add", "lina", "--program")
        assert shell.json("oidc", "linked", "lina") == []
        assert "linked no account" in shell.run("oidc", "unlink", "lina", check=1).stderr
        shell.run("oidc", "remove")
        shell.run("oidc", "show", check=1)
    finally:
        running.stop()
