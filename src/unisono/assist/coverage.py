"""Coverage: what an order says and its changes do not carry out.

A word that stands for a value - a level, a colour, a mode, a trait - and that no change uses up was meant all the same:
then it is asked, and nothing is done by halves. Knows frames and changes; no words.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from unisono.assist.frames import Frame
from unisono.assist.questions import ALIKE, WEAK
from unisono.assist.resolver import Change

__all__ = ["unread"]

#: Levels that only say that an act is done wholly: "off completely", "wide open".
WHOLLY = frozenset({"max"})
#: What a colour is a value of.
COLORED = frozenset({"color", "andon", "color_temperature"})
#: Acts that no number goes with: "play radio four"; nor is "on two" how loud.
UNNUMBERED = frozenset({"play", "pause", "resume", "next", "previous", "mute", "unmute"})
#: Traits that are one matter: who says one of them may mean another.
RELATED: dict[str, frozenset[str]] = {
    "temperature": frozenset({"target_temperature", "hvac_mode", "color_temperature", "color"}),
    "cabin_temperature": frozenset({"target_temperature"}),
    "target_temperature": frozenset({"setpoint"}),
    "humidity": frozenset({"target_humidity"}),
    "battery": frozenset({"charge_limit", "charging"}),
    "charging": frozenset({"charge_limit", "charge_current"}),
    "color": frozenset({"color_temperature", "andon"}),
    "level": frozenset({"brightness", "volume", "fan_speed", "position"}),
    "illuminance": frozenset({"brightness"}),
    "noise": frozenset({"volume"}),
    "volume": frozenset({"mute", "playback", "on_off"}),
    "speed": frozenset({"fan_speed", "rate"}),
    "window_position": frozenset({"position"}),
    "door": frozenset({"locked", "trunk", "position", "window_position"}),
}
#: Traits that have a value of their own, which no other trait can stand for.
OWN = frozenset({"channel", "source", "recipe", "order", "timer", "tilt", "charge_current", "setpoint"})


def unread(frame: Frame, changes: Sequence[Change], *, named: bool) -> str | None:
    """What no change carries out, by its word; None where all is carried out. ``named``: the things were named; else
    they were found by what was said of them."""
    traits = {change.trait for change in changes}
    switched = all(isinstance(change.value, bool) or change.op in ("toggle", "call") for change in changes)
    if frame.color is not None and not traits & COLORED:
        return frame.color
    if frame.level is not None and frame.level not in WHOLLY and switched and frame.value is None:
        return frame.level
    if frame.degree is not None and frame.act in ("on", "off") and switched:
        return frame.degree  # "on a bit"
    if frame.mode is not None and "hvac_mode" not in traits:
        return frame.mode
    station = "volume" in traits and "volume" not in frame.traits and _on_number(frame)
    if frame.value is not None and (frame.act in UNNUMBERED or station):
        return f"{frame.value:g}"
    said = [trait for trait in frame.traits if trait not in WEAK and not _is_act(frame, trait)]
    if any(trait in OWN and trait not in traits for trait in said):
        return next(trait for trait in said if trait in OWN)
    valued = (frame.value is not None or any(change.op == "add" for change in changes)) and not switched
    if (valued or not named) and said and not any(_near(trait) & traits for trait in said):
        return said[0]
    return None


def _is_act(frame: Frame, trait: str) -> bool:
    """Is the trait's word the verb itself: "water the garden"?"""
    return frame.act is not None and any(
        f"trait:{trait}" in piece.senses and frame.act in piece.senses for piece in frame.clause.pieces
    )


def _on_number(frame: Frame) -> bool:
    """ "On two", and nothing that says what two of."""
    pieces = pairwise(frame.clause.pieces)
    return frame.unit is None and any(
        "p_on" in before.senses and piece.kind == "number" and not before.named for before, piece in pieces
    )


def _near(trait: str) -> frozenset[str]:
    return frozenset({trait, *ALIKE.get(trait, ()), *RELATED.get(trait, ())})
