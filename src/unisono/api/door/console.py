"""The console: what `make console` built from console/, served from the package; where it is not built, a plain page.

Knows files and headers. Nothing is loaded from anywhere else, no script stands in a page. Styles come from files, and
from elements that name the nonce of the page they stand in: the component library makes some while it runs.
"""

from __future__ import annotations

import gzip
import secrets
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

__all__ = ["app_icon", "asset", "console_page", "icon", "is_built", "manifest"]

POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self' ws: wss:; "
    "worker-src 'self'; manifest-src 'self'; img-src 'self' data: blob:; font-src 'self'; script-src 'self'; "
    "style-src 'self' 'nonce-{nonce}'"
)
# what the build puts in the nonce's place; and the bytes of a nonce
_NONCE = b"UNISONO-NONCE"
NONCE_BYTES = 16
_TYPES = {
    "js": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
}
_FOR_EVER = "public, max-age=31536000, immutable"  # a file's name changes with what is in it


def _folder() -> Traversable:
    return resources.files("unisono.api") / "page" / "console"


def is_built() -> bool:
    """Whether there is a console to be served."""
    return (_folder() / "index.html").is_file()


@cache
def _packed(name: str, modified: object) -> dict[str, bytes]:
    """A file by encoding: as it is (""), gzip, and br where the build made it; read again when it was built anew."""
    folder, _, last = name.rpartition("/")
    found = _folder()
    for part in folder.split("/") if folder else ():
        found = found / part
    body = (found / last).read_bytes()
    packed = {"": body, "gzip": gzip.compress(body, mtime=0)}
    if (found / f"{last}.br").is_file():
        packed["br"] = (found / f"{last}.br").read_bytes()
    return packed


def _file(request: Request[Any, Any, Any], name: str, caching: str) -> Response[bytes]:
    ending = name.rpartition(".")[2]
    path = _folder()
    for part in name.split("/"):
        if part in ("", ".", ".."):
            raise NotFoundException
        path = path / part
    if ending not in _TYPES or not path.is_file():
        raise NotFoundException
    stamp = getattr(path, "stat", lambda: None)()
    packed = _packed(name, stamp.st_mtime_ns if stamp else None)
    headers = {"Cache-Control": caching, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
    accepted = [each.partition(";")[0].strip() for each in request.headers.get("accept-encoding", "").split(",")]
    encoding = next((each for each in ("br", "gzip") if each in packed and each in accepted), "")
    if encoding:
        headers |= {"Content-Encoding": encoding}
    return Response(packed[encoding], media_type=_TYPES[ending], headers=headers)


def console_page() -> Response[bytes]:
    """The console's one page, with a nonce of its own."""
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    body = (_folder() / "index.html").read_bytes().replace(_NONCE, nonce.encode())
    headers = {
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": POLICY.format(nonce=nonce),
        "Referrer-Policy": "no-referrer",
    }
    return Response(body, media_type="text/html", headers=headers)


@get("/assets/{name:str}", include_in_schema=False)
async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A script or a style of the console."""
    return _file(request, f"assets/{name}", _FOR_EVER)


@get("/icon.svg", include_in_schema=False)
async def icon(request: Request[Any, Any, Any]) -> Response[bytes]:
    """What stands in the browser's tab."""
    return _file(request, "icon.svg", "no-cache")


@get("/icons/{name:str}", include_in_schema=False)
async def app_icon(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """What stands on a phone's screen."""
    return _file(request, f"icons/{name}", "no-cache")


@get("/manifest.webmanifest", include_in_schema=False)
async def manifest(request: Request[Any, Any, Any]) -> Response[bytes]:
    """What a phone needs to keep the console as an app."""
    return _file(request, "manifest.webmanifest", "no-cache")
