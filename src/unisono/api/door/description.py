"""The API's description (OpenAPI), completed: what every route may answer when it refuses.

Knows the document that Litestar makes of routes. Knows no route. Errors are said once, as `default`: a problem document
with a stable code, whatever its status.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin

from unisono.errors import CODES

__all__ = ["Description", "complete"]

PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "An RFC 9457 problem document. `code` is stable; `field` names the part of the input at fault, "
    "`expected` says what would have been right, `mend` the next step.",
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
        return super().render(request, complete(openapi_schema))


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` with what every route may answer when it refuses; Litestar's own word on that is taken out."""
    made = deepcopy(document)
    made.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for operations in made["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            if str(answers.get("400", {}).get("description", "")).startswith("Bad request syntax"):
                del answers["400"]
            answers.setdefault("default", REFUSED)
    return made
