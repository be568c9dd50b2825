"""``unisono scene test``: scenes against a scripted day, without a hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from unisono.cli.scene_files import Document, documents_of
from unisono.cli.screen import Screen, note, show_value
from unisono.errors import CallerError, UnisonoError

if TYPE_CHECKING:
    from unisono.scene.document import Scene
    from unisono.scene.trying.rehearsal import Rehearsal

__all__ = ["register"]

EXIT_FAILED = 1
Read = TypeVar("Read")


def register(app: typer.Typer) -> None:
    """Add the command to those of ``unisono scene``."""
    app.command("test")(test)


def test(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Scenes, YAML or JSON; several with --- between.")
    ],
    home: Annotated[Path, typer.Option("--home", metavar="HOME.yaml", help="Places, things and what they report.")],
    events: Annotated[
        list[Path], typer.Option("--events", metavar="EVENTS.yaml", help="A scripted day; any number of them.")
    ],
    trace: Annotated[bool, typer.Option("--trace", help="Show every step of every run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rehearse scenes: play a scripted day in milliseconds and check what is expected. Needs no hub."""
    from unisono.scene.trying.home import load_home
    from unisono.scene.trying.rehearsal import rehearse
    from unisono.scene.trying.script import load_script

    scenes = [_scene(document) for path in files for document in documents_of(path)]
    place = _read(home, load_home)
    results: list[Rehearsal] = []
    for path in events:
        script = _read(path, load_script)
        try:
            results.append(rehearse(scenes, place, script))
        except UnisonoError as error:
            # what is wrong with a scene says which; the script is named for its own faults only
            own = (error.field or "").startswith(("day.", "devices."))
            raise (_in(path, error) if own else error) from None
    if as_json:
        Screen(as_json=True).json(results)
    else:
        for path, result in zip(events, results, strict=True):
            _show(path, result, trace=trace)
    if not all(result.ok for result in results):
        raise typer.Exit(EXIT_FAILED)


def _scene(document: Document) -> Scene:
    from unisono.scene.document import load_scene

    try:
        return load_scene(document.text)
    except UnisonoError as error:
        path = str(document.path)
        raise _in(path if document.line == 1 else f"{path}, the scene of line {document.line}", error) from None


def _read(path: Path, read: Callable[[bytes], Read]) -> Read:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", code="bad_usage", field="FILE") from None
    try:
        return read(data)
    except UnisonoError as error:
        raise _in(path, error) from None


def _in(path: Path | str, error: UnisonoError) -> UnisonoError:
    """The same error, saying in which file."""
    return CallerError(f"{error.detail} (in {path})", code=error.code, field=error.field, expected=error.expected)


def _show(path: Path, result: Rehearsal, *, trace: bool) -> None:
    print(result.title or path.name)
    for finding in result.findings:
        note(f"  {finding.severity}: {finding}")
    for line in result.lines:
        mark = {True: "ok  ", False: "FAIL", None: "    "}[line.ok]
        where = f" ({line.path})" if line.ok is False else ""
        print(f"  {line.at} {mark} {line.text}{where}")
    if trace or not result.ok:
        for run in result.runs:
            print(f"  {run.id}: {run.cause}; {run.state}{f', {run.why}' if run.why else ''}")
            for step, did, seen in run.steps:
                print(f"    {step}: {did}{f' {show_value(seen)}' if seen is not None else ''}")
        for scene, why, where, seen in result.refused:
            print(f"  {scene} did not run: {why} ({where}: {show_value(seen)})")
    met = sum(line.ok is True for line in result.lines)
    missed = sum(line.ok is False for line in result.lines)
    print(f"  {met} expectations met, {missed} not" if missed else f"  {met} expectations met")
