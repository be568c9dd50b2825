"""An issuer of OpenID Connect (Core 1.0, Discovery 1.0): what it says of itself, and what it says of people.

Knows HTTP by httpx and signed tokens by PyJWT, both loaded on use, and the hub's list of hosts that may be called
(`unisono.access.Outside`): a name is resolved here and the call goes to the address that was checked. Knows no route.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from unisono.access import Outside
from unisono.errors import CallerError

if TYPE_CHECKING:
    import httpx

__all__ = ["Endpoints", "Issuer", "Proof", "Vouched", "authorize_url", "check_issuer", "new_proof"]

#: A person waits for each of the three answers.
ANSWER_S = 10.0
#: Of an answer, so much is read: key sets of large issuers have some ten kilobytes.
MAX_ANSWER = 256 * 1024
#: What an issuer says of itself is believed so long: strangers begin sign-ins, and each must not be a call.
KEPT_S = 600.0
#: An issuer that did not answer is left alone so long, for the same reason.
FAILED_S = 5.0
#: Clocks differ by some seconds (OpenID Connect Core 3.1.3.7 allows for it).
LEEWAY_S = 60.0
#: Signatures by a key pair only: with HMAC whoever knows the public key or the client's secret could sign, and "none"
#: is no signature (RFC 8725 section 3.1).
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
#: RFC 7636 section 4.1: 43 to 128 characters; 32 bytes give 43.
VERIFIER_BYTES = 32
MAX_SUBJECT = 255  # OpenID Connect Core section 2


class Endpoints(msgspec.Struct, frozen=True):
    """Of the document at ``/.well-known/openid-configuration``, what is needed here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Proof(msgspec.Struct, frozen=True):
    """What one sign-in is told by: ``nonce`` comes back in the token, ``verifier`` goes with the code (RFC 7636)."""

    nonce: str
    verifier: str


class Vouched(msgspec.Struct, frozen=True):
    """Whom an issuer vouches for: ``subject`` for ever, the rest as hints of what to call them."""

    subject: str
    user: str
    name: str


def new_proof() -> Proof:
    """Of one sign-in."""
    return Proof(secrets.token_urlsafe(VERIFIER_BYTES), secrets.token_urlsafe(VERIFIER_BYTES))


