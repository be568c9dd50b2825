"""``unisono scene test``: exit codes, words and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from unisono.cli.rehearse import register
from unisono.errors import CallerError

EXAMPLES = Path(__file__).parents[2] / "examples" / "scenes"

app = typer.Typer()
register(app)
app.command("other")(lambda: None)


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["test", *map(str, arguments)])
    if isinstance(result.exception, CallerError):
        raise result.exception
    return result.exit_code, result.output


def day(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "day.yaml"
    path.write_text(text)
    return path


HOME = ("--home", EXAMPLES / "home.yaml")
NIGHT = EXAMPLES / "night.yaml"


def test_an_example() -> None:
    code, out = run(NIGHT, *HOME, "--events", EXAMPLES / "night.events.yaml", "--trace")
    assert code == 0
    assert "Sun 23:00:00" in out
    assert "then.2.set: failed" in out
    assert "expectations met\n" in out


def test_what_is_not_met_fails(tmp_path: Path) -> None:
    script = day(tmp_path, "day: [{expect: {run: {scene: night}}}]")
    code, out = run(NIGHT, *HOME, "--events", script)
    assert code == 1
    assert "FAIL" in out
    assert "(day.0)" in out
    assert "0 expectations met, 1 not" in out


def test_json(tmp_path: Path) -> None:
    script = day(tmp_path, "title: T\nday: [{run: night}, {expect: {run: {scene: night, state: done}}}]")
    code, out = run(NIGHT, *HOME, "--events", script, "--json")
    (result,) = json.loads(out)
    assert (code, result["ok"], result["title"]) == (0, True, "T")
    assert result["runs"][0]["scene"] == "night"


def test_what_is_odd_is_said(tmp_path: Path) -> None:
    scene = tmp_path / "s.yaml"
    scene.write_text("id: s\nname: S\nplace: home\nthen: [{stop: {}}, {stop: {}}]\n")
    code, out = run(scene, *HOME, "--events", day(tmp_path, "day: [{run: s}]"))
    assert code == 0
    assert "warning: then.1: it is never reached" in out


def test_a_file_may_hold_several_scenes_as_it_may_where_they_are_added(tmp_path: Path) -> None:
    scene = "id: {0}\nname: S\nplace: home\nthen: [{1}]\n"
    both = tmp_path / "both.yaml"
    both.write_text(scene.format("a", "{stop: {}}") + "---\n" + scene.format("b", "{stop: {}}"))
    code, out = run(both, *HOME, "--events", day(tmp_path, "day: [{run: b}, {expect: {run: {scene: b}}}]"))
    assert (code, "1 expectation" in out) == (0, True)
    both.write_text(scene.format("a", "{stop: {}}") + "---\n" + scene.format("b", "{stopp: {}}"))
    with pytest.raises(CallerError) as caught:
        run(both, *HOME, "--events", day(tmp_path, "day: [{run: b}]"))
    assert f"{both}, the scene of line 5" in caught.value.detail and caught.value.field == "then.0.stopp"


def test_what_is_wrong_with_a_scene_is_not_said_of_the_script(tmp_path: Path) -> None:
    scene = tmp_path / "s.yaml"
    scene.write_text("id: s\nname: S\nplace: home\nwhen: [{time: {at: dawnn}}]\nthen: [{stop: {}}]\n")
    with pytest.raises(CallerError) as caught:
        run(NIGHT, scene, *HOME, "--events", day(tmp_path, "day: [{clock_s: 1}]"))
    assert "scene s:" in caught.value.detail and "day.yaml" not in caught.value.detail
    assert (caught.value.field, "dawn" in (caught.value.expected or "")) == ("when.0.time.at", True)


@pytest.mark.parametrize(
    ("scene", "events", "field", "code"),
    [
        ("then: [", "day: [{clock_s: 1}]", None, "bad_json"),
        ("then: []", "day: [{clock_s: 1}]", None, "bad_scene"),
        (None, "day: [{clock_s: 1}]", "FILE", "bad_usage"),
        ("id: s\nname: S\nplace: home\nthen: [{stop: {}}]", "day: []", "day", "bad_value"),
        ("id: s\nname: S\nplace: home\nthen: [{stop: {}}]", "day: [{run: x}]", "day.0.run", "bad_value"),
    ],
)
def test_bad_files(tmp_path: Path, scene: str | None, events: str, field: str | None, code: str) -> None:
    path = tmp_path / "s.yaml"
    if scene is not None:
        path.write_text(scene)
    with pytest.raises(CallerError) as caught:
        run(path, *HOME, "--events", day(tmp_path, events))
    assert caught.value.code == code
    assert field is None or caught.value.field == field
    assert str(tmp_path) in caught.value.detail
