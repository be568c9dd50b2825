"""An issuer of OpenID Connect in the test's own process: real codes, real signatures, and whatever is to be wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

__all__ = ["CLIENT", "SECRET", "Provider", "provider"]

CLIENT, SECRET = "hub", "s3cret: with + and %"


class Provider:
    """``user``: who is signed in there. ``claims``, ``header``, ``signer``, ``algorithm``: what is made otherwise."""

    def __init__(self, url: str) -> None:
        self.url = self.said = url
        self.key: Any = rsa.generate_private_key(65537, 2048)
        self.user: dict[str, Any] = {"sub": "u-1", "preferred_username": "Ana.B", "name": "Ana B", "email": "a@b.org"}
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {"kid": "k1"}
        self.signer: Any = None
        self.algorithm = "RS256"
        self.methods: list[str] | None = None
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def authorize(self, url: str) -> tuple[str, str]:
        """What a browser brings back from ``url``: code and state."""
        asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code", asked
        assert asked["code_challenge_method"] == "S256", asked
        assert "openid" in asked["scope"].split(), asked
        assert asked["client_id"] == CLIENT, asked
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return code, asked["state"]

    def configuration(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "issuer": self.said,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "more": 1,
        }
        return said if self.methods is None else {**said, "token_endpoint_auth_methods_supported": self.methods}

    def jwks(self) -> dict[str, Any]:
        other = rsa.generate_private_key(65537, 2048)
        keys = [("k0", other), ("k1", self.key)]
        shown = [(id, json.loads(_kind(key).to_jwk(key.public_key()))) for id, key in keys]
        return {"keys": [{**key, "kid": id, "use": "sig"} for id, key in shown]}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        if self.methods is None:
            sent = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            right = sent == "hub:s3cret%3A%20with%20%2B%20and%20%25"
        else:
            right = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET) and not authorization
        if not right:
            return 401, {"error": "invalid_client"}
        made = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if asked is None or asked["code_challenge"] != made or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked["nonce"], **self.user}
        claims = {key: value for key, value in (claims | self.claims).items() if value is not None}
        key: Any = None if self.algorithm == "none" else self.signer or self.key
        token = jwt.encode(claims, key, algorithm=self.algorithm, headers=self.header)
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": token}


def _kind(key: Any) -> Any:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return jwt.algorithms.ECAlgorithm
    return jwt.algorithms.OKPAlgorithm if isinstance(key, ed25519.Ed25519PrivateKey) else jwt.algorithms.RSAAlgorithm


@contextmanager
def provider(tls: ssl.SSLContext | None = None, name: str = "127.0.0.1") -> Iterator[Provider]:
    """``name``: what it is called where ``tls`` is its certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there.asked.append(self.path)
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                code, state = there.authorize(self.path)
                back = parse_qs(parts.query)["redirect_uri"][0]
                self.send_response(302)
                self.send_header("Location", f"{back}?{urlencode({'code': code, 'state': state})}")
                self.end_headers()
                return
            known = {"/.well-known/openid-configuration": there.configuration, "/jwks": there.jwks}
            answer = known.get(parts.path)
            self.say(*((200, answer()) if answer else (404, {})))

        def do_POST(self) -> None:
            there.asked.append(self.path)
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(text).items()}
            self.say(*there.token(form, self.headers.get("Authorization", "")))

        def say(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    there = Provider(f"http{'' if tls is None else 's'}://{name}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