def authorize_url(found: Endpoints, client_id: str, redirect: str, state: str, proof: Proof) -> str:
    """Where the browser goes to be vouched for."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(proof.verifier.encode()).digest()).decode().rstrip("=")
    query = {
        "response_type": "code",
        "scope": "openid profile email",
        "client_id": client_id,
        "redirect_uri": redirect,
        "state": state,
        "nonce": proof.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    mark = "&" if "?" in found.authorization_endpoint else "?"
    return f"{found.authorization_endpoint}{mark}{urlencode(query)}"


def check_issuer(url: str) -> None:
    """Raise CallerError ``bad_value`` for what is no address of an issuer."""
    _require_safe(url, "issuer")
    if "?" in url or "#" in url:
        raise CallerError("An issuer's address has no query", code="bad_value", field="issuer")


class Issuer:
    """Calls issuers; keeps what they say of themselves for a while."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._kept: tuple[str, float, Endpoints | CallerError] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def endpoints(self, issuer: str, *, anew: bool = False) -> Endpoints:
        """Where an issuer does what. Raises CallerError ``bad_value`` where it says nothing usable."""
        async with self._one_at_a_time:
            kept = self._kept
            if not anew and kept is not None and kept[0] == issuer and kept[1] > time.monotonic():
                if isinstance(kept[2], CallerError):
                    raise kept[2]
                return kept[2]
            try:
                found = await self._discover(issuer)
            except CallerError as error:
                self._kept = (issuer, time.monotonic() + FAILED_S, error)
                raise
            self._kept = (issuer, time.monotonic() + KEPT_S, found)
            return found

    async def _discover(self, issuer: str) -> Endpoints:
        said = await self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            found = msgspec.convert(said, Endpoints)
        except msgspec.ValidationError as error:
            raise _unfit(f"What {issuer} says of itself is not whole: {error}") from error
        if found.issuer != issuer:  # Discovery section 4.3: exactly, or anybody could speak for it
            raise _unfit(f"It calls itself {found.issuer[:200]!r}", expected="that address, letter by letter")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _require_safe(getattr(found, name), name)
        return found

    async def vouched(self, issuer: str, client: tuple[str, str], code: str, redirect: str, proof: Proof) -> Vouched:
        """Whom ``code`` is for; ``client`` is the hub's id and secret there ("" for none).

        Raises CallerError ``bad_credentials``, or ``bad_value`` where the issuer does not answer as it should.
        """
        found = await self.endpoints(issuer)
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": proof.verifier,
        }
        headers = {}
        client_id, secret = client
        if secret and "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            # RFC 6749 section 2.3.1: each is encoded as in a form first
            pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            body |= {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        said = await self._ask("POST", found.token_endpoint, body, headers)
        token = said.get("id_token")
        if not isinstance(token, str):
            raise _refused("the issuer sent no token that says who it is")
        keys = await self._ask("GET", found.jwks_uri)
        return _read(token, keys, issuer, client_id, proof.nonce)

    async def _ask(
        self, method: str, url: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        import httpx

        try:
            async with asyncio.timeout(ANSWER_S):
                status, content = await self._call(method, url, form, headers or {})
        except (TimeoutError, OSError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unfit(f"{urlsplit(url).netloc} could not be asked: {error or type(error).__name__}") from error
        try:
            said = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            said = None
        if form is not None and 400 <= status < 500:
            why = said.get("error") if isinstance(said, dict) else None
            raise _refused(f"the issuer refused the code ({why or status})")
        if status != 200 or not isinstance(said, dict):
            raise _unfit(
                f"{url[:200]} answered {status}, and no JSON object"
                if status == 200
                else f"{url[:200]} answered {status}"
            )
        return said

    async def _call(
        self, method: str, url: str, form: dict[str, str] | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        import httpx

        # no proxy and no .netrc of the environment; whom to trust is the system's, so that one's own authority counts
        async with httpx.AsyncClient(trust_env=False, verify=ssl.create_default_context()) as client:
            request = client.build_request(method, url, data=form, headers={"Accept": "application/json", **headers})
            response = await self._send(client, request)
            try:
                content = b""
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > MAX_ANSWER:
                        raise _unfit(f"{url[:200]} answered with more than {MAX_ANSWER // 1024} KiB")
            finally:
                await response.aclose()
        return response.status_code, content

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        """Send it to the first address that takes a connection; redirects are not followed."""
        import httpx

        name = request.url
        # the header "Host" stays the name; TLS is told the name, the socket the address
        request.extensions["sni_hostname"] = name.host
        *others, last = await self._addresses(name)
        for address in others:
            request.url = name.copy_with(host=address)
            try:
                return await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # of a name with addresses of both kinds, often only one is reached
        request.url = name.copy_with(host=last)
        return await client.send(request, stream=True)

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """Where a host is that may be called. Raises CallerError ``bad_value``."""
        port = url.port or (443 if url.scheme == "https" else 80)
        if not self._outside.names(url.host, port):
            raise _unfit(
                f"{url.host}:{port} is not on the list of hosts that may be called",
                mend='Add it to "hosts" in outside.toml in the data directory and start the hub again',
            )
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        addresses = [str(address[0]) for *_, address in found]
        for address in addresses:
            if not self._outside.admits(url.host, address):
                raise _unfit(
                    f"{url.host} leads to {address}, which is inside",
                    mend='If that is meant, add it to "internal" in outside.toml and start the hub again',
                )
        return addresses


def _read(token: str, keys: dict[str, Any], issuer: str, client_id: str, nonce: str) -> Vouched:
    """What an ID token says, when it is for us and of now (OpenID Connect Core 3.1.3.7). Raises ``bad_credentials``."""
    import jwt

    try:
        claims = jwt.decode(
            token,
            _key(token, keys),
            algorithms=ALGORITHMS,
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY_S,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(str(error)[:200] or type(error).__name__) from error
    said = claims.get("nonce")
    if not isinstance(said, str) or not secrets.compare_digest(said.encode(), nonce.encode()):
        raise _refused("its nonce is another's")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise _refused("it was made for another client")
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise _refused("it names nobody")
    user = _text(claims, "preferred_username") or _text(claims, "email").partition("@")[0]
    name = _text(claims, "name")
    return Vouched(subject, user or name, name or user)


def _key(token: str, keys: dict[str, Any]) -> Any:
    """The public key that a token names, or the only one that fits. Raises PyJWT's and lookup errors."""
    import jwt

    header = jwt.get_unverified_header(token)
    algorithm = header["alg"]
    if algorithm not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError(f"signed with {algorithm!r}")
    fit = [key for key in keys["keys"] if key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm]
    if "kid" in header:
        fit = [key for key in fit if key.get("kid") == header["kid"]]
    if len(fit) != 1:
        raise jwt.InvalidKeyError("the issuer has no such key")
    return jwt.PyJWK(fit[0], algorithm=algorithm)


def _text(claims: dict[str, Any], name: str) -> str:
    found = claims.get(name)
    return found.strip()[:200] if isinstance(found, str) else ""


def _require_safe(url: str, field: str) -> None:
    """Core section 16.17: TLS, or this machine. Raises CallerError ``bad_value``."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host = ""
    here = host in ("localhost", "127.0.0.1", "::1")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        raise CallerError(
            f"{url[:200]!r} is no address of an issuer", code="bad_value", field=field, expected="https://HOST/..."
        )


def _unfit(why: str, *, expected: str | None = None, mend: str | None = None) -> CallerError:
    return CallerError(why, code="bad_value", field="issuer", expected=expected, mend=mend)


def _refused(why: str) -> CallerError:
    return CallerError(f"The other service's word was not accepted: {why}", code="bad_credentials", mend="Try again")
