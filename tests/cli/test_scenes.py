"""Scenes and places on the command line, against a whole hub."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Shell, start_hub

EVENING = """\
# yaml-language-server: $schema=scene.schema.json
id: evening
name: Evening
place: chalet
when:
  - change: {things: [knob], property: on_off, is: true}   # the switch at the door
then:
  - set: {things: [glow], state: {on_off: true}}
"""


@pytest.fixture
def chalet(shell: Shell) -> None:
    """A place with a lamp and a switch."""
    if "chalet" not in {place["id"] for place in shell.json("place", "list")}:
        shell.run("place", "add", "Chalet", "--id", "chalet")
        for id, model in (("glow", "light"), ("knob", "switch")):
            shell.run("thing", "add", id, "--model", model, "--place", "chalet")
    for scene in shell.json("scene", "list"):
        shell.run("scene", "remove", scene["id"])


def written(tmp_path: Path, text: str = EVENING, name: str = "evening.yaml") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_a_scene_from_a_file_and_back(shell: Shell, chalet: None, tmp_path: Path) -> None:
    assert "Add one" in shell.run("scene", "list").stderr
    assert shell.run("scene", "add", written(tmp_path)).stdout == "evening is saved, version 1\n"
    assert shell.run("scene", "show", "evening").stdout == EVENING
    assert shell.json("scene", "show", "evening")["document"]["place"] == "chalet"
    assert [each["id"] for each in shell.json("scene", "list", "--place", "chalet", "--q", "even")] == ["evening"]
    assert "evening" in shell.run("scene", "list").stdout
    assert "unisono: from: " in shell.run("scene", "backtest", "evening", "--from", "-400d", check=1).stderr

    changed = written(tmp_path, EVENING.replace("true}}", "false}}"))
    refused = shell.run("scene", "add", changed, check=1)
    assert "scene add --replace" in refused.stderr
    assert "version 2" in shell.run("scene", "add", "--replace", changed).stdout
    assert [each["version"] for each in shell.json("scene", "versions", "evening")] == [2, 1]
    assert "SAVED BY" in shell.run("scene", "versions", "evening").stdout
    assert shell.run("scene", "show", "evening", "--version", "1").stdout == EVENING

    assert shell.run("scene", "disable", "evening").stdout == "evening is disabled\n"
    assert "disabled by" in shell.run("scene", "show", "evening").stderr
    assert shell.json("scene", "enable", "evening")["enabled"] is True
    assert shell.run("scene", "remove", "evening").stdout == "evening was removed\n"
    assert "unisono scene list" in shell.run("scene", "show", "evening", check=1).stderr


def test_many_files_and_many_scenes_in_one(shell: Shell, chalet: None, tmp_path: Path) -> None:
    def called(id: str, **changes: str) -> str:
        text = EVENING.replace("id: evening", f"id: {id}")
        for old, new in changes.items():
            text = text.replace(old, new)
        return text

    several = written(tmp_path, f"{called('a')}---\n{called('b', glow='glwo')}---\n{called('c')}", "several.yaml")
    single = written(tmp_path, called("d", true="false"), "single.yaml")
    listed = written(
        tmp_path, json.dumps([{"id": "e", "name": "E", "place": "chalet", "then": [{"stop": {}}]}]), "l.json"
    )
    tried = shell.run("scene", "add", "--dry-run", several, single, listed, check=1)
    assert tried.stdout == "4 would be created, 0 would be replaced, 0 unchanged, 1 in error\n"
    assert shell.json("scene", "list") == []
    done = shell.run("scene", "add", several, single, listed, check=1)
    assert done.stdout == "4 created, 0 replaced, 0 unchanged, 1 in error\n"
    assert f"error: {several}:17:20: then.0.set.things.0: there is no thing 'glwo'; expected glow" in done.stderr
    assert [each["id"] for each in shell.json("scene", "list")] == ["a", "c", "d", "e"]
    rows = json.loads(shell.run("scene", "add", several, single, "--json", check=1).stdout)
    assert [(row["id"], row["result"], row["row"]) for row in rows] == [
        ("a", "unchanged", 0),
        ("b", "error", 1),
        ("c", "unchanged", 2),
        ("d", "unchanged", 3),
    ]
    changed = written(tmp_path, called("d", Evening="Night"), "single.yaml")
    assert "--replace" in shell.run("scene", "add", changed, listed, check=1).stderr
    assert (
        shell.run("scene", "add", "--replace", changed, listed).stdout
        == "0 created, 1 replaced, 1 unchanged, 0 in error\n"
    )
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(b"\xff")
    assert "no UTF-8" in shell.run("scene", "add", str(broken), listed, check=2).stderr


def test_an_error_names_file_line_and_column(shell: Shell, chalet: None, tmp_path: Path) -> None:
    for change, where in (
        (("on_off: true}}", "on_off: bright}}"), ":8:35: then.0.set.state.on_off: "),
        (("[glow]", "[glwo]"), ":8:20: then.0.set.things.0: "),
        (("then:", "thn:"), ":7:1: thn: "),
        (("name: Evening\n", ""), ":2:1: name: "),
        (("place: chalet", "place: attic"), ":4:1: place: "),
        (("id: evening", "id: ["), ": it is not YAML: "),
    ):
        path = written(tmp_path, EVENING.replace(*change))
        said = shell.run("scene", "add", path, check=1).stderr
        assert said.startswith(f"unisono: {path}{where}"), said
    assert "(line 4, column 6)" in said
    assert shell.json("scene", "list") == []
    assert "No such file" in shell.run("scene", "add", str(tmp_path / "none.yaml"), check=2).stderr


def test_all_that_is_wrong_is_said_at_once(shell: Shell, chalet: None, tmp_path: Path) -> None:
    wrong = EVENING.replace("place: chalet", "plce: chalet").replace("is: true}   #", "iss: true}   #") + "  - 5\n"
    spots = [(4, 1, "plce"), (6, 48, "when.0.change.iss"), (9, 5, "then.1")]
    said = shell.run("scene", "add", written(tmp_path, wrong), check=1).stderr
    for line, column, field in spots:
        assert f"evening.yaml:{line}:{column}: {field}: " in said, said
    assert said.count("unisono: ") == 4 and ": place: the field is missing" in said
    both = shell.run("scene", "add", written(tmp_path, f"{wrong}---\n{EVENING}"), check=1)
    assert both.stdout == "1 created, 0 replaced, 0 unchanged, 1 in error\n"
    for line, column, field in spots:
        assert f"evening.yaml:{line}:{column}: {field}: " in both.stderr, both.stderr


def test_a_warning_is_shown_with_its_place(shell: Shell, chalet: None, tmp_path: Path) -> None:
    shell.run("scene", "add", written(tmp_path))
    other = written(tmp_path, EVENING.replace("id: evening", "id: other").replace("true}}", "false}}"), "other.yaml")
    said = shell.run("scene", "add", other).stderr
    assert said.startswith(f"warning: {other}:8:"), said
    assert "evening" in said


def test_what_is_amiss_since_is_shown(shell: Shell, chalet: None, tmp_path: Path) -> None:
    shell.run("scene", "add", written(tmp_path))
    shell.run("thing", "remove", "glow")
    try:
        assert "enabled, amiss" in shell.run("scene", "list").stdout
        assert "# amiss: then.0.set.things.0: there is no thing 'glow'" in shell.run("scene", "show", "evening").stderr
        (finding,) = shell.json("scene", "show", "evening")["now"]["findings"]
        assert (finding["severity"], finding["path"]) == ("error", "then.0.set.things.0")
        assert "the scene evening cannot do all that it says" in shell.run("status").stdout
    finally:
        shell.run("thing", "add", "glow", "--model", "light", "--place", "chalet")
    assert shell.json("scene", "show", "evening")["now"]["findings"] == []


def test_editing(shell: Shell, chalet: None, tmp_path: Path) -> None:
    shell.run("scene", "add", written(tmp_path))

    def editor(old: str, new: str) -> str:
        """A command that stands for an editor: it replaces one text by another."""
        code = f"import pathlib,sys; p=pathlib.Path(sys.argv[1]); p.write_text(p.read_text().replace({old!r},{new!r}))"
        return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"

    def edit(old: str, new: str, check: int = 0) -> tuple[str, str]:
        done = shell.run("scene", "edit", "evening", check=check, VISUAL=editor(old, new), cwd=str(tmp_path))
        return done.stdout, done.stderr

    assert edit("Evening", "Night")[0] == "evening is saved, version 2\n"
    assert edit("nothing", "else")[0] == "evening is as it was\n"
    refused = edit("glow", "gone", check=1)[1]
    assert "evening.yaml.refused:8:" in refused
    assert "[gone]" in (tmp_path / "evening.yaml.refused").read_text()
    assert shell.json("scene", "show", "evening")["version"] == 2


def test_the_schema_needs_no_hub_and_is_the_one_that_ships(tmp_path: Path) -> None:
    printed = Shell(tmp_path, "http://127.0.0.1:1", 0).run("scene", "schema").stdout
    assert json.loads(printed)["$schema"].endswith("2020-12/schema")
    shipped = Path(__file__).parents[2] / "docs" / "scene.schema.json"
    assert shipped.read_text() == printed, "make it anew: unisono scene schema > docs/scene.schema.json"


def test_a_place_has_a_zone_and_a_position(shell: Shell, chalet: None) -> None:
    found = shell.json("place", "set", "chalet", "--zone", "Asia/Shanghai", "--position", "31.23,121.47")
    assert (found["zone"], found["position"]) == ("Asia/Shanghai", {"latitude": 31.23, "longitude": 121.47})
    assert "Asia/Shanghai" in shell.run("place", "list").stdout
    assert shell.json("place", "set", "chalet", "--position", "")["position"] is None
    assert "LAT,LON" in shell.run("place", "set", "chalet", "--position", "here", check=2).stderr
    assert "Asia/Shanghai" in shell.run("place", "set", "chalet", "--zone", "Shanghai", check=1).stderr
    assert "--zone" in shell.run("place", "set", "chalet", check=2).stderr


def test_a_run_is_shown_step_by_step(shell: Shell, chalet: None, tmp_path: Path) -> None:
    text = EVENING + "  - wait: {for_s: 3600}\nif:\n  - mode: {place: chalet, is: home}\n"
    shell.run("scene", "add", written(tmp_path, text))
    assert shell.run("scene", "trace", "evening").stdout == "evening has not run\n"
    assert "Its triggers now:\n  when.0." in shell.run("scene", "trace", "evening", "--why-not").stdout
    would = shell.run("scene", "run", "evening", "--dry-run").stdout
    assert would.startswith("evening would run > done\n")
    assert "then.1.wait" in would
    found = shell.json("scene", "run", "evening", "--dry-run")
    assert found["commands"][0]["thing"] == "glow"
    assert shell.run("scene", "trace", "evening").stdout == "evening has not run\n", "nothing was done"
    shown = shell.run("scene", "run", "evening").stdout
    assert "by local  > running, waits for time at then.1.wait" in shown
    assert "then.0.set" in shown
    assert "running" in shell.run("scene", "list").stdout
    run = shell.json("scene", "trace", "evening")["runs"][0]
    assert (run["state"], run["steps"][0]["path"]) == ("running", "then.0.set")
    assert shell.run("scene", "trace", "evening", "--run", run["id"]).stdout.startswith(run["id"])
    refused = shell.run("scene", "run", "evening", check=1).stderr
    assert "it is running already" in refused
    assert shell.run("scene", "stop", "evening").stdout == f"{run['id']} stopped\n"
    assert shell.run("scene", "stop", "evening").stdout == "evening was not running\n"
    assert "local stopped it" in shell.run("scene", "trace", "evening").stdout

    assert shell.run("place", "mode", "chalet").stdout == "home\n"
    assert shell.run("place", "mode", "chalet", "away").stdout == "chalet is in the mode away\n"
    assert shell.json("place", "mode", "chalet")["mode"] == "away"
    refused = shell.run("scene", "run", "evening", check=1).stderr
    assert "a condition said no: if.0.mode (it saw away)" in refused
    assert "--even-if" in refused
    would = shell.run("scene", "run", "evening", "--dry-run").stdout
    assert would == "evening would not run: a condition said no: if.0.mode (it saw away)\n"
    why = shell.run("scene", "trace", "evening", "--why-not").stdout
    assert "a condition said no: if.0.mode (it saw away); wanted by local" in why
    assert shell.json("scene", "trace", "evening", "--why-not")[0]["path"] == "if.0.mode"
    assert shell.json("scene", "run", "evening", "--even-if")["run"]["state"] == "running"
    shell.run("place", "mode", "chalet", "home")
    assert shell.run("place", "mode", "chalet", "Gone!", check=1).stderr.startswith("unisono: mode: ")


def test_a_scene_from_a_blueprint(shell: Shell, chalet: None) -> None:
    assert "auto_lock" in shell.run("scene", "blueprint", "list", "--area", "security").stdout
    shown = shell.run("scene", "blueprint", "show", "auto_lock")
    assert "kind lock" in shown.stdout
    assert "lock=... contact=..." in shown.stderr
    if "bolt" not in {thing["id"] for thing in shell.json("thing", "list")}:
        shell.run("thing", "add", "bolt", "--model", "lock", "--place", "chalet")
        shell.run("thing", "add", "gate", "--model", "sensor.contact", "--place", "chalet")
    use = ("scene", "blueprint", "use", "auto_lock", "--id", "lock_up", "--place", "chalet")
    assert "lock_up is saved" in shell.run(*use, "lock=bolt", "contact=gate", "after=120").stdout
    text = shell.run("scene", "show", "lock_up").stdout
    assert text.startswith("# Made of the blueprint auto_lock\n")
    assert "for_s: 120" in text
    for wrong, field in (
        (("lock=glow", "contact=gate"), "inputs.lock"),
        (("lock=bolt", "contact=gate", "after=1"), "inputs.after"),
        (("lock=bolt", "contact=gate", "aftr=9"), "inputs.aftr"),
        (("lock=bolt",), "inputs.contact"),
    ):
        assert shell.run(*use, *wrong, check=1).stderr.startswith(f"unisono: {field}: "), wrong
    assert "bad_usage" not in shell.run(*use, "lock", check=2).stderr
    assert "blueprint list" in shell.run("scene", "blueprint", "show", "nothing", check=1).stderr


def test_scenes_and_modes_are_in_a_backup(shell: Shell, chalet: None, tmp_path: Path) -> None:
    text = EVENING + "  - wait: {for_s: 3600}\n"
    shell.run("scene", "add", written(tmp_path, text))
    shell.run("scene", "disable", "evening")
    shell.run("place", "mode", "chalet", "night")
    shell.run("backup", str(tmp_path / "hub.backup"))
    shell.run("place", "mode", "chalet", "home")
    shell.run("restore", str(tmp_path / "hub.backup"), "--data", str(tmp_path / "restored"))
    other = start_hub(tmp_path / "restored", tmp_path / "restored.log")
    try:
        shown = other.shell.json("scene", "show", "evening")
        assert (shown["text"], shown["version"], shown["enabled"]) == (text, 1, False)
        assert shown["now"] is not None, "its owner has it"
        assert other.shell.run("place", "mode", "chalet").stdout == "night\n"
        assert "> running, waits for time" in other.shell.run("scene", "run", "evening").stdout
    finally:
        other.stop()
