"""What an export could not know: the difference between the document that was read and the one our model would write.

A format writes what a model says, always. What a maker's document has beside that - keys that we do not know, numbers
written as text, a member left out where we write it - is found at import by writing the model at once and comparing,
and travels in ``ext``. An export adds it again wherever the model still says what it said then, so that a change in
the model is never hidden by it. Knows JSON, and that members of a model have an ``ext``.

A difference of two objects is itself an object with at most four members:

- ``extra``: members that only the original has
- ``other``: ``[what we write, what the original has]`` by member
- ``absent``: what we write and the original does not, by member
- ``inside``: differences of members that are objects or lists of one length on both sides (those by index)
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from unisono.thing.model import Action, Arg, Event, Model, Module, Property, Service

__all__ = ["difference", "identical", "keep", "restore"]

Member = TypeVar("Member", Action, Arg, Event, Model, Module, Property, Service)


def identical(left: Any, right: Any) -> bool:
    """Whether two JSON values are written alike: 1, 1.0 and true are three."""
    if type(left) is not type(right):
        return False
    if type(left) is dict:
        return left.keys() == right.keys() and all(identical(value, right[key]) for key, value in left.items())
    if type(left) is list:
        return len(left) == len(right) and all(map(identical, left, right))
    return bool(left == right)


def difference(made: dict[str, Any], original: dict[str, Any]) -> dict[str, Any]:
    """What `restore` needs to turn ``made`` into ``original``; empty where they are identical."""
    found: dict[str, Any] = {}
    for key, value in original.items():
        if key not in made:
            found.setdefault("extra", {})[key] = value
            continue
        ours = made[key]
        if ours is value or (type(ours) is type(value) and type(ours) is not dict and type(ours) is not list):
            if ours != value:
                found.setdefault("other", {})[key] = [ours, value]
        elif type(ours) is type(value) and (type(ours) is dict or len(ours) == len(value)):
            inside = _inside(ours, value)
            if inside:
                found.setdefault("inside", {})[key] = inside
        else:
            found.setdefault("other", {})[key] = [ours, value]
    if len(made) + len(found.get("extra", ())) > len(original):
        found["absent"] = {key: value for key, value in made.items() if key not in original}
    return found


def keep(member: Member, name: str, made: dict[str, Any], original: dict[str, Any]) -> Member:
    """The member with what its export needs under ``name`` of its ``ext``; as it is where nothing is missing."""
    found = difference(made, original)
    return msgspec.structs.replace(member, ext={name: found}) if found else member


def _inside(made: Any, original: Any) -> dict[str, Any]:
    if msgspec.json.encode(made) == msgspec.json.encode(original):  # mostly: and many times as quick
        return {}
    return difference(made, original) if type(made) is dict else difference(_numbered(made), _numbered(original))


def _numbered(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items)}


def restore(made: dict[str, Any], found: Any) -> dict[str, Any]:
    """The original, as far as ``made`` is still what it was. ``found`` may be anything: people edit models."""
    if not isinstance(found, dict):
        return made
    whole = dict(made)
    for key, value in _members(found, "inside").items():
        ours = whole.get(key)
        if type(ours) is dict:
            whole[key] = restore(ours, value)
        elif type(ours) is list:
            whole[key] = list(restore(_numbered(ours), value).values())
    for key, pair in _members(found, "other").items():
        if key in whole and type(pair) is list and len(pair) == 2 and identical(whole[key], pair[0]):
            whole[key] = pair[1]
    for key, value in _members(found, "absent").items():
        if key in whole and identical(whole[key], value):
            del whole[key]
    for key, value in _members(found, "extra").items():
        whole.setdefault(key, value)
    return whole


def _members(found: dict[str, Any], name: str) -> dict[str, Any]:
    members = found.get(name)
    return members if isinstance(members, dict) else {}
