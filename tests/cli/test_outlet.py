"""``unisono outlet``: added, changed in its place, removed."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Shell

OUTLET = """
id: onward
place: cabin_out
traits: [co2]
to: {kind: webhook, url: "http://127.0.0.1:9/in"}
secret: abc
headers: {X-Tenant: wei}
"""


def test_an_outlet_is_changed_in_its_place(shell: Shell, tmp_path: Path) -> None:
    file, change, secret = tmp_path / "outlet.yaml", tmp_path / "change.yaml", tmp_path / "secret"
    file.write_text(OUTLET)
    change.write_text("batch: 5\ntraits: null\nheaders: {X-More: yes please}\n")
    shell.run("place", "add", "Cabin", "--id", "cabin_out", "--kind", "home")
    shell.run("outlet", "add", str(file))
    shell.run("outlet", "change", "onward", str(change))
    shown = shell.json("outlet", "show", "onward")
    assert (shown["batch"], shown["traits"], shown["secret"]) == (5, [], True)
    assert shown["headers"] == ["X-More", "X-Tenant"]
    secret.write_text("another\n")
    shell.run("outlet", "change", "onward", "--secret-file", str(secret))
    assert "nothing is to be changed" in shell.run("outlet", "change", "onward", check=2).stderr
    assert "No such file" in shell.run("outlet", "change", "onward", "--secret-file", "nowhere", check=2).stderr
    file.write_text("[{a: 1}, {b: 2}]")
    assert "one object" in shell.run("outlet", "change", "onward", str(file), check=2).stderr
    shell.run("outlet", "remove", "onward")
    assert shell.run("outlet", "change", "onward", str(change), check=None).returncode != 0
