"""The text of a scene as the body of a request: YAML or JSON.

Knows media types. What the text says is read by `unisono.scene.text`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.spec import Operation
from litestar.openapi.spec.enums import OpenAPIType
from litestar.openapi.spec.media_type import OpenAPIMediaType
from litestar.openapi.spec.request_body import RequestBody
from litestar.openapi.spec.schema import Schema

from unisono.errors import CallerError
from unisono.scene.text import MAX_SCENE_BYTES

__all__ = ["JSON", "MAX_BODY_BYTES", "YAML", "SceneOperation", "body_kind", "body_text", "scene_text"]

#: The text, and room for a JSON body that writes every character of it as \\uXXXX.
MAX_BODY_BYTES = 6 * MAX_SCENE_BYTES

JSON = "application/json"
YAML = "application/yaml"  # RFC 9512
#: What people and programs said before there was a registered name.
YAML_NAMES = frozenset({YAML, "text/yaml", "application/x-yaml", "text/x-yaml", "text/vnd.yaml"})


@dataclass
class SceneOperation(Operation):
    """Says in the description what the body may be: Litestar sees only that it is read raw."""

    def __post_init__(self) -> None:
        where = "as /api/v1/scenes/schema describes it"
        content = {
            JSON: OpenAPIMediaType(Schema(type=OpenAPIType.OBJECT, description=where)),
            YAML: OpenAPIMediaType(Schema(type=OpenAPIType.STRING, description=where)),
        }
        self.request_body = RequestBody(content=content, required=True)


def body_kind(request: Request[Any, Any, Any]) -> str:
    """`JSON` or `YAML`. Raises CallerError ``bad_request``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == JSON:
        return JSON
    if kind in YAML_NAMES:
        return YAML
    expected = f"{JSON} or {YAML}"
    raise CallerError(f"{kind[:80]!r} is no scene", code="bad_request", field="Content-Type", expected=expected)


async def body_text(request: Request[Any, Any, Any]) -> str:
    """The body as text. Raises CallerError ``bad_json``."""
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise CallerError(f"byte {error.start} is no UTF-8", code="bad_json", expected="UTF-8") from None


async def scene_text(request: Request[Any, Any, Any]) -> str:
    """The body as the text that it is, YAML or JSON. Raises CallerError ``bad_request``, ``bad_json``."""
    kind = body_kind(request)
    text = await body_text(request)
    if kind == JSON:
        try:
            msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise CallerError(str(error), code="bad_json", expected="a JSON document") from None
        except RecursionError:
            raise CallerError("it is nested too deep", code="bad_json", expected="a JSON document") from None
    return text
