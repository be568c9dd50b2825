"""``unisono understand``: sentences to plans against a home file. Offline; needs no hub, and carries nothing out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unisono.errors import CallerError

if TYPE_CHECKING:
    from unisono.scene.trying.home import Home

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("understand")(understand)


def understand(
    home: Annotated[Path, typer.Option("--home", metavar="HOME.yaml", help="Places, things and what they report.")],
) -> None:
    """Make plans of sentences: one JSON line in ({"id", "text", "lang"?}), one out. Nothing is carried out.

    "text" is a sentence, or a list of them: one conversation, whose last plan is written.
    """
    import msgspec

    from unisono.assist import world_of_home
    from unisono.scene.trying.home import load_home

    try:
        document = home.read_text(encoding="utf-8")
    except OSError as error:
        expected = "a file that can be read"
        raise CallerError(f"{home}: {error.strerror}", code="bad_usage", field="--home", expected=expected) from None
    place = load_home(document)
    world = world_of_home(place)
    encode = msgspec.json.encode
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            case = msgspec.json.decode(line)
            texts = [case["text"]] if isinstance(case["text"], str) else list(case["text"])
        except (msgspec.DecodeError, KeyError, TypeError):
            detail = f"line {number} is no sentence"
            expected = '{"id": ..., "text": "..." or [...]}'
            raise CallerError(detail, code="bad_usage", field=f"line {number}", expected=expected) from None
        plan = plan_of(texts, place, world, case.get("lang"))
        sys.stdout.buffer.write(encode({"id": case.get("id"), **plan}) + b"\n")
    sys.stdout.buffer.flush()


def plan_of(texts: list[str], place: Home, world: Any, lang: str | None) -> dict[str, Any]:
    """The plan of the last of several turns; each begins with the states of the home file."""
    from time import perf_counter

    from unisono.assist import Memory, Plan, Speaker, encode_plan, understand

    person, stands = place.speaker.get("person"), place.speaker.get("place")
    speaker, memory = Speaker(person=person, place=stands), Memory()
    plan = Plan(outcome="ignore")
    for text in texts:
        plan = understand(text, world, memory, speaker, now=place.moment, lang=lang, timer=perf_counter)
    return encode_plan(plan)
