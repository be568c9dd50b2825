"""The API's description (OpenAPI), completed: what every route may answer when it refuses.

Knows the document that Litestar makes of routes. Knows no route. Errors are said once, as `default`: a problem document
with a stable code, whatever its status.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from typing import Any

from litestar import Litestar, Request
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute

from unisono.errors import CODES

__all__ = ["Description", "complete", "open_routes"]

PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "An RFC 9457 problem document. `code` is stable; `field` names the part of the input at fault, "
    "`expected` says what would have been right, `mend` the next step, `rule` which rule of scenes is offended. "
    "Of several mistakes in one document `errors` has the first ones, and `total` counts them.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "enum": sorted({code.http for code in CODES.values()})},
        "code": {"type": "string", "enum": sorted(CODES)},
        "detail": {"type": "string"},
        "field": {"type": "string"},
        "expected": {"type": "string"},
        "mend": {"type": "string"},
        "rule": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {name: {"type": "string"} for name in ("detail", "field", "expected", "rule")},
            },
        },
        "total": {"type": "integer"},
    },
}
REFUSED = {
    "description": "Refused: a problem document",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class Description(JsonRenderPlugin):
    """Renders the completed document."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document as JSON."""
        return super().render(request, complete(openapi_schema, open_routes(request.app)))


def open_routes(application: Litestar) -> frozenset[str]:
    """Routes that need no token, as ``METHOD path``: Litestar leaves out that a list of schemes is empty."""
    return frozenset(
        f"{method} {route.path_format}"
        for route in application.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if handler.security == []
    )


def complete(document: dict[str, Any], open_to_all: Collection[str]) -> dict[str, Any]:
    """``document`` with what every route may answer when it refuses; Litestar's own word on that is taken out."""
    made = deepcopy(document)
    made.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            if f"{method.upper()} {path}" in open_to_all:
                operation["security"] = []
            answers = operation["responses"]
            if str(answers.get("400", {}).get("description", "")).startswith("Bad request syntax"):
                del answers["400"]
            answers.setdefault("default", REFUSED)
    return made
