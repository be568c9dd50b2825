"""How people and devices come to trust the hub: its authority's certificate to take away, and a page that says how.

Knows the certificate's bytes and what each system wants them to be. Knows no keys. The page is plain text and links:
no script, its style allowed by hash.
"""

from __future__ import annotations

import base64
import hashlib
import html
import ssl
from collections.abc import Callable
from importlib import resources
from typing import Any

__all__ = ["TRUST_PATHS", "TrustPages"]

#: Where `TrustPages` is mounted.
TRUST_PATHS = ("/trust", "/ca.crt", "/ca.pem", "/ca.mobileconfig")
LANGUAGES = ("en", "zh")


class TrustPages:
    """An ASGI application. ``authority`` gives the certificate (PEM), ``name`` what it is called on a phone's screen.

    ``/ca.crt`` is DER, as Android, iOS and Windows install it by a touch; ``/ca.pem`` is PEM, as command line tools
    want it, and so is ``/ca.crt?pem``; ``/ca.mobileconfig`` is Apple's profile.
    """

    def __init__(self, authority: Callable[[], bytes], name: Callable[[], str]) -> None:
        self._authority = authority
        self._name = name

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        status, headers, body = self._answer(scope)
        headers = [
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-cache"),
            *headers,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, scope: Any) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        path, query = scope["path"], scope.get("query_string", b"").decode("latin-1")
        if scope["method"] not in ("GET", "HEAD"):
            return 405, [(b"allow", b"GET, HEAD")], b""
        pem = self._authority()
        if path == "/ca.pem" or (path == "/ca.crt" and "pem" in query.split("&")):
            return 200, _file(b"application/x-pem-file", b"unisono-ca.pem"), pem
        if path == "/ca.crt":
            return 200, _file(b"application/x-x509-ca-cert", b"unisono-ca.crt"), _der(pem)
        if path == "/ca.mobileconfig":
            from unisono.access.authority import mobileconfig

            return 200, _file(b"application/x-apple-aspen-config", b"unisono.mobileconfig"), mobileconfig(pem)
        if path == "/trust":
            return self._page(_language(scope, query), pem)
        return 404, [], b""

    def _page(self, language: str, pem: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        folder = resources.files("unisono.api") / "page"
        text = (folder / f"trust.{language}.html").read_text(encoding="utf-8")
        style = (folder / "trust.css").read_text(encoding="utf-8")
        digits = hashlib.sha256(_der(pem)).hexdigest().upper()
        fingerprint = ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
        for key, value in (("FINGERPRINT", fingerprint), ("NAME", self._name())):
            text = text.replace("{" + key + "}", html.escape(value))
        text = text.replace("{STYLE}", style)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        policy = f"{nothing}; style-src 'sha256-{digest}'"
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", policy.encode()),
            (b"content-language", language.encode()),
            (b"vary", b"accept-language"),
            (b"referrer-policy", b"no-referrer"),
        ]
        return 200, headers, text.encode()


def _file(kind: bytes, name: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", kind), (b"content-disposition", b'attachment; filename="' + name + b'"')]


def _der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))


def _language(scope: Any, query: str) -> str:
    """The one asked for (``?lang=zh``), else the first of the browser's that the page is written in."""
    wished = [part.removeprefix("lang=") for part in query.split("&") if part.startswith("lang=")]
    accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1").lower()
    wished += [part.partition(";")[0].strip()[:2] for part in accepted.split(",")]
    return next((each for each in wished if each in LANGUAGES), LANGUAGES[0])
