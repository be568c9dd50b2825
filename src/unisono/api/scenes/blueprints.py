"""Blueprints over HTTP: scenes with blanks, and a scene made of one.

Knows the blueprints that ship; what is made of one is saved as any other scene (`unisono.api.scenes.saving`).
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from unisono.api.context import ApiContext
from unisono.api.inject import Asker, Context
from unisono.api.scenes import shapes as scene_shapes
from unisono.api.scenes.saving import read_draft
from unisono.api.scenes.scenes import saved_scene, written
from unisono.api.shapes import Id, Name, Page
from unisono.errors import CallerError
from unisono.scene.blueprint import Blueprint, blueprint, blueprints, make_scene
from unisono.scene.document import load_scene

__all__ = ["router"]


class BlueprintShown(msgspec.Struct):
    """A blueprint: ``inputs`` are its blanks, by name, with type, bounds, default and titles by language."""

    id: str
    title: dict[str, str]
    description: dict[str, str]
    area: str
    inputs: dict[str, dict[str, Any]]
    scene: dict[str, Any]


class SceneFrom(msgspec.Struct, forbid_unknown_fields=True):
    """A scene to be made of a blueprint. What has a default may be left out of ``inputs``."""

    id: Id
    place: Id
    name: Name | None = None
    inputs: dict[str, Any] = {}


def shown(found: Blueprint) -> BlueprintShown:
    inputs = {name: msgspec.to_builtins(each) for name, each in found.inputs.items()}
    return BlueprintShown(found.id, found.title, found.description, found.area, inputs, found.scene)


@get("/")
async def list_blueprints(identity: Asker, area: FromQuery[str | None] = None) -> Page[BlueprintShown]:
    """All blueprints, in the order of their ids; ``area``: home, energy, security, care, car, cold_chain or line."""
    return Page([shown(each) for each in blueprints().values() if area in (None, each.area)])


@get("/{blueprint_id:str}")
async def get_blueprint(identity: Asker, blueprint_id: FromPath[str]) -> BlueprintShown:
    """One blueprint."""
    return shown(_find(blueprint_id))


@post("/{blueprint_id:str}/scenes", status_code=201)
async def make_from_blueprint(
    context: Context, identity: Asker, blueprint_id: FromPath[str], data: JSONBody[SceneFrom]
) -> scene_shapes.Scene:
    """Make a scene of a blueprint and save it; from then on it is a scene like any other."""
    found = _find(blueprint_id)
    document = make_scene(found, data.inputs, id=data.id, place=data.place, name=data.name or "")
    root = await _root(context, data.place)
    if root is not None:
        # once more, against what there is: an error then names the input, not the step that it went into
        world = await context.scenes.world(identity, load_scene(document), root)
        document = make_scene(found, data.inputs, id=data.id, place=data.place, name=data.name or "", world=world)
    text = f"# Made of the blueprint {found.id}\n{written(document)}"
    return await saved_scene(context, identity, read_draft(text), None)


async def _root(context: ApiContext, place: str) -> str | None:
    path = await context.path_of(place)
    return path[0] if path else None


def _find(id: str) -> Blueprint:
    try:
        return blueprint(id)
    except CallerError as error:
        error.mend = "Run: unisono scene blueprint list"
        raise


router = Router("/blueprints", route_handlers=[list_blueprints, get_blueprint, make_from_blueprint], tags=["scenes"])
