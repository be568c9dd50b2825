"""A small ACME authority for the tests (RFC 8555): it checks nonces, signatures and the http-01 challenge for real.

Names are not looked up: whatever is ordered is asked of 127.0.0.1 at ``port``, with the name as Host.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from unisono.access.authority import make_authority

__all__ = ["AcmeAuthority"]


def unpack(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pack(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class AcmeAuthority:
    """Listens until `close`; counts what it was asked. ``days``: how long its certificates hold."""

    def __init__(self, port: int, days: int = 90) -> None:
        self.port = port
        self.days = days
        self.root = make_authority("acme", datetime.now(UTC), secrets.token_bytes)
        self.nonces: set[str] = set()
        self.accounts: dict[str, tuple[str, rsa.RSAPublicKey]] = {}
        self.orders: list[dict[str, Any]] = []
        self.issued = 0
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None: ...

            def do_HEAD(self) -> None:
                self.say(200, None)

            def do_GET(self) -> None:
                self.say(200, authority.directory())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    self.say(*authority.answer(self.path, body))
                except PermissionError as error:
                    problem = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": str(error)}
                    self.say(403, problem, kind="application/problem+json")

            def say(self, status: int, body: Any, place: str = "", kind: str = "application/json") -> None:
                data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
                nonce = secrets.token_hex(8)
                authority.nonces.add(nonce)
                self.send_response(status)
                self.send_header("Replay-Nonce", nonce)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                if place:
                    self.send_header("Location", place)
                if self.path.startswith("/challenge/"):
                    number = self.path.rpartition("/")[2]
                    self.send_header("Link", f'<{authority.url}/authorization/{number}>;rel="up"')
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def directory(self) -> dict[str, Any]:
        return {f"new{each}": f"{self.url}/new{each}" for each in ("Nonce", "Account", "Order")}

    def answer(self, path: str, jws: dict[str, str]) -> tuple[Any, ...]:
        head = json.loads(unpack(jws["protected"]))
        if head["nonce"] not in self.nonces or head["url"] != self.url + path:
            raise PermissionError("a nonce or address that was not given out")
        self.nonces.remove(head["nonce"])
        if "jwk" in head:
            numbers = (int.from_bytes(unpack(head["jwk"][each]), "big") for each in ("e", "n"))
            key = rsa.RSAPublicNumbers(*numbers).public_key()
            canonical = json.dumps({each: head["jwk"][each] for each in ("e", "kty", "n")}, separators=(",", ":"))
            print_ = pack(hashlib.sha256(canonical.encode()).digest())
        else:
            print_, key = self.accounts[head["kid"]]
        signed = f"{jws['protected']}.{jws['payload']}".encode()
        key.verify(unpack(jws["signature"]), signed, padding.PKCS1v15(), hashes.SHA256())
        payload = json.loads(unpack(jws["payload"]) or b"{}")
        if path == "/newAccount":
            known = next((kid for kid, (held, _) in self.accounts.items() if held == print_), None)
            kid = known or f"{self.url}/account/{len(self.accounts)}"
            self.accounts[kid] = (print_, key)
            return (200 if known else 201), {"status": "valid"}, kid
        if path == "/newOrder":
            order = {"name": payload["identifiers"][0]["value"], "token": secrets.token_urlsafe(24), "is": "pending"}
            self.orders.append(order)
            return 201, self.shown(len(self.orders) - 1), f"{self.url}/order/{len(self.orders) - 1}"
        kind, _, number = path[1:].partition("/")
        return self.go_on(kind, int(number), payload, print_)

    def go_on(self, kind: str, number: int, payload: dict[str, Any], print_: str) -> tuple[Any, ...]:
        order = self.orders[number]
        if kind == "challenge":
            self.check(order, print_)
            return 200, self.challenge(number)
        if kind == "authorization":
            told = {"pending": "pending", "invalid": "invalid"}.get(order["is"], "valid")
            identifier = {"type": "dns", "value": order["name"]}
            return 200, {"status": told, "identifier": identifier, "challenges": [self.challenge(number)]}
        if kind == "finalize" and order["is"] == "ready":
            order["certificate"] = self.sign(order["name"], unpack(payload["csr"]))
            order["is"] = "valid"
        if kind == "certificate":
            return 200, order["certificate"], "", "application/pem-certificate-chain"
        return 200, self.shown(number)

    def check(self, order: dict[str, Any], print_: str) -> None:
        """What RFC 8555 section 8.3 asks of a server."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            asked.request("GET", f"/.well-known/acme-challenge/{order['token']}", headers={"Host": order["name"]})
            answer = asked.getresponse()
            said = answer.read().decode()
            order["is"] = "ready" if (answer.status, said) == (200, f"{order['token']}.{print_}") else "invalid"
        except OSError:
            order["is"] = "invalid"
        finally:
            asked.close()

    def challenge(self, number: int) -> dict[str, Any]:
        order = self.orders[number]
        told = {"type": "http-01", "url": f"{self.url}/challenge/{number}", "token": order["token"]}
        if order["is"] == "invalid":
            problem = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": "the wrong answer came back"}
            return {**told, "status": "invalid", "error": problem}
        return {**told, "status": "pending" if order["is"] == "pending" else "valid"}

    def shown(self, number: int) -> dict[str, Any]:
        order = self.orders[number]
        told = {
            "status": order["is"],
            "identifiers": [{"type": "dns", "value": order["name"]}],
            "authorizations": [f"{self.url}/authorization/{number}"],
            "finalize": f"{self.url}/finalize/{number}",
        }
        return {**told, "certificate": f"{self.url}/certificate/{number}"} if "certificate" in order else told

    def sign(self, name: str, csr: bytes) -> bytes:
        request = x509.load_der_x509_csr(csr)
        root = x509.load_pem_x509_certificate(self.root.certificate)
        signer = load_pem_private_key(self.root.key, None)
        now = datetime.now(UTC)
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if not request.is_signature_valid or names.get_values_for_type(x509.DNSName) != [name]:
            raise PermissionError("the request is for another name")
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(root.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=self.days))
            .add_extension(names, critical=True)
            .sign(signer, hashes.SHA256())  # type: ignore[arg-type]
        )
        self.issued += 1
        return made.public_bytes(serialization.Encoding.PEM) + self.root.certificate
