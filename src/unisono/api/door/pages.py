"""The pages beside the console: setup, the API's description; where no console was built, things live at ``/``.

Each is one file with its script and style inside, allowed by hash: nothing is loaded from anywhere else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources

from litestar import Response, get

from unisono.api.door import console

__all__ = ["claim_page", "docs_page", "index_page", "push_page", "push_worker", "setup_page"]

_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


@cache
def _page(name: str) -> tuple[bytes, dict[str, str]]:
    text = (resources.files("unisono.api") / "page" / name).read_text(encoding="utf-8")
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for match in _INLINE.finditer(text):
        digest = base64.b64encode(hashlib.sha256(match[2].encode()).digest()).decode()
        hashes[match[1]].append(f"'sha256-{digest}'")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self' ws: wss:; "
        f"worker-src 'self'; img-src data:; script-src {' '.join(hashes['script'])}; "
        f"style-src {' '.join(hashes['style'])}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    return text.encode(), headers


def _response(name: str) -> Response[bytes]:
    body, headers = _page(name)
    return Response(body, media_type="text/html; charset=utf-8", headers=headers)


@get("/", include_in_schema=False)
async def index_page() -> Response[bytes]:
    """The console; where it was not built, things live."""
    return console.console_page() if console.is_built() else _response("index.html")


@get("/setup", include_in_schema=False)
async def setup_page() -> Response[bytes]:
    """Makes the first administrator."""
    return _response("setup.html")


@get("/claim", include_in_schema=False)
async def claim_page() -> Response[bytes]:
    """What a claim code's link opens: the code, large, and what to do with it."""
    return _response("claim.html")


@get("/api/docs", include_in_schema=False)
async def docs_page() -> Response[bytes]:
    """Every path of the API, made from /api/openapi.json in the browser."""
    return _response("docs.html")


@get("/push", include_in_schema=False)
async def push_page() -> Response[bytes]:
    """Where a person lets a browser be told."""
    return _response("push.html")


@get("/push.js", include_in_schema=False)
async def push_worker() -> Response[bytes]:
    """The service worker that shows what the hub has to say, also while no page of it is open."""
    body = (resources.files("unisono.api") / "page" / "push.js").read_bytes()
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)
